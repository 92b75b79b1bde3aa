//! The harness's own error: what a wall clock and a busy machine add to what is measured.

use crate::measure::histogram::Durations;
use crate::time::Micros;

/// How late the harness was, in scenario time.
#[derive(Debug, Clone, Default)]
pub struct Harness {
    timers: Durations,
    submits: Durations,
}

/// Quantiles of a lateness in scenario time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lateness {
    /// Timers or submits.
    pub n: u64,
    /// Median.
    pub p50: Micros,
    /// 99th percentile.
    pub p99: Micros,
    /// Largest.
    pub max: Micros,
}

impl Harness {
    /// A poll that was due at `due` was sent at `sent`.
    pub(super) fn poll(&mut self, due: Micros, sent: Micros) {
        self.timers.record((sent - due).get());
    }

    /// A submit that the open schedule wanted at `due` was sent at `sent`.
    pub(super) fn submit(&mut self, due: Micros, sent: Micros) {
        self.submits.record((sent - due).get());
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.timers.merge(&other.timers);
        self.submits.merge(&other.submits);
    }

    /// Timer slack: from the instant a poll was due to the instant it was sent; `None` without polls.
    #[must_use]
    pub fn timer_slack(&self) -> Option<Lateness> {
        lateness(&self.timers)
    }

    /// Submit lag behind the open schedule.
    #[must_use]
    pub fn submit_lag(&self) -> Option<Lateness> {
        lateness(&self.submits)
    }
}

fn lateness(durations: &Durations) -> Option<Lateness> {
    let n = durations.len();
    let quantiles = durations.quantiles(&[0.5, 0.99], n);
    let at = |level: usize| quantiles.get(level).copied().flatten().map(Micros::new);
    Some(Lateness { n, p50: at(0)?, p99: at(1)?, max: Micros::new(durations.max()?) })
}
