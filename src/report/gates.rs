//! Gates: the promises that were not kept, and how many were.

use super::Report;
use super::grid::{Column, Grid, Row};
use crate::figures::{self as f, UNDEFINED};
use crate::measure::results::{GateResult, GateVerdict};

/// Most gates in the table; the results hold all of them.
const ROWS: usize = 40;

/// How the gates went in words, and a table of those that did not pass, failed ones first. Nothing without gates.
pub(super) fn gates(report: &Report<'_>) -> Option<(String, Grid)> {
    let gates = &report.results.gates;
    if gates.is_empty() {
        return None;
    }
    let of = |verdict: GateVerdict| gates.iter().filter(move |gate| gate.verdict == verdict);
    let (failed, undecided) = (of(GateVerdict::Fail).count(), of(GateVerdict::Undecided).count());
    let passed = of(GateVerdict::Pass).count();
    let mut words = format!("{passed} passed, {failed} failed, {undecided} undecided.");
    if failed + undecided > ROWS {
        words += &format!(" The table shows {ROWS} of those that did not pass; results.json has all.");
    }
    let mut grid = Grid::new(
        "Gates that did not pass",
        "metric",
        vec![
            Column::words("statistic"),
            Column::words("model"),
            Column::words("strategy"),
            Column::figures("bound"),
            Column::figures("found"),
            Column::words("verdict"),
        ],
    );
    grid.rows = of(GateVerdict::Fail).chain(of(GateVerdict::Undecided)).take(ROWS).map(row).collect();
    Some((words, grid))
}

/// A gate that did not pass in a sentence; nothing where it did.
#[must_use]
pub fn sentence(gate: &GateResult) -> Option<String> {
    let verdict = match gate.verdict {
        GateVerdict::Pass => return None,
        GateVerdict::Fail => "failed",
        GateVerdict::Undecided => "is undecided",
    };
    let GateResult { metric, stat, strategy, model, .. } = gate;
    let value = gate.value.map_or_else(|| "unknown".to_owned(), |value| figure(gate, value));
    let bound = if gate.max.is_some() { "at most" } else { "at least" };
    let limit = figure(gate, gate.limit);
    Some(format!("gate {verdict}: {metric} {stat} of {strategy} on {model} is {value}, {bound} {limit} wanted"))
}

fn row(gate: &GateResult) -> Row {
    let sign = if gate.min.is_some() { "≥" } else { "≤" };
    let verdict = if gate.verdict == GateVerdict::Fail { "✗ failed" } else { "? undecided" };
    Row {
        head: gate.metric.clone(),
        entries: vec![
            gate.stat.as_str().into(),
            gate.model.as_str().into(),
            gate.strategy.as_str().into(),
            format!("{sign} {}", figure(gate, gate.limit)).into(),
            gate.value.map_or_else(|| UNDEFINED.to_owned(), |value| figure(gate, value)).into(),
            verdict.into(),
        ],
        ..Row::default()
    }
}

fn figure(gate: &GateResult, x: f64) -> String {
    match x {
        x if gate.metric.ends_with("_ms") && gate.stat != "censored_share" => f::duration(x),
        x if x >= 0.0 && x.fract() == 0.0 => f::count(x as u64),
        x => f::number(x),
    }
}
