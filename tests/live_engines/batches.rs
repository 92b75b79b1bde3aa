//! Batches over the wire: no task is made twice, one answer tells of all, and webhooks are signed.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use pollbench::client::{Batch, Client, InvalidBatch, SubmitError, Unfinished, WebhookReceiver};
use pollbench::mock::world;
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::signature::WebhookSecret;
use pollbench::net::stream::{Listener, Transport};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::server::{Server, Settings};
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tower_service::Service as _;

const MODEL: &str = "flux-2";

/// A mock with these faults, and a client, on one paused clock.
fn place(seed: u64, faults: &str) -> (Server, Client, MemoryNetwork, Clock) {
    let text = format!(
        "schema_version = 1\nname = \"batches\"\nseed = {seed}\ntasks = 1\n\
         [network]\nrtt = \"80ms\"\n[models.{MODEL}]\ncompletion = \"lognormal(median=60s, sigma=0.5)\"\n\
         failure = {{ probability = 0.1, code = \"NO\", message = \"no\", after = \"9s\" }}\n\
         [[strategies]]\npreset = \"basic\"\n{faults}"
    );
    let scenario = Scenario::parse(&text, "batches.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let network = Transport::Memory(memory.clone());
    let settings = Settings { network: network.clone(), ..Settings::new(clock.clone()) };
    let server = Server::new(world(&scenario), settings);
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let client =
        Client::builder("http://mock", "key").clock(clock.clone()).network(network).build().expect("a valid client");
    (server, client, memory, clock)
}

fn batch(key: &str, items: usize) -> Batch {
    let with = |batch: Batch, at: usize| batch.item(&format!("i{at}"), json!({ "prompt": format!("picture {at}") }));
    (0..items).try_fold(Batch::new(key).expect("a key"), with).expect("at most fifty of them")
}

/// How often each of the first tasks was created.
fn creations(server: &Server) -> Vec<u32> {
    (0..400).filter_map(|index| server.created(MODEL, index, None)).map(|created| created.times).collect()
}

/// Requests of a route so far.
fn asked(server: &Server, route: &str) -> usize {
    server.journal().iter().filter(|entry| entry.route == route).count()
}

/// A future on a paused clock of its own.
fn on_a_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(crate::soak::cases(40))]

    /// Promise: however often answers to submits are lost, after the task was made or before, and however often the same batch
    /// is submitted again, at the same time or later, each of its tasks is made once; and all that was told is one batch.
    #[test]
    fn no_task_is_made_twice(seed in 0_u64..1 << 32, items in 1_usize..=50, clients in 1_usize..4) {
        let faults = "[[faults]]\nkind = \"reset\"\nprobability = 0.3\nroute = \"submit\"\ntask_exists = true\n\
                      [[faults]]\nkind = \"status\"\ncode = 503\nprobability = 0.2\nroute = \"submit\"\n\
                      [[faults]]\nkind = \"stall\"\nprobability = 0.1\nroute = \"submit\"\n\
                      [[faults]]\nkind = \"code-in-200\"\nprobability = 0.1\nroute = \"submit\"\n";
        on_a_paused_clock(async {
            let (server, client, ..) = place(seed, faults);
            let batch = batch("order", items);
            let submit = || async {
                loop {
                    match client.submit_batch(MODEL, &batch).await {
                        Ok(told) => break told,
                        Err(SubmitError::BadRequest { message, .. }) => panic!("{message}"),
                        Err(_) => {}
                    }
                }
            };
            let told = futures_util::future::join_all((0..clients).map(|_| submit())).await;
            let ids: BTreeSet<&String> = told.iter().map(|told| &told.id).collect();
            assert_eq!(ids.len(), 1);
            assert_eq!(creations(&server), vec![1; items]);
            let tasks: BTreeSet<_> =
                told.iter().flat_map(|told| &told.items).map(|item| item.status.clone().and_then(|s| s.task_id)).collect();
            assert_eq!((tasks.len(), tasks.contains(&None)), (items, false));
        });
    }
}

