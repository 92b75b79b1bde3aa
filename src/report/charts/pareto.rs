//! Requests against delay: what a strategy pays and what it gets.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, draw, width_of};
use super::frame::{Area, WIDTH, height_beside_legend, legend, x_axis, y_axis};
use super::palette::{Look, MUTED};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::report::grid::{Column, Entry, Grid, Row};

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
    let size = (WIDTH, height_beside_legend(spots.len()));
    let area = Area { left: 72, top: 14, right: 520, bottom: size.1 as i32 - 46 };
    let (x, y) = (Axis::number(spots.iter().map(|s| s.requests)), Axis::time(spots.iter().map(|s| s.delay_s)));
    let title = format!("{}: requests against detection delay", subject.model);
    let floor = floor(subject);
    let caption = "Down and left is better. The thin line joins the strategies that no other one beats on both; the grey \
                   curve is the floor: without faults and round trips, no polling strategy can be below it. \
                   Bars through a mark are 95 % intervals; most are smaller than the mark. Means over known tasks only: \
                   read it together with the lost tasks.";
    let svg = draw(size, &title, caption, |canvas| {
        x_axis(canvas, area, &x, "requests per task (mean)");
        y_axis(canvas, area, &y, "detection delay (mean)");
        let at = |s: &Spot<'_>| (area.x(&x, s.requests), area.y(&y, s.delay_s));
        let inside: Vec<Point> = floor
            .iter()
            .filter(|(requests, delay_s)| [x.at(*requests), y.at(*delay_s)].iter().all(|at| 0.0 < *at && *at < 1.0))
            .map(|(requests, delay_s)| (area.x(&x, *requests), area.y(&y, *delay_s)))
            .collect();
        canvas.path(&inside, MUTED, 3);
        canvas.path(&front(&spots, &at), MUTED, 1);
        for spot in &spots {
            whiskers(canvas, area, spot, (&x, &y), at(spot));
        }
        for spot in &spots {
            canvas.mark(at(spot), spot.look);
        }
        let named: Vec<_> =
            spots.iter().map(|s| (at(s), extent(area, s, (&x, &y), at(s)), s.cell.strategy.as_str())).collect();
        labels(canvas, area, &named);
        let entries: Vec<_> = spots.iter().map(|s| (s.cell.strategy.as_str(), s.look)).collect();
        legend(canvas, (area.right + 20, area.top + 10), &entries, false);
    });
    Some(Picture { title, caption: caption.to_owned(), svg, table: table(&cells) })
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

/// A step of the front gains at least this share: less is noise, or strategies that count as the same.
const STEP: f64 = 0.01;

/// The strategies that no other one beats on both axes, as a staircase.
fn front(spots: &[Spot<'_>], at: &impl Fn(&Spot<'_>) -> Point) -> Vec<Point> {
    let mut sorted: Vec<&Spot<'_>> = spots.iter().collect();
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

fn whiskers(canvas: &mut Canvas<'_>, area: Area, spot: &Spot<'_>, axes: (&Axis, &Axis), at: Point) {
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

/// Names beside the marks, where there is room; the legend has all of them.
fn labels(canvas: &mut Canvas<'_>, area: Area, marks: &[(Point, [Area; 2], &str)]) {
    const HALF: i32 = 8;
    let mut taken: Vec<Area> = marks.iter().flat_map(|(_, extent, _)| *extent).collect();
    for ((x, y), [flat, tall], name) in marks {
        let half = width_of(name) / 2;
        let right = around((flat.right + 3 + half, *y), half, HALF);
        let left = around((flat.left - 3 - half, *y), half, HALF);
        let above = around((*x, tall.top - 9), half, HALF);
        let below = around((*x, tall.bottom + 9), half, HALF);
        let fits = |place: &Area| {
            area.contains((place.left, place.top))
                && area.contains((place.right, place.bottom))
                && !taken.iter().any(|other| overlap(place, other))
        };
        if let Some(place) = [right, left, above, below].into_iter().find(fits) {
            canvas.note(((place.left + place.right) / 2, (place.top + place.bottom) / 2), name, Anchor::Middle);
            taken.push(place);
        }
    }
}

fn around((x, y): Point, dx: i32, dy: i32) -> Area {
    Area { left: x - dx, top: y - dy, right: x + dx, bottom: y + dy }
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

fn table(cells: &[&Cell]) -> Grid {
    let columns = vec![Column::figures("requests/task"), Column::figures("delay mean"), Column::figures("known tasks")];
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
                    f::count(cell.outcomes.success + cell.outcomes.failed).into(),
                ],
                ..Row::default()
            }
        })
        .collect();
    grid
}
