//! The event queue: waits that share something, in the order of time.
//!
//! Records leave in the order of tasks, so that strategies can be compared task by task while memory stays bounded by what
//! is in flight.

mod limited;
mod rows;

use crate::api::reply::{Loss, Reply};
use crate::engine::intake::{Intake, Task};
use crate::engine::observer::Observer;
use crate::engine::plan::Plan;
use crate::engine::sim::agenda::Agenda;
use crate::engine::sim::batches::Batches;
use crate::engine::sim::context::{Context, Event, Rank, Seat};
use crate::engine::sim::form::Form;
use crate::engine::sim::learners::{Learners, Plans};
use crate::engine::sim::pools::Pools;
use crate::engine::sim::row::Rows;
use crate::engine::sim::slot::{Answer, Slot};
use crate::engine::sim::waiting::{Next, Place, Waiting, blank};
use crate::measure::record::TaskRecord;
use crate::strategy::composition::Sharing;
use crate::strategy::dispatch::Dispatch;
use crate::time::Micros;
use crate::world::capacity::Load;
use crate::world::draws::Keys;
use crate::world::exchange::{Departure, Exchange};
use crate::world::fault::Timescale;
use crate::world::strike::Buckets;
use crate::world::weather::Weather;
use std::collections::{BTreeMap, VecDeque};

/// One strategy on one group of models in one replicate, simulated in the order of time.
pub(super) struct Queue<'p> {
    pub(super) context: Context<'p>,
    intake: Intake<'p>,
    /// The task whose submit is next.
    upcoming: Option<Task>,
    is_limited: bool,
    rows: Rows<'p>,
    slots: Vec<Option<Slot<'p>>>,
    free: Vec<u32>,
    /// By slot: the poll that has not reached the server, with the rule that strikes it, limits aside.
    departures: Vec<Option<(Departure, Option<usize>)>>,
    /// By slot: what became of a poll that something struck.
    struck: Vec<Option<Exchange<'p>>>,
    /// Orphaned requests, whose waits are over before they arrive: their models, and the rules that strike them.
    orphans: BTreeMap<u64, (usize, Departure, Option<usize>)>,
    /// How many there were so far.
    orphan_count: u64,
    /// Tasks whose waits start by an event of their own and have not, by number.
    starting: BTreeMap<u64, Task>,
    pools: Option<Pools<'p>>,
    batches: Option<Batches<'p>>,
    pub(super) learners: Option<Learners<'p>>,
    /// By model.
    dispatches: Option<Vec<Dispatch<Seat>>>,
    /// By model: whether the instant of its next token is already scheduled.
    awaits_token: Vec<bool>,
}

