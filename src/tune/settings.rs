//! The recommendation as settings: a strategy for a scenario file, an entry of the guide's table.

use super::print::{TuneAnswer, percent, time, words};
use super::{Family, TuneRow};
use crate::figures::trimmed;
use crate::inspection::{AfterLast, Checks};
use crate::strategy::calm::checks;
use crate::strategy::composition::{Limit, Pace, Schedule, Strategy};
use crate::strategy::presets::preset;
use crate::time::Micros;
use std::collections::BTreeMap;

/// A strategy for a scenario file.
#[must_use]
pub fn toml(answer: &TuneAnswer<'_>) -> String {
    let row = answer.tuned.recommended();
    format!(
        "# {}: {}\n[[strategies]]\nname = \"tuned\"\nschedule = {}\nlimit = {}\n",
        answer.model,
        words(row),
        schedule(row),
        limit(answer.deadline)
    )
}

/// A row as the schedule of a scenario file.
pub(super) fn schedule(row: &TuneRow) -> String {
    let at = |name: &str| Micros::from_f64(row.parameter(name).unwrap_or(0.0)).to_string();
    match row.family {
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
        Family::AdaptiveGeometric | Family::Quantile | Family::Optimal => {
            let instants: Vec<String> =
                table(row).into_iter().map(|at| format!("\"{}\"", Micros::from_f64((at - 1e-3).ceil()))).collect();
            format!("{{ kind = \"table\", instants = [{}] }}", instants.join(", "))
        }
    }
}

/// A deadline as the limit of a scenario file.
pub(super) fn limit(deadline: Option<Micros>) -> String {
    match deadline {
        Some(deadline) => format!("{{ kind = \"wall-clock\", deadline = \"{deadline}\" }}"),
        None => "{ kind = \"none\" }".to_owned(),
    }
}

/// The polls of a row one by one; past the last the gap repeats.
pub(super) fn table(row: &TuneRow) -> Vec<f64> {
    let mut instants = row.checks.instants.clone();
    if let (AfterLast::Every(gap), Some(last)) = (row.checks.then, instants.last().copied()) {
        instants.push(last + gap);
    }
    instants
}

/// What the guide's loop is to be given: it waits `initial`, and polls while the sum of its sleeps is below `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuideSettings {
    /// The first wait.
    pub initial: Micros,
    /// The gap after each poll.
    pub interval: Micros,
    /// The loop ends as soon as its sleeps add up to this; `None` for never.
    pub max: Option<Micros>,
}

impl GuideSettings {
    /// Of the best of the family that the loop can run, in whole milliseconds. A poll that would come after the deadline is
    /// made there, and `max` lies a millisecond behind it, since the loop makes no poll at `max`.
    #[must_use]
    pub fn of(answer: &TuneAnswer<'_>) -> Self {
        let row = answer.tuned.family(Family::Adaptive).unwrap_or_else(|| answer.tuned.recommended());
        let whole = |name: &str| row.parameter(name).map(|us| Micros::from_millis((us / 1e3).round() as u64));
        let interval = whole("interval").unwrap_or(Micros::from_millis(1)).max(Micros::from_millis(1));
        let first = whole("initial").unwrap_or(interval);
        let deadline = answer.deadline.map(|deadline| Micros::from_millis(deadline.get().div_ceil(1_000)));
        Self {
            initial: deadline.map_or(first, |deadline| first.min(deadline)),
            interval,
            max: deadline.map(|deadline| deadline + Micros::from_millis(1)),
        }
    }

    /// The guide's strategy with these settings; `None` for times beyond [`Micros::LONGEST`].
    #[must_use]
    pub fn strategy(self) -> Option<Strategy> {
        let schedule = Schedule::fixed(self.initial, self.interval).ok()?;
        let limit = match self.max {
            None => Limit::None,
            Some(max) => Limit::sum_of_sleeps(max)?,
        };
        let adaptive = preset("adaptive")?;
        Some(Strategy { pace: Pace { schedule, limit }, per_model: BTreeMap::new(), ..adaptive })
    }

    /// The polls of the guide's loop with these settings.
    pub(super) fn checks(self, horizon: Micros) -> Option<Checks> {
        match self.max {
            Some(_) => checks(&self.strategy()?, "", horizon),
            None => {
                let us = |time: Micros| time.get() as f64;
                Some(Checks { instants: vec![us(self.initial)], then: AfterLast::Every(us(self.interval)) })
            }
        }
    }
}

/// An entry of the guide's settings table, and what the guide's loop does with it.
#[must_use]
pub fn js(answer: &TuneAnswer<'_>) -> String {
    let settings = GuideSettings::of(answer);
    let horizon = answer.goal.deadline.unwrap_or(0.0).max(answer.goal.horizon);
    let does = settings.checks(Micros::from_f64(horizon)).map(|checks| {
        let row = TuneRow::of(answer.goal, Family::Adaptive, Vec::new(), checks);
        let delay = row.delay_mean.map_or_else(|| "unknown".to_owned(), time);
        let lost = if row.timeout > 5e-5 { format!(", {} given up", percent(row.timeout)) } else { String::new() };
        format!("// in the guide's loop: {} requests a task, mean delay {delay}{lost}\n", trimmed(row.polls, 2))
    });
    format!("{}const configs = {{\n  {}\n}};\n", does.unwrap_or_default(), entry(answer.model, settings))
}

/// An entry of the guide's settings table.
#[must_use]
pub fn entry(model: &str, settings: GuideSettings) -> String {
    let max = settings.max.map_or_else(|| "Infinity".to_owned(), |max| max.as_millis().to_string());
    let model = model.replace('\\', "\\\\").replace('\'', "\\'").replace(['\n', '\r'], " ");
    let (initial, interval) = (settings.initial.as_millis(), settings.interval.as_millis());
    format!("'{model}': {{ initial: {initial}, interval: {interval}, max: {max} }},")
}
