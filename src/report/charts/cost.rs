//! Cost per task as bars.

use super::axis::Axis;
use super::canvas::{Anchor, draw};
use super::frame::{Area, NAMES, ROW, WIDTH, row_head, x_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::palette::{INK, VERMILION};
use crate::report::findings;
use crate::report::grid::{Column, Grid, Row};

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let mut cells = subject.report.cells(subject.model);
    cells.retain(|cell| cell.cost.mean.is_finite());
    cells.first()?;
    let size = (WIDTH, cells.len() as u32 * ROW as u32 + 56);
    let area = Area { left: NAMES, top: 8, right: WIDTH as i32 - 168, bottom: size.1 as i32 - 46 };
    let highs = cells.iter().flat_map(|cell| [cell.cost.mean, cell.cost.ci95.map_or(0.0, |ci| ci[1])]);
    let axis = Axis::bars(highs);
    let weights = subject.report.scenario.cost;
    let title = format!("{}: cost per task", subject.model);
    let caption = format!(
        "Shorter is better. Cost is {} per poll and {} per second of detection delay; a task that ended and never became \
         known is charged the delay to the horizon. Lines at the ends of bars are 95 % intervals.",
        weights.poll, weights.delay_per_s
    );
    let svg = draw(size, &title, &caption, |canvas| {
        x_axis(canvas, area, &axis, "cost per task (mean)");
        for (i, cell) in cells.iter().enumerate() {
            let y = area.top + ROW / 2 + i as i32 * ROW;
            let look = subject.look(&cell.strategy);
            let end = area.x(&axis, cell.cost.mean).max(area.left + 1);
            canvas.of_strategy(&cell.strategy, |canvas| {
                if look.repaired {
                    let (from, to) = ((area.left, y - 7), (end, y + 7));
                    canvas.rect(from, to, look.colour);
                    if end - area.left > 4 {
                        canvas.rect((from.0 + 2, from.1 + 2), (to.0 - 2, to.1 - 2), crate::palette::PAPER);
                    }
                } else {
                    canvas.rect((area.left, y - 7), (end, y + 7), look.colour);
                }
                if let Some([low, high]) = cell.cost.ci95 {
                    canvas.path(&[(area.x(&axis, low), y), (area.x(&axis, high), y)], INK, 1);
                }
                row_head(canvas, y, &cell.strategy, look);
                canvas.text((area.right + 8, y), &f::number(cell.cost.mean), Anchor::Start);
                if cell.lost > 0 {
                    let words = format!("{} lost", f::rough_share(cell.lost, cell.tasks));
                    canvas.tinted((WIDTH as i32 - 4, y), &words, Anchor::End, VERMILION);
                }
            });
        }
        canvas.line((area.left, area.top), (area.left, area.bottom), INK);
    });
    let columns = vec![
        Column::figures("cost/task"),
        Column::figures("95 % interval"),
        Column::figures("of the baseline’s"),
        Column::figures("best possible ÷ cost"),
    ];
    let baseline = cells.iter().find(|cell| cell.strategy == subject.report.baseline()).map(|cell| cell.cost.mean);
    let n = f::count(cells[0].tasks);
    let mut table = Grid::new(format!("Cost per task, n = {n} tasks per strategy"), "strategy", columns);
    let finding = findings::of_model(subject.report, subject.model);
    table.rows = cells
        .iter()
        .map(|cell| Row {
            head: cell.strategy.clone(),
            best: finding.as_ref().is_some_and(|finding| finding.choice.strategy == cell.strategy),
            baseline: cell.strategy == subject.report.baseline(),
            entries: vec![
                f::number(cell.cost.mean).into(),
                cell.cost.ci95.map_or_else(|| f::UNDEFINED.to_owned(), |ci| f::interval(ci, f::number)).into(),
                baseline.map_or_else(|| f::UNDEFINED.to_owned(), |other| f::part_of_cost(cell.cost.mean, other)).into(),
                cell.efficiency_vs_optimal.map_or_else(|| f::UNDEFINED.to_owned(), efficiency).into(),
            ],
        })
        .collect();
    Some(Picture { title, caption, svg, table })
}

/// The optimum over the cost, as a share; one that is told, and does not ask, has no share of it.
fn efficiency(share: f64) -> String {
    if share > 1.0 { "above".to_owned() } else { format!("{:.0} %", 100.0 * share) }
}
