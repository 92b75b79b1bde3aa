//! What a distribution computes with: its distribution after it was scaled and moved and bounds have been applied. Distributions and their
//! mixtures stand together, since each holds the other.

use super::empirical::Empirical;
use super::family::{Family, lognormal};
use super::normal::spare;
use super::restricted::Restricted;
use super::special::Tails;
use crate::world::draws::Draws;

/// A distribution of non-negative real numbers of microseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RealDistribution {
    /// Always the same.
    Constant(f64),
    /// A whole smooth distribution, moved right.
    Smooth { family: Family, shift: f64 },
    /// A smooth distribution cut to a range, moved right.
    Restricted { cut: Restricted, shift: f64 },
    /// Measured values.
    Empirical(Empirical),
    /// One of several.
    Mixture(Mixture),
}

impl From<Family> for RealDistribution {
    /// The distribution of this family; durations are never negative, so a normal distribution is cut at zero.
    fn from(family: Family) -> Self {
        match family.support() {
            (least, _) if least < 0.0 => {
                Self::Restricted { cut: Restricted::new(family, 0.0, f64::INFINITY), shift: 0.0 }
            }
            _ => Self::Smooth { family, shift: 0.0 },
        }
    }
}

impl RealDistribution {
    /// Every value later by `by`.
    pub(super) fn shifted(self, by: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value + by),
            Self::Smooth { family, shift } => Self::Smooth { family, shift: shift + by },
            Self::Restricted { cut, shift } => Self::Restricted { cut, shift: shift + by },
            Self::Empirical(empirical) => Self::Empirical(empirical.shifted(by)),
            Self::Mixture(mixture) => Self::Mixture(mixture.shifted(by)),
        }
    }

    /// Every value times `factor`; `None` where a distribution's parameters become too large for its sampler.
    pub(super) fn scaled(self, factor: f64) -> Option<Self> {
        Some(match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Smooth { family, shift } => Self::Smooth { family: family.scaled(factor)?, shift: shift * factor },
            Self::Restricted { cut, shift } => Self::Restricted { cut: cut.scaled(factor)?, shift: shift * factor },
            Self::Empirical(empirical) => Self::Empirical(empirical.scaled(factor)),
            Self::Mixture(mixture) => Self::Mixture(mixture.scaled(factor)?),
        })
    }

    /// The distribution, given that its value lies in `[low, high]`, and the probability of that; `None` where it is zero.
    pub(super) fn restricted(&self, low: f64, high: f64) -> Option<(f64, Self)> {
        let cut_to_range = |whole: &Restricted, shift: f64| {
            let (mass, cut) = whole.restricted(low - shift, high - shift)?;
            Some((mass, Self::Restricted { cut, shift }))
        };
        match self {
            Self::Constant(value) => (low <= *value && *value <= high).then(|| (1.0, self.clone())),
            Self::Smooth { family, shift } => {
                let (least, greatest) = family.support();
                cut_to_range(&Restricted::new(*family, least, greatest), *shift)
            }
            Self::Restricted { cut, shift } => cut_to_range(cut, *shift),
            Self::Empirical(empirical) => {
                empirical.restricted(low, high).map(|(mass, kept)| (mass, Self::Empirical(kept)))
            }
            Self::Mixture(mixture) => mixture.restricted(low, high).map(|(mass, kept)| (mass, Self::Mixture(kept))),
        }
    }

    /// Log-normal round trips are drawn for every poll of a simulation, so their way is inlined and the others' is not.
    #[inline(always)]
    pub(super) fn sample(&self, draws: &mut Draws) -> f64 {
        self.sample_spare(draws).0
    }

    /// The same with the bits that the value's draw has to spare, if it is the only one and has any.
    #[inline(always)]
    pub(super) fn sample_spare(&self, draws: &mut Draws) -> (f64, Option<u64>) {
        match self {
            Self::Smooth { family: Family::LogNormal { median, sigma }, shift } => {
                let word = draws.bits();
                (shift + lognormal(*median, *sigma, word), Some(spare(word)))
            }
            distribution => (distribution.sample_other(draws), None),
        }
    }

    #[inline(never)]
    fn sample_other(&self, draws: &mut Draws) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Smooth { family, shift } => shift + family.sample(draws),
            Self::Restricted { cut, shift } => shift + cut.sample(draws),
            Self::Empirical(empirical) => empirical.sample(draws),
            Self::Mixture(mixture) => mixture.sample(draws),
        }
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        match self {
            Self::Constant(value) => f64::from(u8::from(*value <= x)),
            Self::Smooth { family, shift } => family.below(x - shift),
            Self::Restricted { cut, shift } => cut.cdf(x - shift),
            Self::Empirical(empirical) => empirical.cdf(x),
            Self::Mixture(mixture) => mixture.cdf(x),
        }
    }

    /// The least point whose `cdf` reaches `p`, for `p` in `[0, 1]`; the least value of all for 0.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Smooth { family, shift } => shift + family.quantile(Tails { below: p, above: 1.0 - p }),
            Self::Restricted { cut, shift } => shift + cut.quantile(p),
            Self::Empirical(empirical) => empirical.quantile(p),
            Self::Mixture(mixture) => mixture.quantile(p),
        }
    }

    /// The density per microsecond; `None` where single values have a probability of their own.
    pub(super) fn density(&self, x: f64) -> Option<f64> {
        match self {
            Self::Constant(_) | Self::Empirical(_) => None,
            Self::Smooth { family, shift } => Some(family.density(x - shift)),
            Self::Restricted { cut, shift } => Some(cut.density(x - shift)),
            Self::Mixture(mixture) => mixture.density(x),
        }
    }

    /// E[X; X ≤ x] in microseconds.
    pub(super) fn partial_mean(&self, x: f64) -> f64 {
        match self {
            Self::Constant(value) => {
                if *value <= x {
                    *value
                } else {
                    0.0
                }
            }
            Self::Smooth { .. } | Self::Restricted { .. } => self.cdf_and_partial_mean(x).1,
            Self::Empirical(empirical) => empirical.partial_mean(x),
            Self::Mixture(mixture) => mixture.partial_mean(x),
        }
    }

    /// Both, where the one helps to find the other.
    #[inline]
    pub(super) fn cdf_and_partial_mean(&self, x: f64) -> (f64, f64) {
        match self {
            Self::Smooth { family, shift } => {
                let ((least, _), moved) = (family.support(), x - shift);
                if moved <= least {
                    return (0.0, 0.0);
                }
                let (below, partial) = family.below_and_partial_mean(moved);
                (below, partial + shift * below)
            }
            Self::Restricted { cut, shift } => {
                let below = cut.cdf(x - shift);
                (below, cut.partial_mean(x - shift) + shift * below)
            }
            Self::Constant(_) | Self::Empirical(_) | Self::Mixture(_) => (self.cdf(x), self.partial_mean(x)),
        }
    }

    /// Where the distribution function jumps or bends.
    pub(super) fn corners(&self, into: &mut Vec<f64>) {
        match self {
            Self::Constant(value) => into.push(*value),
            Self::Smooth { family, shift } => {
                let (least, greatest) = family.support();
                into.extend([shift + least, shift + greatest]);
            }
            Self::Restricted { cut, shift } => into.extend([shift + cut.quantile(0.0), shift + cut.quantile(1.0)]),
            Self::Empirical(empirical) => into.extend_from_slice(empirical.values()),
            Self::Mixture(mixture) => mixture.corners(into),
        }
    }

    pub(super) fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Smooth { family, shift } => {
                let (least, greatest) = family.support();
                shift + family.partial_mean(least, greatest)
            }
            Self::Restricted { cut, shift } => shift + cut.mean(),
            Self::Empirical(empirical) => empirical.mean(),
            Self::Mixture(mixture) => mixture.mean(),
        }
    }
}

