//! The smooth distributions that have formulas: sampling, both tails, quantiles, density, and partial expectations.
//!
//! Points are real numbers of microseconds. Partial expectations E[X; a ≤ X ≤ b] are what truncated means are made of;
//! the formulas are those of Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*, 2nd ed., volume 1:
//! chapters 13 (normal), 14 (lognormal), 17 (gamma), 19 (exponential), 20 (Pareto) and 21 (Weibull), and volume 2:
//! chapter 26 (uniform).

use super::exp::exp;
use super::normal::Normal;
use super::special::{
    Tails, gamma_density, gamma_quantile, gamma_tails, normal_below, normal_density, normal_quantile, normal_tails,
};
use crate::world::draws::Draws;
use rand_distr::{Distribution as _, Exp1};

/// A smooth distribution with its parameters, durations in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Family {
    Uniform { low: f64, high: f64 },
    Exponential { mean: f64 },
    LogNormal { median: f64, sigma: f64 },
    Gamma { shape: f64, scale: f64, sampler: rand_distr::Gamma<f64> },
    Weibull { shape: f64, scale: f64 },
    Normal { mean: f64, std_dev: f64 },
    Pareto { scale: f64, shape: f64 },
}

impl Family {
    /// A value of the whole distribution, before any truncation.
    pub(super) fn sample(&self, draws: &mut Draws) -> f64 {
        match *self {
            Self::Uniform { low, high } => low + (high - low) * draws.uniform(),
            Self::Exponential { mean } => mean * exponential(draws),
            Self::LogNormal { median, sigma } => lognormal(median, sigma, draws.bits()),
            Self::Gamma { sampler, .. } => sampler.sample(draws),
            Self::Weibull { shape, scale } => scale * libm::pow(exponential(draws), 1.0 / shape),
            Self::Normal { mean, std_dev } => mean + std_dev * normal(draws),
            Self::Pareto { scale, shape } => scale * exp(exponential(draws) / shape),
        }
    }

    /// The least and the greatest point; the distribution has no atoms and no gaps between them.
    #[inline]
    pub(super) fn support(&self) -> (f64, f64) {
        match *self {
            Self::Uniform { low, high } => (low, high),
            Self::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Pareto { scale, .. } => (scale, f64::INFINITY),
            Self::Exponential { .. } | Self::LogNormal { .. } | Self::Gamma { .. } | Self::Weibull { .. } => {
                (0.0, f64::INFINITY)
            }
        }
    }

    /// Every value times `factor`: all of these are families of scale. `None` where the sampler refuses its parameters.
    pub(super) fn scaled(self, factor: f64) -> Option<Self> {
        Some(match self {
            Self::Uniform { low, high } => Self::Uniform { low: low * factor, high: high * factor },
            Self::Exponential { mean } => Self::Exponential { mean: mean * factor },
            Self::LogNormal { median, sigma } => Self::LogNormal { median: median * factor, sigma },
            Self::Gamma { shape, scale, .. } => {
                let scale = scale * factor;
                Self::Gamma { shape, scale, sampler: rand_distr::Gamma::new(shape, scale).ok()? }
            }
            Self::Weibull { shape, scale } => Self::Weibull { shape, scale: scale * factor },
            Self::Normal { mean, std_dev } => Self::Normal { mean: mean * factor, std_dev: std_dev * factor },
            Self::Pareto { scale, shape } => Self::Pareto { scale: scale * factor, shape },
        })
    }

    /// The probabilities on both sides of `x`.
    pub(super) fn tails(&self, x: f64) -> Tails {
        let (low, high) = self.support();
        if x <= low {
            return Tails::ALL_ABOVE;
        }
        if x >= high {
            return Tails::ALL_BELOW;
        }
        match *self {
            Self::Uniform { low, high } => Tails { below: (x - low) / (high - low), above: (high - x) / (high - low) },
            Self::Exponential { mean } => decayed(x / mean),
            Self::LogNormal { median, sigma } => normal_tails(libm::log(x / median) / sigma),
            Self::Gamma { shape, scale, .. } => gamma_tails(shape, x / scale),
            Self::Weibull { shape, scale } => decayed(libm::pow(x / scale, shape)),
            Self::Normal { mean, std_dev } => normal_tails((x - mean) / std_dev),
            Self::Pareto { scale, shape } => decayed(shape * libm::log(x / scale)),
        }
    }

