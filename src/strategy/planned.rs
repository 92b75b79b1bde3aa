//! Strategies that are planned from a distribution of times, as a table of instants for each model: `optimal`, the schedule of least
//! expected cost, and the [rules](crate::inspection::rules) that people use in its place.
//!
//! They need to be told the distribution, so they are no presets of [`presets`](super::presets): whoever knows the models makes them.

use crate::inspection::rules::{RULES, Rule};
use crate::inspection::{
    Accuracy, Checks, CostWeights, DoneTime, ScheduleProblem, Sketch, Together, UnsolvableProblem,
};
use crate::strategy::composition::{Limit, Pace, Recovery, Schedule, Strategy, Tolerance};
use crate::strategy::guide::adaptive_until;
use crate::time::{Micros, Span};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// The name of the optimum.
pub const OPTIMAL: &str = "optimal";

/// What a strategy is planned by.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum PlannedRule {
    /// The least expected cost.
    Optimal,
    /// A rule.
    By(Rule),
}

impl PlannedRule {
    /// The plan of the strategy called `name`; `None` for strategies that are not planned.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == OPTIMAL { Some(Self::Optimal) } else { Rule::named(name).map(Self::By) }
    }

    /// What the strategy called `name` does; `None` for strategies that are not planned.
    #[must_use]
    pub fn about(name: &str) -> Option<&'static str> {
        if name == OPTIMAL {
            return Some(
                "the instants of least expected cost for the distribution of each model, a last poll before the horizon; errors are polled over",
            );
        }
        RULES.iter().find(|(_, known, _)| *known == name).map(|(_, _, about)| *about)
    }

    /// The pace for `done_time`, with its last poll at `deadline`.
    ///
    /// # Errors
    ///
    /// The weights are not both positive.
    pub fn pace(self, done_time: &DoneTime, weights: CostWeights, deadline: Micros) -> Result<Pace, UnsolvableProblem> {
        self.pace_within(done_time, weights, deadline, Accuracy::Exact)
    }

    fn pace_within(
        self,
        done_time: &DoneTime,
        weights: CostWeights,
        deadline: Micros,
        accuracy: Accuracy,
    ) -> Result<Pace, UnsolvableProblem> {
        let end = deadline.get().max(1) as f64;
        let problem = ScheduleProblem::new(done_time, weights)?.deadline(end);
        let checks = match (self, accuracy) {
            (Self::Optimal, Accuracy::Exact) => problem.solve(),
            (Self::Optimal, Accuracy::Rough) => problem.solve_for_drawing(&Sketch::at_hand(done_time, end)),
            // Rules follow the density, of which few points tell too little.
            (Self::By(rule), Accuracy::Exact | Accuracy::Rough) => {
                rule.checks(done_time, &Sketch::of(done_time, Some(end)), &weights, Some(end), Some(end))
            }
        };
        Ok(Pace { schedule: table(&checks), limit: Limit::WallClock(Span::nearest(deadline)) })
    }

    /// The same where one poll tells of up to `size` tasks: the optimum looks when the next of those still open is worth it, rules
    /// do not ask how many these are.
    ///
    /// # Errors
    ///
    /// The weights are not both positive.
    pub fn pace_together(
        self,
        done_time: &DoneTime,
        weights: CostWeights,
        deadline: Micros,
        size: NonZeroU32,
        accuracy: Accuracy,
    ) -> Result<Pace, UnsolvableProblem> {
        let Pace { schedule, limit } = self.pace_within(done_time, weights, deadline, accuracy)?;
        let schedule = match self {
            Self::Optimal if size > NonZeroU32::MIN => {
                schedule.with_looks_together(Together::plan(done_time, weights, deadline.get() as f64, size.get())?)
            }
            Self::Optimal | Self::By(_) => schedule,
        };
        Ok(Pace { schedule, limit })
    }

    /// The strategy called `name` that asks models at their own planned [`pace`](Self::pace), and any other one as the guide
    /// would; errors are polled over.
    #[must_use]
    pub fn strategy(name: &str, per_model: BTreeMap<String, Pace>, deadline: Micros) -> Strategy {
        Strategy {
            name: name.to_owned(),
            about: Self::about(name).unwrap_or_default().to_owned(),
            per_model,
            recovery: Recovery::Tolerant(Tolerance::default()),
            ..adaptive_until(Span::nearest(deadline))
        }
    }
}

/// When a wait under a horizon of `horizon` should ask for the last time, so that the answer to that poll comes in time:
/// one attempt before it, or a twentieth where that is less.
#[must_use]
pub fn last_poll(horizon: Micros) -> Micros {
    let margin = Tolerance::default().attempt_timeout().min(Micros::new(horizon.get() / 20));
    horizon - margin
}

/// A schedule of whole microseconds. A task is done at a whole microsecond too, so an instant is rounded up to see what
/// it was meant to see.
#[must_use]
pub fn table(checks: &Checks) -> Schedule {
    let mut instants: Vec<Micros> = Vec::with_capacity(checks.instants.len());
    for at in &checks.instants {
        // What lies a hair above a whole number is that number.
        let at = Micros::from_f64((at - 1e-3).ceil());
        if instants.last().is_none_or(|last| at > *last) {
            instants.push(at);
        }
    }
    // Where everything is done at the start there is nothing to ask for before the deadline.
    Schedule::table(instants).unwrap_or_else(|_| Schedule::at_once_and_every(Span::nearest(Micros::LONGEST)))
}
