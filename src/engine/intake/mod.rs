//! From arrival to the start of the wait: tasks are submitted, accepted or rejected, and their fate is fixed.
//!
//! Nothing here depends on a strategy, so every strategy meets the same tasks. Tasks come out in the order of their
//! intended submits (ties by model), with bounded memory: at most what is on its way to the server or in its queue.

mod arrivals;
mod coupling;
mod lanes;
mod task;

pub(crate) use arrivals::{ArrivalClock, keys};
pub(crate) use task::Task;

use crate::engine::plan::Plan;
use crate::time::Micros;
use crate::world::capacity::Load;
use crate::world::draws::Keys;
use crate::world::fault::Timescale;
use coupling::Coupling;
use lanes::Lanes;
use std::ops::Range;
use task::is_accepted;

/// The tasks of a group of models in one replicate, or a range of them.
#[derive(Debug)]
pub(crate) struct Intake<'s> {
    lanes: Lanes<'s>,
    coupling: Option<Coupling>,
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
        Self { lanes, coupling: plan.intake_coupled.then(|| Coupling::new(plan)) }
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
        for _ in 0..count {
            let Some(task) = self.next_alone() else { return };
            into.push(task);
        }
    }

    /// The next task, where it shares nothing with others.
    #[inline(always)]
    fn next_alone(&mut self) -> Option<Task> {
        let lanes = &mut self.lanes;
        let (lane, _) = lanes.next()?;
        let mut arriving = lanes.arrive(lane);
        let link = &lanes.plan.models[arriving.task.model].submit;
        let mut sent = arriving.task.submitted;
        // Where nothing can go wrong the first attempt is the last, and takes no draws.
        if let Some((rtt, up)) = link.calm_round_trip()
            && rtt <= lanes.plan.scenario.submit.attempt_timeout
        {
            arriving.created(sent + up, true);
            (arriving.task.accepted, arriving.task.wait_start) = (true, sent + rtt);
            return Some(arriving.task);
        }
        let (mut travel, mut lots) = (arriving.travel.clone(), arriving.lots.clone());
        loop {
            let weather = &mut lanes.weather;
            let is_plain = link.is_plain();
            let mut calm = if is_plain { Micros::NEVER } else { weather.calm_until(sent) };
            let (departure, struck) = if is_plain {
                link.travel::<true>(sent, None, &mut travel, &mut lots, weather, &mut calm)
            } else {
                link.travel::<false>(sent, None, &mut travel, &mut lots, weather, &mut calm)
            };
            let submission = link.arrive_submit(&departure, struck, &mut lanes.weather, None, Timescale::SCENARIO);
            lanes.strike(submission.fault());
            if submission.exists {
                arriving.created(departure.arrival, is_accepted(lanes.plan, sent, submission));
            }
            match arriving.heard(lanes.plan, sent, submission) {
                Some(again) => sent = again,
                None => return Some(arriving.task),
            }
        }
    }
}

impl Iterator for Intake<'_> {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        match &mut self.coupling {
            None => self.next_alone(),
            Some(coupling) => coupling.next(&mut self.lanes),
        }
    }
}
