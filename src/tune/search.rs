//! The best parameters of a family: many starts, the best of them followed downhill, the answer in whole milliseconds.

use super::Goal;
use super::family::{Family, Landmarks, Parameters};
use crate::fit::simplex::minimise;
use crate::inspection::rules::Quantiles;
use crate::inspection::{Checks, Cumulative, Sketch};
use std::cell::RefCell;

/// How hard to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// One in so many starts is tried.
    stride: usize,
    /// Starts that are followed downhill.
    followed: usize,
}

impl Effort {
    /// For settings that somebody will use.
    pub(super) const FULL: Self = Self { stride: 1, followed: 10 };
    /// For a point of a chart, or one of many resamples.
    pub(super) const LIGHT: Self = Self { stride: 7, followed: 3 };
}

/// Around known parameters, what each of them is multiplied by.
const NEAR: [f64; 3] = [0.85, 1.0, 1.18];

/// What breaking a bound by all of it costs, in units of the cost.
const FINE: f64 = 30.0;
/// Durations are told to a millisecond, in microseconds; multipliers and shares to this.
const GRAIN: f64 = 1e3;
const NUMBER_GRAIN: f64 = 1e-3;

/// The best parameters of `family` and the polls under them; `None` where no parameters keep the bounds of the goal.
pub(super) fn best(
    goal: &Goal<'_>,
    sketch: &Sketch,
    landmarks: &Landmarks,
    family: Family,
    optimal: &Checks,
    effort: Effort,
) -> Option<(Parameters, Checks)> {
    let starts = family.starts(landmarks, optimal).into_iter().step_by(effort.stride).collect();
    from(goal, sketch, family, starts, effort.followed)
}

/// The best parameters of `family` near these, which were the best for nearly the same distribution.
pub(super) fn near(goal: &Goal<'_>, sketch: &Sketch, family: Family, known: &[f64]) -> Option<(Parameters, Checks)> {
    let starts = known.iter().fold(vec![Vec::new()], |starts: Vec<Vec<f64>>, value| {
        let longer = |start: &Vec<f64>| NEAR.map(|factor| [&start[..], &[value * factor]].concat());
        starts.iter().flat_map(longer).collect()
    });
    from(goal, sketch, family, starts, Effort::LIGHT.followed)
}

/// The best parameters that downhill ways from the best of `starts` lead to.
fn from(
    goal: &Goal<'_>,
    sketch: &Sketch,
    family: Family,
    starts: Vec<Vec<f64>>,
    followed: usize,
) -> Option<(Parameters, Checks)> {
    let names = family.parameters();
    let polls = Polls::of(goal, sketch, family);
    let kept = RefCell::new(None::<(f64, Vec<f64>)>);
    let value = |parameters: &[f64]| {
        let checks = polls.under(parameters);
        let (cost, broken) = goal.judge(&checks, sketch);
        if broken <= 0.0 && kept.borrow().as_ref().is_none_or(|(least, _)| cost < *least) {
            *kept.borrow_mut() = Some((cost, parameters.to_vec()));
        }
        cost * (1.0 + FINE * broken) + if broken > 0.0 { FINE * broken * goal.weights.poll } else { 0.0 }
    };
    let mut starts: Vec<(f64, Vec<f64>)> =
        starts.into_iter().map(|start| (value(&bounded(names, &start, goal)), start)).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, start) in distinct(&starts, followed) {
        // On the scale of logarithms all parameters are alike, and stay positive.
        let logs: Vec<f64> = start.iter().map(|x| x.max(1e-9).ln()).collect();
        let steps = vec![0.05; logs.len()];
        let at = |logs: &[f64]| bounded(names, &logs.iter().map(|log| log.exp()).collect::<Vec<_>>(), goal);
        let (found, _) = minimise(&logs, &steps, 1e-9, |logs| value(&at(logs)));
        minimise(&found, &vec![0.005; logs.len()], 1e-10, |logs| value(&at(logs)));
    }
    let (_, parameters) = kept.into_inner()?;
    let rounded = rounded(names, &parameters, goal, |parameters| {
        let checks = polls.under(parameters);
        let (cost, broken) = goal.judge(&checks, sketch);
        (broken <= 0.0).then_some(cost)
    });
    let checks = polls.under(&rounded);
    Some((names.iter().copied().zip(rounded).collect(), checks))
}

/// The polls of a family for a goal.
struct Polls {
    family: Family,
    deadline: Option<f64>,
    enough: f64,
    quantiles: Option<Quantiles>,
    least_gap: f64,
}

