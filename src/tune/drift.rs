//! What settings cost when times have changed.

use super::{Goal, TuneRow};
use crate::inspection::{Bounds, CostWeights, Sketch};

/// What becomes of settings when every task takes `factor` times as long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Times now over times then.
    pub factor: f64,
    /// Expected cost of the settings.
    pub cost: f64,
    /// The same over that of the best schedule for the new times, minus 1.
    pub excess: f64,
}

/// The cost of `row` when times are longer or shorter by these factors.
#[must_use]
pub fn drift(goal: &Goal<'_>, row: &TuneRow, factors: &[f64]) -> Vec<Drift> {
    let each = factors.iter().filter_map(|&factor| {
        // Times that are longer by a factor are a clock that is slower: instants are divided by it, and a second of
        // delay counts for so many more.
        let deadline = goal.deadline.map(|deadline| deadline / factor);
        let weights = CostWeights { delay_per_s: goal.weights.delay_per_s * factor, ..goal.weights };
        // The horizon moves with the times, as a multiple of what almost all tasks take: on the slower clock it stays.
        let free = Goal { weights, deadline, bounds: Bounds::default(), ..goal.clone() };
        let cost = free.expected(&row.checks.scaled(1.0 / factor), goal.done_time).cost(&weights);
        let sketch = Sketch::roughly(goal.done_time, deadline);
        let least = free.expected(&free.optimum_roughly(&sketch)?, goal.done_time).cost(&weights);
        Some(Drift { factor, cost, excess: (cost / least - 1.0).max(0.0) })
    });
    each.collect()
}
