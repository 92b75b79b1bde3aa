//! The journal as the control plane shows it: filtered, in pieces, so that requests never wait for its reader.

use crate::server::PushContent;
use crate::server::journal::JournalEntry;
use crate::server::route::pairs;
use crate::server::run::Run;
use crate::world::fault::Kind;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Entries that are looked at in one go, while requests cannot write theirs.
const PIECE: usize = 512;

/// Routes of entries: those of requests, of connections that were refused, and of deliveries.
const ROUTES: [&str; 11] = [
    "submit",
    "status",
    "batch-submit",
    "batch-status",
    "balance",
    "result",
    "schema",
    "admin",
    "other",
    "connection",
    "webhook",
];

/// Which entries are wanted.
#[derive(Debug, Default)]
pub(super) struct Filter {
    task: Option<String>,
    route: Option<String>,
    /// A kind; `*` stands for any.
    fault: Option<String>,
    from_ms: Option<f64>,
    /// Itself no more.
    to_ms: Option<f64>,
}

impl Filter {
    /// Reads a query; what is wrong with it is for people.
    pub(super) fn read(query: Option<&str>) -> Result<Self, String> {
        let mut filter = Self::default();
        for (name, value) in pairs(query) {
            let value = value.ok_or_else(|| format!("the value of {name} is not UTF-8"))?;
            let instant = |text: &str| match text.parse::<f64>() {
                Ok(ms) if ms.is_finite() => Ok(Some(ms)),
                Ok(_) | Err(_) => Err(format!("{name} must be a number of milliseconds, not `{text}`")),
            };
            match name {
                "task" => filter.task = Some(value),
                "route" => filter.route = Some(known(name, value, &ROUTES)?),
                "fault" if value == "*" => filter.fault = Some(value),
                "fault" => {
                    // Of a delivery also what it was in place of the truth.
                    let contents = PushContent::ALL.iter().map(|content| content.name());
                    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).chain(contents).collect();
                    filter.fault = Some(known(name, value, &kinds)?);
                }
                "from_ms" => filter.from_ms = instant(&value)?,
                "to_ms" => filter.to_ms = instant(&value)?,
                _ => {
                    return Err(format!("the journal filters by task, route, fault, from_ms and to_ms, not by {name}"));
                }
            }
        }
        Ok(filter)
    }

    fn takes(&self, entry: &JournalEntry) -> bool {
        self.task.as_ref().is_none_or(|task| entry.task.as_ref() == Some(task))
            && self.route.as_ref().is_none_or(|route| entry.route == route)
            && self.fault.as_ref().is_none_or(|fault| entry.fault.is_some_and(|kind| fault == "*" || kind == fault))
            && self.from_ms.is_none_or(|from| entry.at_ms >= from)
            && self.to_ms.is_none_or(|to| entry.at_ms < to)
    }
}

/// The value of a filter, if it is one of those that entries have.
fn known(name: &str, value: String, all: &[&str]) -> Result<String, String> {
    if all.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(format!("no {name} is called `{value}`; there are: {}", all.join(", ")))
}

/// The entries up to now that a filter takes: `{"entries": [...], "dropped": 0}`.
pub(super) fn transcript(run: &Arc<Run>, filter: Filter) -> Body {
    let end = run.journal().next();
    let mut transcript = Transcript { run: Arc::clone(run), filter, next: 0, end, begun: false, has_ended: false };
    match transcript.piece() {
        // All there is: its length can be told.
        Some(text) if transcript.has_ended => Body::from(text),
        first => Body::new(Whole { first, rest: transcript }),
    }
}

/// A transcript whose first piece is there.
struct Whole {
    first: Option<String>,
    rest: Transcript,
}

struct Transcript {
    run: Arc<Run>,
    filter: Filter,
    /// Number of the next entry to look at.
    next: u64,
    end: u64,
    /// An entry stands before the next one.
    begun: bool,
    has_ended: bool,
}

impl Transcript {
    /// The next piece of the text; `None` after the last.
    fn piece(&mut self) -> Option<String> {
        if self.has_ended {
            return None;
        }
        let mut text = if self.next == 0 { r#"{"entries":["#.to_owned() } else { String::new() };
        let (wanted, dropped): (Vec<JournalEntry>, u64) = {
            let journal = self.run.journal();
            let from = self.next.max(journal.kept_from());
            self.next = self.end.min(from.saturating_add(PIECE as u64));
            let looked = journal.entries_from(from).take_while(|entry| entry.index < self.next);
            (looked.filter(|entry| self.filter.takes(entry)).cloned().collect(), journal.dropped())
        };
        for entry in &wanted {
            if std::mem::replace(&mut self.begun, true) {
                text.push(',');
            }
            // An entry is plain data: it can always be written.
            text.push_str(&serde_json::to_string(entry).unwrap_or_default());
        }
        if self.next >= self.end {
            self.has_ended = true;
            text.push_str(&format!(r#"],"dropped":{dropped}}}"#));
        }
        Some(text)
    }
}

impl HttpBody for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { first, rest } = self.get_mut();
        let text = first.take().or_else(|| rest.piece());
        Poll::Ready(text.map(|text| Ok(Frame::data(Bytes::from(text)))))
    }
}
