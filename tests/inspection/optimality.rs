//! Nothing that is tried is better than what is called the best.

use pollbench::inspection::{Bounds, Checks, CostWeights, DoneLaw, Problem, Sketch, Then, lossy};
use proptest::prelude::*;

fn laws() -> impl Strategy<Value = String> {
    let lognormal = (5_u32..300, 0.1..1.0).prop_map(|(m, s)| format!("lognormal(median={m}s, sigma={s:.3})"));
    let gamma = (0.6..8.0, 2_u32..60).prop_map(|(k, t)| format!("gamma(shape={k:.3}, scale={t}s)"));
    let weibull = (0.8..4.0, 5_u32..300).prop_map(|(k, t)| format!("weibull(shape={k:.3}, scale={t}s)"));
    let uniform = (0_u32..50, 1_u32..100).prop_map(|(a, b)| format!("uniform(low={a}s, high={}s)", a + b));
    let cut = (10_u32..100, 20_u32..200)
        .prop_map(|(m, x)| format!("lognormal(median={m}s, sigma=0.6, min=5s, max={}s)", 5 + x));
    let values = proptest::collection::vec(1_u32..200, 1..8)
        .prop_map(|v| format!("empirical({})", v.iter().map(|s| format!("{s}s")).collect::<Vec<_>>().join(", ")));
    let plain = prop_oneof![lognormal, gamma, weibull, uniform, cut, values];
    (plain.clone(), plain, 0.02..0.98, any::<bool>()).prop_map(|(a, b, share, mixed)| {
        if mixed { format!("mixture({share:.3}*{a}, {:.3}*{b})", 1.0 - share) } else { a }
    })
}

/// A schedule with one instant moved, left out or added.
fn changed(best: &Checks, at: f64, by: f64, how: u8) -> Option<Checks> {
    let mut changed = best.clone();
    let count = changed.instants.len();
    let place = ((at * count as f64) as usize).min(count - 1);
    let before = if place == 0 { 0.0 } else { changed.instants[place - 1] };
    let here = changed.instants[place];
    match how {
        0 => changed.instants[place] = here + by * (here - before),
        // The last instant of a wait with a deadline is not to be had for less.
        1 if count > 1 && place + 1 < count => drop(changed.instants.remove(place)),
        _ => changed.instants.insert(place, before + (here - before) * (0.5 + by)),
    }
    let end = best.instants[count - 1];
    if best.then == Then::GiveUp {
        changed.instants.retain(|instant| *instant < end);
        changed.instants.push(end);
    }
    changed.instants.windows(2).all(|pair| pair[0] < pair[1]).then_some(changed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_change_of_the_best_schedule_is_better(
        law in laws(),
        ratio in -2.0..1.5_f64,
        deadline in proptest::option::of(20.0..400.0_f64),
        changes in proptest::collection::vec((0.0..1.0_f64, -0.4..0.4_f64, 0_u8..3), 24),
    ) {
        let law = DoneLaw::of(law.parse().unwrap());
        let weights = CostWeights { poll: 10_f64.powf(ratio), delay_per_s: 0.1 };
        let deadline = deadline.map(|s| s * 1e6);
        let mut problem = Problem::new(&law, weights).unwrap();
        if let Some(deadline) = deadline {
            problem = problem.deadline(deadline);
        }
        let best = problem.solve();
        let least = best.cost(&law, &weights, deadline);
        for (at, by, how) in changes {
            if let Some(other) = changed(&best, at, by, how) {
                let cost = other.cost(&law, &weights, deadline);
                prop_assert!(cost >= least * (1.0 - 2e-6), "{cost} below {least}: {other:?} against {best:?}");
            }
        }
        let rough = problem.solve_roughly(&Sketch::roughly(&law, deadline)).cost(&law, &weights, deadline);
        prop_assert!(rough <= least * 1.001, "roughly {rough}, exactly {least}");
    }

    #[test]
    fn gaps_and_delays_are_bounded(law in laws(), least in 1.0..6.0_f64, most in 8.0..60.0_f64) {
        let law = DoneLaw::of(law.parse().unwrap());
        let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
        let bounds = Bounds { min_gap: Some(least * 1e6), max_delay: Some(most * 1e6), ..Bounds::default() };
        let best = Problem::new(&law, weights).unwrap().bounds(bounds).solve();
        for pair in best.instants.windows(2) {
            prop_assert!(pair[1] - pair[0] >= least * 1e6 * (1.0 - 1e-3), "{best:?}");
        }
        prop_assert!(best.longest_delay(&law) <= most * 1e6 * (1.0 + 1e-3), "{best:?}");
    }
}

#[test]
fn under_loss_the_answer_is_better_than_that_of_a_world_without() {
    for expression in
        ["lognormal(median=190s, sigma=0.28)", "weibull(shape=2, scale=500s)", "gamma(shape=3, scale=20s)"]
    {
        let law = DoneLaw::of(expression.parse().unwrap());
        let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
        let problem = Problem::new(&law, weights).unwrap();
        for loss in [0.05, 0.2, 0.4] {
            let calm = problem.solve().expected(&law, None, loss).cost(&weights);
            let answer = lossy::solve(&problem, loss);
            let cost = answer.expected(&law, None, loss).cost(&weights);
            assert!(cost < calm, "{expression} {loss}: {cost} against {calm}");
            // No gap made a little longer or shorter gains anything.
            for place in 0..answer.instants.len().min(12) {
                for factor in [0.97, 1.03] {
                    let mut other = answer.clone();
                    let before = if place == 0 { 0.0 } else { answer.instants[place - 1] };
                    let shift = (factor - 1.0) * (answer.instants[place] - before);
                    other.instants[place..].iter_mut().for_each(|at| *at += shift);
                    let tried = other.expected(&law, None, loss).cost(&weights);
                    assert!(tried >= cost * (1.0 - 1e-5), "{expression} {loss}: {tried} below {cost}");
                }
            }
        }
    }
}
