//! `summary.csv`: every figure of every cell in tidy form, one a row.

use super::outcomes;
use crate::measure::interval::wilson;
use crate::measure::results::{Cell, Interval, Results};

/// The figures of all cells: `model,strategy,metric,stat,value,ci_low,ci_high,unit,n`. What is undefined is empty.
///
/// # Panics
///
/// Never: the rows are of one length and memory takes all of them.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = ["model", "strategy", "metric", "stat", "value", "ci_low", "ci_high", "unit", "n"];
    writer.write_record(header).expect("memory takes all rows");
    for cell in &results.cells {
        let n = cell.tasks.to_string();
        for row in rows(cell) {
            let [low, high] = row.ci.map_or([None, None], |ci| ci.map(Some)).map(field);
            let record =
                [&cell.model, &cell.strategy, row.metric, row.stat, &field(row.value), &low, &high, row.unit, &n];
            writer.write_record(record).expect("memory takes all rows");
        }
    }
    let bytes = writer.into_inner().expect("memory needs no flush");
    String::from_utf8(bytes).expect("fields are text")
}

/// One figure.
struct Row {
    metric: &'static str,
    stat: &'static str,
    value: Option<f64>,
    ci: Option<Interval>,
    unit: &'static str,
}

fn field(value: Option<f64>) -> String {
    value.filter(|x| x.is_finite()).map(|x| x.to_string()).unwrap_or_default()
}

fn rows(cell: &Cell) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut push = |metric, stat, value: Option<f64>, ci, unit| rows.push(Row { metric, stat, value, ci, unit });
    let whole = |n: u64| Some(n as f64);

    for (outcome, k) in outcomes::each(&cell.outcomes) {
        push(outcome, "count", whole(k), None, "tasks");
        let share = (cell.tasks > 0).then(|| k as f64 / cell.tasks as f64);
        push(outcome, "share", share, share.map(|_| wilson(k, cell.tasks)), "share");
    }
    push("lost", "count", whole(cell.lost), None, "tasks");
    let share = (cell.tasks > 0).then(|| cell.lost as f64 / cell.tasks as f64);
    push("lost", "share", share, share.map(|_| wilson(cell.lost, cell.tasks)), "share");

    let polls = &cell.polls_per_task;
    push("polls_per_task", "mean", Some(polls.mean), polls.ci95, "polls");
    for (stat, value) in [("p50", polls.p50), ("p95", polls.p95), ("p99", polls.p99), ("max", polls.max)] {
        push("polls_per_task", stat, whole(value), None, "polls");
    }
    let requests = &cell.requests_per_task;
    push("requests_per_task", "mean", Some(requests.mean), requests.ci95, "requests");
    let used = &cell.polls;
    for (stat, k) in [("total", used.total), ("useful", used.useful), ("wasted", used.wasted), ("failed", used.failed)]
    {
        push("polls", stat, whole(k), None, "polls");
    }

    let latency = &cell.latency_ms;
    push("latency_ms", "mean", latency.mean, latency.ci95, "ms");
    let quantiles =
        [("p50", latency.p50), ("p90", latency.p90), ("p95", latency.p95), ("p99", latency.p99), ("max", latency.max)];
    for (stat, value) in quantiles {
        push("latency_ms", stat, value, None, "ms");
    }
    push("latency_ms", "censored_share", Some(latency.censored_share), None, "share");
    let delay = &cell.detection_delay_ms;
    push("detection_delay_ms", "mean", delay.mean, delay.ci95, "ms");
    push("detection_delay_ms", "p50", delay.p50, None, "ms");
    push("detection_delay_ms", "p90", delay.p90, None, "ms");
    push("detection_delay_ms", "p95", delay.p95, delay.p95_ci95, "ms");
    push("detection_delay_ms", "p99", delay.p99, None, "ms");
    push("detection_delay_ms", "max", delay.max, None, "ms");
    push("deadline_overshoot_ms", "mean", cell.deadline_overshoot_ms.mean, None, "ms");
    push("deadline_overshoot_ms", "max", cell.deadline_overshoot_ms.max, None, "ms");

    push("peak_requests_per_s", "max", whole(cell.peak_requests_per_s), None, "requests/s");
    push("dispersion", "ratio", cell.dispersion, None, "1");
    push("retry_after_violations", "count", whole(cell.retry_after_violations), None, "requests");
    push("duplicate_tasks", "count", whole(cell.duplicate_tasks), None, "tasks");
    push("duplicate_deliveries", "count", whole(cell.duplicate_deliveries), None, "deliveries");
    push("cost", "mean", Some(cell.cost.mean), cell.cost.ci95, "cost");
    rows
}
