//! A distribution as a table: many times as fast to look up as most distributions.

use crate::inspection::done_time::{Cumulative, DoneTime};
use crate::inspection::grid::{Area, Grid};
use crate::memo::Memo;
use std::sync::Arc;

/// Instants of a sketch, and of a rough one.
const INSTANTS: usize = 3_000;
const ROUGH_INSTANTS: usize = 1_000;
/// Where it ends for a distribution that goes on forever: so few tasks are left that the rest changes no figure.
const RARE: f64 = 1e-9;
/// Pieces of the range for each instant: by its piece a place is found in a few comparisons.
const PIECES: usize = 2;

/// How closely schedules of least cost are worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accuracy {
    /// Exactly, as far as [`ScheduleProblem::solve`](crate::inspection::ScheduleProblem::solve) says.
    Exact,
    /// From few points, for a picture that moves.
    Rough,
}

/// Those for pictures that move: most controls leave the distribution as it is, and all that is drawn of it shares one.
static AT_HAND: Memo<(DoneTime, u64), Arc<Sketch>> = Memo::new();

/// A distribution looked up in a grid. Between two of its points F is a straight line: with exact areas good to some 10⁻⁶ of the
/// cost.
///
/// One table serves all problems with this distribution up to its end, whatever polls and delay cost: see
/// [`ScheduleProblem::solve_roughly`](crate::inspection::ScheduleProblem::solve_roughly).
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    grid: Grid,
    ends: f64,
    mean: f64,
    /// Pieces per microsecond of the range, cut into equal ones.
    pieces_per_us: f64,
    /// By piece, the last instant before all those that lie in it; one more at the end.
    starts: Vec<u32>,
}

impl Sketch {
    /// A sketch of `done_time` up to where few tasks are left, or to `end`.
    #[must_use]
    pub fn of(done_time: &DoneTime, end: Option<f64>) -> Self {
        let end = end.unwrap_or_else(|| done_time.end(RARE));
        Self::filed(done_time, Grid::covering(done_time, end, INSTANTS, Area::Exact))
    }

    /// The same from fewer points, for half the price of a point: for plans, which need not know their cost, and distributions
    /// that are themselves estimates.
    #[must_use]
    pub fn roughly(done_time: &DoneTime, end: Option<f64>) -> Self {
        let end = end.unwrap_or_else(|| done_time.end(RARE));
        Self::filed(done_time, Grid::covering(done_time, end, ROUGH_INSTANTS, Area::Trapezoidal))
    }

    /// A rough one up to `end`, made once for whoever asks for it again.
    pub(crate) fn at_hand(done_time: &DoneTime, end: f64) -> Arc<Self> {
        AT_HAND.answer(&(done_time.clone(), end.to_bits()), || Arc::new(Self::roughly(done_time, Some(end))))
    }

    fn filed(done_time: &DoneTime, grid: Grid) -> Self {
        let count = PIECES * grid.at.len();
        let pieces_per_us = count as f64 / grid.end().max(1.0);
        // Rounding is the same here and when a place is sought, and keeps the order.
        let mut starts = vec![0; count + 2];
        let mut piece = 0;
        for (index, at) in grid.at.iter().enumerate() {
            while piece <= (at * pieces_per_us) as usize && piece < starts.len() {
                starts[piece] = index.saturating_sub(1) as u32;
                piece += 1;
            }
        }
        starts[piece..].fill((grid.at.len() - 1) as u32);
        Self { grid, ends: done_time.ends(), mean: done_time.mean(), pieces_per_us, starts }
    }

    /// Whether it may stand for `done_time` in a problem with this deadline; as far as mean, share of ends and last instant tell.
    pub(crate) fn is_of(&self, done_time: &DoneTime, deadline: Option<f64>) -> bool {
        let end = deadline.unwrap_or_else(|| done_time.end(RARE));
        (self.ends, self.mean, self.grid.end()) == (done_time.ends(), done_time.mean(), end)
    }

    /// Its instants, and the distribution there.
    pub(super) fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The cell that `x` lies in, and how far from its beginning; `None` behind the last.
    #[inline]
    fn place(&self, x: f64) -> Option<(usize, f64)> {
        let at = &self.grid.at;
        if x >= self.grid.end() {
            return None;
        }
        let piece = (x * self.pieces_per_us) as usize;
        let (from, to) = (self.starts[piece] as usize, self.starts[piece + 1] as usize);
        let cell = from + at[from + 1..=to].partition_point(|known| *known <= x);
        Some((cell, x - at[cell]))
    }

    /// F at the ends of a cell.
    fn sides(&self, cell: usize) -> (f64, f64) {
        (self.grid.below[cell], self.grid.below[cell + 1])
    }
}

impl Cumulative for Sketch {
    #[inline]
    fn below(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 0.0;
        }
        match self.place(x) {
            Some((cell, into)) => {
                let (low, high) = self.sides(cell);
                low + into / self.grid.width(cell) * (high - low)
            }
            None => self.grid.below[self.grid.last()],
        }
    }

    #[inline]
    fn below_and_area(&self, x: f64) -> (f64, f64) {
        if x < 0.0 {
            return (0.0, 0.0);
        }
        match self.place(x) {
            Some((cell, into)) => {
                let (low, high) = self.sides(cell);
                let rise = into / self.grid.width(cell) * (high - low);
                (low + rise, self.grid.area[cell] + into * (low + 0.5 * rise))
            }
            None => {
                let last = self.grid.last();
                let below = self.grid.below[last];
                (below, self.grid.area[last] + (x - self.grid.at[last]) * below)
            }
        }
    }

    fn ends(&self) -> f64 {
        self.ends
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn known_until(&self) -> f64 {
        self.grid.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looked up at each instant, halfway between two, and outside.
    #[test]
    fn a_place_is_found_wherever_it_is() {
        let done_time = DoneTime::of(
            "mixture(0.9*lognormal(median=20s, sigma=0.3), 0.1*empirical(1s, 1s, 50s, 50.000001s))"
                .parse()
                .expect("a distribution"),
        );
        for end in [None, Some(3e6), Some(400e6)] {
            let sketch = Sketch::of(&done_time, end);
            let grid = sketch.grid();
            for cell in 0..grid.last() {
                assert_eq!(sketch.below_and_area(grid.at[cell]), (grid.below[cell], grid.area[cell]));
                let middle = sketch.below(grid.at[cell].midpoint(grid.at[cell + 1]));
                assert!((grid.below[cell]..=grid.below[cell + 1]).contains(&middle), "{cell}");
            }
            assert_eq!(sketch.below(-1.0), 0.0);
            assert_eq!(sketch.below(2.0 * grid.end()), grid.below[grid.last()]);
        }
    }
}
