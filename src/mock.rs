//! A mock APIXO server for tests: on a port of its own, with a fixed seed, stopped when it is dropped.
//!
//! ```
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! use pollbench::mock::MockApixo;
//! use pollbench::server::Stub;
//! use pollbench::time::Micros;
//! use pollbench::world::fault::{Fault, Kind};
//!
//! // A hundred scenario seconds per real one, so that tests do not wait.
//! let mock = MockApixo::builder().time_scale(100.0).start().await?;
//! mock.stub(Stub::success("flux-2", Micros::from_secs(12)).reply(0, Fault::of(Kind::Reset)))?;
//! // … point the client under test at `mock.base_url()`, with any key, and look at what it did:
//! assert_eq!(mock.requests().route("status").count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! # Minutes in microseconds
//!
//! A poller that sleeps with tokio needs no time scale: on a paused runtime, with the mock in memory, its minutes take
//! microseconds and end at the same instants every time. `#[tokio::test(start_paused = true)]` gives such a runtime.
//!
//! ```
//! use http_body_util::BodyExt;
//! use hyper::Request;
//! use hyper_util::rt::TokioIo;
//! use pollbench::mock::MockApixo;
//! use pollbench::server::Stub;
//! use pollbench::time::Micros;
//! use serde_json::Value;
//! use std::time::Duration;
//! use tokio::time::{Instant, sleep};
//!
//! type Failure = Box<dyn std::error::Error>;
//!
//! async fn ask(mock: &MockApixo, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
//!     let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(mock.connect().await?)).await?;
//!     tokio::spawn(connection);
//!     let request = Request::builder().method(method).uri(path).header("host", "mock");
//!     let request = request.header("authorization", "Bearer any").body(body.to_owned())?;
//!     let answer = sender.send_request(request).await?.into_body().collect().await?;
//!     Ok(serde_json::from_slice(&answer.to_bytes())?)
//! }
//!
//! /// The poller under test: a first look after a minute, then one every 15 seconds.
//! async fn wait(mock: &MockApixo, id: &str) -> Result<Value, Failure> {
//!     sleep(Duration::from_secs(60)).await;
//!     loop {
//!         let answer = ask(mock, "GET", &format!("/api/v1/statusTask/sora-2?taskId={id}"), "").await?;
//!         if answer["data"]["state"] == "success" {
//!             return Ok(answer);
//!         }
//!         sleep(Duration::from_secs(15)).await;
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! let mock = MockApixo::builder().start_in_memory()?;
//! mock.stub(Stub::success("sora-2", Micros::from_secs(94)))?;
//! let body = r#"{"input":{"prompt":"a lighthouse"}}"#;
//! let submitted = ask(&mock, "POST", "/api/v1/generateTask/sora-2", body).await?;
//! let (id, began) = (submitted["data"]["taskId"].as_str().ok_or("no id")?, Instant::now());
//! let answer = wait(&mock, id).await?;
//! assert_eq!(answer["data"]["costTime"], 94_000);
//! // It looked at 60, 75, 90 and 105 seconds, none of which anybody waited for.
//! assert_eq!((mock.requests().route("status").count(), began.elapsed()), (4, Duration::from_secs(105)));
//! # Ok::<(), Failure>(()) }).unwrap();
//! ```

use crate::net::clock::{Clock, InvalidScale};
use crate::net::memory::MemoryNetwork;
use crate::net::stream::{ByteStream, Listener, Transport};
use crate::scenario::Scenario;
use crate::scenario::error::ScenarioError;
use crate::scenario::rules;
use crate::scenario::shipped::Shipped;
use crate::server::{FaultCodec, InvalidStub, JournalEntry, Server, Settings, Stub, World};
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::fault::FaultRules;
use crate::world::model::{Fates, Model};
use serde_json::Value;
use std::io;
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
        model.fates = Fates::default();
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
    /// Time cannot run at the scale.
    #[error(transparent)]
    Scale(#[from] InvalidScale),
    /// A time scale for a mock in memory, whose time is tokio's.
    #[error("a mock in memory runs on tokio's clock: leave out the time scale of {0}")]
    ScaleInMemory(f64),
    /// No port could be had.
    #[error("cannot listen on a port of this machine: {0}")]
    Listen(#[from] io::Error),
}

/// A running mock; dropping it stops it.
#[derive(Debug)]
pub struct MockApixo {
    server: Server,
    base_url: String,
    network: Transport,
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

    /// Where it is, without a path: `http://127.0.0.1:PORT`, or `http://mock` in memory.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// A connection to it, for clients that are not told where it is or cannot reach it, since it is in memory.
    ///
    /// # Errors
    ///
    /// Those of the network.
    pub async fn connect(&self) -> io::Result<ByteStream> {
        let authority = self.base_url.trim_start_matches("http://");
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
        self.network.connect(host, port.parse().unwrap_or(80)).await
    }

    /// The network that it is on, for clients and receivers of webhooks.
    #[must_use]
    pub fn network(&self) -> &Transport {
        &self.network
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

    /// Adds a model whose tasks all succeed after a time of this distribution; the guide's models are then left out.
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

    /// Random seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A key that is accepted; without one, any is.
    pub fn key(mut self, key: &str) -> Self {
        self.keys.push(key.to_owned());
        self
    }

    /// Scenario seconds per real second, 1 by default.
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
        let clock = Clock::scaled(self.scale)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        self.begin(base_url, Transport::Tcp, Listener::Tcp(listener), clock)
    }

    /// Starts it in memory, in the time of tokio: on a runtime with `start_paused`, whoever sleeps with tokio waits for
    /// minutes in microseconds, and always the same. Connections come from [`MockApixo::connect`]; webhooks go to hosts
    /// that listen on [`MockApixo::network`].
    ///
    /// # Errors
    ///
    /// See [`StartError`]; a time scale is one of them.
    pub fn start_in_memory(self) -> Result<MockApixo, StartError> {
        if self.scale != 1.0 {
            return Err(StartError::ScaleInMemory(self.scale));
        }
        let memory = MemoryNetwork::default();
        let listener = Listener::Memory(memory.listen("mock:80"));
        self.begin("http://mock".to_owned(), Transport::Memory(memory), listener, Clock::paused())
    }

    fn begin(
        self,
        base_url: String,
        network: Transport,
        listener: Listener,
        clock: Clock,
    ) -> Result<MockApixo, StartError> {
        let mut world = match &self.scenario {
            Some(scenario) => world(scenario),
            None => calm_world()?,
        };
        if !self.models.is_empty() {
            world.models = self.models;
        }
        world.other = match (self.takes_any, self.scenario) {
            (true, Some(_)) if world.other.is_none() => calm_world()?.other,
            (false, None) => None,
            (true, _) | (false, Some(_)) => world.other,
        };
        world.faults = self.faults.unwrap_or(world.faults);
        world.seed = self.seed.unwrap_or(world.seed);
        let settings = Settings {
            keys: self.keys,
            fault_codec: Some(Arc::new(ScenarioRules)),
            network: network.clone(),
            ..Settings::new(clock)
        };
        let server = Server::new(world, settings);
        let (stop, stopped) = oneshot::channel();
        let serving = server.clone();
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            serving.serve(listener, stopped).await;
        });
        Ok(MockApixo { server, base_url, network, _stop: stop })
    }
}

/// Requests that a mock saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests(Vec<JournalEntry>);

impl Requests {
    /// Those on a route: `submit`, `status`, `batch-submit`, `batch-status`, `balance`, `result`, `schema`, `webhook`, `other`.
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
    pub fn entries(&self) -> &[JournalEntry] {
        &self.0
    }
}
