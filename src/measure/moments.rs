//! Sums of figures and of their squares, in integers: what means and variances are made of.

use crate::inspection::CostWeights;
use serde::{Deserialize, Serialize};

/// Count, sum and sum of squares of an integer figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moments {
    /// Figures.
    pub n: u64,
    /// Their sum.
    pub sum: i128,
    squares: u128,
}

/// The same of differences, with how many there are at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Differences {
    /// Their moments.
    pub moments: Moments,
    /// Differences that are not zero.
    pub unequal: u64,
}

impl Differences {
    /// Takes in a difference.
    #[inline]
    pub fn add(&mut self, difference: i64) {
        self.moments.add(difference);
        self.unequal += u64::from(difference != 0);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.unequal += other.unequal;
    }
}

impl Moments {
    /// Takes in a figure.
    #[inline]
    pub fn add(&mut self, value: i64) {
        self.n += 1;
        self.sum += i128::from(value);
        let size = u128::from(value.unsigned_abs());
        self.squares += size * size;
    }

    /// Moments of figures that are not negative. They are added up apart, where a processor keeps them in registers.
    #[inline(always)]
    pub(super) fn of(values: impl Iterator<Item = u64>) -> Self {
        let (mut n, mut sum, mut squares) = (0, 0_u128, 0_u128);
        for value in values {
            n += 1;
            sum += u128::from(value);
            squares += u128::from(value) * u128::from(value);
        }
        Self { n, sum: sum as i128, squares }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// Mean; `None` of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }

    /// Sample variance; `None` of fewer than two.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| {
            let spread = self.squares as f64 - self.sum as f64 * (self.sum as f64 / self.n as f64);
            spread.max(0.0) / (self.n - 1) as f64
        })
    }
}

/// Moments of `poll·polls + delay_per_s·delay` for any weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CostMoments {
    pub(super) polls: Moments,
    pub(super) delay: Moments,
    pub(super) product: i128,
}

impl CostMoments {
    /// Moments of polls and delays, in one loop.
    #[inline(always)]
    pub(super) fn of(values: impl Iterator<Item = (u32, u64)>) -> Self {
        let (mut n, mut polls, mut delays) = (0, 0_u64, 0_u128);
        let (mut polls_squared, mut delays_squared, mut product) = (0_u128, 0_u128, 0_u128);
        for (of_polls, delay) in values {
            let of_polls = u64::from(of_polls);
            n += 1;
            polls += of_polls;
            polls_squared += u128::from(of_polls * of_polls);
            delays += u128::from(delay);
            delays_squared += u128::from(delay) * u128::from(delay);
            product += u128::from(of_polls) * u128::from(delay);
        }
        Self {
            polls: Moments { n, sum: polls.into(), squares: polls_squared },
            delay: Moments { n, sum: delays as i128, squares: delays_squared },
            product: product as i128,
        }
    }

    #[inline]
    pub(super) fn add(&mut self, polls: i64, delay_us: i64) {
        self.polls.add(polls);
        self.delay.add(delay_us);
        self.product += i128::from(polls) * i128::from(delay_us);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.polls.merge(&other.polls);
        self.delay.merge(&other.delay);
        self.product += other.product;
    }

    /// Tasks.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.polls.n
    }

    /// Mean polls, and mean seconds of delay; `None` of nothing.
    #[must_use]
    pub fn means(&self) -> Option<(f64, f64)> {
        self.polls.mean().zip(self.delay.mean().map(|us| us / 1e6))
    }

    /// Sum of the costs.
    #[must_use]
    pub fn sum(&self, weights: &CostWeights) -> f64 {
        weights.poll * self.polls.sum as f64 + weights.delay_per_s / 1e6 * self.delay.sum as f64
    }

    /// Sample variance of the cost; `None` of fewer than two tasks.
    #[must_use]
    pub fn variance(&self, weights: &CostWeights) -> Option<f64> {
        let n = self.n() as f64;
        let centred = self.product as f64 - self.polls.sum as f64 * (self.delay.sum as f64 / n);
        let covariance = centred / (n - 1.0);
        let (poll, delay) = (weights.poll, weights.delay_per_s / 1e6);
        let (of_polls, of_delay) = (self.polls.variance()?, self.delay.variance()?);
        Some((poll * poll * of_polls + 2.0 * poll * delay * covariance + delay * delay * of_delay).max(0.0))
    }
}
