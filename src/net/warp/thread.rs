//! A thread as `/proc` shows it: whether it rests, in which call, and how often it has run.

use super::calls::{Sleep, sleep, stack};
use super::rules::Requirement;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// The files that tell of a thread, read again and again.
#[derive(Debug)]
pub(super) struct Thread {
    stat: File,
    schedstat: File,
    call: File,
    children: File,
}

/// What `stat` says.
pub(super) struct Stat {
    pub(super) state: u8,
    /// Threads of its process.
    pub(super) threads: usize,
    pub(super) image: Image,
}

/// Where code and stack begin: other numbers, another program.
pub(super) type Image = (u64, u64);

/// Where a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sleep: Sleep,
    /// How deep it is, by its stack.
    pub(super) stack: u64,
}

impl Thread {
    pub(super) fn open(pid: u32, tid: u32) -> io::Result<Self> {
        let open = |name: &str| File::open(format!("/proc/{pid}/task/{tid}/{name}"));
        Ok(Self {
            stat: open("stat")?,
            schedstat: open("schedstat")?,
            call: open("syscall")?,
            children: open("children")?,
        })
    }

    pub(super) fn stat(&self) -> Option<Stat> {
        let mut bytes = [0; 1024];
        let length = self.stat.read_at(&mut bytes, 0).ok()?;
        // The name may be anything.
        let end = bytes[..length].iter().rposition(|byte| *byte == b')')?;
        let mut fields = std::str::from_utf8(bytes.get(end + 2..length)?).ok()?.split(' ');
        let state = *fields.next()?.as_bytes().first()?;
        let threads = fields.nth(16)?.parse().ok()?;
        let code = fields.nth(5)?.parse().ok()?;
        let stack = fields.nth(1)?.parse().ok()?;
        Some(Stat { state, threads, image: (code, stack) })
    }

    /// How often it has been put on a processor.
    pub(super) fn runs(&self) -> Option<u64> {
        let mut bytes = [0; 128];
        let length = self.schedstat.read_at(&mut bytes, 0).ok()?;
        std::str::from_utf8(&bytes[..length]).ok()?.split_whitespace().nth(2)?.parse().ok()
    }

    pub(super) fn place(&self) -> Option<Place> {
        let mut bytes = [0; 256];
        let length = self.call.read_at(&mut bytes, 0).ok()?;
        let line = std::str::from_utf8(&bytes[..length]).ok()?;
        Some(Place { sleep: sleep(line), stack: stack(line) })
    }

    /// The processes that it has started.
    pub(super) fn children(&self) -> Vec<u32> {
        named(&self.children)
    }
}

/// The processes that a file `children` names.
pub(super) fn named(children: &File) -> Vec<u32> {
    let mut bytes = vec![0; 4096];
    let mut length = 0;
    while let Ok(more @ 1..) = children.read_at(&mut bytes[length..], length as u64) {
        length += more;
        if length == bytes.len() {
            bytes.resize(2 * length, 0);
        }
    }
    let text = std::str::from_utf8(&bytes[..length]).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Whether a thread of this state is said to sleep, or is stopped. One that waits for a disk is at work.
pub(super) fn is_asleep(state: u8) -> bool {
    matches!(state, b'S' | b'T' | b't') || !Requirement::State.is_met()
}

/// Whether a thread of this state, in this call, rests. The state alone is not enough: a shell that looks through its
/// children is said to sleep while it runs.
pub(super) fn rests(state: u8, sleep: Sleep) -> bool {
    let is_off = sleep != Sleep::Awake || state != b'S' || !Requirement::Call.is_met();
    is_off && is_asleep(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: who computes, waits for a disk, ends, or is about to sleep does not rest; who is stopped does.
    #[test]
    fn only_who_sleeps_in_a_call_rests() {
        for (state, sleep, expected) in [
            (b'S', Sleep::Untimed, true),
            (b'S', Sleep::Timed, true),
            (b'S', Sleep::Awake, false),
            (b'R', Sleep::Awake, false),
            (b'D', Sleep::Untimed, false),
            (b'D', Sleep::Awake, false),
            (b'X', Sleep::Untimed, false),
            (b'T', Sleep::Awake, true),
            (b't', Sleep::Untimed, true),
        ] {
            assert_eq!(rests(state, sleep), expected, "{} {sleep:?}", state as char);
        }
    }
}
