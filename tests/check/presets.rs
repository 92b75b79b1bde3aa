//! Our own strategies on trial.

use crate::soak::cases;
use pollbench::check::{
    Answered, Call, Cases, Habits, Kit, Mishap, Phase, PollerOutcome, Properties, Property, RECEIVER, Seen, Strategic,
    TrialReport, Worlds, is_weather, judge, pages, play, read_case,
};
use pollbench::client::{Client, Submission, WaitError, WebhookReceiver};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use pollbench::world::fault::Kind;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const MODEL: &str = pollbench::check::MODEL;
/// How long one request takes at most.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Hardened presets that poll on their own.
const HARDENED: [&str; 4] = ["basic-hardened", "adaptive-hardened", "exponential-hardened", "concurrent-hardened"];

fn shipped(name: &str) -> Strategy {
    preset(name).expect("a shipped preset")
}

fn calm(strategy: &Strategy) -> (Cases, Habits, Seen) {
    let poller = Strategic::new(strategy, MODEL);
    let deadline = poller.deadline().expect("a limit");
    let cases = Cases::new(42, deadline);
    let seen = play(&mut poller.clone(), &cases.calm_case());
    let habits = Habits::exact(Micros::from_secs(10)).measured(&seen);
    let instants = seen.tasks[0].asked.iter().map(|asked| asked.sent).collect();
    (cases.knowing(instants, habits.grain), habits, seen)
}

/// Promise: a hardened strategy upholds every property in every world.
#[test]
fn hardened_strategies_uphold_everything() {
    for name in HARDENED {
        let strategy = shipped(name);
        let (worlds, habits, _) = calm(&strategy);
        let held = TestRunner::new(cases(1_000)).run(&Worlds::of(worlds), |case| {
            let seen = play(&mut Strategic::new(&strategy, MODEL), &case);
            prop_assert_eq!(judge(&case, &seen, &habits, Properties::ALL).violated, []);
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
        let (cases, habits, _) = calm(&strategy);
        let mut found = Properties::NONE;
        for number in 0..200 {
            let case = cases.case(number);
            let seen = play(&mut Strategic::new(&strategy, MODEL), &case);
            let judgement = judge(&case, &seen, &habits, Properties::ALL);
            found = judgement.violated.iter().fold(found, |found, violation| found.with(violation.property));
        }
        for property in expected {
            assert!(found.has(property), "{name}: {property} was not found broken: {found:?}");
        }
    }
}

/// Waits with the asynchronous client.
async fn client(call: Call, strategy: Arc<Strategy>) -> Vec<Answered> {
    let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
    let client = client.build().expect("a client");
    let waits = call.tasks.iter().enumerate().map(async |(task, id)| {
        let (outcome, urls) = match client.task(&call.model, id).wait(Arc::clone(&strategy)).await {
            Ok(finished) => (PollerOutcome::Success, finished.urls),
            Err(WaitError::TaskFailed { .. }) => (PollerOutcome::Failed, Vec::new()),
            Err(WaitError::GaveUp { .. }) => (PollerOutcome::Timeout, Vec::new()),
            Err(_) => (PollerOutcome::Error, Vec::new()),
        };
        call.tell(Answered { task, outcome, urls });
    });
    futures_util::future::join_all(waits).await;
    Vec::new()
}

/// Promise: the asynchronous client upholds every property, over connections in memory.
#[test]
fn the_asynchronous_client_upholds_everything() {
    let config = cases(150);
    for name in HARDENED {
        let strategy = Arc::new(shipped(name));
        let deadline = Strategic::new(&strategy, MODEL).deadline().expect("a limit");
        let kit = Kit::new(deadline, |call| client(call, Arc::clone(&strategy))).attempt_timeout(Micros::from_secs(10));
        let report = kit.many(3).check(u64::from(config.cases)).expect("a runtime");
        assert!(report.is_good(), "{name}: {report}");
    }
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
        let kit = Kit::new(case.deadline(), |call| client(call, Arc::clone(&strategy)));
        let seen = kit.try_case(&case).expect("a runtime");
        let judgement = judge(&case, &seen, &Habits::exact(Micros::from_secs(10)), Properties::ALL);
        assert_eq!(judgement.violated, [], "{reply}: {:?}", seen.tasks);
    }
}

/// Promise: the client that is called back upholds everything too: it asks where nobody tells, and believes no forger.
#[test]
fn the_client_that_is_called_back_upholds_everything() {
    let strategy = Arc::new(shipped("webhook-hybrid"));
    let deadline = Strategic::new(&strategy, MODEL).deadline().expect("a limit");
    let program = async |call: Call| {
        let receiver = WebhookReceiver::serve(call.listen().expect("a listener"), RECEIVER);
        call.call_back(receiver.url()).expect("the mock sends there");
        let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
        let client = client.build().expect("a client");
        let id = match call.tasks.first() {
            Some(id) => Some(id.clone()),
            None => {
                let submission = Submission::new(json!({ "prompt": "a lighthouse" })).callback(receiver.url());
                // How long to wait for the answer to a submit is the caller's to say.
                timeout(ATTEMPT, client.submit(&call.model, &submission)).await.ok().and_then(Result::ok)
            }
        };
        let Some(id) = id else {
            return vec![Answered { task: 0, outcome: PollerOutcome::Error, urls: Vec::new() }];
        };
        let wait = client.task(&call.model, &id).with_webhooks(&receiver).wait(Arc::clone(&strategy));
        let (outcome, urls) = match wait.await {
            Ok(finished) => (PollerOutcome::Success, finished.urls),
            Err(WaitError::TaskFailed { .. }) => (PollerOutcome::Failed, Vec::new()),
            Err(WaitError::GaveUp { .. }) => (PollerOutcome::Timeout, Vec::new()),
            Err(_) => (PollerOutcome::Error, Vec::new()),
        };
        vec![Answered { task: 0, outcome, urls }]
    };
    let kit = || Kit::new(deadline, program).attempt_timeout(Micros::from_secs(10)).webhooks();
    for kit in [kit(), kit().submits()] {
        let report = kit.check(u64::from(cases(400).cases)).expect("a runtime");
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
    let run = || {
        let kit = Kit::new(Micros::from_secs(180), |call| client(call, Arc::clone(&strategy)));
        kit.attempt_timeout(Micros::from_secs(10)).seed(7).check(60).expect("a runtime")
    };
    let (one, other) = (run(), run());
    assert!(!one.is_good());
    assert_eq!(one.to_string(), other.to_string());
    for finding in &one.findings {
        let kit = Kit::new(Micros::from_secs(180), |call| client(call, Arc::clone(&strategy)));
        let seen = kit.try_case(&finding.counter.case).expect("a runtime");
        assert_eq!(seen.tasks[0].asked.len(), finding.counter.seen.tasks[0].asked.len());
    }
}
