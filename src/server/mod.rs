//! A mock of the APIXO server: accepts tasks, finishes them when their keyed truth says, and misbehaves as told.
//!
//! It shares its truth with the simulator: the same models, faults, seed and task index give the same life, the same
//! round trips and the same faults, because both ask [`Link`](crate::world::exchange::Link) what becomes of a request.
//! [`Server::router`] is the axum application, [`Server::serve`] puts it behind bounded connections that can be reset.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use pollbench::net::{clock::Clock, stream::Listener};
//! use pollbench::server::{Server, Settings, World};
//! use pollbench::time::Micros;
//! use pollbench::world::distribution::Distribution;
//! use pollbench::world::model::Model;
//!
//! let world = World::calm(vec![Model::plain("nano-banana", Distribution::constant(Micros::from_secs(12)))], 42);
//! let server = Server::new(world, Settings::new(Clock::started(1.0)));
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
//! let stop = async {}; // at once, in this example
//! server.serve(Listener::Tcp(listener), stop).await;
//! # });
//! ```

mod admin;
mod connection;
mod created;
mod handle;
mod id;
mod journal;
mod listen;
mod metrics;
mod respond;
mod results;
mod route;
mod schemas;
mod state;
mod status;
mod stub;
mod submit;
mod webhook;
mod workers;

pub use created::Created;
pub use journal::{Entry, Journal};
pub use stub::{InvalidStub, Stub, StubReply};

use crate::net::clock::Clock;
use crate::net::stream::{Listener, Network as Connections};
use crate::time::Micros;
use crate::world::fault::FaultRule;
use crate::world::model::Model;
use crate::world::network::Network;
use axum::Router;
use serde_json::Value;
use state::State;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the server plays: its models, and what goes wrong.
#[derive(Debug, Clone)]
pub struct World {
    /// Models by name.
    pub models: Vec<Model>,
    /// Faults, weather and rate limits.
    pub faults: Arc<[FaultRule]>,
    /// How long exchanges travel; the server imposes it.
    pub network: Arc<Network>,
    /// Key of all randomness.
    pub seed: u64,
    /// Replicate, which is part of the key.
    pub replicate: u32,
}

impl World {
    /// `models` without faults and without travel times.
    #[must_use]
    pub fn calm(models: Vec<Model>, seed: u64) -> Self {
        Self { models, faults: Arc::default(), network: Arc::new(Network::none()), seed, replicate: 0 }
    }
}

/// Who may use the control plane under `/__admin`.
#[derive(Clone, PartialEq, Eq)]
pub enum AdminAccess {
    /// Everybody: for servers that only this machine reaches.
    Open,
    /// Who sends this token, as `Authorization: Bearer` or `X-Admin-Token`.
    Token(String),
    /// Nobody.
    Off,
}

impl fmt::Debug for AdminAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Token(_) => "Token(***)",
            Self::Off => "Off",
        })
    }
}

/// Reads and writes fault rules as JSON. The rules' grammar is that of scenario files, which this floor does not know.
pub trait FaultCodec: Send + Sync {
    /// The rules in `json`, for a server with these models.
    ///
    /// # Errors
    ///
    /// What is wrong, for the caller of the control plane.
    fn parse(&self, json: &Value, models: &[String]) -> Result<Vec<FaultRule>, String>;

    /// The rules as [`parse`](Self::parse) reads them.
    fn render(&self, rules: &[FaultRule]) -> Value;
}

/// How the server runs. Start from [`Settings::new`] and change what you need.
#[derive(Clone)]
pub struct Settings {
    /// Scenario time.
    pub clock: Clock,
    /// Keys that are accepted; any that is not empty where there are none.
    pub keys: Vec<String>,
    /// Start of result URLs; `http://` and the request's `Host` unless told.
    pub public_base: Option<String>,
    /// The network that webhooks go out on.
    pub network: Connections,
    /// Hosts that webhooks may go to beside loopback.
    pub webhook_hosts: Vec<String>,
    /// Tasks that are kept; more are refused with 503.
    pub most_tasks: usize,
    /// Connections at a time; more are refused with 503.
    pub most_connections: usize,
    /// Journal entries that are kept; the oldest go first.
    pub journal: usize,
    /// How long a request's head and then its body may take, in real time, and how long a connection may idle; slower
    /// ones are closed, bodies after a 408.
    pub patience: Duration,
    /// Longest request body in bytes; longer ones are refused with 413.
    pub most_body: usize,
    /// Balance of every key at the start, in US dollars.
    pub balance_usd: f64,
    /// Price of a task, in US dollars.
    pub price_usd: f64,
    /// Who may use the control plane.
    pub admin: AdminAccess,
    /// Reads and writes fault rules for the control plane.
    pub fault_codec: Option<Arc<dyn FaultCodec>>,
}

impl Settings {
    /// Bounded, for this machine only, without prices.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            keys: Vec::new(),
            public_base: None,
            network: Connections::Tcp,
            webhook_hosts: Vec::new(),
            most_tasks: 1_000_000,
            most_connections: 16_384,
            journal: 100_000,
            patience: Duration::from_secs(30),
            most_body: 1 << 20,
            balance_usd: 100.0,
            price_usd: 0.0,
            admin: AdminAccess::Open,
            fault_codec: None,
        }
    }
}

/// The mock; clones are the same server.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
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

    /// The application, for tests without connections. Connection faults need [`serve`](Self::serve); here they answer
    /// HTTP 500.
    pub fn router(&self) -> Router {
        let server = self.clone();
        Router::new().fallback(move |request| async move { handle::handle(&server, request).await })
    }

    /// Serves connections until `stop` is there; then lets requests in flight end, for at most five seconds.
    pub async fn serve(&self, listener: Listener, stop: impl Future<Output = ()> + Send) {
        listen::listen(self, listener, stop).await;
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

    fn clock(&self) -> &Clock {
        &self.shared.settings.clock
    }

    fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, entry: Entry) {
        if self.shared.settings.journal > 0 {
            self.shared.journal().push(entry);
        }
    }
}

impl Shared {
    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
