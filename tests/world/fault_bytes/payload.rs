//! What happens to the content of answers with status 200.

use super::Place;
use serde_json::{Value, json};

fn done() -> Value {
    json!({ "completion_ms": 0 })
}

/// An hour is longer than any test.
fn open() -> Value {
    json!({ "completion_ms": 3_600_000 })
}

fn failed() -> Value {
    json!({ "completion_ms": 0, "result": "failed", "fail_code": "NSFW", "fail_message": "no" })
}

#[test]
fn the_envelope_lacks_what_is_missing_from_it() {
    let place = Place::new();
    let (_, null, _) = place.answers(done(), &json!({ "kind": "null-data" }));
    assert_eq!((null.status, null.json()), (200, json!({ "code": 200, "message": "success", "data": null })));
    let (_, missing, _) = place.answers(done(), &json!({ "kind": "missing-data" }));
    assert_eq!((missing.status, missing.json()), (200, json!({ "code": 200, "message": "success" })));
    let (_, said, _) = place.answers(done(), &json!({ "kind": "code-in-200", "code": 500 }));
    assert_eq!(said.status, 200);
    assert_eq!(said.json(), json!({ "code": 500, "message": "Internal server error", "data": null }));
    let (_, half, truth) = place.answers(done(), &json!({ "kind": "truncated-json" }));
    assert_eq!((half.status, &half.body[..]), (200, &truth.body[..truth.body.len() / 2]));
}

/// Promise: what is said of a task's state is told whatever is true, and the next answer is the truth again.
#[test]
fn a_state_is_said_whatever_is_true() {
    let place = Place::new();
    for (kind, state) in [("stale-read", "processing"), ("state-regression", "pending"), ("unknown-state", "archived")]
    {
        for (stub, now) in [(done(), "success"), (failed(), "failed")] {
            let (id, lie, truth) = place.answers(stub, &json!({ "kind": kind }));
            let data = &lie.json()["data"];
            assert_eq!((&data["state"], &data["taskId"]), (&json!(state), &json!(id)), "{kind}");
            assert!(data.get("resultJson").is_none() && data.get("completeTime").is_none(), "{data}");
            assert_eq!(truth.json()["data"]["state"], now, "{kind}");
        }
    }
}

#[test]
fn a_result_is_spoilt_and_nothing_else() {
    let place = Place::new();
    for (kind, is_json) in [("bad-result-json", false), ("empty-result", true)] {
        let (_, lie, truth) = place.answers(done(), &json!({ "kind": kind }));
        let (mut lie, mut truth) = (lie.json(), truth.json());
        let result = lie["data"].as_object_mut().and_then(|data| data.remove("resultJson")).expect("a result");
        let read: Result<Value, _> = serde_json::from_str(result.as_str().expect("a text"));
        assert_eq!(read.ok(), is_json.then(|| json!({ "resultUrls": [] })), "{kind}");
        truth["data"].as_object_mut().and_then(|data| data.remove("resultJson")).expect("a result");
        assert_eq!(lie, truth, "{kind}");
        for stub in [open(), failed()] {
            let (_, told, truth) = place.answers(stub, &json!({ "kind": kind }));
            assert_eq!(told.json(), truth.json(), "{kind}: there is no result to spoil");
        }
    }
}

#[test]
fn a_failure_speaks_of_a_network() {
    let place = Place::new();
    let (_, lie, truth) = place.answers(failed(), &json!({ "kind": "fail-message-network" }));
    let told = lie.json()["data"]["failMsg"].as_str().expect("a message").to_owned();
    assert!(told.contains("network"), "{told}");
    assert_eq!((&lie.json()["data"]["state"], &truth.json()["data"]["failMsg"]), (&json!("failed"), &json!("no")));
    for stub in [open(), done()] {
        let (_, told, truth) = place.answers(stub, &json!({ "kind": "fail-message-network" }));
        assert_eq!(told.json(), truth.json());
    }
}

/// Promise: another task's answer is whole and has another id in all of its parts, whatever is true of the one asked for.
#[test]
fn another_task_is_told_whole() {
    let place = Place::new();
    for stub in [open(), done(), failed()] {
        let (id, lie, truth) = place.answers(stub, &json!({ "kind": "task-mixup" }));
        let data = &lie.json()["data"];
        let other = data["taskId"].as_str().expect("an id");
        assert!(other != id && other.len() == id.len());
        assert_eq!(data["state"], "success");
        let result = data["resultJson"].as_str().expect("a result");
        assert!(result.contains(other) && !result.contains(&id), "{result}");
        assert_eq!(truth.json()["data"]["taskId"], json!(id));
    }
}

/// Promise: the answer has as many bytes as it was to have, and the truth is still in it.
#[test]
fn a_huge_body_holds_the_truth() {
    let place = Place::new();
    for bytes in [2_048, 3_000_000] {
        let (_, huge, truth) = place.answers(done(), &json!({ "kind": "huge-body", "bytes": bytes }));
        assert_eq!((huge.status, huge.length(), huge.body.len()), (200, bytes, bytes));
        assert_eq!(huge.json()["data"], truth.json()["data"]);
    }
}
