//! What every driver keeps of one wait beside its machine, and what it tells of it.

use crate::api::envelope::State;
use crate::api::envelope::Status;
use crate::api::reply::Failure;
use crate::client::answer::Answer;
use crate::client::error::{Finished, WaitContext, WaitError};
use crate::strategy::reading::blames_the_request;
use crate::strategy::wait::{Ending, Worth};
use crate::time::Micros;

/// Something that happened in a wait.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The next poll is due then.
    Due {
        /// Instant on the client's clock.
        at: Micros,
    },
    /// The poll that is due waits for our own limit.
    HeldBack {
        /// Since when.
        at: Micros,
    },
    /// A poll was sent.
    Sent {
        /// Its number, from 0.
        number: u32,
        /// When.
        at: Micros,
    },
    /// A poll is over.
    Heard {
        /// Its number.
        number: u32,
        /// When its answer was complete, or the client stopped listening.
        at: Micros,
        /// What it was good for.
        worth: Worth,
        /// HTTP status of the answer, if there was one.
        status: Option<u16>,
        /// The delay that the server asked for.
        retry_after: Option<Micros>,
        /// Why it told nothing, if it did not.
        error: Option<String>,
    },
    /// The task is in another state than before.
    StateChanged {
        /// What was last known.
        from: Option<State>,
        /// What is known now.
        to: State,
    },
    /// A webhook told of the end.
    Told {
        /// When.
        at: Micros,
    },
    /// The wait is over. Nothing follows.
    Ended(Box<Result<Finished, WaitError>>),
}

/// Which wait it is. Drivers keep these.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) model: &'a str,
    pub(super) task: &'a str,
    pub(super) began: Micros,
}

/// A wait in progress, without its machine. Kept small: there may be a million.
#[derive(Debug)]
pub(super) struct Watch {
    polls: u32,
    last_state: Option<State>,
    /// The last poll was sent that found the task unfinished; never, where none was.
    unfinished: Micros,
    notes: Option<Box<Notes>>,
}

/// What most waits never have, or only at their end.
#[derive(Debug, Default)]
struct Notes {
    last_error: Option<String>,
    /// In a box: who has an error to keep has no status yet.
    last_status: Option<Box<Status>>,
    /// HTTP status of the last answer that told nothing.
    last_refusal: Option<u16>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { polls: 0, last_state: None, unfinished: Micros::NEVER, notes: None }
    }

    fn notes(&mut self) -> &mut Notes {
        self.notes.get_or_insert_default()
    }

    /// A poll is sent.
    pub(super) fn sent(&mut self, at: Micros) -> Event {
        self.polls += 1;
        Event::Sent { number: self.polls - 1, at }
    }

    /// The poll that was sent at `sent` is over: what to tell of it.
    pub(super) fn heard(&mut self, sent: Micros, at: Micros, answer: &Answer, worth: Worth) -> [Option<Event>; 2] {
        let retry_after = match answer {
            Answer::Http { retry_after, .. } => *retry_after,
            Answer::Lost(_) => None,
        };
        let error = answer.complaint();
        if worth == Worth::Wasted {
            self.unfinished = sent;
        }
        if worth == Worth::Failed {
            let notes = self.notes();
            notes.last_refusal = answer.http_status();
            notes.last_error.clone_from(&error);
        }
        let changed = answer.status().filter(|_| worth != Worth::Failed).and_then(|status| self.knows(status));
        let number = self.polls.saturating_sub(1);
        [Some(Event::Heard { number, at, worth, status: answer.http_status(), retry_after, error }), changed]
    }

    /// The state is known.
    pub(super) fn knows(&mut self, status: &Status) -> Option<Event> {
        let from = self.last_state.replace(status.state);
        if status.state.is_terminal() {
            self.notes().last_status = Some(Box::new(status.clone()));
        }
        (from != Some(status.state)).then_some(Event::StateChanged { from, to: status.state })
    }

    fn context(&self, of: Subject<'_>, now: Micros) -> WaitContext {
        WaitContext {
            model: of.model.to_owned(),
            task: of.task.to_owned(),
            elapsed: now - of.began,
            polls: self.polls,
            unfinished_after: self.unfinished.finite().map(|sent| sent - of.began),
            last_state: self.last_state,
            last_error: self.notes.as_ref().and_then(|notes| notes.last_error.clone()),
        }
    }

    /// The result of a wait that ended at `now`.
    pub(super) fn end(&mut self, of: Subject<'_>, ending: Ending, now: Micros) -> Result<Finished, WaitError> {
        let context = self.context(of, now);
        let boxed = Box::new(context.clone());
        let Notes { last_status, last_refusal, .. } = self.notes.take().map(|notes| *notes).unwrap_or_default();
        match (ending, last_status) {
            (Ending::Success, Some(status)) => Ok(Finished { urls: status.urls.clone(), status: *status, context }),
            (Ending::Failed, Some(status)) => {
                let nothing = || Failure { code: String::new(), message: String::new() };
                let failure = status.failure.clone().unwrap_or_else(nothing);
                Err(WaitError::TaskFailed { failure, status, context: boxed })
            }
            (Ending::GaveUp, _) => Err(WaitError::GaveUp { context: boxed }),
            (Ending::Error, _) | (Ending::Success | Ending::Failed, None) => match last_refusal {
                Some(status) if blames_the_request(status) => Err(WaitError::BadRequest { status, context: boxed }),
                Some(_) | None => Err(WaitError::CouldNotAsk { context: boxed }),
            },
        }
    }

    /// Nobody would ever know how the wait ends.
    pub(super) fn untold(&self, of: Subject<'_>, now: Micros) -> WaitError {
        WaitError::Untold { context: Box::new(self.context(of, now)) }
    }

    pub(super) fn cancelled(&self, of: Subject<'_>, now: Micros) -> WaitError {
        WaitError::Cancelled { context: Box::new(self.context(of, now)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: what a wait keeps after a poll that told nothing, beside the message.
    #[test]
    fn notes_are_small() {
        assert!(size_of::<Notes>() <= 40, "{}", size_of::<Notes>());
    }
}
