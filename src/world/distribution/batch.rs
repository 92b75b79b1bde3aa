//! Many values side by side: the same that one draw after another gives, in loops that a processor takes several at a time.

use super::exp::{WITHIN, exp_within};
use super::family::Family;
use super::normal::{FARTHEST, Normal};
use super::real::RealDistribution;
use crate::time::Micros;
use crate::world::draws::Draws;

/// A distribution whose values take one draw each, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Batch {
    /// Always the same.
    Constant(Micros),
    /// A log-normal distribution, moved right.
    LogNormal { median: f64, sigma: f64, shift: f64 },
}

impl Batch {
    pub(super) fn of(distribution: &RealDistribution) -> Option<Self> {
        match *distribution {
            RealDistribution::Constant(value) => Some(Self::Constant(Micros::from_f64(value))),
            RealDistribution::Smooth { family: Family::LogNormal { median, sigma }, shift }
                if sigma * FARTHEST < WITHIN =>
            {
                Some(Self::LogNormal { median, sigma, shift })
            }
            RealDistribution::Smooth { .. }
            | RealDistribution::Restricted { .. }
            | RealDistribution::Empirical(_)
            | RealDistribution::Mixture(_) => None,
        }
    }

    /// Draws that a value takes.
    pub(crate) const fn draws(self) -> u64 {
        match self {
            Self::Constant(_) => 0,
            Self::LogNormal { .. } => 1,
        }
    }

    /// The next value of each stream, in microseconds.
    #[inline(always)]
    pub(crate) fn sample_each<const N: usize>(self, streams: &mut [Draws; N], values: &mut [u64; N]) {
        self.draw_each(streams, values);
        self.turn_each(values);
    }

    /// The next draw of each stream, where a value takes one.
    #[inline(always)]
    pub(crate) fn draw_each<const N: usize>(self, streams: &mut [Draws; N], words: &mut [u64; N]) {
        match self {
            Self::Constant(_) => {}
            Self::LogNormal { .. } => {
                for (word, stream) in words.iter_mut().zip(streams) {
                    *word = stream.bits();
                }
            }
        }
    }

    /// Turns draws into their values.
    #[inline(always)]
    pub(crate) fn turn_each<const N: usize>(self, values: &mut [u64; N]) {
        match self {
            Self::Constant(value) => *values = [value.get(); N],
            Self::LogNormal { median, sigma, shift } => {
                // Short loops over arrays, because those are what a compiler takes several at a time.
                let (normal, mut numbers) = (Normal::table(), [0.0; N]);
                for (number, word) in numbers.iter_mut().zip(&*values) {
                    *number = normal.of(*word);
                }
                for (value, number) in values.iter_mut().zip(&numbers) {
                    *value = Micros::from_f64(shift + median * exp_within(sigma * number)).get();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::*;
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(400))]

        /// Promise: values side by side are those of one draw after another.
        #[test]
        fn side_by_side_is_the_same_as_one_by_one(
            sigma in prop_oneof![0.01_f64..3.0, 3.0_f64..20.0],
            shift in prop::option::of(0_u64..1_000),
            seeds: [u64; 16],
            constant in prop::option::of(0_u64..1_000_000),
        ) {
            let text = match (constant, shift) {
                (Some(us), _) => format!("{us}us"),
                (None, Some(ms)) => format!("lognormal(median=80ms, sigma={sigma}, shift={ms}ms)"),
                (None, None) => format!("lognormal(median=80ms, sigma={sigma})"),
            };
            let distribution: Distribution = text.parse().expect("a distribution");
            let batch = distribution.batch().expect("one draw or none");
            let (mut side_by_side, mut one_by_one) = (seeds.map(Draws::seeded), seeds.map(Draws::seeded));
            for _ in 0..5 {
                let mut values = [0; 16];
                batch.sample_each(&mut side_by_side, &mut values);
                prop_assert_eq!(values, one_by_one.each_mut().map(|draws| distribution.sample(draws).get()));
                prop_assert_eq!(&side_by_side, &one_by_one);
            }
        }
    }

    /// Promise: the same bits, whatever instructions a processor has.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let distribution: Distribution = "lognormal(median=80ms, sigma=0.4)".parse().expect("a distribution");
        let batch = distribution.batch().expect("one draw each");
        let start: [Draws; 64] = std::array::from_fn(|seed| Draws::seeded(seed as u64));
        let (mut plain, mut expected) = (start.clone(), [0; 64]);
        let mut levels = vec![Level::new(), Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        levels.extend(Level::new().as_avx2().map(Level::Avx2));
        let mut of_levels: Vec<_> = levels.into_iter().map(|level| (level, start.clone(), [0; 64])).collect();
        for _ in 0..1_000 {
            batch.sample_each(&mut plain, &mut expected);
            for (level, streams, values) in &mut of_levels {
                let level = *level;
                dispatch!(level, _ => batch.sample_each(streams, values));
                assert_eq!(*values, expected, "{level:?}");
            }
        }
    }
}
