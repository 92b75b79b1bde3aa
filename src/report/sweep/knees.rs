//! The knees of a grid: for each model and strategy, where what matters leaves its plateau.

use super::{Sweep, SweptAxis};
use crate::figures as f;
use crate::measure::figures::{Figure, figure};
use crate::measure::knee::{Knee, KneePoint, Margin, knee};
use crate::report::fold::fold;
use crate::report::grid::{Column, Grid, Row};
use crate::report::table::{self, Style};
use serde::Serialize;

/// A knee of one figure of one strategy on one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweptKnee {
    /// Path of the axis.
    pub axis: String,
    /// Model.
    pub model: String,
    /// Strategy.
    pub strategy: String,
    /// Metric.
    pub metric: &'static str,
    /// Statistic.
    pub stat: &'static str,
    /// How far from the plateau is off it: a share of it, or a difference.
    pub margin: f64,
    /// Where it leaves it; `None` where it does not for certain.
    pub knee: Option<f64>,
    /// The last value that is on it for certain, and the first that is not, in the order of the axis.
    pub between: Option<[f64; 2]>,
}

/// What has a knee: the figures that a server or a limit spoils, and how much of that counts.
const WATCHED: [(&str, &str, Margin); 4] = [
    ("cost", "mean", Margin::Relative(0.1)),
    ("detection_delay_ms", "mean", Margin::Relative(0.1)),
    ("lost", "share", Margin::Absolute(0.01)),
    ("share_429", "value", Margin::Absolute(0.01)),
];

/// All knees along every axis that has numbers, other axes at their first value.
#[must_use]
pub fn knees(sweep: &Sweep<'_>) -> Vec<SweptKnee> {
    sweep.numeric_axes().into_iter().flat_map(|at| along(sweep, at)).collect()
}

/// All knees along an axis.
fn along(sweep: &Sweep<'_>, at: usize) -> Vec<SweptKnee> {
    let axis = &sweep.axes[at];
    let mut bends = Vec::new();
    for model in sweep.models() {
        for strategy in sweep.strategies() {
            for (metric, stat, margin) in WATCHED {
                let Some(figure) = figure(metric, Some(stat)) else { continue };
                let Some(readings) = readings(sweep, at, model, strategy, figure) else { continue };
                let (found, between) = match knee(&readings, margin, axis.is_logarithmic) {
                    Knee::None => (None, None),
                    Knee::At { guess, between } => (Some(guess), Some(between)),
                };
                bends.push(SweptKnee {
                    axis: axis.path.clone(),
                    model: model.to_owned(),
                    strategy: strategy.to_owned(),
                    metric,
                    stat,
                    margin: match margin {
                        Margin::Relative(share) => share,
                        Margin::Absolute(more) => more,
                    },
                    knee: found,
                    between,
                });
            }
        }
    }
    bends
}

/// A figure at every value of an axis; `None` where it is unknown at one.
pub(super) fn readings(
    sweep: &Sweep<'_>,
    at: usize,
    model: &str,
    strategy: &str,
    figure: &Figure,
) -> Option<Vec<KneePoint>> {
    let numbers = sweep.axes[at].numbers.as_ref()?;
    let read = |point: &&super::SweptPoint| {
        let cell = point.cell(model, strategy)?;
        let value = (figure.value)(cell).filter(|value| value.is_finite())?;
        Some(KneePoint { at: numbers[point.place[at]], figure: value, ci95: (figure.ci95)(cell) })
    };
    sweep.along(at).iter().map(read).collect()
}

/// What is to be said of a model along an axis.
pub(super) enum Along {
    /// Strategies down, what has a knee across.
    Bends(Grid),
    /// That nothing has one.
    Level(String),
}

/// Model by model, along every axis that has numbers.
pub(super) fn along_each(sweep: &Sweep<'_>) -> Vec<Along> {
    let axes = sweep.numeric_axes();
    let bends: Vec<Vec<SweptKnee>> = axes.iter().map(|&at| along(sweep, at)).collect();
    let of_model = |model: &str| -> Vec<Along> {
        let with_bends = axes.iter().zip(&bends);
        with_bends.map(|(&at, bends)| of_axis(sweep, &sweep.axes[at], model, bends)).collect()
    };
    sweep.models().into_iter().flat_map(of_model).collect()
}

fn of_axis(sweep: &Sweep<'_>, axis: &SweptAxis, model: &str, bends: &[SweptKnee]) -> Along {
    let of_model = || bends.iter().filter(|bend| bend.model == model);
    if of_model().all(|bend| bend.knee.is_none()) {
        return Along::Level(format!("{model}: nothing significantly leaves its plateau as {} changes", axis.path));
    }
    let columns = ["cost, 10 % more", "delay, 10 % more", "lost, 1 point more", "429s, 1 point more"];
    let mut grid = Grid::new(
        format!("{model}: where it leaves its plateau as {} changes", axis.path),
        "strategy",
        columns.into_iter().map(Column::figures).collect(),
    );
    for strategy in sweep.strategies() {
        let entry = |(metric, _, _): &(&str, &str, Margin)| {
            let bend = of_model().find(|bend| bend.strategy == strategy && bend.metric == *metric);
            bend.map_or_else(|| f::UNDEFINED.to_owned(), |bend| words(bend, axis)).into()
        };
        grid.rows.push(Row {
            head: strategy.to_owned(),
            best: false,
            baseline: false,
            entries: WATCHED.iter().map(entry).collect(),
        });
    }
    Along::Bends(grid)
}

fn words(bend: &SweptKnee, axis: &SweptAxis) -> String {
    match (bend.knee, bend.between) {
        (Some(knee), Some([low, high])) => {
            let knee = if axis.is_time() { f::duration(1e3 * knee) } else { f::number(knee) };
            format!("{knee} ({} to {})", label(axis, low), label(axis, high))
        }
        (_, _) => "nowhere".to_owned(),
    }
}

/// A value of an axis as it was written.
fn label(axis: &SweptAxis, value: f64) -> String {
    let numbers = axis.numbers.as_deref().unwrap_or_default();
    let at = numbers.iter().position(|number| *number == value);
    at.map_or_else(|| f::number(value), |at| axis.labels[at].clone())
}

pub(super) fn text(sweep: &Sweep<'_>, style: Style) -> String {
    if sweep.numeric_axes().is_empty() {
        return "no axis has numbers in ascending order, so there is no knee\n".to_owned();
    }
    let told = |found| match found {
        Along::Bends(grid) => table::alone(grid, style) + "\n",
        Along::Level(words) => fold(&words, style.width).trim_end().to_owned() + "\n\n",
    };
    along_each(sweep).into_iter().map(told).collect()
}
