//! The normal and the gamma distribution on their natural scales, both tails, and back from a probability to a point.
//!
//! Everything goes through `libm`, whose results do not depend on the platform: truncated distributions sample from here.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The two probabilities on either side of a point. Each is accurate relative to itself, however small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tails {
    /// P(X ≤ x).
    pub(crate) below: f64,
    /// P(X > x).
    pub(crate) above: f64,
}

impl Tails {
    /// The tails of a point left of everything.
    pub(super) const ALL_ABOVE: Self = Self { below: 0.0, above: 1.0 };
    /// The tails of a point right of everything.
    pub(super) const ALL_BELOW: Self = Self { below: 1.0, above: 0.0 };

    /// The probability between this point and one to the right of it, from the tail that loses fewer digits.
    pub(super) fn until(self, right: Self) -> f64 {
        let share = if right.below <= self.above { right.below - self.below } else { self.above - right.above };
        share.max(0.0)
    }
}

/// Density of the standard normal distribution.
pub(super) fn normal_density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt()
}

/// Tails of the standard normal distribution.
pub(super) fn normal_tails(z: f64) -> Tails {
    // The greater of the two is a half at least: there the difference is as exact.
    let less = 0.5 * libm::erfc(z.abs() * FRAC_1_SQRT_2);
    let greater = 1.0 - less;
    if z < 0.0 { Tails { below: less, above: greater } } else { Tails { below: greater, above: less } }
}

/// The left one of them alone.
pub(super) fn normal_below(z: f64) -> f64 {
    /// What is above this is less than a fifth of the last place of 1.
    const NEARLY_ALL: f64 = 8.5;
    if z > NEARLY_ALL { 1.0 } else { normal_tails(z).below }
}

/// The standard normal point with probability `below` ≤ ½ on its left (mirror it for the other tail): algorithm
/// AS 241, PPND16 (Wichura, Applied Statistics 37, 1988), good to about 10⁻¹⁶.
pub(super) fn normal_quantile(below: f64) -> f64 {
    let centred = below - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * polynomial(r, &CENTRE.0) / polynomial(r, &CENTRE.1);
    }
    if below <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let r = (-libm::log(below)).sqrt();
    let distance = if r <= 5.0 {
        polynomial(r - 1.6, &TAIL.0) / polynomial(r - 1.6, &TAIL.1)
    } else {
        polynomial(r - 5.0, &FAR_TAIL.0) / polynomial(r - 5.0, &FAR_TAIL.1)
    };
    -distance
}

/// A ratio of polynomials, lowest power first.
type Ratio = ([f64; 8], [f64; 8]);

const CENTRE: Ratio = (
    [
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065513,
        13731.69376550946,
        45921.95393154987,
        67265.7709270087,
        33430.57558358813,
        2509.0809287301227,
    ],
    [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852546,
    ],
);
const TAIL: Ratio = (
    [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ],
    [
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        0.0005475938084995345,
        1.0507500716444169e-9,
    ],
);
const FAR_TAIL: Ratio = (
    [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-5,
        2.0103343992922881e-7,
    ],
    [
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        0.0007868691311456133,
        1.8463183175100548e-5,
        1.421511758316446e-7,
        2.0442631033899397e-15,
    ],
);

fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Density of the gamma distribution of this shape and scale 1, at `x` > 0.
pub(super) fn gamma_density(shape: f64, x: f64) -> f64 {
    gamma_weight(shape, x) * shape / x
}

/// Tails of the gamma distribution of this shape and scale 1, the regularised incomplete gamma functions: the power series on
/// the left, Legendre's continued fraction on the right (Press et al., Numerical Recipes, 3rd ed., §6.2).
pub(crate) fn gamma_tails(shape: f64, x: f64) -> Tails {
    if x <= 0.0 {
        return Tails::ALL_ABOVE;
    }
    let weight = gamma_weight(shape, x);
    if weight == 0.0 {
        return if x < shape { Tails::ALL_ABOVE } else { Tails::ALL_BELOW };
    }
    if x < shape + 1.0 {
        let (mut term, mut sum, mut divisor) = (1.0, 1.0, shape);
        while term > sum * f64::EPSILON / 4.0 {
            divisor += 1.0;
            term *= x / divisor;
            sum += term;
        }
        let below = (weight * sum).min(1.0);
        Tails { below, above: 1.0 - below }
    } else {
        let above = (weight * shape * gamma_fraction(shape, x)).min(1.0);
        Tails { below: 1.0 - above, above }
    }
}

