//! The processes of a program with all their threads: who runs, and who has run meanwhile.

use super::calls::{Sleep, sleep};
use super::page;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;

#[derive(Debug)]
pub(super) struct Tree {
    root: Option<u32>,
    /// The entry in the environment that tells this program's processes from those of others.
    mark: String,
    /// The children of this process, whose main thread adopts orphans.
    adopted: File,
    foreign: BTreeSet<u32>,
    processes: BTreeMap<u32, Process>,
}

#[derive(Debug)]
struct Process {
    threads: BTreeMap<u32, Thread>,
    /// What it runs, and whether that has been found to live in virtual time.
    image: Image,
    found: Option<Image>,
}

/// Where code and stack begin: other numbers, another program.
type Image = (u64, u64);

/// The files that tell of a thread, read again and again.
#[derive(Debug)]
struct Thread {
    stat: File,
    schedstat: File,
    call: File,
    children: File,
}

/// A thread that sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sleeper {
    pub(super) pid: u32,
    pub(super) tid: u32,
    /// How often it has run.
    runs: u64,
    sleep: Sleep,
}

/// The thread that is not asleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Awake {
    pub(super) pid: u32,
    pub(super) tid: u32,
}

/// What `stat` says.
struct Stat {
    state: u8,
    threads: usize,
    image: Image,
}

impl Thread {
    fn open(pid: u32, tid: u32) -> io::Result<Self> {
        let open = |name: &str| File::open(format!("/proc/{pid}/task/{tid}/{name}"));
        Ok(Self {
            stat: open("stat")?,
            schedstat: open("schedstat")?,
            call: open("syscall")?,
            children: open("children")?,
        })
    }

    fn stat(&self) -> Option<Stat> {
        let mut bytes = [0; 1024];
        let length = self.stat.read_at(&mut bytes, 0).ok()?;
        let text = std::str::from_utf8(bytes.get(..length)?).ok().or_else(|| {
            // The name may be anything.
            let end = bytes.iter().rposition(|byte| *byte == b')')?;
            std::str::from_utf8(&bytes[end..length]).ok()
        })?;
        let mut fields = text.rsplit_once(") ")?.1.split(' ');
        let state = *fields.next()?.as_bytes().first()?;
        let threads = fields.nth(16)?.parse().ok()?;
        let code = fields.nth(5)?.parse().ok()?;
        let stack = fields.nth(1)?.parse().ok()?;
        Some(Stat { state, threads, image: (code, stack) })
    }

    fn runs(&self) -> Option<u64> {
        let mut bytes = [0; 128];
        let length = self.schedstat.read_at(&mut bytes, 0).ok()?;
        std::str::from_utf8(&bytes[..length]).ok()?.split_whitespace().nth(2)?.parse().ok()
    }

    fn sleep(&self) -> Option<Sleep> {
        let mut bytes = [0; 256];
        let length = self.call.read_at(&mut bytes, 0).ok()?;
        Some(sleep(std::str::from_utf8(&bytes[..length]).ok()?))
    }
}

