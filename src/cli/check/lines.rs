//! What a program is told and what it answers: environment, arguments, lines of JSON.

use crate::check::{Case, KEY, MODEL, PollerAnswer, PollerOutcome, Stage};
use crate::time::Micros;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a program may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// One of its requests.
    pub(super) attempt_timeout: Micros,
}

/// Real time beyond every bound after which a trial is cut off.
pub(super) const MERCY: Duration = Duration::from_secs(2);

impl Limits {
    /// How long an attempt may take, in real time.
    pub(super) fn window(self, scale: f64) -> Duration {
        Duration::from_secs_f64(self.attempt_timeout.as_secs() / scale)
    }

    /// How long a trial may last, in real time: some time after every bound.
    pub(super) fn of(self, case: &Case, scale: f64) -> Duration {
        let bound = case.deadline() + self.attempt_timeout + case.rtt();
        Duration::from_secs_f64(bound.as_secs() / scale) + MERCY
    }
}

/// The deadline in the program's own milliseconds.
fn own_ms(case: &Case, scale: f64) -> f64 {
    (case.deadline().as_millis() / scale).round()
}

/// The environment of a program that waits for one task.
pub(super) fn environment(stage: &Stage, case: &Case, scale: f64, number: u64) -> Vec<(&'static str, String)> {
    vec![
        ("APIXO_BASE_URL", stage.base_url().to_owned()),
        ("APIXO_API_KEY", KEY.to_owned()),
        ("POLLBENCH_MODEL", MODEL.to_owned()),
        ("POLLBENCH_TASK_ID", stage.ids().first().cloned().unwrap_or_default()),
        ("POLLBENCH_DEADLINE_MS", own_ms(case, scale).to_string()),
        ("POLLBENCH_TIME_SCALE", scale.to_string()),
        ("POLLBENCH_CASE", number.to_string()),
    ]
}

/// The arguments with what they ask for filled in.
pub(super) fn filled(words: &[String], stage: &Stage, case: &Case, scale: f64) -> Vec<String> {
    let task = stage.ids().first().cloned().unwrap_or_default();
    let fill = |word: &String| {
        word.replace("{base_url}", stage.base_url())
            .replace("{model}", MODEL)
            .replace("{task_id}", &task)
            .replace("{deadline_ms}", &own_ms(case, scale).to_string())
    };
    words.iter().map(fill).collect()
}

/// A case as a stream program reads it.
pub(super) fn case_line(stage: &Stage, case: &Case, scale: f64, number: u64) -> String {
    let mut line = json!({
        "case": number,
        "base_url": stage.base_url(),
        "api_key": KEY,
        "model": MODEL,
        "deadline_ms": own_ms(case, scale),
        "time_scale": scale,
    });
    match stage.ids() {
        [] => line["tasks"] = case.tasks().len().into(),
        [task] => line["task_id"] = task.as_str().into(),
        tasks => line["task_ids"] = tasks.to_vec().into(),
    }
    format!("{line}\n")
}

/// An answer, and the case and task that it is for where it says so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) case: Option<u64>,
    pub(super) task: Option<String>,
    pub(super) outcome: PollerOutcome,
    pub(super) urls: Vec<String>,
}

/// Reads an answer.
pub(super) fn answer(line: &str) -> Result<Said, String> {
    let shown: String = line.chars().take(200).collect();
    let value: Value = serde_json::from_str(line).map_err(|_| format!("`{shown}` is not JSON"))?;
    let word = value.get("outcome").and_then(Value::as_str);
    let outcome = word
        .and_then(PollerOutcome::named)
        .ok_or_else(|| format!("`{shown}` has no \"outcome\" that is success, failed, timeout or error"))?;
    let urls = match value.get("urls") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(urls)) => urls.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(_) => return Err(format!("the \"urls\" of `{shown}` are not a list")),
    };
    let case = value.get("case").and_then(Value::as_u64);
    let task = value.get("task_id").and_then(Value::as_str).map(str::to_owned);
    Ok(Said { case, task, outcome, urls })
}

impl Said {
    /// As it is judged, given at `at`.
    pub(super) fn at(self, at: Micros) -> PollerAnswer {
        PollerAnswer { at, outcome: self.outcome, urls: Some(self.urls) }
    }
}
