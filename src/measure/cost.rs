//! What waiting costs.

/// Weights of the cost of a wait: `poll·polls + delay_per_s·delay`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostWeights {
    /// Cost of one poll.
    pub poll: f64,
    /// Cost of a second between a task's end and the client knowing it.
    pub delay_per_s: f64,
}
