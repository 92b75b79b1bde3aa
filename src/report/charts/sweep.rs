//! A figure along an axis of a sweep, a line for each strategy.

use super::axis::Axis;
use super::canvas::{Point, draw};
use super::frame::{Area, WIDTH, height_beside_legend, legend, x_axis, y_axis};
use super::palette::looks;
use super::{Chart, Look};
use crate::figures as f;
use crate::measure::figures::figure;
use crate::report::escape::slug;
use crate::report::grid::{Column, Grid, Row};
use crate::report::sweep::Sweep;

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
            Self::Queue => ("queue_length_mean", "value", "tasks that wait for a worker (mean)"),
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

/// A strategy's values along the axis, in its order; absent where they are unknown.
struct Course<'s> {
    strategy: &'s str,
    look: Look,
    values: Vec<Option<f64>>,
}

/// The chart of one figure on one model; `None` where nothing is known of it, or it is zero throughout.
pub(in crate::report) fn lines(sweep: &Sweep<'_>, at: usize, model: &str, line: Line) -> Option<Chart> {
    let swept = &sweep.axes[at];
    let numbers = swept.numbers.as_ref()?;
    let (metric, stat, name) = line.names();
    let figure = figure(metric, Some(stat))?;
    let points = sweep.along(at);
    let value = |strategy: &str, point: &crate::report::sweep::SweptPoint| {
        let cell = point.cell(model, strategy)?;
        (figure.value)(cell).filter(|value| value.is_finite()).map(|value| value * line.scale())
    };
    let courses: Vec<Course<'_>> = looks(&sweep.strategies())
        .into_iter()
        .map(|(strategy, look)| {
            let values = points.iter().map(|point| value(strategy, point)).collect();
            Course { strategy, look, values }
        })
        .collect();
    let all = || courses.iter().flat_map(|course| course.values.iter().flatten().copied());
    if all().all(|value| value == 0.0) {
        return None;
    }
    let size = (WIDTH, height_beside_legend(courses.len()));
    let area = Area { left: 72, top: 14, right: 520, bottom: size.1 as i32 - 46 };
    let (x, y) = (Axis::number(numbers.iter().copied()), line.axis(all()));
    let title = format!("{model}: {name} by {}", swept.path);
    let caption = "A mark is a point of the grid; all points have the same tasks.".to_owned();
    let svg = draw(size, &title, &caption, |canvas| {
        x_axis(canvas, area, &x, &swept.path);
        y_axis(canvas, area, &y, name);
        for course in &courses {
            let marks: Vec<Point> = points
                .iter()
                .zip(&course.values)
                .filter_map(|(point, value)| Some((area.x(&x, numbers[point.place[at]]), area.y(&y, (*value)?))))
                .collect();
            canvas.curve(&marks, course.look);
            for mark in marks {
                canvas.mark(mark, course.look);
            }
        }
        let entries: Vec<_> = courses.iter().map(|course| (course.strategy, course.look)).collect();
        legend(canvas, (area.right + 20, area.top + 10), &entries, true);
    });
    let columns = points.iter().map(|point| Column::named(swept.labels[point.place[at]].clone())).collect();
    let mut table = Grid::new(title.clone(), "strategy", columns);
    table.rows = courses
        .iter()
        .map(|course| Row {
            head: course.strategy.to_owned(),
            best: false,
            baseline: false,
            entries: course
                .values
                .iter()
                .map(|value| value.map_or_else(|| f::UNDEFINED.to_owned(), |value| line.print(value)).into())
                .collect(),
        })
        .collect();
    let file_stem = format!("{}-{metric}", slug(model));
    Some(Chart { model: model.to_owned(), file_stem, title, caption, svg, table })
}
