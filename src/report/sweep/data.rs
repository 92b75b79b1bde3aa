//! A grid for programs.

use super::{Sweep, knees};
use crate::measure::results::{Cell, SCHEMA_VERSION};
use crate::report::csv;
use crate::report::json::line;
use serde::Serialize;

#[derive(Serialize)]
struct Axis<'a> {
    path: &'a str,
    values: &'a [String],
}

#[derive(Serialize)]
struct Point<'a> {
    values: Vec<&'a str>,
    digest: &'a str,
    cells: &'a [Cell],
}

/// A line for each axis, knee and point, so that a change shows which moved.
pub(super) fn json(sweep: &Sweep<'_>) -> String {
    let lines = |lines: Vec<String>| lines.join(",\n");
    let axes = sweep.axes.iter().map(|axis| line(&Axis { path: &axis.path, values: &axis.labels }));
    let bends = knees(sweep);
    let points = sweep.points.iter().map(|point| {
        let run = &point.results.run;
        line(&Point { values: values(sweep, &point.place), digest: &run.digest, cells: &point.results.cells })
    });
    format!(
        "{{\"schema_version\":{SCHEMA_VERSION},\"scenario\":{},\"mode\":\"{}\",\n\"axes\":[\n{}\n],\n\"knees\":[\n{}\n],\n\
         \"points\":[\n{}\n]}}\n",
        line(&sweep.scenario),
        if sweep.is_zipped { "zip" } else { "cartesian" },
        lines(axes.collect()),
        lines(bends.iter().map(line).collect()),
        lines(points.collect()),
    )
}

/// Every figure of every cell of every point, with a column for each axis.
pub(super) fn csv(sweep: &Sweep<'_>) -> String {
    let paths: Vec<&str> = sweep.axes.iter().map(|axis| axis.path.as_str()).collect();
    let placed: Vec<_> = sweep.points.iter().map(|point| (values(sweep, &point.place), &point.results)).collect();
    csv::rows(&paths, placed.iter().map(|(values, results)| (&values[..], *results)))
}

fn values<'s>(sweep: &Sweep<'s>, place: &[usize]) -> Vec<&'s str> {
    sweep.axes.iter().zip(place).map(|(axis, &at)| axis.labels[at].as_str()).collect()
}
