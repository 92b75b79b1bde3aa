//! What an outage, a rate limit or any other weather does to the recommended settings: simulated, beside calm.

use super::hybrid::{Hybrid, Webhook};
use super::print::{Answer, percent, time};
use super::settings::{GuideSettings, table};
use crate::engine::compare::compare;
use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Options};
use crate::figures::{count, trimmed};
use crate::inspection::Checks;
use crate::measure::results::Cell;
use crate::scenario::Scenario;
use crate::scenario::weather::WeatherError;
use crate::strategy::composition::{Channel, Limit, Pace, Schedule, Strategy};
use crate::strategy::planned::{self, last_poll};
use crate::strategy::presets::preset;
use crate::time::{Micros, Span};
use crate::world::arrivals::{Arrivals, Rate};
use crate::world::fault::FaultRules;
use crate::world::model::Model;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The recommended settings in a poller that polls over errors, as those that are written do.
    Poller,
    /// The same settings in the guide's loop, which the first error ends.
    GuideLoop,
    /// The guide's settings in the guide's loop.
    Guide,
    /// Webhooks, with fallback polls.
    Hybrid,
}

impl Who {
    const ALL: [Self; 4] = [Self::Poller, Self::GuideLoop, Self::Guide, Self::Hybrid];

    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Poller => "poller",
            Self::GuideLoop => "guide-loop",
            Self::Guide => "guide",
            Self::Hybrid => "webhook-hybrid",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Poller => "these settings, polled over errors",
            Self::GuideLoop => "these settings in the guide's loop",
            Self::Guide => "the guide's settings in its loop",
            Self::Hybrid => "webhooks, with fallback polls",
        }
    }

    /// The strategy; `None` where there is nothing to simulate.
    fn strategy(self, answer: &Answer<'_>, horizon: Micros) -> Option<Strategy> {
        let limit = answer.deadline.unwrap_or_else(|| last_poll(horizon));
        let hardened = |channel, schedule| {
            let pace = Pace { schedule, limit: Limit::WallClock(Span::nearest(limit)) };
            Some(Strategy { channel, pace, per_model: BTreeMap::new(), ..preset("adaptive-hardened")? })
        };
        let strategy = match self {
            Self::Poller => {
                let row = answer.tuned.recommended();
                hardened(Channel::Poll, planned::table(&Checks { instants: table(row), then: row.checks.then }))
            }
            Self::GuideLoop => GuideSettings::of(answer).strategy(),
            Self::Guide => preset("adaptive"),
            Self::Hybrid if answer.webhook == Webhook::None => None,
            Self::Hybrid => {
                let Hybrid { first, interval, .. } = Hybrid::of(answer.goal, answer.tuned);
                hardened(Channel::Both, Schedule::fixed(Micros::from_f64(first), Micros::from_f64(interval)).ok()?)
            }
        };
        strategy.map(|strategy| Strategy { name: self.name().to_owned(), ..strategy })
    }
}

/// What became of one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fared {
    /// Whose waits.
    pub who: Who,
    /// Whether nothing went wrong on the way: the same tasks without the faults.
    pub is_calm: bool,
    /// Tasks that succeeded and were never known.
    pub lost: u64,
    /// Mean delay in milliseconds of known tasks.
    pub delay_mean_ms: Option<f64>,
    /// Its 95th percentile over all tasks, in milliseconds; `None` where it falls on unknown ones.
    pub delay_p95_ms: Option<f64>,
    /// Polls of a task.
    pub polls: f64,
    /// Share of the requests that were answered with 429.
    pub share_429: f64,
}

/// What a weather does.
#[derive(Debug, Clone, PartialEq)]
pub struct Weathered {
    /// Its name.
    pub weather: String,
    /// Tasks under each row.
    pub tasks: u64,
    /// Tasks in a second.
    pub per_s: Option<f64>,
    /// First the recommended settings on a calm day.
    pub rows: Vec<Fared>,
}

