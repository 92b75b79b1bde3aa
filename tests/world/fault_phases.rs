//! Sometimes: each kind of fault really strikes in each phase of a task's life where it can, and the journal says so.

use pollbench::client::{Client, Submission, WebhookReceiver};
use pollbench::mock::world;
use pollbench::net::clock::Clock;
use pollbench::net::memory::MemoryNetwork;
use pollbench::net::stream::{Listener, Transport};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::server::{JournalEntry, Server, Settings};
use pollbench::time::Micros;
use pollbench::world::fault::{Kind, Route, Striking};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tasks are done after so long; there is no network between.
const DONE_S: f64 = 20.0;
const TASKS: u64 = 60;

/// A world of one kind, on all of its routes, that strikes about a third of what it can.
fn scenario(kind: Kind) -> Scenario {
    let active = match kind.striking() {
        Striking::Share | Striking::Slowdown => "probability = 0.3",
        Striking::Window => "during = { every = \"7s\", for = \"2s\" }",
        Striking::Brownout => "errors = 0.5\nduring = { every = \"7s\", for = \"3s\" }",
        Striking::Bursts => "gilbert_elliott = { bad_share = 0.3, bad_mean = \"3s\" }",
        Striking::Limit if kind == Kind::RateLimit => "rate_per_s = 0.7\nburst = 1",
        Striking::Limit => "servers = 1\nservice = \"300ms\"\nqueue = 1",
    };
    let routes: Vec<_> = kind.routes().iter().map(|route| format!("\"{}\"", route.name())).collect();
    let routes =
        if kind.routes() == [Route::Webhook] { String::new() } else { format!("route = [{}]", routes.join(", ")) };
    let text = format!(
        "schema_version = 1\nname = \"phases\"\n[models.m]\ncompletion = \"{DONE_S}s\"\n[[strategies]]\npreset = \"basic\"\n\
         [[faults]]\nkind = \"{}\"\n{active}\n{routes}\n",
        kind.name()
    );
    Scenario::parse(&text, "phases.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"))
}

/// The journal after tasks came one a second and each was asked for every three seconds, whatever happened.
async fn journal(kind: Kind) -> Vec<JournalEntry> {
    let (memory, clock) = (MemoryNetwork::default(), Clock::magnified());
    let network = Transport::Memory(memory.clone());
    let settings = Settings { network: network.clone(), journal: 1 << 20, ..Settings::new(clock.clone()) };
    let server = Server::new(world(&scenario(kind)), settings);
    let (serving, listener) = (server.clone(), Listener::Memory(memory.listen("mock:80")));
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let client =
        Client::builder("http://mock", "key").clock(clock.clone()).network(network).build().expect("a valid client");
    let receiver = WebhookReceiver::serve(Listener::Memory(memory.listen("client:80")), "http://client/");
    let submission = Arc::new(Submission::new(json!({ "prompt": "x" })).callback(receiver.url()));
    for task in 0..TASKS {
        let (client, submission) = (client.clone(), Arc::clone(&submission));
        tokio::spawn(async move {
            client.clock().sleep_until(Micros::from_millis(1_000 * task + 317)).await;
            let Ok(id) = client.submit("m", &submission).await else { return };
            for _ in 0..12 {
                let next = client.clock().now() + Micros::from_millis(2_900);
                tokio::select! {
                    _ = client.status("m", &id) => {}
                    () = client.clock().sleep_until(next) => {}
                }
                client.clock().sleep_until(next).await;
            }
        });
    }
    clock.sleep_until(Micros::from_secs(1_000)).await;
    server.journal()
}

/// The phases in which `kind` struck.
fn phases(kind: Kind, journal: &[JournalEntry]) -> BTreeSet<&'static str> {
    let (mut found, mut created, mut looked) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
    for entry in journal {
        let is_struck = entry.fault == Some(kind.name());
        let Some(task) = &entry.task else {
            found.extend((is_struck && entry.route == "submit").then_some("submit"));
            continue;
        };
        let phase = match entry.route {
            "submit" => {
                created.entry(task).or_insert(entry.at_ms);
                "submit"
            }
            "webhook" => "webhook",
            _ if created.get(task).is_none_or(|created| entry.at_ms < created + 1e3 * DONE_S) => "before completion",
            _ if looked.insert(task) => "first look after completion",
            _ => "later",
        };
        found.extend(is_struck.then_some(phase));
    }
    found
}

/// Promise: no kind is only a name. One that strikes submits or webhooks is seen there; one that strikes status requests is
/// seen before a task is done and at the first look after it.
#[tokio::test(start_paused = true)]
async fn each_kind_strikes_in_each_phase_where_it_can() {
    for kind in Kind::ALL {
        let found = phases(*kind, &journal(*kind).await);
        for route in kind.routes() {
            let wanted: &[&str] = match route {
                Route::Submit => &["submit"],
                Route::Status => &["before completion", "first look after completion"],
                Route::Webhook => &["webhook"],
                other => panic!("{}", other.name()),
            };
            for phase in wanted {
                assert!(found.contains(phase), "{} never struck: {phase}; it did at {found:?}", kind.name());
            }
        }
    }
}
