//! Optimality: nothing near is cheaper, bounds are kept, and small cases agree with trying all.

use crate::support::{at, law, weights};
use pollbench::inspection::{Bounds, Checks, CostWeights, Problem, Sketch, Then, lossy};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use proptest::prelude::*;

/// Laws of every shape: smooth, two humps, single values, cut.
fn laws() -> impl Strategy<Value = String> {
    let of = |text: String| text;
    prop_oneof![
        (5.0..300.0, 0.05..1.2).prop_map(move |(m, s)| of(format!("lognormal(median={m}s, sigma={s})"))),
        (0.6..9.0, 5.0..60.0).prop_map(move |(k, s)| of(format!("gamma(shape={k}, scale={s}s)"))),
        (0.8..6.0, 10.0..200.0).prop_map(move |(k, s)| of(format!("weibull(shape={k}, scale={s}s)"))),
        (10.0..40.0, 0.1..0.4, 60.0..250.0, 0.05..0.5, 0.03..0.5).prop_map(move |(m, s, n, t, p)| of(format!(
            "mixture({}*lognormal(median={m}s, sigma={s}), {p}*lognormal(median={n}s, sigma={t}))",
            1.0 - p
        ))),
        prop::collection::vec(1_000_u64..200_000, 1..40).prop_map(|ms| {
            let values = ms.into_iter().map(Micros::from_millis).collect();
            Distribution::empirical(values).expect("values").to_string()
        }),
        (20.0..100.0, 0.2..0.8, 5_u64..20, 60_u64..150).prop_map(move |(m, s, low, high)| of(format!(
            "lognormal(median={m}s, sigma={s}, min={low}s, max={high}s)"
        ))),
    ]
}

