//! Exact expectations against sums written out by hand.

use pollbench::inspection::{Checks, CostWeights, DoneLaw, Then};
use pollbench::time::Micros;
use pollbench::world::model::{Failure, FailureLaw, Model, Probability};

const S: f64 = 1e6;

fn law(expression: &str) -> DoneLaw {
    DoneLaw::of(expression.parse().unwrap())
}

#[track_caller]
fn close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs().max(1e-12), "{found}, expected {expected}");
}

#[test]
fn a_memoryless_law_under_equal_gaps_has_a_geometric_number_of_polls() {
    let law = law("exponential(mean=100s)");
    for gap in [0.5, 20.0, 150.0] {
        let checks = Checks { instants: vec![gap * S], then: Then::Every(gap * S) };
        let expected = checks.expected(&law, None, 0.0);
        let polls = 1.0 / -libm::expm1(-gap / 100.0);
        close(expected.polls, polls, 1e-7);
        close(expected.delay_mass / S, gap * polls - 100.0, 1e-6);
        close(expected.known, 1.0, 1e-9);
    }
}

#[test]
fn a_lost_poll_costs_another_and_a_gap_more() {
    let law = law("uniform(low=0s, high=10s)");
    let checks = Checks { instants: vec![10.0 * S], then: Then::Every(3.0 * S) };
    for loss in [0.1, 0.5] {
        let expected = checks.expected(&law, None, loss);
        // All tasks are done at the first poll; lost polls in a row are geometric.
        close(expected.polls, 1.0 / (1.0 - loss), 1e-9);
        close(expected.delay_mass / S, 5.0 + 3.0 * loss / (1.0 - loss), 1e-9);
    }
}

#[test]
fn who_gives_up_is_charged_for_what_is_done_by_the_horizon() {
    let law = law("uniform(low=0s, high=100s)");
    let checks = Checks { instants: vec![20.0 * S, 50.0 * S], then: Then::GiveUpAt(60.0 * S) };
    let expected = checks.expected(&law, Some(80.0 * S), 0.0);
    close(expected.polls, 1.0 + 0.8, 1e-12);
    close(expected.known, 0.5, 1e-12);
    close(expected.delay_mass / S, 0.2 * 10.0 + 0.3 * 15.0, 1e-12);
    // Ends between 50 and 80 s: one more poll, and 15 s to the horizon on the average.
    close(expected.unknown, 0.3, 1e-12);
    close(expected.unknown_delay_mass / S, 0.3 * 15.0, 1e-12);
    close(expected.timeouts.missed, 0.1, 1e-12);
    close(expected.timeouts.impatient, 0.4, 1e-12);
    close(expected.cost(&CostWeights { poll: 2.0, delay_per_s: 0.5 }), 2.0 * (1.8 + 0.3) + 0.5 * (6.5 + 4.5), 1e-12);
}

#[test]
fn late_shares_and_quantiles_of_a_uniform_law_are_lengths() {
    let law = law("uniform(low=0s, high=100s)");
    let checks = Checks { instants: [30.0, 50.0, 60.0, 100.0].map(|s| s * S).to_vec(), then: Then::Repeat };
    // Later than 15 s: ends in (0, 15), (30, 35) and (60, 85).
    close(checks.late_share(&law, 15.0 * S), 0.15 + 0.05 + 0.25, 1e-12);
    // Later than d for d in (20, 30): (0, 30 − d) and (60, 100 − d).
    close(checks.delay_quantile(&law, 0.8).unwrap() / S, 25.0, 1e-6);
    close(checks.longest_delay(&law) / S, 40.0, 1e-12);
}

#[test]
fn queue_failures_and_stuck_tasks_are_folded_in() {
    let model = Model {
        pending: Some("exponential(mean=4s)".parse().unwrap()),
        failure: Some(FailureLaw {
            probability: Probability::new(0.2).unwrap(),
            failure: Failure { code: String::new(), message: String::new() },
            after: "1s".parse().unwrap(),
        }),
        stuck: Probability::new(0.1).unwrap(),
        ..Model::plain("m", "10s".parse().unwrap())
    };
    let law = DoneLaw::of_model(&model);
    close(law.ends(), 0.9, 1e-12);
    close(law.mean() / S, 0.7 * 14.0 + 0.2 * 5.0, 1e-12);
    for x in [0.5, 2.0, 10.5, 25.0] {
        let waited = |from: f64| if x > from { -libm::expm1(-(x - from) / 4.0) } else { 0.0 };
        close(law.below(x * S), 0.7 * waited(10.0) + 0.2 * waited(1.0), 1e-9);
    }
    // Two smooth laws: the sum of two exponential steps of the same mean is a gamma law.
    let sum = DoneLaw::of_model(&Model {
        pending: Some("exponential(mean=5s)".parse().unwrap()),
        ..Model::plain("m", "exponential(mean=5s)".parse().unwrap())
    });
    for x in [1.0, 5.0, 20.0] {
        let t = x / 5.0;
        close(sum.below(x * S), 1.0 - libm::exp(-t) * (1.0 + t), 2e-3);
    }
    assert_eq!(DoneLaw::of("3s".parse().unwrap()).quantile(0.5), Micros::from_secs(3).get() as f64);
}
