//! The recommendation as settings: a strategy for a scenario file, an entry of the guide's table.

use super::print::{Answer, ms, time, trimmed, words};
use super::{Family, Row};
use crate::inspection::Then;
use crate::time::Micros;

/// A strategy for a scenario file.
#[must_use]
pub fn toml(answer: &Answer<'_>) -> String {
    let row = answer.tuned.recommended();
    let at = |name: &str| Micros::from_f64(row.parameter(name).unwrap_or(0.0)).to_string();
    let schedule = match row.family {
        Family::Fixed => format!("{{ kind = \"fixed\", first = \"{0}\", interval = \"{0}\" }}", at("interval")),
        Family::Adaptive => {
            format!(
                "{{ kind = \"initial+fixed\", initial = \"{}\", interval = \"{}\" }}",
                at("initial"),
                at("interval")
            )
        }
        Family::ExponentialDelayed | Family::Exponential => {
            let first = if row.family == Family::Exponential { "0s".to_owned() } else { at("interval") };
            // After a first wait of one interval the next gap is the next of the series.
            let growth = row.parameter("multiplier").unwrap_or(1.0);
            let cap = row.parameter("cap").unwrap_or(0.0);
            let next = if row.family == Family::Exponential { 1.0 } else { growth };
            let interval = Micros::from_f64((row.parameter("interval").unwrap_or(0.0) * next).min(cap));
            format!(
                "{{ kind = \"exponential\", first = \"{first}\", interval = \"{interval}\", multiplier = {growth}, cap = \"{}\" }}",
                at("cap")
            )
        }
        Family::AdaptiveGeometric | Family::Optimal => {
            let instants: Vec<String> =
                table(row).into_iter().map(|at| format!("\"{}\"", Micros::from_f64((at - 1e-3).ceil()))).collect();
            format!("{{ kind = \"table\", instants = [{}] }}", instants.join(", "))
        }
    };
    let limit = match answer.deadline {
        Some(deadline) => format!("{{ kind = \"wall-clock\", deadline = \"{deadline}\" }}"),
        None => "{ kind = \"none\" }".to_owned(),
    };
    format!(
        "# {}: {}\n[[strategies]]\nname = \"tuned\"\nschedule = {schedule}\nlimit = {limit}\n",
        answer.model,
        words(row)
    )
}

/// The polls of a row one by one; past the last the gap repeats.
fn table(row: &Row) -> Vec<f64> {
    let mut instants = row.checks.instants.clone();
    if let (Then::Every(gap), Some(last)) = (row.checks.then, instants.last().copied()) {
        instants.push(last + gap);
    }
    instants
}

/// An entry of the guide's settings table, whose `max` is compared with the sum of the sleeps.
#[must_use]
pub fn js(answer: &Answer<'_>) -> String {
    let row = answer.tuned.family(Family::Adaptive).unwrap_or_else(|| answer.tuned.recommended());
    let at = |name: &str| ms(row.parameter(name).unwrap_or(0.0));
    let initial = if row.parameter("initial").is_some() { at("initial") } else { at("interval") };
    let max = answer.deadline.map_or_else(|| "Infinity".to_owned(), |deadline| deadline.as_millis().to_string());
    let model = answer.model.replace('\\', "\\\\").replace('\'', "\\'");
    format!(
        "// {} requests a task, {} delay on the average\nconst configs = {{\n  '{model}': {{ initial: {initial}, interval: {}, max: {max} }},\n}};\n",
        trimmed(row.polls, 2),
        row.delay_mean.map_or_else(|| "unknown".to_owned(), time),
        at("interval")
    )
}
