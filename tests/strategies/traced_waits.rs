//! A trace is what the real client does against the mock: any polling preset, any script of faults, any task.

use crate::traces::{sent, traced};
use pollbench::client::{Client, Submission, WaitContext, WaitError};
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::stream::{Listener, Transport};
use pollbench::server::{Server, Settings, World};
use pollbench::strategy::composition::{Channel, Sharing};
use pollbench::strategy::presets::{PRESETS, preset};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::fault::{Kind, Route, json as faults};
use pollbench::world::model::Model;
use pollbench::world::network;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::sync::Arc;

const MODEL: &str = "sora-2";

/// Every fault of a status request that needs no more than its name, and errors of all classes.
fn fault() -> impl Strategy<Value = Value> {
    let plain: Vec<Value> = Kind::ALL
        .iter()
        .filter(|kind| kind.routes().contains(&Route::Status) && Kind::scripted(kind.name()).is_some())
        .map(|kind| json!({ "kind": kind.name() }))
        .filter(|fault| fault.as_object().is_some_and(|fields| faults::read(fields).is_ok()))
        .collect();
    let codes = select(vec![400, 401, 403, 404, 408, 429, 500, 502, 503]);
    let advice = prop_oneof![
        select(vec!["zero", "http-date", "garbage", "huge", "too-short"]).prop_map(|word| json!(word)),
        (0_u32..90).prop_map(|seconds| json!(seconds)),
        Just(json!(false)),
    ];
    let status = (codes, select(vec!["json", "html", "empty"]), advice).prop_map(
        |(code, body, advice)| json!({ "kind": "status", "code": code, "body": body, "retry_after": advice }),
    );
    prop_oneof![3 => select(plain), 2 => status]
}

/// A case of `trace`.
fn case() -> impl Strategy<Value = Value> {
    let polling = |name: &&str| {
        preset(name).is_some_and(|strategy| {
            let is_alone = matches!(strategy.sharing, Sharing::Alone | Sharing::Limiter(_) | Sharing::Batch(_));
            is_alone && strategy.channel == Channel::Poll
        })
    };
    let strategies: Vec<&str> = PRESETS.iter().copied().filter(polling).collect();
    let completion = prop_oneof![4 => (0_u64..700_000).prop_map(Some), 1 => Just(None)];
    let result = select(vec!["success", "success", "failed"]);
    let message = select(vec!["no", "a network timeout"]);
    let replies = prop::collection::btree_map(0_usize..12, fault(), 0..8);
    let rtt = select(vec![0_u64, 1, 100, 3_001]);
    (select(strategies), rtt, completion, result, message, replies).prop_map(
        |(strategy, rtt, completion, result, message, replies)| {
            let replies: serde_json::Map<String, Value> =
                replies.into_iter().map(|(number, fault)| (number.to_string(), fault)).collect();
            json!({
                "strategy": strategy, "model": MODEL, "rtt_ms": rtt, "replies": replies,
                "task": { "completion_ms": completion, "result": result, "fail_code": "C", "fail_message": message },
            })
        },
    )
}

/// What a wait was like: requests, outcome, end.
type Story = (Vec<f64>, &'static str, Option<f64>);

/// The same case with the real client, the real server and their JSON.
async fn waited(case: &Value) -> Story {
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let net = Transport::Memory(memory.clone());
    let rtt = Micros::from_millis(case["rtt_ms"].as_u64().expect("a number"));
    let travel = network::Network { rtt: Distribution::constant(rtt), ..network::Network::none() };
    let models = vec![Model::plain(MODEL, Distribution::constant(Micros::ZERO))];
    let world = World { network: Arc::new(travel), ..World::calm(models, 1) };
    let server = Server::new(world, Settings { network: net.clone(), ..Settings::new(clock.clone()) });
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let client = Client::builder("http://mock", "k").clock(clock.clone()).network(net).build().expect("a client");
    // A wait begins with the submit's answer, a task with the submit: its end counts from there.
    let task = &case["task"];
    let completion = task["completion_ms"].as_f64().map(|ms| ms + (rtt - Micros::new(rtt.get() / 2)).as_millis());
    let mut stub = task.clone();
    stub["completion_ms"] = json!(completion);
    stub["model"] = json!(MODEL);
    stub["replies"] = case["replies"].clone();
    server.stub(serde_json::from_value(stub).expect("a stub")).expect("a model");
    let prompt = Submission::new(json!({ "prompt": "a lighthouse" }));
    let id = client.submit(MODEL, &prompt).await.expect("accepted");
    let start = clock.now();
    let strategy = preset(case["strategy"].as_str().expect("a name")).expect("a preset");
    let ended = client.task(MODEL, &id).wait(strategy).until(async move {
        clock.sleep_until(start + Micros::from_secs(7_200)).await;
    });
    let elapsed = |context: &WaitContext| Some(context.elapsed.as_millis());
    let (outcome, settled) = match ended.await {
        Ok(finished) => ("success", elapsed(&finished.context)),
        Err(WaitError::TaskFailed { context, .. }) => ("failed", elapsed(&context)),
        Err(WaitError::GaveUp { context }) => ("timeout", elapsed(&context)),
        Err(WaitError::CouldNotAsk { context } | WaitError::BadRequest { context, .. }) => ("error", elapsed(&context)),
        Err(WaitError::Cancelled { .. }) => ("hang", None),
        Err(other) => panic!("{other}"),
    };
    let journal = server.journal();
    let asked = journal.iter().filter(|entry| entry.route == "status");
    (asked.map(|entry| entry.at_ms - start.as_millis()).collect(), outcome, settled)
}

proptest! {
    #![proptest_config(crate::soak::cases(150))]

    /// Requests, outcome and end are the same to the microsecond.
    #[test]
    fn a_trace_is_what_the_real_client_does(case in case()) {
        let trace = traced(&case);
        let told = (sent(&trace), trace.outcome, trace.settled_ms);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let lived = runtime.expect("a runtime").block_on(waited(&case));
        let rounded = |(requests, outcome, settled): Story| {
            let us = |ms: f64| (ms * 1e3).round();
            (requests.into_iter().map(us).collect::<Vec<_>>(), outcome, settled.map(us))
        };
        prop_assert_eq!(rounded(told), rounded(lived), "{}", case);
    }
}
