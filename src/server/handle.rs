//! The one way in: limits, keys, routes, journal.

use crate::server::connection::Breaker;
use crate::server::credential::{bearer, same};
use crate::server::instance::Server;
use crate::server::journal::Entry;
use crate::server::request::{Request, Served};
use crate::server::respond::{Reply, bad_request, content, error, method_not_allowed, success, unauthorized};
use crate::server::route::Target;
use crate::server::{admin, results, schemas, status, submit};
use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Response, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::future::pending;
use std::io;

/// Answers a request, breaks its connection, or lets it hang.
pub(super) async fn handle(server: &Server, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let target = Target::of(parts.uri.path());
    let breaker = parts.extensions.get::<Breaker>().cloned();
    let began = server.clock().now();
    let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
    let served = match refused(server, &target, &method, &headers) {
        Some(refusal) => Served::plain(Reply::Http(refusal)),
        None => match read(server, body).await {
            Read::Refused(refusal) => Served::plain(Reply::Http(refusal)),
            Read::Whole(body) => {
                let (method, uri) = (method.clone(), uri.clone());
                dispatch(server, &target, &Request { method, uri, headers, body }).await
            }
        },
    };
    finish(server, &target, &method, &uri, began, served, breaker).await
}

/// The answer to a request that may not go on: for its method, or its key.
fn refused(server: &Server, target: &Target, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
    match target {
        Target::Unknown => Some(error(404, "Not found")),
        // The control plane has rules of its own.
        Target::Admin { .. } => None,
        Target::Result { .. } | Target::Schema { .. } => {
            (!matches!(*method, Method::GET | Method::HEAD)).then(|| method_not_allowed(target.allow()))
        }
        Target::Submit { .. } | Target::Status { .. } | Target::Balance if method.as_str() != target.allow() => {
            Some(method_not_allowed(target.allow()))
        }
        Target::Submit { .. } | Target::Status { .. } | Target::Balance => {
            (!is_authorized(&server.settings().keys, headers)).then(unauthorized)
        }
    }
}

/// Whether exactly one `Authorization: Bearer` is there, with a key that is known.
fn is_authorized(keys: &[String], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    bearer(value.as_bytes()).is_some_and(|key| keys.is_empty() || keys.iter().any(|known| same(known.as_bytes(), key)))
}

/// A body that was read.
enum Read {
    Whole(Bytes),
    /// Too long, too slow, or broken.
    Refused(Response<Body>),
}

/// Reads a body, as long and as slowly as it may be.
async fn read(server: &Server, body: Body) -> Read {
    if body.is_end_stream() {
        return Read::Whole(Bytes::new());
    }
    let collected = async {
        match Limited::new(body, server.settings().most_body).collect().await {
            Ok(body) => Read::Whole(body.to_bytes()),
            Err(cause) if cause.is::<LengthLimitError>() => Read::Refused(error(413, "The body is too long")),
            Err(_) => Read::Refused(bad_request("The body cannot be read")),
        }
    };
    if server.clock().is_paused() {
        return collected.await;
    }
    let too_slow = |_| Read::Refused(error(408, "The body took too long"));
    tokio::time::timeout(server.settings().patience, collected).await.unwrap_or_else(too_slow)
}

async fn dispatch(server: &Server, target: &Target, request: &Request) -> Served {
    let plain = |response| Served::plain(Reply::Http(response));
    match target {
        Target::Submit { model } => submit::submit(server, request, model).await,
        Target::Status { model } => status::status(server, request, model).await,
        Target::Balance => {
            let settings = server.settings();
            let spent = settings.price_usd * server.state().tasks.len() as f64;
            plain(success(&format!("{}", (settings.balance_usd - spent).max(0.0))))
        }
        Target::Result { task, file } => plain(results::result(server, task, file)),
        Target::Schema { file } => plain(schemas::schema(server, file)),
        Target::Admin { rest } => plain(admin::admin(server, request, rest)),
        Target::Unknown => plain(error(404, "Not found")),
    }
}

/// Notes what came of a request, and does it.
async fn finish(
    server: &Server,
    target: &Target,
    method: &Method,
    uri: &Uri,
    began: crate::time::Micros,
    served: Served,
    breaker: Option<Breaker>,
) -> Response<Body> {
    let status = match &served.reply {
        Reply::Http(response) => Some(response.status().as_u16()),
        Reply::Break(_) | Reply::Stall => None,
    };
    // The control plane does not watch itself.
    if !matches!(target, Target::Admin { .. }) {
        server.state().counters.count(target.name(), status);
        if server.settings().journal > 0 {
            let path = uri.path_and_query().map_or_else(|| uri.path(), |path| path.as_str());
            let entry = Entry::new(began, target.name(), method.as_str(), path);
            server.note(Entry { task: served.task, status, fault: served.fault, ..entry });
        }
    }
    match served.reply {
        Reply::Http(response) => response,
        Reply::Stall => pending().await,
        Reply::Break(kind) => match breaker {
            Some(breaker) => {
                breaker.trip(kind);
                // Never sent: the connection breaks on the attempt to write it.
                content("text/plain", Body::empty())
            }
            None => error(500, &format!("Here the connection breaks: {}", io::Error::from(kind))),
        },
    }
}
