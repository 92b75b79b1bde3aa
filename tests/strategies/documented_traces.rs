//! The documented presets, request by request, against traces of the guide's own code on a virtual clock.
//!
//! `documented_traces/` holds a file for each preset: what a case shows, the case, and the trace expected of it.
use crate::traces::{sent, traced};
use pollbench::engine::trace::Trace;
use serde::Deserialize;
use serde_json::{Value, json};

/// A case and what the guide's code makes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    shows: String,
    case: Value,
    trace: Brief,
}

/// A trace in brief.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Brief {
    /// Task, sent, read, replied, saw.
    requests: Vec<(String, Instant, Instant, Option<Instant>, String)>,
    outcome: String,
    settled_ms: Option<Instant>,
    detection_delay_ms: Option<Instant>,
    /// Only where the guide or the case words it.
    error: Option<String>,
    /// Name, outcome, settled.
    tasks: Option<Vec<(String, String, Option<Instant>)>>,
    /// Started, settled, outcome.
    starts: Option<Vec<(Instant, Option<Instant>, String)>>,
}

/// Milliseconds, the same within half a microsecond: traces are kept to the microsecond.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Instant(f64);

impl PartialEq for Instant {
    fn eq(&self, other: &Self) -> bool {
        (self.0 - other.0).abs() < 0.000_501
    }
}

impl Brief {
    fn of(trace: &Trace, is_worded: bool) -> Self {
        let requests = trace.requests.iter().map(|request| {
            let reply = request.reply_ms.map(Instant);
            let (sent, sampled) = (Instant(request.sent_ms), Instant(request.sampled_ms));
            (request.task.clone(), sent, sampled, reply, request.saw.to_owned())
        });
        let tasks = trace.tasks.as_ref().map(|tasks| {
            tasks.iter().map(|task| (task.id.clone(), task.outcome.to_owned(), task.settled_ms.map(Instant))).collect()
        });
        let starts = trace.starts.as_ref().map(|starts| {
            let brief = starts
                .iter()
                .map(|start| (Instant(start.started_ms), start.settled_ms.map(Instant), start.outcome.to_owned()));
            brief.collect()
        });
        Self {
            requests: requests.collect(),
            outcome: trace.outcome.to_owned(),
            settled_ms: trace.settled_ms.map(Instant),
            detection_delay_ms: trace.detection_delay_ms.map(Instant),
            error: trace.error.clone().filter(|_| is_worded),
            tasks,
            starts,
        }
    }
}

fn hold(golden: &str) {
    let cases: Vec<Golden> = serde_json::from_str(golden).expect("a file of cases");
    assert!(!cases.is_empty());
    for Golden { shows, case, trace } in cases {
        let played = traced(&case);
        assert_eq!(Brief::of(&played, trace.error.is_some()), trace, "{shows}: {case}");
        assert!(played.requests.iter().enumerate().all(|(place, request)| request.index == place), "{shows}");
    }
}

#[test]
fn basic() {
    hold(include_str!("documented_traces/basic.json"));
}

#[test]
fn adaptive() {
    hold(include_str!("documented_traces/adaptive.json"));
}

#[test]
fn exponential() {
    hold(include_str!("documented_traces/exponential.json"));
}

#[test]
fn resilient() {
    hold(include_str!("documented_traces/resilient.json"));
}

#[test]
fn concurrent() {
    hold(include_str!("documented_traces/concurrent.json"));
}

/// Number of polls, the last of them, the end, all in seconds.
type Limits = (usize, f64, f64);

/// What a wait for a task that never ends comes to.
fn limits(strategy: &str, model: &str, rtt_ms: f64) -> Limits {
    let trace = traced(&json!({"strategy": strategy, "model": model, "rtt_ms": rtt_ms, "task": {}}));
    assert_eq!((trace.outcome, trace.error.as_deref()), ("timeout", Some("Timeout")), "{strategy} on {model}");
    let (sent, settled) = (sent(&trace), trace.settled_ms.expect("an end"));
    (sent.len(), sent[sent.len() - 1] / 1e3, settled / 1e3)
}

