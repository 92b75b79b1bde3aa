//! What a scenario file means: defaults, every kind of everything, and what command lines change.

use pollbench::scenario::files::Embedded;
use pollbench::scenario::narrow::{OverrideError, Overrides};
use pollbench::scenario::shipped::{SHIPPED, load};
use pollbench::scenario::{Bound, CostWeights, Gate, Scenario, SubmitPolicy};
use pollbench::strategy::composition::{
    Channel, Jitter, Limit, Pace, Recovery, Schedule, Sharing, Strategy, Tolerance,
};
use pollbench::time::Micros;
use pollbench::world::arrivals::{Arrivals, Rate, Recorded};
use pollbench::world::distribution::Distribution;
use pollbench::world::fault::{
    Age, Body, DeliveryEffect, Effect, ErrorCode, Fault, FaultRule, HeaderText, InjectedAnswer, Kind, ReplyEnd,
    RetryAdvice, RetryAfter, Route, Since, Transfer, When, Window, json,
};
use pollbench::world::limit::LimitRule;
use pollbench::world::rate_limit::TokenBucket;

use proptest::prelude::*;
use std::num::NonZeroU32;

const FILES: Embedded = Embedded(&[("times.csv", "id,t\na,1\nb,2\n"), ("points.csv", "id;t\na;1.500\nb;2.250\n")]);

const SMALLEST: &str = r#"
schema_version = 1
name = "t"
[models.zeta]
completion = "10s"
[models.alpha]
completion = "20s"
[[strategies]]
preset = "basic"
"#;

fn read(more: &str) -> Scenario {
    Scenario::parse(&format!("{SMALLEST}{more}"), "t.toml", &FILES).unwrap_or_else(|error| panic!("{error}"))
}

fn strategy(definition: &str) -> Strategy {
    read(&format!("[[strategies]]\n{definition}")).strategies.remove(1)
}

fn rule(definition: &str) -> FaultRule {
    read(&format!("[[faults]]\n{definition}")).faults[0].clone()
}

fn per_s(rate: f64) -> Rate {
    Rate::per_s(rate).expect("a rate")
}

fn recorded(instants: &[Micros]) -> Arrivals {
    Arrivals::Trace(Recorded::new(instants.to_vec()).expect("in order"))
}

const fn s(seconds: u64) -> Micros {
    Micros::from_secs(seconds)
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let scenario = read("");
    assert_eq!((scenario.seed, scenario.tasks, scenario.replicates), (42, 500, 20));
    assert_eq!(scenario.horizon, s(1_800));
    assert_eq!(scenario.arrivals, Arrivals::Poisson(per_s(2.0)));
    assert_eq!(scenario.network.rtt, Distribution::constant(Micros::ZERO));
    assert_eq!(scenario.network.up_share.get(), 0.5);
    assert_eq!(scenario.network.webhook_latency, None);
    assert_eq!(scenario.submit, SubmitPolicy { retries: 0, retry_delay: s(1), attempt_timeout: s(60) });
    assert_eq!(scenario.cost, CostWeights { poll: 1.0, delay_per_s: 0.1 });
    assert_eq!((scenario.baseline, scenario.faults.len(), scenario.gates.len()), (0, 0, 0));
    let names: Vec<_> = scenario.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["zeta", "alpha"], "models are in file order");
}

#[test]
fn a_file_with_every_section_is_read() {
    let text = r#"
schema_version = 1
name = "my-models"
description = "one sentence"
seed = 42
tasks = 500
replicates = 20
horizon = "30m"

[arrivals]
kind = "poisson"
rate_per_s = 2.0

[network]
rtt = { kind = "lognormal", median = "80ms", sigma = 0.4 }
up_share = 0.5

[webhook]
latency = { kind = "lognormal", median = "200ms", sigma = 0.5 }

[models.sora-2]
completion = { kind = "lognormal", median = "190s", sigma = 0.28 }
pending    = { kind = "exponential", mean = "2s" }
failure    = { probability = 0.02, code = "CONTENT_VIOLATION", message = "…", after = { kind = "uniform", low = "2s", high = "20s" } }
stuck_probability = 0.001
workers = 8

[[faults]]
kind = "reset"
probability = 0.01
route = "status"
during = { every = "1h", for = "30s" }
models = ["sora-2"]

[[strategies]]
preset = "basic"

[[strategies]]
name = "mine"
schedule = { kind = "exponential", first = "20s", interval = "5s", multiplier = 1.3, cap = "20s" }
limit    = { kind = "wall-clock", deadline = "8m" }
recovery = { kind = "tolerant", consecutive_failures = 5, attempt_timeout = "10s", retry_after_ceiling = "60s" }
jitter   = "full"

[report]
baseline = "mine"
poll_cost = 1.0
delay_cost_per_s = 0.1

[[gates]]
metric = "lost"
max = 0
"#;
    let scenario = Scenario::parse(text, "t.toml", &FILES).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((scenario.baseline, scenario.models[0].workers.map(NonZeroU32::get)), (1, Some(8)));
}

