//! What the repair of each documented strategy bought, and what batches save.

use super::Report;
use super::grid::{Column, Entry, Grid, Row};
use crate::figures as f;
use crate::measure::results::Cell;

/// A documented strategy and its repaired twin.
const TWINS: [(&str, &str); 5] = [
    ("basic", "basic-hardened"),
    ("adaptive", "adaptive-hardened"),
    ("exponential", "exponential-hardened"),
    ("concurrent", "concurrent-hardened"),
    ("webhook", "webhook-hybrid"),
];

/// The same wait one by one and in batches, under the names that they have in the shipped scenario.
const IN_BATCHES: [(&str, &str); 2] = [("adaptive-hardened", "batch-hardened"), ("optimal", "optimal-batch")];

/// For each pair that was run: the change in words, and as a table.
pub(super) fn repairs(report: &Report<'_>) -> Vec<(String, Grid)> {
    TWINS.iter().filter_map(|(documented, hardened)| repair(report, documented, hardened)).collect()
}

fn repair(report: &Report<'_>, documented: &str, hardened: &str) -> Option<(String, Grid)> {
    let pairs = pairs(report, documented, hardened)?;
    let sum = |count: fn(&Cell) -> u64| {
        pairs.iter().fold((0, 0), |(a, b), (before, after)| (a + count(before), b + count(after)))
    };
    let (tasks, _) = sum(|cell| cell.tasks);
    let (lost_before, lost_after) = sum(|cell| cell.lost);
    let (errors_before, errors_after) = sum(|cell| cell.outcomes.error + cell.outcomes.abandoned);
    let (hangs_before, hangs_after) = sum(|cell| cell.outcomes.hang);
    let words = format!(
        "Over {} and {}, {}, {}, and {}.",
        f::plural(pairs.len(), "model"),
        if tasks == 1 { "1 task".to_owned() } else { format!("{} tasks in all", f::count(tasks)) },
        moved("lost tasks", lost_before, lost_after),
        moved("waits that ended with an error", errors_before, errors_after),
        moved("hangs", hangs_before, hangs_after),
    );
    let mut grid = Grid::new(
        format!("{documented} → {hardened}: before → after, one figure where nothing changed"),
        "model",
        vec![
            Column::figures("lost"),
            Column::figures("error"),
            Column::figures("hang"),
            Column::figures("polls/task"),
            Column::figures("delay p95"),
            Column::figures("cost/task"),
            Column::figures("n"),
        ],
    );
    grid.rows = pairs
        .iter()
        .map(|(a, b)| Row {
            head: a.model.clone(),
            entries: vec![
                arrow(&f::count(a.lost), &f::count(b.lost)),
                arrow(
                    &f::count(a.outcomes.error + a.outcomes.abandoned),
                    &f::count(b.outcomes.error + b.outcomes.abandoned),
                ),
                arrow(&f::count(a.outcomes.hang), &f::count(b.outcomes.hang)),
                arrow(&f::number(a.polls_per_task.mean), &f::number(b.polls_per_task.mean)),
                arrow(
                    &f::or_undefined(a.detection_delay_ms.p95, f::duration),
                    &f::or_undefined(b.detection_delay_ms.p95, f::duration),
                ),
                arrow(&f::number(a.cost.mean), &f::number(b.cost.mean)),
                f::count(a.tasks).into(),
            ],
            ..Row::default()
        })
        .collect();
    Some((words, grid))
}

fn moved(what: &str, before: u64, after: u64) -> String {
    if before == after {
        format!("{what} stayed at {}", f::count(after))
    } else {
        format!("{what} went from {} to {}", f::count(before), f::count(after))
    }
}

/// The cells of two strategies, model by model; `None` where no model has both.
fn pairs<'r>(report: &'r Report<'_>, before: &str, after: &str) -> Option<Vec<(&'r Cell, &'r Cell)>> {
    let of_model = |model| {
        let cells = report.cells(model);
        let find = |name: &str| cells.iter().copied().find(|cell| cell.strategy == name);
        find(before).zip(find(after))
    };
    let pairs: Vec<_> = report.models().into_iter().filter_map(of_model).collect();
    if pairs.is_empty() { None } else { Some(pairs) }
}

fn arrow(before: &str, after: &str) -> Entry {
    Entry::from(if before == after { before.to_owned() } else { format!("{before} → {after}") })
}

/// For each wait that was run one by one and in batches: what batches save in words, and as a table.
pub(super) fn savings(report: &Report<'_>) -> Vec<(String, Grid)> {
    IN_BATCHES.iter().filter_map(|(alone, together)| saving(report, alone, together)).collect()
}

fn saving(report: &Report<'_>, alone: &str, together: &str) -> Option<(String, Grid)> {
    let pairs = pairs(report, alone, together)?;
    let sum = |of: fn(&Cell) -> f64| {
        pairs.iter().fold((0.0, 0.0), |(a, b), (before, after)| {
            (a + of(before) * before.tasks as f64, b + of(after) * after.tasks as f64)
        })
    };
    let (tasks, _) = sum(|_| 1.0);
    let (requests, fewer) = sum(|cell| cell.requests_per_task.mean);
    let words = format!(
        "Over {}, the same wait takes {} requests a task one by one and {} in batches: {} saved.",
        f::plural(pairs.len(), "model"),
        f::number(requests / tasks.max(1.0)),
        f::number(fewer / tasks.max(1.0)),
        f::percent(1.0 - fewer / requests.max(f64::MIN_POSITIVE)),
    );
    let columns = ["requests/task", "polls/task", "delay p95", "latency p50", "lost", "cost/task", "n"];
    let caption = format!("{alone} → {together}: one by one → in batches, one figure where nothing changed");
    let mut grid = Grid::new(caption, "model", columns.into_iter().map(Column::figures).collect());
    let row = |(a, b): &(&Cell, &Cell)| Row {
        head: a.model.clone(),
        entries: vec![
            arrow(&f::number(a.requests_per_task.mean), &f::number(b.requests_per_task.mean)),
            arrow(&f::number(a.polls_per_task.mean), &f::number(b.polls_per_task.mean)),
            arrow(
                &f::or_undefined(a.detection_delay_ms.p95, f::duration),
                &f::or_undefined(b.detection_delay_ms.p95, f::duration),
            ),
            arrow(&f::or_undefined(a.latency_ms.p50, f::duration), &f::or_undefined(b.latency_ms.p50, f::duration)),
            arrow(&f::count(a.lost), &f::count(b.lost)),
            arrow(&f::number(a.cost.mean), &f::number(b.cost.mean)),
            f::count(a.tasks).into(),
        ],
        ..Row::default()
    };
    grid.rows = pairs.iter().map(row).collect();
    Some((words, grid))
}
