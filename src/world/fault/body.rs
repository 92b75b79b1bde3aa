//! Bodies of injected answers: the bytes on the wire, and what a client makes of them.

use super::error_code::ErrorCode;
use crate::api::message::message;
use crate::api::reply::{Failure, Flaw, Payload, TaskState};
use std::sync::LazyLock;

/// The body of an injected answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Body {
    /// The API's envelope with `data: null`.
    Envelope,
    /// The same with this `code`, whatever the HTTP status is.
    Code(ErrorCode),
    /// The API's envelope without `data`.
    NoData,
    /// A web page, as proxies send it.
    Html,
    /// Nothing.
    Empty,
    /// The task, said to be queued whatever is true.
    Pending,
    /// The task, said to be in processing whatever is true.
    Processing,
    /// The task, in a state that the API does not know.
    UnknownState,
    /// The task, with a result that is no JSON where it succeeded.
    BadResult,
    /// The task, with an empty list of results where it succeeded.
    NoResult,
    /// The task, with a message about a network where it failed.
    NetworkFailure,
    /// Another task, which succeeded.
    OtherTask,
    /// The first half of the true answer.
    Truncated,
}

/// The true answer, of which a body may be made.
#[derive(Clone, Copy)]
pub struct TrueAnswer<'a> {
    /// Its `data` as JSON.
    pub data: &'a str,
    /// The same as a lie has it.
    pub lie: &'a dyn Fn(Lie<'_>) -> String,
}

/// What is told instead of the truth, where that is about a task's state.
#[derive(Debug, Clone, Copy)]
pub enum Lie<'a> {
    /// An unfinished task in a state of this name.
    State(&'a str),
    /// This `resultJson`, where the task succeeded.
    Result(&'a str),
    /// This failure, where the task failed.
    Failure(&'a Failure),
    /// Another task, which succeeded.
    OtherTask,
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

/// What a failure says that speaks of a network.
static NETWORK_FAILURE: LazyLock<Failure> = LazyLock::new(|| Failure {
    code: "GENERATION_FAILED".to_owned(),
    message: "network error between the model's servers".to_owned(),
});

impl Body {
    /// The words for bodies of HTTP errors.
    pub(super) const OF_ERRORS: &'static [&'static str] = &["json", "html", "empty"];

    /// The body of an HTTP error of that name.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Envelope),
            "html" => Some(Self::Html),
            "empty" => Some(Self::Empty),
            _ => None,
        }
    }

    /// What a client makes of it.
    #[must_use]
    pub fn payload(self, truth: TaskState<'_>) -> Payload<'_> {
        let flawed = |flaw| match truth {
            TaskState::Success => Payload::Flawed(flaw, truth),
            TaskState::Pending | TaskState::Processing | TaskState::Failed(_) => Payload::State(truth),
        };
        match self {
            Self::Envelope | Self::Code(_) | Self::NoData => Payload::NoData,
            Self::Html | Self::Empty | Self::Truncated => Payload::NotJson,
            Self::Pending => Payload::State(TaskState::Pending),
            Self::Processing => Payload::State(TaskState::Processing),
            Self::UnknownState => Payload::NoState,
            Self::BadResult => flawed(Flaw::BadResult),
            Self::NoResult => flawed(Flaw::NoResult),
            Self::NetworkFailure => Payload::State(match truth {
                TaskState::Failed(_) => TaskState::Failed(&NETWORK_FAILURE),
                TaskState::Pending | TaskState::Processing | TaskState::Success => truth,
            }),
            Self::OtherTask => Payload::Flawed(Flaw::OtherTask, TaskState::Success),
        }
    }

    /// Whether it tells the truth of a batch: a lie about the state of a task is told of all of them, but other lies are about
    /// one task, and strike no batch.
    #[must_use]
    pub const fn tells_of_a_batch(self) -> bool {
        match self {
            Self::BadResult | Self::NoResult | Self::NetworkFailure | Self::OtherTask => true,
            Self::Envelope
            | Self::Code(_)
            | Self::NoData
            | Self::Html
            | Self::Empty
            | Self::Pending
            | Self::Processing
            | Self::UnknownState
            | Self::Truncated => false,
        }
    }

    /// The `code` in it that is not the HTTP status.
    #[must_use]
    pub const fn said_code(self) -> Option<u16> {
        match self {
            Self::Code(code) => Some(code.get()),
            Self::Envelope
            | Self::NoData
            | Self::Html
            | Self::Empty
            | Self::Pending
            | Self::Processing
            | Self::UnknownState
            | Self::BadResult
            | Self::NoResult
            | Self::NetworkFailure
            | Self::OtherTask
            | Self::Truncated => None,
        }
    }

    /// The bytes of an answer with this HTTP status.
    #[must_use]
    pub fn write(self, status: u16, told: TrueAnswer<'_>) -> Content {
        let code = self.said_code().unwrap_or(status);
        let reason = message(code);
        let envelope = |data: &str| format!(r#"{{"code":{code},"message":"{reason}","data":{data}}}"#);
        let json = |text| Content { media_type: Some("application/json"), text };
        let lie = |lie| json(envelope(&(told.lie)(lie)));
        match self {
            Self::Envelope | Self::Code(_) => json(envelope("null")),
            Self::NoData => json(format!(r#"{{"code":{code},"message":"{reason}"}}"#)),
            Self::Html => Content {
                media_type: Some("text/html"),
                text: format!("<html><body><h1>{code} {reason}</h1></body></html>"),
            },
            Self::Empty => Content { media_type: None, text: String::new() },
            Self::Pending => lie(Lie::State("pending")),
            Self::Processing => lie(Lie::State("processing")),
            Self::UnknownState => lie(Lie::State(UNKNOWN_STATE)),
            Self::BadResult => lie(Lie::Result(r#"{"resultUrls":["#)),
            Self::NoResult => lie(Lie::Result(r#"{"resultUrls":[]}"#)),
            Self::NetworkFailure => lie(Lie::Failure(&NETWORK_FAILURE)),
            Self::OtherTask => lie(Lie::OtherTask),
            Self::Truncated => {
                let whole = envelope(told.data);
                // By characters: an answer that names no task has at least those of the envelope.
                json(whole.chars().take(whole.chars().count() / 2).collect())
            }
        }
    }
}
