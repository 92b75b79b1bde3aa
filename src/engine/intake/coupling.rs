//! Submits that share token buckets or workers, in the order of time.

use crate::engine::intake::lanes::Lanes;
use crate::engine::intake::task::{Arriving, BatchMember, Task, created_together, is_accepted, submitted_together};
use crate::engine::plan::Plan;
use crate::strategy::composition::Batching;
use crate::time::Micros;
use crate::world::capacity::Load;
use crate::world::exchange::{Departure, SubmitOutcome};
use crate::world::fault::Timescale;
use crate::world::strike::Buckets;
use crate::world::truth::{Fate, Truth};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::num::NonZeroU32;

/// When, in which order, what happens to the task with a number counted over all models, and to which of its submits.
type Due = (Micros, u64, Event, u64, u32);

#[derive(Debug)]
pub(super) struct Coupling {
    events: BinaryHeap<Reverse<Due>>,
    sequence: u64,
    buckets: Buckets,
    /// For each model with finite workers, when each of them is free.
    workers: Vec<Option<BinaryHeap<Reverse<Micros>>>>,
    /// What they did, by model.
    pub(super) loads: Vec<Load>,
    /// Tasks in order of their submits; the front leaves when its fate is fixed.
    in_order: VecDeque<InOrder>,
    /// Number of the task at the front, counted over all models.
    first: u64,
}

/// A task whose fate may still depend on others.
#[derive(Debug)]
struct InOrder {
    arriving: Arriving,
    /// Tasks of its batch, where it is submitted in one.
    rest: Option<Vec<BatchMember>>,
    /// Its submits on their way to the server, by number; the client may have stopped listening.
    on_the_way: BTreeMap<u32, Departure>,
    /// Creations that wait for a worker.
    queued: u32,
    /// Number of the submit whose creation counts; in a batch, none of the others creates anything.
    counting: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The client sends the submit.
    Send,
    /// The submit reaches the server.
    Arrive,
    /// The client stops listening for the answer of a submit that is still on its way.
    GiveUp,
    /// The task that the submit made has waited out its pending time and takes the next free worker. In a batch it is not the
    /// submit that is named, but the task's place.
    Ready,
}

