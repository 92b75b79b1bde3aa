//! What changed between two runs: paired task by task where the runs share tasks, else as independent samples.

use super::json::pretty;
use crate::figures::{duration, interval, number, or_undefined};
use crate::measure::interval::{Estimate, Known};
use crate::measure::results::{Cell, Interval, Results, Verdict};
use crate::measure::verdict::{Difference, words};
use serde::Serialize;
use std::collections::BTreeMap;

/// One of the two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its figures.
    pub results: Results,
    /// Its tasks, where they are known.
    pub tasks: Option<TaskTable>,
}

/// The tasks of a run, by (model, strategy), then (replicate, task).
pub type TaskTable = BTreeMap<(String, String), BTreeMap<(u32, u64), TaskRow>>;

/// What `tasks.csv` says of a task, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// Intended submit and end, as written: equal where the task is the same.
    identity: (String, String),
    submitted: f64,
    settled: Option<f64>,
    polls: f64,
    delay: Option<f64>,
    requests: Option<f64>,
    cost: Option<f64>,
}

/// Why a task table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskTableError {
    /// It is not CSV with the right columns.
    #[error("not a tasks.csv of this version: {0}")]
    Csv(String),
    /// Its tasks are not those of the results.
    #[error("its tasks are not those of results.json beside it ({strategy} on {model}); run compare --per-task again")]
    OtherRun {
        /// Model of the first cell that differs.
        model: String,
        /// Its strategy.
        strategy: String,
    },
}

/// A line of `tasks.csv`.
#[derive(serde::Deserialize)]
struct Line {
    model: String,
    strategy: String,
    replicate: u32,
    task: u64,
    submitted_ms: String,
    done_ms: String,
    outcome: String,
    settled_ms: Option<f64>,
    polls: f64,
    delay_ms: Option<f64>,
    /// Files of earlier versions have neither this nor the cost.
    #[serde(default)]
    requests: Option<f64>,
    #[serde(default)]
    cost: Option<f64>,
}

/// Reads `tasks.csv`.
///
/// # Errors
/// The text is not a table of tasks.
pub fn read_tasks(text: &str) -> Result<TaskTable, TaskTableError> {
    let mut table = TaskTable::new();
    for line in csv::Reader::from_reader(text.as_bytes()).deserialize() {
        let line: Line = line.map_err(|error| TaskTableError::Csv(error.to_string()))?;
        let known = matches!(line.outcome.as_str(), "success" | "failed");
        let row = TaskRow {
            submitted: line.submitted_ms.parse().unwrap_or(f64::NAN),
            settled: line.settled_ms.filter(|_| known),
            polls: line.polls,
            delay: line.delay_ms,
            requests: line.requests,
            cost: line.cost,
            identity: (line.submitted_ms, line.done_ms),
        };
        table.entry((line.model, line.strategy)).or_default().insert((line.replicate, line.task), row);
    }
    Ok(table)
}

/// Checks that a table belongs to the results beside it, by the number of tasks and polls of every cell.
///
/// # Errors
/// It does not.
pub fn check_tasks(results: &Results, table: &TaskTable) -> Result<(), TaskTableError> {
    let belongs = |cell: &Cell| {
        let rows = table.get(&(cell.model.clone(), cell.strategy.clone()));
        rows.is_some_and(|rows| {
            rows.len() as u64 == cell.tasks
                && rows.values().map(|row| row.polls).sum::<f64>() == cell.polls.total as f64
        })
    };
    match results.cells.iter().find(|cell| !belongs(cell)) {
        None => Ok(()),
        Some(cell) => Err(TaskTableError::OtherRun { model: cell.model.clone(), strategy: cell.strategy.clone() }),
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Names of the two runs: scenario, seed and digest.
    pub a: String,
    /// The other one.
    pub b: String,
    /// One for each cell and metric that both have.
    pub rows: Vec<DiffRow>,
    /// Cells that only one of the two has.
    pub only_in_one: Vec<String>,
}

/// One metric of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiffRow {
    /// Model.
    pub model: String,
    /// Strategy.
    pub strategy: String,
    /// Metric.
    pub metric: &'static str,
    /// Whether the difference is of pairs of the same task.
    pub paired: bool,
    /// Pairs, or tasks of the smaller run.
    pub n: u64,
    /// Mean in A, over the pairs where there are pairs.
    pub a: Option<f64>,
    /// Mean in B, over the same.
    pub b: Option<f64>,
    /// Mean of B minus A, over the same.
    pub difference: Option<f64>,
    /// Its 95 % interval; `None` where both sides are the same records, or the data cannot carry one.
    pub ci95: Option<Interval>,
    /// The word for it, Holm-adjusted within the metric; `same` for the same records.
    pub verdict: Verdict,
}

struct Metric {
    name: &'static str,
    is_time: bool,
    of_cell: fn(&Cell) -> (Option<f64>, Option<Interval>),
    of_task: fn(&TaskRow) -> Option<f64>,
}

