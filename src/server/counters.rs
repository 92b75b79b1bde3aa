//! What is counted of requests and deliveries.

use std::collections::BTreeMap;

/// Requests by route and HTTP status, deliveries by result.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: BTreeMap<(&'static str, Option<u16>), u64>,
}

impl Counters {
    /// Counts a request; `status` is `None` where no HTTP answer was sent.
    pub(super) fn count(&mut self, route: &'static str, status: Option<u16>) {
        *self.requests.entry((route, status)).or_default() += 1;
    }
}
