//! Tasks that exist.

use crate::time::Micros;
use crate::world::draws::Draws;
use crate::world::truth::Truth;

/// The truth of a keyed task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Of its last creation.
    pub truth: Truth,
    /// How often it was created.
    pub times: u32,
}

/// One task. Kept small: there may be a million.
#[derive(Debug)]
pub(super) struct Task {
    /// Number of its model.
    pub(super) model: u32,
    /// Status requests so far.
    pub(super) polls: u32,
    /// Its keyed number in its model.
    pub(super) index: u64,
    pub(super) created: Micros,
    pub(super) truth: Truth,
    /// Round trips of its status requests.
    pub(super) travel: Draws,
    /// Faults of its status requests.
    pub(super) lots: Draws,
}
