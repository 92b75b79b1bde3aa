//! Paired differences to the baseline with their intervals.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, draw};
use super::frame::{Area, NAMES, ROW, WIDTH, row_head, x_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::{Cell, Comparison, Verdict};
use crate::palette::{INK, VERMILION};
use crate::report::grid::{Column, Entry, Grid, Row};

/// The panels: metric, axis title, whether it is a time.
const PANELS: [(&str, &str, bool); 2] = [
    ("polls_per_task", "polls per task, difference", false),
    ("detection_delay_ms", "detection delay, difference", true),
];

/// Room for lost shares at the right.
const LOST: i32 = 92;

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let report = subject.report;
    let mut cells = report.cells(subject.model);
    let compared = |cell: &&Cell| PANELS.iter().any(|(metric, ..)| difference(subject, cell, metric).is_some());
    cells.retain(|cell| cell.strategy != report.baseline() && compared(cell));
    if cells.is_empty() {
        return None;
    }
    let size = (WIDTH, cells.len() as u32 * ROW as u32 + 62);
    let (top, bottom) = (14, size.1 as i32 - 46);
    let right = WIDTH as i32 - LOST;
    let middle = (NAMES + right) / 2;
    let areas = [
        Area { left: NAMES + 8, top, right: middle - 22, bottom },
        Area { left: middle + 22, top, right: right - 18, bottom },
    ];
    let title = format!("{}: difference from {}", subject.model, report.baseline());
    let caption = format!(
        "Strategy minus {}, averaged over the same tasks; left of the line is less. Bars are 95 % intervals; one that \
         crosses the line does not tell the two apart. Verdicts are corrected for the number of comparisons, so some are \
         undecided although the bar stays clear of the line. Delays are those of tasks that both knew; at the right is \
         what the strategy lost.",
        report.baseline()
    );
    let svg = draw(size, &title, &caption, |canvas| {
        for (area, panel) in areas.into_iter().zip(PANELS) {
            paint_panel(canvas, subject, &cells, area, panel);
        }
        for (i, cell) in cells.iter().enumerate() {
            let y = top + ROW / 2 + i as i32 * ROW;
            canvas.of_strategy(&cell.strategy, |canvas| {
                row_head(canvas, y, &cell.strategy, subject.look(&cell.strategy));
                if cell.lost > 0 {
                    let words = format!("{} lost", f::rough_share(cell.lost, cell.tasks));
                    canvas.tinted((WIDTH as i32 - 4, y), &words, Anchor::End, VERMILION);
                }
            });
        }
    });
    Some(Picture { title, caption, svg, table: table(subject, &cells) })
}

/// The comparison of a cell, where it has a difference.
fn difference<'a>(subject: &Subject<'a>, cell: &Cell, metric: &str) -> Option<(&'a Comparison, f64)> {
    let comparison = subject.report.comparison(cell, metric)?;
    comparison.difference.map(|difference| (comparison, difference))
}

fn paint_panel(
    canvas: &mut Canvas,
    subject: &Subject<'_>,
    cells: &[&Cell],
    area: Area,
    (metric, title, time): (&str, &str, bool),
) {
    let unit = if time { 1e-3 } else { 1.0 };
    let found: Vec<_> = cells.iter().map(|cell| difference(subject, cell, metric)).collect();
    let ends =
        found.iter().flatten().flat_map(|(c, d)| c.ci95.map_or([*d, *d], |[low, high]| [low.min(*d), high.max(*d)]));
    let axis = Axis::difference(ends.map(|x| x * unit), time);
    x_axis(canvas, area, &axis, title);
    let zero = area.x(&axis, 0.0);
    canvas.line((zero, area.top), (zero, area.bottom), INK);
    for (i, (cell, found)) in cells.iter().zip(found).enumerate() {
        let y = area.top + ROW / 2 + i as i32 * ROW;
        let Some((comparison, difference)) = found else {
            // On the side with more room.
            if area.right - zero > zero - area.left {
                canvas.note((zero + 8, y), "no pairs", Anchor::Start);
            } else {
                canvas.note((zero - 8, y), "no pairs", Anchor::End);
            }
            continue;
        };
        let look = subject.look(&cell.strategy);
        canvas.of_strategy(&cell.strategy, |canvas| {
            if let Some([low, high]) = comparison.ci95 {
                let (from, to) = (area.x(&axis, low * unit), area.x(&axis, high * unit));
                canvas.path(&[(from, y), (to, y)], look.colour, 2);
                for end in [from, to] {
                    canvas.path(&[(end, y - 4), (end, y + 4)], look.colour, 1);
                }
            }
            let at = (area.x(&axis, difference * unit), y);
            canvas.mark(at, look);
            canvas.hint(at, &hint(comparison, difference, time));
        });
    }
}

/// What is shown to who points at a mark.
fn hint(comparison: &Comparison, difference: f64, time: bool) -> String {
    let print = if time { f::duration } else { f::number };
    let interval = comparison.ci95.map(|ci| format!(", 95 % {}", f::interval(ci, print))).unwrap_or_default();
    format!("{}: {}{interval}", comparison.strategy, f::signed(difference, print))
}

fn table(subject: &Subject<'_>, cells: &[&Cell]) -> Grid {
    let columns = vec![
        Column::figures("polls"),
        Column::words("verdict"),
        Column::figures("delay"),
        Column::words("verdict"),
        Column::figures("pairs"),
    ];
    let caption = format!("Paired difference from {}, ± half of the 95 % interval", subject.report.baseline());
    let mut grid = Grid::new(caption, "strategy", columns);
    grid.rows = cells
        .iter()
        .map(|cell| {
            let mut entries: Vec<Entry> = Vec::new();
            let mut pairs = f::UNDEFINED.to_owned();
            for (metric, _, time) in PANELS {
                let print = if time { f::duration } else { f::number };
                match difference(subject, cell, metric) {
                    Some((c, d)) => {
                        entries.push(Entry::with(f::signed(d, print), f::spread(c.ci95, print)));
                        entries.push(word(c.verdict).into());
                        pairs = f::count(c.n);
                    }
                    None => entries.extend([f::UNDEFINED.into(), f::UNDEFINED.into()]),
                }
            }
            entries.push(pairs.into());
            Row { head: cell.strategy.clone(), entries, ..Row::default() }
        })
        .collect();
    grid
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fewer => "fewer",
        Verdict::More => "more",
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Same => "same",
        Verdict::Undecided => "undecided",
    }
}
