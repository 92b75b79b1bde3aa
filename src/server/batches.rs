//! Batches that exist, and what idempotency keys stand for.

use crate::world::draws::Draws;
use std::collections::BTreeMap;

/// What tells contents apart.
pub(super) type Digest = [u8; 32];

/// A key of an account.
pub(super) type Key = (u64, String);

/// All batches of a run, and the keys of every account.
#[derive(Debug, Default)]
pub(super) struct Batches {
    pub(super) batches: Vec<Batch>,
    /// Of batches, with what they stand for, and the batch.
    pub(super) keys: BTreeMap<Key, (Digest, usize)>,
    /// Of items, with what they stand for, and the slot of the task.
    pub(super) items: BTreeMap<Key, (Digest, usize)>,
}

/// One batch.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) model: usize,
    /// The clients' names of its items, and the slots of their tasks.
    pub(super) items: Vec<(String, usize)>,
    /// Round trips and faults of its status requests: those of its first task's own.
    pub(super) travel: Draws,
    pub(super) fault_draws: Draws,
}

/// A key that stands for something else already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyInUse {
    OfBatch,
    /// The client's name of the item.
    OfItem(String),
}

/// What a submit came to that reached the server.
#[derive(Debug)]
pub(super) struct Taken {
    /// The batch.
    pub(super) number: usize,
    /// Those of its items whose tasks are new.
    pub(super) made: Vec<(String, usize)>,
}
