//! Charts of the tuner: the surface of the cost of two settings, what families trade, and a law beside what it was fitted
//! to.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, draw};
use super::frame::{Area, WIDTH, legend, x_axis, y_axis};
use super::palette::{BLUE, GREEN, INK, Look, MUTED, ORANGE, PURPLE, SKY, Shape, VERMILION, YELLOW};
use crate::fit::Fit;
use crate::tune::family::Family;
use crate::tune::{Goal, Tuned, trade_off};
use plotters::style::RGBColor;

const HEIGHT: u32 = 420;
/// Cells of the heat map along each side.
const CELLS: usize = 48;
/// Costs relative to the least, and the colours of what lies below them.
const SHADES: [(f64, &str, RGBColor); 6] = [
    (1.01, "to 1 %", RGBColor(0x08, 0x45, 0x94)),
    (1.05, "to 5 %", RGBColor(0x21, 0x71, 0xB5)),
    (1.15, "to 15 %", RGBColor(0x42, 0x92, 0xC6)),
    (1.5, "to 50 %", RGBColor(0x9E, 0xCA, 0xE1)),
    (2.0, "to 100 %", RGBColor(0xC6, 0xDB, 0xEF)),
    (f64::INFINITY, "more", RGBColor(0xF2, 0xF6, 0xFA)),
];
/// Weights of the Pareto chart, relative to the goal's own.
const RATIOS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// All charts: names of files, and pictures.
#[must_use]
pub fn all(model: &str, goal: &Goal<'_>, tuned: &Tuned, observed: Option<&Fit>) -> Vec<(String, String)> {
    let mut charts = vec![("tune-pareto.svg".to_owned(), pareto(model, goal, tuned))];
    charts.extend(surface(model, goal, tuned).map(|svg| ("tune-surface.svg".to_owned(), svg)));
    charts.extend(observed.map(|fit| ("tune-fit.svg".to_owned(), fitted(model, fit))));
    charts
}