impl Polls {
    fn of(goal: &Goal<'_>, sketch: &Sketch, family: Family) -> Self {
        let enough = goal.done_time.end(1e-9);
        let quantiles = || Quantiles::of(sketch, goal.deadline.unwrap_or(enough));
        Self {
            family,
            deadline: goal.deadline,
            enough,
            quantiles: (family == Family::Quantile).then(quantiles),
            least_gap: goal.bounds.min_gap.unwrap_or(0.0),
        }
    }

    fn under(&self, parameters: &[f64]) -> Checks {
        match (&self.quantiles, parameters) {
            (Some(quantiles), [p, ..]) => {
                let mut checks = quantiles.checks(*p);
                let mut last = f64::NEG_INFINITY;
                checks.instants.retain(|at| {
                    let is_apart = *at - last >= self.least_gap;
                    last = if is_apart { *at } else { last };
                    is_apart
                });
                self.deadline.map_or_else(|| checks.clone(), |deadline| checks.until(deadline))
            }
            _ => self.family.checks(parameters, self.deadline, self.enough),
        }
    }
}

/// Parameters within what their family allows.
fn bounded(names: &[&str], parameters: &[f64], goal: &Goal<'_>) -> Vec<f64> {
    let least = goal.bounds.min_gap.unwrap_or(0.0).max(GRAIN);
    let mut bounded: Vec<f64> = parameters.to_vec();
    for (name, value) in names.iter().zip(&mut bounded) {
        match *name {
            "multiplier" => *value = value.clamp(if names[0] == "initial" { 0.1 } else { 1.0 }, 20.0),
            "p" => *value = value.clamp(0.001, 0.999),
            "initial" => *value = value.max(0.0),
            _ => *value = value.max(least),
        }
    }
    if names.last() == Some(&"cap") {
        bounded[2] = bounded[2].max(bounded[0]);
    }
    bounded
}

/// The best starts that are not next to each other.
fn distinct(starts: &[(f64, Vec<f64>)], count: usize) -> Vec<&(f64, Vec<f64>)> {
    let mut chosen: Vec<&(f64, Vec<f64>)> = Vec::new();
    for start in starts {
        let near =
            |other: &&(f64, Vec<f64>)| start.1.iter().zip(&other.1).all(|(a, b)| (a / b.max(1e-9)).ln().abs() < 0.12);
        if !chosen.iter().any(near) {
            chosen.push(start);
        }
        if chosen.len() == count {
            break;
        }
    }
    chosen
}

/// The parameters to the grain that people write, towards whichever side keeps the bounds and costs less.
fn rounded(names: &[&str], parameters: &[f64], goal: &Goal<'_>, cost: impl Fn(&[f64]) -> Option<f64>) -> Vec<f64> {
    let sides = |name: &str, value: f64| {
        let grain = if matches!(name, "multiplier" | "p") { NUMBER_GRAIN } else { GRAIN };
        [(value / grain).floor() * grain, (value / grain).ceil() * grain]
    };
    let corners = (0..1_u32 << parameters.len()).map(|corner| {
        let each = names.iter().zip(parameters).enumerate();
        let rounded: Vec<f64> =
            each.map(|(at, (name, value))| sides(name, *value)[(corner >> at & 1) as usize]).collect();
        bounded(names, &rounded, goal)
    });
    let judged = corners.filter_map(|corner| Some((cost(&corner)?, corner)));
    judged.min_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(|| parameters.to_vec(), |(_, corner)| corner)
}

impl Goal<'_> {
    /// Expected cost, and by how much bounds are broken: 0 where all are kept.
    pub(super) fn judge(&self, checks: &Checks, done_time: &impl Cumulative) -> (f64, f64) {
        let expected = self.expected(checks, done_time);
        let mut broken = 0.0;
        let mut hold = |value: f64, most: Option<f64>| {
            if let Some(most) = most {
                broken += (value / most - 1.0).max(0.0);
            }
        };
        hold(expected.polls, self.bounds.max_polls);
        if let Some(late) = self.bounds.max_p95_delay {
            let stuck = if self.deadline.is_some() { 1.0 - done_time.ends() } else { 0.0 };
            hold(checks.late_share(done_time, late) + stuck, Some(0.05));
        }
        if self.bounds.max_delay.is_some() {
            hold(checks.longest_delay(self.done_time), self.bounds.max_delay);
        }
        (expected.cost(&self.weights), broken)
    }
}
