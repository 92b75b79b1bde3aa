//! When a strategy polls in a calm world, where every poll says at once that the task is not finished: what its exact
//! expectations are taken of.

use crate::api::reply::{Reply, TaskState};
use crate::inspection::{AfterLast, Checks};
use crate::strategy::composition::{Channel, Strategy};
use crate::strategy::wait::{Policy, Step};
use crate::time::Micros;
use crate::world::draws::{Keys, Stream};

/// Most polls of a wait that are listed.
const MOST: usize = 1_000_000;

/// A wait for a task that never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndlessWait {
    /// Polls that it sends by the horizon, at most a million.
    pub polls: u64,
    /// The longest time from one of them to the next.
    pub longest_gap: Micros,
    /// After that nothing that ends is noticed: its last poll, or where it is told by webhook, its end.
    pub last_look: Micros,
    /// When it gives up, or the horizon.
    pub end: Micros,
}

/// That wait, up to `horizon`.
///
/// What is random in a schedule is drawn, and a strategy that is told sends its polls beside.
#[must_use]
pub fn endless(policy: &Policy<'_>, horizon: Micros) -> EndlessWait {
    let (instants, end) = polls(policy, horizon);
    let gaps = instants.windows(2).map(|pair| pair[1] - pair[0]);
    let end = end.unwrap_or(horizon);
    let last_look = match (policy.channel(), instants.last()) {
        (Channel::Poll, Some(last)) => Micros::from_f64(*last),
        (Channel::Poll | Channel::Webhook | Channel::Both, _) => end,
    };
    EndlessWait {
        polls: instants.len() as u64,
        longest_gap: Micros::from_f64(gaps.fold(0.0, f64::max)),
        last_look,
        end,
    }
}

/// The instants of those polls, and when the wait ends by itself.
fn polls(policy: &Policy<'_>, horizon: Micros) -> (Vec<f64>, Option<Micros>) {
    let mut draws = Keys::new(0, 0, "").draws(Stream::Jitter, 0);
    let (mut wait, mut step) = policy.begin(Micros::ZERO, &mut draws);
    let mut instants: Vec<f64> = Vec::new();
    loop {
        match step {
            Step::Poll { at, .. } if at <= horizon && instants.len() < MOST => {
                instants.push(at.get() as f64);
                (_, step) = wait.reply(at, &Reply::state(TaskState::Processing), &mut draws);
            }
            Step::End { at, .. } => return (instants, Some(at.min(horizon))),
            Step::Poll { .. } | Step::Listen => return (instants, None),
        }
    }
}

/// The instants of its polls for a task of `model` that never ends, up to `horizon`; `None` for a strategy that is not
/// told by polls alone, whose instants are random, or depend on other tasks.
///
/// A strategy that learns is taken at what it does before it has learnt.
#[must_use]
pub fn checks(strategy: &Strategy, model: &str, horizon: Micros) -> Option<Checks> {
    let policy = Policy::new(strategy, model);
    if policy.channel() != Channel::Poll || policy.is_jittered() {
        return None;
    }
    // Nothing is drawn: there is no jitter.
    let (instants, end) = polls(&policy, horizon);
    let give_up = end.unwrap_or(horizon).get() as f64;
    (!instants.is_empty()).then_some(Checks { instants, then: AfterLast::GiveUpAt(give_up) })
}
