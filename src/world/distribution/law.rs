//! What a distribution computes with: its law after shifts have been added and bounds have been applied.

use super::empirical::Empirical;
use super::family::{Family, lognormal};
use super::mixture::Mixture;
use super::restricted::Restricted;
use super::special::Tails;
use crate::world::draws::Draws;

/// A law of non-negative real numbers of microseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Law {
    /// Always the same.
    Constant(f64),
    /// A whole smooth law, moved right.
    Smooth { family: Family, shift: f64 },
    /// A smooth law cut to a range, moved right.
    Restricted { cut: Restricted, shift: f64 },
    /// Measured values.
    Empirical(Empirical),
    /// One of several.
    Mixture(Mixture),
}

impl From<Family> for Law {
    /// The law of this family; durations are never negative, so a normal law is cut at zero.
    fn from(family: Family) -> Self {
        match family {
            Family::Normal { .. } => Self::Restricted { cut: Restricted::new(family, 0.0, f64::INFINITY), shift: 0.0 },
            _ => Self::Smooth { family, shift: 0.0 },
        }
    }
}

impl Law {
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

    /// The law, given that its value lies in `[low, high]`, and the probability of that; `None` where it is zero.
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
        match self {
            Self::Smooth { family: Family::LogNormal { median, sigma }, shift } => {
                shift + lognormal(*median, *sigma, draws)
            }
            law => law.sample_other(draws),
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
            Self::Smooth { family, shift } => family.tails(x - shift).below,
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
            Self::Smooth { family, shift } => {
                let (least, _) = family.support();
                if x - shift <= least {
                    return 0.0;
                }
                family.partial_mean(least, x - shift) + shift * family.tails(x - shift).below
            }
            Self::Restricted { cut, shift } => cut.partial_mean(x - shift) + shift * cut.cdf(x - shift),
            Self::Empirical(empirical) => empirical.partial_mean(x),
            Self::Mixture(mixture) => mixture.partial_mean(x),
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
