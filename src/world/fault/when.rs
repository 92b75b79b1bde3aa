//! When a rule is active: always, in a window, in bursts. What exists is valid.

use crate::time::Micros;
use crate::world::model::Probability;

/// Weather that changes faster than this could not be told from a probability, and would fill memory.
const SHORTEST: Micros = Micros::from_millis(10);

/// A stretch of time, once or again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: Micros,
    length: Micros,
    every: Option<Micros>,
}

/// A two-state process in time (Gilbert 1960, Elliott 1963): exponential sojourns in a good and in a bad state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GilbertElliott {
    bad_share: Probability,
    bad_mean: Micros,
}

/// When a rule is active.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// At all times.
    Always,
    /// In a window.
    During(Window),
    /// While the rule's own Gilbert–Elliott process is in its bad state.
    Bursts(GilbertElliott),
}

/// Why there is no such window or process.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWindow {
    /// It never opens.
    #[error("a window must last at least a microsecond")]
    Empty,
    /// It comes again before it ends.
    #[error("`every` {every} is not longer than `for` {length}")]
    Overlapping {
        /// Time from one start to the next.
        every: Micros,
        /// Length.
        length: Micros,
    },
    /// It changes too fast to be told from a probability.
    #[error("`{name}` must be at least {SHORTEST}, not {time}")]
    TooFast {
        /// What is too short: `every` or `bad_mean`.
        name: &'static str,
        /// How long it is.
        time: Micros,
    },
    /// The bad state lasts forever, or never comes.
    #[error("`bad_share` must lie strictly between 0 and 1, not {0}")]
    Share(f64),
}

impl Window {
    /// A window that opens at `from`, since the start of a replicate, for `length`; again `every` so often, or once.
    ///
    /// # Errors
    ///
    /// See [`InvalidWindow`].
    pub fn new(from: Micros, length: Micros, every: Option<Micros>) -> Result<Self, InvalidWindow> {
        if length == Micros::ZERO {
            return Err(InvalidWindow::Empty);
        }
        if let Some(every) = every {
            if every < SHORTEST {
                return Err(InvalidWindow::TooFast { name: "every", time: every });
            }
            if every <= length {
                return Err(InvalidWindow::Overlapping { every, length });
            }
        }
        Ok(Self { from, length, every })
    }

    /// Start of the first one, since the start of the replicate.
    #[must_use]
    pub const fn from(&self) -> Micros {
        self.from
    }

    /// How long it is open.
    #[must_use]
    pub const fn length(&self) -> Micros {
        self.length
    }

    /// Time from one start to the next; `None` where it opens once.
    #[must_use]
    pub const fn every(&self) -> Option<Micros> {
        self.every
    }

    /// Time since the last start up to `now`; `None` before the first.
    fn phase(&self, now: Micros) -> Option<Micros> {
        let since = (now >= self.from).then(|| now - self.from)?;
        Some(self.every.map_or(since, |period| Micros::new(since.get() % period.get())))
    }

    /// Whether the window is open at `now`; it is open at its first instant and closed at its end.
    #[must_use]
    pub fn contains(&self, now: Micros) -> bool {
        self.phase(now).is_some_and(|phase| phase < self.length)
    }

    /// How far it has opened at `now`, from 0 where it is closed to 1: it takes `ramp` to open, and to close.
    #[must_use]
    pub fn depth(&self, now: Micros, ramp: Micros) -> f64 {
        let Some(phase) = self.phase(now).filter(|phase| *phase < self.length) else { return 0.0 };
        if ramp == Micros::ZERO {
            return 1.0;
        }
        let edge = phase.min(self.length - phase);
        (edge.get() as f64 / ramp.get() as f64).min(1.0)
    }

    /// The last instant up to `now` at which it opened or closed; zero where it has not yet.
    #[must_use]
    pub fn last_change(&self, now: Micros) -> Micros {
        let Some(phase) = self.phase(now) else { return Micros::ZERO };
        if phase < self.length { now - phase } else { now - (phase - self.length) }
    }

