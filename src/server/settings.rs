//! What a server is told before it starts: its world, its limits, who may control it.

use crate::net::clock::Clock;
use crate::net::signature::WebhookSecret;
use crate::net::stream::Transport as Connections;
use crate::server::webhook_map::WebhookMap;
use crate::world::fault::FaultRules;
use crate::world::model::Model;
use crate::world::network::Network;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What the server plays: its models, and what goes wrong.
#[derive(Debug, Clone)]
pub struct World {
    /// Models by name.
    pub models: Vec<Model>,
    /// What stands for a model of any other name, if anything does.
    pub other: Option<Model>,
    /// Faults, weather and rate limits.
    pub faults: FaultRules,
    /// How long exchanges travel; the server imposes it.
    pub network: Arc<Network>,
    /// Random seed.
    pub seed: u64,
    /// Replicate, which is part of the key.
    pub replicate: u32,
}

impl World {
    /// `models` without faults and without travel times.
    #[must_use]
    pub fn calm(models: Vec<Model>, seed: u64) -> Self {
        Self {
            models,
            other: None,
            faults: FaultRules::default(),
            network: Arc::new(Network::none()),
            seed,
            replicate: 0,
        }
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
    fn parse(&self, json: &Value, models: &[String]) -> Result<FaultRules, String>;

    /// The rules as [`parse`](Self::parse) reads them.
    fn render(&self, rules: &FaultRules) -> Value;
}

/// How the server runs. Start from [`Settings::new`] and change what you need.
#[derive(Clone)]
pub struct Settings {
    /// Scenario time.
    pub clock: Clock,
    /// Keys that are accepted; any that is not empty where there are none.
    pub keys: Vec<String>,
    /// Start of result URLs; `http://` and the request's `Host` by default.
    pub public_base: Option<String>,
    /// The network that webhooks go out on.
    pub network: Connections,
    /// Where webhooks for public addresses go instead.
    pub webhook_map: Vec<WebhookMap>,
    /// Hosts that webhooks may go to beside loopback.
    pub webhook_hosts: Vec<String>,
    /// What webhooks of batches are signed with.
    pub webhook_secret: WebhookSecret,
    /// Maximum number of tasks; further submits are refused with 503.
    pub most_tasks: usize,
    /// Maximum number of connections; more are refused with 503.
    pub most_connections: usize,
    /// Journal entries that are kept; the oldest go first.
    pub journal: usize,
    /// How long a request's head and then its body may take, in real time, and how long a connection may idle; slower
    /// ones are closed, bodies after a 408.
    pub patience: Duration,
    /// Longest request body in bytes, 16 MiB by default, since images travel inline; longer ones are refused with 413.
    pub most_body: usize,
    /// Balance of every key at the start, in US dollars.
    pub balance_usd: f64,
    /// Price of a task, in US dollars.
    pub price_usd: f64,
    /// Who may use the control plane.
    pub admin: AdminAccess,
    /// Tasks' ids are of this generation, and of the next after a reset: servers of other generations have other ids.
    pub generation: u32,
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
            webhook_map: Vec::new(),
            webhook_hosts: Vec::new(),
            webhook_secret: WebhookSecret::of_the_mock(),
            most_tasks: 1_000_000,
            most_connections: 16_384,
            journal: 100_000,
            patience: Duration::from_secs(30),
            most_body: 16 << 20,
            balance_usd: 100.0,
            price_usd: 0.0,
            admin: AdminAccess::Open,
            generation: 0,
            fault_codec: None,
        }
    }
}
