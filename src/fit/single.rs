//! The laws of two parameters, fitted by maximum likelihood on the scale of logarithms.

use super::sample::Sample;
use super::simplex::minimise;
use super::{Candidate, build, lognormal};
use statrs::function::gamma::{gamma_ur, ln_gamma};

/// Least standard deviation of logarithms: a service that always takes the same time still does not to a per cent.
pub(super) const LEAST_SPREAD: f64 = 0.005;
/// Least probability that is told apart from none.
const LEAST: f64 = 1e-300;

/// The laws that can be fitted.
pub(super) fn candidates(sample: &Sample) -> Vec<Candidate> {
    let (mean, spread) = sample.moments();
    let spread = spread.max(LEAST_SPREAD);
    // Location and logarithm of a spread, from the moments of each law's logarithm.
    let fits = [
        fit(sample, "lognormal", [mean, spread.ln()], normal, lognormal),
        // The logarithm of a Weibull variable has standard deviation π/(√6 shape) and mean ln scale − 0.5772/shape.
        fit(sample, "weibull", [mean + 0.45 * spread, (0.7797 * spread).ln()], minimum, |location, spread| {
            build("weibull", &[("shape", 1.0 / spread), ("scale", location.exp().max(1.0))])
        }),
        fit(sample, "gamma", [mean, spread.ln()], gamma, |location, spread| {
            let shape = (1.0 / (spread * spread)).max(0.011);
            let scale = location.exp() / shape;
            // A scale below a microsecond cannot be written; near a constant the other laws do as well.
            (scale >= 1.0).then(|| build("gamma", &[("shape", shape), ("scale", scale)])).flatten()
        }),
    ];
    fits.into_iter().flatten().collect()
}

/// The logarithm of the density of Y at y, and P(Y > y), for a location and a spread.
type LogLaw = fn(f64, f64, f64) -> (f64, f64);

fn fit(
    sample: &Sample,
    name: &'static str,
    start: [f64; 2],
    law: LogLaw,
    build: impl Fn(f64, f64) -> Option<crate::world::distribution::Distribution>,
) -> Option<Candidate> {
    let score = |x: &[f64]| {
        let (location, spread) = (x[0], x[1].exp());
        if spread < LEAST_SPREAD {
            return f64::INFINITY;
        }
        -sample.sum(
            |y| law(y, location, spread).0,
            |low, high| (law(low, location, spread).1 - law(high, location, spread).1).max(LEAST).ln(),
            |y| law(y, location, spread).1.max(LEAST).ln(),
        )
    };
    let start = [start[0], start[1].max(LEAST_SPREAD.ln() + 1e-9)];
    let step = 0.5 * start[1].exp();
    let (best, value) = minimise(&start, &[step, 0.3], 1e-10, score);
    let law = build(best[0], best[1].exp())?;
    Some(Candidate {
        name,
        law,
        log_likelihood: -value,
        bic: 2.0 * value + 2.0 * (sample.count as f64).ln(),
        weight: 0.0,
    })
}

fn normal(y: f64, location: f64, spread: f64) -> (f64, f64) {
    let z = (y - location) / spread;
    (-0.5 * z * z - spread.ln() - 0.918_938_533_204_672_7, survival(z))
}

/// Logarithm of a Weibull variable: the least-value law of Gumbel.
fn minimum(y: f64, location: f64, spread: f64) -> (f64, f64) {
    let z = (y - location) / spread;
    (z - z.exp() - spread.ln(), (-z.exp()).exp())
}

/// Logarithm of a gamma variable of mean e^location and coefficient of variation `spread`.
fn gamma(y: f64, location: f64, spread: f64) -> (f64, f64) {
    let shape = 1.0 / (spread * spread);
    let z = y - location + shape.ln();
    let log_density = shape * z - z.exp() - ln_gamma(shape);
    (log_density, gamma_ur(shape, z.exp().max(1e-300)))
}

/// P(Z > z) of the standard normal law.
pub(super) fn survival(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}
