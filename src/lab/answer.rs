//! Figures and marks of a state: one run of the simulator.

use super::limits::HORIZON_S;
use super::looks::{Painted, painted};
use super::state::{InvalidLabState, LabState, Written};
use crate::engine::compare::{Compared, compare_with};
use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Options};
use crate::inspection::{Accuracy, CostWeights, DoneTime};
use crate::measure::results::{Cell, Interval};
use crate::measure::series::{CellSeries, PollMark, SampledTask};
use crate::scenario::Scenario;
use crate::strategy::composition::{Channel, Strategy};
use crate::tune::Goal;
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;

/// Points of the completion curve, at equal factors from [`CURVE_FROM_S`] to the horizon.
const CURVE_POINTS: usize = 181;
const CURVE_FROM_S: f64 = 1.0;
/// Points of an empirical distribution that are drawn.
const ECDF_POINTS: usize = 120;
/// Polls of a sampled task that are drawn.
const MOST_POLLS: usize = 400;
/// Who loses a greater share of the tasks is never the answer.
const FEW_LOST: f64 = 0.01;

/// What the page asks.
#[derive(Debug, Clone, PartialEq)]
pub struct LabQuestion {
    state: LabState,
    view: View,
}

/// A question as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    state: Written,
    view: View,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct View {
    /// Whether the controls are at rest: then the floor is exact and there are settings to paste.
    exact: bool,
    /// The share of the tasks that is simulated, to keep up with a hand; all of them where absent, and at rest.
    share: Option<f64>,
    /// The strategy whose tasks are shown poll by poll; the first where absent.
    focus: Option<String>,
}

