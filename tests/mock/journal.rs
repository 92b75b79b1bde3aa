//! What the mock knows of requests that nobody answered, and what a reset leaves of anything.

use pollbench::net::clock::Clock;
use pollbench::net::memory::{MemoryNetwork, MemoryStream};
use pollbench::net::stream::{Listener, Transport};
use pollbench::scenario::rules::from_json;
use pollbench::server::{JournalEntry, Server, Settings, Stub, Unanswered, World};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::fault::{Fault, FaultRules, Kind};
use pollbench::world::model::Model;
use pollbench::world::network::Network as Travel;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const SECOND: Micros = Micros::from_secs(1);
const MS: Micros = Micros::from_millis(1);

/// A mock whose only model takes ten seconds, 100 ms away, on a paused clock in memory.
struct Place {
    server: Server,
    memory: MemoryNetwork,
    clock: Clock,
}

fn place(faults: &Value) -> Place {
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let models = vec![Model::plain("flux-2", Distribution::constant(SECOND * 10))];
    let network = Travel { rtt: Distribution::constant(MS * 100), ..Travel::none() };
    let world = World { faults: rules(faults), network: Arc::new(network), ..World::calm(models, 1) };
    let server =
        Server::new(world, Settings { network: Transport::Memory(memory.clone()), ..Settings::new(clock.clone()) });
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    Place { server, memory, clock }
}

fn rules(faults: &Value) -> FaultRules {
    from_json(faults, &["flux-2".to_owned()]).expect("valid rules")
}

impl Place {
    async fn send(&self, method: &str, path: &str, body: &str) -> MemoryStream {
        let mut stream = self.memory.connect("mock:80").expect("it listens");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("room");
        stream
    }

    async fn submit(&self, callback: Option<&str>) -> MemoryStream {
        let body = match callback {
            None => json!({ "input": { "prompt": "x" } }),
            Some(url) => {
                json!({ "request_type": "callback", "callback_url": url, "input": { "prompt": "x" } })
            }
        };
        self.send("POST", "/api/v1/generateTask/flux-2", &body.to_string()).await
    }

    async fn poll(&self, id: &str) -> MemoryStream {
        self.send("GET", &format!("/api/v1/statusTask/flux-2?taskId={id}"), "").await
    }

    /// Lets what is on its way arrive.
    async fn settle(&self) {
        let now = self.clock.now();
        self.clock.sleep_until(now + SECOND).await;
    }

    /// The id of a task that is there.
    async fn task(&self) -> String {
        let answer = rest(self.submit(None).await).await;
        answer.split("\"taskId\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned()
    }

    async fn admin(&self, method: &str, path: &str) -> String {
        let answer = rest(self.send(method, &format!("/__admin/{path}"), "").await).await;
        answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
    }

    /// Requests and deliveries that are counted.
    async fn counted(&self) -> u64 {
        let metrics = self.admin("GET", "metrics").await;
        let lines = metrics.lines().filter(|line| line.starts_with("pollbench_requests_total{"));
        lines.map(|line| line.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok()).expect("a number")).sum()
    }

    /// What is true of the tasks, but for their ids.
    async fn tasks(&self) -> Vec<Value> {
        let tasks: Value = serde_json::from_str(&self.admin("GET", "tasks").await).expect("JSON");
        let mut tasks = tasks["tasks"].as_array().expect("tasks").clone();
        for task in &mut tasks {
            task["id"] = Value::Null;
        }
        tasks
    }
}

/// What comes until the connection ends, well or badly.
async fn rest(mut stream: MemoryStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("text")
}

type Seen = (&'static str, Option<u16>, Option<Unanswered>, Option<&'static str>, bool);

fn seen(entry: &JournalEntry) -> Seen {
    (entry.route, entry.status, entry.unanswered, entry.fault, entry.task.is_some())
}