#[test]
fn a_failure_says_the_default_words_after_the_time_of_a_completion() {
    let scenario = read("[models.m]\ncompletion = \"30s\"\nfailure = { probability = 0.5 }\n");
    let failure = scenario.models[2].fates.failure().expect("a failure");
    assert_eq!(failure.after, Distribution::constant(s(30)));
    assert_eq!(
        (failure.failure.code.as_str(), failure.failure.message.as_str()),
        ("GENERATION_FAILED", "generation failed")
    );
}

#[test]
fn a_distribution_is_a_table_a_duration_or_an_expression() {
    let distributions = [
        r#"{ kind = "lognormal", median = "120s", sigma = 0.5 }"#,
        r#"{ kind = "uniform", low = "1s", high = "2s", shift = "3s" }"#,
        r#"{ kind = "exponential", mean = "1s", min = "500ms", max = "2s" }"#,
        r#"{ kind = "gamma", shape = 2, scale = "1s" }"#,
        r#"{ kind = "weibull", shape = 2, scale = "1s" }"#,
        r#"{ kind = "normal", mean = "5s", std_dev = "1s" }"#,
        r#"{ kind = "pareto", shape = 2.5, scale = "1s" }"#,
        r#"{ kind = "constant", value = "1s" }"#,
        r#"{ kind = "mixture", parts = [{ weight = 3, kind = "constant", value = "1s" }, { weight = 1, kind = "exponential", mean = "1s" }] }"#,
        r#"{ kind = "empirical", values = ["1s", "2s"] }"#,
        r#"{ kind = "empirical", file = "times.csv", column = "t", unit = "s" }"#,
        r#""1s""#,
        r#""lognormal(median=120s, sigma=0.5)""#,
    ];
    let models: String = distributions
        .iter()
        .enumerate()
        .map(|(i, distribution)| format!("[models.m{i}]\ncompletion = {distribution}\n"))
        .collect();
    let models: Vec<_> = read(&models).models.into_iter().skip(2).map(|model| model.completion).collect();
    assert_eq!(models[0], models[12]);
    assert_eq!(models[7], models[11]);
    assert_eq!(models[9], models[10]);
}

