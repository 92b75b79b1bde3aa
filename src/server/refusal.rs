//! Injected HTTP errors, and what they say of when to come back.

use crate::net::clock::Clock;
use crate::server::respond::{content, error, retry_after};
use crate::time::Micros;
use crate::world::fault::{Body, Effect, RetryAdvice};
use axum::body::Body as HttpBody;
use axum::http::{Response, StatusCode};

/// An injected HTTP error; `delay` is the wait that it asks for from `replied` on, as a client reads it.
pub(super) fn refusal(clock: &Clock, effect: &Effect, delay: Option<Micros>, replied: Micros) -> Response<HttpBody> {
    let (code, body, advice) = match effect {
        Effect::Status { code, body, retry, .. } => (*code, *body, *retry),
        Effect::RateLimit { retry, .. } => (429, Body::Envelope, *retry),
        _ => (500, Body::Envelope, RetryAdvice::Absent),
    };
    let mut response = match body {
        Body::Html => content("text/html", format!("<html><body><h1>{code} {}</h1></body></html>", reason(code))),
        Body::Empty => Response::new(HttpBody::empty()),
        Body::Envelope => error(code, reason(code)),
    };
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or_default();
    match (advice, delay) {
        (RetryAdvice::Garbage, _) => retry_after(response, "soon"),
        (RetryAdvice::Absent, _) | (_, None) => response,
        (RetryAdvice::HttpDate, Some(delay)) => {
            retry_after(response, &httpdate::fmt_http_date(clock.time_at(replied + delay)))
        }
        (_, Some(delay)) => retry_after(response, &(delay.get() / 1_000_000).to_string()),
    }
}

/// The wait that an injected error asks for by itself.
pub(super) fn advised(effect: &Effect) -> Option<Micros> {
    let (advice, honest) = match effect {
        Effect::Status { retry, retry_in, .. } => (*retry, *retry_in),
        Effect::RateLimit { bucket, retry } => (*retry, Micros::from_f64(1e6 / bucket.rate_per_s)),
        _ => return None,
    };
    let seconds = honest.get().div_ceil(1_000_000);
    match advice {
        RetryAdvice::Absent | RetryAdvice::Garbage => None,
        RetryAdvice::Seconds | RetryAdvice::HttpDate => Some(Micros::from_secs(seconds)),
        RetryAdvice::Zero => Some(Micros::ZERO),
        RetryAdvice::Huge => Some(Micros::from_secs(86_400)),
        RetryAdvice::TooShort => Some(Micros::from_secs(seconds / 2)),
    }
}

/// What the API says with an HTTP status.
pub(super) fn reason(code: u16) -> &'static str {
    match code {
        400 => "Bad request",
        401 => "Invalid or missing API key",
        402 => "Insufficient credits",
        403 => "Forbidden",
        404 => "Not found",
        408 => "Request timeout",
        429 => "Too many requests",
        500 => "Internal server error",
        502 => "Bad gateway",
        503 => "Service unavailable",
        504 => "Gateway timeout",
        _ => "Error",
    }
}
