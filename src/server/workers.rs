//! Finite capacity: tasks that are ready take the next free worker, first come first served.

use crate::time::Micros;
use crate::world::capacity::Load;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;

/// The workers of one model, advanced only when somebody looks.
#[derive(Debug)]
pub(super) struct Workers {
    /// When each of them is free.
    free: BinaryHeap<Reverse<Micros>>,
    /// Tasks that wait out their pending time: when they are ready, in which order they came, and their work.
    ready: BinaryHeap<Reverse<(Micros, u64, usize, Micros)>>,
    sequence: u64,
    load: Load,
}

impl Workers {
    pub(super) fn new(workers: NonZeroU32) -> Self {
        let free = (0..workers.get()).map(|_| Reverse(Micros::ZERO)).collect();
        Self { free, ready: BinaryHeap::new(), sequence: 0, load: Load::default() }
    }

    /// The task in `slot` will be ready at `ready` and then work for `work`.
    pub(super) fn enqueue(&mut self, ready: Micros, slot: usize, work: Micros) {
        self.sequence += 1;
        self.ready.push(Reverse((ready, self.sequence, slot, work)));
    }

    /// What they did so far.
    pub(super) fn load(&self) -> Load {
        self.load
    }

    /// When the task in `slot` is ready, if it waits to be.
    pub(super) fn ready_at(&self, slot: usize) -> Option<Micros> {
        self.ready.iter().find(|Reverse((_, _, waiting, _))| *waiting == slot).map(|Reverse((ready, ..))| *ready)
    }

    /// The next task that is ready by `now`: its slot, start and end.
    pub(super) fn next(&mut self, now: Micros) -> Option<(usize, Micros, Micros)> {
        if self.ready.peek().is_none_or(|Reverse((ready, ..))| *ready > now) {
            return None;
        }
        let Reverse((ready, _, slot, work)) = self.ready.pop()?;
        let Reverse(free) = self.free.pop()?;
        let started = free.max(ready);
        let done = started + work;
        self.free.push(Reverse(done));
        self.load.add(ready, started, done);
        Some((slot, started, done))
    }
}
