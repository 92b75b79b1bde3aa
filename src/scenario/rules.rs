//! Fault rules as JSON, for control planes that list and replace them.
//!
//! A rule is written as in a scenario file, with every parameter explicit, and read by the same grammar.

use super::Scenario;
use super::files::Embedded;
use crate::world::fault::{Body, Effect, FaultRule, KINDS, RetryAdvice, Route, When};
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
    #[error("rule {rule}: null is no value of a rule; leave the key out")]
    Null {
        /// Its number, from 0.
        rule: usize,
    },
    /// A rule is not right.
    #[error("rule {rule}: {message}")]
    Rule {
        /// Its number, from 0.
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
/// assert_eq!(from_json(&rules, &["sora-2".to_owned()]).unwrap()[0].kind, "reset");
/// let error = from_json(&serde_json::json!([{ "kind": "rest" }]), &[]).unwrap_err();
/// assert!(error.to_string().contains("did you mean"), "{error}");
/// ```
pub fn from_json(json: &Value, models: &[String]) -> Result<Vec<FaultRule>, InvalidRules> {
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
            toml(&mut text, value).ok_or(InvalidRules::Null { rule: number })?;
            text.push('\n');
        }
    }
    match Scenario::parse(&text, "rules", &Embedded(&[])) {
        Ok(scenario) => Ok(scenario.faults.to_vec()),
        Err(invalid) => {
            let first =
                invalid.problems.iter().find(|problem| starts.first().is_some_and(|at| problem.span.start >= *at));
            let first = first.or_else(|| invalid.problems.first());
            let rule = first
                .map_or(0, |problem| starts.partition_point(|start| *start <= problem.span.start).saturating_sub(1));
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
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    set("kind", json!(rule.kind));
    let kind = KINDS.iter().find(|kind| kind.name == rule.kind);
    let takes = |parameter: &str| kind.is_some_and(|kind| kind.parameters.contains(&parameter));
    if rule.probability != Probability::ONE || !matches!(rule.kind, "outage" | "rate-limit" | "burst-loss") {
        set("probability", json!(rule.probability.get()));
    }
    let routes: Vec<&str> = rule.routes.iter().map(|route| route.name()).collect();
    if rule.routes != [Route::Webhook] {
        set("route", json!(routes));
    }
    if let Some(models) = &rule.models {
        set("models", json!(models));
    }
    match rule.when {
        When::Always => {}
        When::During(window) => {
            let mut during = json!({ "from": exact(window.from), "for": exact(window.length) });
            if let Some(every) = window.every {
                during["every"] = json!(exact(every));
            }
            set("during", during);
        }
        When::Bursts(law) => {
            set("gilbert_elliott", json!({ "bad_share": law.bad_share.get(), "bad_mean": exact(law.bad_mean) }));
        }
    }
    if takes("task_exists") && rule.routes.contains(&Route::Submit) {
        set("task_exists", json!(rule.after_creation));
    }
    match &rule.effect {
        Effect::Status { code, body, retry, retry_in } => {
            set("code", json!(code));
            set("body", json!(body_word(*body)));
            set("retry_after", json!(retry_word(*retry)));
            set("retry_in", json!(exact(*retry_in)));
        }
        Effect::RateLimit { bucket, retry } => {
            set("rate_per_s", json!(bucket.rate_per_s));
            set("burst", json!(bucket.burst));
            set("retry_after", json!(retry_word(*retry)));
        }
        Effect::Delay(by) => set("by", json!(by.to_string())),
        Effect::Duplicate(after) => set("after", json!(after.to_string())),
        Effect::Refuse | Effect::Reset | Effect::Stall | Effect::NullData | Effect::StaleRead | Effect::Lose => {}
    }
    Value::Object(fields)
}

/// A duration to the microsecond, where people would round it.
fn exact(duration: crate::time::Micros) -> String {
    format!("{}us", duration.get())
}

const fn body_word(body: Body) -> &'static str {
    match body {
        Body::Envelope => "json",
        Body::Html => "html",
        Body::Empty => "empty",
    }
}

const fn retry_word(retry: RetryAdvice) -> &'static str {
    match retry {
        RetryAdvice::Absent => "absent",
        RetryAdvice::Seconds => "seconds",
        RetryAdvice::HttpDate => "http-date",
        RetryAdvice::Zero => "zero",
        RetryAdvice::Garbage => "garbage",
        RetryAdvice::Huge => "huge",
        RetryAdvice::TooShort => "too-short",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::shipped::SHIPPED;

    #[test]
    fn the_rules_of_every_shipped_scenario_come_back_equal() {
        for shipped in SHIPPED {
            let scenario = shipped.scenario().expect("shipped scenarios are valid");
            let models: Vec<String> = scenario.models.iter().map(|model| model.name.clone()).collect();
            let read = from_json(&to_json(&scenario.faults), &models);
            assert_eq!(read.as_deref(), Ok(&*scenario.faults), "{}", shipped.name);
        }
    }

    #[test]
    fn every_kind_comes_back_equal_with_all_its_parameters() {
        let models = ["a\"b".to_owned()];
        let rules = json!([
            { "kind": "reset", "probability": 0.1, "route": ["status", "submit"], "task_exists": true, "models": ["a\"b"] },
            { "kind": "stall", "probability": 0.1, "during": { "from": "1ms", "for": "30s", "every": "1h" } },
            { "kind": "status", "probability": 0.1, "code": 418, "body": "html", "retry_after": "http-date", "retry_in": "1234567us" },
            { "kind": "rate-limit", "rate_per_s": 0.7, "burst": 3, "retry_after": "garbage" },
            { "kind": "null-data", "probability": 0.1, "gilbert_elliott": { "bad_share": 0.25, "bad_mean": "3s" } },
            { "kind": "stale-read", "probability": 0.25 },
            { "kind": "outage", "during": { "from": "10s", "for": "5s" } },
            { "kind": "burst-loss", "probability": 0.5, "gilbert_elliott": { "bad_share": 0.1, "bad_mean": "2s" } },
            { "kind": "lost", "probability": 0.1 },
            { "kind": "delayed", "probability": 0.1, "by": "lognormal(median=3s, sigma=0.2)" },
            { "kind": "duplicated", "probability": 0.1, "after": "constant(value=2s)" },
        ]);
        let first = from_json(&rules, &models).expect("valid rules");
        assert_eq!(first.len(), KINDS.len());
        assert_eq!(from_json(&to_json(&first), &models), Ok(first));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_rule() {
        let models = ["sora-2".to_owned()];
        let told = |rules: Value| from_json(&rules, &models).expect_err("invalid").to_string();
        assert_eq!(told(json!({})), "faults must be an array of rules, each an object");
        assert_eq!(
            told(json!([{ "kind": "reset", "probability": null }])),
            "rule 0: null is no value of a rule; leave the key out"
        );
        for (rules, part) in [
            (json!([{ "kind": "stall", "probability": 0.1 }, { "kind": "reset", "probability": 3 }]), "rule 1: "),
            (json!([{ "kind": "reset", "probability": 0.1, "models": ["sora-3"] }]), "there is no model `sora-3`"),
            (json!([{ "kind": "reset", "probability": 0.7 }, { "kind": "stall", "probability": 0.7 }]), "above 1"),
            (json!([{ "kind": "reset", "probability": 0.1, "nested": [[{ "a": { "b": [] } }]] }]), "nested"),
            (json!([{}]), "rule 0: "),
        ] {
            let text = told(rules);
            assert!(text.contains(part), "{text}");
        }
    }
}
