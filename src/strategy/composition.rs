//! A strategy as data: schedule × limit × recovery × jitter × channel, and what its waits share.

use crate::api::reply::LARGEST_BATCH;
use crate::inspection::CostWeights;
pub use crate::strategy::schedule::Schedule;
pub use crate::strategy::tolerance::Tolerance;
use crate::time::{Micros, Span};
use crate::world::rate_limit::TokenBucket;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// When the client gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Never.
    None,
    /// After this many polls and, as in the guide, one more wasted sleep. Retries of [`Recovery::NetworkRetry`] count
    /// with the poll that they repeat.
    Attempts(NonZeroU32),
    /// When the sleeps add up to this, with what a `Retry-After` adds to them; request time is not counted and the last
    /// sleep is not clipped, as in the guide. The sleeps before retries of [`Recovery::NetworkRetry`] are not counted
    /// either, so that a wait of 300 s can last for 900 s.
    SumOfSleeps(Span),
    /// At this time since the start of the wait: the last sleep, whatever it is for, is clipped to it and one more poll
    /// made there. No poll is planned for later.
    WallClock(Span),
}

impl Limit {
    /// The limit at `deadline` since the start of the wait; `None` for nothing, or more than [`Micros::LONGEST`].
    #[must_use]
    pub fn wall_clock(deadline: Micros) -> Option<Self> {
        Span::new(deadline).map(Self::WallClock)
    }

    /// The limit of `max` in sleeps; `None` for nothing, or more than [`Micros::LONGEST`].
    #[must_use]
    pub fn sum_of_sleeps(max: Micros) -> Option<Self> {
        Span::new(max).map(Self::SumOfSleeps)
    }

    /// The deadline by the clock since the start of the wait; [`Micros::NEVER`] where there is none.
    #[inline(always)]
    pub(in crate::strategy) fn deadline(self) -> Micros {
        match self {
            Self::WallClock(limit) => limit.get(),
            Self::None | Self::Attempts(_) | Self::SumOfSleeps(_) => Micros::NEVER,
        }
    }
}

/// What a reply that told nothing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// The wait ends with the error, as in the guide's basic code. Requests have no timeout.
    Propagate,
    /// The guide's network retry: up to `retries` times after 1, 2, 3 … `step`s, then on to the normal sleep. Other
    /// errors end the wait. Requests have no timeout.
    NetworkRetry {
        /// Retries in one round.
        retries: u32,
        /// Sleep before the first retry; the k-th is k times as long.
        step: Span,
    },
    /// Errors are typed: permanent ones end the wait, others are polled over.
    Tolerant(Tolerance),
}

/// Randomisation of the gaps (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
///
/// No jitter makes a gap longer than its cap, which is the gap itself where the schedule is no exponential one, or
/// shorter than a microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Gaps as they are.
    None,
    /// Uniform between nothing and the gap, the first wait too: half of the gap on average.
    Full,
    /// Uniform between half of the gap and the gap, the first wait too: three quarters of the gap on average.
    Equal,
    /// The lesser of the cap and a draw that is uniform between the interval and three times the previous gap, which at the
    /// start is the interval. The first wait is kept, the multiplier not used.
    ///
    /// Where the cap does not matter, the n-th gap is `interval × (2 × 1.5ⁿ − 1)` on average, n from 1: twice the interval,
    /// then 3.5 times. With a cap of c intervals the first one is `1 + (4 − max(3 − c, 0)²) / 4` intervals on average, and
    /// in the long run a gap is 0.86 of the cap where that is 4 intervals, and 0.69 where it is 15. A fixed interval and the
    /// gaps of a table are their own caps, so they stay as they are.
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
#[non_exhaustive]
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
    /// Their requests: they are submitted together, and one poll tells of all of them.
    Batch(Batching),
}

/// Which tasks of a model make a batch: those that come one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    size: NonZeroU32,
    linger: Micros,
}

/// Why there are no such batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBatching {
    /// No server takes so many tasks at once.
    #[error("a batch of {size} tasks is larger than {LARGEST_BATCH}")]
    Size {
        /// What was given.
        size: NonZeroU32,
    },
    /// The first task would never be submitted.
    #[error("a first task that waits {linger} for others waits longer than {}", Micros::LONGEST)]
    Linger {
        /// What was given.
        linger: Micros,
    },
}

impl Batching {
    /// A batch is submitted when it has `size` tasks, or `linger` after its first one came.
    ///
    /// # Errors
    ///
    /// The size is above [`LARGEST_BATCH`], or the time above [`Micros::LONGEST`].
    pub fn new(size: NonZeroU32, linger: Micros) -> Result<Self, InvalidBatching> {
        if size.get() > LARGEST_BATCH {
            return Err(InvalidBatching::Size { size });
        }
        if linger > Micros::LONGEST {
            return Err(InvalidBatching::Linger { linger });
        }
        Ok(Self { size, linger })
    }

    /// As many tasks as a batch may have, and no waiting for more.
    pub(super) const fn largest() -> Self {
        Self { size: NonZeroU32::MIN.saturating_add(LARGEST_BATCH - 1), linger: Micros::ZERO }
    }

    /// Most tasks of a batch.
    #[must_use]
    pub const fn size(&self) -> NonZeroU32 {
        self.size
    }

    /// How long the first task waits for others.
    #[must_use]
    pub const fn linger(&self) -> Micros {
        self.linger
    }

    /// Whether a task that comes at `at` joins a batch of so many tasks, of which the first came at `first`.
    #[must_use]
    pub fn takes(&self, tasks: u32, first: Micros, at: Micros) -> bool {
        tasks < self.size.get() && at <= first + self.linger
    }

    /// When a batch of so many tasks is submitted that takes no more.
    #[must_use]
    pub fn leaves_at(&self, tasks: u32, first: Micros, last: Micros) -> Micros {
        if tasks < self.size.get() { first + self.linger } else { last }
    }
}

/// How a strategy learns how long tasks take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Observations that it remembers.
    pub window: NonZeroU32,
    /// What polls and delay cost.
    pub weights: CostWeights,
}

/// A client's own limit on its requests, shared by all of its waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limiter {
    max_in_flight: NonZeroU32,
    bucket: TokenBucket,
}

/// Why there is no such limiter.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a rate of {rate_per_s} requests per second is not finite and positive")]
pub struct InvalidLimiter {
    /// What was given.
    pub rate_per_s: f64,
}

impl Limiter {
    /// At most `max_in_flight` requests at once and `rate_per_s` requests per second, but `burst` of them at once after a
    /// quiet time.
    ///
    /// # Errors
    ///
    /// The rate is not finite and positive.
    pub fn new(max_in_flight: NonZeroU32, rate_per_s: f64, burst: NonZeroU32) -> Result<Self, InvalidLimiter> {
        let bucket = TokenBucket::new(rate_per_s, burst).ok_or(InvalidLimiter { rate_per_s })?;
        Ok(Self { max_in_flight, bucket })
    }

    /// The same of constants.
    pub(super) const fn of(max_in_flight: NonZeroU32, rate_per_s: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { max_in_flight, bucket: TokenBucket::of(rate_per_s, burst) }
    }

    /// Requests in flight at once.
    #[must_use]
    pub const fn max_in_flight(&self) -> NonZeroU32 {
        self.max_in_flight
    }

    /// Requests per second, and how many may go out at once after a quiet time.
    #[must_use]
    pub const fn bucket(&self) -> TokenBucket {
        self.bucket
    }
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
