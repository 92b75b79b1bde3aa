//! The whole main job on the simulator: a plan in, results and curves out.

use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Findings, Options, Sink, run};
use crate::engine::yardstick::Yardstick;
use crate::measure::results::{Results, Run, SCHEMA_VERSION};
use crate::measure::series::{FaultBand, Series};
use crate::measure::summary::{self, Pairing};
use crate::time::Micros;
use crate::world::weather::Weather;
use std::collections::BTreeMap;

/// A rule that was active more often than this has no bands: they would be one grey area, and some of them a wrong one.
const MOST_BANDS: usize = 200;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The figures.
    pub results: Results,
    /// What charts draw beside them.
    pub series: Series,
    /// Indices of the rules that never struck, where rules apply.
    pub idle_rules: Vec<usize>,
}

/// Runs a plan on the simulator and sums it up; gates are left to the caller. `None` if it was stopped.
#[must_use]
pub fn compare(plan: &Plan<'_>, options: Options, control: &Control, sink: Option<Sink<'_>>) -> Option<Compared> {
    run(plan, options, control, sink).map(|findings| summarise(plan, "sim", &findings))
}

/// Sums up what `engine` found.
#[must_use]
pub fn summarise(plan: &Plan<'_>, engine: &str, findings: &Findings) -> Compared {
    let scenario = plan.scenario;
    let weights = &scenario.cost;
    let data = findings.cells.iter().zip(&findings.learning);
    let cells = each_cell(plan).zip(data).map(|((model, strategy), (data, learning))| {
        let least = plan.yardstick(model).map(|yardstick| yardstick.least);
        let has_limit = strategy.policies[model].nominal_limit().is_some();
        let (model, name) = (&plan.models[model].model.name, &strategy.strategy.name);
        summary::cell(model, name, data, strategy.interacts, has_limit, weights, least, learning)
    });
    let baseline = &plan.strategies[scenario.baseline];
    let pairings: Vec<_> = each_cell(plan)
        .zip(&findings.pairs)
        .filter(|((_, strategy), _)| strategy.strategy.name != baseline.strategy.name)
        .map(|((model, strategy), data)| Pairing {
            model: &plan.models[model].model.name,
            strategy: &strategy.strategy.name,
            baseline: &baseline.strategy.name,
            data,
            interacts: strategy.interacts || baseline.interacts,
        })
        .collect();
    let series =
        findings.cells.iter().zip(&findings.samples).map(|(data, sample)| summary::series(data, sample.values()));
    let digest = findings.cells.iter().fold(0_u64, |sum, cell| sum.wrapping_add(cell.totals.digest));
    Compared {
        results: Results {
            schema_version: SCHEMA_VERSION,
            run: Run {
                scenario: scenario.name.clone(),
                engine: engine.to_owned(),
                seed: scenario.seed,
                tasks: scenario.tasks,
                replicates: scenario.replicates,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                digest: format!("{digest:016x}"),
                harness: None,
            },
            cells: cells.collect(),
            comparisons: summary::comparisons(&pairings, weights),
            gates: Vec::new(),
        },
        series: Series { cells: series.collect(), bands: bands(plan, findings), floors: floors(plan) },
        idle_rules: findings.fired.iter().enumerate().filter(|(_, fired)| **fired == 0).map(|(rule, _)| rule).collect(),
    }
}

/// Models in plan order, then strategies: the order of cells.
fn each_cell<'a, 's>(
    plan: &'a Plan<'s>,
) -> impl Iterator<Item = (usize, &'a crate::engine::plan::StrategyPlan<'s>)> + use<'a, 's> {
    (0..plan.models.len()).flat_map(move |model| plan.strategies.iter().map(move |strategy| (model, strategy)))
}

/// By model, the floor of its Pareto chart.
fn floors(plan: &Plan<'_>) -> Vec<Vec<(f64, f64)>> {
    (0..plan.models.len()).map(|model| plan.yardstick(model).map_or_else(Vec::new, Yardstick::floor)).collect()
}

/// When faults were active in the first replicate, as far as its sampled tasks go.
fn bands(plan: &Plan<'_>, findings: &Findings) -> Vec<FaultBand> {
    let scenario = plan.scenario;
    let polls =
        findings.samples.iter().flat_map(BTreeMap::values).flat_map(|task| task.polls.iter().map(|(sent, _)| *sent));
    let ends = findings.samples.iter().flat_map(BTreeMap::values).filter_map(|task| task.settled);
    let end = Micros::from_f64(polls.chain(ends).fold(0.0, f64::max) * 1e6);
    let mut weather = Weather::new(&scenario.faults, scenario.seed, 0);
    let rules = scenario.faults.iter().enumerate();
    rules
        .flat_map(|(number, rule)| {
            let band = |(from, to): (Micros, Micros)| FaultBand {
                from: from.as_secs(),
                to: to.as_secs(),
                kind: rule.kind().name(),
            };
            let mut bands = weather.bands(number, end, MOST_BANDS + 1);
            if bands.len() > MOST_BANDS {
                bands.clear();
            }
            bands.into_iter().map(band).collect::<Vec<_>>()
        })
        .collect()
}
