//! Requests against delay: what a strategy pays and what it gets.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, draw};
use super::frame::{Area, ROW, WIDTH, x_axis, y_axis};
use super::place::{Board, around};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::palette::{Colour, INK, Look, MUTED, VERMILION};
use crate::report::grid::{Column, Entry, Grid, Row};
use crate::strategy::composition::Sharing;
use std::fmt::Write as _;
use std::iter;

/// A cell whose delay is known.
struct Spot<'a> {
    cell: &'a Cell,
    look: Look,
    requests: f64,
    delay_s: f64,
}

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let cells = subject.report.cells(subject.model);
    let spots: Vec<Spot<'_>> = cells.iter().filter_map(|cell| spot(subject, cell)).collect();
    if spots.is_empty() {
        return None;
    }
    let size = (WIDTH, HEIGHT);
    let area = Area { left: 82, top: 16, right: WIDTH as i32 - 16, bottom: HEIGHT as i32 - 48 };
    let (x, y) = (
        Axis::number(spots.iter().flat_map(|s| held(s.requests, s.cell.requests_per_task.ci95, 1.0))),
        Axis::time(spots.iter().flat_map(|s| held(s.delay_s, s.cell.detection_delay_ms.ci95, 1e-3))),
    );
    let title = format!("{}: requests against detection delay", subject.model);
    let floor = floor(subject);
    let loses = spots.iter().any(|spot| spot.cell.lost > 0);
    let mut caption =
        "Down and left is better. The thin line joins the strategies that no other one beats on both. ".to_owned();
    if !floor.is_empty() {
        let has_batches =
            subject.report.scenario.strategies.iter().any(|strategy| matches!(strategy.sharing, Sharing::Batch(_)));
        let who = if has_batches { "asks for one task at a time" } else { "polls" };
        let _ = write!(
            caption,
            "The thick curve is the best possible schedule: without faults and round trips, no strategy that {who} can be \
             below it. "
        );
    }
    if loses {
        caption += "Means are over the tasks that became known: where a strategy loses tasks, its label says how many, and \
                    the mark shows the means of the rest. A strategy that loses more than 1 % is crossed out and is \
                    not on the line. ";
    }
    caption += "Bars through a mark are 95 % intervals.";
    let svg = draw(size, &title, &caption, |canvas| {
        x_axis(canvas, area, &x, "requests per task (mean)");
        y_axis(canvas, area, &y, "detection delay (mean)");
        let at = |s: &Spot<'_>| (area.x(&x, s.requests), area.y(&y, s.delay_s));
        let inside: Vec<Point> = floor
            .iter()
            .filter(|(requests, delay_s)| [x.at(*requests), y.at(*delay_s)].iter().all(|at| 0.0 < *at && *at < 1.0))
            .map(|(requests, delay_s)| (area.x(&x, *requests), area.y(&y, *delay_s)))
            .collect();
        let front = front(&spots, &at);
        canvas.path(&inside, MUTED, 3);
        canvas.path(&front, MUTED, 1);
        let mut board = Board::new(Area { right: WIDTH as i32 - 2, ..area });
        board.take_curve(&inside);
        board.take_curve(&front);
        for spot in &spots {
            canvas.of_strategy(&spot.cell.strategy, |canvas| {
                whiskers(canvas, area, spot, (&x, &y), at(spot));
                canvas.mark(at(spot), spot.look);
                if !loses_little(spot) {
                    crossed_out(canvas, at(spot));
                }
            });
            board.take_mark(at(spot), 8);
            extent(area, spot, (&x, &y), at(spot)).into_iter().for_each(|area| board.take(area));
        }
        if let Some(middle) = inside.get(inside.len() / 2) {
            board.label(canvas, *middle, 3, "best possible schedule", MUTED);
        }
        let mut below: Vec<&Spot<'_>> = Vec::new();
        for spot in &spots {
            canvas.of_strategy(&spot.cell.strategy, |canvas| {
                let (words, colour) = name(spot);
                if !board.label(canvas, at(spot), 8, &words, colour) {
                    below.push(spot);
                }
                canvas.hint(at(spot), &hint(spot));
            });
        }
        // Who has no room beside its mark is named under the chart.
        if !below.is_empty() {
            let y = canvas.grow(ROW) + ROW / 2 - 6;
            canvas.note((area.left, y), "Without room for a name beside the mark:", Anchor::Start);
        }
        for spot in below {
            let y = canvas.grow(ROW) + ROW / 2 - 6;
            canvas.of_strategy(&spot.cell.strategy, |canvas| {
                let (words, colour) = name(spot);
                canvas.mark((area.left + 6, y), spot.look);
                canvas.tinted((area.left + 18, y), &words, Anchor::Start, colour);
            });
        }
    });
    Some(Picture { title, caption, svg, table: table(&cells) })
}

/// Height of the chart.
const HEIGHT: u32 = 420;

/// What an axis has to hold of a figure: itself, and the ends of its interval. Nothing is below zero, whatever an interval says.
fn held(value: f64, ci95: Option<[f64; 2]>, unit: f64) -> impl Iterator<Item = f64> {
    let ends = ci95.map(|ci| ci.map(|end| unit * end)).into_iter().flatten();
    iter::once(value).chain(ends.filter(|end| *end > 0.0))
}

