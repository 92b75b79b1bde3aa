//! Who may use the control plane, and which pages of a browser may use the API.

use crate::net::stream::Transport;
use crate::server::credential::{bearer, same};
use crate::server::respond::{error, unauthorized};
use crate::server::settings::{AdminAccess, Settings};
use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HOST, ORIGIN,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use std::net::IpAddr;

/// Header for the token beside `Authorization`.
const TOKEN_HEADER: &str = "x-admin-token";

/// Longest `Host` header: the longest name, and a port.
const LONGEST_HOST: usize = 261;

/// Whether a host is this machine by its name alone: what DNS says can be made up by others.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether the `Host` header, if there is one, is a host.
pub(super) fn has_sound_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => true,
        (Some(host), None) => host.len() <= LONGEST_HOST && Authority::try_from(host.as_bytes()).is_ok(),
        (Some(_), Some(_)) => false,
    }
}

/// Why a request is not this machine's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// It was sent to another host than this one, which is here by DNS rebinding.
    Host,
    /// A page from elsewhere sent it.
    Page,
}

/// Whether a request is foreign: a page from elsewhere may reach a server on its reader's machine, by a name of its own too.
pub(crate) fn foreign(headers: &HeaderMap) -> Option<Foreign> {
    let host = headers.get(HOST).map(|host| Authority::try_from(host.as_bytes()));
    if host.is_some_and(|host| host.map_or(true, |host| !is_loopback(host.host()))) {
        return Some(Foreign::Host);
    }
    let is_foreign = |origin: &HeaderValue| match Uri::try_from(origin.as_bytes()) {
        Ok(origin) => !origin.host().is_some_and(is_loopback),
        Err(_) => true,
    };
    headers.get_all(ORIGIN).iter().any(is_foreign).then_some(Foreign::Page)
}

/// The answer to those who may not use the control plane.
pub(super) fn refused(settings: &Settings, headers: &HeaderMap) -> Option<Response<Body>> {
    match &settings.admin {
        AdminAccess::Off => Some(error(403, "The control plane is off: start the server with an admin token")),
        AdminAccess::Token(token) => {
            let sent = headers.get(TOKEN_HEADER).map(HeaderValue::as_bytes);
            let sent = sent.or_else(|| bearer(headers.get(AUTHORIZATION)?.as_bytes()));
            if sent.is_some_and(|sent| same(sent, token.as_bytes())) { None } else { Some(unauthorized("admin token")) }
        }
        AdminAccess::Open if matches!(settings.network, Transport::Memory(_)) => None,
        AdminAccess::Open => foreign(headers).map(|foreign| match foreign {
            Foreign::Host => error(403, "Without an admin token the control plane is for the host localhost only"),
            Foreign::Page => error(403, "Without an admin token the control plane is for pages of localhost only"),
        }),
    }
}

/// Whether the control plane is there for who has the token.
pub(super) fn asks_for_token(settings: &Settings) -> bool {
    matches!(settings.admin, AdminAccess::Token(_))
}

/// The answer to a browser that asks whether a page may send a request with this method; `None` where none asks.
pub(super) fn preflight(method: &Method, headers: &HeaderMap, allowed: &'static str) -> Option<Response<Body>> {
    if *method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allowed));
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(wanted) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if headers.contains_key("access-control-request-private-network") {
        answer.insert("access-control-allow-private-network", HeaderValue::from_static("true"));
    }
    Some(response)
}

/// Lets pages of any origin read an answer of the API.
pub(super) fn open_to_pages(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
}
