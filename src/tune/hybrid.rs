//! Being told by a webhook, with polls in case it does not come.

use super::{Goal, Tuned};
use crate::inspection::{AfterLast, Checks};

/// The first fallback poll comes when all but this share of the tasks that end are done: by then who was not told has
/// probably been forgotten.
const LATE: f64 = 0.05;
/// The shortest gap between fallback polls, in microseconds: that of the preset `webhook-hybrid`.
const SHORTEST: f64 = 60e6;

/// What to say of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// Nothing: none can be received.
    None,
    /// What the hybrid costs, after what polling costs.
    Beside,
    /// The same, before it.
    First,
}

/// Waiting to be told, and asking rarely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hybrid {
    /// The first fallback poll, in microseconds.
    pub first: f64,
    /// The gap between those that follow.
    pub interval: f64,
    /// Expected polls of a task that is told of when it ends.
    pub polls: f64,
    /// Expected cost of such a task.
    pub cost: f64,
}

impl Hybrid {
    /// The hybrid for a goal: polls are made only until the task ends, since then a webhook comes.
    #[must_use]
    pub fn of(goal: &Goal<'_>, tuned: &Tuned) -> Self {
        let first = goal.done_time.quantile(1.0 - LATE).max(SHORTEST);
        let first = goal.deadline.map_or(first, |deadline| first.min(deadline));
        let checks = Checks { instants: vec![first], then: AfterLast::Every(SHORTEST) };
        let checks = goal.deadline.map_or_else(|| checks.clone(), |deadline| checks.until(deadline));
        // The poll that would see the end is spared by being told.
        let expected = goal.expected(&checks, &tuned.sketch);
        let polls = (expected.polls - expected.known).max(0.0);
        Self { first, interval: SHORTEST, polls, cost: goal.weights.poll * polls }
    }
}
