//! From sums to the figures of `results.json`.

use crate::inspection::CostWeights;
use crate::measure::histogram::Durations;
use crate::measure::interval::{Estimate, sectioned, wilson};
use crate::measure::results::{
    Cell, Comparison, CountStats, DelayStats, Excess, Interval, LatencyStats, Learned, MeanStats, Outcomes,
    OvershootStats, PollUse, ShareIntervals,
};
use crate::measure::series::{CellSeries, SampledTask};
use crate::measure::totals::{CellData, Moments, PairData, PairTotals, Totals};
use crate::measure::verdict::{Difference, words};
use std::collections::BTreeMap;

/// Points of an ECDF curve.
const CURVE_POINTS: u64 = 80;
/// Steps of a rate curve.
const RATE_STEPS: usize = 100;

/// Milliseconds of a number of microseconds.
fn ms(us: f64) -> f64 {
    us / 1e3
}

/// A mean with its interval: from tasks, or from replicates where tasks interact.
fn estimate(data: &CellData, interacts: bool, of: impl Fn(&Totals) -> Moments) -> Option<Estimate> {
    let whole = of(&data.totals);
    if interacts {
        let parts = data.replicates.values().map(|part| of(&part.totals));
        return Estimate::of_replicates(&parts.map(|part| (part.sum as f64, part.n)).collect::<Vec<_>>());
    }
    Some(Estimate::of_tasks(whole.n, whole.mean()?, whole.variance()))
}

/// The figures of one cell. `least` is the least expected cost on its model; `learning` has the excess of each plan by
/// observations and replicate.
#[must_use]
#[expect(clippy::too_many_arguments, reason = "each is a fact of the cell, and there is one caller")]
pub fn cell(
    model: &str,
    strategy: &str,
    data: &CellData,
    interacts: bool,
    has_limit: bool,
    weights: &CostWeights,
    least: Option<f64>,
    learning: &BTreeMap<(u64, u32), f64>,
) -> Cell {
    let totals = &data.totals;
    let spent = cost(data, interacts, weights);
    let known = totals.delay.n;
    let per_task = |of: fn(&Totals) -> Moments| {
        let estimate = estimate(data, interacts, of);
        MeanStats { mean: estimate.map_or(0.0, |e| e.mean), ci95: estimate.and_then(|e| e.interval()) }
    };
    let polls = per_task(|totals| totals.polls);
    let poll_counts = data.polls.quantiles(&[0.5, 0.95, 0.99], totals.tasks);
    let count = |at: usize| poll_counts[at].unwrap_or(0);
    let [success, failed, timeout_missed, timeout_impatient, timeout_true, error, abandoned, hang, rejected] =
        totals.outcomes;
    Cell {
        model: model.to_owned(),
        strategy: strategy.to_owned(),
        tasks: totals.tasks,
        outcomes: Outcomes {
            success,
            failed,
            timeout_missed,
            timeout_impatient,
            timeout_true,
            error,
            abandoned,
            hang,
            rejected,
        },
        lost: totals.lost,
        shares_ci95: shares(data, interacts),
        polls_per_task: CountStats {
            mean: polls.mean,
            ci95: polls.ci95,
            p50: count(0),
            p95: count(1),
            p99: count(2),
            max: data.polls.max().unwrap_or(0),
        },
        requests_per_task: per_task(|totals| totals.requests),
        polls: PollUse {
            total: totals.useful + totals.wasted + totals.failed,
            useful: totals.useful,
            wasted: totals.wasted,
            failed: totals.failed,
        },
        latency_ms: latency(data, interacts, known),
        detection_delay_ms: delay(data, interacts),
        deadline_overshoot_ms: OvershootStats {
            mean: has_limit.then(|| ms(totals.overshoot as f64 / totals.tasks.max(1) as f64)),
            max: has_limit.then(|| ms(totals.longest_overshoot as f64)),
        },
        peak_requests_per_s: data.rates.peak,
        dispersion: data.rates.dispersion(),
        retry_after_violations: totals.violations,
        duplicate_tasks: totals.duplicate_tasks,
        duplicate_deliveries: totals.duplicate_deliveries,
        cost: spent,
        optimal_cost: least,
        efficiency_vs_optimal: least.filter(|_| spent.mean > 0.0).map(|least| least / spent.mean),
        learning_curve: learning_curve(learning),
    }
}

