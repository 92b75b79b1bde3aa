//! A 95 % interval must cover the truth in about 95 % of repeated runs.

#[path = "../../support/coverage.rs"]
#[allow(dead_code, reason = "shared with an example, which reads other parts")]
mod population;

use super::support::{run, scenario};
use pollbench::engine::sim::Options;
use pollbench::measure::interval::wilson;
use pollbench::measure::results::{Cell, Interval, Verdict};
use pollbench::world::draws::{Keys, Stream};

/// Runs of each experiment. With a true coverage of 95 % the share covered is within ± 4.5 standard errors (0.0455 to
/// either side) but once in 150 000 times.
const RUNS: u64 = 464;
const SLACK: f64 = 0.0455;

fn coverage(truth: f64, mut interval: impl FnMut(u64) -> Option<Interval>) -> f64 {
    let covered = (0..RUNS).filter_map(&mut interval).filter(|[low, high]| *low <= truth && truth <= *high).count();
    covered as f64 / RUNS as f64
}

#[track_caller]
fn assert_coverage(what: &str, truth: f64, interval: impl FnMut(u64) -> Option<Interval>) {
    assert_coverage_of(0.95, what, truth, interval);
}

/// The same where less is known to be covered.
#[track_caller]
fn assert_coverage_of(expected: f64, what: &str, truth: f64, interval: impl FnMut(u64) -> Option<Interval>) {
    let share = coverage(truth, interval);
    println!("{what}: {share:.3} of {RUNS} intervals cover the truth");
    assert!((expected - SLACK..=0.95 + SLACK).contains(&share), "{what}: {share} of {RUNS} intervals cover {truth}");
}

fn cell(body: &str, seed: u64, strategy: usize) -> Cell {
    run(&scenario(&format!("seed = {seed}\n{body}")), Options { threads: 1, ..Options::default() }).results.cells
        [strategy]
        .clone()
}

/// Exponential completions under a fixed interval: polls are geometric.
#[test]
fn means_of_independent_tasks() {
    let body = "tasks = 60\nreplicates = 2\n[models.m]\ncompletion = \"exponential(mean=10s)\"\n[[strategies]]\nname = \"s\"\n\
        schedule = { kind = \"fixed\", first = \"5s\", interval = \"5s\" }\nlimit = { kind = \"none\" }";
    let hit = 1.0 - (-0.5_f64).exp();
    let runs: Vec<Cell> = (0..RUNS).map(|seed| cell(body, seed, 0)).collect();
    assert_coverage("polls, tasks", 1.0 / hit, |seed| runs[seed as usize].polls_per_task.ci95);
    assert_coverage("delay, tasks", 1e3 * (5.0 / hit - 10.0), |seed| runs[seed as usize].detection_delay_ms.ci95);
    assert_coverage("cost, tasks", 1.0 / hit + 0.1 * (5.0 / hit - 10.0), |seed| runs[seed as usize].cost.ci95);
}

/// The 95th percentile of a uniform delay. Its interval covers at least 95 %, as order statistics are discrete.
#[test]
fn quantiles_of_independent_tasks() {
    let body = "tasks = 400\nreplicates = 1\n[models.m]\ncompletion = \"uniform(low=100s, high=110s)\"\n[[strategies]]\nname = \"s\"\n\
        schedule = { kind = \"fixed\", first = \"110s\", interval = \"5s\" }\nlimit = { kind = \"none\" }";
    let share = coverage(9_500.0, |seed| cell(body, seed, 0).detection_delay_ms.p95_ci95);
    println!("p95, tasks: {share:.3}");
    assert!((0.95 - SLACK..=1.0).contains(&share), "{share}");
}

/// Lock-step pools make tasks of a replicate alike; the truth is a long run's. The delay of a pool is skewed, by the longest
/// round trip of each round: twenty replicates cover it in 92 of 100 cases (3 000 runs).
#[test]
#[ignore = "slow: the truth is that of a long run, and the runs are many"]
fn means_where_tasks_interact() {
    let body = |tasks, replicates| {
        format!(
            "tasks = {tasks}\nreplicates = {replicates}\n[network]\nrtt = \"lognormal(median=300ms, sigma=1)\"\n\
             [models.m]\ncompletion = \"lognormal(median=20s, sigma=0.4)\"\n[[strategies]]\npreset = \"basic\"\n\
             [[strategies]]\npreset = \"concurrent\""
        )
    };
    let truth = cell(&body(40, 8_000), 77_777, 1);
    let short = body(40, 20);
    let runs: Vec<Cell> = (0..RUNS).map(|seed| cell(&short, seed, 1)).collect();
    assert_coverage("polls, replicates", truth.polls_per_task.mean, |seed| runs[seed as usize].polls_per_task.ci95);
    let delay = truth.detection_delay_ms.mean.expect("known tasks");
    assert_coverage_of(0.92, "delay, replicates", delay, |seed| runs[seed as usize].detection_delay_ms.ci95);
}

