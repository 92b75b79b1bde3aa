//! What a run found, whatever engine ran it: records go in, sums come out.

use crate::engine::plan::Plan;
use crate::measure::record::TaskRecord;
use crate::measure::series::SampledTask;
use crate::measure::totals::{CellData, CellRules, PairData};
use crate::strategy::learned::Learner;
use crate::world::capacity::Load;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Takes the records of every task: (model, strategy, replicate, records in order of tasks).
pub type Sink<'a> = &'a (dyn Fn(usize, usize, u32, &[TaskRecord]) + Sync);

/// What a run found, before statistics.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// By model, then strategy.
    pub cells: Vec<CellData>,
    /// By model, then strategy; the baseline's own stays empty.
    pub pairs: Vec<PairData>,
    /// By model, then strategy: a few tasks of the first replicate, by their numbers. Whoever found one puts it in its
    /// place, so that no order of threads or of equal instants is left in it.
    pub samples: Vec<BTreeMap<u64, SampledTask>>,
    /// How often each rule struck; empty where rules do not apply, against somebody else's server.
    pub fired: Vec<u64>,
    /// By model: what its finite workers did.
    pub loads: Vec<Load>,
    /// By model, then strategy: for a strategy that learns, the excess over the least cost of the plan in force after so
    /// many observations in each replicate, by (observations, replicate).
    pub learning: Vec<BTreeMap<(u64, u32), f64>>,
}

impl Findings {
    /// Nothing found of a plan yet.
    #[must_use]
    pub fn new(plan: &Plan<'_>) -> Self {
        let cells = plan.models.len() * plan.strategies.len();
        Self {
            cells: (0..cells).map(|_| CellData::default()).collect(),
            pairs: (0..cells).map(|_| PairData::default()).collect(),
            samples: vec![BTreeMap::new(); cells],
            fired: vec![0; plan.scenario.faults.len()],
            loads: vec![Load::default(); plan.models.len()],
            learning: vec![BTreeMap::new(); cells],
        }
    }

    /// Whether the other is of a plan with as many cells and rules.
    pub(in crate::engine) fn is_like(&self, other: &Self) -> bool {
        let sizes = |findings: &Self| {
            let Self { cells, pairs, samples, fired, loads, learning } = findings;
            [cells.len(), pairs.len(), samples.len(), fired.len(), loads.len(), learning.len()]
        };
        sizes(self) == sizes(other)
    }

    /// Takes in what a learner of the `cell` of a model had learnt by the end of a replicate.
    pub(in crate::engine) fn learnt(&mut self, plan: &Plan<'_>, cell: usize, replicate: u32, learner: &Learner) {
        let model = cell / plan.strategies.len();
        let Some(yardstick) = plan.yardstick(model) else { return };
        for (after, strategy) in learner.milestones() {
            if let Some(excess) = yardstick.excess(strategy, learner.model()) {
                self.learning[cell].insert((*after, replicate), excess);
            }
        }
    }

    /// Adds what another thread, or another part of the run, found.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.samples.iter_mut().zip(other.samples) {
            mine.extend(theirs);
        }
        for (mine, theirs) in self.learning.iter_mut().zip(other.learning) {
            mine.extend(theirs);
        }
        for (mine, theirs) in self.fired.iter_mut().zip(other.fired) {
            *mine += theirs;
        }
        for (mine, theirs) in self.loads.iter_mut().zip(&other.loads) {
            mine.merge(theirs);
        }
    }
}

/// Sorts records into one list for each model of the group.
pub(in crate::engine) fn split(records: &[TaskRecord], group: &[usize], into: &mut [Vec<TaskRecord>]) {
    for (model, part) in group.iter().zip(into) {
        part.clear();
        part.extend(records.iter().filter(|record| record.model as usize == *model));
    }
}

/// Sums over a group of models in a replicate, or a part of its tasks: into the findings directly, or apart where the
/// replicate must stay recognisable.
pub(in crate::engine) struct Sums<'u> {
    plan: &'u Plan<'u>,
    replicate: u32,
    group: &'u [usize],
    /// By strategy and model of the group, for strategies whose tasks interact.
    apart: Vec<Vec<Option<CellData>>>,
    /// By strategy and model of the group.
    rules: Vec<Vec<CellRules>>,
}

impl<'u> Sums<'u> {
    pub(in crate::engine) fn new(plan: &'u Plan<'u>, replicate: u32, group: &'u [usize]) -> Self {
        let apart = plan
            .strategies
            .iter()
            .map(|strategy| group.iter().map(|_| strategy.interacts.then(CellData::default)).collect());
        let rules = plan.strategies.iter().enumerate().map(|(strategy, with)| {
            let of_model = |&model: &usize| CellRules {
                horizon: plan.scenario.horizon,
                limit: with.policies[model].nominal_limit(),
                has_faults: !plan.scenario.faults.is_empty(),
                key: plan.digest_key(model, strategy, replicate),
            };
            group.iter().map(of_model).collect()
        });
        Self { plan, replicate, group, apart: apart.collect(), rules: rules.collect() }
    }

    /// Takes in what `strategy` did, by model of the group; `base` is what the baseline did, or where that goes itself.
    pub(in crate::engine) fn add(
        &mut self,
        findings: &mut Findings,
        sink: Option<Sink<'_>>,
        strategy: usize,
        mine: &[Vec<TaskRecord>],
        base: &[Vec<TaskRecord>],
    ) {
        let (plan, replicate, horizon) = (self.plan, self.replicate, self.plan.scenario.horizon);
        let is_baseline = strategy == plan.scenario.baseline;
        let interacts = plan.strategies[strategy].interacts || plan.strategies[plan.scenario.baseline].interacts;
        for (at, &model) in self.group.iter().enumerate() {
            let records = if is_baseline { &base[at] } else { &mine[at] };
            let rules = &self.rules[strategy][at];
            let cell = plan.cell(model, strategy);
            let data = self.apart[strategy][at].as_mut().unwrap_or(&mut findings.cells[cell]);
            data.add(records, rules);
            let outages = &plan.models[model].outages;
            if !outages.is_empty() {
                data.recoveries.add(replicate, records, outages, horizon);
            }
            if let Some(sink) = sink {
                sink(model, strategy, replicate, records);
            }
            if !is_baseline {
                let pairs = &mut findings.pairs[cell];
                let into = if interacts { pairs.replicates.entry(replicate).or_default() } else { &mut pairs.totals };
                into.add(records, &base[at], horizon);
            }
        }
    }

    pub(in crate::engine) fn finish(self, findings: &mut Findings) {
        for (strategy, cells) in self.apart.into_iter().enumerate() {
            for (&model, data) in self.group.iter().zip(cells) {
                let Some(data) = data else { continue };
                let cell = self.plan.cell(model, strategy);
                findings.cells[cell].add_replicate(self.replicate, &data);
            }
        }
    }
}
