//! What was asked, what struck it and what was answered; bounded.

use crate::time::Micros;
use serde::Serialize;
use std::collections::VecDeque;

/// Longest method and path that are kept, in bytes.
const LONGEST_TEXT: usize = 1_024;

/// One request, or one webhook delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Its number since the start or the last clearing.
    pub index: u64,
    /// Milliseconds of scenario time since the server's start.
    pub at_ms: f64,
    /// `submit`, `status`, `balance`, `result`, `schema`, `webhook` or `other`.
    pub route: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path and query, as they were sent; the first 1,024 bytes of them.
    pub path: String,
    /// The task, where the request named one that exists or made one.
    pub task: Option<String>,
    /// HTTP status; `None` where no HTTP answer was sent.
    pub status: Option<u16>,
    /// Kind of the fault that struck.
    pub fault: Option<&'static str>,
    /// Of a delivery: which attempt, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Of a delivery: where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Entry {
    pub(super) fn new(at: Micros, route: &'static str, method: &str, path: &str) -> Self {
        Self {
            index: 0,
            at_ms: at.as_millis(),
            route,
            method: start(method),
            path: start(path),
            task: None,
            status: None,
            fault: None,
            attempt: None,
            url: None,
        }
    }
}

/// As much of a text as is kept: nobody fills the memory with long ones.
fn start(text: &str) -> String {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Entries in order, the oldest dropped where there are too many.
#[derive(Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    most: usize,
    next: u64,
    dropped: u64,
}

impl Journal {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), most, next: 0, dropped: 0 }
    }

    pub(super) fn push(&mut self, mut entry: Entry) {
        if self.entries.len() >= self.most {
            self.entries.pop_front();
            self.dropped += 1;
        }
        entry.index = self.next;
        self.next += 1;
        self.entries.push_back(entry);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.most);
    }

    /// The entries that are kept.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Entries that are not.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
