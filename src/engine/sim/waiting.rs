//! One wait in the simulated world: the strategy's machine, the task's draws, and what came of its polls so far.
//!
//! The fast path and the event queue drive waits through this one type, so they cannot disagree on a single wait.
//!
//! What happens at every poll is inlined by force, here and in the machine and the link below: as one loop without calls
//! the state of a wait stays in registers, which is worth a factor of two.

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
        throttled: 0,
        struck: false,
        without_result: false,
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

/// A poll on its way whose answer may be anything.
#[derive(Debug, Clone, Copy)]
struct Flight {
    departure: Departure,
    /// How long its answer is waited for.
    timeout: Micros,
    /// The rule that strikes it, limits aside.
    struck: Option<usize>,
}

/// One wait in progress.
#[derive(Debug, Clone)]
pub(super) struct Waiting<'p> {
    wait: Wait<'p>,
    record: TaskRecord,
    truth: Truth,
    travel: Draws,
    fault_draws: Draws,
    jitter: Draws,
    /// From here on the wait is out of its machine's hands: a webhook told its end, or patience did.
    bound: Micros,
    /// It was the webhook.
    is_told: bool,
    /// Instant that the last `Retry-After` that binds named.
    not_before: Micros,
}

impl<'p> Waiting<'p> {
    /// Starts the wait for an accepted task.
    #[inline(always)]
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
            let deliveries = model.webhook.deliver(truth.done, keys, task.index, weather);
            // A client that hears of a task before it has the id keeps the news until then.
            let first = deliveries.first();
            told = if first.is_never() { first } else { first.max(task.wait_start) };
            record.deliveries = deliveries.taken_by(end);
            for delivery in deliveries.iter() {
                observer.fault(delivery.fault);
                record.struck |= delivery.fault.is_some();
            }
        }
        let mut jitter = keys.draws(Stream::Jitter, task.index);
        let (wait, step) = policy.begin(task.wait_start, &mut jitter);
        let mut waiting = Self {
            wait,
            record,
            truth,
            travel: keys.draws(Stream::StatusNetwork, task.index),
            fault_draws: keys.draws(Stream::StatusFault, task.index),
            jitter,
            // Patience lasts to the horizon, and still at it.
            bound: told.min(end + Micros::new(1)),
            is_told: told <= end,
            not_before: Micros::ZERO,
        };
        let next = waiting.advance(step);
        (waiting, next)
    }

    /// Goes on with a wait from its machine's next step, `record` telling of the polls before; its strategy neither listens
    /// nor draws.
    pub(super) fn resume(
        (wait, step): (Wait<'p>, Step),
        record: TaskRecord,
        truth: Truth,
        (travel, fault_draws): (Draws, Draws),
        horizon: Micros,
    ) -> (Self, Next) {
        let (jitter, bound) = (travel.clone(), record.wait_start + horizon + Micros::new(1));
        let mut waiting =
            Self { wait, record, truth, travel, fault_draws, jitter, bound, is_told: false, not_before: Micros::ZERO };
        let next = waiting.advance(step);
        (waiting, next)
    }

    /// A wait that shares nothing from its `next` step to its end: what is to be kept of it.
    #[inline]
    pub(super) fn finish(
        self,
        next: Next,
        model: &ModelPlan<'_>,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> TaskRecord {
        // Two forms that do not need the same registers.
        if model.status.is_plain() {
            self.polls::<true>(next, model, weather, observer)
        } else {
            self.polls::<false>(next, model, weather, observer)
        }
    }

    #[inline(never)]
    fn polls<const PLAIN: bool>(
        mut self,
        mut next: Next,
        model: &ModelPlan<'_>,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> TaskRecord {
        while let Next::Send { at, timeout } = next {
            next = self.poll::<PLAIN>(model, at, timeout, weather, observer);
        }
        self.record
    }

    /// Sends the poll that [`Next::Send`] asked for; also the rule that strikes it, limits aside.
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        model: &ModelPlan<'_>,
        at: Micros,
        weather: &mut Weather,
    ) -> (Departure, Option<usize>) {
        self.record.polls += 1;
        self.record.violations += u32::from(at < self.not_before);
        let (mut travel, mut fault_draws, truth) = (self.travel.clone(), self.fault_draws.clone(), self.truth);
        let (departure, struck) = model.status.send(at, &truth, (&mut travel, &mut fault_draws), weather);
        (self.travel, self.fault_draws) = (travel, fault_draws);
        self.record.struck |= struck.or(departure.slowed).is_some();
        (departure, struck)
    }

    /// A poll was sent that nothing disturbed on its way up.
    pub(super) fn sent(&mut self) {
        self.record.polls += 1;
    }

    /// A little of all its parts.
    #[inline(always)]
    pub(super) fn read(&self) -> u64 {
        let Self { wait, record, truth, bound, .. } = self;
        let of_record = record.task ^ record.settled.get() ^ u64::from(record.polls);
        of_record ^ truth.done.get() ^ truth.created.get() ^ bound.get() ^ wait.lapses().get()
    }

    /// What is to be kept of it, once it is settled.
    pub(super) fn record(&self) -> &TaskRecord {
        &self.record
    }

    /// The number of its model.
    pub(super) fn model(&self) -> usize {
        self.record.model as usize
    }

    /// What its task really does.
    pub(super) fn truth(&self) -> &Truth {
        &self.truth
    }

    /// When the poll sent at `sent` is over for this wait: it is answered, timed out, or no longer of interest.
    pub(super) fn over(&self, sent: Micros, timeout: Micros, replied: Micros) -> Micros {
        replied.min(sent + timeout).min(self.bound)
    }

    /// Polls of a wait that shares nothing, from the one due at `at` to the first that does not just say unfinished, and
    /// what the wait wants next.
    ///
    /// `PLAIN` is what the model's link says of itself, asked once a task: what its loop never does takes no registers from it.
    #[inline(always)]
    fn poll<const PLAIN: bool>(
        &mut self,
        model: &ModelPlan<'_>,
        at: Micros,
        timeout: Micros,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> Next {
        let flight = self.idle::<PLAIN>(model, at, timeout, weather, observer);
        let Flight { departure, timeout, struck } = match flight {
            Ok(next) => return next,
            Err(flight) => flight,
        };
        if struck.or(departure.slowed).is_some() {
            // On a copy: who has no address can stay in registers.
            let mut copy = self.clone();
            let next = copy.poll_in_trouble(model, Flight { departure, timeout, struck }, weather, observer);
            *self = copy;
            return next;
        }
        self.hear(departure.sent, timeout, &departure.answered(&self.truth, model.failure), observer)
    }

    /// Polls that just say unfinished: most of them. What comes after the last is another poll on its way, or an end.
    #[inline(always)]
    fn idle<const PLAIN: bool>(
        &mut self,
        model: &ModelPlan<'_>,
        at: Micros,
        timeout: Micros,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> Result<Next, Flight> {
        if at < self.not_before {
            let (departure, struck) = self.send(model, at, weather);
            return Err(Flight { departure, timeout, struck });
        }
        // From here on no poll is too early: each is later than the one before, and none is told to wait.
        let (mut travel, mut fault_draws, mut jitter) =
            (self.travel.clone(), self.fault_draws.clone(), self.jitter.clone());
        // Copies, whose addresses may be lent without those of the wait.
        let (mut wasted, truth, done, bound) = (0, self.truth, self.truth.done, self.bound);
        let mut lens = observer.lens(&self.record);
        let mut calm = if PLAIN { Micros::NEVER } else { weather.calm_until(at) };
        let end = self.wait.while_unfinished((at, timeout), &mut jitter, |at, timeout| {
            if at >= bound {
                return Err(None);
            }
            let (departure, struck) =
                model.status.travel::<PLAIN>(at, &truth, &mut travel, &mut fault_draws, weather, &mut calm);
            let is_heard = departure.back < bound && departure.back <= at + timeout;
            if departure.arrival < done && is_heard && struck.or(departure.slowed).is_none() {
                wasted += 1;
                if let Some(lens) = &mut lens {
                    lens.poll(at, Worth::Wasted);
                }
                return Ok(departure.back);
            }
            Err(Some(Flight { departure, timeout, struck }))
        });
        self.record.polls += wasted + u32::from(matches!(end, Err(Some(_))));
        self.record.wasted += wasted;
        (self.travel, self.fault_draws, self.jitter) = (travel, fault_draws, jitter);
        match end {
            Ok(step) => Ok(self.advance(step)),
            Err(None) => Ok(self.overtaken()),
            Err(Some(flight)) => Err(flight),
        }
    }

    #[inline(never)]
    fn poll_in_trouble(
        &mut self,
        model: &ModelPlan<'_>,
        Flight { departure, timeout, struck }: Flight,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> Next {
        self.record.struck = true;
        let exchange = model.status.arrive(&departure, struck, &self.truth, model.failure, weather, None);
        self.hear(departure.sent, timeout, &exchange, observer)
    }

    /// Takes the answer to the poll sent at `sent` that nothing struck or slowed down, if it is heard and just says
    /// unfinished, as most do: the same as [`hear`](Self::hear).
    #[inline(always)]
    pub(super) fn hear_unfinished(
        &mut self,
        sent: Micros,
        timeout: Micros,
        (arrival, back): (Micros, Micros),
        observer: &mut Observer,
    ) -> Option<Next> {
        if arrival >= self.truth.done || back > sent + timeout || back >= self.bound {
            return None;
        }
        self.record.wasted += 1;
        observer.poll(&self.record, sent, Worth::Wasted);
        let mut jitter = self.jitter.clone();
        let step = self.wait.unfinished(back, back, &mut jitter);
        self.jitter = jitter;
        Some(self.advance(step))
    }

    /// Takes what became of the poll sent at `sent`.
    #[inline(always)]
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
        if heard >= self.bound {
            self.record.failed += 1;
            observer.poll(&self.record, sent, Worth::Failed);
            return self.overtaken();
        }
        if exchange.replied > patience {
            return self.take(sent, heard, &Reply::Lost(Loss::TimedOut), observer);
        }
        if let Reply::Answer { status, retry_after, .. } = exchange.reply {
            self.record.throttled += u32::from(status == 429);
            if let Some(instant) = retry_after.and_then(|asked| self.wait.not_before(heard, asked)) {
                self.not_before = instant;
            }
        }
        self.take(sent, heard, &exchange.reply, observer)
    }

    /// Shows the machine a reply.
    #[inline(always)]
    fn take(&mut self, sent: Micros, heard: Micros, reply: &Reply<'_>, observer: &mut Observer) -> Next {
        let mut jitter = self.jitter.clone();
        let (worth, step) = self.wait.reply(heard, reply, &mut jitter);
        self.jitter = jitter;
        // Each worth goes its own way to the end, so that the step, which follows from it, is not asked for again.
        match worth {
            Worth::Useful => {
                self.record.without_result = reply.is_flawed();
                observer.poll(&self.record, sent, Worth::Useful);
            }
            Worth::Wasted => {
                self.record.wasted += 1;
                observer.poll(&self.record, sent, Worth::Wasted);
                return self.advance(step);
            }
            Worth::Failed => {
                self.record.failed += 1;
                observer.poll(&self.record, sent, Worth::Failed);
            }
        }
        self.advance(step)
    }

    /// When a poll that is held back is no longer sent.
    pub(super) fn lapses(&self) -> Micros {
        self.wait.lapses().min(self.bound)
    }

    /// The poll that was due was held back until `now` by the client's own limit.
    pub(super) fn held_back(&mut self, now: Micros) -> Next {
        let step = self.wait.held_back(now);
        self.advance(step)
    }

    /// What the machine's step means in this world, where a webhook may come first and patience ends at the horizon.
    #[inline(always)]
    fn advance(&mut self, step: Step) -> Next {
        match step {
            Step::Poll { at, timeout } if at < self.bound => Next::Send { at, timeout },
            Step::End { at, ending } if at < self.bound => self.settle(ending, at),
            Step::Poll { .. } | Step::End { .. } | Step::Listen => self.overtaken(),
        }
    }

    /// The bound comes before anything that the machine may do.
    #[inline(always)]
    fn overtaken(&mut self) -> Next {
        if self.is_told {
            let failed = self.truth.fate == Fate::Failed;
            return self.settle(if failed { Ending::Failed } else { Ending::Success }, self.bound);
        }
        (self.record.outcome, self.record.settled) = (Outcome::Hang, Micros::NEVER);
        Next::Settled
    }

    #[inline(always)]
    fn settle(&mut self, ending: Ending, at: Micros) -> Next {
        self.record.outcome = Outcome::of(ending, at, self.record.done);
        self.record.settled = at;
        Next::Settled
    }
}
