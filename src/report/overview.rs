//! The main tables: a model's strategies, the answers.

use super::Report;
use super::findings::{self, ModelFinding};
use super::grid::{Column, Entry, Grid, Row};
use crate::figures as f;
use crate::measure::results::Cell;

/// Every strategy on one model.
pub(super) fn of_model(report: &Report<'_>, model: &str) -> Grid {
    let cells = report.cells(model);
    let tasks = cells.first().map_or(0, |cell| cell.tasks);
    let mut grid = Grid::new(
        format!("{model}: every strategy on the same tasks, n = {} each", f::count(tasks)),
        "strategy",
        vec![
            Column::figures("polls/task"),
            Column::figures("delay mean"),
            Column::figures("delay p95"),
            Column::figures("latency p95").expendable(3),
            Column::figures("lost"),
            Column::figures("timeout/error/hang").expendable(2),
            Column::figures("peak req/s").expendable(4),
            Column::figures("cost/task"),
        ],
    );
    let finding = findings::of_model(report, model);
    let has_rejected = cells.iter().any(|cell| cell.outcomes.rejected > 0);
    if has_rejected {
        grid.columns.push(Column::figures("rejected"));
    }
    grid.rows = cells
        .iter()
        .map(|cell| Row {
            head: cell.strategy.clone(),
            baseline: cell.strategy == report.baseline(),
            best: finding.as_ref().is_some_and(|finding| finding.choice.strategy == cell.strategy),
            entries: {
                let rejected = has_rejected.then(|| counted(cell.outcomes.rejected, cell.tasks).into());
                entries(cell).into_iter().chain(rejected).collect()
            },
        })
        .collect();
    grid
}

fn entries(cell: &Cell) -> Vec<Entry> {
    let polls = &cell.polls_per_task;
    let delay = &cell.detection_delay_ms;
    let ended = &cell.outcomes;
    let timeouts = ended.timeout_missed + ended.timeout_impatient + ended.timeout_true;
    vec![
        Entry::with(f::number(polls.mean), f::spread(polls.ci95, f::number)),
        Entry::with(f::or_undefined(delay.mean, f::duration), f::spread(delay.ci95, f::duration)),
        f::or_undefined(delay.p95, f::duration).into(),
        f::or_undefined(cell.latency_ms.p95, f::duration).into(),
        lost(cell).into(),
        format!("{}/{}/{}", f::count(timeouts), f::count(ended.error + ended.abandoned), f::count(ended.hang)).into(),
        f::count(cell.peak_requests_per_s).into(),
        Entry::with(f::number(cell.cost.mean), f::spread(cell.cost.ci95, f::number)),
    ]
}

/// Lost tasks as a count and a share.
pub(super) fn lost(cell: &Cell) -> String {
    counted(cell.lost, cell.tasks)
}

/// A count with its share of all tasks.
fn counted(some: u64, tasks: u64) -> String {
    match (some, tasks) {
        (0, _) | (_, 0) => "0".to_owned(),
        (some, tasks) => format!("{} ({})", f::count(some), f::percent(some as f64 / tasks as f64)),
    }
}

/// The answer for every model in one table.
pub(super) fn answers(report: &Report<'_>, findings: &[ModelFinding<'_>]) -> Grid {
    let mut grid = Grid::new(
        "The choice for each model",
        "model",
        vec![
            Column::words("use"),
            Column::figures("cost/task"),
            Column::figures("of the baseline’s"),
            Column::figures("polls/task"),
            Column::figures("delay mean"),
            Column::figures("delay p95"),
            Column::figures("lost"),
            Column::figures("n"),
        ],
    );
    grid.rows = findings
        .iter()
        .map(|finding| {
            let cell = finding.choice;
            let mut choice = Entry::from(cell.strategy.as_str());
            if !finding.decided() {
                choice.spread = Some("undecided".to_owned());
            }
            let mut entries = entries(cell);
            let cost = entries.pop().unwrap_or_default();
            entries.truncate(5);
            let lost = entries.pop().unwrap_or_default();
            entries.truncate(3);
            let mut all = vec![choice, cost, saving(report, cell)];
            all.extend(entries);
            all.extend([lost, f::count(cell.tasks).into()]);
            Row { head: finding.model.to_owned(), entries: all, ..Row::default() }
        })
        .collect();
    grid
}

fn saving(report: &Report<'_>, cell: &Cell) -> Entry {
    if cell.strategy == report.baseline() {
        return "is the baseline".into();
    }
    let comparison = report.comparison(cell, "cost");
    let Some((c, difference)) = comparison.and_then(|c| c.difference.map(|d| (c, d))) else {
        return f::UNDEFINED.into();
    };
    let relative = c.baseline_mean.filter(|mean| *mean > 0.0).map(|mean| f::part_of_cost(mean + difference, mean));
    relative.unwrap_or_else(|| f::signed(difference, f::number)).into()
}
