//! A case as one line of JSON, for `--replay` and the failures that are kept: versioned, times in milliseconds.
//!
//! ```
//! use pollbench::check::{read_case, write_case};
//! let text = r#"{"version":1,"deadline_ms":120000,"tasks":[{"completion_ms":94000,"replies":{"3":{"kind":"reset"}}}]}"#;
//! let case = read_case(text)?;
//! assert_eq!(case.tasks()[0].replies.len(), 1);
//! assert_eq!(read_case(&write_case(&case))?, case);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::case::{Case, End, InvalidCase, MODEL, Task};
use crate::scenario::rules::{InvalidRules, from_json, to_json};
use crate::server::{Push, PushContent};
use crate::time::Micros;
use crate::world::fault::{Fault, json as faults};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The version of the form.
pub const VERSION: u64 = 1;

/// Why a text is no case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableCase {
    /// Not JSON, or not of this shape.
    #[error("the case is not valid: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another version's.
    #[error(
        "the case is of version {found}, and this pollbench replays version {VERSION}: run `check` again to find it anew"
    )]
    Version {
        /// What it says.
        found: Value,
    },
    /// A fault that cannot be.
    #[error("{place}: {message}")]
    Fault {
        /// Where it stands.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A delivery that says what none can.
    #[error("{place}: `{said}` is not a kind of delivery; there are: {}", PushContent::ALL.map(PushContent::name).join(", "))]
    Push {
        /// Where it stands.
        place: String,
        /// What it says.
        said: String,
    },
    /// Parts that do not go together.
    #[error("the case is not valid: {0}")]
    Invalid(#[from] InvalidCase),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "version")]
    _version: u64,
    deadline_ms: f64,
    #[serde(default)]
    rtt_ms: f64,
    #[serde(default)]
    submit: Option<Map<String, Value>>,
    #[serde(default)]
    weather: Option<Value>,
    tasks: Vec<WrittenTask>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTask {
    #[serde(default)]
    completion_ms: Option<f64>,
    #[serde(default)]
    result: PollerOutcome,
    #[serde(default)]
    replies: BTreeMap<u32, Map<String, Value>>,
    #[serde(default)]
    pushes: Vec<WrittenPush>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPush {
    at_ms: f64,
    says: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum PollerOutcome {
    #[default]
    Success,
    Failed,
}

/// Reads a case.
///
/// # Errors
///
/// See [`UnreadableCase`].
pub fn read_case(text: &str) -> Result<Case, UnreadableCase> {
    let value: Value = serde_json::from_str(text)?;
    // Said first: what another version wrote may have any shape.
    match value.get("version") {
        Some(found) if found.as_u64() != Some(VERSION) => return Err(UnreadableCase::Version { found: found.clone() }),
        _ => {}
    }
    let written: Written = serde_json::from_value(value)?;
    let mut tasks = Vec::new();
    for (number, task) in written.tasks.into_iter().enumerate() {
        let end = match (task.completion_ms, task.result) {
            (None, _) => End::Never,
            (Some(ms), PollerOutcome::Success) => End::Success(millis(ms)),
            (Some(ms), PollerOutcome::Failed) => End::Failed(millis(ms)),
        };
        let mut replies = BTreeMap::new();
        for (request, fields) in task.replies {
            replies.insert(request, fault(&fields, || format!("task {number}, reply {request}"))?);
        }
        let mut pushes = Vec::new();
        for (push, WrittenPush { at_ms, says }) in task.pushes.into_iter().enumerate() {
            let known = PushContent::ALL.into_iter().find(|known| known.name() == says);
            let place = || format!("task {number}, push {push}");
            let content = known.ok_or_else(|| UnreadableCase::Push { place: place(), said: says })?;
            pushes.push(Push { at: millis(at_ms), content });
        }
        tasks.push(Task { end, replies, pushes });
    }
    let submit = written.submit.map(|fields| fault(&fields, || "submit".to_owned())).transpose()?;
    let case = Case::new(millis(written.deadline_ms), tasks)?.with_rtt(millis(written.rtt_ms))?.with_submit(submit)?;
    let Some(weather) = written.weather else { return Ok(case) };
    let unreadable =
        |error: InvalidRules| UnreadableCase::Fault { place: "weather".to_owned(), message: error.to_string() };
    Ok(case.with_weather(from_json(&weather, &[MODEL.to_owned()]).map_err(unreadable)?)?)
}

fn fault(fields: &Map<String, Value>, place: impl FnOnce() -> String) -> Result<Fault, UnreadableCase> {
    faults::read(fields).map_err(|error| UnreadableCase::Fault { place: place(), message: error.to_string() })
}

fn millis(ms: f64) -> Micros {
    Micros::from_f64(ms * 1e3)
}

/// Writes a case in one line, as [`read_case`] reads it.
#[must_use]
pub fn write_case(case: &Case) -> String {
    let tasks: Vec<Value> = case.tasks().iter().map(task).collect();
    let mut fields = Map::new();
    fields.insert("version".into(), VERSION.into());
    fields.insert("deadline_ms".into(), number(case.deadline()));
    if case.rtt() > Micros::ZERO {
        fields.insert("rtt_ms".into(), number(case.rtt()));
    }
    if let Some(fault) = case.submit() {
        fields.insert("submit".into(), faults::write(fault).into());
    }
    if !case.weather().is_empty() {
        fields.insert("weather".into(), to_json(case.weather()));
    }
    fields.insert("tasks".into(), tasks.into());
    Value::Object(fields).to_string()
}

fn task(task: &Task) -> Value {
    let mut fields = Map::new();
    match task.end {
        End::Success(at) => drop(fields.insert("completion_ms".into(), number(at))),
        End::Failed(at) => {
            fields.insert("completion_ms".into(), number(at));
            fields.insert("result".into(), "failed".into());
        }
        End::Never => {}
    }
    if !task.replies.is_empty() {
        let replies = task.replies.iter().map(|(request, fault)| (request.to_string(), faults::write(fault).into()));
        fields.insert("replies".into(), Value::Object(replies.collect()));
    }
    if !task.pushes.is_empty() {
        let push = |push: &Push| serde_json::json!({ "at_ms": number(push.at), "says": push.content.name() });
        fields.insert("pushes".into(), task.pushes.iter().map(push).collect());
    }
    Value::Object(fields)
}

/// Milliseconds, without a fraction where there is none.
fn number(time: Micros) -> Value {
    if time.get().is_multiple_of(1_000) { (time.get() / 1_000).into() } else { time.as_millis().into() }
}
