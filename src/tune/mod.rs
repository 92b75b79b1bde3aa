//! The tuner: the best settings of each family of schedules for a distribution of times, beside the optimum and what the guide
//! documents.
//!
//! ```
//! use pollbench::inspection::{CostWeights, DoneTime};
//! use pollbench::tune::{Goal, tune};
//!
//! let done_time = DoneTime::of("lognormal(median=190s, sigma=0.28)".parse()?);
//! let goal = Goal::new(&done_time, CostWeights { poll: 1.0, delay_per_s: 0.1 })?;
//! let tuned = tune(&goal, "sora-2");
//! let advice = tuned.recommended();
//! assert!(advice.cost < 1.05 * tuned.optimal().cost);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod drift;
pub mod family;
#[doc(hidden)]
pub mod hybrid;
#[doc(hidden)]
pub mod json;
#[doc(hidden)]
pub mod many;
pub mod observed;
#[doc(hidden)]
pub mod poller;
#[doc(hidden)]
pub mod print;
mod quick;
#[doc(hidden)]
pub mod reading;
mod search;
#[doc(hidden)]
pub mod settings;
#[doc(hidden)]
pub mod simulated;
#[doc(hidden)]
pub mod weather;

pub use drift::{Drift, drift};
pub use quick::Quick;

use crate::inspection::rules::RULES;
use crate::inspection::{
    AfterLast, Bounds, Checks, CostWeights, Cumulative, DoneTime, Expected, ScheduleProblem, Sketch, UnsolvableProblem,
    lossy,
};
use crate::strategy::calm::checks;
use crate::strategy::composition::Schedule;
use crate::strategy::presets::preset;
use crate::time::Micros;
use family::{FAMILIES, Family, Landmarks, Parameters};
use search::Effort;

/// A simpler family is recommended where it costs no more than this above the best.
const GOOD_ENOUGH: f64 = 0.01;

/// The least horizon, in microseconds, and how many times as long it is as almost all tasks take.
const HORIZON: (f64, f64) = (1_800e6, 4.0);
/// A task is among almost all with this probability.
const ALMOST: f64 = 0.999;

/// Bounds that the schedule nearest to them breaks by more than this are out of reach.
const HOPELESS: f64 = 0.05;

/// What is to be tuned, and for what.
#[derive(Debug, Clone)]
pub struct Goal<'a> {
    /// The distribution of the done-instant.
    pub done_time: &'a DoneTime,
    /// What polls and delay cost.
    pub weights: CostWeights,
    /// When waits give up, in microseconds, with a last poll there; without one they go on until the horizon.
    pub deadline: Option<f64>,
    /// To which instant in microseconds waits are followed, and a task is charged that ends by then and is not known: as
    /// `compare` does, one more poll and the delay until then, so that giving up never pays.
    pub horizon: f64,
    /// What settings must keep to.
    pub bounds: Bounds,
    /// Probability that a poll fails.
    pub loss: f64,
}

/// One family at its best, or one documented strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneRow {
    /// Its family; of a documented strategy, the nearest.
    pub family: Family,
    /// Its parameters.
    pub parameters: Parameters,
    /// Its polls.
    pub checks: Checks,
    /// Expected cost of a task.
    pub cost: f64,
    /// Expected polls of a task.
    pub polls: f64,
    /// Mean delay in microseconds of the tasks that become known.
    pub delay_mean: Option<f64>,
    /// 95th percentile of the delay in microseconds, over all tasks; `None` where it falls on unknown ones.
    pub delay_p95: Option<f64>,
    /// Probability of giving up.
    pub timeout: f64,
}

