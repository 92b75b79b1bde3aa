//! Optimality: nothing near is cheaper, and bounds are kept.

use super::support::{done_time, weights};
use pollbench::inspection::{AfterLast, Bounds, Checks, CostWeights, DoneTime, ScheduleProblem, Sketch, lossy};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use proptest::prelude::*;

/// Laws of every shape: smooth, two humps, single values, cut, level.
fn plain_distributions() -> impl Strategy<Value = String> {
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
        (0_u64..50, 1_u64..100).prop_map(move |(low, width)| of(format!("uniform(low={low}s, high={}s)", low + width))),
    ]
}

/// These, and mixtures of any two.
fn distributions() -> impl Strategy<Value = String> {
    (plain_distributions(), plain_distributions(), 0.02..0.98, prop::bool::weighted(0.3)).prop_map(
        |(done_time, other, share, is_mixed)| {
            if is_mixed { format!("mixture({share}*{done_time}, {}*{other})", 1.0 - share) } else { done_time }
        },
    )
}

/// Of which few are left where something ends, or begins anew: the edge of a uniform distribution, the gap before a rare hump.
fn rare_ends() -> impl Strategy<Value = String> {
    let smooth = prop_oneof![
        (5.0..100.0, 0.1..0.8).prop_map(|(m, s)| format!("lognormal(median={m}s, sigma={s})")),
        (0.8..9.0, 2.0..30.0).prop_map(|(k, s)| format!("gamma(shape={k}, scale={s}s)")),
        (0.8..6.0, 10.0..100.0).prop_map(|(k, s)| format!("weibull(shape={k}, scale={s}s)")),
    ];
    (smooth, -8.0_f64..-4.0, 0..4, 1.1..20.0).prop_map(|(smooth, exponent, kind, far)| {
        let rare = 10.0_f64.powf(exponent);
        let edge = done_time(&smooth).quantile(1.0 - rare) / 1e6;
        match kind {
            0 => format!("mixture(0.9*uniform(low={}s, high={edge}s), 0.1*{smooth})", edge / 2.0),
            1 => format!("mixture({}*{smooth}, {rare}*lognormal(median={}s, sigma=0.1))", 1.0 - rare, far * edge),
            2 => format!("mixture({}*{smooth}, {rare}*{}s)", 1.0 - rare, far * edge),
            _ => format!("mixture({}*{edge}s, {rare}*{}s)", 1.0 - rare, far * edge),
        }
    })
}

