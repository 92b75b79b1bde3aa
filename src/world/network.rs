//! The network between client and server: how long an exchange travels.

use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::model::Probability;

/// Distributions of the network. A request sent at `s` with round trip `rtt` reads the truth at `s + up_share·rtt` and answers
/// at `s + rtt`.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Round trip of a request.
    pub rtt: Distribution,
    /// Share of the round trip that is the way up.
    pub up_share: Probability,
    /// Latency of a webhook delivery; the downlink of a round trip where absent.
    pub webhook_latency: Option<Distribution>,
}

impl Network {
    /// No travel time at all.
    #[must_use]
    pub fn none() -> Self {
        let half = Probability::new(0.5).unwrap_or_default();
        Self { rtt: Distribution::constant(Micros::ZERO), up_share: half, webhook_latency: None }
    }

    /// The way up of a round trip of `rtt`.
    #[inline]
    #[must_use]
    pub fn up(&self, rtt: Micros) -> Micros {
        // Cut to the microsecond, as a trace's: a task that ends within it is not done yet when it is read.
        match self.up_share.get() {
            // The default, without a detour through floats: every poll of a simulation waits for this.
            0.5 => Micros::new(rtt.get() / 2),
            share => Micros::new((rtt.get() as f64 * share) as u64),
        }
    }
}
