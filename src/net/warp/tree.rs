//! The processes of a program with all their threads: who runs, and who has run meanwhile.

use super::calls::Sleep;
use super::page;
use super::rules::Requirement;
use super::thread::{Found, Image, Rest, Thread, named};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;

#[derive(Debug)]
pub(super) struct Tree {
    root: Option<u32>,
    /// The entry in the environment that tells this program's processes from those of others.
    mark: String,
    /// The children of this process, whose main thread adopts orphans, and what they were.
    adopted: File,
    children: Vec<u32>,
    foreign: BTreeSet<u32>,
    processes: BTreeMap<u32, Process>,
    sleepers: Vec<Sleeper>,
    /// The last survey saw everybody, and all rested.
    is_whole: bool,
}

#[derive(Debug, Default)]
struct Process {
    threads: BTreeMap<u32, Thread>,
    /// What it runs, and whether that has been found to live in virtual time.
    image: Image,
    found: Option<Image>,
}

/// A thread that sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sleeper {
    pub(super) pid: u32,
    pub(super) tid: u32,
    sleep: Sleep,
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
        Ok(Self {
            root: None,
            mark,
            adopted,
            children: Vec::new(),
            foreign: BTreeSet::new(),
            processes: BTreeMap::new(),
            sleepers: Vec::new(),
            is_whole: false,
        })
    }

    pub(super) fn lead(&mut self, root: Option<u32>) {
        if self.root != root {
            (self.root, self.processes, self.foreign) = (root, BTreeMap::new(), BTreeSet::new());
            self.is_whole = false;
        }
    }

    /// Brings what is known of each thread up to date, unless somebody is awake.
    ///
    /// A thread that has not run since it was known has done nothing. One that has is examined; then, since it may have
    /// made others, threads and processes are listed anew. Who wakes meanwhile is found out by [`Self::has_rested`].
    pub(super) fn survey(&mut self) -> Result<(), Awake> {
        let children = named(&self.adopted);
        let mut threads = self.processes.values().flat_map(|process| process.threads.values());
        let is_known = self.is_whole && self.children == children && !threads.any(Thread::has_run);
        if is_known {
            return Ok(());
        }
        self.is_whole = false;
        self.sleepers.clear();
        let mut pending: Vec<u32> = self.root.into_iter().collect();
        pending.extend(self.orphans(&children));
        let mut seen = BTreeSet::new();
        let mut at = 0;
        while let Some(pid) = pending.get(at).copied() {
            at += 1;
            if seen.insert(pid) {
                self.visit(pid, &mut pending)?;
            }
        }
        self.processes.retain(|pid, _| seen.contains(pid));
        (self.children, self.is_whole) = (children, true);
        Ok(())
    }

    fn visit(&mut self, pid: u32, pending: &mut Vec<u32>) -> Result<(), Awake> {
        let process = self.processes.entry(pid).or_default();
        // Whoever has just ended may have left others to somebody who has been visited already. Those of the root become
        // children of this process.
        let is_root = self.root == Some(pid);
        let gone = |tid| match fs::metadata(format!("/proc/{pid}")) {
            Err(_) if is_root => Ok(()),
            Ok(_) | Err(_) => Err(Awake { pid, tid }),
        };
        if let Entry::Vacant(leader) = process.threads.entry(pid) {
            let Ok(thread) = Thread::open(pid, pid) else { return gone(pid) };
            leader.insert(thread);
        }
        loop {
            let (mut is_changed, mut sleepers) = (false, Vec::new());
            for (&tid, thread) in &mut process.threads {
                let rest = match thread.examine() {
                    Found::Same(rest) => rest,
                    Found::Changed(rest) => {
                        is_changed = true;
                        rest
                    }
                    Found::Awake => return Err(Awake { pid, tid }),
                    Found::Gone => {
                        // It has ended between two looks, or its number is another's now.
                        process.threads.clear();
                        return gone(tid);
                    }
                };
                match rest {
                    Rest::Asleep(sleep) => sleepers.push(Sleeper { pid, tid, sleep }),
                    Rest::Stopped => sleepers.push(Sleeper { pid, tid, sleep: Sleep::Untimed }),
                    // A leader may end before its threads; others are listed no more.
                    Rest::Ended if tid == pid => {}
                    Rest::Ended => {
                        process.threads.clear();
                        return Err(Awake { pid, tid });
                    }
                }
            }
            if is_changed && let Some(stat) = process.threads.get(&pid).and_then(Thread::stat) {
                process.image = stat.image;
                if stat.state == b'Z' && stat.threads <= 1 {
                    return Ok(());
                }
                if stat.threads != process.threads.len() {
                    process.list(pid);
                    continue;
                }
            }
            self.sleepers.extend(sleepers);
            pending.extend(process.threads.values().flat_map(Thread::children));
            return Ok(());
        }
    }

    /// Whether all threads have rested since they were examined. What each was found to do, all did at once, at the instant
    /// at which this is asked.
    pub(super) fn has_rested(&self) -> bool {
        let mut threads = self.processes.values().flat_map(|process| process.threads.values());
        threads.all(Thread::has_rested) && self.children == named(&self.adopted)
    }

    /// The threads that there are; all sleep.
    pub(super) fn sleepers(&self) -> &[Sleeper] {
        &self.sleepers
    }

    /// Whether a thread that was awake still is.
    pub(super) fn is_awake(&self, thread: Awake) -> bool {
        let found = self.processes.get(&thread.pid).and_then(|process| process.threads.get(&thread.tid));
        found.is_some_and(Thread::is_running)
    }

    /// A process that does not live in virtual time, by its name: it began without the library.
    pub(super) fn stranger(&mut self) -> Option<String> {
        for (pid, process) in &mut self.processes {
            if process.found == Some(process.image) || process.threads.is_empty() {
                continue;
            }
            let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
            // A process that ends just now has none.
            if Requirement::Stranger.is_met() && !maps.is_empty() && !maps.contains(page::NAME) {
                return Some(name(*pid));
            }
            process.found = Some(process.image);
        }
        None
    }

    /// A thread that sleeps in real time, by its name.
    pub(super) fn leak(&self, is_held: impl Fn(u32) -> bool) -> Option<String> {
        let mut sleepers = self.sleepers.iter().filter(|_| Requirement::Leak.is_met());
        let leak = sleepers.find(|sleeper| sleeper.sleep == Sleep::Timed && !is_held(sleeper.tid))?;
        Some(name(leak.pid))
    }

    /// Processes of this program whose parents have ended: this process has adopted them. Those that have ended too are
    /// buried.
    fn orphans(&mut self, adopted: &[u32]) -> Vec<u32> {
        let mut orphans = Vec::new();
        self.foreign.retain(|pid| adopted.contains(pid));
        for &pid in adopted {
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
        let orphans = self.orphans(&named(&self.adopted));
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
