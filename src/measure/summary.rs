//! From sums to the figures of `results.json`.

use crate::inspection::CostWeights;
use crate::measure::histogram::Durations;
use crate::measure::interval::{Estimate, coupled_share, sectioned, wilson};
use crate::measure::outcome::ByOutcome;
use crate::measure::rare::{RareEvents, are_enough};
use crate::measure::results::{
    Cell, CountStats, DelayStats, Excess, Interval, LatencyStats, Learned, MeanStats, Outcomes, OvershootStats,
    PollUse, RecoveryStats, ShareIntervals, StruckStats,
};
use crate::measure::series::{CellSeries, SampledTask};
use crate::measure::totals::{CellData, Moments, Totals};
use crate::world::capacity::Load;
use std::collections::BTreeMap;

/// Points of an ECDF curve.
const CURVE_POINTS: u64 = 80;
/// Steps of a rate curve.
const RATE_STEPS: usize = 100;

/// Milliseconds of a number of microseconds.
fn ms(us: f64) -> f64 {
    us / 1e3
}

/// What a scenario says of a cell before anything is run.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Model.
    pub model: &'a str,
    /// Strategy.
    pub strategy: &'a str,
    /// Its tasks are not independent observations: intervals come from replicates.
    pub interacts: bool,
    /// Tasks that one failure ends together, 1 where each is its own.
    pub together: u64,
    /// The strategy gives up by itself.
    pub has_limit: bool,
    /// Least expected cost on the model.
    pub least: Option<f64>,
    /// What is rare in it.
    pub rare: RareEvents,
    /// The scenario has faults.
    pub has_faults: bool,
    /// What the model's workers did, and how many they are, where they are finite.
    pub load: Option<(&'a Load, u32)>,
}

impl Setting<'_> {
    /// Whether the data have met enough of what is rare to carry intervals.
    #[must_use]
    pub fn carries_intervals(&self, data: &CellData) -> bool {
        let totals = &data.totals;
        // Of tasks that end together, the few that are known where most are lost come by chance.
        let are_known = self.together == 1 || 5 * totals.delay.n >= totals.tasks;
        are_known && self.rare.have_been_met(data.replicates.len() as u64, totals.tasks, totals.struck.tasks)
    }
}

/// A mean with its interval: from tasks, or from replicates where tasks interact.
fn estimate(data: &CellData, setting: &Setting<'_>, of: impl Fn(&Totals) -> Moments) -> Option<Estimate> {
    let whole = of(&data.totals);
    let estimate = if setting.interacts {
        let parts = data.replicates.values().map(|part| of(&part.totals));
        Estimate::of_replicates(&parts.map(|part| (part.sum as f64, part.n)).collect::<Vec<_>>(), 0.0)
    } else {
        Some(Estimate::of_tasks(whole.n, whole.mean()?, whole.variance()))
    };
    let carries = are_enough(whole.n, data.totals.tasks) && setting.carries_intervals(data);
    estimate.map(|estimate| estimate.carried(carries))
}

/// A mean of times in milliseconds; of those that are known, some may be rarely long.
fn time(data: &CellData, setting: &Setting<'_>, of: impl Fn(&Totals) -> Moments) -> (Option<f64>, Option<Interval>) {
    let error = setting.rare.of_delay(data.totals.tasks);
    let estimate = estimate(data, setting, of).map(|estimate| estimate.at_least(error).scaled(1e-3));
    let interval = estimate.and_then(|estimate| estimate.interval());
    (estimate.map(|estimate| estimate.mean), interval.map(not_negative))
}

/// As far as an interval of what is never below zero can be true.
fn not_negative([low, high]: Interval) -> Interval {
    [low.max(0.0), high]
}

/// The mean of a count, or of a cost.
fn mean(estimate: Option<Estimate>) -> MeanStats {
    MeanStats {
        mean: estimate.map_or(0.0, |estimate| estimate.mean),
        ci95: estimate.and_then(|estimate| estimate.interval()).map(not_negative),
    }
}

