//! The tuner: what it finds, what it refuses, and that its answer holds in the simulator.

use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::fit::{Fit, Observation};
use pollbench::inspection::{Bounds, CostWeights, DoneTime};
use pollbench::scenario::shipped::load;
use pollbench::scenario::{Scenario, files::Embedded};
use pollbench::strategy::calm::checks;
use pollbench::time::Micros;
use pollbench::tune::family::Family;
use pollbench::tune::hybrid::Webhook;
use pollbench::tune::observed::reliability;
use pollbench::tune::print::{self, TuneAnswer};
use pollbench::tune::simulated::weathered;
use pollbench::tune::weather::{Contender, WeatherOutcome, Weathered};
use pollbench::tune::{Goal, Tuned, drift, json, settings, tune};
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Keys, Stream};
use pollbench::world::model::Model;
use proptest::prelude::*;

const WEIGHTS: CostWeights = CostWeights { poll: 1.0, delay_per_s: 0.1 };

const LAWS: [&str; 5] = [
    "lognormal(median=190s, sigma=0.28)",
    "gamma(shape=3, scale=20s)",
    "uniform(low=20s, high=60s)",
    "mixture(0.95*lognormal(median=11s, sigma=0.3), 0.05*lognormal(median=70s, sigma=0.5))",
    "mixture(0.6*lognormal(median=30s, sigma=0.2), 0.4*lognormal(median=150s, sigma=0.2))",
];

fn distribution(expression: &str) -> Distribution {
    expression.parse().expect("a distribution")
}

fn goal(done_time: &DoneTime) -> Goal<'_> {
    Goal::new(done_time, WEIGHTS).expect("positive weights")
}

fn answer<'a>(completion: &'a Distribution, goal: &'a Goal<'a>, tuned: &'a Tuned) -> TuneAnswer<'a> {
    TuneAnswer {
        model: "m",
        completion,
        stuck: 0.0,
        weights: WEIGHTS,
        deadline: goal.deadline.map(Micros::from_f64),
        goal,
        tuned,
        drift: &[],
        webhook: Webhook::Beside,
        tasks_per_day: None,
        observed: None,
        account: None,
        weather: &[],
    }
}

#[test]
fn for_a_memoryless_distribution_equal_gaps_are_the_optimum() {
    // The gap x solves e^{x/100} − x/100 = 1.1; see Barlow & Proschan, Mathematical Theory of Reliability, p. 113.
    let done_time = DoneTime::of(distribution("exponential(mean=100s)"));
    let tuned = tune(&goal(&done_time), "m");
    let fixed = tuned.family(Family::Fixed).expect("it keeps no bounds");
    assert!((fixed.cost - 5.16221).abs() < 1e-4, "{}", fixed.cost);
    assert!((fixed.parameter("interval").expect("its parameter") / 1e6 - 41.622).abs() < 0.05);
    assert_eq!(tuned.recommended().family, Family::Fixed);
}

#[test]
fn no_family_is_below_the_optimum_and_none_is_worse_than_one_that_it_contains() {
    for expression in LAWS {
        let done_time = DoneTime::of(distribution(expression));
        let tuned = tune(&goal(&done_time), "m");
        let cost = |family| tuned.family(family).map_or(f64::INFINITY, |row| row.cost);
        for row in &tuned.families {
            assert!(row.cost >= tuned.optimal().cost * (1.0 - 1e-7), "{expression}: {row:?}");
        }
        for (wide, narrow) in [
            (Family::Adaptive, Family::Fixed),
            (Family::AdaptiveGeometric, Family::Adaptive),
            (Family::ExponentialDelayed, Family::Fixed),
            (Family::ExponentialDelayed, Family::Exponential),
        ] {
            assert!(cost(wide) <= cost(narrow) * (1.0 + 1e-4), "{expression}: {wide:?} above {narrow:?}");
        }
    }
}

