//! Learning never costs much more than the best rule that needs none.

use super::support::distribution;
use pollbench::fit::Observation;
use pollbench::inspection::{CostWeights, DoneTime, ScheduleProblem};
use pollbench::strategy::calm::checks;
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::learned::{Learner, Learning, Learnt};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Keys, Stream};
use std::collections::BTreeMap;

const MODEL: &str = "m";
const HORIZON: Micros = Micros::from_secs(1_800);
/// A distribution is taken for so many of its quantiles.
const POINTS: usize = 200;
/// Tasks of a run, of a window, and how many go unjudged between two that are judged.
const TASKS: u64 = 400;
const WINDOW: usize = 100;
const STEP: usize = 5;
/// The guide's settings are followed until five tasks are known; the first window begins after them.
const LEARNT: usize = 10;

/// The cost of a task that ends at `at`.
fn cost(instants: &[f64], gap: f64, at: f64) -> f64 {
    let before = instants.partition_point(|instant| *instant < at);
    let last = instants.last().copied().unwrap_or(0.0);
    let (polls, known) = match instants.get(before) {
        Some(known) => (before as f64 + 1.0, *known),
        None => {
            let more = ((at - last) / gap).ceil();
            (before as f64 + more, last + more * gap)
        }
    };
    polls + 0.1 * (known - at) / 1e6
}

fn plan_cost(plan: &Strategy, times: &[f64]) -> f64 {
    let instants = checks(plan, MODEL, HORIZON).expect("it polls").instants;
    let gap = match instants[..] {
        [.., before, last] => last - before,
        _ => instants[0],
    };
    times.iter().map(|at| cost(&instants, gap, *at)).sum::<f64>() / times.len() as f64
}

/// The least that a first wait and equal gaps cost over tasks of these distributions.
fn best_fixed(distributions: &[&[f64]]) -> f64 {
    let mut times: Vec<f64> =
        distributions.iter().flat_map(|distribution| distribution.iter().step_by(7).copied()).collect();
    times.sort_by(f64::total_cmp);
    let firsts = (0..30).map(|step| if step == 0 { 1e6 } else { times[(times.len() - 1) * step / 30] });
    let rules = firsts.flat_map(|first| (0..16).map(move |step| (first, 2e6 * 1.4_f64.powi(step))));
    let mean =
        |(first, gap): (f64, f64)| times.iter().map(|at| cost(&[first], gap, *at)).sum::<f64>() / times.len() as f64;
    rules.map(mean).fold(f64::INFINITY, f64::min)
}

/// `@` times a factor, in seconds.
const SHAPES: [(&str, &str); 5] = [
    ("one hump", "lognormal(median=@100, sigma=0.4)"),
    ("a narrow hump", "lognormal(median=@100, sigma=0.15)"),
    ("two humps", "mixture(0.6*lognormal(median=@30, sigma=0.2), 0.4*lognormal(median=@150, sigma=0.2))"),
    (
        "three humps",
        "mixture(0.4*lognormal(median=@30, sigma=0.15), 0.35*lognormal(median=@120, sigma=0.15), 0.25*lognormal(median=@270, sigma=0.1))",
    ),
    ("a heavy tail", "pareto(scale=@30, shape=1.5)"),
];

fn scaled(shape: &str, factor: f64) -> Distribution {
    let mut text = String::new();
    for (number, part) in shape.split('@').enumerate() {
        let digits = if number == 0 { 0 } else { part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()) };
        if let Ok(seconds) = part[..digits].parse::<f64>() {
            text += &format!("{}ms", (seconds * 1e3 * factor).round());
        }
        text += &part[digits..];
    }
    distribution(&text)
}

/// A factor of the times of the `n`-th task.
type Drift = fn(u64) -> f64;

const DRIFTS: [(&str, Drift); 6] = [
    ("steady", |_| 1.0),
    ("a jump to 2.5 times", |task| if task < 200 { 1.0 } else { 2.5 }),
    ("a jump to 0.4 times", |task| if task < 200 { 1.0 } else { 0.4 }),
    ("a creep up", |task| 0.5 * 1.004_f64.powi(task as i32)),
    ("a creep down", |task| 2.0 * 0.996_f64.powi(task as i32)),
    ("to and fro", |task| if (task / 100).is_multiple_of(2) { 1.0 } else { 2.0 }),
];

