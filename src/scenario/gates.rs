//! The metrics that gates may name.

/// Every metric of the results with its statistics; the first is the one where a gate names none.
pub const METRICS: &[(&str, &[&str])] = &[
    ("success", SHARES),
    ("failed", SHARES),
    ("timeout_missed", SHARES),
    ("timeout_impatient", SHARES),
    ("timeout_true", SHARES),
    ("error", SHARES),
    ("abandoned", SHARES),
    ("hang", SHARES),
    ("rejected", SHARES),
    ("lost", SHARES),
    ("polls_per_task", &["mean", "p50", "p95", "p99", "max"]),
    ("requests_per_task", &["mean"]),
    ("polls_total", &["count"]),
    ("polls_useful", &["count"]),
    ("polls_wasted", &["count"]),
    ("polls_failed", &["count"]),
    ("latency_ms", &["mean", "p50", "p90", "p95", "p99", "max", "censored_share"]),
    ("detection_delay_ms", &["mean", "p50", "p90", "p95", "p99", "max"]),
    ("deadline_overshoot_ms", &["mean", "max"]),
    ("peak_requests_per_s", &["value"]),
    ("dispersion", &["value"]),
    ("retry_after_violations", &["value"]),
    ("duplicate_tasks", &["value"]),
    ("duplicate_deliveries", &["value"]),
    ("cost", &["mean"]),
];

const SHARES: &[&str] = &["count", "share"];

/// The statistics of `metric`, or `None` where there is no such metric.
#[must_use]
pub fn stats(metric: &str) -> Option<&'static [&'static str]> {
    METRICS.iter().find(|(name, _)| *name == metric).map(|(_, stats)| *stats)
}

/// The names of all metrics.
pub(super) const METRIC_NAMES: [&str; METRICS.len()] = {
    let mut names = [""; METRICS.len()];
    let mut index = 0;
    while index < METRICS.len() {
        names[index] = METRICS[index].0;
        index += 1;
    }
    names
};

/// The names of all statistics.
pub(super) const STAT_NAMES: [&str; 10] =
    ["count", "share", "mean", "p50", "p90", "p95", "p99", "max", "censored_share", "value"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statistic_is_in_the_list_of_all() {
        for (metric, stats) in METRICS {
            assert!(stats.iter().all(|stat| STAT_NAMES.contains(stat)), "{metric}");
        }
    }
}
