//! The distributions of two parameters, fitted by maximum likelihood on the scale of logarithms.

use super::build::{build, lognormal};
use super::candidate::{Candidate, ONE_HUMP};
use super::logs;
use super::sample::{LEAST_SPREAD, Sample};
use super::simplex::minimise;
use crate::world::distribution::Distribution;

/// Greatest: what is wider says nothing.
const MOST_SPREAD: f64 = 20.0;
/// What the first idea of location and spread is changed by for further starts. Where many are unfinished, ends alone say
/// little of either.
const STARTS: [(f64, f64); 4] = [(0.0, 1.0), (1.0, 2.0), (3.0, 3.0), (0.0, 0.3)];

/// A distribution on the scale of logarithms, by location and spread.
struct Shape {
    name: &'static str,
    /// Logarithm of the density at y.
    density: fn(f64, f64, f64) -> f64,
    /// ln P(Y > y).
    survival: fn(f64, f64, f64) -> f64,
    /// ln P(low < Y ≤ high).
    between: fn(f64, f64, f64, f64) -> f64,
    /// The distribution itself; `None` where it is out of range.
    build: fn(f64, f64) -> Option<Distribution>,
    /// Where the search starts, from the mean and the standard deviation of the logarithms of the ends.
    start: fn(f64, f64) -> (f64, f64),
}

const SHAPES: [Shape; 3] = [
    Shape {
        name: "lognormal",
        density: |y, location, spread| logs::normal_density((y - location) / spread) - libm::log(spread),
        survival: |y, location, spread| logs::normal_survival((y - location) / spread),
        between: |low, high, location, spread| {
            logs::normal_between((low - location) / spread, (high - location) / spread)
        },
        build: lognormal,
        start: |mean, spread| (mean, spread),
    },
    // The logarithm of a Weibull variable has the least-value distribution of Gumbel: standard deviation π/(√6 shape), mean
    // ln scale − 0.5772/shape.
    Shape {
        name: "weibull",
        density: |y, location, spread| {
            let z = (y - location) / spread;
            z - libm::exp(z) - libm::log(spread)
        },
        survival: |y, location, spread| -libm::exp((y - location) / spread),
        between: |low, high, location, spread| {
            logs::exponential_between(libm::exp((low - location) / spread), libm::exp((high - location) / spread))
        },
        build: |location, spread| build("weibull", &[("shape", 1.0 / spread), ("scale", libm::exp(location).max(1.0))]),
        start: |mean, spread| (mean + 0.45 * spread, 0.7797 * spread),
    },
    // By e^location, its mean, and its coefficient of variation.
    Shape {
        name: "gamma",
        density: |y, location, spread| {
            let shape = 1.0 / (spread * spread);
            let z = y - location + libm::log(shape);
            shape * z - libm::exp(z) - libm::lgamma(shape)
        },
        survival: |y, location, spread| {
            let shape = 1.0 / (spread * spread);
            logs::gamma_survival(shape, libm::exp(y - location + libm::log(shape)))
        },
        between: |low, high, location, spread| {
            let shape = 1.0 / (spread * spread);
            let at = |y: f64| libm::exp(y - location + libm::log(shape));
            logs::gamma_between(shape, at(low), at(high))
        },
        build: |location, spread| {
            let shape = (1.0 / (spread * spread)).max(0.011);
            let scale = libm::exp(location) / shape;
            // A scale below a microsecond cannot be written; near a constant the other distributions do as well.
            (scale >= 1.0).then(|| build("gamma", &[("shape", shape), ("scale", scale)])).flatten()
        },
        start: |mean, spread| (mean, spread.min(3.0)),
    },
];

/// The distributions that can be fitted.
pub(super) fn candidates(sample: &Sample) -> Vec<Candidate> {
    let (mean, spread) = sample.moments();
    SHAPES.iter().filter_map(|shape| fit(sample, shape, (shape.start)(mean, spread.max(LEAST_SPREAD)))).collect()
}

fn fit(sample: &Sample, shape: &Shape, (location, spread): (f64, f64)) -> Option<Candidate> {
    let score = |x: &[f64]| {
        let (location, spread) = (x[0], libm::exp(x[1]));
        if !(LEAST_SPREAD..=MOST_SPREAD).contains(&spread) {
            return f64::INFINITY;
        }
        -sample.sum(
            |y| (shape.density)(y, location, spread),
            |low, high| (shape.between)(low, high, location, spread),
            |y| (shape.survival)(y, location, spread),
        )
    };
    // Several starts only where one may lead astray.
    let starts = if sample.beyond.is_empty() && sample.entered.is_empty() { &STARTS[..1] } else { &STARTS[..] };
    let found = starts.iter().map(|(by, times)| {
        let spread = (times * spread).clamp(LEAST_SPREAD * 1.001, MOST_SPREAD);
        minimise(&[location + by, libm::log(spread)], &[0.5 * spread, 0.3], 1e-10, score)
    });
    let (best, value) = found.min_by(|a, b| a.1.total_cmp(&b.1))?;
    if !value.is_finite() {
        return None;
    }
    Some(Candidate {
        name: shape.name,
        distribution: (shape.build)(best[0], libm::exp(best[1]))?,
        log_likelihood: -value,
        bic: 2.0 * value + 2.0 * libm::log(sample.count as f64),
        weight: 0.0,
        odds: ONE_HUMP,
    })
}
