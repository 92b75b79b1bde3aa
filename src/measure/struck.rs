//! Sums over the tasks that a fault struck: a few of the figures of all tasks, beside them.

use crate::measure::moments::{CostMoments, Moments};
use crate::measure::record::{Known, TaskRecord};
use crate::time::Micros;
use serde::{Deserialize, Serialize};

/// Sums over struck tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StruckTotals {
    /// Struck tasks.
    pub tasks: u64,
    /// Those that succeeded and were never had.
    pub lost: u64,
    /// Those that ended by the horizon, well or badly, and were never known.
    pub missed: u64,
    /// Detection delay of the known ones in microseconds.
    pub delay: Moments,
    /// Charged polls and delay.
    pub cost: CostMoments,
}

impl StruckTotals {
    /// Takes in a struck task, of which the client knows this.
    pub(super) fn add(&mut self, record: &TaskRecord, known: Option<Known>, horizon: Micros) {
        self.tasks += 1;
        self.lost += u64::from(record.is_lost());
        match known {
            Some(known) => self.delay.add(known.delay as i64),
            None => self.missed += u64::from(record.done <= record.wait_start + horizon),
        }
        let (polls, delay) = record.charged(known, horizon);
        self.cost.add(polls, delay);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.tasks += other.tasks;
        self.lost += other.lost;
        self.missed += other.missed;
        self.delay.merge(&other.delay);
        self.cost.merge(&other.cost);
    }
}