/// Cost by first wait and interval.
fn surface(model: &str, goal: &Goal<'_>, tuned: &Tuned) -> Option<String> {
    let best = tuned.family(Family::Adaptive)?;
    let (initial, interval) = (best.parameter("initial")?, best.parameter("interval")?);
    let initials: Vec<f64> = (0..=CELLS).map(|at| 2.0 * initial * at as f64 / CELLS as f64).collect();
    let intervals: Vec<f64> =
        (0..=CELLS).map(|at| interval * 2.0_f64.powf(6.0 * at as f64 / CELLS as f64 - 3.0)).collect();
    let enough = goal.law.end(1e-9);
    let title = format!("{model}: cost of a first wait and an interval");
    let caption = "Darker is cheaper: cost above that of the best pair of this family, which the cross marks.";
    let area = Area { left: 72, top: 14, right: 560, bottom: HEIGHT as i32 - 50 };
    let (x, y) = (Axis::clock(0.0, 2e-6 * initial), Axis::time(intervals.iter().map(|us| us / 1e6)));
    let at = |initial: f64, interval: f64| (area.x(&x, initial / 1e6), area.y(&y, interval / 1e6));
    Some(draw((WIDTH, HEIGHT), &title, caption, |canvas| {
        for column in initials.windows(2) {
            for row in intervals.windows(2) {
                let middle = [column[0].midpoint(column[1]).max(1e3), (row[0] * row[1]).sqrt()];
                let checks = Family::Adaptive.checks(&middle, goal.deadline, enough);
                let relative = goal.expected(&checks, &tuned.sketch).cost(&goal.weights) / best.cost;
                let shade = SHADES.iter().find(|(upto, ..)| relative <= *upto);
                if let Some((.., colour)) = shade {
                    canvas.rect(at(column[0], row[1]), at(column[1], row[0]), *colour);
                }
            }
        }
        x_axis(canvas, area, &x, "first wait");
        y_axis(canvas, area, &y, "interval");
        canvas.cross(at(initial, interval), VERMILION);
        canvas.note((area.right + 16, area.top + 8), "above the best", Anchor::Start);
        for (row, (_, name, colour)) in SHADES.iter().enumerate() {
            let top = area.top + 20 + 22 * row as i32;
            canvas.rect((area.right + 16, top), (area.right + 34, top + 16), *colour);
            canvas.note((area.right + 42, top + 8), name, Anchor::Start);
        }
    }))
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
fn pareto(model: &str, goal: &Goal<'_>, tuned: &Tuned) -> String {
    let curves = trade_off(goal, &tuned.sketch, &RATIOS);
    let guide: Vec<(&str, f64, f64)> = tuned
        .documented
        .iter()
        .filter(|(name, _)| matches!(*name, "basic" | "adaptive" | "exponential"))
        .filter_map(|(name, row)| Some((*name, row.polls, row.delay_mean? / 1e6)))
        .collect();
    let points = || curves.iter().flat_map(|(_, points)| points.iter().map(|(polls, us)| (*polls, us / 1e6)));
    let x = Axis::number(points().map(|(polls, _)| polls).chain(guide.iter().map(|(_, polls, _)| *polls)));
    let y = Axis::time(points().map(|(_, delay)| delay).chain(guide.iter().map(|(.., delay)| *delay)));
    let area = Area { left: 72, top: 14, right: 540, bottom: HEIGHT as i32 - 50 };
    let title = format!("{model}: polls against detection delay");
    let caption = "Each family at its best for a poll that costs from a tenth to eight times as much as it does. Down \
                   and left is better; no schedule is below the curve of the optimum. Crosses are the guide's settings.";
    draw((WIDTH, HEIGHT), &title, caption, |canvas| {
        x_axis(canvas, area, &x, "polls per task (mean)");
        y_axis(canvas, area, &y, "detection delay (mean)");
        let at = |polls: f64, delay: f64| -> Point { (area.x(&x, polls), area.y(&y, delay)) };
        for (family, points) in &curves {
            let points: Vec<Point> = points.iter().map(|(polls, us)| at(*polls, us / 1e6)).collect();
            let look = look(*family);
            canvas.path(&points, look.colour, if *family == Family::Optimal { 3 } else { 1 });
            if *family != Family::Optimal {
                points.iter().for_each(|point| canvas.mark(*point, look));
            }
        }
        for (name, polls, delay) in &guide {
            let (x, y) = at(*polls, *delay);
            canvas.cross((x, y), VERMILION);
            canvas.note(
                (x + 9, y - 9),
                &format!("guide: {name}"),
                if x > area.right - 120 { Anchor::End } else { Anchor::Start },
            );
        }
        let entries: Vec<_> = curves.iter().map(|(family, _)| (family.name(), look(*family))).collect();
        legend(canvas, (area.right + 20, area.top + 10), &entries, false);
    })
}

/// Distribution functions of the observations and of the law.
fn fitted(model: &str, fit: &Fit) -> String {
    let known = fit.steps();
    let (first, last) = (known.first().map_or(1.0, |step| step.1), known.last().map_or(1.0, |step| step.1));
    let (low, high) = (fit.blend.quantile(0.001).max(1.0), fit.blend.quantile(0.999));
    let x = Axis::time([low.min(first) / 1e6, high.max(last) / 1e6].into_iter());
    let y = Axis::share();
    let area = Area { left: 72, top: 14, right: 540, bottom: HEIGHT as i32 - 50 };
    let title = format!("{model}: observed times and the fitted law");
    let caption = "Steps: the share of all tasks that took at most so long, by the estimate of Kaplan and Meier (Turnbull \
                   where times are known between bounds), in which unfinished tasks count. Smooth: the law that \
                   settings are tuned for. Where they part, the law is wrong, or the observations are few.";
    draw((WIDTH, HEIGHT), &title, caption, |canvas| {
        x_axis(canvas, area, &x, "time from creation to end");
        y_axis(canvas, area, &y, "share of tasks");
        steps(canvas, area, (&x, &y), &known);
        let ratio = high / low;
        let law: Vec<Point> = (0..=160)
            .map(|at| low * ratio.powf(f64::from(at) / 160.0))
            .map(|us| (area.x(&x, us / 1e6), area.y(&y, fit.blend.cdf(us))))
            .collect();
        canvas.path(&law, VERMILION, 2);
        let top = area.top + 20;
        for (row, (colour, name)) in [(MUTED, "observed"), (VERMILION, "fitted")].into_iter().enumerate() {
            let y = top + 22 * row as i32;
            canvas.path(&[(area.right + 16, y), (area.right + 40, y)], colour, 2);
            canvas.note((area.right + 48, y), name, Anchor::Start);
        }
    })
}

/// The estimated distribution function, at most a few hundred steps of it. Between bounds it is drawn as a slope.
fn steps(canvas: &mut Canvas<'_>, area: Area, (x, y): (&Axis, &Axis), known: &[(f64, f64, f64)]) {
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