const METRICS: [Metric; 5] = [
    Metric {
        name: "polls_per_task",
        is_time: false,
        of_cell: |cell| (Some(cell.polls_per_task.mean), cell.polls_per_task.ci95),
        of_task: |task| Some(task.polls),
    },
    Metric {
        name: "requests_per_task",
        is_time: false,
        of_cell: |cell| (Some(cell.requests_per_task.mean), cell.requests_per_task.ci95),
        of_task: |task| task.requests,
    },
    Metric {
        name: "detection_delay_ms",
        is_time: true,
        of_cell: |cell| (cell.detection_delay_ms.mean, cell.detection_delay_ms.ci95),
        of_task: |task| task.delay,
    },
    Metric {
        name: "latency_ms",
        is_time: true,
        of_cell: |cell| (cell.latency_ms.mean, cell.latency_ms.ci95),
        of_task: |task| task.settled.map(|settled| settled - task.submitted),
    },
    Metric {
        name: "cost",
        is_time: false,
        of_cell: |cell| (Some(cell.cost.mean), cell.cost.ci95),
        of_task: |task| task.cost,
    },
];

/// Compares two runs, cell by cell.
#[must_use]
pub fn diff(a: &Side, b: &Side) -> Diff {
    let find = |side: &'_ Side, cell: &Cell| {
        side.results.cells.iter().find(|other| other.model == cell.model && other.strategy == cell.strategy).cloned()
    };
    let shared: Vec<(&Cell, Cell)> = a.results.cells.iter().filter_map(|cell| Some((cell, find(b, cell)?))).collect();
    let lonely = |side: &'_ Side, other: &'_ Side, name: &str| -> Vec<String> {
        let cells = side.results.cells.iter().filter(|cell| find(other, cell).is_none());
        cells.map(|cell| format!("{} on {} ({name})", cell.strategy, cell.model)).collect()
    };
    let mut rows = Vec::new();
    for metric in &METRICS {
        let found: Vec<(DiffRow, Option<Difference>)> =
            shared.iter().map(|(cell, other)| compare(metric, (a, cell), (b, other))).collect();
        let table: Vec<_> = found.iter().map(|(_, difference)| *difference).collect();
        rows.extend(found.into_iter().zip(words(&table)).map(|((row, difference), word)| DiffRow {
            // Whoever has a word already needs no evidence.
            verdict: difference.map_or(row.verdict, |_| word),
            ..row
        }));
    }
    let name = |side: &Side| {
        let run = &side.results.run;
        format!("{}, seed {}, {} × {} tasks, digest {}", run.scenario, run.seed, run.replicates, run.tasks, run.digest)
    };
    let only_in_one = lonely(a, b, "A").into_iter().chain(lonely(b, a, "B")).collect();
    Diff { a: name(a), b: name(b), rows, only_in_one }
}

fn compare(metric: &Metric, (a, cell): (&Side, &Cell), (b, other): (&Side, &Cell)) -> (DiffRow, Option<Difference>) {
    let row = DiffRow {
        model: cell.model.clone(),
        strategy: cell.strategy.clone(),
        metric: metric.name,
        paired: false,
        n: cell.tasks.min(other.tasks),
        a: (metric.of_cell)(cell).0,
        b: (metric.of_cell)(other).0,
        difference: None,
        ci95: None,
        verdict: Verdict::Undecided,
    };
    let pairs = pairs(a, b, cell, metric.of_task);
    let are_all_pairs = pairs.as_ref().is_some_and(|pairs| pairs.unequal == 0 && pairs.compared == row.n);
    if (a.results.run.digest == b.results.run.digest && cell == other) || (are_all_pairs && cell.tasks == other.tasks) {
        // The same records: there is nothing to estimate.
        let difference = row.a.map(|_| 0.0);
        return (DiffRow { paired: pairs.is_some(), difference, verdict: Verdict::Same, ..row }, None);
    }
    let (row, estimate) = match pairs.filter(|pairs| pairs.n() > 0) {
        Some(pairs) => {
            let is_independent = [cell, other].iter().all(|cell| cell.observations == Some(cell.tasks));
            let estimate = pairs.estimate(is_independent);
            let [of_a, of_b] = pairs.means();
            (DiffRow { paired: true, n: pairs.n(), a: Some(of_a), b: Some(of_b), ..row }, estimate)
        }
        None => {
            let known = |side: &Side, cell: &Cell| {
                let (mean, ci95) = (metric.of_cell)(cell);
                mean.map(|mean| (mean, Known { ci95, observations: observations(side, cell) }))
            };
            let estimate = known(a, cell).zip(known(b, other)).map(|(a, b)| Estimate::of_two(a, b));
            (row, estimate)
        }
    };
    let row = DiffRow {
        difference: estimate.map(|estimate| estimate.mean),
        ci95: estimate.and_then(|estimate| estimate.interval()),
        ..row
    };
    let baseline = row.a.unwrap_or(0.0);
    (row, estimate.map(|estimate| Difference { estimate, baseline, is_time: metric.is_time }))
}

