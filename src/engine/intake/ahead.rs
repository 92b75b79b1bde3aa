//! The draws of the next tasks of a model, side by side: what most tasks need that nothing strikes on their way.

use crate::engine::plan::ModelPlan;
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::ManyRequests;
use crate::world::truth::{Fate, Life, ManyLives};
use fearless_simd::{Level, dispatch};

/// Tasks whose draws are taken at a time.
const ROWS: usize = 64;

/// The draws of some tasks in a row.
#[derive(Debug)]
pub(super) struct Ahead<'p> {
    level: Level,
    requests: ManyRequests<'p>,
    lives: ManyLives,
    /// Number of the first of them.
    first: u64,
    rows: Box<Rows>,
}

#[derive(Debug)]
struct Rows {
    travel: [Draws; ROWS],
    fault_draws: [Draws; ROWS],
    truth: [Draws; ROWS],
    rtt: [u64; ROWS],
    spared: [u64; ROWS],
    work: [u64; ROWS],
}

/// A task that succeeds, and whose first submit nothing strikes unless it comes and goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Undisturbed {
    pub(super) rtt: Micros,
    pub(super) life: Life,
}

impl<'p> Ahead<'p> {
    /// Ready for tasks of `model` from `first` on; `None` where they take draws that differ in number.
    pub(super) fn new(model: &'p ModelPlan<'_>, keys: &Keys, first: u64) -> Option<Self> {
        let (requests, lives) = (model.submit.many()?, ManyLives::of(model.model)?);
        let none = || std::array::from_fn(|_| Draws::seeded(0));
        let (travel, fault_draws, truth) = (none(), none(), none());
        let rows = Rows { travel, fault_draws, truth, rtt: [0; ROWS], spared: [0; ROWS], work: [0; ROWS] };
        let mut ahead = Self { level: Level::new(), requests, lives, first, rows: Box::new(rows) };
        ahead.draw(keys);
        Some(ahead)
    }

    /// The task with this number, which is the one after the last that was asked for; `None` where it has another way.
    #[inline]
    pub(super) fn task(&mut self, keys: &Keys, number: u64) -> Option<Undisturbed> {
        if number - self.first >= ROWS as u64 {
            self.first = number;
            self.draw(keys);
        }
        let row = (number - self.first) as usize % ROWS;
        let (rtt, work) = (Micros::new(self.rows.rtt[row]), Micros::new(self.rows.work[row]));
        let is_spared = self.rows.spared[row] > 0 && !work.is_never();
        is_spared.then_some(Undisturbed { rtt, life: Life { fate: Fate::Success, pending: Micros::ZERO, work } })
    }

    /// Whether rules come and go that may strike submits.
    pub(super) fn comes_and_goes(&self) -> bool {
        self.requests.comes_and_goes()
    }

    #[inline(never)]
    fn draw(&mut self, keys: &Keys) {
        let Self { level, requests, lives, first, rows } = self;
        let level = *level;
        dispatch!(level, _ => rows.draw(requests, lives, keys, *first));
    }
}

impl Rows {
    #[inline(always)]
    fn draw(&mut self, requests: &ManyRequests<'_>, lives: &ManyLives, keys: &Keys, first: u64) {
        let Self { travel, fault_draws, truth, rtt, spared, work } = self;
        for row in 0..ROWS {
            let task = first + row as u64;
            travel[row] = keys.draws(Stream::SubmitNetwork, task);
            fault_draws[row] = keys.draws(Stream::SubmitFault, task);
            truth[row] = keys.draws(Stream::Truth, task);
        }
        requests.send((travel, fault_draws), &[u64::MAX; ROWS], rtt, spared);
        lives.draw(truth, work);
    }
}
