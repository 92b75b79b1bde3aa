//! What the mock server bears: too slow, too many, too long, and no request at all.

use axum::body::{Body, to_bytes};
use http::Request;
use pollbench::mock::{ScenarioRules, calm_world};
use pollbench::net::clock::Clock;
use pollbench::net::stream::Listener;
use pollbench::scenario::rules::from_json;
use pollbench::server::{Server, Settings, Stub};
use pollbench::time::Micros;
use pollbench::world::fault::{Fault, Kind};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_service::Service as _;

const AUTHORIZED: &str = "Host: localhost\r\nAuthorization: Bearer k\r\n";

fn server(change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = Settings::new(Clock::scaled(100.0).expect("a scale"));
    settings.fault_codec = Some(Arc::new(ScenarioRules));
    change(&mut settings);
    Server::new(calm_world().expect("a shipped scenario"), settings)
}

/// Serves on a free port until the sender is used or dropped.
async fn serve(server: &Server) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let ((stop, stopped), server) = (oneshot::channel(), server.clone());
    let serving = async move { server.serve(Listener::Tcp(listener), async { drop(stopped.await) }).await };
    (address, stop, tokio::spawn(serving))
}

/// Sends bytes and reads until the server closes.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(bytes).await.expect("room");
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("no reset");
    String::from_utf8(answer).expect("text")
}

