//! Strategies that need to know what a scenario says: `optimal` and rules its models, `learned` its costs, both its horizon.

use crate::inspection::{Accuracy, CostWeights, DoneTime, UnsolvableProblem};
use crate::memo::Memo;
use crate::parallel;
use crate::strategy::composition::{Limit, Pace, Sharing, Strategy};
use crate::strategy::learned::Learning;
use crate::strategy::planned::{PlannedRule, last_poll};
use crate::strategy::presets;
use crate::time::{Micros, Span};
use crate::world::distribution::Distribution;
use crate::world::model::Model;
use std::num::NonZeroU32;

/// What was planned lately: scenarios of a grid, and points of a sweep, have most of their models in common.
static PLANNED: Memo<Question, Result<Pace, UnsolvableProblem>> = Memo::new();

/// A rule, what it is planned for, what waiting costs, the instant of the last poll, how many tasks one poll may tell of, and
/// how closely it is planned.
type Question = (PlannedRule, DoneTime, CostWeights, Micros, NonZeroU32, Accuracy);

/// What such a strategy is planned from.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlanInputs<'a> {
    pub(super) models: &'a [Model],
    pub(super) weights: CostWeights,
    pub(super) horizon: Micros,
    /// Tasks that one poll may tell of.
    pub(super) batch: NonZeroU32,
    pub(super) accuracy: Accuracy,
}

impl PlanInputs<'_> {
    /// The pace of `rule` for `done_time`, with its last poll at `deadline`.
    fn pace(&self, rule: PlannedRule, done_time: DoneTime, deadline: Micros) -> Result<Pace, UnsolvableProblem> {
        let Self { weights, batch, accuracy, .. } = *self;
        let question = (rule, done_time, weights, deadline, batch, accuracy);
        PLANNED.answer(&question, || rule.pace_together(&question.1, weights, deadline, batch, accuracy))
    }

    /// The preset called `name`, or `None`.
    ///
    /// # Errors
    ///
    /// It is planned, and the costs have no optimum.
    pub(super) fn preset(&self, name: &str) -> Result<Option<Strategy>, UnsolvableProblem> {
        if let Some(rule) = PlannedRule::named(name) {
            let last = last_poll(self.horizon);
            let of_model = |at: usize| {
                let model = &self.models[at];
                Ok((model.name.clone(), self.pace(rule, DoneTime::of_model(model), last)?))
            };
            let paces = parallel::each(self.models.len(), of_model).into_iter().collect::<Result<_, _>>()?;
            return Ok(Some(PlannedRule::strategy(name, paces, last)));
        }
        let Some(preset) = presets::preset(name) else { return Ok(None) };
        let Sharing::Learned(learning) = preset.sharing else { return Ok(Some(preset)) };
        let mut strategy = Learning { weights: self.weights, ..learning }.strategy();
        for pace in std::iter::once(&mut strategy.pace).chain(strategy.per_model.values_mut()) {
            pace.limit = Limit::WallClock(Span::nearest(last_poll(self.horizon)));
        }
        Ok(Some(strategy))
    }

    /// What `rule` makes for a model, or for a distribution that is given instead of the model's; `None` for an unknown model.
    /// It is planned up to the wall-clock limit, or else to the horizon.
    ///
    /// # Errors
    ///
    /// The costs have no optimum.
    pub(super) fn plan(
        &self,
        rule: PlannedRule,
        model: &str,
        distribution: Option<&Distribution>,
        limit: Limit,
    ) -> Result<Option<Pace>, UnsolvableProblem> {
        let of_model = || self.models.iter().find(|known| known.name == model).map(DoneTime::of_model);
        let Some(done_time) = distribution.map(|given| DoneTime::of(given.clone())).or_else(of_model) else {
            return Ok(None);
        };
        let end = if let Limit::WallClock(deadline) = limit { deadline.get().min(self.horizon) } else { self.horizon };
        let Pace { schedule, .. } = self.pace(rule, done_time, end)?;
        Ok(Some(Pace { schedule, limit }))
    }
}
