//! A few tasks poll by poll: the same tasks under every strategy.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, draw};
use super::frame::{Area, NAMES, WIDTH, band_kinds, bands, row_head, x_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::measure::series::{PollMark, SampledTask};
use crate::palette::{GREEN, GREY, INK, SKY, VERMILION};
use crate::report::grid::{Column, Grid, Row};

/// Height of one task's line, and the air between strategies.
const LINE: i32 = 16;
const AIR: i32 = 8;
/// Most tasks of a strategy, and the size in bytes above which there are fewer.
const TASKS: usize = 3;
const BUDGET: usize = 40_000;

/// One strategy's tasks.
struct Group<'a> {
    cell: &'a Cell,
    tasks: &'a [SampledTask],
}

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let curves = subject.report.curves(subject.model).into_iter();
    let groups: Vec<Group<'_>> = curves
        .map(|(cell, series)| Group { cell, tasks: &series.sample })
        .filter(|group| !group.tasks.is_empty())
        .collect();
    if groups.is_empty() {
        return None;
    }
    let title = format!("{}: the same tasks, poll by poll", subject.model);
    let caption = caption(subject);
    let picture = |tasks: usize| draw_groups(subject, &groups, tasks, &title, &caption);
    let fewer = (1..TASKS).rev().map(picture);
    let mut svg = picture(TASKS);
    for smaller in fewer {
        if svg.len() <= BUDGET {
            break;
        }
        svg = smaller;
    }
    Some(Picture { title, caption, svg, table: table(&groups) })
}

/// With fault bands time is that of the replicate, which the bands share; without, each task's own.
fn is_absolute(subject: &Subject<'_>) -> bool {
    !subject.report.series.bands.is_empty()
}

fn caption(subject: &Subject<'_>) -> String {
    let mut caption = "Each line is one wait, the same tasks in the same order under every strategy. Ticks are polls that said \
                       unfinished, × polls that told nothing, dots polls that revealed the end. The diamond is the task’s \
                       end, the line’s end the client’s: a bar where it knew, a hook where it gave up or failed. A line \
                       that runs to the right edge without either hangs."
        .to_owned();
    if subject.report.curves(subject.model).iter().any(|(_, series)| series.sample.iter().any(|task| task.struck)) {
        caption += " Tasks that a fault struck under most strategies alternate with tasks that no fault struck.";
    }
    if is_absolute(subject) {
        caption += &format!(" Shaded: a fault was active ({}).", band_kinds(subject));
    }
    caption
}

fn draw_groups(subject: &Subject<'_>, groups: &[Group<'_>], tasks: usize, title: &str, caption: &str) -> String {
    let absolute = is_absolute(subject);
    let shown = |group: &Group<'_>| group.tasks.len().min(tasks);
    let lines: usize = groups.iter().map(shown).sum();
    let size = (WIDTH, (lines as i32 * LINE + groups.len() as i32 * AIR + 80) as u32);
    let area = Area { left: NAMES + 4, top: 30, right: WIDTH as i32 - 16, bottom: size.1 as i32 - 46 };
    let all = || groups.iter().flat_map(|group| &group.tasks[..shown(group)]);
    let origin = |task: &SampledTask| if absolute { 0.0 } else { task.submitted };
    let low = if absolute { all().map(|task| task.submitted).fold(f64::INFINITY, f64::min) } else { 0.0 };
    let high = all().map(|task| last_instant(task) - origin(task)).fold(low, f64::max);
    let axis = Axis::clock(low, low + (high - low) * 1.02);
    draw(size, title, caption, |canvas| {
        if absolute {
            bands(canvas, subject, area, &axis, (low, high));
        }
        let words = if absolute { "time since the start of the replicate" } else { "time since the task’s submit" };
        x_axis(canvas, area, &axis, words);
        key(canvas);
        let mut y = area.top + AIR / 2 + LINE / 2;
        for group in groups {
            let shown = shown(group);
            let middle = y + (shown as i32 - 1) * LINE / 2;
            canvas.of_strategy(&group.cell.strategy, |canvas| {
                row_head(canvas, middle, &group.cell.strategy, subject.look(&group.cell.strategy));
                for task in &group.tasks[..shown] {
                    let zero = origin(task);
                    wait(canvas, task, y, |t| area.x(&axis, t - zero), area);
                    y += LINE;
                }
            });
            y += AIR;
        }
    })
}

