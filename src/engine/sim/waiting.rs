//! One wait in the simulated world: the strategy's machine, the task's draws, and what came of its polls so far.
//!
//! The fast path and the event queue drive waits through this one type, so they cannot disagree on a single wait.

use crate::api::reply::{Loss, Reply};
use crate::engine::intake::Task;
use crate::engine::observer::Observer;
use crate::engine::plan::{ModelPlan, Plan};
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::composition::Channel;
use crate::strategy::wait::{Ending, Policy, Step, Wait, Worth};
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::{Departure, Exchange};
use crate::world::truth::{Fate, Truth};
use crate::world::weather::Weather;
use crate::world::webhook::Deliveries;

/// What a wait wants next. Small, because it is answered to every poll.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// Send a poll at `at` and stop listening for its answer after `timeout`.
    Send { at: Micros, timeout: Micros },
    /// It is over: see [`Waiting::record`].
    Settled,
}

/// The record of a task whose wait has told nothing yet.
pub(in crate::engine) fn blank(task: &Task) -> TaskRecord {
    TaskRecord {
        model: task.model as u32,
        task: task.index,
        submitted: task.submitted,
        wait_start: task.wait_start,
        done: task.truth.map_or(Micros::NEVER, |truth| truth.done),
        fate: task.truth.map(|truth| truth.fate),
        outcome: Outcome::Rejected,
        settled: task.wait_start,
        submits: 1 + task.resubmits.len() as u32,
        duplicates: task.duplicates,
        polls: 0,
        wasted: 0,
        failed: 0,
        deliveries: 0,
        violations: 0,
    }
}

/// Where a wait takes place: one strategy on one model in one replicate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a, 'p> {
    pub(super) policy: &'a Policy<'p>,
    pub(super) model: &'a ModelPlan<'p>,
    pub(super) keys: &'a Keys,
    pub(super) horizon: Micros,
}

impl<'p> Place<'p, 'p> {
    pub(super) fn new(plan: &'p Plan<'p>, strategy: usize, model: usize, keys: &'p [Keys]) -> Self {
        Self {
            policy: &plan.strategies[strategy].policies[model],
            model: &plan.models[model],
            keys: &keys[model],
            horizon: plan.scenario.horizon,
        }
    }
}

/// One wait in progress.
#[derive(Debug)]
pub(super) struct Waiting<'p> {
    wait: Wait<'p>,
    record: TaskRecord,
    truth: Truth,
    travel: Draws,
    lots: Draws,
    jitter: Draws,
    told: Micros,
    /// The wait is a hang after this.
    end: Micros,
    /// Instant that the last `Retry-After` named.
    not_before: Micros,
}

impl<'p> Waiting<'p> {
    /// Starts the wait for an accepted task.
    #[inline]
    pub(super) fn begin(
        place: &Place<'_, 'p>,
        task: &Task,
        truth: Truth,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> (Self, Next) {
        let Place { policy, model, keys, horizon } = *place;
        let mut record = blank(task);
        let end = task.wait_start + horizon;
        let mut told = Micros::NEVER;
        if policy.channel() != Channel::Poll {
            let Deliveries { first, again, fault } = model.webhook.deliver(truth.done, keys, task.index, weather);
            // A client that hears of a task before it has the id keeps the news until then.
            told = if first.is_never() { first } else { first.max(task.wait_start) };
            record.deliveries = u32::from(first <= end) + u32::from(again <= end);
            observer.fault(fault);
        }
        let mut jitter = keys.draws(Stream::Jitter, task.index);
        let (wait, step) = policy.begin(task.wait_start, &mut jitter);
        let mut waiting = Self {
            wait,
            record,
            truth,
            travel: keys.draws(Stream::StatusNetwork, task.index),
            lots: keys.draws(Stream::StatusFault, task.index),
            jitter,
            told,
            end,
            not_before: Micros::ZERO,
        };
        let next = waiting.advance(step);
        (waiting, next)
    }

    /// Sends the poll that [`Next::Send`] asked for.
    #[inline]
    pub(super) fn depart(&mut self, model: &ModelPlan<'_>, at: Micros, weather: &mut Weather) -> Departure {
        self.record.polls += 1;
        self.record.violations += u32::from(at < self.not_before);
        model.status.depart(at, &mut self.travel, &mut self.lots, weather)
    }

    /// What is to be kept of it, once it is settled.
    pub(super) fn record(&self) -> &TaskRecord {
        &self.record
    }

    /// What its task really does.
    pub(super) fn truth(&self) -> &Truth {
        &self.truth
    }

    /// When the poll sent at `sent` is over for this wait: it is answered, timed out, or no longer of interest.
    pub(super) fn over(&self, sent: Micros, timeout: Micros, replied: Micros) -> Micros {
        replied.min(sent + timeout).min(self.told).min(self.end)
    }

    /// Takes what became of the poll sent at `sent`.
    #[inline]
    pub(super) fn hear(
        &mut self,
        sent: Micros,
        timeout: Micros,
        exchange: &Exchange<'_>,
        observer: &mut Observer,
    ) -> Next {
        let patience = sent + timeout;
        let heard = exchange.replied.min(patience);
        observer.fault(exchange.fault);
        if self.told <= heard && self.told <= self.end {
            self.fruitless(sent, observer);
            return self.informed();
        }
        if heard > self.end {
            self.fruitless(sent, observer);
            return self.hang();
        }
        let timed_out = Reply::Lost(Loss::TimedOut);
        let reply = if exchange.replied > patience { &timed_out } else { &exchange.reply };
        if let Reply::Answer { retry_after: Some(delay), .. } = reply {
            self.not_before = heard + *delay;
        }
        let (worth, step) = self.wait.reply(heard, reply, &mut self.jitter);
        match worth {
            Worth::Useful => {}
            Worth::Wasted => self.record.wasted += 1,
            Worth::Failed => self.record.failed += 1,
        }
        observer.poll(&self.record, sent, worth);
        self.advance(step)
    }

    /// The poll that was due was held back until `now` by the client's own limit.
    pub(super) fn held_back(&mut self, now: Micros) -> Next {
        let step = self.wait.held_back(now);
        self.advance(step)
    }

    /// What the machine's step means in this world, where a webhook may come first and patience ends at the horizon.
    #[inline]
    fn advance(&mut self, step: Step) -> Next {
        match step {
            Step::Poll { at, timeout } if at <= self.end && at < self.told => Next::Send { at, timeout },
            Step::End { at, ending } if at <= self.end && at < self.told => self.settle(ending, at),
            _ if self.told <= self.end => self.informed(),
            _ => self.hang(),
        }
    }

    fn fruitless(&mut self, sent: Micros, observer: &mut Observer) {
        self.record.failed += 1;
        observer.poll(&self.record, sent, Worth::Failed);
    }

    fn informed(&mut self) -> Next {
        let failed = self.truth.fate == Fate::Failed;
        self.settle(if failed { Ending::Failed } else { Ending::Success }, self.told)
    }

    #[inline]
    fn settle(&mut self, ending: Ending, at: Micros) -> Next {
        self.record.outcome = Outcome::of(ending, at, self.record.done);
        self.record.settled = at;
        Next::Settled
    }

    fn hang(&mut self) -> Next {
        (self.record.outcome, self.record.settled) = (Outcome::Hang, Micros::NEVER);
        Next::Settled
    }
}
