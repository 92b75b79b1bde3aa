//! Stubs: the truth and the replies of the next task, fixed by a test.

use crate::api::reply::Failure;
use crate::time::Micros;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is fixed of the next submitted task of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Stub {
    /// The model.
    pub model: String,
    /// End of the task since its creation; [`Micros::NEVER`] for none.
    pub completion: Micros,
    /// Code and message of a task that fails; `None` for one that succeeds.
    pub failure: Option<Failure>,
    /// What its status requests get, by number from 0; the others get the truth.
    pub replies: BTreeMap<u32, StubReply>,
}

impl Stub {
    /// A task of `model` that succeeds after `completion`.
    #[must_use]
    pub fn success(model: &str, completion: Micros) -> Self {
        Self { model: model.to_owned(), completion, failure: None, replies: BTreeMap::new() }
    }

    /// A task of `model` that fails after `completion`.
    #[must_use]
    pub fn failed(model: &str, completion: Micros, code: &str, message: &str) -> Self {
        let failure = Failure { code: code.to_owned(), message: message.to_owned() };
        Self { failure: Some(failure), ..Self::success(model, completion) }
    }

    /// Lets status request number `request`, from 0, get `reply`.
    #[must_use]
    pub fn reply(mut self, request: u32, reply: StubReply) -> Self {
        self.replies.insert(request, reply);
        self
    }
}

/// What a status request of a stubbed task gets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum StubReply {
    /// The truth.
    Ok,
    /// The connection is reset.
    #[serde(alias = "connection-reset")]
    Reset,
    /// No answer ever comes.
    Stall,
    /// HTTP 200 with `data: null`.
    NullData,
    /// HTTP 200 that says `processing`.
    StaleRead,
    /// An HTTP error.
    Status {
        /// HTTP status, 400 to 599.
        code: u16,
        /// Seconds in a `Retry-After`.
        retry_after: Option<u64>,
    },
}

impl StubReply {
    /// The name in the journal.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Reset => "reset",
            Self::Stall => "stall",
            Self::NullData => "null-data",
            Self::StaleRead => "stale-read",
            Self::Status { .. } => "status",
        }
    }
}

impl Stub {
    /// Checks what its type leaves open.
    pub(super) fn check(&self) -> Result<(), InvalidStub> {
        let wrong = self.replies.values().find_map(|reply| match reply {
            StubReply::Status { code, .. } if !(400..600).contains(code) => Some(*code),
            _ => None,
        });
        wrong.map_or(Ok(()), |code| Err(InvalidStub::Status { code }))
    }
}

/// Why a stub cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStub {
    /// The server has no such model.
    #[error("there is no model `{model}`; there are {}", known.join(", "))]
    UnknownModel {
        /// What was asked for.
        model: String,
        /// The server's models.
        known: Vec<String>,
    },
    /// A scripted HTTP error is none.
    #[error("{code} is no HTTP error: a scripted status is from 400 to 599")]
    Status {
        /// The code.
        code: u16,
    },
    /// More stubs wait than the server keeps.
    #[error("{most} stubs wait for their tasks already")]
    TooMany {
        /// Stubs that are kept.
        most: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Failed,
}

/// A stub as JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    model: String,
    completion_ms: Option<f64>,
    #[serde(default = "success")]
    result: Outcome,
    #[serde(default)]
    fail_code: String,
    #[serde(default)]
    fail_message: String,
    #[serde(default)]
    replies: BTreeMap<u32, StubReply>,
}

fn success() -> Outcome {
    Outcome::Success
}

impl TryFrom<Written> for Stub {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { model, completion_ms, result, fail_code, fail_message, replies } = written;
        if completion_ms.is_some_and(|ms| ms < 0.0) {
            return Err("completion_ms is negative");
        }
        let completion = completion_ms.map_or(Micros::NEVER, |ms| Micros::from_f64(ms * 1e3));
        let failed = matches!(result, Outcome::Failed);
        let failure = failed.then_some(Failure { code: fail_code, message: fail_message });
        Ok(Self { model, completion, failure, replies })
    }
}
