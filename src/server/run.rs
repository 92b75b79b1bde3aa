//! What the mock knows and does between its start, or a reset, and the next reset.
//!
//! Whatever is under way holds the run that it began in, and can reach no other: so a reset has nothing to clean up, and
//! nothing from before it is seen after it.

use crate::net::clock::Clock;
use crate::server::journal::{Journal, JournalEntry};
use crate::server::settings::{Settings, World};
use crate::server::state::State;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub(super) struct Run {
    settings: Arc<Settings>,
    clock: Clock,
    state: Mutex<State>,
    journal: Mutex<Journal>,
    /// Requests that are being served.
    open: AtomicUsize,
    /// Room for requests that arrive whether or not their senders still listen.
    transit: Arc<Semaphore>,
    /// Room for bodies, in bytes.
    bodies: Arc<Semaphore>,
    is_over: watch::Sender<bool>,
}

/// Bytes of all bodies that are being read or are waiting for their answers.
const MOST_BODIES: usize = 512 << 20;

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

/// A request's line in the journal; none where nothing is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line(Option<u64>);

impl Line {
    pub(super) const NONE: Self = Self(None);
}

impl Run {
    /// Generations tell the ids of one run from those of another.
    pub(super) fn new(world: &World, settings: &Arc<Settings>, clock: Clock, generation: u32) -> Self {
        Self {
            state: Mutex::new(State::new(world.clone(), generation)),
            journal: Mutex::new(Journal::new(settings.journal)),
            open: AtomicUsize::new(0),
            transit: Arc::new(Semaphore::new(settings.most_connections.min(Semaphore::MAX_PERMITS))),
            bodies: Arc::new(Semaphore::new(MOST_BODIES.max(settings.most_body).min(Semaphore::MAX_PERMITS))),
            is_over: watch::Sender::new(false),
            settings: Arc::clone(settings),
            clock,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line of the journal.
    pub(super) fn note(&self, entry: impl FnOnce() -> JournalEntry) -> Line {
        if self.settings.journal == 0 {
            return Line::NONE;
        }
        let entry = entry();
        Line(Some(self.journal().push(entry)))
    }

    /// Changes a line of the journal, if it is still there.
    pub(super) fn amend(&self, line: Line, change: impl FnOnce(&mut JournalEntry)) {
        let Line(Some(index)) = line else { return };
        if let Some(entry) = self.journal().entry_mut(index) {
            change(entry);
        }
    }

    /// What becomes of a request: one that is on its way arrives, and takes its token, whether or not its sender still listens.
    /// `None` where too many are on their way.
    pub(super) async fn carried<T: Send + 'static>(
        &self,
        is_on_its_way: bool,
        arriving: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        if !is_on_its_way {
            return Some(arriving.await);
        }
        let place = self.transit()?;
        let arriving = async move {
            let arrived = arriving.await;
            drop(place);
            arrived
        };
        tokio::spawn(arriving).await.ok()
    }

    /// Room for one request on its way; `None` where too many are.
    fn transit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.transit).try_acquire_owned().ok()
    }

    /// Room for some bytes of a body; `None` where all is taken.
    pub(super) fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.bodies).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
    }

    /// One more request is being served.
    pub(super) fn enter(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// One request less is.
    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Requests that are being served.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A reset has come.
    pub(super) fn end(&self) {
        self.is_over.send_replace(true);
    }

    pub(super) fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }

    /// Waits for the reset that ends it.
    pub(super) async fn over(&self) {
        // The sender lives as long as `self`, so there is no other end.
        let _ = self.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }
}
