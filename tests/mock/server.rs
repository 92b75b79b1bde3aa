//! The mock server over raw sockets: what clients in any language meet, and what hostile ones get.

use pollbench::mock::MockApixo;
use pollbench::scenario::rules::from_json;
use pollbench::server::Stub;
use pollbench::time::Micros;
use pollbench::world::fault::{ErrorCode, Fault, Kind, RetryAdvice};
use serde_json::{Value, json};
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SECOND: Micros = Micros::from_secs(1);

async fn mock() -> MockApixo {
    MockApixo::builder().key("right").time_scale(1_000.0).start().await.expect("a free port")
}

async fn connect(mock: &MockApixo) -> TcpStream {
    TcpStream::connect(mock.base_url().trim_start_matches("http://")).await.expect("it listens")
}

/// Sends bytes as they are and reads until the server closes.
async fn raw(mock: &MockApixo, bytes: &[u8]) -> std::io::Result<String> {
    let mut stream = connect(mock).await;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// One request on a connection of its own: HTTP status and body.
async fn ask(mock: &MockApixo, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    let answer = raw(mock, request.as_bytes()).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head[9..12].parse().expect("a status"), body.to_owned())
}

const KEY: &str = "Authorization: Bearer right\r\n";

async fn submit(mock: &MockApixo, model: &str) -> String {
    let body = r#"{"input":{"prompt":"a cat"}}"#;
    let (status, body) = ask(mock, "POST", &format!("/api/v1/generateTask/{model}"), KEY, body).await;
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    body["data"]["taskId"].as_str().expect("an id").to_owned()
}

