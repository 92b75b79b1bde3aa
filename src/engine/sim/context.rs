//! What all waits of an event queue share: the events, the agenda that they are taken from, the weather, the buckets,
//! and the records that come of it.

use crate::engine::observer::Observer;
use crate::engine::plan::Plan;
use crate::engine::sim::agenda::Agenda;
use crate::measure::record::TaskRecord;
use crate::time::Micros;
use crate::world::draws::Keys;
use crate::world::strike::Buckets;
use crate::world::weather::Weather;
use std::collections::VecDeque;

/// What happens at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A poll of this wait is due and asks the client's own limit.
    Due(Seat),
    /// The poll of this wait reaches the server.
    Arrive(Seat),
    /// A poll that nobody waits for any more reaches the server.
    ArriveOrphaned(u64),
    /// The poll of this wait is over.
    Over(Seat),
    /// The client's own limit for this model has a token again.
    Token(usize),
    /// Something happens to a lock-step pool.
    Pool(PoolEvent),
    /// Something happens to a batch.
    Batch(BatchEvent),
    /// The wait of the task with this number starts and is planned from what is known by now.
    Start(u64),
}

/// Where a wait on its own timing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// In this row: all its polls said unfinished.
    Row(u32),
    /// In this slot.
    Slot(u32),
}

/// Names a pool: model, and number in its order of arrival.
pub(super) type PoolKey = (usize, u64);

/// Something that happens to a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PoolEvent {
    /// A member's wait starts.
    Join(PoolKey, u32),
    /// A member's poll reaches the server.
    Arrive(PoolKey, u32),
    /// A member's reply is there.
    Reply(PoolKey, u32),
    /// The sleep between rounds ends.
    Wake(PoolKey),
    /// A member's horizon has passed.
    Close(PoolKey, u32),
}

/// Names a batch: model, and number of its first task.
pub(super) type BatchKey = (usize, u64);

/// Something that happens to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchEvent {
    /// Its submit is over.
    Start(BatchKey),
    /// Its poll reaches the server.
    Arrive(BatchKey),
    /// Its poll is over.
    Over(BatchKey),
}

/// What comes first at one instant. Time does not tell; a client that runs in one thread does: first it is woken for what is
/// due, then it finds what has come, and of that it takes new tasks before answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Rank {
    /// What was due, in the order in which it was scheduled.
    Due = 0,
    /// A wait starts.
    Start = 1 << 61,
    /// A poll is over.
    Over = 2 << 61,
    /// What waits for all else: "by now" includes now.
    Last = 3 << 61,
}

/// What all waits of a queue share.
#[derive(Debug)]
pub(super) struct Context<'p> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) strategy: usize,
    pub(super) keys: &'p [Keys],
    pub(super) weather: Weather,
    pub(super) buckets: Buckets,
    pub(super) observer: Observer,
    pub(super) agenda: Agenda<Event>,
    /// Records in order of tasks; `None` while a task is in flight.
    pub(super) records: VecDeque<Option<TaskRecord>>,
    /// Number of the record at the front.
    pub(super) first: u64,
    /// Instant of the last event.
    pub(super) now: Micros,
}

impl Context<'_> {
    pub(super) fn schedule(&mut self, at: Micros, event: Event) {
        self.schedule_as(Rank::Due, at, event);
    }

    pub(super) fn schedule_as(&mut self, rank: Rank, at: Micros, event: Event) {
        self.agenda.schedule(at, rank as u64, event);
    }

    /// Hands in the record of the task with number `order`.
    pub(super) fn finish(&mut self, order: u64, record: TaskRecord) {
        self.observer.settled(&record);
        self.records[(order - self.first) as usize] = Some(record);
    }
}
