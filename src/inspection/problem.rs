//! The best schedule for any law: dynamic programming over instants, on a grid that is made finer around the answer.

use crate::inspection::checks::{Checks, Then};
use crate::inspection::grid::{Area, Grid, Sketch, shortest_path};
use crate::inspection::law::DoneLaw;
use crate::inspection::weights::CostWeights;
use thiserror::Error;

/// Where the plan of a wait without deadline ends: so few tasks are left that the rest changes no figure.
const RARE: f64 = 1e-9;
/// What is printed of it: later looks repeat the last gap.
const SHOWN: f64 = 1e-6;
/// Instants of the first grid.
const COARSE: usize = 1_500;
/// Instants of the only grid of a rough answer.
const ROUGH: usize = 500;
/// Where a rough plan without deadline ends.
const ROUGHLY_RARE: f64 = 1e-5;
/// Most instants of a grid.
const MOST: usize = 200_000;
/// Least instants of the grid between two looks, on the average, for it to tell their number.
const PER_GAP: usize = 24;
/// New instants on each side of a look when the grid is made finer.
const AROUND: i32 = 12;
/// How often it is; each time the instants are about eight times closer.
const ZOOMS: usize = 4;
/// What a second of gap out of bounds costs, in units of the whole problem: more than anything it could save.
const FORBIDDEN: f64 = 1e6;

/// Why there is no best schedule.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum UnsolvableProblem {
    /// A weight is zero, negative or not finite.
    #[error(
        "the cost of a poll ({}) and of a second of delay ({}) must both be positive: free polls are made without end, \
         and free delay means never to ask", .0.poll, .0.delay_per_s
    )]
    Weights(CostWeights),
    /// Without a deadline, a law without a mean makes every schedule infinitely expensive.
    #[error(
        "the mean of these times is infinite, so every wait without a deadline costs without bound: give a deadline"
    )]
    NoMean,
    /// Without a deadline, tasks that never end are asked for without end.
    #[error("a share {0} of the tasks never ends, so a wait without a deadline asks without end: give a deadline")]
    Endless(f64),
}

/// What a schedule must keep to. Nothing, by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Shortest time between two polls, in microseconds.
    pub min_gap: Option<f64>,
    /// Longest delay that may ever occur, in microseconds.
    pub max_delay: Option<f64>,
    /// Delay in microseconds that at most one task in twenty may exceed.
    pub max_p95_delay: Option<f64>,
    /// Most polls of a task, on the average.
    pub max_polls: Option<f64>,
}

/// A law, weights, perhaps a deadline, perhaps bounds.
///
/// With a deadline the last poll is made there, and tasks that are not done by then cost their polls only.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    law: &'a DoneLaw,
    weights: CostWeights,
    deadline: Option<f64>,
    bounds: Bounds,
    roughly: bool,
}

/// Prices, in units of cost, that make a solution keep to bounds.
#[derive(Debug, Clone, Copy, Default)]
struct Prices {
    /// Of one more poll.
    poll: f64,
    /// Of all tasks being late.
    late: f64,
}

impl<'a> Problem<'a> {
    /// The problem without deadline and bounds.
    ///
    /// # Errors
    ///
    /// The weights are not both positive.
    pub fn new(law: &'a DoneLaw, weights: CostWeights) -> Result<Self, UnsolvableProblem> {
        if !weights.are_positive() {
            return Err(UnsolvableProblem::Weights(weights));
        }
        Ok(Self { law, weights, deadline: None, bounds: Bounds::default(), roughly: false })
    }

    /// The same with a deadline in microseconds, positive.
    #[must_use]
    pub fn deadline(mut self, deadline: f64) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same under bounds.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The same, to be solved within some 10⁻⁴ of the least cost in a hundredth of the time: for laws that are estimates.
    #[must_use]
    pub fn roughly(mut self) -> Self {
        self.roughly = true;
        self
    }

