//! Tasks that are submitted in batches, one submit for all of them, and still come out in the order of their intended submits.

use crate::engine::intake::lanes::Lanes;
use crate::engine::intake::task::{Task, created_together, submitted_together};
use crate::strategy::composition::Batching;
use std::collections::VecDeque;

/// Tasks of batches whose submits are over, until their turn.
#[derive(Debug)]
pub(super) struct Batches {
    pub(super) batching: Batching,
    /// By lane.
    ready: Vec<VecDeque<Task>>,
    /// By lane: tasks that are not ready yet.
    left: Vec<u64>,
}

impl Batches {
    pub(super) fn new(batching: Batching, lanes: &Lanes<'_>) -> Self {
        let left = lanes.left();
        Self { batching, ready: left.iter().map(|_| VecDeque::new()).collect(), left }
    }

    /// The next task; `submit` answers with the tasks of the next batch whose submit is over.
    pub(super) fn next(
        &mut self,
        lanes: &mut Lanes<'_>,
        mut submit: impl FnMut(&Batching, &mut Lanes<'_>) -> Option<Vec<Task>>,
    ) -> Option<Task> {
        // Of every lane the next one must be known.
        while self.ready.iter().zip(&self.left).any(|(ready, left)| ready.is_empty() && *left > 0) {
            let tasks = submit(&self.batching, lanes)?;
            let lane = lanes.of_model(tasks.first()?.model);
            self.left[lane] -= tasks.len() as u64;
            self.ready[lane].extend(tasks);
        }
        let fronts = self.ready.iter().enumerate().filter_map(|(at, ready)| Some((at, ready.front()?.submitted)));
        let (lane, _) = fronts.min_by_key(|(_, submitted)| *submitted)?;
        self.ready[lane].pop_front()
    }
}

/// The next batch, where it shares nothing with others.
pub(super) fn submit_alone(batching: &Batching, lanes: &mut Lanes<'_>) -> Option<Vec<Task>> {
    let (lane, _) = lanes.next()?;
    let (mut first, mut rest, sent) = lanes.gather(lane, batching);
    lanes.submit(&mut first, sent, |first, now, _| {
        created_together(first, &mut rest, now);
    });
    Some(submitted_together(first.task, rest))
}
