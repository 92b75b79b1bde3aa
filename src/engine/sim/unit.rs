//! One unit of work: every strategy on the same tasks, chunk by chunk.

use crate::engine::findings::{Sums, split};
use crate::engine::intake::{ArrivalClock, Intake, Task, keys};
use crate::engine::observer::Observer;
use crate::engine::plan::Plan;
use crate::engine::sim::columns::{Chunk, Columns};
use crate::engine::sim::form::Form;
use crate::engine::sim::learners::{Learners, Plans};
use crate::engine::sim::queue::Queue;
use crate::engine::sim::waiting::{Place, Waiting, blank};
use crate::engine::sim::{Control, Findings, OpenRates, Options, Relay, Sink};
use crate::measure::record::TaskRecord;
use crate::time::Micros;
use crate::world::draws::Keys;
use crate::world::weather::Weather;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// Tasks that are handled at a time: their records stay in the cache.
const CHUNK: usize = 1 << 9;

/// A group of models in a replicate, or a range of its tasks.
#[derive(Debug)]
pub(super) struct Unit<'p> {
    pub(super) replicate: u32,
    pub(super) group: &'p [usize],
    pub(super) range: Range<u64>,
    /// Units that the replicate was cut into.
    pub(super) parts: usize,
}

/// Runs units on one thread and keeps what they found.
pub(super) struct Worker<'p> {
    plan: &'p Plan<'p>,
    options: Options,
    forms: &'p [Vec<Form<'p>>],
    control: &'p Control,
    sink: Option<Sink<'p>>,
    columns: Columns,
    pub(super) findings: Findings,
}

/// One strategy at work on a unit.
enum Lane<'p> {
    /// Task by task.
    Fast { observer: Observer, weather: Box<Weather> },
    /// In the order of time.
    Queue(Box<Queue<'p>>),
}

