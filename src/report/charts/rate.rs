//! Requests per second over time, a strip for each strategy.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Point, draw};
use super::frame::{Area, NAMES, WIDTH, band_kinds, bands, row_head, x_axis};
use super::{Picture, Subject};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::measure::series::CellSeries;
use crate::report::grid::{Column, Grid, Row};

/// Height of a strip, and the air above it.
const STRIP: i32 = 30;
const AIR: i32 = 8;
/// Most steps of a strip; neighbours are averaged.
const STEPS: usize = 150;

/// The picture ends where no rate is above this share of the highest any more.
const QUIET: f64 = 0.005;

/// When the last rate above a level ends, in seconds.
fn busy_until(series: &CellSeries, level: f64) -> f64 {
    let last = series.rate.iter().rposition(|rate| *rate > level);
    last.map_or(0.0, |last| (last + 1) as f64 * series.rate_step_s)
}

pub(super) fn paint(subject: &Subject<'_>) -> Option<Picture> {
    let mut curves = subject.report.curves(subject.model);
    curves.retain(|(_, series)| !series.rate.is_empty() && series.rate_step_s > 0.0);
    let busiest = curves.iter().flat_map(|(_, series)| &series.rate).copied().fold(0.0, f64::max);
    let end = curves.iter().map(|(_, series)| busy_until(series, QUIET * busiest)).max_by(f64::total_cmp)?;
    let strips: Vec<(&Cell, Vec<f64>, f64)> = curves.iter().map(|(cell, series)| thinned(cell, series, end)).collect();
    let most = strips.iter().flat_map(|(_, rates, _)| rates).copied().fold(0.0, f64::max).max(1e-9);
    let size = (WIDTH, strips.len() as u32 * (STRIP + AIR) as u32 + 76);
    let area = Area { left: NAMES, top: 26, right: WIDTH as i32 - 100, bottom: size.1 as i32 - 46 };
    let axis = Axis::clock(0.0, end.max(1e-3));
    let title = format!("{}: requests per second over time", subject.model);
    let mut caption = format!(
        "Mean over replicates since the first submit; every strip is as high as {} requests/s. At the right: the most in \
         any one second of any replicate. The picture ends when hardly a request is sent any more.",
        f::number(most)
    );
    if !subject.report.series.bands.is_empty() {
        caption += &format!(" Shaded: a fault was active in the first replicate ({}).", band_kinds(subject));
    }
    let svg = draw(size, &title, &caption, |canvas| {
        bands(canvas, subject, area, &axis, (0.0, end));
        x_axis(canvas, area, &axis, "time since the first submit");
        canvas.note((WIDTH as i32 - 94, 12), "peak req/s", Anchor::Start);
        canvas.note((area.left, 12), &format!("strip height: {} requests/s", f::number(most)), Anchor::Start);
        for (i, (cell, rates, step)) in strips.iter().enumerate() {
            let base = area.top + (i as i32 + 1) * (STRIP + AIR) - 2;
            canvas.of_strategy(&cell.strategy, |canvas| {
                strip(canvas, rates, *step, (area, base), &axis, most, subject.look(&cell.strategy));
                row_head(canvas, base - STRIP / 2, &cell.strategy, subject.look(&cell.strategy));
                let peak = f::count(cell.peak_requests_per_s);
                canvas.text((WIDTH as i32 - 94, base - STRIP / 2), &peak, Anchor::Start);
            });
        }
    });
    Some(Picture { title, caption, svg, table: table(subject, &strips) })
}

/// At most [`STEPS`] rates until `end`, and the length of a step in seconds.
fn thinned<'a>(cell: &'a Cell, series: &CellSeries, end: f64) -> (&'a Cell, Vec<f64>, f64) {
    let shown = (end / series.rate_step_s).ceil() as usize;
    let rates = &series.rate[..shown.min(series.rate.len())];
    let group = rates.len().div_ceil(STEPS).max(1);
    let mean = |rates: &[f64]| rates.iter().sum::<f64>() / rates.len() as f64;
    (cell, rates.chunks(group).map(mean).collect(), series.rate_step_s * group as f64)
}

fn strip(
    canvas: &mut Canvas,
    rates: &[f64],
    step: f64,
    (area, base): (Area, i32),
    axis: &Axis,
    most: f64,
    look: super::Look,
) {
    let mut points: Vec<Point> = vec![(area.left, base)];
    for (i, rate) in rates.iter().enumerate() {
        let y = base - (rate / most * f64::from(STRIP)).round() as i32;
        let (from, to) = (area.x(axis, i as f64 * step), area.x(axis, (i + 1) as f64 * step));
        points.extend([(from, y), (to, y)]);
    }
    let right = points[points.len() - 1].0;
    points.push((right, base));
    // Corners between equal rates say nothing.
    let mut corners: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if let [.., a, b] = corners[..]
            && a.1 == b.1
            && b.1 == point.1
        {
            corners.pop();
        }
        corners.push(point);
    }
    canvas.polygon(&corners, look.colour, if look.repaired { 0.15 } else { 0.55 });
    let outline = &corners[1..corners.len() - 1];
    canvas.path(outline, look.colour, 1);
    canvas.gridline((area.left, base), (area.right, base));
}

fn table(subject: &Subject<'_>, strips: &[(&Cell, Vec<f64>, f64)]) -> Grid {
    let columns =
        vec![Column::figures("peak req/s"), Column::figures("requests/task"), Column::figures("variance/mean")];
    let n = subject.report.results.run.replicates;
    let caption = format!("Requests per second over {}", f::plural(n as usize, "replicate"));
    let mut grid = Grid::new(caption, "strategy", columns);
    grid.rows = strips
        .iter()
        .map(|(cell, ..)| Row {
            head: cell.strategy.clone(),
            entries: vec![
                f::count(cell.peak_requests_per_s).into(),
                f::number(cell.requests_per_task.mean).into(),
                f::or_undefined(cell.dispersion, f::number).into(),
            ],
            ..Row::default()
        })
        .collect();
    grid
}
