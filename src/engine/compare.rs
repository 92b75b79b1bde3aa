//! The whole main job on the simulator: a plan in, results and curves out.

use crate::engine::plan::{Plan, StrategyPlan};
use crate::engine::sim::{Control, Findings, Options, Sink, run};
use crate::engine::yardstick::Yardstick;
use crate::inspection::Accuracy;
use crate::measure::paired::{Pairing, comparisons};
use crate::measure::rare::RareEvents;
use crate::measure::results::{Cell, Results, RuleResult, Run, SCHEMA_VERSION};
use crate::measure::series::{FaultBand, SampledTask, Series};
use crate::measure::summary::{self, Setting};
use crate::measure::totals::{CellData, PairData};
use crate::parallel;
use crate::strategy::calm::{EndlessWait, endless};
use crate::strategy::composition::{Channel, Recovery, Sharing};
use crate::time::Micros;
use crate::world::fault::{FaultRule, GilbertElliott, Route};
use crate::world::weather::Weather;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A rule that was active more often than this has no bands: they would be one grey area, and some of them a wrong one.
const MOST_BANDS: usize = 200;

/// Sampled tasks of a cell that charts get.
const SHOWN: usize = 5;

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
    compare_with(plan, options, control, sink, Accuracy::Exact)
}

/// The same, with the floor of the Pareto chart this closely; with a rough one cells have no `optimal_cost`.
#[must_use]
pub fn compare_with(
    plan: &Plan<'_>,
    options: Options,
    control: &Control,
    sink: Option<Sink<'_>>,
    floor: Accuracy,
) -> Option<Compared> {
    run(plan, options, control, sink).map(|findings| summed(plan, "sim", &findings, floor))
}

/// Sums up what `engine` found.
#[must_use]
pub fn summarise(plan: &Plan<'_>, engine: &str, findings: &Findings) -> Compared {
    summed(plan, engine, findings, Accuracy::Exact)
}

fn summed(plan: &Plan<'_>, engine: &str, findings: &Findings, floor: Accuracy) -> Compared {
    let scenario = plan.scenario;
    let weights = &scenario.cost;
    let (floors, settings) = (floors(plan, findings, floor), settings(plan, floor));
    let pairings = pairings(plan, &settings, &findings.cells, &findings.pairs);
    let shown: Vec<Vec<u64>> = findings.samples.chunks(plan.strategies.len()).map(shown).collect();
    let series = findings.cells.iter().zip(&findings.samples).enumerate().map(|(cell, (data, sample))| {
        let tasks = &shown[cell / plan.strategies.len()];
        summary::series(data, tasks.iter().filter_map(|task| sample.get(task)))
    });
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
                until: None,
            },
            cells: cells(plan, &settings, findings),
            comparisons: comparisons(&pairings, weights),
            gates: Vec::new(),
            faults: rules(plan, findings),
        },
        series: Series { cells: series.collect(), bands: bands(plan, findings), floors },
        idle_rules: findings.fired.iter().enumerate().filter(|(_, fired)| **fired == 0).map(|(rule, _)| rule).collect(),
    }
}

/// The figures of each cell.
pub(in crate::engine) fn cells(plan: &Plan<'_>, settings: &[Setting<'_>], findings: &Findings) -> Vec<Cell> {
    let data = findings.cells.iter().zip(&findings.learning);
    let cell = |((model, strategy), (setting, (data, learning))): ((usize, &StrategyPlan<'_>), (&Setting<'_>, _))| {
        // Of batches nobody wrote down what the workers did.
        let workers = plan.models[model].model.workers.filter(|_| !strategy.is_in_batches());
        let load = workers.map(|workers| (&findings.loads[model], workers.get()));
        summary::cell(&Setting { load, ..*setting }, data, &plan.scenario.cost, learning)
    };
    each_cell(plan).zip(settings.iter().zip(data)).map(cell).collect()
}

