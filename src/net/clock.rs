//! Scenario time, on tokio's clock or on an agenda.
//!
//! A clock counts whole microseconds of scenario time since it was started. It runs at any pace: a scenario second may
//! take a second, a hundredth of one, or, on tokio's paused clock, a thousand seconds that nobody waits for. On an
//! [`Agenda`] it stands still until somebody moves it.

use crate::net::agenda::Agenda;
use crate::net::asked::Asked;
use crate::time::Micros;
use crate::world::fault::{SCENARIO_ORIGIN_MS, Timescale};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// Nanoseconds of tokio's clock in one microsecond of scenario time where that is to be exact: its grain is a
/// millisecond.
const MAGNIFIED_TICK: u64 = 1_000_000;

/// Turns given to other futures where everything of an instant must have happened before it is judged.
const TURNS: usize = 64;

/// How long a microsecond of scenario time takes, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tick {
    Whole(u64),
    Fraction(f64),
}

/// Why a clock cannot run at a scale.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a time scale is a number from 0.001 to 1000000 scenario seconds per real second, not {scale}")]
pub struct InvalidScale {
    /// The scale.
    pub scale: f64,
}

/// Nanoseconds in a microsecond of scenario time where it is not scaled.
const ONE_TO_ONE: u64 = 1_000;

/// What moves a clock.
#[derive(Debug, Clone)]
enum Source {
    /// Time itself.
    Running(Instant),
    /// tokio, whose clock is paused.
    Paused(Instant),
    /// Whoever keeps the agenda.
    Led(Led),
}

/// Time on an agenda.
#[derive(Debug, Clone)]
struct Led {
    agenda: Arc<Agenda>,
    /// The nanosecond of it at which this time began.
    since: u64,
    /// What came to the server of this time: other servers on the agenda are no business of its.
    asked: Arc<Mutex<Asked>>,
}

impl Led {
    fn new(agenda: &Arc<Agenda>, since: u64) -> Self {
        Self { agenda: Arc::clone(agenda), since, asked: Arc::default() }
    }
}

/// Scenario time since a start.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    tick: Tick,
    /// Scenario seconds per real second, as it was asked for.
    scale: f64,
    /// Instant zero in Unix milliseconds.
    origin_ms: u64,
    /// The same by the clock that others live by, in Unix microseconds.
    wall_us: u64,
}

/// The time of day in Unix microseconds.
fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64
}

impl Clock {
    /// A clock that starts now: a scenario second is a second.
    #[must_use]
    pub fn wall() -> Self {
        Self::running(Tick::Whole(ONE_TO_ONE), 1.0)
    }

    /// A clock that starts now and runs `scale` scenario seconds per real second.
    ///
    /// ```
    /// use pollbench::net::clock::Clock;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// assert!(Clock::scaled(60.0).is_ok());
    /// assert!(Clock::scaled(f64::NAN).is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// A scale that is no number from 0.001 to 10⁶.
    pub fn scaled(scale: f64) -> Result<Self, InvalidScale> {
        if !(1e-3..=1e6).contains(&scale) {
            return Err(InvalidScale { scale });
        }
        let nanos = 1_000.0 / scale;
        let tick = if nanos.fract() == 0.0 { Tick::Whole(nanos as u64) } else { Tick::Fraction(nanos) };
        Ok(Self::running(tick, scale))
    }

    fn running(tick: Tick, scale: f64) -> Self {
        let wall_us = wall_us();
        Self { source: Source::Running(Instant::now()), tick, scale, origin_ms: wall_us / 1_000, wall_us }
    }

    /// A clock on tokio's paused clock, one to one: whoever sleeps with tokio and whoever sleeps on this clock are in the
    /// same time, and minutes pass in microseconds. For runtimes that were built with `start_paused`.
    ///
    /// A sleep ends on a whole millisecond, tokio's grain: at the instant or less than a millisecond after it.
    #[must_use]
    pub fn paused() -> Self {
        Self::standing(Source::Paused(Instant::now()), ONE_TO_ONE)
    }

    /// A clock on tokio's paused clock that is exact to the microsecond: one of scenario time is a millisecond there.
    ///
    /// Only for programs whose every wait is on this clock, as the engine `virtual` is: what sleeps with tokio would be a
    /// thousand times too fast.
    #[must_use]
    pub fn magnified() -> Self {
        Self::standing(Source::Paused(Instant::now()), MAGNIFIED_TICK)
    }

    /// A clock that starts now on an agenda, one to one, and stands until that is moved.
    #[must_use]
    pub fn led(agenda: &Arc<Agenda>) -> Self {
        let now = agenda.now();
        let clock = Self::standing(Source::Led(Led::new(agenda, 0)), ONE_TO_ONE);
        if now == 0 { clock } else { clock.restarted() }
    }

    fn standing(source: Source, tick: u64) -> Self {
        let (origin_ms, wall_us) = (SCENARIO_ORIGIN_MS, SCENARIO_ORIGIN_MS * 1_000);
        Self { source, tick: Tick::Whole(tick), scale: 1.0, origin_ms, wall_us }
    }

