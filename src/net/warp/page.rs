//! The memory that the coordinator shares with programs: a file in memory, which they map and the coordinator reads and
//! writes by the numbers of `preload/layout.rs`.

#[path = "../../../preload/layout.rs"]
mod layout;

use layout::{ARMED, FREE, HEADER, ITIMER, MAGIC, SLOT, SLOTS, TIMER, TIMERFD, WAIT};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;

/// The name that mappings of it have.
pub(super) const NAME: &str = "pollbench-time";

#[derive(Debug)]
pub(super) struct Page {
    file: File,
}

/// What is due for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A wait of a thread ends.
    Wait,
    /// The process gets its alarm.
    Alarm,
    /// A timer sends its signal.
    Timer,
    /// The timer with this descriptor becomes readable.
    Descriptor(i32),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    number: usize,
    pub(super) due: Due,
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) call: u32,
    pub(super) is_fired: bool,
    pub(super) at: u64,
    /// No two have the same, as long as the program lives.
    pub(super) order: u64,
    /// Of a wait: how long it is.
    pub(super) interval: u64,
    /// Of a wait: how deep it is, by its stack.
    pub(super) depth: u64,
}

/// What programs have noted beside their waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Notes {
    pub(super) used: usize,
    /// Programs that have begun to live in virtual time.
    pub(super) attached: u32,
    /// Steps for clocks that were read again and again.
    pub(super) spins: u64,
    /// Why a program could not begin.
    pub(super) refused: u32,
    pub(super) is_full: bool,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map_or(0, u64::from_ne_bytes)
}

impl Page {
    pub(super) fn new(seed: u64) -> io::Result<Self> {
        let file = File::from(memfd_create(NAME, MemfdFlags::CLOEXEC)?);
        file.set_len((HEADER + SLOTS * SLOT) as u64)?;
        let page = Self { file };
        page.file.write_all_at(&seed.to_ne_bytes(), layout::SEED as u64)?;
        page.file.write_all_at(&MAGIC.to_ne_bytes(), 0)?;
        Ok(page)
    }

    pub(super) fn descriptor(&self) -> i32 {
        self.file.as_raw_fd()
    }

    pub(super) fn set_now(&self, now: u64) -> io::Result<()> {
        self.file.write_all_at(&now.to_ne_bytes(), layout::NOW as u64)
    }

    pub(super) fn notes(&self) -> io::Result<Notes> {
        let mut head = [0; HEADER];
        self.file.read_exact_at(&mut head, 0)?;
        Ok(Notes {
            used: (u32_at(&head, layout::USED) as usize).min(SLOTS),
            attached: u32_at(&head, layout::ATTACHED),
            spins: u64_at(&head, layout::SPINS),
            refused: u32_at(&head, layout::REFUSED),
            is_full: u32_at(&head, layout::FULL) != 0,
        })
    }

    /// What is due for programs, now or later.
    pub(super) fn armed(&self) -> io::Result<Vec<Slot>> {
        let mut bytes = vec![0; self.notes()?.used * SLOT];
        self.file.read_exact_at(&mut bytes, HEADER as u64)?;
        Ok(bytes.chunks_exact(SLOT).enumerate().filter_map(|(number, slot)| Slot::read(number, slot)).collect())
    }

    fn write(&self, slot: &Slot, at: usize, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, (HEADER + slot.number * SLOT + at) as u64)
    }

    /// It is due now. Whoever has that place by now, if the program has run meanwhile, is not meant and does not heed it.
    pub(super) fn fire(&self, slot: &Slot) -> io::Result<()> {
        self.write(slot, layout::FIRED, &slot.order.to_ne_bytes())
    }

    /// It is due again after its interval, or never.
    pub(super) fn rearm(&self, slot: &Slot) -> io::Result<()> {
        match slot.interval {
            0 => self.free(slot),
            interval => self.write(slot, layout::AT, &slot.at.saturating_add(interval).to_ne_bytes()),
        }
    }

    /// Whoever had it is gone.
    pub(super) fn free(&self, slot: &Slot) -> io::Result<()> {
        self.write(slot, layout::STATE, &FREE.to_ne_bytes())
    }
}

impl Slot {
    fn read(number: usize, bytes: &[u8]) -> Option<Self> {
        let word = |at| u32_at(bytes, at);
        let due = match (word(layout::STATE), word(layout::KIND)) {
            (ARMED, WAIT) => Due::Wait,
            (ARMED, ITIMER) => Due::Alarm,
            (ARMED, TIMER) => Due::Timer,
            (ARMED, TIMERFD) => Due::Descriptor(word(layout::DETAIL) as i32),
            _ => return None,
        };
        Some(Self {
            number,
            due,
            pid: word(layout::PID),
            tid: word(layout::TID),
            call: word(layout::CALL),
            is_fired: u64_at(bytes, layout::FIRED) == u64_at(bytes, layout::ORDER),
            at: u64_at(bytes, layout::AT),
            order: u64_at(bytes, layout::ORDER),
            interval: u64_at(bytes, layout::INTERVAL),
            depth: u64_at(bytes, layout::VALUE),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program writes that waits until `at`.
    fn wait(page: &Page, order: u64, at: u64) {
        let mut bytes = [0; SLOT];
        for (place, word) in [(layout::STATE, ARMED), (layout::KIND, WAIT), (layout::TID, 7)] {
            bytes[place..place + 4].copy_from_slice(&word.to_ne_bytes());
        }
        for (place, word) in [(layout::AT, at), (layout::ORDER, order)] {
            bytes[place..place + 8].copy_from_slice(&word.to_ne_bytes());
        }
        // All but what the coordinator says, which stays until somebody heeds it.
        page.file.write_all_at(&bytes[..layout::FIRED], HEADER as u64).expect("memory");
        page.file.write_all_at(&1_u32.to_ne_bytes(), layout::USED as u64).expect("memory");
    }

    /// Promise: the end of a wait is told to that wait alone, also where another one has taken its place since it was seen.
    #[test]
    fn the_end_of_a_wait_is_that_waits_alone() {
        let page = Page::new(1).expect("memory");
        wait(&page, 1, 5_000_000);
        let seen = page.armed().expect("memory")[0];
        assert!(!seen.is_fired);
        wait(&page, 2, 3_000_000_000);
        page.fire(&seen).expect("memory");
        let other = page.armed().expect("memory")[0];
        assert_eq!((other.order, other.at, other.is_fired), (2, 3_000_000_000, false));
        page.fire(&other).expect("memory");
        assert!(page.armed().expect("memory")[0].is_fired);
    }
}
