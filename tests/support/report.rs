//! A plausible run without a simulator: a small model of polling makes results and curves that belong together.

#![allow(dead_code, reason = "each test file uses some of it")]

use pollbench::measure::interval::wilson;
use pollbench::measure::outcome::ByOutcome;
use pollbench::measure::results::*;
use pollbench::measure::series::{CellSeries, FaultBand, PollMark, SampledTask, Series};
use pollbench::report::Report;
use pollbench::report::findings::Receiver;
use pollbench::scenario::{CostWeights, Scenario, SubmitPolicy};
use pollbench::strategy::composition::{Channel, Jitter, Limit, Pace, Recovery, Schedule, Sharing, Strategy};
use pollbench::time::Micros;
use pollbench::world::arrivals::{Arrivals, Rate};
use pollbench::world::distribution::Distribution;
use pollbench::world::model::{Model, Probability};
use pollbench::world::network::Network;

mod waits;

use waits::{HORIZON, PLANS, TASKS, Wait, wait};

/// A run to report on.
pub(crate) struct Fixture {
    pub(crate) scenario: Scenario,
    pub(crate) results: Results,
    pub(crate) series: Series,
}

impl Fixture {
    pub(crate) fn report(&self) -> Report<'_> {
        Report {
            scenario: &self.scenario,
            results: &self.results,
            series: &self.series,
            command: "pollbench compare documented --seed 42",
            receiver: Receiver::Unsaid,
        }
    }
}

const MODELS: [(&str, f64, f64); 6] = [
    ("nano-banana", 11.0, 0.3),
    ("flux-kontext", 18.0, 0.4),
    ("midjourney", 45.0, 0.35),
    ("veo-3.1", 95.0, 0.4),
    ("sora-2", 190.0, 0.28),
    ("kling-2.5", 240.0, 0.6),
];

/// A run of the first `models` models; `bands` adds an outage.
pub(crate) fn fixture(models: usize, bands: bool) -> Fixture {
    let mut results = Results {
        schema_version: SCHEMA_VERSION,
        run: Run {
            scenario: "documented".into(),
            engine: "sim".into(),
            seed: 42,
            tasks: TASKS as u64 / 20,
            replicates: 20,
            version: "0.1.0".into(),
            digest: "8f3a1c5b9d2e4f60".into(),
            harness: None,
            until: None,
        },
        cells: vec![],
        comparisons: vec![],
        gates: vec![],
        faults: vec![],
    };
    let mut series = Series::default();
    if bands {
        series.bands = vec![
            FaultBand { from: 60.0, to: 90.0, kind: "outage" },
            FaultBand { from: 200.0, to: 215.0, kind: "burst-loss" },
        ];
    }
    for (m, (model, median, sigma)) in MODELS.iter().take(models).enumerate() {
        let mut baseline = Vec::new();
        for (s, plan) in PLANS.iter().enumerate() {
            let waits: Vec<Wait> =
                (0..TASKS).map(|t| wait(plan, (m as u64) << 32 | t as u64, *median, *sigma)).collect();
            if s == 0 {
                baseline = waits.clone();
            }
            results.cells.push(cell(model, plan.0, &waits));
            results.comparisons.extend(compare(model, plan.0, &waits, &baseline));
            series.cells.push(curves(&waits));
        }
    }
    results.gates = results.cells.iter().take(3).map(gate).collect();
    Fixture { scenario: scenario(models), results, series }
}

fn mean(values: &[f64]) -> MeanStats {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let var = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let half = 1.96 * (var / n).sqrt();
    MeanStats { mean, ci95: Some([mean - half, mean + half]) }
}

/// Quantile over all waits with unknown ones at infinity.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    sorted.get((q * TASKS as f64).ceil() as usize - 1).copied()
}

