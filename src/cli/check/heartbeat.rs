//! How late this machine is. A thread that means to wake every few milliseconds notes by how much it did not, and what the
//! system says of the programs under test: for how long they could have run and were not let.

use crate::time::Micros;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Between two beats.
const BEAT: Duration = Duration::from_millis(10);
/// Lateness of a beat that is worth a note.
const NOTED: Duration = Duration::from_millis(2);
/// Notes that are kept of the beats, and of each program.
const MOST: usize = 1 << 15;

/// The beats of this machine so far, and the programs that are watched.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    late: Mutex<VecDeque<(Instant, Duration)>>,
    watched: Mutex<BTreeMap<u32, Watched>>,
}

/// A program and all that it started: how long they have waited for a processor.
#[derive(Debug, Default)]
struct Watched {
    /// The last count of each thread, in nanoseconds.
    threads: BTreeMap<String, u64>,
    /// Of all threads, those that have ended too.
    total: u64,
    notes: VecDeque<(Instant, u64)>,
}

impl Heartbeat {
    /// Starts beating, until nobody listens any more.
    pub(super) fn start() -> Arc<Self> {
        let beats = Arc::new(Self::default());
        let weak = Arc::downgrade(&beats);
        // Without a thread nobody notes anything, and all is judged as on an idle machine.
        let _ = thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            let mut last = Instant::now();
            while let Some(beats) = weak.upgrade() {
                thread::sleep(BEAT);
                let now = Instant::now();
                let late = now.duration_since(last).saturating_sub(BEAT);
                if late >= NOTED {
                    push(&mut locked(&beats.late), (now, late));
                }
                locked(&beats.watched).iter_mut().for_each(|(leader, watched)| watched.look(*leader, now));
                // What looking took is no lateness.
                last = Instant::now();
            }
        });
        beats
    }

    /// Watches a program for as long as what is returned lives.
    pub(super) fn watch(self: &Arc<Self>, leader: Option<u32>) -> Watch {
        if let Some(leader) = leader {
            locked(&self.watched).insert(leader, Watched::default());
        }
        Watch { beats: Arc::clone(self), leader }
    }

    /// How late this machine was since `from`: the latest beat, and for how long the program could not run within any
    /// `window`. In scenario time at `scale`.
    pub(super) fn since(&self, from: Instant, leader: Option<u32>, window: Duration, scale: f64) -> Micros {
        let beats = locked(&self.late);
        let beat =
            beats.iter().rev().take_while(|(at, _)| *at >= from).map(|(_, late)| *late).max().unwrap_or_default();
        let mut watched = locked(&self.watched);
        let held_up = leader.and_then(|leader| {
            let watched = watched.get_mut(&leader)?;
            watched.look(leader, Instant::now());
            Some(watched.longest(from, window))
        });
        let late = beat.max(held_up.unwrap_or_default());
        Micros::from_f64(late.as_secs_f64() * 1e6 * scale)
    }
}

/// A program that is watched.
#[derive(Debug)]
pub(super) struct Watch {
    beats: Arc<Heartbeat>,
    leader: Option<u32>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            locked(&self.beats.watched).remove(&leader);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn push<T>(notes: &mut VecDeque<T>, note: T) {
    notes.push_back(note);
    if notes.len() > MOST {
        notes.pop_front();
    }
}

impl Watched {
    fn look(&mut self, leader: u32, now: Instant) {
        for (thread, waited) in waits(leader) {
            let before = self.threads.insert(thread, waited).unwrap_or(0);
            self.total += waited.saturating_sub(before);
        }
        push(&mut self.notes, (now, self.total));
    }

    /// The longest wait within any window since `from`.
    fn longest(&self, from: Instant, window: Duration) -> Duration {
        let notes: Vec<_> = self.notes.iter().rev().take_while(|(at, _)| *at >= from).collect();
        // Backwards in time: the start of the window of each note.
        let mut start = 0;
        let mut longest = 0;
        for (end, (at, total)) in notes.iter().enumerate() {
            start = start.max(end);
            while start + 1 < notes.len() && at.duration_since(notes[start + 1].0) <= window {
                start += 1;
            }
            longest = longest.max(total.saturating_sub(notes[start].1));
        }
        Duration::from_nanos(longest)
    }
}

/// The threads of a process and of its descendants, and for how many nanoseconds each has waited for a processor: the second
/// number of `schedstat`. Nothing where the system does not say.
fn waits(leader: u32) -> Vec<(String, u64)> {
    let (mut processes, mut waits) = (vec![leader.to_string()], Vec::new());
    while let Some(process) = processes.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let folder = thread.path();
            let waited = fs::read_to_string(folder.join("schedstat")).ok();
            let waited = waited.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
            waits.extend(waited.map(|waited| (thread.file_name().to_string_lossy().into_owned(), waited)));
            if let Ok(children) = fs::read_to_string(folder.join("children")) {
                processes.extend(children.split_whitespace().map(str::to_owned));
            }
        }
    }
    waits
}