    /// See [`When::met`].
    #[cfg(feature = "engine")]
    fn met(&self, span: Micros, reach: Micros) -> (f64, f64) {
        // What is true of a thousand openings is true of all.
        const MOST: u64 = 1_000;
        let between = self.every.unwrap_or(Micros::NEVER);
        let span = span.clamp(Micros::new(1), self.from + between * MOST);
        let share = |from: Micros, to: Micros| (to.min(span) - from.min(span)).get() as f64 / span.get() as f64;
        let reach = reach.min(between - self.length);
        let openings = (0..MOST).map(|number| self.from + between * number);
        let openings = openings.take_while(|opens| *opens <= span + reach);
        openings.fold((0.0, 0.0), |(inside, upon), opens| {
            (inside + share(opens, opens + self.length), upon + share(opens - reach, opens))
        })
    }

    /// The first instant after `now` at which it opens or closes; [`Micros::NEVER`] where it never does again.
    #[must_use]
    pub fn next_change(&self, now: Micros) -> Micros {
        let Some(phase) = self.phase(now) else { return self.from };
        let next = if phase < self.length { self.length } else { self.every.unwrap_or(Micros::NEVER) };
        if next.is_never() { next } else { now + (next - phase) }
    }
}

impl GilbertElliott {
    /// A process that is bad for `bad_share` of the time in the long run, for `bad_mean` at a time on average.
    ///
    /// # Errors
    ///
    /// See [`InvalidWindow`].
    pub fn new(bad_share: f64, bad_mean: Micros) -> Result<Self, InvalidWindow> {
        let share =
            Probability::new(bad_share).filter(|share| *share != Probability::ZERO && *share != Probability::ONE);
        let share = share.ok_or(InvalidWindow::Share(bad_share))?;
        if bad_mean < SHORTEST {
            return Err(InvalidWindow::TooFast { name: "bad_mean", time: bad_mean });
        }
        Ok(Self { bad_share: share, bad_mean })
    }

    /// Long-run share of time in the bad state.
    #[must_use]
    pub const fn bad_share(&self) -> Probability {
        self.bad_share
    }

    /// Mean length of a stay in the bad state.
    #[must_use]
    pub const fn bad_mean(&self) -> Micros {
        self.bad_mean
    }

    /// How many bad spells there are in this time, on average, with one that may have begun before it.
    #[cfg(feature = "engine")]
    #[must_use]
    pub(crate) fn spells(&self, time: Micros) -> f64 {
        let share = self.bad_share.get();
        share + share * (time.get() as f64 / self.bad_mean.get() as f64)
    }
}

