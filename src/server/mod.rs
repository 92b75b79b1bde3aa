//! A mock of the APIXO server: accepts tasks, finishes them when their keyed truth says, and misbehaves as told.
//!
//! It shares its truth with the simulator: the same models, faults, seed and task index give the same life, the same
//! round trips and the same faults, because both ask [`Link`](crate::world::exchange::Link) what becomes of a request.
//! [`Server::router`] is the axum application, [`Server::serve`] puts it behind bounded connections that can be reset.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use pollbench::net::{clock::Clock, stream::Listener};
//! use pollbench::server::{Server, Settings, World};
//! use pollbench::time::Micros;
//! use pollbench::world::distribution::Distribution;
//! use pollbench::world::model::Model;
//!
//! let world = World::calm(vec![Model::plain("nano-banana", Distribution::constant(Micros::from_secs(12)))], 42);
//! let server = Server::new(world, Settings::new(Clock::wall()));
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
//! let stop = async {}; // at once, in this example
//! server.serve(Listener::Tcp(listener), stop).await;
//! # });
//! ```

mod access;
mod admin;
mod batch;
mod batch_order;
mod batch_state;
mod batches;
mod connection;
mod counters;
mod created;
mod credential;
mod events;
mod files;
mod handle;
mod id;
mod instance;
mod journal;
mod listen;
mod metrics;
mod model_state;
mod order;
mod push;
mod refusal;
mod request;
mod respond;
mod results;
mod route;
mod run;
mod schemas;
mod scripted;
mod settings;
mod state;
mod status;
mod stub;
mod submit;
mod tally;
mod transcript;
mod transfer;
mod visit;
mod webhook;
mod webhook_map;
mod workers;

#[cfg(feature = "cli")]
pub(crate) use access::{Foreign, foreign};
pub use created::Created;
pub use instance::Server;
pub use journal::{JournalEntry, Unanswered};
pub use push::{Push, PushContent};
pub use settings::{AdminAccess, FaultCodec, Settings, World};
pub use stub::{InvalidStub, Stub};
pub use webhook_map::{InvalidWebhookMap, WebhookMap};

use crate::net::stream::Listener;
use axum::Router;
use std::future::Future;

impl Server {
    /// The application, for tests without connections. Connection faults need [`serve`](Self::serve); here they answer
    /// HTTP 500.
    pub fn router(&self) -> Router {
        let server = self.clone();
        Router::new().fallback(move |request| async move { handle::handle(&server, request).await })
    }

    /// Serves connections until `stop` is there; then lets requests in flight end, for at most five seconds.
    pub async fn serve(&self, listener: Listener, stop: impl Future<Output = ()> + Send) {
        listen::listen(self, listener, stop).await;
    }
}