    pub(super) fn law(&self) -> &'a DoneLaw {
        self.law
    }

    pub(super) fn weights(&self) -> CostWeights {
        self.weights
    }

    pub(super) fn ends_at(&self) -> Option<f64> {
        self.deadline
    }

    pub(super) fn min_gap(&self) -> f64 {
        self.bounds.min_gap.unwrap_or(0.0)
    }

    /// Whether [`solve`](Self::solve) has an answer.
    ///
    /// # Errors
    ///
    /// Where it has none without a deadline.
    pub fn check(&self) -> Result<(), UnsolvableProblem> {
        if self.deadline.is_some() {
            return Ok(());
        }
        if self.law.ends() < 1.0 - 1e-9 {
            return Err(UnsolvableProblem::Endless(1.0 - self.law.ends()));
        }
        if self.law.mean().is_finite() { Ok(()) } else { Err(UnsolvableProblem::NoMean) }
    }

    /// The schedule of least expected cost; where the bounds cannot be kept, the one that comes nearest.
    ///
    /// It is within about 10⁻⁷ of the least cost. A law without a mean, or with tasks that never end, is taken up to its
    /// last ends (see [`check`](Self::check)).
    #[must_use]
    pub fn solve(&self) -> Checks {
        let Bounds { max_p95_delay, max_polls, .. } = self.bounds;
        let is_priced = max_p95_delay.is_some() || max_polls.is_some();
        let mut grid = self.first_grid();
        let sketch = is_priced.then(|| Sketch::of(self.law, self.deadline));
        let priced = |grid: &Grid| {
            let on_time = self.on_time(grid);
            let prices = sketch.as_ref().map_or_else(Prices::default, |sketch| self.prices(grid, &on_time, sketch));
            self.path(grid, &on_time, prices)
        };
        let mut path = priced(&grid);
        for _ in 0..if self.roughly { 0 } else { ZOOMS } {
            // Where bounds ask for looks without end, a closer grid only brings more of them.
            if path.len() * 2 * AROUND as usize > MOST {
                break;
            }
            grid = self.closer(&grid, &path);
            path = priced(&grid);
        }
        let mut instants: Vec<f64> = path.iter().map(|node| grid.at[*node]).collect();
        if let Some(sketch) = &sketch {
            instants = self.between(instants, sketch);
        }
        if self.deadline.is_none() {
            let shown = instants.iter().position(|at| self.law.ends() - self.law.below(*at) <= SHOWN);
            instants.truncate(shown.map_or(instants.len(), |at| at + 1));
        }
        Checks { instants, then: self.then() }
    }

    /// What follows the last look.
    fn then(&self) -> Then {
        if self.deadline.is_some() { Then::GiveUp } else { Then::Repeat }
    }

    /// The instants among which the number of polls is found.
    fn first_grid(&self) -> Grid {
        let rare = if self.roughly { ROUGHLY_RARE } else { RARE };
        let whole = self.law.quantile(1.0);
        let end = if whole.is_finite() { whole } else { self.law.quantile(1.0 - rare) };
        let end = self.deadline.unwrap_or(end);
        let start = self.law.quantile(0.0);
        if self.roughly {
            return Grid::covering(self.law, start, end, ROUGH, Area::Trapezoidal);
        }
        let mut count = COARSE;
        loop {
            let grid = Grid::covering(self.law, start, end, count, Area::Exact);
            let polls = self.path(&grid, &[], Prices::default()).len();
            if polls * PER_GAP <= count || count >= MOST {
                return grid;
            }
            count = (2 * polls * PER_GAP).min(MOST);
        }
    }

    /// Probability of being done so early that an instant of the grid would be too late for it; empty without that bound.
    fn on_time(&self, grid: &Grid) -> Vec<f64> {
        let at = |late: f64| grid.at.iter().map(|at| self.law.below(*at - late)).collect();
        self.bounds.max_p95_delay.map_or_else(Vec::new, at)
    }

    fn path(&self, grid: &Grid, on_time: &[f64], prices: Prices) -> Vec<usize> {
        let Bounds { min_gap, max_delay, .. } = self.bounds;
        let last = grid.at.len() - 1;
        let (poll, delay) = (self.weights.poll + prices.poll, self.weights.delay_per_us());
        // Tasks that never end are asked for up to the deadline; without one there are none.
        let alive = if self.deadline.is_some() { 1.0 } else { grid.below[last].max(self.law.ends()) };
        let plain = |i: usize, j: usize| poll * (alive - grid.below[i]) + delay * grid.delay(i, j);
        if self.bounds == Bounds::default() {
            return shortest_path(last, plain).0;
        }
        let (min_gap, max_gap) = (min_gap.unwrap_or(0.0), max_delay.unwrap_or(f64::INFINITY));
        let forbidden = FORBIDDEN * (poll + delay * grid.at[last]) / grid.at[last].max(1.0);
        let soonest = self.law.quantile(0.0);
        // Each term is a convex function of a difference of two ascending figures, which keeps the inequality.
        let bounded = |i: usize, j: usize| {
            let gap = grid.at[j] - grid.at[i];
            let wait = if i == 0 { grid.at[j] - soonest } else { gap };
            let short = if i == 0 { 0.0 } else { (min_gap - gap).max(0.0) };
            let out = short + (wait - max_gap).max(0.0);
            plain(i, j)
                + prices.late * on_time.get(j).map_or(0.0, |early| (early - grid.below[i]).max(0.0))
                + forbidden * out
        };
        shortest_path(last, bounded).0
    }

    /// A grid around the looks of a path, about eight times closer than before; the path itself is on it.
    fn closer(&self, grid: &Grid, path: &[usize]) -> Grid {
        let last = grid.at.len() - 1;
        let mut at = vec![0.0, grid.at[last]];
        for &node in path {
            let here = grid.at[node];
            let before = here - grid.at[node.saturating_sub(1)];
            let after = grid.at[(node + 1).min(last)] - here;
            at.push(here);
            for step in 1..=AROUND {
                let share = 1.5 * f64::from(step) / f64::from(AROUND);
                at.extend([here - share * before, here + share * after]);
            }
        }
        at.retain(|x| (0.0..=grid.at[last]).contains(x));
        let corners = self.law.corners();
        at.extend(corners.into_iter().filter(|corner| *corner < grid.at[last]));
        Grid::tabulated(self.law, at)
    }

    /// Whether polls at these instants keep the bounds on late tasks and on polls.
    fn keeps(&self, instants: Vec<f64>, sketch: &Sketch) -> (bool, bool) {
        let Bounds { max_p95_delay, max_polls, .. } = self.bounds;
        let checks = Checks { instants, then: self.then() };
        // Over all tasks: with a deadline those that never end are late too.
        let stuck = if self.deadline.is_some() { 1.0 - self.law.ends() } else { 0.0 };
        let late = |late: f64| checks.late_share(sketch, late) + stuck <= 0.05 + 1e-12;
        let polls = |most: f64| checks.expected(sketch, self.deadline, 0.0).polls <= most * (1.0 + 1e-12);
        (max_p95_delay.is_none_or(late), max_polls.is_none_or(polls))
    }

    /// Prices may leap over the bounds: between the schedule that keeps them and the best one of all there are others
    /// that still do, at less cost. The nearest to the best of those that are in a line with both.
    fn between(&self, kept: Vec<f64>, sketch: &Sketch) -> Vec<f64> {
        let free = Self { bounds: Bounds { max_p95_delay: None, max_polls: None, ..self.bounds }, ..self.clone() };
        let free = free.solve().instants;
        let mixed = |share: f64| {
            let mut instants: Vec<f64> = kept.clone();
            for (at, free) in instants.iter_mut().zip(&free) {
                *at += share * (free - *at);
            }
            if let (Some(last), Some(end)) = (instants.last_mut(), self.deadline) {
                *last = end;
            }
            instants
        };
        let fits = |share: f64| {
            let instants = mixed(share);
            let ascends = instants.windows(2).all(|pair| pair[0] < pair[1]);
            let gap = self.bounds.max_delay.unwrap_or(f64::INFINITY);
            let narrow = instants.windows(2).all(|pair| pair[1] - pair[0] <= gap * (1.0 + 1e-9));
            ascends && narrow && self.keeps(instants, sketch) == (true, true)
        };
        let cost = |instants: &[f64]| {
            Checks { instants: instants.to_vec(), then: self.then() }.cost(self.law, &self.weights, self.deadline)
        };
        let (mut yes, mut no) = (0.0, 1.0);
        for _ in 0..30 {
            let middle: f64 = yes + 0.5 * (no - yes);
            *(if fits(middle) { &mut yes } else { &mut no }) = middle;
        }
        let better = mixed(yes);
        if cost(&better) < cost(&kept) { better } else { kept }
    }

    /// Prices at which the bounds on the share of late tasks and on the polls are kept: bisection of each in turn, on
    /// the Lagrangian (Everett, Operations Research 11 (1963) 399–417).
    fn prices(&self, grid: &Grid, on_time: &[f64], sketch: &Sketch) -> Prices {
        let Bounds { max_p95_delay, max_polls, .. } = self.bounds;
        let keeps = |prices: Prices| {
            self.keeps(self.path(grid, on_time, prices).iter().map(|node| grid.at[*node]).collect(), sketch)
        };
        let scale = self.weights.poll + self.weights.delay_per_us() * grid.at[grid.at.len() - 1];
        let mut prices = Prices::default();
        // Dearer polls make more tasks late, and the other way round: a few turns settle both, where both can be kept.
        for _ in 0..4 {
            if max_p95_delay.is_some() {
                prices.late = cheapest(scale, |late| keeps(Prices { late, ..prices }).0);
                if !keeps(prices).0 {
                    break;
                }
            }
            if max_polls.is_none() {
                break;
            }
            prices.poll = cheapest(scale, |poll| keeps(Prices { poll, ..prices }).1);
            if max_p95_delay.is_none() || keeps(prices).0 {
                break;
            }
        }
        prices
    }
}

/// The least price that is `enough`; zero if that is.
fn cheapest(scale: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if enough(0.0) {
        return 0.0;
    }
    let (mut short, mut paid) = (1e-6 * scale, scale);
    while !enough(paid) && paid < 1e9 * scale {
        (short, paid) = (paid, 10.0 * paid);
    }
    for _ in 0..40 {
        let middle = (short * paid).sqrt();
        *(if enough(middle) { &mut paid } else { &mut short }) = middle;
    }
    paid
}
