//! One wait of its own, with the real client.

use crate::client::{Event, taught};
use crate::engine::live::account::{Account, Close};
use crate::engine::live::world::World;
use crate::time::Micros;
use crate::world::draws::Stream;
use futures_util::StreamExt as _;
use std::pin::pin;

/// Waits for a task that was accepted.
pub(super) async fn wait(world: &World<'_>, model: usize, account: &mut Account) {
    let Some(id) = account.id.clone() else { return };
    let (clock, end) = (world.client.clock(), account.end(world));
    let jitter = world.keys[model].draws(Stream::Jitter, account.record.task);
    let mut handle = world.client.task(&world.plan.models[model].model.name, &id).jitter(jitter);
    if let Some(receiver) = &world.receiver {
        handle = handle.with_webhooks(receiver);
    }
    let strategy = world.plan_now(model).await;
    let mut events = pin!(handle.wait(strategy).events());
    let mut horizon = pin!(async {
        clock.sleep_until(end + Micros::new(1)).await;
        clock.settle().await;
    });
    loop {
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Event::Ended(result)) => {
                    account.taught = taught(&result);
                    break account.end_with(&result, clock.now(), world);
                }
                Some(event) => account.take(&event, world),
                None => break account.close(Close::Hang, world),
            },
            () = &mut horizon => break account.close(Close::Hang, world),
        }
    }
    if let (Some(learners), Some(observation)) = (&world.learners, account.taught) {
        learners.borrow_mut()[model].tell(clock.now(), account.record.task, observation);
    }
}
