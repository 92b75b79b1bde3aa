//! One strategy in one replicate: a server, a client, and all tasks of all models.

use crate::client::{Client, WebhookReceiver};
use crate::engine::intake::{ArrivalClock, keys};
use crate::engine::live::account::Account;
use crate::engine::live::harness::Harness;
use crate::engine::live::unheard::Unheard;
use crate::engine::live::{Chronicle, Ground, LiveError, Options, submit, together, wait};
use crate::engine::observer::Observer;
use crate::engine::plan::{ModelPlan, Plan};
use crate::engine::sim::Control;
use crate::measure::record::TaskRecord;
use crate::net::clock::Clock;
use crate::net::memory::MemoryNetwork;
use crate::net::stream::{Listener, Network};
use crate::server::{self, Server, Settings};
use crate::strategy::composition::{Channel, Sharing, Strategy};
use crate::strategy::learned::Learner;
use crate::time::Micros;
use crate::world::draws::Keys;
use crate::world::truth::{Fate, Truth};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use std::cell::RefCell;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// How often a run on the wall clock looks whether it is to stop.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

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
    /// The mock; nothing where the server is somebody else's.
    server: Option<Server>,
    /// What never reached it.
    unheard: Unheard,
    is_virtual: bool,
}

/// Runs one world. `None` if it was stopped.
pub(super) fn run(
    plan: &Plan<'_>,
    ground: &Ground,
    options: Options,
    control: &Control,
    replicate: u32,
    strategy: usize,
) -> Result<Option<Chronicle>, LiveError> {
    let runtime = match ground {
        Ground::Virtual => Builder::new_current_thread().enable_time().start_paused(true).build()?,
        Ground::Wire { .. } | Ground::Remote { .. } => {
            Builder::new_multi_thread().worker_threads(2).enable_all().build()?
        }
    };
    let chronicle = runtime.block_on(async {
        let world = World::start(plan, ground, options, replicate, strategy).await?;
        let stopped = async {
            if *ground == Ground::Virtual {
                return pending().await;
            }
            while !control.stop.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = stopped => Ok(None),
            accounts = world.live(control) => Ok(Some(world.close(accounts).await)),
        }
    });
    // Connections that nobody needs any more are not waited for.
    runtime.shutdown_background();
    chronicle
}

