//! The simulator: the world answers the strategies directly, in virtual time.
//!
//! Work is cut into units, a group of models in a replicate or a range of its tasks, and spread over threads. In a unit
//! every strategy meets the same tasks, chunk by chunk, so that they are compared task by task. Independent waits take
//! the fast path: side by side, or one after another, or one look-up where the schedule is fixed and the world calm; waits
//! that share something take the event queue. All sums are integers: any number of threads gives the same bytes.

mod agenda;
mod batches;
mod calm;
mod columns;
mod common;
mod context;
mod form;
mod learners;
mod pools;
mod queue;
mod row;
mod slot;
mod unit;
mod waiting;

pub use crate::engine::findings::{Findings, Sink};
use crate::engine::plan::Plan;
use crate::engine::shard::{Shard, piece};
use crate::measure::rate::RateCounts;
use crate::time::Micros;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use unit::{Unit, Worker};
#[cfg(feature = "live")]
pub(in crate::engine) use waiting::blank;

/// Tasks of a range that one thread simulates by itself, where tasks are independent.
const RANGE: u64 = 1 << 14;

/// How to run a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads, at least 1.
    pub threads: usize,
    /// Use the event queue even where waits are independent; the records are the same.
    pub force_queue: bool,
    /// Simulate every wait poll by poll, one after another; the records are the same.
    pub force_polls: bool,
    /// Keep a few tasks of the first replicate request by request.
    pub sample: bool,
    /// The part of the run that is simulated.
    pub shard: Shard,
    /// Replicates that were simulated before, and are left out.
    pub since: u32,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, force_queue: false, force_polls: false, sample: false, shard: Shard::WHOLE, since: 0 }
    }
}

/// What others may see of a run, and do to it, while it runs.
#[derive(Debug, Default)]
pub struct Control {
    /// Waits simulated so far.
    pub done: AtomicU64,
    /// Set to end the run early.
    pub stop: AtomicBool,
}

/// Simulates a plan. `None` if it was stopped.
#[must_use]
pub fn run(plan: &Plan<'_>, options: Options, control: &Control, sink: Option<Sink<'_>>) -> Option<Findings> {
    let units = units(plan, &options);
    let forms = form::forms(plan, &options);
    let (next, open) = (AtomicUsize::new(0), Mutex::new(OpenRates::default()));
    let ends: Vec<OnceLock<Micros>> = units.iter().map(|_| OnceLock::new()).collect();
    let work = || {
        let mut worker = Worker::new(plan, options, &forms, control, sink);
        while !control.stop.load(Ordering::Relaxed)
            && let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(unit) = units.get(number)
        {
            worker.run(unit, &open, &Relay { ends: &ends, number });
        }
        worker.findings
    };
    let parts: Vec<Findings> = if options.threads <= 1 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..options.threads.min(units.len())).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    };
    if control.stop.load(Ordering::Relaxed) {
        return None;
    }
    // No thread has anything to do where a shard is empty.
    let parts = parts.into_iter().chain(units.is_empty().then(|| Findings::new(plan)));
    parts.reduce(|mut all, part| {
        all.merge(part);
        all
    })
}

/// The last submit of every unit, which the next range of the same replicate goes on from. Units are begun in order and
/// tell it before anything else, so whoever waits for it waits for somebody at work.
#[derive(Debug, Clone, Copy)]
struct Relay<'a> {
    ends: &'a [OnceLock<Micros>],
    number: usize,
}

impl Relay<'_> {
    /// Hands on the last submit of this unit, `length` after that of the unit before, which comes back.
    fn hand_on(&self, is_first: bool, length: Micros) -> Micros {
        let before = if is_first { Micros::ZERO } else { *self.ends[self.number - 1].wait() };
        let _ = self.ends[self.number].set(before + length);
        before
    }
}

/// Rates of replicates that are simulated in ranges: (cell, replicate) to the ranges to come and the counts so far.
#[derive(Debug, Default)]
struct OpenRates(BTreeMap<(usize, u32), (usize, RateCounts)>);

impl OpenRates {
    /// Adds one of `parts` parts of a replicate: the whole, when it was the last.
    fn add(&mut self, cell: usize, replicate: u32, parts: usize, counts: &RateCounts) -> Option<RateCounts> {
        let (left, sum) = self.0.entry((cell, replicate)).or_insert_with(|| (parts, counts.clone()));
        if *left < parts {
            sum.merge(counts);
        }
        *left -= 1;
        if *left > 0 {
            return None;
        }
        self.0.remove(&(cell, replicate)).map(|(_, sum)| sum)
    }
}

/// Cuts a plan into units.
fn units<'p>(plan: &'p Plan<'_>, options: &Options) -> Vec<Unit<'p>> {
    let scenario = plan.scenario;
    let coupled =
        options.force_queue || plan.intake_coupled || plan.strategies.iter().any(|strategy| strategy.is_coupled);
    // Replicates whose quantiles are needed one by one stay whole.
    let sectioned = scenario.replicates > 1 && plan.strategies.iter().any(|strategy| strategy.interacts);
    let mut units = Vec::new();
    let mine = options.shard.pieces(plan);
    for replicate in options.since..scenario.replicates {
        for (number, group) in plan.groups.iter().enumerate() {
            if !mine.contains(&piece(plan, replicate, number)) {
                continue;
            }
            // A single thread has nobody to share ranges with.
            if coupled || sectioned || scenario.tasks <= RANGE || options.threads <= 1 {
                units.push(Unit { replicate, group, range: 0..scenario.tasks, parts: 1 });
                continue;
            }
            let parts = scenario.tasks.div_ceil(RANGE) as usize;
            let starts = (0..scenario.tasks).step_by(RANGE as usize);
            let ranges = starts.map(|start| start..(start + RANGE).min(scenario.tasks));
            units.extend(ranges.map(|range| Unit { replicate, group, range, parts }));
        }
    }
    units
}
