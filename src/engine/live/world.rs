//! What all waits of one strategy in one replicate share: a server and a client.

use crate::client::{Client, WebhookReceiver};
use crate::engine::intake::{ArrivalClock, keys};
use crate::engine::live::harness::Harness;
use crate::engine::live::target::{LiveError, LiveOptions, LiveTarget};
use crate::engine::live::unheard::Unheard;
use crate::engine::observer::Observer;
use crate::engine::plan::{ModelPlan, Plan};
use crate::net::clock::Clock;
use crate::net::memory::MemoryNetwork;
use crate::net::stream::{Listener, Transport};
use crate::server::{self, Server, Settings};
use crate::strategy::composition::{Channel, Sharing, Strategy};
use crate::strategy::learned::Learner;
use crate::time::Micros;
use crate::world::draws::Keys;
use crate::world::weather::Weather;
use std::cell::RefCell;
use std::future::pending;
use std::sync::Arc;
use tokio::net::TcpListener;

/// How long a server elsewhere may take to say that it is there.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What all waits of a world stand on.
pub(super) struct World<'p> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) strategy: Arc<Strategy>,
    pub(super) keys: Vec<Keys>,
    pub(super) client: Client,
    pub(super) receiver: Option<WebhookReceiver>,
    /// By model, where the strategy learns.
    pub(super) learners: Option<RefCell<Vec<Learner>>>,
    pub(super) observer: RefCell<Observer>,
    pub(super) harness: RefCell<Harness>,
    /// The weather that the server has too.
    pub(super) weather: RefCell<Weather>,
    /// The mock; nothing where the server is somebody else's.
    pub(super) server: Option<Server>,
    /// What never reached it.
    pub(super) unheard: Unheard,
    pub(super) is_virtual: bool,
}

impl<'p> World<'p> {
    pub(super) async fn start(
        plan: &'p Plan<'p>,
        target: &LiveTarget,
        options: LiveOptions,
        replicate: u32,
        strategy: usize,
    ) -> Result<Self, LiveError> {
        let scenario = plan.scenario;
        let listens = plan.strategies[strategy].strategy.channel != Channel::Poll;
        let world = || server::World {
            models: scenario.models.clone(),
            other: None,
            faults: scenario.faults.clone(),
            network: Arc::clone(&scenario.network),
            seed: scenario.seed,
            replicate,
        };
        let unheard = Unheard::new(scenario, replicate);
        const KEY: &str = "pollbench";
        let (server, client, receiver) = match target {
            LiveTarget::Virtual => {
                let memory = MemoryNetwork::default();
                let network = Transport::Memory(memory.clone());
                let clock = Clock::magnified();
                let listener = Listener::Memory(memory.listen("mock:80"));
                let settings = Settings { network: network.clone(), journal: 0, ..Settings::new(clock.clone()) };
                let server = spawn(world(), settings, listener);
                let client = Client::builder("http://mock", KEY).clock(clock).network(network).build()?;
                let receiver = listens
                    .then(|| WebhookReceiver::serve(Listener::Memory(memory.listen("client:80")), "http://client/"));
                (Some(server), client, receiver)
            }
            LiveTarget::Wire { scale } => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                let base = format!("http://{}", listener.local_addr()?);
                let hooks = if listens { Some(TcpListener::bind(("127.0.0.1", 0)).await?) } else { None };
                let clock = Clock::scaled(*scale)?;
                let settings = Settings { journal: 0, ..Settings::new(clock.clone()) };
                let server = spawn(world(), settings, Listener::Tcp(listener));
                let client = Client::builder(&base, KEY)
                    .clock(clock.clone())
                    .refusals(unheard.refusals(scenario, clock))
                    .build()?;
                let receiver = match hooks {
                    Some(hooks) => {
                        let url = format!("http://{}/", hooks.local_addr()?);
                        Some(WebhookReceiver::serve(Listener::Tcp(hooks), &url))
                    }
                    None => None,
                };
                (Some(server), client, receiver)
            }
            LiveTarget::Remote { base_url, api_key, scale } => {
                let client = Client::builder(base_url, api_key).clock(Clock::scaled(*scale)?).build()?;
                answers(&client, base_url).await?;
                (None, client, None)
            }
        };
        let keys = keys(plan, replicate);
        let firsts: Vec<Micros> = keys.iter().map(|keys| submits(plan, keys).tick()).collect();
        let sample = (options.sample && replicate == 0).then_some(scenario.tasks);
        let strategy = plan.strategies[strategy].strategy;
        let learners = matches!(strategy.sharing, Sharing::Learned(_)).then(|| {
            let learner = |model: &ModelPlan<'_>| Learner::new(strategy, &model.model.name);
            RefCell::new(plan.models.iter().map(learner).collect())
        });
        Ok(Self {
            plan,
            strategy: Arc::new(strategy.clone()),
            learners,
            keys,
            client,
            receiver,
            observer: RefCell::new(Observer::new(&firsts, scenario.faults.len(), sample)),
            harness: RefCell::default(),
            weather: RefCell::new(Weather::new(&scenario.faults, scenario.seed, replicate)),
            server,
            unheard,
            is_virtual: *target == LiveTarget::Virtual,
        })
    }

    /// What a wait that starts now follows. One that learns knows all that became known by now.
    pub(super) async fn plan_now(&self, model: usize) -> Arc<Strategy> {
        let Some(learners) = &self.learners else { return Arc::clone(&self.strategy) };
        self.client.clock().settle().await;
        Arc::clone(learners.borrow_mut()[model].plan(self.client.clock().now()))
    }
}

/// Looks whether a server is there and takes the key, before thousands of submits find out.
async fn answers(client: &Client, base_url: &str) -> Result<(), LiveError> {
    let refused = |message: String| LiveError::Refused { base_url: base_url.to_owned(), message };
    match tokio::time::timeout(PATIENCE, client.balance()).await {
        Err(_) => Err(refused("no answer".to_owned())),
        // Not every server that can be asked for tasks can be asked for a balance.
        Ok(Err(error)) if matches!(error.status, None | Some(401 | 403)) => Err(refused(error.message)),
        Ok(_) => Ok(()),
    }
}

/// The intended submits of a model.
pub(super) fn submits<'s>(plan: &'s Plan<'_>, keys: &'s Keys) -> ArrivalClock<'s> {
    ArrivalClock::new(&plan.scenario.arrivals, keys, 0)
}

fn spawn(world: server::World, settings: Settings, listener: Listener) -> Server {
    let server = Server::new(world, settings);
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener, pending()).await });
    server
}
