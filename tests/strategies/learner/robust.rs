//! Whatever is observed, there is a distribution or a reason.

use super::support::distribution;
use pollbench::fit::{Fit, Observation, UnfittableSample};
use pollbench::time::Micros;
use proptest::prelude::*;

fn instant() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (0.0_f64..14.5).prop_map(|exponent| 10.0_f64.powf(exponent)),
        1 => (1_u32..2_000).prop_map(|s| f64::from(s) * 1e6),
        1 => prop::sample::select(vec![0.0, 1.0, 5e6, 30e6, 1_800e6, 3e14]),
    ]
}

fn observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        3 => instant().prop_map(Observation::Exact),
        1 => (instant(), instant()).prop_map(|(a, b)| Observation::Within(a.min(b), a.max(b))),
        2 => instant().prop_map(Observation::Beyond),
    ]
}

/// A few observations, each some times over.
fn samples() -> impl Strategy<Value = Vec<Observation>> {
    prop::collection::vec((observation(), 1_usize..30), 0..12)
        .prop_map(|few| few.into_iter().flat_map(|(one, times)| std::iter::repeat_n(one, times)).collect())
}

proptest! {
    #![proptest_config(crate::soak::cases(64))]

    /// Never a panic; a distribution that is returned is a distribution, says how far it is from the data, and is no nearer to them than that.
    #[test]
    fn there_is_a_distribution_or_a_reason(sample in samples()) {
        let Ok(fit) = Fit::of(&sample) else { return Ok(()) };
        prop_assert!((0.0..=1.0).contains(&fit.distance) && fit.limit > 0.0 && fit.distance.is_finite());
        prop_assert!((0.0..=0.5).contains(&fit.beyond), "{}", fit.beyond);
        prop_assert!((0.0..=1.0).contains(&fit.share));
        let mut before = 0.0;
        for step in 0..=40 {
            let below = fit.blend.cdf(10.0_f64.powf(f64::from(step) * 0.4));
            prop_assert!(below >= before - 1e-12 && below <= 1.0 + 1e-12, "{below} after {before}");
            before = below;
        }
        // The estimate ends at what was seen to end.
        let steps = fit.steps();
        prop_assert!(steps.windows(2).all(|pair| pair[0].1 <= pair[1].0 && pair[0].2 <= pair[1].2));
        let upto = steps.last().map_or(0.0, |(.., upto)| *upto);
        prop_assert!((upto + fit.beyond - 1.0).abs() < 1e-6, "{upto} and {}", fit.beyond);
    }
}

fn ended_and_running(ended: &[f64], running: usize, at: f64) -> Vec<Observation> {
    let ended = ended.iter().map(|s| Observation::Exact(s * 1e6));
    ended.chain(std::iter::repeat_n(Observation::Beyond(at * 1e6), running)).collect()
}

/// Two tasks that end at once, and many that nobody saw the end of: no distribution follows from that.
#[test]
fn what_the_rows_cannot_say_is_refused() {
    for sample in [ended_and_running(&[2.0, 20.0], 25, 1_800.0), ended_and_running(&[5.0, 15.0], 20, 1_800.0)] {
        let refused = Fit::of(&sample).expect_err("most are unfinished");
        let count = sample.len();
        assert_eq!(refused, UnfittableSample::MostlyUnfinished { ended: 2, count, last: Micros::from_secs(1_800) });
    }
}

/// The Kaplan–Meier estimate by hand: 5 values, one given up at 25 s: 1/5, 1/5, then 3/5 shared by two: 3/10 each.
#[test]
fn who_gave_up_hands_his_probability_on() {
    let seconds = |s: f64| s * 1e6;
    let sample = [
        Observation::Exact(seconds(10.0)),
        Observation::Exact(seconds(20.0)),
        Observation::Beyond(seconds(25.0)),
        Observation::Exact(seconds(30.0)),
        Observation::Exact(seconds(40.0)),
    ];
    let steps = Fit::of(&sample).expect("four ends").steps();
    let expected = [(10.0, 0.2), (20.0, 0.4), (30.0, 0.7), (40.0, 1.0)];
    assert_eq!(steps.len(), expected.len());
    for ((low, high, upto), (at, share)) in steps.into_iter().zip(expected) {
        assert_eq!((low, high), (seconds(at), seconds(at)));
        assert!((upto - share).abs() < 1e-12, "{upto}, not {share}");
    }
}

/// Turnbull's own example is settled by hand where ranges nest: (0, 10], (5, 10], (5, 20] and (10, 20] leave (5, 10] and
/// (10, 20]; with p in the first, the likelihood p·p·1·(1 − p) is greatest at p = 2/3.
#[test]
fn ranges_that_overlap_are_estimated_together() {
    let within = |a: f64, b: f64| Observation::Within(a * 1e6, b * 1e6);
    let sample = [within(0.0, 10.0), within(5.0, 10.0), within(5.0, 20.0), within(10.0, 20.0)];
    let steps = Fit::of(&sample).expect("four ends").steps();
    assert_eq!(steps.len(), 2);
    assert_eq!((steps[0].0, steps[0].1, steps[1].0, steps[1].1), (5e6, 10e6, 10e6, 20e6));
    assert!((steps[0].2 - 2.0 / 3.0).abs() < 1e-6, "{steps:?}");
}

/// Times in whole seconds, known to the second: the distance is taken where the estimate is known, at the ends of the ranges.
#[test]
fn a_right_distribution_is_close_to_whole_seconds() {
    let truth = distribution("lognormal(median=4s, sigma=0.4)");
    let between = super::support::sample(&truth, 600, 60)
        .into_iter()
        .map(|at| Observation::Within((at / 1e6).ceil() * 1e6 - 1e6, (at / 1e6).ceil() * 1e6))
        .collect::<Vec<_>>();
    let fit = Fit::of(&between).expect("enough");
    assert!(fit.is_close() && fit.distance < 0.03, "{} of {}", fit.distance, fit.limit);
}
