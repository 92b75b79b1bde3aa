//! What the events of one wait add up to: a task record, as the simulator keeps it.

use crate::client::{Event, Finished, WaitError};
use crate::engine::live::world::World;
use crate::fit::Observation;
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::wait::{Ending, Policy, Worth};
use crate::time::Micros;
use crate::world::draws::Stream;
use crate::world::truth::Truth;
use std::ops::Range;

/// How a wait came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// The client never got an id.
    Rejected,
    /// By itself.
    Ended(Ending, Micros),
    /// By another task's error.
    Abandoned(Micros),
    /// Not before the horizon.
    Hang,
}

/// The record of a wait in progress.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) record: TaskRecord,
    /// The task's id, where the client got one.
    pub(super) id: Option<String>,
    /// Instant at which a server elsewhere probably created the task: halfway between request and answer.
    pub(super) accepted: Micros,
    pub(super) close: Close,
    /// What is to be learnt of the task, where the wait's end told it.
    pub(super) taught: Option<Observation>,
    due: Option<Micros>,
    in_flight: Option<Micros>,
    /// When its polls were sent.
    sent: Vec<Micros>,
    /// Instant that the last `Retry-After` that binds named.
    not_before: Micros,
    /// The tasks of its batch, where it is of one.
    batch: Option<Range<u64>>,
}

impl Account {
    /// An account of a task that was submitted, with nothing of its wait in it.
    pub(super) fn new(record: TaskRecord, id: Option<String>, accepted: Micros) -> Self {
        Self {
            id,
            accepted,
            close: Close::Rejected,
            taught: None,
            due: None,
            in_flight: None,
            sent: Vec::new(),
            not_before: Micros::ZERO,
            batch: None,
            record,
        }
    }

    /// The same of one of these tasks, which are a batch.
    pub(super) fn of_batch(self, tasks: Range<u64>) -> Self {
        Self { batch: Some(tasks), ..self }
    }

    /// A poll that tells of it is sent.
    pub(super) fn looks(&mut self, at: Micros) {
        self.sent.push(at);
    }

    /// A poll that is counted to it is sent.
    pub(super) fn polls(&mut self, at: Micros) {
        self.record.polls += 1;
        self.record.violations += u32::from(at < self.not_before);
    }

    /// A poll that is counted to it is over.
    pub(super) fn was_good_for(&mut self, worth: Worth) {
        match worth {
            Worth::Useful => {}
            Worth::Wasted => self.record.wasted += 1,
            Worth::Failed => self.record.failed += 1,
        }
    }

    /// An answer that came at `heard` had a `Retry-After`.
    pub(super) fn asked_to_wait(&mut self, heard: Micros, asked: Micros, world: &World<'_>) {
        let model = &world.plan.models[self.record.model as usize].model.name;
        let policy = Policy::new(&world.strategy, model);
        if let Some(instant) = policy.not_before(self.record.wait_start, heard, asked) {
            self.not_before = instant;
        }
    }

    /// Instant after which the wait is a hang.
    pub(super) fn end(&self, world: &World<'_>) -> Micros {
        self.record.wait_start + world.plan.scenario.horizon
    }

    /// Whether a poll has no answer yet.
    pub(super) fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Takes in an event.
    pub(super) fn take(&mut self, event: &Event, world: &World<'_>) {
        match event {
            Event::Due { at } => self.due = Some(*at),
            // Held back is not late.
            Event::HeldBack { .. } => self.due = None,
            Event::Sent { at, .. } => {
                self.polls(*at);
                self.in_flight = Some(*at);
                self.looks(*at);
                if let Some(due) = self.due.take() {
                    world.harness.borrow_mut().poll(due, *at);
                }
            }
            Event::Heard { at, worth, status, retry_after, .. } => {
                self.record.throttled += u32::from(*status == Some(429));
                self.was_good_for(*worth);
                if let Some(asked) = retry_after {
                    self.asked_to_wait(*at, *asked, world);
                }
                if let Some(sent) = self.in_flight.take() {
                    world.observer.borrow_mut().poll(&self.record, sent, *worth);
                }
            }
            Event::StateChanged { .. } | Event::Told { .. } | Event::Ended(_) => {}
        }
    }

