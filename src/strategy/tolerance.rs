//! How much trouble a tolerant client takes, and what a `Retry-After` means to it: the one owner of both.

use crate::time::{Micros, Span};
use std::num::NonZeroU32;

/// Settings of [`Recovery::Tolerant`](crate::strategy::composition::Recovery::Tolerant).
///
/// ```
/// use pollbench::strategy::tolerance::Tolerance;
/// use pollbench::time::Micros;
/// let s = Micros::from_secs;
/// let patient = Tolerance::default().with_retry_after(s(1), s(120)).expect("1 s is below 120 s");
/// // What is asked for binds up to the ceiling. Who is asked for more stays away for as long as the ceiling.
/// assert_eq!((patient.binds(s(120)), patient.binds(s(121))), (true, false));
/// assert_eq!((patient.pause(s(0)), patient.pause(s(90)), patient.pause(s(9_000))), (s(1), s(90), s(120)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    consecutive_failures: Option<NonZeroU32>,
    attempt_timeout: Span,
    retry_after_floor: Micros,
    retry_after_ceiling: Micros,
}

/// The defaults in seconds, and as a scenario file writes them.
macro_rules! defaults {
    ($($value:ident $text:ident $seconds:literal)*) => {
        $(
            const $value: Span = Span::secs($seconds);
            #[cfg(feature = "engine")]
            pub(crate) const $text: &str = concat!("\"", $seconds, "s\"");
        )*
    };
}

defaults! {
    ATTEMPT_TIMEOUT ATTEMPT_TIMEOUT_TEXT 10
    RETRY_AFTER_FLOOR RETRY_AFTER_FLOOR_TEXT 1
    RETRY_AFTER_CEILING RETRY_AFTER_CEILING_TEXT 60
}

/// Why there is no such tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTolerance {
    /// Every request would be given up at once.
    #[error("an attempt timeout of {timeout} is not between 1us and {}", Micros::LONGEST)]
    AttemptTimeout {
        /// What was given.
        timeout: Micros,
    },
    /// The shortest delay would be longer than the longest.
    #[error("a Retry-After ceiling of {ceiling} is below the floor {floor}, or above {}", Micros::LONGEST)]
    RetryAfter {
        /// Shortest delay.
        floor: Micros,
        /// Longest delay.
        ceiling: Micros,
    },
}

/// The deadline alone ends a wait, because a paid task that lives is worth asking for; an attempt may take 10 s, many
/// times a round trip; a `Retry-After` is obeyed from 1 s (`0` must not make a busy loop) to 60 s (nobody is sent away for
/// a day).
impl Default for Tolerance {
    fn default() -> Self {
        Self {
            consecutive_failures: None,
            attempt_timeout: ATTEMPT_TIMEOUT,
            retry_after_floor: RETRY_AFTER_FLOOR.get(),
            retry_after_ceiling: RETRY_AFTER_CEILING.get(),
        }
    }
}

impl Tolerance {
    /// So many failures in a row, unbroken by an answer, end the wait; unlimited where absent, so that only the limit ends
    /// it.
    #[must_use]
    pub const fn with_consecutive_failures(self, failures: Option<NonZeroU32>) -> Self {
        Self { consecutive_failures: failures, ..self }
    }

    /// Longest time for one request; cut to what remains of a wall-clock limit, except for the poll at the deadline.
    ///
    /// # Errors
    ///
    /// It is nothing, or longer than [`Micros::LONGEST`].
    pub fn with_attempt_timeout(self, timeout: Micros) -> Result<Self, InvalidTolerance> {
        let attempt_timeout = Span::new(timeout).ok_or(InvalidTolerance::AttemptTimeout { timeout })?;
        Ok(Self { attempt_timeout, ..self })
    }

    /// Shortest delay that a `Retry-After` is taken for, and longest that it is obeyed for.
    ///
    /// # Errors
    ///
    /// The ceiling is below the floor, or longer than [`Micros::LONGEST`].
    pub fn with_retry_after(self, floor: Micros, ceiling: Micros) -> Result<Self, InvalidTolerance> {
        if floor > ceiling || ceiling > Micros::LONGEST {
            return Err(InvalidTolerance::RetryAfter { floor, ceiling });
        }
        Ok(Self { retry_after_floor: floor, retry_after_ceiling: ceiling, ..self })
    }

    /// Failures in a row that end the wait.
    #[must_use]
    pub const fn consecutive_failures(&self) -> Option<NonZeroU32> {
        self.consecutive_failures
    }

    /// Longest time for one request.
    #[must_use]
    #[inline]
    pub const fn attempt_timeout(&self) -> Micros {
        self.attempt_timeout.get()
    }

    /// Whether a well-formed `Retry-After` that asks for `delay` binds: no longer than the ceiling.
    #[must_use]
    #[inline]
    pub fn binds(&self, delay: Micros) -> bool {
        delay <= self.retry_after_ceiling
    }

    /// How long a client stays away that was asked for `delay`: never shorter than what binds, and where it asks for more
    /// than binds, as long as can.
    #[must_use]
    #[inline]
    pub fn pause(&self, delay: Micros) -> Micros {
        delay.clamp(self.retry_after_floor, self.retry_after_ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let (zero, second) = (Micros::ZERO, Micros::from_secs(1));
        let tolerance = Tolerance::default();
        assert_eq!(tolerance.with_attempt_timeout(zero), Err(InvalidTolerance::AttemptTimeout { timeout: zero }));
        assert!(tolerance.with_attempt_timeout(Micros::NEVER).is_err());
        assert!(tolerance.with_retry_after(second, zero).is_err());
        assert!(tolerance.with_retry_after(zero, Micros::NEVER).is_err());
        assert!(tolerance.with_retry_after(second, second).is_ok());
    }
}
