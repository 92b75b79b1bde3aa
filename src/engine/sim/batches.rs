//! Batches in the simulated world: tasks that are submitted together, and of which one poll tells.
//!
//! A batch travels, and is struck by faults, as its first task would; rules that go by a task's age go by that of the task
//! which ends last, and lies about one task strike no batch. Each poll is one request, counted to one of the tasks that are
//! open.

use crate::api::reply::{Loss, Payload, Reply, TaskState};
use crate::engine::intake::Task;
use crate::engine::plan::Plan;
use crate::engine::sim::context::{BatchEvent, BatchKey, Context, Event};
use crate::engine::sim::waiting::blank;
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::batch::{BatchReply, BatchWait, counted_to, worth_to_task};
use crate::strategy::composition::Batching;
use crate::strategy::wait::{Ending, Policy, Step, Worth};
use crate::time::Micros;
use crate::world::draws::{Draws, Stream};
use crate::world::exchange::Departure;
use crate::world::fault::Timescale;
use crate::world::truth::{Fate, Truth};
use std::collections::BTreeMap;

/// All batches of one strategy in one replicate.
#[derive(Debug)]
pub(super) struct Batches<'p> {
    batching: Batching,
    batches: BTreeMap<BatchKey, Batch<'p>>,
}

/// One batch, from its first task's arrival on.
#[derive(Debug)]
struct Batch<'p> {
    first: Task,
    /// Intended submit of the last task.
    last: Micros,
    members: Vec<Member>,
    wait: Option<Waiting<'p>>,
}

/// One of its tasks.
#[derive(Debug)]
struct Member {
    order: u64,
    record: TaskRecord,
    truth: Option<Truth>,
    is_open: bool,
}

/// The wait for a batch that was accepted.
#[derive(Debug)]
struct Waiting<'p> {
    policy: &'p Policy<'p>,
    wait: BatchWait<'p>,
    /// That of the task which ends last.
    truth: Truth,
    travel: Draws,
    fault_draws: Draws,
    jitter: Draws,
    /// From here on nobody waits.
    bound: Micros,
    /// Instant that the last `Retry-After` that binds named.
    not_before: Micros,
    flight: Option<Flight<'p>>,
}

/// A poll on its way.
#[derive(Debug)]
struct Flight<'p> {
    departure: Departure,
    timeout: Micros,
    /// The rule that strikes it, limits aside.
    struck: Option<usize>,
    /// The place of the task that it is counted to.
    counted: usize,
    exchange: Option<Exchange<'p>>,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy)]
struct Exchange<'p> {
    replied: Micros,
    reply: Reply<'p>,
    /// It tells which tasks have ended.
    tells: bool,
    fault: Option<usize>,
}

/// A request that is left behind: its model, and the rule that strikes it.
type Orphaned = Option<(usize, Departure, Option<usize>)>;

impl<'p> Batches<'p> {
    pub(super) fn new(batching: Batching) -> Self {
        Self { batching, batches: BTreeMap::new() }
    }

    /// A task comes; its batch is submitted later.
    pub(super) fn arrive(&mut self, order: u64, task: &Task, context: &mut Context<'p>) {
        let place = u64::from(task.place);
        let key = (task.model, task.index - place);
        let batch = self.batches.entry(key).or_insert_with(|| {
            context.schedule(task.wait_start, Event::Batch(BatchEvent::Start(key)));
            Batch { first: task.clone(), last: task.submitted, members: Vec::new(), wait: None }
        });
        batch.last = task.submitted;
        let submits = if place == 0 { blank(task).submits } else { 0 };
        let record = TaskRecord { submits, ..blank(task) };
        batch.members.push(Member { order, record, truth: task.truth, is_open: true });
    }

    /// Something happens to a batch; requests that nobody waits for any more are answered with, for them to arrive.
    pub(super) fn happen(&mut self, event: BatchEvent, is_limited: bool, context: &mut Context<'p>) -> Orphaned {
        let (BatchEvent::Start(key) | BatchEvent::Arrive(key) | BatchEvent::Over(key)) = event;
        let batch = self.batches.get_mut(&key)?;
        let left_behind = match event {
            BatchEvent::Start(_) => batch.start(key, &self.batching, is_limited, context),
            BatchEvent::Arrive(_) => {
                batch.exchange(key, is_limited, context);
                None
            }
            BatchEvent::Over(_) => {
                let step = batch.over(context);
                step.and_then(|step| batch.follow(key, step, is_limited, context))
            }
        };
        if batch.members.iter().all(|member| !member.is_open) {
            self.batches.remove(&key);
        }
        left_behind
    }
}