/// The name of a strategy with what it loses, and its colour.
fn name(spot: &Spot<'_>) -> (String, Colour) {
    let name = &spot.cell.strategy;
    match spot.cell.lost {
        0 => (name.clone(), INK),
        lost => (format!("{name}, {} lost", f::rough_share(lost, spot.cell.tasks)), VERMILION),
    }
}

/// A slanted line through a mark.
fn crossed_out(canvas: &mut Canvas, (x, y): Point) {
    canvas.path(&[(x - 7, y + 7), (x + 7, y - 7)], VERMILION, 2);
}

/// What is shown to who points at a mark.
fn hint(spot: &Spot<'_>) -> String {
    let cell = spot.cell;
    format!(
        "{}: {} requests a task, {} from a task’s end to knowing it, {} of {} lost",
        cell.strategy,
        f::number(spot.requests),
        f::duration(1e3 * spot.delay_s),
        f::count(cell.lost),
        f::count(cell.tasks)
    )
}

/// Requests and seconds of delay of the best schedules: a submit, and their polls.
fn floor(subject: &Subject<'_>) -> Vec<(f64, f64)> {
    let at = subject.report.scenario.models.iter().position(|model| model.name == subject.model);
    let floor = at.and_then(|at| subject.report.series.floors.get(at)).map_or(&[][..], Vec::as_slice);
    floor.iter().map(|(polls, delay_s)| (polls + 1.0, *delay_s)).collect()
}

fn spot<'a>(subject: &Subject<'_>, cell: &'a Cell) -> Option<Spot<'a>> {
    let delay_s = cell.detection_delay_ms.mean? / 1e3;
    Some(Spot { cell, look: subject.look(&cell.strategy), requests: cell.requests_per_task.mean, delay_s })
}

/// Whether a strategy loses so few tasks that it can be held against others.
fn loses_little(spot: &Spot<'_>) -> bool {
    spot.cell.lost as f64 <= FEW * spot.cell.tasks as f64
}

/// The share of lost tasks up to which the line goes through a strategy.
const FEW: f64 = 0.01;

/// A step of the front gains at least this share: less is noise, or strategies that count as the same.
const STEP: f64 = 0.01;

/// The strategies that no other one beats on both axes, as a staircase; those that lose tasks beat nobody.
fn front(spots: &[Spot<'_>], at: &impl Fn(&Spot<'_>) -> Point) -> Vec<Point> {
    let mut sorted: Vec<&Spot<'_>> = spots.iter().filter(|spot| loses_little(spot)).collect();
    sorted.sort_by(|a, b| a.requests.total_cmp(&b.requests).then(a.delay_s.total_cmp(&b.delay_s)));
    let mut least = f64::INFINITY;
    let mut path: Vec<Point> = Vec::new();
    for spot in sorted {
        if spot.delay_s < least * (1.0 - STEP) {
            least = spot.delay_s;
            let point = at(spot);
            if let Some(last) = path.last().copied() {
                path.push((point.0, last.1));
            }
            path.push(point);
        }
    }
    path
}

/// The intervals through a mark in pixels: the horizontal and the vertical one.
fn intervals(area: Area, spot: &Spot<'_>, (x, y): (&Axis, &Axis)) -> (Option<[i32; 2]>, Option<[i32; 2]>) {
    let requests = spot.cell.requests_per_task.ci95.map(|ci| ci.map(|n| area.x(x, n)));
    let delay = spot.cell.detection_delay_ms.ci95.map(|ci| ci.map(|ms| area.y(y, ms / 1e3)));
    (requests, delay)
}

fn whiskers(canvas: &mut Canvas, area: Area, spot: &Spot<'_>, axes: (&Axis, &Axis), at: Point) {
    let (requests, delay) = intervals(area, spot, axes);
    if let Some([from, to]) = requests {
        canvas.line((from, at.1), (to, at.1), spot.look.colour);
    }
    if let Some([from, to]) = delay {
        canvas.line((at.0, from), (at.0, to), spot.look.colour);
    }
}

/// What a mark and its intervals cover, as a cross of two areas.
fn extent(area: Area, spot: &Spot<'_>, axes: (&Axis, &Axis), at: Point) -> [Area; 2] {
    let (requests, delay) = intervals(area, spot, axes);
    let (mut flat, mut tall) = (around(at, 8, 8), around(at, 8, 8));
    if let Some([from, to]) = requests {
        (flat.left, flat.right) = (flat.left.min(from), flat.right.max(to));
    }
    if let Some([to, from]) = delay {
        (tall.top, tall.bottom) = (tall.top.min(from), tall.bottom.max(to));
    }
    [flat, tall]
}

fn table(cells: &[&Cell]) -> Grid {
    let columns = vec![
        Column::figures("requests/task"),
        Column::figures("delay mean"),
        Column::figures("lost"),
        Column::figures("known tasks"),
    ];
    let mut grid = Grid::new("Requests and detection delay, ± half of the 95 % interval", "strategy", columns);
    grid.rows = cells
        .iter()
        .map(|cell| {
            let (requests, delay) = (&cell.requests_per_task, &cell.detection_delay_ms);
            Row {
                head: cell.strategy.clone(),
                entries: vec![
                    Entry::with(f::number(requests.mean), f::spread(requests.ci95, f::number)),
                    Entry::with(f::or_undefined(delay.mean, f::duration), f::spread(delay.ci95, f::duration)),
                    f::share_of(cell.lost, cell.tasks).into(),
                    f::count(cell.outcomes.success + cell.outcomes.failed).into(),
                ],
                ..Row::default()
            }
        })
        .collect();
    grid
}
