//! Tasks that exist.

use crate::time::Micros;
use crate::world::draws::Draws;
use crate::world::truth::Truth;
use std::collections::BTreeMap;

/// The truth of a keyed task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Of its last creation.
    pub truth: Truth,
    /// How often it was created.
    pub times: u32,
}

/// How often keyed tasks were created, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The numbers from 0 on that have come one after another, as they do where nobody names them.
    dense: Vec<Line>,
    others: BTreeMap<u64, Line>,
}

/// The slot of a keyed task's last creation, and how many there were.
type Line = (u32, u32);

impl Ledger {
    /// The task with this number is created in `slot`.
    pub(super) fn enter(&mut self, number: u64, slot: usize) {
        let times = self.find(number).map_or(0, |(_, times)| times);
        let line = (slot as u32, times + 1);
        if number == self.dense.len() as u64 {
            self.others.remove(&number);
            self.dense.push(line);
            return;
        }
        match usize::try_from(number).ok().and_then(|number| self.dense.get_mut(number)) {
            Some(known) => *known = line,
            None => drop(self.others.insert(number, line)),
        }
    }

    pub(super) fn find(&self, number: u64) -> Option<Line> {
        let dense = usize::try_from(number).ok().and_then(|number| self.dense.get(number));
        dense.or_else(|| self.others.get(&number)).copied()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Promise: the order of creations makes no difference to who is found.
        #[test]
        fn a_ledger_has_the_last_slot_and_the_number_of_creations(numbers in prop::collection::vec(0_u64..12, 0..40)) {
            let mut ledger = Ledger::default();
            for (slot, number) in numbers.iter().enumerate() {
                ledger.enter(*number, slot);
            }
            for number in 0..12 {
                let slots = numbers.iter().enumerate().filter(|(_, other)| **other == number);
                let last = slots.clone().next_back().map(|(slot, _)| (slot as u32, slots.count() as u32));
                prop_assert_eq!(ledger.find(number), last);
            }
            prop_assert!(ledger.others.keys().all(|number| *number >= ledger.dense.len() as u64));
        }
    }
}
