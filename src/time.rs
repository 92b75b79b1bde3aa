//! Time as the whole project counts it: integer microseconds.
//!
//! One type serves instants (since the start of a replicate, or of a wait) and durations: integer arithmetic is
//! exact, so two engines that add the same terms in another order still agree to the last bit.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

/// An instant or a duration in microseconds. Arithmetic saturates: [`Micros::NEVER`] plus anything is never.
///
/// ```
/// use pollbench::time::Micros;
/// let interval: Micros = "1.5s".parse().unwrap();
/// assert_eq!(interval, Micros::from_millis(1_500));
/// assert_eq!(interval.to_string(), "1.5s");
/// assert_eq!(Micros::NEVER + interval, Micros::NEVER);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "engine", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Micros(u64);

impl Micros {
    /// The origin; no time at all.
    pub const ZERO: Self = Self(0);
    /// Later than every instant: the done-instant of a task that is stuck forever.
    pub const NEVER: Self = Self(u64::MAX);
    /// The longest duration that a user may write: ten years. It keeps every sum far from overflow.
    pub const LONGEST: Self = Self(10 * 365 * 86_400 * 1_000_000);

    /// A number of microseconds.
    #[must_use]
    pub const fn new(us: u64) -> Self {
        Self(us)
    }

    /// A number of milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    /// A number of seconds.
    #[must_use]
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000_000))
    }

    /// The nearest whole microsecond to a real number of microseconds, the even one of two; negative and NaN become zero,
    /// what lies beyond [`Micros::LONGEST`] becomes that.
    #[must_use]
    #[inline(always)]
    pub fn from_f64(us: f64) -> Self {
        /// From here on a float has no fraction: who adds it rounds, and then the low bits are the whole number.
        const WHOLE: f64 = 4_503_599_627_370_496.0;
        // The greater of NaN and 0 is 0.
        Self((us.max(0.0).min(Self::LONGEST.0 as f64) + WHOLE).to_bits() - WHOLE.to_bits())
    }

    /// Whole microseconds.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Milliseconds, with the fraction.
    #[must_use]
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// Seconds, with the fraction.
    #[must_use]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whether this is [`Micros::NEVER`].
    #[must_use]
    #[inline]
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }

    /// The instant, or `None` for [`Micros::NEVER`].
    #[must_use]
    pub fn finite(self) -> Option<Self> {
        (!self.is_never()).then_some(self)
    }
}

/// A duration that something can be repeated after: at least a microsecond and at most [`Micros::LONGEST`].
///
/// ```
/// use pollbench::time::{Micros, Span};
/// assert_eq!(Span::new(Micros::from_secs(3)).map(Span::get), Some(Micros::from_secs(3)));
/// assert_eq!((Span::new(Micros::ZERO), Span::new(Micros::NEVER)), (None, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Micros);

impl Span {
    /// The span of `length`; `None` where that is nothing, or longer than [`Micros::LONGEST`].
    #[must_use]
    pub const fn new(length: Micros) -> Option<Self> {
        if length.0 == 0 || length.0 > Micros::LONGEST.0 { None } else { Some(Self(length)) }
    }

    /// The span nearest to `length`.
    #[must_use]
    pub fn nearest(length: Micros) -> Self {
        Self(length.clamp(Micros(1), Micros::LONGEST))
    }

    /// Whole seconds of a constant; zero becomes a microsecond.
    pub(crate) const fn secs(s: u64) -> Self {
        match Self::new(Micros::from_secs(s)) {
            Some(span) => span,
            None => Self(Micros(1)),
        }
    }

    /// Its length.
    #[must_use]
    #[inline]
    pub const fn get(self) -> Micros {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Add for Micros {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Micros {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// The time from `other` to `self`, zero where `other` is later.
impl Sub for Micros {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Micros {
    type Output = Self;
    #[inline]
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Sum for Micros {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::ZERO, Add::add)
    }
}

/// Units that a duration may be written in, longest first, with their length in microseconds.
const UNITS: [(&str, f64); 6] = [("d", 86_400e6), ("h", 3_600e6), ("m", 60e6), ("s", 1e6), ("ms", 1e3), ("us", 1.0)];

/// Prints in the largest unit that needs no more than three decimals: `1.5s`, `250ms`, `10m`, `never`.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            return f.pad("never");
        }
        let us = self.0;
        let (divisor, unit) = match us {
            0 => return f.pad("0s"),
            us if us % 3_600_000_000 == 0 => (3_600_000_000, "h"),
            us if us % 60_000_000 == 0 => (60_000_000, "m"),
            us if us >= 1_000_000 && us % 1_000 == 0 => (1_000_000, "s"),
            us if us >= 1_000 => (1_000, "ms"),
            _ => (1, "us"),
        };
        let whole = us / divisor;
        let text = match (us % divisor) * 1_000 / divisor {
            0 => format!("{whole}{unit}"),
            thousandths => format!("{}{unit}", format!("{whole}.{thousandths:03}").trim_end_matches('0')),
        };
        f.pad(&text)
    }
}

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// The text is not a number with a unit.
    #[error("`{0}` is not a duration: write a number and a unit (us, ms, s, m, h, d), such as \"250ms\" or \"1m30s\"")]
    Malformed(String),
    /// The duration is longer than [`Micros::LONGEST`].
    #[error("`{0}` is too long: durations go up to 3650d")]
    TooLong(String),
}

impl FromStr for Micros {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let malformed = || DurationError::Malformed(text.to_owned());
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(malformed());
        }
        let mut total = 0.0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').ok_or_else(malformed)?;
            let number: f64 = rest[..digits].replace('_', "").parse().map_err(|_| malformed())?;
            rest = rest[digits..].trim_start();
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (_, us) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters]).ok_or_else(malformed)?;
            total += number * us;
            rest = rest[letters..].trim_start();
        }
        if total > Self::LONGEST.0 as f64 {
            return Err(DurationError::TooLong(text.to_owned()));
        }
        Ok(Self::from_f64(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_unit_and_sums_of_units() {
        for (text, us) in
            [("3s", 3_000_000), ("250ms", 250_000), ("1m30s", 90_000_000), ("0.5h", 1_800_000_000), ("7us", 7)]
        {
            assert_eq!(text.parse(), Ok(Micros::new(us)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "3", "s", "-3s", "3 parsecs", "1e3s", "NaNs", "infs", "1..2s"] {
            assert_eq!(text.parse::<Micros>(), Err(DurationError::Malformed(text.to_owned())), "{text}");
        }
        assert_eq!("4000d".parse::<Micros>(), Err(DurationError::TooLong("4000d".to_owned())));
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        #[test]
        fn printed_whole_milliseconds_read_back(ms in 0_u64..10_000_000) {
            let duration = Micros::from_millis(ms);
            prop_assert_eq!(duration.to_string().parse::<Micros>(), Ok(duration));
        }
    }
}
