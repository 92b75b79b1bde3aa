//! The learners of the strategy `learned` in one replicate, one for each model.

use crate::engine::observer::Observer;
use crate::engine::plan::Plan;
use crate::engine::sim::slot::hear_noting;
use crate::engine::sim::waiting::{Next, Waiting};
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::composition::Strategy;
use crate::strategy::learned::{self, Learner};
use crate::strategy::wait::Policy;
use crate::time::Micros;
use crate::world::weather::Weather;
use elsa::FrozenVec;
use std::sync::Arc;

/// Every plan that was made, kept for as long as a wait may follow it.
pub(super) type Plans = FrozenVec<Arc<Strategy>>;

/// The learners of one strategy in one replicate.
pub(super) struct Learners<'p> {
    plan: &'p Plan<'p>,
    /// By model.
    learners: Vec<Learner>,
    plans: &'p Plans,
    /// By model: the plan in force.
    in_force: Vec<Option<&'p Strategy>>,
}

impl<'p> Learners<'p> {
    pub(super) fn new(plan: &'p Plan<'p>, strategy: &Strategy, plans: &'p Plans) -> Self {
        let learners = plan.models.iter().map(|model| Learner::new(strategy, &model.model.name)).collect();
        Self { plan, learners, plans, in_force: vec![None; plan.models.len()] }
    }

    /// The policy of a wait that starts at `now`.
    pub(super) fn policy(&mut self, model: usize, now: Micros) -> Policy<'p> {
        let next = self.learners[model].plan(now);
        let name = &self.plan.models[model].model.name;
        let in_force = match self.in_force[model] {
            Some(in_force) if std::ptr::eq(in_force, Arc::as_ptr(next)) => in_force,
            _ => self.plans.push_get(Arc::clone(next)),
        };
        self.in_force[model] = Some(in_force);
        Policy::new(in_force, name)
    }

    /// Follows a wait that was planned, and shares nothing any more, to its end, and takes in what it told: who plans another one
    /// asks only for what was known by then.
    pub(super) fn follow(
        &mut self,
        mut waiting: Waiting<'p>,
        mut next: Next,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> TaskRecord {
        let (model, truth) = (&self.plan.models[waiting.model()], *waiting.truth());
        let mut unfinished = Micros::NEVER;
        while let Next::Send { at, timeout } = next {
            let (departure, struck) = waiting.send(model, at, weather);
            let exchange = model.status.arrive(&departure, struck, &truth, model.failure, weather, None);
            next = hear_noting(&mut waiting, (at, timeout), &exchange, &mut unfinished, observer);
        }
        self.tell(waiting.record(), truth.created, unfinished.finite());
        *waiting.record()
    }

    /// A wait is over; `unfinished` is when its last poll that said so was sent.
    pub(super) fn tell(&mut self, record: &TaskRecord, created: Micros, unfinished: Option<Micros>) {
        let observation = match record.outcome {
            // Nothing is learnt from an answer that was not what was asked for.
            Outcome::Success | Outcome::Failed if record.without_result => None,
            Outcome::Success | Outcome::Failed => Some(learned::stated(stated_ms(created), stated_ms(record.done))),
            Outcome::TimeoutMissed | Outcome::TimeoutImpatient | Outcome::TimeoutTrue => {
                unfinished.map(|sent| learned::unfinished_after(sent - record.wait_start))
            }
            Outcome::Error | Outcome::Abandoned | Outcome::Hang | Outcome::Rejected => None,
        };
        if let Some(observation) = observation {
            self.learners[record.model as usize].tell(record.settled, record.task, observation);
        }
    }

    /// The learners, who have taken in everything.
    pub(super) fn finish(mut self) -> Vec<Learner> {
        for learner in &mut self.learners {
            learner.plan(Micros::NEVER);
        }
        self.learners
    }
}

/// An instant as the service states it.
fn stated_ms(at: Micros) -> u64 {
    at.get() / 1_000
}