/// Paired differences of independent tasks: fixed intervals of 5 s and 10 s differ by a known number of polls.
#[test]
fn paired_differences() {
    let body = "tasks = 80\nreplicates = 1\n[models.m]\ncompletion = \"exponential(mean=10s)\"\n\
        [[strategies]]\nname = \"a\"\nschedule = { kind = \"fixed\", first = \"5s\", interval = \"5s\" }\nlimit = { kind = \"none\" }\n\
        [[strategies]]\nname = \"b\"\nschedule = { kind = \"fixed\", first = \"10s\", interval = \"10s\" }\nlimit = { kind = \"none\" }";
    let polls = |h: f64| 1.0 / (1.0 - (-h / 10.0).exp());
    assert_coverage("paired polls", polls(10.0) - polls(5.0), |seed| {
        let compared = run(&scenario(&format!("seed = {seed}\n{body}")), Options { threads: 1, ..Options::default() });
        compared.results.comparisons.iter().find(|row| row.metric == "polls_per_task").and_then(|row| row.ci95)
    });
}

/// Wilson's interval of a share of one in twenty.
#[test]
fn shares() {
    assert_coverage("share", 0.05, |seed| {
        let mut draws = Keys::new(seed, 0, "shares").draws(Stream::Truth, 0);
        Some(wilson((0..200).filter(|_| draws.uniform() < 0.05).count() as u64, 200))
    });
}

/// The same of everything that couples tasks at once, small: a window at a fixed time, faults that end whole pools, rare
/// tasks that never end. `examples/coverage.rs` measures every shipped scenario like this. Runs are drawn with a fixed
/// seed; z bounds the chance that any of some 120 right figures is called wrong at one in a thousand.
#[test]
fn intervals_and_words_where_everything_interacts() {
    const RUNS: u32 = 300;
    const Z: f64 = 4.3;
    let scenario = scenario(
        "[arrivals]\nkind = \"poisson\"\nrate_per_s = 0.5\n[models.m]\ncompletion = \"lognormal(median=20s, sigma=0.4)\"\n\
         stuck_probability = 0.002\n[[faults]]\nkind = \"outage\"\nduring = { from = \"60s\", for = \"30s\" }\n\
         [[faults]]\nkind = \"reset\"\nprobability = 0.01\n[[strategies]]\npreset = \"basic\"\n[[strategies]]\n\
         preset = \"concurrent\"\n[[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"adaptive-hardened\"",
    );
    let found = population::measure(&scenario, population::Size { replicates: 10, tasks: 60 }, 400, RUNS);
    let slack = |share: f64| Z * (share * (1.0 - share) / f64::from(RUNS)).sqrt();
    for covered in &found.covered {
        let what = format!("{}, {}: {} of {}", covered.cell, covered.figure, covered.covering, covered.intervals);
        assert_eq!(covered.flat, 0, "no width: {what}");
        // What has no interval in most runs is not judged by the few.
        assert!(covered.intervals < RUNS / 2 || covered.share() >= 0.93 - slack(0.93), "{what}");
    }
    for (metric, wrong) in &found.wrong_diffs {
        let share = f64::from(*wrong) / f64::from(found.diffs);
        assert!(share <= 0.05 + Z * (0.05 * 0.95 / f64::from(found.diffs)).sqrt(), "{metric}: {share}");
    }
    let share = f64::from(found.wrong_comparisons) / f64::from(found.comparisons);
    assert!(share <= 0.05 + slack(0.05), "against the baseline: {share}");
}

/// A run that met too little of what is rare says so, and has words for nothing: ten hours of a mobile link expect some thirty dead
/// stretches, an hour three.
#[test]
fn a_run_that_met_too_little_has_no_interval() {
    let body = |replicates: u32| {
        format!(
            "tasks = 300\nreplicates = {replicates}\n[arrivals]\nkind = \"poisson\"\nrate_per_s = 0.5\n\
             [models.m]\ncompletion = \"lognormal(median=20s, sigma=0.4)\"\n[[faults]]\nkind = \"burst-loss\"\n\
             gilbert_elliott = {{ bad_share = 0.01, bad_mean = \"10s\" }}\n[[strategies]]\npreset = \"basic-hardened\"\n\
             [[strategies]]\npreset = \"adaptive-hardened\""
        )
    };
    let results = |replicates| run(&scenario(&body(replicates)), Options { threads: 1, ..Options::default() }).results;
    let (few, many) = (results(6), results(60));
    for cell in &few.cells {
        assert_eq!((cell.cost.ci95, cell.detection_delay_ms.ci95, cell.shares_ci95.lost), (None, None, None));
    }
    assert!(few.comparisons.iter().all(|row| row.verdict == Verdict::Undecided));
    for cell in &many.cells {
        assert!(cell.cost.ci95.is_some() && cell.detection_delay_ms.ci95.is_some() && cell.shares_ci95.lost.is_some());
    }
}
