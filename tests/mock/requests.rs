//! What the mock makes of requests: results, models, callbacks; who may ask, and what is too much.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request};
use pollbench::mock::{MockApixo, calm_world};
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::stream::{Listener, Transport};
use pollbench::scenario::{Scenario, files::Embedded};
use pollbench::server::{AdminAccess, Server, Settings, Stub, World};
use pollbench::time::Micros;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_service::Service as _;

fn server(change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = Settings::new(Clock::wall());
    change(&mut settings);
    Server::new(WORLD.clone(), settings)
}

/// One request without a connection: status, headers, body.
async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(path).header("authorization", "Bearer k");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let (parts, body) = server.router().call(request).await.expect("infallible").into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&body).into_owned())
}

async fn submit(server: &Server, model: &str, input: Value) -> Result<String, (u16, String)> {
    let body = json!({ "input": input }).to_string();
    let (status, _, body) = ask(server, "POST", &format!("/api/v1/generateTask/{model}"), &[], &body).await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    if status != 200 {
        return Err((status, answer["data"]["error"].as_str().unwrap_or_default().to_owned()));
    }
    Ok(answer["data"]["taskId"].as_str().expect("an id").to_owned())
}

/// The result URLs of a task that ends at once, their content types and first bytes.
async fn made(server: &Server, model: &str, input: Value) -> Vec<(String, String)> {
    server.stub(Stub::success(model, Micros::ZERO)).expect("a model");
    let id = submit(server, model, input).await.expect("accepted");
    let (_, _, body) = ask(server, "GET", &format!("/api/v1/statusTask/{model}?taskId={id}"), &[], "").await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    let result: Value = serde_json::from_str(answer["data"]["resultJson"].as_str().expect("a string")).expect("JSON");
    let mut made = Vec::new();
    for url in result["resultUrls"].as_array().expect("URLs") {
        let path = url.as_str().and_then(|url| url.strip_prefix("http://localhost")).expect("on this host");
        let (status, headers, bytes) = ask(server, "GET", path, &[], "").await;
        assert!(status == 200 && !bytes.is_empty(), "{path}");
        let extension = path.rsplit('.').next().expect("an extension").to_owned();
        made.push((extension, headers["content-type"].to_str().expect("text").to_owned()));
    }
    made
}

#[tokio::test]
async fn a_model_makes_what_its_name_or_its_scenario_says() {
    let server = server(|_| ());
    for (model, extension, count) in [
        ("seedance-2-0", "mp4", 1),
        ("seedance-2-0-fast", "mp4", 1),
        ("wan-2-5-image", "png", 1),
        ("wan-2-5", "mp4", 1),
        ("kling-2-6", "mp4", 1),
        ("veo-3-1-fast", "mp4", 1),
        ("sora-2", "mp4", 1),
        ("nano-banana-pro", "png", 1),
        ("gpt-image-2", "png", 1),
        ("suno", "mp3", 2),
        ("nobody-knows", "png", 1),
    ] {
        let made = made(&server, model, json!({ "prompt": "x" })).await;
        assert!(made.len() == count && made.iter().all(|(got, _)| got == extension), "{model}: {made:?}");
    }
    let text = r#"
        schema_version = 1
        name = "mine"
        strategies = [{ preset = "adaptive" }]
        [models.talk]
        completion = "1s"
        result = "audio"
        results = 3
        [models."*"]
        completion = "1s"
        result = "video"
    "#;
    let scenario = Scenario::parse(text, "mine.toml", &Embedded(&[])).expect("a scenario");
    assert_eq!(scenario.models.len(), 1, "engines run what has a name");
    let server = Server::new(pollbench::mock::world(&scenario), Settings::new(Clock::wall()));
    let audio = ("mp3".to_owned(), "audio/mpeg".to_owned());
    assert_eq!(made(&server, "talk", json!({ "prompt": "x" })).await, vec![audio; 3]);
    let video = ("mp4".to_owned(), "video/mp4".to_owned());
    assert_eq!(made(&server, "suno", json!({ "prompt": "x" })).await, [video]);
}

