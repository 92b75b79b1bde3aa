//! Safety: what a correct poller never does, whatever happens.

use super::{Found, Trial};
use crate::check::history::{AnswerKind, Conduct, PollerAnswer, PollerOutcome, StatusRequest, WebhookDelivery, short};
use crate::server::PushContent;
use crate::time::Micros;

/// Two polls that are closer than this are one too many.
const BUSY: Micros = Micros::from_millis(200);
/// So many of them are forgiven.
const FORGIVEN: usize = 3;
/// Only in virtual time can two polls be this close: there a clock that a program rounds may let it look twice where it would look
/// once.
const ONE_LOOK: Micros = Micros::new(2);

impl Trial<'_> {
    fn answered(&self, outcome: PollerOutcome) -> impl Iterator<Item = &PollerAnswer> {
        self.of_task.answers.iter().filter(move |answer| answer.outcome == outcome)
    }

    fn was_told(&self, told: AnswerKind) -> bool {
        // A delivery that reached the program tells as well as an answer.
        let delivered =
            || self.of_task.deliveries.iter().any(|delivery| delivery.answer == told && delivery.status.is_some());
        self.requests().iter().any(|request| request.answer == told) || delivered()
    }

    /// Whether a delivery came between two instants: who is told looks again at once.
    fn is_pushed_between(&self, from: Micros, to: Micros) -> bool {
        self.of_task.deliveries.iter().any(|delivery| from <= delivery.at && delivery.at <= to + self.timing.grain)
    }

    /// How the task really was, in words.
    fn truth(&self) -> String {
        use crate::check::case::End;
        match self.task.end {
            End::Success(at) => format!("it succeeded at {at}"),
            End::Failed(at) => format!("it failed at {at}"),
            End::Never => "it never ended".to_owned(),
        }
    }

    pub(super) fn no_false_success(&self) -> Found {
        match self.answered(PollerOutcome::Success).next() {
            None => Found::Idle,
            Some(_) if self.was_told(AnswerKind::Success) => Found::Held,
            Some(answer) => Found::Broken(format!(
                "it said success at {}, and no answer had said so ({})",
                short(answer.at),
                self.truth()
            )),
        }
    }

    pub(super) fn no_false_failure(&self) -> Found {
        match self.answered(PollerOutcome::Failed).next() {
            None => Found::Idle,
            Some(_) if self.was_told(AnswerKind::Failed) => Found::Held,
            Some(answer) => Found::Broken(format!(
                "it said failed at {}, and no answer had said so ({})",
                short(answer.at),
                self.truth()
            )),
        }
    }

    pub(super) fn right_result(&self) -> Found {
        let expected = &self.of_task.result;
        let mut said = self.answered(PollerOutcome::Success).filter_map(|answer| answer.urls.as_ref()).peekable();
        if expected.is_empty() || said.peek().is_none() || !self.was_told(AnswerKind::Success) {
            return Found::Idle;
        }
        let wrong = said.find(|urls| urls.is_empty() || urls.iter().any(|url| !url.starts_with(expected)));
        match wrong {
            None => Found::Held,
            Some(urls) if urls.is_empty() => Found::Broken("it said success without the result's URLs".to_owned()),
            Some(urls) => {
                Found::Broken(format!("it handed over {}, and this task's files are under {expected}", urls.join(", ")))
            }
        }
    }

    pub(super) fn stops_after_terminal(&self) -> Found {
        let requests = self.requests();
        let Some(last) = requests.iter().position(|request| request.answer.is_terminal() && !request.is_doubtful)
        else {
            return Found::Idle;
        };
        let Some(known) = requests[last].ended else { return Found::Idle };
        // What was sent before the answer was there is no sin of this kind.
        let after = requests[last + 1..].iter().filter(|request| request.sent > known + self.timing.grain);
        match after.clone().next() {
            None => Found::Held,
            Some(next) => Found::Broken(format!(
                "request {last} told at {} that the task had ended, and {} more came from {} on",
                short(known),
                after.count(),
                short(next.sent)
            )),
        }
    }

    pub(super) fn one_in_flight(&self) -> Found {
        let requests = self.requests();
        if requests.len() < 2 {
            return Found::Idle;
        }
        // A client that leaves and asks anew does both at once, and the server notices in any order.
        let grace = self.timing.grain * 10 + self.history.lateness;
        let both = requests
            .windows(2)
            .enumerate()
            .find(|(_, pair)| pair[0].ended.unwrap_or_else(|| self.end()) > pair[1].sent + grace);
        match both {
            None => Found::Held,
            Some((at, pair)) => Found::Broken(format!(
                "request {} came at {} while request {at} of {} was still open",
                at + 1,
                short(pair[1].sent),
                short(pair[0].sent)
            )),
        }
    }

    /// The last instant of which anything is known.
    fn end(&self) -> Micros {
        let answers = self.of_task.answers.iter().map(|answer| answer.at);
        answers.chain(self.requests().iter().map(|request| request.sent)).max().unwrap_or(Micros::ZERO)
    }

    pub(super) fn retry_after_kept(&self) -> Found {
        let (mut found, deadline) = (Found::Idle, self.case.deadline());
        for (at, pair) in self.requests().windows(2).enumerate() {
            let (Some(delay), Some(heard)) = (pair[0].retry_after, pair[0].ended) else { continue };
            if delay > self.timing.ceiling || pair[0].answer == AnswerKind::Unheard {
                continue;
            }
            let (named, next) = (heard + delay, pair[1].sent);
            let is_last_look = named > deadline && next + self.timing.grain >= deadline;
            if next + self.timing.grain < named && !is_last_look && !self.is_pushed_between(heard, next) {
                return Found::Broken(format!(
                    "request {at} was told at {} to come back in {delay}, and the next came after {}",
                    short(heard),
                    short(next - heard.min(next))
                ));
            }
            found = Found::Held;
        }
        found
    }

    pub(super) fn no_busy_loop(&self) -> Found {
        let requests = self.requests();
        if requests.len() < 2 {
            return Found::Idle;
        }
        let gap = |at: usize| match requests.get(at..at + 2) {
            Some([before, after]) => after.sent - before.sent.min(after.sent),
            Some(_) | None => Micros::NEVER,
        };
        let is_one_look = |at: usize| {
            gap(at) <= ONE_LOOK && gap(at + 1) >= BUSY && at.checked_sub(1).is_none_or(|before| gap(before) >= BUSY)
        };
        let close = requests.windows(2).enumerate().filter(|(at, pair)| {
            let is_retry = !matches!(pair[0].answer, AnswerKind::Unfinished | AnswerKind::UnknownState);
            let is_retry = is_retry || pair[0].is_doubtful || self.is_pushed_between(pair[0].sent, pair[1].sent);
            !is_retry && gap(*at) < BUSY && !is_one_look(*at)
        });
        match close.count() {
            0..=FORGIVEN => Found::Held,
            more => Found::Broken(format!("{more} polls came less than {BUSY} after the one before")),
        }
    }

    pub(super) fn no_blind_resubmit(&self) -> Found {
        let (Some(fault), submits @ 1..) = (self.case.submit(), self.history.submits) else { return Found::Idle };
        let more = submits.saturating_sub(self.case.tasks().len());
        if more == 0 {
            return Found::Held;
        }
        Found::Broken(format!(
            "the answer to the submit {} ({}), and it was sent {} more: {submits} tasks may exist",
            if self.case.held_back().is_some() { "was held back" } else { "was lost" },
            fault.kind().name(),
            if more == 1 { "once".to_owned() } else { format!("{more} times") }
        ))
    }

    /// The last request that its client heard of, before the program answered.
    fn last_heard(&self, answer: &PollerAnswer) -> Option<(usize, AnswerKind)> {
        let heard = |request: &&(usize, &StatusRequest)| {
            request.1.ended.is_some_and(|ended| ended <= answer.at + self.timing.grain)
        };
        let numbered: Vec<_> = self.requests().iter().enumerate().collect();
        let told = |request: &StatusRequest| if request.is_doubtful { AnswerKind::Nothing } else { request.answer };
        numbered.iter().rev().find(heard).map(|(at, request)| (*at, told(request)))
    }

    /// The last thing that a program heard before it crashed: what it crashed of, as far as anybody can know.
    fn died_of(&self) -> Option<(usize, AnswerKind)> {
        let has_crashed = matches!(self.history.conduct, Conduct::Crash(_));
        let last = self.requests().last().filter(|last| has_crashed && last.ended.is_some())?;
        // Who dies while a request is under way has heard nothing of it.
        if last.answer == AnswerKind::Unheard && last.struck.is_none() {
            return None;
        }
        Some((self.requests().len() - 1, if last.is_doubtful { AnswerKind::Nothing } else { last.answer }))
    }

    /// An end that no answer of the server gave a reason for.
    fn baseless(&self) -> Option<&PollerAnswer> {
        let is_baseless = |answer: &&PollerAnswer| match answer.outcome {
            PollerOutcome::Success => !self.was_told(AnswerKind::Success),
            PollerOutcome::Failed => !self.was_told(AnswerKind::Failed),
            PollerOutcome::Error => !self.was_told(AnswerKind::Permanent),
            PollerOutcome::Timeout => false,
        };
        // Who never got an id may say so.
        let is_homeless = self.requests().is_empty() && self.is_submit_harmed();
        self.of_task.answers.iter().find(is_baseless).filter(|_| !is_homeless)
    }

    /// Whether the program may have no id, for a reason.
    pub(super) fn is_submit_harmed(&self) -> bool {
        let is_unknown = self.of_task.is_missing || self.history.submits > 0 && self.requests().is_empty();
        self.case.submit().is_some() || is_unknown && !self.case.weather().is_empty()
    }

    pub(super) fn survives_garbage(&self) -> Found {
        let is_garbage = |told| matches!(told, AnswerKind::Nothing | AnswerKind::Silence | AnswerKind::Unheard);
        if self.is_lost() {
            return match self.died_of() {
                Some((at, told)) if is_garbage(told) => {
                    Found::Broken(format!("request {at} told nothing ({}), and the program crashed", self.kind(at)))
                }
                Some(_) | None => Found::Idle,
            };
        }
        match self.baseless() {
            // That is a matter of its neighbours.
            Some(_) if self.is_bystander() => Found::Idle,
            Some(answer) => match self.last_heard(answer) {
                Some((_, AnswerKind::UnknownState)) => Found::Idle,
                Some((at, told)) if is_garbage(told) => Found::Broken(format!(
                    "request {at} told nothing ({}), and it ended the wait as {} at {}",
                    self.kind(at),
                    answer.outcome.name(),
                    short(answer.at)
                )),
                Some(_) | None if answer.outcome == PollerOutcome::Error => {
                    let garbled = |delivery: &&WebhookDelivery| {
                        delivery.content == PushContent::Garbage && delivery.at <= answer.at
                    };
                    let why = match self.of_task.deliveries.iter().find(garbled) {
                        Some(_) => "after a webhook that was no JSON",
                        None => "for no reason",
                    };
                    Found::Broken(format!("it ended the wait with an error at {}, {why}", short(answer.at)))
                }
                Some(_) | None => Found::Idle,
            },
            None if self.requests().iter().any(|request| is_garbage(request.answer) || request.is_doubtful) => {
                Found::Held
            }
            None => Found::Idle,
        }
    }

    pub(super) fn unknown_state_is_open(&self) -> Found {
        if self.is_lost() {
            return match self.died_of() {
                Some((at, AnswerKind::UnknownState)) => Found::Broken(format!(
                    "request {at} told a state that the API does not know, and the program crashed"
                )),
                Some(_) | None => Found::Idle,
            };
        }
        let heard = self.baseless().and_then(|answer| Some((answer, self.last_heard(answer)?)));
        match heard {
            Some((answer, (at, AnswerKind::UnknownState))) => Found::Broken(format!(
                "request {at} told a state that the API does not know, and it ended the wait as {} at {}",
                answer.outcome.name(),
                short(answer.at)
            )),
            Some(_) | None if self.was_told(AnswerKind::UnknownState) => Found::Held,
            Some(_) | None => Found::Idle,
        }
    }

    pub(super) fn handed_over_once(&self) -> Found {
        match &self.of_task.answers[..] {
            [] => Found::Idle,
            [_] => Found::Held,
            [first, .., last] => Found::Broken(format!(
                "its end was told {} times, first at {} and last at {}",
                self.of_task.answers.len(),
                short(first.at),
                short(last.at)
            )),
        }
    }

    /// What struck a request, in a word.
    pub(super) fn kind(&self, request: usize) -> &'static str {
        self.requests().get(request).and_then(|request| request.struck).map_or("nothing struck it", |kind| kind.name())
    }
}
