//! What charts share: the plot area with its grid and axis labels, legends, rows.

use super::Subject;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, cut, width_of};
use super::palette::{INK, Look};

/// Width of every chart.
pub(super) const WIDTH: u32 = 720;
/// Height of a row with a strategy's name.
pub(super) const ROW: i32 = 24;
/// Room for the names at the left of rows.
pub(super) const NAMES: i32 = 172;

/// A rectangle to plot in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    pub(super) fn x(&self, axis: &Axis, value: f64) -> i32 {
        axis.pixel(value, self.left, self.right)
    }

    pub(super) fn y(&self, axis: &Axis, value: f64) -> i32 {
        axis.pixel(value, self.bottom, self.top)
    }

    pub(super) fn contains(&self, (x, y): Point) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// Grid, labels and title of the horizontal axis, at the bottom of the area.
pub(super) fn x_axis(canvas: &mut Canvas<'_>, area: Area, axis: &Axis, title: &str) {
    let mut free_from = i32::MIN;
    for (value, label) in &axis.ticks {
        let x = area.x(axis, *value);
        canvas.gridline((x, area.top), (x, area.bottom));
        let half = width_of(label) / 2;
        if x - half >= free_from {
            canvas.note((x, area.bottom + 13), label, Anchor::Middle);
            free_from = x + half + 6;
        }
    }
    canvas.line((area.left, area.bottom), (area.right, area.bottom), INK);
    canvas.note(((area.left + area.right) / 2, area.bottom + 32), title, Anchor::Middle);
}

/// The same for the vertical axis, at the left of the area.
pub(super) fn y_axis(canvas: &mut Canvas<'_>, area: Area, axis: &Axis, title: &str) {
    for (value, label) in &axis.ticks {
        let y = area.y(axis, *value);
        canvas.gridline((area.left, y), (area.right, y));
        canvas.note((area.left - 7, y), label, Anchor::End);
    }
    canvas.upward((14, (area.top + area.bottom) / 2), title);
}

/// A mark and the name of each strategy, one below the other.
pub(super) fn legend(canvas: &mut Canvas<'_>, at: Point, entries: &[(&str, Look)], lines: bool) {
    for (i, (name, look)) in entries.iter().enumerate() {
        let y = at.1 + i as i32 * LEGEND_ROW;
        if lines {
            canvas.curve(&[(at.0, y), (at.0 + 22, y)], *look);
        }
        canvas.mark((at.0 + 11, y), *look);
        let left = at.0 + 28;
        canvas.text((left, y), &cut(name, WIDTH as i32 - left - 2), Anchor::Start);
    }
}

/// Height of a legend's row.
pub(super) const LEGEND_ROW: i32 = 20;

/// Height of a chart with a legend beside it.
pub(super) fn height_beside_legend(entries: usize) -> u32 {
    (entries as u32 * LEGEND_ROW as u32 + 70).max(330)
}

/// The mark and name of a strategy at the left of a row whose middle is at `y`.
pub(super) fn row_head(canvas: &mut Canvas<'_>, y: i32, name: &str, look: Look) {
    canvas.mark((NAMES - 13, y), look);
    canvas.text((NAMES - 26, y), &cut(name, NAMES - 28), Anchor::End);
}

/// Times at which a fault was active, behind everything else. `to_pixel` clips.
pub(super) fn bands(canvas: &mut Canvas<'_>, subject: &Subject<'_>, area: Area, axis: &Axis, span: (f64, f64)) -> bool {
    let mut any = false;
    for band in &subject.report.series.bands {
        if band.to > span.0 && band.from < span.1 {
            let (from, to) = (area.x(axis, band.from), area.x(axis, band.to));
            canvas.rect((from, area.top), (to.max(from + 1), area.bottom), super::palette::BAND);
            any = true;
        }
    }
    any
}

/// The kinds of faults that bands show, for captions.
pub(super) fn band_kinds(subject: &Subject<'_>) -> String {
    crate::report::distinct(subject.report.series.bands.iter().map(|band| band.kind)).join(", ")
}
