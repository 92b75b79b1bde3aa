//! Fitting distributions to observations, and the strategy that plans by them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use pollbench::fit::{Fit, Observation, UnfittableSample};
use pollbench::inspection::{AfterLast, Checks, CostWeights, DoneTime, ScheduleProblem};
use pollbench::strategy::composition::{Schedule, Strategy};
use pollbench::strategy::learned::{Learner, Learning};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Keys, Stream};

fn sample(done_time: &str, count: u64, run: u32) -> Vec<f64> {
    let done_time: Distribution = done_time.parse().unwrap();
    let keys = Keys::new(17, run, "m");
    (0..count).map(|task| done_time.sample(&mut keys.draws(Stream::Truth, task)).get() as f64).collect()
}

fn exact(sizes: &[f64]) -> Vec<Observation> {
    sizes.iter().map(|at| Observation::Exact(*at)).collect()
}

#[test]
fn the_distribution_that_made_the_sample_is_found_again() {
    let cases = [
        ("lognormal", "lognormal(median=100s, sigma=0.4)"),
        ("gamma", "gamma(shape=2, scale=30s)"),
        ("weibull", "weibull(shape=3, scale=80s)"),
        ("two lognormals", "mixture(0.6*lognormal(median=30s, sigma=0.2), 0.4*lognormal(median=150s, sigma=0.3))"),
    ];
    for (name, done_time) in cases {
        let fit = Fit::of(&exact(&sample(done_time, 4_000, 0))).unwrap();
        assert_eq!(fit.candidates[0].name, name, "{:?}", fit.candidates);
        let truth: Distribution = done_time.parse().unwrap();
        for p in [0.05, 0.5, 0.95] {
            // Quantiles of 4,000 values are good to about 2 %: 4.5 standard errors are below 6 %.
            let (found, expected) = (fit.candidates[0].distribution.quantile(p), truth.quantile(p));
            assert!((found / expected - 1.0).abs() < 0.06, "{name} at {p}: {found}, truly {expected}");
        }
        // The distance of a right distribution exceeds 2/√n once in 1,500 samples.
        assert!(fit.distance < 2.0 / 4_000_f64.sqrt(), "{name}: {}", fit.distance);
    }
}

#[test]
fn intervals_and_given_up_waits_tell_nearly_as_much_as_exact_times() {
    let done_time = "lognormal(median=100s, sigma=0.4)";
    let truth: Distribution = done_time.parse().unwrap();
    let sizes = sample(done_time, 2_000, 1);
    let polled = |at: f64| Observation::Within((at / 15e6).floor() * 15e6, (at / 15e6).floor() * 15e6 + 15e6);
    let given_up = |at: f64| if at > 130e6 { Observation::Beyond(130e6) } else { Observation::Exact(at) };
    for sample in
        [sizes.iter().map(|at| polled(*at)).collect::<Vec<_>>(), sizes.iter().map(|at| given_up(*at)).collect()]
    {
        let fit = Fit::of(&sample).unwrap();
        for p in [0.1, 0.5, 0.8] {
            let (found, expected) = (fit.blend.quantile(p), truth.quantile(p));
            assert!((found / expected - 1.0).abs() < 0.08, "at {p}: {found}, truly {expected}");
        }
    }
}

#[test]
fn too_little_is_refused() {
    assert_eq!(Fit::of(&[]), Err(UnfittableSample::Empty));
    assert_eq!(Fit::of(&[Observation::Beyond(1e6); 3]), Err(UnfittableSample::NoEnds(3)));
    assert_eq!(Fit::of(&[Observation::Exact(1e6)]), Err(UnfittableSample::Single));
    // A service that always takes the same time is no mistake.
    let fit = Fit::of(&[Observation::Exact(9e6); 30]).unwrap();
    assert!((8.5e6..9.5e6).contains(&fit.blend.quantile(0.5)));
}

fn learner() -> Learner {
    Learner::new(&Learning::default().strategy(), "m")
}

#[test]
fn a_plan_rests_on_what_was_known_by_then() {
    let sizes = sample("lognormal(median=40s, sigma=0.3)", 40, 2);
    let at = |task: usize| Micros::from_secs(100 * task as u64);
    let (mut one, mut all) = (learner(), learner());
    // One is told of each result when it is there, the other of all in advance and in another order.
    for (task, size) in sizes.iter().enumerate().rev() {
        all.tell(at(task), task as u64, Observation::Exact(*size));
    }
    for (task, size) in sizes.iter().enumerate() {
        one.tell(at(task), task as u64, Observation::Exact(*size));
        assert_eq!(one.plan(at(task)), all.plan(at(task)), "after task {task}");
    }
}