#[test]
fn each_model_has_the_settings_of_the_guide() {
    let table: [(&str, f64, f64, Limits); 7] = [
        ("nano-banana", 5.0, 3.0, (39, 119.0, 122.0)),
        ("flux-2", 10.0, 5.0, (34, 175.0, 180.0)),
        ("sora-2", 60.0, 15.0, (36, 585.0, 600.0)),
        ("veo-3-1", 45.0, 10.0, (44, 475.0, 485.0)),
        ("suno", 30.0, 10.0, (27, 290.0, 300.0)),
        ("any other", 10.0, 5.0, (58, 295.0, 300.0)),
        ("Suno", 10.0, 5.0, (58, 295.0, 300.0)),
    ];
    for (model, initial, interval, expected) in table {
        let sent = sent(&traced(&json!({"strategy": "adaptive", "model": model, "task": {}})));
        assert_eq!([sent[0], sent[1]], [initial * 1e3, (initial + interval) * 1e3], "{model}");
        assert_eq!(limits("adaptive", model, 0.0), expected, "{model}");
    }
}

#[test]
fn round_trips_add_to_the_end_and_never_to_the_number_of_polls() {
    let table: [(&str, Limits); 5] = [
        ("basic", (60, 177.0 + 5.9, 180.0 + 6.0)),
        ("adaptive", (58, 295.0 + 5.7, 300.0 + 5.8)),
        ("exponential", (25, 574.34375 + 2.4, 604.34375 + 2.5)),
        ("resilient", (100, 297.0 + 9.9, 300.0 + 10.0)),
        ("concurrent", (62, 183.0 + 6.1, 183.0 + 6.2)),
    ];
    for (strategy, expected) in table {
        assert_eq!(limits(strategy, "", 100.0), expected, "{strategy}");
    }
}

#[test]
fn exponential_polls_at_the_instants_of_the_guide() {
    let growing = [0.0, 2_000.0, 5_000.0, 9_500.0, 16_250.0, 26_375.0, 41_562.5, 64_343.75];
    let capped = (0..17).map(|poll| 94_343.75 + 30_000.0 * f64::from(poll));
    let expected: Vec<f64> = growing.into_iter().chain(capped).collect();
    assert_eq!(sent(&traced(&json!({"strategy": "exponential", "task": {}}))), expected);
}

#[test]
fn concurrent_gives_up_at_its_62nd_poll_which_may_still_succeed() {
    let table = [(json!(183_000), "success", Some(0.0)), (json!(183_000.001), "timeout", None)];
    for (completion, outcome, delay) in table {
        let trace = traced(&json!({"strategy": "concurrent", "task": {"completion_ms": completion}}));
        let actual = (trace.requests.len(), trace.outcome, trace.settled_ms, trace.detection_delay_ms);
        assert_eq!(actual, (62, outcome, Some(183_000.0), delay), "done at {completion}");
    }
}

#[test]
fn resilient_takes_an_outage_for_a_timeout_at_three_times_its_limit() {
    let resets: serde_json::Map<_, _> = (0..300).map(|poll| (poll.to_string(), json!({"kind": "reset"}))).collect();
    let trace =
        traced(&json!({"strategy": "resilient", "rtt_ms": 10, "task": {"completion_ms": 0}, "replies": resets}));
    let actual = (trace.requests.len(), trace.outcome, trace.settled_ms, trace.error.as_deref());
    assert_eq!(actual, (300, "timeout", Some(903_000.0), Some("Timeout")));
}

#[test]
fn resilient_takes_a_failure_that_mentions_the_network_for_a_timeout() {
    for (code, message) in [("network", ""), ("E", "the upstream network is down")] {
        let task = json!({"completion_ms": 4_000, "result": "failed", "fail_code": code, "fail_message": message});
        let trace = traced(&json!({"strategy": "resilient", "task": task}));
        // Two polls before the failure, then three in each of the other 98 rounds.
        let actual = (trace.requests.len(), trace.outcome, trace.settled_ms);
        assert_eq!(actual, (2 + 3 * 98, "timeout", Some(6_000.0 + 98.0 * 9_000.0)), "{code}: {message}");
    }
}
