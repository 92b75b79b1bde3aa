//! Instants at which a distribution is tabulated.

use crate::inspection::done_time::{Cumulative, DoneTime};

/// No two neighbours differ by more than this probability, unless the distribution jumps.
const WIDEST_STEP: f64 = 1.0 / 400.0;
/// Nor does the straight line between them miss the distribution by more than about so much: a probability that a plan mistakes
/// by this costs it as much of a poll at each look. Steps alone do not tell: a hump that is narrow beside the whole has
/// its tails within a few of them.
const FARTHEST_OFF: f64 = 2e-6;
const ROUGHLY_OFF: f64 = 2e-5;
/// Points between which nothing can be told apart, relative to where they are.
const FINEST: f64 = 1e-11;

/// Ascending instants from zero on, with the distribution there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) at: Vec<f64>,
    /// Probability that the task is done by then.
    pub(super) below: Vec<f64>,
    /// ∫ of that from zero.
    pub(super) area: Vec<f64>,
}

/// How ∫ F is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// From the distribution.
    Exact,
    /// By the trapezoidal rule on the grid: good enough for a plan from a distribution that is itself an estimate.
    Trapezoidal,
}

impl Grid {
    /// About `count` instants that cover the distribution up to `end`: some equally far apart, some by ratio, closer where much
    /// happens, and on all corners.
    pub(super) fn covering(done_time: &DoneTime, end: f64, count: usize, area: Area) -> Self {
        let (start, most, count) = (done_time.quantile(0.0).clamp(0.0, end), 40 * count, count as f64);
        let mut at: Vec<f64> = vec![0.0, start, end];
        let late = done_time.quantile(0.9999).min(end);
        let steps = |count: f64| (1..count as usize).map(move |step| step as f64 / count);
        at.extend(steps(0.5 * count).map(|share| start + share * (late - start)));
        // By ratio of the time since nothing could have happened, from a ten-thousandth of the whole on,
        // or a microsecond.
        let first = ((late - start) * 1e-4).max(1.0);
        let ratio = ((end - start) / first).max(1.0);
        at.extend(steps(0.4 * count).map(|share| start + first * libm::pow(ratio, share)));
        at.extend(steps(0.1 * count).map(|share| start + share * (end - start)));
        // A jump lies between a corner and the instant just before it.
        let corners = done_time.corners().into_iter().flat_map(|corner| [corner * (1.0 - 1e-9), corner]);
        at.extend(corners.filter(|corner| *corner < end));
        // Where nothing can happen before the end, steps of a microsecond go past it.
        at.retain(|at| *at <= end);
        sort(&mut at);
        // Asked once for each instant: distributions are dear.
        let point = |x: f64| match area {
            Area::Exact => (x, done_time.below_and_area(x)),
            Area::Trapezoidal => (x, (done_time.below(x), 0.0)),
        };
        let off = match area {
            Area::Exact => FARTHEST_OFF,
            Area::Trapezoidal => ROUGHLY_OFF,
        };
        let mut points: Vec<(f64, (f64, f64))> = at.into_iter().map(point).collect();
        for _ in 0..24 {
            let missing: Vec<f64> = (1..points.len()).filter_map(|to| split_at(&points, to, off)).collect();
            if missing.is_empty() || points.len() > most {
                break;
            }
            points.extend(missing.into_iter().map(point));
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let (at, (below, exact)): (Vec<f64>, (Vec<f64>, Vec<f64>)) = points.into_iter().unzip();
        let area = if area == Area::Exact { exact } else { trapezoids(&at, &below) };
        Self { at, below, area }
    }

    /// The distribution at `at`, in any order.
    pub(super) fn tabulated(done_time: &impl Cumulative, mut at: Vec<f64>) -> Self {
        sort(&mut at);
        let (below, area) = at.iter().map(|x| done_time.below_and_area(*x)).unzip();
        Self { at, below, area }
    }

    /// Each cell in so many equal ones as `pieces` says of it, where F is a straight line between two instants.
    pub(super) fn split(&self, done_time: &impl Cumulative, pieces: impl Fn(usize) -> usize) -> Self {
        let cells = self.at.windows(2).enumerate().flat_map(|(cell, pair)| {
            let (from, width, pieces) = (pair[0], pair[1] - pair[0], pieces(cell));
            (0..pieces).map(move |piece| from + piece as f64 / pieces as f64 * width)
        });
        Self::tabulated(done_time, cells.chain([self.end()]).collect())
    }

    pub(super) fn last(&self) -> usize {
        self.at.len() - 1
    }

    /// The last instant.
    pub(super) fn end(&self) -> f64 {
        self.at[self.last()]
    }

    /// Time from instant `cell` to the next.
    pub(super) fn width(&self, cell: usize) -> f64 {
        self.at[cell + 1] - self.at[cell]
    }

    /// ∫ of the time from the task's end to instant `to`, over ends after instant `from` and by `to`.
    #[inline]
    pub(super) fn delay(&self, from: usize, to: usize) -> f64 {
        self.area[to] - self.area[from] - self.below[from] * (self.at[to] - self.at[from])
    }
}

/// The middle of the cell that ends at point `to`, where the distribution is not told well enough by a straight line in it.
fn split_at(points: &[(f64, (f64, f64))], to: usize, most_off: f64) -> Option<f64> {
    let rise = |to: usize| points[to].1.0 - points[to - 1].1.0;
    let width = |to: usize| points[to].0 - points[to - 1].0;
    let (from, end) = (points[to - 1].0, points[to].0);
    if end - from <= FINEST * end {
        return None;
    }
    // A line misses what bends by an eighth of the curvature times the square of the width, and what rises by no more
    // than half of the rise.
    let curved = |other: usize| {
        let bend = (rise(to) / width(to) - rise(other) / width(other)).abs();
        0.25 * bend * width(to) * width(to) / (width(to) + width(other))
    };
    let before = if to > 1 { curved(to - 1) } else { 0.0 };
    let after = if to + 1 < points.len() { curved(to + 1) } else { 0.0 };
    let off = before.max(after).min(0.5 * rise(to));
    (rise(to) > WIDEST_STEP || off > most_off).then(|| from.midpoint(end))
}

/// Ascending. Of two that cannot be told apart the later one stays: a distribution that jumps there has jumped by then.
fn sort(at: &mut Vec<f64>) {
    at.sort_by(f64::total_cmp);
    at.dedup_by(|later, earlier| {
        let same = *later - *earlier <= FINEST * *later;
        if same {
            *earlier = *later;
        }
        same
    });
}

/// ∫ of the polygon through these points, from the first of them.
fn trapezoids(at: &[f64], below: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let steps = (1..at.len()).map(|i| (at[i] - at[i - 1]) * below[i].midpoint(below[i - 1]));
    std::iter::once(0.0)
        .chain(steps.map(|step| {
            sum += step;
            sum
        }))
        .collect()
}