/// The processes that a file `children` names.
fn named(children: &File) -> Vec<u32> {
    let mut bytes = vec![0; 4096];
    let mut length = 0;
    while let Ok(more @ 1..) = children.read_at(&mut bytes[length..], length as u64) {
        length += more;
        if length == bytes.len() {
            bytes.resize(2 * length, 0);
        }
    }
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn is_asleep(state: u8) -> bool {
    matches!(state, b'S' | b'T' | b't')
}

impl Tree {
    pub(super) fn new(mark: String) -> io::Result<Self> {
        let own = std::process::id();
        let adopted = File::open(format!("/proc/{own}/task/{own}/children"))?;
        Ok(Self { root: None, mark, adopted, foreign: BTreeSet::new(), processes: BTreeMap::new() })
    }

    pub(super) fn lead(&mut self, root: Option<u32>) {
        if self.root != root {
            (self.root, self.processes, self.foreign) = (root, BTreeMap::new(), BTreeSet::new());
        }
    }

    /// The threads that there are, if all sleep. Of each first how often it ran, then its state, then its system call: who
    /// wakes meanwhile is found out by the second look.
    pub(super) fn first_look(&mut self) -> Result<Vec<Sleeper>, Awake> {
        let mut sleepers = Vec::new();
        let mut pending: Vec<u32> = self.root.into_iter().collect();
        pending.extend(self.orphans());
        let mut seen = BTreeSet::new();
        let mut at = 0;
        while let Some(pid) = pending.get(at).copied() {
            at += 1;
            if seen.insert(pid) {
                self.look_at(pid, &mut sleepers, &mut pending)?;
            }
        }
        self.processes.retain(|pid, _| seen.contains(pid));
        Ok(sleepers)
    }

    fn look_at(&mut self, pid: u32, sleepers: &mut Vec<Sleeper>, pending: &mut Vec<u32>) -> Result<(), Awake> {
        let awake = |tid| Awake { pid, tid };
        let process = self.processes.entry(pid).or_insert_with(|| Process {
            threads: BTreeMap::new(),
            image: (0, 0),
            found: None,
        });
        if let Entry::Vacant(leader) = process.threads.entry(pid) {
            // Who is gone already had nothing to say.
            let Ok(thread) = Thread::open(pid, pid) else { return Ok(()) };
            leader.insert(thread);
        }
        let Some(stat) = process.threads.get(&pid).and_then(Thread::stat) else {
            // Its leader has ended between two looks, or its number is another's now.
            process.threads.clear();
            let gone = fs::metadata(format!("/proc/{pid}")).is_err();
            return if gone { Ok(()) } else { Err(awake(pid)) };
        };
        process.image = stat.image;
        if stat.state == b'Z' && stat.threads <= 1 {
            return Ok(());
        }
        if stat.threads != process.threads.len() {
            process.list(pid);
        }
        for (&tid, thread) in &process.threads {
            let Some(runs) = thread.runs() else {
                process.threads.clear();
                return Err(awake(tid));
            };
            let state = thread.stat().map_or(b'X', |stat| stat.state);
            // A leader that ended before its threads.
            if state == b'Z' && tid == pid {
                continue;
            }
            if !is_asleep(state) {
                // A thread that has just ended is listed no more at the next look.
                if matches!(state, b'Z' | b'X') {
                    process.threads.clear();
                }
                return Err(awake(tid));
            }
            let sleep = thread.sleep().unwrap_or(Sleep::Awake);
            if sleep == Sleep::Awake && state == b'S' {
                return Err(awake(tid));
            }
            sleepers.push(Sleeper { pid, tid, runs, sleep });
            pending.extend(named(&thread.children));
        }
        Ok(())
    }

    /// Whether the same threads still sleep and none has run meanwhile: of each first the state, then how often it ran.
    pub(super) fn is_unchanged(&self, sleepers: &[Sleeper]) -> bool {
        sleepers.iter().all(|sleeper| {
            let process = self.processes.get(&sleeper.pid);
            let Some(thread) = process.and_then(|process| process.threads.get(&sleeper.tid)) else { return false };
            let Some(stat) = thread.stat() else { return false };
            let is_whole = sleeper.tid != sleeper.pid
                || process.is_some_and(|process| process.threads.len() == stat.threads && process.image == stat.image);
            is_whole && is_asleep(stat.state) && thread.runs() == Some(sleeper.runs)
        })
    }

    /// Whether a thread that was awake still is.
    pub(super) fn is_awake(&self, thread: Awake) -> bool {
        let found = self.processes.get(&thread.pid).and_then(|process| process.threads.get(&thread.tid));
        found.is_some_and(|thread| thread.stat().is_some_and(|stat| !is_asleep(stat.state) && stat.state != b'Z'))
    }

    /// A process that does not live in virtual time, by its name: it began without the library.
    pub(super) fn stranger(&mut self) -> Option<String> {
        for (pid, process) in &mut self.processes {
            if process.found == Some(process.image) || process.threads.is_empty() {
                continue;
            }
            let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
            // A process that ends just now has none.
            if !maps.is_empty() && !maps.contains(page::NAME) {
                return Some(name(*pid));
            }
            process.found = Some(process.image);
        }
        None
    }

    /// A thread that sleeps in real time, by its name.
    pub(super) fn leak(&self, sleepers: &[Sleeper], is_held: impl Fn(u32) -> bool) -> Option<String> {
        let leak = sleepers.iter().find(|sleeper| sleeper.sleep == Sleep::Timed && !is_held(sleeper.tid))?;
        Some(name(leak.pid))
    }

    /// Processes of this program whose parents have ended: this process has adopted them. Those that have ended too are
    /// buried.
    fn orphans(&mut self) -> Vec<u32> {
        let (mut orphans, adopted) = (Vec::new(), named(&self.adopted));
        self.foreign.retain(|pid| adopted.contains(pid));
        for pid in adopted {
            if Some(pid) == self.root || self.foreign.contains(&pid) {
                continue;
            }
            if !self.processes.contains_key(&pid) && !self.is_marked(pid) {
                self.foreign.insert(pid);
                continue;
            }
            let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
            match number.map(|pid| waitpid(Some(pid), WaitOptions::NOHANG)) {
                Some(Ok(Some(_))) => drop(self.processes.remove(&pid)),
                Some(Ok(None) | Err(_)) | None => orphans.push(pid),
            }
        }
        orphans
    }

    fn is_marked(&self, pid: u32) -> bool {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == self.mark.as_bytes())
    }

    /// Ends all of it, at once.
    pub(super) fn kill(&mut self) {
        let orphans = self.orphans();
        for pid in self.processes.keys().copied().chain(orphans) {
            signal(pid, Signal::KILL);
        }
    }
}

impl Process {
    /// Opens what tells of its threads.
    fn list(&mut self, pid: u32) {
        let Ok(folder) = fs::read_dir(format!("/proc/{pid}/task")) else { return };
        let listed: BTreeSet<u32> =
            folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        self.threads.retain(|tid, _| listed.contains(tid));
        for tid in listed {
            if let Entry::Vacant(place) = self.threads.entry(tid)
                && let Ok(thread) = Thread::open(pid, tid)
            {
                place.insert(thread);
            }
        }
    }
}

/// Sends a signal; to a thread by its own number, which gets it before the others of its process.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .map_or_else(|_| "a process".to_owned(), |name| name.trim().to_owned())
}
