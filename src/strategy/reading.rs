//! What a client makes of a reply: the guide's way, and the hardened way.

use crate::api::reply::{Failure, Flaw, Loss, Payload, Reply, TaskState};

/// A reply as a strategy understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading<'a> {
    /// Not finished yet.
    Unfinished,
    /// Finished, with a result.
    Success,
    /// Finished, without one.
    Failed(&'a Failure),
    /// It told nothing.
    Nothing(Trouble),
}

/// Why a reply told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// The guide's `resilient` code takes it for a network error.
    pub network: bool,
    /// Asking again cannot help.
    pub permanent: bool,
}

impl Trouble {
    const PLAIN: Self = Self { network: false, permanent: false };
}

/// The word that the guide's `resilient` code looks for, in its case.
const NETWORK: &str = "network";

/// Whether the error that the guide's `resilient` code makes of a failed task looks like a network error to it.
#[must_use]
pub fn mentions_network(failure: &Failure) -> bool {
    failure.code.contains(NETWORK) || failure.message.contains(NETWORK)
}

/// The documented reading: the JSON is parsed and the HTTP status ignored. A body that is not JSON or has no `data` is
/// an error; `data` without a known state reads as unfinished. Nobody looks whose task it is, nor at its result.
#[must_use]
#[inline]
pub fn documented<'a>(reply: &Reply<'a>) -> Reading<'a> {
    match *reply {
        Reply::Answer { payload: Payload::State(state) | Payload::Flawed(_, state), .. } => of_state(state),
        Reply::Answer { payload: Payload::NoState, .. } => Reading::Unfinished,
        Reply::Answer { payload: Payload::NoData | Payload::NotJson, .. } => Reading::Nothing(Trouble::PLAIN),
        Reply::Lost(loss) => {
            let network = match loss {
                Loss::Reset => true,
                Loss::Other(message) => message.contains(NETWORK),
                Loss::Refused | Loss::TimedOut => false,
            };
            Reading::Nothing(Trouble { network, ..Trouble::PLAIN })
        }
    }
}

/// The [documented] reading of code that also parses the result: one that is no JSON is an error.
#[must_use]
#[inline]
pub fn documented_parsing<'a>(reply: &Reply<'a>) -> Reading<'a> {
    match *reply {
        Reply::Answer { payload: Payload::Flawed(Flaw::BadResult, _), .. } => Reading::Nothing(Trouble::PLAIN),
        Reply::Answer { .. } | Reply::Lost(_) => documented(reply),
    }
}

/// Whether an HTTP status says that asking again cannot help.
#[must_use]
pub fn blames_the_request(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 404 | 408 | 425 | 429)
}

/// The tolerant reading: only HTTP 200 with a state of the task that was asked for, and with the result of a success,
/// tells anything. Errors that blame the request (400, 401, 402, 403 and
/// the like) are permanent; 404 is not, because a replica that lags does not know a new task yet, nor are 408, 425, 429.
#[must_use]
#[inline]
pub fn tolerant<'a>(reply: &Reply<'a>) -> Reading<'a> {
    match *reply {
        Reply::Answer { status: 200, payload: Payload::State(state), .. } => of_state(state),
        Reply::Answer { status, .. } => {
            Reading::Nothing(Trouble { network: false, permanent: blames_the_request(status) })
        }
        Reply::Lost(_) => Reading::Nothing(Trouble::PLAIN),
    }
}

#[inline]
fn of_state(state: TaskState<'_>) -> Reading<'_> {
    match state {
        TaskState::Pending | TaskState::Processing => Reading::Unfinished,
        TaskState::Success => Reading::Success,
        TaskState::Failed(failure) => Reading::Failed(failure),
    }
}
