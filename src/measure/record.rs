//! What is kept of one task under one strategy: the only thing that statistics are made of.

use crate::strategy::wait::Ending;
use crate::time::Micros;
use crate::world::truth::Fate;

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
}

impl TaskRecord {
    /// Polls that revealed a terminal state.
    #[inline]
    #[must_use]
    pub fn useful(&self) -> u32 {
        self.polls - self.wasted - self.failed
    }

    /// From the task's end to the client knowing; `None` where it never knew.
    #[inline]
    #[must_use]
    pub fn delay(&self) -> Option<Micros> {
        self.outcome.is_known().then(|| self.settled - self.done)
    }

    /// From the intended submit to the client knowing; `None` where it never knew.
    #[inline]
    #[must_use]
    pub fn latency(&self) -> Option<Micros> {
        self.outcome.is_known().then(|| self.settled - self.submitted)
    }

    /// Whether the task succeeded and the client never had it.
    #[inline]
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.fate == Some(Fate::Success) && !self.outcome.is_known()
    }
}