/// The status of an answer whose body is the envelope with the same code.
fn refusal(answer: &str) -> u64 {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    let envelope: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    let code = envelope["code"].as_u64().expect("a code");
    assert!(head.starts_with(&format!("HTTP/1.1 {code} ")), "{answer:?}");
    assert!(envelope["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer:?}");
    code
}

#[tokio::test]
async fn slow_heads_and_bodies_are_not_waited_for() {
    let server = server(|settings| settings.patience = Duration::from_millis(50));
    let (address, _stop, _) = serve(&server).await;
    assert_eq!(raw(address, b"GET /api/v1/statu").await, "");
    let slow =
        format!("POST /api/v1/generateTask/sora-2 HTTP/1.1\r\n{AUTHORIZED}Content-Length: 50\r\n\r\n{{\"input\"");
    assert_eq!(refusal(&raw(address, slow.as_bytes()).await), 408);
    // An idle connection ends too.
    assert_eq!(raw(address, b"").await, "");
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_one_that_ends_makes_room() {
    let server = server(|settings| settings.most_connections = 1);
    let (address, _stop, _) = serve(&server).await;
    let request = format!("GET /api/v1/apikeys/current-balance HTTP/1.1\r\n{AUTHORIZED}");
    let mut first = TcpStream::connect(address).await.expect("it listens");
    first.write_all(format!("{request}\r\n").as_bytes()).await.expect("room");
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    let last = format!("{request}Connection: close\r\n\r\n");
    for _ in 0..20 {
        assert_eq!(refusal(&raw(address, last.as_bytes()).await), 503);
    }
    drop(first);
    while !raw(address, last.as_bytes()).await.starts_with("HTTP/1.1 200") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_no_request_gets_the_envelope_too() {
    let server = server(|_| ());
    let (address, _stop, _) = serve(&server).await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000));
    let chunked = format!(
        "POST /api/v1/generateTask/sora-2 HTTP/1.1\r\n{AUTHORIZED}Transfer-Encoding: chunked\r\n\r\nno length\r\n"
    );
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200));
    let both = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx";
    for (garbage, status) in [
        ("\u{0}\u{1}\r\n\r\n", 400),
        ("GET / HTTP/9.9\r\n\r\n", 400),
        ("GET /\u{7f} HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno header\r\n\r\n", 400),
        (both, 400),
        (&chunked, 400),
        (&many, 431),
    ] {
        assert_eq!(refusal(&raw(address, garbage.as_bytes()).await), status, "{garbage:.40}");
    }
    // Which of the two depends on how much of it had come when it was too much.
    assert!([414, 431].contains(&refusal(&raw(address, long.as_bytes()).await)));
    // After an answer on the same connection as well.
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("room");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 404");
    stream.write_all(b"\x00\x01\r\n\r\n").await.expect("room");
    assert!(rest(&mut stream).await.ends_with(r#"{"code":400,"message":"Bad Request","data":null}"#));
}

/// The refusal is heard although most of the body is still to come: no reset overtakes it.
#[tokio::test]
async fn a_body_far_too_long_is_refused_with_413() {
    let server = server(|_| ());
    let (address, _stop, _) = serve(&server).await;
    let body = "x".repeat(24 << 20);
    let length = body.len();
    let request =
        format!("POST /api/v1/generateTask/sora-2 HTTP/1.1\r\n{AUTHORIZED}Content-Length: {length}\r\n\r\n{body}");
    assert_eq!(refusal(&raw(address, request.as_bytes()).await), 413);
}

#[tokio::test]
async fn the_journal_keeps_the_start_of_long_paths_only() {
    let server = server(|settings| settings.journal = 2);
    let (address, _stop, _) = serve(&server).await;
    for _ in 0..3 {
        let path = format!("/api/v1/statusTask/sora-2?taskId={}", "x".repeat(10_000));
        let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{AUTHORIZED}\r\n");
        assert_eq!(refusal(&raw(address, request.as_bytes()).await), 404);
    }
    let journal = raw(address, format!("GET /__admin/journal HTTP/1.0\r\n{AUTHORIZED}\r\n").as_bytes()).await;
    assert!(journal.contains(r#""dropped":1"#) && journal.len() < 4_000, "{} bytes", journal.len());
    assert_eq!(server.journal()[1].path.len(), 1_024);
}

/// Neither a request that hangs for ever nor an outage keeps the server from stopping.
#[tokio::test]
async fn a_stop_waits_for_no_outage_and_no_stalled_request() {
    let server = server(|_| ());
    server.stub(Stub::success("sora-2", Micros::NEVER).reply(0, Fault::of(Kind::Stall))).expect("a model");
    let (address, stop, serving) = serve(&server).await;
    let body = r#"{"input":{"prompt":"x"}}"#;
    let length = body.len();
    let submit = format!(
        "POST /api/v1/generateTask/sora-2 HTTP/1.1\r\nConnection: close\r\n{AUTHORIZED}Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = raw(address, submit.as_bytes()).await;
    let id = answer.split("\"taskId\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    let mut stalled = TcpStream::connect(address).await.expect("it listens");
    let ask = format!("GET /api/v1/statusTask/sora-2?taskId={id} HTTP/1.1\r\n{AUTHORIZED}\r\n");
    stalled.write_all(ask.as_bytes()).await.expect("room");
    while server.journal().len() < 2 {
        tokio::task::yield_now().await;
    }
    let outage = json!([{ "kind": "outage", "during": { "for": "9000h" } }]);
    server.set_faults(from_json(&outage, &[]).expect("valid"));
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    drop(stop);
    serving.await.expect("it stops");
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = ["model", "sora-2", "status", "reset", "outage", "async", "callback", "http://127.0.0.1:1/", "1s", ""];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let names = [
        "input",
        "prompt",
        "request_type",
        "callback_url",
        "model",
        "completion_ms",
        "result",
        "replies",
        "0",
        "kind",
        "code",
        "faults",
        "probability",
        "during",
        "for",
        "every",
        "route",
        "retry_after",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let field = (prop::sample::select(names.to_vec()).prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            prop::collection::vec(field, 0..8).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any_json().prop_map(|value| value.to_string().into_bytes()),
        any_json().prop_map(|rules| json!({ "faults": [rules] }).to_string().into_bytes()),
        any_json().prop_map(|input| json!({ "model": "sora-2", "input": input }).to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..100),
    ]
}

const PATHS: [&str; 11] = [
    "/api/v1/generateTask/sora-2",
    "/api/v1/statusTask/sora-2?taskId=task_x",
    "/api/v1/apikeys/current-balance",
    "/output/x/0.png",
    "/docs/models/schemas/sora-2.json",
    "/__admin/stubs",
    "/__admin/faults",
    "/__admin/tasks?from=1&limit=2",
    "/__admin/journal",
    "/__admin/reset",
    "/elsewhere",
];

/// One server for all cases: each begins with a reset.
static SHARED: LazyLock<(Runtime, Server)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(async { server(|_| ()) });
    (runtime, server)
});

proptest! {
    #![proptest_config(crate::soak::cases(512))]

    /// Whatever is sent wherever, it is answered: with JSON, whose code is the HTTP status where that is an error.
    #[test]
    fn any_request_is_answered(
        path in prop::sample::select(PATHS.to_vec()),
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
        body in any_body(),
    ) {
        let (runtime, server) = &*SHARED;
        runtime.block_on(async {
            server.reset();
            let request = Request::builder().method(method).uri(path).header("authorization", "Bearer k");
            let request = request.body(Body::from(body)).expect("a request");
            let answer = server.router().call(request).await.expect("infallible");
            let status = answer.status().as_u16();
            let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            prop_assert!(status == 200 || body["code"] == status, "{} {}", status, body);
            prop_assert!(status != 500, "{}", body);
            Ok(())
        })?;
    }
}
