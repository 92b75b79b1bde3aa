//! From the intended submit to the start of the wait, with the real client.

use crate::client::Submission;
use crate::engine::intake::Task;
use crate::engine::live::account::Account;
use crate::engine::live::world::World;
use crate::engine::sim::blank;
use crate::time::Micros;
use serde_json::json;

/// What became of a submit that was sent until it was answered, or as often as the scenario says.
pub(super) struct Submitted<T> {
    /// What the client was told; `None` where it gave up.
    pub(super) told: Option<T>,
    /// About when the server took it: half-way of the last attempt. Where it took none, when the client gave up.
    pub(super) accepted: Micros,
    /// When the last attempt was over.
    pub(super) heard: Micros,
    /// When the attempts after the first were sent.
    pub(super) resubmits: Vec<Micros>,
}

/// Sends a submit at `due`, again where the scenario says so; `send` answers with nothing where an attempt failed.
pub(super) async fn submitted<T>(world: &World<'_>, due: Micros, send: impl AsyncFn() -> Option<T>) -> Submitted<T> {
    let (clock, policy) = (world.client.clock(), &world.plan.scenario.submit);
    clock.sleep_until(due).await;
    world.harness.borrow_mut().submit(due, clock.now());
    let mut resubmits = Vec::new();
    loop {
        let sent = clock.now();
        let deadline = sent + policy.attempt_timeout;
        let told = tokio::select! {
            biased;
            told = send() => told,
            () = async { clock.sleep_until(deadline).await; clock.settle().await } => None,
        };
        let heard = clock.now();
        match told {
            Some(_) => {
                let accepted = sent + Micros::new((heard - sent).get() / 2);
                return Submitted { told, accepted, heard, resubmits };
            }
            None if (resubmits.len() as u32) < policy.retries => {
                clock.sleep_until(heard + policy.retry_delay).await;
                resubmits.push(clock.now());
            }
            None => return Submitted { told, accepted: heard, heard, resubmits },
        }
    }
}

/// Submits a task at `due`, again where the scenario says so.
pub(super) async fn submit(world: &World<'_>, model: usize, index: u64, due: Micros) -> Account {
    let name = &world.plan.models[model].model.name;
    let mut submission = Submission::new(json!({ "prompt": "a lighthouse at dawn" })).keyed(index);
    if let Some(receiver) = &world.receiver {
        submission = submission.callback(receiver.url());
    }
    let send = async || world.client.submit(name, &submission).await.ok();
    let Submitted { told: id, accepted, heard, resubmits } = submitted(world, due, send).await;
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
