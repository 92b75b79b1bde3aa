//! What the hardened presets promise, request by request.
use crate::traces::{sent, traced};
use pollbench::api::reply::{Loss, Reply, TaskState};
use pollbench::engine::trace::Trace;
use pollbench::strategy::presets::preset;
use pollbench::strategy::wait::{Ending, Policy, Step};
use pollbench::time::Micros;
use pollbench::world::draws::Draws;
use serde_json::{Map, Value, json};

/// Preset, model, deadline in milliseconds.
const DEADLINES: [(&str, &str, f64); 11] = [
    ("basic-hardened", "sora-2", 180_000.0),
    ("adaptive-hardened", "nano-banana", 120_000.0),
    ("adaptive-hardened", "flux-2", 180_000.0),
    ("adaptive-hardened", "sora-2", 600_000.0),
    ("adaptive-hardened", "veo-3-1", 480_000.0),
    ("adaptive-hardened", "suno", 300_000.0),
    ("adaptive-hardened", "any other", 300_000.0),
    ("exponential-hardened", "sora-2", 600_000.0),
    ("concurrent-hardened", "sora-2", 183_000.0),
    ("webhook-hybrid", "sora-2", 600_000.0),
    ("webhook-hybrid", "any other", 300_000.0),
];

/// Longest time for one request.
const ATTEMPT: f64 = 10_000.0;

/// A wait in which every poll is answered alike and no webhook comes.
fn monotonous(strategy: &str, model: &str, completion: &Value, reply: &Value) -> Trace {
    let replies: Map<_, _> = (0..400).map(|poll| (poll.to_string(), reply.clone())).collect();
    traced(&json!({
        "strategy": strategy, "model": model, "task": {"completion_ms": completion}, "replies": replies,
        "webhook": {"kind": "lost"},
    }))
}

/// A wait under `basic-hardened` with a reply for each of the first polls.
fn basic(completion: &Value, replies: &[Value]) -> Trace {
    let replies: Map<_, _> = replies.iter().enumerate().map(|(poll, r)| (poll.to_string(), r.clone())).collect();
    traced(&json!({
        "strategy": "basic-hardened", "rtt_ms": 100, "task": {"completion_ms": completion}, "replies": replies,
    }))
}

#[test]
fn the_last_poll_is_at_the_deadline_whatever_comes_back() {
    let replies = [
        json!({}),
        json!({"rtt_ms": 80.5}),
        json!({"rtt_ms": 9_999.999}),
        json!({"kind": "stall"}),
        json!({"kind": "reset", "rtt_ms": 80}),
        json!({"kind": "outage"}),
        json!({"kind": "null-data", "rtt_ms": 7_000}),
        json!({"kind": "status", "code": 503}),
        json!({"kind": "rate-limit", "retry_after": 86_400}),
    ];
    for (strategy, model, deadline) in DEADLINES {
        for reply in &replies {
            let trace = monotonous(strategy, model, &Value::Null, reply);
            let what = format!("{strategy} on {model}, {reply}");
            assert_eq!((trace.outcome, sent(&trace).last()), ("timeout", Some(&deadline)), "{what}");
            let rtt = if reply["kind"] == "stall" { ATTEMPT } else { reply["rtt_ms"].as_f64().unwrap_or(0.0) };
            assert_eq!(trace.settled_ms, Some(deadline + rtt), "{what}");
        }
    }
}

#[test]
fn what_is_done_by_the_deadline_is_found_and_not_later() {
    for (strategy, model, deadline) in DEADLINES {
        let at = monotonous(strategy, model, &json!(deadline), &json!({}));
        assert_eq!((at.outcome, at.settled_ms), ("success", Some(deadline)), "{strategy} on {model}");
        let after = monotonous(strategy, model, &json!(deadline + 0.001), &json!({}));
        assert_eq!((after.outcome, after.settled_ms), ("timeout", Some(deadline)), "{strategy} on {model}");
    }
}

#[test]
fn the_poll_at_the_deadline_has_a_whole_attempt() {
    for (strategy, model, deadline) in DEADLINES {
        // The task is done when the last poll reads the truth, half of its round trip after the deadline.
        let trace = monotonous(strategy, model, &json!(deadline + 4_999.5), &json!({"rtt_ms": 9_999}));
        let actual = (trace.outcome, trace.settled_ms, trace.detection_delay_ms);
        assert_eq!(actual, ("success", Some(deadline + 9_999.0), Some(4_999.5)), "{strategy} on {model}");
    }
}

#[test]
fn an_attempt_ends_after_its_timeout_or_at_the_deadline() {
    // 10 s in vain and 3 s of sleep each. Where the first answer takes 4 s, the attempt from 176 s on is cut short.
    let stalls = |first: f64, count: u32| (0..count).map(move |poll| first + 13_000.0 * f64::from(poll));
    let table: [(Value, Vec<f64>); 2] = [
        (json!({"kind": "stall"}), stalls(0.0, 14).chain([180_000.0]).collect()),
        (json!({"rtt_ms": 4_000}), [0.0].into_iter().chain(stalls(7_000.0, 14)).chain([180_000.0]).collect()),
    ];
    for (first, expected) in table {
        let mut replies = vec![json!({"kind": "stall"}); 20];
        replies[0] = first;
        let trace = basic(&Value::Null, &replies);
        assert_eq!((sent(&trace), trace.outcome, trace.settled_ms), (expected, "timeout", Some(190_000.0)));
        assert!(trace.requests[1..].iter().all(|request| request.reply_ms.is_none() && request.saw == "error"));
    }
}

