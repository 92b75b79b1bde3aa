//! When the next poll is due: schedules that can be followed, because none of their gaps is nothing.

use crate::inspection::Together;
use crate::time::{Micros, Span};
use std::sync::Arc;

/// When the next poll is due.
///
/// ```
/// use pollbench::strategy::schedule::{InvalidSchedule, Schedule};
/// use pollbench::time::Micros;
/// let s = Micros::from_secs;
/// assert_eq!(Schedule::fixed(s(60), s(15)).map(|schedule| schedule.first()), Ok(s(60)));
/// assert_eq!(Schedule::fixed(s(60), s(0)), Err(InvalidSchedule::Interval { interval: s(0) }));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// A first wait, then equal gaps (`fixed`, and with a first wait `initial+fixed`).
    Fixed(Fixed),
    /// A first wait, then gaps that grow by a factor up to a cap.
    Exponential(Exponential),
    /// Explicit instants since the start of the wait; then the last gap repeats.
    Table(Table),
}

/// See [`Schedule::fixed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    first: Micros,
    interval: Span,
}

/// See [`Schedule::exponential`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    first: Micros,
    interval: Span,
    multiplier: f64,
    cap: Span,
}

/// See [`Schedule::table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Strictly ascending, not empty.
    instants: Vec<Micros>,
    /// What repeats after the last one.
    gap: Span,
    /// When to look in its place, where one look tells of several tasks.
    together: Option<Arc<Together>>,
}

/// Why there is no such schedule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSchedule {
    /// The first poll would never come.
    #[error("a first wait of {first} is longer than {}", Micros::LONGEST)]
    First {
        /// What was given.
        first: Micros,
    },
    /// The polls would have no time between them, or no next one.
    #[error("an interval of {interval} is not between 1us and {}", Micros::LONGEST)]
    Interval {
        /// What was given.
        interval: Micros,
    },
    /// The gaps would shrink.
    #[error("a multiplier of {multiplier} is not a number from 1 on")]
    Multiplier {
        /// What was given.
        multiplier: f64,
    },
    /// The first gap would be longer than the longest.
    #[error("a cap of {cap} is below the interval {interval}, or above {}", Micros::LONGEST)]
    Cap {
        /// What was given.
        cap: Micros,
        /// The first gap.
        interval: Micros,
    },
    /// There is no first poll.
    #[error("a table needs at least one instant")]
    NoInstants,
    /// The instants do not ascend.
    #[error("instants must ascend, but {next} follows {before}")]
    Order {
        /// An instant.
        before: Micros,
        /// The one after it.
        next: Micros,
    },
    /// The only instant is 0, so that there is no gap to go on with.
    #[error("a table of nothing but 0 has no gap to repeat: add the second instant")]
    NoGap,
}

impl Schedule {
    /// Polls after `first`, then every `interval`.
    ///
    /// # Errors
    ///
    /// The interval is nothing, or one of the two longer than [`Micros::LONGEST`].
    pub fn fixed(first: Micros, interval: Micros) -> Result<Self, InvalidSchedule> {
        let interval = Span::new(interval).ok_or(InvalidSchedule::Interval { interval })?;
        Ok(Self::Fixed(Fixed { first: bounded(first)?, interval }))
    }

    /// The same of constants.
    pub(super) const fn every(first: Span, interval: Span) -> Self {
        Self::Fixed(Fixed { first: first.get(), interval })
    }

    /// The same of constants, from the start of the wait on.
    pub(super) const fn at_once_and_every(interval: Span) -> Self {
        Self::Fixed(Fixed { first: Micros::ZERO, interval })
    }

    /// The guide's backoff of constants: from the start of the wait on, each gap 1.5 times the last one up to `cap`, which
    /// is not below `interval`.
    pub(super) const fn half_more_each(interval: Span, cap: Span) -> Self {
        Self::Exponential(Exponential { first: Micros::ZERO, interval, multiplier: 1.5, cap })
    }

    /// Polls after `first`, then after `interval`, and then after gaps that are each `multiplier` times the last one up to
    /// `cap`.
    ///
    /// # Errors
    ///
    /// The interval is nothing, the multiplier below 1, the cap below the interval, or something longer than
    /// [`Micros::LONGEST`].
    pub fn exponential(first: Micros, interval: Micros, multiplier: f64, cap: Micros) -> Result<Self, InvalidSchedule> {
        let first_gap = Span::new(interval).ok_or(InvalidSchedule::Interval { interval })?;
        if !(multiplier.is_finite() && multiplier >= 1.0) {
            return Err(InvalidSchedule::Multiplier { multiplier });
        }
        let cap = Span::new(cap).filter(|cap| *cap >= first_gap).ok_or(InvalidSchedule::Cap { cap, interval })?;
        Ok(Self::Exponential(Exponential { first: bounded(first)?, interval: first_gap, multiplier, cap }))
    }

