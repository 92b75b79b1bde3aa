//! What the repair of each documented strategy bought.

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

/// For each pair that was run: the change in words, and as a table.
pub(super) fn repairs(report: &Report<'_>) -> Vec<(String, Grid)> {
    TWINS.iter().filter_map(|(documented, hardened)| repair(report, documented, hardened)).collect()
}

fn repair(report: &Report<'_>, documented: &str, hardened: &str) -> Option<(String, Grid)> {
    let pairs: Vec<(&Cell, &Cell)> = report
        .models()
        .into_iter()
        .filter_map(|model| {
            let cells = report.cells(model);
            let find = |name: &str| cells.iter().copied().find(|cell| cell.strategy == name);
            find(documented).zip(find(hardened))
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let sum = |count: fn(&Cell) -> u64| {
        pairs.iter().fold((0, 0), |(a, b), (before, after)| (a + count(before), b + count(after)))
    };
    let (tasks, _) = sum(|cell| cell.tasks);
    let (lost_before, lost_after) = sum(|cell| cell.lost);
    let (errors_before, errors_after) = sum(|cell| cell.outcomes.error + cell.outcomes.abandoned);
    let (hangs_before, hangs_after) = sum(|cell| cell.outcomes.hang);
    let words = format!(
        "Over {} of {}, lost tasks went from {} to {}, waits ended by an error from {} to {}, hangs from {} to {}.",
        f::plural(pairs.len(), "model"),
        if tasks == 1 { "1 task".to_owned() } else { format!("{} tasks in all", f::count(tasks)) },
        f::count(lost_before),
        f::count(lost_after),
        f::count(errors_before),
        f::count(errors_after),
        f::count(hangs_before),
        f::count(hangs_after),
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
    let arrow = |a: String, b: String| Entry::from(if a == b { a } else { format!("{a} → {b}") });
    grid.rows = pairs
        .iter()
        .map(|(a, b)| Row {
            head: a.model.clone(),
            entries: vec![
                arrow(f::count(a.lost), f::count(b.lost)),
                arrow(
                    f::count(a.outcomes.error + a.outcomes.abandoned),
                    f::count(b.outcomes.error + b.outcomes.abandoned),
                ),
                arrow(f::count(a.outcomes.hang), f::count(b.outcomes.hang)),
                arrow(f::number(a.polls_per_task.mean), f::number(b.polls_per_task.mean)),
                arrow(
                    f::or_undefined(a.detection_delay_ms.p95, f::duration),
                    f::or_undefined(b.detection_delay_ms.p95, f::duration),
                ),
                arrow(f::number(a.cost.mean), f::number(b.cost.mean)),
                f::count(a.tasks).into(),
            ],
            ..Row::default()
        })
        .collect();
    Some((words, grid))
}
