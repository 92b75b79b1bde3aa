//! Waits that share something, with the real client: a limit on requests, or lock-step rounds.

use crate::client::{Event, LockStepPool, PoolEnd, TaskSet};
use crate::engine::live::account::{Account, Close};
use crate::engine::live::world::World;
use crate::strategy::composition::{Limiter, Sharing};
use crate::strategy::wait::Ending;
use crate::time::Micros;
use crate::world::draws::Stream;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::cell::RefCell;
use std::collections::BTreeMap;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Waits for the tasks of a model as they are accepted.
pub(super) async fn wait(world: &World<'_>, model: usize, accepted: UnboundedReceiver<Account>) -> Vec<Account> {
    match world.strategy.sharing {
        Sharing::Limiter(limiter) => limited(world, model, limiter, accepted).await,
        Sharing::LockStep { pool } => pools(world, model, pool.get().into(), accepted).await,
        Sharing::Alone | Sharing::Learned(_) | Sharing::Batch(_) => Vec::new(),
    }
}

/// A task that was accepted, and all that are at the same instant: waits that start together do so in the order of their
/// tasks.
async fn at_once(first: Account, accepted: &mut UnboundedReceiver<Account>, world: &World<'_>) -> Vec<Account> {
    world.client.clock().settle().await;
    let mut accounts = vec![first];
    accounts.extend(std::iter::from_fn(|| accepted.try_recv().ok()));
    accounts.sort_by_key(|account| account.record.task);
    accounts
}

