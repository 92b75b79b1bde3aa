//! Optima that are known from elsewhere.

use super::support::{close, done_time, weights};
use pollbench::inspection::{ScheduleProblem, recursion};

fn seconds(instants: &[f64]) -> Vec<f64> {
    instants.iter().map(|us| us / 1e6).collect()
}

#[test]
fn a_memoryless_distribution_is_asked_at_equal_gaps() {
    // e^{λx} − λx = 1 + λ·poll/delay, solved for x with λ = 1/100 s; cost = delay·(x + poll/delay)·1 … = 5.16221.
    let (done_time, weights) = (done_time("exponential(mean=100s)"), weights(1.0, 0.1));
    let best = ScheduleProblem::new(&done_time, weights).unwrap().solve();
    close(best.cost(&done_time, &weights, None), 5.16221, 2e-6);
    for pair in seconds(&best.instants).windows(2).take(5) {
        close(pair[1] - pair[0], 41.6221, 1e-3);
    }
}

#[test]
fn a_uniform_distribution_is_asked_at_gaps_that_shrink_by_the_ratio_of_costs() {
    let (done_time, weights) = (done_time("uniform(low=0s, high=100s)"), weights(2.0, 1.0));
    let best = ScheduleProblem::new(&done_time, weights).unwrap().solve();
    let expected = [19.0, 36.0, 51.0, 64.0, 75.0, 84.0, 91.0, 96.0, 99.0, 100.0];
    assert_eq!(best.instants.len(), expected.len());
    for (found, expected) in seconds(&best.instants).iter().zip(expected) {
        close(*found, expected, 1e-3);
    }
    close(best.cost(&done_time, &weights, None), 14.35, 1e-7);
}

#[test]
fn the_published_weibull_example_is_found() {
    let (done_time, weights) = (done_time("weibull(shape=2, scale=500s)"), weights(10.0, 1.0));
    let best = ScheduleProblem::new(&done_time, weights).unwrap().solve();
    close(seconds(&best.instants)[0], 205.61, 1e-4);
}

#[test]
fn the_recursion_agrees_where_its_conditions_hold() {
    for expression in ["weibull(shape=2, scale=500s)", "normal(mean=60s, std_dev=9s)", "gamma(shape=4, scale=30s)"] {
        let done_time = done_time(expression);
        for weights in [weights(1.0, 0.1), weights(10.0, 1.0), weights(1.0, 3.0)] {
            let best = ScheduleProblem::new(&done_time, weights).unwrap().solve().cost(&done_time, &weights, None);
            let recursion = recursion::optimal(&done_time, &weights).expect("a first instant");
            close(best, recursion.cost(&done_time, &weights, None), 1e-6);
        }
    }
}
