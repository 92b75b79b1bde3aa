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

/// No place.
const NOWHERE: u32 = u32::MAX;

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
    /// By day modulo [`PAGES`]: where the last event is kept that was scheduled for it, or [`NOWHERE`].
    pages: Vec<u32>,
    /// Which pages have events, a bit for each.
    used: Vec<u64>,
    /// Events of the days after it. Who comes next takes the place that was left last, so that no more memory is touched than
    /// must be.
    kept: Vec<Scheduled<E>>,
    /// By place: that of the event before it on its page; of a place that was left, the one that was left before it. Apart from
    /// the events, because a page is followed from place to place, and these share lines of the cache.
    before: Vec<u32>,
    /// The place that was left last.
    free: u32,
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
            pages: vec![NOWHERE; PAGES],
            used: vec![0; PAGES / WORD],
            kept: Vec::new(),
            before: Vec::new(),
            free: NOWHERE,
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
            self.keep(day as usize % PAGES, scheduled);
        } else {
            self.later.push(scheduled);
        }
    }

    /// Writes an event on a page.
    #[inline]
    fn keep(&mut self, page: usize, event: Scheduled<E>) {
        self.used[page / WORD] |= 1 << (page % WORD);
        let (at, before) = (self.free as usize, self.pages[page]);
        match (self.kept.get_mut(at), self.before.get_mut(at)) {
            (Some(place), Some(left_before)) => {
                (*place, self.pages[page]) = (event, self.free);
                self.free = std::mem::replace(left_before, before);
            }
            (None, _) | (_, None) => {
                self.pages[page] = self.kept.len() as u32;
                self.kept.push(event);
                self.before.push(before);
            }
        }
    }

    /// Takes all events of a page to today's.
    #[inline]
    fn tear_off(&mut self, page: usize) {
        self.used[page / WORD] &= !(1 << (page % WORD));
        let mut at = std::mem::replace(&mut self.pages[page], NOWHERE);
        while let Some(before) = self.before.get_mut(at as usize) {
            self.today.push(self.kept[at as usize]);
            (self.free, at) = (at, std::mem::replace(before, self.free));
        }
    }

    /// Takes the next event, if it is before `end`.
    #[inline]
    pub(super) fn pop_before(&mut self, end: Micros) -> Option<(Micros, E)> {
        if self.today.is_empty() && self.added.is_empty() {
            self.turn();
        }
        let is_added = match (self.today.last(), self.added.peek()) {
            (Some(today), None) if today.at < end => false,
            (None, Some(added)) if added.at < end => true,
            // The earlier one is the greater.
            (Some(today), Some(added)) if today.max(added).at < end => added > today,
            (None | Some(_), None | Some(_)) => return None,
        };
        let next = if is_added { self.added.pop() } else { self.today.pop() }?;
        Some((next.at, next.event))
    }

    /// Now and then, the next events of today, unless others are added before them; else none.
    #[inline]
    pub(super) fn coming(&self) -> impl ExactSizeIterator<Item = E> {
        const AT_A_TIME: usize = 16;
        let (_, coming) = match self.today.len() {
            left if left.is_multiple_of(AT_A_TIME) => self.today.split_at(left.saturating_sub(AT_A_TIME)),
            left => self.today.split_at(left),
        };
        coming.iter().map(|scheduled| scheduled.event)
    }

    /// Turns to the next day that has events.
    #[inline(never)]
    fn turn(&mut self) {
        let (paged, later) = (self.next_page(), self.later.peek().map(Scheduled::day));
        let Some(day) = paged.into_iter().chain(later).min() else { return };
        self.day = day;
        if paged == Some(day) {
            self.tear_off(day as usize % PAGES);
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
