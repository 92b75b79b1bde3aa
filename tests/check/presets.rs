//! Our own strategies on trial.

use crate::on_trial::{ATTEMPT, Sockets, kit, wait, wait_called_back};
use crate::soak::cases;
use crate::soaked;
use pollbench::check::{
    Cases, History, Kit, MODEL, Mishap, Phase, Properties, Property, StrategyPoller, Timing, TrialReport, Worlds,
    is_weather, judge, pages, play, read_case,
};
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use pollbench::world::fault::Kind;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::sync::Arc;

/// Hardened presets that poll on their own.
const HARDENED: [&str; 4] = ["basic-hardened", "adaptive-hardened", "exponential-hardened", "concurrent-hardened"];

fn shipped(name: &str) -> Strategy {
    preset(name).expect("a shipped preset")
}

fn calm(strategy: &Strategy) -> (Cases, Timing, History) {
    let poller = StrategyPoller::new(strategy, MODEL);
    let deadline = poller.deadline().expect("a limit");
    let cases = Cases::new(42, deadline);
    let history = play(&mut poller.clone(), &cases.calm_case());
    let timing = Timing::exact(ATTEMPT).measured(&history);
    let instants = history.tasks[0].requests.iter().map(|request| request.sent).collect();
    (cases.knowing(instants, timing.grain), timing, history)
}

/// Promise: a hardened strategy upholds every property in every world.
#[test]
fn hardened_strategies_uphold_everything() {
    for name in HARDENED {
        let strategy = shipped(name);
        let (worlds, timing, _) = calm(&strategy);
        let held = TestRunner::new(cases(1_000)).run(&Worlds::of(worlds), |case| {
            let history = play(&mut StrategyPoller::new(&strategy, MODEL), &case);
            prop_assert_eq!(judge(&case, &history, &timing, Properties::ALL).violated, []);
            Ok(())
        });
        if let Err(error) = held {
            panic!("{name}: {error}");
        }
    }
}

/// The guide's strategies break what their descriptions say that they break.
#[test]
fn documented_strategies_are_found_guilty() {
    use Property::{LastLook, NoHang, SurvivesGarbage};
    for (name, expected) in [
        ("basic", vec![SurvivesGarbage, LastLook, NoHang]),
        ("adaptive", vec![SurvivesGarbage, LastLook, NoHang]),
        ("exponential", vec![SurvivesGarbage, LastLook, NoHang]),
        ("resilient", vec![SurvivesGarbage, LastLook, NoHang]),
    ] {
        let strategy = shipped(name);
        let (cases, timing, _) = calm(&strategy);
        let mut found = Properties::NONE;
        for number in 0..200 {
            let case = cases.case(number);
            let history = play(&mut StrategyPoller::new(&strategy, MODEL), &case);
            let judgement = judge(&case, &history, &timing, Properties::ALL);
            found = judgement.violated.iter().fold(found, |found, violation| found.with(violation.property));
        }
        for property in expected {
            assert!(found.has(property), "{name}: {property} was not found broken: {found:?}");
        }
    }
}

/// Promise: the asynchronous client upholds every property, over connections in memory, whoever submits.
#[test]
fn the_asynchronous_client_upholds_everything() {
    for name in HARDENED {
        let strategy = Arc::new(shipped(name));
        let (number, seed) = soaked(75);
        let kit = || kit(&strategy, |call| wait(call, Arc::clone(&strategy))).many(3).seed(seed);
        for (way, kit) in [("given", kit()), ("submitting", kit().submits())] {
            let report = kit.check(number).expect("a runtime");
            assert!(report.is_good(), "{name}, {way}: {report}");
        }
    }
}

/// Promise: the same over sockets of this machine, where time cannot be paused.
#[test]
fn the_client_over_sockets_upholds_everything() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    // The one with the nearest deadline: the others take three times as long.
    let ((number, seed), subject) = (soaked(16), Sockets(Arc::new(shipped("basic-hardened"))));
    let report = runtime.block_on(subject.campaign(seed).run(&subject, Vec::new(), number, &mut |_| {}));
    assert!(report.is_good(), "{report}");
    assert_eq!(report.cases, number + 1);
}

/// Promise: who submits each of its tasks once is not said to repeat one, however long the answers are held back.
#[test]
fn a_submit_for_each_task_repeats_none() {
    let case = r#"{"version":1,"deadline_ms":120000,"submit":{"kind":"before-submit-reply","by":"4s"},
        "tasks":[{"completion_ms":30000},{"completion_ms":40000},{"completion_ms":50000}]}"#;
    let (history, violated) = submitting(case);
    assert_eq!((history.submits, violated), (3, vec![]), "{:?}", history.tasks);
}

/// Promise: a program that ends because the weather let no submit through is not blamed for it.
#[test]
fn a_submit_that_the_weather_refused_is_no_fault() {
    let case = r#"{"version":1,"deadline_ms":120000,"tasks":[{"completion_ms":30000}],
        "weather":[{"kind":"outage","during":{"from":"0s","for":"20s"}}]}"#;
    let (history, violated) = submitting(case);
    assert!(history.tasks[0].is_missing && history.tasks[0].answers.len() == 1, "{:?}", history.tasks);
    assert_eq!(violated, vec![]);
}

/// Promise: nor is one that gave up because the weather held the answer to its submit back for too long.
#[test]
fn a_submit_that_the_weather_slowed_down_is_no_fault() {
    let case = r#"{"version":1,"deadline_ms":120000,"rtt_ms":3000,"tasks":[{"completion_ms":0}],
        "weather":[{"kind":"brownout","latency_factor":4.0,"errors":0.0,"during":{"from":"0s","for":"5s"}}]}"#;
    let (history, violated) = submitting(case);
    let of_task = &history.tasks[0];
    assert!(!of_task.is_missing && of_task.requests.is_empty() && of_task.answers.len() == 1, "{of_task:?}");
    assert_eq!(violated, vec![]);
}