/// The figures of one cell. `learning` has the excess of each plan by observations and replicate.
#[must_use]
pub fn cell(
    setting: &Setting<'_>,
    data: &CellData,
    weights: &CostWeights,
    learning: &BTreeMap<(u64, u32), f64>,
) -> Cell {
    let totals = &data.totals;
    let Setting { interacts, has_limit, least, .. } = *setting;
    let spent = cost(data, setting, weights);
    let load = setting.load.and_then(|(load, workers)| load.figures(workers));
    let known = totals.delay.n;
    let per_task = |of: fn(&Totals) -> Moments| {
        let error = setting.rare.of_polls(totals.tasks, totals.polls.mean().unwrap_or(0.0));
        mean(estimate(data, setting, of).map(|estimate| estimate.at_least(error)))
    };
    let polls = per_task(|totals| totals.polls);
    let poll_counts = data.polls.quantiles(&[0.5, 0.95, 0.99], totals.tasks);
    let count = |at: usize| poll_counts[at].unwrap_or(0);
    Cell {
        model: setting.model.to_owned(),
        strategy: setting.strategy.to_owned(),
        tasks: totals.tasks,
        observations: Some(if interacts { data.replicates.len() as u64 } else { totals.tasks }),
        outcomes: Outcomes::from(totals.outcomes),
        lost: totals.lost,
        false_success: totals.false_success,
        false_failure: totals.false_failure,
        misled: totals.misled,
        shares_ci95: shares(data, setting),
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
        latency_ms: latency(data, setting, known),
        detection_delay_ms: delay(data, setting),
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
        retrievable: totals.retrievable,
        share_429: (totals.polls.sum > 0).then(|| totals.throttled as f64 / totals.polls.sum as f64),
        recovery_ms: data.recoveries.summary().map(|found| RecoveryStats {
            outages: found.outages,
            never: found.never,
            mean: found.mean.map(ms),
            max: found.max.map(ms),
        }),
        peak_after_outage_per_s: data.rates.peak_after_outage,
        worker_utilisation: load.map(|load| load.utilisation),
        queue_length_mean: load.map(|load| load.queue_length),
        struck: setting.has_faults.then(|| struck(data, weights)),
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
fn shares(data: &CellData, setting: &Setting<'_>) -> ShareIntervals {
    let carries = setting.carries_intervals(data);
    let unseen = if setting.rare.at_once > 1 { setting.rare.unseen(data.totals.tasks) } else { 0.0 };
    let share = |count: &dyn Fn(&Totals) -> u64| -> Option<Interval> {
        if !carries {
            return None;
        }
        if !setting.interacts {
            return Some(wilson(count(&data.totals), data.totals.tasks));
        }
        let parts = data.replicates.values().map(|part| (count(&part.totals), part.totals.tasks));
        let [low, high] = coupled_share(&parts.collect::<Vec<_>>(), setting.together)?;
        let reached = count(&data.totals) as f64 / data.totals.tasks as f64 + unseen;
        Some([low, high.max(reached).min(1.0)])
    };
    ShareIntervals {
        outcomes: ByOutcome::each(|outcome| share(&|totals| totals.outcomes[outcome])),
        lost: share(&|totals| totals.lost),
        censored: share(&|totals| totals.tasks - totals.delay.n),
    }
}

fn quantiles(durations: &Durations, levels: &[f64], total: u64) -> Vec<Option<f64>> {
    durations.quantiles(levels, total).into_iter().map(|value| value.map(|us| ms(us as f64))).collect()
}

/// The longest of times, which is not known where a task that ended never became so.
fn longest(times: &Durations, missed: u64) -> Option<f64> {
    times.max().filter(|_| missed == 0).map(|us| ms(us as f64))
}

fn latency(data: &CellData, setting: &Setting<'_>, known: u64) -> LatencyStats {
    let total = data.totals.tasks;
    let (mean, ci95) = time(data, setting, |totals| totals.latency);
    let at = quantiles(&data.latency, &[0.5, 0.9, 0.95, 0.99], total);
    LatencyStats {
        mean,
        ci95,
        p50: at[0],
        p90: at[1],
        p95: at[2],
        p99: at[3],
        max: longest(&data.latency, data.totals.missed),
        censored_share: (total - known) as f64 / total.max(1) as f64,
    }
}

/// Whether so few of `total` tasks are unknown, and can be expected to be, that it is no chance whether their 95th
/// percentile is known.
fn leaves_room(unknown: u64, total: u64, rare: &RareEvents) -> bool {
    let share = (unknown as f64 / total as f64).max(rare.missed(total));
    unknown == 0 || share + 3.0 * (0.05 * 0.95 / total as f64).sqrt() <= 0.05
}

fn delay(data: &CellData, setting: &Setting<'_>) -> DelayStats {
    let total = data.totals.tasks;
    let (mean, ci95) = time(data, setting, |totals| totals.delay);
    let at = quantiles(&data.delay, &[0.5, 0.9, 0.95, 0.99], total);
    let of_tasks = || data.delay.quantile_interval(0.95, total).map(|(low, high)| [low as f64, high as f64]);
    let p95_ci95 = if setting.interacts {
        // Where as many tasks are unknown as the percentile leaves, it is chance which replicates know theirs.
        let is_known = total - data.totals.delay.n <= total / 50 && setting.carries_intervals(data);
        let sections: Vec<_> = data.replicates.values().map(|part| part.delay_p95).collect();
        let of_sections = at[2].filter(|_| is_known).and_then(|pooled| sectioned(pooled * 1e3, &sections));
        // Small sections hardly reach the percentile.
        of_sections.zip(of_tasks()).map(|([a, b], [low, high])| [a.min(low), b.max(high)])
    } else {
        of_tasks().filter(|_| leaves_room(total - data.totals.delay.n, total, &setting.rare))
    };
    DelayStats {
        mean,
        ci95,
        p50: at[0],
        p90: at[1],
        p95: at[2],
        p95_ci95: p95_ci95.map(|[low, high]| [ms(low), ms(high)]),
        p99: at[3],
        max: longest(&data.delay, data.totals.missed),
    }
}

/// Without intervals: how many tasks are struck is chance too, and no method here covers a ratio of such counts.
fn struck(data: &CellData, weights: &CostWeights) -> StruckStats {
    let of = &data.totals.struck;
    let at = quantiles(&data.struck_delay, &[0.5, 0.9, 0.95, 0.99], of.tasks);
    let cost = (of.tasks > 0).then(|| of.cost.sum(weights) / of.tasks as f64);
    StruckStats {
        tasks: of.tasks,
        lost: of.lost,
        detection_delay_ms: DelayStats {
            mean: of.delay.mean().map(ms),
            ci95: None,
            p50: at[0],
            p90: at[1],
            p95: at[2],
            p95_ci95: None,
            p99: at[3],
            max: longest(&data.struck_delay, of.missed),
        },
        cost: cost.map(|mean| MeanStats { mean, ci95: None }),
    }
}

fn cost(data: &CellData, setting: &Setting<'_>, weights: &CostWeights) -> MeanStats {
    let whole = &data.totals.cost;
    let estimate = if setting.interacts {
        let parts = data.replicates.values().map(|part| (part.totals.cost.sum(weights), part.totals.cost.n()));
        Estimate::of_replicates(&parts.collect::<Vec<_>>(), 0.0)
    } else {
        let n = whole.n();
        (n > 0).then(|| Estimate::of_tasks(n, whole.sum(weights) / n as f64, whole.variance(weights)))
    };
    let usual = data.totals.polls.mean().unwrap_or(0.0);
    let (rare, tasks) = (&setting.rare, data.totals.tasks);
    let error = rare.of_cost(tasks, usual, weights).max(rare.of_overload(tasks, data.totals.struck.tasks, weights));
    let carries = setting.carries_intervals(data);
    mean(estimate.map(|estimate| estimate.at_least(error).carried(carries)))
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
        charged: data.totals.cost.means(),
        sample: sample.cloned().collect(),
    }
}
