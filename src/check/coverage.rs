//! What was reached of fault × phase: by requests that were struck one by one, by weather, and by deliveries.

use super::case::{Case, Task, is_weather, may_make_a_task};
use super::history::{AnswerKind, History, TaskHistory};
use super::phase::{Phase, kinds};
use super::plans::weathers;
use crate::server::PushContent;
use crate::time::Micros;
use crate::world::fault::{Kind, Striking, When};
use std::collections::BTreeMap;

/// What can go wrong for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mishap {
    /// A fault of the catalogue.
    Fault(Kind),
    /// A delivery before the end of the task.
    EarlyDelivery,
    /// A delivery by somebody who guesses the address.
    ForgedDelivery,
}

impl Mishap {
    /// Its name: that of the fault where it is one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault(kind) => kind.name(),
            Self::EarlyDelivery => "early-delivery",
            Self::ForgedDelivery => "forged-delivery",
        }
    }
}

/// The mishaps of deliveries, as who takes them sees them: an attempt that its receiver refuses or answers too late is one
/// that comes later, or twice.
const DELIVERIES: [Mishap; 7] = [
    Mishap::Fault(Kind::Lost),
    Mishap::Fault(Kind::Delayed),
    Mishap::Fault(Kind::Duplicated),
    Mishap::Fault(Kind::Malformed),
    Mishap::Fault(Kind::WrongTask),
    Mishap::EarlyDelivery,
    Mishap::ForgedDelivery,
];

/// How often each mishap met each phase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    counts: BTreeMap<(Mishap, Phase), u32>,
    /// The program submits.
    submits: bool,
    /// The program takes webhooks.
    is_called_back: bool,
}

impl Coverage {
    /// Nothing yet, of a program that submits or takes webhooks.
    #[must_use]
    pub(super) fn of(submits: bool, is_called_back: bool) -> Self {
        Self { counts: BTreeMap::new(), submits, is_called_back }
    }

    /// Counts the mishaps of a trial.
    pub fn add(&mut self, case: &Case, history: &History) {
        if let Some(fault) = case.submit().filter(|_| history.submits > 0) {
            self.count_one(Mishap::Fault(fault.kind()), Phase::Submit);
        }
        for (task, of_task) in case.tasks().iter().zip(&history.tasks) {
            self.add_requests(case, task, of_task);
            self.add_unseen(case, task, of_task);
            if self.is_called_back && !of_task.is_missing {
                self.add_deliveries(task, of_task);
            }
        }
    }

    fn count_one(&mut self, mishap: Mishap, phase: Phase) {
        *self.counts.entry((mishap, phase)).or_default() += 1;
    }

    /// Counts a mishap in each of the phases that it is in.
    fn count_in<const N: usize>(&mut self, mishap: Mishap, phases: [(Phase, bool); N]) {
        phases.into_iter().filter(|(_, is_there)| *is_there).for_each(|(phase, _)| self.count_one(mishap, phase));
    }

    fn add_requests(&mut self, case: &Case, task: &Task, of_task: &TaskHistory) {
        let done = task.end.at();
        let mut arrivals = of_task.requests.iter().map(|request| request.sent + case.up());
        let after = arrivals.position(|at| at >= done).unwrap_or(of_task.requests.len());
        for (number, request) in of_task.requests.iter().enumerate() {
            let Some(kind) = request.struck else { continue };
            let at_deadline = request.sent + Micros::from_millis(5) >= case.deadline();
            let places = [
                (Phase::First, number == 0),
                (Phase::AtTheDeadline, at_deadline),
                (Phase::AfterTheEnd, number == after),
                (Phase::BeforeTheEnd, number + 1 == after && !done.is_never()),
                (Phase::Midway, number > 0 && number + 1 < after && !at_deadline),
            ];
            self.count_in(Mishap::Fault(kind), places);
        }
    }