#[test]
fn retry_after_is_obeyed_up_to_a_ceiling_and_never_shortens_a_gap() {
    // Seconds asked for, and milliseconds from the refusal to the next poll.
    let table =
        [(0, 3_000.0), (1, 3_000.0), (3, 3_000.0), (4, 4_000.0), (60, 60_000.0), (61, 60_000.0), (86_400, 60_000.0)];
    for (asked, pause) in table {
        for (kind, code) in [("rate-limit", 429), ("status", 503)] {
            let refusal = json!({"kind": kind, "code": code, "retry_after": asked});
            let trace = basic(&json!(1_000), std::slice::from_ref(&refusal));
            assert_eq!((sent(&trace), trace.outcome), (vec![0.0, 100.0 + pause], "success"), "{refusal}");
        }
    }
}

#[test]
fn a_permanent_error_ends_the_wait_at_once() {
    for code in [400, 401, 402, 403, 410, 422] {
        let trace = basic(&json!(9_000), &[json!({}), json!({"kind": "status", "code": code})]);
        let actual = (trace.requests.len(), trace.outcome, trace.settled_ms);
        assert_eq!(actual, (2, "error", Some(3_200.0)), "{code}");
        assert_eq!(trace.error, Some(format!("HTTP status {code}")));
    }
}

#[test]
fn a_transient_trouble_is_polled_over() {
    let mut troubles: Vec<Value> = [404, 408, 425, 429, 500, 502, 503, 504]
        .into_iter()
        .map(|code| json!({"kind": "status", "code": code}))
        .collect();
    for kind in [
        "reset",
        "outage",
        "close",
        "null-data",
        "unknown-state",
        "truncated-json",
        "stale-read",
        "transient-404",
        "rate-limit",
    ] {
        troubles.push(json!({"kind": kind}));
    }
    troubles.push(json!({"kind": "error", "message": "socket hang up"}));
    for trouble in troubles {
        let trace = basic(&json!(1_000), &vec![trouble.clone(); 5]);
        let expected: Vec<f64> = (0..6).map(|poll| 3_100.0 * f64::from(poll)).collect();
        assert_eq!((sent(&trace), trace.outcome), (expected, "success"), "{trouble}");
    }
}

#[test]
fn a_stalled_request_costs_one_attempt() {
    let trace = basic(&json!(1_000), &[json!({"kind": "stall"})]);
    assert_eq!((sent(&trace), trace.outcome, trace.settled_ms), (vec![0.0, 13_000.0], "success", Some(13_100.0)));
}

#[test]
fn a_failure_that_mentions_the_network_is_a_failure() {
    for (strategy, model, _) in DEADLINES {
        let task = json!({"completion_ms": 0, "result": "failed", "fail_code": "network", "fail_message": "network"});
        let trace = traced(&json!({"strategy": strategy, "model": model, "task": task}));
        assert_eq!((trace.outcome, trace.detection_delay_ms), ("failed", trace.settled_ms), "{strategy} on {model}");
    }
}

#[test]
fn one_stalled_or_refused_task_touches_no_other() {
    let task = |id: &str, reply: Value| json!({"id": id, "completion_ms": 4_000, "replies": {"0": reply}});
    let tasks = [
        task("calm", json!({})),
        task("stalled", json!({"kind": "stall"})),
        task("refused", json!({"kind": "status", "code": 401})),
    ];
    let trace = traced(&json!({"strategy": "concurrent-hardened", "rtt_ms": 100, "tasks": tasks}));
    let ends: Vec<_> =
        trace.tasks.iter().flatten().map(|task| (task.id.as_str(), task.outcome, task.settled_ms)).collect();
    let expected =
        [("calm", "success", Some(6_300.0)), ("stalled", "success", Some(13_100.0)), ("refused", "error", Some(100.0))];
    assert_eq!(ends, expected);
}

/// Promise: a look that the deadline cuts short is followed by the one that is made there, however late the timer is that cuts it.
#[test]
fn a_late_timer_does_not_take_the_last_look() {
    let seconds = |s: u64| Micros::from_secs(s);
    let strategy = preset("basic-hardened").expect("a shipped preset");
    for late in [Micros::ZERO, Micros::new(1), Micros::from_millis(200), seconds(9)] {
        let mut jitter = Draws::seeded(1);
        let (mut wait, _) = Policy::new(&strategy, "sora-2").begin(Micros::ZERO, &mut jitter);
        let (_, step) = wait.reply(seconds(176), &Reply::state(TaskState::Processing), &mut jitter);
        assert_eq!(step, Step::Poll { at: seconds(179), timeout: seconds(1) });
        let cut = seconds(180) + late;
        let (_, step) = wait.reply(cut, &Reply::Lost(Loss::TimedOut), &mut jitter);
        assert_eq!(step, Step::Poll { at: cut, timeout: seconds(10) - late });
        let (_, step) = wait.reply(seconds(190), &Reply::state(TaskState::Processing), &mut jitter);
        assert_eq!(step, Step::End { at: seconds(190), ending: Ending::GaveUp });
    }
}
