//! Distributions from real parameters, where they are in range.

use crate::world::distribution::Distribution;

/// A lognormal distribution from the mean and standard deviation of its logarithm.
pub(super) fn lognormal(location: f64, spread: f64) -> Option<Distribution> {
    build("lognormal", &[("median", libm::exp(location).max(1.0)), ("sigma", spread)])
}

/// A distribution from the table of kinds; `None` where a parameter is out of range.
pub(super) fn build(kind: &str, parameters: &[(&str, f64)]) -> Option<Distribution> {
    Distribution::build(kind, |name| parameters.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)).ok()
}