/// Costs of a poll from cheap to dear, in seconds of delay.
fn ratios() -> impl Strategy<Value = f64> {
    (-0.7_f64..2.0).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// By which the interval that may hold the best place shrinks with each two places tried.
const GOLDEN: f64 = 0.618_034;

/// How a schedule is spoiled: which poll, and how far on the way to its neighbours.
type Blows = Vec<(usize, u8, f64)>;

fn blows() -> impl Strategy<Value = Blows> {
    prop::collection::vec((any::<usize>(), 0_u8..3, -0.999..0.999), 1..4)
}

/// Moved, dropped and added polls; the last one stays, where the schedule ends there.
fn spoiled(checks: &Checks, blows: &Blows) -> Checks {
    let mut instants = checks.instants.clone();
    let kept = usize::from(checks.then == AfterLast::GiveUp);
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
    #![proptest_config(crate::soak::cases(64))]

    /// No schedule near the best one is cheaper by more than a millionth.
    #[test]
    fn no_perturbation_is_cheaper(done_time in distributions(), ratio in ratios(), tries in prop::collection::vec(blows(), 24)) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").solve();
        let cost = best.cost(&done_time, &weights, None);
        for blows in tries {
            let other = spoiled(&best, &blows);
            let near = other.cost(&done_time, &weights, None);
            prop_assert!(near >= cost * (1.0 - 1e-6), "{near} < {cost}: {:?} against {:?}", other, best);
        }
    }

    /// Nor with a deadline, at which the last poll stays.
    #[test]
    fn no_perturbation_is_cheaper_under_a_deadline(
        done_time in distributions(), ratio in ratios(), level in 0.3..0.9999, tries in prop::collection::vec(blows(), 24),
    ) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let deadline = done_time.quantile(level) + 1.0;
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").deadline(deadline).solve();
        prop_assert_eq!((best.then, best.instants.last().copied()), (AfterLast::GiveUp, Some(deadline)));
        let cost = best.cost(&done_time, &weights, Some(deadline));
        for blows in tries {
            let other = spoiled(&best, &blows);
            let near = other.cost(&done_time, &weights, Some(deadline));
            prop_assert!(near >= cost * (1.0 - 1e-6), "{near} < {cost}: {:?} against {:?}", other, best);
        }
    }

    /// A rough answer costs at most a ten-thousandth more with a deadline, five without one, and never less than the best; one
    /// for drawing at most two thousandths, one at a glance a hundredth.
    #[test]
    fn a_rough_answer_is_within_its_promise(done_time in distributions(), ratio in ratios(), seconds in prop::option::of(20.0..400.0)) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let mut problem = ScheduleProblem::new(&done_time, weights).expect("positive");
        let end: Option<f64> = seconds.map(|seconds| seconds * 1e6);
        if let Some(end) = end {
            problem = problem.deadline(end);
        }
        let exact = problem.solve().cost(&done_time, &weights, end);
        let rough = problem.solve_roughly(&Sketch::roughly(&done_time, end)).cost(&done_time, &weights, end);
        let most = if end.is_some() { 1e-4 } else { 5e-4 };
        prop_assert!(rough <= exact * (1.0 + most), "{rough} against {exact}");
        prop_assert!(rough >= exact * (1.0 - 1e-6), "{rough} against {exact}");
        let drawn = problem.solve_for_drawing(&Sketch::roughly(&done_time, end)).cost(&done_time, &weights, end);
        prop_assert!(drawn <= exact * (1.0 + 2e-3), "{drawn} against {exact}");
        let glanced = problem.solve_at_a_glance(&Sketch::roughly(&done_time, end)).cost(&done_time, &weights, end);
        prop_assert!(glanced <= exact * (1.0 + 1e-2), "{glanced} against {exact}");
    }

    /// With a deadline, moving one poll after the other to where it is best saves less than a millionth; without one, less
    /// than three, for then the last gap of the answer is repeated.
    #[test]
    fn moving_polls_to_their_best_places_saves_next_to_nothing(
        done_time in distributions(), ratio in ratios(), seconds in prop::option::of(20.0..400.0),
    ) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let mut problem = ScheduleProblem::new(&done_time, weights).expect("positive");
        let end: Option<f64> = seconds.map(|seconds| seconds * 1e6);
        if let Some(end) = end {
            problem = problem.deadline(end);
        }
        let best = problem.solve();
        let (cost, moved) = (best.cost(&done_time, &weights, end), polished(&done_time, &weights, best, end));
        let most = if end.is_some() { 1e-6 } else { 3e-6 };
        prop_assert!(cost <= moved * (1.0 + most), "{cost}, by moving {moved}");
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(64))]

    /// Without a deadline, no other gap to repeat after the last poll saves three millionths.
    #[test]
    fn no_other_gap_to_repeat_saves_anything(done_time in prop_oneof![distributions(), rare_ends()], ratio in ratios()) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").solve();
        let cost = best.cost(&done_time, &weights, None);
        let before = best.instants.len().checked_sub(2).map_or(0.0, |at| best.instants[at]);
        let gap = best.instants[best.instants.len() - 1] - before;
        for step in -24..=24 {
            let then = AfterLast::Every(gap * 2.0_f64.powf(f64::from(step) / 4.0));
            let other = Checks { then, ..best.clone() }.cost(&done_time, &weights, None);
            prop_assert!(cost <= other * (1.0 + 3e-6), "{cost} = {other}·(1 + {:e}) with {then:?}: {best:?}", cost / other - 1.0);
        }
    }
}

