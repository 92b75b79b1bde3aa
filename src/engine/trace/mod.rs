//! One wait, or one lock-step poller, request by request, against a scripted server: how a strategy's behaviour is
//! checked from outside, instant by instant.
//!
//! t = 0 is when the wait begins. A request sent at `s` reads the truth at `s + up` and is answered at `s + rtt`.

mod alone;
mod case;
mod script;
mod together;

pub use case::{CaseError, CaseReply, CaseTask, FateName, Millis, PooledTask, Scripted, TraceCase};

use crate::scenario::narrow::Overrides;
use crate::scenario::shipped::Shipped;
use crate::strategy::composition::{Sharing, Strategy};
use crate::strategy::planned::PlannedRule;
use crate::strategy::presets::{PRESETS, preset};
use serde::Serialize;

/// A wait that sent so many requests without an end is taken for endless.
const ENDLESS: usize = 100_000;

/// What happened, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// Requests by `sent_ms`, then in the order they were made.
    pub requests: Vec<Request>,
    /// `success`, `failed`, `timeout`, `error`, `abandoned` or `hang`.
    pub outcome: &'static str,
    /// End of the wait; `None` on a hang.
    pub settled_ms: Option<f64>,
    /// From the task's end to the client knowing it.
    pub detection_delay_ms: Option<f64>,
    /// Message of the error that ended the wait.
    pub error: Option<String>,
    /// Each task, where the case lists several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<TracedTask>>,
    /// Each start of the lock-step poller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<Vec<Start>>,
}

/// One status request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Its place in the list.
    pub index: usize,
    /// Task that it asks for.
    pub task: String,
    /// Instant sent.
    pub sent_ms: f64,
    /// Instant at which the server reads the truth.
    pub sampled_ms: f64,
    /// Instant of the reply; `None` where none came in time.
    pub reply_ms: Option<f64>,
    /// `pending`, `processing`, `success`, `failed`, `error`, or `nothing` where no known state came back.
    pub saw: &'static str,
}

/// How one of several tasks ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedTask {
    /// Name in the case.
    pub id: String,
    /// As in [`Trace::outcome`].
    pub outcome: &'static str,
    /// End of its wait.
    pub settled_ms: Option<f64>,
}

/// One start of the lock-step poller.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Start {
    /// Instant of the call.
    pub started_ms: f64,
    /// End of the loop.
    pub settled_ms: Option<f64>,
    /// `ok`, `error` or `hang`.
    pub outcome: &'static str,
}

/// Plays a case.
///
/// # Errors
/// The case names no known strategy, or asks for what is not modelled.
pub fn trace(case: &TraceCase) -> Result<Trace, CaseError> {
    let strategy = match preset(&case.strategy) {
        Some(strategy) => strategy,
        None if PlannedRule::named(&case.strategy).is_some() => planned(&case.strategy, &case.model)?,
        None => {
            return Err(CaseError::UnknownStrategy { name: case.strategy.clone(), known: PRESETS.join(", ") });
        }
    };
    match strategy.sharing {
        Sharing::LockStep { .. } => together::play(case, &strategy),
        Sharing::Alone | Sharing::Limiter(_) | Sharing::Learned(_) | Sharing::Batch(_) => alone::play(case, &strategy),
    }
}

/// A planned strategy for a model of the scenario `documented`, whose distribution is known.
fn planned(name: &str, model: &str) -> Result<Strategy, CaseError> {
    let documented = Shipped::named("documented").and_then(|shipped| shipped.scenario().ok());
    let models = documented.as_ref().map_or(&[][..], |documented| &documented.models);
    let strategy =
        documented.as_ref().filter(|_| models.iter().any(|known| known.name == model)).and_then(|documented| {
            let only = Overrides { strategies: Some(vec![name.to_owned()]), ..Overrides::default() };
            documented.clone().narrowed(&only).ok()?.strategies.pop()
        });
    strategy.ok_or_else(|| CaseError::UnknownTimes {
        strategy: name.to_owned(),
        model: model.to_owned(),
        known: models.iter().map(|known| known.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}
