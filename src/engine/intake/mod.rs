//! From arrival to the start of the wait: tasks are submitted, accepted or rejected, and their fate is fixed.
//!
//! Nothing here depends on a strategy, so every strategy meets the same tasks. Tasks come out in the order of their
//! intended submits (ties by model), with bounded memory: at most what is on its way to the server or in its queue.

mod ahead;
mod arrivals;
mod batches;
mod coupling;
mod lanes;
mod task;

pub(crate) use arrivals::{ArrivalClock, keys};
pub(crate) use task::Task;

use crate::engine::plan::Plan;
use crate::strategy::composition::Batching;
use crate::time::Micros;
use crate::world::capacity::Load;
use crate::world::draws::Keys;
use batches::{Batches, submit_alone};
use coupling::Coupling;
use lanes::Lanes;
use std::ops::Range;

/// The tasks of a group of models in one replicate, or a range of them.
#[derive(Debug)]
pub(crate) struct Intake<'s> {
    lanes: Lanes<'s>,
    coupling: Option<Coupling>,
    batches: Option<Batches>,
}

impl<'s> Intake<'s> {
    /// Tasks of a range of the models in `group`; `submits` are theirs, where the range does not start with the first
    /// task and gaps are random.
    #[must_use]
    pub(crate) fn new(
        plan: &'s Plan<'s>,
        keys: &'s [Keys],
        replicate: u32,
        group: &[usize],
        range: Range<u64>,
        submits: Option<&'s [Micros]>,
    ) -> Self {
        let lanes = Lanes::new(plan, keys, replicate, group, range, submits);
        Self { lanes, coupling: plan.intake_coupled.then(|| Coupling::new(plan)), batches: None }
    }

    /// The same tasks, submitted in batches.
    #[must_use]
    pub(crate) fn in_batches(self, batching: Batching) -> Self {
        let batches = Some(Batches::new(batching, &self.lanes));
        Self { batches, ..self }
    }

    /// How often each rule struck a submit so far.
    #[must_use]
    pub(crate) fn fired(&self) -> &[u64] {
        &self.lanes.fired
    }

    /// By model: what its finite workers did so far; empty where submits share nothing.
    #[must_use]
    pub(crate) fn loads(&self) -> &[Load] {
        self.coupling.as_ref().map_or(&[], |coupling| &coupling.loads)
    }

    /// Appends the next `count` tasks; fewer only at the end.
    pub(crate) fn fill(&mut self, count: usize, into: &mut Vec<Task>) {
        if self.coupling.is_some() {
            return into.extend(self.take(count));
        }
        // Not by `next_alone`: each way writes its task where it stays, because one that is handed on is copied before its
        // parts have left the pipeline.
        for _ in 0..count {
            let Some((lane, _)) = self.lanes.next() else { return };
            match self.lanes.undisturbed(lane) {
                Some(task) => into.push(task),
                None => into.push(self.disturbed(lane)),
            }
        }
    }

    /// The next task, where it shares nothing with others.
    fn next_alone(&mut self) -> Option<Task> {
        let (lane, _) = self.lanes.next()?;
        Some(self.lanes.undisturbed(lane).unwrap_or_else(|| self.disturbed(lane)))
    }

    /// The next task, that of this lane, draw by draw.
    #[inline(never)]
    fn disturbed(&mut self, lane: usize) -> Task {
        let mut arriving = self.lanes.arrive(lane);
        let submitted = arriving.task.submitted;
        self.lanes.submit(&mut arriving, submitted, |arriving, now, accepted| {
            arriving.created(now, accepted);
        });
        arriving.task
    }
}

impl Iterator for Intake<'_> {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        match (&mut self.coupling, &mut self.batches) {
            (None, None) => self.next_alone(),
            (Some(coupling), None) => coupling.next(&mut self.lanes),
            (None, Some(batches)) => batches.next(&mut self.lanes, submit_alone),
            (Some(coupling), Some(batches)) => {
                batches.next(&mut self.lanes, |batching, lanes| coupling.next_batch(batching, lanes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::scenario::files::Embedded;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(64))]

        /// Promise: tasks whose draws are taken side by side are those of one draw after another.
        #[test]
        fn tasks_side_by_side_are_those_of_one_after_another(
            seed: u64,
            sigma in 0.05_f64..2.0,
            stuck in 0.0_f64..0.1,
            failing in 0.0_f64..0.3,
            reset in 0.0_f64..0.4,
            timeout_ms in 50_u64..2_000,
            rtt in prop::sample::select(vec!["lognormal(median=200ms, sigma=1)", "200ms", "exponential(mean=200ms)"]),
            weather in prop::sample::select(vec!["", "gilbert_elliott = { bad_share = 0.3, bad_mean = \"20s\" }"]),
            outage in any::<bool>(),
            range in (0_u64..200, 1_u64..200),
        ) {
            let windows = "[[faults]]\nkind = \"outage\"\nduring = { every = \"90s\", for = \"8s\" }\n";
            let text = format!(
                "schema_version = 1\nname = \"tasks\"\nseed = {seed}\ntasks = 400\nreplicates = 1\n\
                 [arrivals]\nkind = \"constant\"\nrate_per_s = 0.7\n[network]\nrtt = \"{rtt}\"\n\
                 [submit]\nattempt_timeout = \"{timeout_ms}ms\"\nretries = 2\n\
                 [models.m]\ncompletion = \"lognormal(median=60s, sigma={sigma})\"\nstuck_probability = {stuck}\n\
                 failure = {{ probability = {failing}, after = \"uniform(low=1s, high=9s)\" }}\n\
                 [[faults]]\nkind = \"reset\"\nroute = \"submit\"\nprobability = {reset}\n{weather}\n{}\
                 [[strategies]]\npreset = \"basic\"\n",
                if outage { windows } else { "" }
            );
            let scenario = Scenario::parse(&text, "tasks.toml", &Embedded(&[]));
            let scenario = scenario.unwrap_or_else(|error| panic!("{error}\n{text}"));
            let plan = Plan::new(&scenario);
            let keys = keys(&plan, 0);
            let range = range.0..range.0 + range.1;
            let intake = || Intake::new(&plan, &keys, 0, &[0], range.clone(), None);
            let mut one_by_one = intake();
            one_by_one.lanes.look_ahead_no_more();
            let (mut side_by_side, mut tasks) = (intake(), Vec::new());
            side_by_side.fill(range.clone().count(), &mut tasks);
            prop_assert_eq!(tasks, one_by_one.by_ref().collect::<Vec<_>>());
            prop_assert_eq!(side_by_side.fired(), one_by_one.fired());
        }
    }
}