async fn status(mock: &MockApixo, model: &str, id: &str) -> Value {
    let (status, body) = ask(mock, "GET", &format!("/api/v1/statusTask/{model}?taskId={id}"), KEY, "").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

#[tokio::test]
async fn a_task_goes_from_submit_to_a_file_and_its_times_agree() {
    let mock = mock().await;
    mock.stub(Stub::success("suno", SECOND * 5)).expect("a model");
    let id = submit(&mock, "suno").await;
    let answer = loop {
        let answer = status(&mock, "suno", &id).await;
        if answer["data"]["state"] != "processing" {
            break answer;
        }
        assert!(answer["data"].get("costTime").is_none(), "{answer}");
    };
    let data = &answer["data"];
    assert_eq!((data["state"].as_str(), data["costTime"].as_u64()), (Some("success"), Some(5_000)), "{answer}");
    assert_eq!(data["completeTime"].as_u64(), data["createTime"].as_u64().map(|created| created + 5_000));
    let result: Value = serde_json::from_str(data["resultJson"].as_str().expect("a string")).expect("JSON in it");
    let urls = result["resultUrls"].as_array().expect("URLs");
    assert_eq!(urls.len(), 2, "music comes in two takes");
    let path = urls[1].as_str().and_then(|url| url.strip_prefix("http://localhost")).expect("a URL on the host asked");
    let (code, _) = ask(&mock, "GET", path, "", "").await;
    assert_eq!(code, 200);
    for other in
        ["/output/task_0/0.mp3", "/output/../../etc/passwd", &path.replace("/1.", "/2."), &format!("{path}/..")]
    {
        assert_eq!(ask(&mock, "GET", other, "", "").await.0, 404, "{other}");
    }
}

#[tokio::test]
async fn a_failed_task_is_http_200_with_code_and_message() {
    let mock = mock().await;
    mock.stub(Stub::failed("sora-2", Micros::ZERO, "CONTENT_VIOLATION", "say \"no\"")).expect("a model");
    let id = submit(&mock, "sora-2").await;
    let data = &status(&mock, "sora-2", &id).await["data"];
    assert_eq!(data["state"], "failed");
    assert_eq!((&data["failCode"], &data["failMsg"]), (&json!("CONTENT_VIOLATION"), &json!("say \"no\"")));
    assert!(data["completeTime"].is_u64() && data.get("costTime").is_none() && data.get("resultJson").is_none());
}

/// Whatever is asked, the answer is the envelope, and its code is the HTTP status.
#[tokio::test]
async fn every_refusal_is_the_envelope() {
    let mock = mock().await;
    let id = submit(&mock, "sora-2").await;
    let (generate, ask_status) = ("/api/v1/generateTask/sora-2", format!("/api/v1/statusTask/sora-2?taskId={id}"));
    let good = r#"{"input":{"prompt":"a cat"}}"#;
    let long = format!(r#"{{"input":{{"prompt":"{}"}}}}"#, "x".repeat(17 << 20));
    let deep = "[".repeat(100_000);
    let status_of = |id: &str| format!("/api/v1/statusTask/sora-2?taskId={id}");
    let callback =
        |url: &str| format!(r#"{{"request_type":"callback","callback_url":"{url}","input":{{"prompt":"x"}}}}"#);
    let mut cases: Vec<(&str, String, String, String, u16)> = Vec::new();
    let mut case = |method: &'static str, path: &str, headers: &str, body: &str, status: u16| {
        cases.push((method, path.to_owned(), headers.to_owned(), body.to_owned(), status));
    };
    case("POST", generate, "", good, 401);
    case("POST", generate, "Authorization: Bearer wrong\r\n", good, 401);
    case("POST", generate, "Authorization: right\r\n", good, 401);
    case("POST", generate, &format!("{KEY}{KEY}"), good, 401);
    case("GET", "/api/v1/apikeys/current-balance", "Authorization: Bearer \r\n", "", 401);
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"input":7}"#,
        r#"{"input":{}}"#,
        r#"{"input":{"prompt":""}}"#,
        r#"{"input":{"prompt":[1]}}"#,
    ] {
        case("POST", generate, KEY, body, 400);
    }
    case("POST", generate, KEY, r#"{"request_type":"sync","input":{"prompt":"x"}}"#, 400);
    case("POST", generate, KEY, r#"{"request_type":"callback","input":{"prompt":"x"}}"#, 400);
    for url in [
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://[fe80::1]/",
        "https://example.com/",
        "ftp://127.0.0.1/",
        "/relative",
        "http://",
    ] {
        case("POST", generate, KEY, &callback(url), 400);
    }
    case("POST", generate, KEY, &deep, 400);
    case("POST", generate, KEY, &long, 413);
    case("POST", "/api/v1/generateTask/sora-9", KEY, good, 404);
    case("GET", "/api/v1/statusTask/sora-2", KEY, "", 400);
    case("GET", "/api/v1/statusTask/sora-2?taskId=", KEY, "", 400);
    case("GET", &ask_status.replace("sora-2", "suno"), KEY, "", 404);
    case("GET", &status_of("task_0123456789abcdef"), KEY, "", 404);
    case("GET", &status_of(&"x".repeat(10_000)), KEY, "", 404);
    case("GET", &status_of("%ff%00"), KEY, "", 400);
    case("GET", "/", KEY, "", 404);
    case("GET", "/api/v1/generateTask", KEY, "", 404);
    case("GET", "/docs/models/schemas/..%2f..%2fCargo.toml", "", "", 404);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        for path in [generate, &ask_status, "/api/v1/apikeys/current-balance", "/output/x/0.png", "/__admin/health"] {
            case(method, path, KEY, "", 405);
        }
    }
    case("GET", generate, KEY, "", 405);
    case("POST", &ask_status, KEY, "", 405);
    for (method, path, headers, body, expected) in cases {
        let (status, answer) = ask(&mock, method, &path, &headers, &body).await;
        let what = format!("{method} {} → {status} {answer}", &path[..path.len().min(60)]);
        assert_eq!(status, expected, "{what}");
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{what}"));
        assert_eq!(answer["code"], expected, "{what}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}");
        assert_eq!(answer.get("data").is_none(), expected == 401, "{what}");
    }
    // A head has no body, whatever it is for.
    let head =
        raw(&mock, format!("HEAD {ask_status} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{KEY}\r\n").as_bytes()).await;
    assert!(head.expect("an answer").starts_with("HTTP/1.1 405"));
    // And it is all still there.
    assert_eq!(status(&mock, "sora-2", &id).await["code"], 200);
}

#[tokio::test]
async fn old_http_pipelining_and_escapes_are_understood() {
    let mock = mock().await;
    let id = submit(&mock, "sora-2").await;
    let escaped = id.replace('_', "%5F");
    let old = format!(
        "GET /api/v1/statusTask/sora%2D2?x=1&taskId={escaped} HTTP/1.0\r\n{KEY}Content-Type: application/json\r\n\r\n"
    );
    assert!(raw(&mock, old.as_bytes()).await.expect("an answer").contains(&id));
    let one = format!("GET /api/v1/statusTask/sora-2?taskId={id} HTTP/1.1\r\nHost: x\r\n{KEY}");
    let two = format!("{one}\r\n{one}Connection: close\r\n\r\n");
    assert_eq!(raw(&mock, two.as_bytes()).await.expect("answers").matches("\"state\"").count(), 2);
    for garbage in [&b"\x00\xff\xfe\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"] {
        let _ = raw(&mock, garbage).await;
    }
    assert_eq!(status(&mock, "sora-2", &id).await["code"], 200);
}

#[tokio::test]
async fn scripted_replies_come_in_their_order_and_a_reset_is_a_reset() {
    let mock = mock().await;
    let limited = Fault::http(ErrorCode::TOO_MANY_REQUESTS, RetryAdvice::Exactly(7));
    let stub = Stub::success("flux-2", Micros::ZERO)
        .reply(0, Fault::of(Kind::Reset))
        .reply(1, limited)
        .reply(2, Fault::of(Kind::NullData));
    mock.stub(stub).expect("a model");
    let id = submit(&mock, "flux-2").await;
    let path = format!("/api/v1/statusTask/flux-2?taskId={id}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{KEY}\r\n");
    let error = raw(&mock, request.as_bytes()).await.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let answer =
        raw(&mock, request.replace("Host: x", "Host: x\r\nConnection: close").as_bytes()).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 7"), "{answer}");
    assert_eq!(status(&mock, "flux-2", &id).await["data"], Value::Null);
    assert_eq!(status(&mock, "flux-2", &id).await["data"]["state"], "success");
    let journal = mock.requests().route("status").task(&id);
    let seen: Vec<_> = journal.entries().iter().map(|entry| (entry.status, entry.fault)).collect();
    let expected =
        [(None, Some("reset")), (Some(429), Some("status")), (Some(200), Some("null-data")), (Some(200), None)];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_outage_of_everything_refuses_connections() {
    let mock = MockApixo::builder().time_scale(100.0).start().await.expect("a free port");
    let address = mock.base_url().trim_start_matches("http://").to_owned();
    let now = json!([{ "kind": "outage", "during": { "from": "1s", "for": "9000h" } }]);
    mock.set_faults(from_json(&now, &[]).expect("valid"));
    // Whoever connects wakes the server up to the new rules; then nobody listens any more.
    loop {
        match TcpStream::connect(&address).await {
            Ok(stream) => drop(stream),
            // It stood in the queue when the server ceased to listen.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                break;
            }
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_webhook_is_tried_again_until_the_receiver_says_200() {
    let mock = mock().await;
    let receiver = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}/hook?a=b", receiver.local_addr().expect("an address"));
    mock.stub(Stub::success("flux-2", SECOND)).expect("a model");
    let body = json!({ "request_type": "callback", "callback_url": url, "input": { "prompt": "x" }, "webhook": 1 });
    let (code, _) = ask(&mock, "POST", "/api/v1/generateTask/flux-2", KEY, &body.to_string()).await;
    assert_eq!(code, 200);
    for answer in ["500 Oops", "302 Found\r\nLocation: http://127.0.0.1:1/", "200 OK"] {
        let (mut stream, _) = receiver.accept().await.expect("a delivery");
        let (mut request, mut chunk) = (String::new(), [0; 4096]);
        while !request.ends_with("}}") {
            let read = stream.read(&mut chunk).await.expect("bytes");
            request.push_str(&String::from_utf8_lossy(&chunk[..read]));
        }
        assert!(request.starts_with("POST /hook?a=b HTTP/1.1"), "{request}");
        assert!(request.contains(r#""state":"success""#) && request.contains(r#""code":200"#), "{request}");
        let head = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("room");
    }
    loop {
        let journal = mock.requests().route("webhook");
        let attempts: Vec<_> = journal.entries().iter().map(|entry| (entry.attempt, entry.status)).collect();
        if attempts.len() == 3 && attempts[2].1.is_some() {
            assert_eq!(attempts, [(Some(1), Some(500)), (Some(2), Some(302)), (Some(3), Some(200))]);
            // 30 s after the first failure, two minutes after the second, in scenario time.
            let at: Vec<f64> = journal.entries().iter().map(|entry| entry.at_ms).collect();
            assert!(at[1] - at[0] >= 30_000.0 && at[2] - at[1] >= 120_000.0, "{at:?}");
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_control_plane_shows_and_changes_what_is() {
    let mock = mock().await;
    let admin = async |method: &str, path: &str, body: &str| {
        let (status, answer) = ask(&mock, method, &format!("/__admin/{path}"), "", body).await;
        (status, serde_json::from_str::<Value>(&answer).unwrap_or(Value::Null))
    };
    assert_eq!(admin("GET", "health", "").await.1["status"], "ok");
    let stub = r#"{"model":"sora-2","completion_ms":null,"result":"success","replies":{"0":{"kind":"reset"}}}"#;
    assert_eq!(admin("POST", "stubs", stub).await.0, 200);
    assert_eq!(admin("POST", "stubs", r#"{"model":"sora-9"}"#).await.0, 400);
    assert_eq!(admin("POST", "stubs", r#"{"model":"sora-2","replies":{"0":{"kind":"explode"}}}"#).await.0, 400);
    let id = submit(&mock, "sora-2").await;
    let (_, task) = admin("GET", &format!("tasks/{id}"), "").await;
    assert_eq!((&task["fate"], &task["done_ms"], &task["stubbed"]), (&json!("stuck"), &Value::Null, &json!(true)));
    assert_eq!(admin("GET", "tasks?limit=1", "").await.1["total"], 1);
    let rules = json!({ "faults": [{ "kind": "status", "probability": 1.0, "code": 418, "route": ["status"] }] });
    assert_eq!(admin("PUT", "faults", &rules.to_string()).await.0, 200);
    assert_eq!(admin("GET", "faults", "").await.1["faults"][0]["code"], 418);
    assert_eq!(admin("PUT", "faults", r#"{"faults":[{"kind":"rest"}]}"#).await.0, 400);
    let second = submit(&mock, "sora-2").await;
    let (code, _) = ask(&mock, "GET", &format!("/api/v1/statusTask/sora-2?taskId={second}"), KEY, "").await;
    assert_eq!(code, 418);
    let journal = admin("GET", "journal", "").await.1;
    assert_eq!(journal["dropped"], 0);
    assert_eq!(journal["entries"].as_array().map(Vec::len), Some(3));
    assert_eq!(journal["entries"][2]["fault"], "status");
    let (_, metrics) = ask(&mock, "GET", "/__admin/metrics", "", "").await;
    assert!(metrics.contains("pollbench_faults_total{rule=\"1\",kind=\"status\"} 1"), "{metrics}");
    assert_eq!(admin("POST", "reset", "").await.0, 200);
    assert_eq!(admin("GET", &format!("tasks/{id}"), "").await.0, 404);
    assert_eq!(admin("GET", "tasks", "").await.1["total"], 0);
}

#[tokio::test]
async fn a_dropped_mock_closes_its_port() {
    let mock = mock().await;
    let address = mock.base_url().trim_start_matches("http://").to_owned();
    drop(mock);
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
