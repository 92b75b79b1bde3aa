//! The async client on a paused clock, against the mock in memory: what it asks and when, and what it tells.

use futures_util::StreamExt as _;
use pollbench::client::{Client, Event, State, Submission, SubmitError, TaskSet, WaitError, WebhookReceiver};
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::stream::{Listener, Transport};
use pollbench::scenario::rules::from_json;
use pollbench::server::{Server, Settings, Stub, World};
use pollbench::strategy::composition::{Limiter, Schedule, Strategy};
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::fault::{ErrorCode, Fault, Kind, RetryAdvice};
use pollbench::world::model::Model;
use serde_json::json;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const SECOND: Micros = Micros::from_secs(1);

struct Place {
    client: Client,
    server: Server,
    memory: MemoryNetwork,
    clock: Clock,
}

/// A mock and a client on one paused clock.
fn place() -> Place {
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let network = Transport::Memory(memory.clone());
    let models = ["sora-2", "flux-2"].map(|name| Model::plain(name, Distribution::constant(SECOND * 94)));
    let settings = Settings { network: network.clone(), ..Settings::new(clock.clone()) };
    let server = Server::new(World::calm(models.into(), 1), settings);
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let client = Client::builder("http://mock/api/v1/", "secret-key").clock(clock.clone()).network(network).build();
    Place { client: client.expect("a valid client"), server, memory, clock }
}

impl Place {
    async fn submit(&self, stub: Stub) -> String {
        let model = stub.model.clone();
        self.server.stub(stub).expect("a model");
        self.client.submit(&model, &prompt()).await.expect("accepted")
    }

    /// Instants of status requests so far, in seconds.
    fn asked(&self) -> Vec<f64> {
        let journal = self.server.journal();
        journal.iter().filter(|entry| entry.route == "status").map(|entry| entry.at_ms / 1e3).collect()
    }
}

fn prompt() -> Submission {
    Submission::new(json!({ "prompt": "a lighthouse" }))
}

fn limiter(at_once: u32, rate_per_s: f64) -> Limiter {
    let at_once = NonZeroU32::new(at_once).expect("some");
    Limiter::new(at_once, rate_per_s, NonZeroU32::MIN).expect("a positive rate")
}

fn strategy(name: &str) -> Strategy {
    preset(name).expect("a shipped preset")
}

#[tokio::test(start_paused = true)]
async fn a_wait_asks_at_the_documented_instants() {
    let place = place();
    let id = place.submit(Stub::success("sora-2", SECOND * 94)).await;
    let finished = place.client.task("sora-2", &id).wait(strategy("adaptive")).await.expect("it succeeds");
    assert_eq!(place.asked(), [60.0, 75.0, 90.0, 105.0]);
    assert_eq!((finished.context.polls, finished.context.elapsed), (4, SECOND * 105));
    assert_eq!(finished.urls, [format!("http://mock/output/{id}/0.mp4")]);
}