    /// A clock of the same pace that starts now.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let (source, wall_us) = match &self.source {
            Source::Running(_) => (Source::Running(Instant::now()), wall_us()),
            Source::Paused(_) => (Source::Paused(Instant::now()), self.wall_us + self.now().get()),
            Source::Led(Led { agenda, since, .. }) => {
                let now = agenda.now();
                (Source::Led(Led::new(agenda, now)), self.wall_us + (now - since) / ONE_TO_ONE)
            }
        };
        Self { source, tick: self.tick, scale: self.scale, origin_ms: self.unix_ms(self.now()), wall_us }
    }

    /// Whether it stands where time does not pass by itself, on tokio's paused clock or on an agenda: nothing else may set
    /// timers there.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        match self.source {
            Source::Running(_) => false,
            Source::Paused(_) | Source::Led(..) => true,
        }
    }

    /// Whether an agenda moves it, which decides in what order the requests of an instant are served.
    #[must_use]
    pub fn is_led(&self) -> bool {
        match self.source {
            Source::Running(_) | Source::Paused(_) => false,
            Source::Led(..) => true,
        }
    }

    /// Waits until it is the turn of a request that has just come, which its line decides; only an agenda keeps anybody
    /// waiting.
    pub async fn turn(&self, line: impl FnOnce() -> String) {
        if let Source::Led(Led { agenda, asked, .. }) = &self.source {
            let line = line();
            let at = asked.lock().unwrap_or_else(PoisonError::into_inner).turn(&line, agenda.now());
            agenda.turn(at, line).await;
        }
    }

    /// Tells whoever keeps the agenda of a listening socket.
    #[doc(hidden)]
    pub fn listens(&self, listener: &TcpListener) {
        if let Source::Led(Led { agenda, .. }) = &self.source
            && let Some(watch) = agenda.watch()
        {
            watch.listens(listener);
        }
    }

    /// Tells whoever keeps the agenda of a connection.
    #[doc(hidden)]
    pub fn accepted(&self, stream: &TcpStream) {
        if let Source::Led(Led { agenda, .. }) = &self.source
            && let Some(watch) = agenda.watch()
        {
            watch.accepted(stream);
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Micros {
        let nanos = match &self.source {
            Source::Running(start) | Source::Paused(start) => start.elapsed().as_nanos() as u64,
            Source::Led(Led { agenda, since, .. }) => agenda.now() - since,
        };
        match self.tick {
            Tick::Whole(tick) => Micros::new(nanos / tick),
            Tick::Fraction(tick) => Micros::from_f64(nanos as f64 / tick),
        }
    }

    /// Sleeps until `at`; forever where that is [`Micros::NEVER`].
    pub async fn sleep_until(&self, at: Micros) {
        if at.is_never() {
            return std::future::pending().await;
        }
        // A timer that is due still costs up to a millisecond of tokio's grain.
        if at <= self.now() {
            return;
        }
        let span = self.real(at);
        match &self.source {
            Source::Running(start) | Source::Paused(start) => match span.and_then(|span| start.checked_add(span)) {
                Some(instant) => tokio::time::sleep_until(instant).await,
                None => std::future::pending().await,
            },
            Source::Led(Led { agenda, since, .. }) => {
                let nanos = span.and_then(|span| u64::try_from(span.as_nanos()).ok());
                match nanos.and_then(|nanos| since.checked_add(nanos)) {
                    Some(instant) => agenda.until(instant).await,
                    None => std::future::pending().await,
                }
            }
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
        match self.source {
            Source::Paused(_) => {
                for _ in 0..TURNS {
                    tokio::task::yield_now().await;
                }
            }
            // Everything else of an instant has its turn in the agenda.
            Source::Running(_) | Source::Led(..) => {}
        }
    }

    /// `at` in Unix milliseconds.
    #[must_use]
    pub fn unix_ms(&self, at: Micros) -> u64 {
        self.origin_ms.saturating_add(at.get() / 1_000)
    }

    /// How scenario time passes for whoever lives by the wall clock; on a paused clock, by scenario time.
    #[must_use]
    pub fn pace(&self) -> Timescale {
        Timescale::new(self.scale, self.wall_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: whoever sleeps with tokio is in the same time.
    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_agrees_with_tokio() {
        let clock = Clock::paused();
        for seconds in [1, 60, 86_400] {
            let before = clock.now();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            assert_eq!(clock.now() - before, Micros::from_secs(seconds));
        }
        let (at, slept) = (clock.now() + Micros::new(1_500_001), Instant::now());
        clock.sleep_until(at).await;
        assert!(clock.now() >= at && slept.elapsed() <= Duration::from_millis(1_502), "{:?}", slept.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_scale_that_stops_or_turns_time_is_refused() {
        for scale in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-4, 1e7] {
            assert!(Clock::scaled(scale).is_err(), "{scale}");
        }
        let clock = Clock::scaled(60.0).expect("a scale");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), Micros::from_secs(120));
        let again = clock.restarted();
        assert_eq!((again.now(), again.unix_ms(Micros::ZERO)), (Micros::ZERO, clock.unix_ms(clock.now())));
    }

    /// Promise: on a magnified clock a sleep ends at its microsecond, not one before or after.
    #[tokio::test(start_paused = true)]
    async fn a_magnified_clock_sleeps_to_the_microsecond() {
        let clock = Clock::magnified();
        for at in [1, 2, 999, 1_000, 1_001, 190_123_457, 1_800_000_001, 40_000_000_003] {
            clock.sleep_until(Micros::new(at)).await;
            assert_eq!(clock.now(), Micros::new(at));
        }
    }
}
