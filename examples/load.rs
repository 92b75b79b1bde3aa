//! What the mock and the client cost: `cargo run --release --example load`.
//!
//! Everything is a ratio within one run or a count of bytes: CPU per status request beside a bare axum route with a typed
//! body, memory per live task, and the timer slack of ten thousand pollers of one `TaskSet`. Linux only, because it reads
//! `/proc/self`.

use axum::extract::{Path, Query, State};
use axum::{Json, Router, routing::get};
use pollbench::client::{Client, Event, TaskSet};
use pollbench::net::clock::Clock;
use pollbench::net::stream::Listener;
use pollbench::server::{Server, Settings, World};
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::model::Model;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const CONNECTIONS: usize = 32;
const REQUESTS: usize = 4_000;
const TASKS: usize = 100_000;
const LIVE: usize = 1_000_000;
const POLLERS: usize = 10_000;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    throughput()?;
    memory()?;
    slack()
}

fn model() -> Vec<Model> {
    vec![Model::plain("sora-2", Distribution::constant(Micros::from_secs(36_000)))]
}

fn server(tasks: usize) -> Server {
    let settings = Settings { most_tasks: tasks, ..Settings::new(Clock::started(1.0)) };
    Server::new(World::calm(model(), 1), settings)
}

/// Submits without connections: ids of `tasks` tasks.
async fn fill(server: &Server, tasks: usize) -> Fallible<Vec<String>> {
    let body = json!({ "input": { "prompt": "a lighthouse" } }).to_string();
    let mut ids = Vec::with_capacity(tasks);
    let mut router = server.router();
    for _ in 0..tasks {
        let request = http::Request::post("/api/v1/generateTask/sora-2").header("authorization", "Bearer k");
        let request = request.body(axum::body::Body::from(body.clone()))?;
        let answer = tower_service::Service::call(&mut router, request).await?;
        let bytes = axum::body::to_bytes(answer.into_body(), 4_096).await?;
        let answer: serde_json::Value = serde_json::from_slice(&bytes)?;
        ids.push(answer["data"]["taskId"].as_str().ok_or("an id")?.to_owned());
    }
    Ok(ids)
}

/// The bare route: the same answer from a table, typed, and nothing else.
#[derive(Clone, Serialize)]
struct Task {
    #[serde(rename = "taskId")]
    id: String,
    state: &'static str,
    #[serde(rename = "createTime")]
    created: u64,
}

#[derive(Serialize)]
struct Envelope {
    code: u16,
    message: &'static str,
    data: Option<Task>,
}

async fn bare(
    State(tasks): State<Arc<HashMap<String, Task>>>,
    Path(_model): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Envelope> {
    let data = query.get("taskId").and_then(|id| tasks.get(id)).cloned();
    Json(Envelope { code: 200, message: "success", data })
}

/// CPU per status request of both servers, in alternating rounds over the same requests.
fn throughput() -> Fallible<()> {
    let driver = Builder::new_current_thread().enable_all().build()?;
    let (ours, bare_runtime) = (one_thread()?, one_thread()?);
    let server = server(TASKS);
    let ids = driver.block_on(fill(&server, TASKS))?;
    let our_listener = ours.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let bare_listener = bare_runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let (our_address, bare_address) = (our_listener.local_addr()?, bare_listener.local_addr()?);
    ours.spawn(async move { server.serve(Listener::Tcp(our_listener), std::future::pending()).await });
    let task = |id: &String| (id.clone(), Task { id: id.clone(), state: "processing", created: 1_767_225_600_000 });
    let table: HashMap<String, Task> = ids.iter().map(task).collect();
    let app = Router::new().route("/api/v1/statusTask/{model}", get(bare)).with_state(Arc::new(table));
    bare_runtime.spawn(async move { drop(axum::serve(bare_listener, app).await) });

    let mut rounds = Vec::new();
    for round in 0..7 {
        let mut cpu = [0.0; 2];
        for (which, (address, name)) in [(our_address, "ours"), (bare_address, "bare")].into_iter().enumerate() {
            let before = cpu_of(name)?;
            driver.block_on(ask(address, &ids))?;
            cpu[which] = (cpu_of(name)? - before) / (CONNECTIONS * REQUESTS) as f64 * 1e6;
        }
        // The first round warms up.
        if round > 0 {
            rounds.push((cpu[0] / cpu[1], cpu));
        }
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, [mine, theirs]) = rounds[rounds.len() / 2];
    println!(
        "CPU per status request: {mine:.2} us, bare axum {theirs:.2} us, ratio {ratio:.2} (median of {})",
        rounds.len()
    );
    ours.shutdown_background();
    bare_runtime.shutdown_background();
    Ok(())
}

fn one_thread() -> Fallible<Runtime> {
    static NAMES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let name = ["ours", "bare"][NAMES.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 2];
    Ok(Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?)
}

/// Seconds of CPU that threads of this name have used.
fn cpu_of(name: &str) -> Fallible<f64> {
    let mut nanos = 0.0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let folder = thread?.path();
        if std::fs::read_to_string(folder.join("comm"))?.trim() == name {
            let times = std::fs::read_to_string(folder.join("schedstat"))?;
            nanos += times.split(' ').next().ok_or("a time")?.parse::<f64>()?;
        }
    }
    Ok(nanos * 1e-9)
}

