//! A request from the moment it reached the server to its end, whatever that is.

use crate::server::journal::{JournalEntry, Unanswered};
use crate::server::run::{Line, Run};
use crate::time::Micros;
use axum::http::{Method, Uri};
use std::sync::Arc;
use std::time::Duration;

/// A request that is being served. Dropped before its end, its client has gone.
#[derive(Debug)]
pub(super) struct Visit {
    run: Arc<Run>,
    line: Line,
    route: &'static str,
    began: Micros,
    has_ended: bool,
}

impl Visit {
    /// Writes it into the journal.
    pub(super) fn begin(run: &Arc<Run>, route: &'static str, method: &Method, uri: &Uri) -> Self {
        let began = run.clock().now();
        let line = run.note(|| {
            let path = uri.path_and_query().map_or_else(|| uri.path(), |path| path.as_str());
            JournalEntry::new(began, route, method.as_str(), path)
        });
        run.enter();
        Self { run: Arc::clone(run), line, route, began, has_ended: false }
    }

    pub(super) fn line(&self) -> Line {
        self.line
    }

    /// It is answered with an HTTP status, or there is a reason why not.
    pub(super) fn end(mut self, status: Option<u16>, unanswered: Option<Unanswered>) {
        self.note_end(status, unanswered);
    }

    /// It is never answered: from now on it hangs, until what is returned is dropped.
    pub(super) fn stall(mut self) -> Stalled {
        self.note_end(None, Some(Unanswered::Stalled));
        self.run.amend(self.line, |entry| entry.ended_ms = None);
        Stalled { run: Arc::clone(&self.run), line: self.line }
    }

    fn note_end(&mut self, status: Option<u16>, unanswered: Option<Unanswered>) {
        self.has_ended = true;
        self.run.leave();
        let now = self.run.clock().now();
        let took = self.run.clock().real(now - self.began).unwrap_or(Duration::MAX);
        self.run.state().counters.count(self.route, status, took);
        self.run.amend(self.line, |entry| {
            (entry.status, entry.unanswered, entry.ended_ms) = (status, unanswered, Some(now.as_millis()));
        });
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.has_ended {
            self.note_end(None, Some(Unanswered::ClientGone));
        }
    }
}

/// A request that hangs. Dropped when its client leaves, or the server stops.
#[derive(Debug)]
pub(super) struct Stalled {
    run: Arc<Run>,
    line: Line,
}

impl Drop for Stalled {
    fn drop(&mut self) {
        let now = self.run.clock().now().as_millis();
        self.run.amend(self.line, |entry| entry.ended_ms = Some(now));
    }
}
