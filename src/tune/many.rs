//! The answers for several models at once.

use super::json;
use super::print::{TuneAnswer, percent, time, weather_line, words};
use super::reading;
use super::settings::{self, GuideSettings};
use super::weather::Weathered;
use crate::figures::{count, number, plural};
use crate::observations::{Account, shown};
use crate::strategy::presets::preset;
use serde_json::{Map, Value, json};
use std::fmt::{self, Write as _};

/// So many models that were not tuned are named, if there are more than one beside them.
const MOST_LEFT: usize = 3;

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
        let (name, rows) = (shown(&self.model), plural(self.count, "row"));
        write!(f, "{name} ({rows}): left at {settings}, because {}", self.reason)
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

/// Columns of the table for people.
const COLUMNS: [&str; 8] = ["model", "n", "median (fit)", "polls", "delay", "cost", "cost of the guide's", "settings"];

/// For people: a line for each model.
#[must_use]
pub fn text(parts: &[ModelSettings], left: &[SkippedModel]) -> String {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let row = |part: &ModelSettings| {
        let close = if part.is_close { "" } else { " (the fit is rough)" };
        [
            shown(&part.model),
            count(part.count as u64),
            time(part.median),
            number(part.polls),
            or_dash(part.delay.map(time)),
            number(part.cost),
            or_dash(part.guide.map(number)),
            format!("{}{close}", part.words),
        ]
    };
    let rows: Vec<[String; 8]> = std::iter::once(COLUMNS.map(str::to_owned)).chain(parts.iter().map(row)).collect();
    // Each column is as wide as its longest cell; the last one is as long as it is.
    let widths: Vec<usize> =
        (0..7).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        let _ = write!(out, "{:<width$}", row[0], width = widths[0]);
        for (cell, width) in row[1..7].iter().zip(&widths[1..]) {
            let _ = write!(out, "  {cell:>width$}");
        }
        let _ = writeln!(out, "  {}", row[7]);
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
        let _ = writeln!(out, "\n{}\n{}", shown(&part.model), lines.join("\n"));
    }
    left_out(left).iter().for_each(|line| out.push_str(&format!("{line}\n")));
    out
}

/// Models that were not tuned, a line each: the first few where they are many.
#[must_use]
pub fn left_out(left: &[SkippedModel]) -> Vec<String> {
    let named = if left.len() > MOST_LEFT + 1 { MOST_LEFT } else { left.len() };
    let mut lines: Vec<String> = left.iter().take(named).map(ToString::to_string).collect();
    if named < left.len() {
        lines.push(format!("and {} more", left.len() - named));
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(model: &str, cost: f64) -> ModelSettings {
        ModelSettings {
            model: model.to_owned(),
            words: "every 4 s".to_owned(),
            count: 1_250,
            median: 120e6,
            polls: 3.4,
            delay: Some(2e6),
            cost,
            guide: Some(2.0 * cost),
            is_close: true,
            weather: Vec::new(),
            js: String::new(),
            schedule: String::new(),
            limit: String::new(),
            json: String::new(),
        }
    }

    /// However long a name or a number, what stands in a column ends where its header ends.
    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let text = text(&[part("a", 4_893_113.605), part("a model of a long name\0", 1.5)], &[]);
        let lines: Vec<&str> = text.lines().take(3).collect();
        for header in ["n", "median (fit)", "polls", "delay", "cost", "cost of the guide's"] {
            let end = lines[0].find(&format!(" {header} ")).expect(header) + 1 + header.len();
            for line in &lines[1..] {
                let around = &line.as_bytes()[end - 1..=end];
                assert!(around[0] != b' ' && around[1] == b' ', "{header}: {text}");
            }
        }
        assert!(lines[1].contains("4,893,114") && lines[2].contains("long name\\0"), "{text}");
    }

    #[test]
    fn many_that_are_left_are_counted() {
        let left = |count: usize| {
            let one = |at| SkippedModel { model: format!("job-{at}"), count: 1, reason: "it is one".to_owned() };
            left_out(&(0..count).map(one).collect::<Vec<_>>())
        };
        assert_eq!((left(0).len(), left(4).len()), (0, 4));
        let lines = left(125);
        assert_eq!((lines.len(), lines[3].as_str()), (4, "and 122 more"));
        assert_eq!(lines[0], "job-0 (1 row): left at the guide's settings for any model, because it is one");
    }
}
