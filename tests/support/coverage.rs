//! How often the 95 % intervals of a scenario cover the truth, and how often its words are wrong.
//!
//! Replicates are independent and alike, so one long run is a population of them: runs are drawn from it, replicates with
//! replacement, and the population's own figures are the truth, known exactly. A run costs what its statistics cost.

use pollbench::engine::compare::{pairings, settings};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options, run};
use pollbench::inspection::Accuracy;
use pollbench::measure::figures::{Figure, FigureKind, figures};
use pollbench::measure::paired::comparisons;
use pollbench::measure::record::TaskRecord;
use pollbench::measure::results::{Interval, Results, Run, SCHEMA_VERSION, Verdict};
use pollbench::measure::summary::{self, Setting};
use pollbench::measure::totals::{CellData, CellRules, PairData, PairTotals, Replicate};
use pollbench::report::diff::{Side, diff};
use pollbench::scenario::Scenario;
use pollbench::scenario::narrow::Overrides;
use pollbench::world::draws::{Keys, Stream};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Tasks and replicates of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) replicates: usize,
    pub(crate) tasks: u64,
}

/// One figure of one cell over many runs.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    /// Strategy on model, and the figure.
    pub(crate) cell: String,
    pub(crate) figure: String,
    /// The figure is not a share: its interval should not be far too wide either.
    pub(crate) is_continuous: bool,
    pub(crate) runs: u32,
    /// Runs that had an interval.
    pub(crate) intervals: u32,
    /// Those that hold the truth.
    pub(crate) covering: u32,
    /// Those that lie below it.
    pub(crate) below: u32,
    /// Intervals without width.
    pub(crate) flat: u32,
}

impl Covered {
    /// Share of the intervals that hold the truth.
    pub(crate) fn share(&self) -> f64 {
        f64::from(self.covering) / f64::from(self.intervals.max(1))
    }
}

/// What was found of a scenario at a size.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) covered: Vec<Covered>,
    /// Pairs of runs of the same scenario that were compared.
    pub(crate) diffs: u32,
    /// Of those, tables with a wrong word, by metric.
    pub(crate) wrong_diffs: BTreeMap<&'static str, u32>,
    /// Runs whose words against the baseline were judged, by model; and those with a wrong one.
    pub(crate) wrong_comparisons: u32,
    pub(crate) comparisons: u32,
}

/// What is kept of one replicate of one cell.
#[derive(Debug, Clone)]
struct Kept {
    replicate: Replicate,
    delays: Vec<u64>,
    pairs: PairTotals,
}

/// Many replicates of a scenario, and the figures that they have together.
pub(crate) struct Population<'p> {
    plan: &'p Plan<'p>,
    /// By cell, then replicate.
    cells: Vec<Vec<Kept>>,
    settings: Vec<Setting<'p>>,
}

/// Simulates `replicates` of them. Then `measure`s runs drawn from them.
pub(crate) fn measure(scenario: &Scenario, size: Size, population: u32, runs: u32) -> Found {
    let overrides =
        Overrides { tasks: Some(size.tasks), replicates: Some(population), seed: Some(1), ..Overrides::default() };
    let scenario = scenario.clone().narrowed(&overrides).expect("a size that is allowed");
    let plan = Plan::new(&scenario);
    let settings = settings(&plan, Accuracy::Exact);
    let population = Population { plan: &plan, cells: simulate(&plan), settings };
    population.measure(size, runs)
}

fn simulate(plan: &Plan<'_>) -> Vec<Vec<Kept>> {
    let strategies = plan.strategies.len();
    let cells = plan.models.len() * strategies;
    let kept = Mutex::new(vec![Vec::<Kept>::new(); cells]);
    let open: Mutex<Vec<Vec<TaskRecord>>> = Mutex::new(vec![Vec::new(); cells]);
    let sink = |model: usize, strategy: usize, number: u32, records: &[TaskRecord]| {
        let mut open = open.lock().expect("one thread");
        let mine = &mut open[plan.cell(model, strategy)];
        mine.extend_from_slice(records);
        let is_whole = mine.len() as u64 == plan.scenario.tasks;
        // The last strategy of a chunk closes the replicate: the baseline is first.
        let last = (0..strategies).rev().find(|s| *s != plan.scenario.baseline).unwrap_or(plan.scenario.baseline);
        if !is_whole || strategy != last {
            return;
        }
        let mut kept = kept.lock().expect("one thread");
        for strategy in 0..strategies {
            let cell = plan.cell(model, strategy);
            let rules = CellRules {
                horizon: plan.scenario.horizon,
                limit: plan.strategies[strategy].policies[model].nominal_limit(),
                has_faults: !plan.scenario.faults.is_empty(),
                key: plan.digest_key(model, strategy, number),
            };
            let mut data = CellData::default();
            data.add(&open[cell], &rules);
            let totals = data.totals;
            let mut pairs = PairTotals::default();
            pairs.add(&open[cell], &open[plan.cell(model, plan.scenario.baseline)], plan.scenario.horizon);
            let mut delays: Vec<u64> =
                open[cell].iter().filter_map(TaskRecord::delay).map(pollbench::time::Micros::get).collect();
            delays.sort_unstable();
            let rank = (0.95 * totals.tasks as f64 - 1e-9).ceil() as usize;
            let delay_p95 = delays.get(rank.max(1) - 1).copied();
            kept[cell].push(Kept { replicate: Replicate { totals, delay_p95 }, delays, pairs });
        }
        for strategy in 0..strategies {
            open[plan.cell(model, strategy)].clear();
        }
    };
    run(plan, Options { threads: 1, ..Options::default() }, &Control::default(), Some(&sink)).expect("nobody stops it");
    kept.into_inner().expect("one thread")
}

