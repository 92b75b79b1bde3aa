//! Distributions as a whole: every kind, plain, cut, moved and mixed, against what its definition promises.

use super::*;
use crate::world::draws::{Keys, Stream};
use proptest::prelude::*;

/// Every smooth kind, whole and cut in its body and in its tails, moved, and mixed.
const SMOOTH: &[&str] = &[
    "uniform(low=2s, high=9s)",
    "uniform(low=2s, high=9s, min=4s, max=11s, shift=1s)",
    "exponential(mean=30s)",
    "exponential(mean=30s, min=10s, max=50s)",
    "exponential(mean=1s, min=100s)",
    "exponential(mean=30s, max=30ms)",
    "lognormal(median=2m, sigma=0.5)",
    "lognormal(median=11s, sigma=0.3, min=5s, max=60s, shift=2s)",
    "lognormal(median=10s, sigma=0.2, min=40s)",
    "lognormal(median=10s, sigma=0.2, max=3s)",
    "gamma(shape=0.5, scale=20s)",
    "gamma(shape=1, scale=20s)",
    "gamma(shape=9, scale=4s, min=10s, max=40s)",
    "gamma(shape=9, scale=4s, min=200s, shift=5s)",
    "gamma(shape=4000, scale=10ms, max=39s)",
    "weibull(shape=0.7, scale=15s)",
    "weibull(shape=3, scale=15s, min=10s, max=20s)",
    "weibull(shape=2, scale=1s, min=5s)",
    "normal(mean=10s, std_dev=3s)",
    "normal(mean=1s, std_dev=2s, shift=500ms)",
    "normal(mean=10s, std_dev=1s, min=18s, max=30s)",
    "normal(mean=20s, std_dev=2s, max=4s)",
    "uniform(low=2s, high=9s, scale=0.5)",
    "exponential(mean=30s, scale=1.4, min=10s)",
    "lognormal(median=2m, sigma=0.5, scale=0.01, shift=3s)",
    "normal(mean=1s, std_dev=2s, scale=3, min=2s, max=20s, shift=500ms)",
    "mixture(1*lognormal(median=11s, sigma=0.3, min=9s), 2*gamma(shape=9, scale=4s, shift=1s), scale=2.5, max=90s)",
    "pareto(scale=3s, shape=2.5)",
    "pareto(scale=3s, shape=0.8, max=10m)",
    "pareto(scale=3s, shape=1, min=9s, max=1h)",
    "pareto(scale=3s, shape=3, min=30m)",
    "mixture(0.95*lognormal(median=11s, sigma=0.3), 0.05*lognormal(median=70s, sigma=0.5))",
    "mixture(3*lognormal(median=11s, sigma=0.3), 1*normal(mean=70s, std_dev=9s, max=80s), min=12s, max=90s, shift=1s)",
    "mixture(1*mixture(1*exponential(mean=5s), 2*uniform(low=1s, high=2s)), 1*gamma(shape=2, scale=9s), max=30s)",
];

fn distribution(text: &str) -> Distribution {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn sampled(distribution: &Distribution, n: u64) -> impl Iterator<Item = Micros> {
    let keys = Keys::new(20_260, 0, "distribution");
    (0..n).map(move |task| distribution.sample(&mut keys.draws(Stream::Truth, task)))
}

/// Probabilities from one in a million to all but one in a million.
fn probabilities() -> impl Iterator<Item = f64> {
    let tails = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2].into_iter().flat_map(|p| [p, 1.0 - p]);
    tails.chain((1..40).map(|step| f64::from(step) / 40.0))
}

