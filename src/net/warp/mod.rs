//! Virtual time for programs that know nothing of it.
//!
//! A preloaded library (`preload/`) makes their clocks tell an instant that stands still, and their waits announce when
//! they end. [`Warp::drive`] leads a server and such a program through that time: while anything runs, or is on its way, the
//! instant stays; when all is quiet, it moves to the next thing that is due, a reply of the server or a wait of the program,
//! and that one alone happens. Ten minutes of waiting take milliseconds, and come out the same on a busy machine.
//!
//! What cannot be led so is told, not guessed: a program without the library, a wait that the kernel ends in real time, a
//! thread that never rests.

mod calls;
mod library;
mod page;
mod quiet;
mod tree;
mod wires;

use super::agenda::{Agenda, Watch};
use library::Library;
use page::{Due, Page, Slot};
use quiet::{Quiet, Unrest};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal, pidfd_getfd, pidfd_open};
use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tree::{Awake, Tree, signal};
use wires::Wires;

/// What virtual time needs and this system does not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// Memory to share.
    #[error("programs cannot share memory with this one: {0}")]
    Memory(io::Error),
    /// Filters for system calls.
    #[error("the kernel has no seccomp filters that stop system calls (SECCOMP_RET_TRAP)")]
    Seccomp,
    /// What `/proc` tells of threads.
    #[error("{file} cannot be read: {error}")]
    Threads {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// What the kernel tells of sockets.
    #[error("the kernel does not tell of sockets (inet_diag): {0}")]
    Sockets(io::Error),
}

/// Why time could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stuck {
    /// A thread did not come to rest.
    #[error("it did not come to rest within {} s of real time: it computes, or waits in a way that cannot be seen", .0.as_secs())]
    Busy(Duration),
    /// Somebody sleeps in real time.
    #[error("`{0}` sleeps in real time: it is linked statically, or waits in a way that is not led")]
    Leak(String),
    /// A process without the library.
    #[error("`{0}` runs without the preloaded library: it is linked statically, or its environment was cleared")]
    Stranger(String),
    /// Everybody waits, for nothing that will come.
    #[error("everything waits, and nothing will ever happen")]
    Still,
    /// A program could not be held.
    #[error("a program could not take the filter (error {0})")]
    Refused(u32),
    /// More waits at a time than there is room for.
    #[error("more than two thousand waits at a time")]
    Full,
    /// This machine failed.
    #[error("{0}")]
    Broken(String),
}

/// How much a drive took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Things that happened one after another.
    pub steps: u64,
    /// Times that it was looked whether all is quiet.
    pub looks: u64,
    /// Programs that lived in virtual time.
    pub programs: u32,
    /// Milliseconds that passed for clocks that were read again and again.
    pub spins: u64,
}

/// Virtual time for one server and one program; clones are the same.
#[derive(Debug, Clone)]
pub struct Warp {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    agenda: Arc<Agenda>,
    wires: Arc<Wires>,
    page: Page,
    library: Library,
    root: Mutex<Option<u32>>,
    seed: u64,
}

/// How long the program may run without coming to rest, in real time.
const CAP: Duration = Duration::from_secs(30);
/// How long a sleep in real time is watched before it is taken for one.
const LEAK: Duration = Duration::from_millis(20);
/// Pauses between looks.
const SHORTEST: Duration = Duration::from_micros(8);
const LONGEST: Duration = Duration::from_micros(400);
/// Turns of the runtime after which the server has done all that it can.
const TURNS: usize = 6;
/// After so long a time without rest, short waits for locks end early: some interpreters count on them while they compute.
const RESTLESS: Duration = Duration::from_millis(20);
const KICK: Duration = Duration::from_millis(10);

impl Warp {
    /// Time that stands at its beginning. `seed` decides what the program takes for chance, unless it is 0.
    ///
    /// # Errors
    ///
    /// See [`Missing`].
    pub fn new(seed: u64) -> Result<Self, Missing> {
        probe()?;
        let wires = Arc::new(Wires::new().map_err(Missing::Sockets)?);
        wires.can_ask().map_err(Missing::Sockets)?;
        let page = Page::new(seed).map_err(Missing::Memory)?;
        let library = Library::new(seed)?;
        let agenda = Agenda::new(Some(Arc::clone(&wires) as Arc<dyn Watch>));
        Ok(Self { shared: Arc::new(Shared { agenda, wires, page, library, root: Mutex::default(), seed }) })
    }

