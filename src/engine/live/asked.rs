//! What a server elsewhere says of a task when all is over.

use crate::engine::live::account::Account;
use crate::engine::live::world::World;
use crate::time::Micros;
use crate::world::truth::{Fate, Truth};

/// The truth of a task as a server elsewhere tells it when all is over: its own clock's interval, put behind the
/// instant at which it probably created the task.
pub(super) async fn asked(world: &World<'_>, account: &Account) -> Option<Truth> {
    let name = &world.plan.models[account.record.model as usize].model.name;
    let status = world.client.status(name, account.id.as_ref()?).await.ok()?;
    let started = account.accepted;
    let done = match (status.create_time_ms, status.complete_time_ms) {
        (Some(from), Some(to)) => started + Micros::from_millis(to.saturating_sub(from)),
        _ => Micros::NEVER,
    };
    // When it was created is a guess; what the client concluded is later.
    let done = if done.is_never() { done } else { done.min(account.concluded().unwrap_or(done)) };
    let fate = match (done.is_never(), &status.failure) {
        (true, ..) => Fate::Stuck,
        (false, Some(_)) => Fate::Failed,
        (false, None) => Fate::Success,
    };
    Some(Truth { fate, created: started, started, done })
}