impl Population<'_> {
    /// The results of a run of these replicates.
    fn results(&self, numbers: &[usize]) -> Results {
        let (plan, scenario) = (self.plan, self.plan.scenario);
        let mut cells = Vec::new();
        let mut kept_of = Vec::new();
        let mut paired = Vec::new();
        for model in 0..plan.models.len() {
            for (at, strategy) in plan.strategies.iter().enumerate() {
                let mut data = CellData::default();
                let mut pairs = PairData::default();
                let pairs_interact = strategy.interacts || plan.strategies[scenario.baseline].interacts;
                for (position, &number) in numbers.iter().enumerate() {
                    let kept = &self.cells[plan.cell(model, at)][number];
                    data.totals.merge(&kept.replicate.totals);
                    data.delay.extend(kept.delays.iter().copied());
                    if strategy.interacts {
                        data.replicates.insert(position as u32, kept.replicate);
                    }
                    match pairs_interact {
                        true => drop(pairs.replicates.insert(position as u32, kept.pairs)),
                        false => pairs.totals.merge(&kept.pairs),
                    }
                }
                cells.push(summary::cell(
                    &self.settings[plan.cell(model, at)],
                    &data,
                    &scenario.cost,
                    &BTreeMap::new(),
                ));
                paired.push(pairs);
                kept_of.push(data);
            }
        }
        Results {
            schema_version: SCHEMA_VERSION,
            run: Run {
                scenario: scenario.name.clone(),
                engine: "sim".to_owned(),
                seed: 0,
                tasks: scenario.tasks,
                replicates: numbers.len() as u32,
                version: String::new(),
                digest: format!("{numbers:?}"),
                harness: None,
                until: None,
            },
            cells,
            comparisons: comparisons(&pairings(plan, &self.settings, &kept_of, &paired), &scenario.cost),
            gates: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn measure(&self, size: Size, runs: u32) -> Found {
        let all: Vec<usize> = (0..self.cells[0].len()).collect();
        let truth = self.results(&all);
        let estimated: Vec<&Figure> = figures().filter(|figure| figure.sort == FigureKind::Estimated).collect();
        let mut covered: Vec<Covered> = Vec::new();
        for cell in &truth.cells {
            for figure in &estimated {
                covered.push(Covered::new(
                    format!("{} on {}", cell.strategy, cell.model),
                    format!("{} {}", figure.metric, figure.stat),
                    figure.unit != "share",
                ));
            }
        }
        for row in &truth.comparisons {
            let cell = format!("{} on {}", row.strategy, row.model);
            covered.push(Covered::new(cell, format!("difference {}", row.metric), true));
        }
        let mut found = Found { covered, diffs: 0, wrong_diffs: BTreeMap::new(), wrong_comparisons: 0, comparisons: 0 };
        let mut draws = Keys::new(7, 0, "runs").draws(Stream::Truth, 0);
        let mut before: Option<Results> = None;
        for _ in 0..runs {
            let numbers: Vec<usize> =
                (0..size.replicates).map(|_| (draws.uniform() * all.len() as f64) as usize).collect();
            let results = self.results(&numbers);
            let mut at = 0;
            for (cell, truth) in results.cells.iter().zip(&truth.cells) {
                for figure in &estimated {
                    found.covered[at].take((figure.ci95)(cell), (figure.value)(truth), (figure.value)(cell));
                    at += 1;
                }
            }
            let mut wrong: BTreeMap<&str, bool> = BTreeMap::new();
            for (row, truth) in results.comparisons.iter().zip(&truth.comparisons) {
                found.covered[at].take(row.ci95, truth.difference, row.difference);
                at += 1;
                let difference = truth.difference.unwrap_or(0.0);
                let base = truth.baseline_mean.unwrap_or(0.0).abs();
                let is_wrong = match row.verdict {
                    Verdict::Fewer | Verdict::Faster => difference >= 0.0,
                    Verdict::More | Verdict::Slower => difference <= 0.0,
                    Verdict::Same => difference.abs() > 0.01 * base,
                    Verdict::Undecided => false,
                };
                *wrong.entry(&row.model).or_default() |= is_wrong;
            }
            found.comparisons += wrong.len() as u32;
            found.wrong_comparisons += wrong.values().filter(|wrong| **wrong).count() as u32;
            let side = |results: Results| Side { results, tasks: None };
            match before.take() {
                None => before = Some(results),
                Some(before) => {
                    found.diffs += 1;
                    let mut tables: BTreeMap<&'static str, bool> = BTreeMap::new();
                    for row in diff(&side(before), &side(results)).rows {
                        let is_wrong = !matches!(row.verdict, Verdict::Same | Verdict::Undecided);
                        *tables.entry(row.metric).or_default() |= is_wrong;
                    }
                    for (metric, is_wrong) in tables {
                        *found.wrong_diffs.entry(metric).or_default() += u32::from(is_wrong);
                    }
                }
            }
        }
        found
    }
}

impl Covered {
    fn new(cell: String, figure: String, is_continuous: bool) -> Self {
        Self { cell, figure, is_continuous, runs: 0, intervals: 0, covering: 0, below: 0, flat: 0 }
    }

    fn take(&mut self, interval: Option<Interval>, truth: Option<f64>, found: Option<f64>) {
        self.runs += 1;
        // A figure that is infinite in truth, or was in this run, has no interval to judge.
        let (Some([low, high]), Some(truth), Some(_)) = (interval, truth, found) else { return };
        let slack = 1e-9 * truth.abs();
        self.intervals += 1;
        self.covering += u32::from(low - slack <= truth && truth <= high + slack);
        self.below += u32::from(high + slack < truth);
        self.flat += u32::from(high <= low);
    }
}
