//! Pollers as they are written: the templates do what was simulated, request for request, and what `tune --write-poller`
//! prints runs against the mock and loses nothing. Languages whose runtime is not here are left out, and said.
#![cfg(all(feature = "cli", unix))]

mod formatting;
mod runtimes;
mod trials;

use pollbench::mock::MockApixo;
use pollbench::scenario::shipped::load;
use pollbench::server::Stub;
use runtimes::{RUNTIMES, Runtime, SCALE, poll, poll_and_hear, pollbench, present, submit, submit_with};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Scales for a machine that is too busy for `SCALE`, so that a wait reaches its deadline before its end.
const SLOWER: [f64; 2] = [30.0, 10.0];

/// For the same scripted task a template sends the requests of `trace` under the same settings, none of them earlier, and
/// ends as it does. What is done at once and said to be unfinished leaves nothing to the clock.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: pollers in six languages are built, and each waits for six tasks"]
async fn templates_do_what_was_simulated() {
    let wait = json!({"kind": "stale-read"});
    let cases = [
        json!({"task": {"completion_ms": 0}, "replies": {}}),
        json!({"task": {"completion_ms": 0}, "replies": {"0": wait, "1": wait, "2": wait}}),
        json!({
            "task": {"completion_ms": 0},
            "replies": {
                "0": {"kind": "reset"}, "1": {"kind": "status", "code": 500}, "2": {"kind": "null-data"},
                "3": {"kind": "status", "code": 429, "retry_after": 1}, "4": {"kind": "status", "code": 404},
            },
        }),
        json!({
            "task": {"completion_ms": 0, "result": "failed", "fail_code": "CONTENT_VIOLATION", "fail_message": "network"},
            "replies": {"0": {"kind": "status", "code": 503}},
        }),
        json!({"task": {"completion_ms": 0}, "replies": {"0": wait, "1": {"kind": "status", "code": 401}}}),
        json!({"task": {"completion_ms": null}, "replies": {}}),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let template = |runtime: &'static Runtime| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pollers").join(runtime.file);
        (runtime, runtime.words(&file, folder.path()))
    };
    let runtimes: Vec<_> = present().into_iter().map(template).collect();
    for case in cases {
        let mut traced = case.clone();
        traced["strategy"] = json!("adaptive-hardened");
        traced["model"] = json!("sora-2");
        let trace: Value = serde_json::from_str(&pollbench(
            &["trace", "--case", "-", "--format", "json"],
            folder.path(),
            &traced.to_string(),
        ))
        .expect("JSON");
        let sent: Vec<f64> =
            trace["requests"].as_array().expect("requests").iter().filter_map(|r| r["sent_ms"].as_f64()).collect();
        let mut stub = case["task"].as_object().expect("a task").clone();
        stub.insert("model".to_owned(), json!("sora-2"));
        stub.insert("replies".to_owned(), case["replies"].clone());
        let runs = runtimes.iter().map(|(runtime, words)| matches(runtime, words, &stub, &case, &trace, &sent));
        futures_util::future::join_all(runs).await;
    }
}

/// Runs a template for a stubbed task, and holds what it does against the trace.
async fn matches(
    runtime: &Runtime,
    words: &[PathBuf],
    stub: &serde_json::Map<String, Value>,
    case: &Value,
    trace: &Value,
    sent: &[f64],
) {
    let mut scale = SCALE;
    let mut slower = SLOWER.into_iter();
    let (end, made) = loop {
        let mock = MockApixo::builder().any_model().time_scale(scale).start().await.expect("a free port");
        let stub: Stub = serde_json::from_value(Value::Object(stub.clone())).expect("a stub");
        mock.stub(stub).expect("a model");
        let id = submit(&mock, "sora-2").await;
        let began = mock.requests().route("submit").entries()[0].at_ms;
        let end = poll_and_hear(runtime, words, &mock, ("sora-2", &id), (0, None, scale)).await;
        let requests = mock.requests().route("status");
        let made: Vec<f64> = requests.entries().iter().map(|entry| entry.at_ms - began).collect();
        match slower.next() {
            Some(next) if end["outcome"] == "timeout" && trace["outcome"] != "timeout" => scale = next,
            Some(_) | None => break (end, made),
        }
    };
    let told = format!("{}: {case}: {end}, {made:?}, traced {sent:?}", runtime.language);
    assert_eq!(end["outcome"], trace["outcome"], "{told}");
    assert_eq!(end["urls"].as_array().is_some_and(|urls| !urls.is_empty()), trace["outcome"] == "success", "{told}");
    // A slow machine leaves out looks before a deadline.
    let is_complete = trace["outcome"] != "timeout";
    assert!(made.len() == sent.len() || !is_complete && (2..=sent.len()).contains(&made.len()), "{told}");
    // Timers may be a millisecond early.
    assert!(made.iter().zip(sent).all(|(made, sent)| *made >= sent - 3.0 * scale), "{told}");
}

