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
mod missing;
mod page;
mod quiet;
mod rules;
mod start;
mod step;
mod thread;
mod tree;
mod wires;

use super::agenda::{Agenda, Watch};
use library::Library;
pub use missing::Missing;
use missing::probe;
use page::Page;
use quiet::{Quiet, Unrest};
use rules::Requirement;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::yield_now;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tree::{Awake, Tree};
use wires::Wires;

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
    #[error("a program could not take the filter (error {0}{room})", room = room(*.0))]
    Refused(u32),
    /// More waits at a time than there is room for.
    #[error("more than two thousand waits at a time")]
    Full,
    /// This machine failed.
    #[error("{0}")]
    Broken(String),
}

/// What there is no room for: filters are kept from program to program.
fn room(error: u32) -> &'static str {
    const ENOMEM: u32 = 12;
    if error == ENOMEM { ": more than 35 programs or so became one another by `exec`" } else { "" }
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
const LEAK: Duration = Duration::from_millis(200);
/// Pauses between looks.
const SHORTEST: Duration = Duration::from_micros(8);
const LONGEST: Duration = Duration::from_micros(400);
/// Turns of the runtime after which the server has done all that it can: a connection is accepted, read, served, …
const TURNS: usize = 6;
/// Tasks that a turn comes to; those of tokio's runtime are more by one.
const TASKS: usize = 60;
/// After so long a time without rest, waits for locks that are no longer than `KICK` end early: some interpreters count on
/// them while they compute.
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
        Requirement::Sockets.met().and_then(|()| wires.can_ask()).map_err(Missing::Sockets)?;
        let page = Requirement::Memory.met().and_then(|()| Page::new(seed)).map_err(Missing::Memory)?;
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
    fn environment(&self) -> Vec<(&'static str, OsString)> {
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
        let mut driver = match self.driver() {
            Ok(driver) => driver,
            Err(error) => return (Err(error.into()), Effort::default()),
        };
        let result = driver.drive(subject).await;
        driver.tree.kill();
        let notes = self.shared.page.notes().unwrap_or_default();
        (result, Effort { programs: notes.attached, spins: notes.spins, ..driver.effort })
    }

    fn driver(&self) -> io::Result<Driver<'_>> {
        let mark = format!("{}={}", library::VARIABLE, self.shared.library.mark(self.shared.page.descriptor()));
        Ok(Driver {
            shared: &self.shared,
            tree: Tree::new(mark)?,
            effort: Effort::default(),
            recent: None,
            leak: None,
            heard: None,
            again: BTreeSet::new(),
            cap: CAP,
        })
    }
}

struct Driver<'w> {
    shared: &'w Shared,
    tree: Tree,
    effort: Effort,
    /// The thread that was woken last: while it runs, nothing else need be looked at.
    recent: Option<Awake>,
    /// Who sleeps in real time, and since when that is known.
    leak: Option<(String, Instant)>,
    /// The process of whose end the server has heard.
    heard: Option<u32>,
    /// Waits whose end was told again.
    again: BTreeSet<u64>,
    cap: Duration,
}

/// Turns in which each task comes to its own as often as it takes.
fn turns() -> usize {
    if Requirement::Turns.is_met() { TURNS * (1 + Handle::current().metrics().num_alive_tasks() / TASKS) } else { 1 }
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
            // What has come is served before anything is looked at; what comes meanwhile rings again. That the server takes long,
            // or that somebody else's program is being started, is not held against this one.
            let from = Instant::now();
            let has_rung = self.shared.wires.has_rung(Duration::ZERO);
            for _ in 0..turns() {
                tokio::select! {
                    biased;
                    output = &mut subject => return Ok(output),
                    () = tokio::task::yield_now() => {}
                }
            }
            start::await_others();
            let served = from.elapsed();
            rested += served;
            kicked += served;
            if let Some((_, since)) = &mut self.leak {
                *since += served;
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
                Quiet::No(Unrest::News) => continue,
                Quiet::No(Unrest::Running) => self.heed_notes()?,
                Quiet::No(Unrest::Leak(who)) => {
                    self.heed_notes()?;
                    self.note_leak(who)?;
                }
            }
            let restless = rested.elapsed();
            if restless > self.cap {
                return Err(Stuck::Busy(self.cap));
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
                yield_now();
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::process::Command;

    /// Promise: the time that a server takes is not held against the program that waits for it.
    #[tokio::test]
    async fn a_server_that_takes_long_is_no_unrest() {
        let warp = Warp::new(1).expect("what virtual time needs");
        let mut driver = warp.driver().expect("this process");
        driver.cap = Duration::from_millis(500);
        let echoed = driver.drive(async {
            let mut command = Command::new("cat");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
            let mut child = warp.start(&mut command).expect("it starts");
            warp.lead(child.id());
            let (mut input, mut output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
            warp.watch(&output);
            let mut echoed = [0; 3];
            for byte in &mut echoed {
                std::thread::sleep(Duration::from_millis(700));
                input.write_all(b"x").await.expect("it reads");
                *byte = output.read_u8().await.expect("it writes");
            }
            echoed
        });
        assert_eq!(echoed.await, Ok(*b"xxx"));
    }
}