/// Promise: a key stands for what it was first used for: with another body it is refused, and nothing is made; so is an item's
/// key with another input, in whatever batch. The same item in another batch is the same task.
#[tokio::test(start_paused = true)]
async fn a_key_in_use_stands_for_what_it_was_used_for() {
    let (server, client, ..) = place(1, "");
    let first = client.submit_batch(MODEL, &batch("a", 2)).await.expect("accepted");
    for other in [batch("a", 3), batch("a", 1)] {
        match client.submit_batch(MODEL, &other).await {
            Err(SubmitError::BadRequest { status: 409, message, .. }) => {
                assert!(message.contains("another body"), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(creations(&server), [1, 1]);
    let (mut router, raw) = (server.router(), |batch: &str, item: &str, prompt: &str| {
        let item = json!({ "client_item_id": "x", "idempotency_key": item, "input": { "prompt": prompt } });
        let path = format!("/api/v1/generateTask/{MODEL}/batches");
        Request::post(path)
            .header("authorization", "Bearer key")
            .header("idempotency-key", batch)
            .body(Body::from(json!({ "items": [item] }).to_string()))
            .expect("a request")
    });
    let mut send = async |request: Request<Body>| {
        let answer = router.call(request).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice::<Value>(&body).expect("JSON"))
    };
    let (status, body) = send(raw("b", "a/i0", "something else")).await;
    assert_eq!(status, 409, "{body}");
    assert_eq!(creations(&server), [1, 1]);
    let (status, body) = send(raw("b", "a/i0", "picture 0")).await;
    assert_eq!(status, 200, "{body}");
    let task = first.items[0].status.as_ref().and_then(|status| status.task_id.clone());
    assert_eq!(body["data"]["items"][0]["taskId"].as_str(), task.as_deref());
    assert_eq!(creations(&server), [1, 1]);
    // Another account has keys of its own.
    let mut other = raw("a", "a/i0", "something else");
    other.headers_mut().insert("authorization", "Bearer other".parse().expect("a header"));
    assert_eq!(send(other).await.0, 200);
    assert_eq!(creations(&server).len(), 3);
}

/// Promise: one request tells of all items; a wait ends when the last has ended, and takes no more requests than a wait for the
/// slowest alone would.
#[tokio::test(start_paused = true)]
async fn one_poll_tells_of_fifty_tasks() {
    let (server, client, _, clock) = place(7, "");
    let submitted = client.submit_batch(MODEL, &batch("all", 50)).await.expect("accepted");
    assert_eq!((submitted.items.len(), submitted.open()), (50, 50));
    let strategy = preset("adaptive-hardened").expect("a preset");
    let ended = client.wait_for_batch(MODEL, &submitted.id, &strategy).await.expect("all end");
    assert!(ended.is_over());
    let over = clock.now();
    let truths: Vec<_> =
        (0..50).filter_map(|index| server.created(MODEL, index, None)).map(|made| made.truth).collect();
    let last = truths.iter().map(|truth| truth.done).max().expect("fifty");
    assert!(over >= last && over < last + Micros::from_secs(6), "{over} after {last}");
    let failed = ended.items.iter().filter(|item| item.status.as_ref().is_some_and(|status| status.failure.is_some()));
    let truly = truths.iter().filter(|truth| truth.fate == pollbench::world::truth::Fate::Failed);
    assert_eq!(failed.count(), truly.count());
    let polls = asked(&server, "batch-status");
    let slowest = ended.items.iter().max_by_key(|item| item.status.as_ref().and_then(|status| status.complete_time_ms));
    let id = slowest.and_then(|item| item.status.clone()).and_then(|status| status.task_id).expect("it has an id");
    let alone = client.task(MODEL, &id).wait(strategy).await;
    assert!(alone.is_ok() || matches!(alone, Err(pollbench::client::WaitError::TaskFailed { .. })));
    // Asked for alone and afterwards, one request is enough; together it was one for each look, not one for each task.
    assert_eq!(asked(&server, "status"), 1);
    assert!(polls as f64 <= over.as_secs() / 5.0, "{polls} looks in {over}, one every five seconds at most");
    // It can be taken up again by its id, and asked for once.
    assert_eq!(client.batch_status(MODEL, &ended.id).await.expect("it is there"), ended);
    assert_eq!(client.batch_status(MODEL, "batch_0").await.expect_err("no such batch").status, Some(404));
    assert_eq!(client.batch_status("sora-2", &ended.id).await.expect_err("of another model").status, Some(404));
}

/// Promise: faults of the status route strike a batch's polls too; a tolerant strategy asks on, one that gives up says what it
/// knows by then.
#[tokio::test(start_paused = true)]
async fn batches_are_waited_for_through_faults() {
    let faults = "[[faults]]\nkind = \"reset\"\nprobability = 0.2\n[[faults]]\nkind = \"status\"\ncode = 500\nprobability = 0.2\n\
                  [[faults]]\nkind = \"null-data\"\nprobability = 0.1\n[[faults]]\nkind = \"stall\"\nprobability = 0.1\n\
                  [[faults]]\nkind = \"unknown-state\"\nprobability = 0.1\n";
    let (server, client, ..) = place(3, faults);
    let submitted = client.submit_batch(MODEL, &batch("faulty", 20)).await.expect("accepted");
    let strategy = preset("adaptive-hardened").expect("a preset");
    let ended = client.wait_for_batch(MODEL, &submitted.id, &strategy).await.expect("all end");
    assert!(ended.is_over());
    assert!(server.fired().iter().sum::<u64>() > 0);
    let again = client.submit_batch(MODEL, &batch("given-up", 50)).await.expect("accepted");
    let basic = preset("basic-hardened").expect("a preset");
    let short = pollbench::strategy::composition::Limit::wall_clock(Micros::from_secs(80)).expect("a limit");
    let mut hasty = basic.clone();
    hasty.pace.limit = short;
    hasty.per_model.values_mut().for_each(|pace| pace.limit = short);
    let gave_up = client.wait_for_batch(MODEL, &again.id, &hasty).await.expect_err("most take longer");
    assert_eq!(gave_up.why, Unfinished::GaveUp);
    let known = gave_up.known.expect("something was told");
    assert!((1..=50).contains(&known.open()), "{}", known.open());
}

/// Promise: webhooks of batches are signed over instant and body; a receiver that knows the secret believes nobody else, and a
/// webhook tells the wait for its own task.
#[tokio::test(start_paused = true)]
async fn webhooks_of_batches_are_signed() {
    let (server, client, memory, clock) = place(5, "");
    let receiver = |host: &str, secret: Option<&str>| {
        let secret = secret.map(|secret| (WebhookSecret::new(secret).expect("not empty"), clock.clone()));
        WebhookReceiver::serve_signed(
            Listener::Memory(memory.listen(&format!("{host}:80"))),
            &format!("http://{host}"),
            secret,
        )
    };
    let (right, wrong) = (receiver("right", Some("whsec_pollbench")), receiver("wrong", Some("guessed")));
    let of_singles = receiver("single", Some("whsec_pollbench"));
    let told = client.submit_batch(MODEL, &batch("told", 3).webhook(right.url())).await.expect("accepted");
    client.submit_batch(MODEL, &batch("untold", 3).webhook(wrong.url())).await.expect("accepted");
    let single = pollbench::client::Submission::new(json!({ "prompt": "alone" })).callback(of_singles.url());
    let single = client.submit(MODEL, &single).await.expect("accepted");
    let id = told.items[0].status.as_ref().and_then(|status| status.task_id.clone()).expect("it has an id");
    let ended = client.task(MODEL, &id).with_webhooks(&right).wait(preset("webhook-hybrid").expect("a preset")).await;
    let context = match &ended {
        Ok(finished) => &finished.context,
        Err(error) => error.context(),
    };
    // Once a minute it looks by itself; the webhook comes between two of these.
    assert_eq!(context.polls, (context.elapsed.get() / 60_000_000) as u32, "{ended:?}");
    assert_eq!(right.deliveries(&id), 1, "{ended:?}");
    clock.sleep_until(Micros::from_secs(86_400)).await;
    assert!(told.items.iter().all(|item| {
        item.status.as_ref().and_then(|status| status.task_id.as_deref()).is_some_and(|id| right.deliveries(id) == 1)
    }));
    // Of single tasks nothing is signed.
    assert_eq!(of_singles.deliveries(&single), 0);
    let journal = server.journal();
    let at = |host: &str, status: u16| {
        let to = |entry: &&pollbench::server::JournalEntry| entry.url.as_ref().is_some_and(|url| url.contains(host));
        let all: Vec<_> = journal.iter().filter(to).map(|entry| entry.status).collect();
        (all.len(), all.iter().all(|told| *told == Some(status)))
    };
    assert_eq!((at("//right", 200), at("//wrong", 401), at("//single", 401)), ((3, true), (12, true), (4, true)));
}

/// Promise: what is no batch is refused with a sentence that says what to change, before anything is made.
#[tokio::test(start_paused = true)]
async fn what_is_no_batch_is_refused() {
    let (server, ..) = place(1, "");
    let mut router = server.router();
    let item =
        |name: &str, key: &str| json!({ "client_item_id": name, "idempotency_key": key, "input": { "prompt": "x" } });
    let many: Vec<Value> = (0..51).map(|at| item(&format!("n{at}"), &format!("k{at}"))).collect();
    for (key, body, told) in [
        (None, json!({ "items": [item("a", "k")] }), "Idempotency-Key"),
        (Some(""), json!({ "items": [item("a", "k")] }), "Idempotency-Key is empty"),
        (Some("k"), json!({ "items": [] }), "items must be 1 to 50, not 0"),
        (Some("k"), json!({ "items": many }), "items must be 1 to 50, not 51"),
        (Some("k"), json!({}), "missing field `items`"),
        (Some("k"), json!([]), "cannot be read"),
        (
            Some("k"),
            json!({ "items": [item("a", "k"), item("a", "l")] }),
            "items[1].client_item_id is that of another item",
        ),
        (
            Some("k"),
            json!({ "items": [item("a", "k"), item("b", "k")] }),
            "items[1].idempotency_key is that of another item",
        ),
        (Some("k"), json!({ "items": [item("", "k")] }), "items[0].client_item_id is empty"),
        (
            Some("k"),
            json!({ "items": [{ "client_item_id": "a", "idempotency_key": "k", "input": {} }] }),
            "items[0]: Missing required field: input.prompt",
        ),
        (
            Some("k"),
            json!({ "items": [{ "client_item_id": "a", "input": { "prompt": "x" } }] }),
            "missing field `idempotency_key`",
        ),
        (Some("k"), json!({ "items": [item("a", "k")], "webhook_url": "ftp://x" }), "webhook_url must be"),
    ] {
        let mut request =
            Request::post(format!("/api/v1/generateTask/{MODEL}/batches")).header("authorization", "Bearer key");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer =
            router.call(request.body(Body::from(body.to_string())).expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), 400, "{body}");
        let text = answer.into_body().collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(text.contains(told), "{told} is missing in {text}");
    }
    assert!(creations(&server).is_empty());
    assert_eq!(Batch::new("two words"), Err(InvalidBatch::Key("two words".to_owned())));
    let two = batch("k", 1).item("i0", json!({}));
    assert_eq!(two, Err(InvalidBatch::Twice("i0".to_owned())));
    assert_eq!(batch("k", 50).item("more", json!({})), Err(InvalidBatch::Full));
}