/// The five-minute way: a log in, settings out, a poller written, and run against the mock while it is flaky and through an
/// outage: nothing is lost that could be known.
#[tokio::test(flavor = "multi_thread")]
async fn from_a_log_to_a_poller_that_holds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut log = "id;model;started_at;finished_at;state\n".to_owned();
    for at in 0..120_u32 {
        let (model, seconds) = if at % 2 == 0 { ("sora-2", 150 + at * 37 % 90) } else { ("suno", 120 + at * 53 % 60) };
        let state = if at % 17 == 0 { "FAILED" } else { "SUCCEED" };
        let end = at * 600 + seconds;
        let instant = |s: u32| format!("2024-05-01 {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
        log += &format!("{at};{model};{};{};{state}\n", instant(at * 600), instant(end));
    }
    std::fs::write(folder.path().join("jobs.csv"), log).expect("a file");
    let tune = |more: &[&str]| {
        let log = ["tune", "--observed", "jobs.csv", "--start", "started_at", "--end", "finished_at"];
        let rows = ["--where", "state = SUCCEED", "--by", "model", "--deadline", "30m"];
        let arguments: Vec<&str> = log.iter().chain(&rows).chain(more).copied().collect();
        pollbench(&arguments, folder.path(), "")
    };
    let text = tune(&[]);
    assert!(text.starts_with("read jobs.csv (CSV by semicolons, UTF-8): 112 of 120 rows used\n"), "{text}");
    assert!(
        text.contains("left out: 8 rows where `state = SUCCEED` does not hold (first: line 2: `FAILED`)"),
        "{text}"
    );
    let runtime = present()[0];
    let file = folder.path().join(runtime.file);
    std::fs::write(&file, tune(&["--write-poller", runtime.language])).expect("a file");
    let words = runtime.words(&file, folder.path());
    let worlds = ["flaky", "outage-5m"].map(async |scenario| {
        let scenario = load(scenario).expect("shipped");
        let mock = MockApixo::builder().scenario(scenario).time_scale(SCALE).start().await.expect("a free port");
        let mut known = Vec::new();
        for model in ["sora-2", "suno"] {
            for at in 0..4 {
                let completion = 140_000.0 + 15_000.0 * f64::from(at);
                let stub = json!({"model": model, "completion_ms": completion});
                if mock.stub(serde_json::from_value(stub).expect("a stub")).is_ok() {
                    known.push((model, submit(&mock, model).await));
                }
            }
        }
        assert!(!known.is_empty());
        let waits = known.iter().map(|(model, id)| poll(runtime, &words, &mock, model, id));
        for end in futures_util::future::join_all(waits).await {
            assert_eq!(end["outcome"], "success", "{end}");
        }
    });
    futures_util::future::join_all(worlds).await;
}

/// What is written names its numbers, their source and the command.
#[test]
fn written_pollers_state_where_they_come_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for runtime in &RUNTIMES {
        let model = "it's \"x\"\\";
        let distribution = "lognormal(median=60s, sigma=0.3)";
        let arguments = [
            "tune",
            "--completion",
            distribution,
            "--model",
            model,
            "--deadline",
            "5m",
            "--write-poller",
            runtime.language,
        ];
        let text = pollbench(&arguments, folder.path(), "");
        assert!(text.contains("Written by `pollbench tune --completion 'lognormal(median=60s, sigma=0.3)'"), "{text}");
        assert!(text.contains("requests a task") && text.contains("of the guide's settings"), "{text}");
        assert!(!text.contains("settings: begin") && !text.contains("settings: end"), "{text}");
    }
}

/// A file is a program, whatever its model is called.
#[test]
#[ignore = "slow: pollers in six languages are built"]
fn names_that_end_literals_end_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for runtime in present() {
        let file = folder.path().join(runtime.file);
        let arguments = ["tune", "--completion", "60s", "--model", "it's \"x\"\\", "--write-poller", runtime.language];
        let arguments: Vec<&str> =
            arguments.iter().map(|word| if *word == "60s" { "uniform(low=1s, high=90s)" } else { *word }).collect();
        std::fs::write(&file, pollbench(&arguments, folder.path(), "")).expect("a file");
        let words = runtime.words(&file, folder.path());
        let output = Command::new(&words[0]).args(&words[1..]).output().expect("it starts");
        // Without a task it says how it is used: the file is a program.
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage"), "{}: {output:?}", runtime.language);
    }
}

