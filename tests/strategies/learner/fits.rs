//! The fit against distributions from which the observations were drawn.

use super::support::{distribution, sample};
use pollbench::fit::{Candidate, Fit, Observation};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;

const COUNT: u64 = 4_000;

fn exact(times: &[f64]) -> Vec<Observation> {
    times.iter().map(|at| Observation::Exact(*at)).collect()
}

fn fitted(observations: &[Observation]) -> Fit {
    Fit::of(observations).expect("enough")
}

/// A parameter as the distribution is written; durations in microseconds.
fn parameter(candidate: &Candidate, name: &str) -> f64 {
    let text = candidate.distribution.to_string();
    let (_, value) = text.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("no {name} in {text}"));
    let value = value.split([',', ')']).next().expect("a first piece");
    value.parse::<f64>().or_else(|_| value.parse::<Micros>().map(|us| us.get() as f64)).expect("a value")
}

#[track_caller]
fn near(found: f64, truth: f64, relative: f64) {
    assert!((found / truth - 1.0).abs() <= relative, "{found}, in truth {truth}");
}

/// Parameters come back within 4.5 standard errors of maximum likelihood for 4 000 values, which a right fit misses once
/// in 150 000: of a logarithm's mean σ/√n and spread 1/√2n (lognormal), of a scale 1.05/(shape·√n) and a shape 0.78/√n
/// (Weibull), of a mean 1/√(shape·n) and a shape 1.36/√n (gamma of shape 4).
#[test]
fn parameters_come_back_and_the_right_distribution_wins() {
    let cases = [
        ("lognormal(median=100s, sigma=0.4)", [("median", 100e6, 0.0285), ("sigma", 0.4, 0.0504)]),
        ("weibull(shape=2, scale=100s)", [("scale", 100e6, 0.0374), ("shape", 2.0, 0.0555)]),
        ("gamma(shape=4, scale=25s)", [("shape", 4.0, 0.0968), ("scale", 25e6, 0.1034)]),
    ];
    for (expression, parameters) in cases {
        let fit = fitted(&exact(&sample(&distribution(expression), COUNT, 1)));
        let best = &fit.candidates[0];
        assert!(expression.starts_with(best.name), "{} for {expression}", best.name);
        assert!(best.weight > 0.9, "{best:?}");
        for (name, truth, slack) in parameters {
            near(parameter(best, name), truth, slack);
        }
        assert_eq!(fit.count, 4_000);
    }
}

fn farthest(a: &Distribution, b: &Distribution) -> f64 {
    let steps = (1..200).map(|step| a.quantile(f64::from(step) / 200.0));
    steps.map(|x| (a.cdf(x) - b.cdf(x)).abs()).fold(0.0, f64::max)
}

/// 4 000 values and √(ln(2/α)/2n): F of any distribution that fits is within 0.0405 but once in 150 000 (Dvoretzky, Kiefer &
/// Wolfowitz); a distribution of few parameters is closer.
#[test]
fn the_blend_is_close_to_the_truth_whatever_that_is() {
    for (run, expression) in [
        "lognormal(median=100s, sigma=0.4)",
        "weibull(shape=1.3, scale=100s)",
        "uniform(low=40s, high=100s)",
        "mixture(0.95*lognormal(median=12s, sigma=0.25), 0.05*lognormal(median=60s, sigma=0.5))",
    ]
    .into_iter()
    .enumerate()
    {
        let truth = distribution(expression);
        let fit = fitted(&exact(&sample(&truth, COUNT, 10 + run as u32)));
        let distance = farthest(&truth, &fit.blend);
        assert!(distance < 0.0405 && fit.distance < 0.0405, "{expression}: {distance}, {} to the data", fit.distance);
    }
}

/// What is known only to lie between two polls 10 s apart gives nearly the distribution of the values themselves, to a hundredth
/// of the probability.
#[test]
fn ends_between_polls_tell_nearly_as_much() {
    for (run, expression) in ["lognormal(median=100s, sigma=0.4)", "gamma(shape=4, scale=25s)"].into_iter().enumerate()
    {
        let times = sample(&distribution(expression), COUNT, 20 + run as u32);
        let between: Vec<Observation> =
            times.iter().map(|at| Observation::Within((at / 10e6).floor() * 10e6, (at / 10e6).ceil() * 10e6)).collect();
        let (known, polled) = (fitted(&exact(&times)), fitted(&between));
        let distance = farthest(&known.blend, &polled.blend);
        assert!(distance < 0.01, "{expression}: {distance}");
        assert_eq!(known.candidates[0].name, polled.candidates[0].name);
    }
}

