//! Every figure of a cell by name: what gates hold against a bound, and what `summary.csv` lists.
//!
//! Names are those of `results.json`: a metric, and a statistic of it.

use crate::measure::outcome::{Outcome, each_outcome};
use crate::measure::results::{Cell, Interval};

/// How a figure compares with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// A count: exactly.
    Count,
    /// A figure with a 95 % interval: by it.
    Estimated,
    /// A quantile or extreme without one: by its value.
    Observed,
}

/// What tasks that were never known do to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It counts them as any other, or is not about times.
    Counted,
    /// It is null because it lies among them: +∞.
    Infinite,
    /// It is over known tasks, and null where there are none.
    LeftOut,
}

/// One figure of a cell.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Metric.
    pub metric: &'static str,
    /// Statistic of the metric; the first one of a metric is its default.
    pub stat: &'static str,
    /// Unit of the value.
    pub unit: &'static str,
    /// How it compares with a bound.
    pub sort: FigureKind,
    /// What unknown tasks do to it.
    pub unknown: Unknown,
    /// Its value in a cell.
    pub value: fn(&Cell) -> Option<f64>,
    /// Its 95 % interval.
    pub ci95: fn(&Cell) -> Option<Interval>,
}

/// A figure without an interval.
macro_rules! plain {
    ($metric:expr, $stat:literal, $unit:literal, $sort:ident, $value:expr) => {
        Figure {
            metric: $metric,
            stat: $stat,
            unit: $unit,
            sort: FigureKind::$sort,
            unknown: Unknown::Counted,
            value: $value,
            ci95: |_| None,
        }
    };
}

/// A figure with one.
macro_rules! estimated {
    ($metric:expr, $stat:literal, $unit:literal, $value:expr, $ci:expr) => {
        Figure {
            metric: $metric,
            stat: $stat,
            unit: $unit,
            sort: FigureKind::Estimated,
            unknown: Unknown::Counted,
            value: $value,
            ci95: $ci,
        }
    };
}

impl Figure {
    const fn with(self, unknown: Unknown) -> Self {
        Self { unknown, ..self }
    }
}

/// A number of tasks, and its share of all.
macro_rules! tasks {
    ($metric:expr, $of:expr, $ci:expr) => {
        [
            plain!($metric, "count", "tasks", Count, |cell| {
                let of: fn(&Cell) -> u64 = $of;
                Some(of(cell) as f64)
            }),
            estimated!(
                $metric,
                "share",
                "share",
                |cell| {
                    let of: fn(&Cell) -> u64 = $of;
                    (cell.tasks > 0).then(|| of(cell) as f64 / cell.tasks as f64)
                },
                $ci
            ),
        ]
    };
}

/// Tasks that ended so.
macro_rules! ended {
    ($outcome:ident) => {
        tasks!(Outcome::$outcome.name(), |cell| cell.outcomes.of(Outcome::$outcome), |cell| cell.shares_ci95.outcomes
            [Outcome::$outcome])
    };
}

