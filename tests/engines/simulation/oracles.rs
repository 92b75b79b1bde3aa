//! Figures that can be worked out on paper.

use super::support::{assert_near, assert_share, only, run, scenario};
use pollbench::engine::sim::Options;
use pollbench::world::distribution::Distribution;

/// A world of one model and one strategy.
fn world(completion: &str, strategy: &str, rest: &str) -> pollbench::scenario::Scenario {
    scenario(&format!(
        "tasks = 20000\nreplicates = 1\nseed = 11\nhorizon = \"24h\"\n{rest}\n[models.m]\ncompletion = \"{completion}\"\n\
         [[strategies]]\nname = \"s\"\n{strategy}"
    ))
}

/// Every way through the simulator.
fn ways() -> [Options; 3] {
    let plain = Options { threads: 2, ..Options::default() };
    [plain, Options { force_polls: true, ..plain }, Options { force_queue: true, ..plain }]
}

/// Exponential completions of rate L, polled every h: E[polls] = 1/(1 − e^(−Lh)), E[delay] = h/(1 − e^(−Lh)) − 1/L.
#[test]
fn exponential_completion_under_a_fixed_interval() {
    for (mean_s, h) in [(30.0_f64, 3.0_f64), (10.0, 7.0), (5.0, 20.0)] {
        let schedule = format!(
            "schedule = {{ kind = \"fixed\", first = \"{h}s\", interval = \"{h}s\" }}\nlimit = {{ kind = \"none\" }}"
        );
        let world = world(&format!("exponential(mean={mean_s}s)"), &schedule, "");
        let hit = 1.0 - (-h / mean_s).exp();
        for options in ways() {
            let compared = run(&world, options);
            let cell = only(&compared);
            assert_near("polls", cell.polls_per_task.ci95.expect("independent"), 1.0 / hit);
            let delay = cell.detection_delay_ms.ci95.expect("independent");
            assert_near("delay", delay, 1e3 * (h / hit - mean_s));
        }
    }
}

/// Any schedule, with polls that are lost silently with probability p: P(known at poll j) is the sum over k ≤ j of
/// P(done between polls k − 1 and k)·(1 − p)·p^(j − k).
#[test]
fn silent_poll_loss_under_any_schedule() {
    let distribution: Distribution = "lognormal(median=40s, sigma=0.7)".parse().expect("a distribution");
    let schedules = [
        (
            "exponential",
            "{ kind = \"exponential\", interval = \"2s\", multiplier = 1.5, cap = \"30s\" }",
            exponential(),
        ),
        (
            "fixed",
            "{ kind = \"fixed\", first = \"20s\", interval = \"9s\" }",
            (0..20).map(|k| 20.0 + 9.0 * f64::from(k)).collect(),
        ),
        (
            "table",
            "{ kind = \"table\", instants = [\"10s\", \"30s\", \"35s\", \"60s\", \"100s\"] }",
            vec![10.0, 30.0, 35.0, 60.0, 100.0, 140.0, 180.0],
        ),
    ];
    for (name, schedule, instants) in schedules {
        for p in [0.0, 0.3] {
            let polls = instants.len();
            let fault =
                if p > 0.0 { format!("[[faults]]\nkind = \"stale-read\"\nprobability = {p}\n") } else { String::new() };
            let strategy =
                format!("schedule = {schedule}\nlimit = {{ kind = \"attempts\", attempts = {polls} }}\n{fault}");
            let world = world(&distribution.to_string(), &strategy, "");
            let expected = Expected::new(&distribution, &instants, p);
            for options in ways() {
                let compared = run(&world, options);
                let cell = only(&compared);
                assert_near(name, cell.polls_per_task.ci95.expect("independent"), expected.polls);
                assert_near(name, cell.detection_delay_ms.ci95.expect("independent"), 1e3 * expected.delay);
                let gave_up = cell.outcomes.timeout_missed + cell.outcomes.timeout_impatient;
                assert_share(name, gave_up as f64 / cell.tasks as f64, cell.tasks, expected.gives_up);
            }
        }
    }
}

/// Instants of the first 14 polls of 2 s × 1.5 up to 30 s.
fn exponential() -> Vec<f64> {
    let mut gap = 2.0_f64;
    let mut at = 0.0;
    (0..14)
        .map(|_| {
            let now = at;
            at += gap;
            gap = (gap * 1.5).min(30.0);
            now
        })
        .collect()
}

/// Expectations by direct summation. Partial means come from a fine midpoint rule on the distribution's own CDF.
struct Expected {
    polls: f64,
    delay: f64,
    gives_up: f64,
}

