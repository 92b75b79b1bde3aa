//! A case: what to trace, as JSON. Times are milliseconds.

use crate::time::Micros;
use crate::world::fault::{Fault, json as faults};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What to trace.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceCase {
    /// Name of a preset.
    pub strategy: String,
    /// Model, for strategies with settings for each; the guide's default settings where absent.
    #[serde(default)]
    pub model: String,
    /// Round trip of a request.
    #[serde(default)]
    pub rtt_ms: Millis,
    /// Its way up; half of the round trip where absent.
    pub up_ms: Option<Millis>,
    /// The one task.
    pub task: Option<CaseTask>,
    /// Replies out of the ordinary, by request number from 0.
    #[serde(default)]
    pub replies: BTreeMap<usize, CaseReply>,
    /// What becomes of the task's webhook, where one is awaited.
    pub webhook: Option<CaseReply>,
    /// Calls of `start()` of the lock-step poller; one at 0 where absent.
    pub starts_ms: Option<Vec<Millis>>,
    /// Several tasks, instead of `task`.
    pub tasks: Option<Vec<PooledTask>>,
}

/// The fate of a task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTask {
    /// Its end since the start of the wait; never where null or absent.
    pub completion_ms: Option<Millis>,
    /// Whether it succeeds.
    #[serde(default)]
    pub result: FateName,
    /// What the API says of a failure.
    #[serde(default)]
    pub fail_code: String,
    /// The same in words.
    #[serde(default)]
    pub fail_message: String,
}

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FateName {
    /// With a result.
    #[default]
    Success,
    /// Without.
    Failed,
}

/// One of several tasks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PooledTask {
    /// Name.
    pub id: String,
    /// When it is added.
    #[serde(default)]
    pub added_ms: Millis,
    /// Its end, counted from t = 0; never where null or absent.
    pub completion_ms: Option<Millis>,
    /// Whether it succeeds.
    #[serde(default)]
    pub result: FateName,
    /// What the API says of a failure.
    #[serde(default)]
    pub fail_code: String,
    /// The same in words.
    #[serde(default)]
    pub fail_message: String,
    /// Round trip of its requests; the case's where absent.
    pub rtt_ms: Option<Millis>,
    /// Its way up.
    pub up_ms: Option<Millis>,
    /// Replies out of the ordinary, by number of its request from 0.
    #[serde(default)]
    pub replies: BTreeMap<usize, CaseReply>,
}

/// One scripted reply.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct CaseReply {
    /// What happens.
    pub scripted: Scripted,
    /// Round trip of this request; the ordinary one where absent.
    pub rtt_ms: Option<Millis>,
    /// Its way up; half of this round trip where absent.
    pub up_ms: Option<Millis>,
}

/// What happens to a request or a webhook.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scripted {
    /// Nothing out of the ordinary: the kind `ok`, or none.
    #[default]
    Ok,
    /// The client's call fails with this message: the kind `error`.
    Error(String),
    /// A fault, under its name in scenario files and with its parameters there.
    Fault(Box<Fault>),
}

impl TryFrom<Map<String, Value>> for CaseReply {
    type Error = String;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, String> {
        fields.retain(|_, value| !value.is_null());
        let mut millis = |name: &str| match fields.remove(name) {
            Some(value) => serde_json::from_value(value).map(Some).map_err(|error| format!("`{name}`: {error}")),
            None => Ok(None),
        };
        let (rtt_ms, up_ms) = (millis("rtt_ms")?, millis("up_ms")?);
        let message = match fields.remove("message") {
            Some(Value::String(message)) => message,
            Some(other) => return Err(format!("`message` must be a text, not {other}")),
            None => String::new(),
        };
        let kind = fields.entry("kind").or_insert_with(|| Value::from("ok"));
        let scripted = match kind.as_str() {
            Some("ok") => Scripted::Ok,
            Some("error") => Scripted::Error(message),
            _ => Scripted::Fault(Box::new(faults::read(&fields).map_err(|error| error.to_string())?)),
        };
        Ok(Self { scripted, rtt_ms, up_ms })
    }
}

/// Milliseconds in JSON, not negative and finite; kept to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "f64")]
pub struct Millis(pub Micros);

impl TryFrom<f64> for Millis {
    type Error = String;

    fn try_from(ms: f64) -> Result<Self, String> {
        if (0.0..=Micros::LONGEST.as_millis()).contains(&ms) {
            Ok(Self(Micros::from_f64(ms * 1e3)))
        } else {
            Err(format!("{ms} is not a number of milliseconds between 0 and {}", Micros::LONGEST.as_millis()))
        }
    }
}

/// Why a case cannot be traced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// It is not JSON of the right shape.
    #[error("the case is not valid: {0}")]
    Malformed(#[from] serde_json::Error),
    /// No preset has that name.
    #[error("unknown strategy `{name}`; there are: {known}")]
    UnknownStrategy {
        /// What the case says.
        name: String,
        /// What it may say.
        known: String,
    },
    /// The best instants depend on how long tasks take.
    #[error("`{strategy}` needs a model whose times are known{}; choose one of: {known}", instead_of(model))]
    UnknownTimes {
        /// The strategy.
        strategy: String,
        /// What the case says; empty where it says nothing.
        model: String,
        /// Models of the scenario `documented`.
        known: String,
    },
    /// Neither `task` nor `tasks`, or both.
    #[error("a case has either `task` or `tasks`")]
    Tasks,
    /// Two tasks have the same id.
    #[error("two tasks are called `{0}`; adding an id twice is not modelled")]
    SameId(String),
    /// `starts_ms` for a strategy without a loop.
    #[error("`starts_ms` is for the lock-step poller; `{0}` has no loop to start")]
    Starts(String),
    /// A second loop beside a running one.
    #[error("the start at {0} comes while the loop runs; two loops at once are not modelled")]
    SecondLoop(Micros),
}

/// Tells the name that will not do, where there is one.
fn instead_of(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(", not `{name}`") }
}

impl TraceCase {
    /// Reads a case.
    ///
    /// # Errors
    /// The text is not a valid case.
    pub fn from_json(text: &str) -> Result<Self, CaseError> {
        Ok(serde_json::from_str(text)?)
    }

    /// Name and end of each task in milliseconds, for charts.
    #[must_use]
    pub fn done_ms(&self) -> Vec<(String, Option<f64>)> {
        let tasks = self.all_tasks().unwrap_or_default();
        tasks.into_iter().map(|task| (task.id, task.completion_ms.map(|at| at.0.as_millis()))).collect()
    }

    /// The tasks, whichever way they are written; the only one of `task` is called `task`.
    pub(super) fn all_tasks(&self) -> Result<Vec<PooledTask>, CaseError> {
        match (&self.task, &self.tasks) {
            (Some(task), None) => Ok(vec![PooledTask {
                id: "task".to_owned(),
                added_ms: Millis::default(),
                completion_ms: task.completion_ms,
                result: task.result,
                fail_code: task.fail_code.clone(),
                fail_message: task.fail_message.clone(),
                rtt_ms: None,
                up_ms: None,
                replies: self.replies.clone(),
            }]),
            (None, Some(tasks)) => {
                let twice = tasks.iter().enumerate().find(|(at, task)| tasks[..*at].iter().any(|t| t.id == task.id));
                match twice {
                    Some((_, task)) => Err(CaseError::SameId(task.id.clone())),
                    None => Ok(tasks.clone()),
                }
            }
            _ => Err(CaseError::Tasks),
        }
    }
}