#[test]
fn bounds_are_kept() {
    let late = 10e6;
    for expression in LAWS {
        let done_time = DoneTime::of(distribution(expression));
        let bounds = Bounds { max_p95_delay: Some(late), min_gap: Some(2e6), ..Bounds::default() };
        let tuned = tune(&Goal { bounds, ..goal(&done_time) }, "m");
        assert!(tuned.is_feasible, "{expression}");
        for row in &tuned.families {
            assert!(row.checks.late_share(&done_time, late) <= 0.0501, "{expression}: {row:?}");
            assert!(row.checks.instants.windows(2).all(|pair| pair[1] - pair[0] >= 2e6 - 1.0), "{expression}");
        }
        let few = Bounds { max_polls: Some(1.5), ..Bounds::default() };
        for row in tune(&Goal { bounds: few, ..goal(&done_time) }, "m").families {
            assert!(row.polls <= 1.5001, "{expression}: {row:?}");
        }
    }
}

/// Dearer polls make more tasks late: both bounds at once leave little room, and where there is some, what keeps them
/// costs no less than what is free.
#[test]
fn bounds_on_late_tasks_and_on_polls_are_kept_together() {
    for expression in LAWS {
        let done_time = DoneTime::of(distribution(expression));
        let free = tune(&goal(&done_time), "m");
        let late = 0.8 * free.optimal().delay_p95.expect("all are known");
        let alone = Bounds { max_p95_delay: Some(late), ..Bounds::default() };
        let needed = tune(&Goal { bounds: alone, ..goal(&done_time) }, "m").optimal().polls;
        let polls = 1.1 * needed;
        let tuned = tune(&Goal { bounds: Bounds { max_polls: Some(polls), ..alone }, ..goal(&done_time) }, "m");
        assert!(tuned.is_feasible, "{expression}");
        for row in &tuned.families {
            assert!(row.checks.late_share(&done_time, late) <= 0.0501, "{expression}: {row:?}");
            assert!(row.polls <= polls * 1.0001, "{expression}: {row:?}");
            assert!(row.cost >= free.optimal().cost * (1.0 - 1e-5), "{expression}: {row:?}");
        }
    }
}

