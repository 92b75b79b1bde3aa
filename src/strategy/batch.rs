//! The wait for a batch: one poll tells of all of its tasks.
//!
//! To the machine of one wait the batch is one task, which is unfinished while any task is. A schedule that is planned for
//! [several tasks](crate::inspection::Together) looks when the next of those that are still open is worth a look.

use crate::api::reply::{Payload, Reply, TaskState};
use crate::strategy::schedule::Schedule;
use crate::strategy::wait::{Policy, Step, Wait, Worth};
use crate::time::Micros;
use crate::world::draws::Draws;

/// The wait for a batch in progress.
#[derive(Debug, Clone)]
pub struct BatchWait<'s> {
    wait: Wait<'s>,
    schedule: &'s Schedule,
    open: u32,
}

/// What came back for a poll of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BatchReply<'a> {
    /// An answer that tells of its tasks, of which so many have not been known to end; and what its `Retry-After` asks for.
    Told {
        /// Tasks that have not ended, as far as any answer said.
        open: u32,
        /// The delay that is asked for.
        retry_after: Option<Micros>,
    },
    /// Anything else.
    Nothing(Reply<'a>),
}

impl<'s> BatchWait<'s> {
    /// Starts to wait for so many tasks at `now`.
    pub fn begin(policy: &Policy<'s>, now: Micros, tasks: u32, jitter: &mut Draws) -> (Self, Step) {
        let schedule = policy.schedule();
        let first = schedule.together().and_then(|looks| looks.after(tasks, Micros::ZERO));
        let (wait, step) = policy.begin_planned(now, first, jitter);
        (Self { wait, schedule, open: tasks }, step)
    }

    /// Takes the reply to the poll in flight, at the instant it was there: what it was good for, and what to do next. The wait
    /// ends well when no task is open, however they ended.
    pub fn reply(&mut self, now: Micros, reply: &BatchReply<'_>, jitter: &mut Draws) -> (Worth, Step) {
        let before = self.open;
        let reply = match *reply {
            BatchReply::Told { open, retry_after } => {
                self.open = open;
                let state = if open == 0 { TaskState::Success } else { TaskState::Processing };
                Reply::Answer { status: 200, payload: Payload::State(state), retry_after }
            }
            BatchReply::Nothing(reply) => reply,
        };
        let age = now - self.wait.start();
        let next = self.schedule.together().and_then(|looks| looks.after(self.open, age));
        let (worth, step) = self.wait.reply_planned(now, &reply, next.map(|next| next - age), jitter);
        let is_news = worth == Worth::Wasted && self.open < before;
        (if is_news { Worth::Useful } else { worth }, step)
    }
}

/// What a poll of a batch was good for to one of its tasks that is open, by what it was good for to the batch and whether it
/// told that the task has ended.
#[must_use]
pub const fn worth_to_task(worth: Worth, has_ended: bool) -> Worth {
    match worth {
        Worth::Failed => Worth::Failed,
        Worth::Useful | Worth::Wasted if has_ended => Worth::Useful,
        Worth::Useful | Worth::Wasted => Worth::Wasted,
    }
}

/// Whose poll the next one of a batch is, of tasks for which so many were counted before: one request, and each open task has
/// the same share of it, so it is counted to the first of those that have fewest. `None` where there is no task.
pub fn counted_to<T>(open: impl Iterator<Item = T>, polls: impl Fn(&T) -> u32) -> Option<T> {
    open.min_by_key(polls)
}