/// The examples that the promise below was broken by.
#[tokio::test(start_paused = true)]
async fn what_got_no_answer_is_in_the_journal_with_its_reason() {
    let stall = |route: &str, exists: bool| json!([{ "kind": "stall", "probability": 1.0, "route": [route], "task_exists": exists }]);
    let place = place(&json!([]));
    let id = place.task().await;
    place.server.set_faults(rules(&json!([{ "kind": "stall", "probability": 1.0 }])));
    let stalled = place.poll(&id).await;
    place.settle().await;
    place.server.set_faults(rules(&stall("submit", true)));
    let stalled_submit = place.submit(None).await;
    place.settle().await;
    drop((stalled, stalled_submit));
    place.server.set_faults(rules(&json!([])));
    // It gives up before its submit has arrived, which makes a task all the same.
    let impatient = place.submit(None).await;
    let now = place.clock.now();
    place.clock.sleep_until(now + MS * 20).await;
    drop(impatient);
    place.settle().await;
    place.server.set_faults(rules(&json!([{ "kind": "reset", "probability": 1.0 }])));
    rest(place.poll(&id).await).await;
    let mut garbage = place.memory.connect("mock:80").expect("it listens");
    garbage.write_all(b"\x01\x02\r\n\r\n").await.expect("room");
    assert!(rest(garbage).await.starts_with("HTTP/1.1 400"));
    let journal: Vec<Seen> = place.server.journal().iter().map(seen).collect();
    assert_eq!(
        journal,
        [
            ("submit", Some(200), None, None, true),
            ("status", None, Some(Unanswered::Stalled), Some("stall"), true),
            ("submit", None, Some(Unanswered::Stalled), Some("stall"), true),
            ("submit", None, Some(Unanswered::ClientGone), None, true),
            ("status", None, Some(Unanswered::Reset), Some("reset"), true),
            ("connection", Some(400), None, None, false),
        ]
    );
    assert_eq!((place.counted().await, place.tasks().await.len()), (6, 3));
}

#[tokio::test(start_paused = true)]
async fn the_journal_filters_by_task_route_fault_and_time() {
    let place = place(&json!([]));
    let (one, two) = (place.task().await, place.task().await);
    let stub = Stub::success("flux-2", SECOND).reply(0, Fault::of(Kind::NullData));
    place.server.stub(stub).expect("a model");
    let three = place.task().await;
    for id in [&one, &two, &three, &three] {
        rest(place.poll(id).await).await;
    }
    let waiting = place.poll(&one).await;
    let now = place.clock.now();
    place.clock.sleep_until(now + MS).await;
    let middle = place.server.journal()[3].at_ms;
    for (query, count) in [
        (String::new(), 8),
        (format!("?task={one}"), 3),
        (format!("?task={three}&route=status"), 2),
        ("?route=submit".to_owned(), 3),
        ("?fault=null-data".to_owned(), 1),
        ("?fault=*".to_owned(), 1),
        ("?fault=reset".to_owned(), 0),
        (format!("?from_ms={middle}"), 5),
        (format!("?to_ms={middle}"), 3),
        (format!("?from_ms={middle}&to_ms={middle}"), 0),
    ] {
        let journal: Value = serde_json::from_str(&place.admin("GET", &format!("journal{query}")).await).expect("JSON");
        assert_eq!(journal["entries"].as_array().map(Vec::len), Some(count), "{query}: {journal}");
        assert_eq!(journal["dropped"], 0);
    }
    let open: Value = serde_json::from_str(&place.admin("GET", "journal").await).expect("JSON");
    assert_eq!((&open["entries"][7]["unanswered"], &open["entries"][7]["status"]), (&json!("open"), &Value::Null));
    drop(waiting);
    for wrong in ["?rout=submit", "?route=submits", "?fault=resets", "?from_ms=soon", "?to_ms=NaN", "?task=%ff"] {
        let answer: Value = serde_json::from_str(&place.admin("GET", &format!("journal{wrong}")).await).expect("JSON");
        assert_eq!(answer["code"], 400, "{wrong}");
    }
}

