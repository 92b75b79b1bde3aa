//! The lab: a state in, figures and marks out, the same as `compare` finds; and what a stranger's state cannot do.

use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::lab::{InvalidLabState, LabQuestion, LabState, NoPoller, PollerWish, answer, poller, start};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::set::changed;
use pollbench::scenario::shipped::load;
use pollbench::strategy::planned::OPTIMAL;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// What the page knows at its start, with a shipped scenario.
fn beginning(scenario: &str) -> Value {
    serde_json::to_value(start(&load(scenario).expect("shipped")).expect("fits")).expect("JSON")
}

fn with(mut state: Value, changes: &[(&str, Value)]) -> Value {
    for (key, value) in changes {
        state[*key] = value.clone();
    }
    state
}

/// The state of sora-2 with one strategy, without round trips.
fn plain(changes: &[(&str, Value)]) -> Value {
    let calm = [
        ("strategies", json!([{"preset": "basic"}])),
        ("rtt_s", json!(0.0)),
        ("failing", json!(0.0)),
        ("stuck", json!(0.0)),
        ("queue_s", json!(0.0)),
        ("tasks", json!(500.0)),
    ];
    with(with(beginning("documented")["models"][2].clone(), &calm), changes)
}

fn asked(state: &Value, exact: bool) -> Value {
    seen(state, &json!({"exact": exact, "focus": null}))
}

fn seen(state: &Value, view: &Value) -> Value {
    tried(state, view).expect("a scenario")
}

fn tried(state: &Value, view: &Value) -> Result<Value, InvalidLabState> {
    let question = json!({"state": state, "view": view}).to_string();
    let question = LabQuestion::parse(&question).expect("a question");
    let answer = answer(&question, &Control::default())?.expect("not stopped");
    Ok(serde_json::to_value(answer).expect("JSON"))
}

/// What `compare` says of a scenario's text.
fn digest(text: &str) -> String {
    let scenario =
        Scenario::parse(text, "copied.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let compared = compare(&Plan::new(&scenario), Options::default(), &Control::default(), None);
    compared.expect("not stopped").results.run.digest
}

/// Any state within the bounds that the page is told, with so few tasks that twenty are run in no time.
fn states() -> impl Strategy<Value = Value> {
    let page = beginning("documented");
    let shares = prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64], 32);
    let presets: Vec<Value> = page["presets"].as_array().expect("presets").clone();
    let kinds: Vec<Value> = page["faults"].as_array().expect("faults").iter().map(|fault| fault[0].clone()).collect();
    let faults = prop::collection::vec((prop::sample::select(kinds), 0.0005..0.1_f64), 0..3);
    let presets = prop::sample::subsequence(presets, 1..5);
    // One in ten has a comma, which no name of a scenario has.
    let names = prop_oneof![9 => "\\PC{1,20}", 1 => "\\PC{0,9},\\PC{0,9}"];
    (shares, presets, faults, names).prop_map(move |(shares, presets, faults, name)| {
        let number = |control: &Value, share: f64| {
            let bound = |key: &str| control[key].as_f64().expect("a number");
            let value = bound("min") + share * (bound("max") - bound("min"));
            json!(if control["whole"] == json!(true) { value.round() } else { value })
        };
        let mut shares = shares.into_iter();
        let mut next = || shares.next().expect("enough of them");
        let mut state = json!({"model": name});
        for control in page["controls"].as_array().expect("controls") {
            state[control["key"].as_str().expect("a key")] = number(control, next());
        }
        state["tasks"] = json!(60.0);
        state["replicates"] = json!(2.0);
        // Shares of tasks that would be more than all of them.
        state["failing"] = json!(0.6 * state["failing"].as_f64().expect("a number"));
        let mut own = json!({"name": format!("own {name}").chars().take(60).collect::<String>()});
        for control in page["of_strategies"].as_array().expect("controls") {
            own[control["key"].as_str().expect("a key")] = number(control, next());
        }
        let chosen = presets.iter().map(|preset| json!({"preset": preset})).chain([json!({"own": own})]);
        state["strategies"] = chosen.collect();
        state["faults"] = faults.iter().map(|(kind, p)| json!({"kind": kind, "probability": p})).collect();
        state
    })
}

