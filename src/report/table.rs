//! The table on the terminal.

use super::fold::fold;
use super::grid::{Column, Grid, Row};
use super::paint::Paint;
use super::{Report, overview};
use crate::figures as f;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of characters that there are; less important figures go where they do not fit.
    pub width: usize,
    /// Whether to use bold, dim and green (ANSI codes).
    pub colour: bool,
}

/// 120 characters, no colour.
impl Default for Style {
    fn default() -> Self {
        Self { width: 120, colour: false }
    }
}

/// Every model's strategies with their figures, and a legend under them. All of it is ASCII but for users' own names, and
/// no line is longer than the style says, unless a single name is.
#[must_use]
pub fn render(report: &Report<'_>, style: Style) -> String {
    let paint = Paint(style.colour);
    let run = &report.results.run;
    let mut out = String::new();
    for model in report.models() {
        let tasks = report.cells(model).first().map_or(0, |cell| cell.tasks);
        let tasks = f::plural(f::count(tasks).as_str(), "task");
        out += &format!("{}  {}\n", paint.bold(model), paint.dim(&format!("n = {tasks} per strategy")));
        out += &block(overview::of_model(report, model), style.width, paint);
        out.push('\n');
    }
    let weights = report.scenario.cost;
    // Narrow tables have no spreads.
    let spread = if out.contains("+/-") { "+/- half of the 95 % interval   " } else { "" };
    let legend = format!(
        "* least cost among those that do not lose significantly more tasks than the best   (b) baseline\n\
         {spread}- undefined, or the quantile falls on tasks that were never known\n\
         delay: from a task's end to the client knowing   latency: from submit to knowing   p95: over all tasks\n\
         lost: succeeded, and the client never knew   error: includes waits ended by another task's failure\n\
         cost = {} x polls + {} x seconds of delay   seed {}, {} x {} tasks, engine {}\n",
        weights.poll, weights.delay_per_s, run.seed, run.replicates, run.tasks, run.engine,
    );
    for line in fold(&legend, style.width).lines() {
        out += &paint.dim(line);
        out.push('\n');
    }
    out
}

/// A table of its own, under its caption.
pub(super) fn alone(grid: Grid, style: Style) -> String {
    let caption = fold(&ascii(&grid.caption), style.width);
    format!("{}\n{}", Paint(style.colour).bold(caption.trim_end()), block(grid, style.width, Paint(style.colour)))
}

/// The table in lines of at most `width` characters: without the columns that can be done without, then without spreads,
/// and at last with the figures of a row under its name.
fn block(mut grid: Grid, width: usize, paint: Paint) -> String {
    while line_length(&grid) > width {
        let last = (0..grid.columns.len()).max_by_key(|&i| grid.columns[i].expendable);
        if let Some(i) = last.filter(|&i| grid.columns[i].expendable > 0) {
            grid.columns.remove(i);
            for row in &mut grid.rows {
                row.entries.remove(i);
            }
            continue;
        }
        if grid.rows.iter().flat_map(|row| &row.entries).all(|entry| entry.spread.is_none()) {
            return grid.rows.iter().map(|row| below(&grid.columns, row, width, paint)).collect();
        }
        for entry in grid.rows.iter_mut().flat_map(|row| &mut row.entries) {
            entry.spread = None;
        }
    }
    beside(&grid, paint)
}

/// A row with its figures under its name, each with its title.
fn below(columns: &[Column], row: &Row, width: usize, paint: Paint) -> String {
    let mark = if row.best { "* " } else { "  " };
    let head = format!("{mark}{}{}", ascii(&row.head), if row.baseline { " (b)" } else { "" });
    let figures =
        columns.iter().zip(&row.entries).map(|(column, entry)| format!("{} {}", column.title, ascii(&entry.text)));
    let figures = fold(&format!("    {}", figures.collect::<Vec<_>>().join("   ")), width);
    format!("{}\n{figures}\n", if row.best { paint.green(&head) } else { head })
}

fn line_length(grid: &Grid) -> usize {
    let widths = widths(grid);
    HEAD_MARKS + head_width(grid) + widths.iter().map(|w| GAP + w.value + w.spread).sum::<usize>()
}

/// Room for the marks before and after a strategy's name.
const HEAD_MARKS: usize = 6;
/// Room between columns.
const GAP: usize = 2;

/// Room for a column's figures and for their spreads, each aligned by itself.
struct Width {
    value: usize,
    spread: usize,
}

fn widths(grid: &Grid) -> Vec<Width> {
    let column = |(i, column): (usize, &Column)| {
        let entries = || grid.rows.iter().filter_map(|row| row.entries.get(i));
        let value = entries().map(|entry| length(&entry.text)).max().unwrap_or(0);
        let spread = entries().filter_map(|entry| entry.spread.as_deref()).map(|s| length(s) + 1).max().unwrap_or(0);
        Width { value: value.max(length(&column.title).saturating_sub(spread)), spread }
    };
    grid.columns.iter().enumerate().map(column).collect()
}

fn head_width(grid: &Grid) -> usize {
    grid.rows.iter().map(|row| length(&row.head)).max().unwrap_or(0).max(length(&grid.corner))
}

fn length(text: &str) -> usize {
    ascii(text).chars().count()
}

/// Our own signs in ASCII; letters of users' names stay.
pub(super) fn ascii(text: &str) -> String {
    text.replace('±', "+/-")
        .replace(['–', '−'], "-")
        .replace('→', "->")
        .replace('’', "'")
        .replace(char::is_control, " ")
}

/// A line for each row.
fn beside(grid: &Grid, paint: Paint) -> String {
    let widths = widths(grid);
    let head = head_width(grid);
    let mut header = format!("  {:<head$}    ", grid.corner);
    for (column, width) in grid.columns.iter().zip(&widths) {
        header += &format!("{:>w$}", column.title, w = GAP + width.value + width.spread);
    }
    let mut out = paint.dim(header.trim_end());
    out.push('\n');
    for row in &grid.rows {
        let mut line = String::from(if row.best { "* " } else { "  " });
        line += &pad_right(&ascii(&row.head), head);
        line += if row.baseline { " (b)" } else { "    " };
        for (entry, width) in row.entries.iter().zip(&widths) {
            let spread = entry.spread.as_deref().map(|s| format!(" {}", ascii(s))).unwrap_or_default();
            line += &format!("{:>w$}", ascii(&entry.text), w = GAP + width.value);
            line += &paint.dim(&pad_right(&spread, width.spread));
        }
        let line = line.trim_end();
        out += &if row.best { paint.green(line) } else { line.to_owned() };
        out.push('\n');
    }
    out
}

fn pad_right(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}