    /// Polls at these instants since the start of the wait; then the last gap repeats, or the only instant.
    ///
    /// # Errors
    ///
    /// There is no instant, they do not ascend strictly, the last one is beyond [`Micros::LONGEST`], or 0 is the only one.
    pub fn table(instants: Vec<Micros>) -> Result<Self, InvalidSchedule> {
        if let Some(pair) = instants.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(InvalidSchedule::Order { before: pair[0], next: pair[1] });
        }
        let gap = match *instants {
            [] => return Err(InvalidSchedule::NoInstants),
            [only] => only,
            [.., before, last] => last - before,
        };
        bounded(instants.last().copied().unwrap_or_default())?;
        let gap = Span::new(gap).ok_or(InvalidSchedule::NoGap)?;
        Ok(Self::Table(Table { instants, gap, together: None }))
    }

    /// The same table, and `looks` in its place where one look tells of several tasks. Other schedules are the same for
    /// however many.
    #[must_use]
    pub fn with_looks_together(mut self, looks: Together) -> Self {
        if let Self::Table(table) = &mut self {
            table.together = Some(Arc::new(looks));
        }
        self
    }

    /// When to look, where one look tells of several tasks and that makes a difference.
    pub(super) fn together(&self) -> Option<&Together> {
        match self {
            Self::Table(table) => table.together.as_deref(),
            Self::Fixed(_) | Self::Exponential(_) => None,
        }
    }

    /// Wait before the first poll.
    #[must_use]
    #[inline]
    pub fn first(&self) -> Micros {
        match self {
            Self::Fixed(fixed) => fixed.first,
            Self::Exponential(exponential) => exponential.first,
            Self::Table(table) => table.instants.first().copied().unwrap_or_default(),
        }
    }
}

fn bounded(first: Micros) -> Result<Micros, InvalidSchedule> {
    if first > Micros::LONGEST { Err(InvalidSchedule::First { first }) } else { Ok(first) }
}

impl Fixed {
    /// Wait before the first poll.
    #[must_use]
    pub const fn first(&self) -> Micros {
        self.first
    }

    /// Gap after each poll.
    #[must_use]
    #[inline]
    pub const fn interval(&self) -> Micros {
        self.interval.get()
    }
}

impl Exponential {
    /// Wait before the first poll.
    #[must_use]
    pub const fn first(&self) -> Micros {
        self.first
    }

    /// Gap after the first poll.
    #[must_use]
    #[inline]
    pub const fn interval(&self) -> Micros {
        self.interval.get()
    }

    /// Growth of the gap.
    #[must_use]
    #[inline]
    pub const fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// Longest gap.
    #[must_use]
    #[inline]
    pub const fn cap(&self) -> Micros {
        self.cap.get()
    }
}

impl Table {
    /// When it polls, since the start of the wait.
    #[must_use]
    #[inline]
    pub fn instants(&self) -> &[Micros] {
        &self.instants
    }

    /// The gap between the polls after the last instant.
    #[must_use]
    #[inline]
    pub const fn gap(&self) -> Micros {
        self.gap.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_time() -> impl Strategy<Value = Micros> {
        prop_oneof![
            (0_u64..3).prop_map(Micros::new),
            (0_u64..100_000_000).prop_map(Micros::new),
            (0_u64..3).prop_map(|more| Micros::new(Micros::LONGEST.get() - 1 + more)),
            Just(Micros::NEVER)
        ]
    }

    proptest! {
        #![proptest_config(crate::soak::cases(1_000))]

        /// Promise: whatever a schedule is made of, one that exists has a first poll and goes on after each of them.
        #[test]
        fn what_exists_can_be_followed(
            first in any_time(), interval in any_time(), cap in any_time(),
            multiplier in prop_oneof![Just(1.0), 0.5_f64..4.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0)],
            instants in prop::collection::vec(any_time(), 0..4),
        ) {
            let possible = |time: Micros| time <= Micros::LONGEST;
            let repeatable = |time: Micros| time > Micros::ZERO && possible(time);
            let fixed = Schedule::fixed(first, interval);
            prop_assert_eq!(fixed.is_ok(), possible(first) && repeatable(interval));
            let exponential = Schedule::exponential(first, interval, multiplier, cap);
            prop_assert_eq!(
                exponential.is_ok(),
                possible(first) && repeatable(interval) && repeatable(cap) && interval <= cap && (1.0..f64::INFINITY).contains(&multiplier)
            );
            let ascends = instants.windows(2).all(|pair| pair[0] < pair[1]);
            let table = Schedule::table(instants.clone());
            prop_assert_eq!(
                table.is_ok(),
                ascends && instants.last().is_some_and(|last| repeatable(*last))
            );
            for schedule in [fixed, exponential, table].into_iter().flatten() {
                prop_assert!(possible(schedule.first()));
            }
        }
    }
}
