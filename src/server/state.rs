//! All that changes while the server runs, behind one lock that is never held across a wait.

use crate::api::reply::{Failure, TaskState};
use crate::server::batches::Batches;
use crate::server::counters::Counters;
use crate::server::created::{Created, Task};
use crate::server::files::Asked;
use crate::server::id;
use crate::server::model_state::{ModelState, failure_of, links};
use crate::server::push::Push;
use crate::server::settings::World;
use crate::server::stub::{InvalidStub, Stub};
use crate::server::workers::Workers;
use crate::time::Micros;
use crate::world::capacity::Load;
use crate::world::draws::Stream;
use crate::world::exchange::{Departure, SubmitOutcome};
use crate::world::fault::{Effect, Fault, FaultRules, Route, Timescale};
use crate::world::model::Model;
use crate::world::strike::Buckets;
use crate::world::truth::{Fate, Life};
use crate::world::weather::Weather;
use crate::world::webhook::Deliveries;
use std::collections::BTreeMap;

/// Stubs that may wait for their tasks.
const MOST_STUBS: usize = 10_000;
/// Keyed submits whose draws are kept for another attempt.
const MOST_ATTEMPTS: usize = 100_000;

/// Names beside those of the world that may have tasks, and how long they may be.
const MOST_OTHERS: usize = 1_000;
const LONGEST_NAME: usize = 128;
/// Bytes of all stubs, as they were written.
const MOST_STUB_BYTES: usize = 64 << 20;

/// Why there is no model of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoModel {
    Unknown,
    /// As many other names as there may be are known already, or this one is too long.
    TooMany,
}

pub(super) struct State {
    world: World,
    pub(super) batches: Batches,
    pub(super) models: Vec<ModelState>,
    pub(super) weather: Weather,
    submit_buckets: Buckets,
    pub(super) status_buckets: Buckets,
    pub(super) tasks: Vec<Task>,
    /// Of the few tasks that have one, by slot.
    pub(super) stubs: BTreeMap<usize, Stub>,
    /// What they and those that still wait were written with.
    stub_bytes: usize,
    pub(super) generation: u32,
    /// Requests that each rule struck.
    pub(super) fired: Vec<u64>,
    /// Rules for which nobody listens at the moment.
    closed_for: Vec<usize>,
    /// How often that began, by rule.
    closures: Vec<u64>,
    pub(super) counters: Counters,
}

/// What a status request meets at the server, by the names of kinds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    /// What strikes it.
    pub(super) struck: Option<(&'static str, Effect)>,
    /// When its answer would be back.
    pub(super) back: Micros,
    /// What made that later.
    pub(super) by: Option<&'static str>,
}

/// A submit on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Submitting {
    pub(super) index: u64,
    pub(super) departure: Departure,
}

impl State {
    /// Generations tell the ids of one run from those of another.
    pub(super) fn new(world: World, generation: u32) -> Self {
        let weather = Weather::new(&world.faults, world.seed, world.replicate);
        let models = world.models.iter().map(|model| ModelState::new(&world, model)).collect();
        Self {
            batches: Batches::default(),
            models,
            weather,
            submit_buckets: Buckets::new(&world.faults),
            status_buckets: Buckets::new(&world.faults),
            tasks: Vec::new(),
            stubs: BTreeMap::new(),
            stub_bytes: 0,
            generation,
            fired: vec![0; world.faults.len()],
            closed_for: Vec::new(),
            closures: vec![0; world.faults.len()],
            counters: Counters::default(),
            world,
        }
    }

    pub(super) fn faults(&self) -> &FaultRules {
        &self.world.faults
    }

    pub(super) fn model(&self, name: &str) -> Option<usize> {
        self.models.iter().position(|state| state.model.name == name)
    }

    /// The model of this name; one that is made of the scenario's `"*"` where it is the first task of another name.
    pub(super) fn any_model(&mut self, name: &str) -> Result<usize, NoModel> {
        if let Some(number) = self.model(name) {
            return Ok(number);
        }
        let other = self.world.other.as_ref().filter(|_| !name.is_empty()).ok_or(NoModel::Unknown)?;
        if self.models.len() - self.world.models.len() >= MOST_OTHERS || name.len() > LONGEST_NAME {
            return Err(NoModel::TooMany);
        }
        let model = Model { name: name.to_owned(), ..other.clone() };
        self.models.push(ModelState::new(&self.world, &model));
        Ok(self.models.len() - 1)
    }

