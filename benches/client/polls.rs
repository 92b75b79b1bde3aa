//! CPU of a poll: a set of waits beside a bare hyper client that sends the same requests and reads the same answers.

use crate::Size;
use crate::support::hosted::{Hosted, MODEL, calm, ids, mock, one_thread};
use crate::support::process::cpu_of;
use crate::support::timing::{By, Contender, Section};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use pollbench::client::{Client, TaskSet};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::{Limit, Schedule, Strategy};
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use serde::Deserialize;
use std::num::NonZeroU32;

pub(crate) const TITLE: &str = "polls";
pub(crate) const CONTENDERS: [&str; 2] = ["bare hyper client, typed body", "TaskSet"];

/// Requests in flight.
const WAITS: usize = 32;

/// The server that both ask.
pub(crate) struct Hosts {
    host: Hosted,
    ids: Vec<String>,
}

impl Hosts {
    pub(crate) fn new() -> Self {
        let server = mock(calm(), WAITS);
        let ids = ids(&server, WAITS);
        Self { host: Hosted::mock("server", server), ids }
    }

    fn base(&self) -> String {
        format!("http://{}", self.host.address)
    }
}

pub(crate) fn section<'a>(hosts: &'a Hosts, size: &Size) -> Section<'a> {
    let each = size.polls / WAITS;
    let polls = (each * WAITS) as u64;
    let contenders = vec![
        Contender::new(CONTENDERS[0], polls, bare(hosts, each)).with_cpu(|| cpu_of("bare")),
        Contender::new(CONTENDERS[1], polls, set(hosts, each)).with_cpu(|| cpu_of("set")),
    ];
    let unit = ("thousand polls", 1e3);
    Section { title: TITLE, unit, by: By::Cpu, contenders, ratios: vec![(1, 0, None)] }
}

#[derive(Deserialize)]
struct Envelope {
    code: u16,
    data: Task,
}

#[derive(Deserialize)]
struct Task {
    #[serde(rename = "taskId")]
    id: String,
    state: String,
}

/// Loops that ask one after another, without timers.
fn bare(hosts: &Hosts, each: usize) -> impl FnMut() {
    let runtime = one_thread("bare");
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: legacy::Client<_, Empty<Bytes>> = legacy::Client::builder(TokioExecutor::new()).build(connector);
    let ask = async move |client: legacy::Client<HttpConnector, Empty<Bytes>>, uri: String| {
        for _ in 0..each {
            let request = Request::get(&uri).header("authorization", "Bearer k").header("accept", "application/json");
            let request = request.header("user-agent", "bare").body(Empty::new()).expect("a valid request");
            let answer = client.request(request).await.expect("the mock answers");
            let body = answer.into_body().collect().await.expect("a whole body").to_bytes();
            let Envelope { code, data: Task { id, state } } = serde_json::from_slice(&body).expect("JSON");
            assert!(code == 200 && uri.ends_with(&id) && state == "processing");
        }
    };
    let uri = |id: &String| format!("{}/api/v1/statusTask/{MODEL}?taskId={id}", hosts.base());
    let uris: Vec<String> = hosts.ids.iter().map(uri).collect();
    move || {
        let (client, uris) = (client.clone(), uris.clone());
        let loops =
            async move { futures_util::future::join_all(uris.into_iter().map(|uri| ask(client.clone(), uri))).await };
        runtime.block_on(runtime.spawn(loops)).expect("no loop panics");
    }
}

/// Waits that ask again at once, each with a timeout for every attempt, and give up in the end.
fn set(hosts: &Hosts, each: usize) -> impl FnMut() {
    let runtime = one_thread("set");
    let client = Client::builder(&hosts.base(), "k").clock(Clock::wall()).build().expect("a valid URL");
    let strategy = strategy(each);
    let ids = hosts.ids.clone();
    move || {
        let (client, strategy, ids) = (client.clone(), strategy.clone(), ids.clone());
        let all = async move {
            let mut set = TaskSet::new(&client, &strategy, None);
            for id in &ids {
                set.push(MODEL, id).await;
            }
            while let Some((_, result)) = set.next().await {
                let error = result.expect_err("tasks take hours");
                assert_eq!(error.context().polls as usize, each, "{error}");
            }
        };
        runtime.block_on(runtime.spawn(all)).expect("nothing panics");
    }
}

fn strategy(attempts: usize) -> Strategy {
    let mut strategy = preset("basic-hardened").expect("a shipped preset");
    strategy.pace.schedule = Schedule::fixed(Micros::ZERO, Micros::new(1)).expect("an interval");
    strategy.pace.limit = Limit::Attempts(NonZeroU32::new(attempts as u32).unwrap_or(NonZeroU32::MIN));
    strategy
}