    /// The time itself, for a clock.
    #[must_use]
    pub fn agenda(&self) -> &Arc<Agenda> {
        &self.shared.agenda
    }

    /// What the program must find in its environment.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        self.shared.library.environment(self.shared.page.descriptor(), self.shared.seed)
    }

    /// Leads this process and all that it starts from now on.
    pub fn lead(&self, process: Option<u32>) {
        *self.shared.root.lock().unwrap_or_else(PoisonError::into_inner) = process;
    }

    /// Takes heed of what arrives there, such as what the program writes.
    pub fn watch(&self, source: impl AsFd) {
        self.shared.wires.watch(source);
    }

    /// Leads `subject`, which serves and starts a program, to its end. Only in a current-thread runtime, of which it takes
    /// hold: nothing else may be waited for there.
    ///
    /// # Errors
    ///
    /// See [`Stuck`].
    pub async fn drive<F: Future>(&self, subject: F) -> (Result<F::Output, Stuck>, Effort) {
        let mark = format!("{}={}", library::VARIABLE, self.shared.library.mark(self.shared.page.descriptor()));
        let tree = match Tree::new(mark) {
            Ok(tree) => tree,
            Err(error) => return (Err(error.into()), Effort::default()),
        };
        let mut driver = Driver {
            shared: &self.shared,
            tree,
            effort: Effort::default(),
            recent: None,
            leak: None,
            was_empty: false,
        };
        let result = driver.drive(subject).await;
        driver.tree.kill();
        let notes = self.shared.page.notes().unwrap_or_default();
        (result, Effort { programs: notes.attached, spins: notes.spins, ..driver.effort })
    }
}

/// Whether the system tells what must be known.
fn probe() -> Result<(), Missing> {
    let actions = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").unwrap_or_default();
    if !actions.split_whitespace().any(|action| action == "trap") {
        return Err(Missing::Seccomp);
    }
    for name in ["stat", "schedstat", "syscall", "children"] {
        let file = format!("/proc/thread-self/{name}");
        fs::read(&file).map_err(|error| Missing::Threads { file, error })?;
    }
    Ok(())
}

struct Driver<'w> {
    shared: &'w Shared,
    tree: Tree,
    effort: Effort,
    /// The thread that was woken last: while it runs, nothing else need be looked at.
    recent: Option<Awake>,
    /// Who sleeps in real time, and since when that is known.
    leak: Option<(String, Instant)>,
    /// At the last look nobody was there.
    was_empty: bool,
}

impl From<io::Error> for Stuck {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Driver<'_> {
    async fn drive<F: Future>(&mut self, subject: F) -> Result<F::Output, Stuck> {
        let mut subject = pin!(subject);
        let (mut rested, mut kicked, mut pause) = (Instant::now(), Instant::now(), SHORTEST);
        loop {
            // What has come is served before anything is looked at; what comes meanwhile rings again.
            let has_rung = self.shared.wires.has_rung(Duration::ZERO);
            for _ in 0..TURNS {
                tokio::select! {
                    biased;
                    output = &mut subject => return Ok(output),
                    () = tokio::task::yield_now() => {}
                }
            }
            if has_rung {
                (rested, pause) = (Instant::now(), SHORTEST);
            }
            let root = *self.shared.root.lock().unwrap_or_else(PoisonError::into_inner);
            self.tree.lead(root);
            match self.look()? {
                Quiet::Yes(sleepers) => {
                    self.step(&sleepers)?;
                    (rested, pause) = (Instant::now(), SHORTEST);
                    continue;
                }
                Quiet::No(Unrest::Empty) => continue,
                Quiet::No(Unrest::Running) => self.heed_notes()?,
                Quiet::No(Unrest::Leak(who)) => {
                    self.heed_notes()?;
                    self.note_leak(who)?;
                }
            }
            let restless = rested.elapsed();
            if restless > CAP {
                return Err(Stuck::Busy(CAP));
            }
            if restless > RESTLESS && kicked.elapsed() > KICK {
                kicked = Instant::now();
                self.kick()?;
            }
            if self.shared.wires.has_rung(pause) {
                (rested, pause) = (Instant::now(), SHORTEST);
            } else {
                pause = (pause * 3 / 2).min(LONGEST);
            }
            if self.recent.is_some() {
                thread::yield_now();
            }
        }
    }

