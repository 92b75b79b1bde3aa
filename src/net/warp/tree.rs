//! The processes of a program with all their threads: who runs, and who has run meanwhile.

use super::calls::Sleep;
use super::page;
use super::rules::Requirement;
use super::thread::{Image, Place, Thread, is_asleep, named, rests};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, waitid, waitpid};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;

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
    threads: BTreeMap<u32, Known>,
    /// Threads that were ever listed.
    listed: u64,
    /// What it runs, and whether that has been found to live in virtual time.
    image: Image,
    found: Option<Image>,
}

/// A thread that has been listed.
#[derive(Debug)]
struct Known {
    thread: Thread,
    /// Its place among the threads of its process, in the order in which they began. Numbers do not tell: they start over.
    rank: u64,
}

/// A thread that sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sleeper {
    pub(super) pid: u32,
    pub(super) tid: u32,
    rank: u64,
    /// How often it has run.
    runs: u64,
    place: Place,
}

/// The thread that is not asleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Awake {
    pub(super) pid: u32,
    pub(super) tid: u32,
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
            listed: 0,
            image: (0, 0),
            found: None,
        });
        if !process.threads.contains_key(&pid) && process.open(pid, pid).is_err() {
            return gone(self.root, pid);
        }
        let Some(stat) = process.threads.get(&pid).and_then(|known| known.thread.stat()) else {
            // Its leader has ended between two looks, or its number is another's now.
            process.threads.clear();
            let is_there = fs::metadata(format!("/proc/{pid}")).is_ok();
            return if is_there { Err(awake(pid)) } else { gone(self.root, pid) };
        };
        process.image = stat.image;
        if stat.state == b'Z' && stat.threads <= 1 {
            return Ok(());
        }
        if stat.threads != process.threads.len() {
            process.list(pid);
        }
        let (from, mut children) = (sleepers.len(), Vec::new());
        for (&tid, Known { thread, rank }) in &process.threads {
            let Some(runs) = thread.runs() else {
                process.threads.clear();
                return Err(awake(tid));
            };
            let state = thread.stat().map_or(b'X', |stat| stat.state);
            // A leader that ended before its threads.
            if state == b'Z' && tid == pid {
                continue;
            }
            if matches!(state, b'Z' | b'X') {
                // A thread that has just ended is listed no more at the next look.
                process.threads.clear();
                return Err(awake(tid));
            }
            let place = thread.place().unwrap_or(Place { sleep: Sleep::Awake, stack: 0 });
            if !rests(state, place.sleep) {
                return Err(awake(tid));
            }
            sleepers.push(Sleeper { pid, tid, rank: *rank, runs, place });
            children.push((*rank, thread.children()));
        }
        sleepers[from..].sort_by_key(|sleeper| sleeper.rank);
        children.sort_by_key(|(rank, _)| *rank);
        pending.extend(children.into_iter().flat_map(|(_, children)| children));
        Ok(())
    }

    /// Whether the same threads still sleep and none has run meanwhile: of each first the state, then how often it ran.
    pub(super) fn is_unchanged(&self, sleepers: &[Sleeper]) -> bool {
        sleepers.iter().all(|sleeper| {
            let process = self.processes.get(&sleeper.pid);
            let Some(thread) = process.and_then(|process| process.thread(sleeper.tid)) else { return false };
            let Some(stat) = thread.stat() else { return false };
            let is_whole = sleeper.tid != sleeper.pid
                || process.is_some_and(|process| process.threads.len() == stat.threads)
                || !Requirement::Whole.is_met();
            let rests = is_asleep(stat.state) || !Requirement::Again.is_met();
            let has_run = thread.runs() != Some(sleeper.runs) && Requirement::Runs.is_met();
            is_whole && rests && !has_run
        })
    }

    /// Whether a thread that was awake still is.
    pub(super) fn is_awake(&self, thread: Awake) -> bool {
        let found = self.processes.get(&thread.pid).and_then(|process| process.thread(thread.tid));
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
            if !maps.is_empty() && !maps.contains(page::NAME) && Requirement::Stranger.is_met() {
                return Some(name(*pid));
            }
            process.found = Some(process.image);
        }
        None
    }

    /// A thread that sleeps in real time, by its name.
    pub(super) fn leak(&self, sleepers: &[Sleeper], is_held: impl Fn(u32) -> bool) -> Option<String> {
        let leak = sleepers.iter().find(|sleeper| sleeper.place.sleep == Sleep::Timed && !is_held(sleeper.tid))?;
        Requirement::Leak.is_met().then(|| name(leak.pid))
    }

    /// Processes of this program whose parents have ended: this process has adopted them. Those that have ended too are
    /// buried.
    fn orphans(&mut self) -> Vec<u32> {
        let (mut orphans, adopted) = (Vec::new(), self.adopted());
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

    /// The children of this process. Who is buried while the kernel lists them, by another thread that leads another
    /// program, may hide the next one: such a list is read again.
    fn adopted(&self) -> Vec<u32> {
        let mut adopted = named(&self.adopted);
        while adopted.iter().any(|pid| Some(*pid) != self.root) {
            let again = named(&self.adopted);
            if again == adopted {
                break;
            }
            adopted = again;
        }
        adopted
    }

    /// Whether the process that all began with has ended, by these threads that are left.
    pub(super) fn is_over(&self, sleepers: &[Sleeper]) -> bool {
        self.root.is_some_and(|root| sleepers.iter().all(|sleeper| sleeper.pid != root))
    }

    /// Whether the kernel has told of that end already: whoever waits for it can know. It takes this for told only when it
    /// has finished telling.
    pub(super) fn is_known_to_be_over(&self) -> bool {
        let root = self.root.and_then(|root| i32::try_from(root).ok()).and_then(Pid::from_raw);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        root.is_none_or(|root| !matches!(waitid(WaitId::Pid(root), options), Ok(None)))
    }

    pub(super) fn root(&self) -> Option<u32> {
        self.root
    }

    /// Whether a thread waits for a lock right now, at this depth of its stack or deeper.
    pub(super) fn waits_for_a_lock(&self, pid: u32, tid: u32, depth: u64) -> bool {
        let thread = self.processes.get(&pid).and_then(|process| process.thread(tid));
        let place = thread.and_then(Thread::place);
        place.is_some_and(|place| place.sleep == Sleep::Untimed && place.stack <= depth)
    }

    fn is_marked(&self, pid: u32) -> bool {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == self.mark.as_bytes())
    }

    /// Ends all of it, at once.
    pub(super) fn kill(&mut self) {
        let orphans = self.orphans();
        // The number of one that is gone may be somebody else's.
        let living = self.processes.iter().filter(|(_, process)| !process.threads.is_empty());
        for pid in living.map(|(pid, _)| *pid).chain(orphans) {
            signal(pid, Signal::KILL);
        }
    }
}

