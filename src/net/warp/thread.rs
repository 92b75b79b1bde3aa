//! A thread as `/proc` shows it: whether it rests, where, and how often it has run.

use super::calls::{Sleep, sleep};
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
    known: Option<Known>,
}

/// What a thread was found to do. It still does so while it has not run again and is not about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// How often it had run before.
    runs: u64,
    rest: Rest,
}

/// Why a thread does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// It sleeps in a system call.
    Asleep(Sleep),
    /// A signal or a debugger has stopped it.
    Stopped,
    /// It has ended, and is not buried yet.
    Ended,
}

/// What `stat` says.
#[derive(Debug)]
pub(super) struct Stat {
    pub(super) state: u8,
    /// Threads of its process.
    pub(super) threads: usize,
    pub(super) image: Image,
}

/// Where code and stack begin: other numbers, another program.
pub(super) type Image = (u64, u64);

/// What a look at a thread found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// What was known of it.
    Same(Rest),
    /// It has run since, and rests again.
    Changed(Rest),
    Awake,
    Gone,
}

impl Thread {
    pub(super) fn open(pid: u32, tid: u32) -> io::Result<Self> {
        let open = |name: &str| File::open(format!("/proc/{pid}/task/{tid}/{name}"));
        Ok(Self {
            stat: open("stat")?,
            schedstat: open("schedstat")?,
            call: open("syscall")?,
            children: open("children")?,
            known: None,
        })
    }

    /// What it does, as far as that can be told without its being asleep all the while: how often it has run is read first.
    pub(super) fn examine(&mut self) -> Found {
        let Some(runs) = self.runs() else { return Found::Gone };
        if let Some(known) = self.known.filter(|known| known.runs == runs) {
            return Found::Same(known.rest);
        }
        self.known = None;
        let rest = match self.stat().map(|stat| stat.state) {
            // The state alone is not enough: whoever is about to sleep is said to do so while it still runs.
            Some(b'S') => match self.sleep() {
                Some(sleep @ (Sleep::Untimed | Sleep::Timed)) => Rest::Asleep(sleep),
                Some(Sleep::Awake) | None => return Found::Awake,
            },
            Some(_) if !Requirement::Rest.is_met() => Rest::Asleep(Sleep::Untimed),
            Some(b'T' | b't') => Rest::Stopped,
            Some(b'Z') => Rest::Ended,
            Some(b'X') | None => return Found::Gone,
            Some(_) => return Found::Awake,
        };
        self.known = Some(Known { runs, rest });
        Found::Changed(rest)
    }

    /// Whether it has rested since it was examined: first that it rests, then that it has not run.
    pub(super) fn has_rested(&self) -> bool {
        let Some(known) = self.known else { return false };
        let rests = match known.rest {
            Rest::Asleep(_) => self.is_asleep(),
            Rest::Stopped => self.stat().is_some_and(|stat| matches!(stat.state, b'T' | b't')),
            Rest::Ended => true,
        };
        rests && self.runs() == Some(known.runs)
    }

    /// Whether it has run since it was examined.
    pub(super) fn has_run(&self) -> bool {
        self.known.is_none() || self.runs() != self.known.map(|known| known.runs)
    }

    /// Whether it is off its processor, in a system call: what it waits for may be a disk.
    fn is_asleep(&self) -> bool {
        self.sleep().is_some_and(|sleep| sleep != Sleep::Awake) || !Requirement::Rest.is_met()
    }

    /// Whether it is on a processor, or would like to be.
    pub(super) fn is_running(&self) -> bool {
        let mut bytes = [0; 7];
        self.call.read_at(&mut bytes, 0).is_ok() && bytes == *b"running" && Requirement::Rest.is_met()
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

    fn runs(&self) -> Option<u64> {
        let mut bytes = [0; 128];
        let length = self.schedstat.read_at(&mut bytes, 0).ok()?;
        std::str::from_utf8(&bytes[..length]).ok()?.trim_end().rsplit(' ').next()?.parse().ok()
    }

    fn sleep(&self) -> Option<Sleep> {
        let mut bytes = [0; 256];
        let length = self.call.read_at(&mut bytes, 0).ok()?;
        Some(sleep(std::str::from_utf8(&bytes[..length]).ok()?))
    }

    /// The processes that it has started.
    pub(super) fn children(&self) -> Vec<u32> {
        named(&self.children)
    }
}

/// The processes that a file `children` names.
pub(super) fn named(children: &File) -> Vec<u32> {
    let mut bytes = vec![0; 512];
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    /// Promise: who has run in between has not rested, though it is asleep at both looks.
    #[test]
    fn who_has_run_in_between_has_not_rested() {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat");
        let (mut input, mut output) = (cat.stdin.take().expect("a pipe"), cat.stdout.take().expect("a pipe"));
        let mut thread = Thread::open(cat.id(), cat.id()).expect("it lives");
        let mut byte = [0];
        let mut echo = || {
            input.write_all(b"x").expect("it reads");
            output.read_exact(&mut byte).expect("it writes");
        };
        echo();
        let settle =
            |thread: &mut Thread| while !matches!(thread.examine(), Found::Same(Rest::Asleep(Sleep::Untimed))) {};
        settle(&mut thread);
        assert!(thread.has_rested() && !thread.has_run());
        echo();
        while !thread.is_asleep() {}
        assert!(!thread.has_rested() && thread.has_run());
        settle(&mut thread);
        assert!(thread.has_rested());
        cat.kill().expect("it lives");
        while thread.examine() != Found::Changed(Rest::Ended) {}
        cat.wait().expect("it ends");
        assert_eq!(thread.examine(), Found::Gone);
    }
}