#[tokio::test]
async fn what_is_asked_for_is_made() {
    let server = server(|_| ());
    for (input, extension, kind, count) in [
        (json!({ "num_images": 4 }), "png", "image/png", 4),
        (json!({ "output_format": "jpeg" }), "jpeg", "image/jpeg", 1),
        (json!({ "output_format": "webp", "num_images": 2 }), "webp", "image/webp", 2),
        (json!({ "output_format": null, "num_images": null, "mode": { "any": [1, {}] } }), "png", "image/png", 1),
    ] {
        let mut input = input;
        input["prompt"] = json!("x");
        let made = made(&server, "gpt-image-1", input.clone()).await;
        assert_eq!(made, vec![(extension.to_owned(), kind.to_owned()); count], "{input}");
    }
    for wrong in [json!(0), json!(11), json!(-1), json!(1.5), json!("4"), json!([])] {
        let refused = submit(&server, "gpt-image-1", json!({ "prompt": "x", "num_images": wrong })).await;
        assert_eq!(refused.expect_err("refused").0, 400, "{wrong}");
    }
    for wrong in [json!("gif"), json!(1)] {
        let refused = submit(&server, "gpt-image-1", json!({ "prompt": "x", "output_format": wrong })).await;
        assert_eq!(refused.expect_err("refused").0, 400, "{wrong}");
    }
    // Others than images do not have them.
    assert!(submit(&server, "sora-2", json!({ "prompt": "x", "num_images": "many" })).await.is_ok());
}

#[tokio::test]
async fn music_in_a_custom_style_needs_no_words() {
    let server = server(|_| ());
    let custom = json!({ "mode": "V5", "customMode": true, "instrumental": true, "style": "x", "title": "y" });
    assert!(submit(&server, "suno", custom.clone()).await.is_ok());
    for (model, field) in [("suno", "customMode"), ("suno", "instrumental"), ("sora-2", "")] {
        let mut input = custom.clone();
        if !field.is_empty() {
            input[field] = json!(false);
        }
        assert_eq!(submit(&server, model, input).await.expect_err("refused").1, "Missing required field: input.prompt");
    }
}

#[tokio::test]
async fn names_of_other_models_are_bounded() {
    let server = server(|_| ());
    for n in 0..1_000 {
        submit(&server, &format!("model-{n}"), json!({ "prompt": "x" })).await.expect("room");
    }
    let refused = async |model: &str| submit(&server, model, json!({ "prompt": "x" })).await.expect_err("no room").0;
    assert_eq!(refused("one-more").await, 503);
    assert_eq!(refused(&"x".repeat(129)).await, 503);
    assert!(submit(&server, "model-7", json!({ "prompt": "x" })).await.is_ok());
    assert!(submit(&server, "sora-2", json!({ "prompt": "x" })).await.is_ok());
}

