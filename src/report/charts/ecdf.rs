//! The share of tasks known by a time, with what never became known.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, NOTE, Point, draw, width_at};
use super::frame::{Area, WIDTH, x_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::palette::{FAINT, Look, VERMILION};
use crate::report::grid::{Column, Grid, Row};

/// Most points of a curve that is looked at, and of one behind it.
const POINTS: usize = 70;
const FEW_POINTS: usize = 20;
/// Pictures begin where this share of a strategy’s tasks is known: the first few take most of a logarithmic axis.
const FIRST: f64 = 0.02;
/// Panels beside each other, the room of one, and what it needs around the plot.
const COLUMNS: usize = 3;
const PANEL: (i32, i32) = (232, 168);
const HEAD: i32 = 42;
const LEFT: i32 = 44;
/// Where the name of a curve begins, after a piece of it.
const NAME: i32 = 32;

/// One strategy's curve.
struct Curve<'a> {
    cell: &'a Cell,
    look: Look,
    points: &'a [(f64, f64)],
}

impl Curve<'_> {
    /// Tasks that never became known.
    fn unknown(&self) -> u64 {
        self.cell.tasks - self.cell.outcomes.success - self.cell.outcomes.failed
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
    let panels = panels(curves);
    let rows = panels.len().div_ceil(COLUMNS) as i32;
    let size = (WIDTH, (rows * PANEL.1 + 40) as u32);
    let x = Axis::long_time(
        curves.iter().flat_map(|curve| curve.points.iter().filter(|(_, share)| *share >= FIRST).map(|(t, _)| *t)),
    );
    let y = Axis::share();
    let mut caption =
        "Up and left is better. Each panel has one strategy, with its hardened twin dashed, before all others in \
                       grey."
            .to_owned();
    if curves.iter().any(|curve| curve.unknown() > 0) {
        caption += " A curve that stops short of 100 % lost sight of the rest: the share in red above it.";
    }
    let svg = draw(size, &title, &caption, |canvas| {
        for (place, panel) in panels.iter().enumerate() {
            let (column, row) = ((place % COLUMNS) as i32, (place / COLUMNS) as i32);
            let (left, top) = (column * (PANEL.0 + 8), row * PANEL.1);
            let area =
                Area { left: left + LEFT, top: top + HEAD, right: left + PANEL.0 - 4, bottom: top + PANEL.1 - 22 };
            x_axis(canvas, area, &x, "");
            for share in [0.0, 0.5, 1.0] {
                let at = area.y(&y, share);
                canvas.gridline((area.left, at), (area.right, at));
                canvas.note((area.left - 6, at), &format!("{:.0} %", 100.0 * share), Anchor::End);
            }
            for curve in curves.iter().filter(|curve| !panel.iter().any(|own| std::ptr::eq(*own, *curve))) {
                canvas.of_strategy(&curve.cell.strategy, |canvas| {
                    canvas.path(&pixels(curve, FEW_POINTS, area, &x, &y), FAINT, 1);
                });
            }
            for (line, curve) in panel.iter().enumerate() {
                canvas.of_strategy(&curve.cell.strategy, |canvas| {
                    head(canvas, curve, (left, top + 11 + 18 * line as i32));
                    canvas.curve(&pixels(curve, POINTS, area, &x, &y), curve.look);
                });
            }
            let hint: Vec<String> = panel.iter().map(|curve| hint(curve)).collect();
            canvas.hint_over((area.left, area.top), (area.right, area.bottom), &hint.join("; "));
        }
        canvas.note((WIDTH as i32 / 2, size.1 as i32 - 14), axis_title, Anchor::Middle);
    });
    Some(Picture { title, caption, svg, table })
}

/// The curves of each panel: a strategy and the twin that repairs it.
fn panels<'c, 'a>(curves: &'c [Curve<'a>]) -> Vec<Vec<&'c Curve<'a>>> {
    let mut panels: Vec<Vec<&Curve<'_>>> = Vec::new();
    for curve in curves {
        let kin =
            |panel: &&mut Vec<&Curve<'_>>| panel.len() == 1 && is_twin(&panel[0].cell.strategy, &curve.cell.strategy);
        match panels.iter_mut().find(kin) {
            Some(panel) => panel.push(curve),
            None => panels.push(vec![curve]),
        }
    }
    panels
}

/// Whether one of two strategies repairs the other.
fn is_twin(one: &str, other: &str) -> bool {
    ["-hardened", "-hybrid"].iter().any(|suffix| other.strip_suffix(suffix) == Some(one))
}

/// The name of a curve, and what it never got to know.
fn head(canvas: &mut Canvas, curve: &Curve<'_>, (left, y): Point) {
    let sample = [(left + 2, y), (left + NAME - 6, y)];
    canvas.curve(&sample, curve.look);
    let unknown = match curve.unknown() {
        0 => String::new(),
        unknown => f::rough_share(unknown, curve.cell.tasks),
    };
    let room = PANEL.0 - NAME - 4 - if unknown.is_empty() { 0 } else { width_at(NOTE, &unknown) + 6 };
    canvas.name((left + NAME, y), &curve.cell.strategy, Anchor::Start, (NOTE, room));
    canvas.tinted((left + PANEL.0 - 4, y), &unknown, Anchor::End, VERMILION);
}

/// What is shown to who points at a panel.
fn hint(curve: &Curve<'_>) -> String {
    let at = |share: f64| {
        let found = curve.points.iter().find(|(_, known)| *known >= share);
        f::or_undefined(found.map(|(t, _)| 1e3 * t), f::duration)
    };
    format!("{}: half known within {}, 95 % within {}", curve.cell.strategy, at(0.5), at(0.95))
}

/// The curve in at most so many points: from the axis up to its first, and on to the right edge from its last.
fn pixels(curve: &Curve<'_>, most: usize, area: Area, x: &Axis, y: &Axis) -> Vec<Point> {
    let Some(last) = curve.points.len().checked_sub(1) else { return Vec::new() };
    let kept = last.min(most - 1);
    let thinned = (0..=kept).map(|i| curve.points[i * last / kept.max(1)]);
    let mut pixels: Vec<Point> = thinned.map(|(t, share)| (area.x(x, t), area.y(y, share))).collect();
    pixels.insert(0, (pixels[0].0, area.bottom));
    pixels.push((area.right, pixels[pixels.len() - 1].1));
    pixels.dedup();
    pixels
}
