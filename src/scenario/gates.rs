//! The metrics that gates may name: the figures of a cell.

use crate::measure::figures::figures;

/// The names of all metrics.
pub(super) const METRIC_NAMES: [&str; 37] = [
    "success",
    "failed",
    "timeout_missed",
    "timeout_impatient",
    "timeout_true",
    "error",
    "abandoned",
    "hang",
    "rejected",
    "lost",
    "polls_per_task",
    "requests_per_task",
    "polls",
    "latency_ms",
    "detection_delay_ms",
    "deadline_overshoot_ms",
    "peak_requests_per_s",
    "dispersion",
    "false_success",
    "false_failure",
    "misled",
    "retry_after_violations",
    "duplicate_tasks",
    "duplicate_deliveries",
    "cost",
    "retrievable",
    "share_429",
    "recovery_ms",
    "peak_after_outage_per_s",
    "worker_utilisation",
    "queue_length_mean",
    "struck_tasks",
    "struck_lost",
    "struck_detection_delay_ms",
    "struck_cost",
    "optimal_cost",
    "efficiency_vs_optimal",
];

/// The names of all statistics.
pub(super) const STAT_NAMES: [&str; 14] = [
    "count",
    "share",
    "mean",
    "p50",
    "p95",
    "p99",
    "max",
    "total",
    "useful",
    "wasted",
    "failed",
    "p90",
    "censored_share",
    "value",
];

/// The statistics of `metric`, the default one first; `None` where there is no such metric.
#[must_use]
pub fn stats(metric: &str) -> Option<Vec<&'static str>> {
    let stats: Vec<_> = figures().filter(|figure| figure.metric == metric).map(|figure| figure.stat).collect();
    (!stats.is_empty()).then_some(stats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_figures() {
        let distinct = |names: Vec<&'static str>| {
            let mut distinct: Vec<&str> = Vec::new();
            names.into_iter().for_each(|name| {
                if !distinct.contains(&name) {
                    distinct.push(name);
                }
            });
            distinct
        };
        assert_eq!(distinct(figures().map(|figure| figure.metric).collect()), METRIC_NAMES);
        assert_eq!(distinct(figures().map(|figure| figure.stat).collect()), STAT_NAMES);
    }
}