/// Promise: over drifts, two and three humps and heavy tails, waits of any hundred tasks that follow each other cost at most 1.3
/// times what the best fixed rule for these very tasks costs, the first five aside; where nothing drifts, 1.15 times.
///
/// Every second pair of a shape and a drift, so that each of either is there; all pairs in a soak.
#[test]
fn no_window_costs_much_more_than_the_best_fixed_rule() {
    let mut missed = Vec::new();
    let is_soak = crate::soak::cases(1).cases > 1;
    for (row, (name, shape)) in SHAPES.into_iter().enumerate() {
        for (column, (drift, factor)) in DRIFTS.into_iter().enumerate() {
            if !is_soak && !(row + column).is_multiple_of(2) {
                continue;
            }
            let mut learner = Learner::new(&Learning::default().strategy(), MODEL);
            let keys = Keys::new(77, 0, "clamp");
            let mut points: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
            let mut judged: Vec<(f64, u64)> = Vec::new();
            for task in 0..TASKS {
                let known = Micros::from_secs(10_000 * (task + 1));
                let plan = learner.plan(known).clone();
                let now = scaled(shape, factor(task));
                if task.is_multiple_of(STEP as u64) {
                    let quantile = |point| now.quantile((point as f64 + 0.5) / POINTS as f64);
                    let times =
                        points.entry(factor(task).to_bits()).or_insert_with(|| (0..POINTS).map(quantile).collect());
                    judged.push((plan_cost(&plan, times), factor(task).to_bits()));
                }
                let took = now.quantile(keys.draws(Stream::Truth, task).uniform());
                learner.tell(known, task, Observation::Exact(took));
            }
            let most = if drift == "steady" { 1.15 } else { 1.3 };
            let windows = judged[LEARNT / STEP..].windows(WINDOW / STEP).step_by(2);
            let ratio = |window: &[(f64, u64)]| {
                let paid = window.iter().map(|(cost, _)| cost).sum::<f64>() / window.len() as f64;
                paid / best_fixed(&window.iter().map(|(_, distribution)| &points[distribution][..]).collect::<Vec<_>>())
            };
            let worst = windows.map(ratio).fold(0.0, f64::max);
            println!("{name}, {drift}: {worst:.3}, clamped {} times", learner.clamped());
            if worst > most {
                missed.push(format!("{name}, {drift}: {worst:.3} of the best fixed rule"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Runs of each distribution; a soak takes more.
const RUNS: u32 = 20;
/// Student's quantile that a right program exceeds once in 540 times, with 19 degrees of freedom; with more it is less.
const T: f64 = 3.31;

/// Promise: a plan from twenty observations costs on the average at most 1.02 times the optimum over one hump, 1.05 over two humps
/// and slow tails. Where a tail is so rare that a third of such samples have none of it, where two humps overlap, and without a
/// variance, twenty observations do not tell, and it is 1.08, 1.06 and 1.1.
///
/// A mean over the runs less `T` standard errors, which are 0.006 for one hump and up to 0.013 for others: a program at 1.04 over
/// one hump is blamed in half of all cases, and one at 1.032 by a soak of twice as many runs. Over 200 runs the six of one hump are at
/// 1.018 to 1.0195 (± 0.0015). Who knows that times are lognormal and estimates both parameters is at 1.016 himself. An estimator that
/// knows that there are two lognormal parts, and takes the likeliest two, sought from the truth itself, is over 1,500 runs at 1.068
/// for the slow tail, 1.059 for two humps (± 0.003), 1.054 for the rare tail and 1.0535 where the humps overlap (± 0.002).
#[test]
fn twenty_observations_make_a_plan() {
    let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
    let (end, runs) = (HORIZON.get() as f64, crate::soak::cases(RUNS).cases);
    let mut missed = Vec::new();
    for (expression, most) in [
        ("lognormal(median=100s, sigma=0.25)", 1.02),
        ("lognormal(median=100s, sigma=0.4)", 1.02),
        ("gamma(shape=6, scale=20s)", 1.02),
        ("weibull(shape=2, scale=100s)", 1.02),
        ("weibull(shape=1.2, scale=100s)", 1.02),
        ("normal(mean=90s, std_dev=15s)", 1.02),
        ("mixture(0.9*lognormal(median=100s, sigma=0.25), 0.1*lognormal(median=250s, sigma=0.5))", 1.05),
        ("mixture(0.6*lognormal(median=30s, sigma=0.2), 0.4*lognormal(median=150s, sigma=0.2))", 1.05),
        ("mixture(0.95*lognormal(median=100s, sigma=0.25), 0.05*lognormal(median=500s, sigma=0.4))", 1.08),
        ("mixture(0.5*lognormal(median=60s, sigma=0.2), 0.5*lognormal(median=120s, sigma=0.2))", 1.06),
        ("pareto(scale=20s, shape=1.5)", 1.1),
    ] {
        let truth = distribution(expression);
        let done = DoneTime::of(truth.clone());
        let least = ScheduleProblem::new(&done, weights).expect("weights").deadline(end).solve().cost(
            &done,
            &weights,
            Some(end),
        );
        let excess = |run| {
            let keys = Keys::new(4_712, run, expression);
            let took = |task| (truth.quantile(keys.draws(Stream::Truth, task).uniform()), false);
            let learnt = Learnt { total: 20, seen: (0..20).map(took).collect() };
            let mut learner = Learner::resumed(&Learning::default().strategy(), MODEL, &learnt);
            let plan = checks(learner.plan(Micros::ZERO), MODEL, HORIZON).expect("it polls");
            plan.expected(&done, Some(end), 0.0).cost(&weights) / least
        };
        let excesses: Vec<f64> = (0..runs).map(excess).collect();
        let n = f64::from(runs);
        let mean = excesses.iter().sum::<f64>() / n;
        let error = (excesses.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
        println!("{expression}: {mean:.4} ± {error:.4}");
        if mean - T * error > most {
            missed.push(format!("{expression}: {mean:.4} ± {error:.4} of the least cost"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