    /// The wait ended by itself at `at`.
    pub(super) fn end_with(&mut self, result: &Result<Finished, WaitError>, at: Micros, world: &World<'_>) {
        // A clock that jumps is never late: by this one the horizon came first.
        if world.is_virtual && at > self.end(world) {
            self.taught = None;
            return self.close(Close::Hang, world);
        }
        self.record.without_result = result.as_ref().is_ok_and(|finished| finished.status.flaw.is_some());
        self.close(Close::Ended(ending(result), at), world);
    }

    /// The wait is over, so a poll in flight told nothing.
    pub(super) fn close(&mut self, close: Close, world: &World<'_>) {
        self.close = close;
        if let Some(sent) = self.in_flight.take() {
            self.record.failed += 1;
            world.observer.borrow_mut().poll(&self.record, sent, Worth::Failed);
        }
    }

    /// When the client concluded what became of the task, if it did.
    pub(super) fn concluded(&self) -> Option<Micros> {
        match self.close {
            Close::Ended(Ending::Success | Ending::Failed, at) => Some(at),
            Close::Ended(Ending::GaveUp | Ending::Error, _) | Close::Rejected | Close::Abandoned(_) | Close::Hang => {
                None
            }
        }
    }

    /// The record, once the task's truth is known.
    pub(super) fn finish(mut self, truth: Option<Truth>, duplicates: u32, world: &World<'_>) -> TaskRecord {
        if let (Some(truth), Some(_)) = (truth, &self.id) {
            self.record.struck = self.is_struck(truth, world);
        }
        let record = &mut self.record;
        record.done = truth.map_or(Micros::NEVER, |truth| truth.done);
        (record.fate, record.duplicates) = (truth.map(|truth| truth.fate), duplicates);
        (record.outcome, record.settled) = match self.close {
            Close::Rejected => (Outcome::Rejected, record.wait_start),
            Close::Ended(ending, at) => (Outcome::of(ending, at, record.done), at),
            Close::Abandoned(at) => (Outcome::Abandoned, at),
            Close::Hang => (Outcome::Hang, Micros::NEVER),
        };
        self.record
    }

    /// Whether a rule struck a poll or a delivery, limits aside. What a client hears does not tell, as a stale answer looks
    /// like any: the rules and their draws do, which are the mock's.
    fn is_struck(&self, truth: Truth, world: &World<'_>) -> bool {
        let Some(server) = &world.server else { return false };
        let model = self.record.model as usize;
        // A batch is struck as its first task would be, but for the age of the task that ends last.
        let task = self.batch.as_ref().map_or(self.record.task, |batch| batch.start);
        let name = &world.plan.models[model].model.name;
        let truths = self.batch.iter().cloned().flatten().filter_map(|task| server.created(name, task, None));
        let truth = truths.map(|created| created.truth).max_by_key(|truth| truth.done).unwrap_or(truth);
        let (plan, keys, weather) = (&world.plan.models[model], &world.keys[model], &mut *world.weather.borrow_mut());
        let mut travel = keys.draws(Stream::StatusNetwork, task);
        let mut fault_draws = keys.draws(Stream::StatusFault, task);
        let polls = self.sent.iter().filter(|sent| {
            let departure = plan.status.depart(**sent, &mut travel, &mut fault_draws, weather);
            plan.status.striking(&departure, Some(&truth), weather).or(departure.slowed).is_some()
        });
        // All of them are asked, so that each has its own draws.
        if polls.count() > 0 {
            return true;
        }
        let told = world.receiver.is_some().then(|| plan.webhook.deliver(truth.done, keys, task, weather));
        told.is_some_and(|told| told.iter().any(|delivery| delivery.fault.is_some()))
    }
}

/// How a wait ended, in the words of its machine.
fn ending(result: &Result<Finished, WaitError>) -> Ending {
    match result {
        Ok(_) => Ending::Success,
        Err(WaitError::TaskFailed { .. }) => Ending::Failed,
        Err(WaitError::GaveUp { .. }) => Ending::GaveUp,
        Err(_) => Ending::Error,
    }
}