macro_rules! task_figures {
    ($(#[doc = $about:literal] $outcome:ident, $name:ident, $words:literal, $meaning:literal;)*) => {
        const TASKS: [[Figure; 2]; Outcome::ALL.len() + 1] =
            [$(ended!($outcome),)* tasks!("lost", |cell| cell.lost, |cell| cell.shares_ci95.lost)];
    };
}

each_outcome!(task_figures);

use Unknown::{Infinite, LeftOut};

const REST: &[Figure] = &[
    estimated!("polls_per_task", "mean", "polls", |c| Some(c.polls_per_task.mean), |c| c.polls_per_task.ci95),
    plain!("polls_per_task", "p50", "polls", Observed, |c| Some(c.polls_per_task.p50 as f64)),
    plain!("polls_per_task", "p95", "polls", Observed, |c| Some(c.polls_per_task.p95 as f64)),
    plain!("polls_per_task", "p99", "polls", Observed, |c| Some(c.polls_per_task.p99 as f64)),
    plain!("polls_per_task", "max", "polls", Observed, |c| Some(c.polls_per_task.max as f64)),
    estimated!("requests_per_task", "mean", "requests", |c| Some(c.requests_per_task.mean), |c| c
        .requests_per_task
        .ci95),
    plain!("polls", "total", "polls", Count, |c| Some(c.polls.total as f64)),
    plain!("polls", "useful", "polls", Count, |c| Some(c.polls.useful as f64)),
    plain!("polls", "wasted", "polls", Count, |c| Some(c.polls.wasted as f64)),
    plain!("polls", "failed", "polls", Count, |c| Some(c.polls.failed as f64)),
    estimated!("latency_ms", "mean", "ms", |c| c.latency_ms.mean, |c| c.latency_ms.ci95).with(LeftOut),
    plain!("latency_ms", "p50", "ms", Observed, |c| c.latency_ms.p50).with(Infinite),
    plain!("latency_ms", "p90", "ms", Observed, |c| c.latency_ms.p90).with(Infinite),
    plain!("latency_ms", "p95", "ms", Observed, |c| c.latency_ms.p95).with(Infinite),
    plain!("latency_ms", "p99", "ms", Observed, |c| c.latency_ms.p99).with(Infinite),
    plain!("latency_ms", "max", "ms", Observed, |c| c.latency_ms.max).with(Infinite),
    estimated!("latency_ms", "censored_share", "share", |c| Some(c.latency_ms.censored_share), |c| c
        .shares_ci95
        .censored),
    estimated!("detection_delay_ms", "mean", "ms", |c| c.detection_delay_ms.mean, |c| c.detection_delay_ms.ci95)
        .with(LeftOut),
    plain!("detection_delay_ms", "p50", "ms", Observed, |c| c.detection_delay_ms.p50).with(Infinite),
    plain!("detection_delay_ms", "p90", "ms", Observed, |c| c.detection_delay_ms.p90).with(Infinite),
    estimated!("detection_delay_ms", "p95", "ms", |c| c.detection_delay_ms.p95, |c| c.detection_delay_ms.p95_ci95)
        .with(Infinite),
    plain!("detection_delay_ms", "p99", "ms", Observed, |c| c.detection_delay_ms.p99).with(Infinite),
    plain!("detection_delay_ms", "max", "ms", Observed, |c| c.detection_delay_ms.max).with(Infinite),
    plain!("deadline_overshoot_ms", "mean", "ms", Observed, |c| c.deadline_overshoot_ms.mean),
    plain!("deadline_overshoot_ms", "max", "ms", Observed, |c| c.deadline_overshoot_ms.max),
    plain!("peak_requests_per_s", "value", "requests/s", Count, |c| Some(c.peak_requests_per_s as f64)),
    plain!("dispersion", "value", "1", Observed, |c| c.dispersion),
    plain!("false_success", "value", "tasks", Count, |c| Some(c.false_success as f64)),
    plain!("false_failure", "value", "tasks", Count, |c| Some(c.false_failure as f64)),
    plain!("misled", "value", "tasks", Count, |c| Some(c.misled as f64)),
    plain!("retry_after_violations", "value", "requests", Count, |c| Some(c.retry_after_violations as f64)),
    plain!("duplicate_tasks", "value", "tasks", Count, |c| Some(c.duplicate_tasks as f64)),
    plain!("duplicate_deliveries", "value", "deliveries", Count, |c| Some(c.duplicate_deliveries as f64)),
    estimated!("cost", "mean", "cost", |c| Some(c.cost.mean), |c| c.cost.ci95),
    plain!("retrievable", "count", "tasks", Count, |c| Some(c.retrievable as f64)),
    plain!("share_429", "value", "share", Observed, |c| c.share_429),
    plain!("recovery_ms", "mean", "ms", Observed, |c| c.recovery_ms?.mean).with(LeftOut),
    plain!("recovery_ms", "max", "ms", Observed, |c| c.recovery_ms?.max).with(Infinite),
    plain!("peak_after_outage_per_s", "value", "requests/s", Count, |c| Some(c.peak_after_outage_per_s? as f64)),
    plain!("worker_utilisation", "value", "share", Observed, |c| c.worker_utilisation),
    plain!("queue_length_mean", "value", "tasks", Observed, |c| c.queue_length_mean),
    plain!("struck_tasks", "count", "tasks", Count, |c| Some(c.struck?.tasks as f64)),
    plain!("struck_lost", "count", "tasks", Count, |c| Some(c.struck?.lost as f64)),
    plain!("struck_detection_delay_ms", "mean", "ms", Observed, |c| c.struck?.detection_delay_ms.mean).with(LeftOut),
    plain!("struck_detection_delay_ms", "p95", "ms", Observed, |c| c.struck?.detection_delay_ms.p95).with(Infinite),
    plain!("struck_detection_delay_ms", "max", "ms", Observed, |c| c.struck?.detection_delay_ms.max).with(Infinite),
    plain!("struck_cost", "mean", "cost", Observed, |c| Some(c.struck?.cost?.mean)),
    plain!("optimal_cost", "value", "cost", Observed, |c| c.optimal_cost),
    plain!("efficiency_vs_optimal", "value", "1", Observed, |c| c.efficiency_vs_optimal),
];

/// All figures, metric by metric.
pub fn figures() -> impl Iterator<Item = &'static Figure> {
    TASKS.iter().flatten().chain(REST)
}

/// The figure of a metric: the named statistic, or its first.
#[must_use]
pub fn figure(metric: &str, stat: Option<&str>) -> Option<&'static Figure> {
    figures().find(|figure| figure.metric == metric && stat.is_none_or(|stat| stat == figure.stat))
}
