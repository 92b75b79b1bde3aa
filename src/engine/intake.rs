//! From arrival to the start of the wait: tasks are submitted, accepted or rejected, and their fate is fixed.
//!
//! Nothing here depends on a strategy, so every strategy meets the same tasks. Tasks come out in the order of their
//! intended submits (ties by model), with bounded memory: at most what is on its way to the server or in its queue.

use crate::engine::plan::Plan;
use crate::time::Micros;
use crate::world::arrivals::Arrivals;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::{Buckets, Departure, Submission};
use crate::world::fault::Pace;
use crate::world::truth::{Fate, Life, Truth};
use crate::world::weather::Weather;
use rand_distr::{Distribution as _, Exp1};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroU32;

/// A task at the start of its wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Number of its model in the plan.
    pub model: usize,
    /// Its number in model and replicate.
    pub index: u64,
    /// Intended submit.
    pub submitted: Micros,
    /// The client has its id, or gave up submitting.
    pub wait_start: Micros,
    /// Whether the client has its id.
    pub accepted: bool,
    /// The server created it; zero where no submit reached it.
    pub created: Micros,
    /// What becomes of it; `None` where no submit reached the server.
    pub truth: Option<Truth>,
    /// Instants of submits after the first.
    pub resubmits: Box<[Micros]>,
    /// Tasks that its submits created beyond the first.
    pub duplicates: u32,
}

/// Intended submits of one model, in order.
#[derive(Debug, Clone)]
pub struct ArrivalClock<'s> {
    law: &'s Arrivals,
    keys: &'s Keys,
    next: u64,
    last: Micros,
    /// Mean gap in microseconds, where gaps are random.
    mean: f64,
    /// The next submits, where they are known already.
    ahead: &'s [Micros],
}

impl<'s> ArrivalClock<'s> {
    /// Starts before task `next`, at time zero where gaps are random.
    #[must_use]
    pub fn new(law: &'s Arrivals, keys: &'s Keys, next: u64) -> Self {
        let mean = match law {
            Arrivals::Poisson { rate_per_s } => 1e6 / rate_per_s,
            _ => 0.0,
        };
        Self { law, keys, next, last: Micros::ZERO, mean, ahead: &[] }
    }

    /// Whether every submit is known by its number.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.law, Arrivals::Poisson { .. })
    }

    /// The next submit.
    #[inline(always)]
    pub fn tick(&mut self) -> Micros {
        if let [submit, ahead @ ..] = self.ahead {
            self.ahead = ahead;
            return *submit;
        }
        let task = self.next;
        self.next += 1;
        self.last = match self.law {
            Arrivals::Poisson { .. } => {
                let gap: f64 = Exp1.sample(&mut self.keys.draws(Stream::Arrival, task));
                self.last + Micros::from_f64(gap * self.mean)
            }
            Arrivals::Constant { rate_per_s } => Micros::from_f64((task + 1) as f64 * (1e6 / rate_per_s)),
            Arrivals::Burst => Micros::ZERO,
            Arrivals::Trace(instants) => {
                let length = instants.last().copied().unwrap_or(Micros::ZERO);
                let (round, at) = (task / instants.len() as u64, task % instants.len() as u64);
                instants[at as usize] + length * round
            }
        };
        self.last
    }
}

/// The keys of every model of a plan in one replicate.
#[must_use]
pub fn keys(plan: &Plan<'_>, replicate: u32) -> Vec<Keys> {
    plan.models.iter().map(|model| Keys::new(plan.scenario.seed, replicate, &model.model.name)).collect()
}

/// The tasks of a group of models in one replicate, or a range of them.
#[derive(Debug)]
pub struct Intake<'s> {
    plan: &'s Plan<'s>,
    weather: Weather,
    lanes: Vec<Lane<'s>>,
    end: u64,
    coupling: Option<Coupling>,
    /// How often each rule struck a submit so far.
    pub fired: Vec<u64>,
}

/// One model's tasks.
#[derive(Debug)]
struct Lane<'s> {
    model: usize,
    keys: &'s Keys,
    clock: ArrivalClock<'s>,
    /// Next task and its submit.
    next: u64,
    submit: Micros,
}

