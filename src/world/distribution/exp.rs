//! An exponential function for the sampling path: the simulator draws a log-normal round trip for every poll.
//!
//! Only additions and multiplications in a fixed order, so the result is the same wherever floats are IEEE 754, as
//! `libm`'s is; branch-free between −700 and 700, it takes a third of the time.

/// Up to here the power of two is a float of its own.
pub(super) const WITHIN: f64 = 700.0;

/// e to the `x`, within two units in the last place.
///
/// Cody–Waite reduction to |r| ≤ ln 2 / 2 and the Taylor polynomial of degree 13, whose remainder is below 10⁻¹⁷ there
/// (Muller, *Elementary Functions*, 3rd ed., ch. 3 and 11).
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    if (-WITHIN..=WITHIN).contains(&x) { exp_within(x) } else { libm::exp(x) }
}

/// The same for `x` known to lie [within](WITHIN) bounds: no branch stands between many of them side by side.
#[inline(always)]
pub(super) fn exp_within(x: f64) -> f64 {
    /// ln 2 in two parts; products of the first with whole numbers up to 2¹¹ are exact.
    const LN2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
    /// Adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let power = rounded - ROUND;
    let r = (x - power * LN2.0) - power * LN2.1;
    // Estrin's scheme: pairs first, so that the processor can work on several at once.
    let (r2, r4, r8) = (r * r, (r * r) * (r * r), ((r * r) * (r * r)) * ((r * r) * (r * r)));
    let low = ((1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0)))
        + r4 * ((1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5_040.0)));
    let high = ((1.0 / 40_320.0 + r * (1.0 / 362_880.0)) + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0)))
        + r4 * (1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0));
    let scale = f64::from_bits(rounded.to_bits().wrapping_add(1_023) << 52);
    (low + r8 * high) * scale
}

#[cfg(test)]
mod tests {
    use super::exp;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        #[test]
        fn it_is_the_exponential_function(x in -700.0..700.0) {
            let (found, exact) = (exp(x), libm::exp(x));
            prop_assert!((found / exact - 1.0).abs() < 5e-16, "{} for {}", found, exact);
        }
    }

    #[test]
    fn it_is_exact_where_it_should_be_and_whole_at_the_edges() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!((exp(-800.0), exp(800.0)), (0.0, f64::INFINITY));
        assert!(exp(f64::NAN).is_nan());
    }
}
