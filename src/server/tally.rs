//! What there is at this moment, counted: for metrics and for the live page.

use crate::api::reply::TaskState;
use crate::server::run::Run;

/// Names of the states that tasks are in, in the order of counts.
pub(super) const STATES: [&str; 4] = ["pending", "processing", "success", "failed"];

/// By model in the order of the world: tasks in each state.
pub(super) fn tasks(run: &Run) -> Vec<(String, [u64; STATES.len()])> {
    let now = run.clock().now();
    let mut state = run.state();
    state.advance_workers(now);
    let mut counts = vec![[0; STATES.len()]; state.models.len()];
    for (slot, task) in state.tasks.iter().enumerate() {
        let place = match task.truth.state_at(now, state.failure(slot)) {
            TaskState::Pending => 0,
            TaskState::Processing => 1,
            TaskState::Success => 2,
            TaskState::Failed(_) => 3,
        };
        counts[task.model as usize][place] += 1;
    }
    state.models.iter().map(|of| of.model.name.clone()).zip(counts).collect()
}

/// Rules counted from 1: their kinds, and how often each struck.
pub(super) fn faults(run: &Run) -> Vec<(usize, &'static str, u64)> {
    let state = run.state();
    let strikes = (1..).zip(state.faults().iter().zip(state.strikes()));
    strikes.map(|(number, (rule, count))| (number, rule.kind().name(), count)).collect()
}