/// What the tuner found.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// Every family that can keep the bounds, in the order of [`FAMILIES`]; the optimum is last.
    pub families: Vec<TuneRow>,
    /// What rules of thumb cost, by name.
    pub rules: Vec<(&'static str, TuneRow)>,
    /// The guide's strategies for the model, by name; without a deadline, without their limits.
    pub documented: Vec<(&'static str, TuneRow)>,
    /// Place of the recommended family.
    pub choice: usize,
    /// Whether the schedule of least cost keeps the bounds; where it does not, nothing does.
    pub is_feasible: bool,
    /// The goal's distribution as the search looked it up, up to the deadline.
    pub sketch: Sketch,
}

impl<'a> Goal<'a> {
    /// The goal of least cost, without deadline, bounds or loss.
    ///
    /// # Errors
    ///
    /// The weights are not both positive.
    pub fn new(done_time: &'a DoneTime, weights: CostWeights) -> Result<Self, UnsolvableProblem> {
        ScheduleProblem::new(done_time, weights)?;
        let horizon = HORIZON.0.max(HORIZON.1 * done_time.quantile(ALMOST));
        Ok(Self { done_time, weights, deadline: None, horizon, bounds: Bounds::default(), loss: 0.0 })
    }

    /// What is expected of polls under this goal, by the distribution itself or a table of it.
    pub fn expected(&self, checks: &Checks, done_time: &impl Cumulative) -> Expected {
        checks.expected(done_time, Some(self.deadline.unwrap_or(0.0).max(self.horizon)), self.loss)
    }

    /// Of the tasks that end, the share that ends after the deadline.
    #[must_use]
    pub fn cut_off(&self) -> f64 {
        let ends = self.done_time.ends();
        self.deadline.map_or(
            0.0,
            |deadline| if ends > 0.0 { (1.0 - self.done_time.below(deadline) / ends).max(0.0) } else { 0.0 },
        )
    }

    /// Of the tasks that end, the share that ends after the horizon.
    #[must_use]
    pub fn beyond_horizon(&self) -> f64 {
        let ends = self.done_time.ends();
        if ends > 0.0 { (1.0 - self.done_time.below(self.horizon) / ends).max(0.0) } else { 0.0 }
    }

    /// The schedule of least cost under this goal.
    #[must_use]
    pub fn optimum(&self) -> Option<Checks> {
        self.optimum_by(&Sketch::of(self.done_time, self.deadline))
    }

    /// The same, where the distribution's sketch up to the deadline is at hand.
    fn optimum_by(&self, sketch: &Sketch) -> Option<Checks> {
        let problem = self.problem()?;
        Some(lossy::improve(&problem, problem.solve_by(sketch), self.loss))
    }

    /// Nearly the same, quickly.
    fn optimum_roughly(&self, sketch: &Sketch) -> Option<Checks> {
        Some(self.problem()?.solve_roughly(sketch))
    }

    /// Nearly the same, by the sketch alone.
    fn optimum_for_drawing(&self, sketch: &Sketch) -> Option<Checks> {
        Some(self.problem()?.solve_for_drawing(sketch))
    }

    fn problem(&self) -> Option<ScheduleProblem<'a>> {
        let problem = ScheduleProblem::new(self.done_time, self.weights).ok()?.bounds(self.bounds);
        Some(match self.deadline {
            Some(deadline) => problem.deadline(deadline),
            None => problem,
        })
    }
}

impl TuneRow {
    fn of(goal: &Goal<'_>, family: Family, parameters: Parameters, checks: Checks) -> Self {
        let expected = goal.expected(&checks, goal.done_time);
        Self {
            family,
            parameters,
            cost: expected.cost(&goal.weights),
            polls: expected.polls,
            delay_mean: expected.delay(),
            delay_p95: checks.delay_quantile(goal.done_time, 0.95),
            timeout: expected.timeouts.total(),
            checks,
        }
    }

    /// A parameter by name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

impl Tuned {
    /// The recommended row: the simplest family within one per cent of the best.
    #[must_use]
    pub fn recommended(&self) -> &TuneRow {
        &self.families[self.choice]
    }

    /// The row that none is below.
    #[must_use]
    pub fn optimal(&self) -> &TuneRow {
        &self.families[self.families.len() - 1]
    }

    /// The row of a family, if it can keep the bounds.
    #[must_use]
    pub fn family(&self, family: Family) -> Option<&TuneRow> {
        self.families.iter().find(|row| row.family == family)
    }

