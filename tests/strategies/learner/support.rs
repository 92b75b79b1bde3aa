//! Keyed samples.

use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Keys, Stream};

pub(crate) fn distribution(expression: &str) -> Distribution {
    expression.parse().expect("a distribution")
}

/// Durations in microseconds, the same for the same arguments.
pub(crate) fn sample(distribution: &Distribution, count: u64, run: u32) -> Vec<f64> {
    let keys = Keys::new(2_024, run, "sample");
    (0..count).map(|task| distribution.sample(&mut keys.draws(Stream::Truth, task)).get() as f64).collect()
}
