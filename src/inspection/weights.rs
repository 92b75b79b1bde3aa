//! What waiting costs.

/// Weights of the cost of a wait: `poll·polls + delay_per_s·delay`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostWeights {
    /// Cost of one poll.
    pub poll: f64,
    /// Cost of a second of detection delay.
    pub delay_per_s: f64,
}

impl CostWeights {
    /// Cost of a microsecond of delay.
    #[must_use]
    pub fn delay_per_us(&self) -> f64 {
        self.delay_per_s / 1e6
    }

    /// Whether both count. Otherwise there is no best schedule: free polls are made without end, and free delay means
    /// never to ask.
    #[must_use]
    pub fn are_positive(&self) -> bool {
        self.poll > 0.0 && self.delay_per_s > 0.0 && self.poll.is_finite() && self.delay_per_s.is_finite()
    }
}
