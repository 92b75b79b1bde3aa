//! Charts of the tuner: the surface of the cost of two settings, what families trade, and a distribution beside what it was fitted
//! to.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, draw};
use super::frame::{Area, ENDS, WIDTH, end_labels, x_axis, y_axis};
use super::place::Board;
use crate::figures as f;
use crate::fit::Fit;
use crate::palette::{BLUE, Colour, GREEN, INK, Look, MUTED, ORANGE, PURPLE, SKY, Shape, VERMILION, YELLOW};
use crate::tune::family::Family;
use crate::tune::{Goal, Tuned, trade_off};

const HEIGHT: u32 = 420;
/// Cells of the heat map along each side.
const CELLS: usize = 48;
/// Costs relative to the least, and the colours of what lies below them.
const SHADES: [(f64, &str, Colour); 6] = [
    (1.01, "to 1 %", Colour(0x08, 0x45, 0x94)),
    (1.05, "to 5 %", Colour(0x21, 0x71, 0xB5)),
    (1.15, "to 15 %", Colour(0x42, 0x92, 0xC6)),
    (1.5, "to 50 %", Colour(0x9E, 0xCA, 0xE1)),
    (2.0, "to 100 %", Colour(0xC6, 0xDB, 0xEF)),
    (f64::INFINITY, "more", Colour(0xF2, 0xF6, 0xFA)),
];
/// Weights of the Pareto chart, relative to the goal's own.
const RATIOS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// A picture of what the tuner found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TuningChart {
    /// Name of its file without ending.
    pub file_stem: &'static str,
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: &'static str,
    /// The picture: a whole document, for light backgrounds.
    pub svg: String,
}

/// All charts.
#[must_use]
pub fn all(model: &str, goal: &Goal<'_>, tuned: &Tuned, observed: Option<&Fit>) -> Vec<TuningChart> {
    let mut charts = vec![pareto(model, goal, tuned)];
    charts.extend(surface(model, goal, tuned));
    charts.extend(observed.map(|fit| fitted(model, fit)));
    charts
}

/// Cost by first wait and interval.
fn surface(model: &str, goal: &Goal<'_>, tuned: &Tuned) -> Option<TuningChart> {
    let best = tuned.family(Family::Adaptive)?;
    let (initial, interval) = (best.parameter("initial")?, best.parameter("interval")?);
    let initials: Vec<f64> = (0..=CELLS).map(|at| 2.0 * initial * at as f64 / CELLS as f64).collect();
    let intervals: Vec<f64> =
        (0..=CELLS).map(|at| interval * 2.0_f64.powf(6.0 * at as f64 / CELLS as f64 - 3.0)).collect();
    let enough = goal.done_time.end(1e-9);
    let title = format!("{model}: cost of a first wait and an interval");
    let caption = "Darker is cheaper: cost above that of the best pair of this family, which the ring marks.";
    let area = Area { left: 82, top: 16, right: 570, bottom: HEIGHT as i32 - 50 };
    let (x, y) = (Axis::clock(0.0, 2e-6 * initial), Axis::time(intervals.iter().map(|us| us / 1e6)));
    let at = |initial: f64, interval: f64| (area.x(&x, initial / 1e6), area.y(&y, interval / 1e6));
    let svg = draw((WIDTH, HEIGHT), &title, caption, |canvas| {
        x_axis(canvas, area, &x, "first wait");
        y_axis(canvas, area, &y, "interval");
        for column in initials.windows(2) {
            for row in intervals.windows(2) {
                let middle = [column[0].midpoint(column[1]).max(1e3), (row[0] * row[1]).sqrt()];
                let checks = Family::Adaptive.checks(&middle, goal.deadline, enough);
                let relative = goal.expected(&checks, &tuned.sketch).cost(&goal.weights) / best.cost;
                let shade = SHADES.iter().find(|(upto, ..)| relative <= *upto);
                if let Some((.., colour)) = shade {
                    // One more pixel each way, for the next one to cover: nothing shows between them.
                    let (right, bottom) = at(column[1], row[0]);
                    canvas.rect(at(column[0], row[1]), (right + 1, bottom + 1), *colour);
                }
            }
        }
        let best = at(initial, interval);
        canvas.ring(best, VERMILION);
        let words = format!("first wait {}, then every {}", f::duration(initial / 1e3), f::duration(interval / 1e3));
        canvas.hint(best, &words);
        canvas.note((area.right + 16, area.top + 8), "above the best", Anchor::Start);
        for (row, (_, name, colour)) in SHADES.iter().enumerate() {
            let top = area.top + 20 + 22 * row as i32;
            canvas.rect((area.right + 16, top), (area.right + 34, top + 16), *colour);
            canvas.note((area.right + 42, top + 8), name, Anchor::Start);
        }
    });
    Some(TuningChart { file_stem: "tune-surface", title, caption, svg })
}

