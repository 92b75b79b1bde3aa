//! Liveness: what a correct poller does in the end, once the world lets it.

use super::{Found, Trial};
use crate::check::case::End;
use crate::check::history::{AnswerKind, PollerAnswer, PollerOutcome, StatusRequest, short};
use crate::time::Micros;
use crate::world::fault::When;

impl Trial<'_> {
    fn answer(&self) -> Option<&PollerAnswer> {
        self.of_task.answers.first()
    }

    fn was_refused_for_good(&self) -> bool {
        self.requests().iter().any(|request| request.answer == AnswerKind::Permanent)
    }

    /// When a struck request and what it asks for is over for a client that waits for it as long as it may.
    fn over(&self, request: &StatusRequest) -> Micros {
        let latest = request.sent + self.timing.attempt_timeout;
        let ended = request.ended.filter(|_| !request.is_doubtful).map_or(latest, |ended| ended.min(latest));
        // The next request may be lost, and nobody sees it.
        let ended = if request.spoils_the_next { ended + self.turn() } else { ended };
        // Who is asked for more than binds may stay away for as long as binds.
        ended + request.retry_after.map_or(Micros::ZERO, |delay| delay.min(self.timing.ceiling))
    }

    /// From when on nothing strikes any more.
    fn calm_from(&self) -> Micros {
        let struck =
            self.requests().iter().filter(|request| request.struck.is_some() || request.answer == AnswerKind::Unheard);
        let struck = struck.map(|request| self.over(request)).max().unwrap_or(Micros::ZERO);
        // Who is refused because nobody listens reaches no server that could write it down.
        let windows = self.case.weather().iter().map(|rule| match rule.when() {
            When::During(window) => window.from() + window.length(),
            When::Always | When::Bursts(_) => Micros::ZERO,
        });
        windows.fold(struck, Micros::max)
    }

    /// Nothing struck a request of it, and no weather kept one away.
    fn is_unharmed(&self) -> bool {
        self.case.weather().is_empty() && self.requests().iter().all(|request| request.struck.is_none())
    }

    /// When the program has the task's id, having submitted one task after another; `None` where it may never have it: the
    /// answer to its submit was lost, or came after an attempt's timeout.
    fn id_known(&self) -> Option<Micros> {
        let held_back = match self.case.held_back() {
            _ if !self.is_submit_harmed() => Micros::ZERO,
            by => by?,
        };
        if self.history.submits == 0 {
            return Some(held_back);
        }
        let answered = held_back + self.case.rtt();
        (answered + self.timing.slack <= self.timing.attempt_timeout).then(|| answered * (self.number as u64 + 1))
    }

    /// One gap and one attempt.
    fn turn(&self) -> Micros {
        self.timing.largest_gap + self.timing.attempt_timeout
    }

    /// Whether the server would have told of the end before the deadline, with room for what nobody can know to the tick.
    fn ended_in_time(&self) -> bool {
        self.task.end.at() + self.timing.grain <= self.case.deadline()
    }

    fn is_alone(&self) -> bool {
        self.case.tasks().len() == 1
    }

    /// Of several tasks, one that nothing strikes beside one that has trouble.
    pub(super) fn is_bystander(&self) -> bool {
        let trouble = |(number, task): (usize, &crate::check::case::Task)| {
            number != self.number && (!task.replies.is_empty() || matches!(task.end, End::Failed(_) | End::Never))
        };
        let is_spared = self.task.replies.is_empty() && self.case.weather().is_empty();
        is_spared && self.case.tasks().iter().enumerate().any(trouble)
    }

    pub(super) fn isolation(&self) -> Found {
        if self.is_alone() || !self.is_bystander() {
            return Found::Idle;
        }
        let ended =
            self.answer().filter(|answer| answer.outcome == PollerOutcome::Error && !self.was_refused_for_good());
        if let Some(answer) = ended {
            return Found::Broken(format!(
                "nothing struck it, and its wait ended with an error at {}",
                short(answer.at)
            ));
        }
        match self.known_in_time() {
            Found::Idle => self.not_called_a_timeout(),
            found => found,
        }
    }

    pub(super) fn finds_the_result(&self) -> Found {
        if self.is_bystander() { Found::Idle } else { self.known_in_time() }
    }

    /// Once the world is calm and the task is done, the program knows.
    fn known_in_time(&self) -> Found {
        // Who hangs at a silent socket is told so by another property.
        if self.was_refused_for_good() || self.endless().is_some() || self.is_lost() {
            return Found::Idle;
        }
        let Some(known) = self.id_known() else { return Found::Idle };
        let bound = self.task.end.at().max(self.calm_from()).max(known) + self.turn() + self.case.rtt();
        if bound + self.timing.slack > self.case.deadline() {
            return Found::Idle;
        }
        let late = |at: String| {
            format!(
                "the task was done at {} and nothing struck any more; the program {at}, not by {}",
                self.task.end.at(),
                short(bound)
            )
        };
        match self.answer() {
            None => self.by(None, bound, || late("never knew".to_owned())),
            Some(answer) => match answer.outcome {
                PollerOutcome::Success | PollerOutcome::Failed => {
                    self.by(Some(answer.at), bound, || late(format!("knew at {}", short(answer.at))))
                }
                // Other properties have these, unless they come because nobody looked.
                PollerOutcome::Timeout | PollerOutcome::Error if answer.at <= bound => Found::Idle,
                PollerOutcome::Timeout | PollerOutcome::Error => {
                    let what = || late(format!("said {} at {}", answer.outcome.name(), short(answer.at)));
                    self.by(Some(answer.at), bound, what)
                }
            },
        }
    }

    /// A request that nobody answers, and whose client stays longer than any attempt may take.
    fn endless(&self) -> Option<&StatusRequest> {
        let patience = self.timing.attempt_timeout + self.timing.slack + self.history.lateness;
        // Who has answered no longer waits.
        let settled = self.answer().map_or(Micros::NEVER, |answer| answer.at);
        self.requests().iter().find(|request| {
            request.answer == AnswerKind::Silence
                && request.ended.unwrap_or(Micros::NEVER).min(settled) > request.sent + patience
        })
    }

    pub(super) fn ends_by_deadline(&self) -> Found {
        // What a silent socket holds up has a property of its own.
        if self.endless().is_some() || self.is_lost() {
            return Found::Idle;
        }
        let bound = self.case.deadline() + self.timing.attempt_timeout;
        self.by(self.answer().map(|answer| answer.at), bound, || match self.answer() {
            Some(answer) => {
                format!("the deadline was {}, and the wait ended at {}", self.case.deadline(), short(answer.at))
            }
            None => {
                format!("the deadline was {}, and the wait had not ended when it was cut off", self.case.deadline())
            }
        })
    }

    pub(super) fn last_look(&self) -> Found {
        if self.is_bystander() { Found::Idle } else { self.not_called_a_timeout() }
    }

    /// A task that was done before the deadline is not called a timeout.
    fn not_called_a_timeout(&self) -> Found {
        // Where the last turn before the deadline is not calm, nobody can be sure to hear of it.
        let calm = self.case.deadline() - self.turn().min(self.case.deadline());
        let is_calm = self.calm_from() <= calm || self.is_unharmed();
        let is_known = self.id_known().is_some_and(|known| known <= calm);
        if !self.ended_in_time() || !is_calm || !is_known || self.was_refused_for_good() {
            return Found::Idle;
        }
        match self.answer() {
            None => Found::Idle,
            Some(answer) if answer.outcome == PollerOutcome::Timeout => Found::Broken(format!(
                "the task was done at {}, {} before the deadline; {}, and it said timeout at {}",
                short(self.task.end.at()),
                short(self.case.deadline() - self.task.end.at()),
                match self.requests().last() {
                    Some(last) => format!("the last look was at {}", short(last.sent)),
                    None => "nobody looked".to_owned(),
                },
                short(answer.at)
            )),
            Some(_) => Found::Held,
        }
    }

    pub(super) fn no_hang(&self) -> Found {
        let silent = self.requests().iter().position(|request| request.answer == AnswerKind::Silence);
        match (self.endless(), silent) {
            (Some(endless), _) => Found::Broken(match endless.ended {
                Some(ended) => {
                    format!(
                        "the request of {} was never answered, and its client waited until {}",
                        short(endless.sent),
                        short(ended)
                    )
                }
                None => {
                    format!("the request of {} was never answered, and its client waits for ever", short(endless.sent))
                }
            }),
            (None, Some(_)) => Found::Held,
            (None, None) => Found::Idle,
        }
    }
}