/// Kolmogorov–Smirnov with n = 20 000: √n·D exceeds 2.7 for a correct distribution once in 1.1 million tests
/// (2·exp(−2·2.7²)), so a false alarm anywhere in this table has odds of about 1 : 37 000.
#[test]
fn samples_of_smooth_distributions_follow_their_distribution_function() {
    for text in SMOOTH {
        let distribution = distribution(text);
        let n = 20_000;
        let mut values: Vec<f64> = sampled(&distribution, n).map(|value| value.get() as f64).collect();
        values.sort_by(f64::total_cmp);
        let distance = values
            .iter()
            .enumerate()
            .map(|(rank, value)| {
                let expected = distribution.cdf(*value);
                (expected - rank as f64 / n as f64).max((rank + 1) as f64 / n as f64 - expected)
            })
            .fold(0.0, f64::max);
        assert!(distance * (n as f64).sqrt() < 2.7, "{text}: D = {distance}");
    }
}

/// Pearson's χ² with few degrees of freedom and n = 20 000: 35 is exceeded with 4 of them once in 2.2 million tests.
#[test]
fn samples_of_atoms_come_in_proportion() {
    for (text, expected) in [
        ("empirical(12s, 13s, 13s, 20s)", &[(12, 0.25), (13, 0.5), (20, 0.25)][..]),
        ("empirical(12s, 13s, 13s, 20s, min=14s, max=22s, shift=1s)", &[(14, 2.0 / 3.0), (21, 1.0 / 3.0)]),
        ("mixture(1*94s, 3*empirical(1s, 2s))", &[(1, 0.375), (2, 0.375), (94, 0.25)]),
        ("mixture(1*94s, 3*empirical(1s, 2s), min=2s)", &[(2, 0.6), (94, 0.4)]),
        ("94s", &[(94, 1.0)]),
        ("constant(value=94s, shift=6s)", &[(100, 1.0)]),
    ] {
        let (distribution, n) = (distribution(text), 20_000);
        let values: Vec<Micros> = sampled(&distribution, n).collect();
        let mut seen = 0;
        let mut chi_square = 0.0;
        for &(seconds, probability) in expected {
            let count = values.iter().filter(|value| **value == Micros::from_secs(seconds)).count();
            seen += count;
            chi_square += (count as f64 - n as f64 * probability).powi(2) / (n as f64 * probability);
        }
        assert_eq!(seen as u64, n, "{text} has other values");
        assert!(chi_square < 35.0, "{text}: χ² = {chi_square}");
    }
}

#[test]
fn quantiles_of_smooth_distributions_invert_the_distribution_function() {
    for text in SMOOTH {
        let distribution = distribution(text);
        for p in probabilities() {
            let reached = distribution.cdf(distribution.quantile(p));
            // Near zero, to nine digits of the probability itself.
            assert!((reached - p).abs() < 1e-9 * p.min(1.0 - p).max(1e-3), "{text}: {p} became {reached}");
        }
    }
}

#[test]
fn quantiles_of_atoms_are_the_least_value_that_reaches_the_probability() {
    let measured = distribution("empirical(30s, 10s, 20s)");
    for (p, seconds) in [(0.0, 10), (0.2, 10), (1.0 / 3.0, 10), (0.34, 20), (2.0 / 3.0, 20), (0.67, 30), (1.0, 30)] {
        assert_eq!(measured.quantile(p), seconds as f64 * 1e6, "{p}");
    }
    let mixed = distribution("mixture(1*10s, 1*uniform(low=20s, high=30s))");
    for (p, seconds) in [(0.0, 10.0), (0.5, 10.0), (0.75, 25.0), (1.0, 30.0)] {
        assert!((mixed.quantile(p) - seconds * 1e6).abs() < 1e-3, "{p}");
    }
    assert_eq!((mixed.cdf(10e6 - 1.0), mixed.cdf(10e6)), (0.0, 0.5));
}

/// ∫₀¹ quantile(p) dp, with both ends stretched by p = e^v/(1+e^v), by the trapezoidal rule: the integrand then falls
/// off exponentially on both sides, where that rule converges exponentially too.
fn integrated_quantile(distribution: &Distribution) -> f64 {
    let step = 1.0 / 256.0;
    (-9_000..9_000)
        .map(|index| {
            let p = 1.0 / (1.0 + (-f64::from(index) * step).exp());
            distribution.quantile(p) * p * (1.0 - p) * step
        })
        .sum()
}

