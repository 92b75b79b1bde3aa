//! Where in a wait a fault strikes.

use super::case::is_single;
use super::variants::variants;
use crate::world::fault::{Kind, Route};

/// Where in a wait a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The submit, before there is anything to wait for.
    Submit,
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
    pub const ALL: [Self; 6] =
        [Self::Submit, Self::First, Self::Midway, Self::BeforeTheEnd, Self::AfterTheEnd, Self::AtTheDeadline];
    /// Those of status requests, in order.
    pub const OF_WAIT: [Self; 5] =
        [Self::First, Self::Midway, Self::BeforeTheEnd, Self::AfterTheEnd, Self::AtTheDeadline];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
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