/// Mean and 90th percentile over replicates, by number of observations.
fn learning_curve(excesses: &BTreeMap<(u64, u32), f64>) -> Vec<Learned> {
    let mut by_count: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for ((after, _), excess) in excesses {
        by_count.entry(*after).or_default().push(*excess);
    }
    let point = |(after, mut excesses): (u64, Vec<f64>)| {
        excesses.sort_by(f64::total_cmp);
        let n = excesses.len();
        let excess = Excess {
            n: n as u64,
            mean: excesses.iter().sum::<f64>() / n as f64,
            p90: excesses[(0.9 * n as f64).ceil() as usize - 1],
        };
        Learned { after, excess }
    };
    by_count.into_iter().map(point).collect()
}

/// Intervals of shares of the tasks.
fn shares(data: &CellData, interacts: bool) -> ShareIntervals {
    let share = |count: &dyn Fn(&Totals) -> u64| -> Option<Interval> {
        if !interacts {
            return Some(wilson(count(&data.totals), data.totals.tasks));
        }
        let parts = data.replicates.values().map(|part| (count(&part.totals) as f64, part.totals.tasks));
        let interval = Estimate::of_replicates(&parts.collect::<Vec<_>>())?.interval()?;
        Some(interval.map(|end| end.clamp(0.0, 1.0)))
    };
    ShareIntervals {
        outcomes: std::array::from_fn(|outcome| share(&|totals| totals.outcomes[outcome])),
        lost: share(&|totals| totals.lost),
        censored: share(&|totals| totals.tasks - totals.delay.n),
    }
}

fn quantiles(durations: &Durations, levels: &[f64], total: u64) -> Vec<Option<f64>> {
    durations.quantiles(levels, total).into_iter().map(|value| value.map(|us| ms(us as f64))).collect()
}

fn latency(data: &CellData, interacts: bool, known: u64) -> LatencyStats {
    let total = data.totals.tasks;
    let estimate = estimate(data, interacts, |totals| totals.latency).map(|estimate| estimate.scaled(1e-3));
    let at = quantiles(&data.latency, &[0.5, 0.9, 0.95, 0.99], total);
    LatencyStats {
        mean: estimate.map(|estimate| estimate.mean),
        ci95: estimate.and_then(|estimate| estimate.interval()),
        p50: at[0],
        p90: at[1],
        p95: at[2],
        p99: at[3],
        max: data.latency.max().map(|us| ms(us as f64)),
        censored_share: (total - known) as f64 / total.max(1) as f64,
    }
}

fn delay(data: &CellData, interacts: bool) -> DelayStats {
    let total = data.totals.tasks;
    let estimate = estimate(data, interacts, |totals| totals.delay).map(|estimate| estimate.scaled(1e-3));
    let at = quantiles(&data.delay, &[0.5, 0.9, 0.95, 0.99], total);
    let p95_ci95 = if interacts {
        let sections: Vec<_> = data.replicates.values().map(|part| part.delay_p95).collect();
        at[2].and_then(|pooled| sectioned(pooled * 1e3, &sections))
    } else {
        data.delay.quantile_interval(0.95, total).map(|(low, high)| [low as f64, high as f64])
    };
    DelayStats {
        mean: estimate.map(|estimate| estimate.mean),
        ci95: estimate.and_then(|estimate| estimate.interval()),
        p50: at[0],
        p90: at[1],
        p95: at[2],
        p95_ci95: p95_ci95.map(|[low, high]| [ms(low), ms(high)]),
        p99: at[3],
        max: data.delay.max().map(|us| ms(us as f64)),
    }
}

fn cost(data: &CellData, interacts: bool, weights: &CostWeights) -> MeanStats {
    let whole = &data.totals.cost;
    let estimate = if interacts {
        let parts = data.replicates.values().map(|part| (part.totals.cost.sum(weights), part.totals.cost.n()));
        Estimate::of_replicates(&parts.collect::<Vec<_>>())
    } else {
        let n = whole.n();
        (n > 0).then(|| Estimate::of_tasks(n, whole.sum(weights) / n as f64, whole.variance(weights)))
    };
    MeanStats {
        mean: estimate.map_or(0.0, |estimate| estimate.mean),
        ci95: estimate.and_then(|estimate| estimate.interval()),
    }
}

/// What a strategy is compared with the baseline on.
struct PairedMetric {
    name: &'static str,
    is_time: bool,
    /// Factor to the unit of the name.
    scale: f64,
    of: fn(&PairTotals, &CostWeights) -> Paired,
}

/// Sums of one metric over pairs.
struct Paired {
    n: u64,
    sum: f64,
    variance: Option<f64>,
    base: f64,
}