fn look(family: Family) -> Look {
    let (colour, shape) = match family {
        Family::Fixed => (ORANGE, Shape::Square),
        Family::Adaptive => (BLUE, Shape::Circle),
        Family::AdaptiveGeometric => (SKY, Shape::Diamond),
        Family::ExponentialDelayed => (GREEN, Shape::Up),
        Family::Exponential => (PURPLE, Shape::Down),
        Family::Quantile => (YELLOW, Shape::Circle),
        Family::Optimal => (INK, Shape::Plus),
    };
    Look { colour, shape, repaired: false }
}

/// Polls and delay of each family at its best for several weights.
fn pareto(model: &str, goal: &Goal<'_>, tuned: &Tuned) -> TuningChart {
    let curves = trade_off(goal, &tuned.sketch, &RATIOS);
    let guide: Vec<(&str, f64, f64, f64)> = tuned
        .documented
        .iter()
        .filter(|(name, _)| matches!(*name, "basic" | "adaptive" | "exponential"))
        .filter_map(|(name, row)| Some((*name, row.polls, row.delay_mean? / 1e6, row.timeout)))
        .collect();
    let best = tuned.recommended();
    let best = best.delay_mean.map(|us| (best.polls, us / 1e6));
    let known =
        || curves.iter().flat_map(|(_, points)| points.iter().map(|(polls, us)| (*polls, us / 1e6))).chain(best);
    let x = Axis::number(known().map(|(polls, _)| polls).chain(guide.iter().map(|(_, polls, ..)| *polls)));
    let y = Axis::time(known().map(|(_, delay)| delay).chain(guide.iter().map(|(_, _, delay, _)| *delay)));
    let area = Area { left: 82, top: 16, right: WIDTH as i32 - ENDS, bottom: HEIGHT as i32 - 48 };
    let title = format!("{model}: polls against detection delay");
    let caption = "Each family at its best for a poll that costs from a tenth to eight times as much as it does. Down \
                   and left is better; the thick curve is the best possible schedule. The ring is the recommendation, crosses \
                   are the guide's settings, with the share of tasks that they give up on.";
    let svg = draw((WIDTH, HEIGHT), &title, caption, |canvas| {
        x_axis(canvas, area, &x, "polls per task (mean)");
        y_axis(canvas, area, &y, "detection delay (mean)");
        let at = |polls: f64, delay: f64| -> Point { (area.x(&x, polls), area.y(&y, delay)) };
        let mut board = Board::new(area);
        let mut ends: Vec<(&str, Look, Point)> = Vec::new();
        for (family, points) in &curves {
            let look = look(*family);
            let is_floor = *family == Family::Optimal;
            let name = if is_floor { "best possible" } else { family.name() };
            canvas.of_strategy(name, |canvas| {
                let places: Vec<Point> = points.iter().map(|(polls, us)| at(*polls, us / 1e6)).collect();
                canvas.path(&places, look.colour, if is_floor { 3 } else { 1 });
                board.take_curve(&places);
                for ((polls, us), place) in points.iter().zip(&places) {
                    if !is_floor {
                        canvas.mark(*place, look);
                        board.take_mark(*place, 8);
                    }
                    let words = format!("{name}: {} polls, delay {}", f::number(*polls), f::duration(us / 1e3));
                    canvas.hint(*place, &words);
                }
                ends.extend(places.iter().max_by_key(|(x, _)| *x).map(|end| (name, look, *end)));
            });
        }
        for (_, polls, delay, _) in &guide {
            canvas.cross(at(*polls, *delay), VERMILION);
            board.take_mark(at(*polls, *delay), 8);
        }
        if let Some((polls, delay)) = best {
            canvas.ring(at(polls, delay), INK);
            board.take_mark(at(polls, delay), 11);
            board.label(canvas, at(polls, delay), 11, "recommended", INK);
        }
        for leader in end_labels(canvas, area, &ends) {
            board.take_curve(&leader);
        }
        for (name, polls, delay, timeout) in &guide {
            let lost = if *timeout < 0.005 { String::new() } else { format!(", {:.0} % given up", 100.0 * timeout) };
            board.label(canvas, at(*polls, *delay), 8, &format!("guide: {name}{lost}"), VERMILION);
        }
    });
    TuningChart { file_stem: "tune-pareto", title, caption, svg }
}

