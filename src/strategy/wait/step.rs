//! What a wait wants next, and what came of it.

use crate::time::Micros;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send a status request at `at`; when no answer came within `timeout`, report [`Loss::TimedOut`] then.
    ///
    /// [`Loss::TimedOut`]: crate::api::reply::Loss::TimedOut
    Poll {
        /// Instant to send it; never before the instant of the call.
        at: Micros,
        /// Longest time to wait for the answer; [`Micros::NEVER`] for no limit.
        timeout: Micros,
    },
    /// The wait ends at `at`, which may be later than now (a last sleep).
    End {
        /// Instant of the end.
        at: Micros,
        /// How it ends.
        ending: Ending,
    },
    /// Nothing to send: wait to be told.
    Listen,
}

/// How a wait ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The task is known to have succeeded.
    Success,
    /// The task is known to have failed.
    Failed,
    /// The limit was reached.
    GaveUp,
    /// An error ended the wait.
    Error,
}

/// What a poll was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It made a terminal state known.
    Useful,
    /// It said unfinished.
    Wasted,
    /// It told nothing.
    Failed,
}
