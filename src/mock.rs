//! A mock APIXO server for tests: on a port of its own, with a fixed seed, stopped when it is dropped.
//!
//! ```
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! use pollbench::mock::MockApixo;
//! use pollbench::server::Stub;
//! use pollbench::time::Micros;
//! use pollbench::world::fault::Fault;
//!
//! // A hundred scenario seconds per real one, so that tests do not wait.
//! let mock = MockApixo::builder().time_scale(100.0).start().await?;
//! mock.stub(Stub::success("flux-2", Micros::from_secs(12)).reply(0, Fault::Reset))?;
//! // … point the client under test at `mock.base_url()`, with any key, and look at what it did:
//! assert_eq!(mock.requests().route("status").count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

use crate::net::clock::Clock;
use crate::net::stream::Listener;
use crate::scenario::Scenario;
use crate::scenario::error::ScenarioError;
use crate::scenario::rules;
use crate::scenario::shipped::Shipped;
use crate::server::{Entry, FaultCodec, InvalidStub, Server, Settings, Stub, World};
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::fault::FaultRules;
use crate::world::model::{Model, Probability};
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Reads and writes fault rules by the grammar of scenario files.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScenarioRules;

impl FaultCodec for ScenarioRules {
    fn parse(&self, json: &Value, models: &[String]) -> Result<FaultRules, String> {
        rules::from_json(json, models).map_err(|error| error.to_string())
    }

    fn render(&self, rules: &FaultRules) -> Value {
        rules::to_json(rules)
    }
}

/// What a server that plays `scenario` needs of it.
#[must_use]
pub fn world(scenario: &Scenario) -> World {
    World {
        models: scenario.models.clone(),
        other: scenario.other.clone(),
        faults: scenario.faults.clone(),
        network: Arc::clone(&scenario.network),
        seed: scenario.seed,
        replicate: 0,
    }
}

/// The models of the scenario `documented`, none of whose tasks fails or gets stuck, without travel times or faults.
/// Tasks of any other model take as long as those of `gpt-image-1`, which has the guide's default settings.
///
/// # Errors
///
/// Never in a released version: tests read the scenario.
pub fn calm_world() -> Result<World, ScenarioError> {
    let mut models = Vec::new();
    let mut seed = 0;
    if let Some(shipped) = Shipped::named("documented") {
        let scenario = shipped.scenario()?;
        (models, seed) = (scenario.models, scenario.seed);
    }
    for model in &mut models {
        (model.failure, model.stuck) = (None, Probability::ZERO);
    }
    let other = models.iter().find(|model| model.name == TYPICAL).cloned();
    Ok(World { other, ..World::calm(models, seed) })
}

/// The model whose times stand for those of any model that has none: it has the guide's default settings.
const TYPICAL: &str = "gpt-image-1";

/// Why a mock did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The scenario cannot be used.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// No port could be had.
    #[error("cannot listen on a port of this machine: {0}")]
    Listen(#[from] io::Error),
}

/// A running mock; dropping it stops it.
#[derive(Debug)]
pub struct MockApixo {
    server: Server,
    address: SocketAddr,
    /// Dropped with the mock, which the server takes as the sign to stop.
    _stop: oneshot::Sender<()>,
}

/// Settings of a [`MockApixo`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct MockBuilder {
    scenario: Option<Scenario>,
    models: Vec<Model>,
    takes_any: bool,
    faults: Option<FaultRules>,
    seed: Option<u64>,
    keys: Vec<String>,
    scale: f64,
}

impl MockApixo {
    /// A mock of the guide's models without faults, in real time, for any key.
    pub fn builder() -> MockBuilder {
        MockBuilder {
            scenario: None,
            models: Vec::new(),
            takes_any: false,
            faults: None,
            seed: None,
            keys: Vec::new(),
            scale: 1.0,
        }
    }

    /// Where it is, without a path: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Fixes the next submitted task of the stub's model.
    ///
    /// # Errors
    ///
    /// See [`InvalidStub`].
    pub fn stub(&self, stub: Stub) -> Result<(), InvalidStub> {
        self.server.stub(stub)
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: FaultRules) {
        self.server.set_faults(faults);
    }

    /// What was asked so far, for further questions.
    #[must_use]
    pub fn requests(&self) -> Requests {
        Requests(self.server.journal())
    }

    /// Forgets tasks, stubs and requests.
    pub fn reset(&self) {
        self.server.reset();
    }

    /// The server itself.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }
}

impl MockBuilder {
    /// Plays the models, faults, network and seed of a scenario.
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = Some(scenario);
        self
    }

    /// Adds a model whose tasks all succeed after a time of this law; the guide's models are then left out.
    pub fn model(mut self, name: &str, completion: Distribution) -> Self {
        self.models.push(Model::plain(name, completion));
        self
    }

    /// Takes tasks of any model, those of other names with typical times. Without it, as in a scenario without
    /// `[models."*"]`, an unknown model is 404.
    pub fn any_model(mut self) -> Self {
        self.takes_any = true;
        self
    }

    /// Faults instead of the scenario's.
    pub fn faults(mut self, faults: FaultRules) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Key of all randomness.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A key that is accepted; without one, any is.
    pub fn key(mut self, key: &str) -> Self {
        self.keys.push(key.to_owned());
        self
    }

    /// Scenario seconds per real second, 1 unless told.
    pub fn time_scale(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// Starts it on a free port. Must run inside a tokio runtime, and stops with that at the latest.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn start(self) -> Result<MockApixo, StartError> {
        let mut world = match &self.scenario {
            Some(scenario) => world(scenario),
            None => calm_world()?,
        };
        if !self.models.is_empty() {
            world.models = self.models;
        }
        if self.scenario.is_none() && !self.takes_any {
            world.other = None;
        }
        world.faults = self.faults.unwrap_or(world.faults);
        world.seed = self.seed.unwrap_or(world.seed);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let settings = Settings {
            keys: self.keys,
            fault_codec: Some(Arc::new(ScenarioRules)),
            ..Settings::new(Clock::started(self.scale))
        };
        let server = Server::new(world, settings);
        let (stop, stopped) = oneshot::channel();
        let serving = server.clone();
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            serving.serve(Listener::Tcp(listener), stopped).await;
        });
        Ok(MockApixo { server, address, _stop: stop })
    }
}

/// Requests that a mock saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests(Vec<Entry>);

impl Requests {
    /// Those on a route: `submit`, `status`, `balance`, `result`, `schema`, `webhook`, `other`.
    #[must_use]
    pub fn route(mut self, route: &str) -> Self {
        self.0.retain(|entry| entry.route == route);
        self
    }

    /// Those for a task.
    #[must_use]
    pub fn task(mut self, id: &str) -> Self {
        self.0.retain(|entry| entry.task.as_deref() == Some(id));
        self
    }

    /// Those that a fault struck.
    #[must_use]
    pub fn faulty(mut self) -> Self {
        self.0.retain(|entry| entry.fault.is_some());
        self
    }

    /// Those without an HTTP answer: reset, stalled, still being served, or left by their client.
    #[must_use]
    pub fn unanswered(mut self) -> Self {
        self.0.retain(|entry| entry.unanswered.is_some());
        self
    }

    /// Those that came at `from` or later and before `to`, in scenario time since the start or the last reset.
    #[must_use]
    pub fn between(mut self, from: Micros, to: Micros) -> Self {
        self.0.retain(|entry| (from.as_millis()..to.as_millis()).contains(&entry.at_ms));
        self
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The requests, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }
}
