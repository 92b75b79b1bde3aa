//! Fits of the same observations under random weights, for intervals: the Bayesian bootstrap (Rubin, Annals of Statistics 9
//! (1981) 130–134), of censored and truncated observations that of Lo (Annals of Statistics 21 (1993) 100–123).
//!
//! Each observation has a weight from the exponential distribution. Then the share of those at risk that end at an instant follows a
//! beta distribution, and those of different instants are independent: no observation needs to be looked at again. The instants are
//! gathered, so that the price does not depend on how many there are; an interval is so wide as the whole sample makes it.
//!
//! Only what follows the data is made anew. The candidates stay as they are: in a sample that is large enough to be
//! resampled so they have at most a share [`REST`] of the blend, whose distribution function is off by no more than that share
//! of what their parameters would have moved it.

use super::turnbull::{Cell, Estimate};
use super::{Fit, blended};
use crate::world::distribution::Distribution;
use crate::world::draws::Draws;
use rand_distr::{Beta, Distribution as _};

/// Largest share of the candidates where they are not fitted again.
const REST: f64 = 0.06;
/// Groups that ends are gathered into, beside those values that are frequent and the greatest. The distribution function of
/// the gathered ends is nowhere further than one group, a 2,000th, from that of all.
const GROUPS: f64 = 2_000.0;

/// A large sample under other weights.
#[derive(Debug, Clone)]
pub struct Resampler<'a> {
    fit: &'a Fit,
    gathered: Estimate,
}

impl<'a> Resampler<'a> {
    /// Of what was fitted; `None` where candidates have too great a share to stay as they are, or where durations are known
    /// only between bounds that overlap: then observations are to be drawn again.
    #[must_use]
    pub fn of(fit: &'a Fit) -> Option<Self> {
        let estimate = &fit.estimate;
        let located: f64 = estimate.cells.iter().map(|cell| cell.seen).sum();
        let is_located = (located - estimate.ends as f64).abs() < 0.5;
        (1.0 - fit.share <= REST && is_located).then(|| Self { fit, gathered: gathered(estimate) })
    }

    /// The distribution under the weights that `draws` give.
    #[must_use]
    pub fn distribution(&self, draws: &mut Draws) -> Distribution {
        let estimate = weighed(&self.gathered, draws);
        blended(&estimate, self.fit.average.as_ref(), self.fit.trust).distribution
    }
}

/// The estimate with its neighbouring ends gathered into one at their mean, but for what is told apart anyway: ranges, values
/// of many observations, and the greatest ones, which say how the distribution goes on.
fn gathered(estimate: &Estimate) -> Estimate {
    let most = (estimate.ends as f64 / GROUPS).max(1.0);
    let greatest = estimate.cells.len().saturating_sub(2 * (estimate.ends as f64).sqrt().ceil() as usize);
    let mut cells: Vec<Cell> = Vec::new();
    for (at, cell) in estimate.cells.iter().enumerate() {
        let is_alone = cell.low < cell.high || at >= greatest;
        match cells.last_mut() {
            Some(group) if !is_alone && group.low >= group.high && group.seen + cell.seen <= most => {
                let mass = group.mass + cell.mass;
                let mean = (group.mass * libm::log(group.high) + cell.mass * libm::log(cell.high)) / mass;
                let at = libm::exp(mean);
                *group = Cell { low: at, high: at, mass, seen: group.seen + cell.seen };
            }
            _ => cells.push(*cell),
        }
    }
    Estimate { cells, ..estimate.clone() }
}

/// The estimate under random weights of its observations.
fn weighed(estimate: &Estimate, draws: &mut Draws) -> Estimate {
    let (mut before, mut left) = (1.0, 1.0);
    let cells = estimate.cells.iter().map(|cell| {
        // Of those at risk here, so many go on.
        let at_risk = cell.seen * before / cell.mass;
        before -= cell.mass;
        // The last ones, all of whom end here, are told by rounding only.
        let share = Beta::new(cell.seen, at_risk - cell.seen).map_or(1.0, |beta| beta.sample(draws));
        let mass = left * share;
        left -= mass;
        Cell { mass, ..*cell }
    });
    let cells = cells.filter(|cell| cell.mass > 1e-12).collect();
    // What is left of a sample all of which ended is rounding.
    let left = if estimate.left > 0.0 { left } else { 0.0 };
    Estimate { cells, left, ..estimate.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Observation;

    /// Gathered, no end is lost, none moves past others by more than a group, and the greatest stay as they are.
    #[test]
    fn gathered_ends_are_nowhere_further_than_one_group() {
        for (text, count) in [("lognormal(median=100s, sigma=0.5)", 30_000), ("pareto(scale=5s, shape=1.2)", 90_000)] {
            let distribution: Distribution = text.parse().expect("a distribution");
            let seen: Vec<Observation> = (1..count)
                .map(|at| {
                    Observation::Exact((distribution.quantile(f64::from(at) / f64::from(count)) / 1e3).ceil() * 1e3)
                })
                .collect();
            let all = Estimate::of(&seen);
            let few = gathered(&all);
            assert!(few.cells.len() < 6_000 && few.cells.len() < all.cells.len(), "{}", few.cells.len());
            let upto = |estimate: &Estimate, x: f64| -> f64 {
                estimate.cells.iter().take_while(|cell| cell.high <= x).map(|cell| cell.mass).sum()
            };
            for cell in all.cells.iter().step_by(97).chain(all.cells.last()) {
                let (exact, gathered) = (upto(&all, cell.high), upto(&few, cell.high));
                assert!((exact - gathered).abs() <= 1.0 / GROUPS + 1e-9, "{text} at {}: {gathered}", cell.high);
            }
            let ends = |estimate: &Estimate| estimate.cells.iter().map(|cell| cell.seen).sum::<f64>();
            assert!((ends(&all) - ends(&few)).abs() < 1e-6);
            assert_eq!(all.cells[all.cells.len() - 100..], few.cells[few.cells.len() - 100..]);
        }
    }
}
