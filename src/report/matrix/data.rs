//! The matrix for programs.

use super::{Matrix, Panel};
use crate::measure::results::{Cell, Run, SCHEMA_VERSION};
use crate::report::csv;
use crate::report::json::line;
use serde::Serialize;

/// A cell and where it is from.
#[derive(Serialize)]
struct Placed<'a> {
    scenario: &'a str,
    #[serde(flatten)]
    cell: &'a Cell,
}

/// A square of the picture.
#[derive(Serialize)]
struct Summary<'a> {
    scenario: &'a str,
    strategy: &'a str,
    tasks: u64,
    lost: u64,
    retrievable: u64,
    cost: f64,
    polls_per_task: f64,
    mistake: Option<&'static str>,
}

/// A line each, so that a change shows which cells moved.
pub(super) fn json(matrix: &Matrix<'_>) -> String {
    let runs: Vec<String> = matrix.parts.iter().map(|part| line::<Run>(&part.results.run)).collect();
    let squares = matrix.parts.iter().flat_map(|part| {
        part.strategies().into_iter().filter_map(|strategy| {
            let square = part.square(strategy)?;
            Some(line(&Summary {
                scenario: name(part),
                strategy,
                tasks: square.tasks,
                lost: square.lost,
                retrievable: square.retrievable,
                cost: square.cost,
                polls_per_task: square.polls,
                mistake: square.mistake.map(|mistake| mistake.name),
            }))
        })
    });
    let cells = matrix
        .parts
        .iter()
        .flat_map(|part| part.results.cells.iter().map(|cell| line(&Placed { scenario: name(part), cell })));
    format!(
        "{{\"schema_version\":{SCHEMA_VERSION},\n\"runs\":[\n{}\n],\n\"squares\":[\n{}\n],\n\"cells\":[\n{}\n]}}\n",
        runs.join(",\n"),
        squares.collect::<Vec<_>>().join(",\n"),
        cells.collect::<Vec<_>>().join(",\n"),
    )
}

pub(super) fn csv(matrix: &Matrix<'_>) -> String {
    csv::render_all(matrix.parts.iter().map(|part| (name(part), part.results)))
}

fn name<'a>(part: &Panel<'a>) -> &'a str {
    &part.results.run.scenario
}
