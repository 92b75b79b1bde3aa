//! Faults on the wire: what the world says happens to a request, done.

use crate::server::connection::Breakage;
use crate::server::respond::{self, Reply, content, retry_after, success};
use crate::world::fault::{Content, Effect, InjectedAnswer, ReplyEnd, RetryAfter, TrueAnswer};
use axum::body::Body;
use axum::http::{Response, StatusCode};
use std::time::{Duration, UNIX_EPOCH};

/// What is done to a request that a fault struck; `told` is what it would have got.
pub(super) fn struck(effect: &Effect, told: TrueAnswer<'_>) -> Reply {
    match effect {
        Effect::Refused => Reply::Break(Breakage::Refused),
        Effect::Cut(ReplyEnd::Reset) => Reply::Break(Breakage::Reset),
        Effect::Cut(ReplyEnd::Closed) => Reply::Break(Breakage::Closed),
        Effect::Cut(ReplyEnd::Silence) => Reply::Stall,
        Effect::Transfer(transfer) => Reply::Passed(*transfer, respond::told(told.data)),
        Effect::Answer(answer) => Reply::Http(injected(answer, told)),
        Effect::Late(_) | Effect::Truth => Reply::Http(success(told.data)),
    }
}

fn injected(answer: &InjectedAnswer, told: TrueAnswer<'_>) -> Response<Body> {
    let Content { media_type, text } = answer.body.write(answer.status, told);
    let mut response = match media_type {
        Some(media_type) => content(media_type, text),
        None => Response::new(Body::from(text)),
    };
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    match answer.retry_after {
        None => response,
        Some(RetryAfter::Seconds(seconds)) => retry_after(response, &seconds.to_string()),
        Some(RetryAfter::Date(unix)) => {
            retry_after(response, &httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix)))
        }
        Some(RetryAfter::Text(text)) => retry_after(response, text.as_str()),
    }
}