#[tokio::test]
async fn numbers_and_hosts_that_clients_send_are_bounded() {
    let server = server(|_| ());
    let submit = async |headers: &[(&str, &str)]| {
        let body = r#"{"input":{"prompt":"x"}}"#;
        ask(&server, "POST", "/api/v1/generateTask/sora-2", headers, body).await.0
    };
    assert_eq!(submit(&[("pollbench-task", "281474976710655")]).await, 200);
    for wrong in ["18446744073709551615", "281474976710656", "-1", "1.5", "", "x", "99999999999999999999999"] {
        assert_eq!(submit(&[("pollbench-task", wrong)]).await, 400, "{wrong}");
    }
    assert_eq!(submit(&[]).await, 200);
    let long = "x".repeat(60_000);
    for wrong in [long.as_str(), "a b", "", "x/y"] {
        assert_eq!(submit(&[("host", wrong)]).await, 400, "{wrong:.20}");
    }
    assert_eq!(submit(&[("host", "a"), ("host", "b")]).await, 400);
    assert_eq!(submit(&[("host", "api.example.com:8080")]).await, 200);
    let long = format!(r#"{{"model":"sora-2","fail_code":"{}"}}"#, "x".repeat(1_000_000));
    let mut kept = 0;
    while ask(&server, "POST", "/__admin/stubs", &[], &long).await.0 == 200 {
        kept += 1;
    }
    assert_eq!(kept, 67, "64 MiB");
    assert_eq!(ask(&server, "PUT", "/__admin/faults", &[], &"x".repeat(2 << 20)).await.0, 413);
    assert_eq!(ask(&server, "POST", "/__admin/reset", &[], "").await.0, 200);
    assert_eq!(ask(&server, "POST", "/__admin/stubs", &[], &long).await.0, 200);
}

/// DNS rebinding and pages from elsewhere.
#[tokio::test]
async fn the_control_plane_without_a_token_is_for_this_machine() {
    let open = server(|_| ());
    let reset =
        async |server: &Server, headers: &[(&str, &str)]| ask(server, "POST", "/__admin/reset", headers, "").await.0;
    for host in ["localhost", "LOCALHOST:8787", "127.0.0.1:80", "[::1]:8787", "127.9.9.9"] {
        assert_eq!(reset(&open, &[("host", host)]).await, 200, "{host}");
    }
    for host in
        ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8787", "192.168.0.1", "u@localhost.x"]
    {
        assert_eq!(reset(&open, &[("host", host)]).await, 403, "{host}");
    }
    let from = async |origin: &str| reset(&open, &[("host", "localhost"), ("origin", origin)]).await;
    for (origin, status) in [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:8787", 200),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
        ("file://", 403),
    ] {
        assert_eq!(from(origin).await, status, "{origin}");
    }
    let token = server(|settings| settings.admin = AdminAccess::Token("t".to_owned()));
    let far = ("host", "mock.example");
    assert_eq!(reset(&token, &[far, ("x-admin-token", "t"), ("origin", "https://ci.example")]).await, 200);
    let (status, _, body) = ask(&token, "POST", "/__admin/reset", &[far], "").await;
    assert_eq!(status, 401);
    assert!(body.contains("admin token"), "{body}");
    assert_eq!(reset(&server(|settings| settings.admin = AdminAccess::Off), &[]).await, 403);
}

#[tokio::test]
async fn a_page_of_any_origin_may_use_the_api() {
    let server = server(|_| ());
    let origin = ("origin", "https://app.example");
    let path = "/api/v1/generateTask/sora-2";
    let wants =
        [origin, ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
    let (status, headers, body) = ask(&server, "OPTIONS", path, &wants, "").await;
    assert_eq!((status, body.as_str()), (204, ""));
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-methods"], "POST");
    assert_eq!(headers["access-control-allow-headers"], "authorization");
    for (method, path, status) in [
        ("POST", path, 400),
        ("GET", "/api/v1/statusTask/sora-2?taskId=x", 404),
        ("GET", "/api/v1/apikeys/current-balance", 200),
        ("GET", "/docs/models/schemas/index.json", 200),
        ("GET", "/output/x/0.png", 404),
    ] {
        let (got, headers, _) = ask(&server, method, path, &[origin], "").await;
        assert_eq!(got, status, "{path}");
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
        assert_eq!(headers["access-control-expose-headers"], "Retry-After", "{path}");
    }
    let (_, headers, _) = ask(&server, "GET", "/__admin/health", &[("origin", "http://localhost:3000")], "").await;
    assert!(!headers.contains_key("access-control-allow-origin"), "the control plane is for its own page only");
    assert_eq!(ask(&server, "OPTIONS", path, &[origin], "").await.0, 405, "no preflight");
}

#[tokio::test(start_paused = true)]
async fn an_https_callback_goes_where_the_map_says() {
    let memory = MemoryNetwork::default();
    let mut receiver = memory.listen("127.0.0.1:9");
    let server = Server::new(
        calm_world().expect("a shipped scenario"),
        Settings {
            network: Transport::Memory(memory),
            webhook_map: vec!["https://app.example=http://127.0.0.1:9".parse().expect("a map")],
            ..Settings::new(Clock::paused())
        },
    );
    let callback = async |url: &str| {
        let body = json!({ "request_type": "callback", "callback_url": url, "input": { "prompt": "x" } }).to_string();
        ask(&server, "POST", "/api/v1/generateTask/sora-2", &[], &body).await
    };
    let (status, _, body) = callback("https://other.example/hook").await;
    assert!(status == 400 && body.contains("--webhook-map https://other.example=http://127.0.0.1:PORT"), "{body}");
    assert_eq!(callback("https://app.example:444/hook").await.0, 400, "another port is another address");
    assert_eq!(callback("https://APP.example:443/hook?a=b").await.0, 200);
    let mut stream = receiver.accept().await.expect("a delivery");
    let mut letter = vec![0; 4_096];
    let read = stream.read(&mut letter).await.expect("bytes");
    let letter = String::from_utf8_lossy(&letter[..read]).to_lowercase();
    assert!(letter.starts_with("post /hook?a=b http/1.1") && letter.contains("host: app.example"), "{letter}");
}

/// A large image inline is an ordinary body.
#[tokio::test]
async fn bodies_of_sixteen_mebibytes_are_read() {
    let server = server(|_| ());
    let image = "A".repeat(15 << 20);
    assert!(submit(&server, "gpt-image-1", json!({ "prompt": "x", "image_urls": [image] })).await.is_ok());
    let small = self::server(|settings| settings.most_body = 100);
    assert_eq!(submit(&small, "gpt-image-1", json!({ "prompt": "x".repeat(100) })).await.expect_err("long").0, 413);
}

/// Promise of [`MockApixo`] in memory: the same run, to the millisecond, without waiting.
#[tokio::test(start_paused = true)]
async fn a_mock_in_memory_is_in_the_time_of_tokio() {
    let mock = MockApixo::builder().start_in_memory().expect("in memory");
    assert_eq!(mock.base_url(), "http://mock");
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let mut stream = mock.connect().await.expect("it listens");
    stream.write_all(b"GET /nothing HTTP/1.0\r\n\r\n").await.expect("room");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert_eq!(mock.requests().entries()[0].at_ms, 3_600_000.0);
    assert!(MockApixo::builder().time_scale(2.0).start_in_memory().is_err());
    assert!(MockApixo::builder().time_scale(f64::NAN).start().await.is_err());
}

/// Bytes that begin like requests, with bytes changed, left out, put in and cut off.
fn any_head() -> impl Strategy<Value = Vec<u8>> {
    let request = prop::sample::select(vec![
        "POST /api/v1/generateTask/sora-2 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Length: 24\r\n\r\n{\"input\":{\"prompt\":\"x\"}}",
        "POST /__admin/stubs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{\"model\":\"sora-2\"}\r\n0\r\n\r\n",
        "GET /api/v1/statusTask/sora-2?taskId=x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n\r\n",
        "OPTIONS /output/x/0.png HTTP/1.0\r\nExpect: 100-continue\r\nOrigin: null\r\n\r\n",
    ]);
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..4);
    (request, prop::collection::vec(change, 0..4), prop::option::of(any::<prop::sample::Index>())).prop_map(
        |(request, changes, cut)| {
            let mut bytes = request.as_bytes().to_vec();
            for (at, byte, how) in changes {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.extend_from_within(at..),
                }
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        },
    )
}

/// Read once: a scenario takes longer to read than a request to answer.
static WORLD: LazyLock<World> = LazyLock::new(|| calm_world().expect("a shipped scenario"));

proptest! {
    #![proptest_config(crate::soak::cases(256))]

    /// Promise: whatever comes over a connection, it is answered in HTTP with JSON, or the connection just ends.
    #[test]
    fn any_bytes_get_the_envelope_or_a_clean_close(bytes in any_head()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let memory = MemoryNetwork::default();
            let settings = Settings { network: Transport::Memory(memory.clone()), ..Settings::new(Clock::paused()) };
            let (server, listener) = (Server::new(WORLD.clone(), settings), Listener::Memory(memory.listen("mock:80")));
            tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
            let mut stream = memory.connect("mock:80").expect("it listens");
            // What it no longer wants to read is not an answer.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer).await;
            prop_assert!(read.is_ok(), "{:?}", read);
            let answer = String::from_utf8(answer).expect("text");
            let mut rest = answer.as_str();
            while !rest.is_empty() {
                let (head, after) = rest.split_once("\r\n\r\n").expect("a whole head");
                prop_assert!(head.starts_with("HTTP/1."), "{}", head);
                let status: u16 = head[9..12].parse().expect("a status");
                let length = head.to_lowercase().split("content-length: ").nth(1).and_then(|rest| {
                    rest.lines().next()?.parse::<usize>().ok()
                });
                let (body, next) = after.split_at(length.unwrap_or(0));
                if status >= 400 && !body.is_empty() {
                    let body: Value = serde_json::from_str(body).expect("JSON");
                    prop_assert_eq!(&body["code"], &json!(status));
                }
                rest = next;
            }
            Ok(())
        })?;
    }
}
