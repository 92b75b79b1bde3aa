//! Lock-step pools in the simulated world: the tasks of a model form pools in the order of arrival, each polled by the
//! guide's `TaskPoller`.
//!
//! A task joins when its wait starts. The loop is started whenever none runs, but never after a rejection: the task
//! whose reply was an error ends with it, its unsettled and later members are abandoned.

use crate::api::reply::Reply;
use crate::engine::intake::Task;
use crate::engine::plan::Plan;
use crate::engine::sim::context::{Context, Event, PoolEvent, PoolKey, Rank};
use crate::engine::sim::waiting::blank;
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::composition::Strategy;
use crate::strategy::lock_step::{LockStep, Ticket, Turn};
use crate::strategy::wait::Worth;
use crate::time::Micros;
use crate::world::draws::{Draws, Stream};
use crate::world::exchange::{Departure, Exchange};
use crate::world::truth::Truth;
use std::collections::VecDeque;
use std::num::NonZeroU32;

#[derive(Debug)]
struct Member<'p> {
    order: u64,
    record: TaskRecord,
    truth: Truth,
    travel: Draws,
    fault_draws: Draws,
    closed: bool,
    flight: Option<Flight<'p>>,
}

#[derive(Debug)]
struct Flight<'p> {
    ticket: Ticket,
    departure: Departure,
    /// The rule that strikes it, limits aside.
    struck: Option<usize>,
    exchange: Option<Exchange<'p>>,
}

#[derive(Debug)]
struct Pool<'p> {
    poller: LockStep<'p>,
    members: Vec<Option<Member<'p>>>,
    /// Members that have not ended, and tasks that have not arrived.
    open: u64,
    rejected: Option<Micros>,
}

/// All pools of one strategy in one replicate.
#[derive(Debug)]
pub(super) struct Pools<'p> {
    size: u64,
    strategy: &'p Strategy,
    /// By model.
    in_use: Vec<InUse<'p>>,
    send: Vec<Ticket>,
}

/// The pools of one model that somebody is in, or will be.
#[derive(Debug, Default)]
struct InUse<'p> {
    /// Number of the first.
    first: u64,
    pools: VecDeque<Option<Pool<'p>>>,
}

impl<'p> InUse<'p> {
    fn get_mut(&mut self, number: u64) -> Option<&mut Option<Pool<'p>>> {
        self.pools.get_mut(number.checked_sub(self.first)? as usize)
    }

    /// The pool with this number, which is new if nobody was in it.
    fn pool(&mut self, number: u64, new: impl FnOnce() -> Pool<'p>) -> Option<&mut Pool<'p>> {
        while self.first + self.pools.len() as u64 <= number {
            self.pools.push_back(None);
        }
        Some(self.get_mut(number)?.get_or_insert_with(new))
    }

    /// Lets go of the pool with this number, if it is over.
    fn leave(&mut self, number: u64) {
        if let Some(pool) = self.get_mut(number).filter(|pool| pool.as_ref().is_some_and(Pool::is_over)) {
            *pool = None;
        }
        while let Some(None) = self.pools.front() {
            self.pools.pop_front();
            self.first += 1;
        }
    }
}

impl<'p> Pools<'p> {
    pub(super) fn new(plan: &Plan<'p>, strategy: usize, size: NonZeroU32) -> Self {
        let strategy = plan.strategies[strategy].strategy;
        let in_use = plan.models.iter().map(|_| InUse::default()).collect();
        Self { size: size.get().into(), strategy, in_use, send: Vec::new() }
    }

    /// A task's submit is sent; its wait starts later.
    pub(super) fn arrive(&mut self, order: u64, task: &Task, context: &mut Context<'p>) {
        let key = (task.model, task.index / self.size);
        let in_use = &mut self.in_use[task.model];
        let tasks = (context.plan.scenario.tasks - key.1 * self.size).min(self.size);
        let pace = self.strategy.pace(&context.plan.models[task.model].model.name);
        let new = || Pool {
            poller: LockStep::new(pace),
            members: (0..tasks).map(|_| None).collect(),
            open: tasks,
            rejected: None,
        };
        let Some(pool) = in_use.pool(key.1, new) else { return };
        let Some(truth) = task.truth.filter(|_| task.accepted) else {
            pool.open -= 1;
            in_use.leave(key.1);
            return context.finish(order, blank(task));
        };
        let keys = &context.keys[task.model];
        let number = (task.index % self.size) as u32;
        pool.members[number as usize] = Some(Member {
            order,
            record: blank(task),
            truth,
            travel: keys.draws(Stream::StatusNetwork, task.index),
            fault_draws: keys.draws(Stream::StatusFault, task.index),
            closed: false,
            flight: None,
        });
        context.schedule_as(Rank::Start, task.wait_start, Event::Pool(PoolEvent::Join(key, number)));
        let horizon = task.wait_start + context.plan.scenario.horizon + Micros::new(1);
        context.schedule_as(Rank::Last, horizon, Event::Pool(PoolEvent::Close(key, number)));
    }