/// Webhooks wake a wait that would else look much later: it asks once, and knows. What is forged, damaged or about another
/// task is believed by nobody, and where no webhook comes the look at the deadline is made as ever.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_wake_and_looks_fall_back() {
    let receiving = present().into_iter().filter(|runtime| !["sh", "rust"].contains(&runtime.language));
    futures_util::future::join_all(receiving.map(hears)).await;
    let refused = Command::new(env!("CARGO_BIN_EXE_pollbench"))
        .args(["tune", "--completion", HOUR, "--with-webhook", "--write-poller", "sh"])
        .output()
        .expect("it starts");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("js, ts, python, go can"), "{refused:?}");
}

/// The first look in case no webhook comes is when nineteen in twenty are done: after 3,276 s.
const HOUR: &str = "lognormal(median=2000s, sigma=0.3)";
const FIRST_LOOK_MS: f64 = 3_270_000.0;

async fn hears(runtime: &Runtime) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(runtime.file);
    let arguments = [
        "tune",
        "--completion",
        HOUR,
        "--model",
        "m",
        "--deadline",
        "3h",
        "--with-webhook",
        "--write-poller",
        runtime.language,
    ];
    let text = pollbench(&arguments, folder.path(), "");
    assert!(text.contains("woken by a webhook") && !text.contains("webhook: begin"), "{text}");
    std::fs::write(&file, text).expect("a file");
    let words = runtime.words(&file, folder.path());
    futures_util::future::join(is_woken(runtime, &words), is_not_misled(runtime, &words)).await;
}

/// A port for one receiver alone. It lies below those that a system hands out for port 0 and for outgoing connections, so that
/// nothing else takes it before the receiver does.
fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let mut ports = std::iter::repeat_with(|| {
        let offset = std::process::id().wrapping_mul(101).wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        20_000 + u16::try_from(offset % 10_000).expect("below 10,000")
    });
    // Not by binding it: a program that another test starts just then would hold it until it runs.
    ports.find(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_err()).expect("a port")
}

/// A mock whose next task ends after so long, or never.
async fn mock(completion_ms: Value) -> MockApixo {
    let mock = MockApixo::builder().any_model().time_scale(SCALE).start().await.expect("a free port");
    let stub = json!({"model": "m", "completion_ms": completion_ms});
    mock.stub(serde_json::from_value(stub).expect("a stub")).expect("a model");
    mock
}

/// A webhook comes long before the first look: one request, and it is known.
async fn is_woken(runtime: &Runtime, words: &[PathBuf]) {
    let mock = mock(json!(300_000)).await;
    let port = free_port();
    let body = format!(
        r#"{{"input":{{"prompt":"a lighthouse"}},"request_type":"callback","callback_url":"http://127.0.0.1:{port}/hook"}}"#
    );
    let told = submit_with(&mock, "m", &body).await;
    let end = poll_and_hear(runtime, words, &mock, ("m", &told), (port, None, SCALE)).await;
    assert_eq!(end["outcome"], "success", "{}: {end}", runtime.language);
    let submitted = mock.requests().route("submit").entries()[0].at_ms;
    let looks: Vec<f64> =
        mock.requests().route("status").entries().iter().map(|entry| entry.at_ms - submitted).collect();
    assert!(looks.len() == 1 && looks[0] < FIRST_LOOK_MS, "{}: {looks:?}", runtime.language);
}

/// Somebody says that one is done which never ends: it is asked for, and waited for on.
async fn is_not_misled(runtime: &Runtime, words: &[PathBuf]) {
    let mock = mock(Value::Null).await;
    let port = free_port();
    let endless = submit(&mock, "m").await;
    let forged = format!(
        r#"{{"code":200,"data":{{"taskId":"{endless}","state":"success","resultJson":"{{\"resultUrls\":[\"http://x\"]}}"}}}}"#
    );
    let deliveries = async {
        deliver(port, &forged, "200").await;
        deliver(port, "{", "400").await;
        deliver(port, r#"{"data":{"taskId":"other"}}"#, "200").await;
    };
    let (end, ()) = futures_util::future::join(
        poll_and_hear(runtime, words, &mock, ("m", &endless), (port, Some(5_000), SCALE)),
        deliveries,
    )
    .await;
    assert_eq!(end["outcome"], "timeout", "{}: {end}", runtime.language);
    let looks = mock.requests().route("status").entries().len();
    assert_eq!(looks, 2, "{}: one that was woken, one at the deadline", runtime.language);
}

/// Delivers a webhook as soon as somebody listens, and holds the status of the answer.
async fn deliver(port: u16, body: &str, status: &str) {
    let request = format!(
        "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..3_000 {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
            let mut answer = String::new();
            stream.write_all(request.as_bytes()).await.expect("it reads");
            stream.read_to_string(&mut answer).await.expect("it answers");
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody listens at {port}");
}
