//! The share of tasks known by a time, with what never became known.

use super::axis::Axis;
use super::canvas::{Canvas, Point, draw};
use super::frame::{Area, WIDTH, height_beside_legend, legend, x_axis, y_axis};
use super::palette::Look;
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::report::grid::{Column, Grid, Row};

/// Most points of a curve.
const POINTS: usize = 100;
/// Shares below this are not worth a bar.
const SEEN: f64 = 5e-4;
/// Width of the column of one bar of the censored share.
const BAR: i32 = 6;

/// One strategy's curve.
struct Curve<'a> {
    cell: &'a Cell,
    look: Look,
    points: &'a [(f64, f64)],
}

impl Curve<'_> {
    /// Share of tasks that ever became known.
    fn known(&self) -> f64 {
        self.points.last().map_or(0.0, |(_, share)| *share)
    }
}

pub(super) fn delay(subject: &Subject<'_>) -> Option<Picture> {
    let curves = curves(subject, |series| &series.delay_ecdf);
    let title = format!("{}: share of tasks known by a time after their end", subject.model);
    let columns = ["p50", "p90", "p95", "p99", "max"].map(Column::figures).to_vec();
    let mut table = Grid::new("Detection delay, quantiles over all tasks", "strategy", columns);
    table.rows = rows(&curves, |cell| {
        let d = &cell.detection_delay_ms;
        [d.p50, d.p90, d.p95, d.p99, d.max]
    });
    paint(&curves, title, "time since the task’s end (detection delay)", table)
}

pub(super) fn latency(subject: &Subject<'_>) -> Option<Picture> {
    let curves = curves(subject, |series| &series.latency_ecdf);
    let title = format!("{}: share of tasks known by a time after submit", subject.model);
    let columns = ["p50", "p90", "p95", "p99", "max"].map(Column::figures).to_vec();
    let mut table = Grid::new("Latency, quantiles over all tasks", "strategy", columns);
    table.rows = rows(&curves, |cell| {
        let l = &cell.latency_ms;
        [l.p50, l.p90, l.p95, l.p99, l.max]
    });
    paint(&curves, title, "time since submit (latency)", table)
}

fn curves<'a>(
    subject: &Subject<'a>,
    points: fn(&'a crate::measure::series::CellSeries) -> &'a Vec<(f64, f64)>,
) -> Vec<Curve<'a>> {
    let cells = subject.report.curves(subject.model).into_iter();
    cells.map(|(cell, series)| Curve { cell, look: subject.look(&cell.strategy), points: points(series) }).collect()
}

fn rows(curves: &[Curve<'_>], quantiles: impl Fn(&Cell) -> [Option<f64>; 5]) -> Vec<Row> {
    let row = |curve: &Curve<'_>| Row {
        head: curve.cell.strategy.clone(),
        entries: quantiles(curve.cell).map(|q| f::or_undefined(q, f::duration).into()).to_vec(),
        ..Row::default()
    };
    curves.iter().map(row).collect()
}

fn paint(curves: &[Curve<'_>], title: String, axis_title: &str, table: Grid) -> Option<Picture> {
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return None;
    }
    let size = (WIDTH, height_beside_legend(curves.len()));
    let censored: Vec<&Curve<'_>> = curves.iter().filter(|curve| 1.0 - curve.known() >= SEEN).collect();
    let gutter = censored.len() as i32 * BAR + 4;
    let area = Area { left: 62, top: 14, right: 524 - gutter, bottom: size.1 as i32 - 46 };
    let x = Axis::long_time(curves.iter().flat_map(|curve| curve.points.iter().map(|(t, _)| *t)));
    let y = Axis::share();
    let caption = if censored.is_empty() {
        "Up and left is better. Every task became known.".to_owned()
    } else {
        "Up and left is better. A curve that stops short of 100 % lost sight of the rest: the bars at the right edge \
         span the share that never became known."
            .to_owned()
    };
    let svg = draw(size, &title, &caption, |canvas| {
        x_axis(canvas, area, &x, axis_title);
        y_axis(canvas, area, &y, "share of tasks known");
        for curve in curves {
            canvas.curve(&pixels(curve, area, &x, &y), curve.look);
        }
        for (i, curve) in curves.iter().enumerate() {
            signpost(canvas, curve, area, (&x, &y), (i as f64 + 0.5) / curves.len() as f64);
        }
        for (i, curve) in censored.iter().enumerate() {
            let left = area.right + 4 + i as i32 * BAR;
            canvas.rect(
                (left, area.top),
                (left + BAR - 2, area.y(&y, curve.known()).max(area.top + 1)),
                curve.look.colour,
            );
        }
        let entries: Vec<_> = curves.iter().map(|curve| (curve.cell.strategy.as_str(), curve.look)).collect();
        legend(canvas, (536, area.top + 10), &entries, true);
    });
    Some(Picture { title, caption, svg, table })
}

/// The curve in pixels: from the axis up to its first point, and on to the right edge from its last.
fn pixels(curve: &Curve<'_>, area: Area, x: &Axis, y: &Axis) -> Vec<Point> {
    let Some(last) = curve.points.len().checked_sub(1) else { return Vec::new() };
    let kept = last.min(POINTS - 1);
    let thinned = (0..=kept).map(|i| curve.points[i * last / kept.max(1)]);
    let mut pixels: Vec<Point> = thinned.map(|(t, share)| (area.x(x, t), area.y(y, share))).collect();
    pixels.insert(0, (pixels[0].0, area.bottom));
    pixels.push((area.right, pixels[pixels.len() - 1].1));
    pixels.dedup();
    pixels
}

/// The strategy's mark on its curve, each at another height.
fn signpost(canvas: &mut Canvas<'_>, curve: &Curve<'_>, area: Area, (x, y): (&Axis, &Axis), height: f64) {
    let wanted = height * curve.known();
    if let Some((t, share)) = curve.points.iter().find(|(_, share)| *share >= wanted) {
        canvas.mark((area.x(x, *t), area.y(y, *share)), curve.look);
    }
}
