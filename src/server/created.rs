//! Tasks that exist.

use crate::server::files::Asked;
use crate::world::draws::Draws;
use crate::world::truth::Truth;
use std::collections::BTreeMap;

/// The truth of a keyed task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Of the creation that was asked for, or of the last.
    pub truth: Truth,
    /// How often it was created.
    pub times: u32,
}

/// How often keyed tasks were created, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By number from 0 on: where nobody names them, numbers come nearly one after another. A submit that creates nothing
    /// leaves its number empty.
    dense: Vec<Line>,
    /// Numbers too far ahead for that: those from [`Ledger::room`] on.
    others: BTreeMap<u64, Line>,
    /// Numbers that have a line.
    known: u64,
}

/// The slot of a keyed task's last creation, and how many there were: none where nothing has this number.
type Line = (u32, u32);

/// Numbers that have room although none is known yet.
const SPARE: u64 = 64;

impl Ledger {
    /// The task with this number is created in `slot`.
    pub(super) fn enter(&mut self, number: u64, slot: usize) {
        let times = self.find(number).map_or(0, |(_, times)| times);
        self.put(number, (slot as u32, times + 1));
        if times == 0 {
            self.known += 1;
            self.absorb();
        }
    }

    pub(super) fn find(&self, number: u64) -> Option<Line> {
        let dense = usize::try_from(number).ok().and_then(|number| self.dense.get(number));
        dense.or_else(|| self.others.get(&number)).filter(|(_, times)| *times > 0).copied()
    }

    /// Numbers below this are dense. So at most half of them are empty, but for a few, and whoever chooses numbers cannot
    /// make it large.
    fn room(&self) -> u64 {
        2 * self.known + SPARE
    }

    fn put(&mut self, number: u64, line: Line) {
        if number >= self.room() {
            self.others.insert(number, line);
            return;
        }
        let at = number as usize;
        if at >= self.dense.len() {
            self.dense.resize(at + 1, (0, 0));
        }
        self.dense[at] = line;
    }

    /// There is more room: takes in those for whom there was none.
    fn absorb(&mut self) {
        let room = self.room();
        while let Some(first) = self.others.first_entry().filter(|first| *first.key() < room) {
            let (number, line) = first.remove_entry();
            self.put(number, line);
        }
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
    pub(super) truth: Truth,
    /// Round trips of its status requests.
    pub(super) travel: Draws,
    /// Faults of its status requests.
    pub(super) fault_draws: Draws,
    /// What it was asked for.
    pub(super) asked: Asked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ledger(numbers: impl IntoIterator<Item = u64>) -> Ledger {
        let mut ledger = Ledger::default();
        for (slot, number) in numbers.into_iter().enumerate() {
            ledger.enter(number, slot);
        }
        ledger
    }

    /// Every third number is burned, and neighbours overtake each other.
    #[test]
    fn numbers_with_holes_and_swaps_stay_dense() {
        let numbers = (0..3_000).map(|number| number ^ 1).filter(|number| number % 3 != 1);
        let ledger = ledger(numbers);
        assert!(ledger.others.is_empty(), "{}", ledger.others.len());
        assert_eq!((ledger.known, ledger.dense.len()), (2_000, 3_000));
        assert_eq!(ledger.find(1), None);
        assert_eq!(ledger.find(2_999), Some((1_999, 1)));
    }

    /// An outage burns a thousand numbers in a row; those after it come back once they are as many.
    #[test]
    fn a_long_gap_is_filled_in_the_end() {
        let burned = |upto: u64| (0..100).chain(1_100..upto);
        assert_eq!(ledger(burned(1_300)).others.len(), 200);
        let whole = ledger(burned(2_100));
        assert!(whole.others.is_empty(), "{}", whole.others.len());
        assert_eq!(whole.find(1_100), Some((100, 1)));
    }

    #[test]
    fn a_number_far_ahead_takes_no_room() {
        let ledger = ledger([u64::MAX, 1 << 40, 3]);
        assert_eq!((ledger.others.len(), ledger.dense.len()), (2, 4));
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Promise: the order of creations makes no difference to who is found.
        #[test]
        fn a_ledger_has_the_last_slot_and_the_number_of_creations(
            numbers in prop::collection::vec(prop_oneof![0_u64..12, 40..200_u64], 0..90)
        ) {
            let ledger = ledger(numbers.iter().copied());
            for number in 0..200 {
                let slots = numbers.iter().enumerate().filter(|(_, other)| **other == number);
                let last = slots.clone().next_back().map(|(slot, _)| (slot as u32, slots.count() as u32));
                prop_assert_eq!(ledger.find(number), last);
            }
            prop_assert!(ledger.others.keys().all(|number| *number >= ledger.room()));
            prop_assert!(ledger.dense.len() as u64 <= ledger.room());
        }
    }
}
