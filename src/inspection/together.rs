//! The best looks where each tells of several tasks that began together: when is the next of those still open worth a look?
//!
//! Of m open tasks found unfinished at an age x each ends independently by the distribution given x, so the next of them ends by the
//! first of m order statistics, and how many have ended by a look is binomial. V(x, m), the least cost from there on, is the
//! least over the next look y of `poll + m·delay(x, y) + E V(y, those still open)`: dynamic programming over instants and
//! numbers of open tasks, exact up to its grid.

use crate::inspection::done_time::DoneTime;
use crate::inspection::grid::Grid;
use crate::inspection::problem::UnsolvableProblem;
use crate::inspection::weights::CostWeights;
use crate::time::Micros;

/// Instants of the grid by probability, in the tail by ratio, and by time, beside the distribution's corners.
const BY_SHARE: usize = 100;
const IN_TAIL: i32 = 40;
const BY_TIME: usize = 60;
/// What remains at the end of the tail.
const RARE: f64 = 1e-6;
/// Standard deviations beyond which a number of ends is taken for impossible.
const FARTHEST: f64 = 7.0;

/// When to look next, by how many tasks are open and when they were last looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// Instants, ascending from zero.
    at: Vec<f64>,
    /// For one open task, for two, and so on: by the instant of the last look, that of the next.
    next: Vec<Vec<f64>>,
    /// The least cost from the start, for one task, for two, and so on.
    least: Vec<f64>,
}

impl Together {
    /// The best looks for up to `size` tasks that begin together and end by `done_time`, the last one at `deadline`: tasks that are not
    /// done by then cost their share of the polls only.
    ///
    /// # Errors
    ///
    /// The weights are not both positive.
    pub fn plan(
        done_time: &DoneTime,
        weights: CostWeights,
        deadline: f64,
        size: u32,
    ) -> Result<Self, UnsolvableProblem> {
        if !weights.are_positive() {
            return Err(UnsolvableProblem::Weights(weights));
        }
        let grid = Grid::tabulated(done_time, instants(done_time, deadline.max(1.0)));
        let (last, size) = (grid.last(), size.max(1) as usize);
        let (poll, delay) = (weights.poll, weights.delay_per_us());
        // By instant, then by open tasks, none included.
        let mut least = vec![vec![0.0; size + 1]; last + 1];
        let mut next = vec![vec![grid.end(); last + 1]; size];
        let mut ends = Binomial::default();
        for from in (0..last).rev() {
            let alive = 1.0 - grid.below[from];
            for open in 1..=size {
                let mut best = (f64::INFINITY, last);
                for (to, later) in least.iter().enumerate().skip(from + 1) {
                    let late =
                        if alive > 0.0 { open as f64 * delay * grid.delay(from, to).max(0.0) / alive } else { 0.0 };
                    // Looking later only makes more of them late.
                    if poll + late >= best.0 {
                        break;
                    }
                    let share =
                        if alive > 0.0 { ((grid.below[to] - grid.below[from]) / alive).clamp(0.0, 1.0) } else { 1.0 };
                    let cost = poll + late + ends.mean(open, share, later);
                    if cost < best.0 {
                        best = (cost, to);
                    }
                }
                least[from][open] = best.0;
                next[open - 1][from] = grid.at[best.1];
            }
        }
        let least = least.swap_remove(0).split_off(1);
        Ok(Self { at: grid.at, next, least })
    }

    /// When to look next at `open` tasks that were looked at at the age `at`; `None` from the deadline on.
    #[must_use]
    pub fn after(&self, open: u32, at: Micros) -> Option<Micros> {
        let looked = at.get() as f64;
        let next = &self.next[(open.max(1) as usize).min(self.next.len()) - 1];
        let to = self.at.partition_point(|known| *known <= looked);
        let (from, later) = (to.checked_sub(1)?, self.at.get(to)?);
        let share = (looked - self.at[from]) / (later - self.at[from]);
        let found = next[from] + share * (next[to] - next[from]);
        // What lies a hair above a whole number is that number.
        Some(Micros::from_f64((found - 1e-3).ceil()).max(at + Micros::new(1)))
    }

    /// The least expected cost of so many tasks that begin together.
    #[must_use]
    pub fn least(&self, tasks: u32) -> f64 {
        tasks.checked_sub(1).and_then(|at| self.least.get(at as usize)).copied().unwrap_or(0.0)
    }
}

/// Instants at which much changes, from zero to the deadline.
fn instants(done_time: &DoneTime, deadline: f64) -> Vec<f64> {
    let ends = done_time.ends();
    let by_share = (0..BY_SHARE).map(|step| done_time.quantile(ends * step as f64 / BY_SHARE as f64));
    let tail = (0..=IN_TAIL).map(|step| {
        let left = (1.0 / BY_SHARE as f64) * libm::pow(RARE * BY_SHARE as f64, f64::from(step) / f64::from(IN_TAIL));
        done_time.quantile(ends * (1.0 - left))
    });
    let by_time = (1..BY_TIME).map(|step| deadline * step as f64 / BY_TIME as f64);
    let corners = done_time.corners().into_iter().flat_map(|corner| [corner * (1.0 - 1e-9), corner]);
    let all = by_share.chain(tail).chain(by_time).chain(corners).filter(|at| *at > 0.0 && *at < deadline);
    [0.0, deadline].into_iter().chain(all).collect()
}

/// Probabilities of numbers of ends.
#[derive(Debug, Default)]
struct Binomial {
    weights: Vec<f64>,
}

impl Binomial {
    /// The mean of `of` at the number that is left of `count`, of which each ends with probability `share`.
    fn mean(&mut self, count: usize, share: f64, of: &[f64]) -> f64 {
        if share <= 0.0 {
            return of[count];
        }
        if share >= 1.0 {
            return of[0];
        }
        let n = count as f64;
        let (mean, spread) = (n * share, (n * share * (1.0 - share)).sqrt());
        let from = (mean - FARTHEST * spread - 1.0).floor().max(0.0) as usize;
        let to = ((mean + FARTHEST * spread + 1.0).ceil() as usize).min(count);
        // From the mode outwards by ratios, which neither overflow nor vanish where it matters.
        let mode = (((n + 1.0) * share) as usize).clamp(from, to);
        let odds = share / (1.0 - share);
        self.weights.clear();
        self.weights.resize(to - from + 1, 0.0);
        self.weights[mode - from] = 1.0;
        for ended in mode + 1..=to {
            self.weights[ended - from] =
                self.weights[ended - 1 - from] * odds * (count - ended + 1) as f64 / ended as f64;
        }
        for ended in (from..mode).rev() {
            self.weights[ended - from] =
                self.weights[ended + 1 - from] * (ended + 1) as f64 / ((count - ended) as f64 * odds);
        }
        let (mut sum, mut whole) = (0.0, 0.0);
        for (weight, ended) in self.weights.iter().zip(from..) {
            sum += weight * of[count - ended];
            whole += weight;
        }
        sum / whole
    }
}
