//! Bodies of injected answers: the bytes on the wire, and what a client makes of them.

use crate::api::message::message;
use crate::api::reply::{Payload, TaskState};

/// The body of an injected answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Body {
    /// The API's envelope with `data: null`.
    Envelope,
    /// The API's envelope without `data`.
    NoData,
    /// A web page, as proxies send it.
    Html,
    /// Nothing.
    Empty,
    /// The task, said to be in processing whatever is true.
    Processing,
    /// The task, in a state that the API does not know.
    UnknownState,
    /// The first half of the true answer.
    Truncated,
}

/// The true answer, of which a body may be made.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// Its `data` as JSON.
    pub data: &'a str,
    /// The same for an unfinished task that is in a state of this name.
    pub in_state: &'a dyn Fn(&str) -> String,
}

/// A body as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its media type; none where there is nothing.
    pub media_type: Option<&'static str>,
    /// The text.
    pub text: String,
}

/// A state that the API does not know.
const UNKNOWN_STATE: &str = "archived";

impl Body {
    /// The words for bodies of HTTP errors.
    pub(super) const OF_ERRORS: &'static [&'static str] = &["json", "html", "empty"];

    /// The body of an HTTP error of that name.
    pub(super) fn named(word: &str) -> Option<Self> {
        [Self::Envelope, Self::Html, Self::Empty].into_iter().find(|body| body.word() == Some(word))
    }

    /// Its name; `None` where no HTTP error has it.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Envelope => Some("json"),
            Self::Html => Some("html"),
            Self::Empty => Some("empty"),
            Self::NoData | Self::Processing | Self::UnknownState | Self::Truncated => None,
        }
    }

    /// What a client makes of it.
    #[must_use]
    pub const fn payload(self) -> Payload<'static> {
        match self {
            Self::Envelope | Self::NoData => Payload::NoData,
            Self::Html | Self::Empty | Self::Truncated => Payload::NotJson,
            Self::Processing => Payload::State(TaskState::Processing),
            Self::UnknownState => Payload::NoState,
        }
    }

    /// The bytes of an answer with this HTTP status.
    #[must_use]
    pub fn write(self, status: u16, told: Told<'_>) -> Content {
        let reason = message(status);
        let envelope = |data: &str| format!(r#"{{"code":{status},"message":"{reason}","data":{data}}}"#);
        let json = |text| Content { media_type: Some("application/json"), text };
        match self {
            Self::Envelope => json(envelope("null")),
            Self::NoData => json(format!(r#"{{"code":{status},"message":"{reason}"}}"#)),
            Self::Html => Content {
                media_type: Some("text/html"),
                text: format!("<html><body><h1>{status} {reason}</h1></body></html>"),
            },
            Self::Empty => Content { media_type: None, text: String::new() },
            Self::Processing => json(envelope(&(told.in_state)("processing"))),
            Self::UnknownState => json(envelope(&(told.in_state)(UNKNOWN_STATE))),
            Self::Truncated => {
                let whole = envelope(told.data);
                // By characters: an answer that names no task has at least those of the envelope.
                json(whole.chars().take(whole.chars().count() / 2).collect())
            }
        }
    }
}
