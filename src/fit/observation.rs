//! What is known of durations, and why nothing may be made of it.

use crate::time::Micros;
use thiserror::Error;

/// What is known of one duration, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// Itself.
    Exact(f64),
    /// That it lies after the first and not after the second: it ended between two polls.
    Within(f64, f64),
    /// That it is longer: somebody gave up.
    Beyond(f64),
    /// That it is `at`, or longer where the task was not seen to end; and that nobody would know of the task if it had been
    /// shorter than `from`, the age at which one began to watch it.
    Entered {
        /// The age at which one began to watch.
        from: f64,
        /// The age at which it ended, or was last seen.
        at: f64,
        /// Whether it ended.
        is_over: bool,
    },
}

impl Observation {
    /// Whether the task was seen to end.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self {
            Self::Exact(_) | Self::Within(..) => true,
            Self::Beyond(_) => false,
            Self::Entered { is_over, .. } => *is_over,
        }
    }
}

/// Why there is no distribution to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnfittableSample {
    /// There is nothing.
    #[error("there are no observations")]
    Empty,
    /// No task was seen to end.
    #[error("{}", no_ends(*.0))]
    NoEnds(usize),
    /// One end says nothing of the spread.
    #[error("one finished task does not show how much times vary: at least 2 are needed, 20 recommended")]
    Single,
    /// Most tasks were never seen to end.
    #[error(
        "only {ended} of {count} tasks were seen to end; by these rows most tasks take longer than {last}, and when they \
         end cannot be known: observe for longer, or leave out tasks that never end"
    )]
    MostlyUnfinished {
        /// Tasks that were seen to end.
        ended: usize,
        /// All of them.
        count: usize,
        /// The longest that one was observed for.
        last: Micros,
    },
}

fn no_ends(count: usize) -> String {
    match count {
        1 => "the only observed task did not end".to_owned(),
        count => format!("none of the {count} observed tasks ended"),
    }
}
