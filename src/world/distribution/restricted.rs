//! A smooth distribution cut to a range: exact, by restricting its inverse distribution function.

use super::family::Family;
use super::special::Tails;
use crate::world::draws::Draws;

/// The least probability that a range may keep: below it the formulas run out of exponents, and no simulation would
/// ever have got there.
const LEAST_MASS: f64 = 1e-200;

/// A smooth distribution, given that its value lies in a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Restricted {
    family: Family,
    low: f64,
    high: f64,
    at_low: Tails,
    at_high: Tails,
    /// The probability of the range under the whole distribution.
    mass: f64,
}

impl Restricted {
    /// `family`, given that its value lies in `[low, high]`.
    pub(super) fn new(family: Family, low: f64, high: f64) -> Self {
        let (least, greatest) = family.support();
        let (low, high) = (low.max(least), high.min(greatest));
        let (at_low, at_high) = (family.tails(low), family.tails(high));
        Self { family, low, high, at_low, at_high, mass: at_low.until(at_high) }
    }

    /// This distribution cut further, and the share of it that remains; `None` where nothing does.
    pub(super) fn restricted(&self, low: f64, high: f64) -> Option<(f64, Self)> {
        let cut = Self::new(self.family, low.max(self.low), high.min(self.high));
        (cut.low < cut.high && cut.mass >= LEAST_MASS).then(|| ((cut.mass / self.mass).min(1.0), cut))
    }

    /// Every value times `factor`.
    pub(super) fn scaled(self, factor: f64) -> Option<Self> {
        Some(Self { family: self.family.scaled(factor)?, low: self.low * factor, high: self.high * factor, ..self })
    }

    pub(super) fn sample(&self, draws: &mut Draws) -> f64 {
        self.quantile(draws.uniform())
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= self.low {
            0.0
        } else if x >= self.high {
            1.0
        } else {
            (self.at_low.until(self.family.tails(x)) / self.mass).min(1.0)
        }
    }

    pub(super) fn quantile(&self, p: f64) -> f64 {
        let tails =
            Tails { below: self.at_low.below + p * self.mass, above: self.at_high.above + (1.0 - p) * self.mass };
        self.family.quantile(tails).clamp(self.low, self.high)
    }

    pub(super) fn density(&self, x: f64) -> f64 {
        if x < self.low || x > self.high { 0.0 } else { self.family.density(x) / self.mass }
    }

    /// E[X; X ≤ x].
    pub(super) fn partial_mean(&self, x: f64) -> f64 {
        if x <= self.low { 0.0 } else { self.family.partial_mean(self.low, x.min(self.high)) / self.mass }
    }

    pub(super) fn mean(&self) -> f64 {
        (self.family.partial_mean(self.low, self.high) / self.mass).clamp(self.low, self.high)
    }
}