/// Of the tasks that are kept of a model under each strategy, the numbers of those to show: by turns one of those that a
/// fault struck under most strategies, and one of those that none did, evenly spread.
fn shown(samples: &[BTreeMap<u64, SampledTask>]) -> Vec<u64> {
    let tasks: BTreeSet<u64> = samples.iter().flat_map(BTreeMap::keys).copied().collect();
    let times = |task: &u64| samples.iter().filter(|sample| sample.get(task).is_some_and(|task| task.struck)).count();
    let (mut struck, spared): (Vec<u64>, Vec<u64>) = tasks.into_iter().partition(|task| times(task) > 0);
    // A stable sort: of equals, the first to come.
    struck.sort_by_key(|task| Reverse(times(task)));
    let wanted = if struck.is_empty() { SHOWN } else { SHOWN - SHOWN.div_ceil(2).min(struck.len()) };
    let step = (spared.len() / wanted.max(1)).max(1);
    let mut spared = spared.into_iter().skip(step / 2).step_by(step);
    let mut struck = struck.into_iter();
    let turns = std::iter::from_fn(|| Some([struck.next(), spared.next()])).take_while(|turn| *turn != [None; 2]);
    turns.flatten().flatten().take(SHOWN).collect()
}

/// What a plan says of each cell before it is run; with a rough `floor` without the least cost, which takes time to find.
#[must_use]
pub fn settings<'a>(plan: &'a Plan<'_>, floor: Accuracy) -> Vec<Setting<'a>> {
    let least = match floor {
        Accuracy::Exact => parallel::each(plan.models.len(), |model| plan.yardstick(model).map(Yardstick::least)),
        Accuracy::Rough => vec![None; plan.models.len()],
    };
    each_cell(plan).map(|(model, strategy)| setting(plan, model, strategy, least[model])).collect()
}

fn setting<'a>(plan: &'a Plan<'_>, model: usize, strategy: &'a StrategyPlan<'_>, least: Option<f64>) -> Setting<'a> {
    Setting {
        model: &plan.models[model].model.name,
        strategy: &strategy.strategy.name,
        interacts: strategy.interacts,
        together: match strategy.strategy.sharing {
            Sharing::LockStep { pool } => u64::from(pool.get()),
            Sharing::Batch(batching) => u64::from(batching.size().get()),
            Sharing::Alone | Sharing::Limiter(_) | Sharing::Learned(_) => 1,
        },
        has_limit: strategy.policies[model].nominal_limit().is_some(),
        least,
        rare: rare(plan, model, strategy),
        has_faults: !plan.scenario.faults.is_empty(),
        load: None,
    }
}

/// What came of each rule; nothing where rules do not apply.
fn rules(plan: &Plan<'_>, findings: &Findings) -> Vec<RuleResult> {
    let rules = plan.scenario.faults.iter().zip(&findings.fired).enumerate();
    let result = |(number, (rule, &struck)): (usize, (&FaultRule, &u64))| RuleResult {
        rule: number + 1,
        kind: rule.kind().name().to_owned(),
        struck,
    };
    rules.map(result).collect()
}

/// What is kept of the pairs of every cell but the baseline's, with what the plan says of them.
#[must_use]
pub fn pairings<'a>(
    plan: &Plan<'_>,
    settings: &[Setting<'a>],
    cells: &[CellData],
    pairs: &'a [PairData],
) -> Vec<Pairing<'a>> {
    let carries_intervals = |cell: usize| settings[cell].carries_intervals(&cells[cell]);
    let pairing = |(cell, data): (usize, &'a PairData)| {
        let base = plan.cell(cell / plan.strategies.len(), plan.scenario.baseline);
        let (mine, its) = (&settings[cell], &settings[base]);
        (cell != base).then(|| Pairing {
            model: mine.model,
            strategy: mine.strategy,
            baseline: its.strategy,
            data,
            interacts: mine.interacts || its.interacts,
            rare: mine.rare.unlike(&its.rare),
            carries_intervals: carries_intervals(cell) && carries_intervals(base),
        })
    };
    pairs.iter().enumerate().filter_map(pairing).collect()
}

