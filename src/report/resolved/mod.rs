//! A scenario with everything resolved: what the file says, what it leaves to defaults, and what is planned from it.

mod json;
mod text;

pub use json::json;
pub use text::{pace, text};

use crate::world::distribution::Distribution;

/// Shares of the values that lie below the quantiles that are shown, with their names.
const SHARES: [(&str, f64); 5] = [("p5", 0.05), ("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p99_9", 0.999)];

/// The mean and the quantiles of a distribution, in milliseconds.
fn figures(distribution: &Distribution) -> Vec<(&'static str, f64)> {
    let quantiles = SHARES.iter().map(|(name, share)| (*name, distribution.quantile(*share) / 1e3));
    std::iter::once(("mean", distribution.mean() / 1e3)).chain(quantiles).collect()
}