/// Lists that ended where their last gap must not be repeated: at the edge of a part, before a rare late end.
#[test]
fn what_follows_a_list_is_no_accident() {
    let weights = weights(1.381, 1.0);
    for (expression, bounds) in [
        ("mixture(0.8903*uniform(low=41s, high=115s), 0.1097*gamma(shape=4.026, scale=5.87s))", Bounds::default()),
        ("mixture(0.9999995*30s, 0.0000005*3600s)", Bounds::default()),
        ("mixture(0.9999995*30s, 0.0000005*86400s)", Bounds::default()),
        ("mixture(0.9999995*30s, 0.0000005*3600s)", Bounds { max_delay: Some(10e6), ..Bounds::default() }),
        ("mixture(0.9999995*30s, 0.0000005*3600s)", Bounds { min_gap: Some(60e6), ..Bounds::default() }),
    ] {
        let done_time = done_time(expression);
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
        let (last, before) = (best.instants.len() - 1, best.instants.len().checked_sub(2));
        let last = best.instants[last];
        let gap = last - before.map_or(0.0, |at| best.instants[at]);
        if done_time.below(last) < done_time.ends() {
            assert!(gap >= bounds.min_gap.unwrap_or(0.0) * (1.0 - 1e-6), "{expression}: {best:?}");
        }
        assert!(
            best.longest_delay(&done_time) <= bounds.max_delay.unwrap_or(f64::INFINITY) * (1.0 + 1e-6),
            "{expression}"
        );
        if bounds == Bounds::default() {
            let other = |factor| Checks { then: AfterLast::Every(gap * factor), ..best.clone() };
            let cost = |checks: &Checks| checks.cost(&done_time, &weights, None);
            let least = (-60..=60).map(|step| cost(&other(1.2_f64.powi(step)))).fold(f64::INFINITY, f64::min);
            assert!(cost(&best) <= least * (1.0 + 3e-6), "{expression}: {} against {least}: {best:?}", cost(&best));
        }
    }
}

/// Least cost over sweeps in which each poll but the last goes, by golden section near where it is, to where it is best
/// between its neighbours. At t between a and b what depends on t is −poll·F(t) − delay·(t·F(a) + (b − t)·F(t)).
fn polished(done_time: &DoneTime, weights: &CostWeights, mut checks: Checks, end: Option<f64>) -> f64 {
    let mut least = checks.cost(done_time, weights, end);
    for _ in 0..20 {
        for k in 0..checks.instants.len() - 1 {
            let before = if k == 0 { 0.0 } else { checks.instants[k - 1] };
            let (here, after) = (checks.instants[k], checks.instants[k + 1]);
            let missed = done_time.below(before);
            let saved = |t: f64| {
                let done = done_time.below(t);
                weights.poll * done + weights.delay_per_us() * (t * missed + (after - t) * done)
            };
            let reach = 0.02 * (here - before).min(after - here);
            let (mut from, mut to) = (here - reach, here + reach);
            while to - from > 1e-4 * reach {
                let (left, right) = (to - GOLDEN * (to - from), from + GOLDEN * (to - from));
                if saved(left) > saved(right) {
                    to = right;
                } else {
                    from = left;
                }
            }
            let there = from.midpoint(to);
            if saved(there) > saved(here) {
                checks.instants[k] = there;
            }
        }
        least = least.min(checks.cost(done_time, weights, end));
    }
    least
}

