//! What is to happen, in the order of time: a calendar queue (Brown, CACM 31(10), 1988, pp. 1220–1227).
//!
//! Events of a later day wait unsorted on its page; only today's are kept in order, so that sorting costs what a day has,
//! not what is in flight.

use crate::time::Micros;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A day is `1 << DAY` microseconds, about half a second: far shorter than gaps between polls are.
const DAY: u32 = 19;

/// Days with a page of their own, a power of two; what comes later waits in a heap.
const PAGES: u64 = 1 << 11;

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
    /// Events of this day, and of days before it.
    today: BinaryHeap<Scheduled<E>>,
    /// By day modulo [`PAGES`]: events of the days after it.
    pages: Vec<Vec<Scheduled<E>>>,
    /// How many are on the pages.
    paged: usize,
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
            today: BinaryHeap::new(),
            pages: (0..PAGES).map(|_| Vec::new()).collect(),
            paged: 0,
            blank: Vec::new(),
            later: BinaryHeap::new(),
        }
    }

    /// Lets `event` happen at `at`, after all that was scheduled for that instant before.
    #[inline]
    pub(super) fn schedule(&mut self, at: Micros, event: E) {
        self.sequence += 1;
        self.place(at, self.sequence, event);
    }

    /// Lets `event` happen at `at`, in the order of `sequence` among the events of that instant.
    #[inline]
    pub(super) fn place(&mut self, at: Micros, sequence: u64, event: E) {
        let scheduled = Scheduled { at, sequence, event };
        let day = scheduled.day();
        if day <= self.day {
            self.today.push(scheduled);
        } else if day - self.day < PAGES {
            let page = &mut self.pages[(day % PAGES) as usize];
            if page.capacity() == 0 {
                *page = self.blank.pop().unwrap_or_default();
            }
            page.push(scheduled);
            self.paged += 1;
        } else {
            self.later.push(scheduled);
        }
    }

    /// Turns to the next day that has events, page by page: where there are few, that is what an event costs.
    fn turn(&mut self) {
        while self.today.is_empty() {
            self.day = match self.later.peek() {
                Some(later) if self.paged == 0 => later.day(),
                None if self.paged == 0 => return,
                _ => self.day + 1,
            };
            let mut page = std::mem::take(&mut self.pages[(self.day % PAGES) as usize]);
            if page.capacity() > 0 {
                self.paged -= page.len();
                self.today.extend(page.drain(..));
                self.blank.push(page);
            }
            while let Some(later) = self.later.peek()
                && later.day() <= self.day
            {
                self.today.extend(self.later.pop());
            }
        }
    }

    /// The instant of the next event; [`Micros::NEVER`] where there is none.
    #[inline]
    pub(super) fn next_at(&mut self) -> Micros {
        if self.today.is_empty() {
            self.turn();
        }
        self.today.peek().map_or(Micros::NEVER, |next| next.at)
    }

    /// Takes the next event.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Micros, E)> {
        if self.today.is_empty() {
            self.turn();
        }
        self.today.pop().map(|next| (next.at, next.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[derive(Debug, Clone)]
    enum Act {
        /// So long after the last event that came.
        Schedule(u64),
        /// The same, after all others of its instant.
        PlaceLast(u64),
        /// Looking turns to the day of the next event; what is scheduled then may be of an earlier one.
        Look,
        Take,
    }

    fn acts() -> impl Strategy<Value = Act> {
        // Gaps from nothing to years.
        let gap = || (0_u32..52, any::<u64>()).prop_map(|(places, bits)| bits >> (63 - places));
        prop_oneof![gap().prop_map(Act::Schedule), gap().prop_map(Act::PlaceLast), Just(Act::Look), Just(Act::Take)]
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Against an ordered set.
        #[test]
        fn events_come_in_the_order_of_time_and_sequence(acts in prop::collection::vec(acts(), 1..400)) {
            let (mut agenda, mut expected, mut now) = (Agenda::new(), BTreeSet::new(), 0);
            let (mut sequence, mut last) = (0, 1 << 63);
            for act in acts {
                match act {
                    Act::Schedule(gap) => {
                        sequence += 1;
                        agenda.schedule(Micros::new(now + gap), sequence);
                        expected.insert((now + gap, sequence));
                    }
                    Act::PlaceLast(gap) => {
                        last += 1;
                        agenda.place(Micros::new(now + gap), last, last);
                        expected.insert((now + gap, last));
                    }
                    Act::Look => {
                        let first = expected.first().map_or(Micros::NEVER, |(at, _)| Micros::new(*at));
                        prop_assert_eq!(agenda.next_at(), first);
                    }
                    Act::Take => {
                        let first = expected.pop_first();
                        prop_assert_eq!(agenda.pop(), first.map(|(at, sequence)| (Micros::new(at), sequence)));
                        now = first.map_or(now, |(at, _)| at);
                    }
                }
            }
            while let Some((at, sequence)) = expected.pop_first() {
                prop_assert_eq!(agenda.pop(), Some((Micros::new(at), sequence)));
            }
            prop_assert_eq!(agenda.pop(), None);
        }
    }
}