impl<'p> World<'p> {
    async fn start(
        plan: &'p Plan<'p>,
        ground: &Ground,
        options: Options,
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
        let (server, client, receiver) = match ground {
            Ground::Virtual => {
                let memory = MemoryNetwork::default();
                let network = Network::Memory(memory.clone());
                let clock = Clock::magnified();
                let listener = Listener::Memory(memory.listen("mock:80"));
                let settings = Settings { network: network.clone(), journal: 0, ..Settings::new(clock) };
                let server = spawn(world(), settings, listener);
                let client = Client::builder("http://mock", KEY).clock(clock).network(network).build()?;
                let receiver = listens
                    .then(|| WebhookReceiver::serve(Listener::Memory(memory.listen("client:80")), "http://client/"));
                (Some(server), client, receiver)
            }
            Ground::Wire { scale } => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                let base = format!("http://{}", listener.local_addr()?);
                let hooks = if listens { Some(TcpListener::bind(("127.0.0.1", 0)).await?) } else { None };
                let clock = Clock::scaled(*scale)?;
                let settings = Settings { journal: 0, ..Settings::new(clock) };
                let server = spawn(world(), settings, Listener::Tcp(listener));
                let client =
                    Client::builder(&base, KEY).clock(clock).refusals(unheard.refusals(scenario, clock)).build()?;
                let receiver = match hooks {
                    Some(hooks) => {
                        let url = format!("http://{}/", hooks.local_addr()?);
                        Some(WebhookReceiver::serve(Listener::Tcp(hooks), &url))
                    }
                    None => None,
                };
                (Some(server), client, receiver)
            }
            Ground::Remote { base_url, api_key, scale } => {
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
            server,
            unheard,
            is_virtual: *ground == Ground::Virtual,
        })
    }

    /// What a wait that starts now follows. One that learns knows all that became known by now.
    pub(super) async fn plan_now(&self, model: usize) -> Arc<Strategy> {
        let Some(learners) = &self.learners else { return Arc::clone(&self.strategy) };
        self.client.clock().settle().await;
        Arc::clone(learners.borrow_mut()[model].plan(self.client.clock().now()))
    }

    /// Lets all tasks come and go.
    async fn live(&self, control: &Control) -> Vec<Account> {
        let mut lives: FuturesUnordered<LocalBoxFuture<'_, Vec<Account>>> = FuturesUnordered::new();
        for (model, keys) in self.keys.iter().enumerate() {
            let mut clock = submits(self.plan, keys);
            let mates = matches!(self.strategy.sharing, Sharing::Limiter(_) | Sharing::LockStep { .. }).then(|| {
                let (hand_over, mates) = tokio::sync::mpsc::unbounded_channel();
                lives.push(Box::pin(together::wait(self, model, mates)));
                hand_over
            });
            for index in 0..self.plan.scenario.tasks {
                let (due, mates) = (clock.tick(), mates.clone());
                lives.push(Box::pin(async move {
                    let mut account = submit::submit(self, model, index, due).await;
                    if let (Some(mates), true) = (mates, account.id.is_some()) {
                        let _ = mates.send(account);
                        return Vec::new();
                    }
                    wait::wait(self, model, &mut account).await;
                    self.count_deliveries(&mut account).await;
                    vec![account]
                }));
            }
        }
        let mut accounts = Vec::new();
        while let Some(settled) = lives.next().await {
            control.done.fetch_add(settled.len() as u64, Ordering::Relaxed);
            accounts.extend(settled);
        }
        accounts
    }

    /// Deliveries count up to the horizon, whenever the wait ended. Only a clock that jumps waits for them.
    async fn count_deliveries(&self, account: &mut Account) {
        let (Some(receiver), Some(id)) = (&self.receiver, &account.id) else { return };
        if self.is_virtual {
            let clock = self.client.clock();
            clock.sleep_until(account.end(self)).await;
            clock.settle().await;
        }
        account.record.deliveries = receiver.deliveries(id);
    }

    /// Makes records of accounts, now that the truth is known.
    async fn close(self, accounts: Vec<Account>) -> Chronicle {
        if let Some(server) = &self.server {
            server.close_intake();
        }
        let mut records: Vec<TaskRecord> = Vec::with_capacity(accounts.len());
        for account in accounts {
            let (truth, times) = match &self.server {
                Some(server) => {
                    let name = &self.plan.models[account.record.model as usize].model.name;
                    server
                        .created(name, account.record.task)
                        .map_or((None, 1), |created| (Some(created.truth), created.times))
                }
                None => (self.asked(&account).await, 1),
            };
            records.push(account.finish(truth, times.saturating_sub(1)));
        }
        records.sort_by_key(|record| (record.model, record.task));
        let mut observer = self.observer.into_inner();
        for record in &records {
            observer.settled(record);
        }
        let mut fired = self.unheard.struck();
        for (fired, heard) in fired.iter_mut().zip(self.server.map_or_else(Vec::new, |server| server.fired())) {
            *fired += heard;
        }
        let mut learners = self.learners.map_or_else(Vec::new, RefCell::into_inner);
        for learner in &mut learners {
            learner.plan(Micros::NEVER);
        }
        Chronicle { records, observer, fired, harness: self.harness.into_inner(), learners }
    }

    /// The truth of a task as a server elsewhere tells it when all is over: its own clock's interval, put behind the
    /// instant at which it probably created the task.
    async fn asked(&self, account: &Account) -> Option<Truth> {
        let name = &self.plan.models[account.record.model as usize].model.name;
        let status = self.client.status(name, account.id.as_ref()?).await.ok()?;
        let started = account.accepted;
        let done = match (status.create_time_ms, status.complete_time_ms) {
            (Some(from), Some(to)) => started + Micros::from_millis(to.saturating_sub(from)),
            _ => Micros::NEVER,
        };
        let fate = match (done.is_never(), &status.failure) {
            (true, ..) => Fate::Stuck,
            (false, Some(_)) => Fate::Failed,
            (false, None) => Fate::Success,
        };
        Some(Truth { fate, started, done })
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

fn submits<'s>(plan: &'s Plan<'_>, keys: &'s Keys) -> ArrivalClock<'s> {
    ArrivalClock::new(&plan.scenario.arrivals, keys, 0)
}

fn spawn(world: server::World, settings: Settings, listener: Listener) -> Server {
    let server = Server::new(world, settings);
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener, pending()).await });
    server
}
