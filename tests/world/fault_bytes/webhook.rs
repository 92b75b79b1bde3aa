//! What happens to webhook deliveries, as a receiver sees them that is nothing but a socket.

use super::raw::Raw;
use pollbench::mock::MockApixo;
use pollbench::scenario::rules::from_json;
use pollbench::server::Stub;
use pollbench::time::Micros;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// Scenario seconds in a second: 30 s are a second and a half.
const SCALE: f64 = 20.0;
/// What strikes up to here strikes the first attempt, at 5 s or as late as this machine is, and not the second.
const WINDOW: &str = "35s";

/// Takes whatever comes, answers `answer`, and tells when which body was there.
fn receiver(answer: &'static str) -> (SocketAddr, Receiver<(Instant, Vec<u8>)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut bytes, mut buffer) = (Vec::new(), [0; 4_096]);
            while let Ok(count) = stream.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..count]);
                let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length:"))
                    .map_or(0, |length| length.trim().parse().expect("a length"));
                if bytes.len() >= head + 4 + length || count == 0 {
                    if tell.send((Instant::now(), bytes[head + 4..].to_vec())).is_err() {
                        return;
                    }
                    let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").as_bytes());
                    break;
                }
            }
        }
    });
    (address, told)
}

/// When a body was there, in seconds since the task was done.
type Delivery = (f64, Vec<u8>);
/// A line of the journal: which attempt it is, its HTTP status, whether the rule struck it.
type Attempt = (Option<u32>, Option<u16>, bool);
/// The id of a task, what its receiver got, and the journal.
type Told = (String, Vec<Delivery>, Vec<Attempt>);

/// The id of a task whose webhook meets `rule`, all that its receiver got within 80 s of scenario time, in seconds since the
/// task was done at 5 s, give or take what this machine is late, and the journal.
fn told(rule: &Value) -> Told {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mock = runtime.block_on(MockApixo::builder().time_scale(SCALE).start()).expect("a free port");
    let kind = rule["kind"].as_str().expect("a kind").to_owned();
    // Its clock begins anew.
    mock.reset();
    mock.set_faults(from_json(&json!([rule]), &["sora-2".to_owned()]).expect("valid rules"));
    mock.stub(Stub::success("sora-2", Micros::from_secs(5))).expect("a model");
    let (address, told) = receiver(if kind == "malformed" { "400 Bad Request" } else { "200 OK" });
    let mut raw = Raw::connect(mock.base_url().trim_start_matches("http://").parse().expect("an address"));
    let began = Instant::now();
    let body =
        json!({ "request_type": "callback", "callback_url": format!("http://{address}/"), "input": { "prompt": "x" } });
    raw.request("POST", "/api/v1/generateTask/sora-2", &body.to_string());
    let id = raw.answer().json()["data"]["taskId"].as_str().expect("an id").to_owned();
    let mut deliveries = Vec::new();
    let end = began + Duration::from_secs_f64(80.0 / SCALE);
    while let Ok((at, body)) = told.recv_timeout(end.saturating_duration_since(Instant::now())) {
        deliveries.push((at.duration_since(began).as_secs_f64() * SCALE - 5.0, body));
    }
    let entries = mock.requests().route("webhook");
    let journal = entries.entries().iter();
    let journal = journal.map(|entry| (entry.attempt, entry.status, entry.fault == Some(kind.as_str()))).collect();
    let _guard = runtime.enter();
    drop(mock);
    (id, deliveries, journal)
}

fn during(kind: &str) -> Value {
    json!({ "kind": kind, "probability": 1, "during": { "for": WINDOW } })
}

/// Kinds that are late by a time of their own, and the key of that time.
const LATER: [(&str, &str); 3] = [("delayed", "by"), ("reordered", "by"), ("duplicated", "after")];

/// What is told under each kind, by its name. All of it is waiting, so all kinds wait at once, whichever test asks first.
static TOLD: LazyLock<BTreeMap<String, Told>> = LazyLock::new(|| {
    let mut rules =
        ["receiver-refuses", "receiver-500", "receiver-slow", "malformed", "lost", "wrong-task"].map(during).to_vec();
    rules.push(json!({ "kind": "receiver-down", "during": { "for": WINDOW } }));
    rules.extend(LATER.map(|(kind, key)| {
        let mut rule = during(kind);
        rule[key] = json!("20s");
        rule
    }));
    std::thread::scope(|scope| {
        let all: Vec<_> = rules.iter().map(|rule| (rule["kind"].as_str(), scope.spawn(|| told(rule)))).collect();
        let joined = all.into_iter().map(|(kind, one)| {
            let one = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (kind.expect("a kind").to_owned(), one)
        });
        joined.collect()
    })
});