impl<'p> Batch<'p> {
    /// The submit is over.
    fn start(&mut self, key: BatchKey, batching: &Batching, is_limited: bool, context: &mut Context<'p>) -> Orphaned {
        let count = self.members.len() as u32;
        let sent = batching.leaves_at(count, self.first.submitted, self.last);
        context.observer.submitted(key.0, sent, &self.first.resubmits);
        let ends = |member: &Member| member.truth.map_or(Micros::ZERO, |truth| truth.done);
        let truth = self.members.iter().max_by_key(|member| ends(member)).and_then(|member| member.truth);
        let Some(truth) = truth.filter(|_| self.first.accepted) else {
            self.close(Outcome::Rejected, self.first.wait_start, context);
            return None;
        };
        let plan: &'p Plan<'p> = context.plan;
        let policy = &plan.strategies[context.strategy].policies[key.0];
        let (keys, index, now) = (&context.keys[key.0], self.first.index, self.first.wait_start);
        let mut jitter = keys.draws(Stream::Jitter, index);
        let (wait, step) = BatchWait::begin(policy, now, count, &mut jitter);
        self.wait = Some(Waiting {
            policy,
            wait,
            truth,
            travel: keys.draws(Stream::StatusNetwork, index),
            fault_draws: keys.draws(Stream::StatusFault, index),
            jitter,
            bound: now + plan.scenario.horizon + Micros::new(1),
            not_before: Micros::ZERO,
            flight: None,
        });
        self.follow(key, step, is_limited, context)
    }

    /// Does what the wait wants next.
    fn follow(&mut self, key: BatchKey, step: Step, is_limited: bool, context: &mut Context<'p>) -> Orphaned {
        let bound = self.wait.as_ref()?.bound;
        match step {
            Step::Poll { at, timeout } if at < bound => return self.depart(key, at, timeout, is_limited, context),
            Step::End { at, ending } if at < bound => {
                for member in self.members.iter_mut().filter(|member| member.is_open) {
                    let outcome = Outcome::of(ending, at, member.record.done);
                    member.close(outcome, at, context);
                }
            }
            Step::Poll { .. } | Step::End { .. } | Step::Listen => self.close(Outcome::Hang, Micros::NEVER, context),
        }
        None
    }

    /// Sends a poll at `sent`, which may be later than now: what happens to it depends on its instants only.
    fn depart(
        &mut self,
        key: BatchKey,
        sent: Micros,
        timeout: Micros,
        is_limited: bool,
        context: &mut Context<'p>,
    ) -> Orphaned {
        let wait = self.wait.as_mut()?;
        let link = &context.plan.models[key.0].status;
        let draws = (&mut wait.travel, &mut wait.fault_draws);
        let (departure, struck) = link.send(sent, &wait.truth, draws, &mut context.weather);
        let open = self.members.iter_mut().enumerate().filter(|(_, member)| member.is_open);
        let (counted, member) = counted_to(open, |(_, member)| member.record.polls)?;
        member.record.polls += 1;
        member.record.violations += u32::from(sent < wait.not_before);
        for member in self.members.iter_mut().filter(|member| member.is_open) {
            member.record.struck |= struck.or(departure.slowed).is_some();
        }
        let over = (sent + timeout).min(wait.bound);
        let mut flight = Flight { departure, timeout, struck, counted, exchange: None };
        if !is_limited || departure.refused.is_some() {
            wait.flight = Some(flight);
            self.exchange(key, is_limited, context);
            return None;
        }
        if over < departure.arrival {
            // Nobody will read the answer, but the request still takes its place in limits.
            let reply = Reply::Lost(Loss::TimedOut);
            flight.exchange = Some(Exchange { replied: Micros::NEVER, reply, tells: false, fault: None });
            wait.flight = Some(flight);
            context.schedule(over, Event::Batch(BatchEvent::Over(key)));
            return Some((key.0, departure, struck));
        }
        wait.flight = Some(flight);
        context.schedule(departure.arrival, Event::Batch(BatchEvent::Arrive(key)));
        None
    }