proptest! {
    // Up to three bounded problems each, some with hundreds of polls.
    #![proptest_config(crate::soak::cases(24))]

    /// The mean number of polls keeps to its bound.
    #[test]
    fn polls_keep_to_their_bound(done_time in distributions(), ratio in ratios(), share in 0.3..1.2) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let free = ScheduleProblem::new(&done_time, weights).expect("positive").solve();
        let most = 1.01 + share * (free.expected(&done_time, None, 0.0).polls - 1.0);
        let bounds = Bounds { max_polls: Some(most), ..Bounds::default() };
        let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
        let polls = best.expected(&done_time, None, 0.0).polls;
        prop_assert!(polls <= most * (1.0 + 1e-4), "{polls} > {most}");
        prop_assert!(best.cost(&done_time, &weights, None) >= free.cost(&done_time, &weights, None) * (1.0 - 1e-5));
    }

    /// Shortest gap and longest delay hold to a millionth of themselves, and cost something at most; where they do not ask
    /// for ten thousand polls, of which the last are drawn coarsely.
    #[test]
    fn gaps_keep_to_their_bounds(done_time in plain_distributions(), ratio in ratios(), share in 0.15..0.5, wide in 1.5..4.0) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let free = ScheduleProblem::new(&done_time, weights).expect("positive").solve();
        let least = share * done_time.quantile(0.5);
        let most = wide * least;
        for bounds in [
            Bounds { min_gap: Some(least), ..Bounds::default() },
            Bounds { max_delay: Some(most), ..Bounds::default() },
            Bounds { min_gap: Some(least), max_delay: Some(most), ..Bounds::default() },
        ] {
            let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
            if bounds.min_gap.is_some() {
                let shortest = best.instants.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
                prop_assert!(shortest >= least * (1.0 - 1e-6), "{shortest} < {least}: {best:?}");
            }
            if bounds.max_delay.is_some() {
                let longest = best.longest_delay(&done_time);
                prop_assert!(longest <= most * (1.0 + 1e-6), "{longest} > {most}: {best:?}");
            }
            prop_assert!(best.cost(&done_time, &weights, None) >= free.cost(&done_time, &weights, None) * (1.0 - 1e-5));
        }
    }


    /// Planning for loss never costs more, under that loss, than planning as if there were none.
    #[test]
    fn a_plan_for_loss_is_no_worse_than_one_without(
        done_time in distributions(), ratio in ratios(), loss in 0.01..0.6, is_limited in any::<bool>(),
    ) {
        let (done_time, weights) = (super::support::done_time(&done_time), weights(ratio, 1.0));
        let mut problem = ScheduleProblem::new(&done_time, weights).expect("positive");
        let end = is_limited.then(|| done_time.quantile(0.95) + 1.0);
        if let Some(end) = end {
            problem = problem.deadline(end);
        }
        let cost = |checks: &Checks| checks.expected(&done_time, end, loss).cost(&weights);
        let (calm, ready) = (cost(&problem.solve()), cost(&lossy::solve(&problem, loss)));
        prop_assert!(ready <= calm * (1.0 + 1e-9), "{ready} against {calm}");
    }
}

/// A longest delay of hardly more than the distribution's own length was once not kept.
#[test]
fn a_longest_delay_is_kept_where_few_polls_are_made() {
    let (done_time, weights) = (done_time("uniform(low=5s, high=14s)"), weights(1.0, 0.1));
    let most = 13.318_585_189_526_924e6;
    let bounds = Bounds { min_gap: Some(1e6), max_delay: Some(most), ..Bounds::default() };
    let best = ScheduleProblem::new(&done_time, weights).expect("positive").bounds(bounds).solve();
    assert!(best.longest_delay(&done_time) <= most * (1.0 + 1e-6), "{best:?}");
}

/// Without a deadline: strictly better than a plan without loss, and no gap made a little longer or shorter, with all
/// later polls moved along, gains anything.
#[test]
fn under_loss_no_other_gap_is_better() {
    for expression in
        ["lognormal(median=190s, sigma=0.28)", "weibull(shape=2, scale=500s)", "gamma(shape=3, scale=20s)"]
    {
        let (done_time, weights) = (done_time(expression), weights(1.0, 0.1));
        let problem = ScheduleProblem::new(&done_time, weights).expect("positive");
        for loss in [0.05, 0.2, 0.4] {
            let cost = |checks: &Checks| checks.expected(&done_time, None, loss).cost(&weights);
            let ready = lossy::solve(&problem, loss);
            let least = cost(&ready);
            assert!(least < cost(&problem.solve()), "{expression}, loss {loss}");
            for place in 0..ready.instants.len().min(12) {
                let before = if place == 0 { 0.0 } else { ready.instants[place - 1] };
                for share in [-0.03, 0.03] {
                    let mut other = ready.clone();
                    let shift = share * (ready.instants[place] - before);
                    other.instants[place..].iter_mut().for_each(|at| *at += shift);
                    let tried = cost(&other);
                    assert!(tried >= least * (1.0 - 1e-5), "{expression}, loss {loss}: {tried} below {least}");
                }
            }
        }
    }
}