    /// P(X ≤ x): the tail on that side alone.
    #[inline]
    pub(super) fn below(&self, x: f64) -> f64 {
        if let Self::LogNormal { median, sigma } = *self
            && x > 0.0
        {
            return normal_below(libm::log(x / median) / sigma);
        }
        self.tails(x).below
    }

    /// The same, and E[X; X ≤ x], to the bit as [`partial_mean`](Self::partial_mean) has it: schedules ask for both so often that
    /// what they have in common is worked out once, where there is any.
    #[inline]
    pub(super) fn below_and_partial_mean(&self, x: f64) -> (f64, f64) {
        if let Self::LogNormal { median, sigma } = *self
            && x > 0.0
        {
            let z = libm::log(x / median) / sigma;
            return (normal_below(z), median * libm::exp(0.5 * sigma * sigma) * normal_below(z - sigma));
        }
        if let Self::Uniform { low, high } = *self
            && x > low
        {
            let upto = x.min(high);
            let below = (upto - low) / (high - low);
            return (below, below * 0.5 * (low + upto));
        }
        (self.below(x), self.partial_mean(self.support().0, x))
    }

    /// The point with these tails; only the smaller one is used.
    pub(super) fn quantile(&self, tails: Tails) -> f64 {
        let (low, high) = self.support();
        if tails.below <= 0.0 {
            return low;
        }
        if tails.above <= 0.0 {
            return high;
        }
        match *self {
            Self::Uniform { low, high } if tails.below <= tails.above => low + (high - low) * tails.below,
            Self::Uniform { low, high } => high - (high - low) * tails.above,
            Self::Exponential { mean } => mean * decay(tails),
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * normal_point(tails)),
            Self::Gamma { shape, scale, .. } => scale * gamma_quantile(shape, tails),
            Self::Weibull { shape, scale } => scale * libm::pow(decay(tails), 1.0 / shape),
            Self::Normal { mean, std_dev } => mean + std_dev * normal_point(tails),
            Self::Pareto { scale, shape } => scale * libm::exp(decay(tails) / shape),
        }
    }

    /// The density at `x`, per microsecond.
    pub(super) fn density(&self, x: f64) -> f64 {
        let (low, high) = self.support();
        if x < low || x > high {
            return 0.0;
        }
        match *self {
            Self::Uniform { low, high } => 1.0 / (high - low),
            Self::Exponential { mean } => libm::exp(-x / mean) / mean,
            Self::LogNormal { .. } if x == 0.0 => 0.0,
            Self::LogNormal { median, sigma } => normal_density(libm::log(x / median) / sigma) / (x * sigma),
            Self::Gamma { shape, scale, .. } if x == 0.0 => libm::pow(0.0, shape - 1.0) / scale,
            Self::Gamma { shape, scale, .. } => gamma_density(shape, x / scale) / scale,
            Self::Weibull { shape, scale } => {
                let ratio = x / scale;
                shape / scale * libm::pow(ratio, shape - 1.0) * libm::exp(-libm::pow(ratio, shape))
            }
            Self::Normal { mean, std_dev } => normal_density((x - mean) / std_dev) / std_dev,
            Self::Pareto { scale, shape } => shape / scale * libm::pow(x / scale, -shape - 1.0),
        }
    }

    /// E[X; low ≤ X ≤ high] in microseconds; infinite where the integral is. For most distributions it is the mean times the
    /// probability of the same range under the distribution reweighted by size.
    pub(super) fn partial_mean(&self, low: f64, high: f64) -> f64 {
        let (least, greatest) = self.support();
        let (low, high) = (low.max(least), high.min(greatest));
        match *self {
            Self::Uniform { low: least, high: greatest } => (high - low) / (greatest - least) * 0.5 * (low + high),
            Self::Exponential { mean } => mean * gamma_tails(2.0, low / mean).until(gamma_tails(2.0, high / mean)),
            Self::LogNormal { median, sigma } => {
                let tails = |x: f64| normal_tails(libm::log(x / median) / sigma - sigma);
                median * libm::exp(0.5 * sigma * sigma) * tails(low).until(tails(high))
            }
            Self::Gamma { shape, scale, .. } => {
                shape * scale * gamma_tails(shape + 1.0, low / scale).until(gamma_tails(shape + 1.0, high / scale))
            }
            Self::Weibull { shape, scale } => {
                let order = 1.0 + 1.0 / shape;
                let tails = |x: f64| gamma_tails(order, libm::pow(x / scale, shape));
                scale * libm::tgamma(order) * tails(low).until(tails(high))
            }
            Self::Normal { mean, std_dev } => {
                let (from, to) = ((low - mean) / std_dev, (high - mean) / std_dev);
                mean * normal_tails(from).until(normal_tails(to))
                    + std_dev * (normal_density(from) - normal_density(to))
            }
            Self::Pareto { scale, shape } => {
                // ∫ shape (scale/x)^shape dx, with x = low·e^t.
                let (span, growth) = (libm::log(high / low), 1.0 - shape);
                let integral = match growth {
                    0.0 => span,
                    growth => libm::expm1(growth * span) / growth,
                };
                shape * low * libm::pow(scale / low, shape) * integral
            }
        }
    }
}