    /// The poll reaches the server.
    fn exchange(&mut self, key: BatchKey, is_limited: bool, context: &mut Context<'p>) {
        let Some(wait) = &mut self.wait else { return };
        let Some(flight) = &mut wait.flight else { return };
        let link = &context.plan.models[key.0].status;
        let buckets = is_limited.then_some(&mut context.buckets);
        let meeting = link.meet(&flight.departure, flight.struck, &mut context.weather, buckets, Timescale::SCENARIO);
        let told = TaskState::Processing;
        let (replied, reply, tells) = match meeting.struck {
            None => (meeting.back, Reply::state(told), true),
            Some((_, effect)) => {
                let reply = effect.reply(told, meeting.back, Timescale::SCENARIO);
                (effect.heard(meeting.back), reply, effect.tells_of_a_batch())
            }
        };
        flight.exchange = Some(Exchange { replied, reply, tells, fault: meeting.fault() });
        let over = replied.min(flight.departure.sent + flight.timeout).min(wait.bound);
        context.schedule(over, Event::Batch(BatchEvent::Over(key)));
    }

    /// The poll is over for this wait: what it wants next, where somebody still waits.
    fn over(&mut self, context: &mut Context<'p>) -> Option<Step> {
        let wait = self.wait.as_mut()?;
        let Flight { departure, timeout, counted, exchange, .. } = wait.flight.take()?;
        let Exchange { replied, mut reply, mut tells, fault } = exchange?;
        let patience = departure.sent + timeout;
        let heard = replied.min(patience);
        context.observer.fault(fault);
        if heard >= wait.bound {
            self.count(&departure, counted, (Worth::Failed, heard), false, context);
            self.close(Outcome::Hang, Micros::NEVER, context);
            return None;
        }
        if replied > patience {
            (reply, tells) = (Reply::Lost(Loss::TimedOut), false);
        }
        let mut asked = None;
        if let Reply::Answer { status, retry_after, .. } = reply {
            self.members[counted].record.throttled += u32::from(status == 429);
            asked = retry_after;
            if let Some(instant) =
                retry_after.and_then(|asked| wait.policy.not_before(self.first.wait_start, heard, asked))
            {
                wait.not_before = instant;
            }
        }
        let is_over = |member: &Member| tells && member.record.done <= departure.arrival;
        let open = self.members.iter().filter(|member| member.is_open && !is_over(member)).count() as u32;
        let reply = match reply {
            Reply::Answer { status: 200, payload: Payload::State(_) | Payload::Flawed(..), .. } => {
                BatchReply::Told { open, retry_after: asked }
            }
            // An answer that has the state of a task and another status has that of no batch.
            Reply::Answer { status, payload: Payload::State(_) | Payload::Flawed(..), retry_after } => {
                BatchReply::Nothing(Reply::Answer { status, payload: Payload::NoState, retry_after })
            }
            reply => BatchReply::Nothing(reply),
        };
        let (worth, step) = wait.wait.reply(heard, &reply, &mut wait.jitter);
        self.count(&departure, counted, (worth, heard), tells, context);
        Some(step)
    }

    /// Counts a poll that was good for `worth` and heard of at an instant, and ends the waits for the tasks that it tells the
    /// end of.
    fn count(
        &mut self,
        departure: &Departure,
        counted: usize,
        (worth, heard): (Worth, Micros),
        tells: bool,
        context: &mut Context<'p>,
    ) {
        let record = &mut self.members[counted].record;
        match worth {
            Worth::Useful => {}
            Worth::Wasted => record.wasted += 1,
            Worth::Failed => record.failed += 1,
        }
        for (place, member) in self.members.iter_mut().enumerate().filter(|(_, member)| member.is_open) {
            let is_over = tells && member.record.done <= departure.arrival;
            let worth = worth_to_task(worth, is_over);
            context.observer.look(&member.record, place == counted, departure.sent, worth);
            if is_over {
                let failed = member.record.fate == Some(Fate::Failed);
                let ending = if failed { Ending::Failed } else { Ending::Success };
                member.close(Outcome::of(ending, heard, member.record.done), heard, context);
            }
        }
    }

    /// Ends the waits for all tasks that are open.
    fn close(&mut self, outcome: Outcome, settled: Micros, context: &mut Context<'p>) {
        for member in self.members.iter_mut().filter(|member| member.is_open) {
            member.close(outcome, settled, context);
        }
    }
}

impl Member {
    fn close(&mut self, outcome: Outcome, settled: Micros, context: &mut Context<'_>) {
        self.is_open = false;
        (self.record.outcome, self.record.settled) = (outcome, settled);
        context.finish(self.order, self.record);
    }
}
