//! The best schedule for any distribution: dynamic programming over instants, on a grid that is made finer around the answer.

use crate::inspection::bounds::{Bounds, Prices, cheapest};
use crate::inspection::checks::{AfterLast, Checks};
use crate::inspection::done_time::{Cumulative, DoneTime};
use crate::inspection::grid::Grid;
use crate::inspection::path::shortest_path;
use crate::inspection::sketch::Sketch;
use crate::inspection::weights::CostWeights;
use thiserror::Error;

/// What is printed of it, and what it may cost, as a share of all, that later looks repeat the last gap.
const SHOWN: f64 = 1e-6;
/// So many more looks, and as many as these again, are listed where that gap may not be repeated; of the first of them each one is
/// tried as the last.
const FARTHER: usize = 16;
const FARTHER_EACH: usize = 4;
/// The last looks are drawn to the end of the grid, and their gaps no guide to what follows: a plan is shown until so
/// many times as much is left as there.
const UNDRAWN: f64 = 1e3;
/// Most instants of a grid.
const MOST: usize = 200_000;
/// Least instants of the grid between any two looks, for it to tell their number.
const PER_GAP: usize = 48;
/// The same of a rough answer.
const ROUGHLY_PER_GAP: usize = 12;
/// The same of a glance.
const AT_A_GLANCE_PER_GAP: usize = 6;
/// New instants on each side of a look when the grid is made finer.
const AROUND: i32 = 12;
/// How far from a look they go each time, as a share of the gap on its shorter side: three steps of the time before, for
/// looks move together. First by the sketch, then by the distribution; a rough answer asks the distribution once, since where a look is
/// followed by a long gap no table is close enough.
const ROUGH_REACHES: [f64; 2] = [0.125, 0.031_25];
const REACHES: [f64; 5] = [0.031_25, 0.007_8, 0.001_95, 0.000_49, 0.000_122];
const ONCE: usize = 1;
/// Most times that it is done at one reach, while a look that matters goes as far as it can: in the tail of a hump that is
/// followed by a long gap, a table errs by more than a step. What is asked of fewer tasks than this does not matter.
const TURNS: usize = 4;
const OPEN: f64 = 1e-2;
/// What a second of gap out of bounds costs, in units of the whole problem: more than anything it could save.
const FORBIDDEN: f64 = 1e6;

/// Why there is no best schedule.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum UnsolvableProblem {
    /// A weight is zero, negative or not finite.
    #[error(
        "the cost of a poll ({}) and of a second of delay ({}) must both be positive: free polls would be sent without end, \
         and with free delay it is best never to poll", .0.poll, .0.delay_per_s
    )]
    Weights(CostWeights),
    /// Without a deadline, a distribution without a mean makes every schedule infinitely expensive.
    #[error(
        "the mean of these times is infinite, so every wait without a deadline costs without bound: give a deadline"
    )]
    NoMean,
    /// Without a deadline, tasks that never end are asked for without end.
    #[error("a share {0} of the tasks never ends, so a wait without a deadline polls forever: give a deadline")]
    Endless(f64),
}

/// A distribution, weights, perhaps a deadline, perhaps bounds.
///
/// With a deadline the last poll is made there, and tasks that are not done by then cost their polls only.
#[derive(Debug, Clone)]
pub struct ScheduleProblem<'a> {
    done_time: &'a DoneTime,
    weights: CostWeights,
    deadline: Option<f64>,
    bounds: Bounds,
}

impl<'a> ScheduleProblem<'a> {
    /// The problem without deadline and bounds.
    ///
    /// # Errors
    ///
    /// The weights are not both positive.
    pub fn new(done_time: &'a DoneTime, weights: CostWeights) -> Result<Self, UnsolvableProblem> {
        if !weights.are_positive() {
            return Err(UnsolvableProblem::Weights(weights));
        }
        Ok(Self { done_time, weights, deadline: None, bounds: Bounds::default() })
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

    pub(super) fn done_time(&self) -> &'a DoneTime {
        self.done_time
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
        if self.done_time.ends() < 1.0 - 1e-9 {
            return Err(UnsolvableProblem::Endless(1.0 - self.done_time.ends()));
        }
        if self.done_time.mean().is_finite() { Ok(()) } else { Err(UnsolvableProblem::NoMean) }
    }

