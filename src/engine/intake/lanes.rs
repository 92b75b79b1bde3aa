//! The models of a group side by side: whose task is submitted next.

use crate::engine::intake::ahead::{Ahead, Undisturbed};
use crate::engine::intake::arrivals::ArrivalClock;
use crate::engine::intake::task::{Arriving, BatchMember, Task, is_accepted};
use crate::engine::plan::Plan;
use crate::strategy::composition::Batching;
use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::fault::Timescale;
use crate::world::truth::Life;
use crate::world::weather::Weather;
use std::ops::Range;

/// The tasks of a group of models in one replicate, or a range of them, as they are submitted.
#[derive(Debug)]
pub(super) struct Lanes<'s> {
    pub(super) plan: &'s Plan<'s>,
    pub(super) weather: Weather,
    lanes: Vec<Lane<'s>>,
    end: u64,
    /// How often each rule struck a submit so far.
    pub(super) fired: Vec<u64>,
}

/// One model's tasks.
#[derive(Debug)]
struct Lane<'s> {
    model: usize,
    keys: &'s Keys,
    clock: ArrivalClock<'s>,
    ahead: Option<Ahead<'s>>,
    /// Next task and its submit.
    next: u64,
    submit: Micros,
}

impl<'s> Lanes<'s> {
    pub(super) fn new(
        plan: &'s Plan<'s>,
        keys: &'s [Keys],
        replicate: u32,
        group: &[usize],
        range: Range<u64>,
        submits: Option<&'s [Micros]>,
    ) -> Self {
        let lanes = group
            .iter()
            .map(|&model| {
                let mut clock = ArrivalClock::new(&plan.scenario.arrivals, &keys[model], range.start);
                clock.ahead = submits.unwrap_or_default();
                let submit = clock.tick();
                let keys = &keys[model];
                let ahead = || Ahead::new(&plan.models[model], keys, range.start);
                let ahead = (!plan.intake_coupled).then(ahead).flatten();
                Lane { model, keys, clock, ahead, next: range.start, submit }
            })
            .collect();
        Self {
            plan,
            weather: Weather::new(&plan.scenario.faults, plan.scenario.seed, replicate),
            lanes,
            end: range.end,
            fired: vec![0; plan.scenario.faults.len()],
        }
    }

    /// Takes every task's draws by themselves.
    #[cfg(test)]
    pub(super) fn look_ahead_no_more(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.ahead = None);
    }

    /// The lane whose submit is next, and when that is; ties by model.
    #[inline]
    pub(super) fn next(&self) -> Option<(usize, Micros)> {
        let open = self.lanes.iter().enumerate().filter(|(_, lane)| lane.next < self.end);
        open.map(|(at, lane)| (at, lane.submit)).min_by_key(|(_, submit)| *submit)
    }

    /// The task of the lane whose submit is next, if it succeeds and nothing strikes its first submit: at the start of its
    /// wait. The same as what becomes of it by [`arrive`](Self::arrive).
    #[inline(always)]
    pub(super) fn undisturbed(&mut self, lane: usize) -> Option<Task> {
        let Lane { model, keys, clock, ahead: Some(ahead), next, submit: next_submit } = &mut self.lanes[lane] else {
            return None;
        };
        let (index, submitted) = (*next, *next_submit);
        let Undisturbed { rtt, life } = ahead.task(keys, index)?;
        let created = submitted + Micros::new(rtt.get() / 2);
        if rtt > self.plan.scenario.submit.attempt_timeout {
            return None;
        }
        if ahead.comes_and_goes() {
            // Now and then is often enough for memory to stay bounded.
            if index % 64 == 0 {
                self.weather.forget_before(submitted);
            }
            if created >= self.weather.calm_until(submitted) {
                return None;
            }
        }
        *next += 1;
        if *next < self.end {
            *next_submit = clock.tick();
        }
        Some(Task {
            model: *model,
            index,
            submitted,
            wait_start: submitted + rtt,
            accepted: true,
            created,
            truth: Some(life.created_at(created)),
            resubmits: Box::default(),
            duplicates: 0,
            place: 0,
        })
    }

    /// A fresh task of the lane whose submit is next.
    #[inline(always)]
    pub(super) fn arrive(&mut self, lane: usize) -> Arriving {
        self.weather.forget_before(self.lanes[lane].submit);
        self.fresh(lane)
    }

    #[inline(always)]
    fn fresh(&mut self, lane: usize) -> Arriving {
        let lane = &mut self.lanes[lane];
        let (keys, index, submitted) = (lane.keys, lane.next, lane.submit);
        lane.next += 1;
        if lane.next < self.end {
            lane.submit = lane.clock.tick();
        }
        Arriving {
            task: Task {
                model: lane.model,
                index,
                submitted,
                wait_start: submitted,
                accepted: false,
                created: Micros::ZERO,
                truth: None,
                resubmits: Box::default(),
                duplicates: 0,
                place: 0,
            },
            life: Life::draw(self.plan.models[lane.model].model, &mut keys.draws(Stream::Truth, index)),
            travel: keys.draws(Stream::SubmitNetwork, index),
            fault_draws: keys.draws(Stream::SubmitFault, index),
            attempts: 0,
            open: true,
        }
    }

    /// Submits what arrives at `sent`, and again as often as the scenario says, where submits share nothing; `created` is told
    /// of each that makes something at the server: when, and whether its answer gives the client the id.
    pub(super) fn submit(
        &mut self,
        arriving: &mut Arriving,
        mut sent: Micros,
        mut created: impl FnMut(&mut Arriving, Micros, bool),
    ) {
        let (plan, link) = (self.plan, &self.plan.models[arriving.task.model].submit);
        loop {
            let departure = link.depart(sent, &mut arriving.travel, &mut arriving.fault_draws, &mut self.weather);
            let struck = link.striking(&departure, None, &mut self.weather);
            let submission = link.arrive_submit(&departure, struck, &mut self.weather, None, Timescale::SCENARIO);
            self.strike(submission.fault());
            if submission.exists {
                created(arriving, departure.arrival, is_accepted(plan, sent, submission));
            }
            match arriving.heard(plan, sent, submission) {
                Some(again) => sent = again,
                None => return,
            }
        }
    }

    /// The fresh tasks that make the next batch of the lane whose submit is next, and when it is submitted.
    pub(super) fn gather(&mut self, lane: usize, batching: &Batching) -> (Arriving, Vec<BatchMember>, Micros) {
        let arriving = self.arrive(lane);
        let (first, mut last, mut rest) = (arriving.task.submitted, arriving.task.submitted, Vec::new());
        while self.lanes[lane].next < self.end && batching.takes(rest.len() as u32 + 1, first, self.lanes[lane].submit)
        {
            // Others may still ask for the weather of before.
            let Arriving { mut task, life, .. } = self.fresh(lane);
            (task.place, last) = (rest.len() as u8 + 1, task.submitted);
            rest.push(BatchMember { task, life });
        }
        let leaves_at = batching.leaves_at(rest.len() as u32 + 1, first, last);
        (arriving, rest, leaves_at)
    }

    /// Tasks to come of each lane.
    pub(super) fn left(&self) -> Vec<u64> {
        self.lanes.iter().map(|lane| self.end - lane.next).collect()
    }

    /// The lane of a model.
    pub(super) fn of_model(&self, model: usize) -> usize {
        self.lanes.iter().position(|lane| lane.model == model).unwrap_or(0)
    }

    /// A rule struck a submit, if one did.
    #[inline]
    pub(super) fn strike(&mut self, rule: Option<usize>) {
        if let Some(rule) = rule {
            self.fired[rule] += 1;
        }
    }
}