    /// While nobody listens, no server sees who comes: what such a window covers of the wait counts, where nothing else was
    /// written down of it.
    fn add_unseen(&mut self, case: &Case, task: &Task, of_task: &TaskHistory) {
        let ended = of_task.answers.first().map_or(Micros::NEVER, |answer| answer.at);
        for rule in case.weather().iter().filter(|rule| rule.kind().striking() == Striking::Window) {
            let is_seen = of_task.requests.iter().any(|request| request.struck == Some(rule.kind()));
            let When::During(window) = rule.when() else { continue };
            if is_seen || ended <= window.from() {
                continue;
            }
            let done = task.end.at();
            let places = [
                (Phase::First, window.contains(Micros::ZERO)),
                (Phase::AfterTheEnd, !done.is_never() && window.contains(done)),
                (Phase::AtTheDeadline, window.contains(case.deadline())),
                (Phase::Midway, Micros::ZERO < window.from() && window.from() + window.length() <= done),
            ];
            self.count_in(Mishap::Fault(rule.kind()), places);
        }
    }

    fn add_deliveries(&mut self, task: &Task, of_task: &TaskHistory) {
        let done = task.end.at();
        let mut told = 0;
        for delivery in &of_task.deliveries {
            let is_early = delivery.at < done;
            let phase = if is_early { Phase::Midway } else { Phase::AfterTheEnd };
            let mishap = match delivery.content {
                PushContent::OtherTask => Mishap::Fault(Kind::WrongTask),
                PushContent::Garbage => Mishap::Fault(Kind::Malformed),
                PushContent::Forgery => Mishap::ForgedDelivery,
                PushContent::Truth if delivery.answer == AnswerKind::Unfinished => Mishap::EarlyDelivery,
                PushContent::Truth => {
                    told += 1;
                    match told {
                        1 if delivery.at <= done + ON_TIME => continue,
                        1 => Mishap::Fault(Kind::Delayed),
                        _ => Mishap::Fault(Kind::Duplicated),
                    }
                }
            };
            self.count_one(mishap, phase);
        }
        // It was to be told of at its end, and is not going to be.
        let is_told = task.pushes.iter().any(|push| push.content == PushContent::Truth && push.at >= done);
        if !done.is_never() && !is_told {
            self.count_one(Mishap::Fault(Kind::Lost), Phase::AfterTheEnd);
        }
    }

    /// How often `mishap` was met in `phase`.
    #[must_use]
    pub fn count(&self, mishap: Mishap, phase: Phase) -> u32 {
        self.counts.get(&(mishap, phase)).copied().unwrap_or(0)
    }

    /// What this program can meet, in order: faults of single requests, those of submits only, weather, deliveries.
    #[must_use]
    pub fn mishaps(&self) -> Vec<Mishap> {
        let of_submits =
            Kind::ALL.iter().copied().filter(|kind| self.submits && may_make_a_task(*kind) && !is_single_kind(*kind));
        let requests = kinds().chain(of_submits).chain(weathers()).map(Mishap::Fault);
        let deliveries = DELIVERIES.into_iter().filter(|_| self.is_called_back);
        requests.chain(deliveries).collect()
    }

    /// Whether a mishap can meet a program in a phase at all.
    #[must_use]
    pub fn is_possible(&self, mishap: Mishap, phase: Phase) -> bool {
        let is_of_wait = Phase::OF_WAIT.contains(&phase);
        match mishap {
            Mishap::Fault(kind) if phase == Phase::Submit => self.submits && may_make_a_task(kind),
            Mishap::Fault(Kind::Lost | Kind::Delayed | Kind::Duplicated) => phase == Phase::AfterTheEnd,
            Mishap::Fault(Kind::Malformed | Kind::WrongTask) => matches!(phase, Phase::Midway | Phase::AfterTheEnd),
            Mishap::EarlyDelivery | Mishap::ForgedDelivery => phase == Phase::Midway,
            Mishap::Fault(kind) => is_of_wait && (is_single_kind(kind) || is_weather(kind)),
        }
    }

    /// All that can be reached.
    pub fn possible(&self) -> impl Iterator<Item = (Mishap, Phase)> {
        let all = self.mishaps().into_iter().flat_map(|mishap| Phase::ALL.map(|phase| (mishap, phase)));
        all.filter(|(mishap, phase)| self.is_possible(*mishap, *phase))
    }

    /// What was never reached.
    pub fn missing(&self) -> impl Iterator<Item = (Mishap, Phase)> {
        self.possible().filter(|(mishap, phase)| self.count(*mishap, *phase) == 0)
    }
}

/// A delivery that comes later than this after the end is late.
const ON_TIME: Micros = Micros::from_secs(1);

fn is_single_kind(kind: Kind) -> bool {
    kinds().any(|single| single == kind)
}