impl Coupling {
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        let free = |workers: NonZeroU32| (0..workers.get()).map(|_| Reverse(Micros::ZERO)).collect();
        Self {
            events: BinaryHeap::new(),
            sequence: 0,
            buckets: Buckets::new(&plan.scenario.faults),
            workers: plan.models.iter().map(|model| model.model.workers.map(free)).collect(),
            loads: vec![Load::default(); plan.models.len()],
            in_order: VecDeque::new(),
            first: 0,
        }
    }

    fn schedule(&mut self, at: Micros, event: Event, number: u64, submit: u32) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, event, number, submit)));
    }

    /// The next task in the order of submits.
    pub(super) fn next(&mut self, lanes: &mut Lanes<'_>) -> Option<Task> {
        let in_order = self.next_of(lanes, |lanes, lane| {
            let arriving = lanes.arrive(lane);
            let submitted = arriving.task.submitted;
            (arriving, None, submitted)
        })?;
        Some(in_order.arriving.task)
    }

    /// The tasks of the next batch, in the order of their first tasks.
    pub(super) fn next_batch(&mut self, batching: &Batching, lanes: &mut Lanes<'_>) -> Option<Vec<Task>> {
        let InOrder { arriving, rest, .. } = self.next_of(lanes, |lanes, lane| {
            let (arriving, rest, leaves_at) = lanes.gather(lane, batching);
            (arriving, Some(rest), leaves_at)
        })?;
        Some(submitted_together(arriving.task, rest.unwrap_or_default()))
    }

    /// The next submit whose tasks' fates are fixed; `arrive` says what comes of a lane, and when it is sent.
    fn next_of(
        &mut self,
        lanes: &mut Lanes<'_>,
        arrive: impl Fn(&mut Lanes<'_>, usize) -> (Arriving, Option<Vec<BatchMember>>, Micros),
    ) -> Option<InOrder> {
        loop {
            if self.in_order.front().is_some_and(InOrder::is_fixed) {
                self.first += 1;
                return self.in_order.pop_front();
            }
            let next_event = self.events.peek().map_or(Micros::NEVER, |Reverse((at, ..))| *at);
            match lanes.next().filter(|(_, submit)| *submit <= next_event) {
                Some((lane, _)) => {
                    let number = self.first + self.in_order.len() as u64;
                    let (arriving, rest, sent) = arrive(lanes, lane);
                    let on_the_way = BTreeMap::new();
                    self.in_order.push_back(InOrder { arriving, rest, on_the_way, queued: 0, counting: 0 });
                    self.schedule(sent, Event::Send, number, 0);
                }
                None => {
                    let Reverse((now, _, event, number, submit)) = self.events.pop()?;
                    match event {
                        Event::Send => self.send(now, number, submit, lanes),
                        Event::Arrive => self.arrive(now, number, submit, lanes),
                        Event::GiveUp => self.give_up(number, submit, lanes),
                        Event::Ready => self.ready(now, number, submit),
                    }
                }
            }
        }
    }

    fn send(&mut self, now: Micros, number: u64, submit: u32, lanes: &mut Lanes<'_>) {
        let InOrder { arriving, on_the_way, .. } = &mut self.in_order[(number - self.first) as usize];
        let link = &lanes.plan.models[arriving.task.model].submit;
        let departure = link.depart(now, &mut arriving.travel, &mut arriving.fault_draws, &mut lanes.weather);
        on_the_way.insert(submit, departure);
        self.schedule(departure.arrival, Event::Arrive, number, submit);
        let patience = now + lanes.plan.scenario.submit.attempt_timeout;
        if patience < departure.arrival {
            self.schedule(patience, Event::GiveUp, number, submit);
        }
    }

    fn arrive(&mut self, now: Micros, number: u64, submit: u32, lanes: &mut Lanes<'_>) {
        let plan = lanes.plan;
        let at = (number - self.first) as usize;
        let Some(departure) = self.in_order[at].on_the_way.remove(&submit) else { return };
        let link = &plan.models[self.in_order[at].arriving.task.model].submit;
        let struck = link.striking(&departure, None, &mut lanes.weather);
        let (weather, buckets) = (&mut lanes.weather, Some(&mut self.buckets));
        let submission = link.arrive_submit(&departure, struck, weather, buckets, Timescale::SCENARIO);
        lanes.strike(submission.fault());
        if submission.exists {
            let InOrder { arriving, rest, queued, counting, .. } = &mut self.in_order[at];
            let (mut ready, model) = (Vec::new(), arriving.task.model);
            match rest {
                None => {
                    if arriving.created(now, is_accepted(plan, departure.sent, submission)) {
                        *counting = submit;
                    }
                    ready.push((submit, arriving.life));
                }
                Some(rest) => {
                    if created_together(arriving, rest, now) {
                        ready.push((0, arriving.life));
                        ready.extend((1..).zip(rest.iter().map(|member| member.life)));
                    }
                }
            }
            // A stuck task holds no worker: it is lost before it is worked on.
            ready.retain(|(_, life)| self.workers[model].is_some() && life.fate != Fate::Stuck);
            *queued += ready.len() as u32;
            for (which, life) in ready {
                self.schedule(now + life.pending, Event::Ready, number, which);
            }
        }
        if now <= departure.sent + plan.scenario.submit.attempt_timeout {
            self.hear(number, submit, departure.sent, submission, plan);
        }
    }

    /// The client stops listening before the submit has arrived.
    fn give_up(&mut self, number: u64, submit: u32, lanes: &Lanes<'_>) {
        let on_the_way = &self.in_order[(number - self.first) as usize].on_the_way;
        let Some(sent) = on_the_way.get(&submit).map(|departure| departure.sent) else { return };
        let (back, heard) = (Micros::NEVER, Micros::NEVER);
        let nothing = SubmitOutcome { back, heard, exists: false, struck: None, by: None };
        self.hear(number, submit, sent, nothing, lanes.plan);
    }

    /// The client knows what became of a submit, as far as it ever will.
    fn hear(&mut self, number: u64, submit: u32, sent: Micros, submission: SubmitOutcome, plan: &Plan<'_>) {
        let arriving = &mut self.in_order[(number - self.first) as usize].arriving;
        if let Some(again) = arriving.heard(plan, sent, submission) {
            self.schedule(again, Event::Send, number, submit + 1);
        }
    }

    fn ready(&mut self, now: Micros, number: u64, which: u32) {
        let InOrder { arriving, rest, queued, counting, .. } = &mut self.in_order[(number - self.first) as usize];
        *queued -= 1;
        let model = arriving.task.model;
        let (task, life) = match (rest, which.checked_sub(1)) {
            (None, _) => (Some(&mut arriving.task).filter(|_| *counting == which), arriving.life),
            (Some(_), None) => (Some(&mut arriving.task), arriving.life),
            (Some(rest), Some(at)) => {
                let BatchMember { task, life } = &mut rest[at as usize];
                (Some(task), *life)
            }
        };
        let Some(workers) = &mut self.workers[model] else { return };
        let Some(Reverse(free)) = workers.pop() else { return };
        let started = free.max(now);
        let done = started + life.work;
        workers.push(Reverse(done));
        self.loads[model].add(now, started, done);
        if let Some(task) = task {
            task.truth = Some(Truth { fate: life.fate, created: task.created, started, done });
        }
    }
}

impl InOrder {
    /// Whether nothing can change what becomes of it.
    fn is_fixed(&self) -> bool {
        !self.arriving.open && self.queued == 0 && self.on_the_way.is_empty()
    }
}
