//! Webhooks and result files of the mock on a paused clock: when deliveries come, and when they are given up.

use axum::body::Body;
use http::Request;
use pollbench::client::{Client, Submission, WebhookReceiver};
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::stream::{Listener, Transport};
use pollbench::server::{Server, Settings, World};
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::model::Model;
use serde_json::json;
use tower_service::Service as _;

const SECOND: Micros = Micros::from_secs(1);

/// A mock whose tasks take 94 seconds, and a client, on one paused clock.
fn place() -> (Server, Client, MemoryNetwork, Clock) {
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let network = Transport::Memory(memory.clone());
    let models = vec![Model::plain("flux-2", Distribution::constant(SECOND * 94))];
    let settings = Settings { network: network.clone(), ..Settings::new(clock.clone()) };
    let server = Server::new(World::calm(models, 1), settings);
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let client =
        Client::builder("http://mock", "key").clock(clock.clone()).network(network).build().expect("a valid client");
    (server, client, memory, clock)
}

fn prompt(callback: &str) -> Submission {
    Submission::new(json!({ "prompt": "a lighthouse" })).callback(callback)
}

#[tokio::test(start_paused = true)]
async fn a_receiver_has_thirty_seconds_and_four_chances() {
    let (server, client, memory, clock) = place();
    let mut listener = memory.listen("silent:80");
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Some(stream) = listener.accept().await {
            open.push(stream);
        }
    });
    client.submit("flux-2", &prompt("http://silent/")).await.expect("accepted");
    client.submit("flux-2", &prompt("http://nobody/")).await.expect("accepted");
    clock.sleep_until(SECOND * 86_400).await;
    let told = |url: &str| {
        let journal = server.journal().into_iter().filter(|entry| entry.url.as_deref() == Some(url));
        journal.map(|entry| (entry.at_ms / 1e3, entry.attempt, entry.status)).collect::<Vec<_>>()
    };
    // 30 s, 2 min and 10 min after the failure before, which a silent receiver takes 30 s to be.
    let at = |instants: [f64; 4]| [0, 1, 2, 3].map(|n| (instants[n], Some(n as u32 + 1), None));
    assert_eq!(told("http://silent/"), at([94.0, 154.0, 304.0, 934.0]));
    assert_eq!(told("http://nobody/"), at([94.0, 124.0, 244.0, 844.0]));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_leads_to_the_same_files_as_a_poll() {
    let (_server, client, memory, _) = place();
    let receiver = WebhookReceiver::serve(Listener::Memory(memory.listen("client:80")), "http://client/hook");
    let id = client.submit("flux-2", &prompt(receiver.url())).await.expect("accepted");
    let told = client.task("flux-2", &id).with_webhooks(&receiver).wait(preset("webhook").expect("a preset"));
    let told = told.await.expect("it succeeds");
    assert_eq!(told.context.polls, 0);
    assert_eq!(told.urls, [format!("http://mock/output/{id}/0.png")]);
    assert_eq!(told.status, client.status("flux-2", &id).await.expect("a status"));
}

#[tokio::test(start_paused = true)]
async fn a_result_can_be_had_for_a_day() {
    let (server, client, _, clock) = place();
    let id = client.submit("flux-2", &Submission::new(json!({ "prompt": "x" }))).await.expect("accepted");
    let get = async || {
        let request = Request::get(format!("/output/{id}/0.png")).body(Body::empty()).expect("a request");
        server.router().call(request).await.expect("infallible").status().as_u16()
    };
    let day = SECOND * 86_400;
    for (at, status) in [
        (SECOND * 93, 404),
        (SECOND * 94, 200),
        (SECOND * 40_000, 200),
        (SECOND * 80_000, 200),
        (SECOND * 93 + day, 200),
    ] {
        clock.sleep_until(at).await;
        assert_eq!(get().await, status, "{at}");
    }
    clock.sleep_until(SECOND * 94 + day).await;
    assert_eq!(get().await, 404);
}
