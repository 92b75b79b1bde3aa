//! When tasks are submitted: an open stream of arrivals, never delayed by slow replies.

use crate::time::Micros;
use std::sync::Arc;

/// The law of submit instants. The first task of a replicate arrives one gap after its start, except under
/// [`Arrivals::Burst`], where all arrive at its start.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// Independent exponential gaps: a Poisson process.
    Poisson {
        /// Mean arrivals per second of one model.
        rate_per_s: f64,
    },
    /// Equal gaps.
    Constant {
        /// Arrivals per second of one model.
        rate_per_s: f64,
    },
    /// Everything at once.
    Burst,
    /// Recorded instants since the start, ascending. Past the end the trace starts over, shifted by its length.
    Trace(Arc<[Micros]>),
}
