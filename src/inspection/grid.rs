//! Instants at which a law is tabulated.

use crate::inspection::law::{Cumulative, DoneLaw};

/// No two neighbours differ by more than this probability, unless the law jumps.
const WIDEST_STEP: f64 = 1.0 / 400.0;
/// Points between which nothing can be told apart, relative to where they are.
const FINEST: f64 = 1e-11;

/// Ascending instants from zero on, with the law there.
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
    /// From the law.
    Exact,
    /// By the trapezoidal rule on the grid: good enough for a plan from a law that is itself an estimate.
    Trapezoidal,
}

impl Grid {
    /// About `count` instants that cover the law up to `end`: some equally far apart, some by ratio, closer where much
    /// happens, and on all corners.
    pub(super) fn covering(law: &DoneLaw, end: f64, count: usize, area: Area) -> Self {
        let (start, most, count) = (law.quantile(0.0).clamp(0.0, end), 40 * count, count as f64);
        let mut at: Vec<f64> = vec![0.0, start, end];
        let late = law.quantile(0.9999).min(end);
        let steps = |count: f64| (1..count as usize).map(move |step| step as f64 / count);
        at.extend(steps(0.5 * count).map(|share| start + share * (late - start)));
        // By ratio of the time since nothing could have happened, from a ten-thousandth of the whole on,
        // or a microsecond.
        let first = ((late - start) * 1e-4).max(1.0);
        let ratio = ((end - start) / first).max(1.0);
        at.extend(steps(0.4 * count).map(|share| start + first * ratio.powf(share)));
        at.extend(steps(0.1 * count).map(|share| start + share * (end - start)));
        // A jump lies between a corner and the instant just before it.
        let corners = law.corners().into_iter().flat_map(|corner| [corner * (1.0 - 1e-9), corner]);
        at.extend(corners.filter(|corner| *corner < end));
        // Where nothing can happen before the end, steps of a microsecond go past it.
        at.retain(|at| *at <= end);
        sort(&mut at);
        // Asked once for each instant: laws are dear.
        let point = |x: f64| match area {
            Area::Exact => (x, law.below_and_area(x)),
            Area::Trapezoidal => (x, (law.below(x), 0.0)),
        };
        let mut points: Vec<(f64, (f64, f64))> = at.into_iter().map(point).collect();
        for _ in 0..24 {
            let wide = |pair: &[(f64, (f64, f64))]| {
                let ((from, (low, _)), (to, (high, _))) = (pair[0], pair[1]);
                (high - low > WIDEST_STEP && to - from > FINEST * to).then(|| from.midpoint(to))
            };
            let missing: Vec<f64> = points.windows(2).filter_map(wide).collect();
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

    /// The law at `at`, in any order.
    pub(super) fn tabulated(law: &impl Cumulative, mut at: Vec<f64>) -> Self {
        sort(&mut at);
        let (below, area) = at.iter().map(|x| law.below_and_area(*x)).unzip();
        Self { at, below, area }
    }

    /// Each cell in so many equal ones, where F is a straight line between two instants.
    pub(super) fn split(&self, law: &impl Cumulative, pieces: usize) -> Self {
        let share = |piece: usize| piece as f64 / pieces as f64;
        let cells = self
            .at
            .windows(2)
            .flat_map(|pair| (0..pieces).map(move |piece| pair[0] + share(piece) * (pair[1] - pair[0])));
        Self::tabulated(law, cells.chain([self.end()]).collect())
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

/// Ascending. Of two that cannot be told apart the later one stays: a law that jumps there has jumped by then.
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
