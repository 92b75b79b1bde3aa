//! Quantiles over all tasks from a histogram of the known ones, with at most 0.1 % error.

use crate::time::Micros;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Bins of each power of two: the width of a bin is at most 2⁻¹⁰ of its values, so its middle is within 0.05 % of them.
const FINE: u32 = 10;

/// Counts of durations (or of anything counted) with bounded relative error.
///
/// Values up to 2¹¹ have a bin each; above, every power of two is cut into 2¹⁰ equal bins (as in Tene's HdrHistogram).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Filled", into = "Filled")]
pub struct Durations {
    bins: Vec<u64>,
    shortest: u64,
    longest: u64,
}

impl Default for Durations {
    fn default() -> Self {
        Self { bins: Vec::new(), shortest: u64::MAX, longest: 0 }
    }
}

/// A histogram in a file: the bins that hold something, each by its distance from the one before, with its count.
#[derive(Serialize, Deserialize)]
struct Filled {
    bins: Vec<(u32, u64)>,
    shortest: u64,
    longest: u64,
}

impl From<Durations> for Filled {
    fn from(durations: Durations) -> Self {
        let mut before = 0;
        let filled = durations.bins.iter().enumerate().filter(|(_, count)| **count > 0);
        let bins = filled.map(|(bin, &count)| ((bin - std::mem::replace(&mut before, bin)) as u32, count)).collect();
        Self { bins, shortest: durations.shortest, longest: durations.longest }
    }
}

impl From<Filled> for Durations {
    fn from(filled: Filled) -> Self {
        let Filled { bins, shortest, longest } = filled;
        let mut durations = Self { bins: Vec::new(), shortest, longest };
        let mut bin = 0_usize;
        for (gap, count) in bins {
            // Beyond the last bin that a number can have there is none.
            bin = (bin + gap as usize).min(self::bin(u64::MAX));
            if bin >= durations.bins.len() {
                durations.grow(bin);
            }
            durations.bins[bin] += count;
        }
        durations
    }
}

/// How far the values of a power of two are shifted right to number their bins.
#[inline]
fn shift(value: u64) -> u32 {
    (value | 1 << FINE).ilog2() - FINE
}

/// Number of the bin of a value.
#[inline]
fn bin(value: u64) -> usize {
    let shift = shift(value);
    ((u64::from(shift) << FINE) + (value >> shift)) as usize
}

/// The middle of a bin.
fn middle(bin: usize) -> u64 {
    let shift = (bin as u64 >> FINE).saturating_sub(1);
    ((bin as u64 - (shift << FINE)) << shift) + ((1 << shift) >> 1)
}

impl Durations {
    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.extend([value]);
    }

    #[cold]
    fn grow(&mut self, bin: usize) {
        // To the end of the power of two: durations end at ten years, so there are few.
        self.bins.resize(((bin >> FINE) + 1) << FINE, 0);
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.shortest = self.shortest.min(other.shortest);
        self.longest = self.longest.max(other.longest);
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            *mine += theirs;
        }
    }

    /// Values counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shortest > self.longest
    }

    /// The largest value, exactly.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.longest)
    }

    /// The values at ascending `ranks` (from 1) among `len()` values followed by unknown ones: `None` for those.
    fn at_ranks(&self, ranks: &[u64]) -> Vec<Option<u64>> {
        let mut values = Vec::with_capacity(ranks.len());
        let mut seen = 0;
        let mut bins = self.bins.iter().enumerate().filter(|(_, count)| **count > 0);
        let mut current = None;
        for &rank in ranks {
            while seen < rank {
                let Some((bin, count)) = bins.next() else { break };
                seen += count;
                current = Some(middle(bin).clamp(self.shortest, self.longest));
            }
            values.push(current.filter(|_| seen >= rank));
        }
        values
    }

    /// The quantiles at ascending `levels` over `total` tasks of which the uncounted ones are +∞: the smallest value that
    /// at least that share of tasks do not exceed.
    #[must_use]
    pub fn quantiles(&self, levels: &[f64], total: u64) -> Vec<Option<u64>> {
        self.at_ranks(&levels.iter().map(|level| rank(*level, total)).collect::<Vec<_>>())
    }

    /// A 95 % interval of a quantile from order statistics, without assumptions on the distribution (Conover, *Practical
    /// Nonparametric Statistics*, 3rd ed., §3.2); `None` where an end is unknown.
    #[must_use]
    pub fn quantile_interval(&self, level: f64, total: u64) -> Option<(u64, u64)> {
        let below = Binomial::new(level, total).ok()?;
        let lower = below.inverse_cdf(0.025).max(1);
        let upper = below.inverse_cdf(0.975) + 1;
        if upper > total {
            return None;
        }
        match self.at_ranks(&[lower, upper])[..] {
            [Some(lower), Some(upper)] => Some((lower, upper)),
            _ => None,
        }
    }

    /// The share of `total` tasks with a value up to each point, in at most `steps` + 1 points equally spaced in rank.
    #[must_use]
    pub fn ecdf(&self, total: u64, steps: u64) -> Vec<(Micros, f64)> {
        let known = self.len();
        if known == 0 {
            return Vec::new();
        }
        let mut ranks: Vec<u64> = (0..=steps).map(|step| (known * step / steps).max(1)).collect();
        ranks.dedup();
        let values = self.at_ranks(&ranks);
        let points = ranks.iter().zip(values).filter_map(|(&rank, value)| Some((value?, rank)));
        points.map(|(value, rank)| (Micros::new(value), rank as f64 / total as f64)).collect()
    }
}

/// Counts values.
impl Extend<u64> for Durations {
    #[inline]
    fn extend<I: IntoIterator<Item = u64>>(&mut self, values: I) {
        let (mut shortest, mut longest) = (self.shortest, self.longest);
        for value in values {
            shortest = shortest.min(value);
            longest = longest.max(value);
            let bin = bin(value);
            if bin >= self.bins.len() {
                self.grow(bin);
            }
            self.bins[bin] += 1;
        }
        (self.shortest, self.longest) = (shortest, longest);
    }
}

/// The rank of a quantile: the least count that is at least that share of `total`.
fn rank(level: f64, total: u64) -> u64 {
    // The slack absorbs the rounding of products such as 0.95·20.
    ((level * total as f64 - 1e-9).ceil() as u64).clamp(1, total.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quantile_that_falls_on_unknown_tasks_is_none() {
        let mut durations = Durations::default();
        (1..=90).for_each(|value| durations.record(value));
        assert_eq!(durations.quantiles(&[0.5, 0.9, 0.95], 100), [Some(50), Some(90), None]);
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        #[test]
        fn the_middle_of_a_bin_lies_in_it(value in any::<u64>(), places in 0_u32..64) {
            let value = value >> places;
            prop_assert_eq!(bin(middle(bin(value))), bin(value));
            prop_assert!(value == 0 || bin(value - 1) <= bin(value));
        }

        #[test]
        fn quantiles_are_within_a_thousandth(
            mut values in prop::collection::vec(0_u64..40_000_000_000, 1..200), level in 0.01_f64..1.0
        ) {
            let mut durations = Durations::default();
            values.iter().for_each(|&value| durations.record(value));
            values.sort_unstable();
            let exact = values[rank(level, values.len() as u64) as usize - 1] as f64;
            let found = durations.quantiles(&[level], values.len() as u64)[0].expect("all are known") as f64;
            prop_assert!((found - exact).abs() <= 0.001 * exact, "{} for {}", found, exact);
        }
    }
}
