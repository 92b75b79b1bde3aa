//! The answers for several models at once.

use super::json;
use super::print::{TuneAnswer, percent, time, weather_line, words};
use super::reading;
use super::settings::{self, GuideSettings};
use super::weather::Weathered;
use crate::observations::Account;
use crate::strategy::presets::preset;
use serde_json::{Map, Value, json};
use std::fmt::{self, Write as _};

/// What is kept of the answer for one model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// The model.
    pub model: String,
    /// The settings in words.
    pub words: String,
    /// Observations.
    pub count: usize,
    /// The median of the fitted distribution, in microseconds.
    pub median: f64,
    /// Expected polls of a task.
    pub polls: f64,
    /// Mean delay in microseconds, where any task becomes known.
    pub delay: Option<f64>,
    /// Expected cost of a task.
    pub cost: f64,
    /// The same of the guide's settings for this model.
    pub guide: Option<f64>,
    /// Whether the fit is close to the observations.
    pub is_close: bool,
    /// What other weather does to the settings.
    pub weather: Vec<Weathered>,
    js: String,
    schedule: String,
    limit: String,
    json: String,
}

/// A model that was not tuned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedModel {
    /// The model.
    pub model: String,
    /// Its rows.
    pub count: usize,
    /// Why not.
    pub reason: String,
}

impl fmt::Display for SkippedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guide = preset("adaptive").is_some_and(|guide| guide.per_model.contains_key(&self.model));
        let settings = if guide { "the guide's settings for it" } else { "the guide's settings for any model" };
        let name = if self.model.is_empty() { "rows without a name" } else { &self.model };
        write!(f, "{name} ({} rows): left at {settings}, because {}", self.count, self.reason)
    }
}

impl ModelSettings {
    /// What is kept of an answer.
    #[must_use]
    pub fn of(answer: &TuneAnswer<'_>) -> Self {
        let row = answer.tuned.recommended();
        let guide = answer.tuned.documented.iter().find(|(name, _)| *name == "adaptive");
        let (fit, trust) = answer.observed.unzip();
        Self {
            model: answer.model.to_owned(),
            words: words(row),
            count: trust.map_or(0, |trust| trust.count),
            median: answer.goal.done_time.quantile(0.5),
            polls: row.polls,
            delay: row.delay_mean,
            cost: row.cost,
            guide: guide.map(|(_, row)| row.cost),
            is_close: fit.is_none_or(crate::fit::Fit::is_close),
            weather: answer.weather.to_vec(),
            js: settings::entry(answer.model, GuideSettings::of(answer)),
            schedule: settings::schedule(row),
            limit: settings::limit(answer.deadline),
            json: json::json(answer),
        }
    }
}

/// For people: a line for each model.
#[must_use]
pub fn text(parts: &[ModelSettings], left: &[SkippedModel]) -> String {
    let width = parts.iter().map(|part| part.model.chars().count()).max().unwrap_or(0).max(5);
    let mut out = format!(
        "{:<width$} {:>8} {:>10} {:>8} {:>10} {:>8} {:>8}  settings\n",
        "model", "n", "median", "polls", "delay", "cost", "guide's"
    );
    for part in parts {
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let close = if part.is_close { "" } else { " (the fit is rough)" };
        let _ = writeln!(
            out,
            "{:<width$} {:>8} {:>10} {:>8.2} {:>10} {:>8.3} {:>8}  {}{close}",
            part.model,
            part.count,
            time(part.median),
            part.polls,
            or_dash(part.delay.map(time)),
            part.cost,
            or_dash(part.guide.map(|cost| format!("{cost:.3}"))),
            part.words
        );
    }
    let (tuned, guide) = parts
        .iter()
        .filter_map(|part| Some((part.cost, part.guide?, part.count as f64)))
        .fold((0.0, 0.0), |(tuned, guide), (cost, guides, count)| (tuned + cost * count, guide + guides * count));
    if guide > tuned {
        let _ = writeln!(
            out,
            "\nover all of these tasks {} of the cost of the guide's settings are saved",
            percent(1.0 - tuned / guide)
        );
    }
    for part in parts.iter().filter(|part| !part.weather.is_empty()) {
        let lines: Vec<String> = part.weather.iter().map(weather_line).collect();
        let _ = writeln!(out, "\n{}\n{}", part.model, lines.join("\n"));
    }
    left.iter().for_each(|left| out.push_str(&format!("{left}\n")));
    out
}

/// The guide's settings table.
#[must_use]
pub fn js(parts: &[ModelSettings]) -> String {
    let entries: String = parts.iter().map(|part| format!("  {}\n", part.js)).collect();
    format!("const configs = {{\n{entries}}};\n")
}

/// A strategy for a scenario file; models that were not tuned are asked as the guide says.
#[must_use]
pub fn toml(parts: &[ModelSettings]) -> String {
    let mut out = "[[strategies]]\npreset = \"adaptive-hardened\"\nname = \"tuned\"\n".to_owned();
    for ModelSettings { model, schedule, limit, words, .. } in parts {
        let key = toml_key(model);
        let _ = writeln!(out, "# {words}\nmodels.{key}.schedule = {schedule}\nmodels.{key}.limit = {limit}");
    }
    out
}

fn toml_key(name: &str) -> String {
    // A JSON string is a basic string of TOML.
    json!(name).to_string()
}

/// For programs: the answer of `tune --format json` for each model.
#[must_use]
pub fn json(parts: &[ModelSettings], left: &[SkippedModel], account: &Account) -> String {
    let models: Map<String, Value> =
        parts.iter().map(|part| (part.model.clone(), serde_json::from_str(&part.json).unwrap_or_default())).collect();
    let left: Vec<Value> =
        left.iter().map(|left| json!({"model": left.model, "rows": left.count, "reason": left.reason})).collect();
    format!("{:#}\n", json!({"models": models, "left": left, "read": reading::json(account)}))
}
