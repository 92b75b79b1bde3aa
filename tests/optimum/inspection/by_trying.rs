//! Small cases agree with trying all.

use super::support::{at, done_time, weights};
use pollbench::inspection::{AfterLast, Bounds, Checks, CostWeights, ScheduleProblem, lossy};

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
    let done_time = done_time("uniform(low=0s, high=100s)");
    let weights = weights(20.0, 1.0);
    for late in [22.0, 25.0, 28.0, 31.0, 32.0, 35.0, 40.0, 45.0] {
        let by_trying =
            tried(&weights, 5, &|gaps, _| gaps.iter().map(|gap| (gap - late).max(0.0)).sum::<f64>() <= 5.0 + 1e-9);
        let bounds = Bounds { max_p95_delay: Some(late * 1e6), ..Bounds::default() };
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
        let share = best.late_share(&done_time, late * 1e6);
        assert!(share <= 0.05 + 1e-4, "{late}: {share} are later: {best:?}");
        let cost = best.cost(&done_time, &weights, None);
        assert!(cost <= by_trying * 1.005, "{late} s: {cost}, by trying {by_trying}: {best:?}");
        assert!(cost >= by_trying * 0.995, "{late} s: {cost}, by trying {by_trying}: {best:?}");
    }
}

/// A bound on the mean number of polls, likewise.
#[test]
fn a_bound_on_polls_costs_what_it_must() {
    let done_time = done_time("uniform(low=0s, high=100s)");
    let weights = weights(5.0, 1.0);
    for most in [1.2, 1.5, 1.8, 2.0, 2.2] {
        let by_trying = tried(&weights, 5, &|_, polls| polls <= most + 1e-9);
        let bounds = Bounds { max_polls: Some(most), ..Bounds::default() };
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
        let expected = best.expected(&done_time, None, 0.0);
        assert!(expected.polls <= most + 1e-4, "{most}: {}", expected.polls);
        let cost = expected.cost(&weights);
        assert!((cost / by_trying - 1.0).abs() <= 0.005, "{most} polls: {cost}, by trying {by_trying}: {best:?}");
    }
}

/// A shortest gap and a longest delay, likewise.
#[test]
fn bounds_on_gaps_cost_what_they_must() {
    let done_time = done_time("uniform(low=0s, high=100s)");
    for (poll, least, most) in [(2.0, 18.0, 100.0), (20.0, 1.0, 30.0), (5.0, 21.0, 27.0)] {
        let weights = weights(poll, 1.0);
        let by_trying = tried(&weights, 5, &|gaps, _| {
            gaps[1..].iter().all(|gap| *gap >= least) && gaps.iter().all(|gap| *gap <= most)
        });
        let bounds = Bounds { min_gap: Some(least * 1e6), max_delay: Some(most * 1e6), ..Bounds::default() };
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
        let cost = best.cost(&done_time, &weights, None);
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
        let (done_time, weights) = (done_time(expression), weights(poll, 0.5));
        let cost = |checks: &Checks| checks.expected(&done_time, Some(deadline), loss).cost(&weights);
        let mut least = f64::INFINITY;
        for count in 1..=8_usize {
            for bend in [0.4, 0.7, 1.0] {
                let start = |k: usize| deadline / 1e6 * ((k as f64 + 1.0) / count as f64).powf(bend);
                let mut checks = at(&(0..count).map(start).collect::<Vec<_>>(), AfterLast::GiveUp);
                least = least.min(settled(&mut checks, &cost));
            }
        }
        let problem = ScheduleProblem::new(&done_time, weights).expect("positive").deadline(deadline);
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