#[tokio::test(start_paused = true)]
async fn events_tell_the_whole_story_and_the_end_comes_last() {
    let place = place();
    let id = place.submit(Stub::failed("flux-2", SECOND * 12, "NSFW", "no").reply(0, Fault::of(Kind::Reset))).await;
    let events: Vec<Event> =
        place.client.task("flux-2", &id).wait(strategy("adaptive-hardened")).events().collect().await;
    let told: Vec<String> = events
        .iter()
        .map(|event| match event {
            Event::Due { at } => format!("due {at}"),
            Event::Sent { number, at } => format!("sent {number} {at}"),
            Event::Heard { worth, error, .. } => format!("{worth:?} {}", error.as_deref().unwrap_or("")),
            Event::StateChanged { from, to } => format!("{from:?} {to:?}"),
            Event::Ended(end) => format!("{}", end.as_ref().as_ref().expect_err("it fails")),
            other => format!("{other:?}"),
        })
        .collect();
    let end = format!("task {id} failed after 2 polls: NSFW: no");
    assert_eq!(
        told,
        [
            "due 10s",
            "sent 0 10s",
            "Failed connection reset",
            "due 15s",
            "sent 1 15s",
            "Useful ",
            "None Failed",
            end.as_str()
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn errors_say_what_to_do_next() {
    let place = place();
    let client = &place.client;
    let id = place.submit(Stub::success("sora-2", Micros::NEVER)).await;
    let gave_up = client.task("sora-2", &id).wait(strategy("basic-hardened")).await.expect_err("it never ends");
    assert!(
        matches!(&gave_up, WaitError::GaveUp { context } if context.last_state == Some(State::Processing)),
        "{gave_up}"
    );
    let id = place
        .submit(
            Stub::success("sora-2", SECOND)
                .reply(0, Fault::http(ErrorCode::new(403).expect("an error"), RetryAdvice::Absent)),
        )
        .await;
    let refused = client.task("sora-2", &id).wait(strategy("basic-hardened")).await.expect_err("forbidden");
    assert!(matches!(refused, WaitError::BadRequest { status: 403, .. }), "{refused}");
    let id = place.submit(Stub::success("sora-2", SECOND).reply(0, Fault::of(Kind::Reset))).await;
    let lost = client.task("sora-2", &id).wait(strategy("basic")).await.expect_err("a reset ends it");
    assert!(matches!(&lost, WaitError::CouldNotAsk { context } if context.task == id), "{lost}");
    let id = place.submit(Stub::success("sora-2", SECOND * 50)).await;
    let clock = place.clock;
    let until = clock.now() + SECOND * 7;
    let wait = client.task("sora-2", &id).wait(strategy("basic")).until(async move { clock.sleep_until(until).await });
    let cancelled = wait.await.expect_err("cancelled");
    assert!(matches!(&cancelled, WaitError::Cancelled { context } if context.polls == 3), "{cancelled}");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_request_ends_with_its_timeout_and_retry_after_is_obeyed() {
    let place = place();
    let limited = Fault::http(ErrorCode::TOO_MANY_REQUESTS, RetryAdvice::Exactly(20));
    let id =
        place.submit(Stub::success("sora-2", SECOND * 30).reply(0, Fault::of(Kind::Stall)).reply(1, limited)).await;
    place.client.task("sora-2", &id).wait(strategy("basic-hardened")).await.expect("it succeeds");
    // The attempt timeout is 10 s, the interval 3 s.
    assert_eq!(place.asked(), [0.0, 13.0, 33.0]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_asks_no_more() {
    let place = place();
    let id = place.submit(Stub::success("sora-2", Micros::NEVER)).await;
    let mut events = place.client.task("sora-2", &id).wait(strategy("basic")).events();
    while !matches!(events.next().await, Some(Event::Heard { number: 2, .. })) {}
    drop(events);
    place.clock.sleep_until(SECOND * 3_600).await;
    assert_eq!(place.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_ends_a_wait_once_and_polls_stand_in_for_it() {
    let place = place();
    let listener = Listener::Memory(place.memory.listen("client:80"));
    let receiver = WebhookReceiver::serve(listener, "http://client/hook");
    let twice = json!([{ "kind": "duplicated", "probability": 1.0, "after": "5s" }]);
    place.server.set_faults(from_json(&twice, &[]).expect("valid"));
    let submission = prompt().callback(receiver.url());
    let id = place.client.submit("sora-2", &submission).await.expect("accepted");
    let handle = || place.client.task("sora-2", &id).with_webhooks(&receiver);
    let finished = handle().wait(strategy("webhook-hybrid")).await.expect("it succeeds");
    assert_eq!(finished.context.elapsed, SECOND * 94);
    place.clock.sleep_until(SECOND * 200).await;
    assert_eq!(receiver.deliveries(&id), 2);
    // News are kept for whoever asks later.
    let polls = place.asked().len();
    handle().wait(strategy("webhook")).await.expect("it is known");
    assert_eq!(place.asked().len(), polls);
    // Nobody tells of this one.
    let silent = place.client.submit("sora-2", &prompt()).await.expect("accepted");
    let silent = place.client.task("sora-2", &silent).with_webhooks(&receiver).wait(strategy("webhook-hybrid")).await;
    assert!(silent.expect("it is polled").context.polls > 0);
}

#[tokio::test(start_paused = true)]
async fn a_set_keeps_its_limit_and_one_failure_touches_no_other() {
    let place = place();
    let limiter = limiter(8, 20.0);
    let (sent, basic) = (Arc::new(Mutex::new(Vec::new())), strategy("basic"));
    let seen = Arc::clone(&sent);
    let mut set = TaskSet::new(&place.client, &basic, Some(limiter)).capacity(50).on_event(move |_, event| {
        if let Event::Sent { at, .. } = event {
            seen.lock().expect("no panic").push(*at);
        }
    });
    let mut failing = None;
    for n in 0..200 {
        let stub = Stub::success("sora-2", SECOND * 9);
        let id = place.submit(if n == 7 { stub.reply(0, Fault::of(Kind::Reset)) } else { stub }).await;
        failing = if n == 7 { Some(id.clone()) } else { failing };
        set.push("sora-2", &id).await;
        assert!(set.len() <= 50);
    }
    let mut results = Vec::new();
    while let Some((entry, result)) = set.next().await {
        results.push((entry.id, result.is_ok()));
    }
    assert_eq!(results.len(), 200);
    assert!(results.iter().all(|(id, is_ok)| *is_ok != (Some(id) == failing.as_ref())));
    let sent = sent.lock().expect("no panic").clone();
    assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= Micros::from_millis(50)), "20 a second");
}

/// Its place in the set goes to the next task; its place in the queue of the limit must not.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_cancelled_while_it_is_held_back_leaves_nothing_behind() {
    let place = place();
    let limiter = limiter(1, 0.1);
    let (sent, mut paces) = (Arc::new(Mutex::new(Vec::new())), strategy("basic"));
    paces.per_model.insert("sora-2".to_owned(), strategy("adaptive").pace("sora-2").clone());
    let seen = Arc::clone(&sent);
    let mut set = TaskSet::new(&place.client, &paces, Some(limiter)).on_event(move |key, event| {
        if let Event::Sent { at, .. } = event {
            seen.lock().expect("no panic").push((key, *at));
        }
    });
    let [one, two] =
        [place.submit(Stub::success("flux-2", SECOND * 5)).await, place.submit(Stub::success("flux-2", SECOND)).await];
    let late = place.submit(Stub::success("sora-2", SECOND)).await;
    set.push("flux-2", &one).await;
    let held_back = set.push("flux-2", &two).await;
    tokio::select! {
        _ = set.next() => panic!("nothing has ended yet"),
        () = place.clock.sleep_until(SECOND) => {}
    }
    assert!(set.cancel(held_back) && !set.cancel(held_back));
    let last = set.push("sora-2", &late).await;
    let mut ended = Vec::new();
    while let Some((entry, _)) = set.next().await {
        ended.push(entry.id);
    }
    assert_eq!(ended, [one, late]);
    let sent = sent.lock().expect("no panic").clone();
    assert!(sent.iter().all(|(key, at)| *key != held_back && (*key != last || *at >= SECOND * 61)), "{sent:?}");
}

/// One poll in ten seconds: the second task's turn is the third one's.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_cancelled_while_it_is_held_back_takes_no_turn() {
    let place = place();
    let limiter = limiter(8, 0.1);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(place.submit(Stub::success("flux-2", SECOND)).await);
    }
    // The first poll is due at once.
    let mut at_once = strategy("basic");
    at_once.pace.schedule = Schedule::fixed(Micros::ZERO, SECOND * 30).expect("an interval");
    let mut set = TaskSet::new(&place.client, &at_once, Some(limiter));
    let mut keys = Vec::new();
    for id in &ids {
        keys.push(set.push("flux-2", id).await);
    }
    tokio::select! {
        _ = set.next() => panic!("nothing has ended yet"),
        () = place.clock.sleep_until(SECOND * 5) => {}
    }
    assert!(set.cancel(keys[1]));
    let (entry, result) = set.next().await.expect("two are left");
    result.expect("it succeeds");
    assert_eq!((entry.key, place.asked()), (keys[2], vec![0.0, 10.0]));
}

#[tokio::test(start_paused = true)]
async fn a_submit_whose_answer_is_lost_is_unknown_and_never_repeated() {
    let place = place();
    for (rule, unknown) in [
        (json!([{ "kind": "reset", "probability": 1.0, "route": ["submit"], "task_exists": true }]), true),
        (json!([{ "kind": "outage", "during": { "for": "1h" } }]), false),
        (json!([{ "kind": "status", "code": 503, "probability": 1.0, "route": ["submit"] }]), false),
        (json!([{ "kind": "status", "code": 504, "probability": 1.0, "route": ["submit"] }]), true),
        (json!([{ "kind": "null-data", "probability": 1.0, "route": ["submit"], "task_exists": true }]), true),
    ] {
        place.server.reset();
        place.server.set_faults(from_json(&rule, &[]).expect("valid"));
        let error = place.client.submit("sora-2", &prompt()).await.expect_err("struck");
        assert_eq!(matches!(error, SubmitError::Unknown { .. }), unknown, "{rule}: {error:?}");
        assert_eq!(place.server.journal().len(), 1, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_in_no_message_and_a_bad_one_is_refused() {
    let place = place();
    assert!(!format!("{:?}{:?}", place.client, Client::builder("http://x", "secret-key")).contains("secret-key"));
    for (url, key) in [
        ("", "k"),
        ("mock", "k"),
        ("ftp://mock", "k"),
        ("http://", "k"),
        ("http://x?y", "k"),
        ("http://x", ""),
        ("http://x", "a\nb"),
    ] {
        let error = Client::new(url, key).expect_err("invalid").to_string();
        assert!(!error.contains('\n') && !error.is_empty(), "{url}");
    }
    assert_eq!(place.client.balance().await.expect("a number"), 100.0);
}

/// Over a connection that was kept from an earlier request and dies with the submit, where HTTP clients like to try again.
#[tokio::test]
async fn a_submit_that_a_dying_connection_carried_is_sent_once() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            while let Ok(read @ 1..) = stream.read(&mut request).await {
                let is_submit = request[..read].starts_with(b"POST");
                hears.lock().expect("no panic").push(is_submit);
                if is_submit {
                    break;
                }
                let body = r#"{"code":200,"message":"success","data":1.5}"#;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.expect("room");
            }
        }
    });
    let client = Client::new(&base, "key").expect("a valid client");
    assert_eq!(client.balance().await.expect("a number"), 1.5);
    let error = client.submit("sora-2", &prompt()).await.expect_err("no answer");
    assert!(matches!(error, SubmitError::Unknown { .. }), "{error:?}");
    assert_eq!(*heard.lock().expect("no panic"), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_nobody_could_tell_ends_at_once() {
    let (place, webhook) = (place(), strategy("webhook"));
    let id = place.submit(Stub::success("sora-2", SECOND)).await;
    let alone = place.client.task("sora-2", &id).wait(webhook.clone()).await;
    assert!(matches!(alone, Err(WaitError::Untold { .. })), "{alone:?}");
    let mut set = TaskSet::new(&place.client, &webhook, None);
    let key = set.push("sora-2", &id).await;
    let (entry, result) = set.next().await.expect("it is over");
    assert_eq!((entry.key, entry.id), (key, id.clone()));
    assert!(matches!(result, Err(WaitError::Untold { .. })), "{result:?}");
    assert!(set.next().await.is_none() && place.asked().is_empty());
    // One that also polls only polls.
    let hybrid = strategy("webhook-hybrid");
    let mut set = TaskSet::new(&place.client, &hybrid, None);
    set.push("sora-2", &id).await;
    assert!(set.next().await.expect("it is over").1.is_ok());
}

/// At most 10 at once and 50 a second, whether the limiter is given or not.
#[tokio::test(start_paused = true)]
async fn a_set_takes_the_limiter_of_its_strategy() {
    let (place, hardened) = (place(), strategy("concurrent-hardened"));
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let mut set = TaskSet::new(&place.client, &hardened, None).on_event(move |_, event| {
        if let Event::Sent { at, .. } = event {
            seen.lock().expect("no panic").push(*at);
        }
    });
    for _ in 0..100 {
        let id = place.submit(Stub::success("flux-2", SECOND)).await;
        set.push("flux-2", &id).await;
    }
    while let Some((_, result)) = set.next().await {
        assert!(result.is_ok());
    }
    let sent = sent.lock().expect("no panic").clone();
    assert!(sent.len() >= 100);
    assert!(sent.windows(11).all(|some| some[10] - some[0] >= Micros::from_millis(20)), "{sent:?}");
    assert!(sent.windows(60).all(|some| some[59] - some[0] >= Micros::from_millis(980)), "{sent:?}");
}

/// News are believed from who knows the receiver's whole URL.
#[tokio::test(start_paused = true)]
async fn a_delivery_without_the_key_is_refused() {
    let place = place();
    let receiver = WebhookReceiver::serve(Listener::Memory(place.memory.listen("client:80")), "http://client/hook/");
    let key = receiver.url().strip_prefix("http://client/hook/").expect("under the path that was given");
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let other = WebhookReceiver::serve(Listener::Memory(place.memory.listen("other:80")), "http://other");
    assert_ne!(other.url().rsplit('/').next(), Some(key));
    for url in ["http://client/hook", "http://client/hook/0123456789abcdef0123456789abcdef", "http://client/"] {
        let id = place.client.submit("sora-2", &prompt().callback(url)).await.expect("accepted");
        let told = place.client.task("sora-2", &id).with_webhooks(&receiver).wait(strategy("webhook-hybrid")).await;
        assert!(told.expect("it is polled").context.polls > 0);
        assert_eq!(receiver.deliveries(&id), 0, "{url}");
    }
}
