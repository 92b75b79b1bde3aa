//! Verdicts: which properties a trial upheld, judged by the case, the journal and the program's answers alone.

mod liveness;
mod safety;

use super::case::{Case, Task};
use super::history::{Conduct, History, StatusRequest, TaskHistory};
use super::property::{Properties, Property, PropertyKind};
use crate::time::Micros;

/// What is known of a program and of the machine under it, in scenario time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The largest gap between two of its requests in a calm world, or before the first.
    pub largest_gap: Micros,
    /// The earliest that it ever asked: what its first request is later than this, its start was late.
    pub first: Micros,
    /// How long one of its requests takes at most.
    pub attempt_timeout: Micros,
    /// What "not later than" allows beyond its bound even on an idle machine: starting a program takes time.
    pub slack: Micros,
    /// How much too early a correct program's timer may fire, and how exactly instants are known.
    pub grain: Micros,
    /// The longest `Retry-After` that binds.
    pub ceiling: Micros,
}

impl Timing {
    /// A program in virtual time: `attempt_timeout`, and nothing that is not exact. Its largest gap is not known yet.
    #[must_use]
    pub fn exact(attempt_timeout: Micros) -> Self {
        Self {
            largest_gap: Micros::ZERO,
            first: Micros::NEVER,
            attempt_timeout,
            slack: Micros::from_millis(50),
            grain: Micros::from_millis(2),
            ceiling: Micros::from_secs(60),
        }
    }

    /// The same with the largest gap that was seen in a calm world. A quarter more is allowed, for who jitters.
    #[must_use]
    pub fn measured(self, calm: &History) -> Self {
        let gaps = calm.tasks.iter().flat_map(|task| {
            let sent = task.requests.iter().map(|request| request.sent);
            std::iter::once(Micros::ZERO).chain(sent.clone()).zip(sent).map(|(before, after)| after - before)
        });
        let largest = gaps.max().unwrap_or(Micros::ZERO);
        let largest_gap = self.largest_gap.max(Micros::new(largest.get() / 4 * 5));
        Self { largest_gap, ..self }.begun(calm)
    }

    /// The same, having seen a further trial.
    #[must_use]
    pub(super) fn begun(self, history: &History) -> Self {
        let first = history.tasks.iter().filter_map(|task| task.requests.first()).map(|request| request.sent).min();
        Self { first: first.unwrap_or(Micros::NEVER).min(self.first), ..self }
    }

    /// Beyond this lateness of the machine nothing is held against a program.
    #[must_use]
    pub fn latest(&self) -> Micros {
        Micros::new(self.attempt_timeout.get() / 4)
    }
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// For which task of the case.
    pub task: usize,
    /// What happened, in a sentence.
    pub what: String,
}

/// What a trial says of the properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Those that it could say anything of.
    pub judged: Properties,
    /// Those that did not hold, the first of each.
    pub violated: Vec<Violation>,
    /// Those that nobody can know of: the machine was too late, or the trial is in doubt.
    pub unknown: Properties,
}

impl Judgement {
    /// The violation of a property.
    #[must_use]
    pub fn of(&self, property: Property) -> Option<&Violation> {
        self.violated.iter().find(|violation| violation.property == property)
    }

    /// Whether everything that it could say is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.violated.is_empty()
    }
}

/// Judges a trial by the properties that are `wanted`.
#[must_use]
pub fn judge(case: &Case, history: &History, timing: &Timing, wanted: Properties) -> Judgement {
    let mut judgement = Judgement { judged: Properties::NONE, violated: Vec::new(), unknown: Properties::NONE };
    if history.doubt.is_some() {
        return Judgement { unknown: wanted, ..judgement };
    }
    for (number, (task, of_task)) in case.tasks().iter().zip(&history.tasks).enumerate() {
        let trial = Trial { case, number, task, of_task, history, timing };
        for &property in Property::ALL {
            if wanted.has(property) && judgement.of(property).is_none() {
                judgement.take(property, number, trial.judge(property), history.lateness, timing);
            }
        }
    }
    judgement
}

impl Judgement {
    #[inline]
    fn take(&mut self, property: Property, task: usize, found: Found, lateness: Micros, timing: &Timing) {
        let is_late = lateness >= timing.latest();
        match found {
            Found::Idle => {}
            Found::Held => self.judged = self.judged.with(property),
            // Whoever is that late may have broken off what the journal takes for heard.
            Found::Broken(_) if is_late => self.unknown = self.unknown.with(property),
            Found::Late { by, .. } if is_late || by <= lateness * 4 => self.unknown = self.unknown.with(property),
            Found::Broken(what) | Found::Late { what, .. } => {
                self.judged = self.judged.with(property);
                self.violated.push(Violation { property, task, what });
            }
        }
    }
}

/// What is found of one property for one task.
enum Found {
    /// The trial says nothing of it.
    Idle,
    Held,
    /// It did not hold, whatever the machine did.
    Broken(String),
    /// It would have held if all had come earlier by so much.
    Late {
        by: Micros,
        what: String,
    },
}

/// One task of a trial.
struct Trial<'t> {
    case: &'t Case,
    number: usize,
    task: &'t Task,
    of_task: &'t TaskHistory,
    history: &'t History,
    timing: &'t Timing,
}

impl Trial<'_> {
    fn judge(&self, property: Property) -> Found {
        match property {
            Property::NoFalseSuccess => self.no_false_success(),
            Property::NoFalseFailure => self.no_false_failure(),
            Property::RightResult => self.right_result(),
            Property::StopsAfterTerminal => self.stops_after_terminal(),
            Property::OneInFlight => self.one_in_flight(),
            Property::RetryAfterKept => self.retry_after_kept(),
            Property::NoBusyLoop => self.no_busy_loop(),
            Property::NoBlindResubmit => self.no_blind_resubmit(),
            Property::SurvivesGarbage => self.survives_garbage(),
            Property::UnknownStateIsOpen => self.unknown_state_is_open(),
            Property::HandedOverOnce => self.handed_over_once(),
            Property::Isolation => self.isolation(),
            Property::FindsTheResult => self.finds_the_result(),
            Property::EndsByDeadline => self.ends_by_deadline(),
            Property::LastLook => self.last_look(),
            Property::NoHang => self.no_hang(),
        }
    }

    fn requests(&self) -> &[StatusRequest] {
        &self.of_task.requests
    }

    /// The program ended, or was stopped, without an answer for a reason that is a finding of its own: nothing can be told from
    /// what it did not say.
    fn is_lost(&self) -> bool {
        let is_out = match self.history.conduct {
            Conduct::Crash(_) | Conduct::Garbage(_) | Conduct::Hang(_) => true,
            Conduct::Sound | Conduct::NotRun(_) => false,
        };
        is_out && self.of_task.answers.is_empty()
    }

    /// By how much later than ever this trial began: starting a program takes as long as the machine lets it.
    fn late_start(&self) -> Micros {
        self.requests().first().map_or(Micros::ZERO, |first| first.sent - self.timing.first.min(first.sent))
    }

    /// Not later than `bound`: `what` happened at `at` instead.
    fn by(&self, at: Option<Micros>, bound: Micros, what: impl FnOnce() -> String) -> Found {
        let bound = bound + self.timing.slack + self.late_start();
        match at {
            Some(at) if at <= bound => Found::Held,
            Some(at) => Found::Late { by: at - bound, what: what() },
            None => Found::Broken(what()),
        }
    }
}

const _: () = assert!(matches!(Property::Isolation.sort(), PropertyKind::Bound));
