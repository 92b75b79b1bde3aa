//! True answers on bad ways: cut off, piece by piece, with a wrong length, padded.

use crate::net::clock::Clock;
use crate::server::connection::{Breakage, Breaker};
use crate::server::respond::json;
use crate::server::visit::Stalled;
use crate::time::Micros;
use crate::world::fault::{ReplyEnd, Transfer};
use axum::body::{Body, HttpBody};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use hyper::body::Frame;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What pads an answer.
static PADDING: [u8; 1 << 16] = [b' '; 1 << 16];

/// The true answer `text`, which begins now, on its way.
pub(super) fn pass(
    transfer: Transfer,
    text: String,
    clock: Clock,
    breaker: Option<Breaker>,
    stalled: Option<Stalled>,
) -> Response<Body> {
    let bytes = Bytes::from(text);
    match transfer {
        Transfer::Half(end) => {
            let half = bytes.len() / 2;
            let parts = VecDeque::from([(Micros::ZERO, bytes.slice(..half))]);
            let end = Some((end, bytes.slice(half..)));
            whole(bytes.len(), Parts { end, _stalled: stalled, ..Parts::new(parts, clock, breaker) })
        }
        Transfer::Slow { takes, pieces } => {
            let (began, pieces) = (clock.now(), u64::from(pieces));
            let edge = |piece: u64| (bytes.len() as u64 * piece / pieces) as usize;
            let due = |piece: u64| {
                began
                    + Micros::new(
                        takes.get() / (pieces - 1) * piece + takes.get() % (pieces - 1) * piece / (pieces - 1),
                    )
            };
            let parts = (0..pieces).map(|piece| (due(piece), bytes.slice(edge(piece)..edge(piece + 1))));
            whole(bytes.len(), Parts::new(parts.filter(|(_, part)| !part.is_empty()).collect(), clock, breaker))
        }
        Transfer::Last => {
            if let Some(breaker) = breaker {
                breaker.hang_up(Bytes::new());
            }
            json(200, bytes)
        }
        Transfer::Understated => {
            let half = bytes.len() / 2;
            if let Some(breaker) = breaker {
                breaker.hang_up(bytes.slice(half..));
            }
            json(200, bytes.slice(..half))
        }
        Transfer::Padded(length) => {
            let (open, close) = (r#","padding":""#, r#""}"#);
            let head = bytes.slice(..bytes.len() - 1);
            let mut room = (length as usize).saturating_sub(head.len() + open.len() + close.len());
            let mut parts = VecDeque::from([head, Bytes::from_static(open.as_bytes())]);
            while room > 0 {
                let part = room.min(PADDING.len());
                parts.push_back(Bytes::from_static(&PADDING[..part]));
                room -= part;
            }
            parts.push_back(Bytes::from_static(close.as_bytes()));
            let length = parts.iter().map(Bytes::len).sum();
            whole(length, Parts::new(parts.into_iter().map(|part| (Micros::ZERO, part)).collect(), clock, breaker))
        }
    }
}

/// An answer of this length.
fn whole(length: usize, parts: Parts) -> Response<Body> {
    let mut response = json(200, Body::new(parts));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// A body in parts.
struct Parts {
    /// With the instants at which they are sent.
    parts: VecDeque<(Micros, Bytes)>,
    /// How the connection ends after them, and the rest that is never sent.
    end: Option<(ReplyEnd, Bytes)>,
    clock: Clock,
    breaker: Option<Breaker>,
    /// Where it never ends, it hangs until this is dropped.
    _stalled: Option<Stalled>,
    /// What is waited for.
    sleep: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// All parts have had the time to be written.
    is_flushed: bool,
}

impl Parts {
    fn new(parts: VecDeque<(Micros, Bytes)>, clock: Clock, breaker: Option<Breaker>) -> Self {
        Self { parts, end: None, clock, breaker, _stalled: None, sleep: None, is_flushed: false }
    }
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        let frame = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        if let Some((at, _)) = this.parts.front() {
            if *at > this.clock.now() || this.sleep.is_some() {
                let (clock, at) = (this.clock.clone(), *at);
                let sleep = this.sleep.get_or_insert_with(|| Box::pin(async move { clock.sleep_until(at).await }));
                ready!(sleep.as_mut().poll(cx));
                this.sleep = None;
            }
            return this.parts.pop_front().map_or(Poll::Ready(None), |(_, bytes)| frame(bytes));
        }
        let Some((end, _)) = &this.end else { return Poll::Ready(None) };
        if !this.is_flushed {
            // What waits to be written is, before we are asked again.
            this.is_flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let breakage = match end {
            ReplyEnd::Closed => Breakage::Closed,
            ReplyEnd::Reset => Breakage::Reset,
            ReplyEnd::Silence => {
                let breaker = this.breaker.clone();
                let sleep = this.sleep.get_or_insert_with(|| {
                    Box::pin(async move {
                        match breaker {
                            Some(breaker) => breaker.stopped().await,
                            None => pending().await,
                        }
                    })
                });
                ready!(sleep.as_mut().poll(cx));
                Breakage::Reset
            }
        };
        if let Some(breaker) = &this.breaker {
            breaker.trip(breakage);
        }
        // Never written: the attempt breaks the connection.
        this.end.take().map_or(Poll::Ready(None), |(_, rest)| frame(rest))
    }
}
