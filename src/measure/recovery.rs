//! How long an outage is felt after its end: until nothing that was done before that end is unknown.

use crate::measure::record::{Outcome, TaskRecord};
use crate::time::Micros;
use crate::world::outage::Outage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of the backlog of one outage: of the tasks that were done before its end and unknown at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Backlog {
    /// When the last of them became known, since the end of the outage.
    lasted: Micros,
    /// One of them never became known.
    is_left: bool,
}

/// The backlogs of all outages that a wait met.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recoveries {
    /// By replicate and number of the outage.
    backlogs: BTreeMap<(u32, usize), Backlog>,
}

/// The same in figures; times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recovered {
    /// Outages that a wait met, over all replicates.
    pub(super) outages: u64,
    /// Of them, those after which something was never known.
    pub(super) never: u64,
    /// Mean time to recover from the others.
    pub(super) mean: Option<f64>,
    /// Longest; not known where one was never recovered from.
    pub(super) max: Option<f64>,
}

impl Recoveries {
    /// Takes in records of a replicate. A wait meets the outages that begin before it ends and end after it began.
    pub fn add(&mut self, replicate: u32, records: &[TaskRecord], outages: &[Outage], horizon: Micros) {
        for record in records.iter().filter(|record| record.outcome != Outcome::Rejected) {
            let end = record.settled.min(record.wait_start + horizon);
            let first = outages.partition_point(|outage| outage.to <= record.wait_start);
            let met = outages.iter().enumerate().skip(first).take_while(|(_, outage)| outage.from <= end);
            for (number, outage) in met {
                let backlog = self.backlogs.entry((replicate, number)).or_default();
                if record.done > outage.to {
                    continue;
                }
                if record.knows() {
                    backlog.lasted = backlog.lasted.max(record.settled - outage.to);
                } else {
                    backlog.is_left = true;
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (key, theirs) in &other.backlogs {
            let mine = self.backlogs.entry(*key).or_default();
            mine.lasted = mine.lasted.max(theirs.lasted);
            mine.is_left |= theirs.is_left;
        }
    }

    /// In figures; `None` where no wait met an outage.
    pub(super) fn summary(&self) -> Option<Recovered> {
        let outages = self.backlogs.len() as u64;
        let over = || self.backlogs.values().filter(|backlog| !backlog.is_left).map(|backlog| backlog.lasted.get());
        let recovered = over().count() as u64;
        let mean = || over().map(u128::from).sum::<u128>() as f64 / recovered as f64;
        (outages > 0).then(|| Recovered {
            outages,
            never: outages - recovered,
            mean: (recovered > 0).then(mean),
            max: over().max().filter(|_| recovered == outages).map(|us| us as f64),
        })
    }
}