proptest! {
    #![proptest_config(crate::soak::cases(6))]

    /// The copied scenario parses, has the names that were typed, and gives the digest that the page shows. While a control is
    /// dragged the answer is the same, but for the optimum, which is planned from few points and costs hardly more. What can be
    /// no name in a scenario is refused, and nothing else is.
    #[test]
    fn the_digest_is_that_of_the_copied_scenario(state in states()) {
        // A model called `*` would stand for others and be none.
        let name = state["model"].as_str().expect("a name");
        let is_refused = name.trim().is_empty() || name.contains(',') || name == "*";
        let quick = tried(&state, &json!({"exact": false, "focus": null}));
        if is_refused {
            prop_assert!(quick.is_err());
            return Ok(());
        }
        let quick = quick.expect("a scenario");
        let exact = asked(&state, true);
        let text = exact["scenario"].as_str().expect("text");
        prop_assert_eq!(exact["digest"].as_str().expect("a digest"), digest(text));
        let marks = |answer: &Value| answer["marks"].as_array().expect("marks").clone();
        for (quick, exact) in marks(&quick).iter().zip(&marks(&exact)) {
            if quick["strategy"] != json!(OPTIMAL) {
                prop_assert_eq!(quick, exact);
            } else {
                // Of what is expected; so few tasks tell it within their intervals only, or not at all.
                let of = |mark: &Value, key: &str| mark[key].as_f64().expect("a number");
                let (quick_cost, exact_cost) = (of(quick, "cost"), of(exact, "cost"));
                let width = |mark: &Value| mark["cost_ci"][1].as_f64().map_or(f64::INFINITY, |end| end - of(mark, "cost"));
                let more = (quick_cost - exact_cost).abs();
                prop_assert!(
                    more < 0.05 * exact_cost + width(quick) + width(exact),
                    "{quick_cost} instead of {exact_cost}: {quick} for {exact}"
                );
            }
        }
        let copied = Scenario::parse(text, "copied.toml", &Embedded(&[])).expect("valid");
        prop_assert_eq!(json!(copied.models[0].name), state["model"].clone());
        let own = state["strategies"].as_array().expect("strategies").last().expect("one")["own"]["name"].clone();
        prop_assert_eq!(json!(copied.strategies.last().expect("one").name), own);
    }
}

/// A share of the tasks is the first of them: the answer is that of a state with fewer replicates or tasks, and says so.
#[test]
fn fewer_tasks_are_the_same_tasks() {
    let state = plain(&[("replicates", json!(4.0))]);
    for (share, replicates, tasks) in
        [(1.0, 4.0, 500.0), (0.5, 2.0, 500.0), (0.25, 1.0, 500.0), (0.125, 1.0, 250.0), (1e-9, 1.0, 50.0)]
    {
        let fewer = seen(&state, &json!({"exact": false, "share": share, "focus": null}));
        let same = asked(&with(state.clone(), &[("replicates", json!(replicates)), ("tasks", json!(tasks))]), false);
        assert_eq!(
            (&fewer["digest"], &fewer["marks"], &fewer["tasks"]),
            (&same["digest"], &same["marks"], &same["tasks"])
        );
        assert_eq!(fewer["whole"], json!(share == 1.0));
        assert_eq!(fewer["scenario"], asked(&state, false)["scenario"], "what is copied is the whole");
        let rest = seen(&state, &json!({"exact": true, "share": share, "focus": null}));
        assert_eq!(rest["whole"], json!(true), "at rest nothing is left out");
    }
    for share in [0.0, -1.0, 1.5] {
        let question = json!({"state": state, "view": {"exact": false, "share": share, "focus": null}}).to_string();
        assert!(LabQuestion::parse(&question).is_err(), "{share}");
    }
}

/// With common random numbers a mark moves as far as the data do, and by chance no further than tasks that pass an instant
/// of a poll: bounds of five standard deviations. With other random numbers it jumps much further, so the bound can be broken.
#[test]
fn a_mark_moves_no_further_than_the_data() {
    let (gap, tasks) = (3.0, 2_000.0);
    let mark = |state: &Value| {
        let answer = asked(state, false);
        let of = |key: &str| answer["marks"][0][key].as_f64().expect("a number");
        (of("requests"), of("delay"))
    };
    let mean = |median: f64, spread: f64| median * (spread * spread / 2.0).exp();
    let mut longest_jump = 0.0_f64;
    // `basic` looks every 3 s for 180 s: all tasks are known by then.
    for (key, from, step) in [("median_s", 60.0, 0.2), ("median_s", 30.0, 0.05), ("spread", 0.25, 0.001)] {
        for n in 0..5 {
            let value = from + step * f64::from(n);
            let others = [("median_s", json!(60.0)), ("spread", json!(0.25))];
            let at = |value: f64, seed: f64| with(plain(&others), &[(key, json!(value)), ("seed", json!(seed))]);
            let (before, after) = (mark(&at(value, 7.0)), mark(&at(value + step, 7.0)));
            // By how much a task's end moves, on the average: |z| of the spread is 0.8.
            let moved = if key == "spread" { 60.0 * step * 1.1 } else { mean(step, 0.25) };
            let chance = 5.0 * (moved / gap / tasks).sqrt();
            assert!((after.0 - before.0).abs() <= moved / gap + chance, "{key} {value}: {before:?} {after:?}");
            assert!((after.1 - before.1).abs() <= moved + gap * chance, "{key} {value}: {before:?} {after:?}");
            let other = mark(&at(value, 8.0 + f64::from(n)));
            longest_jump = longest_jump.max((other.0 - before.0).abs() / (moved / gap + chance));
        }
    }
    assert!(longest_jump > 1.5, "other random numbers stay within {longest_jump} of the bound");
}

