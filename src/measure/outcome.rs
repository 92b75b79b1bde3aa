//! How waits end: every outcome with its names and its meaning, and a table with an entry for each.

use crate::strategy::wait::Ending;
use crate::time::Micros;
use serde::{Deserialize, Serialize};
use std::ops::{Index, IndexMut};

/// Hands all outcomes to a macro, in the order of `results.json`: the variant, the name in files, the name for people, and
/// the meaning.
macro_rules! each_outcome {
    ($then:ident) => {
        $then! {
            /// The client knows that the task succeeded.
            Success, success, "success", "the client knows that the task succeeded";
            /// The client knows that the task failed.
            Failed, failed, "failed", "the client knows that the task failed";
            /// It gave up although the task was done.
            TimeoutMissed, timeout_missed, "timeout missed", "gave up although the task was done";
            /// It gave up and the task was done later.
            TimeoutImpatient, timeout_impatient, "timeout impatient", "gave up; the task was done later";
            /// It gave up on a task that never ends.
            TimeoutTrue, timeout_true, "timeout true", "gave up on a task that never ends";
            /// The wait ended with an error.
            Error, error, "error", "the wait ended with an error although the task was still alive";
            /// Another task's failure ended the wait.
            Abandoned, abandoned, "abandoned", "another task’s failure ended this wait";
            /// It neither knew nor gave up by the horizon.
            Hang, hang, "hang", "neither knew nor gave up by the horizon";
            /// It never got an id.
            Rejected, rejected, "rejected", "the submit failed, so there was no id to poll";
        }
    };
}
pub(super) use each_outcome;

macro_rules! define {
    ($(#[doc = $about:literal] $outcome:ident, $name:ident, $words:literal, $meaning:literal;)*) => {
        /// How a wait ended: exclusive, and complete.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Outcome {
            $(#[doc = $about] $outcome,)*
        }

        impl Outcome {
            /// All outcomes, in the order of `results.json`.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$outcome),*];

            /// The name in files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$outcome => stringify!($name),)*
                }
            }

            /// The name for people.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$outcome => $words,)*
                }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$outcome => $meaning,)*
                }
            }
        }

        /// Counts of the exclusive ends of a wait; they sum to the tasks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub struct Outcomes {
            $(#[doc = $about] pub $name: u64,)*
        }

        impl Outcomes {
            /// The count of one.
            #[must_use]
            pub const fn of(&self, outcome: Outcome) -> u64 {
                match outcome {
                    $(Outcome::$outcome => self.$name,)*
                }
            }
        }

        impl From<ByOutcome<u64>> for Outcomes {
            fn from(counts: ByOutcome<u64>) -> Self {
                Self { $($name: counts[Outcome::$outcome],)* }
            }
        }
    };
}

each_outcome!(define);

impl Outcome {
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
