//! The mock as its owner holds it: what outlives a reset.

use crate::net::clock::Clock;
use crate::server::created::Created;
use crate::server::journal::JournalEntry;
use crate::server::run::Run;
use crate::server::settings::{Settings, World};
use crate::server::stub::{InvalidStub, Stub};
use crate::server::webhook::{self, Delivery};
use crate::time::Micros;
use crate::world::capacity::Load;
use crate::world::fault::FaultRules;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Generations of ids before they come again.
const GENERATIONS: u32 = 1 << 24;

/// The mock; clones are the same server.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Arc<Settings>,
    /// What a reset brings back.
    world: World,
    /// The run, and its generation.
    run: RwLock<(Arc<Run>, u32)>,
    /// Moves when other faults apply.
    weather: watch::Sender<u64>,
    /// Connections that are open.
    connections: AtomicUsize,
    /// Room for pages that watch.
    watchers: Arc<Semaphore>,
}

/// Pages that may watch at a time.
const MOST_WATCHERS: usize = 16;

/// A connection that is open.
pub(super) struct Connected(Arc<Shared>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// A server that plays `world`.
    #[must_use]
    pub fn new(world: World, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let generation = settings.generation % GENERATIONS;
        let run = Arc::new(Run::new(&world, &settings, settings.clock.clone(), generation));
        let weather = watch::Sender::new(0);
        let (connections, watchers) = (AtomicUsize::new(0), Arc::new(Semaphore::new(MOST_WATCHERS)));
        let run = RwLock::new((run, generation));
        Self { shared: Arc::new(Shared { settings, world, run, weather, connections, watchers }) }
    }

    /// The task of `model` with the keyed number `index`, if it exists; of several creations the one called `id`, or the last.
    #[must_use]
    pub fn created(&self, model: &str, index: u64, id: Option<&str>) -> Option<Created> {
        let run = self.run();
        let now = run.clock().now();
        run.state().created(model, index, id, now)
    }

    /// No more tasks come: fixes the fate of those that still wait for a worker.
    pub fn close_intake(&self) {
        self.run().state().advance_workers(Micros::NEVER);
    }

    /// By model, in the order of the world: what its finite workers did so far.
    #[must_use]
    pub fn loads(&self) -> Vec<Load> {
        self.run().state().loads()
    }

    /// How many requests each rule struck. Connections that are refused because nobody listens reach no server, and do
    /// not count here.
    #[must_use]
    pub fn fired(&self) -> Vec<u64> {
        self.run().state().fired.clone()
    }

    /// What was asked so far, answered or not, as far as it is kept; in the order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.with_journal(|entries| entries.cloned().collect())
    }

    /// What `read` makes of the journal, which is not copied for it.
    pub fn with_journal<T>(&self, read: impl FnOnce(&mut dyn Iterator<Item = &JournalEntry>) -> T) -> T {
        let run = self.run();
        let journal = run.journal();
        read(&mut journal.entries())
    }

    /// Whether a request is not over, as far as requests are kept: it is being served, or it hangs and its client is still there.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        let is_open = |entry: &JournalEntry| entry.ended_ms.is_none() && matches!(entry.route, "status" | "submit");
        self.with_journal(|mut entries| Iterator::any(&mut entries, is_open))
    }

    /// Fixes the next submitted task of the stub's model.
    ///
    /// # Errors
    ///
    /// See [`InvalidStub`].
    pub fn stub(&self, stub: Stub) -> Result<(), InvalidStub> {
        self.run().state().stub(stub, 0)
    }

    /// Makes the stub's task at once, as if it had been submitted and accepted at this instant: its id.
    ///
    /// # Errors
    ///
    /// See [`InvalidStub`].
    pub fn place(&self, stub: Stub) -> Result<String, InvalidStub> {
        let run = self.run();
        let now = run.clock().now();
        run.state().place(stub, now)
    }

    /// Lets the server tell of the end of a task at `url`, as if that had been its `callback_url` from the start.
    ///
    /// # Errors
    ///
    /// There is no such task, or webhooks do not go there: what is wrong, for people.
    pub fn call_back(&self, task: &str, url: &str) -> Result<(), String> {
        webhook::check(self.settings(), url)?;
        let run = self.run();
        let slot = run.state().slot(task).ok_or_else(|| format!("there is no task `{task}`"))?;
        let base = self.settings().public_base.clone().unwrap_or_default();
        webhook::schedule(&run, Delivery { slot, id: task.to_owned(), url: url.to_owned(), base, item: None });
        Ok(())
    }

    /// Replaces the faults, until they are replaced again or the server is reset.
    pub fn set_faults(&self, faults: FaultRules) {
        self.run().state().set_faults(faults);
        self.shared.weather.send_modify(|changes| *changes += 1);
    }

    /// Brings back the start: no tasks, stubs, journal or counts, the faults that it started with, scenario time zero.
    ///
    /// Nothing that was under way is seen afterwards: requests that are being served are answered with 503 or not at
    /// all, submits that are on their way make no task, webhooks are not delivered.
    pub fn reset(&self) {
        let ended = {
            let mut run = self.shared.run.write().unwrap_or_else(PoisonError::into_inner);
            let generation = (run.1 + 1) % GENERATIONS;
            let Shared { world, settings, .. } = &*self.shared;
            let next = Run::new(world, settings, settings.clock.restarted(), generation);
            std::mem::replace(&mut *run, (Arc::new(next), generation)).0
        };
        ended.end();
        self.shared.weather.send_modify(|changes| *changes += 1);
    }

    /// The run of this moment.
    pub(super) fn run(&self) -> Arc<Run> {
        Arc::clone(&self.shared.run.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// One more connection is open, until what is returned is dropped.
    pub(super) fn connected(&self) -> Connected {
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        Connected(Arc::clone(&self.shared))
    }

    /// Connections that are open.
    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Room for one more page that watches; `None` where too many do.
    pub(super) fn watcher(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.watchers).try_acquire_owned().ok()
    }

    pub(super) fn clock(&self) -> Clock {
        self.run().clock().clone()
    }

    /// Tells of every change of the faults.
    pub(super) fn weather(&self) -> watch::Receiver<u64> {
        self.shared.weather.subscribe()
    }
}