/// The value of a random word.
#[inline(always)]
pub(super) fn lognormal(median: f64, sigma: f64, word: u64) -> f64 {
    median * exp(sigma * Normal::table().of(word))
}

#[inline(always)]
fn normal(draws: &mut Draws) -> f64 {
    Normal::table().of(draws.bits())
}

#[inline]
fn exponential(draws: &mut Draws) -> f64 {
    Exp1.sample(draws)
}

/// Tails of the standard exponential distribution at `t`.
fn decayed(t: f64) -> Tails {
    Tails { below: -libm::expm1(-t), above: libm::exp(-t) }
}

/// The point of the standard exponential distribution with these tails.
fn decay(tails: Tails) -> f64 {
    if tails.below <= tails.above { -libm::log1p(-tails.below) } else { -libm::log(tails.above) }
}

/// The point of the standard normal distribution with these tails.
fn normal_point(tails: Tails) -> f64 {
    if tails.below <= tails.above { normal_quantile(tails.below) } else { -normal_quantile(tails.above) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn families() -> impl Strategy<Value = Family> {
        let (scale, shape) = (1e-3..1e12_f64, 0.01..6.0_f64);
        (0..7, scale, shape).prop_map(|(kind, scale, shape)| match kind {
            0 => Family::Uniform { low: scale, high: scale * (1.0 + shape) },
            1 => Family::Exponential { mean: scale },
            2 => Family::LogNormal { median: scale, sigma: shape },
            3 => Family::Weibull { shape, scale },
            4 => Family::Normal { mean: scale, std_dev: scale * shape },
            5 => Family::Pareto { scale, shape },
            _ => {
                let sampler = rand_distr::Gamma::new(shape, scale).expect("a gamma distribution");
                Family::Gamma { shape, scale, sampler }
            }
        })
    }

    proptest! {
        /// Promise: what is found for less is the same, to the bit.
        #[test]
        fn the_left_side_alone_is_the_left_side(family in families(), logarithm in -12.0..12.0_f64, far in any::<bool>()) {
            let x = if far { 10_f64.powf(1.5 * logarithm) } else { family.support().0.max(1e-3) * 10_f64.powf(0.1 * logarithm) };
            let (below, partial) = family.below_and_partial_mean(x);
            prop_assert_eq!(below.to_bits(), family.tails(x).below.to_bits());
            prop_assert_eq!(family.below(x).to_bits(), below.to_bits());
            if x > family.support().0 {
                prop_assert_eq!(partial.to_bits(), family.partial_mean(family.support().0, x).to_bits());
            }
        }
    }
}