fn last_instant(task: &SampledTask) -> f64 {
    let last_poll = task.polls.last().map_or(task.wait_start, |(t, _)| *t);
    [task.done, task.settled].into_iter().flatten().fold(last_poll, f64::max)
}

/// What the marks mean, above the lines.
fn key(canvas: &mut Canvas) {
    let y = 14;
    let mut x = 24;
    let mut entry = |canvas: &mut Canvas, words: &str, mark: &dyn Fn(&mut Canvas, Point)| {
        mark(canvas, (x + 4, y));
        canvas.note((x + 14, y), words, Anchor::Start);
        x += super::canvas::width_of(words) + 30;
    };
    entry(canvas, "unfinished", &|canvas, (x, y)| canvas.path(&[(x, y - 5), (x, y + 4)], GREY, 1));
    entry(canvas, "told nothing", &|canvas, at| canvas.cross(at, VERMILION));
    entry(canvas, "revealed the end", &|canvas, at| canvas.dot(at, 4, GREEN));
    entry(canvas, "task ended", &diamond);
    entry(canvas, "wait ended", &|canvas, (x, y)| canvas.path(&[(x, y - 5), (x, y + 5)], INK, 2));
}

fn diamond(canvas: &mut Canvas, (x, y): Point) {
    canvas.polygon(&[(x, y - 4), (x + 4, y), (x, y + 4), (x - 4, y)], SKY, 1.0);
}

/// One wait.
fn wait(canvas: &mut Canvas, task: &SampledTask, y: i32, x: impl Fn(f64) -> i32, area: Area) {
    let start = x(task.wait_start);
    let end = task.settled.map_or(area.right, &x);
    // Polls that said unfinished are teeth on the wait's own line: one path instead of an element each.
    let mut comb: Vec<Point> = vec![(start, y + 3)];
    let mut last = i32::MIN;
    for (t, _) in task.polls.iter().filter(|(_, mark)| *mark == PollMark::Wasted) {
        let at = x(*t);
        if at >= last.saturating_add(2) {
            comb.extend([(at, y + 3), (at, y - 4), (at, y + 3)]);
            last = at;
        }
    }
    comb.push((end, y + 3));
    canvas.path(&comb, GREY, 1);
    if let Some(done) = task.done {
        diamond(canvas, (x(done), y + 3));
    }
    match task.settled {
        Some(_) if task.known => canvas.path(&[(end, y - 5), (end, y + 6)], INK, 2),
        Some(_) => canvas.path(&[(end + 5, y - 4), (end, y - 4), (end, y + 6), (end + 5, y + 6)], VERMILION, 2),
        None => {}
    }
    let mut last_failed = i32::MIN;
    for (t, mark) in &task.polls {
        let at = x(*t);
        match mark {
            PollMark::Wasted => {}
            PollMark::Useful => canvas.dot((at, y - 1), 4, GREEN),
            PollMark::Failed if at >= last_failed.saturating_add(5) => {
                canvas.cross((at, y - 1), VERMILION);
                last_failed = at;
            }
            PollMark::Failed => {}
        }
    }
}

fn table(groups: &[Group<'_>]) -> Grid {
    let columns = vec![
        Column::figures("tasks drawn from"),
        Column::figures("useful"),
        Column::figures("wasted"),
        Column::figures("failed"),
    ];
    let mut grid = Grid::new("What all polls were good for", "strategy", columns);
    grid.rows = groups
        .iter()
        .map(|group| {
            let polls = &group.cell.polls;
            Row {
                head: group.cell.strategy.clone(),
                entries: vec![
                    f::count(group.cell.tasks).into(),
                    f::count(polls.useful).into(),
                    f::count(polls.wasted).into(),
                    f::count(polls.failed).into(),
                ],
                ..Row::default()
            }
        })
        .collect();
    grid
}
