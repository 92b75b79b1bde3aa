//! What charts draw beyond the figures of `results.json`: curves and sampled tasks. Times are seconds.

use serde::{Deserialize, Serialize};

/// The curves of one cell, in the order of `Results::cells`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellSeries {
    /// Empirical distribution of the detection delay: (seconds, share of all tasks known by then), both ascending. The
    /// last share is what ever became known: the rest is censored.
    pub delay_ecdf: Vec<(f64, f64)>,
    /// The same of the latency.
    pub latency_ecdf: Vec<(f64, f64)>,
    /// Requests per second, mean over replicates, in equal steps of `rate_step_s` since the first submit.
    pub rate: Vec<f64>,
    /// Length of a step of `rate` in seconds.
    pub rate_step_s: f64,
    /// Polls and seconds of delay that a task is charged, means over all tasks: its cost is their sum in the scenario's
    /// weights, or in any others.
    pub charged: Option<(f64, f64)>,
    /// A few tasks of the first replicate, request by request: the same tasks in every cell of a model, by turns one that a
    /// fault struck under most strategies and one that none did, as far as there are both.
    pub sample: Vec<SampledTask>,
}

/// One task, request by request. Instants are seconds since the start of the replicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledTask {
    /// Intended submit.
    pub submitted: f64,
    /// Start of the wait.
    pub wait_start: f64,
    /// End of the task; absent where it is stuck.
    pub done: Option<f64>,
    /// End of the wait; absent on a hang.
    pub settled: Option<f64>,
    /// Whether the client knew the task's state in the end.
    pub known: bool,
    /// Whether a fault struck the wait.
    pub struck: bool,
    /// Polls: instant sent, and what it was good for.
    pub polls: Vec<(f64, PollMark)>,
}

/// What one poll was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PollMark {
    /// Revealed a terminal state.
    Useful,
    /// Said unfinished.
    Wasted,
    /// Told nothing.
    Failed,
}

/// A stretch of time in which a fault was active in the first replicate, for the background of time charts.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultBand {
    /// Start in seconds since the start of the replicate.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Kind of the fault.
    pub kind: &'static str,
}

/// Everything that charts need beside the results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// One for each cell of the results.
    pub cells: Vec<CellSeries>,
    /// Active faults of the first replicate.
    pub bands: Vec<FaultBand>,
    /// By model in scenario order: polls of a task and seconds of delay that no polling strategy can be below and left
    /// of, from few polls to many; empty where that is not known.
    pub floors: Vec<Vec<(f64, f64)>>,
}
