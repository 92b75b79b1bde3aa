//! A model of the API: how long its tasks take and what becomes of them.

use crate::api::reply::Failure;
use crate::world::distribution::Distribution;
use std::num::NonZeroU32;

/// A number between 0 and 1, both included.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Probability(f64);

impl Probability {
    /// It cannot happen.
    pub const ZERO: Self = Self(0.0);
    /// It always happens.
    pub const ONE: Self = Self(1.0);

    /// The probability `p`, or `None` where it is NaN or outside [0, 1].
    #[must_use]
    pub fn new(p: f64) -> Option<Self> {
        (0.0..=1.0).contains(&p).then_some(Self(p))
    }

    /// The number.
    #[must_use]
    #[inline]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// How a model's tasks fail.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureLaw {
    /// Share of all tasks that fail.
    pub probability: Probability,
    /// What the API then says.
    pub failure: Failure,
    /// Time from the start of processing to the failure.
    pub after: Distribution,
}

/// One model: a name and the laws of its tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name as in the request path.
    pub name: String,
    /// Processing time of a task that succeeds.
    pub completion: Distribution,
    /// Time a task is queued before it is processed; none where absent.
    pub pending: Option<Distribution>,
    /// How tasks fail; none do where absent.
    pub failure: Option<FailureLaw>,
    /// Share of all tasks that never end. Together with the failing share at most 1.
    pub stuck: Probability,
    /// Tasks that are processed at once, first come first served; unlimited where absent. A stuck task holds no worker.
    pub workers: Option<NonZeroU32>,
}

impl Model {
    /// A model whose tasks all succeed, after a time of this law, and never queue.
    #[must_use]
    pub fn plain(name: &str, completion: Distribution) -> Self {
        let name = name.to_owned();
        Self { name, completion, pending: None, failure: None, stuck: Probability::ZERO, workers: None }
    }
}