/// Distribution functions of the observations and of the distribution.
fn fitted(model: &str, fit: &Fit) -> TuningChart {
    let known = fit.steps();
    let (first, last) = (known.first().map_or(1.0, |step| step.1), known.last().map_or(1.0, |step| step.1));
    let (low, high) = (fit.blend.quantile(0.001).max(1.0), fit.blend.quantile(0.999));
    let x = Axis::time([low.min(first) / 1e6, high.max(last) / 1e6].into_iter());
    let y = Axis::share();
    let area = Area { left: 82, top: 16, right: WIDTH as i32 - ENDS, bottom: HEIGHT as i32 - 48 };
    let title = format!("{model}: observed times and the fitted distribution");
    let caption = "Steps: the share of all tasks that took at most so long, by the estimate of Kaplan and Meier (Turnbull \
                   where times are known between bounds), in which unfinished tasks count. Smooth: the distribution that \
                   settings are tuned for. Where they differ, the fit is wrong or there are few observations.";
    let svg = draw((WIDTH, HEIGHT), &title, caption, |canvas| {
        x_axis(canvas, area, &x, "time from creation to end");
        y_axis(canvas, area, &y, "share of tasks");
        steps(canvas, area, (&x, &y), &known);
        let ratio = high / low;
        let smooth: Vec<Point> = (0..=160)
            .map(|at| low * ratio.powf(f64::from(at) / 160.0))
            .map(|us| (area.x(&x, us / 1e6), area.y(&y, fit.blend.cdf(us))))
            .collect();
        canvas.path(&smooth, VERMILION, 2);
        for (words, colour, top) in [("observed", MUTED, 10), ("fitted", VERMILION, 32)] {
            canvas.path(&[(area.right + 16, area.top + top), (area.right + 40, area.top + top)], colour, 2);
            canvas.note((area.right + 48, area.top + top), words, Anchor::Start);
        }
    });
    TuningChart { file_stem: "tune-fit", title, caption, svg }
}

/// The estimated distribution function, at most a few hundred steps of it. Between bounds it is drawn as a slope.
fn steps(canvas: &mut Canvas, area: Area, (x, y): (&Axis, &Axis), known: &[(f64, f64, f64)]) {
    let every = known.len().div_ceil(300).max(1);
    let mut before = 0.0;
    let mut path: Vec<Point> = Vec::new();
    for (number, (low, high, upto)) in known.iter().enumerate() {
        if number % every == 0 || number + 1 == known.len() {
            let at = |us: f64, share: f64| (area.x(x, us.max(1.0) / 1e6), area.y(y, share));
            path.extend([at(*low, before), at(*high, *upto)]);
            before = *upto;
        }
    }
    canvas.path(&path, MUTED, 2);
}