/// Promise: a task that a program submits ends when the case says, however long its submit is on the way.
#[test]
fn what_is_submitted_ends_when_the_case_says() {
    for half_seconds in 20..50 {
        let case = format!(
            r#"{{"version":1,"deadline_ms":120000,"rtt_ms":3000,"tasks":[{{"completion_ms":{}}}]}}"#,
            half_seconds * 500
        );
        let (history, violated) = submitting(&case);
        assert_eq!(violated, vec![], "{case}: {:?}", history.tasks);
        let of_task = &history.tasks[0];
        assert_eq!(
            of_task.answers.last().map(|answer| answer.at),
            of_task.requests.last().and_then(|request| request.ended)
        );
    }
}

/// What is seen of the client that submits the tasks of a case, and the properties that it is said to break.
fn submitting(case: &str) -> (History, Vec<Property>) {
    let (case, strategy) = (read_case(case).expect("a case"), Arc::new(shipped("adaptive-hardened")));
    let kit = kit(&strategy, |call| wait(call, Arc::clone(&strategy))).many(3).submits();
    let history = kit.try_case(&case).expect("a runtime");
    let judgement = judge(&case, &history, &Timing::exact(ATTEMPT), Properties::ALL);
    (history, judgement.violated.iter().map(|violation| violation.property).collect())
}

/// Promise: a request that weather slows down may have read what became true on its way, whatever else strikes it.
#[test]
fn what_was_slowed_down_is_judged_by_what_it_may_have_read() {
    let strategy = Arc::new(shipped("adaptive-hardened"));
    for reply in ["idle-close", "slow-body", "huge-body"] {
        let case = read_case(&format!(
            r#"{{"version":1,"deadline_ms":120000,"tasks":[{{"completion_ms":6000,"result":"failed",
            "replies":{{"0":{{"kind":"{reply}"}}}}}}],
            "weather":[{{"kind":"latency-spike","probability":1.0,"by":"3s"}}]}}"#
        ));
        let case = case.expect("a case");
        let kit = kit(&strategy, |call| wait(call, Arc::clone(&strategy)));
        let history = kit.try_case(&case).expect("a runtime");
        let judgement = judge(&case, &history, &Timing::exact(ATTEMPT), Properties::ALL);
        assert_eq!(judgement.violated, [], "{reply}: {:?}", history.tasks);
    }
}

/// Promise: the client that is called back upholds everything too: it asks where nobody tells, and believes no forger.
#[test]
fn the_client_that_is_called_back_upholds_everything() {
    let strategy = Arc::new(shipped("webhook-hybrid"));
    let (number, seed) = soaked(400);
    let kit = || kit(&strategy, |call| wait_called_back(call, Arc::clone(&strategy))).webhooks().seed(seed);
    for kit in [kit(), kit().submits()] {
        let report = kit.check(number).expect("a runtime");
        assert!(report.is_good(), "{report}");
        is_told_what_was_reached(&report);
    }
}

/// Weather and every mishap with deliveries was met, and each page says so.
fn is_told_what_was_reached(report: &TrialReport) {
    let coverage = &report.coverage;
    let met = |mishap| Phase::ALL.map(|phase| coverage.count(mishap, phase)).iter().sum::<u32>();
    let fault = |kind: &Kind| Mishap::Fault(*kind);
    // Who asks seldom meets no limit of a rate.
    let weather: Vec<Mishap> = Kind::ALL.iter().filter(|kind| is_weather(**kind)).map(fault).collect();
    assert!(weather.iter().filter(|kind| met(**kind) > 0).count() >= 4, "{report}");
    let deliveries = [Kind::Lost, Kind::Delayed, Kind::Duplicated, Kind::Malformed, Kind::WrongTask];
    let deliveries: Vec<Mishap> =
        deliveries.iter().map(fault).chain([Mishap::EarlyDelivery, Mishap::ForgedDelivery]).collect();
    // Who has been told once is gone when the second delivery comes.
    assert!(deliveries.iter().filter(|mishap| met(**mishap) > 0).count() >= 4, "{report}");
    let (html, told) = (pages::html(report, "", ""), pages::json(report, "", "")["coverage"].to_string());
    for name in weather.iter().chain(&deliveries).map(|mishap| mishap.name()) {
        assert!(html.contains(name) && told.contains(name), "{name} is not told");
    }
    let held_back = fault(&Kind::BeforeSubmitReply);
    assert_eq!(met(held_back) > 0, coverage.is_possible(held_back, Phase::Submit));
    assert_eq!(
        pages::markdown(report, "", "").contains("never reached"),
        coverage.missing().next().is_some(),
        "what was missed is told"
    );
}

/// Promise: the same seed tries the same cases and ends with the same counter-example.
#[test]
fn a_campaign_is_the_same_every_time() {
    let strategy = Arc::new(shipped("basic"));
    let kit = || {
        let kit = Kit::new(Micros::from_secs(180), |call| wait(call, Arc::clone(&strategy)));
        kit.attempt_timeout(ATTEMPT).seed(soaked(1).1)
    };
    let run = || kit().check(60).expect("a runtime");
    let (one, other) = (run(), run());
    assert!(!one.is_good());
    assert_eq!(one.to_string(), other.to_string());
    for finding in &one.findings {
        let history = kit().try_case(&finding.counter_example.case).expect("a runtime");
        assert_eq!(history.tasks[0].requests.len(), finding.counter_example.history.tasks[0].requests.len());
    }
}
