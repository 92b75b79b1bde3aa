//! What happens to a request that is struck: what a client makes of it, and when.

use super::body::Body;
use super::retry_after::{RetryAfter, Timescale};
use crate::api::reply::{LONGEST_ANSWER, Loss, Payload, Reply, TaskState};
use crate::time::Micros;

/// What happens to a request that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The connection is refused; the request never reaches the server.
    Refused,
    /// The connection ends where the answer would have come.
    Cut(ReplyEnd),
    /// The true answer comes on a bad way.
    Transfer(Transfer),
    /// An HTTP answer that is not the true one.
    Answer(InjectedAnswer),
    /// The true answer comes later by this much.
    Late(Micros),
    /// The true answer: the fault is none of this route's.
    Truth,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyEnd {
    /// By a reset (RST).
    Reset,
    /// Quietly (FIN).
    Closed,
    /// Not at all: nothing ever comes any more.
    Silence,
}

/// What happens to the true answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// Its head and half of its body come, and then the connection ends.
    Half(ReplyEnd),
    /// Its body comes in pieces, evenly spaced: the first at once, the last after so long.
    Slow {
        /// From the first piece to the last.
        takes: Micros,
        /// How many there are, two at least.
        pieces: u32,
    },
    /// It comes whole and says nothing of it, but the connection is closed after it.
    Last,
    /// It says half of its length; the rest comes too, and then the connection is closed.
    Understated,
    /// It is padded to so many bytes.
    Padded(u64),
}

/// An injected HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InjectedAnswer {
    /// HTTP status. One that redirects names the address that was asked for.
    pub status: u16,
    /// What it holds.
    pub body: Body,
    /// Its `Retry-After`.
    pub retry_after: Option<RetryAfter>,
}

impl Effect {
    /// When a client hears of it; [`Micros::NEVER`] where nothing comes. An answer would be there at `back`.
    #[must_use]
    pub fn heard(&self, back: Micros) -> Micros {
        match self {
            Self::Cut(ReplyEnd::Silence) | Self::Transfer(Transfer::Half(ReplyEnd::Silence)) => Micros::NEVER,
            Self::Transfer(Transfer::Slow { takes, .. }) => back + *takes,
            Self::Late(by) => back + *by,
            Self::Refused | Self::Cut(_) | Self::Transfer(_) | Self::Answer(_) | Self::Truth => back,
        }
    }

    /// Whether the client gets the true answer, sooner or later.
    #[must_use]
    pub const fn tells(&self) -> bool {
        match self {
            Self::Late(_) | Self::Truth => true,
            Self::Refused | Self::Cut(_) | Self::Answer(_) => false,
            Self::Transfer(transfer) => transfer.tells(),
        }
    }

    /// Whether a client that asked for a batch learns which of its tasks have ended.
    #[must_use]
    pub const fn tells_of_a_batch(&self) -> bool {
        match self {
            Self::Answer(InjectedAnswer { status: 200, body, .. }) => body.tells_of_a_batch(),
            Self::Answer(_) => false,
            Self::Late(_) | Self::Truth | Self::Refused | Self::Cut(_) | Self::Transfer(_) => self.tells(),
        }
    }

    /// What a client makes of it that hears it at `heard`.
    #[must_use]
    pub fn reply<'s>(&self, truth: TaskState<'s>, heard: Micros, pace: Timescale) -> Reply<'s> {
        match self {
            Self::Refused => Reply::Lost(Loss::Refused),
            Self::Cut(end) | Self::Transfer(Transfer::Half(end)) => Reply::Lost(end.loss()),
            Self::Transfer(Transfer::Understated) => {
                Reply::Answer { status: 200, payload: Payload::NotJson, retry_after: None }
            }
            Self::Transfer(transfer) if !transfer.tells() => Reply::Lost(Loss::Other("the answer is too long")),
            Self::Answer(InjectedAnswer { status, body, retry_after }) => Reply::Answer {
                status: if *status == 200 { body.said_code().unwrap_or(*status) } else { *status },
                payload: body.payload(truth),
                retry_after: retry_after.and_then(|header| header.delay(heard, pace)),
            },
            Self::Transfer(_) | Self::Late(_) | Self::Truth => Reply::state(truth),
        }
    }
}

impl Transfer {
    /// Whether the client gets the true answer. What is too long for it is lost on it.
    const fn tells(self) -> bool {
        match self {
            Self::Half(_) | Self::Understated => false,
            Self::Padded(bytes) => bytes <= LONGEST_ANSWER as u64,
            Self::Slow { .. } | Self::Last => true,
        }
    }
}

impl ReplyEnd {
    /// What a client notices of it.
    const fn loss(self) -> Loss<'static> {
        match self {
            Self::Reset => Loss::Reset,
            Self::Closed => Loss::Other("connection closed"),
            Self::Silence => Loss::TimedOut,
        }
    }
}
