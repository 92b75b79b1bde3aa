//! What a grid of points found: tidy rows, JSON, and a page with lines, heat maps and knees.

mod data;
mod html;
mod knees;

pub use knees::{SweptKnee, knees};

use crate::measure::results::{Cell, Results};
use crate::report::distinct;
use crate::report::table::Style;

/// One value of the scenario that was moved.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptAxis {
    /// Where it stands in the scenario.
    pub path: String,
    /// Its values, as they are written.
    pub labels: Vec<String>,
    /// The same as numbers, durations in seconds; `None` where one is no number, or they do not ascend.
    pub numbers: Option<Vec<f64>>,
    /// Its steps are equal factors.
    pub is_logarithmic: bool,
}

/// What one point found.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptPoint {
    /// The index of a value for each axis.
    pub place: Vec<usize>,
    /// The figures.
    pub results: Results,
}

/// A whole grid.
#[derive(Debug, Clone, Copy)]
pub struct Sweep<'a> {
    /// Name of the scenario.
    pub scenario: &'a str,
    /// Its axes, at least one.
    pub axes: &'a [SweptAxis],
    /// Axes move together.
    pub is_zipped: bool,
    /// All points in order, at least one.
    pub points: &'a [SweptPoint],
    /// The command that makes it again.
    pub command: &'a str,
}

impl SweptAxis {
    /// Its numbers are seconds: they are written as durations.
    fn is_time(&self) -> bool {
        self.numbers.is_some() && self.labels.iter().any(|label| label.parse::<f64>().is_err())
    }
}

impl Sweep<'_> {
    /// The files of its folder, by name.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, String)> {
        vec![("sweep.csv", data::csv(self)), ("sweep.json", data::json(self)), ("sweep.html", html::render(self))]
    }

    /// The same knees as text for a terminal.
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        knees::text(self, style)
    }

    pub(super) fn models(&self) -> Vec<&str> {
        distinct(self.cells().map(|cell| cell.model.as_str()))
    }

    pub(super) fn strategies(&self) -> Vec<&str> {
        distinct(self.cells().map(|cell| cell.strategy.as_str()))
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.points.iter().flat_map(|point| &point.results.cells)
    }

    /// The first axis that lines are drawn along.
    pub(super) fn main_axis(&self) -> Option<usize> {
        self.numeric_axes().first().copied()
    }

    /// The axes that lines are drawn along: those whose values are numbers; of axes that move together the first.
    fn numeric_axes(&self) -> Vec<usize> {
        let is_numeric = |at: &usize| self.axes[*at].numbers.as_ref().is_some_and(|numbers| numbers.len() > 1);
        let numeric = (0..self.axes.len()).filter(is_numeric);
        numeric.take(if self.is_zipped { 1 } else { usize::MAX }).collect()
    }

    /// Replicates of the points; of several numbers the least and the most.
    fn replicates(&self) -> String {
        let all = || self.points.iter().map(|point| point.results.run.replicates);
        match (all().min(), all().max()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
            (least, _) => least.unwrap_or(0).to_string(),
        }
    }

    /// The points along an axis, where the others have their first value.
    pub(super) fn along(&self, axis: usize) -> Vec<&SweptPoint> {
        let on_line = |point: &&SweptPoint| {
            self.is_zipped || point.place.iter().enumerate().all(|(other, at)| other == axis || *at == 0)
        };
        self.points.iter().filter(on_line).collect()
    }
}

impl SweptPoint {
    pub(super) fn cell(&self, model: &str, strategy: &str) -> Option<&Cell> {
        self.results.cells.iter().find(|cell| cell.model == model && cell.strategy == strategy)
    }
}
