//! A program that takes a stream, in virtual time: each of its processes lives in a time of its own, on a thread that leads it.
//!
//! Within a time nothing may wait for what others do, or its instants would depend on them. So cases are handed out many at once,
//! to each process its share, and a time stands still until its process has got the next ones.

use super::led;
use super::lines::Limits;
use super::stream::Stream;
use super::time::Time;
use crate::check::{Case, Conduct, History, Subject};
use crate::cli::console::Failure;
use crate::net::warp::Stuck;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{Scope, ScopedJoinHandle};
use tokio::sync::oneshot;

/// Cases that a process is asked to wait for at a time.
pub(super) const AT_A_TIME: usize = 16;

/// The processes.
pub(super) struct Lanes<'s> {
    lanes: Vec<Lane<'s>>,
    /// What the first of them can do.
    pub(super) abilities: Abilities,
    last: Mutex<Last>,
    /// Held while one case is played.
    one: tokio::sync::Mutex<()>,
}

/// The cases that were played last among many, and the process that played the last one alone.
#[derive(Default)]
struct Last {
    cases: Vec<Case>,
    lane: usize,
}

/// What a program says it can do, as far as cases depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// Tasks of a case.
    pub(super) many: usize,
    pub(super) submits: bool,
}

struct Lane<'s> {
    shares: mpsc::Sender<Share>,
    thread: ScopedJoinHandle<'s, Ended>,
}

/// Cases for one process, and where their histories go.
struct Share {
    cases: Vec<Case>,
    played: oneshot::Sender<Vec<History>>,
}

/// What is wrong with how a process ended, or why its time could not go on.
type Ended = Result<Option<String>, Stuck>;

impl<'s> Lanes<'s> {
    /// Starts the program so many times.
    pub(super) async fn start<'e>(
        scope: &'s Scope<'s, 'e>,
        command: &'e [String],
        limits: Limits,
        seed: u64,
        count: usize,
    ) -> Result<Self, Failure> {
        let (mut lanes, mut hellos) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (warp, runtime) = (led::warp(seed)?, led::runtime().map_err(|error| super::cannot_start(&error))?);
            let (shares, to_play) = mpsc::channel::<Share>();
            let (said, hello) = oneshot::channel();
            let thread = scope.spawn(move || {
                let playing = async {
                    let program = Stream::start(command, Time::led(&warp), limits).await;
                    let _ = said.send(Abilities { many: program.many(), submits: program.submits() });
                    while let Ok(share) = to_play.recv() {
                        let trials = futures_util::stream::iter(&share.cases).map(|case| program.play(case));
                        let _ = share.played.send(trials.buffered(AT_A_TIME).collect().await);
                    }
                    program.finish().await
                };
                let (ended, _) = runtime.block_on(warp.drive(playing));
                runtime.shutdown_background();
                ended
            });
            lanes.push(Lane { shares, thread });
            hellos.push(hello);
        }
        // Whoever could not be led has said nothing, and is told of at the end.
        let abilities: Vec<_> = join_all(hellos).await;
        let few = Abilities { many: 1, submits: false };
        let abilities = abilities.into_iter().next().and_then(Result::ok).unwrap_or(few);
        Ok(Self { lanes, abilities, last: Mutex::default(), one: tokio::sync::Mutex::default() })
    }

    /// Ends all of them: what is wrong with how one ended.
    pub(super) fn finish(self) -> Ended {
        let (shares, threads): (Vec<_>, Vec<_>) = self.lanes.into_iter().map(|lane| (lane.shares, lane.thread)).unzip();
        drop(shares);
        let ended =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        // All are waited for, whatever is wrong with one.
        let ended: Vec<Ended> = ended.collect();
        let partings: Vec<Option<String>> = ended.into_iter().collect::<Result<_, _>>()?;
        Ok(partings.into_iter().flatten().next())
    }

    /// Hands a share to one of them: its histories.
    async fn played(&self, lane: usize, cases: Vec<Case>) -> Vec<History> {
        let (played, histories) = oneshot::channel();
        let count = cases.len();
        let _ = self.lanes[lane].shares.send(Share { cases, played });
        let is_over =
            || History { conduct: Conduct::NotRun("its time could not go on".to_owned()), ..History::default() };
        histories.await.unwrap_or_else(|_| std::iter::repeat_with(is_over).take(count).collect())
    }
}

impl Subject for Lanes<'_> {
    /// By the process that played this case among many, or else by the one that played a case last: what one of them showed is
    /// confirmed and shrunk there. One at a time, so that the order does not depend on when they are done.
    async fn play(&self, case: &Case) -> History {
        let _turn = self.one.lock().await;
        let lane = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = last.cases.iter().position(|known| known == case) {
                last.lane = at % self.lanes.len();
            }
            last.lane
        };
        self.played(lane, vec![case.clone()]).await.remove(0)
    }

    async fn play_all(&self, cases: &[Case], _: usize) -> Vec<History> {
        let count = self.lanes.len();
        let share = |lane: usize| self.played(lane, cases.iter().skip(lane).step_by(count).cloned().collect());
        let mut played: Vec<_> = join_all((0..count).map(share)).await.into_iter().map(Vec::into_iter).collect();
        self.last.lock().unwrap_or_else(PoisonError::into_inner).cases = cases.to_vec();
        (0..cases.len()).filter_map(|at| played[at % count].next()).collect()
    }
}