/// Distributions and their probabilities, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixture(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
struct Part {
    /// Its probability.
    share: f64,
    /// Its probability and that of all parts before it.
    upto: f64,
    distribution: RealDistribution,
}

impl Mixture {
    /// A mixture by weights that need not add up to one; `None` if all of them are zero.
    pub(super) fn new(weighted: Vec<(f64, RealDistribution)>) -> Option<Self> {
        let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut upto = 0.0;
        let parts: Vec<_> = weighted
            .into_iter()
            .map(|(weight, distribution)| (weight / total, distribution))
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, distribution)| {
                upto += share;
                Part { share, upto, distribution }
            })
            .collect();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Every value later by `shift`.
    fn shifted(self, shift: f64) -> Self {
        Self(self.0.into_iter().map(|part| Part { distribution: part.distribution.shifted(shift), ..part }).collect())
    }

    /// Every value times `factor`.
    fn scaled(self, factor: f64) -> Option<Self> {
        let parts =
            self.0.into_iter().map(|part| Some(Part { distribution: part.distribution.scaled(factor)?, ..part }));
        parts.collect::<Option<_>>().map(Self)
    }

    /// The mixture, given that its value lies in `[low, high]`, and the probability of that: each part is cut to the
    /// range, and weighs in proportion to what it has there.
    fn restricted(&self, low: f64, high: f64) -> Option<(f64, Self)> {
        let kept: Vec<_> = self
            .0
            .iter()
            .filter_map(|part| {
                part.distribution.restricted(low, high).map(|(mass, distribution)| (part.share * mass, distribution))
            })
            .collect();
        let mass = kept.iter().map(|(mass, _)| mass).sum::<f64>().min(1.0);
        Some((mass, Self::new(kept)?))
    }

    fn sample(&self, draws: &mut Draws) -> f64 {
        let u = draws.uniform();
        // The shares may add up to a rounding less than one: the last part takes the rest.
        let index = self.0.iter().position(|part| u < part.upto).unwrap_or(self.0.len() - 1);
        self.0[index].distribution.sample(draws)
    }

    fn cdf(&self, x: f64) -> f64 {
        self.weighted(|distribution| distribution.cdf(x)).min(1.0)
    }

    /// The least float that reaches `p`. It lies between the parts' own quantiles; positive floats sort like their
    /// bits, so halving the bits finds it exactly in at most 64 steps.
    fn quantile(&self, p: f64) -> f64 {
        let quantiles = || self.0.iter().map(|part| part.distribution.quantile(p));
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

    fn density(&self, x: f64) -> Option<f64> {
        self.0.iter().map(|part| Some(part.share * part.distribution.density(x)?)).sum()
    }

    fn partial_mean(&self, x: f64) -> f64 {
        self.weighted(|distribution| distribution.partial_mean(x))
    }

    fn corners(&self, into: &mut Vec<f64>) {
        for part in &self.0 {
            part.distribution.corners(into);
        }
    }

    fn mean(&self) -> f64 {
        self.weighted(RealDistribution::mean)
    }

    /// The average over the parts.
    fn weighted(&self, of: impl Fn(&RealDistribution) -> f64) -> f64 {
        self.0.iter().map(|part| part.share * of(&part.distribution)).sum()
    }
}
