//! Strategies against the baseline, task by task: from sums over pairs to differences, intervals and words.

use crate::inspection::CostWeights;
use crate::measure::interval::Estimate;
use crate::measure::rare::{RareEvents, are_enough};
use crate::measure::results::Comparison;
use crate::measure::totals::{Differences, PairData, PairTotals};
use crate::measure::verdict::{Difference, words_by_family};

/// What a strategy is compared with the baseline on.
struct PairedMetric {
    name: &'static str,
    is_time: bool,
    /// Factor to the unit of the name.
    scale: f64,
    of: fn(&PairTotals, &CostWeights) -> Paired,
    /// The error that rare tasks give it.
    rare: fn(&RareEvents, u64, &CostWeights) -> f64,
}

/// Sums of one metric over pairs.
struct Paired {
    n: u64,
    unequal: u64,
    sum: f64,
    variance: Option<f64>,
    base: f64,
    /// What the baseline has of the quantity that differs: where no pair differs, one that did would by so much.
    whole: f64,
}

impl Paired {
    fn of(differences: &Differences, base: i128, whole: i128) -> Self {
        let Differences { moments, unequal } = *differences;
        let (sum, variance) = (moments.sum as f64, moments.variance());
        Self { n: moments.n, unequal, sum, variance, base: base as f64, whole: whole as f64 }
    }
}

const PAIRED_METRICS: [PairedMetric; 5] = [
    PairedMetric {
        name: "polls_per_task",
        is_time: false,
        scale: 1.0,
        of: |pairs, _| Paired::of(&pairs.polls, pairs.base.polls, pairs.base.polls),
        rare: |rare, n, _| rare.of_polls(n, 0.0),
    },
    PairedMetric {
        name: "requests_per_task",
        is_time: false,
        scale: 1.0,
        of: |pairs, _| Paired::of(&pairs.requests, pairs.base.requests, pairs.base.requests),
        rare: |rare, n, _| rare.of_polls(n, 0.0),
    },
    PairedMetric {
        name: "detection_delay_ms",
        is_time: true,
        scale: 1e-3,
        // It is the same difference as that of latencies, and as uncertain.
        of: |pairs, _| Paired::of(&pairs.time, pairs.base.delay, pairs.base.latency),
        rare: |rare, n, _| rare.of_delay(n),
    },
    PairedMetric {
        name: "latency_ms",
        is_time: true,
        scale: 1e-3,
        of: |pairs, _| Paired::of(&pairs.time, pairs.base.latency, pairs.base.latency),
        rare: |rare, n, _| rare.of_delay(n),
    },
    PairedMetric {
        name: "cost",
        is_time: false,
        scale: 1.0,
        of: |pairs, weights| Paired {
            n: pairs.cost.n(),
            unequal: pairs.unequal_costs,
            sum: pairs.cost.sum(weights),
            variance: pairs.cost.variance(weights),
            base: pairs.base.cost.sum(weights),
            whole: pairs.base.cost.sum(weights),
        },
        rare: |rare, n, weights| rare.of_cost(n, 0.0, weights),
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
    /// What differs between them in the tasks that they give up on.
    pub rare: RareEvents,
    /// The data of both can carry intervals.
    pub carries_intervals: bool,
}

/// All comparisons, metric by metric. The words of a model are one family: no table of a report holds those of more.
#[must_use]
pub fn comparisons(pairings: &[Pairing<'_>], weights: &CostWeights) -> Vec<Comparison> {
    let each = || PAIRED_METRICS.iter().flat_map(|metric| pairings.iter().map(move |pairing| (metric, pairing)));
    let found: Vec<_> = each().map(|(metric, pairing)| compare(metric, pairing, weights)).collect();
    let table: Vec<_> = each().zip(&found).map(|((_, pairing), (_, found))| (pairing.model, *found)).collect();
    let verdicts = words_by_family(&table);
    let all = each().zip(found).zip(verdicts);
    all.map(|(((metric, pairing), (n, difference)), verdict)| Comparison {
        model: pairing.model.to_owned(),
        strategy: pairing.strategy.to_owned(),
        baseline: pairing.baseline.to_owned(),
        metric: metric.name.to_owned(),
        n,
        difference: difference.map(|difference| difference.estimate.mean),
        ci95: difference.and_then(|difference| difference.estimate.interval()),
        baseline_mean: difference.map(|difference| difference.baseline),
        verdict,
    })
    .collect()
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
    let per_pair = |sum: f64| sum / whole.n as f64;
    let (mean, baseline, would_differ_by) = (per_pair(whole.sum), per_pair(whole.base), per_pair(whole.whole));
    let estimate = if pairing.interacts {
        let parts = pairing.data.replicates.values().map(|part| (metric.of)(part, weights));
        Estimate::of_replicates(&parts.map(|part| (part.sum, part.n)).collect::<Vec<_>>(), would_differ_by)
    } else {
        Some(Estimate::of_pairs(whole.n, whole.unequal, mean, whole.variance, would_differ_by))
    };
    let error = (metric.rare)(&pairing.rare, whole.n, weights);
    let carries = pairing.carries_intervals && are_enough(whole.n, totals.polls.moments.n);
    let difference = estimate.map(|estimate| Difference {
        estimate: estimate.at_least(error).carried(carries).scaled(metric.scale),
        baseline: baseline * metric.scale,
        is_time: metric.is_time,
    });
    (whole.n, difference)
}
