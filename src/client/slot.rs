//! What a set keeps of each task, and of each model.

use crate::client::watch::Watch;
use crate::strategy::wait::{Ending, Policy, Progress};
use crate::time::Micros;
use crate::world::draws::Draws;
use futures_util::future::AbortHandle;

/// A task that is waited for. Kept small: there may be a million.
pub(super) struct Slot {
    pub(super) key: u64,
    pub(super) id: Box<str>,
    pub(super) model: u32,
    pub(super) phase: Phase,
    pub(super) progress: Progress,
    /// Whether it will be woken where a poll that is held back is no longer sent.
    pub(super) is_timed: bool,
    pub(super) jitter: Draws,
    pub(super) watch: Watch,
}

/// Where it stands.
pub(super) enum Phase {
    /// A poll is due, or waits for the limit, and may take so long.
    Due(Micros),
    InFlight(AbortHandle),
    /// It is over, if not at once.
    Ending(Ending),
    /// Nothing happens any more.
    Idle,
}

/// What tasks of one model have in common.
pub(super) struct Model<'s> {
    pub(super) name: String,
    pub(super) policy: Policy<'s>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: what a waiting task keeps beside its id and its place in the queue.
    #[test]
    fn a_waiting_task_is_small() {
        assert!(size_of::<Option<Slot>>() <= 128, "{}", size_of::<Option<Slot>>());
    }
}
