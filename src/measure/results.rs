//! The results of a run as `results.json` holds them: names, units and meaning are a contract with others' scripts.
//!
//! Times are milliseconds. `null` stands for what is not defined: a quantile that falls on tasks that never became
//! known, an interval from a single replicate, the limit of a strategy that has none.

pub use crate::measure::aftermath::{RecoveryStats, RuleResult};
use crate::measure::outcome::ByOutcome;
pub use crate::measure::outcome::Outcomes;
pub use crate::measure::stopping::UntilResult;
use serde::{Deserialize, Serialize};

/// Version of the file format.
pub const SCHEMA_VERSION: u32 = 1;

/// A 95 % interval: lower and upper end.
pub type Interval = [f64; 2];

/// Everything that a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What was run.
    pub run: Run,
    /// One for each model and strategy, models in scenario order, then strategies.
    pub cells: Vec<Cell>,
    /// Each strategy against the baseline.
    pub comparisons: Vec<Comparison>,
    /// Each gate in each cell that it matches.
    pub gates: Vec<GateResult>,
    /// Each fault rule of the scenario, in its order; empty where rules do not apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<RuleResult>,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Name of the scenario.
    pub scenario: String,
    /// `sim`, `virtual` or `wire`.
    pub engine: String,
    /// Random seed.
    pub seed: u64,
    /// Tasks per model and replicate.
    pub tasks: u64,
    /// Replicates.
    pub replicates: u32,
    /// Version of pollbench.
    pub version: String,
    /// Hash of all task records; equal where every task's record is.
    pub digest: String,
    /// The harness's own error; only where a wall clock ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness: Option<HarnessError>,
    /// How the number of replicates came about; only where they were added until a figure was known well enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilResult>,
}

/// How late the harness itself was, in scenario time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HarnessError {
    /// From the instant a poll was due to the instant it was sent; `None` without polls.
    pub timer_slack_ms: Option<LatenessFigures>,
    /// From the intended submit to the submit.
    pub submit_lag_ms: Option<LatenessFigures>,
}

/// Quantiles of a lateness, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatenessFigures {
    /// Timers or submits.
    pub n: u64,
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}

/// One strategy on one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Model.
    pub model: String,
    /// Strategy.
    pub strategy: String,
    /// Tasks over all replicates.
    pub tasks: u64,
    /// Independent observations behind the intervals: tasks, or replicates where tasks interact.
    #[serde(default)]
    pub observations: Option<u64>,
    /// How the waits ended.
    pub outcomes: Outcomes,
    /// Tasks that succeeded in truth and that the client never had.
    pub lost: u64,
    /// Tasks that the client took for successes and that are none, or were not yet.
    #[serde(default)]
    pub false_success: u64,
    /// Tasks that the client took for failures and that are none, or were not yet.
    #[serde(default)]
    pub false_failure: u64,
    /// Of `lost`, those whose client took a wrong answer for the end: a failure that is none, another task's result.
    #[serde(default)]
    pub misled: u64,
    /// 95 % intervals of these counts as shares of the tasks.
    pub shares_ci95: ShareIntervals,
    /// Polls of a task.
    pub polls_per_task: CountStats,
    /// Submits, polls and webhook deliveries received, of a task.
    pub requests_per_task: MeanStats,
    /// What the polls were good for.
    pub polls: PollUse,
    /// From the intended submit to the client knowing.
    pub latency_ms: LatencyStats,
    /// From the task's end to the client knowing.
    pub detection_delay_ms: DelayStats,
    /// How far past its nominal limit a wait went on; zero for waits that ended in time.
    pub deadline_overshoot_ms: OvershootStats,
    /// Largest count of requests sent in one second.
    pub peak_requests_per_s: u64,
    /// Variance over mean of the counts per second between first and last submit; 1 for a Poisson stream.
    pub dispersion: Option<f64>,
    /// Requests before the instant that a `Retry-After` named to that wait.
    pub retry_after_violations: u64,
    /// Tasks created by submits that were sent again.
    pub duplicate_tasks: u64,
    /// Webhook deliveries received again.
    pub duplicate_deliveries: u64,
    /// Polls and delay in the scenario's weights.
    pub cost: MeanStats,
    /// Of `lost`, those that can still be had by their ids at the horizon: who asks again later has them.
    #[serde(default)]
    pub retrievable: u64,
    /// Polls answered HTTP 429, as a share of all; `null` without polls.
    #[serde(default)]
    pub share_429: Option<f64>,
    /// How long outages are felt; `null` where no wait met one.
    #[serde(default)]
    pub recovery_ms: Option<RecoveryStats>,
    /// Largest count of requests sent in one second of the minute after an outage; `null` where there was none.
    #[serde(default)]
    pub peak_after_outage_per_s: Option<u64>,
    /// Share of their time that the model's finite workers worked; `null` without.
    #[serde(default)]
    pub worker_utilisation: Option<f64>,
    /// Tasks that waited for one of them, mean over time.
    #[serde(default)]
    pub queue_length_mean: Option<f64>,
    /// Over the tasks that a fault struck; `null` in a world without faults.
    #[serde(default)]
    pub struck: Option<StruckStats>,
    /// Least expected cost of any polling strategy in a world without faults and round trips; `null` with workers, or
    /// where a weight is zero. It has no last look at the horizon, which only finds what is charged for anyway: `optimal`
    /// makes one, and costs a poll more for each task that never ends.
    #[serde(default)]
    pub optimal_cost: Option<f64>,
    /// `optimal_cost` over `cost`. Below 1 for a strategy that asks; one that is told can be above.
    #[serde(default)]
    pub efficiency_vs_optimal: Option<f64>,
    /// How much more than the least the plan in force costs, after so many observations; for strategies that learn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_curve: Vec<Learned>,
}

