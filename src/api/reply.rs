//! What came back for one status request.
//!
//! A reply is described by what a client can tell apart, not by how it was caused: faults, real servers and scripted
//! traces all end up here, and strategies decide what to make of it.

use crate::time::Micros;

/// Longest body of an answer that clients read by default, in bytes.
pub const LONGEST_ANSWER: usize = 1 << 20;

/// Most tasks of a batch.
pub const LARGEST_BATCH: u32 = 50;

/// What the API says of a task that failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Machine-readable reason, such as `CONTENT_VIOLATION`.
    pub code: String,
    /// The same for people.
    pub message: String,
}

/// The state of a task as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState<'a> {
    /// Queued.
    Pending,
    /// Being worked on.
    Processing,
    /// Done, with a result.
    Success,
    /// Done, without one.
    Failed(&'a Failure),
}

/// Why an answer that has a state cannot be what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// It tells of another task.
    OtherTask,
    /// It tells of a success whose result is no JSON.
    BadResult,
    /// It tells of a success with an empty list of results.
    NoResult,
}

/// What the body of an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// The envelope with a task in a known state.
    State(TaskState<'a>),
    /// The same, but something is wrong with it.
    Flawed(Flaw, TaskState<'a>),
    /// The envelope with `data` null or absent.
    NoData,
    /// The envelope with `data` that holds no known state.
    NoState,
    /// Not JSON.
    NotJson,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss<'a> {
    /// The connection was refused.
    Refused,
    /// The connection was reset (`ECONNRESET`).
    Reset,
    /// The client's own timeout ended the attempt.
    TimedOut,
    /// Any other error, with its message.
    Other(&'a str),
}

/// What came back for one status request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'a> {
    /// An HTTP answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// What the body holds.
        payload: Payload<'a>,
        /// The delay that a readable `Retry-After` asks for, from the arrival of the answer.
        retry_after: Option<Micros>,
    },
    /// No answer.
    Lost(Loss<'a>),
}

impl<'a> Reply<'a> {
    /// The plain answer: HTTP 200 with a task's state.
    #[must_use]
    #[inline]
    pub fn state(state: TaskState<'a>) -> Self {
        Self::Answer { status: 200, payload: Payload::State(state), retry_after: None }
    }

    /// Whether it has a state, but cannot be what was asked for.
    #[must_use]
    #[inline]
    pub const fn is_flawed(&self) -> bool {
        matches!(self, Self::Answer { payload: Payload::Flawed(..), .. })
    }

    /// The message that an error made of this reply would carry, for traces; `None` for a state.
    #[must_use]
    pub fn error_message(&self) -> Option<String> {
        Some(match self {
            Self::Answer { payload: Payload::State(_), status: 200, .. } => return None,
            Self::Answer { status: 200, payload: Payload::Flawed(flaw, _), .. } => match flaw {
                Flaw::OtherTask => "the answer is about another task".to_owned(),
                Flaw::BadResult => "the task's result is not JSON".to_owned(),
                Flaw::NoResult => "the task's result is empty".to_owned(),
            },
            Self::Answer { status: 200, payload: Payload::NoData, .. } => "the answer holds no data".to_owned(),
            Self::Answer { status: 200, payload: Payload::NoState, .. } => "the answer holds no known state".to_owned(),
            Self::Answer { status: 200, payload: Payload::NotJson, .. } => "the answer is not JSON".to_owned(),
            Self::Answer { status, .. } => format!("HTTP status {status}"),
            Self::Lost(Loss::Refused) => "connection refused".to_owned(),
            Self::Lost(Loss::Reset) => "connection reset".to_owned(),
            Self::Lost(Loss::TimedOut) => "the attempt timed out".to_owned(),
            Self::Lost(Loss::Other(message)) => (*message).to_owned(),
        })
    }
}
