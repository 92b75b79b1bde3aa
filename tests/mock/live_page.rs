//! What an operator watches: the live page, the events behind it, and metrics.

use pollbench::mock::MockApixo;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn connect(mock: &MockApixo) -> TcpStream {
    TcpStream::connect(mock.base_url().trim_start_matches("http://")).await.expect("it listens")
}

async fn send(mock: &MockApixo, request: &str) -> TcpStream {
    let mut stream = connect(mock).await;
    stream.write_all(request.as_bytes()).await.expect("room");
    stream
}

/// The whole answer to a request on a connection of its own.
async fn ask(mock: &MockApixo, method: &str, path: &str, headers: &str, body: &str) -> String {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let mut answer = Vec::new();
    send(mock, &request).await.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

const HERE: &str = "Host: localhost\r\n";
const KEY: &str = "Host: localhost\r\nAuthorization: Bearer k\r\n";

/// A page that watches.
struct Watcher {
    stream: TcpStream,
    text: String,
}

impl Watcher {
    async fn new(mock: &MockApixo) -> Self {
        let stream = send(mock, &format!("GET /__admin/events HTTP/1.1\r\n{HERE}\r\n")).await;
        Self { stream, text: String::new() }
    }

    /// The next event; `None` where the stream has ended.
    async fn tick(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                let rest = rest.to_owned();
                self.text = rest;
                if let Some(data) = data {
                    return Some(serde_json::from_str(&data).expect("JSON"));
                }
                continue;
            }
            // The last chunk of the answer: the connection is kept for others.
            if self.text.ends_with("0\r\n\r\n") {
                return None;
            }
            let mut bytes = vec![0; 1 << 16];
            match self.stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.text += &String::from_utf8_lossy(&bytes[..count]),
            }
        }
    }
}

/// Promise: every request is either told of or counted among those that were left out, and no event tells of more than a
/// page can show.
#[tokio::test]
async fn what_is_left_out_is_counted() {
    let mock = MockApixo::builder().start().await.expect("a free port");
    let mut watcher = Watcher::new(&mock).await;
    assert_eq!(watcher.tick().await.expect("a first event")["skipped"], 0);
    const REQUESTS: u64 = 300;
    let mut stream = connect(&mock).await;
    for _ in 0..REQUESTS {
        let request = format!("GET /api/v1/apikeys/current-balance HTTP/1.1\r\n{KEY}\r\n");
        stream.write_all(request.as_bytes()).await.expect("room");
    }
    let (mut told, mut skipped) = (BTreeSet::new(), 0);
    while told.len() as u64 + skipped < REQUESTS {
        let tick = watcher.tick().await.expect("an event");
        let recent = tick["recent"].as_array().expect("a list");
        assert!(recent.len() <= 80, "{}", recent.len());
        told.extend(recent.iter().map(|entry| entry["index"].as_u64().expect("a number")));
        skipped += tick["skipped"].as_u64().expect("a number");
    }
    assert_eq!(told.len() as u64 + skipped, REQUESTS);
}

#[tokio::test]
async fn a_reset_and_the_end_of_the_server_end_the_stream() {
    let mock = MockApixo::builder().start().await.expect("a free port");
    let mut watcher = Watcher::new(&mock).await;
    watcher.tick().await.expect("a first event");
    ask(&mock, "POST", "/__admin/reset", HERE, "").await;
    while watcher.tick().await.is_some() {}
    let mut watcher = Watcher::new(&mock).await;
    watcher.tick().await.expect("a first event");
    drop(mock);
    while watcher.tick().await.is_some() {}
}

#[tokio::test]
async fn pages_that_watch_are_bounded() {
    let mock = MockApixo::builder().start().await.expect("a free port");
    let mut watchers = Vec::new();
    for _ in 0..16 {
        let mut watcher = Watcher::new(&mock).await;
        watcher.tick().await.expect("room");
        watchers.push(watcher);
    }
    assert!(ask(&mock, "GET", "/__admin/events", HERE, "").await.starts_with("HTTP/1.1 503"));
}

/// Promise: no page from elsewhere, and none that reaches this machine by a name of its own (DNS rebinding), sees anything.
#[tokio::test]
async fn strangers_see_nothing() {
    let mock = MockApixo::builder().start().await.expect("a free port");
    let strangers = [
        "Host: evil.example\r\n",
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
    ];
    for headers in strangers {
        for path in ["", "events", "metrics", "tasks"] {
            let answer = ask(&mock, "GET", &format!("/__admin/{path}"), headers, "").await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{headers} {path}: {answer}");
        }
    }
    let page = ask(&mock, "GET", "/__admin/", HERE, "").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("frame-ancestors 'none'"), "{page:.400}");
    assert!(!page.contains("src=\"http") && page.matches("://").count() == page.matches("http://www.w3.org").count());
}

/// Promise: the text is one that Prometheus reads, whatever models are called; tasks are counted once each.
#[tokio::test]
async fn metrics_can_be_read() {
    let mock = MockApixo::builder().any_model().start().await.expect("a free port");
    let body = r#"{"input":{"prompt":"a cat"}}"#;
    for model in ["sora-2", "sora-2", "a%22b%5Cc%0Ad"] {
        ask(&mock, "POST", &format!("/api/v1/generateTask/{model}"), KEY, body).await;
    }
    let text = ask(&mock, "GET", "/__admin/metrics", HERE, "").await;
    let text = text.split_once("\r\n\r\n").expect("a head").1;
    let mut known = BTreeSet::new();
    let mut buckets = 0;
    let mut last: Option<(String, u64)> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            known.insert(rest.split(' ').next().expect("a name").to_owned());
        }
        if line.starts_with('#') {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().expect("a name");
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(known.contains(family) || known.contains(name), "{line}");
        if name.ends_with("_bucket") {
            buckets += 1;
            let (labels, count) =
                (series.split(",le=").next().expect("labels").to_owned(), value.parse().expect("a count"));
            if let Some((before, least)) = last.filter(|(before, _)| *before == labels) {
                assert!(count >= least, "{before}: {line}");
            }
            last = Some((labels, count));
        }
    }
    assert!(buckets > 12, "{text}");
    for wanted in [
        "pollbench_build_info{version=\"",
        "pollbench_time_scale 1",
        "pollbench_connections ",
        "pollbench_journal_entries ",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let tasks = text.lines().filter(|line| line.starts_with("pollbench_tasks{"));
    let tasks: u64 = tasks.map(|line| line.rsplit(' ').next().expect("a value").parse::<u64>().expect("a count")).sum();
    assert_eq!(tasks, mock_tasks(&mock).await);
}

async fn mock_tasks(mock: &MockApixo) -> u64 {
    let answer = ask(mock, "GET", "/__admin/tasks", HERE, "").await;
    let body = answer.split_once("\r\n\r\n").expect("a head").1;
    serde_json::from_str::<Value>(body).expect("JSON")["total"].as_u64().expect("a number")
}
