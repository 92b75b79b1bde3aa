//! What charts share: the plot area with its grid and axis labels, legends, rows.

use super::Subject;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, NOTE, Point, TEXT, width_at, width_of};
use crate::palette::{INK, Look};

/// Width of every chart.
pub(super) const WIDTH: u32 = 720;
/// Least distance of the labels of a vertical axis.
const TICK_ROW: i32 = 14;
/// Height of a row with a strategy's name.
pub(super) const ROW: i32 = 24;
/// Room for the names at the left of rows.
pub(super) const NAMES: i32 = 190;

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

/// Air between the labels of a horizontal axis, and how far from its grid line one may stand.
const LABEL_AIR: i32 = 4;
const LABEL_SHIFT: i32 = 8;

/// Grid, labels and title of the horizontal axis, at the bottom of the area.
pub(super) fn x_axis(canvas: &mut Canvas, area: Area, axis: &Axis, title: &str) {
    let mut free_from = 0;
    for (value, label) in &axis.ticks {
        let x = area.x(axis, *value);
        canvas.gridline((x, area.top), (x, area.bottom));
        let half = (width_at(NOTE, label) + 1) / 2;
        // Aside of its line where there is no room under it; what would stick out of the picture goes unlabelled.
        let middle = x.min(WIDTH as i32 - half).max(free_from + half);
        if (middle - x).abs() <= LABEL_SHIFT && middle + half <= WIDTH as i32 {
            canvas.note((middle, area.bottom + 14), label, Anchor::Middle);
            free_from = middle + half + LABEL_AIR;
        }
    }
    canvas.line((area.left, area.bottom), (area.right, area.bottom), INK);
    if !title.is_empty() {
        canvas.note(((area.left + area.right) / 2, area.bottom + 33), title, Anchor::Middle);
    }
}

/// The same for the vertical axis, at the left of the area.
pub(super) fn y_axis(canvas: &mut Canvas, area: Area, axis: &Axis, title: &str) {
    let mut free_below = i32::MAX;
    for (value, label) in &axis.ticks {
        let y = area.y(axis, *value);
        canvas.gridline((area.left, y), (area.right, y));
        if y <= free_below {
            canvas.note((area.left - 7, y), label, Anchor::End);
            free_below = y - TICK_ROW;
        }
    }
    canvas.upward((12, (area.top + area.bottom) / 2), title);
}

/// Height of a label at the end of a curve.
const LABEL_ROW: i32 = 18;
/// Room for labels at the ends of curves, and the most of it.
pub(super) const ENDS: i32 = 186;
const MOST_ENDS: i32 = 300;
/// How much of that room is beside the names: their lines and marks.
const BESIDE_NAMES: i32 = 39;

/// Room for these labels at the ends of curves.
pub(super) fn room_for_ends<'n>(names: impl Iterator<Item = &'n str>) -> i32 {
    let longest = names.map(width_of).max().unwrap_or(0);
    (longest + BESIDE_NAMES).clamp(ENDS, MOST_ENDS)
}

/// The names of curves beside their ends at the right edge of the area, moved apart where they are too close: the lines that
/// lead to them.
pub(super) fn end_labels(canvas: &mut Canvas, area: Area, ends: &[(&str, Look, Point)]) -> Vec<[Point; 2]> {
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by_key(|at| ends[*at].2.1);
    let rows = ends.len() as i32;
    let last = area.bottom.max(area.top + rows * LABEL_ROW);
    let mut free_from = area.top;
    let mut leaders = Vec::new();
    for (place, at) in order.into_iter().enumerate() {
        let (name, look, end) = ends[at];
        let below = (rows - 1 - place as i32) * LABEL_ROW;
        let y = end.1.max(free_from + LABEL_ROW / 2).min(last - below - LABEL_ROW / 2).max(free_from + LABEL_ROW / 2);
        free_from = y + LABEL_ROW / 2;
        let left = area.right + 18;
        canvas.of_strategy(name, |canvas| {
            leaders.push([(end.0 + 7, end.1), (left, y)]);
            canvas.path(&[(end.0 + 7, end.1), (left, y)], look.colour, 1);
            canvas.mark((left + 8, y), look);
            canvas.name((left + 19, y), name, Anchor::Start, (TEXT, WIDTH as i32 - left - 21));
        });
    }
    leaders
}

/// Height of a chart whose curves are named at their ends.
pub(super) fn height_of_curves(entries: usize) -> u32 {
    (entries as u32 * LABEL_ROW as u32 + 70).max(330)
}

/// The mark and name of a strategy at the left of a row whose middle is at `y`.
pub(super) fn row_head(canvas: &mut Canvas, y: i32, name: &str, look: Look) {
    canvas.mark((NAMES - 13, y), look);
    canvas.name((NAMES - 26, y), name, Anchor::End, (TEXT, NAMES - 28));
}

/// Times at which a fault was active, behind everything else. `to_pixel` clips.
pub(super) fn bands(canvas: &mut Canvas, subject: &Subject<'_>, area: Area, axis: &Axis, span: (f64, f64)) -> bool {
    let mut any = false;
    for band in &subject.report.series.bands {
        if band.to > span.0 && band.from < span.1 {
            let (from, to) = (area.x(axis, band.from), area.x(axis, band.to));
            canvas.rect((from, area.top), (to.max(from + 1), area.bottom), crate::palette::BAND);
            any = true;
        }
    }
    any
}

/// The kinds of faults that bands show, for captions.
pub(super) fn band_kinds(subject: &Subject<'_>) -> String {
    crate::report::distinct(subject.report.series.bands.iter().map(|band| band.kind)).join(", ")
}