impl<'p> Worker<'p> {
    pub(super) fn new(
        plan: &'p Plan<'p>,
        options: Options,
        forms: &'p [Vec<Form<'p>>],
        control: &'p Control,
        sink: Option<Sink<'p>>,
    ) -> Self {
        Self { plan, options, forms, control, sink, columns: Columns::default(), findings: Findings::new(plan) }
    }

    pub(super) fn run(&mut self, unit: &Unit<'_>, open: &Mutex<OpenRates>, relay: &Relay<'_>) {
        let (plan, replicate) = (self.plan, unit.replicate);
        let keys = keys(plan, replicate);
        let submits = (unit.parts > 1).then(|| submits(plan, &keys, unit, relay)).flatten();
        let intake = || Intake::new(plan, &keys, replicate, unit.group, unit.range.clone(), submits.as_deref());
        let weather = || Weather::new(&plan.scenario.faults, plan.scenario.seed, replicate);
        let firsts: Vec<Micros> = (0..plan.models.len())
            .map(|model| ArrivalClock::new(&plan.scenario.arrivals, &keys[model], 0).tick())
            .collect();
        let plans = Plans::new();
        let mut lanes: Vec<Lane<'_>> = (0..plan.strategies.len())
            .map(|strategy| {
                let sample = (self.options.sample && replicate == 0).then_some(plan.scenario.tasks);
                let observer = Observer::new(&firsts, plan.scenario.faults.len(), sample);
                if plan.strategies[strategy].is_coupled || self.options.force_queue {
                    let forms = &self.forms[strategy];
                    Lane::Queue(Box::new(Queue::new(
                        plan,
                        (strategy, forms),
                        &keys,
                        weather(),
                        intake(),
                        observer,
                        &plans,
                    )))
                } else {
                    Lane::Fast { observer, weather: Box::new(weather()) }
                }
            })
            .collect();

        let mut sums = Sums::new(plan, replicate, unit.group);
        // Queues take in their tasks themselves, as far ahead as they must look.
        let is_fast = lanes.iter().any(|lane| matches!(lane, Lane::Fast { .. }));
        let mut source = is_fast.then(intake);
        let mut left = (unit.range.end - unit.range.start) * unit.group.len() as u64;
        let (mut tasks, mut records) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        let mut baseline: Vec<Vec<TaskRecord>> = vec![Vec::new(); unit.group.len()];
        let mut by_model: Vec<Vec<TaskRecord>> = baseline.clone();
        // The baseline goes first, so that the others can be paired with it.
        let mut order: Vec<usize> = (0..plan.strategies.len()).collect();
        order.sort_by_key(|strategy| *strategy != plan.scenario.baseline);
        while left > 0 && !self.control.stop.load(Ordering::Relaxed) {
            let chunk = left.min(CHUNK as u64) as usize;
            left -= chunk as u64;
            tasks.clear();
            if let Some(source) = &mut source {
                source.fill(chunk, &mut tasks);
            }
            for &strategy in &order {
                records.clear();
                match &mut lanes[strategy] {
                    Lane::Queue(queue) => queue.fill(chunk, &mut records),
                    Lane::Fast { observer, weather } => {
                        self.independent(strategy, (unit.group, &keys), &tasks, (weather, observer), &mut records);
                    }
                }
                let part = if strategy == plan.scenario.baseline { &mut baseline } else { &mut by_model };
                match &mut part[..] {
                    [all] => std::mem::swap(all, &mut records),
                    parts => split(&records, unit.group, parts),
                }
                sums.add(&mut self.findings, self.sink, strategy, &by_model, &baseline);
            }
            self.control.done.fetch_add((chunk * order.len()) as u64, Ordering::Relaxed);
        }
        let submits_struck = lanes.iter().find_map(|lane| match lane {
            Lane::Fast { .. } => source.as_ref().map(Intake::fired),
            Lane::Queue(queue) => queue.submits_struck(),
        });
        for (mine, fired) in self.findings.fired.iter_mut().zip(submits_struck.unwrap_or_default()) {
            *mine += fired;
        }
        let loads = lanes.iter().find_map(|lane| match lane {
            Lane::Fast { .. } => source.as_ref().map(Intake::loads),
            Lane::Queue(queue) => queue.loads(),
        });
        for (mine, load) in self.findings.loads.iter_mut().zip(loads.unwrap_or_default()) {
            mine.merge(load);
        }
        for (strategy, lane) in lanes.into_iter().enumerate() {
            let observer = match lane {
                Lane::Fast { observer, .. } => observer,
                Lane::Queue(mut queue) => {
                    queue.run_out();
                    for (model, learner) in queue.learners.into_iter().flat_map(Learners::finish).enumerate() {
                        self.findings.learnt(plan, plan.cell(model, strategy), replicate, &learner);
                    }
                    queue.context.observer
                }
            };
            self.close(unit, strategy, &observer, open);
        }
        sums.finish(&mut self.findings);
    }

    /// The fast path: appends the records of `tasks`, whose models are of `group`.
    fn independent(
        &mut self,
        strategy: usize,
        (group, keys): (&[usize], &[Keys]),
        tasks: &[Task],
        (weather, observer): (&mut Weather, &mut Observer),
        records: &mut Vec<TaskRecord>,
    ) {
        weather.forget_before(tasks.first().map_or(Micros::ZERO, |task| task.submitted));
        // Written once and where they stay: a record that is handed on is copied before its parts have left the pipeline.
        let first = records.len();
        records.extend(tasks.iter().map(blank));
        let records = &mut records[first..];
        for &model in group {
            let place = Place::new(self.plan, strategy, model, keys);
            let form = &self.forms[strategy][model];
            for (number, task) in tasks.iter().enumerate().filter(|(_, task)| task.model == model) {
                observer.submits(task);
                let record = &mut records[number];
                if let Some(truth) = task.truth.filter(|_| task.accepted) {
                    match form {
                        Form::Closed(calm) => calm.settle(&truth, record, observer),
                        Form::Columns(_) if !observer.follows(record) => {
                            self.columns.add(number);
                        }
                        Form::Columns(_) | Form::Rows(_) | Form::OneByOne => {
                            let (waiting, next) = Waiting::begin(&place, task, truth, weather, observer);
                            *record = waiting.finish(next, place.model, weather, observer);
                        }
                    }
                }
            }
            if let Form::Columns(even) = form {
                self.columns.run(even, &place, &mut Chunk { tasks, records, weather, observer });
            }
        }
        for record in &*records {
            observer.settled(record);
        }
    }

    /// Keeps what was watched of a strategy in a unit.
    fn close(&mut self, unit: &Unit<'_>, strategy: usize, observer: &Observer, open: &Mutex<OpenRates>) {
        for (mine, fired) in self.findings.fired.iter_mut().zip(&observer.fired) {
            *mine += fired;
        }
        for &model in unit.group {
            let cell = self.plan.cell(model, strategy);
            self.findings.samples[cell].extend(observer.sample(model as u32));
            let (counts, outages) = (&observer.rates[model], &self.plan.models[model].outages);
            if unit.parts == 1 {
                self.findings.cells[cell].rates.add(counts, outages);
            } else {
                let mut open = open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some(whole) = open.add(cell, unit.replicate, unit.parts, counts) {
                    self.findings.cells[cell].rates.add(&whole, outages);
                }
            }
        }
    }
}

/// The submits of a range whose gaps are random, which depend on all ranges before it; `None` where they are known by
/// their number.
fn submits(plan: &Plan<'_>, keys: &[Keys], unit: &Unit<'_>, relay: &Relay<'_>) -> Option<Vec<Micros>> {
    let mut clock = ArrivalClock::new(&plan.scenario.arrivals, &keys[unit.group[0]], unit.range.start);
    if clock.is_known() {
        return None;
    }
    let mut submits: Vec<Micros> = unit.range.clone().map(|_| clock.tick()).collect();
    let before = relay.hand_on(unit.range.start == 0, submits.last().copied().unwrap_or_default());
    submits.iter_mut().for_each(|submit| *submit += before);
    Some(submits)
}