fn times(waits: &[Wait], from: impl Fn(&Wait) -> f64) -> Vec<f64> {
    let known = waits.iter().filter(|w| w.known);
    let mut times: Vec<f64> = known.map(|w| (w.settled.unwrap_or(0.0) - from(w)) * 1e3).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn cell(model: &str, strategy: &str, waits: &[Wait]) -> Cell {
    let mut k = [0_u64; 9];
    waits.iter().for_each(|w| k[w.outcome] += 1);
    let counts: Vec<f64> = waits.iter().map(|w| w.polls.len() as f64).collect();
    let mut sorted: Vec<u64> = waits.iter().map(|w| w.polls.len() as u64).collect();
    sorted.sort_unstable();
    let at = |q: f64| sorted[(q * TASKS as f64).ceil() as usize - 1];
    let uses = |mark| waits.iter().flat_map(|w| &w.polls).filter(|(_, m)| *m == mark).count() as u64;
    let polls = PollUse {
        total: sorted.iter().sum(),
        useful: uses(PollMark::Useful),
        wasted: uses(PollMark::Wasted),
        failed: uses(PollMark::Failed),
    };
    let hook = u64::from(strategy.starts_with("webhook"));
    let (requests, polls_mean) = (mean(&counts), mean(&counts));
    let shift = 1.0 + hook as f64 * 0.98;
    let latency = times(waits, |w| w.submitted);
    let delay = times(waits, |w| w.done.unwrap_or(0.0));
    let (l, d) = (mean(&latency), mean(&delay));
    let some = !latency.is_empty();
    let lost = waits.iter().filter(|w| !w.known && w.done.is_some()).count() as u64;
    Cell {
        model: model.into(),
        strategy: strategy.into(),
        tasks: TASKS as u64,
        observations: Some(TASKS as u64),
        outcomes: Outcomes {
            success: k[0],
            failed: k[1],
            timeout_missed: k[2],
            timeout_impatient: k[3],
            timeout_true: k[4],
            error: k[5],
            abandoned: k[6],
            hang: k[7],
            rejected: k[8],
        },
        lost,
        false_success: 0,
        false_failure: 0,
        misled: 0,
        shares_ci95: ShareIntervals {
            outcomes: ByOutcome::each(|outcome| Some(wilson(k[outcome as usize], TASKS as u64))),
            lost: Some(wilson(lost, TASKS as u64)),
            censored: Some(wilson(waits.iter().filter(|w| !w.known).count() as u64, TASKS as u64)),
        },
        polls_per_task: CountStats {
            mean: polls_mean.mean,
            ci95: polls_mean.ci95,
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        },
        requests_per_task: MeanStats {
            mean: requests.mean + shift,
            ci95: requests.ci95.map(|ci| ci.map(|x| x + shift)),
        },
        polls,
        latency_ms: LatencyStats {
            mean: some.then_some(l.mean),
            ci95: l.ci95.filter(|_| some),
            p50: quantile(&latency, 0.5),
            p90: quantile(&latency, 0.9),
            p95: quantile(&latency, 0.95),
            p99: quantile(&latency, 0.99),
            max: latency.last().copied(),
            censored_share: 1.0 - latency.len() as f64 / TASKS as f64,
        },
        detection_delay_ms: DelayStats {
            mean: some.then_some(d.mean),
            ci95: d.ci95.filter(|_| some),
            p50: quantile(&delay, 0.5),
            p90: quantile(&delay, 0.9),
            p95: quantile(&delay, 0.95),
            p95_ci95: None,
            p99: quantile(&delay, 0.99),
            max: delay.last().copied(),
        },
        deadline_overshoot_ms: OvershootStats {
            mean: (hook == 0).then_some(12.5),
            max: (hook == 0).then_some(3_000.0),
        },
        peak_requests_per_s: 1 + polls.total / 900,
        dispersion: Some(1.25),
        retry_after_violations: u64::from(strategy == "basic") * 17,
        duplicate_tasks: 0,
        duplicate_deliveries: hook * 3,
        cost: mean(&waits.iter().map(|w| w.cost).collect::<Vec<_>>()),
        retrievable: lost,
        share_429: Some(0.0),
        recovery_ms: None,
        peak_after_outage_per_s: None,
        worker_utilisation: None,
        queue_length_mean: None,
        struck: None,
        optimal_cost: None,
        efficiency_vs_optimal: None,
        learning_curve: Vec::new(),
    }
}

/// A name, and the value for a wait that has one.
type Metric<'a> = (&'a str, &'a dyn Fn(&Wait) -> Option<f64>);

fn compare(model: &str, strategy: &str, waits: &[Wait], baseline: &[Wait]) -> Vec<Comparison> {
    let delay = |w: &Wait| w.settled.zip(w.done).filter(|_| w.known).map(|(s, d)| (s - d) * 1e3);
    let metrics: [Metric<'_>; 3] = [
        ("polls_per_task", &|w| Some(w.polls.len() as f64)),
        ("detection_delay_ms", &delay),
        ("cost", &|w| Some(w.cost)),
    ];
    let comparison = |(metric, value): Metric<'_>| {
        let pairs: Vec<(f64, f64)> = waits.iter().zip(baseline).filter_map(|(a, b)| value(a).zip(value(b))).collect();
        let stats = mean(&pairs.iter().map(|(a, b)| a - b).collect::<Vec<_>>());
        let time = metric.ends_with("_ms");
        let verdict = match stats.ci95.unwrap_or_default() {
            [low, high] if low == 0.0 && high == 0.0 => Verdict::Same,
            [_, high] if high < 0.0 => {
                if time {
                    Verdict::Faster
                } else {
                    Verdict::Fewer
                }
            }
            [low, _] if low > 0.0 => {
                if time {
                    Verdict::Slower
                } else {
                    Verdict::More
                }
            }
            _ => Verdict::Undecided,
        };
        let some = !pairs.is_empty();
        Comparison {
            model: model.into(),
            strategy: strategy.into(),
            baseline: "basic".into(),
            metric: metric.into(),
            n: pairs.len() as u64,
            difference: some.then_some(stats.mean),
            ci95: stats.ci95.filter(|_| some),
            baseline_mean: some.then(|| pairs.iter().map(|(_, b)| b).sum::<f64>() / pairs.len() as f64),
            verdict,
        }
    };
    metrics.into_iter().map(comparison).collect()
}

