//! What is to happen, in the order of time: a calendar queue (Brown, CACM 31(10), 1988, pp. 1220–1227).
//!
//! Events of a later day wait unsorted on its page; only today's are in order, so that sorting costs what a day has, not
//! what is in flight.

use crate::time::Micros;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A day is `1 << DAY` microseconds, about 66 ms: far shorter than gaps between polls are.
const DAY: u32 = 16;

/// Days with a page of their own, a power of two; what comes later waits in a heap.
const PAGES: usize = 1 << 14;

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// An event at its place in the order of time.
#[derive(Debug, Clone, Copy)]
struct Scheduled<E> {
    at: Micros,
    /// Among events of the same instant: no two of an agenda have the same.
    sequence: u64,
    event: E,
}

impl<E> Scheduled<E> {
    #[inline]
    fn day(&self) -> u64 {
        self.at.get() >> DAY
    }

    /// The earliest is the greatest.
    #[inline]
    fn key(&self) -> Reverse<u128> {
        Reverse(u128::from(self.at.get()) << 64 | u128::from(self.sequence))
    }
}

impl<E> PartialEq for Scheduled<E> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Scheduled<E> {}

impl<E> PartialOrd for Scheduled<E> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Scheduled<E> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Events in the order of `(instant, sequence)`.
#[derive(Debug)]
pub(super) struct Agenda<E> {
    sequence: u64,
    day: u64,
    /// Events that this day began with, the last first.
    today: Vec<Scheduled<E>>,
    /// Events of this day, and of days before it, that were scheduled since.
    added: BinaryHeap<Scheduled<E>>,
    /// By day modulo [`PAGES`]: events of the days after it.
    pages: Vec<Vec<Scheduled<E>>>,
    /// Which pages have events, a bit for each.
    used: Vec<u64>,
    /// Pages that were used up, kept for what their memory is worth: no more than were ever in use at a time.
    blank: Vec<Vec<Scheduled<E>>>,
    /// Events of days that had no page when they were scheduled.
    later: BinaryHeap<Scheduled<E>>,
}

impl<E: Copy> Agenda<E> {
    pub(super) fn new() -> Self {
        Self {
            sequence: 0,
            day: 0,
            today: Vec::new(),
            added: BinaryHeap::new(),
            pages: (0..PAGES).map(|_| Vec::new()).collect(),
            used: vec![0; PAGES / WORD],
            blank: Vec::new(),
            later: BinaryHeap::new(),
        }
    }

    /// Lets `event` happen at `at`, after all of the same or a lower `rank` that were scheduled for that instant before, and
    /// before all of a higher one. Ranks differ in bits that no count of events reaches.
    #[inline]
    pub(super) fn schedule(&mut self, at: Micros, rank: u64, event: E) {
        self.sequence += 1;
        let sequence = rank + self.sequence;
        let scheduled = Scheduled { at, sequence, event };
        let day = scheduled.day();
        if day <= self.day {
            self.added.push(scheduled);
        } else if day - self.day < PAGES as u64 {
            let number = day as usize % PAGES;
            let page = &mut self.pages[number];
            if page.is_empty() {
                self.used[number / WORD] |= 1 << (number % WORD);
                if page.capacity() == 0 {
                    *page = self.blank.pop().unwrap_or_default();
                }
            }
            page.push(scheduled);
        } else {
            self.later.push(scheduled);
        }
    }

    /// Takes the next event, if it is before `end`.
    #[inline]
    pub(super) fn pop_before(&mut self, end: Micros) -> Option<(Micros, E)> {
        if self.today.is_empty() && self.added.is_empty() {
            self.turn();
        }
        // The earlier one is the greater, and none the least.
        let (today, added) = (self.today.last(), self.added.peek());
        let is_added = added > today;
        if today.max(added)?.at >= end {
            return None;
        }
        let next = if is_added { self.added.pop() } else { self.today.pop() }?;
        Some((next.at, next.event))
    }