impl<'s> Intake<'s> {
    /// Tasks of a range of the models in `group`; `submits` are theirs, where the range does not start with the first
    /// task and gaps are random.
    #[must_use]
    pub fn new(
        plan: &'s Plan<'s>,
        keys: &'s [Keys],
        replicate: u32,
        group: &[usize],
        range: std::ops::Range<u64>,
        submits: Option<&'s [Micros]>,
    ) -> Self {
        let lanes = group
            .iter()
            .map(|&model| {
                let mut clock = ArrivalClock::new(&plan.scenario.arrivals, &keys[model], range.start);
                clock.ahead = submits.unwrap_or_default();
                let submit = clock.tick();
                Lane { model, keys: &keys[model], clock, next: range.start, submit }
            })
            .collect();
        Self {
            plan,
            weather: Weather::new(&plan.scenario.faults, plan.scenario.seed, replicate),
            lanes,
            end: range.end,
            coupling: plan.intake_coupled.then(|| Coupling::new(plan)),
            fired: vec![0; plan.scenario.faults.len()],
        }
    }

    #[inline]
    fn next_lane(&self) -> Option<usize> {
        let open = self.lanes.iter().enumerate().filter(|(_, lane)| lane.next < self.end);
        open.min_by_key(|(_, lane)| lane.submit).map(|(at, _)| at)
    }

    /// A fresh task of the lane whose submit is next.
    #[inline(always)]
    fn arrive(&mut self, lane: usize) -> Arriving {
        self.weather.forget_before(self.lanes[lane].submit);
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
            },
            life: Life::draw(self.plan.models[lane.model].model, &mut keys.draws(Stream::Truth, index)),
            travel: keys.draws(Stream::SubmitNetwork, index),
            lots: keys.draws(Stream::SubmitFault, index),
            attempts: 0,
            open: true,
            queued: 0,
            in_flight: None,
        }
    }
}

/// A task on its way to acceptance.
#[derive(Debug)]
struct Arriving {
    task: Task,
    life: Life,
    travel: Draws,
    lots: Draws,
    attempts: u32,
    /// The client is still trying.
    open: bool,
    /// Creations that wait for a worker.
    queued: u32,
    in_flight: Option<Departure>,
}

impl Arriving {
    /// The server accepts it at `now`. The same request again is a task of the same life; the client waits for the one
    /// whose id it got, the last.
    #[inline(always)]
    fn created(&mut self, now: Micros) {
        self.task.duplicates += u32::from(self.task.truth.is_some());
        self.task.created = now;
        self.task.truth = Some(self.life.created_at(now));
    }

    /// Takes the fate of an attempt sent at `sent`: the instant of the next attempt, if one is due.
    #[inline(always)]
    fn heard(&mut self, plan: &Plan<'_>, sent: Micros, submission: Submission) -> Option<Micros> {
        let policy = &plan.scenario.submit;
        self.attempts += 1;
        let deadline = sent + policy.attempt_timeout;
        let heard = submission.heard.min(deadline);
        // An answer that comes after the client stopped listening is as good as none.
        if submission.is_accepted() && submission.heard <= deadline {
            self.task.accepted = true;
        } else if self.attempts <= policy.retries {
            let again = heard + policy.retry_delay;
            self.task.resubmits = appended(&self.task.resubmits, again);
            return Some(again);
        }
        self.task.wait_start = heard;
        self.open = false;
        None
    }
}

#[cold]
fn appended(instants: &[Micros], last: Micros) -> Box<[Micros]> {
    instants.iter().copied().chain([last]).collect()
}

impl Iterator for Intake<'_> {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        match self.coupling.take() {
            None => self.next_alone(),
            Some(mut coupling) => {
                let task = coupling.next(self);
                self.coupling = Some(coupling);
                task
            }
        }
    }
}

impl Intake<'_> {
    /// Appends the next `count` tasks; fewer only at the end.
    pub fn fill(&mut self, count: usize, into: &mut Vec<Task>) {
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
        let lane = self.next_lane()?;
        let mut arriving = self.arrive(lane);
        let link = &self.plan.models[arriving.task.model].submit;
        let mut sent = arriving.task.submitted;
        // Where nothing can go wrong the first attempt is the last, and takes no draws.
        if let Some((rtt, up)) = link.calm_round_trip()
            && rtt <= self.plan.scenario.submit.attempt_timeout
        {
            arriving.created(sent + up);
            (arriving.task.accepted, arriving.task.wait_start) = (true, sent + rtt);
            return Some(arriving.task);
        }
        let (mut travel, mut lots) = (arriving.travel.clone(), arriving.lots.clone());
        loop {
            let departure = link.depart(sent, &mut travel, &mut lots, &mut self.weather);
            let submission = link.arrive_submit(&departure, &mut self.weather, None, Pace::SCENARIO);
            if let Some(rule) = submission.fault() {
                self.fired[rule] += 1;
            }
            if submission.exists {
                arriving.created(departure.arrival);
            }
            match arriving.heard(self.plan, sent, submission) {
                Some(again) => sent = again,
                None => return Some(arriving.task),
            }
        }
    }
}