#[test]
fn means_are_the_integral_of_the_quantile_function() {
    for text in SMOOTH {
        let distribution = distribution(text);
        let (mean, integral) = (distribution.mean(), integrated_quantile(&distribution));
        // Truncated distributions have corners in p; a Pareto tail of shape 2.5 is heavy.
        assert!((mean / integral - 1.0).abs() < 1e-4, "{text}: {mean} or {integral}");
    }
}

#[test]
fn means_have_their_closed_forms() {
    for (text, seconds) in [
        ("94s", 94.0),
        ("empirical(12s, 13s, 20s, shift=1s)", 16.0),
        ("lognormal(median=10s, sigma=0.5)", 10.0 * 0.125_f64.exp()),
        ("gamma(shape=2.5, scale=4s)", 10.0),
        ("weibull(shape=0.5, scale=3s)", 6.0),
        ("pareto(scale=2s, shape=3)", 3.0),
        ("exponential(mean=3s, min=1000s)", 1003.0),
        ("normal(mean=0s, std_dev=1s)", (2.0 / std::f64::consts::PI).sqrt()),
        ("pareto(scale=2s, shape=1, max=20s)", 2.0 * 10.0_f64.ln() / 0.9),
        ("mixture(1*2s, 3*6s)", 5.0),
    ] {
        let mean = distribution(text).mean();
        assert!((mean / (seconds * 1e6) - 1.0).abs() < 1e-12, "{text}: {mean}");
    }
    assert_eq!(distribution("pareto(scale=2s, shape=1)").mean(), f64::INFINITY);
    assert_eq!(distribution("mixture(1*2s, 1*pareto(scale=2s, shape=0.5))").mean(), f64::INFINITY);
}

#[test]
fn densities_are_the_slope_of_the_distribution_function() {
    for text in SMOOTH {
        let distribution = distribution(text);
        for p in (1..20).map(|step| f64::from(step) / 20.0) {
            let x = distribution.quantile(p);
            let h = (distribution.quantile(p + 1e-3) - distribution.quantile(p - 1e-3)) * 1e-3;
            let slope = (distribution.cdf(x + h) - distribution.cdf(x - h)) / (2.0 * h);
            let density = distribution.density(x).expect("a smooth distribution has a density");
            assert!((density / slope - 1.0).abs() < 1e-3, "{text} at {x}: {density} or {slope}");
        }
        assert_eq!(distribution.density(-1.0), Some(0.0), "{text}");
    }
    assert_eq!(distribution("mixture(1*exponential(mean=1s), 1*94s)").density(1e6), None);
}

