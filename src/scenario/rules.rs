//! Fault rules as JSON, for control planes that list and replace them.
//!
//! A rule is written as in a scenario file, with every parameter explicit, and read by the same grammar.

use super::Scenario;
use super::files::Embedded;
use crate::world::fault::{FaultRule, FaultRules, Route, Striking, When, json as faults};
use crate::world::model::Probability;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Why there are no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRules {
    /// The JSON is not an array of objects.
    #[error("faults must be an array of rules, each an object")]
    NotRules,
    /// A value that no rule has.
    #[error("rule {rule}: null is not a value of a rule; leave the key out")]
    Null {
        /// Its number, from 1 as in warnings and metrics.
        rule: usize,
    },
    /// A rule is not right.
    #[error("rule {rule}: {message}")]
    Rule {
        /// Its number, from 1 as in warnings and metrics.
        rule: usize,
        /// What is wrong, and what to write instead.
        message: String,
    },
}

/// The rules in `json`, for a world with these models.
///
/// # Errors
///
/// See [`InvalidRules`]; the first thing that is wrong.
///
/// ```
/// use pollbench::scenario::rules::from_json;
/// let rules = serde_json::json!([{ "kind": "reset", "probability": 0.5 }]);
/// assert_eq!(from_json(&rules, &["sora-2".to_owned()]).unwrap()[0].kind().name(), "reset");
/// let error = from_json(&serde_json::json!([{ "kind": "rest" }]), &[]).unwrap_err();
/// assert!(error.to_string().contains("did you mean"), "{error}");
/// ```
pub fn from_json(json: &Value, models: &[String]) -> Result<FaultRules, InvalidRules> {
    let rules = json.as_array().ok_or(InvalidRules::NotRules)?;
    // A scenario of these rules and nothing else.
    let mut text = String::from("schema_version = 1\nname = \"rules\"\n[[strategies]]\npreset = \"basic\"\n");
    let nobody = ["any".to_owned()];
    for model in if models.is_empty() { &nobody } else { models } {
        let _ = write!(text, "[models.{}]\ncompletion = \"1s\"\n", quoted(model));
    }
    let mut starts = Vec::with_capacity(rules.len());
    for (number, rule) in rules.iter().enumerate() {
        starts.push(text.len());
        text.push_str("[[faults]]\n");
        for (key, value) in rule.as_object().ok_or(InvalidRules::NotRules)? {
            let _ = write!(text, "{} = ", quoted(key));
            toml(&mut text, value).ok_or(InvalidRules::Null { rule: number + 1 })?;
            text.push('\n');
        }
    }
    match Scenario::parse(&text, "rules", &Embedded(&[])) {
        Ok(scenario) => Ok(scenario.faults),
        Err(invalid) => {
            let first =
                invalid.problems.iter().find(|problem| starts.first().is_some_and(|at| problem.span.start >= *at));
            let first = first.or_else(|| invalid.problems.first());
            let rule = first.map_or(1, |problem| starts.partition_point(|start| *start <= problem.span.start).max(1));
            let message = first.map_or_else(String::new, |problem| match &problem.help {
                Some(help) => format!("{}: {help}", problem.message),
                None => problem.message.clone(),
            });
            Err(InvalidRules::Rule { rule, message })
        }
    }
}