    pub(super) fn happen(&mut self, now: Micros, event: PoolEvent, is_limited: bool, context: &mut Context<'p>) {
        let (PoolEvent::Join(key, _)
        | PoolEvent::Arrive(key, _)
        | PoolEvent::Reply(key, _)
        | PoolEvent::Wake(key)
        | PoolEvent::Close(key, _)) = event;
        let in_use = &mut self.in_use[key.0];
        let Some(Some(pool)) = in_use.get_mut(key.1) else { return };
        // All that is left of a pool that its members have left are polls on their way, which a limit counts.
        if pool.open == 0 && !matches!(event, PoolEvent::Arrive(..)) {
            return;
        }
        let turn = match event {
            PoolEvent::Join(_, number) => match pool.rejected {
                Some(_) => {
                    pool.close(number, Outcome::Abandoned, now, context);
                    Turn::Wait
                }
                None => {
                    pool.poller.add(number);
                    pool.poller.start(now, &mut self.send)
                }
            },
            PoolEvent::Wake(_) => pool.poller.wake(&mut self.send),
            PoolEvent::Arrive(_, number) => {
                pool.exchange(key, number, is_limited, context);
                Turn::Wait
            }
            PoolEvent::Reply(_, number) => pool.reply(now, number, context),
            PoolEvent::Close(_, number) => {
                match pool.rejected {
                    Some(rejected) => pool.close(number, Outcome::Abandoned, rejected, context),
                    None => pool.close(number, Outcome::Hang, Micros::NEVER, context),
                }
                Turn::Wait
            }
        };
        if let Turn::Sleep(until) = turn {
            context.schedule(until, Event::Pool(PoolEvent::Wake(key)));
        }
        for ticket in self.send.drain(..) {
            pool.depart(key, now, ticket, is_limited, context);
        }
        in_use.leave(key.1);
    }
}

impl<'p> Pool<'p> {
    /// Whether all members have left it, and no poll of theirs has yet to arrive.
    fn is_over(&self) -> bool {
        let mut flights = self.members.iter().flatten().filter_map(|member| member.flight.as_ref());
        self.open == 0 && flights.all(|flight| flight.exchange.is_some())
    }

    fn member(&mut self, number: u32) -> Option<&mut Member<'p>> {
        self.members[number as usize].as_mut()
    }

    fn depart(&mut self, key: PoolKey, now: Micros, ticket: Ticket, is_limited: bool, context: &mut Context<'p>) {
        let Some(member) = self.member(ticket.task) else { return };
        let link = &context.plan.models[key.0].status;
        member.record.polls += 1;
        let draws = (&mut member.travel, &mut member.fault_draws);
        let (departure, struck) = link.send(now, &member.truth, draws, &mut context.weather);
        member.record.struck |= struck.or(departure.slowed).is_some();
        member.flight = Some(Flight { ticket, departure, struck, exchange: None });
        if is_limited && departure.refused.is_none() {
            context.schedule(departure.arrival, Event::Pool(PoolEvent::Arrive(key, ticket.task)));
        } else {
            self.exchange(key, ticket.task, is_limited, context);
        }
    }

    /// A member's poll reaches the server.
    fn exchange(&mut self, key: PoolKey, number: u32, is_limited: bool, context: &mut Context<'p>) {
        let rejected = self.rejected;
        let Some(member) = self.member(number) else { return };
        let Some(flight) = &mut member.flight else { return };
        let model = &context.plan.models[key.0];
        let Flight { departure, struck, .. } = flight;
        let (weather, buckets) = (&mut context.weather, is_limited.then_some(&mut context.buckets));
        let exchange = model.status.arrive(departure, *struck, &member.truth, model.failure, weather, buckets);
        flight.exchange = Some(exchange);
        context.observer.fault(exchange.fault);
        if !exchange.replied.is_never() {
            context.schedule_as(Rank::Over, exchange.replied, Event::Pool(PoolEvent::Reply(key, number)));
        } else if let Some(rejected) = rejected {
            self.close(number, Outcome::Abandoned, rejected, context);
        }
    }

    fn reply(&mut self, now: Micros, number: u32, context: &mut Context<'p>) -> Turn {
        let Some(Some(member)) = self.members.get_mut(number as usize) else { return Turn::Wait };
        let Some(Flight { ticket, departure, exchange: Some(exchange), .. }) = member.flight.take() else {
            return Turn::Wait;
        };
        let (worth, ending, turn) = self.poller.reply(now, ticket, &exchange.reply);
        if !member.closed {
            member.record.wasted += u32::from(worth == Worth::Wasted);
            member.record.throttled += u32::from(matches!(exchange.reply, Reply::Answer { status: 429, .. }));
            context.observer.poll(&member.record, departure.sent, worth);
        }
        if let Some(ending) = ending {
            member.record.without_result = exchange.reply.is_flawed();
            let outcome = Outcome::of(ending, now, member.record.done);
            self.close(number, outcome, now, context);
        } else if let Some(rejected) = self.rejected {
            self.close(number, Outcome::Abandoned, rejected, context);
        }
        if turn == Turn::Rejected {
            self.reject(now, number, context);
        }
        turn
    }

    /// The loop ended with `culprit`'s error: everyone ends but those whose replies may still settle them.
    fn reject(&mut self, now: Micros, culprit: u32, context: &mut Context<'p>) {
        self.rejected = Some(now);
        self.close(culprit, Outcome::Error, now, context);
        for number in 0..self.members.len() as u32 {
            let joined = self.member(number).is_some_and(|member| {
                let awaited = member
                    .flight
                    .as_ref()
                    .is_some_and(|flight| flight.exchange.is_none_or(|exchange| !exchange.replied.is_never()));
                member.record.wait_start <= now && !awaited
            });
            if joined {
                self.close(number, Outcome::Abandoned, now, context);
            }
        }
    }

    /// Ends a member's wait, once.
    fn close(&mut self, number: u32, outcome: Outcome, settled: Micros, context: &mut Context<'p>) {
        let Some(member) = self.member(number).filter(|member| !member.closed) else { return };
        member.closed = true;
        if let Some(flight) = &member.flight {
            context.observer.poll(&member.record, flight.departure.sent, Worth::Failed);
        }
        member.record.failed = member.record.polls - member.record.wasted - u32::from(outcome.is_known());
        context.finish(member.order, TaskRecord { outcome, settled, ..member.record });
        self.open -= 1;
    }
}
