//! Scenario time on tokio's clock.
//!
//! A clock counts whole microseconds of scenario time since it was started. It runs at any pace: a scenario second may
//! take a second, a hundredth of one, or, on tokio's paused clock, a thousand seconds that nobody waits for.

use crate::time::Micros;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Instant zero of a paused clock in Unix milliseconds: 2026-01-01T00:00:00Z.
const PAUSED_ORIGIN_MS: u64 = 1_767_225_600_000;

/// Nanoseconds of tokio's clock in one microsecond of scenario time where that clock is paused: its grain is a
/// millisecond.
const PAUSED_TICK: u64 = 1_000_000;

/// Turns given to other futures where everything of an instant must have happened before it is judged.
const TURNS: usize = 64;

/// How long a microsecond of scenario time takes, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tick {
    Whole(u64),
    Fraction(f64),
}

/// Scenario time since a start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    tick: Tick,
    /// Instant zero in Unix milliseconds.
    origin_ms: u64,
    is_paused: bool,
}

impl Clock {
    /// A clock that starts now and runs `scale` scenario seconds per real second. The scale must be positive and finite;
    /// it acts as at most 10⁶ and at least 10⁻³.
    #[must_use]
    pub fn started(scale: f64) -> Self {
        let nanos = 1_000.0 / scale.clamp(1e-3, 1e6);
        let tick = if nanos.fract() == 0.0 { Tick::Whole(nanos as u64) } else { Tick::Fraction(nanos) };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), tick, origin_ms: since.as_millis() as u64, is_paused: false }
    }

    /// A clock on tokio's paused clock: a microsecond of scenario time is a millisecond there. For runtimes that were
    /// built with `start_paused`.
    #[must_use]
    pub fn paused() -> Self {
        let tick = Tick::Whole(PAUSED_TICK);
        Self { start: Instant::now(), tick, origin_ms: PAUSED_ORIGIN_MS, is_paused: true }
    }

    /// A clock of the same pace that starts now.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self { start: Instant::now(), origin_ms: self.unix_ms(self.now()), ..*self }
    }

    /// Whether it stands on tokio's paused clock, where nothing else may set timers.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Micros {
        let nanos = self.start.elapsed().as_nanos() as u64;
        match self.tick {
            Tick::Whole(tick) => Micros::new(nanos / tick),
            Tick::Fraction(tick) => Micros::from_f64(nanos as f64 / tick),
        }
    }

    /// Sleeps until `at`; for ever where that is [`Micros::NEVER`].
    pub async fn sleep_until(&self, at: Micros) {
        // A timer that is due still costs up to a millisecond of tokio's grain.
        if at <= self.now() {
            return;
        }
        match self.real(at).and_then(|since| self.start.checked_add(since)) {
            Some(instant) if !at.is_never() => tokio::time::sleep_until(instant).await,
            _ => std::future::pending().await,
        }
    }

    /// How long `span` of scenario time takes; `None` where that is longer than can be told.
    #[must_use]
    pub fn real(&self, span: Micros) -> Option<Duration> {
        match self.tick {
            Tick::Whole(tick) => span.get().checked_mul(tick).map(Duration::from_nanos),
            Tick::Fraction(tick) => Duration::try_from_secs_f64(span.get() as f64 * tick * 1e-9).ok(),
        }
    }

    /// Lets everything else that happens at this instant happen, where time stands still until it has.
    pub async fn settle(&self) {
        if self.is_paused {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        }
    }

    /// `at` in Unix milliseconds.
    #[must_use]
    pub fn unix_ms(&self, at: Micros) -> u64 {
        self.origin_ms.saturating_add(at.get() / 1_000)
    }

    /// The instant of a time of day, such as an HTTP-date's; zero if it lies before the start.
    #[must_use]
    pub fn at_time(&self, time: SystemTime) -> Micros {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros::new((since.as_micros() as u64).saturating_sub(self.origin_ms * 1_000))
    }

    /// The time of day of an instant.
    #[must_use]
    pub fn time_at(&self, at: Micros) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.origin_ms) + Duration::from_micros(at.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: on a paused clock a sleep ends at its microsecond, not one before or after.
    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_sleeps_to_the_microsecond() {
        let clock = Clock::paused();
        for at in [1, 2, 999, 1_000, 1_001, 190_123_457, 1_800_000_001, 40_000_000_003] {
            clock.sleep_until(Micros::new(at)).await;
            assert_eq!(clock.now(), Micros::new(at));
        }
        let date = clock.time_at(clock.now());
        assert_eq!(clock.at_time(date), clock.now());
    }
}