impl Expected {
    fn new(distribution: &Distribution, instants: &[f64], p: f64) -> Self {
        let cdf = |s: f64| distribution.cdf(s * 1e6);
        let (mut polls, mut delay, mut known) = (0.0, 0.0, 0.0);
        for (k, &at) in instants.iter().enumerate() {
            let before = if k == 0 { 0.0 } else { instants[k - 1] };
            let mass = cdf(at) - cdf(before);
            // ∫ t dF = [t F] − ∫ F dt over the gap.
            let steps = 4_000;
            let width = (at - before) / f64::from(steps);
            let area: f64 = (0..steps).map(|i| cdf(before + (f64::from(i) + 0.5) * width) * width).sum();
            let first_moment = at * cdf(at) - before * cdf(before) - area;
            for (j, &heard) in instants.iter().enumerate().skip(k) {
                let chance = (1.0 - p) * p.powi((j - k) as i32);
                polls += mass * chance * (j + 1) as f64;
                delay += chance * (heard * mass - first_moment);
                known += mass * chance;
            }
        }
        Self { polls: polls + (1.0 - known) * instants.len() as f64, delay: delay / known, gives_up: 1.0 - known }
    }
}

/// P(delay ≤ d) under polls at x_k with a constant round trip is Σ F(x_k + up) − F(x_k + up − (d − down)): the measured
/// quantile must have its probability under the true distribution.
#[test]
fn delay_quantiles_have_their_probability() {
    let distribution: Distribution = "gamma(shape=4, scale=9s)".parse().expect("a distribution");
    let strategy = "schedule = { kind = \"fixed\", first = \"10s\", interval = \"7s\" }\nlimit = { kind = \"none\" }";
    let world = world(&distribution.to_string(), strategy, "[network]\nrtt = \"400ms\"");
    // A submit takes a whole round trip, its task starts half-way: polls read 0.2 s later into the task's life.
    let reads: Vec<f64> = (0..60)
        .scan(10.4, |at, _| {
            let now = *at;
            *at += 7.4;
            Some(now)
        })
        .collect();
    for options in ways() {
        let compared = run(&world, options);
        let cell = only(&compared);
        for (level, found) in [(0.5, cell.detection_delay_ms.p50), (0.95, cell.detection_delay_ms.p95)] {
            let d = found.expect("all are known") / 1e3 - 0.2;
            let probability: f64 =
                reads.iter().map(|x| distribution.cdf(x * 1e6) - distribution.cdf((x - d) * 1e6)).sum();
            // 0.1 % of the quantile is the histogram's; the density of the delay is about 1/7 per second.
            let slack = 0.001 * d / 7.0;
            let error = (level * (1.0_f64 - level) / cell.tasks as f64).sqrt();
            assert!((probability - level).abs() < 4.5 * error + slack, "{level}: {probability} at {d} s");
        }
    }
}

/// A webhook's latency is up + completion + down: its quantiles are those of the completion, shifted.
#[test]
fn webhook_latency_is_the_completion_shifted() {
    let distribution: Distribution = "weibull(shape=1.5, scale=60s)".parse().expect("a distribution");
    let scenario = scenario(&format!(
        "tasks = 40000\nreplicates = 1\n[network]\nrtt = \"1s\"\nup_share = 0.25\n[models.m]\ncompletion = \"{distribution}\"\n\
         [[strategies]]\npreset = \"webhook\""
    ));
    let compared = run(&scenario, Options::default());
    let cell = only(&compared);
    for (level, found) in [(0.5, cell.latency_ms.p50), (0.9, cell.latency_ms.p90), (0.99, cell.latency_ms.p99)] {
        let completion = (found.expect("all are known") / 1e3 - 1.0) * 1e6;
        let slack = 0.001 * completion * distribution.density(completion).expect("a density");
        let error = (level * (1.0_f64 - level) / cell.tasks as f64).sqrt();
        assert!((distribution.cdf(completion) - level).abs() < 4.5 * error + slack, "{level}");
    }
    assert_eq!(cell.detection_delay_ms.mean, Some(750.0));
}

/// The documented limits cut the distribution of completion where the guide's code does.
#[test]
fn timeout_shares_are_the_tail_of_the_distribution() {
    let distribution: Distribution = "lognormal(median=170s, sigma=0.5)".parse().expect("a distribution");
    for (preset, last_poll_s) in
        [("basic", 177.0), ("exponential", 574.343_75), ("resilient", 297.0), ("concurrent", 183.0)]
    {
        let scenario = scenario(&format!(
            "tasks = 20000\nreplicates = 1\nhorizon = \"24h\"\n[models.m]\ncompletion = \"{distribution}\"\n[[strategies]]\npreset = \"{preset}\""
        ));
        let compared = run(&scenario, Options::default());
        let cell = only(&compared);
        let late = (cell.outcomes.timeout_missed + cell.outcomes.timeout_impatient) as f64 / cell.tasks as f64;
        // In a pool, rounds are shared: a task joins up to one interval before its first poll.
        let truth = 1.0 - distribution.cdf(last_poll_s * 1e6);
        let slack = if preset == "concurrent" {
            distribution.cdf((last_poll_s + 3.0) * 1e6) - distribution.cdf(last_poll_s * 1e6)
        } else {
            0.0
        };
        let error = (truth * (1.0 - truth) / cell.tasks as f64).sqrt();
        assert!((late - truth).abs() < 4.5 * error + slack, "{preset}: {late}, in truth {truth}");
    }
}
