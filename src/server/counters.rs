//! What is counted of requests and deliveries.

use std::collections::BTreeMap;
use std::time::Duration;

/// Upper ends of what durations are sorted into, in seconds of the wall clock.
pub(super) const BOUNDS_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Requests by route and HTTP status, deliveries by result.
#[derive(Debug, Default, Clone)]
pub(super) struct Counters {
    pub(super) requests: BTreeMap<(&'static str, Option<u16>), Took>,
}

/// How long some requests took, in real time.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Took {
    pub(super) count: u64,
    pub(super) sum: Duration,
    /// How many took at most so long as each bound says, but longer than the one before.
    pub(super) within: [u64; BOUNDS_S.len()],
}

impl Counters {
    /// Counts a request; `status` is `None` where no HTTP answer was sent.
    pub(super) fn count(&mut self, route: &'static str, status: Option<u16>, took: Duration) {
        self.requests.entry((route, status)).or_default().add(took);
    }
}

impl Took {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.sum = self.sum.saturating_add(took);
        let seconds = took.as_secs_f64();
        if let Some(within) = BOUNDS_S.iter().position(|bound| seconds <= *bound).map(|at| &mut self.within[at]) {
            *within += 1;
        }
    }
}