impl When {
    /// Whether there is an instant at which both may be active.
    #[must_use]
    pub fn may_coincide(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::During(a @ Window { every: None, .. }), Self::During(b @ Window { every: None, .. })) => {
                a.from < b.from + b.length && b.from < a.from + a.length
            }
            (Self::Always | Self::During(_) | Self::Bursts(_), _) => true,
        }
    }

    /// Whether there are times at which it is not active.
    #[must_use]
    pub(crate) const fn comes_and_goes(&self) -> bool {
        match self {
            Self::Always => false,
            Self::During(_) | Self::Bursts(_) => true,
        }
    }

    /// Of waits that begin at any time within `span` and last as long as `reach`: the share that begins while this is
    /// active, and the share that this comes upon.
    #[cfg(feature = "engine")]
    #[must_use]
    pub(crate) fn met(&self, span: Micros, reach: Micros) -> (f64, f64) {
        match self {
            Self::Always => (1.0, 0.0),
            Self::During(window) => window.met(span, reach),
            Self::Bursts(process) => {
                let bad = process.bad_share.get();
                let good_mean = process.bad_mean.get() as f64 * (1.0 - bad) / bad;
                (bad, (bad - 1.0) * libm::expm1(-(reach.get() as f64) / good_mean))
            }
        }
    }

    /// The process of random weather; `None` where nothing is random.
    #[cfg(feature = "engine")]
    #[must_use]
    pub(crate) const fn process(&self) -> Option<&GilbertElliott> {
        match self {
            Self::Always | Self::During(_) => None,
            Self::Bursts(process) => Some(process),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_periodic_window_opens_and_closes_on_time() {
        let s = Micros::from_secs;
        let window = Window::new(s(10), s(5), Some(s(60))).expect("valid");
        for (now_s, open) in [(0, false), (9, false), (10, true), (14, true), (15, false), (70, true), (75, false)] {
            assert_eq!(window.contains(s(now_s)), open, "{now_s} s");
        }
        for (now_s, change_s) in [(0, 10), (10, 15), (14, 15), (15, 70), (69, 70), (72, 75)] {
            assert_eq!(window.next_change(s(now_s)), s(change_s), "{now_s} s");
        }
        for (now_s, change_s) in [(0, 0), (9, 0), (10, 10), (14, 10), (15, 15), (69, 15), (72, 70), (75, 75), (100, 75)]
        {
            assert_eq!(window.last_change(s(now_s)), s(change_s), "{now_s} s");
        }
        let once = Window::new(s(10), s(5), None).expect("valid");
        assert_eq!(once.last_change(s(99)), s(15));
        assert!(once.next_change(s(15)).is_never());
    }

    /// Promise: the shares of waits that begin in a window, and that one comes upon, are those that counting finds.
    #[cfg(feature = "engine")]
    #[test]
    fn waits_meet_a_window_as_often_as_counting_says() {
        let s = Micros::from_secs;
        for (from, length, every, span, reach) in [
            (10, 5, Some(60), 600, 7),
            (10, 5, None, 100, 7),
            (3, 5, None, 100, 7),
            (104, 5, None, 100, 7),
            (90, 50, None, 100, 200),
            (0, 20, Some(30), 1_000, 15),
        ] {
            let window = Window::new(s(from), s(length), every.map(s)).expect("valid");
            let millis = || (0..span * 1_000).map(Micros::from_millis);
            let begin = millis().filter(|at| window.contains(*at)).count();
            let upon = |at: &Micros| !window.contains(*at) && window.next_change(*at) < *at + s(reach);
            let upon = millis().filter(upon).count();
            let (mine, its) = When::During(window).met(s(span), s(reach));
            let of_all = |count: usize| count as f64 / (span * 1_000) as f64;
            assert!((mine - of_all(begin)).abs() < 1e-4, "{window:?}: {mine} and {}", of_all(begin));
            assert!((its - of_all(upon)).abs() < 1e-4, "{window:?}: {its} and {}", of_all(upon));
        }
        let at_once = When::During(Window::new(s(10), s(5), None).expect("valid"));
        assert_eq!(at_once.met(Micros::ZERO, s(11)), (0.0, 1.0));
        assert_eq!(at_once.met(Micros::ZERO, s(9)), (0.0, 0.0));
    }

    #[test]
    fn a_window_with_a_ramp_opens_and_closes_slowly() {
        let s = Micros::from_secs;
        let window = Window::new(s(10), s(20), Some(s(60))).expect("valid");
        for (now_s, depth) in [(9, 0.0), (10, 0.0), (11, 0.25), (14, 1.0), (20, 1.0), (29, 0.25), (30, 0.0), (72, 0.5)]
        {
            assert_eq!(window.depth(s(now_s), s(4)), depth, "{now_s} s");
            assert_eq!(
                window.depth(s(now_s), Micros::ZERO),
                f64::from(u8::from(window.contains(s(now_s)))),
                "{now_s} s"
            );
        }
    }

    #[test]
    fn what_would_never_open_or_never_close_does_not_exist() {
        let (s, ms) = (Micros::from_secs, Micros::from_millis);
        assert_eq!(Window::new(s(1), Micros::ZERO, None), Err(InvalidWindow::Empty));
        assert_eq!(Window::new(s(1), s(2), Some(s(2))), Err(InvalidWindow::Overlapping { every: s(2), length: s(2) }));
        assert!(matches!(Window::new(s(1), ms(1), Some(ms(9))), Err(InvalidWindow::TooFast { .. })));
        for share in [0.0, 1.0, -0.1, 3.0] {
            assert_eq!(GilbertElliott::new(share, s(1)), Err(InvalidWindow::Share(share)));
        }
        assert!(matches!(GilbertElliott::new(f64::NAN, s(1)), Err(InvalidWindow::Share(_))));
        assert!(matches!(GilbertElliott::new(0.5, Micros::ZERO), Err(InvalidWindow::TooFast { .. })));
    }
}
