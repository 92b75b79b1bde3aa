//! How waits ended, as stacked bars.

use super::axis::Axis;
use super::canvas::{Anchor, TEXT, draw, width_of};
use super::frame::{Area, NAMES, ROW, WIDTH, row_head, x_axis};
use super::palette::{BLUE, GREEN, GREY, INK, MUTED, ORANGE, PURPLE, SKY, VERMILION, YELLOW};
use super::{Picture, Subject};
use crate::measure::results::Cell;
use crate::report::format as f;
use crate::report::grid::{Column, Grid, Row};
use crate::report::outcomes;
use plotters::style::RGBColor;

/// One for each outcome, in the order of the results.
const COLOURS: [RGBColor; 9] = [GREEN, SKY, VERMILION, ORANGE, GREY, PURPLE, BLUE, INK, YELLOW];

/// Their names, in words that may be broken over lines.
const NAMED: [&str; 9] = [
    "success",
    "failed",
    "timeout missed",
    "timeout impatient",
    "timeout true",
    "error",
    "abandoned",
    "hang",
    "rejected",
];

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let mut cells = subject.report.cells(subject.model);
    cells.retain(|cell| cell.tasks > 0);
    let first = cells.first()?;
    let occurring: Vec<usize> =
        (0..COLOURS.len()).filter(|&i| cells.iter().any(|cell| counts(cell)[i].1 > 0)).collect();
    let legend = legend_places(&occurring);
    let legend_height = legend.last().map_or(0, |(_, (_, y))| *y) + 20;
    let size = (WIDTH, cells.len() as u32 * ROW as u32 + 56 + legend_height as u32);
    let area = Area { left: NAMES, top: 8 + legend_height, right: WIDTH as i32 - 128, bottom: size.1 as i32 - 46 };
    let axis = Axis::share();
    let title = format!("{}: how waits ended", subject.model);
    let caption = "Each bar is all tasks of a strategy. What happened at all is at least two pixels wide, so that rare ends \
                   can be seen; read the counts in the table.";
    let svg = draw(size, &title, caption, |canvas| {
        for (i, (x, y)) in &legend {
            canvas.rect((*x, y + 4), (x + 12, y + 16), COLOURS[*i]);
            canvas.note((x + 17, y + 10), NAMED[*i], Anchor::Start);
        }
        x_axis(canvas, area, &axis, "share of tasks");
        for (row, cell) in cells.iter().enumerate() {
            let y = area.top + ROW / 2 + row as i32 * ROW;
            row_head(canvas, y, &cell.strategy, subject.look(&cell.strategy));
            for (i, (from, to)) in segments(cell, area.right - area.left).into_iter().enumerate() {
                if to > from {
                    canvas.rect((area.left + from, y - 8), (area.left + to, y + 8), COLOURS[i]);
                }
            }
            let known = cell.outcomes.success + cell.outcomes.failed;
            let words = format!("{} known", f::percent(known as f64 / cell.tasks as f64));
            canvas.text((area.right + 8, y), &words, Anchor::Start);
        }
        canvas.line((area.left, area.top), (area.left, area.bottom), MUTED);
    });
    let n = f::count(first.tasks);
    Some(Picture { title, caption: caption.to_owned(), svg, table: table(&cells, &occurring, &n) })
}

fn counts(cell: &Cell) -> [(&'static str, u64); 9] {
    outcomes::each(&cell.outcomes)
}

/// Where each outcome's segment begins and ends, in pixels; those that occur take at least two.
fn segments(cell: &Cell, width: i32) -> [(i32, i32); 9] {
    let counts = counts(cell);
    let share = |k: u64| k as f64 / cell.tasks as f64 * f64::from(width);
    let mut widths = counts.map(|(_, k)| if k == 0 { 0 } else { (share(k).round() as i32).max(2) });
    // The widest gives what the small ones took.
    let excess = widths.iter().sum::<i32>() - width;
    if let Some(widest) = widths.iter_mut().max() {
        *widest -= excess;
    }
    let mut at = 0;
    widths.map(|w| {
        at += w;
        (at - w, at)
    })
}

/// The legend's entries above the bars, in as many lines as they need.
fn legend_places(occurring: &[usize]) -> Vec<(usize, (i32, i32))> {
    let (mut x, mut y) = (NAMES, 4);
    let mut places = Vec::new();
    for &i in occurring {
        let width = width_of(NAMED[i]) + TEXT + 22;
        if x + width > WIDTH as i32 {
            (x, y) = (NAMES, y + 20);
        }
        places.push((i, (x, y)));
        x += width;
    }
    places
}

fn table(cells: &[&Cell], occurring: &[usize], n: &str) -> Grid {
    let mut columns: Vec<Column> = occurring.iter().map(|&i| Column::figures(NAMED[i])).collect();
    columns.push(Column::figures("lost"));
    let mut grid = Grid::new(format!("Waits by end, n = {n} tasks per strategy"), "strategy", columns);
    grid.rows = cells
        .iter()
        .map(|cell| {
            let mut entries: Vec<_> = occurring.iter().map(|&i| f::count(counts(cell)[i].1).into()).collect();
            entries.push(f::count(cell.lost).into());
            Row { head: cell.strategy.clone(), entries, ..Row::default() }
        })
        .collect();
    grid
}