/// A string that JSON and TOML read alike.
fn quoted(text: &str) -> String {
    // TOML wants DEL escaped, JSON does not.
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Appends a JSON value as TOML writes it; `None` where there is a null in it.
fn toml(text: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::Null => return None,
        Value::Bool(_) => text.push_str(&value.to_string()),
        // TOML's integers have 64 bits and a sign; what is larger is no value of a rule anyway.
        Value::Number(number) if number.as_u64().is_some_and(|n| n > i64::MAX as u64) => text.push_str("1e300"),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => text.push_str(&quoted(string)),
        Value::Array(values) => {
            text.push('[');
            for value in values {
                toml(text, value)?;
                text.push_str(", ");
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push_str("{ ");
            for (number, (key, value)) in fields.iter().enumerate() {
                let _ = write!(text, "{}{} = ", if number == 0 { "" } else { ", " }, quoted(key));
                toml(text, value)?;
            }
            text.push_str(" }");
        }
    }
    Some(())
}

/// Rules as [`from_json`] reads them.
#[must_use]
pub fn to_json(rules: &[FaultRule]) -> Value {
    rules.iter().map(rule).collect()
}

fn rule(rule: &FaultRule) -> Value {
    let (kind, mut fields) = (rule.kind(), Map::new());
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    set("kind", json!(kind.name()));
    let is_told = match kind.striking() {
        Striking::Share | Striking::Slowdown => true,
        Striking::Bursts => rule.probability() != Probability::ONE,
        Striking::Limit | Striking::Window | Striking::Brownout => false,
    };
    if is_told {
        set("probability", json!(rule.probability().get()));
    }
    let routes: Vec<&str> = rule.routes().iter().map(|route| route.name()).collect();
    if kind.routes() != [Route::Webhook] {
        set("route", json!(routes));
    }
    if let Some(models) = rule.models() {
        set("models", json!(models));
    }
    match rule.when() {
        When::Always => {}
        When::During(window) => {
            let mut during = json!({ "from": exact(window.from()), "for": exact(window.length()) });
            if let Some(every) = window.every() {
                during["every"] = json!(exact(every));
            }
            set("during", during);
        }
        When::Bursts(bursts) => {
            let (share, mean) = (bursts.bad_share().get(), exact(bursts.bad_mean()));
            set("gilbert_elliott", json!({ "bad_share": share, "bad_mean": mean }));
        }
    }
    if let Some(age) = rule.age() {
        let mut interval = json!({ "since": age.since().name(), "from": exact(age.from()) });
        if let Some(to) = age.to() {
            interval["to"] = json!(exact(to));
        }
        set("age", interval);
    }
    if kind.may_leave_a_task() && rule.routes().contains(&Route::Submit) {
        set("task_exists", json!(rule.leaves_task()));
    }
    for (name, argument) in rule.fault().arguments().iter() {
        set(name, faults::value(argument));
    }
    Value::Object(fields)
}

/// A duration to the microsecond, where people would round it.
fn exact(duration: crate::time::Micros) -> String {
    format!("{}us", duration.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::shipped::SHIPPED;
    use crate::world::fault::Kind;

    #[test]
    fn the_rules_of_every_shipped_scenario_come_back_equal() {
        for shipped in SHIPPED {
            let scenario = shipped.scenario().expect("shipped scenarios are valid");
            let models: Vec<String> = scenario.models.iter().map(|model| model.name.clone()).collect();
            let read = from_json(&to_json(&scenario.faults), &models);
            assert_eq!(read.as_ref(), Ok(&scenario.faults), "{}", shipped.name);
        }
    }

    #[test]
    fn every_kind_comes_back_equal_with_all_its_parameters() {
        let models = ["a\"b".to_owned()];
        let rules = json!([
            { "kind": "refuse", "during": { "from": "10s", "for": "5s" } },
            { "kind": "reset", "probability": 0.05, "route": ["status", "submit"], "task_exists": true, "models": ["a\"b"] },
            { "kind": "reset-mid-body", "probability": 0.01 },
            { "kind": "close", "probability": 0.01, "route": "submit", "task_exists": true },
            { "kind": "close-mid-body", "probability": 0.01 },
            { "kind": "stall", "probability": 0.1, "during": { "from": "1ms", "for": "30s", "every": "1h" } },
            { "kind": "stall-mid-body", "probability": 0.01 },
            { "kind": "slow-body", "probability": 0.01, "takes": "7s", "pieces": 3 },
            { "kind": "idle-close", "probability": 0.01 },
            { "kind": "status", "probability": 0.05, "code": 418, "body": "html", "retry_after": "http-date", "retry_in": "1234567us" },
            { "kind": "rate-limit", "rate_per_s": 0.7, "burst": 3, "retry_after": "garbage" },
            { "kind": "transient-404", "probability": 0.01, "retry_after": 7, "retry_in": "2s", "age": { "to": "3s" } },
            { "kind": "expired", "probability": 0.01, "age": { "since": "done", "from": "1d" } },
            { "kind": "redirect", "probability": 0.01, "code": 307 },
            { "kind": "wrong-content-length", "probability": 0.01 },
            { "kind": "code-in-200", "probability": 0.01, "code": 429 },
            { "kind": "null-data", "probability": 0.05, "gilbert_elliott": { "bad_share": 0.25, "bad_mean": "3s" } },
            { "kind": "missing-data", "probability": 0.01 },
            { "kind": "unknown-state", "probability": 0.01 },
            { "kind": "bad-result-json", "probability": 0.01 },
            { "kind": "empty-result", "probability": 0.01 },
            { "kind": "fail-message-network", "probability": 0.01 },
            { "kind": "state-regression", "probability": 0.01 },
            { "kind": "stale-read", "probability": 0.25, "age": { "since": "done", "from": "0s", "to": "20s" } },
            { "kind": "task-mixup", "probability": 0.01 },
            { "kind": "truncated-json", "probability": 0.01 },
            { "kind": "huge-body", "probability": 0.01, "bytes": 2_000_000 },
            { "kind": "outage", "during": { "from": "10s", "for": "5s" } },
            { "kind": "burst-loss", "probability": 0.5, "gilbert_elliott": { "bad_share": 0.1, "bad_mean": "2s" } },
            { "kind": "brownout", "during": { "from": "10s", "for": "50s" }, "latency_factor": 2.5, "errors": 0.25, "ramp": "9s" },
            { "kind": "latency-spike", "probability": 0.5, "by": "lognormal(median=3s, sigma=0.2)" },
            { "kind": "load-latency", "servers": 2, "service": "30ms", "queue": 7 },
            { "kind": "lost", "probability": 0.1 },
            { "kind": "delayed", "probability": 0.1, "by": "lognormal(median=3s, sigma=0.2)" },
            { "kind": "duplicated", "probability": 0.1, "after": "constant(value=2s)" },
            { "kind": "reordered", "probability": 0.1 },
            { "kind": "before-submit-reply", "probability": 0.1, "by": "9s" },
            { "kind": "malformed", "probability": 0.1 },
            { "kind": "wrong-task", "probability": 0.1 },
            { "kind": "receiver-refuses", "probability": 0.1 },
            { "kind": "receiver-500", "probability": 0.1 },
            { "kind": "receiver-slow", "probability": 0.1 },
            { "kind": "receiver-down", "during": { "from": "10s", "for": "5s" } },
        ]);
        let first = from_json(&rules, &models).expect("valid rules");
        let mut kinds: Vec<_> = first.iter().map(FaultRule::kind).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, Kind::ALL, "each kind once");
        assert_eq!(from_json(&to_json(&first), &models), Ok(first));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_rule() {
        let models = ["sora-2".to_owned()];
        let told = |rules: Value| from_json(&rules, &models).expect_err("invalid").to_string();
        assert_eq!(told(json!({})), "faults must be an array of rules, each an object");
        assert_eq!(
            told(json!([{ "kind": "reset", "probability": null }])),
            "rule 1: null is not a value of a rule; leave the key out"
        );
        for (rules, part) in [
            (json!([{ "kind": "stall", "probability": 0.1 }, { "kind": "reset", "probability": 3 }]), "rule 2: "),
            (json!([{ "kind": "reset", "probability": 0.1, "models": ["sora-3"] }]), "there is no model `sora-3`"),
            (json!([{ "kind": "reset", "probability": 0.7 }, { "kind": "stall", "probability": 0.7 }]), "above 1"),
            (json!([{ "kind": "reset", "probability": 0.1, "nested": [[{ "a": { "b": [] } }]] }]), "nested"),
            (json!([{}]), "rule 1: "),
        ] {
            let text = told(rules);
            assert!(text.contains(part), "{text}");
        }
    }
}