/// Sends the requests over kept connections, one at a time on each.
async fn ask(address: std::net::SocketAddr, ids: &[String]) -> Fallible<()> {
    let connection = |number: usize| async move {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut answer = [0; 4_096];
        for request in 0..REQUESTS {
            let id = &ids[(number * REQUESTS + request) % ids.len()];
            let text = format!(
                "GET /api/v1/statusTask/sora-2?taskId={id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n\r\n"
            );
            stream.write_all(text.as_bytes()).await?;
            let read = stream.read(&mut answer).await?;
            if !answer[..read].starts_with(b"HTTP/1.1 200") {
                return Err::<(), Box<dyn Error>>("an answer that is not 200".into());
            }
        }
        Ok(())
    };
    futures_util::future::try_join_all((0..CONNECTIONS).map(connection)).await?;
    Ok(())
}

/// Resident bytes of this process.
fn resident() -> Fallible<f64> {
    let pages: f64 = std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).ok_or("a size")?.parse()?;
    Ok(pages * 4_096.0)
}

fn memory() -> Fallible<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let server = server(LIVE);
    runtime.block_on(async {
        fill(&server, 1_000).await?;
        let before = resident()?;
        for _ in 0..LIVE / 1_000 - 1 {
            fill(&server, 1_000).await?;
        }
        let grown = resident()? - before;
        println!("{LIVE} live tasks: {:.0} MB, {:.0} B each, journal included", grown / 1e6, grown / LIVE as f64);
        Ok(())
    })
}

/// Ten thousand waits in one set, on one thread with their server on another.
fn slack() -> Fallible<()> {
    let serving = one_thread()?;
    let server = server(POLLERS);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let ids = runtime.block_on(fill(&server, POLLERS))?;
    let listener = serving.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let base = format!("http://{}", listener.local_addr()?);
    serving.spawn(async move { server.serve(Listener::Tcp(listener), std::future::pending()).await });
    runtime.block_on(async {
        let client = Client::builder(&base, "k").clock(Clock::started(1.0)).build()?;
        let strategy = preset("basic-hardened").ok_or("a shipped preset")?;
        let (mut due, mut late) = (vec![Micros::ZERO; POLLERS], Vec::new());
        let mut set = TaskSet::new(&client, &strategy, None).on_event(|key, event| match event {
            Event::Due { at } => due[key as usize] = *at,
            Event::Sent { number, at } if *number > 0 => late.push((*at - due[key as usize]).as_millis()),
            _ => {}
        });
        // Spread over the interval of three seconds, as arrivals are.
        let clock = *client.clock();
        for (number, id) in ids.iter().enumerate() {
            set.push("sora-2", id).await;
            let next = Micros::new(number as u64 * 300);
            while clock.now() < next {
                let _ = tokio::time::timeout(std::time::Duration::from_millis(1), set.next()).await;
            }
        }
        let _ = tokio::time::timeout(std::time::Duration::from_secs(12), set.next()).await;
        drop(set);
        late.sort_by(f64::total_cmp);
        let at = |level: f64| late[((late.len() - 1) as f64 * level) as usize];
        println!(
            "{POLLERS} pollers, {} polls: timer slack p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            late.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        Ok(())
    })
}