/// A task that was done before the first poll, at 60 s, may have ended at any time before: not in no time at all.
#[test]
fn ends_before_the_first_poll_are_no_instants_near_zero() {
    let truth = distribution("lognormal(median=100s, sigma=0.4)");
    let between: Vec<Observation> = sample(&truth, COUNT, 30)
        .iter()
        .map(|at| if *at <= 60e6 { (0.0, 60e6) } else { ((at / 20e6).floor() * 20e6, (at / 20e6).ceil() * 20e6) })
        .map(|(low, high)| Observation::Within(low, high))
        .collect();
    let blend = fitted(&between).blend;
    assert!(blend.cdf(20e6) < 0.002, "{}", blend.cdf(20e6));
    assert!(farthest(&truth, &blend) < 0.0405, "{}", farthest(&truth, &blend));
}

/// Values that are all the same, or zero, give a distribution that is narrow, and finite.
#[test]
fn values_without_spread_still_make_a_distribution() {
    for value in [0.0, 1.0, 7e6, 3e14] {
        for count in [2, 5, 30] {
            let fit = fitted(&vec![Observation::Exact(value); count]);
            let (low, high) = (fit.blend.quantile(0.01), fit.blend.quantile(0.99));
            assert!(low.is_finite() && high.is_finite() && fit.distance.is_finite(), "{value} × {count}");
            assert!(
                low >= 0.9 * value.max(1.0) - 1.0 && high <= 1.1 * value.max(1.0) + 1.0,
                "{value}: {low} to {high}"
            );
        }
    }
}

/// Ten thousand observations in groups give the distribution of the same observations in another order.
#[test]
fn the_order_of_observations_does_not_matter() {
    let mut times = sample(&distribution("lognormal(median=100s, sigma=0.4)"), 10_000, 50);
    let forwards = fitted(&exact(&times));
    times.reverse();
    assert_eq!(forwards, fitted(&exact(&times)));
}

/// The product-limit estimate with delayed entry, by hand: at 2 s two tasks are at risk (the third is watched from then on
/// only), at 3 s two, at 4 s one.
#[test]
fn delayed_entries_are_at_risk_from_then_on() {
    let entered = |from: f64, at: f64| Observation::Entered { from: from * 1e6, at: at * 1e6, is_over: true };
    let fit = fitted(&[Observation::Exact(2e6), entered(1.0, 3.0), entered(2.0, 4.0)]);
    assert_eq!(fit.steps(), [(2e6, 2e6, 0.5), (3e6, 3e6, 0.75), (4e6, 4e6, 1.0)]);
    assert_eq!(fit.unseen_below, None);
    // Another one is watched from 1 s to 3.5 s, and not seen to end.
    let open = Observation::Entered { from: 1e6, at: 3.5e6, is_over: false };
    let fit = fitted(&[Observation::Exact(2e6), entered(1.0, 3.0), entered(2.0, 4.0), open]);
    for ((_, at, upto), (wanted_at, wanted)) in
        fit.steps().into_iter().zip([(2e6, 1.0 / 3.0), (3e6, 5.0 / 9.0), (4e6, 1.0)])
    {
        assert!(at == wanted_at && (upto - wanted).abs() < 1e-12, "{upto} at {at}");
    }
    // Watched from nothing on is watched from the beginning.
    assert_eq!(fitted(&[entered(0.5, 3.0), entered(0.7, 4.0)]).unseen_below, Some(Micros::from_millis(500)));
}

/// Jobs that are running when sampling begins: only those that last until then are seen. With their entries the distribution comes back,
/// to 4.5 standard errors as if all 3 000 had been at risk all the time and half as much again; without them the median is
/// far too long.
#[test]
fn what_was_too_short_to_be_seen_is_made_up_for() {
    for (expression, entries, run) in [
        ("lognormal(median=100s, sigma=0.5)", "uniform(low=0s, high=200s)", 40),
        (
            "mixture(0.7*lognormal(median=40s, sigma=0.25), 0.3*lognormal(median=150s, sigma=0.3))",
            "exponential(mean=60s)",
            41,
        ),
    ] {
        let truth = distribution(expression);
        let times = sample(&truth, 60_000, run);
        let ages = sample(&distribution(entries), 60_000, run + 10);
        let seen = times.iter().zip(ages).filter(|(at, from)| **at > *from).take(3_000);
        let seen: Vec<Observation> =
            seen.map(|(at, from)| Observation::Entered { from, at: *at, is_over: true }).collect();
        let fit = fitted(&seen);
        let plain: Vec<f64> =
            seen.iter().map(|seen| if let Observation::Entered { at, .. } = seen { *at } else { 0.0 }).collect();
        let naive = fitted(&exact(&plain));
        let (with, without) = (farthest(&truth, &fit.blend), farthest(&truth, &naive.blend));
        assert!(with < 0.06, "{expression}: {with}");
        assert!(without > 2.0 * with && without > 0.1, "{expression}: {without}");
        assert!(fit.is_close(), "{expression}: {} of {}", fit.distance, fit.limit);
    }
}
