//! Instants at which a law is tabulated, and the least-cost path over them.

use crate::inspection::law::{Cumulative, DoneLaw};

/// No two neighbours differ by more than this probability, unless the law jumps.
const WIDEST_STEP: f64 = 1.0 / 400.0;
/// Instants of a sketch.
const SKETCHED: usize = 3_000;
/// Points between which nothing can be told apart, relative to where they are.
const FINEST: f64 = 1e-11;

/// Ascending instants from zero on, with the law there.
#[derive(Debug, Clone, Default)]
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
    pub(super) fn covering(law: &DoneLaw, start: f64, end: f64, count: usize, area: Area) -> Self {
        let (start, most, count) = (start.clamp(0.0, end), 40 * count, count as f64);
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
        sort(&mut at);
        let mut points: Vec<(f64, f64)> = at.into_iter().map(|x| (x, law.below(x))).collect();
        for _ in 0..24 {
            let wide = |pair: &[(f64, f64)]| {
                let ((from, low), (to, high)) = (pair[0], pair[1]);
                (high - low > WIDEST_STEP && to - from > FINEST * to).then(|| from.midpoint(to))
            };
            let missing: Vec<f64> = points.windows(2).filter_map(wide).collect();
            if missing.is_empty() || points.len() > most {
                break;
            }
            points.extend(missing.into_iter().map(|x| (x, law.below(x))));
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        Self::filled(law, points, area)
    }

    /// The law at `at`, in any order.
    pub(super) fn tabulated(law: &DoneLaw, mut at: Vec<f64>) -> Self {
        sort(&mut at);
        Self::filled(law, at.into_iter().map(|x| (x, law.below(x))).collect(), Area::Exact)
    }

    fn filled(law: &DoneLaw, points: Vec<(f64, f64)>, area: Area) -> Self {
        let (at, below): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let area = match area {
            Area::Exact => at.iter().map(|x| law.area(*x)).collect(),
            Area::Trapezoidal => {
                let mut sum = 0.0;
                let steps = (1..at.len()).map(|i| (at[i] - at[i - 1]) * below[i].midpoint(below[i - 1]));
                std::iter::once(0.0)
                    .chain(steps.map(|step| {
                        sum += step;
                        sum
                    }))
                    .collect()
            }
        };
        Self { at, below, area }
    }

    /// ∫ of the time from the task's end to instant `to`, over ends after instant `from` and by `to`.
    #[inline]
    pub(super) fn delay(&self, from: usize, to: usize) -> f64 {
        self.area[to] - self.area[from] - self.below[from] * (self.at[to] - self.at[from])
    }
}

/// A law looked up in a grid, between whose points it is a parabola: many times as fast as most laws, and good to some
/// 10⁻⁶ of the cost.
#[derive(Debug, Clone)]
pub struct Sketch {
    grid: Grid,
    ends: f64,
    mean: f64,
}

impl Sketch {
    /// A sketch of `law` up to where few tasks are left, or to `end`.
    #[must_use]
    pub fn of(law: &DoneLaw, end: Option<f64>) -> Self {
        let end = end.unwrap_or_else(|| law.quantile(1.0 - 1e-9));
        let grid = Grid::covering(law, law.quantile(0.0), end, SKETCHED, Area::Exact);
        Self { grid, ends: law.ends(), mean: law.mean() }
    }

    /// The same from fewer points: for a law that is itself an estimate.
    #[must_use]
    pub fn roughly(law: &DoneLaw, end: Option<f64>) -> Self {
        let end = end.unwrap_or_else(|| law.quantile(1.0 - 1e-6));
        let grid = Grid::covering(law, law.quantile(0.0), end, SKETCHED / 8, Area::Trapezoidal);
        Self { grid, ends: law.ends(), mean: law.mean() }
    }

    /// The cell that `x` lies in, and how far.
    fn place(&self, x: f64) -> (usize, f64) {
        let at = &self.grid.at;
        let cell = at.partition_point(|known| *known <= x).clamp(1, at.len() - 1) - 1;
        (cell, (x - at[cell]) / (at[cell + 1] - at[cell]))
    }
}

impl Cumulative for Sketch {
    fn below(&self, x: f64) -> f64 {
        let last = self.grid.at.len() - 1;
        if x >= self.grid.at[last] || last == 0 {
            return if x < 0.0 { 0.0 } else { self.grid.below[last] };
        }
        let (cell, share) = self.place(x.max(0.0));
        let (low, high) = (self.grid.below[cell], self.grid.below[cell + 1]);
        low + share * (high - low)
    }

