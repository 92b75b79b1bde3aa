//! Short ways to say what the tests say often.

use pollbench::inspection::{AfterLast, Checks, CostWeights, DoneTime};

/// The distribution of an expression.
pub(crate) fn done_time(expression: &str) -> DoneTime {
    DoneTime::of(expression.parse().expect("a distribution"))
}

pub(crate) fn weights(poll: f64, delay_per_s: f64) -> CostWeights {
    CostWeights { poll, delay_per_s }
}

/// Polls at these seconds.
pub(crate) fn at(seconds: &[f64], then: AfterLast) -> Checks {
    Checks { instants: seconds.iter().map(|s| s * 1e6).collect(), then }
}

#[track_caller]
pub(crate) fn close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found}, expected {expected}");
}