/// A journal longer than one piece of its text, some of it no longer kept.
#[tokio::test(start_paused = true)]
async fn a_long_journal_is_told_whole() {
    let place = place(&json!([]));
    for _ in 0..1_300 {
        rest(place.send("GET", "/api/v1/apikeys/current-balance", "").await).await;
    }
    place.admin("DELETE", "journal").await;
    assert_eq!(place.admin("GET", "journal").await, r#"{"entries":[],"dropped":0}"#);
    for _ in 0..1_300 {
        rest(place.send("GET", "/api/v1/apikeys/current-balance", "").await).await;
    }
    let journal: Value = serde_json::from_str(&place.admin("GET", "journal").await).expect("JSON");
    let entries = journal["entries"].as_array().expect("entries");
    assert!(entries.iter().zip(1_300..).all(|(entry, index)| entry["index"] == index) && entries.len() == 1_300);
}

fn any_rule() -> impl Strategy<Value = Value> {
    let kind =
        prop::sample::select(vec!["reset", "stall", "status", "null-data", "outage", "rate-limit", "stale-read"]);
    (kind, any::<bool>(), any::<bool>()).prop_map(|(kind, exists, submits)| {
        let route = if submits && kind != "stale-read" { "submit" } else { "status" };
        match kind {
            "outage" => json!({ "kind": kind, "models": ["flux-2"], "during": { "from": "1s", "for": "2s" } }),
            "rate-limit" => json!({ "kind": kind, "rate_per_s": 0.5, "burst": 2, "route": [route] }),
            "stale-read" => json!({ "kind": kind, "probability": 0.3 }),
            "status" => json!({ "kind": kind, "probability": 0.3, "code": 503, "route": [route] }),
            kind if route == "submit" => {
                json!({ "kind": kind, "probability": 0.3, "route": [route], "task_exists": exists })
            }
            kind => json!({ "kind": kind, "probability": 0.3, "route": [route] }),
        }
    })
}

/// A client: when it comes, how long it waits, and what it wants.
#[derive(Debug, Clone, Copy)]
struct Visitor {
    at: Micros,
    patience: Micros,
    wants: Want,
}

#[derive(Debug, Clone, Copy)]
enum Want {
    Submit,
    Callback,
    Poll,
    Balance,
    Nothing,
}

fn any_visitors() -> impl Strategy<Value = Vec<Visitor>> {
    let want =
        prop::sample::select(vec![Want::Submit, Want::Callback, Want::Poll, Want::Poll, Want::Balance, Want::Nothing]);
    let visitor = (0_u64..5_000, prop::sample::select(vec![0_u64, 20, 50, 70, 100, 3_000, 3_600_000]), want);
    let visitor = visitor.prop_map(|(at, patience, wants)| Visitor { at: MS * at, patience: MS * patience, wants });
    prop::collection::vec(visitor, 0..12)
}

impl Place {
    /// Lets visitors come and go; all have gone in the end, unless it ends before. Who polls asks for the latest task.
    async fn visit(&self, visitors: &[Visitor]) {
        let start = self.clock.now();
        let visits = visitors.iter().map(|visitor| async move {
            self.clock.sleep_until(start + visitor.at).await;
            let stream = match visitor.wants {
                Want::Submit => self.submit(None).await,
                Want::Callback => self.submit(Some("http://client/hook")).await,
                Want::Poll => self.poll(&self.latest()).await,
                Want::Balance => self.send("GET", "/api/v1/apikeys/current-balance", "").await,
                Want::Nothing => self.send("GET", "/nothing", "").await,
            };
            tokio::select! {
                biased;
                _ = rest(stream) => {}
                () = self.clock.sleep_until(start + visitor.at + visitor.patience) => {}
            }
        });
        futures_join(visits).await;
    }

    /// The id of the latest task.
    fn latest(&self) -> String {
        self.server.journal().into_iter().rev().find_map(|entry| entry.task).unwrap_or_default()
    }

    /// A receiver of webhooks that says 200, and the ids that it was told of.
    fn receive(&self) -> Arc<Mutex<Vec<String>>> {
        let (ids, mut listener) = (Arc::new(Mutex::new(Vec::new())), self.memory.listen("client:80"));
        let told = Arc::clone(&ids);
        tokio::spawn(async move {
            while let Some(mut stream) = listener.accept().await {
                let (mut letter, mut chunk) = (String::new(), [0; 4_096]);
                while !letter.ends_with("}}") {
                    let read = stream.read(&mut chunk).await.expect("a letter");
                    letter.push_str(std::str::from_utf8(&chunk[..read]).expect("text"));
                }
                let id = letter.split("\"taskId\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
                told.lock().expect("nobody panics").push(id.to_owned());
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("room");
            }
        });
        ids
    }
}

/// Waits for all of them.
async fn futures_join(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

proptest! {
    #![proptest_config(crate::soak::cases(128))]

    /// Promise: what reached the server is in the journal and in the counters, once, with a status or a reason; and
    /// whoever made a task is there with it.
    #[test]
    fn every_request_is_in_the_journal_once(
        faults in prop::collection::vec(any_rule(), 0..3), visitors in any_visitors()
    ) {
        paused(async {
            let place = place(&json!([]));
            place.task().await;
            place.receive();
            place.server.set_faults(rules(&Value::from(faults)));
            place.visit(&visitors).await;
            place.clock.sleep_until(SECOND * 7_200).await;
            let journal = place.server.journal();
            let (letters, requests): (Vec<_>, Vec<_>) = journal.iter().partition(|entry| entry.route == "webhook");
            prop_assert_eq!(requests.len(), 1 + visitors.len());
            prop_assert_eq!(place.counted().await, journal.len() as u64);
            for entry in &journal {
                prop_assert!(entry.status.is_some() != entry.unanswered.is_some(), "{:?}", entry);
                prop_assert!(entry.unanswered != Some(Unanswered::Open), "{:?}", entry);
            }
            let makers = requests.iter().filter(|entry| entry.route == "submit" && entry.task.is_some()).count();
            prop_assert_eq!(makers, place.tasks().await.len());
            prop_assert!(letters.iter().all(|letter| letter.status == Some(200)));
            prop_assert!(place.admin("GET", "metrics").await.contains("pollbench_requests_open 0\n"));
            Ok(())
        })?;
    }

    /// Promise: after a reset everything is as at the start, whatever was there and under way.
    #[test]
    fn nothing_from_before_a_reset_is_seen_after_it(
        first in prop::collection::vec(any_rule(), 0..2),
        then in prop::collection::vec(any_rule(), 0..2),
        visitors in any_visitors(),
        at in prop::sample::select(vec![0_u64, 1_000, 2_500, 5_050, 9_000, 10_100, 12_000]),
    ) {
        paused(async {
            let (first, then) = (Value::from(first), Value::from(then));
            let (place, fresh) = (place(&first), place(&first));
            let letters = place.receive();
            place.server.set_faults(rules(&then));
            place.server.stub(Stub::failed("flux-2", SECOND, "OLD", "old")).expect("a model");
            place.server.stub(Stub::failed("flux-2", SECOND, "OLD", "old")).expect("a model");
            let start = place.clock.now();
            tokio::select! {
                biased;
                () = place.visit(&visitors) => {}
                () = place.clock.sleep_until(start + MS * at) => {}
            }
            // What was just sent reaches the server first.
            let now = place.clock.now();
            place.clock.sleep_until(now + Micros::new(1)).await;
            place.server.reset();
            letters.lock().expect("nobody panics").clear();
            // The same visitors meet the same in a server that has just started.
            let since = place.clock.now();
            let (told, expected) = (place.receive(), fresh.receive());
            place.visit(&visitors).await;
            place.clock.sleep_until(since + SECOND * 7_200).await;
            fresh.server.reset();
            let since = fresh.clock.now();
            fresh.visit(&visitors).await;
            fresh.clock.sleep_until(since + SECOND * 7_200).await;
            let known = |place: &Place| {
                let journal = place.server.journal();
                journal.into_iter().map(|entry| (entry.index, entry.at_ms, seen(&entry))).collect::<Vec<_>>()
            };
            prop_assert_eq!(known(&place), known(&fresh));
            prop_assert_eq!(place.server.fired(), fresh.server.fired());
            prop_assert_eq!(place.tasks().await, fresh.tasks().await);
            // Connections outlive a reset.
            let counted = async |place: &Place| {
                let metrics = place.admin("GET", "metrics").await;
                metrics.lines().filter(|line| !line.starts_with("pollbench_connections ")).collect::<Vec<_>>().join("\n")
            };
            prop_assert_eq!(counted(&place).await, counted(&fresh).await);
            let (told, expected) = (told.lock().expect("nobody panics").len(), expected.lock().expect("fine").len());
            prop_assert_eq!(told, expected);
            prop_assert!(letters.lock().expect("nobody panics").is_empty());
            Ok(())
        })?;
    }
}