    /// The model that a task of this name would have.
    pub(super) fn model_for(&self, name: &str) -> Option<&Model> {
        self.model(name).map(|number| &self.models[number].model).or(self.world.other.as_ref())
    }

    /// The slot of the task with this id.
    pub(super) fn slot(&self, id: &str) -> Option<usize> {
        id::read(id, self.generation).filter(|slot| *slot < self.tasks.len())
    }

    pub(super) fn id(&self, slot: usize) -> String {
        id::write(slot, self.generation)
    }

    /// A submit for `model` reaches the network; `keyed` names the task that it is for.
    pub(super) fn depart_submit(&mut self, model: usize, keyed: Option<u64>, now: Micros) -> Submitting {
        self.weather.forget_before(now);
        let state = &mut self.models[model];
        let index = match keyed {
            None => state.take_number(),
            Some(index) => state.number_is(index),
        };
        let fresh = || (state.keys.draws(Stream::SubmitNetwork, index), state.keys.draws(Stream::SubmitFault, index));
        let (mut travel, mut fault_draws) = state.attempts.remove(&index).unwrap_or_else(fresh);
        let departure = state.submit.depart(now, &mut travel, &mut fault_draws, &mut self.weather);
        if keyed.is_some() && state.attempts.len() < MOST_ATTEMPTS {
            state.attempts.insert(index, (travel, fault_draws));
        }
        self.strike(departure.refused);
        Submitting { index, departure }
    }

    /// A submit reaches the server: what becomes of it, and the slot of the task it makes.
    pub(super) fn arrive_submit(
        &mut self,
        model: usize,
        submitting: &Submitting,
        asked: Asked,
        pace: Timescale,
        key: u64,
    ) -> (SubmitOutcome, Option<usize>) {
        let submission = self.meet_submit(model, submitting, pace, key);
        let Submitting { index, departure } = submitting;
        let slot = submission.exists.then(|| self.create(model, *index, departure.arrival, asked));
        (submission, slot)
    }

    /// A submit reaches the server: what it meets there.
    pub(super) fn meet_submit(
        &mut self,
        model: usize,
        submitting: &Submitting,
        pace: Timescale,
        key: u64,
    ) -> SubmitOutcome {
        let departure = &submitting.departure;
        let link = &self.models[model].submit;
        let struck = link.striking(departure, None, &mut self.weather);
        let buckets = self.submit_buckets.of_key(key);
        let submission = link.arrive_submit(departure, struck, &mut self.weather, Some(buckets), pace);
        self.strike(submission.fault());
        submission
    }

    pub(super) fn create(&mut self, model: usize, index: u64, now: Micros, asked: Asked) -> usize {
        self.advance_workers(now);
        let slot = self.tasks.len();
        let state = &mut self.models[model];
        let stub = state.stubs.pop_front().map(|stub| stub.created_at(now));
        let life = match &stub {
            Some(stub) => {
                let fate = match (stub.completion.is_never(), &stub.failure) {
                    (true, _) => Fate::Stuck,
                    (false, Some(_)) => Fate::Failed,
                    (false, None) => Fate::Success,
                };
                Life { fate, pending: Micros::ZERO, work: stub.completion }
            }
            None => Life::draw(&state.model, &mut state.keys.draws(Stream::Truth, index)),
        };
        let mut truth = life.created_at(now);
        // A stuck task holds no worker: it is lost before it is worked on.
        if let (Some(workers), false, true) = (&mut state.workers, life.fate == Fate::Stuck, stub.is_none()) {
            workers.enqueue(now + life.pending, slot, life.work);
            (truth.started, truth.done) = (Micros::NEVER, Micros::NEVER);
        }
        state.created.enter(index, slot);
        self.tasks.push(Task {
            model: model as u32,
            polls: 0,
            index,
            truth,
            travel: state.keys.draws(Stream::StatusNetwork, index),
            fault_draws: state.keys.draws(Stream::StatusFault, index),
            asked,
        });
        self.stubs.extend(stub.map(|stub| (slot, stub)));
        slot
    }