    /// The schedule of least expected cost; where the bounds cannot be kept, the one that comes nearest.
    ///
    /// With a deadline it costs at most some 3·10⁻⁷ more than the least, without one some 3·10⁻⁶, for what follows the last
    /// instant repeats the last gap; 3·10⁻⁴ where the variance is infinite as well. Bounds on the late tasks and the polls
    /// cost more accuracy. A distribution without a mean, or with tasks that never end, is taken up to its last ends (see
    /// [`check`](Self::check)).
    #[must_use]
    pub fn solve(&self) -> Checks {
        self.solve_by(&Sketch::of(self.done_time, self.deadline))
    }

    /// The same, where [`Sketch::of`] the distribution up to the deadline is at hand: one serves all weights and bounds.
    ///
    /// A sketch of another distribution, or up to another instant, gives a wrong answer; debug builds panic.
    #[must_use]
    pub fn solve_by(&self, sketch: &Sketch) -> Checks {
        self.assert_own(sketch);
        let near = self.nearer(self.found(sketch, PER_GAP), &ROUGH_REACHES, sketch, sketch);
        let found = self.nearer(near, &REACHES, self.done_time, sketch);
        self.listed(found, self.done_time, sketch, |free| free.solve_by(sketch))
    }

    /// Nearly the same while hardly asking the distribution itself, from a sketch that may be a rough one: at most 10⁻⁴ above the
    /// least cost with a deadline, 5·10⁻⁴ without one. For charts, and distributions that are estimates.
    ///
    /// The sketch must be of this distribution and this deadline, as for [`solve_by`](Self::solve_by).
    #[must_use]
    pub fn solve_roughly(&self, sketch: &Sketch) -> Checks {
        self.assert_own(sketch);
        let found = self.nearer(self.sketched(sketch), &REACHES[..ONCE], self.done_time, sketch);
        self.listed(found, sketch, sketch, |free| free.solve_roughly(sketch))
    }

    /// The same by the sketch alone, in a third of the time: at most 2·10⁻³ above the least cost, which no chart can show.
    #[must_use]
    pub fn solve_for_drawing(&self, sketch: &Sketch) -> Checks {
        self.assert_own(sketch);
        self.listed(self.sketched(sketch), sketch, sketch, |free| free.solve_for_drawing(sketch))
    }

    /// The same from a coarse grid, in half of that time again: at most 1 % above the least cost, for a picture that moves.
    #[must_use]
    pub fn solve_at_a_glance(&self, sketch: &Sketch) -> Checks {
        self.assert_own(sketch);
        self.listed(self.found(sketch, AT_A_GLANCE_PER_GAP), sketch, sketch, |free| free.solve_at_a_glance(sketch))
    }

    /// The looks that the sketch alone tells.
    fn sketched(&self, sketch: &Sketch) -> (Grid, Vec<usize>) {
        self.nearer(self.found(sketch, ROUGHLY_PER_GAP), &ROUGH_REACHES, sketch, sketch)
    }

    /// Whether bounds are kept by prices.
    fn is_priced(&self) -> bool {
        self.bounds.max_p95_delay.is_some() || self.bounds.max_polls.is_some()
    }

    fn assert_own(&self, sketch: &Sketch) {
        let is_own = sketch.is_of(self.done_time, self.deadline);
        debug_assert!(is_own, "the sketch is of another distribution, or of another deadline");
    }

    /// What follows the last look.
    fn then(&self) -> AfterLast {
        if self.deadline.is_some() { AfterLast::GiveUp } else { AfterLast::Repeat }
    }

    /// A grid that is fine enough to tell the number of looks, and the looks on it.
    fn found(&self, sketch: &Sketch, per_gap: usize) -> (Grid, Vec<usize>) {
        let mut grid = sketch.grid().clone();
        loop {
            let path = self.path(&grid, &[], Prices::default());
            let mut pieces = vec![1; grid.last()];
            let mut before = 0;
            for node in &path {
                let wanted = per_gap.div_ceil(node - before);
                pieces[before..*node].fill(wanted);
                before = *node;
            }
            let count: usize = pieces.iter().sum();
            if count == grid.last() || count > MOST {
                let path = if self.is_priced() { self.priced(&grid, sketch, sketch) } else { path };
                return (grid, path);
            }
            grid = grid.split(sketch, |cell| pieces[cell]);
        }
    }