fn curves(waits: &[Wait]) -> CellSeries {
    let ecdf = |times: Vec<f64>| {
        let n = times.len();
        (0..n)
            .step_by((n / 200).max(1))
            .chain(n.checked_sub(1))
            .map(|i| (times[i] / 1e3, (i + 1) as f64 / TASKS as f64))
            .collect()
    };
    let mut rate = vec![0.0; 120];
    for (t, _) in waits.iter().flat_map(|w| &w.polls) {
        if let Some(slot) = rate.get_mut((t / 5.0) as usize) {
            *slot += 1.0 / 5.0 / 20.0;
        }
    }
    CellSeries {
        delay_ecdf: ecdf(times(waits, |w| w.done.unwrap_or(0.0))),
        latency_ecdf: ecdf(times(waits, |w| w.submitted)),
        rate,
        rate_step_s: 5.0,
        sample: waits.iter().take(4).map(sampled).collect(),
    }
}

fn sampled(w: &Wait) -> SampledTask {
    SampledTask {
        submitted: w.submitted,
        wait_start: w.submitted,
        done: w.done,
        settled: w.settled,
        known: w.known,
        struck: false,
        polls: w.polls.clone(),
    }
}

fn gate(cell: &Cell) -> GateResult {
    let fail = cell.lost > 0;
    GateResult {
        metric: "lost".into(),
        stat: "count".into(),
        model: cell.model.clone(),
        strategy: cell.strategy.clone(),
        min: None,
        max: Some(0.0),
        limit: 0.0,
        value: Some(cell.lost as f64),
        verdict: if fail { GateVerdict::Fail } else { GateVerdict::Pass },
    }
}

fn scenario(models: usize) -> Scenario {
    let second = Micros::from_secs(1);
    Scenario {
        name: "documented".into(),
        description: "Every strategy of the vendor's guide, as documented and hardened.".into(),
        seed: 42,
        tasks: TASKS as u64 / 20,
        replicates: 20,
        horizon: Micros::from_secs(HORIZON as u64),
        arrivals: Arrivals::Poisson(Rate::per_s(0.1).expect("a rate")),
        network: Network {
            rtt: Distribution::constant(Micros::ZERO),
            up_share: Probability::ZERO,
            webhook_latency: None,
        }
        .into(),
        submit: SubmitPolicy { retries: 0, retry_delay: second, attempt_timeout: second },
        other: None,
        models: MODELS.iter().take(models).map(|(name, ..)| model(name)).collect(),
        faults: Default::default(),
        strategies: PLANS.iter().map(|plan| strategy(plan.0)).collect(),
        baseline: 0,
        cost: CostWeights { poll: 1.0, delay_per_s: 0.1 },
        gates: vec![],
    }
}

fn model(name: &str) -> Model {
    let completion = Distribution::constant(Micros::from_secs(10));
    Model::plain(name, completion)
}

fn strategy(name: &str) -> Strategy {
    let second = Micros::from_secs(1);
    Strategy {
        name: name.into(),
        about: format!("the strategy {name}"),
        channel: if name.starts_with("webhook") { Channel::Webhook } else { Channel::Poll },
        pace: Pace { schedule: Schedule::fixed(second, second).expect("an interval"), limit: Limit::None },
        per_model: Default::default(),
        recovery: Recovery::Propagate,
        jitter: Jitter::None,
        sharing: Sharing::Alone,
    }
}
