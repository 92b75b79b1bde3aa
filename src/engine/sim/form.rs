//! In which form waits are simulated: chosen once for each strategy on each model.

use crate::engine::plan::{ModelPlan, Plan, StrategyPlan};
use crate::engine::sim::Options;
use crate::engine::sim::calm::Calm;
use crate::engine::sim::common::Even;
use crate::strategy::composition::Sharing;
use crate::strategy::wait::Policy;

/// How the waits of a strategy on a model are simulated, as long as nothing befalls them.
#[derive(Debug)]
pub(super) enum Form<'p> {
    /// By one look-up each.
    Closed(Calm),
    /// Side by side.
    Columns(Even<'p>),
    /// In rows of the event queue.
    Rows(Even<'p>),
    /// Poll by poll.
    OneByOne,
}

impl<'p> Form<'p> {
    /// What waits have in common that stand in rows.
    pub(super) fn in_rows(&self) -> Option<&Even<'p>> {
        match self {
            Self::Rows(even) => Some(even),
            Self::Closed(_) | Self::Columns(_) | Self::OneByOne => None,
        }
    }
}

/// The form of each strategy on each model, by strategy.
pub(super) fn forms<'p>(plan: &'p Plan<'p>, options: &Options) -> Vec<Vec<Form<'p>>> {
    let horizon = plan.scenario.horizon;
    let of_strategy = |strategy: &'p StrategyPlan<'p>| {
        let is_queued = strategy.is_coupled || options.force_queue;
        let can_stand_in_rows = match strategy.strategy.sharing {
            Sharing::Alone | Sharing::Limiter(_) => true,
            // Pools and batches ask together, and plans change from wait to wait.
            Sharing::LockStep { .. } | Sharing::Batch(_) | Sharing::Learned(_) => false,
        };
        let of_model = |(model, policy): (&'p ModelPlan<'p>, &'p Policy<'p>)| {
            let closed = || Calm::new(policy, model, horizon).map(Form::Closed);
            let even = || Even::new(policy, model, horizon);
            let form = match is_queued {
                true => can_stand_in_rows.then(even).flatten().map(Form::Rows),
                false => (!options.force_polls).then(|| closed().or_else(|| even().map(Form::Columns))).flatten(),
            };
            form.unwrap_or(Form::OneByOne)
        };
        plan.models.iter().zip(&strategy.policies).map(of_model).collect()
    };
    plan.strategies.iter().map(of_strategy).collect()
}
