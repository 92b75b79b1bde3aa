//! From the intended submit to the start of the wait, with the real client.

use crate::client::Submission;
use crate::engine::intake::Task;
use crate::engine::live::account::Account;
use crate::engine::live::world::World;
use crate::engine::sim::blank;
use crate::time::Micros;
use serde_json::json;

/// Submits a task at `due`, again where the scenario says so.
pub(super) async fn submit(world: &World<'_>, model: usize, index: u64, due: Micros) -> Account {
    let (clock, policy) = (world.client.clock(), &world.plan.scenario.submit);
    let name = &world.plan.models[model].model.name;
    let mut submission = Submission::new(json!({ "prompt": "a lighthouse at dawn" })).keyed(index);
    if let Some(receiver) = &world.receiver {
        submission = submission.callback(receiver.url());
    }
    clock.sleep_until(due).await;
    world.harness.borrow_mut().submit(due, clock.now());
    let mut resubmits = Vec::new();
    let (id, accepted, heard) = loop {
        let sent = clock.now();
        let deadline = sent + policy.attempt_timeout;
        let answer = tokio::select! {
            biased;
            answer = world.client.submit(name, &submission) => answer.ok(),
            () = async { clock.sleep_until(deadline).await; clock.settle().await } => None,
        };
        let heard = clock.now();
        match answer {
            Some(id) => break (Some(id), sent + Micros::new((heard - sent).get() / 2), heard),
            None if (resubmits.len() as u32) < policy.retries => {
                clock.sleep_until(heard + policy.retry_delay).await;
                resubmits.push(clock.now());
            }
            None => break (None, heard, heard),
        }
    };
    let task = Task {
        model,
        index,
        submitted: due,
        wait_start: heard,
        accepted: id.is_some(),
        created: accepted,
        truth: None,
        resubmits: resubmits.into(),
        duplicates: 0,
        place: 0,
    };
    world.observer.borrow_mut().submits(&task);
    Account::new(blank(&task), id, accepted)
}