/// Simulates tasks of `model` in a weather: as many as its scenario has and as they come there, or as many a day as the
/// answer says.
///
/// # Errors
///
/// The weather has faults for other models only.
pub fn weathered(answer: &Answer<'_>, model: &Model, weather: &Scenario) -> Result<Weathered, WeatherError> {
    let horizon = Micros::from_f64(answer.goal.horizon.max(answer.goal.deadline.unwrap_or(0.0)));
    let strategies: Vec<(Who, Strategy)> =
        Who::ALL.into_iter().filter_map(|who| Some((who, who.strategy(answer, horizon)?))).collect();
    let by_volume = answer.tasks_per_day.and_then(|tasks| Rate::per_s(tasks / 86_400.0)).map(Arrivals::Poisson);
    let calm = Scenario {
        models: vec![model.clone()],
        faults: FaultRules::default(),
        strategies: strategies.iter().map(|(_, strategy)| strategy.clone()).collect(),
        baseline: 0,
        gates: Vec::new(),
        horizon,
        arrivals: by_volume.unwrap_or_else(|| weather.arrivals.clone()),
        ..weather.clone()
    };
    let struck = calm.clone().in_weather(weather)?;
    let fared = |scenario: &Scenario, is_calm: bool| {
        let compared = compare(&Plan::new(scenario), Options::default(), &Control::default(), None);
        let cells = compared.map(|compared| compared.results.cells).unwrap_or_default();
        let row = |(cell, (who, _)): (&Cell, &(Who, Strategy))| Fared {
            who: *who,
            is_calm,
            lost: cell.lost,
            delay_mean_ms: cell.detection_delay_ms.mean,
            delay_p95_ms: cell.detection_delay_ms.p95,
            polls: cell.polls_per_task.mean,
            share_429: cell.share_429.unwrap_or(0.0),
        };
        cells.iter().zip(&strategies).map(row).collect::<Vec<_>>()
    };
    let mut rows = fared(&calm, true);
    rows.truncate(1);
    rows.extend(fared(&struck, false));
    let per_s = match &calm.arrivals {
        Arrivals::Poisson(rate) | Arrivals::Constant(rate) => Some(1e6 / rate.gap_us()),
        Arrivals::Burst | Arrivals::Trace(_) => None,
    };
    let tasks = weather.tasks * u64::from(weather.replicates);
    Ok(Weathered { weather: weather.name.clone(), tasks, per_s, rows })
}

/// For people.
pub(super) fn text(weathered: &Weathered) -> String {
    let Weathered { weather, tasks, per_s, rows } = weathered;
    let rate = per_s.map_or_else(String::new, |rate| format!(", {} a second", trimmed(rate, 3)));
    let mut out = format!(
        "\n{:<44} {:>16} {:>10} {:>10} {:>7} {:>7}\n",
        format!("in {weather} ({} tasks{rate})", count(*tasks)),
        "lost",
        "delay mean",
        "delay p95",
        "polls",
        "429s"
    );
    for row in rows {
        let who = if row.is_calm { "these settings on a calm day" } else { row.who.words() };
        let lost = match row.lost {
            0 => "0".to_owned(),
            lost => format!("{} ({})", count(lost), percent(lost as f64 / (*tasks).max(1) as f64)),
        };
        let or_dash = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| time(ms * 1e3));
        let _ = writeln!(
            out,
            "  {who:<42} {lost:>16} {:>10} {:>10} {:>7.2} {:>7}",
            or_dash(row.delay_mean_ms),
            or_dash(row.delay_p95_ms),
            row.polls,
            percent(row.share_429)
        );
    }
    out
}

/// One line for a table of several models.
pub(super) fn line(weathered: &Weathered) -> String {
    let share = |row: &Fared| percent(row.lost as f64 / weathered.tasks.max(1) as f64);
    let rows: Vec<String> = weathered
        .rows
        .iter()
        .map(|row| {
            let who = if row.is_calm { "calm" } else { row.who.name() };
            let delay = row.delay_mean_ms.map_or_else(|| "-".to_owned(), |ms| time(ms * 1e3));
            format!("{who} {} lost, delay {delay}, {} 429s", share(row), percent(row.share_429))
        })
        .collect();
    format!("  in {}: {}", weathered.weather, rows.join("; "))
}

/// For programs.
pub(super) fn json(weathered: &Weathered) -> Value {
    let row = |row: &Fared| {
        json!({
            "who": row.who.name(),
            "calm": row.is_calm,
            "lost": row.lost,
            "delay_ms": {"mean": row.delay_mean_ms, "p95": row.delay_p95_ms},
            "polls": row.polls,
            "share_429": row.share_429,
        })
    };
    let rows: Vec<Value> = weathered.rows.iter().map(row).collect();
    json!({"weather": weathered.weather, "tasks": weathered.tasks, "tasks_per_s": weathered.per_s, "rows": rows})
}
