//! How waits ended, as stacked bars.

use super::axis::Axis;
use super::canvas::{Anchor, TEXT, draw, width_of};
use super::frame::{Area, NAMES, ROW, WIDTH, row_head, x_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::outcome::Outcome;
use crate::measure::results::Cell;
use crate::palette::{BLUE, Colour, GREEN, GREY, INK, MUTED, ORANGE, PURPLE, SKY, VERMILION, YELLOW};
use crate::report::grid::{Column, Grid, Row};

/// The colour of each outcome.
fn colour(outcome: Outcome) -> Colour {
    match outcome {
        Outcome::Success => GREEN,
        Outcome::Failed => SKY,
        Outcome::TimeoutMissed => VERMILION,
        Outcome::TimeoutImpatient => ORANGE,
        Outcome::TimeoutTrue => GREY,
        Outcome::Error => PURPLE,
        Outcome::Abandoned => BLUE,
        Outcome::Hang => INK,
        Outcome::Rejected => YELLOW,
    }
}

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let mut cells = subject.report.cells(subject.model);
    cells.retain(|cell| cell.tasks > 0);
    let first = cells.first()?;
    let mut occurring = Outcome::ALL.to_vec();
    occurring.retain(|outcome| cells.iter().any(|cell| cell.outcomes.of(*outcome) > 0));
    let legend = legend_places(&occurring);
    let legend_height = legend.last().map_or(0, |(_, (_, y))| *y) + 20;
    let size = (WIDTH, cells.len() as u32 * ROW as u32 + 56 + legend_height as u32);
    let area = Area { left: NAMES, top: 8 + legend_height, right: WIDTH as i32 - 132, bottom: size.1 as i32 - 46 };
    let axis = Axis::share();
    let title = format!("{}: how waits ended", subject.model);
    let caption = "Each bar is all tasks of a strategy. What happened at all is at least two pixels wide, so that rare ends \
                   can be seen; read the counts in the table.";
    let svg = draw(size, &title, caption, |canvas| {
        for (outcome, (x, y)) in &legend {
            canvas.rect((*x, y + 4), (x + 12, y + 16), colour(*outcome));
            canvas.note((x + 17, y + 10), outcome.words(), Anchor::Start);
        }
        x_axis(canvas, area, &axis, "share of tasks");
        for (row, cell) in cells.iter().enumerate() {
            let y = area.top + ROW / 2 + row as i32 * ROW;
            canvas.of_strategy(&cell.strategy, |canvas| {
                row_head(canvas, y, &cell.strategy, subject.look(&cell.strategy));
                for (outcome, (from, to)) in Outcome::ALL.into_iter().zip(segments(cell, area.right - area.left)) {
                    if to > from {
                        let count = cell.outcomes.of(outcome);
                        let words = format!("{}: {} {}", cell.strategy, f::part(count, cell.tasks), outcome.words());
                        canvas.rect((area.left + from, y - 8), (area.left + to, y + 8), colour(outcome));
                        canvas.hint_over((area.left + from, y - 8), (area.left + to, y + 8), &words);
                    }
                }
                let known = cell.outcomes.success + cell.outcomes.failed;
                let words = format!("{} known", f::percent(known as f64 / cell.tasks as f64));
                canvas.text((area.right + 8, y), &words, Anchor::Start);
            });
        }
        canvas.line((area.left, area.top), (area.left, area.bottom), MUTED);
    });
    let n = f::count(first.tasks);
    Some(Picture { title, caption: caption.to_owned(), svg, table: table(&cells, &occurring, &n) })
}

/// Where each outcome's segment begins and ends, in pixels; those that occur take at least two.
fn segments(cell: &Cell, width: i32) -> [(i32, i32); Outcome::ALL.len()] {
    let counts = Outcome::ALL.map(|outcome| cell.outcomes.of(outcome));
    let share = |k: u64| k as f64 / cell.tasks as f64 * f64::from(width);
    let mut widths = counts.map(|k| if k == 0 { 0 } else { (share(k).round() as i32).max(2) });
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
fn legend_places(occurring: &[Outcome]) -> Vec<(Outcome, (i32, i32))> {
    let (mut x, mut y) = (NAMES, 4);
    let mut places = Vec::new();
    for &outcome in occurring {
        let width = width_of(outcome.words()) + TEXT + 22;
        if x + width > WIDTH as i32 {
            (x, y) = (NAMES, y + 20);
        }
        places.push((outcome, (x, y)));
        x += width;
    }
    places
}

fn table(cells: &[&Cell], occurring: &[Outcome], n: &str) -> Grid {
    let mut columns: Vec<Column> = occurring.iter().map(|outcome| Column::figures(outcome.words())).collect();
    columns.push(Column::figures("lost"));
    let mut grid = Grid::new(format!("Waits by end, n = {n} tasks per strategy"), "strategy", columns);
    grid.rows = cells
        .iter()
        .map(|cell| {
            let counts = occurring.iter().map(|outcome| f::count(cell.outcomes.of(*outcome)).into());
            let mut entries: Vec<_> = counts.collect();
            entries.push(f::count(cell.lost).into());
            Row { head: cell.strategy.clone(), entries, ..Row::default() }
        })
        .collect();
    grid
}