    /// The looks of least cost near those that were found, on a grid that is finer around them each time.
    fn nearer(
        &self,
        (mut grid, mut path): (Grid, Vec<usize>),
        reaches: &[f64],
        done_time: &impl Cumulative,
        sketch: &Sketch,
    ) -> (Grid, Vec<usize>) {
        for reach in reaches {
            for _ in 0..TURNS {
                // Where bounds ask for looks without end, a closer grid only brings more of them.
                if path.len() * 2 * AROUND as usize > MOST {
                    return (grid, path);
                }
                let before = instants(&grid, &path);
                grid = self.closer(&grid, &path, *reach, done_time);
                path = self.priced(&grid, done_time, sketch);
                if self.has_arrived(&before, (&grid, &path), *reach) {
                    break;
                }
            }
        }
        (grid, path)
    }

    /// Whether no look that matters went as far as it could.
    fn has_arrived(&self, before: &[f64], (grid, path): (&Grid, &[usize]), reach: f64) -> bool {
        let ends = self.done_time.ends();
        let mut from = 0.0;
        let mut pairs = before.windows(2).zip(path).take_while(|(_, node)| ends - grid.below[**node] > OPEN);
        pairs.all(|(pair, node)| {
            let farthest = reach * (pair[0] - from).min(pair[1] - pair[0]);
            from = pair[0];
            (grid.at[*node] - pair[0]).abs() < 0.99 * farthest
        })
    }

    /// The looks on a grid at prices that keep the bounds, of which the sketch is asked.
    fn priced(&self, grid: &Grid, done_time: &impl Cumulative, sketch: &Sketch) -> Vec<usize> {
        let on_time = self.on_time(grid, done_time);
        let prices = if self.is_priced() { self.prices(grid, &on_time, sketch) } else { Prices::default() };
        self.path(grid, &on_time, prices)
    }

    /// The looks that were found, as far as they are shown; `solve` answers the problem without bounds that have a price.
    fn listed(
        &self,
        (grid, path): (Grid, Vec<usize>),
        done_time: &impl Cumulative,
        sketch: &Sketch,
        solve: impl Fn(&Self) -> Checks,
    ) -> Checks {
        let mut instants = instants(&grid, &path);
        if self.is_priced() {
            let bounds = Bounds { max_p95_delay: None, max_polls: None, ..self.bounds };
            let free = solve(&Self { bounds, ..self.clone() });
            instants = self.between(instants, &free.instants, done_time, sketch);
        }
        if self.deadline.is_none() {
            let rare = SHOWN.max(UNDRAWN * (done_time.ends() - grid.below[grid.last()]));
            let few = instants.iter().position(|at| done_time.ends() - done_time.below(*at) <= rare);
            if let Some(few) = few {
                return self.shortened(&instants, few, done_time);
            }
            instants.resize(instants.len().max(1), 1.0); // What ends at once has no room for a look before.
        }
        Checks { instants, then: self.then() }
    }

    /// The looks up to number `few`, or to a later one: to the first whose gap may be repeated after it at hardly any cost, as the
    /// one before an edge of the distribution, or before a rare hump, may not. At most about as many again: far out in a heavy
    /// tail there is no end of them, and little to gain.
    fn shortened(&self, instants: &[f64], few: usize, done_time: &impl Cumulative) -> Checks {
        let Bounds { min_gap, max_delay, .. } = self.bounds;
        let allowed = min_gap.unwrap_or(0.0) * (1.0 - SHOWN)..=max_delay.unwrap_or(f64::INFINITY) * (1.0 + SHOWN);
        let last = (instants.len() - 1).min(2 * few + FARTHER);
        let is_tried = |end: &usize| *end == last || end - few < FARTHER_EACH || (end - few).is_power_of_two();
        // After the end of the distribution nothing is repeated.
        let may_end = |end: &usize| {
            let gap = instants[*end] - end.checked_sub(1).map_or(0.0, |before| instants[before]);
            allowed.contains(&gap) || done_time.below(instants[*end]) >= done_time.ends()
        };
        let list = |end: usize| Checks { instants: instants[..=end].to_vec(), then: AfterLast::Repeat };
        let cost = |end: usize| list(end).cost(done_time, &self.weights, None);
        let ends = (few..=last).filter(is_tried).filter(may_end);
        let costs: Vec<(usize, f64)> = ends.map(|end| (end, cost(end))).collect();
        let least = costs.iter().map(|(_, cost)| *cost).fold(f64::INFINITY, f64::min);
        // Without a mean no cost is known, and the first is as good as any.
        let first = costs.iter().find(|(_, cost)| cost.is_nan() || *cost <= least * (1.0 + SHOWN));
        list(first.map_or(few, |(end, _)| *end))
    }