impl Paired {
    fn of(moments: &Moments, base: i128) -> Self {
        Self { n: moments.n, sum: moments.sum as f64, variance: moments.variance(), base: base as f64 }
    }
}

const PAIRED_METRICS: [PairedMetric; 5] = [
    PairedMetric {
        name: "polls_per_task",
        is_time: false,
        scale: 1.0,
        of: |pairs, _| Paired::of(&pairs.polls, pairs.base.polls),
    },
    PairedMetric {
        name: "requests_per_task",
        is_time: false,
        scale: 1.0,
        of: |pairs, _| Paired::of(&pairs.requests, pairs.base.requests),
    },
    PairedMetric {
        name: "detection_delay_ms",
        is_time: true,
        scale: 1e-3,
        of: |pairs, _| Paired::of(&pairs.time, pairs.base.delay),
    },
    PairedMetric {
        name: "latency_ms",
        is_time: true,
        scale: 1e-3,
        of: |pairs, _| Paired::of(&pairs.time, pairs.base.latency),
    },
    PairedMetric {
        name: "cost",
        is_time: false,
        scale: 1.0,
        of: |pairs, weights| Paired {
            n: pairs.cost.n(),
            sum: pairs.cost.sum(weights),
            variance: pairs.cost.variance(weights),
            base: pairs.base.cost.sum(weights),
        },
    },
];

/// One strategy against the baseline on one model.
pub struct Pairing<'a> {
    /// Model.
    pub model: &'a str,
    /// Strategy.
    pub strategy: &'a str,
    /// Baseline.
    pub baseline: &'a str,
    /// Sums over the pairs.
    pub data: &'a PairData,
    /// Tasks of either interact.
    pub interacts: bool,
}

/// All comparisons, metric by metric; the words of one metric are one table.
#[must_use]
pub fn comparisons(pairings: &[Pairing<'_>], weights: &CostWeights) -> Vec<Comparison> {
    let mut all = Vec::with_capacity(pairings.len() * PAIRED_METRICS.len());
    for metric in &PAIRED_METRICS {
        let found: Vec<(u64, Option<Difference>)> =
            pairings.iter().map(|pairing| compare(metric, pairing, weights)).collect();
        let table: Vec<_> = found.iter().map(|(_, difference)| *difference).collect();
        for ((pairing, (n, difference)), verdict) in pairings.iter().zip(found).zip(words(&table)) {
            all.push(Comparison {
                model: pairing.model.to_owned(),
                strategy: pairing.strategy.to_owned(),
                baseline: pairing.baseline.to_owned(),
                metric: metric.name.to_owned(),
                n,
                difference: difference.map(|difference| difference.estimate.mean),
                ci95: difference.and_then(|difference| difference.estimate.interval()),
                baseline_mean: difference.map(|difference| difference.baseline),
                verdict,
            });
        }
    }
    all
}

fn compare(metric: &PairedMetric, pairing: &Pairing<'_>, weights: &CostWeights) -> (u64, Option<Difference>) {
    let mut totals = pairing.data.totals;
    for part in pairing.data.replicates.values() {
        totals.merge(part);
    }
    let whole = (metric.of)(&totals, weights);
    if whole.n == 0 {
        return (0, None);
    }
    let estimate = if pairing.interacts {
        let parts = pairing.data.replicates.values().map(|part| (metric.of)(part, weights));
        Estimate::of_replicates(&parts.map(|part| (part.sum, part.n)).collect::<Vec<_>>())
    } else {
        Some(Estimate::of_tasks(whole.n, whole.sum / whole.n as f64, whole.variance))
    };
    let difference = estimate.map(|estimate| Difference {
        estimate: estimate.scaled(metric.scale),
        baseline: whole.base / whole.n as f64 * metric.scale,
        is_time: metric.is_time,
    });
    (whole.n, difference)
}

/// The curves of one cell, with its sampled tasks in the order of their numbers.
#[must_use]
pub fn series<'s>(data: &CellData, sample: impl Iterator<Item = &'s SampledTask>) -> CellSeries {
    let curve = |durations: &Durations| {
        let points = durations.ecdf(data.totals.tasks, CURVE_POINTS);
        points.into_iter().map(|(value, share)| (value.as_secs(), share)).collect()
    };
    let (rate, rate_step_s) = data.rates.profile(RATE_STEPS);
    CellSeries {
        delay_ecdf: curve(&data.delay),
        latency_ecdf: curve(&data.latency),
        rate,
        rate_step_s,
        sample: sample.cloned().collect(),
    }
}