/// What a plan knows of the rare events of a cell.
fn rare(plan: &Plan<'_>, model: usize, strategy: &StrategyPlan<'_>) -> RareEvents {
    let (scenario, of_model) = (plan.scenario, plan.models[model].model);
    let policy = &strategy.policies[model];
    let calm = endless(policy, scenario.horizon);
    let below =
        |at: Micros| plan.yardstick(model).map_or(1.0, |yardstick| yardstick.distribution().below(at.get() as f64));
    let late = (below(scenario.horizon) - below(calm.last_look)).max(0.0);
    let uses = |route: &Route| match route {
        Route::Submit => true,
        Route::Status => policy.channel() != Channel::Webhook,
        Route::Webhook => policy.channel() != Channel::Poll,
    };
    let strikes = |rule: &&FaultRule| rule.covers_model(&of_model.name) && rule.routes().iter().any(uses);
    let rules: Vec<&FaultRule> = scenario.faults.iter().filter(strikes).collect();
    let (arrivals, tasks) = (&scenario.arrivals, scenario.tasks);
    let processes = || rules.iter().filter_map(|rule| rule.when().process());
    let at_once = |process: &GilbertElliott| arrivals.within(process.bad_mean(), tasks);
    let limits: Vec<u64> = rules.iter().filter_map(|rule| Some(rule.fault().limit()?.at_once().min(tasks))).collect();
    let is_ended_by_errors = match policy.recovery() {
        Recovery::Propagate | Recovery::NetworkRetry { .. } => true,
        Recovery::Tolerant(_) => false,
    };
    RareEvents {
        endless: of_model.fates.stuck(),
        polls: calm.polls,
        late,
        late_delay_us: (scenario.horizon - calm.last_look).get(),
        may_be_struck: !rules.is_empty(),
        longest_gap_us: calm.longest_gap.get(),
        overload_delay_us: if is_ended_by_errors && !limits.is_empty() { scenario.horizon.get() } else { 0 },
        pool: match strategy.strategy.sharing {
            Sharing::LockStep { pool } => pool.get().into(),
            Sharing::Alone | Sharing::Batch(_) | Sharing::Limiter(_) | Sharing::Learned(_) => 1,
        },
        spells: processes().map(|process| process.spells(arrivals.span(tasks))).reduce(f64::min),
        at_once: processes().map(at_once).chain(limits).fold(1, u64::max),
        struck: struck(plan, model, &calm, policy.channel(), &rules),
    }
}

/// Share of a model's tasks that those of these rules which come and go can be expected to strike in such a wait.
fn struck(plan: &Plan<'_>, model: usize, calm: &EndlessWait, channel: Channel, rules: &[&FaultRule]) -> Option<f64> {
    let mut weather = rules.iter().filter(|rule| rule.when().comes_and_goes()).peekable();
    weather.peek()?;
    let (scenario, name) = (plan.scenario, &plan.models[model].model.name);
    let mean = plan.yardstick(model).map_or(calm.end, |known| Micros::from_f64(known.distribution().mean()));
    let reach = mean.min(calm.end);
    let polls = match channel {
        Channel::Poll => (calm.polls as f64 * (reach.as_secs() / calm.end.as_secs())).max(1.0),
        Channel::Webhook | Channel::Both => 1.0,
    };
    let of_rule = |rule: &FaultRule| {
        let (inside, upon) = rule.when().met(scenario.arrivals.span(scenario.tasks), reach);
        let probability = rule.probability().get();
        // Who cannot submit has nothing to wait for.
        let begins = if rule.covers(Route::Submit, name) { 1.0 - probability } else { 1.0 };
        (inside * begins + upon) * (1.0 - libm::pow(1.0 - probability, polls))
    };
    Some(weather.map(|rule| of_rule(rule)).sum::<f64>().min(1.0))
}

/// Models in plan order, then strategies: the order of cells.
fn each_cell<'a, 's>(plan: &'a Plan<'s>) -> impl Iterator<Item = (usize, &'a StrategyPlan<'s>)> + use<'a, 's> {
    (0..plan.models.len()).flat_map(move |model| plan.strategies.iter().map(move |strategy| (model, strategy)))
}

/// By model, the floor of its Pareto chart. Thirty schedules a model take longer than many a run, so that a run which
/// keeps no sample for charts has none.
fn floors(plan: &Plan<'_>, findings: &Findings, floor: Accuracy) -> Vec<Vec<(f64, f64)>> {
    if findings.samples.iter().all(BTreeMap::is_empty) {
        return vec![Vec::new(); plan.models.len()];
    }
    parallel::each(plan.models.len(), |model| {
        plan.yardstick(model).map_or_else(Vec::new, |known| match floor {
            Accuracy::Exact => known.floor().to_vec(),
            Accuracy::Rough => known.rough_floor().to_vec(),
        })
    })
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
