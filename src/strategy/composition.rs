//! A strategy as data: schedule × limit × recovery × jitter × channel.

use crate::strategy::learned::Learning;
use crate::time::Micros;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// When the next poll is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// A first wait, then equal gaps (`fixed`, and with a first wait `initial+fixed`).
    Fixed {
        /// Wait before the first poll.
        first: Micros,
        /// Gap after each poll, positive.
        interval: Micros,
    },
    /// A first wait, then gaps that grow by a factor up to a cap.
    Exponential {
        /// Wait before the first poll.
        first: Micros,
        /// Gap after the first poll, positive.
        interval: Micros,
        /// Growth of the gap, at least 1.
        multiplier: f64,
        /// Longest gap, at least `interval`.
        cap: Micros,
    },
    /// Explicit instants since the start of the wait; then the last gap repeats.
    Table {
        /// Strictly ascending, not empty.
        instants: Vec<Micros>,
    },
}

/// When the client gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Never.
    None,
    /// After this many polls and, as in the guide, one more wasted sleep.
    Attempts(NonZeroU32),
    /// When the sleeps add up to this; request time is not counted and the last sleep is not clipped, as in the guide.
    SumOfSleeps(Micros),
    /// At this time since the start of the wait: the last sleep is clipped to it and one more poll made there.
    WallClock(Micros),
}

/// What a reply that told nothing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The wait ends with the error, as in the guide's basic code. Requests have no timeout.
    Propagate,
    /// The guide's network retry: up to `retries` times after 1, 2, 3 … `step`s, then on to the normal sleep. Other
    /// errors end the wait. Requests have no timeout.
    NetworkRetry {
        /// Retries in one round.
        retries: u32,
        /// Sleep before the first retry; the k-th is k times as long.
        step: Micros,
    },
    /// Errors are typed: permanent ones end the wait, others are polled over.
    Tolerant(Tolerance),
}

/// Settings of [`Recovery::Tolerant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Failures in a row, unbroken by an answer, that end the wait; unlimited where absent, so that only the limit ends it.
    pub consecutive_failures: Option<NonZeroU32>,
    /// Longest time for one request; cut to what remains of a wall-clock limit, except for the poll at the deadline.
    pub attempt_timeout: Micros,
    /// Shortest delay that a `Retry-After` is taken for.
    pub retry_after_floor: Micros,
    /// Longest delay that a `Retry-After` is obeyed for, at least the floor.
    pub retry_after_ceiling: Micros,
}

/// Randomisation of the gaps (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Gaps as they are.
    None,
    /// Uniform between nothing and the gap.
    Full,
    /// Uniform between half of the gap and the gap.
    Equal,
    /// Uniform between the shortest gap and three times the previous one, at most the cap.
    Decorrelated,
}

/// How the client learns of the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// It asks.
    Poll,
    /// It is told, and never asks.
    Webhook,
    /// It is told, and asks in case it was not.
    Both,
}

/// What tasks that are waited for together share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sharing {
    /// Nothing: every wait is on its own.
    Alone,
    /// The guide's `TaskPoller`: lock-step rounds over pools of so many tasks.
    LockStep {
        /// Tasks in one pool.
        pool: NonZeroU32,
    },
    /// One client-side limit on the requests of all tasks of a model; each task keeps its own timing.
    Limiter(Limiter),
    /// What they have seen: each wait is planned from the times of the tasks that are known by then.
    Learned(Learning),
}

/// A client's own limit on its requests, shared by all of its waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limiter {
    /// Requests in flight at once.
    pub max_in_flight: NonZeroU32,
    /// Requests per second, finite and positive.
    pub rate_per_s: f64,
    /// Requests that may go out at once after a quiet time.
    pub burst: NonZeroU32,
}

/// When to poll and when to give up.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// When the next poll is due.
    pub schedule: Schedule,
    /// When to give up.
    pub limit: Limit,
}

/// A strategy: a name, and one choice on every axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Name in tables; unique in a scenario.
    pub name: String,
    /// One sentence for lists.
    pub about: String,
    /// How the client learns of the end.
    pub channel: Channel,
    /// Pace for models without one of their own.
    pub pace: Pace,
    /// Paces by model, looked up by exact name.
    pub per_model: BTreeMap<String, Pace>,
    /// What a reply that told nothing leads to.
    pub recovery: Recovery,
    /// Randomisation of the gaps.
    pub jitter: Jitter,
    /// What its waits share.
    pub sharing: Sharing,
}

impl Strategy {
    /// The pace for `model`.
    #[must_use]
    pub fn pace(&self, model: &str) -> &Pace {
        self.per_model.get(model).unwrap_or(&self.pace)
    }
}