/// Tuned settings in a scenario of their own: polls and delay of 40,000 tasks lie within 4.5 standard errors, which a
/// right answer misses once in 150,000 runs.
#[test]
fn settings_hold_in_the_simulator_what_the_tuner_said() {
    for (expression, deadline) in [(LAWS[0], Some(Micros::from_secs(400))), (LAWS[3], None), (LAWS[4], None)] {
        let completion = distribution(expression);
        let done_time = DoneTime::of(completion.clone());
        let goal = Goal { deadline: deadline.map(|deadline| deadline.get() as f64), ..goal(&done_time) };
        let tuned = tune(&goal, "m");
        let strategy = settings::toml(&answer(&completion, &goal, &tuned));
        let text = format!(
            "schema_version = 1\nname = \"t\"\ntasks = 40000\nreplicates = 1\nseed = 11\nhorizon = \"2h\"\n\
             [models.m]\ncompletion = \"{expression}\"\n{strategy}"
        );
        let scenario =
            Scenario::parse(&text, "t.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let options = Options { threads: 1, ..Options::default() };
        let compared = compare(&Plan::new(&scenario), options, &Control::default(), None).expect("nobody stops it");
        let cell = &compared.results.cells[0];
        let close = |mean: f64, interval: Option<[f64; 2]>, expected: f64| {
            let [low, high] = interval.expect("tasks are independent");
            let error = (high - low) / (2.0 * 1.96);
            assert!((mean - expected).abs() <= 4.5 * error, "{expression}: {mean} ± {error}, expected {expected}");
        };
        let row = tuned.recommended();
        close(cell.polls_per_task.mean, cell.polls_per_task.ci95, row.polls);
        let delay = &cell.detection_delay_ms;
        close(delay.mean.expect("known"), delay.ci95, row.delay_mean.expect("known") / 1e3);
    }
}

#[test]
fn settings_from_observed_times_come_with_intervals_that_cover_the_best() {
    let truth = distribution("lognormal(median=100s, sigma=0.3)");
    let mut draws = Keys::new(5, 0, "m").draws(Stream::Truth, 0);
    let sample: Vec<_> = (0..200).map(|_| Observation::Exact(truth.sample(&mut draws).get() as f64)).collect();
    let fit = Fit::of(&sample).expect("enough");
    let done_time = DoneTime::of(fit.blend.clone());
    let goal = goal(&done_time);
    let tuned = tune(&goal, "m");
    let trust = reliability(&sample, &fit, &goal, &tuned);
    let true_distribution = DoneTime::of(truth);
    let best = tune(&Goal::new(&true_distribution, WEIGHTS).expect("positive weights"), "m");
    let best = best.family(tuned.recommended().family).expect("no bounds");
    for (name, [low, high]) in &trust.parameters {
        let true_value = best.parameter(name).expect("the same family");
        assert!(*low < true_value * 1.05 && true_value * 0.95 < *high, "{name}: {low} to {high}, truly {true_value}");
    }
    let held = trust.held_out.expect("enough to hold some out");
    assert_eq!(held.count, 66);
    assert!((held.found / held.predicted - 1.0).abs() < 0.25, "{held:?}");
}

#[test]
fn json_has_what_the_contract_names() {
    let completion = distribution("lognormal(median=120s, sigma=0.5)");
    let done_time = DoneTime::of(completion.clone());
    let goal = goal(&done_time);
    let tuned = tune(&goal, "sora-2");
    let printed: serde_json::Value =
        serde_json::from_str(&json::json(&answer(&completion, &goal, &tuned))).expect("JSON");
    assert_eq!(printed["completion"], serde_json::json!({"kind": "lognormal", "median": "2m", "sigma": 0.5}));
    assert_eq!(printed["objective"], serde_json::json!({"poll_cost": 1.0, "delay_cost_per_s": 0.1}));
    let names: Vec<&str> =
        printed["families"].as_array().expect("rows").iter().filter_map(|row| row["family"].as_str()).collect();
    assert_eq!(
        names,
        ["fixed", "adaptive", "adaptive-geometric", "exponential-delayed", "exponential", "quantile", "optimal"]
    );
    let adaptive = &printed["families"][1];
    assert!(adaptive["params"]["max_ms"].is_null());
    for key in ["initial_ms", "interval_ms"] {
        assert!(adaptive["params"][key].as_f64().expect("a number") > 1_000.0);
    }
    for row in
        printed["families"].as_array().expect("rows").iter().chain(printed["documented"].as_array().expect("rows"))
    {
        assert!(row["cost"].is_f64() && row["polls"].is_f64() && row["timeout_probability"].is_f64(), "{row}");
        assert!(row["delay_ms"]["mean"].is_f64() && row["delay_ms"]["p95"].is_f64(), "{row}");
    }
    assert!(printed["families"][6]["check_times_ms"].as_array().expect("instants").len() > 5);
    let excess = printed["recommended"]["excess_over_optimal"].as_f64().expect("a number");
    assert!((0.0..=0.01).contains(&excess), "{excess}");
}

/// Most tasks take longer than the deadline: that costs, is said first, and a later deadline costs less.
#[test]
fn giving_up_never_pays() {
    let completion = distribution("lognormal(median=120s, sigma=0.5)");
    let done_time = DoneTime::of(completion.clone());
    let mut before = 0.0;
    for seconds in [600.0, 300.0, 120.0, 90.0, 30.0] {
        let goal = Goal { deadline: Some(seconds * 1e6), ..goal(&done_time) };
        let tuned = tune(&goal, "sora-2");
        let cost = tuned.recommended().cost;
        assert!(cost > before, "{seconds} s: {cost} after {before}");
        before = cost;
        let text = print::text(&answer(&completion, &goal, &tuned));
        let first = text.lines().next().expect("a first line");
        let cuts = 1.0 - done_time.below(seconds * 1e6) > 0.01;
        assert_eq!(first.contains("cuts off"), cuts, "{first}");
        assert!(!cuts || first.contains("would cut off 1 %"), "{first}");
        // Slower tasks cost more, even where nearly all are cut off.
        let [faster, slower] = drift(&goal, tuned.recommended(), &[0.7, 1.3])[..] else { panic!("two factors") };
        assert!(slower.cost > faster.cost, "{seconds} s: {slower:?} {faster:?}");
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(8))]

    /// What `js` prints, in the guide's loop, and what `toml` prints, in a scenario, make the polls that the text states.
    #[test]
    fn printed_settings_make_the_polls_that_are_stated(
        median in 5.0..300.0, sigma in 0.1..0.8, seconds in prop::option::of(20.0..900.0), poll in 0.1..10.0,
    ) {
        let completion = distribution(&format!("lognormal(median={median}s, sigma={sigma})"));
        let done_time = DoneTime::of(completion.clone());
        let weights = CostWeights { poll, delay_per_s: 0.1 };
        let deadline: Option<f64> = seconds.map(|seconds: f64| (seconds * 1e3).round() * 1e3);
        let goal = Goal { deadline, ..Goal::new(&done_time, weights).expect("positive weights") };
        let tuned = tune(&goal, "m");
        let answer = answer(&completion, &goal, &tuned);
        let horizon = Micros::from_f64(goal.horizon.max(deadline.unwrap_or(0.0)));
        // The guide's loop: requests as the comment says, to its two decimals.
        let guide = settings::GuideSettings::of(&answer);
        prop_assert!(guide.max.is_none_or(|max| guide.initial < max), "{guide:?} never polls");
        let polls = checks(&guide.strategy().expect("a preset"), "m", horizon).expect("it polls");
        let expected = goal.expected(&polls, &done_time);
        let js = settings::js(&answer);
        let stated: f64 = js.split_whitespace().nth(5).and_then(|word| word.parse().ok()).expect("a number");
        prop_assert!((stated - expected.polls).abs() <= 0.0051 + 2e-3 * expected.polls, "{js}: {}", expected.polls);
        // The scenario: the recommended polls themselves.
        let text = format!(
            "schema_version = 1\nname = \"t\"\nhorizon = \"{horizon}\"\n[models.m]\ncompletion = \"1s\"\n{}",
            settings::toml(&answer)
        );
        let scenario = Scenario::parse(&text, "t.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let made = checks(&scenario.strategies[0], "m", horizon).expect("it polls").instants;
        let row = tuned.recommended();
        let enough = done_time.quantile(1.0 - 1e-6);
        for (made, stated) in made.iter().zip(&row.checks.instants).filter(|(_, stated)| **stated < enough) {
            prop_assert!((made - stated).abs() <= 2e-6 * stated + 2.0, "{made}, stated {stated}: {text}");
        }
        if deadline.is_some() {
            prop_assert_eq!(made.len(), row.checks.instants.len(), "{}", text);
        }
    }
}

/// Pieces of which texts are made that nearly are what they should be.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    let number = prop_oneof![any::<f64>().prop_map(|x| x.to_string()), any::<u32>().prop_map(|x| x.to_string())];
    let piece = prop_oneof![
        6 => prop::sample::select(of).prop_map(str::to_owned),
        2 => number,
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

const LAW_PIECES: &[&str] = &[
    "lognormal",
    "gamma",
    "uniform",
    "mixture",
    "empirical",
    "pareto",
    "constant",
    "exponential",
    "normal",
    "weibull",
    "(",
    ")",
    "(",
    ")",
    ",",
    "=",
    "*",
    "median=",
    "sigma=",
    "shape=",
    "scale=",
    "low=",
    "high=",
    "mean=",
    "min=",
    "max=",
    "shift=",
    "value=",
    "1s",
    "2m",
    "0s",
    "250ms",
    "1e9s",
    "0.5",
    "1",
    "-1",
    "nan",
    "1e308",
    " ",
    "lognormal(median=2s, sigma=0.5)",
    "mixture(0.5*constant(value=1s), 0.5*uniform(low=1s, high=2s))",
];
proptest! {
    #![proptest_config(crate::soak::cases(256))]

    /// Whatever is written, there is a distribution, which then is one, or an error that says something.
    #[test]
    fn expressions_make_distributions_or_errors(text in pieces(LAW_PIECES)) {
        match text.parse::<Distribution>() {
            Ok(done_time) => {
                let (low, middle, high) = (done_time.quantile(0.01), done_time.quantile(0.5), done_time.quantile(0.99));
                prop_assert!(low >= 0.0 && low <= middle && middle <= high, "{text}: {low} {middle} {high}");
                prop_assert!((0.0..=1.0).contains(&done_time.cdf(middle)), "{text}");
                prop_assert!(done_time.to_string().parse::<Distribution>().is_ok(), "{text}: {done_time}");
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// Promise: in an outage a poller that polls over errors loses nothing that its deadline leaves room for, while the same settings
/// in the guide's loop lose every task whose poll falls into it; a rate limit is answered with 429s; without faults nothing
/// happens to either.
#[test]
fn weather_tells_the_poller_from_the_loop() {
    let completion = distribution("lognormal(median=60s, sigma=0.3)");
    let done_time = DoneTime::of(completion.clone());
    let goal = Goal { deadline: Some(900e6), ..goal(&done_time) };
    let tuned = tune(&goal, "m");
    let answer = answer(&completion, &goal, &tuned);
    let model = Model::plain("m", completion.clone());
    let fared = |weather: &str| {
        let weather = load(weather).unwrap_or_else(|error| panic!("{error}"));
        weathered(&answer, &model, &weather).unwrap_or_else(|error| panic!("{error}"))
    };
    let outage = fared("outage-5m");
    let row = |weathered: &Weathered, who: Contender, is_calm: bool| {
        *weathered.rows.iter().find(|row| row.who == who && row.is_calm == is_calm).expect("a row")
    };
    let calm = row(&outage, Contender::Poller, true);
    assert_eq!((calm.lost, calm.share_429), (0, 0.0));
    // Round trips come on top of what the tuner expects.
    let expected = tuned.recommended().delay_mean.expect("a delay") / 1e3;
    assert!((calm.delay_mean_ms.expect("a delay") - expected).abs() < 200.0, "{calm:?}");
    assert_eq!(row(&outage, Contender::Poller, false).lost, 0);
    let lost = row(&outage, Contender::GuideLoop, false).lost as f64 / outage.tasks as f64;
    // 500 tasks at 0.5 a second, of which those are due in the outage that began within the minute or so before it.
    assert!((0.05..0.15).contains(&lost), "{lost}");
    assert!(row(&outage, Contender::Poller, false).delay_mean_ms > calm.delay_mean_ms);
    // Five tasks a second poll some fifty times a second, where fifteen are allowed.
    let limited = load("rate-limited").unwrap_or_else(|error| panic!("{error}"));
    let busy = weathered(&TuneAnswer { tasks_per_day: Some(432_000.0), ..answer.clone() }, &model, &limited);
    assert!(row(&busy.unwrap_or_else(|error| panic!("{error}")), Contender::Guide, false).share_429 > 0.1);
    let calm_day = fared("calm");
    assert_eq!(
        row(&calm_day, Contender::Poller, true),
        WeatherOutcome { is_calm: true, ..row(&calm_day, Contender::Poller, false) }
    );
    let told = print::text(&TuneAnswer { weather: &[outage], ..answer.clone() });
    assert!(told.contains("in outage-5m (10,000 tasks, 0.5 a second)"), "{told}");
}

/// Promise: without a deadline costs end at the horizon, as a simulated run's do. A tail whose mean lies far beyond it is told.
#[test]
fn without_a_deadline_costs_end_at_the_horizon() {
    let done_time = DoneTime::of(distribution("pareto(scale=30s, shape=1.1)"));
    let goal = goal(&done_time);
    let tuned = tune(&goal, "m");
    let best = tuned.recommended();
    let horizon = Micros::from_f64(goal.horizon);
    // The same waits one task after the other.
    let mut draws = Keys::new(15, 0, "m").draws(Stream::Truth, 0);
    let instants: Vec<f64> = best.checks.until(goal.horizon).instants.split_last().expect("polls").1.to_vec();
    let (mut sum, mut squares, n) = (0.0, 0.0, 40_000);
    let times = distribution("pareto(scale=30s, shape=1.1)");
    for _ in 0..n {
        let done = times.sample(&mut draws).get() as f64;
        let cost = match instants.iter().position(|at| *at >= done) {
            Some(polls) => (polls + 1) as f64 + 0.1e-6 * (instants[polls] - done),
            None if done <= horizon.get() as f64 => (instants.len() + 1) as f64 + 0.1e-6 * (goal.horizon - done),
            None => instants.len() as f64,
        };
        sum += cost;
        squares += cost * cost;
    }
    let (n, mean) = (f64::from(n), sum / f64::from(n));
    let error = ((squares / n - mean * mean) / n).sqrt();
    // Four standard errors: once in some 16,000 seeds.
    assert!((best.cost - mean).abs() < 4.0 * error, "{} expected, {mean} ± {error} found", best.cost);
    assert!(goal.beyond_horizon() > 1e-4);
    assert!(tuned.families.iter().all(|row| row.cost >= tuned.optimal().cost));
    let completion = distribution("pareto(scale=30s, shape=1.1)");
    let told = print::text(&answer(&completion, &goal, &tuned));
    assert!(told.contains("take longer than that: they are polled until then"), "{told}");
}
