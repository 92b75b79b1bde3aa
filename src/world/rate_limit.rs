//! A token bucket as the generic cell rate algorithm (ITU-T I.371, annex A): one instant of state, exact integers.

use crate::time::Micros;
use std::num::NonZeroU32;

/// A bucket of tokens: so many requests at once, refilled at a steady rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenBucket {
    rate_per_s: f64,
    burst: NonZeroU32,
}

impl TokenBucket {
    /// A bucket that holds `burst` tokens and gets `rate_per_s` a second; `None` where the rate is not positive and finite.
    #[must_use]
    pub fn new(rate_per_s: f64, burst: NonZeroU32) -> Option<Self> {
        (rate_per_s > 0.0 && rate_per_s.is_finite()).then_some(Self { rate_per_s, burst })
    }

    /// The same of constants.
    pub(crate) const fn of(rate_per_s: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { rate_per_s: rate_per_s.get() as f64, burst }
    }

    /// Tokens per second.
    #[must_use]
    pub const fn rate_per_s(&self) -> f64 {
        self.rate_per_s
    }

    /// Tokens that the full bucket holds.
    #[must_use]
    pub const fn burst(&self) -> NonZeroU32 {
        self.burst
    }

    /// Time between tokens.
    #[must_use]
    pub fn interval(&self) -> Micros {
        Micros::from_f64(1e6 / self.rate_per_s)
    }
}

/// A bucket of `burst` tokens refilled at a steady rate.
///
/// ```
/// use pollbench::time::Micros;
/// use pollbench::world::rate_limit::{Gcra, TokenBucket};
/// use std::num::NonZeroU32;
/// let mut bucket = Gcra::new(TokenBucket::new(2.0, NonZeroU32::MIN).expect("a rate"));
/// assert_eq!(bucket.take(Micros::ZERO), Ok(()));
/// assert_eq!(bucket.take(Micros::ZERO), Err(Micros::from_millis(500)));
/// assert_eq!(bucket.take(Micros::from_millis(500)), Ok(()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gcra {
    /// Nanoseconds between tokens.
    interval: u64,
    /// How far the theoretical arrival time may lie ahead, in nanoseconds.
    tolerance: u64,
    /// Theoretical arrival time of the next request, in nanoseconds.
    tat: u64,
}

impl Gcra {
    /// A full bucket. Its rate acts as at most 10⁹ and at least 10⁻⁶ per second.
    #[must_use]
    pub fn new(bucket: TokenBucket) -> Self {
        let interval = ((1e9 / bucket.rate_per_s).round().clamp(1.0, 1e15)) as u64;
        Self { interval, tolerance: interval.saturating_mul(u64::from(bucket.burst.get()) - 1), tat: 0 }
    }

    /// Tokens at `now`.
    #[must_use]
    pub fn left(&self, now: Micros) -> u64 {
        let latest = now.get().saturating_mul(1_000).saturating_add(self.tolerance);
        latest.checked_sub(self.tat.max(now.get().saturating_mul(1_000))).map_or(0, |room| room / self.interval + 1)
    }

    /// Takes a token at `now`.
    ///
    /// # Errors
    /// The bucket is empty: the earliest instant at which a lone request would be let through.
    pub fn take(&mut self, now: Micros) -> Result<(), Micros> {
        let now = now.get().saturating_mul(1_000);
        if self.tat > now.saturating_add(self.tolerance) {
            return Err(Micros::new((self.tat - self.tolerance).div_ceil(1_000)));
        }
        self.tat = self.tat.max(now) + self.interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Refused just before the stated instant, let through at it; never more than burst + rate·time in any run.
        #[test]
        fn a_refusal_names_the_first_instant_that_succeeds(
            rate in 0.1_f64..1_000.0, burst in 1_u32..20, gaps in prop::collection::vec(0_u64..2_000_000, 1..60)
        ) {
            let full = NonZeroU32::new(burst).and_then(|burst| TokenBucket::new(rate, burst)).expect("a bucket");
            let (mut bucket, mut now, mut taken) = (Gcra::new(full), Micros::ZERO, 0_u64);
            for gap in gaps {
                now += Micros::new(gap);
                let left = bucket.left(now);
                let mut copy = bucket.clone();
                prop_assert!((0..left).all(|_| copy.take(now).is_ok()) && copy.take(now).is_err());
                match bucket.take(now) {
                    Ok(()) => taken += 1,
                    Err(not_before) => {
                        prop_assert!(not_before > now);
                        prop_assert!(bucket.clone().take(Micros::new(not_before.get() - 1)).is_err());
                        prop_assert!(bucket.clone().take(not_before).is_ok());
                    }
                }
                prop_assert!(taken as f64 <= f64::from(burst) + now.as_secs() * rate * (1.0 + 1e-6) + 1e-6);
            }
        }
    }
}