    /// Lets workers take what is ready by `now`.
    pub(super) fn advance_workers(&mut self, now: Micros) {
        for state in &mut self.models {
            while let Some((slot, started, done)) = state.workers.as_mut().and_then(|workers| workers.next(now)) {
                let truth = &mut self.tasks[slot].truth;
                (truth.started, truth.done) = (started, done);
            }
        }
    }

    /// When the task in `slot` gets a worker at the earliest; `None` where it does not wait for one.
    pub(super) fn next_ready(&self, slot: usize) -> Option<Micros> {
        let model = self.tasks.get(slot)?.model;
        self.models[model as usize].workers.as_ref()?.ready_at(slot)
    }

    /// A status request for the task in `slot` reaches the network.
    pub(super) fn depart_status(&mut self, slot: usize, now: Micros) -> (u32, Departure) {
        self.weather.forget_before(now);
        let task = &mut self.tasks[slot];
        let link = &self.models[task.model as usize].status;
        let departure = link.depart(now, &mut task.travel, &mut task.fault_draws, &mut self.weather);
        let number = task.polls;
        task.polls = task.polls.saturating_add(1);
        self.strike(departure.refused);
        (number, departure)
    }

    /// A status request with this API key reaches the server: what it gets, as `answer` makes it of the truth and of what it
    /// meets.
    pub(super) fn arrive_status<T>(
        &mut self,
        slot: usize,
        departure: &Departure,
        pace: Timescale,
        key: u64,
        answer: impl FnOnce(&Task, &Model, TaskState<'_>, Met) -> T,
    ) -> Option<T> {
        self.advance_workers(departure.arrival);
        // A reset may have come in between.
        let Task { model, truth, .. } = *self.tasks.get(slot)?;
        let (model, buckets) = (model as usize, self.status_buckets.of_key(key));
        let link = &self.models[model].status;
        let struck = link.striking(departure, Some(&truth), &mut self.weather);
        let meeting = link.meet(departure, struck, &mut self.weather, Some(buckets), pace);
        self.strike(meeting.fault());
        let name = |rule: usize| self.world.faults[rule].kind().name();
        let struck = meeting.struck.map(|(rule, effect)| (name(rule), effect));
        let met = Met { struck, back: meeting.back, by: meeting.by.map(name) };
        let (task, model) = (&self.tasks[slot], &self.models[model].model);
        let truth = task.truth.state_at(departure.arrival, failure_of(self.stubs.get(&slot), model));
        Some(answer(task, model, truth, met))
    }

    /// When the client of the task in `slot` is told of its end.
    pub(super) fn deliveries(&mut self, slot: usize) -> Deliveries {
        let Some(task) = self.tasks.get(slot) else { return Deliveries::NONE };
        let state = &self.models[task.model as usize];
        let deliveries = state.webhook.deliver(task.truth.done, &state.keys, task.index, &mut self.weather);
        for delivery in deliveries.iter() {
            self.strike(delivery.fault);
        }
        deliveries
    }

    /// From now on nobody listens because of these rules, and of no others.
    pub(super) fn close_port(&mut self, rules: &[usize]) {
        for rule in rules.iter().filter(|rule| !self.closed_for.contains(rule)) {
            if let Some(closures) = self.closures.get_mut(*rule) {
                *closures += 1;
            }
        }
        self.closed_for.clear();
        self.closed_for.extend(rules);
    }

    /// How often each rule struck: requests, and for one that closes the port each time that it did.
    pub(super) fn strikes(&self) -> impl Iterator<Item = u64> {
        self.fired.iter().zip(&self.closures).map(|(fired, closures)| fired + closures)
    }

    /// Requests that each rate limit would let through now, by route and rule.
    pub(super) fn levels(&self, now: Micros) -> Vec<(&'static str, usize, u64)> {
        let of = |route, buckets: &Buckets| {
            buckets.levels(now).into_iter().map(move |(rule, left)| (route, rule, left)).collect::<Vec<_>>()
        };
        let routes = [(Route::Submit, "submit", &self.submit_buckets), (Route::Status, "status", &self.status_buckets)];
        let applies = |route: Route, rule: usize| self.world.faults[rule].routes().contains(&route);
        let all = routes.into_iter().flat_map(|(route, name, buckets)| {
            of(name, buckets).into_iter().filter(move |(_, rule, _)| applies(route, *rule))
        });
        all.collect()
    }

    /// What the workers of each model did.
    pub(super) fn loads(&self) -> Vec<Load> {
        let load = |state: &ModelState| state.workers.as_ref().map(Workers::load).unwrap_or_default();
        self.models.iter().map(load).collect()
    }

    pub(super) fn strike(&mut self, rule: Option<usize>) {
        if let Some(fired) = rule.and_then(|rule| self.fired.get_mut(rule)) {
            *fired += 1;
        }
    }

    /// What a test has fixed for status request number `request` of the task in `slot`.
    pub(super) fn scripted(&self, slot: usize, request: u32) -> Option<Fault> {
        self.stubs.get(&slot)?.replies.get(&request).cloned()
    }

    /// What a test has fixed of the deliveries for the task in `slot`, and when that was created.
    pub(super) fn pushes(&self, slot: usize) -> Option<(Micros, Vec<Push>)> {
        let pushes = self.stubs.get(&slot)?.pushes.clone()?;
        Some((self.tasks.get(slot)?.truth.created, pushes))
    }

    pub(super) fn failure(&self, slot: usize) -> &Failure {
        let task = &self.tasks[slot];
        failure_of(self.stubs.get(&slot), &self.models[task.model as usize].model)
    }

    pub(super) fn created(&mut self, model: &str, index: u64, id: Option<&str>, now: Micros) -> Option<Created> {
        self.advance_workers(now);
        let (last, times) = self.models[self.model(model)?].created.find(index)?;
        let slot = id.and_then(|id| self.slot(id)).unwrap_or(last as usize);
        Some(Created { truth: self.tasks[slot].truth, times })
    }

    /// Keeps a stub that was written with `bytes`.
    pub(super) fn stub(&mut self, stub: Stub, bytes: usize) -> Result<(), InvalidStub> {
        let Ok(model) = self.any_model(&stub.model) else {
            let known = self.models.iter().map(|state| state.model.name.clone()).collect();
            return Err(InvalidStub::UnknownModel { model: stub.model, known });
        };
        let stubs = &mut self.models[model].stubs;
        if stubs.len() >= MOST_STUBS {
            return Err(InvalidStub::TooMany { most: MOST_STUBS });
        }
        if self.stub_bytes.saturating_add(bytes) > MOST_STUB_BYTES {
            return Err(InvalidStub::TooLong { most: MOST_STUB_BYTES });
        }
        self.stub_bytes += bytes;
        stubs.push_back(stub);
        Ok(())
    }

    /// The stub's task, made at `now` without a submit: its id.
    pub(super) fn place(&mut self, stub: Stub, now: Micros) -> Result<String, InvalidStub> {
        let name = stub.model.clone();
        self.stub(stub, 0)?;
        let unknown = || InvalidStub::UnknownModel { model: name.clone(), known: Vec::new() };
        let model = self.any_model(&name).map_err(|_| unknown())?;
        // It is the next one, whatever others wait for.
        self.models[model].stubs.rotate_right(1);
        let index = self.models[model].take_number();
        let slot = self.create(model, index, now, Asked::default());
        Ok(self.id(slot))
    }

    pub(super) fn set_faults(&mut self, faults: FaultRules) {
        self.world.faults = faults;
        let world = &self.world;
        self.weather = Weather::new(&world.faults, world.seed, world.replicate);
        self.submit_buckets = Buckets::new(&world.faults);
        self.status_buckets = Buckets::new(&world.faults);
        self.fired = vec![0; world.faults.len()];
        self.closed_for.clear();
        self.closures = vec![0; world.faults.len()];
        for state in &mut self.models {
            (state.submit, state.status, state.webhook) = links(world, &state.model.name);
        }
    }
}