/// Submits that share token buckets or workers, in the order of time.
#[derive(Debug)]
struct Coupling {
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    sequence: u64,
    buckets: Buckets,
    /// For each model with finite workers, when each of them is free.
    workers: Vec<Option<BinaryHeap<Reverse<Micros>>>>,
    /// Tasks in order of their submits; the front leaves when its fate is fixed.
    in_order: VecDeque<Arriving>,
    /// Number of the task at the front, counted over all models.
    first: u64,
}

/// What happens to a task, named by its number over all models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The client sends the submit.
    Send(u64),
    /// The submit reaches the server.
    Arrive(u64),
    /// The task has waited out its pending time and takes the next free worker.
    Ready(u64),
}

impl Coupling {
    fn new(plan: &Plan<'_>) -> Self {
        let free = |workers: NonZeroU32| (0..workers.get()).map(|_| Reverse(Micros::ZERO)).collect();
        Self {
            events: BinaryHeap::new(),
            sequence: 0,
            buckets: Buckets::new(&plan.scenario.faults),
            workers: plan.models.iter().map(|model| model.model.workers.map(free)).collect(),
            in_order: VecDeque::new(),
            first: 0,
        }
    }

    fn schedule(&mut self, at: Micros, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, event)));
    }

    fn next(&mut self, intake: &mut Intake<'_>) -> Option<Task> {
        loop {
            if self.in_order.front().is_some_and(|arriving| !arriving.open && arriving.queued == 0) {
                self.first += 1;
                return self.in_order.pop_front().map(|arriving| arriving.task);
            }
            let next_event = self.events.peek().map_or(Micros::NEVER, |Reverse((at, ..))| *at);
            match intake.next_lane().filter(|&lane| intake.lanes[lane].submit <= next_event) {
                Some(lane) => {
                    let arriving = intake.arrive(lane);
                    let (submitted, number) = (arriving.task.submitted, self.first + self.in_order.len() as u64);
                    self.in_order.push_back(arriving);
                    self.schedule(submitted, Event::Send(number));
                }
                None => {
                    let Reverse((now, _, event)) = self.events.pop()?;
                    self.happen(now, event, intake);
                }
            }
        }
    }

    fn happen(&mut self, now: Micros, event: Event, intake: &mut Intake<'_>) {
        let (Event::Send(number) | Event::Arrive(number) | Event::Ready(number)) = event;
        let arriving = &mut self.in_order[(number - self.first) as usize];
        let link = &intake.plan.models[arriving.task.model].submit;
        let weather = &mut intake.weather;
        match event {
            Event::Send(_) => {
                let departure = link.depart(now, &mut arriving.travel, &mut arriving.lots, weather);
                arriving.in_flight = Some(departure);
                self.schedule(departure.arrival, Event::Arrive(number));
            }
            Event::Arrive(_) => {
                let Some(departure) = arriving.in_flight.take() else { return };
                let submission = link.arrive_submit(&departure, weather, Some(&mut self.buckets), Pace::SCENARIO);
                if let Some(rule) = submission.fault() {
                    intake.fired[rule] += 1;
                }
                let mut ready = None;
                if submission.exists {
                    arriving.created(now);
                    // A stuck task holds no worker: it is lost before it is worked on.
                    if self.workers[arriving.task.model].is_some() && arriving.life.fate != Fate::Stuck {
                        arriving.queued += 1;
                        ready = Some(now + arriving.life.pending);
                    }
                }
                let again = arriving.heard(intake.plan, departure.sent, submission);
                if let Some(ready) = ready {
                    self.schedule(ready, Event::Ready(number));
                }
                if let Some(again) = again {
                    self.schedule(again, Event::Send(number));
                }
            }
            Event::Ready(_) => {
                arriving.queued -= 1;
                let Some(workers) = &mut self.workers[arriving.task.model] else { return };
                let Some(Reverse(free)) = workers.pop() else { return };
                let started = free.max(now);
                let done = started + arriving.life.work;
                workers.push(Reverse(done));
                arriving.task.truth = Some(Truth { fate: arriving.life.fate, started, done });
            }
        }
    }
}
