//! A small picture at the end of what a terminal shows: bars of cost with the loss beside them, lines of blocks.

use super::Report;
use super::paint::Paint;
use super::sweep::Sweep;
use super::table::{Style, ascii};
use crate::figures as f;
use crate::measure::results::Cell;

/// Eighths of a block, to the right and upwards.
const RIGHT: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const UP: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Longest bar.
const LONGEST: usize = 48;

/// Cost per task of every strategy, over all models, with the share of tasks that it loses.
#[must_use]
pub fn compared(report: &Report<'_>, style: Style) -> String {
    let rows: Vec<(&str, f64, u64, u64)> =
        report.strategies().into_iter().filter_map(|strategy| over_models(report, strategy)).collect();
    let most = rows.iter().map(|(_, cost, ..)| *cost).fold(0.0, f64::max);
    if rows.is_empty() || most <= 0.0 {
        return String::new();
    }
    let paint = Paint(style.colour);
    let name = rows.iter().map(|(name, ..)| ascii(name).chars().count()).max().unwrap_or(0);
    // What stands beside a bar: its cost, and what is lost.
    let room = style.width.saturating_sub(name + 27).clamp(4, LONGEST);
    let mut out = paint.bold("cost per task, mean of all models") + "\n";
    for (strategy, cost, lost, tasks) in rows {
        let bar = bar(cost / most, room);
        let loss =
            if lost == 0 { String::new() } else { paint.red(&format!("  {} lost", f::rough_share(lost, tasks))) };
        let pad = " ".repeat(room.saturating_sub(bar.chars().count()));
        out += &format!("  {:<name$} {bar}{pad} {:>7}{loss}\n", ascii(strategy), f::number(cost));
    }
    out
}

/// Mean cost, and lost of all tasks.
fn over_models<'a>(report: &Report<'a>, strategy: &'a str) -> Option<(&'a str, f64, u64, u64)> {
    let cells = || report.results.cells.iter().filter(|cell| cell.strategy == strategy && cell.cost.mean.is_finite());
    let (count, cost, lost, tasks) = cells().fold((0_u32, 0.0, 0, 0), |(count, cost, lost, tasks), cell| {
        (count + 1, cost + cell.cost.mean, lost + cell.lost, tasks + cell.tasks)
    });
    (count > 0).then(|| (strategy, cost / f64::from(count), lost, tasks))
}

/// A share of a bar that is `room` wide; what is there at all is seen.
fn bar(share: f64, room: usize) -> String {
    let eighths = ((share * room as f64 * 8.0).round() as usize).max(1);
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(RIGHT[eighths % 8]);
    }
    bar
}

/// Cost of every strategy along the first axis of numbers, each from its least to its most, with the most that is lost.
#[must_use]
pub fn swept(sweep: &Sweep<'_>, style: Style) -> String {
    let Some(at) = sweep.main_axis() else { return String::new() };
    let (paint, axis) = (Paint(style.colour), &sweep.axes[at]);
    let name = sweep.strategies().iter().map(|name| ascii(name).chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for model in sweep.models() {
        let (first, last) = (axis.labels.first(), axis.labels.last());
        let title = format!("{}: cost per task as {} goes from ", ascii(model), axis.path);
        let ends = format!("{} to {}", first.map_or("", String::as_str), last.map_or("", String::as_str));
        out += &format!("{}\n", paint.bold(&(title + &ends)));
        for strategy in sweep.strategies() {
            let cells: Vec<&Cell> =
                sweep.along(at).into_iter().filter_map(|point| point.cell(model, strategy)).collect();
            let costs: Vec<f64> = cells.iter().map(|cell| cell.cost.mean).filter(|cost| cost.is_finite()).collect();
            let (Some(start), Some(end)) = (costs.first(), costs.last()) else { continue };
            let worst = cells.iter().max_by(|a, b| (a.lost * b.tasks).cmp(&(b.lost * a.tasks)));
            let loss = worst.filter(|cell| cell.lost > 0).map(|cell| f::rough_share(cell.lost, cell.tasks));
            let loss = loss.map(|share| paint.red(&format!("  up to {share} lost"))).unwrap_or_default();
            let line = blocks(&costs, style.width.saturating_sub(name + 38).clamp(4, LONGEST));
            out += &format!("  {:<name$} {:>7} {line} {}{loss}\n", ascii(strategy), f::number(*start), f::number(*end));
        }
    }
    out
}

/// A line of blocks from zero up, of at most `room` of the values.
fn blocks(values: &[f64], room: usize) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let shown = values.len().min(room);
    let value = |at: usize| values[if shown > 1 { at * (values.len() - 1) / (shown - 1) } else { 0 }];
    let block = |value: f64| UP[if most > 0.0 { ((value / most * 8.0).ceil() as usize).clamp(1, 8) - 1 } else { 0 }];
    (0..shown).map(|at| block(value(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_shares() {
        assert_eq!([1.0, 0.5, 0.0625, 0.0].map(|share| bar(share, 4)), ["████", "██", "▎", "▏"]);
        assert_eq!(blocks(&[0.0, 1.0, 4.0, 8.0], 9), "▁▁▄█");
        assert_eq!(blocks(&[1.0, 2.0, 3.0, 4.0, 8.0], 2), "▁█");
    }
}