/// 1/(x+1−a− 1(1−a)/(x+3−a− 2(2−a)/(x+5−a− …))), by Lentz's method.
fn gamma_fraction(shape: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let clear = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / clear(b);
    let mut fraction = d;
    // Takes about √shape steps at its slowest, where x is near the shape; shapes are at most 10⁵.
    for step in 1..100_000_u32 {
        let numerator = -f64::from(step) * (f64::from(step) - shape);
        b += 2.0;
        d = 1.0 / clear(numerator * d + b);
        c = clear(b + numerator / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

/// xᵃe⁻ˣ/Γ(a+1). For large shapes by Stirling's series about the mode, which keeps the digits that the plain formula
/// loses to cancellation (Loader, Fast and Accurate Computation of Binomial Probabilities, 2000).
fn gamma_weight(shape: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    if shape < 16.0 {
        return libm::exp(shape * libm::log(x) - x - libm::lgamma(shape + 1.0));
    }
    let excess = (x - shape) / shape;
    let inverse = 1.0 / (shape * shape);
    let stirling = polynomial(inverse, &[1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0]) / shape;
    libm::exp(-shape * (excess - libm::log1p(excess)) - stirling) / (2.0 * PI * shape).sqrt()
}

/// The point of the gamma distribution of this shape and scale 1 that has these tails; only the smaller one is used. Newton's
/// method on the logarithm of that tail, kept inside a bracket by bisection.
pub(super) fn gamma_quantile(shape: f64, tails: Tails) -> f64 {
    if tails.below <= 0.0 {
        return 0.0;
    }
    if tails.above <= 0.0 {
        return f64::INFINITY;
    }
    let on_left = tails.below <= tails.above;
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let mut x = gamma_guess(shape, tails);
    // Ten steps are many; the bound only ends a dance between two neighbouring floats.
    for _ in 0..100 {
        let reached = gamma_tails(shape, x);
        let density = gamma_density(shape, x);
        // How far ln(tail) is from its target, counted so that positive means "x is too far right".
        let (excess, next) = if on_left {
            let excess = libm::log(reached.below / tails.below);
            (excess, x * libm::exp(-excess * reached.below / (x * density)))
        } else {
            let excess = -libm::log(reached.above / tails.above);
            (excess, x - excess * reached.above / density)
        };
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let next = match next {
            next if next > low && next < high => next,
            _ if high.is_infinite() => 2.0 * x,
            // Halfway in the order of floats: positive floats sort like their bits.
            _ => f64::from_bits(low.to_bits().midpoint(high.to_bits())),
        };
        if (next - x).abs() <= f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}

/// A first guess: Wilson and Hilferty's cube (1931), or the leading term of the series near zero.
fn gamma_guess(shape: f64, tails: Tails) -> f64 {
    let z = if tails.below <= 0.5 { normal_quantile(tails.below) } else { -normal_quantile(tails.above) };
    let ninth = 1.0 / (9.0 * shape);
    let root = 1.0 - ninth + z * ninth.sqrt();
    let guess = shape * root * root * root;
    if root > 0.0 && guess > 0.5 * shape {
        return guess;
    }
    let near_zero = libm::exp((libm::log(tails.below) + libm::lgamma(shape + 1.0)) / shape);
    near_zero.clamp(f64::MIN_POSITIVE, shape + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64, tolerance: f64) -> bool {
        (left - right).abs() <= tolerance * right.abs()
    }

    #[test]
    fn normal_quantiles_lead_back_to_their_probability_far_into_the_tail() {
        for exponent in 1..300 {
            let below = 0.5 * 10_f64.powi(-exponent);
            let reached = normal_tails(normal_quantile(below)).below;
            // The tail is steep there: one rounding of z moves it by z² roundings.
            assert!(close(reached, below, 1e-12), "{below:e} became {reached:e}");
        }
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    #[test]
    fn gamma_tails_agree_with_an_independent_implementation() {
        for shape in [0.05, 0.5, 1.0, 2.0, 7.5, 15.9, 16.1, 300.0] {
            for ratio in [0.01, 0.3, 0.9, 1.0, 1.1, 2.0, 5.0] {
                let x = shape * ratio;
                let tails = gamma_tails(shape, x);
                let (below, above) =
                    (statrs::function::gamma::gamma_lr(shape, x), statrs::function::gamma::gamma_ur(shape, x));
                assert!((tails.below - below).abs() < 1e-12, "shape {shape}, x {x}: {} or {below}", tails.below);
                assert!((tails.above - above).abs() < 1e-12, "shape {shape}, x {x}: {} or {above}", tails.above);
            }
        }
    }

    #[test]
    fn gamma_quantiles_lead_back_to_their_probability_in_both_tails() {
        for shape in [0.1, 0.5, 1.0, 3.0, 20.0, 1e3, 1e5] {
            for exponent in 1..30 {
                let small = 0.5 * 10_f64.powi(-exponent);
                let left = gamma_quantile(shape, Tails { below: small, above: 1.0 - small });
                assert!(
                    close(gamma_tails(shape, left).below, small, 1e-10),
                    "shape {shape}, below {small:e}: {left:e}"
                );
                let right = gamma_quantile(shape, Tails { below: 1.0 - small, above: small });
                assert!(
                    close(gamma_tails(shape, right).above, small, 1e-10),
                    "shape {shape}, above {small:e}: {right:e}"
                );
            }
        }
    }
}
