//! The live page, and the events behind it.
//!
//! Nothing is written for a watcher while requests are served. A few times a second its stream reads what there is:
//! counts, and the latest entries of the journal. What came in between and is more than a page can show is left out, and
//! how much that was is said. A watcher that reads slowly is told less often.

use crate::server::connection::Breaker;
use crate::server::instance::Server;
use crate::server::journal::{JournalEntry, Unanswered};
use crate::server::respond::{content, error};
use crate::server::run::Run;
use crate::server::tally;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
use axum::http::{HeaderValue, Response};
use hyper::body::Frame;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

/// Real time between two events.
const PAUSE: Duration = Duration::from_millis(500);
/// Most requests that one event tells of.
const MOST: usize = 40;
/// Requests still open that a later event tells the end of.
const MOST_OPEN: usize = 40;

/// What a browser may do with the page: run what is in it, and ask this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page. It has no data of its own.
pub(super) fn page() -> Response<Body> {
    let mut response = content("text/html; charset=utf-8", include_str!("live.html"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// A stream of server-sent events until the server stops or is reset.
pub(super) fn events(server: &Server, run: &Arc<Run>, breaker: Option<Breaker>) -> Response<Body> {
    let Some(place) = server.watcher() else { return error(503, "Too many pages watch already") };
    let over = Arc::clone(run);
    let end = async move {
        match breaker {
            Some(breaker) => tokio::select! {
                () = over.over() => {}
                () = breaker.stopped() => {}
            },
            None => over.over().await,
        }
    };
    let next = run.journal().next();
    let stream = Events {
        server: server.clone(),
        run: Arc::clone(run),
        end: Box::pin(end),
        pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
        next: next.saturating_sub(MOST as u64),
        open: Vec::new(),
        _place: place,
    };
    let mut response = content("text/event-stream", Body::new(stream));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

struct Events {
    server: Server,
    run: Arc<Run>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
    pause: Pin<Box<Sleep>>,
    /// Number of the next entry of the journal that was not told of.
    next: u64,
    /// Entries that were told of before they ended.
    open: Vec<u64>,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        std::task::ready!(self.pause.as_mut().poll(cx));
        self.pause = Box::pin(tokio::time::sleep(PAUSE));
        let event = format!("event: tick\ndata: {}\n\n", self.tick());
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(event)))))
    }
}

impl Events {
    /// What there is at this moment.
    fn tick(&mut self) -> Value {
        let (recent, skipped) = self.recent();
        let run = &self.run;
        let counted =
            |(of, took): (&(&str, Option<u16>), &crate::server::counters::Took)| json!([of.0, of.1, took.count]);
        let requests: Vec<Value> = run.state().counters.requests.iter().map(counted).collect();
        let tasks: Vec<Value> = tally::tasks(run).into_iter().map(|(model, states)| json!([model, states])).collect();
        json!({
            "now_ms": run.clock().now().as_millis(),
            "time_scale": run.clock().pace().scale(),
            "open": run.open(),
            "connections": self.server.connections(),
            "requests": requests,
            "tasks": tasks,
            "faults": tally::faults(run),
            "recent": recent,
            "skipped": skipped,
        })
    }

    /// The latest entries of the journal, those that have ended since they were told of, and how many are left out.
    fn recent(&mut self) -> (Vec<JournalEntry>, u64) {
        let journal = self.run.journal();
        let is_open = |entry: &JournalEntry| entry.unanswered == Some(Unanswered::Open);
        let mut told: Vec<JournalEntry> = Vec::new();
        self.open.retain(|index| match journal.entries_from(*index).next() {
            Some(entry) if entry.index == *index && is_open(entry) => true,
            Some(entry) if entry.index == *index => {
                told.push(entry.clone());
                false
            }
            Some(_) | None => false,
        });
        let from = self.next.max(journal.next().saturating_sub(MOST as u64));
        let skipped = from - self.next;
        for entry in journal.entries_from(from) {
            if is_open(entry) && self.open.len() < MOST_OPEN {
                self.open.push(entry.index);
            }
            told.push(entry.clone());
        }
        self.next = journal.next();
        (told, skipped)
    }
}
