//! What an outage, a rate limit or any other weather does to the recommended settings: simulated, beside calm.

use super::hybrid::{Hybrid, Webhook};
use super::print::TuneAnswer;
use super::settings::{GuideSettings, table};
use super::weather::{Contender, WeatherOutcome, Weathered};
use crate::engine::compare::compare;
use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Options};
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
use std::collections::BTreeMap;

/// Simulates tasks of `model` in a weather: as many as its scenario has and as they come there, or as many a day as the
/// answer says.
///
/// # Errors
///
/// The weather has faults for other models only.
pub fn weathered(answer: &TuneAnswer<'_>, model: &Model, weather: &Scenario) -> Result<Weathered, WeatherError> {
    let horizon = Micros::from_f64(answer.goal.horizon.max(answer.goal.deadline.unwrap_or(0.0)));
    let strategies: Vec<(Contender, Strategy)> =
        Contender::ALL.into_iter().filter_map(|who| Some((who, strategy(who, answer, horizon)?))).collect();
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
        let row = |(cell, (who, _)): (&Cell, &(Contender, Strategy))| WeatherOutcome {
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

/// The strategy of those who wait so; `None` where there is nothing to simulate.
fn strategy(who: Contender, answer: &TuneAnswer<'_>, horizon: Micros) -> Option<Strategy> {
    let limit = answer.deadline.unwrap_or_else(|| last_poll(horizon));
    let hardened = |channel, schedule| {
        let pace = Pace { schedule, limit: Limit::WallClock(Span::nearest(limit)) };
        Some(Strategy { channel, pace, per_model: BTreeMap::new(), ..preset("adaptive-hardened")? })
    };
    let strategy = match who {
        Contender::Poller => {
            let row = answer.tuned.recommended();
            hardened(Channel::Poll, planned::table(&Checks { instants: table(row), then: row.checks.then }))
        }
        Contender::GuideLoop => GuideSettings::of(answer).strategy(),
        Contender::Guide => preset("adaptive"),
        Contender::Hybrid if answer.webhook == Webhook::None => None,
        Contender::Hybrid => {
            let Hybrid { first, interval, .. } = Hybrid::of(answer.goal, answer.tuned);
            hardened(Channel::Both, Schedule::fixed(Micros::from_f64(first), Micros::from_f64(interval)).ok()?)
        }
    };
    strategy.map(|strategy| Strategy { name: who.name().to_owned(), ..strategy })
}