fn task_of(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value["data"]["taskId"].as_str().map(str::to_owned)
}

/// Promise: nothing comes before its instant, and what the receiver did not take comes again after 30 s.
#[test]
fn a_receiver_that_fails_gets_the_second_attempt() {
    for (kind, status) in [("receiver-refuses", None), ("receiver-500", Some(500))] {
        let (id, deliveries, journal) = &TOLD[kind];
        let [(at, body)] = &deliveries[..] else { panic!("{kind}: {}", deliveries.len()) };
        assert!(*at >= 29.5, "{kind}: {at}");
        assert_eq!(task_of(body).as_ref(), Some(id), "{kind}");
        assert_eq!(journal[..], [(Some(1), status, true), (Some(2), Some(200), false)], "{kind}");
    }
    let (_, deliveries, _) = &TOLD["receiver-down"];
    assert!(deliveries.len() == 1 && deliveries[0].0 >= 29.5, "{}", deliveries.len());
}

#[test]
fn a_slow_receiver_is_told_twice() {
    let (id, deliveries, journal) = &TOLD["receiver-slow"];
    let [(first, one), (second, other)] = &deliveries[..] else { panic!("{}", deliveries.len()) };
    assert!(*first >= -0.5 && *second >= 59.5, "{first} {second}");
    assert_eq!((task_of(one).as_ref(), task_of(other).as_ref()), (Some(id), Some(id)));
    assert_eq!(journal[..], [(Some(1), None, true), (Some(2), Some(200), false)]);
}

#[test]
fn a_malformed_delivery_is_no_json_and_comes_again_whole() {
    let (id, deliveries, _) = &TOLD["malformed"];
    let [(_, broken), (second, whole), ..] = &deliveries[..] else { panic!("{}", deliveries.len()) };
    assert!(serde_json::from_slice::<Value>(broken).is_err(), "{}", String::from_utf8_lossy(broken));
    assert!(*second >= 29.5, "{second}");
    assert_eq!(task_of(whole).as_ref(), Some(id));
}

#[test]
fn a_delivery_is_lost_or_strays_or_is_held_back_or_doubled() {
    let (_, deliveries, journal) = &TOLD["lost"];
    assert!(deliveries.is_empty());
    assert_eq!(journal[..], [(Some(1), Some(200), true)], "the sender takes it for done");
    let (id, deliveries, _) = &TOLD["wrong-task"];
    let [(_, astray)] = &deliveries[..] else { panic!("{}", deliveries.len()) };
    let other = task_of(astray).expect("the envelope");
    assert!(other != *id && other.len() == id.len());
    for (kind, _) in LATER {
        let (id, deliveries, _) = &TOLD[kind];
        let last = deliveries.last().expect("it comes");
        assert!(last.0 >= 19.5, "{kind}: {}", last.0);
        assert!(deliveries.iter().all(|(_, body)| task_of(body).as_ref() == Some(id)), "{kind}");
        assert_eq!(deliveries.len(), if kind == "duplicated" { 2 } else { 1 }, "{kind}");
    }
}

/// Promise: the submit's answer comes after the delivery of a task that was done meanwhile.
#[test]
fn a_delivery_can_come_before_the_submit_s_answer() {
    let rule = json!({ "kind": "before-submit-reply", "probability": 1, "by": "40s" });
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mock = runtime.block_on(MockApixo::builder().time_scale(SCALE).start()).expect("a free port");
    mock.set_faults(from_json(&json!([rule]), &["sora-2".to_owned()]).expect("valid rules"));
    mock.stub(Stub::success("sora-2", Micros::from_secs(5))).expect("a model");
    let (address, told) = receiver("200 OK");
    let mut raw = Raw::connect(mock.base_url().trim_start_matches("http://").parse().expect("an address"));
    let body =
        json!({ "request_type": "callback", "callback_url": format!("http://{address}/"), "input": { "prompt": "x" } });
    let began = Instant::now();
    raw.request("POST", "/api/v1/generateTask/sora-2", &body.to_string());
    let id = raw.answer().json()["data"]["taskId"].as_str().expect("an id").to_owned();
    assert!(began.elapsed().as_secs_f64() * SCALE >= 39.5);
    let (_, delivery) = told.try_recv().expect("it was told before the answer");
    assert_eq!(task_of(&delivery), Some(id));
    let _guard = runtime.enter();
    drop(mock);
}
