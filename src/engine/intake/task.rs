//! One task, from its intended submit to the start of its wait.

use crate::engine::plan::Plan;
use crate::time::Micros;
use crate::world::draws::Draws;
use crate::world::exchange::SubmitOutcome;
use crate::world::truth::{Life, Truth};

/// A task at the start of its wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    /// Number of its model in the plan.
    pub(crate) model: usize,
    /// Its number in model and replicate.
    pub(crate) index: u64,
    /// Intended submit.
    pub(crate) submitted: Micros,
    /// The client has its id, or gave up submitting.
    pub(crate) wait_start: Micros,
    /// Whether the client has its id.
    pub(crate) accepted: bool,
    /// The server created it; zero where no submit reached it.
    pub(crate) created: Micros,
    /// What becomes of it; `None` where no submit reached the server. Where submits made several, an id names its own, and
    /// without an id the latest counts.
    pub(crate) truth: Option<Truth>,
    /// Instants of submits after the first.
    pub(crate) resubmits: Box<[Micros]>,
    /// Tasks that its submits created beyond the first.
    pub(crate) duplicates: u32,
    /// Its place in its batch, from 0; the task in the first place has the submits.
    pub(crate) place: u8,
}

/// A task on its way to acceptance.
#[derive(Debug)]
pub(super) struct Arriving {
    pub(super) task: Task,
    pub(super) life: Life,
    pub(super) travel: Draws,
    pub(super) fault_draws: Draws,
    pub(super) attempts: u32,
    /// The client is still trying.
    pub(super) open: bool,
}

/// A task that is submitted with another one, whose submit is its own.
#[derive(Debug)]
pub(super) struct BatchMember {
    pub(super) task: Task,
    pub(super) life: Life,
}

/// A submit that arrived at `now` made a batch, if it was the first to, though another one may have been sent before: its key
/// stands for its tasks. Whether it is the first so far.
pub(super) fn created_together(first: &mut Arriving, rest: &mut [BatchMember], now: Micros) -> bool {
    if first.task.truth.is_some() && now >= first.task.created {
        return false;
    }
    (first.task.created, first.task.truth) = (now, Some(first.life.created_at(now)));
    for BatchMember { task, life } in rest {
        (task.created, task.truth) = (now, Some(life.created_at(now)));
    }
    true
}

/// The tasks of a batch whose submit is over.
pub(super) fn submitted_together(first: Task, rest: Vec<BatchMember>) -> Vec<Task> {
    let (accepted, wait_start) = (first.accepted, first.wait_start);
    let rest = rest.into_iter().map(|member| Task { accepted, wait_start, ..member.task });
    std::iter::once(first).chain(rest).collect()
}

impl Arriving {
    /// A submit made the task at `now`, `accepted` if its answer gives the client the id. Whether it is the one that
    /// counts, so far.
    #[inline(always)]
    pub(super) fn created(&mut self, now: Micros, accepted: bool) -> bool {
        self.task.duplicates += u32::from(self.task.truth.is_some());
        let counts = accepted || (!self.task.accepted && now >= self.task.created);
        if counts {
            self.task.created = now;
            self.task.truth = Some(self.life.created_at(now));
        }
        counts
    }

    /// Takes the fate of an attempt sent at `sent`: the instant of the next attempt, if one is due.
    #[inline(always)]
    pub(super) fn heard(&mut self, plan: &Plan<'_>, sent: Micros, submission: SubmitOutcome) -> Option<Micros> {
        let policy = &plan.scenario.submit;
        self.attempts += 1;
        let heard = submission.heard.min(sent + policy.attempt_timeout);
        if is_accepted(plan, sent, submission) {
            self.task.accepted = true;
        } else if self.attempts <= policy.retries {
            let again = heard + policy.retry_delay;
            self.task.resubmits = appended(&self.task.resubmits, again);
            return Some(again);
        }
        self.task.wait_start = heard;
        self.open = false;
        None
    }
}

/// Whether the client gets the id: an answer that comes after it stopped listening is as good as none.
#[inline(always)]
pub(super) fn is_accepted(plan: &Plan<'_>, sent: Micros, submission: SubmitOutcome) -> bool {
    submission.is_accepted() && submission.heard <= sent + plan.scenario.submit.attempt_timeout
}

#[cold]
fn appended(instants: &[Micros], last: Micros) -> Box<[Micros]> {
    instants.iter().copied().chain([last]).collect()
}
