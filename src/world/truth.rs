//! The fate of a task: drawn once, when it is submitted, and blind to how it is polled.

use crate::api::reply::{Failure, TaskState};
use crate::time::Micros;
#[cfg(feature = "engine")]
use crate::world::distribution::Batch;
use crate::world::draws::Draws;
use crate::world::model::Model;

/// What becomes of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It succeeds.
    Success,
    /// It fails.
    Failed,
    /// It never ends.
    Stuck,
}

impl Fate {
    /// The name in `tasks.csv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
        }
    }
}

/// A task's fate and durations, before it is known when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// What becomes of it.
    pub fate: Fate,
    /// Time in the queue, without waiting for a worker.
    pub pending: Micros,
    /// Time from the start of processing to the end; [`Micros::NEVER`] for a stuck task.
    pub work: Micros,
}

impl Life {
    /// Draws the life of one task: fate, then queueing, then work.
    #[inline(always)]
    #[must_use]
    pub fn draw(model: &Model, draws: &mut Draws) -> Self {
        let u = draws.uniform();
        let pending = match &model.pending {
            Some(pending) => pending.sample(draws),
            None => Micros::ZERO,
        };
        let stuck = model.fates.stuck();
        if u < stuck {
            return Self { fate: Fate::Stuck, pending, work: Micros::NEVER };
        }
        match model.fates.failure() {
            Some(failure) if u < stuck + failure.probability.get() => {
                Self { fate: Fate::Failed, pending, work: failure.after.sample(draws) }
            }
            _ => Self { fate: Fate::Success, pending, work: model.completion.sample(draws) },
        }
    }

    /// The truth of a task with this life that is created at `created` and finds a worker at once.
    #[inline]
    #[must_use]
    pub fn created_at(self, created: Micros) -> Truth {
        let started = created + self.pending;
        Truth { fate: self.fate, created, started, done: started + self.work }
    }
}

/// Lives of many tasks of a model side by side.
#[cfg(feature = "engine")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct ManyLives {
    completion: Batch,
    /// A task whose first draw is below fails or never ends.
    least: f64,
}

#[cfg(feature = "engine")]
impl ManyLives {
    /// Those of `model`; `None` where their tasks queue for a time of their own, or work takes more draws than one.
    pub(crate) fn of(model: &Model) -> Option<Self> {
        let failing = model.fates.failure().map_or(0.0, |failure| failure.probability.get());
        let completion = model.completion.batch().filter(|_| model.pending.is_none())?;
        Some(Self { completion, least: model.fates.stuck() + failing })
    }

    /// What [`Life::draw`] takes from each stream for a task that succeeds: how long it is worked on in microseconds;
    /// `u64::MAX` for one that does not.
    #[inline(always)]
    pub(crate) fn draw<const N: usize>(&self, streams: &mut [Draws; N], work: &mut [u64; N]) {
        let mut ends = [0; N];
        for (end, stream) in ends.iter_mut().zip(&mut *streams) {
            *end = if stream.uniform() < self.least { u64::MAX } else { 0 };
        }
        self.completion.sample_each(streams, work);
        for (work, end) in work.iter_mut().zip(&ends) {
            *work |= end;
        }
    }
}

/// A task's fate in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truth {
    /// What becomes of it.
    pub fate: Fate,
    /// Its creation.
    pub created: Micros,
    /// Start of processing.
    pub started: Micros,
    /// Its end; [`Micros::NEVER`] for a stuck task.
    pub done: Micros,
}

impl Truth {
    /// The state that a reader at `now` sees: a task is finished from its done-instant on.
    #[inline]
    #[must_use]
    pub fn state_at<'a>(&self, now: Micros, failure: &'a Failure) -> TaskState<'a> {
        if now >= self.done {
            match self.fate {
                Fate::Failed => TaskState::Failed(failure),
                Fate::Success | Fate::Stuck => TaskState::Success,
            }
        } else if now >= self.started {
            TaskState::Processing
        } else {
            TaskState::Pending
        }
    }
}