/// What the page draws. Times are seconds, all of them over all replicates but those of `raster`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabAnswer {
    /// Hash of all task records: what `compare` prints for `scenario`, where this is the whole of it, and exact.
    pub digest: String,
    /// The text of the scenario that was run.
    pub scenario: String,
    /// Tasks over all replicates that were simulated: all of the scenario's, unless less was asked for.
    pub tasks: u64,
    /// Whether that is all of them.
    whole: bool,
    /// The distribution of the time from the submit to the task's end.
    curve: Curve,
    /// One for each strategy, in their order.
    marks: Vec<Mark>,
    /// Requests of a task, its submit among them, and delay that no polling strategy can be below and left of; empty where
    /// that is not known.
    floor: Vec<(f32, f32)>,
    /// Whether the floor is exact and planned strategies planned so, or quickly.
    exact: bool,
    /// Settings for the guide's loop; only at rest.
    settings: Option<Settings>,
    raster: Raster,
    /// The strategy of least cost that loses hardly a task, and the same of those that only poll.
    best: Option<String>,
    best_polling: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Curve {
    at: Vec<f32>,
    /// Share of the tasks that end between an instant and `e` times as long, in the limit of short steps.
    density: Vec<f32>,
    below: Vec<f32>,
    /// Instants by which these shares of those that end have ended.
    quantiles: Vec<(f32, f32)>,
    ends: f32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Mark {
    strategy: String,
    look: Painted,
    about: String,
    /// Whether it is told by webhooks.
    told: bool,
    requests: f64,
    requests_ci: Option<Interval>,
    /// Mean over known tasks.
    delay: Option<f64>,
    delay_ci: Option<Interval>,
    delay_p95: Option<f64>,
    cost: f64,
    cost_ci: Option<Interval>,
    lost: u64,
    lost_share: f64,
    /// Share of the tasks that ever became known.
    known: f64,
    /// Detection delay and the share of all tasks known by then.
    ecdf: Vec<(f32, f32)>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Settings {
    first: String,
    interval: String,
    limit: String,
    first_s: f64,
    interval_s: f64,
    limit_s: f64,
    /// Expected cost of a task, in a world without faults and round trips.
    cost: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Raster {
    strategy: String,
    tasks: Vec<Row>,
}

/// A task, since the start of its wait.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    /// That start, since the beginning of the run.
    began: f32,
    done: Option<f32>,
    settled: Option<f32>,
    known: bool,
    struck: bool,
    /// Instant, and `u`seful, `w`asted or `f`ailed.
    polls: Vec<(f32, char)>,
    /// Polls that are not in it.
    more: usize,
}

impl LabQuestion {
    /// The question in this JSON text: `{"state": …, "view": {"exact": …, "focus": …}}`.
    ///
    /// # Errors
    ///
    /// Where it is none, or beyond the lab's bounds.
    pub fn parse(json: &str) -> Result<Self, InvalidLabState> {
        let Asked { state, view } =
            serde_json::from_str(json).map_err(|error| InvalidLabState::Form(error.to_string()))?;
        if let Some(share) = view.share
            && !(share > 0.0 && share <= 1.0)
        {
            return Err(InvalidLabState::Number { key: "share", value: share, min: 0.0, max: 1.0, whole: false });
        }
        Ok(Self { state: LabState::new(state)?, view })
    }

    /// The question for a state at rest.
    #[must_use]
    pub fn at_rest(state: LabState) -> Self {
        Self { state, view: View { exact: true, share: None, focus: None } }
    }

    /// Whether nothing is left out or drawn roughly, which takes time.
    #[must_use]
    pub fn is_thorough(&self) -> bool {
        self.view.exact
    }
}

/// Runs the simulator on all cores. `None` where `control` stopped it.
///
/// # Errors
///
/// Where the state is no scenario.
pub fn answer(question: &LabQuestion, control: &Control) -> Result<Option<LabAnswer>, InvalidLabState> {
    let LabQuestion { state, view } = question;
    let run = match view.share {
        Some(share) if !view.exact => state.fewer(share),
        Some(_) | None => state.clone(),
    };
    let accuracy = if view.exact { Accuracy::Exact } else { Accuracy::Rough };
    let scenario = run.scenario_within(accuracy)?;
    if control.stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let plan = Plan::new(&scenario);
    let Some(compared) = compare_with(&plan, Options { sample: true, ..Options::default() }, control, None, accuracy)
    else {
        return Ok(None);
    };
    // What is still to come takes a while at rest.
    if control.stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let done_time = DoneTime::of_model(&scenario.models[0]);
    let Compared { results, series, .. } = &compared;
    let focus = view.focus.as_ref().and_then(|name| scenario.strategies.iter().position(|known| known.name == *name));
    let focus = focus.unwrap_or(0);
    let names: Vec<&str> = scenario.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
    let strategies = scenario.strategies.iter().zip(painted(&names));
    let marks: Vec<Mark> = strategies
        .zip(results.cells.iter().zip(&series.cells))
        .map(|((strategy, look), (cell, curves))| mark(strategy, look, cell, curves))
        .collect();
    Ok(Some(LabAnswer {
        digest: results.run.digest.clone(),
        scenario: state.text(),
        tasks: scenario.tasks * u64::from(scenario.replicates),
        whole: run == *state,
        curve: curve(&done_time),
        best: best(&marks, |_| true),
        best_polling: best(&marks, |mark| !mark.told),
        marks,
        floor: series
            .floors
            .first()
            .into_iter()
            .flatten()
            .map(|(polls, delay)| (*polls as f32 + 1.0, *delay as f32))
            .collect(),
        exact: view.exact,
        settings: if view.exact { settings(&scenario, &done_time) } else { None },
        raster: raster(&scenario.strategies[focus].name, &series.cells[focus]),
    }))
}

fn curve(done_time: &DoneTime) -> Curve {
    let step = (HORIZON_S as f64 / CURVE_FROM_S).ln() / (CURVE_POINTS - 1) as f64;
    let instant = |index: f64| CURVE_FROM_S * (index * step).exp();
    let below = |seconds: f64| done_time.below(seconds * 1e6);
    let at: Vec<f64> = (0..CURVE_POINTS).map(|index| instant(index as f64)).collect();
    let between: Vec<f64> = (0..=CURVE_POINTS).map(|index| below(instant(index as f64 - 0.5))).collect();
    let density = between.windows(2).map(|ends| ((ends[1] - ends[0]) / step) as f32);
    let ends = done_time.ends();
    let shares = [0.05, 0.5, 0.95];
    let quantiles =
        shares.iter().filter(|_| ends > 0.0).map(|share| (*share as f32, (done_time.quantile(*share) / 1e6) as f32));
    Curve {
        density: density.collect(),
        below: at.iter().map(|at| below(*at) as f32).collect(),
        at: at.iter().map(|at| *at as f32).collect(),
        quantiles: quantiles.filter(|(_, at)| at.is_finite()).collect(),
        ends: ends as f32,
    }
}

fn mark(strategy: &Strategy, look: Painted, cell: &Cell, curves: &CellSeries) -> Mark {
    let seconds = |ms: f64| ms / 1e3;
    let delay = &cell.detection_delay_ms;
    Mark {
        strategy: cell.strategy.clone(),
        look,
        about: strategy.about.clone(),
        told: strategy.channel != Channel::Poll,
        requests: cell.requests_per_task.mean,
        requests_ci: cell.requests_per_task.ci95,
        delay: delay.mean.map(seconds),
        delay_ci: delay.ci95.map(|ends| ends.map(seconds)),
        delay_p95: delay.p95.map(seconds),
        cost: cell.cost.mean,
        cost_ci: cell.cost.ci95,
        lost: cell.lost,
        lost_share: cell.lost as f64 / cell.tasks.max(1) as f64,
        known: 1.0 - cell.latency_ms.censored_share,
        ecdf: thinned(&curves.delay_ecdf),
    }
}

/// At most so many points of a curve, its ends among them.
fn thinned(points: &[(f64, f64)]) -> Vec<(f32, f32)> {
    let last = points.len().saturating_sub(1);
    let step = points.len().div_ceil(ECDF_POINTS).max(1);
    let kept = points.iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last);
    kept.map(|(_, (x, y))| (*x as f32, *y as f32)).collect()
}

fn best(marks: &[Mark], may: impl Fn(&Mark) -> bool) -> Option<String> {
    let able = marks.iter().filter(|mark| may(mark) && mark.lost_share <= FEW_LOST);
    able.min_by(|a, b| a.cost.total_cmp(&b.cost)).map(|mark| mark.strategy.clone())
}

fn settings(scenario: &Scenario, done_time: &DoneTime) -> Option<Settings> {
    let CostWeights { delay_per_s, .. } = scenario.cost;
    let horizon = scenario.horizon.get() as f64;
    // Tasks that never end would be asked for until the limit; the guide's loop is given one that cuts off hardly a task.
    let goal = Goal { horizon, ..Goal::new(done_time, scenario.cost).ok()? };
    let quick = goal.quick(&scenario.models[0].name, &[delay_per_s])?.into_iter().next()?;
    let limit = quick.settings.max?;
    Some(Settings {
        first: quick.settings.initial.to_string(),
        interval: quick.settings.interval.to_string(),
        limit: limit.to_string(),
        first_s: quick.settings.initial.as_secs(),
        interval_s: quick.settings.interval.as_secs(),
        limit_s: limit.as_secs(),
        cost: quick.row.cost,
    })
}

fn raster(strategy: &str, curves: &CellSeries) -> Raster {
    let row = |task: &SampledTask| {
        let since = |at: f64| (at - task.wait_start) as f32;
        let letter = |mark: PollMark| match mark {
            PollMark::Useful => 'u',
            PollMark::Wasted => 'w',
            PollMark::Failed => 'f',
        };
        Row {
            began: task.wait_start as f32,
            done: task.done.map(since),
            settled: task.settled.map(since),
            known: task.known,
            struck: task.struck,
            polls: task.polls.iter().take(MOST_POLLS).map(|(at, mark)| (since(*at), letter(*mark))).collect(),
            more: task.polls.len().saturating_sub(MOST_POLLS),
        }
    };
    Raster { strategy: strategy.to_owned(), tasks: curves.sample.iter().map(row).collect() }
}