impl<'p> Queue<'p> {
    pub(super) fn new(
        plan: &'p Plan<'p>,
        (strategy, forms): (usize, &'p [Form<'p>]),
        keys: &'p [Keys],
        weather: Weather,
        mut intake: Intake<'p>,
        observer: Observer,
        plans: &'p Plans,
    ) -> Self {
        let shared = plan.strategies[strategy].strategy;
        let (mut pools, mut dispatches, mut learners, mut batches) = (None, None, None, None);
        match shared.sharing {
            Sharing::Alone => {}
            Sharing::LockStep { pool } => pools = Some(Pools::new(plan, strategy, pool)),
            Sharing::Limiter(limiter) => {
                dispatches = Some(plan.models.iter().map(|_| Dispatch::new(&limiter)).collect());
            }
            Sharing::Batch(batching) => {
                intake = intake.in_batches(batching);
                batches = Some(Batches::new(batching));
            }
            Sharing::Learned(_) => learners = Some(Learners::new(plan, shared, plans)),
        }
        Self {
            rows: Rows::new(forms.iter().map(Form::in_rows).collect(), plan.scenario.horizon),
            pools,
            batches,
            learners,
            dispatches,
            is_limited: plan.models.iter().any(|model| model.status.faults.is_limited()),
            context: Context {
                plan,
                strategy,
                keys,
                weather,
                buckets: Buckets::new(&plan.scenario.faults),
                observer,
                agenda: Agenda::new(),
                records: VecDeque::new(),
                first: 0,
                now: Micros::ZERO,
            },
            upcoming: intake.next(),
            intake,
            slots: Vec::new(),
            free: Vec::new(),
            departures: Vec::new(),
            struck: Vec::new(),
            orphans: BTreeMap::new(),
            orphan_count: 0,
            starting: BTreeMap::new(),
            awaits_token: vec![false; plan.models.len()],
        }
    }

    /// How often each rule struck a submit so far; `None` where these are not those of single tasks.
    pub(super) fn submits_struck(&self) -> Option<&[u64]> {
        self.batches.is_none().then(|| self.intake.fired())
    }

    /// By model: what its finite workers did; `None` as for the submits.
    pub(super) fn loads(&self) -> Option<&[Load]> {
        self.batches.is_none().then(|| self.intake.loads())
    }

    /// Appends the next `count` records, in the order of tasks; fewer only at the end.
    pub(super) fn fill(&mut self, count: usize, into: &mut Vec<TaskRecord>) {
        for _ in 0..count {
            while !matches!(self.context.records.front(), Some(Some(_))) {
                if !self.advance() {
                    return;
                }
            }
            if let Some(Some(record)) = self.context.records.pop_front() {
                self.context.first += 1;
                into.push(record);
            }
        }
    }

    /// Lets requests arrive that are still on their way, although all waits are over: rules may strike them. Submits of batches
    /// are nobody else's.
    pub(super) fn run_out(&mut self) {
        while !self.orphans.is_empty() && self.advance() {}
        if self.batches.is_some() {
            for (mine, fired) in self.context.observer.fired.iter_mut().zip(self.intake.fired()) {
                *mine += fired;
            }
        }
    }

    /// Lets the next thing happen: a task arrives, or an event is due.
    fn advance(&mut self) -> bool {
        let submitted = self.upcoming.as_ref().map_or(Micros::NEVER, |task| task.submitted);
        let Some((now, event)) = self.context.agenda.pop_before(submitted) else {
            let Some(task) = self.upcoming.take() else { return false };
            self.upcoming = self.intake.next();
            self.context.weather.forget_before(self.context.now);
            self.arrive(&task);
            return true;
        };
        self.context.now = now;
        self.look_ahead();
        match event {
            Event::Due(seat) => {
                let (model, lapses) = match seat {
                    Seat::Row(at) => (self.rows.model(at), self.rows.lapses(at)),
                    Seat::Slot(at) => match &self.slots[at as usize] {
                        Some(slot) => (slot.waiting.model(), slot.waiting.lapses()),
                        None => return true,
                    },
                };
                if let Some(dispatches) = &mut self.dispatches {
                    dispatches[model].enqueue(seat, lapses);
                    self.admit(model, now);
                }
            }
            Event::Token(model) => {
                self.awaits_token[model] = false;
                self.admit(model, now);
            }
            Event::Arrive(Seat::Row(at)) => self.reach(at, now),
            Event::Arrive(Seat::Slot(at)) => {
                if let Some((departure, struck)) = self.departures[at as usize].take() {
                    self.exchange(at, &departure, struck);
                }
            }
            Event::ArriveOrphaned(orphan) => {
                if let Some((model, departure, struck)) = self.orphans.remove(&orphan) {
                    let Context { plan, weather, buckets, observer, .. } = &mut self.context;
                    let link = &plan.models[model].status;
                    let meeting = link.meet(&departure, struck, weather, Some(buckets), Timescale::SCENARIO);
                    observer.fault(meeting.fault());
                }
            }
            Event::Over(Seat::Row(at)) => self.hear(at, now),
            Event::Over(Seat::Slot(at)) => self.over(at, now),
            Event::Start(order) => {
                if let Some(task) = self.starting.remove(&order) {
                    self.start(order, &task);
                }
            }
            Event::Batch(event) => {
                let batches = self.batches.as_mut();
                if let Some((model, departure, struck)) =
                    batches.and_then(|batches| batches.happen(event, self.is_limited, &mut self.context))
                {
                    self.orphan(model, departure, struck);
                }
            }
            Event::Pool(event) => {
                if let Some(pools) = &mut self.pools {
                    pools.happen(now, event, self.is_limited, &mut self.context);
                }
            }
        }
        true
    }

    /// Reads a little of the waits that are next. Among many, most of an event's time would go into fetching its own; fetched
    /// at a time, they cost little more than one.
    #[inline]
    fn look_ahead(&self) {
        let coming = self.context.agenda.coming();
        if coming.len() == 0 {
            return;
        }
        let mut read = 0;
        for event in coming {
            read ^= match event {
                Event::Due(seat) | Event::Arrive(seat) | Event::Over(seat) => match seat {
                    Seat::Row(at) => self.rows.read(at),
                    Seat::Slot(at) => self.slots[at as usize].as_ref().map_or(0, Slot::read),
                },
                Event::ArriveOrphaned(_) | Event::Token(_) | Event::Pool(_) | Event::Batch(_) | Event::Start(_) => 0,
            };
        }
        std::hint::black_box(read);
    }

    /// A task's submit is sent.
    fn arrive(&mut self, task: &Task) {
        let order = self.context.first + self.context.records.len() as u64;
        self.context.records.push_back(None);
        if let Some(batches) = &mut self.batches {
            return batches.arrive(order, task, &mut self.context);
        }
        self.context.observer.submits(task);
        if let Some(pools) = &mut self.pools {
            return pools.arrive(order, task, &mut self.context);
        }
        if !task.accepted || task.truth.is_none() {
            return self.context.finish(order, blank(task));
        }
        // Waits that share nothing on the client's side start whenever it suits.
        let rank = match (&self.learners, &self.dispatches) {
            (None, None) => return self.start(order, task),
            (Some(_), _) => Rank::Last,
            (None, Some(_)) => Rank::Start,
        };
        self.starting.insert(order, task.clone());
        self.context.schedule_as(rank, task.wait_start, Event::Start(order));
    }

    /// The wait of an accepted task starts.
    fn start(&mut self, order: u64, task: &Task) {
        let Some(truth) = task.truth else { return };
        let context = &mut self.context;
        if let Some((at, due)) = self.rows.begin(order, task, truth, &context.keys[task.model], &context.observer) {
            return self.follow_row(at, due);
        }
        let policy = self.learners.as_mut().map(|learners| learners.policy(task.model, task.wait_start));
        let place = Place::new(context.plan, context.strategy, task.model, context.keys);
        let place = Place { policy: policy.as_ref().unwrap_or(place.policy), ..place };
        let (waiting, next) = Waiting::begin(&place, task, truth, &mut context.weather, &mut context.observer);
        if let (Some(learners), false) = (&mut self.learners, self.is_limited) {
            let Context { weather, observer, .. } = context;
            let record = learners.follow(waiting, next, weather, observer);
            return context.finish(order, record);
        }
        let at = self.settle_in(order, waiting);
        self.follow(at, next);
    }

    /// Gives a wait a slot.
    fn settle_in(&mut self, order: u64, waiting: Waiting<'p>) -> u32 {
        let slot = Slot {
            order,
            waiting,
            sent: Micros::ZERO,
            timeout: Micros::ZERO,
            answer: Answer::Open,
            unfinished: Micros::NEVER,
        };
        if let Some(at) = self.free.pop() {
            self.slots[at as usize] = Some(slot);
            return at;
        }
        self.slots.push(Some(slot));
        self.departures.push(None);
        self.struck.push(None);
        (self.slots.len() - 1) as u32
    }

    /// Does what a wait wants next.
    #[inline]
    fn follow(&mut self, at: u32, next: Next) {
        match next {
            Next::Settled => self.settle(at),
            Next::Send { at: sent, timeout } if self.dispatches.is_none() => self.depart(at, sent, timeout),
            Next::Send { at: due, timeout } => {
                if let Some(slot) = &mut self.slots[at as usize] {
                    (slot.sent, slot.timeout) = (due, timeout);
                }
                self.context.schedule(due, Event::Due(Seat::Slot(at)));
            }
        }
    }

    /// A wait is over.
    fn settle(&mut self, at: u32) {
        let Some(Slot { order, waiting, unfinished, .. }) = self.slots[at as usize].take() else { return };
        self.free.push(at);
        if let Some(learners) = &mut self.learners {
            learners.tell(waiting.record(), waiting.truth().created, unfinished.finite());
        }
        self.context.finish(order, *waiting.record());
    }

    /// Sends a poll at `sent`, which may be later than now: what happens to it depends on its instants only.
    #[inline]
    fn depart(&mut self, at: u32, sent: Micros, timeout: Micros) {
        let Some(slot) = &mut self.slots[at as usize] else { return };
        let model = &self.context.plan.models[slot.waiting.model()];
        (slot.sent, slot.timeout) = (sent, timeout);
        let (departure, struck) = slot.waiting.send(model, sent, &mut self.context.weather);
        if !self.is_limited || departure.refused.is_some() {
            return self.exchange(at, &departure, struck);
        }
        let model = slot.waiting.model();
        if slot.waiting.over(sent, timeout, Micros::NEVER) < departure.arrival {
            // Nobody will read the answer, but the request still takes its place in limits.
            self.answer(at, Exchange { replied: Micros::NEVER, reply: Reply::Lost(Loss::TimedOut), fault: None });
            self.orphan(model, departure, struck);
        } else {
            self.departures[at as usize] = Some((departure, struck));
            self.context.schedule(departure.arrival, Event::Arrive(Seat::Slot(at)));
        }
    }

    /// A request is left behind that nobody waits for.
    fn orphan(&mut self, model: usize, departure: Departure, struck: Option<usize>) {
        self.orphan_count += 1;
        self.orphans.insert(self.orphan_count, (model, departure, struck));
        self.context.schedule(departure.arrival, Event::ArriveOrphaned(self.orphan_count));
    }

    /// The poll reaches the server.
    #[inline]
    fn exchange(&mut self, at: u32, departure: &Departure, struck: Option<usize>) {
        let Some(slot) = &mut self.slots[at as usize] else { return };
        if self.is_limited || struck.or(departure.slowed).is_some() {
            let model = &self.context.plan.models[slot.waiting.model()];
            let buckets = self.is_limited.then_some(&mut self.context.buckets);
            let (truth, weather) = (slot.waiting.truth(), &mut self.context.weather);
            let exchange = model.status.arrive(departure, struck, truth, model.failure, weather, buckets);
            return self.answer(at, exchange);
        }
        slot.answer = Answer::Undisturbed { arrival: departure.arrival, back: departure.back };
        let over = slot.waiting.over(slot.sent, slot.timeout, departure.back);
        self.context.schedule_as(Rank::Over, over, Event::Over(Seat::Slot(at)));
    }

    /// It is known what becomes of the poll of this slot, which something may have struck.
    fn answer(&mut self, at: u32, exchange: Exchange<'p>) {
        let Some(slot) = &mut self.slots[at as usize] else { return };
        slot.answer = Answer::Struck;
        let over = slot.waiting.over(slot.sent, slot.timeout, exchange.replied);
        self.struck[at as usize] = Some(exchange);
        self.context.schedule_as(Rank::Over, over, Event::Over(Seat::Slot(at)));
    }

    /// The poll of this slot is over.
    fn over(&mut self, at: u32, now: Micros) {
        let Some(slot) = &mut self.slots[at as usize] else { return };
        let model = slot.waiting.model();
        let heard =
            slot.hear(&mut self.struck[at as usize], &self.context.plan.models[model], &mut self.context.observer);
        let Some(next) = heard else { return };
        self.follow(at, next);
        self.release(model, now);
    }
}