#[test]
fn far_tails_keep_their_digits() {
    // Given that it exceeds its mean by z = 30 standard deviations, a normal value is exponential to leading order,
    // with a mean excess of σ/z.
    let deep = distribution("normal(mean=10s, std_dev=1s, min=40s)");
    let excess = deep.mean() - 40e6;
    assert!((excess / (1e6 / 30.0) - 1.0).abs() < 3e-3, "{excess}");
    // A cut exponential or Pareto distribution is itself again, moved or scaled.
    let (memoryless, fresh) =
        (distribution("exponential(mean=1s, min=400s)"), distribution("exponential(mean=1s, shift=400s)"));
    let (cut, scaled) =
        (distribution("pareto(scale=1s, shape=3, min=10h)"), distribution("pareto(scale=10h, shape=3)"));
    for p in probabilities() {
        assert!((memoryless.quantile(p) - fresh.quantile(p)).abs() < 1e-3);
        assert!((cut.quantile(p) / scaled.quantile(p) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_distribution_with_one_value_is_known_to_be_constant() {
    let seconds = |s| Some(Micros::from_secs(s));
    for (text, value) in [
        ("94s", seconds(94)),
        ("constant(value=94s, shift=6s, max=2m)", seconds(100)),
        ("uniform(low=3s, high=3s)", seconds(3)),
        ("lognormal(median=3s, sigma=0)", seconds(3)),
        ("empirical(3s, 3s)", seconds(3)),
        ("empirical(3s, 4s, max=3s)", seconds(3)),
        ("mixture(1*3s, 9*empirical(1s, 3s), min=2s)", seconds(3)),
        ("mixture(1*3s, 9*4s)", None),
        ("exponential(mean=3s)", None),
        ("uniform(low=1s, high=3s)", None),
    ] {
        assert_eq!(distribution(text).is_constant(), value, "{text}");
    }
    assert_eq!(Distribution::constant(Micros::from_secs(94)), distribution("94s"));
    assert_eq!(Distribution::constant(Micros::NEVER).is_constant(), Some(Micros::LONGEST));
}

/// Scaling is exact, comes before the shift, and is for every kind.
#[test]
fn a_scaled_distribution_has_every_value_so_many_times_as_long() {
    for text in SMOOTH.iter().copied().chain(["empirical(1s, 2s, 9s)", "mixture(1*3s, 2*empirical(1s, 2s))", "94s"]) {
        let whole = distribution(text).bounded(None, None, None).expect("no bounds");
        let moved = |distribution: Distribution| {
            distribution.bounded(None, None, Some(Micros::from_secs(5))).expect("no bounds")
        };
        let scaled = moved(whole.clone().scaled(1.5).expect("in range"));
        for p in (0..=20).map(|step| f64::from(step) / 20.0) {
            let (expected, found) = (1.5 * whole.quantile(p) + 5e6, scaled.quantile(p));
            // Where a scale of its own is rounded to the microsecond, all values are by a part in a million.
            assert!(expected == found || (found / expected - 1.0).abs() < 1e-6, "{text} at {p}: {found} or {expected}");
        }
        let twice = whole.clone().scaled(3.0).and_then(|distribution| distribution.scaled(0.5)).expect("in range");
        assert_eq!(moved(twice), scaled, "{text}");
        assert_eq!(scaled.to_string().parse(), Ok(scaled), "{text}");
        for factor in [0.0, -1.0, 1e9, f64::NAN] {
            assert_eq!(whole.clone().scaled(factor).map_err(|error| error.parameter()), Err(Some("scale")));
        }
    }
}

#[test]
fn a_precision_is_for_people() {
    let fitted = distribution(
        "mixture(0.25*gamma(shape=11.00806227857897, scale=1234567us), 3*lognormal(median=2m, sigma=0.123456))",
    );
    assert_eq!(
        format!("{fitted:.3}"),
        "mixture(0.25*gamma(shape=11, scale=1.23s), 3*lognormal(median=2m, sigma=0.123))"
    );
}

#[test]
fn new_bounds_replace_old_ones() {
    let once = distribution("exponential(mean=3s, min=1s, max=5s)");
    let again = once.bounded(None, Some(Micros::from_secs(9)), None);
    assert_eq!(again, Ok(distribution("exponential(mean=3s, max=9s)")));
}

#[test]
fn every_kind_is_reachable_and_names_its_parameters_once() {
    assert_eq!(KINDS.len(), 10);
    for kind in KINDS {
        assert_eq!(DistributionKind::find(kind.name), Some(kind));
        let names: Vec<_> = kind.accepted().map(|parameter| parameter.name).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name} of {}", kind.name);
        }
        assert!(names.contains(&"scale"), "{}", kind.name);
        let nothing = Distribution::build(kind.name, |_| None);
        assert!(nothing.is_err_and(|error| error.parameter().is_some()), "{}", kind.name);
    }
}

/// One smooth or atomic distribution without parts.
fn simple() -> impl Strategy<Value = Distribution> {
    let numbered = (0..KINDS.len() - 2, 1_u64..1_000_000_000, 1_u64..1_000_000_000, 0.2_f64..5.0).prop_map(
        |(index, one, two, number)| {
            Distribution::build(KINDS[index].name, |name| {
                Some(match name {
                    "sigma" | "shape" => number,
                    "low" => one.min(two) as f64,
                    "high" => one.max(two) as f64,
                    "std_dev" => two as f64,
                    _ => one as f64,
                })
            })
            .expect("parameters are in range")
        },
    );
    let measured = prop::collection::vec(0_u64..1_000_000_000, 1..6).prop_map(|values| {
        Distribution::empirical(values.into_iter().map(Micros::new).collect()).expect("there are values")
    });
    prop_oneof![4 => numbered, 1 => measured].boxed()
}

/// The distribution with a shift, and with bounds at two of its own quantiles wherever they leave something.
fn cut(distribution: impl Strategy<Value = Distribution>) -> impl Strategy<Value = Distribution> {
    let whole_us = |x: f64| Micros::from_f64(x);
    let scaled = (distribution, prop::option::of(0.001_f64..1e3)).prop_map(|(distribution, scale)| {
        scale.and_then(|scale| distribution.clone().scaled(scale).ok()).unwrap_or(distribution)
    });
    (scaled, prop::option::of(0.0_f64..0.9), prop::option::of(0.0_f64..1.0), prop::option::of(0_u64..9_000_000))
        .prop_map(move |(distribution, from, span, shift)| {
            let moved = |p: f64| whole_us(distribution.quantile(p)) + Micros::new(shift.unwrap_or(0));
            let min = from.map(moved);
            let max = span.map(|span| moved(from.unwrap_or(0.0) + 0.05 + span * 0.05));
            distribution.clone().bounded(min, max, shift.map(Micros::new)).unwrap_or(distribution)
        })
}

fn any_distribution() -> impl Strategy<Value = Distribution> {
    cut(simple()).boxed().prop_recursive(2, 12, 4, |inner| {
        let parts = prop::collection::vec((1e-6_f64..1e6, inner), 1..4);
        cut(parts.prop_map(|parts| Distribution::mixture(parts).expect("weights are positive"))).boxed()
    })
}

proptest! {
    #![proptest_config(crate::soak::cases(256))]

    #[test]
    fn what_is_printed_reads_back_as_the_same_distribution(distribution in any_distribution()) {
        let text = distribution.to_string();
        prop_assert_eq!(text.parse::<Distribution>(), Ok(distribution), "{}", text);
    }

    #[test]
    fn samples_stay_within_bounds_and_support(distribution in any_distribution(), seed: u64) {
        let mut draws = Keys::new(seed, 0, "").draws(Stream::Truth, 0);
        let (least, greatest) = (Micros::from_f64(distribution.quantile(0.0)), Micros::from_f64(distribution.quantile(1.0)));
        prop_assert!(distribution.min.is_none_or(|min| least >= min) && distribution.max.is_none_or(|max| greatest <= max));
        for _ in 0..100 {
            let value = distribution.sample(&mut draws);
            prop_assert!(least <= value && value <= greatest, "{} is outside {} to {}", value, least, greatest);
        }
    }

    #[test]
    fn quantiles_are_the_least_points_that_reach_their_probability(distribution in any_distribution(), p in 1e-6_f64..1.0) {
        let x = distribution.quantile(p);
        // A shift may have rounded away what a steep distribution needs beyond it: a few roundings further suffice.
        let after = x * (1.0 + 4.0 * f64::EPSILON);
        prop_assert!(distribution.cdf(after) >= p - 1e-9, "{} reaches only {}", after, distribution.cdf(after));
        let before = x - 1e-6 * (x + 1.0);
        prop_assert!(distribution.cdf(before) <= p + 1e-9, "{} already reaches {}", before, distribution.cdf(before));
    }

    #[test]
    fn means_lie_between_the_least_and_the_greatest_value(distribution in any_distribution()) {
        let slack = 1.0 + 1e-12;
        prop_assert!(distribution.quantile(0.0) <= distribution.mean() * slack && distribution.mean() <= distribution.quantile(1.0) * slack);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(mixture|empirical|lognormal|[0-9.*=,()a-z é]){0,12}") {
        let _ = text.parse::<Distribution>();
    }
}
