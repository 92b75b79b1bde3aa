//! What can go wrong, sorted by what a caller should do next.

use crate::api::envelope::{State, Status};
use crate::api::reply::Failure;
use crate::time::Micros;

/// Why a client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClient {
    /// The base URL is no absolute `http` or `https` URL.
    #[error("`{url}` is not a base URL: write http://HOST or https://HOST, with or without /api/v1")]
    BaseUrl {
        /// What was given.
        url: String,
    },
    /// The key has characters that no header may have. It is not repeated here.
    #[error("the API key is empty or has characters that cannot be sent; look for line ends and blanks")]
    Key,
}

/// Why a submit has no id to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No task was made: change the request. The server said so.
    #[error("{model}: the request was rejected with {status}: {message}")]
    BadRequest {
        /// The model.
        model: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// No task was made: submit again later. The server said so, or could not be reached.
    #[error("{model}: not accepted: {message}")]
    Refused {
        /// The model.
        model: String,
        /// HTTP status; `None` where no connection was made.
        status: Option<u16>,
        /// What the server said, or why there was no connection.
        message: String,
        /// The delay that the server asked for.
        retry_after: Option<Micros>,
    },
    /// A task may have been made, and billed: look before submitting again. The answer was lost.
    #[error("{model}: it is not known whether a task was made: {message}")]
    Unknown {
        /// The model.
        model: String,
        /// What happened.
        message: String,
    },
}

/// Why a status or a balance could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// HTTP status; `None` where there was no answer.
    pub status: Option<u16>,
    /// What the server said, or what happened.
    pub message: String,
    /// The delay that the server asked for.
    pub retry_after: Option<Micros>,
}

/// How far a wait had come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitContext {
    /// The model.
    pub model: String,
    /// The task.
    pub task: String,
    /// Time since the wait began.
    pub elapsed: Micros,
    /// Status requests sent.
    pub polls: u32,
    /// Since the wait began: when the last poll was sent that found the task unfinished.
    pub unfinished_after: Option<Micros>,
    /// State that the server last told.
    pub last_state: Option<State>,
    /// What the last request that told nothing said.
    pub last_error: Option<String>,
}

/// A task that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Where its results can be had.
    pub urls: Vec<String>,
    /// All that the server said of it.
    pub status: Status,
    /// How it was waited for.
    pub context: WaitContext,
}

/// Why a wait ended without a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The task is over and has no result: do not ask again.
    #[error("task {} failed after {} polls: {}: {}", context.task, context.polls, failure.code, failure.message)]
    TaskFailed {
        /// Code and message.
        failure: Failure,
        /// All that the server said of it.
        status: Box<Status>,
        /// How it was waited for.
        context: Box<WaitContext>,
    },
    /// The strategy's limit was reached: the task may still end, so wait again by its id, or let it go.
    #[error("gave up on task {} after {} and {} polls{}", context.task, context.elapsed, context.polls, last(context))]
    GaveUp {
        /// How it was waited for.
        context: Box<WaitContext>,
    },
    /// The server could not be asked: wait again by the task's id when it can.
    #[error("could not poll task {} ({} polls so far){}", context.task, context.polls, last(context))]
    CouldNotAsk {
        /// How it was waited for.
        context: Box<WaitContext>,
    },
    /// The server will not answer this request: change key, model or id.
    #[error("the server rejects status requests for task {}{}", context.task, last(context))]
    BadRequest {
        /// HTTP status.
        status: u16,
        /// How it was waited for.
        context: Box<WaitContext>,
    },
    /// The strategy never asks, and nobody can tell this wait: give it a receiver (`with_webhooks`), or a strategy that polls. In
    /// a [`TaskSet`](crate::client::TaskSet) nobody is told.
    #[error("the wait for task {} would never end: its strategy only listens for webhooks, and it has no receiver", context.task)]
    Untold {
        /// How it was waited for.
        context: Box<WaitContext>,
    },
    /// The caller ended the wait: wait again by the task's id whenever wanted.
    #[error("the wait for task {} was cancelled after {} polls", context.task, context.polls)]
    Cancelled {
        /// How it was waited for.
        context: Box<WaitContext>,
    },
}

impl WaitError {
    /// How far the wait had come.
    #[must_use]
    pub fn context(&self) -> &WaitContext {
        match self {
            Self::TaskFailed { context, .. }
            | Self::GaveUp { context }
            | Self::CouldNotAsk { context }
            | Self::BadRequest { context, .. }
            | Self::Untold { context }
            | Self::Cancelled { context } => context,
        }
    }
}

fn last(context: &WaitContext) -> String {
    context.last_error.as_ref().map(|error| format!("; last error: {error}")).unwrap_or_default()
}
