//! How waits end: every outcome with its names and its meaning, and a table with an entry for each.

use crate::strategy::wait::Ending;
use crate::time::Micros;
use serde::{Deserialize, Serialize};
use std::ops::{Index, IndexMut};

/// How a wait ended: exclusive, and complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The client knows that the task succeeded.
    Success,
    /// The client knows that the task failed.
    Failed,
    /// It gave up although the task was done.
    TimeoutMissed,
    /// It gave up and the task was done later.
    TimeoutImpatient,
    /// It gave up on a task that never ends.
    TimeoutTrue,
    /// The wait ended with an error.
    Error,
    /// Another task's failure ended the wait.
    Abandoned,
    /// It neither knew nor gave up by the horizon.
    Hang,
    /// It never got an id.
    Rejected,
}

impl Outcome {
    /// All outcomes, in the order of `results.json`.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Failed,
        Self::TimeoutMissed,
        Self::TimeoutImpatient,
        Self::TimeoutTrue,
        Self::Error,
        Self::Abandoned,
        Self::Hang,
        Self::Rejected,
    ];

    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::TimeoutMissed => "timeout_missed",
            Self::TimeoutImpatient => "timeout_impatient",
            Self::TimeoutTrue => "timeout_true",
            Self::Error => "error",
            Self::Abandoned => "abandoned",
            Self::Hang => "hang",
            Self::Rejected => "rejected",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::TimeoutMissed => "timeout missed",
            Self::TimeoutImpatient => "timeout impatient",
            Self::TimeoutTrue => "timeout true",
            Self::Error => "error",
            Self::Abandoned => "abandoned",
            Self::Hang => "hang",
            Self::Rejected => "rejected",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "the client knows that the task succeeded",
            Self::Failed => "the client knows that the task failed",
            Self::TimeoutMissed => "gave up although the task was done",
            Self::TimeoutImpatient => "gave up; the task was done later",
            Self::TimeoutTrue => "gave up on a task that never ends",
            Self::Error => "the wait ended with an error although the task was still alive",
            Self::Abandoned => "another task’s failure ended this wait",
            Self::Hang => "neither knew nor gave up by the horizon",
            Self::Rejected => "the submit failed, so there was no id to poll",
        }
    }

    /// The outcome of a wait that ended by itself at `settled`, on a task that is done at `done`.
    #[inline]
    #[must_use]
    pub fn of(ending: Ending, settled: Micros, done: Micros) -> Self {
        match ending {
            Ending::Success => Self::Success,
            Ending::Failed => Self::Failed,
            Ending::Error => Self::Error,
            Ending::GaveUp if done <= settled => Self::TimeoutMissed,
            Ending::GaveUp if done.is_never() => Self::TimeoutTrue,
            Ending::GaveUp => Self::TimeoutImpatient,
        }
    }

    /// Whether the client knows the task's state.
    #[inline]
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

/// One of something for each outcome, in the order of [`Outcome::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ByOutcome<T>([T; Outcome::ALL.len()]);

impl<T> ByOutcome<T> {
    /// What `of` says of each.
    #[must_use]
    pub fn each(of: impl FnMut(Outcome) -> T) -> Self {
        Self(Outcome::ALL.map(of))
    }
}

impl<T> Index<Outcome> for ByOutcome<T> {
    type Output = T;
    #[inline]
    fn index(&self, outcome: Outcome) -> &T {
        &self.0[outcome as usize]
    }
}

impl<T> IndexMut<Outcome> for ByOutcome<T> {
    #[inline]
    fn index_mut(&mut self, outcome: Outcome) -> &mut T {
        &mut self.0[outcome as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_own_place() {
        let places = ByOutcome::each(|outcome| outcome as usize);
        for (at, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!((places[outcome], outcome as usize), (at, at), "{}", outcome.name());
        }
    }
}
