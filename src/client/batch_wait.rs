//! The wait for a batch.

use super::batch::{BatchStatus, ItemStatus, told};
use super::requests::Client;
use super::wait::{answered, default_jitter};
use crate::api::reply::Reply;
use crate::strategy::batch::{BatchReply, BatchWait};
use crate::strategy::composition::{Channel, Strategy};
use crate::strategy::wait::{Ending, Policy, Step, Worth};
use crate::time::Micros;
use crate::world::draws::Draws;

/// Why a wait for a batch ended before all of its items had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why} after {polls} polls of batch {id}{}", last(.last_error.as_deref()))]
pub struct BatchWaitError {
    /// The batch.
    pub id: String,
    /// Whether the strategy's limit was reached, or the server could not be asked.
    pub why: Unfinished,
    /// Status requests sent.
    pub polls: u32,
    /// What was last known: items that ended did.
    pub known: Option<Box<BatchStatus>>,
    /// What the last request that told nothing said.
    pub last_error: Option<String>,
}

/// Why nobody waits any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// The strategy's limit was reached: wait again by the batch's id, or let it go.
    #[error("gave up")]
    GaveUp,
    /// The server could not be asked, or will not answer: wait again by the batch's id when it can.
    #[error("could not poll")]
    CouldNotAsk,
    /// The strategy never asks, and nobody tells this wait.
    #[error("would never know")]
    WouldNeverKnow,
}

fn last(error: Option<&str>) -> String {
    error.map(|error| format!("; last error: {error}")).unwrap_or_default()
}

/// Something that happened in the wait for a batch.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "live"), allow(dead_code, reason = "the engines read all of it"))]
pub(crate) enum BatchEvent<'a> {
    /// The next poll is due then.
    Due { at: Micros },
    /// A poll was sent.
    Sent { at: Micros },
    /// A poll is over.
    Heard {
        at: Micros,
        worth: Worth,
        /// HTTP status of the answer, if there was one.
        status: Option<u16>,
        /// The delay that the server asked for.
        retry_after: Option<Micros>,
        /// What it told that was not known before: items that have ended.
        ended: &'a [ItemStatus],
    },
}

/// How a wait for a batch ended.
#[derive(Debug)]
pub(crate) struct Followed {
    /// Well where every item ended, however they did; `None` where nobody would ever know.
    pub(crate) ending: Option<Ending>,
    polls: u32,
    known: Option<Box<BatchStatus>>,
    last_error: Option<String>,
}

impl Client {
    /// Waits until every item of a batch has ended, asking as `strategy` says: to its machine the batch is one task, which is
    /// unfinished while any item is, and succeeds when all have ended, however they did. What was once told to have ended has
    /// ended, whatever later answers say. Nobody tells such a wait: a strategy that only listens has nothing to wait for.
    ///
    /// # Errors
    ///
    /// See [`BatchWaitError`]; what was known by then is in it.
    pub async fn wait_for_batch(
        &self,
        model: &str,
        id: &str,
        strategy: &Strategy,
    ) -> Result<BatchStatus, BatchWaitError> {
        let policy = Policy::new(strategy, model);
        // How many items it has is told by the first answer.
        let followed = self.follow_batch((model, id), &policy, 1, &mut default_jitter(model, id), |_| ()).await;
        let Followed { ending, polls, known, last_error } = followed;
        let why = match (ending, known) {
            (Some(Ending::Success), Some(known)) => return Ok(*known),
            (Some(Ending::GaveUp), known) => (Unfinished::GaveUp, known),
            (Some(Ending::Success | Ending::Failed | Ending::Error), known) => (Unfinished::CouldNotAsk, known),
            (None, known) => (Unfinished::WouldNeverKnow, known),
        };
        Err(BatchWaitError { id: id.to_owned(), why: why.0, polls, known: why.1, last_error })
    }

    /// The same for a batch of so many items, step by step.
    pub(crate) async fn follow_batch(
        &self,
        (model, id): (&str, &str),
        policy: &Policy<'_>,
        items: u32,
        jitter: &mut Draws,
        mut tell: impl FnMut(BatchEvent<'_>),
    ) -> Followed {
        let clock = self.clock();
        let mut followed = Followed { ending: None, polls: 0, known: None, last_error: None };
        if policy.channel() == Channel::Webhook {
            return followed;
        }
        let (mut wait, mut step) = BatchWait::begin(policy, clock.now(), items, jitter);
        loop {
            let (at, timeout) = match step {
                Step::Listen => return followed,
                Step::End { at, ending } => {
                    clock.sleep_until(at).await;
                    followed.ending = Some(ending);
                    return followed;
                }
                Step::Poll { at, timeout } => (at, timeout),
            };
            tell(BatchEvent::Due { at });
            clock.sleep_until(at).await;
            let sent = clock.now();
            followed.polls += 1;
            tell(BatchEvent::Sent { at: sent });
            let answer = answered(self, self.http.batch_status(model, id), sent + timeout).await;
            let (heard, status) = (clock.now(), told(&answer));
            let retry_after = match answer.reply() {
                Reply::Answer { retry_after, .. } => retry_after,
                Reply::Lost(_) => None,
            };
            let (reply, ended) = match status {
                Some(status) => {
                    let ended = followed.learn(status);
                    let open = followed.known.as_ref().map_or(0, |known| known.open()) as u32;
                    (BatchReply::Told { open, retry_after }, ended)
                }
                None => {
                    followed.last_error = answer.complaint();
                    (BatchReply::Nothing(answer.reply()), Vec::new())
                }
            };
            let (worth, next) = wait.reply(heard, &reply, jitter);
            tell(BatchEvent::Heard { at: heard, worth, status: answer.http_status(), retry_after, ended: &ended });
            step = next;
        }
    }
}

impl Followed {
    /// Takes in what an answer said: the items that were not known to have ended, and have.
    fn learn(&mut self, mut told: BatchStatus) -> Vec<ItemStatus> {
        let mut ended = Vec::new();
        for item in &mut told.items {
            let known = self.known.iter().flat_map(|known| &known.items).find(|known| known.name == item.name);
            match known {
                Some(known) if known.is_over() => item.clone_from(known),
                Some(_) | None if item.is_over() => ended.push(item.clone()),
                Some(_) | None => {}
            }
        }
        self.known = Some(Box::new(told));
        ended
    }
}