    /// Whether a program has said that it cannot be held.
    fn heed_notes(&self) -> Result<(), Stuck> {
        let notes = self.shared.page.notes()?;
        match notes.refused {
            _ if notes.is_full => Err(Stuck::Full),
            0 => Ok(()),
            error => Err(Stuck::Refused(error)),
        }
    }

    fn note_leak(&mut self, who: String) -> Result<(), Stuck> {
        match &self.leak {
            Some((known, since)) if *known == who => {
                if since.elapsed() > LEAK {
                    return Err(Stuck::Leak(who));
                }
            }
            Some(_) | None => self.leak = Some((who, Instant::now())),
        }
        Ok(())
    }

    /// Moves time to the next thing that is due, and lets that happen.
    fn step(&mut self, sleepers: &[tree::Sleeper]) -> Result<(), Stuck> {
        self.leak = None;
        self.effort.steps += 1;
        let rank = |slot: &Slot| {
            sleepers.iter().position(|sleeper| match slot.due {
                Due::Wait => sleeper.tid == slot.tid,
                Due::Alarm | Due::Timer | Due::Descriptor(_) => sleeper.pid == slot.pid,
            })
        };
        let mut first: Option<((u64, usize, u64), Slot)> = None;
        let armed = self.shared.page.armed()?;
        for slot in &armed {
            let Some(place) = rank(slot) else {
                self.shared.page.free(slot)?;
                continue;
            };
            let is_outer = slot.due == Due::Wait
                && armed
                    .iter()
                    .any(|other| other.due == Due::Wait && other.tid == slot.tid && other.order > slot.order);
            let key = (slot.at, place, slot.order);
            if !slot.is_fired
                && !is_outer
                && slot.at < u64::MAX / 2
                && first.as_ref().is_none_or(|(least, _)| key < *least)
            {
                first = Some((key, *slot));
            }
        }
        let served = self.shared.agenda.next();
        match (served, first) {
            (None, None) => Err(Stuck::Still),
            (Some(at), other) if other.as_ref().is_none_or(|((due, ..), _)| at <= *due) => {
                self.shared.page.set_now(at.max(self.shared.agenda.now()))?;
                self.shared.agenda.release();
                self.recent = None;
                Ok(())
            }
            (_, Some((_, slot))) => {
                self.shared.agenda.advance(slot.at);
                self.shared.page.set_now(self.shared.agenda.now())?;
                self.wake(&slot)
            }
            (Some(_), None) => Ok(()),
        }
    }

    fn wake(&mut self, slot: &Slot) -> Result<(), Stuck> {
        let page = &self.shared.page;
        self.recent = None;
        match slot.due {
            Due::Wait => {
                page.fire(slot)?;
                signal(slot.tid, Signal::SYS);
                self.recent = Some(Awake { pid: slot.pid, tid: slot.tid });
            }
            Due::Alarm => {
                page.rearm(slot)?;
                signal(slot.pid, Signal::ALARM);
            }
            Due::Timer => {
                // The program itself sends the signal, with what it carries.
                if slot.interval > 0 {
                    page.rearm(slot)?;
                }
                page.fire(slot)?;
                signal(slot.tid, Signal::SYS);
            }
            Due::Descriptor(descriptor) => {
                page.rearm(slot)?;
                ring(slot.pid, descriptor)?;
            }
        }
        Ok(())
    }

    /// Ends short waits for locks although time stands still: somebody computes and is to be asked to let go.
    fn kick(&self) -> Result<(), Stuck> {
        let now = self.shared.agenda.now();
        let limit = now + KICK.as_nanos() as u64;
        for slot in self.shared.page.armed()? {
            if slot.due == Due::Wait && calls::is_futex(slot.call) && slot.at <= limit {
                self.shared.page.fire(&slot)?;
                signal(slot.tid, Signal::SYS);
            }
        }
        Ok(())
    }
}

/// Makes a timer of another process go off: at once, and once.
fn ring(pid: u32, descriptor: i32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let timer = pidfd_getfd(&process, descriptor, PidfdGetfdFlags::empty())?;
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let soon = Timespec { tv_sec: 0, tv_nsec: 1 };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: none, it_value: soon })?;
    let mut watched = [rustix::event::PollFd::new(&timer, rustix::event::PollFlags::IN)];
    rustix::event::poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 }))?;
    Ok(())
}
