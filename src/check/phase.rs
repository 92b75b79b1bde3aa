//! Where in a wait a fault strikes, and what was reached of fault × phase.

use super::case::{Case, is_single};
use super::seen::Seen;
use super::variants::variants;
use crate::time::Micros;
use crate::world::fault::{Kind, Route};
use std::collections::BTreeMap;

/// Where in a wait a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The first request.
    First,
    /// While the task is worked on.
    Midway,
    /// The last one before the task ends.
    BeforeTheEnd,
    /// The first one after the task has ended.
    AfterTheEnd,
    /// The look at the deadline.
    AtTheDeadline,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::First, Self::Midway, Self::BeforeTheEnd, Self::AfterTheEnd, Self::AtTheDeadline];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first request",
            Self::Midway => "midway",
            Self::BeforeTheEnd => "just before the end",
            Self::AfterTheEnd => "just after the end",
            Self::AtTheDeadline => "at the deadline",
        }
    }
}

/// The kinds of faults that can strike a status request on its own.
pub fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| is_single(*kind, Route::Status) && !variants(*kind).is_empty())
}

/// How often each fault met each phase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage(BTreeMap<(Kind, Phase), u32>);

impl Coverage {
    /// Counts the faults of a trial.
    pub fn add(&mut self, case: &Case, seen: &Seen) {
        for (task, of_task) in case.tasks().iter().zip(&seen.tasks) {
            if task.replies.is_empty() {
                continue;
            }
            let done = task.end.at();
            let arrivals = || of_task.asked.iter().map(|asked| asked.sent + case.up());
            let after = arrivals().position(|at| at >= done).unwrap_or(of_task.asked.len());
            for (number, asked) in of_task.asked.iter().enumerate() {
                let Some(kind) = asked.struck else { continue };
                let at_deadline = asked.sent + Micros::from_millis(5) >= case.deadline();
                let places = [
                    (Phase::First, number == 0),
                    (Phase::AtTheDeadline, at_deadline),
                    (Phase::AfterTheEnd, number == after),
                    (Phase::BeforeTheEnd, number + 1 == after && !done.is_never()),
                    (Phase::Midway, number > 0 && number + 1 < after && !at_deadline),
                ];
                for (phase, _) in places.into_iter().filter(|(_, is_there)| *is_there) {
                    *self.0.entry((kind, phase)).or_default() += 1;
                }
            }
        }
    }

    /// How often `kind` struck in `phase`.
    #[must_use]
    pub fn count(&self, kind: Kind, phase: Phase) -> u32 {
        self.0.get(&(kind, phase)).copied().unwrap_or(0)
    }

    /// What was never reached.
    pub fn missing(&self) -> impl Iterator<Item = (Kind, Phase)> {
        let all = kinds().flat_map(|kind| Phase::ALL.map(|phase| (kind, phase)));
        all.filter(|(kind, phase)| self.count(*kind, *phase) == 0)
    }
}
