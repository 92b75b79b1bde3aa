//! Batches with the real client: tasks that are submitted together, and of which one poll tells.

use crate::client::{Batch, BatchEvent};
use crate::engine::intake::Task;
use crate::engine::live::account::{Account, Close};
use crate::engine::live::submit::{Submitted, submitted};
use crate::engine::live::world::World;
use crate::engine::sim::blank;
use crate::measure::record::TaskRecord;
use crate::strategy::batch::{counted_to, worth_to_task};
use crate::strategy::composition::Batching;
use crate::strategy::wait::{Ending, Policy, Worth};
use crate::time::Micros;
use crate::world::draws::Stream;
use serde_json::json;
use std::cell::RefCell;

/// Which tasks make the batches of a model, whose submits are due at these instants: the first of each, and the instants.
pub(super) fn gathered(batching: &Batching, due: &[Micros]) -> Vec<(u64, Vec<Micros>)> {
    let mut batches: Vec<(u64, Vec<Micros>)> = Vec::new();
    for (task, at) in (0..).zip(due) {
        match batches.last_mut() {
            Some((_, batch)) if batching.takes(batch.len() as u32, batch[0], *at) => batch.push(*at),
            Some(_) | None => batches.push((task, vec![*at])),
        }
    }
    batches
}

/// One batch of a model, from the intended submits of its tasks, of which the first is `first`, to the ends of their waits.
pub(super) async fn live(
    world: &World<'_>,
    model: usize,
    batching: &Batching,
    first: u64,
    due: &[Micros],
) -> Vec<Account> {
    let Some((id, mut accounts)) = submit(world, model, batching, first, due).await else { return Vec::new() };
    if let Some(id) = id {
        wait(world, model, &id, &mut accounts).await;
    }
    accounts
}

/// Submits a batch, again where the scenario says so: its id, where it got one, and an account for each task.
async fn submit(
    world: &World<'_>,
    model: usize,
    batching: &Batching,
    first: u64,
    due: &[Micros],
) -> Option<(Option<String>, Vec<Account>)> {
    let name = &world.plan.models[model].model.name;
    let tasks = first..first + due.len() as u64;
    let with = |batch: Batch, task: u64| batch.item(&task.to_string(), json!({ "prompt": "a lighthouse at dawn" }));
    let batch = tasks.clone().try_fold(Batch::new(&format!("{model}-{first}")).ok()?.keyed(first), with).ok()?;
    let leaves_at = batching.leaves_at(due.len() as u32, *due.first()?, *due.last()?);
    let send = async || world.client.submit_batch_once(name, &batch).await;
    let Submitted { told, accepted, heard, resubmits } = submitted(world, leaves_at, send).await;
    world.observer.borrow_mut().submitted(model, leaves_at, &resubmits);
    let account = |(place, (index, due)): (u8, (u64, &Micros))| {
        let task = Task {
            model,
            index,
            submitted: *due,
            wait_start: heard,
            accepted: told.is_some(),
            created: accepted,
            truth: None,
            resubmits: if place == 0 { resubmits.clone().into() } else { Box::default() },
            duplicates: 0,
            place,
        };
        let record = blank(&task);
        let submits = if place == 0 { record.submits } else { 0 };
        let item = told.iter().flat_map(|told| &told.items).find(|item| item.name == index.to_string());
        let id = item.and_then(|item| item.status.as_ref()?.task_id.clone());
        Account::new(TaskRecord { submits, ..record }, id, accepted).of_batch(tasks.clone())
    };
    let accounts = (0..).zip(tasks.clone().zip(due)).map(account).collect();
    Some((told.map(|told| told.id), accounts))
}

/// Waits for a batch that was accepted.
async fn wait(world: &World<'_>, model: usize, id: &str, accounts: &mut [Account]) {
    let Some(first) = accounts.first() else { return };
    let (clock, end) = (world.client.clock(), first.end(world));
    let name = &world.plan.models[model].model.name;
    let mut jitter = world.keys[model].draws(Stream::Jitter, first.record.task);
    let (policy, count) = (Policy::new(&world.strategy, name), accounts.len() as u32);
    let open = RefCell::new(Open { accounts: accounts.iter_mut().collect(), counted: None, due: None });
    let ended = tokio::select! {
        biased;
        followed = world.client.follow_batch((name, id), &policy, count, &mut jitter, |event| {
            open.borrow_mut().take(&event, world);
        }) => followed.ending,
        () = async { clock.sleep_until(end + Micros::new(1)).await; clock.settle().await } => None,
    };
    let now = clock.now();
    open.into_inner().close(ended.map_or(Close::Hang, |ending| Close::Ended(ending, now)), world);
}

/// The tasks of a batch whose ends are not known.
struct Open<'a> {
    accounts: Vec<&'a mut Account>,
    /// The task that the poll in flight is counted to, and when it was sent.
    counted: Option<(u64, Micros)>,
    due: Option<Micros>,
}

impl Open<'_> {
    fn take(&mut self, event: &BatchEvent<'_>, world: &World<'_>) {
        match event {
            BatchEvent::Due { at } => self.due = Some(*at),
            BatchEvent::Sent { at } => {
                if let Some(due) = self.due.take() {
                    world.harness.borrow_mut().poll(due, *at);
                }
                self.accounts.iter_mut().for_each(|account| account.looks(*at));
                if let Some(account) = counted_to(self.accounts.iter_mut(), |account| account.record.polls) {
                    account.polls(*at);
                    self.counted = Some((account.record.task, *at));
                }
            }
            BatchEvent::Heard { at, worth, status, retry_after, ended } => {
                let Some((counted, sent)) = self.counted.take() else { return };
                let is_over = |account: &Account| ended.iter().any(|item| item.name == account.record.task.to_string());
                for account in &mut self.accounts {
                    if let Some(asked) = retry_after {
                        account.asked_to_wait(*at, *asked, world);
                    }
                    if account.record.task == counted {
                        account.record.throttled += u32::from(*status == Some(429));
                        account.was_good_for(*worth);
                    }
                    let (is_counted, worth) = (account.record.task == counted, worth_to_task(*worth, is_over(account)));
                    world.observer.borrow_mut().look(&account.record, is_counted, sent, worth);
                }
                for account in self.accounts.extract_if(.., |account| is_over(account)) {
                    let item = ended.iter().find(|item| item.name == account.record.task.to_string());
                    let failed = item.and_then(|item| item.status.as_ref()?.failure.as_ref()).is_some();
                    account.close = Close::Ended(if failed { Ending::Failed } else { Ending::Success }, *at);
                }
            }
        }
    }

    /// The wait is over, so a poll in flight told nothing.
    fn close(mut self, close: Close, world: &World<'_>) {
        for account in &mut self.accounts {
            if let Some((counted, sent)) = self.counted {
                let is_counted = account.record.task == counted;
                account.record.failed += u32::from(is_counted);
                world.observer.borrow_mut().look(&account.record, is_counted, sent, Worth::Failed);
            }
            account.close = close;
        }
    }
}
