//! Stubs: the truth and the replies of the next task, fixed by a test.

use crate::api::reply::Failure;
use crate::server::push::Push;
use crate::time::Micros;
use crate::world::fault::{Fault, json as faults};
use serde::Deserialize;
use serde_json::{Map, Value};
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
    pub replies: BTreeMap<u32, Fault>,
    /// What comes to its callback URL; one delivery at its end where nothing is fixed.
    pub pushes: Option<Vec<Push>>,
    /// Whether end and deliveries are instants of the scenario's time, whenever the task is created.
    pub is_by_the_clock: bool,
}

impl Stub {
    /// A task of `model` that succeeds after `completion`.
    #[must_use]
    pub fn success(model: &str, completion: Micros) -> Self {
        Self {
            model: model.to_owned(),
            completion,
            failure: None,
            replies: BTreeMap::new(),
            pushes: None,
            is_by_the_clock: false,
        }
    }

    /// A task of `model` that fails after `completion`.
    #[must_use]
    pub fn failed(model: &str, completion: Micros, code: &str, message: &str) -> Self {
        let failure = Failure { code: code.to_owned(), message: message.to_owned() };
        Self { failure: Some(failure), ..Self::success(model, completion) }
    }

    /// Lets status request number `request`, from 0, be struck by `fault`.
    #[must_use]
    pub fn reply(mut self, request: u32, fault: Fault) -> Self {
        self.replies.insert(request, fault);
        self
    }

    /// The same, with times since its creation, which is at `now`. What is over by then happens at once.
    pub(super) fn created_at(self, now: Micros) -> Self {
        if !self.is_by_the_clock {
            return self;
        }
        let since = |at: Micros| at.finite().map_or(at, |at| at - now.min(at));
        let since_then = |push: Push| Push { at: since(push.at), ..push };
        let pushes = self.pushes.map(|pushes| pushes.into_iter().map(since_then).collect());
        Self { completion: since(self.completion), pushes, is_by_the_clock: false, ..self }
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
    /// All stubs together are longer than the server keeps.
    #[error("stubs hold {most} bytes already: reset the server")]
    TooLong {
        /// Bytes that are kept.
        most: usize,
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
    replies: BTreeMap<u32, Map<String, Value>>,
}

fn success() -> Outcome {
    Outcome::Success
}

impl TryFrom<Written> for Stub {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { model, completion_ms, result, fail_code, fail_message, replies } = written;
        if completion_ms.is_some_and(|ms| ms < 0.0) {
            return Err("completion_ms is negative".to_owned());
        }
        let completion = completion_ms.map_or(Micros::NEVER, |ms| Micros::from_f64(ms * 1e3));
        let failed = matches!(result, Outcome::Failed);
        let failure = failed.then_some(Failure { code: fail_code, message: fail_message });
        let mut struck = BTreeMap::new();
        for (request, mut fields) in replies {
            fields.retain(|_, value| !value.is_null());
            // The truth, said aloud.
            if fields.get("kind").is_none_or(|kind| kind == "ok") {
                continue;
            }
            let fault = faults::read(&fields).map_err(|error| format!("reply {request}: {error}"))?;
            struck.insert(request, fault);
        }
        Ok(Self { model, completion, failure, replies: struck, pushes: None, is_by_the_clock: false })
    }
}
