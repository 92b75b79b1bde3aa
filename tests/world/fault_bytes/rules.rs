//! What rules do that look at more than a request: limits, workers, weather, ages.

use super::raw::{Answer, End, Raw};
use super::{Place, SILENCE};
use serde_json::json;
use std::time::{Duration, Instant};

fn statuses(place: &Place, id: &str, count: usize) -> Vec<u16> {
    (0..count).map(|_| place.ask(id).answer().status).collect()
}

/// Promise: as many are let through as the window has, and a refusal says honestly when the next is.
#[test]
fn limits_let_through_what_they_have() {
    let place = Place::new();
    let id = place.submit();
    for rule in [
        json!({ "kind": "rate-limit", "rate_per_s": 0.001, "burst": 3, "retry_after": true }),
        json!({ "kind": "rate-limit", "rate_per_s": 0.001, "algorithm": "fixed-window", "window": "3000s", "retry_after": true }),
        json!({ "kind": "rate-limit", "rate_per_s": 0.001, "algorithm": "sliding-window", "window": "3000s", "retry_after": true }),
    ] {
        place.rules(&json!([rule]));
        assert_eq!(statuses(&place, &id, 4), [200, 200, 200, 429], "{rule}");
        let refused = place.ask(&id).answer();
        let seconds: u64 = refused.header("retry-after").and_then(|value| value.parse().ok()).expect("seconds");
        assert!((1..=3_000).contains(&seconds), "{seconds}");
    }
}

/// Promise: where each key has its own limit, one key's requests do not use up another's; where all share it, they do.
#[test]
fn a_limit_is_for_a_key_or_for_all() {
    let place = Place::new();
    let id = place.submit();
    let ask = |key: &str| -> Answer {
        let mut raw = Raw::connect(place.address);
        raw.request_as(key, "GET", &format!("/api/v1/statusTask/sora-2?taskId={id}"), "");
        raw.answer()
    };
    for (per, other) in [("key", 200), ("all", 429)] {
        place.rules(&json!([{ "kind": "rate-limit", "rate_per_s": 0.001, "burst": 1, "per": per }]));
        assert_eq!(["a", "a", "b"].map(|key| ask(key).status), [200, 429, other], "{per}");
    }
}

/// Promise: with one worker and no room to wait the second request is refused while the first is served, which no one
/// answers before its time.
#[test]
fn workers_make_requests_wait_and_then_refuse() {
    let place = Place::new();
    let id = place.submit();
    place.rules(&json!([{ "kind": "load-latency", "servers": 1, "service": "2s", "queue": 1 }]));
    let began = Instant::now();
    let mut three = [place.ask(&id), place.ask(&id), place.ask(&id)].map(|mut raw| {
        let (bytes, _, end) = raw.rest(SILENCE);
        (raw, bytes, end)
    });
    let refused = three.iter().filter(|(_, bytes, _)| bytes.starts_with(b"HTTP/1.1 503")).count();
    let waiting = three.iter().filter(|(_, bytes, end)| bytes.is_empty() && *end == End::Silent).count();
    assert_eq!((refused, waiting), (1, 2));
    for (raw, bytes, _) in &mut three {
        if bytes.is_empty() {
            assert_eq!(raw.answer().status, 200);
        }
    }
    // Both were served, one after the other.
    assert!(began.elapsed() >= Duration::from_secs(4) - Duration::from_millis(5));
}

#[test]
fn a_brownout_is_slow_and_a_spike_is_late() {
    let place = Place::new();
    let id = place.submit();
    place.rules(&json!([{ "kind": "brownout", "during": { "for": "1h" }, "latency_factor": 3, "errors": 1 }]));
    assert_eq!(statuses(&place, &id, 3), [503, 503, 503]);
    place.rules(&json!([{ "kind": "latency-spike", "probability": 1, "by": "300ms" }]));
    let began = Instant::now();
    assert_eq!(place.ask(&id).answer().status, 200);
    assert!(began.elapsed() >= Duration::from_millis(295));
}

/// Promise: an age is the task's, counted from its creation or from its end.
#[test]
fn ages_are_those_of_the_task() {
    let place = Place::new();
    let done = place.task(json!({ "completion_ms": 0 }), &json!({ "kind": "ok" }));
    let open = place.task(json!({ "completion_ms": 3_600_000 }), &json!({ "kind": "ok" }));
    for (age, of_done, of_open) in [
        (json!({ "to": "1h" }), "processing", "processing"),
        (json!({ "from": "1h" }), "success", "processing"),
        (json!({ "since": "done", "to": "1h" }), "processing", "processing"),
        (json!({ "since": "done", "from": "1h" }), "success", "processing"),
    ] {
        place.rules(&json!([{ "kind": "stale-read", "probability": 1, "age": age }]));
        let state = |id: &str| place.ask(id).answer().json()["data"]["state"].as_str().map(str::to_owned);
        assert_eq!((state(&done).as_deref(), state(&open).as_deref()), (Some(of_done), Some(of_open)), "{age}");
    }
    place.rules(&json!([{ "kind": "transient-404", "probability": 1, "age": { "since": "done", "to": "1h" } }]));
    assert_eq!((place.ask(&done).answer().status, place.ask(&open).answer().status), (404, 200));
}