/// Tails so heavy that their variance is infinite: without a deadline the answers come less near, with one as near as others.
#[test]
#[ignore = "slow: finding what is nearly without end takes long"]
fn heavy_tails_cost_accuracy_without_a_deadline_only() {
    // The heaviest at every price, the others at one.
    for (shape, ratios) in [(1.35, &[0.2, 2.0, 20.0][..]), (1.5, &[2.0]), (1.8, &[20.0])] {
        let done_time = done_time(&format!("pareto(shape={shape}, scale=27s)"));
        for ratio in ratios.iter().copied() {
            let weights = weights(ratio, 1.0);
            for (end, exactly, roughly) in [(None, 3e-4, 5e-4), (Some(400e6), 1e-6, 1e-4)] {
                let mut problem = ScheduleProblem::new(&done_time, weights).expect("positive");
                if let Some(end) = end {
                    problem = problem.deadline(end);
                }
                let best = problem.solve();
                let rough = problem.solve_roughly(&Sketch::roughly(&done_time, end)).cost(&done_time, &weights, end);
                let (cost, moved) = (best.cost(&done_time, &weights, end), polished(&done_time, &weights, best, end));
                assert!(cost <= moved * (1.0 + exactly), "{shape}, {ratio}, {end:?}: {cost}, by moving {moved}");
                assert!(rough <= moved * (1.0 + roughly), "{shape}, {ratio}, {end:?}: {rough}, by moving {moved}");
            }
        }
    }
}

/// Narrow humps far apart: where a table told them by equal steps of time, their tails lay within a few of its cells, and
/// rough answers were ten times as far off as promised.
#[test]
fn narrow_humps_far_apart_are_answered_as_promised() {
    for (near, far, sigma, share) in
        [(11.591_168, 216.273_468, 0.1, 0.178_845), (10.0, 250.0, 0.05, 0.3), (5.0, 600.0, 0.05, 0.05)]
    {
        let done_time = done_time(&format!(
            "mixture({}*lognormal(median={near}s, sigma={sigma}), {share}*lognormal(median={far}s, sigma=0.05))",
            1.0 - share
        ));
        for ratio in [0.5, 18.511_467_643_613_41, 80.0] {
            let weights = weights(ratio, 1.0);
            for (end, roughly) in [(None, 5e-4), (Some(300e6), 1e-4), (Some(900e6), 1e-4)] {
                let mut problem = ScheduleProblem::new(&done_time, weights).expect("positive");
                if let Some(end) = end {
                    problem = problem.deadline(end);
                }
                let exact = problem.solve().cost(&done_time, &weights, end);
                let rough = problem.solve_roughly(&Sketch::roughly(&done_time, end)).cost(&done_time, &weights, end);
                assert!(rough <= exact * (1.0 + roughly), "{near}/{far}, {ratio}, {end:?}: {rough} against {exact}");
                assert!(exact <= rough * (1.0 + 3e-6), "{near}/{far}, {ratio}, {end:?}: {rough} against {exact}");
            }
        }
    }
}

/// Where there is no best schedule, the reason is said.
#[test]
fn problems_without_an_answer_are_told() {
    let done_time = done_time("exponential(mean=10s)");
    let refused =
        |poll, delay| ScheduleProblem::new(&done_time, weights(poll, delay)).err().map(|error| error.to_string());
    for (poll, delay) in [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        let said = refused(poll, delay).expect("no schedule");
        assert!(said.contains("must both be positive"), "{said}");
    }
    assert_eq!(refused(1.0, 1.0), None);
    let endless = super::support::done_time("pareto(shape=0.9, scale=10s)");
    let problem = ScheduleProblem::new(&endless, weights(1.0, 1.0)).expect("positive");
    assert!(problem.check().expect_err("no mean").to_string().contains("give a deadline"));
    assert!(problem.deadline(60e6).check().is_ok());
}