    /// Now and then, the next events of today, unless others are added before them.
    #[inline]
    pub(super) fn coming(&self) -> impl Iterator<Item = E> {
        const AT_A_TIME: usize = 16;
        let told = if self.today.len().is_multiple_of(AT_A_TIME) { AT_A_TIME } else { 0 };
        self.today.iter().rev().take(told).map(|scheduled| scheduled.event)
    }

    /// Turns to the next day that has events.
    #[inline(never)]
    fn turn(&mut self) {
        let (paged, later) = (self.next_page(), self.later.peek().map(Scheduled::day));
        let Some(day) = paged.into_iter().chain(later).min() else { return };
        self.day = day;
        if paged == Some(day) {
            let number = day as usize % PAGES;
            self.used[number / WORD] &= !(1 << (number % WORD));
            self.blank.push(std::mem::replace(&mut self.today, std::mem::take(&mut self.pages[number])));
        }
        while let Some(later) = self.later.peek()
            && later.day() <= day
        {
            self.today.extend(self.later.pop());
        }
        self.today.sort_unstable();
    }

    /// The next day whose page has events.
    fn next_page(&self) -> Option<u64> {
        let first = (self.day as usize + 1) % PAGES;
        // The word of the first page comes twice: for the pages from there on, and at last for those before.
        (0..=self.used.len()).find_map(|turned| {
            let number = first / WORD + turned;
            let before = (1_u64 << (first % WORD)) - 1;
            let mask = match turned {
                0 => !before,
                _ if turned == self.used.len() => before,
                _ => u64::MAX,
            };
            let word = self.used[number % self.used.len()] & mask;
            let page = (word != 0).then(|| number % self.used.len() * WORD + word.trailing_zeros() as usize)?;
            Some(self.day + 1 + ((page + PAGES - first) % PAGES) as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[derive(Debug, Clone)]
    enum Act {
        /// So long after the last event that came, with this rank.
        Schedule(u64, u64),
        /// Looking, so long after the last event, turns to the day of the next one; what is scheduled then may be of an earlier
        /// one.
        Look(u64),
        Take,
    }

    fn acts() -> impl Strategy<Value = Act> {
        // Gaps from nothing to years.
        let gap = || (0_u32..52, any::<u64>()).prop_map(|(places, bits)| bits >> (63 - places));
        prop_oneof![
            2 => (gap(), 0_u64..4).prop_map(|(gap, rank)| Act::Schedule(gap, rank << 61)),
            1 => gap().prop_map(Act::Look),
            1 => Just(Act::Take)
        ]
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Against an ordered set.
        #[test]
        fn events_come_in_the_order_of_time_and_sequence(acts in prop::collection::vec(acts(), 1..400)) {
            let (mut agenda, mut expected, mut now) = (Agenda::new(), BTreeSet::new(), 0);
            let mut sequence = 0;
            for act in acts {
                match act {
                    Act::Schedule(gap, rank) => {
                        sequence += 1;
                        agenda.schedule(Micros::new(now + gap), rank, rank + sequence);
                        expected.insert((now + gap, rank + sequence));
                    }
                    Act::Look(gap) => {
                        let end = now + gap;
                        let first = expected.first().copied().filter(|(at, _)| *at < end);
                        let next = agenda.pop_before(Micros::new(end));
                        prop_assert_eq!(next, first.map(|(at, sequence)| (Micros::new(at), sequence)));
                        if let Some(first) = first {
                            expected.remove(&first);
                            now = first.0;
                        }
                    }
                    Act::Take => {
                        let first = expected.pop_first();
                        let next = agenda.pop_before(Micros::NEVER);
                        prop_assert_eq!(next, first.map(|(at, sequence)| (Micros::new(at), sequence)));
                        now = first.map_or(now, |(at, _)| at);
                    }
                }
            }
            while let Some((at, sequence)) = expected.pop_first() {
                prop_assert_eq!(agenda.pop_before(Micros::NEVER), Some((Micros::new(at), sequence)));
            }
            prop_assert_eq!(agenda.pop_before(Micros::NEVER), None);
        }
    }
}
