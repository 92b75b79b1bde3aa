//! Logarithms of probabilities, where the probabilities themselves would be nothing.
//!
//! As everywhere in fits, elementary functions are those of `libm`: what is learned is the same on every platform.

use crate::world::distribution::gamma_tails;

/// Least probability whose logarithm is taken as it is.
const TINY: f64 = 1e-250;
/// Logarithm of √2π.
const LN_ROOT_TAU: f64 = 0.918_938_533_204_672_7;

/// ln(e^a − e^b) for a ≥ b.
fn difference(a: f64, b: f64) -> f64 {
    if b == f64::NEG_INFINITY { a } else { a + libm::log(-libm::expm1(b - a)) }
}

/// ln P(Z > z) of the standard normal distribution.
pub(super) fn normal_survival(z: f64) -> f64 {
    if z < 30.0 {
        return libm::log(0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2));
    }
    // Mills' ratio (Abramowitz & Stegun, 26.2.12).
    let square = 1.0 / (z * z);
    -0.5 * z * z - LN_ROOT_TAU - libm::log(z) + libm::log1p(-square * (1.0 - 3.0 * square))
}

/// ln P(from < Z ≤ to), on the side of the lesser tail.
pub(super) fn normal_between(from: f64, to: f64) -> f64 {
    if from > 0.0 || -from < to {
        difference(normal_survival(from), normal_survival(to))
    } else {
        difference(normal_survival(-to), normal_survival(-from))
    }
}

/// Logarithm of the density at z.
pub(super) fn normal_density(z: f64) -> f64 {
    -0.5 * z * z - LN_ROOT_TAU
}

/// ln P(from < E ≤ to) of the standard exponential distribution.
pub(super) fn exponential_between(from: f64, to: f64) -> f64 {
    -from + libm::log(-libm::expm1(from - to))
}

/// ln P(X > x) of the gamma distribution of scale 1.
pub(super) fn gamma_survival(shape: f64, x: f64) -> f64 {
    let above = gamma_tails(shape, x).above;
    if above > TINY {
        return libm::log(above);
    }
    // The first terms of the continued fraction.
    (shape - 1.0) * libm::log(x) - x - libm::lgamma(shape) - libm::log1p(((1.0 - shape) / x).max(-0.999))
}

/// ln P(X ≤ x) of the gamma distribution of scale 1.
fn gamma_below(shape: f64, x: f64) -> f64 {
    let below = gamma_tails(shape, x).below;
    if below > TINY {
        return libm::log(below);
    }
    // The first term of the power series.
    shape * libm::log(x.max(f64::MIN_POSITIVE)) - x - libm::lgamma(shape + 1.0)
}

/// ln P(from < X ≤ to) of the gamma distribution of scale 1.
pub(super) fn gamma_between(shape: f64, from: f64, to: f64) -> f64 {
    if from > shape {
        difference(gamma_survival(shape, from), gamma_survival(shape, to))
    } else {
        difference(gamma_below(shape, to), gamma_below(shape, from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logarithm goes on where the probability ends, and where both are there they agree.
    #[test]
    fn logarithms_go_on_where_probabilities_end() {
        for (a, b) in [(29.999_999, 30.000_001), (36.0, 36.000_001)] {
            let slope = (normal_survival(b) - normal_survival(a)) / (b - a);
            assert!((slope / -a - 1.0).abs() < 2e-3, "{a}: {slope}");
        }
        assert!(normal_survival(1e6) < -4.9e11 && normal_survival(1e6).is_finite());
        for shape in [0.3, 2.0, 50.0] {
            let logs: Vec<f64> = (1..200).map(|step| gamma_survival(shape, f64::from(step) * 20.0)).collect();
            assert!(logs.windows(2).all(|pair| pair[1] < pair[0]), "{shape}: {logs:?}");
            assert!((logs[198] - logs[197] + 20.0).abs() < 0.5 + 0.3 * shape / 20.0, "{shape}");
        }
        assert!((normal_between(-1.0, 1.0) - 0.682_689_492_137_f64.ln()).abs() < 1e-10);
        assert!((normal_between(50.0, 51.0) - normal_survival(50.0)).abs() < 1e-9);
        assert!((normal_between(-51.0, -50.0) - normal_survival(50.0)).abs() < 1e-9);
    }
}
