//! Answers in the API's envelope.

use crate::server::connection::Breakage;
use crate::world::fault::Transfer;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode, Uri};
use serde_json::{Value, json};

/// What a handler wants done.
#[derive(Debug)]
pub(super) enum Reply {
    /// An HTTP answer.
    Http(Response<Body>),
    /// The connection breaks.
    Break(Breakage),
    /// Nothing ever comes.
    Stall,
    /// This true answer, on a bad way.
    Passed(Transfer, String),
}

/// A JSON answer.
pub(super) fn json(status: u16, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Success with `data`, which is JSON.
pub(super) fn success(data: &str) -> Response<Body> {
    json(200, told(data))
}

/// The envelope of a success with `data`, which is JSON.
pub(super) fn told(data: &str) -> String {
    format!(r#"{{"code":200,"message":"success","data":{data}}}"#)
}

/// The same, but an answer that sends the client elsewhere sends it to `here` again.
pub(super) fn redirected(reply: Reply, here: &Uri) -> Reply {
    match reply {
        Reply::Http(mut response) if response.status().is_redirection() => {
            let path = here.path_and_query().map_or("/", |path| path.as_str());
            if let Ok(path) = HeaderValue::from_str(path) {
                response.headers_mut().insert(LOCATION, path);
            }
            Reply::Http(response)
        }
        reply @ (Reply::Http(_) | Reply::Break(_) | Reply::Stall | Reply::Passed(..)) => reply,
    }
}

/// An error with `data: null`.
pub(super) fn error(status: u16, message: &str) -> Response<Body> {
    json(status, json!({ "code": status, "message": message, "data": null }).to_string())
}

/// A bad request: what is wrong stands in `data.error`.
pub(super) fn bad_request(detail: &str) -> Response<Body> {
    let body = json!({ "code": 400, "message": "Bad request", "data": { "error": detail } });
    json(400, body.to_string())
}

/// No key or token, or a wrong one: the documented body has no `data`.
pub(super) fn unauthorized(what: &str) -> Response<Body> {
    json(401, json!({ "code": 401, "message": format!("Invalid or missing {what}") }).to_string())
}

/// A method that a route does not have.
pub(super) fn method_not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = error(405, "Method not allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// Any content.
pub(super) fn content(content_type: &'static str, bytes: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A value as the control plane gives it.
pub(super) fn value(status: u16, value: &Value) -> Response<Body> {
    json(status, value.to_string())
}

/// Adds a `Retry-After`.
pub(super) fn retry_after(mut response: Response<Body>, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}