#[test]
fn it_plans_again_as_observations_grow_by_half() {
    let mut learner = learner();
    let mut before = learner.plan(Micros::ZERO).clone();
    let mut planned = Vec::new();
    for (task, size) in sample("lognormal(median=40s, sigma=0.3)", 45, 3).into_iter().enumerate() {
        let now = Micros::from_secs(task as u64 + 1);
        learner.tell(now, task as u64, Observation::Exact(size));
        let next = learner.plan(now).clone();
        if next != before {
            planned.push(learner.observations());
        }
        before = next;
    }
    assert_eq!(planned, [5, 8, 12, 18, 27, 41]);
}

#[test]
fn what_was_learnt_survives_a_restart() {
    let strategy = Learning::default().strategy();
    let mut first = Learner::new(&strategy, "m");
    for (task, size) in sample("gamma(shape=3, scale=20s)", 41, 4).into_iter().enumerate() {
        first.tell(Micros::from_secs(task as u64), task as u64, Observation::Exact(size));
    }
    let plan = first.plan(Micros::from_secs(100)).clone();
    let kept = serde_json::to_string(&first.learnt()).unwrap();
    let mut second = Learner::resumed(&strategy, "m", &serde_json::from_str(&kept).unwrap());
    assert_eq!(*second.plan(Micros::ZERO), plan);
}

fn checks(strategy: &Strategy) -> Checks {
    let Schedule::Table(table) = &strategy.pace.schedule else { panic!("no plan yet") };
    Checks { instants: table.instants().iter().map(|at| at.get() as f64).collect(), then: AfterLast::GiveUp }
}

#[test]
fn a_service_that_changes_is_followed() {
    let mut learner = learner();
    let mut task = 0;
    for (done_time, run) in [("lognormal(median=40s, sigma=0.3)", 5), ("lognormal(median=160s, sigma=0.3)", 6)] {
        for size in sample(done_time, 400, run) {
            task += 1;
            learner.tell(Micros::from_secs(task), task, Observation::Exact(size));
        }
    }
    let (weights, horizon) = (Learning::default().weights, Some(1_800e6));
    let done_time = DoneTime::of("lognormal(median=160s, sigma=0.3)".parse().unwrap());
    let best = ScheduleProblem::new(&done_time, weights)
        .unwrap()
        .deadline(1_800e6)
        .solve()
        .cost(&done_time, &weights, horizon);
    let found = checks(learner.plan(Micros::NEVER)).cost(&done_time, &weights, horizon);
    assert!(found < 1.02 * best, "{found} against {best}");
}

/// Mean excess over the optimum. The bounds are those that are promised for 200 runs or more; the means of 60 were at most
/// 0.035 and 0.007 (0.066 and 0.025 for a slow tail), and the standard errors of these 30 are a seventh of that, so that a
/// right program fails with one seed in a thousand.
#[test]
#[ignore = "slow: five distributions are learnt 30 times each, and each plan is a search"]
fn a_few_tasks_are_enough() {
    let cases = [
        ("lognormal(median=190s, sigma=0.28)", [1.05, 1.01]),
        ("weibull(shape=2, scale=500s)", [1.05, 1.01]),
        ("gamma(shape=4, scale=30s)", [1.05, 1.01]),
        ("mixture(0.95*lognormal(median=100s, sigma=0.25), 0.05*lognormal(median=500s, sigma=0.4))", [1.20, 1.08]),
        ("mixture(0.6*lognormal(median=30s, sigma=0.2), 0.4*lognormal(median=150s, sigma=0.2))", [1.20, 1.08]),
    ];
    std::thread::scope(|scope| {
        for (expression, bounds) in cases {
            scope.spawn(move || {
                for (mean, bound) in mean_costs(expression).into_iter().zip(bounds) {
                    assert!(mean <= bound && mean >= 1.0 - 1e-6, "{expression}: {mean}, at most {bound}");
                }
            });
        }
    });
}

/// Mean costs after 20 and after 100 tasks, in units of the least.
fn mean_costs(expression: &str) -> [f64; 2] {
    const RUNS: u32 = 30;
    let (weights, end) = (CostWeights { poll: 1.0, delay_per_s: 0.1 }, 1_800e6);
    let done_time = DoneTime::of(expression.parse().unwrap());
    let cost = |checks: &Checks| checks.cost(&done_time, &weights, Some(end));
    let best = cost(&ScheduleProblem::new(&done_time, weights).unwrap().deadline(end).solve());
    let mut sums = [0.0; 2];
    for run in 0..RUNS {
        let mut learner = learner();
        for (task, size) in sample(expression, 100, 100 + run).into_iter().enumerate() {
            learner.tell(Micros::from_secs(task as u64), task as u64, Observation::Exact(size));
        }
        learner.plan(Micros::NEVER);
        for (after, plan) in learner.milestones() {
            match after {
                20 => sums[0] += cost(&checks(plan)) / best,
                100 => sums[1] += cost(&checks(plan)) / best,
                _ => {}
            }
        }
    }
    sums.map(|sum| sum / f64::from(RUNS))
}
