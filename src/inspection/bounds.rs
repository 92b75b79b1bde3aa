//! What a schedule must keep to, and the prices that make it.

/// What a schedule must keep to. Nothing, by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Shortest time between two polls, in microseconds.
    pub min_gap: Option<f64>,
    /// Longest delay that may ever occur, in microseconds.
    pub max_delay: Option<f64>,
    /// Delay in microseconds that at most one task in twenty may exceed.
    pub max_p95_delay: Option<f64>,
    /// Bound on the mean number of polls of a task.
    pub max_polls: Option<f64>,
}

/// Prices, in units of cost, that make a solution keep to bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prices {
    /// Of one more poll.
    pub(super) poll: f64,
    /// Of all tasks being late.
    pub(super) late: f64,
}

/// The least price that is `enough`; zero if that is.
pub(super) fn cheapest(scale: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if enough(0.0) {
        return 0.0;
    }
    let (mut short, mut paid) = (1e-6 * scale, scale);
    while !enough(paid) && paid < 1e9 * scale {
        (short, paid) = (paid, 10.0 * paid);
    }
    for _ in 0..40 {
        let middle = (short * paid).sqrt();
        *(if enough(middle) { &mut paid } else { &mut short }) = middle;
    }
    paid
}
