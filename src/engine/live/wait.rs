//! One wait of its own, with the real client.

use crate::client::{Event, Finished, WaitError, taught};
use crate::engine::live::account::{Account, Close};
use crate::engine::live::world::World;
use crate::strategy::wait::Ending;
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
        handle = handle.told_by(receiver);
    }
    let strategy = world.plan_now(model).await;
    let mut events = pin!(handle.wait(strategy).events());
    let mut horizon = pin!(async {
        clock.sleep_until(end + Micros::new(1)).await;
        clock.settle().await;
    });
    let close = loop {
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Event::Ended(result)) => {
                    account.taught = taught(&result);
                    break Close::Ended(ending(&result), clock.now());
                }
                Some(event) => account.take(&event, world),
                None => break Close::Hang,
            },
            () = &mut horizon => break Close::Hang,
        }
    };
    account.close(close, world);
    if let (Some(learners), Some(observation)) = (&world.learners, account.taught) {
        learners.borrow_mut()[model].tell(clock.now(), account.record.task, observation);
    }
}

/// How a wait ended, in the words of its machine.
pub(super) fn ending(result: &Result<Finished, WaitError>) -> Ending {
    match result {
        Ok(_) => Ending::Success,
        Err(WaitError::TaskFailed { .. }) => Ending::Failed,
        Err(WaitError::GaveUp { .. }) => Ending::GaveUp,
        Err(_) => Ending::Error,
    }
}