/// A point of the learning curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Observations.
    pub after: u64,
    /// Exact expected cost of the plan then in force over the least one, minus 1.
    pub excess: Excess,
}

/// An excess over replicates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Excess {
    /// Replicates that came so far.
    pub n: u64,
    /// Mean.
    pub mean: f64,
    /// 90th percentile.
    pub p90: f64,
}

/// 95 % intervals of shares of the tasks: Wilson's where tasks are independent; where they interact, the wider of that and
/// the replicates', and `null` with a single replicate.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ShareIntervals {
    /// By outcome, in the order of [`Outcomes`].
    pub outcomes: ByOutcome<Option<Interval>>,
    /// Of lost tasks.
    pub lost: Option<Interval>,
    /// Of tasks that never became known.
    pub censored: Option<Interval>,
}

/// A mean and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanStats {
    /// Mean.
    pub mean: f64,
    /// 95 % interval of the mean.
    pub ci95: Option<Interval>,
}

/// A count per task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CountStats {
    /// Mean.
    pub mean: f64,
    /// 95 % interval of the mean.
    pub ci95: Option<Interval>,
    /// Median.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Largest.
    pub max: u64,
}

/// What polls were good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PollUse {
    /// All polls.
    pub total: u64,
    /// Revealed a terminal state.
    pub useful: u64,
    /// Said unfinished.
    pub wasted: u64,
    /// Told nothing.
    pub failed: u64,
}

/// Latency: the mean is over known tasks, quantiles are over all with unknown = +∞.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencyStats {
    /// Mean over known tasks; `null` where none is known.
    pub mean: Option<f64>,
    /// 95 % interval of the mean.
    pub ci95: Option<Interval>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest; `null` as soon as a task that ended by the horizon was never known. Tasks that never end do not count.
    pub max: Option<f64>,
    /// Share of tasks that never became known.
    pub censored_share: f64,
}

/// Detection delay: the mean is over known tasks, quantiles are over all with unknown = +∞.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelayStats {
    /// Mean over known tasks; `null` where none is known.
    pub mean: Option<f64>,
    /// 95 % interval of the mean.
    pub ci95: Option<Interval>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 95 % interval of the 95th percentile.
    pub p95_ci95: Option<Interval>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest; `null` as soon as a task that ended by the horizon was never known. Tasks that never end do not count.
    pub max: Option<f64>,
}

/// Figures of the tasks that a fault struck: whose polls or deliveries a rule changed, delayed or kept from arriving. They
/// carry no intervals, because how many tasks are struck is chance too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StruckStats {
    /// Struck tasks.
    pub tasks: u64,
    /// Of them, lost ones.
    pub lost: u64,
    /// From the task's end to the client knowing.
    pub detection_delay_ms: DelayStats,
    /// Polls and delay in the scenario's weights.
    pub cost: Option<MeanStats>,
}

/// Time past the nominal limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OvershootStats {
    /// Mean over all waits; `null` for a strategy without a limit.
    pub mean: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
}

/// A strategy against the baseline on one metric, paired by task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Model.
    pub model: String,
    /// Strategy.
    pub strategy: String,
    /// Strategy that it is compared with.
    pub baseline: String,
    /// Metric: `polls_per_task`, `requests_per_task`, `detection_delay_ms`, `latency_ms` or `cost`.
    pub metric: String,
    /// Tasks that the pairs are made of.
    pub n: u64,
    /// Mean of strategy minus baseline; `null` where no task is known under both.
    pub difference: Option<f64>,
    /// 95 % interval of it.
    pub ci95: Option<Interval>,
    /// Mean of the baseline over the same tasks.
    pub baseline_mean: Option<f64>,
    /// The word for it, Holm-adjusted over all words of the model.
    pub verdict: Verdict,
}

/// The word for a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Significantly below the baseline (a count or a cost).
    Fewer,
    /// Significantly above the baseline (a count or a cost).
    More,
    /// Significantly below the baseline (a time).
    Faster,
    /// Significantly above the baseline (a time).
    Slower,
    /// Within one percent of the baseline.
    Same,
    /// The data do not decide.
    Undecided,
}

/// A gate in one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// Metric.
    pub metric: String,
    /// Statistic of it.
    pub stat: String,
    /// Model of the cell.
    pub model: String,
    /// Strategy of the cell.
    pub strategy: String,
    /// Bound from below, where the gate is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min: Option<f64>,
    /// Bound from above, where the gate is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<f64>,
    /// The bound again, whichever it is.
    pub limit: f64,
    /// What was found; `null` where the statistic is undefined.
    pub value: Option<f64>,
    /// Whether the promise was kept.
    pub verdict: GateVerdict,
}

/// Whether a promise was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// It was.
    Pass,
    /// It was not.
    Fail,
    /// The interval straddles the bound.
    Undecided,
}
