//! What the events of one wait add up to: a task record, as the simulator keeps it.

use crate::client::{Event, Finished, WaitError};
use crate::engine::live::world::World;
use crate::fit::Observation;
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::wait::{Ending, Policy, Worth};
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::Departure;
use crate::world::truth::Truth;

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
    /// The draws of its polls, which say here what strikes them there.
    travel: Draws,
    lots: Draws,
    departures: Vec<Departure>,
    /// Instant that the last `Retry-After` that binds named.
    not_before: Micros,
}

impl Account {
    /// An account of a task that was submitted, with nothing of its wait in it.
    pub(super) fn new(record: TaskRecord, id: Option<String>, accepted: Micros, keys: &Keys) -> Self {
        Self {
            id,
            accepted,
            close: Close::Rejected,
            taught: None,
            due: None,
            in_flight: None,
            travel: keys.draws(Stream::StatusNetwork, record.task),
            lots: keys.draws(Stream::StatusFault, record.task),
            departures: Vec::new(),
            not_before: Micros::ZERO,
            record,
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
                self.record.polls += 1;
                self.record.violations += u32::from(*at < self.not_before);
                self.in_flight = Some(*at);
                self.depart(*at, world);
                if let Some(due) = self.due.take() {
                    world.harness.borrow_mut().poll(due, *at);
                }
            }
            Event::Heard { at, worth, status, retry_after, .. } => {
                self.record.throttled += u32::from(*status == Some(429));
                match worth {
                    Worth::Useful => {}
                    Worth::Wasted => self.record.wasted += 1,
                    Worth::Failed => self.record.failed += 1,
                }
                let model = &world.plan.models[self.record.model as usize].model.name;
                let policy = Policy::new(&world.strategy, model);
                if let Some(asked) = retry_after
                    && let Some(instant) = policy.not_before(self.record.wait_start, *at, *asked)
                {
                    self.not_before = instant;
                }
                if let Some(sent) = self.in_flight.take() {
                    world.observer.borrow_mut().poll(&self.record, sent, *worth);
                }
            }
            Event::StateChanged { .. } | Event::Told { .. } | Event::Ended(_) => {}
        }
    }

    /// A poll is sent now.
    fn depart(&mut self, sent: Micros, world: &World<'_>) {
        if world.server.is_none() {
            return;
        }
        let (link, weather) = (&world.plan.models[self.record.model as usize].status, &mut *world.weather.borrow_mut());
        self.departures.push(link.depart(sent, &mut self.travel, &mut self.lots, weather));
    }

    /// The wait ended by itself at `at`.
    pub(super) fn end_with(&mut self, result: &Result<Finished, WaitError>, at: Micros, world: &World<'_>) {
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
        let record = &mut self.record;
        // What a client hears does not tell what struck its polls: a stale answer looks like any.
        let link = &world.plan.models[record.model as usize].status;
        for departure in &self.departures {
            let struck = link.striking(departure, truth, &mut world.weather.borrow_mut());
            record.struck |= struck.or(departure.slowed).is_some();
        }
        if let (Some(truth), Some(_), Some(_)) = (&truth, &self.id, &world.receiver) {
            let (model, task) = (record.model as usize, record.task);
            let link = &world.plan.models[model].webhook;
            let told = link.deliver(truth.done, &world.keys[model], task, &mut world.weather.borrow_mut());
            record.struck |= told.iter().any(|delivery| delivery.fault.is_some());
        }
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
