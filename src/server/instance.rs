//! One mock: what its routes, its connections and its control plane share.

use crate::net::clock::Clock;
use crate::server::created::Created;
use crate::server::journal::{Entry, Journal};
use crate::server::settings::{Settings, World};
use crate::server::state::State;
use crate::server::stub::{InvalidStub, Stub};
use crate::time::Micros;
use crate::world::fault::FaultRule;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The mock; clones are the same server.
#[derive(Clone)]
pub struct Server {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    settings: Settings,
    state: Mutex<State>,
    journal: Mutex<Journal>,
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
        let journal = Mutex::new(Journal::new(settings.journal));
        Self { shared: Arc::new(Shared { state: Mutex::new(State::new(world)), journal, settings }) }
    }

    /// The task of `model` with the keyed number `index`, if it exists; of several creations the last.
    #[must_use]
    pub fn created(&self, model: &str, index: u64) -> Option<Created> {
        let now = self.clock().now();
        self.state().created(model, index, now)
    }

    /// No more tasks come: fixes the fate of those that still wait for a worker.
    pub fn close_intake(&self) {
        self.state().advance_workers(Micros::NEVER);
    }

    /// How often each rule struck.
    #[must_use]
    pub fn fired(&self) -> Vec<u64> {
        self.state().fired.clone()
    }

    /// What was asked and answered, as far as it is kept.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.journal().entries().cloned().collect()
    }

    /// Fixes the next submitted task of the stub's model.
    ///
    /// # Errors
    ///
    /// See [`InvalidStub`].
    pub fn stub(&self, stub: Stub) -> Result<(), InvalidStub> {
        self.state().stub(stub)
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: impl Into<Arc<[FaultRule]>>) {
        self.state().set_faults(faults.into());
    }

    /// Forgets tasks, stubs and journal; the models' tasks start from the first again.
    pub fn reset(&self) {
        self.state().reset();
        self.shared.journal().clear();
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.settings.clock
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, entry: Entry) {
        if self.shared.settings.journal > 0 {
            self.shared.journal().push(entry);
        }
    }
}

impl Shared {
    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
