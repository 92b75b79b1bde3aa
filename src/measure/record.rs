//! What is kept of one task under one strategy: the only thing that statistics are made of.

use crate::inspection::CostWeights;
pub use crate::measure::outcome::Outcome;
use crate::time::Micros;
use crate::world::truth::Fate;

/// The detection delay of a task that was `done`, and is known from `known` on.
#[inline]
#[must_use]
pub fn detection_delay(done: Micros, known: Micros) -> Micros {
    known - done
}

/// One task under one strategy. Instants count from the start of the replicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskRecord {
    /// Number of the model in the plan.
    pub model: u32,
    /// Number of the task in its model and replicate.
    pub task: u64,
    /// Intended submit.
    pub submitted: Micros,
    /// Start of the wait; of a rejected task, the instant the client gave up submitting.
    pub wait_start: Micros,
    /// End of the task; [`Micros::NEVER`] for one that is stuck or does not exist.
    pub done: Micros,
    /// What becomes of the task; `None` where it does not exist.
    pub fate: Option<Fate>,
    /// How the wait ended.
    pub outcome: Outcome,
    /// When it ended; [`Micros::NEVER`] on a hang.
    pub settled: Micros,
    /// Submits sent.
    pub submits: u32,
    /// Tasks that these submits created beyond the first.
    pub duplicates: u32,
    /// Polls sent.
    pub polls: u32,
    /// Polls that said unfinished.
    pub wasted: u32,
    /// Polls that told nothing.
    pub failed: u32,
    /// Webhook deliveries received.
    pub deliveries: u32,
    /// Requests before the instant that a `Retry-After` had named.
    pub violations: u32,
    /// Polls that were answered HTTP 429.
    pub throttled: u32,
    /// Whether a rule struck a poll or a delivery of this wait. A token bucket strikes whom it answers 429.
    pub struck: bool,
    /// The answer that ended the wait told of a success without a result of this task: another task's, or none.
    pub without_result: bool,
}

/// What it took a client to know; times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Polls sent.
    pub(super) polls: u32,
    /// Detection delay.
    pub(super) delay: u64,
    /// From the intended submit.
    pub(super) latency: u64,
}

impl TaskRecord {
    /// Polls that revealed a terminal state.
    #[inline]
    #[must_use]
    pub fn useful(&self) -> u32 {
        self.polls - self.wasted - self.failed
    }

    /// Whether the client knows what became of the task, and is right.
    #[inline]
    #[must_use]
    pub fn knows(&self) -> bool {
        let told = if self.outcome == Outcome::Success { Fate::Success } else { Fate::Failed };
        self.outcome.is_known() && self.fate == Some(told) && self.settled >= self.done && !self.without_result
    }

    /// Whether the client takes the task for a success that it is not, or not yet.
    #[inline]
    #[must_use]
    pub fn is_false_success(&self) -> bool {
        self.outcome == Outcome::Success && (self.fate != Some(Fate::Success) || self.settled < self.done)
    }

    /// Whether the client takes the task for a failure that it is not, or not yet.
    #[inline]
    #[must_use]
    pub fn is_false_failure(&self) -> bool {
        self.outcome == Outcome::Failed && (self.fate != Some(Fate::Failed) || self.settled < self.done)
    }

    /// What it took a client that knows.
    #[inline(always)]
    pub(super) fn known(&self) -> Option<Known> {
        self.knows().then(|| Known {
            polls: self.polls,
            delay: detection_delay(self.done, self.settled).get(),
            latency: (self.settled - self.submitted).get(),
        })
    }

    /// From the task's end to the client knowing; `None` where it never knew.
    #[inline]
    #[must_use]
    pub fn delay(&self) -> Option<Micros> {
        self.knows().then(|| detection_delay(self.done, self.settled))
    }

    /// From the intended submit to the client knowing; `None` where it never knew.
    #[inline]
    #[must_use]
    pub fn latency(&self) -> Option<Micros> {
        self.knows().then(|| self.settled - self.submitted)
    }

    /// Submits, polls and deliveries received.
    #[inline]
    #[must_use]
    pub fn requests(&self) -> u64 {
        u64::from(self.submits) + u64::from(self.polls) + u64::from(self.deliveries)
    }

    /// The polls and the microseconds of delay that the task is charged: giving up must not pay, so a task that ends by
    /// the horizon and never becomes known is charged one poll more and the delay to the horizon.
    #[inline]
    #[must_use]
    pub fn charge(&self, horizon: Micros) -> (i64, i64) {
        self.charged(self.known(), horizon)
    }

    /// The same where it was asked already what the client knows.
    #[inline]
    pub(super) fn charged(&self, known: Option<Known>, horizon: Micros) -> (i64, i64) {
        let polls = i64::from(self.polls);
        match known {
            Some(known) => (polls, known.delay as i64),
            None => {
                let end = self.wait_start + horizon;
                if self.done <= end { (polls + 1, (end - self.done).get() as i64) } else { (polls, 0) }
            }
        }
    }

    /// What that costs.
    #[must_use]
    pub fn cost(&self, horizon: Micros, weights: &CostWeights) -> f64 {
        let (polls, delay) = self.charge(horizon);
        weights.poll * polls as f64 + weights.delay_per_us() * delay as f64
    }

    /// Whether it is lost, and can still be had by its id at the horizon.
    #[inline]
    #[must_use]
    pub fn is_retrievable(&self, horizon: Micros) -> bool {
        self.is_lost() && self.outcome != Outcome::Rejected && self.done <= self.wait_start + horizon
    }

    /// Whether a fault struck the wait.
    #[inline]
    #[must_use]
    pub fn is_struck(&self) -> bool {
        self.struck || self.throttled > 0
    }

    /// Whether the task succeeded and the client never had it.
    #[inline]
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.fate == Some(Fate::Success) && !self.knows()
    }
}