/// Independent observations behind the intervals of a cell. Files that do not say have as many as are sure.
fn observations(side: &Side, cell: &Cell) -> u64 {
    cell.observations.unwrap_or_else(|| u64::from(side.results.run.replicates))
}

/// The same tasks in two runs.
#[derive(Default)]
struct Pairs {
    replicates: BTreeMap<u32, Sums>,
    /// Tasks that both runs have, known or not.
    compared: u64,
    /// Those whose figures differ.
    unequal: u64,
}

/// Sums over tasks known in both runs.
#[derive(Default)]
struct Sums {
    n: u64,
    a: f64,
    b: f64,
    differences: f64,
    squares: f64,
}

/// Pairs the tasks of two cells; `None` where they are not the same tasks, or one table does not hold the figure.
fn pairs(a: &Side, b: &Side, cell: &Cell, of: fn(&TaskRow) -> Option<f64>) -> Option<Pairs> {
    let key = (cell.model.clone(), cell.strategy.clone());
    let (a, b) = (a.tasks.as_ref()?.get(&key)?, b.tasks.as_ref()?.get(&key)?);
    let mut pairs = Pairs::default();
    for ((replicate, task), row) in a {
        let Some(other) = b.get(&(*replicate, *task)) else { continue };
        if row.identity != other.identity {
            return None;
        }
        let (of_a, of_b) = (of(row), of(other));
        pairs.compared += 1;
        pairs.unequal += u64::from(of_a != of_b);
        if let (Some(of_a), Some(of_b)) = (of_a, of_b) {
            let sums = pairs.replicates.entry(*replicate).or_default();
            sums.n += 1;
            sums.a += of_a;
            sums.b += of_b;
            sums.differences += of_b - of_a;
            sums.squares += (of_b - of_a) * (of_b - of_a);
        }
    }
    let has_figure = [a, b].iter().all(|rows| rows.values().any(|row| of(row).is_some()));
    (pairs.compared > 0 && has_figure).then_some(pairs)
}

impl Pairs {
    fn sum(&self, of: impl Fn(&Sums) -> f64) -> f64 {
        self.replicates.values().map(of).sum()
    }

    fn n(&self) -> u64 {
        self.replicates.values().map(|sums| sums.n).sum()
    }

    /// The means of both sides, over the pairs.
    fn means(&self) -> [f64; 2] {
        let n = self.n() as f64;
        [self.sum(|sums| sums.a) / n, self.sum(|sums| sums.b) / n]
    }

    fn estimate(&self, is_independent: bool) -> Option<Estimate> {
        if !is_independent {
            return Estimate::of_replicates(
                &self.replicates.values().map(|sums| (sums.differences, sums.n)).collect::<Vec<_>>(),
                self.means()[0],
            );
        }
        let (n, sum) = (self.n(), self.sum(|sums| sums.differences));
        let mean = sum / n as f64;
        let squares = self.sum(|sums| sums.squares);
        let variance = (n > 1).then(|| ((squares - sum * mean) / (n - 1) as f64).max(0.0));
        Some(Estimate::of_pairs(n, self.unequal, mean, variance, self.means()[0]))
    }
}

/// The differences as JSON.
#[must_use]
pub fn json(diff: &Diff) -> String {
    pretty(diff)
}

/// The differences as tables, one for each metric.
#[must_use]
pub fn text(diff: &Diff) -> String {
    let mut out = format!("A: {}\nB: {}\n", diff.a, diff.b);
    for metric in &METRICS {
        let print = |value: f64| if metric.is_time { duration(value) } else { number(value) };
        let rows: Vec<&DiffRow> = diff.rows.iter().filter(|row| row.metric == metric.name).collect();
        let head = ["model", "strategy", "A", "B", "B - A", "95 % interval", "verdict", "n"].map(str::to_owned);
        let lines: Vec<[String; 8]> = std::iter::once(head)
            .chain(rows.iter().map(|row| {
                let pairing = if row.paired { "pairs" } else { "tasks, unpaired" };
                [
                    row.model.clone(),
                    row.strategy.clone(),
                    or_undefined(row.a, print),
                    or_undefined(row.b, print),
                    or_undefined(row.difference, print),
                    row.ci95.map_or_else(|| "-".to_owned(), |ci| interval(ci, print)),
                    format!("{:?}", row.verdict).to_lowercase(),
                    format!("{} {pairing}", row.n),
                ]
            }))
            .collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..8).map(width).collect();
        out += &format!("\n{}\n", metric.name);
        for line in &lines {
            let cells: Vec<String> = line
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| match column {
                    0 | 1 | 6 | 7 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            out += &format!("  {}\n", cells.join("  ").trim_end());
        }
    }
    out
}