/// Under one limit.
async fn limited(
    world: &World<'_>,
    model: usize,
    limiter: Limiter,
    mut accepted: UnboundedReceiver<Account>,
) -> Vec<Account> {
    let clock = world.client.clock();
    let name = &world.plan.models[model].model.name;
    // Events come in while the set is borrowed, so they are kept until it is not.
    let events: std::sync::Mutex<Vec<(u64, Event)>> = std::sync::Mutex::default();
    let mut set = TaskSet::new(&world.client, &world.strategy, Some(limiter)).on_event(|key, event| {
        events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((key, event.clone()));
    });
    let open: RefCell<BTreeMap<u64, Account>> = RefCell::default();
    let tell = || {
        let events = std::mem::take(&mut *events.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for (key, event) in events {
            if let Some(account) = open.borrow_mut().get_mut(&key) {
                account.take(&event, world);
            }
        }
    };
    let (mut settled, mut is_closed) = (Vec::new(), false);
    while !is_closed || !open.borrow().is_empty() {
        // Keys grow with the starts of waits, so the first one's horizon is the next.
        let horizon =
            open.borrow().values().next().map_or(Micros::NEVER, |account| account.end(world) + Micros::new(1));
        tokio::select! {
            biased;
            account = accepted.recv(), if !is_closed => match account {
                None => is_closed = true,
                Some(account) => {
                    for account in at_once(account, &mut accepted, world).await {
                        let Some(id) = account.id.clone() else { continue };
                        let jitter = world.keys[model].draws(Stream::Jitter, account.record.task);
                        let key = set.start(name, &id, jitter);
                        open.borrow_mut().insert(key, account);
                        tell();
                    }
                }
            },
            // Before what comes at that instant, which is too late for it: a place that becomes free then is for another.
            () = clock.sleep_until(horizon) => {
                tell();
                let over = std::iter::from_fn(|| {
                    let mut open = open.borrow_mut();
                    let first = open.first_entry().filter(|first| first.get().end(world) < clock.now())?;
                    Some(first.remove_entry())
                });
                // Those that are held back leave first: the place that another gives back is for none of them.
                let (in_flight, held_back): (Vec<_>, Vec<_>) = over.partition(|(_, account)| account.is_in_flight());
                for (key, mut account) in held_back.into_iter().chain(in_flight) {
                    set.cancel(key);
                    account.close(Close::Hang, world);
                    settled.push(account);
                }
            }
            Some((entry, result)) = set.next(), if !open.borrow().is_empty() => {
                tell();
                if let Some(mut account) = open.borrow_mut().remove(&entry.key) {
                    account.end_with(&result, clock.now(), world);
                    settled.push(account);
                }
            }
        }
    }
    settled
}

/// In lock-step pools, in the order of arrival.
async fn pools(world: &World<'_>, model: usize, size: u64, mut accepted: UnboundedReceiver<Account>) -> Vec<Account> {
    let mut pools = BTreeMap::new();
    let mut running = FuturesUnordered::new();
    let mut settled = Vec::new();
    let mut is_closed = false;
    while !is_closed || !running.is_empty() {
        tokio::select! {
            biased;
            account = accepted.recv(), if !is_closed => match account {
                None => {
                    is_closed = true;
                    pools.clear();
                }
                Some(account) => {
                    for account in at_once(account, &mut accepted, world).await {
                        let join = pools.entry(account.record.task / size).or_insert_with(|| {
                            let (join, joining) = unbounded_channel();
                            running.push(pool(world, model, joining));
                            join
                        });
                        let _ = join.send(account);
                    }
                }
            },
            Some(accounts) = running.next() => settled.extend::<Vec<Account>>(accounts),
        }
    }
    settled
}

/// One pool, from its first member to its last.
async fn pool(world: &World<'_>, model: usize, mut joining: UnboundedReceiver<Account>) -> Vec<Account> {
    let clock = world.client.clock();
    let name = &world.plan.models[model].model.name;
    let mut poller = LockStepPool::new(&world.client, &world.strategy, name);
    let mut open: BTreeMap<u32, Account> = BTreeMap::new();
    let (mut settled, mut is_closed, mut rejected) = (Vec::new(), false, None);
    while !is_closed || !open.is_empty() {
        let horizon = open.values().map(|account| account.end(world) + Micros::new(1)).min().unwrap_or(Micros::NEVER);
        tokio::select! {
            biased;
            account = joining.recv(), if !is_closed => match account {
                None => is_closed = true,
                Some(mut account) => match account.id.as_deref().and_then(|id| poller.add(id)) {
                    Some(number) => {
                        open.insert(number, account);
                    }
                    None => {
                        account.close(Close::Abandoned(account.record.wait_start), world);
                        settled.push(account);
                    }
                },
            },
            Some(end) = poller.next() => match end {
                PoolEnd::Event(number, event) => {
                    if let Some(account) = open.get_mut(&number) {
                        account.take(&event, world);
                    }
                    // An answer that was on its way when the loop ended, and settled nothing.
                    if let (Some(at), Event::Heard { .. }) = (rejected, &event)
                        && let Some(account) = open.get_mut(&number)
                    {
                        account.close = Close::Abandoned(at);
                    }
                }
                PoolEnd::Task(number, result) => {
                    if let Some(mut account) = open.remove(&number) {
                        account.end_with(&result, clock.now(), world);
                        settled.push(account);
                    }
                }
                PoolEnd::Rejected(culprit, _) => {
                    let now = clock.now();
                    rejected = Some(now);
                    if let Some(mut account) = open.remove(&culprit) {
                        account.close(Close::Ended(Ending::Error, now), world);
                        settled.push(account);
                    }
                    for account in open.values_mut().filter(|account| !account.is_in_flight()) {
                        account.close = Close::Abandoned(now);
                    }
                }
            },
            () = async { clock.sleep_until(horizon).await; clock.settle().await } => {
                let at = clock.now();
                let over: Vec<u32> =
                    open.iter().filter(|(_, account)| account.end(world) < at).map(|(number, _)| *number).collect();
                for number in over {
                    if let Some(mut account) = open.remove(&number) {
                        account.close(rejected.map_or(Close::Hang, Close::Abandoned), world);
                        settled.push(account);
                    }
                }
            }
        }
        // Whoever was abandoned leaves once its answer, if one was on its way, has settled nothing.
        let left: Vec<u32> = open
            .iter()
            .filter(|(_, account)| matches!(account.close, Close::Abandoned(_)) && !account.is_in_flight())
            .map(|(number, _)| *number)
            .collect();
        if !poller.has_news() {
            for number in left {
                if let Some(mut account) = open.remove(&number) {
                    account.close(account.close, world);
                    settled.push(account);
                }
            }
        }
    }
    settled
}
