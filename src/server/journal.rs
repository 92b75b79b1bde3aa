//! What was asked, what struck it and what was answered, from the moment it reached the server; bounded.

use crate::time::Micros;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::VecDeque;

/// Longest path and URL that are kept, in bytes.
const LONGEST_TEXT: usize = 1_024;
/// Longest method that is kept, in bytes.
const LONGEST_METHOD: usize = 32;
/// Bytes that all entries take, about.
const MOST_BYTES: usize = 64 << 20;

/// One request, or one webhook delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalEntry {
    /// Its number since the start or the last reset.
    pub index: u64,
    /// When it came or, of a delivery, was sent: milliseconds of scenario time since the start or the last reset.
    pub at_ms: f64,
    /// `submit`, `status`, `balance`, `result`, `schema`, `webhook` or `other`; `connection` where no request could be
    /// read.
    pub route: &'static str,
    /// HTTP method.
    pub method: Cow<'static, str>,
    /// Path and query, as they were sent; the first 1,024 bytes of them.
    pub path: String,
    /// The task, where the request named one that exists or made one.
    pub task: Option<String>,
    /// HTTP status; `None` where there was no HTTP answer, or none yet.
    pub status: Option<u16>,
    /// Why there is no HTTP status; `None` where there is one.
    pub unanswered: Option<Unanswered>,
    /// When it was answered, broken, or left by its client, on the scale of `at_ms`; `None` while it is open.
    pub ended_ms: Option<f64>,
    /// Kind of the fault that struck.
    pub fault: Option<&'static str>,
    /// Of a delivery: which attempt, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Of a delivery: where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Why a request has no HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Unanswered {
    /// It is still being served.
    Open,
    /// A fault lets it wait forever.
    Stalled,
    /// A fault reset its connection.
    Reset,
    /// A fault refused its connection.
    Refused,
    /// A fault closed its connection.
    Closed,
    /// Its client went away first.
    ClientGone,
    /// Of a delivery: the receiver could not be reached, or sent no HTTP answer.
    Unreachable,
    /// Of a delivery: the receiver took longer than 30 seconds.
    TimedOut,
}

impl JournalEntry {
    pub(super) fn new(at: Micros, route: &'static str, method: &str, path: &str) -> Self {
        Self {
            index: 0,
            at_ms: at.as_millis(),
            route,
            method: known(method).map_or_else(|| Cow::Owned(start(method, LONGEST_METHOD)), Cow::Borrowed),
            path: kept(path),
            task: None,
            status: None,
            unanswered: Some(Unanswered::Open),
            ended_ms: None,
            fault: None,
            attempt: None,
            url: None,
        }
    }
}

impl JournalEntry {
    /// An entry with this answer.
    pub(super) fn answered(self, status: u16) -> Self {
        Self { status: Some(status), unanswered: None, ended_ms: Some(self.at_ms), ..self }
    }

    /// About as many bytes as it takes; what is written into it later is short.
    fn weight(&self) -> usize {
        size_of::<Self>() + self.path.len() + self.url.as_ref().map_or(0, String::len)
    }
}

/// A method that needs no text of its own.
fn known(method: &str) -> Option<&'static str> {
    ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"].into_iter().find(|known| *known == method)
}

/// As much of a path or a URL as is kept.
pub(super) fn kept(text: &str) -> String {
    start(text, LONGEST_TEXT)
}

/// The start of a text: nobody fills the memory with long ones.
fn start(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Entries in order, the oldest dropped where there are too many or too long ones.
#[derive(Debug)]
pub(super) struct Journal {
    entries: VecDeque<JournalEntry>,
    most: usize,
    /// What the entries weigh.
    bytes: usize,
    /// Number of the next entry.
    next: u64,
    /// Number of the first entry since the last clearing.
    first: u64,
}

impl Journal {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), most, bytes: 0, next: 0, first: 0 }
    }

    /// Adds an entry: its number.
    pub(super) fn push(&mut self, mut entry: JournalEntry) -> u64 {
        let index = self.next;
        entry.index = index;
        self.next += 1;
        self.bytes += entry.weight();
        self.entries.push_back(entry);
        while self.entries.len() > self.most || self.bytes > MOST_BYTES {
            self.bytes -= self.entries.pop_front().map_or(self.bytes, |entry| entry.weight());
        }
        index
    }

    /// The entry with this number, if it is still there.
    pub(super) fn entry_mut(&mut self, index: u64) -> Option<&mut JournalEntry> {
        let at = usize::try_from(index.checked_sub(self.kept_from())?).ok()?;
        self.entries.get_mut(at)
    }

    /// Forgets all entries; their numbers do not come again.
    pub(super) fn clear(&mut self) {
        *self = Self { next: self.next, first: self.next, ..Self::new(self.most) };
    }

    /// Number of the first entry that is kept.
    pub(super) fn kept_from(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    /// Number of the next entry.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Entries since the last clearing that are not kept.
    pub(super) fn dropped(&self) -> u64 {
        self.kept_from() - self.first
    }

    /// The entries that are kept.
    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = &JournalEntry> {
        self.entries.iter()
    }

    /// Those with this number and above.
    pub(super) fn entries_from(&self, index: u64) -> impl Iterator<Item = &JournalEntry> {
        let skipped = index.saturating_sub(self.kept_from()).min(self.entries.len() as u64) as usize;
        self.entries.range(skipped..)
    }
}