#[test]
fn a_data_file_is_read_by_the_decimal_sign_that_is_said() {
    for (sign, ms) in [("point", [1_500, 2_250]), ("comma", [1_500_000, 2_250_000])] {
        let file = format!(r#"file = "points.csv", column = "t", unit = "s", decimal = "{sign}""#);
        let times = ms.map(Micros::from_millis);
        let read = read(&format!(
            "[arrivals]\nkind = \"trace\"\n{}\n[models.m]\ncompletion = {{ kind = \"empirical\", {file} }}",
            file.replace(", ", "\n")
        ));
        assert_eq!(read.arrivals, recorded(&times), "{sign}");
        assert_eq!(read.models[2].completion, Distribution::empirical(times.to_vec()).expect("values"), "{sign}");
    }
}

#[test]
fn arrivals_of_every_kind() {
    for (table, arrivals) in [
        ("rate_per_s = 0.5", Arrivals::Poisson(per_s(0.5))),
        ("kind = \"constant\"\nrate_per_s = 3", Arrivals::Constant(per_s(3.0))),
        ("kind = \"burst\"", Arrivals::Burst),
        ("kind = \"trace\"\nat = [\"1s\", \"1s\", \"5s\"]", recorded(&[s(1), s(1), s(5)])),
        ("kind = \"trace\"\nfile = \"times.csv\"\ncolumn = \"t\"\nunit = \"s\"", recorded(&[s(1), s(2)])),
    ] {
        assert_eq!(read(&format!("[arrivals]\n{table}")).arrivals, arrivals, "{table}");
    }
}

#[test]
fn a_composition_has_the_written_parts_and_hardened_defaults() {
    let defined = strategy(
        "name = \"mine\"\nschedule = { kind = \"adaptive\", initial = \"9s\", interval = \"2s\" }\nlimit = { kind = \"none\" }",
    );
    assert_eq!(Ok(defined.pace.schedule), Schedule::fixed(s(9), s(2)));
    assert_eq!((defined.pace.limit, defined.jitter, defined.channel), (Limit::None, Jitter::None, Channel::Poll));
    // 10 s an attempt; a Retry-After from 1 to 60 s.
    let tolerance = Tolerance::default();
    assert_eq!((tolerance.attempt_timeout(), tolerance.consecutive_failures()), (s(10), None));
    assert_eq!((tolerance.pause(s(0)), tolerance.pause(s(100))), (s(1), s(60)));
    assert_eq!(defined.recovery, Recovery::Tolerant(tolerance));
    assert_eq!(defined.sharing, Sharing::Alone);
}

#[test]
fn every_part_of_a_composition_can_be_written() {
    for schedule in [
        r#"{ kind = "fixed", interval = "3s" }"#,
        r#"{ kind = "initial+fixed", initial = "5s", interval = "3s" }"#,
        r#"{ kind = "exponential", interval = "2s", cap = "30s" }"#,
        r#"{ kind = "table", instants = ["1s", "3s"] }"#,
    ] {
        for limit in [
            r#"{ kind = "attempts", attempts = 60 }"#,
            r#"{ kind = "sum-of-sleeps", max = "5m" }"#,
            r#"{ kind = "wall-clock", deadline = "5m" }"#,
        ] {
            for rest in [
                "recovery = { kind = \"propagate\" }\njitter = \"full\"\nchannel = \"webhook\"",
                "recovery = { kind = \"network-retry\" }\njitter = \"equal\"\nchannel = \"both\"",
                "recovery = { kind = \"tolerant\", consecutive_failures = 5 }\njitter = \"decorrelated\"",
                "limiter = { max_in_flight = 8, rate_per_s = 2.5, burst = 4 }",
            ] {
                strategy(&format!("name = \"mine\"\nschedule = {schedule}\nlimit = {limit}\n{rest}"));
            }
        }
    }
}

#[test]
fn a_preset_changes_for_all_models_and_then_for_single_ones() {
    let changed = strategy(
        "preset = \"adaptive\"\nname = \"a\"\nschedule = { kind = \"fixed\", interval = \"7s\" }\n\
         [strategies.models.zeta]\nlimit = { kind = \"wall-clock\", deadline = \"1m\" }",
    );
    let schedule = Schedule::fixed(Micros::ZERO, s(7)).expect("an interval");
    assert_eq!(changed.pace("sora-2").schedule, schedule);
    assert_eq!(*changed.pace("zeta"), Pace { schedule, limit: Limit::wall_clock(s(60)).expect("a minute") });
    assert_ne!(changed.pace("sora-2").limit, changed.pace("zeta").limit);
}

#[test]
fn faults_have_the_routes_and_parameters_of_their_kind() {
    let status = rule("kind = \"status\"\nprobability = 0.1\nretry_after = true");
    let fault = |fields: serde_json::Value| json::read(fields.as_object().expect("an object")).expect("a fault");
    let expected = fault(serde_json::json!({ "kind": "status", "retry_after": true, "retry_in": "1s" }));
    assert_eq!((status.fault(), status.routes()), (&expected, &[Route::Status][..]));
    let effect = status.fault().on_request(s(9), None, pollbench::world::fault::Timescale::SCENARIO);
    let (body, retry_after) = (Body::Envelope, Some(RetryAfter::Seconds(1)));
    assert_eq!(effect, Effect::Answer(InjectedAnswer { status: 503, body, retry_after }));
    let exact = rule("kind = \"status\"\nprobability = 0.1\nretry_after = 20");
    assert_eq!(*exact.fault(), Fault::http(ErrorCode::UNAVAILABLE, RetryAdvice::Exactly(20)));
    let words = rule("kind = \"status\"\nprobability = 0.1\nretry_after = \"in a while\"");
    let text = HeaderText::new("in a while").expect("visible");
    assert_eq!(*words.fault(), Fault::http(ErrorCode::UNAVAILABLE, RetryAdvice::Text(text)));

    let limit = rule("kind = \"rate-limit\"\nrate_per_s = 2.5\nroute = [\"submit\", \"status\"]");
    let bucket = TokenBucket::new(2.5, NonZeroU32::new(3).expect("three")).expect("a rate");
    assert_eq!(limit.fault().limit(), Some(&LimitRule::tokens(bucket)));
    assert_eq!(limit.routes(), [Route::Submit, Route::Status]);
    let windows =
        rule("kind = \"rate-limit\"\nrate_per_s = 0.5\nalgorithm = \"sliding-window\"\nwindow = \"1m\"\nper = \"key\"");
    let expected = LimitRule::window(0.5, s(60), true).expect("thirty").per_key();
    assert_eq!(windows.fault().limit(), Some(&expected));

    let window = |from, length, every| When::During(Window::new(from, length, every).expect("a window"));
    let outage = rule("kind = \"outage\"\nduring = { from = \"10m\", to = \"15m\" }");
    assert_eq!(*outage.when(), window(s(600), s(300), None));
    assert_eq!((outage.fault(), outage.routes().len(), outage.probability().get()), (&Fault::of(Kind::Outage), 2, 1.0));

    let bursts = rule("kind = \"burst-loss\"\ngilbert_elliott = { bad_share = 0.01, bad_mean = \"3s\" }");
    assert!(matches!(bursts.when(), When::Bursts(_)) && bursts.probability().get() == 1.0);

    assert!(rule("kind = \"stall\"\nprobability = 1\nroute = \"submit\"\ntask_exists = true").leaves_task());
    let restricted = rule("kind = \"null-data\"\nprobability = 1\nmodels = [\"zeta\"]");
    assert_eq!(restricted.models(), Some(&["zeta".to_owned()][..]));
    for (kind, fault) in [
        ("reset", Effect::Cut(ReplyEnd::Reset)),
        ("stale-read", Effect::Answer(InjectedAnswer { status: 200, body: Body::Processing, retry_after: None })),
        ("slow-body", Effect::Transfer(Transfer::Slow { takes: s(5), pieces: 10 })),
        ("lost", Effect::Truth),
    ] {
        let rule = rule(&format!("kind = \"{kind}\"\nprobability = 0.5"));
        assert_eq!(rule.fault().on_request(s(9), None, pollbench::world::fault::Timescale::SCENARIO), fault, "{kind}");
    }
    for (kind, effect) in [
        ("lost", DeliveryEffect::Lost),
        ("delayed", DeliveryEffect::Later(Distribution::constant(s(30)))),
        ("duplicated", DeliveryEffect::Again(Distribution::constant(s(1)))),
        ("receiver-slow", DeliveryEffect::Slow),
    ] {
        let rule = rule(&format!("kind = \"{kind}\"\nprobability = 0.5"));
        assert_eq!(rule.fault().on_delivery(), Some(&effect), "{kind}");
    }
    // Ages that no task has at once share the same ground.
    let aged = |age: &str| format!("[[faults]]\nkind = \"stale-read\"\nprobability = 0.8\nage = {age}\n");
    let two = aged("{ since = \"done\", to = \"20s\" }") + &aged("{ since = \"done\", from = \"20s\" }");
    let ages: Vec<_> = read(&two).faults.iter().map(|rule| *rule.age().expect("it was said")).collect();
    let age = |from, to| Age::new(Since::Done, from, to).expect("an age");
    assert_eq!(ages, [age(Micros::ZERO, Some(s(20))), age(s(20), None)]);
    let periodic = rule("kind = \"reset\"\nprobability = 1\nduring = { every = \"1h\", for = \"30s\" }");
    assert_eq!(*periodic.when(), window(Micros::ZERO, s(30), Some(s(3_600))));
}

#[test]
fn reports_gates_and_webhooks() {
    let scenario = read(
        "[webhook]\nlatency = \"1s\"\n[submit]\nretries = 2\n[report]\nbaseline = \"basic\"\npoll_cost = 0\n\
         [[gates]]\nmetric = \"latency_ms\"\nstat = \"p95\"\nmodel = \"zeta\"\nmax = 5000",
    );
    assert_eq!(scenario.network.webhook_latency, Some(Distribution::constant(s(1))));
    assert_eq!((scenario.submit.retries, scenario.cost.poll), (2, 0.0));
    let gate = Gate {
        metric: "latency_ms".to_owned(),
        stat: Some("p95".to_owned()),
        strategy: None,
        model: Some("zeta".to_owned()),
        bound: Bound::Max(5_000.0),
    };
    assert_eq!(scenario.gates, [gate]);
}

#[test]
fn a_narrowed_scenario_keeps_what_still_has_a_meaning() {
    let lossy = load("webhook-lossy").expect("a shipped scenario");
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let overrides = Overrides {
        models: names(&["sora-2"]),
        strategies: names(&["resilient", "adaptive"]),
        tasks: Some(7),
        replicates: Some(2),
        seed: Some(1),
    };
    let narrowed = lossy.clone().narrowed(&overrides).expect("a part of it");
    assert_eq!((narrowed.tasks, narrowed.replicates, narrowed.seed), (7, 2, 1));
    assert_eq!(narrowed.models.len(), 1);
    assert_eq!(narrowed.strategies[narrowed.baseline].name, "resilient", "the baseline was left out");
    assert!(narrowed.gates.is_empty(), "the gate's strategy was left out");
    assert_eq!(lossy.clone().narrowed(&Overrides::default()), Ok(lossy));
}

#[test]
fn overrides_are_held_against_the_same_limits() {
    let refused = |overrides: Overrides| read("").narrowed(&overrides).expect_err("refused").to_string();
    let none = Overrides::default;
    for (overrides, message) in [
        (
            Overrides { models: Some(vec!["zet".into()]), ..none() },
            "the scenario has no model `zet`: did you mean `zeta`?\n  models: zeta, alpha",
        ),
        (Overrides { models: Some(Vec::new()), ..none() }, "the list of models is empty"),
        (
            Overrides { strategies: Some(vec!["basic".into(), "basic".into()]), ..none() },
            "`basic` is in the list of strategies twice",
        ),
        (Overrides { tasks: Some(0), ..none() }, "tasks must be at least 1"),
        (Overrides { replicates: Some(0), ..none() }, "replicates must be at least 1"),
        (
            Overrides { tasks: Some(1_000_000_000_000), ..none() },
            "40000000000000 tasks in all are more than 10000000000 (tasks × replicates × models)",
        ),
    ] {
        assert_eq!(refused(overrides), message);
    }
    let unknown = read("").narrowed(&Overrides { strategies: Some(vec!["adaptve".into()]), ..none() });
    assert!(
        matches!(unknown, Err(OverrideError::UnknownStrategy { suggestion: Some(near), .. }) if near == "adaptive")
    );
}

/// Pieces of scenarios, to be put where they do not belong.
const PIECES: [&str; 14] = [
    "",
    "\n",
    "[",
    "]]",
    "= 3",
    "\"1s\"",
    "{}",
    "{ kind = \"mixture\", parts = [] }",
    "kind = \"burst\"",
    "é",
    "[]",
    "-1",
    "nan",
    "\"lognormal(\"",
];

proptest! {
    #![proptest_config(crate::soak::cases(256))]

    #[test]
    fn no_text_breaks_the_reader(
        shipped in 0..SHIPPED.len(), line in 0_usize..120, cut in 0_usize..40, taken in 0_usize..20, piece in 0..PIECES.len(),
    ) {
        let shipped = SHIPPED[shipped];
        let mut lines: Vec<String> = shipped.text.lines().map(str::to_owned).collect();
        let line = line % lines.len();
        let kept: String = lines[line].chars().take(cut).collect();
        let rest: String = lines[line].chars().skip(cut + taken).collect();
        lines[line] = format!("{kept}{}{rest}", PIECES[piece]);
        if let Err(invalid) = Scenario::parse(&lines.join("\n"), "t.toml", &Embedded(shipped.files)) {
            prop_assert!(!invalid.problems.is_empty());
            prop_assert!(invalid.to_string().starts_with("t.toml:"));
            #[cfg(feature = "cli")]
            prop_assert!(invalid.render(false).starts_with("error: "));
        }
    }
}

/// A baseline that the file does not list may be a preset: it comes first.
#[test]
fn a_preset_may_be_the_baseline_without_being_listed() {
    let text = "schema_version = 1\nname = \"x\"\n[models.m]\ncompletion = \"9s\"\n[[strategies]]\npreset = \"adaptive\"\n\
        [report]\nbaseline = \"basic\"\n[[gates]]\nmetric = \"lost\"\nstrategy = \"basic\"\nmax = 0";
    let scenario = Scenario::parse(text, "x.toml", &Embedded(&[])).expect("valid");
    let names: Vec<&str> = scenario.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
    assert_eq!((names, scenario.baseline, scenario.gates.len()), (vec!["basic", "adaptive"], 0, 1));
}
