//! Learning from a service that changes.

use super::support::distribution;
use pollbench::fit::Observation;
use pollbench::inspection::{CostWeights, DoneTime, ScheduleProblem};
use pollbench::strategy::calm::checks;
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::learned::{Learner, Learning};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Keys, Stream};

const MODEL: &str = "sora-2";
const HORIZON: Micros = Micros::from_secs(1_800);

fn weights() -> CostWeights {
    Learning::default().weights
}

/// Exact cost of a task of this distribution under a plan.
fn cost(plan: &Strategy, distribution: &DoneTime) -> f64 {
    let checks = checks(plan, MODEL, HORIZON).expect("it polls");
    checks.expected(distribution, Some(HORIZON.get() as f64), 0.0).cost(&weights())
}

/// The least cost of a task of this distribution.
fn least(distribution: &DoneTime) -> f64 {
    let problem = ScheduleProblem::new(distribution, weights()).expect("weights").deadline(HORIZON.get() as f64);
    problem.solve().expected(distribution, Some(HORIZON.get() as f64), 0.0).cost(&weights())
}

/// A learner of tasks of which the `n`-th has the distribution `at(n)`, known one after another: its mean cost of the tasks from `from`
/// on, as a multiple of the mean of the least of each, and whether it noticed: it forgot half of its window, or was clamped.
fn excess(run: u32, tasks: u64, from: u64, at: impl Fn(u64) -> Distribution) -> (f64, bool) {
    let mut learner = Learner::new(&Learning::default().strategy(), MODEL);
    let keys = Keys::new(77, run, "drifts");
    let (mut paid, mut owed) = (0.0, 0.0);
    for task in 0..tasks {
        let known = Micros::from_secs(10_000 * (task + 1));
        let plan = learner.plan(known).clone();
        let now = at(task);
        // One task in eleven is judged; what lies between is alike.
        if task >= from && task % 11 == 0 {
            let distribution = DoneTime::of(now.clone());
            (paid, owed) = (paid + cost(&plan, &distribution), owed + least(&distribution));
        }
        let took = now.quantile(keys.draws(Stream::Truth, task).uniform());
        learner.tell(known, task, Observation::Exact(took));
    }
    (paid / owed, learner.forgotten() >= 100 || learner.clamped() > 0)
}

fn scaled(shape: &str, factor: f64) -> Distribution {
    distribution(&shape.replace('@', &format!("{}ms", (100_000.0 * factor).round())))
}

/// Promise: forty tasks after a jump of the times, whatever their shape, waits cost at most 1.3 times the least.
#[test]
fn a_jump_is_followed_within_forty_tasks() {
    for (number, shape) in SHAPES.iter().enumerate() {
        for factor in [0.4, 2.5] {
            let (found, has_noticed) =
                excess(number as u32, 400, 240, |task| scaled(shape, if task < 200 { 1.0 } else { factor }));
            // A jump that is drowned by the spread of the times need not be told from chance, only be cheap.
            assert!(has_noticed || number == 2, "{shape} times {factor}: nothing forgotten");
            assert!(found <= 1.3, "{shape} times {factor}: {found} of the least cost");
        }
    }
}

/// Promise: times that creep by 0.4 % a task, to seven times as long, cost at most 1.3 times the least on the whole.
#[test]
fn a_creep_is_followed() {
    for (number, shape) in SHAPES.iter().enumerate() {
        let (found, _) = excess(10 + number as u32, 500, 100, |task| scaled(shape, 0.5 * 1.004_f64.powi(task as i32)));
        assert!(found <= 1.3, "{shape}: {found} of the least cost");
    }
}

/// Promise: where nothing changes nothing is forgotten: one million-fold rare alarm at each of nine splits after each of 4,000
/// tasks makes a false one in thirty seeds at the very most, and less since neighbours see nearly the same.
#[test]
fn without_a_change_nothing_is_forgotten() {
    let steady = distribution("lognormal(median=100s, sigma=0.4)");
    for run in 0..crate::soak::cases(10).cases {
        let mut learner = Learner::new(&Learning::default().strategy(), MODEL);
        let keys = Keys::new(78, run, "steady");
        for task in 0..400 {
            let known = Micros::from_secs(10_000 * (task + 1));
            learner.tell(known, task, Observation::Exact(steady.quantile(keys.draws(Stream::Truth, task).uniform())));
            learner.plan(known);
        }
        assert_eq!(learner.forgotten(), 0, "run {run}");
    }
}

/// `@` is the median, or near it.
const SHAPES: [&str; 3] = [
    "lognormal(median=@, sigma=0.4)",
    "mixture(0.6*lognormal(median=@, sigma=0.15), 0.4*lognormal(median=@, sigma=0.9))",
    "weibull(scale=@, shape=1.2)",
];
