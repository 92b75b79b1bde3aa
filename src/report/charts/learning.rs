//! What a strategy that learns still loses against the best schedule, by how much it has seen.

use super::axis::Axis;
use super::canvas::draw;
use super::frame::{Area, WIDTH, end_labels, height_of_curves, room_for_ends, x_axis, y_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::report::grid::{Column, Grid, Row};

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let mut cells = subject.report.cells(subject.model);
    cells.retain(|cell| !cell.learning_curve.is_empty());
    let points = || cells.iter().flat_map(|cell| &cell.learning_curve);
    points().next()?;
    let size = (WIDTH, height_of_curves(cells.len()));
    let right = WIDTH as i32 - room_for_ends(cells.iter().map(|cell| cell.strategy.as_str()));
    let area = Area { left: 72, top: 14, right, bottom: size.1 as i32 - 46 };
    let x = Axis::number(points().map(|point| point.after as f64));
    let y = Axis::number(points().flat_map(|point| [0.0, 100.0 * point.excess.mean, 100.0 * point.excess.p90]));
    let title = format!("{}: cost above the optimum while learning", subject.model);
    let caption = "Exact expected cost of the plan in force over the least possible, in a world without faults and round \
                   trips. Solid: mean over replicates; the mark above: nine replicates in ten are below.";
    let svg = draw(size, &title, caption, |canvas| {
        x_axis(canvas, area, &x, "finished tasks seen");
        y_axis(canvas, area, &y, "cost above the optimum in %");
        let at = |after: u64, excess: f64| (area.x(&x, after as f64), area.y(&y, 100.0 * excess));
        for cell in &cells {
            let look = subject.look(&cell.strategy);
            canvas.of_strategy(&cell.strategy, |canvas| {
                let means: Vec<_> = cell.learning_curve.iter().map(|p| at(p.after, p.excess.mean)).collect();
                canvas.curve(&means, look);
                for point in &cell.learning_curve {
                    let words = format!(
                        "{} after {} tasks: {:.1} % above the optimum, nine in ten below {:.1} %",
                        cell.strategy,
                        f::count(point.after),
                        100.0 * point.excess.mean,
                        100.0 * point.excess.p90
                    );
                    canvas.mark(at(point.after, point.excess.p90), look);
                    canvas.hint(at(point.after, point.excess.p90), &words);
                }
            });
        }
        let end = |cell: &&crate::measure::results::Cell| {
            let last = cell.learning_curve.last().map_or((area.right, area.bottom), |p| at(p.after, p.excess.mean));
            (subject.look(&cell.strategy), last)
        };
        let ends: Vec<_> = cells.iter().map(|cell| (cell.strategy.as_str(), end(cell).0, end(cell).1)).collect();
        end_labels(canvas, area, &ends);
    });
    let columns = vec![Column::figures("mean"), Column::figures("9 in 10 below"), Column::figures("replicates")];
    let mut table = Grid::new("Cost above the optimum, by finished tasks seen", "strategy, tasks seen", columns);
    for cell in &cells {
        table.rows.extend(cell.learning_curve.iter().map(|point| Row {
            head: format!("{}, {}", cell.strategy, f::count(point.after)),
            entries: vec![
                format!("{:.1} %", 100.0 * point.excess.mean).into(),
                format!("{:.1} %", 100.0 * point.excess.p90).into(),
                f::count(point.excess.n).into(),
            ],
            ..Row::default()
        }));
    }
    Some(Picture { title, caption: caption.to_owned(), svg, table })
}
