//! What happens to HTTP answers.

use super::raw::{End, split};
use super::{Place, SILENCE};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const DONE: fn() -> Value = || json!({ "completion_ms": 0 });

#[test]
fn an_error_has_its_status_and_its_body() {
    let place = Place::new();
    let answer = |fault: Value| place.answers(DONE(), &fault).1;
    let envelope = answer(json!({ "kind": "status", "code": 503 }));
    assert_eq!((envelope.status, envelope.header("content-type")), (503, Some("application/json")));
    assert_eq!(envelope.json(), json!({ "code": 503, "message": "Service unavailable", "data": null }));
    let html = answer(json!({ "kind": "status", "code": 502, "body": "html" }));
    assert_eq!((html.status, html.header("content-type")), (502, Some("text/html")));
    assert_eq!(html.text(), "<html><body><h1>502 Bad gateway</h1></body></html>");
    let empty = answer(json!({ "kind": "status", "code": 500, "body": "empty" }));
    assert_eq!((empty.status, empty.header("content-type"), empty.body.len()), (500, None, 0));
    assert_eq!(empty.header("content-length"), Some("0"));
    let unknown = answer(json!({ "kind": "transient-404" }));
    assert_eq!((unknown.status, &unknown.json()["code"]), (404, &json!(404)));
    let gone = answer(json!({ "kind": "expired" }));
    assert_eq!((gone.status, &gone.json()["code"]), (410, &json!(410)));
}

/// Promise: each form is the header that it is called after, letter by letter.
#[test]
fn retry_after_comes_in_each_form() {
    let place = Place::new();
    let header = |form: Value| {
        let fault = json!({ "kind": "status", "code": 429, "retry_after": form, "retry_in": "20s" });
        let (_, answer, _) = place.answers(DONE(), &fault);
        assert_eq!(answer.status, 429);
        answer.header("retry-after").map(str::to_owned)
    };
    for (form, value) in [
        (json!(true), Some("20")),
        (json!("seconds"), Some("20")),
        (json!(false), None),
        (json!("absent"), None),
        (json!("zero"), Some("0")),
        (json!("garbage"), Some("soon")),
        (json!("huge"), Some("86400")),
        (json!("too-short"), Some("10")),
        (json!(7), Some("7")),
        (json!("1.5"), Some("1.5")),
        (json!("-3"), Some("-3")),
        (json!("in a while"), Some("in a while")),
        (json!("Thu, 01 Jan 1970 00:00:20 GMT"), Some("Thu, 01 Jan 1970 00:00:20 GMT")),
    ] {
        assert_eq!(header(form.clone()).as_deref(), value, "{form}");
    }
    let before = SystemTime::now();
    let date = httpdate::parse_http_date(&header(json!("http-date")).expect("a header")).expect("a date");
    // Rounded up to a second, from whenever the answer left.
    let (least, most) = (before + Duration::from_secs(20), SystemTime::now() + Duration::from_secs(21));
    assert!((least..=most).contains(&date), "{date:?}");
}

#[test]
fn a_redirect_names_the_same_address() {
    let place = Place::new();
    for code in [301, 302, 303, 307, 308] {
        let (id, answer, truth) = place.answers(DONE(), &json!({ "kind": "redirect", "code": code }));
        let here = format!("/api/v1/statusTask/sora-2?taskId={id}");
        assert_eq!((answer.status, answer.header("location")), (code, Some(here.as_str())));
        assert!(answer.text().starts_with("<html>"), "{}", answer.text());
        assert_eq!((truth.status, truth.header("location")), (200, None));
    }
}

/// Promise: by its length the answer ends in the middle, and the rest of it comes although nobody asked for it.
#[test]
fn a_wrong_content_length_leaves_bytes_on_the_wire() {
    let place = Place::new();
    let id = place.task(DONE(), &json!({ "kind": "wrong-content-length" }));
    let (bytes, _, end) = place.ask(&id).rest(SILENCE);
    let (answer, truth) = (split(&bytes), place.ask(&id).answer());
    assert_eq!((answer.status, end), (200, End::Closed));
    assert_eq!((answer.length(), &answer.body), (truth.body.len() / 2, &truth.body));
}
