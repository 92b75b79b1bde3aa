//! What is watched while tasks are simulated: request rates, faults that fired, and a few tasks request by request.

use crate::engine::intake::Task;
use crate::measure::rate::RateCounts;
use crate::measure::record::TaskRecord;
use crate::measure::series::{PollMark, SampledTask};
use crate::strategy::wait::Worth;
use crate::time::Micros;
use std::collections::BTreeMap;

/// Tasks of a cell that are kept request by request, at least and up to twice as many, for some of them to be shown: which,
/// depends on what struck them.
const SAMPLED: u64 = 25;
/// Polls kept of each: enough for every preset but the endless loops.
const POLLS_KEPT: usize = 120;

/// The observer of one strategy on one group of models in one replicate.
#[derive(Debug)]
pub(in crate::engine) struct Observer {
    /// Rates by model number in the plan; only the group's are used.
    pub(in crate::engine) rates: Vec<RateCounts>,
    /// Firings by rule.
    pub(in crate::engine) fired: Vec<u64>,
    sample: Option<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// One task in so many is kept, less one; a power of two, because a division for every poll would be felt.
    mask: u64,
    tasks: BTreeMap<(u32, u64), SampledTask>,
}

impl Observer {
    /// Watches models whose first submits are `firsts`; keeps a sample out of `sample_of` tasks of each model.
    pub(in crate::engine) fn new(firsts: &[Micros], rules: usize, sample_of: Option<u64>) -> Self {
        Self {
            rates: firsts.iter().map(|&first| RateCounts::new(first)).collect(),
            fired: vec![0; rules],
            sample: sample_of.map(Sample::of),
        }
    }

    #[inline(always)]
    pub(in crate::engine) fn submits(&mut self, task: &Task) {
        self.submitted(task.model, task.submitted, &task.resubmits);
    }

    /// A submit was sent, and again.
    #[inline(always)]
    pub(in crate::engine) fn submitted(&mut self, model: usize, sent: Micros, again: &[Micros]) {
        let rates = &mut self.rates[model];
        rates.submit(sent);
        for &again in again {
            rates.submit(again);
        }
    }

    /// Whether the task is kept request by request.
    #[inline]
    pub(in crate::engine) fn follows(&self, record: &TaskRecord) -> bool {
        self.sample.as_ref().is_some_and(|sample| sample.keeps(record))
    }

    /// Whether the polls of this task, or of one after it, may be counted.
    #[inline]
    pub(in crate::engine) fn counts(&self, task: &Task) -> bool {
        self.rates[task.model].counts_from(task.submitted)
    }

    #[inline]
    pub(in crate::engine) fn fault(&mut self, rule: Option<usize>) {
        if let Some(rule) = rule {
            self.fired[rule] += 1;
        }
    }

    #[inline(always)]
    pub(in crate::engine) fn poll(&mut self, record: &TaskRecord, sent: Micros, worth: Worth) {
        if let Some(mut lens) = self.lens(record) {
            lens.poll(sent, worth);
        }
    }

    /// A poll told of several tasks, this one among them; it is counted to one of these only.
    pub(in crate::engine) fn look(&mut self, record: &TaskRecord, is_counted: bool, sent: Micros, worth: Worth) {
        if is_counted {
            self.poll(record, sent, worth);
        } else if let Some(sample) = self.sample.as_mut().filter(|sample| sample.keeps(record)) {
            sample.poll(*record, sent, worth);
        }
    }

    /// A view of one task's polls, for a loop over them, where they are of any interest.
    #[inline(always)]
    pub(in crate::engine) fn lens<'o>(&'o mut self, record: &'o TaskRecord) -> Option<Lens<'o>> {
        let sample = self.sample.as_mut().filter(|sample| sample.keeps(record));
        let rates = &mut self.rates[record.model as usize];
        (sample.is_some() || rates.counts_from(record.submitted)).then_some(Lens { rates, sample, record })
    }

    #[inline(always)]
    pub(in crate::engine) fn settled(&mut self, record: &TaskRecord) {
        if let Some(sample) = &mut self.sample
            && sample.keeps(record)
        {
            sample.settled(*record);
        }
    }

    /// The sampled tasks of `model`, with their numbers.
    pub(in crate::engine) fn sample(&self, model: u32) -> impl Iterator<Item = (u64, SampledTask)> {
        let tasks = self.sample.iter().flat_map(|sample| &sample.tasks);
        tasks.filter(move |((of, _), _)| *of == model).map(|((_, number), task)| (*number, task.clone()))
    }
}

/// The observer, turned on one task.
#[derive(Debug)]
pub(in crate::engine) struct Lens<'o> {
    rates: &'o mut RateCounts,
    /// Where the task is kept.
    sample: Option<&'o mut Sample>,
    record: &'o TaskRecord,
}

impl Lens<'_> {
    #[inline(always)]
    pub(in crate::engine) fn poll(&mut self, sent: Micros, worth: Worth) {
        self.rates.poll(sent);
        if let Some(sample) = &mut self.sample {
            sample.poll(*self.record, sent, worth);
        }
    }
}

impl Sample {
    /// Evenly spread over so many tasks.
    fn of(tasks: u64) -> Self {
        let step = 1 << (tasks / SAMPLED).max(1).ilog2();
        Self { mask: step - 1, tasks: BTreeMap::new() }
    }

    #[inline]
    fn keeps(&self, record: &TaskRecord) -> bool {
        // The middle one.
        record.task & self.mask == self.mask.div_ceil(2)
    }

    // Records come by value: pointers to them would keep them out of registers where nothing is sampled.

    #[inline(never)]
    fn settled(&mut self, record: TaskRecord) {
        let task = self.tasks.entry((record.model, record.task)).or_insert_with(|| sampled(&record));
        // Real servers tell of a task's end when it is over.
        task.done = record.done.finite().map(Micros::as_secs);
        task.settled = record.settled.finite().map(Micros::as_secs);
        task.known = record.knows();
        task.struck = record.is_struck();
    }

    #[inline(never)]
    fn poll(&mut self, record: TaskRecord, sent: Micros, worth: Worth) {
        let task = self.tasks.entry((record.model, record.task)).or_insert_with(|| sampled(&record));
        if task.polls.len() < POLLS_KEPT {
            let mark = match worth {
                Worth::Useful => PollMark::Useful,
                Worth::Wasted => PollMark::Wasted,
                Worth::Failed => PollMark::Failed,
            };
            task.polls.push((sent.as_secs(), mark));
        }
    }
}

fn sampled(record: &TaskRecord) -> SampledTask {
    SampledTask {
        submitted: record.submitted.as_secs(),
        wait_start: record.wait_start.as_secs(),
        done: record.done.finite().map(Micros::as_secs),
        settled: None,
        known: false,
        struck: false,
        polls: Vec::new(),
    }
}