/// So does the mark of the optimum, which is planned from few points while a control is dragged: what the plan adds of its own is
/// no more than can hardly be seen.
#[test]
fn a_planned_mark_slides() {
    let mark = |median: f64, exact: bool| {
        let state = plain(&[("median_s", json!(median)), ("strategies", json!([{"preset": "optimal"}]))]);
        let answer = asked(&with(state, &[("tasks", json!(2_000.0))]), exact);
        ["requests", "delay"].map(|key| answer["marks"][0][key].as_f64().expect("a number"))
    };
    for at in [30.0, 100.0, 300.0] {
        let quick = [0, 1, 2, 3].map(|step| mark(at * (1.0 + 0.002 * f64::from(step)), false));
        let exact = mark(at, true);
        let pairs = quick.windows(2).map(|pair| (pair[0], pair[1])).chain([(quick[0], exact)]);
        for (one, other) in pairs {
            let [requests, delay] = [0, 1].map(|of| (one[of] / other[of]).ln().abs());
            assert!(requests < 0.02 && delay < 0.04, "{at} s: {one:?} {other:?}");
        }
    }
}

/// A share that is moved by a hundredth changes the ends of about a hundredth of the tasks, and of no others.
#[test]
fn a_share_that_moves_changes_as_many_tasks() {
    let ends = |state: &Value| {
        let scenario = LabState::parse(&state.to_string()).expect("a state").scenario().expect("a scenario");
        let seen = Mutex::new(Vec::new());
        let sink = |_: usize, _: usize, replicate: u32, records: &[pollbench::measure::record::TaskRecord]| {
            let mut seen = seen.lock().expect("nobody panics");
            seen.extend(records.iter().map(|record| (replicate, record.task, record.done)));
        };
        compare(&Plan::new(&scenario), Options::default(), &Control::default(), Some(&sink)).expect("not stopped");
        let mut seen = seen.into_inner().expect("nobody panics");
        seen.sort_unstable();
        seen
    };
    for (key, from) in [("hump_share", 0.2), ("tail_share", 0.1), ("failing", 0.1), ("stuck", 0.1)] {
        let (before, after) = (ends(&plain(&[(key, json!(from))])), ends(&plain(&[(key, json!(from + 0.01))])));
        assert_eq!(before.len(), after.len());
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count() as f64;
        let expected = 0.01 * before.len() as f64;
        let chance = 5.0 * expected.sqrt();
        assert!((changed - expected).abs() <= chance, "{key}: {changed} tasks of {}", before.len());
    }
}

/// The page begins with any shipped scenario, and what is told there is a state.
#[test]
fn every_shipped_scenario_is_a_beginning() {
    for shipped in pollbench::scenario::shipped::SHIPPED {
        let page = beginning(shipped.name);
        let models = page["models"].as_array().expect("models");
        assert!(!models.is_empty());
        for state in models {
            LabState::parse(&state.to_string()).unwrap_or_else(|error| panic!("{}: {error}", shipped.name));
        }
    }
    let limited = beginning("rate-limited");
    assert_eq!(limited["models"][0]["rate_limit_per_s"], json!(15.0));
    let broken = beginning("outage-5m");
    assert_eq!(
        (&broken["models"][0]["outage_s"], &broken["models"][0]["outage_from_s"]),
        (&json!(300.0), &json!(360.0))
    );
    let fails_otherwise = json!(["Tasks that fail do so after 5 to 50 % of their model's median here."]);
    assert_eq!(broken["left_out"], fails_otherwise);
    let documented = beginning("documented");
    assert_eq!(documented["models"][2]["model"], json!("sora-2"));
    assert_eq!((&documented["models"][2]["median_s"], &documented["left_out"]), (&json!(190.0), &fails_otherwise));
}