    fn area(&self, x: f64) -> f64 {
        let last = self.grid.at.len() - 1;
        if x >= self.grid.at[last] || last == 0 {
            return self.grid.area[last] + (x - self.grid.at[last]).max(0.0) * self.grid.below[last];
        }
        let (cell, share) = self.place(x.max(0.0));
        let width = self.grid.at[cell + 1] - self.grid.at[cell];
        let (low, high) = (self.grid.below[cell], self.grid.below[cell + 1]);
        self.grid.area[cell] + width * share * (low + 0.5 * share * (high - low))
    }

    fn ends(&self) -> f64 {
        self.ends
    }

    fn mean(&self) -> f64 {
        self.mean
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

/// The path of least cost from node 0 to node `last`, without node 0, and its cost. `cost(i, j)` is the cost of the step
/// from `i` to `j > i` and must satisfy the quadrangle inequality cost(i,j) + cost(i′,j′) ≤ cost(i,j′) + cost(i′,j) for
/// i < i′ < j < j′, so that the best next node moves with the node: the concave least-weight subsequence problem
/// (Hirschberg & Larmore, SIAM J. Comput. 16 (1987) 628–638), in O(n log n).
pub(super) fn shortest_path(last: usize, cost: impl Fn(usize, usize) -> f64) -> (Vec<usize>, f64) {
    let mut to_go = vec![0.0; last + 1];
    let mut next = vec![last; last + 1];
    // Candidates for the next node, each with the greatest node for which it is best; later ones serve lesser nodes.
    let mut candidates: Vec<(usize, usize)> = Vec::new();
    let mut head = 0;
    // What is no more than rounding does not count: among equals the farthest node is taken, so that a stretch on which
    // nothing can happen has no looks.
    let nothing = 1e-13 * cost(0, last).abs();
    for node in (0..last).rev() {
        let added = node + 1;
        loop {
            let better =
                |from: usize, than: usize| cost(from, added) + to_go[added] + nothing < cost(from, than) + to_go[than];
            let Some(&(rival, upto)) = candidates.get(head..).and_then(<[_]>::last) else {
                candidates.push((added, node));
                break;
            };
            let upto = upto.min(node);
            if better(upto, rival) {
                candidates.pop();
                continue;
            }
            if better(0, rival) {
                // The advantage of the nearer node grows towards lesser nodes: it begins somewhere in between.
                let (mut yes, mut no) = (0, upto);
                while no - yes > 1 {
                    let middle = yes.midpoint(no);
                    *(if better(middle, rival) { &mut yes } else { &mut no }) = middle;
                }
                candidates.push((added, yes));
            }
            break;
        }
        while candidates.get(head + 1).is_some_and(|&(_, upto)| upto >= node) {
            head += 1;
        }
        let (best, _) = candidates[head];
        next[node] = best;
        to_go[node] = cost(node, best) + to_go[best];
    }
    let mut path = Vec::new();
    let mut node = 0;
    while node < last {
        node = next[node];
        path.push(node);
    }
    (path, to_go[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_that_of_trying_all() {
        // Any concave or convex pair of tables that keeps the inequality: here the inspection problem on a lumpy law.
        let law = DoneLaw::of(
            "mixture(0.6*lognormal(median=20s, sigma=0.3), 0.4*uniform(low=50s, high=60s))".parse().expect("a law"),
        );
        for (poll, end) in [(0.5, 70e6), (2.0, 100e6), (20.0, 61e6)] {
            let grid = Grid::covering(&law, 0.0, end, 120, Area::Exact);
            let last = grid.at.len() - 1;
            let cost = |i: usize, j: usize| poll * (1.0 - grid.below[i]) + grid.delay(i, j) / 1e6;
            let mut to_go = vec![0.0; last + 1];
            for i in (0..last).rev() {
                to_go[i] = (i + 1..=last).map(|j| cost(i, j) + to_go[j]).fold(f64::INFINITY, f64::min);
            }
            let (path, found) = shortest_path(last, cost);
            assert!((found - to_go[0]).abs() <= 1e-9 * to_go[0], "{found} against {}", to_go[0]);
            assert!(path.windows(2).all(|pair| pair[0] < pair[1]) && path.last() == Some(&last));
        }
    }
}
