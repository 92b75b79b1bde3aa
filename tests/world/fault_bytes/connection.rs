//! What happens to connections.

use super::raw::{End, split};
use super::{PROMPT, Place, Raw, SILENCE};
use serde_json::json;
use std::io;
use std::net::TcpStream;
use std::time::Duration;

/// Promise: a reset is ECONNRESET and no FIN, a close is a FIN and no byte, a stall an open socket on which nothing comes.
#[test]
fn before_an_answer_nothing_comes_but_the_end() {
    let place = Place::new();
    for (kind, end) in [("reset", End::Reset), ("close", End::Closed), ("stall", End::Silent)] {
        assert_eq!(place.bytes(&json!({ "kind": kind })), (Vec::new(), end), "{kind}");
    }
}

/// Promise: in the middle means a whole head, a Content-Length, and half of what it says.
#[test]
fn in_the_middle_half_of_the_stated_length_has_come() {
    let place = Place::new();
    for (kind, end) in
        [("reset-mid-body", End::Reset), ("close-mid-body", End::Closed), ("stall-mid-body", End::Silent)]
    {
        let id = place.task(json!({ "completion_ms": 0 }), &json!({ "kind": kind }));
        let (bytes, _, ended) = place.ask(&id).rest(SILENCE);
        let answer = split(&bytes);
        let truth = place.ask(&id).answer();
        assert_eq!((answer.status, ended), (200, end), "{kind}");
        assert_eq!(answer.length(), truth.body.len(), "{kind}");
        assert_eq!(answer.body, truth.body[..truth.body.len() / 2], "{kind}");
    }
}

/// Promise: no piece comes before its instant, and together they are the true answer.
#[test]
fn a_slow_body_comes_in_its_pieces_and_none_too_early() {
    let place = Place::new();
    let id = place.task(json!({ "completion_ms": 0 }), &json!({ "kind": "slow-body", "takes": "900ms", "pieces": 4 }));
    let mut raw = place.ask(&id);
    let (bytes, reads, end) = raw.rest(Duration::from_secs(2));
    let answer = split(&bytes);
    assert_eq!((answer.status, end), (200, End::Silent), "the connection is kept");
    assert_eq!((answer.length(), &answer.body), (answer.body.len(), &place.ask(&id).answer().body));
    // Where the reader was late, several pieces may come in one read. The head comes with the first piece or before it.
    let head = bytes.len() - answer.body.len();
    let (began, mut come) = (reads[0].0, 0);
    let grain = Duration::from_millis(5);
    for (at, count) in reads {
        come += count;
        let pieces = (1..=4).filter(|piece| come >= head + answer.body.len() * piece / 4).count();
        let due = Duration::from_millis(300) * u32::try_from(pieces.saturating_sub(1)).expect("few");
        assert!(at + grain >= began + due, "{pieces} pieces after {:?}", at - began);
    }
}

/// Promise: the answer promises to keep the connection, which nevertheless is closed: the next request on it meets a closed
/// socket.
#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let place = Place::new();
    let id = place.task(json!({ "completion_ms": 0 }), &json!({ "kind": "idle-close" }));
    let mut raw = place.ask(&id);
    let answer = raw.answer();
    assert_eq!(answer.json()["data"]["state"], "success");
    assert_eq!(answer.header("connection"), None, "a promise to keep it");
    raw.request("GET", &format!("/api/v1/statusTask/sora-2?taskId={id}"), "");
    let (bytes, _, end) = raw.rest(Duration::from_secs(10));
    assert!(bytes.is_empty() && end != End::Silent, "{end:?}");
}

/// Promise: while everything is refused nobody listens. Where only some routes are, somebody does, and resets.
#[test]
fn refused_is_refused_by_the_kernel_where_nobody_is_served() {
    let place = Place::new();
    let id = place.submit();
    place.rules(&json!([{ "kind": "refuse", "during": { "for": "1h" } }]));
    assert_eq!(place.ask(&id).rest(SILENCE), (Vec::new(), Vec::new(), End::Reset));
    place.submit();
    for kind in ["outage", "refuse"] {
        let rule = json!({ "kind": kind, "during": { "for": "1h" }, "route": ["status", "submit"] });
        place.rules(&json!([rule]));
        // The listener closes a moment later.
        let refused = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            TcpStream::connect(place.address).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        });
        assert!(refused, "{kind}");
        place.rules(&json!([]));
        while TcpStream::connect(place.address).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Promise: a submit whose answer is spoilt has made its task where the rule says so, and none where it says not.
#[test]
fn a_submit_that_is_struck_made_a_task_or_not_as_its_rule_says() {
    let place = Place::new();
    let tasks = || {
        let mut raw = Raw::connect(place.address);
        raw.request("GET", "/__admin/tasks", "");
        raw.answer().json()["tasks"].as_array().map_or(0, Vec::len)
    };
    let mut known = tasks();
    for (kind, end, is_half) in [
        ("reset", End::Reset, false),
        ("close", End::Closed, false),
        ("stall", End::Silent, false),
        ("reset-mid-body", End::Reset, true),
        ("close-mid-body", End::Closed, true),
        ("stall-mid-body", End::Silent, true),
    ] {
        for exists in [true, false] {
            let rule = json!({ "kind": kind, "probability": 1, "route": "submit", "task_exists": exists });
            place.rules(&json!([rule]));
            let mut raw = Raw::connect(place.address);
            raw.request("POST", "/api/v1/generateTask/sora-2", PROMPT);
            let (bytes, _, ended) = raw.rest(SILENCE);
            assert_eq!((ended, !bytes.is_empty()), (end, is_half), "{kind}");
            let before = std::mem::replace(&mut known, tasks());
            assert_eq!(known - before, usize::from(exists), "{kind}");
        }
    }
}