impl Process {
    fn thread(&self, tid: u32) -> Option<&Thread> {
        self.threads.get(&tid).map(|known| &known.thread)
    }

    /// Opens what tells of its threads, which the kernel lists in the order in which they began.
    fn list(&mut self, pid: u32) {
        let Ok(folder) = fs::read_dir(format!("/proc/{pid}/task")) else { return };
        let listed: Vec<u32> = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        let living: BTreeSet<u32> = listed.iter().copied().collect();
        self.threads.retain(|tid, _| living.contains(tid));
        for tid in listed {
            if !self.threads.contains_key(&tid) {
                // Who is gone again is missed at the next look.
                let _ = self.open(pid, tid);
            }
        }
    }

    fn open(&mut self, pid: u32, tid: u32) -> io::Result<()> {
        let thread = Thread::open(pid, tid)?;
        self.listed += 1;
        self.threads.insert(tid, Known { thread, rank: self.listed });
        Ok(())
    }
}

/// What is seen of a process that is listed and gone: it has ended just now. It may hide its brother from the list, which is
/// made anew; the program's first process is led by its number, and is over.
fn gone(root: Option<u32>, pid: u32) -> Result<(), Awake> {
    if root == Some(pid) { Ok(()) } else { Err(Awake { pid, tid: pid }) }
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

#[cfg(test)]
mod tests;
