//! One strategy in one replicate, from the first submit to the records of all tasks of all models.

use crate::engine::live::account::Account;
use crate::engine::live::asked::asked;
use crate::engine::live::harness::Harness;
use crate::engine::live::target::{LiveError, LiveOptions, LiveTarget};
use crate::engine::live::world::{World, submits};
use crate::engine::live::{batches, submit, together, wait};
use crate::engine::observer::Observer;
use crate::engine::plan::Plan;
use crate::engine::sim::Control;
use crate::measure::record::TaskRecord;
use crate::server::Server;
use crate::strategy::composition::Sharing;
use crate::strategy::learned::Learner;
use crate::time::Micros;
use crate::world::capacity::Load;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use std::cell::RefCell;
use std::future::pending;
use std::sync::atomic::Ordering;
use tokio::runtime::Builder;

/// How often a run on the wall clock looks whether it is to stop.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// Longest time that a request may be on its way.
const TRANSIT: Micros = Micros::from_secs(3_600);

/// What one world found.
#[derive(Debug)]
pub(super) struct WorldFindings {
    /// Of all models, by model and task.
    pub(super) records: Vec<TaskRecord>,
    pub(super) observer: Observer,
    pub(super) fired: Vec<u64>,
    pub(super) harness: Harness,
    /// By model: what the mock's finite workers did.
    pub(super) loads: Vec<Load>,
    /// By model, where the strategy learns.
    pub(super) learners: Vec<Learner>,
}

/// Runs one world. `None` if it was stopped.
pub(super) fn run(
    plan: &Plan<'_>,
    target: &LiveTarget,
    options: LiveOptions,
    control: &Control,
    replicate: u32,
    strategy: usize,
) -> Result<Option<WorldFindings>, LiveError> {
    let runtime = match target {
        LiveTarget::Virtual => Builder::new_current_thread().enable_time().start_paused(true).build()?,
        LiveTarget::Wire { .. } | LiveTarget::Remote { .. } => {
            Builder::new_multi_thread().worker_threads(2).enable_all().build()?
        }
    };
    let findings = runtime.block_on(async {
        let world = World::start(plan, target, options, replicate, strategy).await?;
        let stopped = async {
            if *target == LiveTarget::Virtual {
                return pending().await;
            }
            while !control.stop.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = stopped => Ok(None),
            accounts = live(&world, control) => Ok(Some(close(world, accounts).await)),
        }
    });
    // Connections that nobody needs any more are not waited for.
    runtime.shutdown_background();
    findings
}

/// Lets all tasks come and go.
async fn live(world: &World<'_>, control: &Control) -> Vec<Account> {
    let mut lives: FuturesUnordered<LocalBoxFuture<'_, Vec<Account>>> = FuturesUnordered::new();
    for (model, keys) in world.keys.iter().enumerate() {
        let mut clock = submits(world.plan, keys);
        if let Sharing::Batch(batching) = world.strategy.sharing {
            let due: Vec<Micros> = (0..world.plan.scenario.tasks).map(|_| clock.tick()).collect();
            for (first, due) in batches::gathered(&batching, &due) {
                lives.push(Box::pin(async move { batches::live(world, model, &batching, first, &due).await }));
            }
            continue;
        }
        let shared_wait = matches!(world.strategy.sharing, Sharing::Limiter(_) | Sharing::LockStep { .. }).then(|| {
            let (hand_over, accounts) = tokio::sync::mpsc::unbounded_channel();
            lives.push(Box::pin(together::wait(world, model, accounts)));
            hand_over
        });
        for index in 0..world.plan.scenario.tasks {
            let (due, shared_wait) = (clock.tick(), shared_wait.clone());
            lives.push(Box::pin(async move {
                let mut account = submit::submit(world, model, index, due).await;
                if let (Some(shared_wait), true) = (shared_wait, account.id.is_some()) {
                    let _ = shared_wait.send(account);
                    return Vec::new();
                }
                wait::wait(world, model, &mut account).await;
                count_deliveries(world, &mut account).await;
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
async fn count_deliveries(world: &World<'_>, account: &mut Account) {
    let (Some(receiver), Some(id)) = (&world.receiver, &account.id) else { return };
    if world.is_virtual {
        let clock = world.client.clock();
        clock.sleep_until(account.end(world)).await;
        clock.settle().await;
    }
    account.record.deliveries = receiver.deliveries(id);
}

/// Makes records of accounts, now that the truth is known.
async fn close(world: World<'_>, accounts: Vec<Account>) -> WorldFindings {
    if world.is_virtual {
        // Submits that nobody waits for any more still arrive. Only a clock that jumps waits for them.
        let clock = world.client.clock();
        clock.sleep_until(clock.now() + TRANSIT).await;
    }
    if let Some(server) = &world.server {
        server.close_intake();
    }
    let mut records: Vec<TaskRecord> = Vec::with_capacity(accounts.len());
    for account in accounts {
        let (truth, times) = match &world.server {
            Some(server) => {
                let name = &world.plan.models[account.record.model as usize].model.name;
                server
                    .created(name, account.record.task, account.id.as_deref())
                    .map_or((None, 1), |created| (Some(created.truth), created.times))
            }
            None => (asked(&world, &account).await, 1),
        };
        records.push(account.finish(truth, times.saturating_sub(1), &world));
    }
    records.sort_by_key(|record| (record.model, record.task));
    let mut observer = world.observer.into_inner();
    for record in &records {
        observer.settled(record);
    }
    let mut fired = world.unheard.struck();
    for (fired, heard) in fired.iter_mut().zip(world.server.as_ref().map(Server::fired).unwrap_or_default()) {
        *fired += heard;
    }
    let loads = world.server.as_ref().map(Server::loads).unwrap_or_default();
    let mut learners = world.learners.map_or_else(Vec::new, RefCell::into_inner);
    for learner in &mut learners {
        learner.plan(Micros::NEVER);
    }
    WorldFindings { records, observer, fired, harness: world.harness.into_inner(), loads, learners }
}