/// Costs of a poll from cheap to dear, in seconds of delay.
fn ratios() -> impl Strategy<Value = f64> {
    (-0.7_f64..2.0).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// How a schedule is spoiled: which poll, and how far on the way to its neighbours.
type Blows = Vec<(usize, u8, f64)>;

fn blows() -> impl Strategy<Value = Blows> {
    prop::collection::vec((any::<usize>(), 0_u8..3, -0.999..0.999), 1..4)
}

/// Moved, dropped and added polls; the last one stays, where the schedule ends there.
fn spoiled(checks: &Checks, blows: &Blows) -> Checks {
    let mut instants = checks.instants.clone();
    let kept = usize::from(checks.then == Then::GiveUp);
    for &(index, blow, share) in blows {
        let movable = instants.len() - kept;
        if movable == 0 {
            break;
        }
        let k = index % movable;
        let before = if k == 0 { 0.0 } else { instants[k - 1] };
        let after = instants.get(k + 1).copied().unwrap_or(2.0 * instants[k] - before);
        match blow {
            0 if share > 0.0 => instants[k] += share * (after - instants[k]),
            0 => instants[k] += share * (instants[k] - before),
            1 if instants.len() > 1 => drop(instants.remove(k)),
            _ => instants.insert(k, before + share.abs().max(1e-3) * (instants[k] - before)),
        }
    }
    Checks { instants, then: checks.then }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No schedule near the best one is cheaper by more than a millionth.
    #[test]
    fn no_perturbation_is_cheaper(law in laws(), ratio in ratios(), tries in prop::collection::vec(blows(), 24)) {
        let (law, weights) = (crate::support::law(&law), weights(ratio, 1.0));
        let best = Problem::new(&law, weights).expect("positive").solve();
        let cost = best.cost(&law, &weights, None);
        for blows in tries {
            let other = spoiled(&best, &blows);
            let near = other.cost(&law, &weights, None);
            prop_assert!(near >= cost * (1.0 - 1e-6), "{near} < {cost}: {:?} against {:?}", other, best);
        }
    }

    /// Nor with a deadline, at which the last poll stays.
    #[test]
    fn no_perturbation_is_cheaper_under_a_deadline(
        law in laws(), ratio in ratios(), level in 0.3..0.9999, tries in prop::collection::vec(blows(), 24),
    ) {
        let (law, weights) = (crate::support::law(&law), weights(ratio, 1.0));
        let deadline = law.quantile(level) + 1.0;
        let best = Problem::new(&law, weights).expect("positive").deadline(deadline).solve();
        prop_assert_eq!((best.then, best.instants.last().copied()), (Then::GiveUp, Some(deadline)));
        let cost = best.cost(&law, &weights, Some(deadline));
        for blows in tries {
            let other = spoiled(&best, &blows);
            let near = other.cost(&law, &weights, Some(deadline));
            prop_assert!(near >= cost * (1.0 - 1e-6), "{near} < {cost}: {:?} against {:?}", other, best);
        }
    }

    /// A rough answer costs at most a thousandth more, and never less.
    #[test]
    fn a_rough_answer_is_within_a_thousandth(law in laws(), ratio in ratios(), is_limited in any::<bool>()) {
        let (law, weights) = (crate::support::law(&law), weights(ratio, 1.0));
        let mut problem = Problem::new(&law, weights).expect("positive");
        let end = is_limited.then(|| 3.0 * law.quantile(0.99));
        if let Some(end) = end {
            problem = problem.deadline(end);
        }
        let exact = problem.solve().cost(&law, &weights, end);
        let rough = problem.solve_roughly(&Sketch::roughly(&law, end)).cost(&law, &weights, end);
        prop_assert!(rough <= 1.001 * exact, "{rough} against {exact}");
        prop_assert!(rough >= exact * (1.0 - 1e-6), "{rough} against {exact}");
    }

    /// Shortest gap and longest delay hold to a millionth of themselves, and cost something at most.
    #[test]
    fn gaps_keep_to_their_bounds(law in laws(), ratio in ratios(), share in 0.05..0.5, wide in 1.5..4.0) {
        let (law, weights) = (crate::support::law(&law), weights(ratio, 1.0));
        let free = Problem::new(&law, weights).expect("positive").solve();
        let least = share * law.quantile(0.5);
        let most = wide * least;
        for bounds in [
            Bounds { min_gap: Some(least), ..Bounds::default() },
            Bounds { max_delay: Some(most), ..Bounds::default() },
            Bounds { min_gap: Some(least), max_delay: Some(most), ..Bounds::default() },
        ] {
            let best = Problem::new(&law, weights).expect("positive").bounds(bounds).solve();
            if bounds.min_gap.is_some() {
                let shortest = best.instants.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
                prop_assert!(shortest >= least * (1.0 - 1e-6), "{shortest} < {least}: {best:?}");
            }
            if bounds.max_delay.is_some() {
                let longest = best.longest_delay(&law);
                prop_assert!(longest <= most * (1.0 + 1e-6), "{longest} > {most}: {best:?}");
            }
            prop_assert!(best.cost(&law, &weights, None) >= free.cost(&law, &weights, None) * (1.0 - 1e-5));
        }
    }

    /// The mean number of polls keeps to its bound.
    #[test]
    fn polls_keep_to_their_bound(law in laws(), ratio in ratios(), share in 0.3..1.2) {
        let (law, weights) = (crate::support::law(&law), weights(ratio, 1.0));
        let free = Problem::new(&law, weights).expect("positive").solve();
        let most = 1.01 + share * (free.expected(&law, None, 0.0).polls - 1.0);
        let bounds = Bounds { max_polls: Some(most), ..Bounds::default() };
        let best = Problem::new(&law, weights).expect("positive").bounds(bounds).solve();
        let polls = best.expected(&law, None, 0.0).polls;
        prop_assert!(polls <= most * (1.0 + 1e-4), "{polls} > {most}");
        prop_assert!(best.cost(&law, &weights, None) >= free.cost(&law, &weights, None) * (1.0 - 1e-5));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Planning for loss never costs more, under that loss, than planning as if there were none.
    #[test]
    fn a_plan_for_loss_is_no_worse_than_one_without(
        law in laws(), ratio in ratios(), loss in 0.01..0.6, is_limited in any::<bool>(),
    ) {
        let (law, weights) = (crate::support::law(&law), weights(ratio, 1.0));
        let mut problem = Problem::new(&law, weights).expect("positive");
        let end = is_limited.then(|| law.quantile(0.95) + 1.0);
        if let Some(end) = end {
            problem = problem.deadline(end);
        }
        let cost = |checks: &Checks| checks.expected(&law, end, loss).cost(&weights);
        let (calm, ready) = (cost(&problem.solve()), cost(&lossy::solve(&problem, loss)));
        prop_assert!(ready <= calm * (1.0 + 1e-9), "{ready} against {calm}");
    }
}

/// Cheapest of all schedules whose polls are at whole seconds up to 100, the last one there, under a condition on the
/// gaps, for ends uniform in 0–100 s: polls Σ(1 − x/100) and delay Σ gap²/200, by hand.
fn tried(weights: &CostWeights, polls: usize, is_allowed: &dyn Fn(&[f64], f64) -> bool) -> f64 {
    fn next(left: usize, x: f64, gaps: &mut Vec<f64>, sums: [f64; 2], visit: &mut dyn FnMut(&[f64], [f64; 2])) {
        let longest = (100.0 - x) as u32;
        for gap in if left == 1 { longest..=longest } else { 1..=longest.saturating_sub(left as u32 - 1) } {
            let gap = f64::from(gap);
            gaps.push(gap);
            let sums = [sums[0] + 1.0 - x / 100.0, sums[1] + gap * gap / 200.0];
            if left == 1 {
                visit(gaps, sums);
            } else {
                next(left - 1, x + gap, gaps, sums, visit);
            }
            gaps.pop();
        }
    }
    let mut least = f64::INFINITY;
    for count in 1..=polls {
        next(count, 0.0, &mut Vec::new(), [0.0; 2], &mut |gaps, [polls, delay]| {
            let cost = weights.poll * polls + weights.delay_per_s * delay;
            if cost < least && is_allowed(gaps, polls) {
                least = cost;
            }
        });
    }
    least
}

/// At most one task in twenty is later than so much: within half a per cent of trying all.
#[test]
fn a_bound_on_the_p95_delay_costs_what_it_must() {
    let law = law("uniform(low=0s, high=100s)");
    let weights = weights(20.0, 1.0);
    for late in [22.0, 25.0, 28.0, 31.0, 32.0, 35.0, 40.0, 45.0] {
        let by_trying =
            tried(&weights, 5, &|gaps, _| gaps.iter().map(|gap| (gap - late).max(0.0)).sum::<f64>() <= 5.0 + 1e-9);
        let bounds = Bounds { max_p95_delay: Some(late * 1e6), ..Bounds::default() };
        let best = Problem::new(&law, weights).expect("positive").bounds(bounds).solve();
        let share = best.late_share(&law, late * 1e6);
        assert!(share <= 0.05 + 1e-4, "{late}: {share} are later: {best:?}");
        let cost = best.cost(&law, &weights, None);
        assert!(cost <= by_trying * 1.005, "{late} s: {cost}, by trying {by_trying}: {best:?}");
        assert!(cost >= by_trying * 0.995, "{late} s: {cost}, by trying {by_trying}: {best:?}");
    }
}

/// A bound on the mean number of polls, likewise.
#[test]
fn a_bound_on_polls_costs_what_it_must() {
    let law = law("uniform(low=0s, high=100s)");
    let weights = weights(5.0, 1.0);
    for most in [1.2, 1.5, 1.8, 2.0, 2.2] {
        let by_trying = tried(&weights, 5, &|_, polls| polls <= most + 1e-9);
        let bounds = Bounds { max_polls: Some(most), ..Bounds::default() };
        let best = Problem::new(&law, weights).expect("positive").bounds(bounds).solve();
        let expected = best.expected(&law, None, 0.0);
        assert!(expected.polls <= most + 1e-4, "{most}: {}", expected.polls);
        let cost = expected.cost(&weights);
        assert!((cost / by_trying - 1.0).abs() <= 0.005, "{most} polls: {cost}, by trying {by_trying}: {best:?}");
    }
}

/// A shortest gap and a longest delay, likewise.
#[test]
fn bounds_on_gaps_cost_what_they_must() {
    let law = law("uniform(low=0s, high=100s)");
    for (poll, least, most) in [(2.0, 18.0, 100.0), (20.0, 1.0, 30.0), (5.0, 21.0, 27.0)] {
        let weights = weights(poll, 1.0);
        let by_trying = tried(&weights, 5, &|gaps, _| {
            gaps[1..].iter().all(|gap| *gap >= least) && gaps.iter().all(|gap| *gap <= most)
        });
        let bounds = Bounds { min_gap: Some(least * 1e6), max_delay: Some(most * 1e6), ..Bounds::default() };
        let best = Problem::new(&law, weights).expect("positive").bounds(bounds).solve();
        let cost = best.cost(&law, &weights, None);
        assert!((cost / by_trying - 1.0).abs() <= 0.005, "{cost}, by trying {by_trying}: {best:?}");
    }
}

/// With a third of the polls lost: within 10⁻⁴ of the best of one to eight polls, each found by moving one poll after the
/// other from several starts.
#[test]
fn a_plan_for_loss_is_as_good_as_moving_polls_one_by_one() {
    let deadline = 120e6;
    for (expression, poll, loss) in
        [("weibull(shape=3, scale=60s)", 5.0, 0.33), ("lognormal(median=40s, sigma=0.5)", 3.0, 0.2)]
    {
        let (law, weights) = (law(expression), weights(poll, 0.5));
        let cost = |checks: &Checks| checks.expected(&law, Some(deadline), loss).cost(&weights);
        let mut least = f64::INFINITY;
        for count in 1..=8_usize {
            for bend in [0.4, 0.7, 1.0] {
                let start = |k: usize| deadline / 1e6 * ((k as f64 + 1.0) / count as f64).powf(bend);
                let mut checks = at(&(0..count).map(start).collect::<Vec<_>>(), Then::GiveUp);
                least = least.min(settled(&mut checks, &cost));
            }
        }
        let problem = Problem::new(&law, weights).expect("positive").deadline(deadline);
        let ready = cost(&lossy::solve(&problem, loss));
        assert!(ready <= least * (1.0 + 1e-4), "{expression}: {ready}, by trying {least}");
    }
}

/// Moves polls to and fro by shrinking steps while that is cheaper; the last stays.
fn settled(checks: &mut Checks, cost: &dyn Fn(&Checks) -> f64) -> f64 {
    let mut least = cost(checks);
    let mut step = 8e6;
    while step > 1e4 {
        let mut has_moved = false;
        for k in 0..checks.instants.len() - 1 {
            for by in [-step, step] {
                let was = checks.instants[k];
                let before = if k == 0 { 0.0 } else { checks.instants[k - 1] };
                if !(before..checks.instants[k + 1]).contains(&(was + by)) {
                    continue;
                }
                checks.instants[k] += by;
                let now = cost(checks);
                if now < least {
                    (least, has_moved) = (now, true);
                } else {
                    checks.instants[k] = was;
                }
            }
        }
        if !has_moved {
            step *= 0.5;
        }
    }
    least
}

/// Where there is no best schedule, the reason is said.
#[test]
fn problems_without_an_answer_are_told() {
    let law = law("exponential(mean=10s)");
    let refused = |poll, delay| Problem::new(&law, weights(poll, delay)).err().map(|error| error.to_string());
    for (poll, delay) in [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        let said = refused(poll, delay).expect("no schedule");
        assert!(said.contains("must both be positive"), "{said}");
    }
    assert_eq!(refused(1.0, 1.0), None);
    let endless = crate::support::law("pareto(shape=0.9, scale=10s)");
    let problem = Problem::new(&endless, weights(1.0, 1.0)).expect("positive");
    assert!(problem.check().expect_err("no mean").to_string().contains("give a deadline"));
    assert!(problem.deadline(60e6).check().is_ok());
}
