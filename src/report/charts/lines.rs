//! A figure along an axis of numbers, a line for each strategy.

use super::Chart;
use super::axis::Axis;
use super::canvas::{Point, draw};
use super::frame::{Area, WIDTH, end_labels, height_of_curves, room_for_ends, x_axis, y_axis};
use crate::figures as f;
use crate::measure::figures::{Figure, figure};
use crate::palette::{Look, looks};
use crate::report::escape::slug;
use crate::report::grid::{Column, Grid, Row};

/// What a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Line {
    Cost,
    Delay,
    Lost,
    Requests,
    Peak,
    Throttled,
    Utilisation,
    Queue,
}

impl Line {
    pub(in crate::report) const ALL: [Self; 8] = [
        Self::Cost,
        Self::Delay,
        Self::Lost,
        Self::Requests,
        Self::Peak,
        Self::Throttled,
        Self::Utilisation,
        Self::Queue,
    ];

    /// Metric, statistic, and what people call it.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Cost => ("cost", "mean", "cost per task"),
            Self::Delay => ("detection_delay_ms", "mean", "detection delay (mean of known tasks)"),
            Self::Lost => ("lost", "share", "share of tasks lost"),
            Self::Requests => ("requests_per_task", "mean", "requests per task"),
            Self::Peak => ("peak_requests_per_s", "value", "peak requests per second"),
            Self::Throttled => ("share_429", "value", "share of polls answered 429"),
            Self::Utilisation => ("worker_utilisation", "value", "utilisation of workers"),
            Self::Queue => ("queue_length_mean", "value", "tasks waiting for a worker (mean)"),
        }
    }

    /// How a value is drawn: milliseconds as seconds.
    const fn scale(self) -> f64 {
        match self {
            Self::Delay => 1e-3,
            Self::Cost
            | Self::Lost
            | Self::Requests
            | Self::Peak
            | Self::Throttled
            | Self::Utilisation
            | Self::Queue => 1.0,
        }
    }

    fn axis(self, values: impl Iterator<Item = f64>) -> Axis {
        match self {
            Self::Delay => Axis::time(values),
            Self::Lost | Self::Throttled | Self::Utilisation => Axis::share(),
            Self::Cost | Self::Requests | Self::Peak | Self::Queue => Axis::number(values),
        }
    }

    fn print(self, value: f64) -> String {
        match self {
            Self::Delay => f::duration(1e3 * value),
            Self::Lost | Self::Throttled | Self::Utilisation => f::percent(value),
            Self::Cost | Self::Requests | Self::Peak | Self::Queue => f::number(value),
        }
    }
}

/// Values that something was given, and what it was given to.
pub(in crate::report) struct Along<'s> {
    pub(in crate::report) path: &'s str,
    /// As they are written, and as numbers.
    pub(in crate::report) values: Vec<(&'s str, f64)>,
}

/// A strategy's figures along the axis, in its order; absent where they are unknown.
pub(in crate::report) type Course<'s> = (&'s str, Vec<Option<f64>>);

impl Line {
    /// The figure that is drawn.
    pub(in crate::report) fn figure(self) -> Option<&'static Figure> {
        let (metric, stat, _) = self.names();
        figure(metric, Some(stat))
    }
}

/// The chart of one figure on one model; `None` where nothing is known of it, or it is zero throughout.
pub(in crate::report) fn lines(model: &str, line: Line, along: &Along<'_>, courses: &[Course<'_>]) -> Option<Chart> {
    let (metric, _, name) = line.names();
    let drawn = |value: &Option<f64>| value.map(|value| value * line.scale());
    let all = || courses.iter().flat_map(|(_, values)| values.iter().filter_map(drawn));
    if all().all(|value| value == 0.0) {
        return None;
    }
    let names: Vec<&str> = courses.iter().map(|(strategy, _)| *strategy).collect();
    let looks = looks(&names);
    let size = (WIDTH, height_of_curves(courses.len()));
    let right = WIDTH as i32 - room_for_ends(names.iter().copied());
    let area = Area { left: 72, top: 14, right, bottom: size.1 as i32 - 46 };
    let (x, y) = (Axis::number(along.values.iter().map(|(_, number)| *number)), line.axis(all()));
    let title = format!("{model}: {name} by {}", along.path);
    let caption = "A mark is a point of the grid; all points have the same tasks.".to_owned();
    let svg = draw(size, &title, &caption, |canvas| {
        x_axis(canvas, area, &x, along.path);
        y_axis(canvas, area, &y, name);
        let mut ends: Vec<(&str, Look, Point)> = Vec::new();
        for ((strategy, values), (_, look)) in courses.iter().zip(&looks) {
            let known = along.values.iter().zip(values).filter_map(|(at, value)| Some((at, drawn(value)?)));
            let known: Vec<_> = known.map(|(at, value)| (at.0, value, (area.x(&x, at.1), area.y(&y, value)))).collect();
            let marks: Vec<Point> = known.iter().map(|(.., mark)| *mark).collect();
            canvas.of_strategy(strategy, |canvas| {
                canvas.curve(&marks, *look);
                for (label, value, mark) in &known {
                    canvas.mark(*mark, *look);
                    canvas.hint(*mark, &format!("{strategy} at {label}: {name} {}", line.print(*value)));
                }
            });
            ends.extend(marks.last().map(|mark| (*strategy, *look, *mark)));
        }
        end_labels(canvas, area, &ends);
    });
    let columns = along.values.iter().map(|(label, _)| Column::named((*label).to_owned())).collect();
    let mut table = Grid::new(title.clone(), "strategy", columns);
    let print = |value: &Option<f64>| drawn(value).map_or_else(|| f::UNDEFINED.to_owned(), |value| line.print(value));
    table.rows = courses
        .iter()
        .map(|(strategy, values)| Row {
            head: (*strategy).to_owned(),
            best: false,
            baseline: false,
            entries: values.iter().map(|value| print(value).into()).collect(),
        })
        .collect();
    Some(Chart { model: model.to_owned(), file_stem: format!("{}-{metric}", slug(model)), title, caption, svg, table })
}
