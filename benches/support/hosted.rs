//! A mock of one model, filled without connections, and servers on a thread of their own.

use axum::body::{Body, to_bytes};
use http::Request;
use pollbench::net::clock::Clock;
use pollbench::net::stream::Listener;
use pollbench::server::{Server, Settings, World};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::model::Model;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service as _;

pub(crate) const MODEL: &str = "sora-2";

/// A body that the mock takes.
pub(crate) const PROMPT: &str = r#"{"input":{"prompt":"a lighthouse"}}"#;

/// Tasks of this world are unfinished while a bench runs, and nothing goes wrong.
pub(crate) fn calm() -> World {
    World::calm(vec![Model::plain(MODEL, Distribution::constant(Micros::from_secs(36_000)))], 1)
}

/// A mock with room for so many tasks.
pub(crate) fn mock(world: World, room: usize) -> Server {
    Server::new(world, Settings { most_tasks: room, ..Settings::new(Clock::wall()) })
}

/// Submits tasks; `each` gets their ids.
pub(crate) fn submit(server: &Server, tasks: usize, mut each: impl FnMut(&str)) {
    let mut router = server.router();
    runtime().block_on(async {
        for _ in 0..tasks {
            let request = Request::post(format!("/api/v1/generateTask/{MODEL}")).header("authorization", "Bearer k");
            let request = request.body(Body::from(PROMPT)).expect("a valid request");
            let answer = router.call(request).await.unwrap_or_else(|never| match never {});
            let bytes = to_bytes(answer.into_body(), 4_096).await.expect("a short body in memory");
            let answer: serde_json::Value = serde_json::from_slice(&bytes).expect("the mock answers in JSON");
            each(answer["data"]["taskId"].as_str().unwrap_or_else(|| panic!("no task: {answer}")));
        }
    });
}

/// The ids of `tasks` new tasks.
pub(crate) fn ids(server: &Server, tasks: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(tasks);
    submit(server, tasks, |id| ids.push(id.to_owned()));
    ids
}

/// A runtime of the calling thread.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("descriptors for a runtime")
}

/// A runtime with one thread of this name.
pub(crate) fn one_thread(name: &str) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build();
    let runtime = runtime.expect("a thread for a runtime");
    // It runs, and has its name, before anybody looks for it.
    runtime.block_on(runtime.spawn(async {})).expect("nothing panics");
    runtime
}

/// Something that listens on a port of this machine, on one thread of its own.
pub(crate) struct Hosted {
    pub(crate) address: SocketAddr,
    /// Stops it when it is dropped.
    runtime: Option<Runtime>,
}

impl Hosted {
    /// Runs what `serve` makes of a listener on a thread with this name.
    pub(crate) fn new<F>(thread: &str, serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = one_thread(thread);
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(serve(listener));
        Self { address, runtime: Some(runtime) }
    }

    /// A mock.
    pub(crate) fn mock(thread: &str, server: Server) -> Self {
        Self::new(thread, |listener| async move { server.serve(Listener::Tcp(listener), std::future::pending()).await })
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
