//! A law that is one of several, by weight.

use super::law::Law;
use crate::world::draws::Draws;

/// Laws and their probabilities, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixture(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
struct Part {
    /// Its probability.
    share: f64,
    /// Its probability and that of all parts before it.
    upto: f64,
    law: Law,
}

impl Mixture {
    /// A mixture by weights that need not add up to one; `None` if all of them are zero.
    pub(super) fn new(weighted: Vec<(f64, Law)>) -> Option<Self> {
        let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut upto = 0.0;
        let parts: Vec<_> = weighted
            .into_iter()
            .map(|(weight, law)| (weight / total, law))
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, law)| {
                upto += share;
                Part { share, upto, law }
            })
            .collect();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Every value later by `shift`.
    pub(super) fn shifted(self, shift: f64) -> Self {
        Self(self.0.into_iter().map(|part| Part { law: part.law.shifted(shift), ..part }).collect())
    }

    /// The mixture, given that its value lies in `[low, high]`, and the probability of that: each part is cut to the
    /// range, and weighs in proportion to what it has there.
    pub(super) fn restricted(&self, low: f64, high: f64) -> Option<(f64, Self)> {
        let kept: Vec<_> = self
            .0
            .iter()
            .filter_map(|part| part.law.restricted(low, high).map(|(mass, law)| (part.share * mass, law)))
            .collect();
        let mass = kept.iter().map(|(mass, _)| mass).sum::<f64>().min(1.0);
        Some((mass, Self::new(kept)?))
    }

    pub(super) fn sample(&self, draws: &mut Draws) -> f64 {
        let u = draws.uniform();
        // The shares may add up to a rounding less than one: the last part takes the rest.
        let index = self.0.iter().position(|part| u < part.upto).unwrap_or(self.0.len() - 1);
        self.0[index].law.sample(draws)
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.weighted(|law| law.cdf(x)).min(1.0)
    }

    /// The least float that reaches `p`. It lies between the parts' own quantiles; positive floats sort like their
    /// bits, so halving the bits finds it exactly in at most 64 steps.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        let quantiles = || self.0.iter().map(|part| part.law.quantile(p));
        let least = quantiles().fold(f64::INFINITY, f64::min);
        let greatest = quantiles().fold(0.0, f64::max);
        if p >= 1.0 {
            return greatest;
        }
        if self.cdf(least) >= p {
            return least;
        }
        let (mut short, mut reached) = (least.to_bits(), greatest.to_bits());
        while reached - short > 1 {
            let middle = short.midpoint(reached);
            if self.cdf(f64::from_bits(middle)) >= p {
                reached = middle;
            } else {
                short = middle;
            }
        }
        f64::from_bits(reached)
    }

    pub(super) fn density(&self, x: f64) -> Option<f64> {
        self.0.iter().map(|part| Some(part.share * part.law.density(x)?)).sum()
    }

    pub(super) fn partial_mean(&self, x: f64) -> f64 {
        self.weighted(|law| law.partial_mean(x))
    }

    pub(super) fn corners(&self, into: &mut Vec<f64>) {
        for part in &self.0 {
            part.law.corners(into);
        }
    }

    pub(super) fn mean(&self) -> f64 {
        self.weighted(Law::mean)
    }

    /// The average over the parts.
    fn weighted(&self, of: impl Fn(&Law) -> f64) -> f64 {
        self.0.iter().map(|part| part.share * of(&part.law)).sum()
    }
}