    /// Probability of being done so early that an instant of the grid would be too late for it; empty without that bound.
    fn on_time(&self, grid: &Grid, done_time: &impl Cumulative) -> Vec<f64> {
        let at = |late: f64| grid.at.iter().map(|at| done_time.below(*at - late)).collect();
        self.bounds.max_p95_delay.map_or_else(Vec::new, at)
    }

    fn path(&self, grid: &Grid, on_time: &[f64], prices: Prices) -> Vec<usize> {
        let Bounds { min_gap, max_delay, .. } = self.bounds;
        let last = grid.last();
        let (poll, delay) = (self.weights.poll + prices.poll, self.weights.delay_per_us());
        // Tasks that never end are asked for up to the deadline; without one there are none.
        let alive = if self.deadline.is_some() { 1.0 } else { grid.below[last].max(self.done_time.ends()) };
        let plain = |i: usize, j: usize| poll * (alive - grid.below[i]) + delay * grid.delay(i, j);
        if self.bounds == Bounds::default() {
            return shortest_path(last, plain).0;
        }
        let (min_gap, max_gap) = (min_gap.unwrap_or(0.0), max_delay.unwrap_or(f64::INFINITY));
        let forbidden = FORBIDDEN * (poll + delay * grid.at[last]) / grid.at[last].max(1.0);
        let soonest = self.done_time.quantile(0.0);
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

    /// A grid around the looks of a path, as far as `reach`; the path itself is on it.
    fn closer(&self, grid: &Grid, path: &[usize], reach: f64, done_time: &impl Cumulative) -> Grid {
        let end = grid.end();
        let mut at = vec![0.0];
        let mut before = 0.0;
        for (place, node) in path.iter().enumerate() {
            let here = grid.at[*node];
            at.push(here);
            // The last look is where the grid ends.
            if let Some(next) = path.get(place + 1) {
                let step = reach * (here - before).min(grid.at[*next] - here) / f64::from(AROUND);
                at.extend(
                    (1..=AROUND).flat_map(|steps| [here - f64::from(steps) * step, here + f64::from(steps) * step]),
                );
            }
            before = here;
        }
        let corners = self.done_time.corners();
        at.extend(corners.into_iter().filter(|corner| *corner < end));
        Grid::tabulated(done_time, at)
    }

    /// Whether polls at these instants keep the bounds on late tasks and on polls.
    fn keeps(&self, instants: Vec<f64>, sketch: &Sketch) -> (bool, bool) {
        let Bounds { max_p95_delay, max_polls, .. } = self.bounds;
        let checks = Checks { instants, then: self.then() };
        // Over all tasks: with a deadline those that never end are late too.
        let stuck = if self.deadline.is_some() { 1.0 - self.done_time.ends() } else { 0.0 };
        let late = |late: f64| checks.late_share(sketch, late) + stuck <= 0.05 + 1e-12;
        let polls = |most: f64| checks.expected(sketch, self.deadline, 0.0).polls <= most * (1.0 + 1e-12);
        (max_p95_delay.is_none_or(late), max_polls.is_none_or(polls))
    }

    /// Prices may leap over the bounds: between the schedule that keeps them and the best one of all there are others
    /// that still do, at less cost. The nearest to the best of those that are in a line with both.
    fn between(&self, kept: Vec<f64>, free: &[f64], done_time: &impl Cumulative, sketch: &Sketch) -> Vec<f64> {
        let mixed = |share: f64| {
            let mut instants: Vec<f64> = kept.clone();
            for (at, free) in instants.iter_mut().zip(free) {
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
            Checks { instants: instants.to_vec(), then: self.then() }.cost(done_time, &self.weights, self.deadline)
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
        let scale = self.weights.poll + self.weights.delay_per_us() * grid.end();
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

/// The instants of a path.
fn instants(grid: &Grid, path: &[usize]) -> Vec<f64> {
    path.iter().map(|node| grid.at[*node]).collect()
}