    /// How much more than the optimum the recommended settings cost, as a share of it.
    #[must_use]
    pub fn excess(&self) -> f64 {
        (self.recommended().cost / self.optimal().cost - 1.0).max(0.0)
    }
}

/// Tunes every family for a goal; `model` picks the guide's settings to compare with.
///
/// # Panics
///
/// Never for a goal that was made by [`Goal::new`].
#[must_use]
pub fn tune(goal: &Goal<'_>, model: &str) -> Tuned {
    let sketch = Sketch::of(goal.done_time, goal.deadline);
    let optimum = goal.optimum_by(&sketch).expect("a goal has positive weights");
    let landmarks = Landmarks::of(goal.done_time);
    let simple = FAMILIES.iter().filter(|family| **family != Family::Optimal);
    let best = |family: &Family| {
        let (parameters, checks) = search::best(goal, &sketch, &landmarks, *family, &optimum, Effort::FULL)?;
        Some(TuneRow::of(goal, *family, parameters, checks))
    };
    let broken = goal.judge(&optimum, goal.done_time).1;
    let is_feasible = broken <= 1e-3;
    // Where the best of all is far from keeping the bounds, no family does.
    let mut families: Vec<TuneRow> = if broken > HOPELESS { Vec::new() } else { simple.filter_map(best).collect() };
    let mut best = TuneRow::of(goal, Family::Optimal, Vec::new(), optimum);
    // Under bounds the dynamic program is good to some 10⁻³, and a family may come nearer: then its polls are the best.
    if let Some(row) = families.iter().filter(|_| is_feasible).min_by(|a, b| a.cost.total_cmp(&b.cost))
        && row.cost < best.cost
    {
        best = TuneRow::of(goal, Family::Optimal, Vec::new(), row.checks.listed(goal.done_time));
    }
    families.push(best);
    let least = families.iter().map(|row| row.cost).fold(f64::INFINITY, f64::min);
    let choice = families.iter().position(|row| row.cost <= least * (1.0 + GOOD_ENOUGH)).unwrap_or(families.len() - 1);
    let rules = rules(goal, &sketch);
    Tuned { families, rules, documented: documented(goal, model), choice, is_feasible, sketch }
}

/// Polls of a task and mean delay in microseconds of each family at its best for polls that cost so many times as much,
/// the optimum included: what they trade.
///
/// `sketch` is that of the goal's distribution, up to its deadline, as in [`Tuned::sketch`]; another one gives wrong curves, and debug
/// builds panic.
#[must_use]
pub fn trade_off(goal: &Goal<'_>, sketch: &Sketch, ratios: &[f64]) -> Vec<(Family, Vec<(f64, f64)>)> {
    let mut curves: Vec<(Family, Vec<(f64, f64)>)> = FAMILIES.iter().map(|family| (*family, Vec::new())).collect();
    let landmarks = Landmarks::of(goal.done_time);
    for ratio in ratios {
        let weights = CostWeights { poll: goal.weights.poll * ratio, ..goal.weights };
        let goal = Goal { weights, ..goal.clone() };
        let Some(optimum) = goal.optimum_roughly(sketch) else { continue };
        for (family, points) in &mut curves {
            let checks = match family {
                Family::Optimal => Some(optimum.clone()),
                family => {
                    search::best(&goal, sketch, &landmarks, *family, &optimum, Effort::LIGHT).map(|(_, checks)| checks)
                }
            };
            let expected = checks.map(|checks| goal.expected(&checks, sketch));
            points.extend(expected.and_then(|expected| Some((expected.polls, expected.delay()?))));
        }
    }
    curves.retain(|(_, points)| !points.is_empty());
    curves
}

/// What rules of thumb cost that are no family of their own.
fn rules(goal: &Goal<'_>, sketch: &Sketch) -> Vec<(&'static str, TuneRow)> {
    let rules = RULES.iter().filter(|(_, name, _)| *name != Family::Quantile.name());
    let horizon = goal.deadline.map(|deadline| deadline.max(goal.horizon));
    rules
        .map(|(rule, name, _)| {
            let checks = rule.checks(goal.done_time, sketch, &goal.weights, goal.deadline, horizon);
            (*name, TuneRow::of(goal, Family::Optimal, Vec::new(), checks))
        })
        .collect()
}

/// The guide's strategies that poll.
const DOCUMENTED: [&str; 5] = ["basic", "adaptive", "exponential", "concurrent", "resilient"];

fn documented(goal: &Goal<'_>, model: &str) -> Vec<(&'static str, TuneRow)> {
    DOCUMENTED.into_iter().filter_map(|name| documented_as(goal, model, name)).collect()
}

/// One of them with the guide's settings for the model.
fn documented_as(goal: &Goal<'_>, model: &str, name: &'static str) -> Option<(&'static str, TuneRow)> {
    let strategy = preset(name)?;
    let (family, checks) = match goal.deadline {
        // Under its own limit, as `compare` would run it.
        Some(deadline) => {
            let end = Micros::from_f64(deadline.max(goal.horizon));
            (family_of(&strategy.pace(model).schedule), checks(&strategy, model, end)?)
        }
        None => endless(&strategy.pace(model).schedule, goal.done_time.end(1e-9)),
    };
    Some((name, TuneRow::of(goal, family, Vec::new(), checks)))
}

fn family_of(schedule: &Schedule) -> Family {
    match schedule {
        Schedule::Fixed(_) => Family::Adaptive,
        Schedule::Exponential(_) => Family::Exponential,
        Schedule::Table(_) => Family::Optimal,
    }
}

/// A schedule without its limit.
fn endless(schedule: &Schedule, enough: f64) -> (Family, Checks) {
    let us = |micros: Micros| micros.get() as f64;
    let checks = match schedule {
        Schedule::Fixed(fixed) => Family::Adaptive.checks(&[us(fixed.first()), us(fixed.interval())], None, enough),
        Schedule::Exponential(growing) => {
            let mut checks = Family::Exponential.checks(
                &[us(growing.interval()), growing.multiplier(), us(growing.cap())],
                None,
                enough,
            );
            for at in &mut checks.instants {
                *at += us(growing.first());
            }
            checks
        }
        Schedule::Table(table) => {
            Checks { instants: table.instants().iter().copied().map(us).collect(), then: AfterLast::Repeat }
        }
    };
    (family_of(schedule), checks)
}
