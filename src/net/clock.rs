//! Scenario time on tokio's clock.
//!
//! A clock counts whole microseconds of scenario time since it was started. It runs at any pace: a scenario second may
//! take a second, a hundredth of one, or, on tokio's paused clock, a thousand seconds that nobody waits for.

use crate::time::Micros;
use crate::world::fault::Pace;
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
    /// The same by the clock that others live by, in Unix microseconds.
    wall_us: u64,
    is_paused: bool,
}

/// The time of day in Unix microseconds.
fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64
}

impl Clock {
    /// A clock that starts now and runs `scale` scenario seconds per real second. The scale must be positive and finite;
    /// it acts as at most 10⁶ and at least 10⁻³.
    #[must_use]
    pub fn started(scale: f64) -> Self {
        let nanos = 1_000.0 / scale.clamp(1e-3, 1e6);
        let tick = if nanos.fract() == 0.0 { Tick::Whole(nanos as u64) } else { Tick::Fraction(nanos) };
        let wall_us = wall_us();
        Self { start: Instant::now(), tick, origin_ms: wall_us / 1_000, wall_us, is_paused: false }
    }

    /// A clock on tokio's paused clock: a microsecond of scenario time is a millisecond there. For runtimes that were
    /// built with `start_paused`.
    #[must_use]
    pub fn paused() -> Self {
        let tick = Tick::Whole(PAUSED_TICK);
        let (origin_ms, wall_us) = (PAUSED_ORIGIN_MS, PAUSED_ORIGIN_MS * 1_000);
        Self { start: Instant::now(), tick, origin_ms, wall_us, is_paused: true }
    }

    /// A clock of the same pace that starts now.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let wall_us = if self.is_paused { self.wall_us + self.now().get() } else { wall_us() };
        Self { start: Instant::now(), origin_ms: self.unix_ms(self.now()), wall_us, ..*self }
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

    /// How scenario time passes for whoever lives by the wall clock; on a paused clock, by scenario time.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let scale = match (self.is_paused, self.tick) {
            (true, _) => 1.0,
            (false, Tick::Whole(nanos)) => 1_000.0 / nanos as f64,
            (false, Tick::Fraction(nanos)) => 1_000.0 / nanos,
        };
        Pace::new(scale, self.wall_us)
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
    }
}