/// Promise: what of a scenario the controls cannot show is said, and nothing is said of what they show.
#[test]
fn what_the_controls_cannot_show_is_said() {
    let shown = asked(&plain(&[("failing", json!(0.1)), ("rate_limit_per_s", json!(2.0))]), true);
    let text = shown["scenario"].as_str().expect("text");
    let said = |settings: &[&str]| {
        let settings: Vec<_> = settings.iter().map(|setting| setting.parse().expect("a setting")).collect();
        let text = changed(text, &settings).expect("it can be set");
        let scenario = Scenario::parse(&text, "changed.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
        let page = serde_json::to_value(start(&scenario).expect("fits")).expect("JSON");
        page["left_out"].as_array().expect("sentences").len()
    };
    assert_eq!(said(&[]), 0);
    for setting in [
        "arrivals.kind=constant",
        "network.rtt=100ms",
        "network.up_share=0.3",
        "webhook.latency=30s",
        "submit.retries=3",
        "horizon=1h",
        "report.poll_cost=2.0",
        "models.sora-2.completion=190s",
        "models.sora-2.pending=3s",
        "models.sora-2.workers=5",
        "models.sora-2.failure.after=1s",
        "faults.0.burst=100",
        "faults.0.retry_after=false",
        "strategies.0.jitter=full",
        "strategies.0.name=mine",
        "gates=[{ metric = \"lost\", max = 0 }]",
    ] {
        assert_eq!(said(&[setting]), 1, "{setting}");
    }
    // What is seen in a control.
    assert_eq!(said(&["seed=7", "tasks=50", "replicates=2", "faults.0.models=[\"sora-2\"]"]), 0);
}

#[test]
fn a_strangers_state_is_refused_with_the_place() {
    let own = |name: &str| json!({"own": {"name": name, "first_s": 1.0, "interval_s": 1.0, "multiplier": 1.0, "cap_s": 1.0, "deadline_s": 60.0}});
    let many: Vec<Value> = (0..17).map(|n| own(&format!("n{n}"))).collect();
    for (key, value, words) in [
        ("tasks", json!(1e9), "`tasks` is 1000000000"),
        ("tasks", json!(50.5), "a whole number"),
        ("median_s", json!(-1.0), "`median_s` is -1"),
        ("hump_share", json!(0.7), "`hump_share`"),
        ("model", json!(""), "1 to 60 characters, not 0"),
        ("model", json!("x".repeat(61)), "not 61"),
        ("strategies", json!([]), "0 strategies"),
        ("strategies", json!(many), "17 strategies"),
        ("strategies", json!([{"preset": "adaptiv"}]), "did you mean `adaptive`?"),
        ("strategies", json!([own("a"), own("a")]), "a"),
        ("faults", json!([{"kind": "huge-body", "probability": 0.1}]), "no fault `huge-body`"),
        ("faults", json!([{"kind": "reset", "probability": 2.0}]), "`probability` is 2"),
        ("evil", json!("<img src=x>"), "unknown field"),
        ("seed", json!("1; DROP"), "invalid type"),
    ] {
        let state = with(beginning("documented")["models"][0].clone(), &[(key, value)]);
        let parsed = LabState::parse(&state.to_string());
        let refused = parsed.and_then(|state| state.scenario().map(|_| ())).expect_err(key).to_string();
        assert!(refused.contains(words), "{key}: {refused}");
    }
    for text in ["", "null", "[]", "{}", "[".repeat(10_000).as_str(), "{\"median_s\": 1e999}"] {
        assert!(matches!(LabState::parse(text), Err(InvalidLabState::Form(_))), "{text:.20}");
    }
}

#[test]
fn a_run_that_is_overtaken_has_no_answer() {
    let question = LabQuestion::at_rest(LabState::parse(&plain(&[]).to_string()).expect("a state"));
    let control = Control::default();
    control.stop.store(true, Ordering::Relaxed);
    assert_eq!(answer(&question, &control), Ok(None));
}

#[test]
fn a_strategy_is_copied_as_a_poller() {
    let wish = |strategy: &str, language: &str| {
        let state = with(plain(&[]), &[("strategies", json!([{"preset": "adaptive"}, {"preset": "webhook"}]))]);
        let wish = json!({"state": state, "strategy": strategy, "language": language}).to_string();
        PollerWish::parse(&wish).and_then(|wish| poller(&wish))
    };
    for language in beginning("documented")["languages"].as_array().expect("languages") {
        let text = wish("adaptive", language.as_str().expect("a name")).expect("a poller");
        // The guide's settings for sora-2: a first wait of one minute, then every fifteen seconds.
        assert!(text.contains("pollbench lab") && text.contains("60000") && text.contains("15000"), "{text}");
    }
    assert!(matches!(wish("webhook", "js"), Err(NoPoller::NotAlone(_))));
    assert!(matches!(wish("none", "js"), Err(NoPoller::Strategy(_))));
    assert!(matches!(wish("adaptive", "cobol"), Err(NoPoller::Language(_))));
}
