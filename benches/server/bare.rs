//! The floor: an axum application that keeps tasks in a table and answers with typed bodies, and does nothing else. It
//! knows no keys, faults, journal, time or truth.

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

#[derive(Clone, Serialize)]
struct Task {
    #[serde(rename = "taskId")]
    id: String,
    state: &'static str,
    #[serde(rename = "createTime")]
    created: u64,
}

type Table = Arc<Mutex<HashMap<String, Task>>>;

#[derive(Deserialize)]
struct Question {
    #[serde(rename = "taskId")]
    id: String,
}

#[derive(Deserialize)]
struct Order {
    input: Input,
}

#[derive(Deserialize)]
struct Input {
    prompt: String,
}

#[derive(Serialize)]
struct Envelope<T> {
    code: u16,
    message: &'static str,
    data: Option<T>,
}

#[derive(Serialize)]
struct Accepted {
    #[serde(rename = "taskId")]
    id: String,
}

/// Serves a table of tasks with these ids, which has room for so many: it never grows while it is timed.
pub(crate) async fn serve(listener: TcpListener, ids: Vec<String>, room: usize) {
    let mut tasks = HashMap::with_capacity(room);
    tasks.extend(ids.into_iter().map(|id| (id.clone(), task(id))));
    let app = Router::new()
        .route("/api/v1/statusTask/{model}", get(status))
        .route("/api/v1/generateTask/{model}", post(submit))
        .with_state(Table::new(Mutex::new(tasks)));
    // It serves forever.
    let _ = axum::serve(listener, app).await;
}

fn task(id: String) -> Task {
    Task { id, state: "processing", created: 1_767_225_600_000 }
}

async fn status(
    State(tasks): State<Table>,
    Path(_model): Path<String>,
    Query(question): Query<Question>,
) -> Json<Envelope<Task>> {
    let data = tasks.lock().unwrap_or_else(PoisonError::into_inner).get(&question.id).cloned();
    Json(Envelope { code: 200, message: "success", data })
}

async fn submit(
    State(tasks): State<Table>,
    Path(_model): Path<String>,
    Json(order): Json<Order>,
) -> Json<Envelope<Accepted>> {
    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    let id = format!("task_{:016x}", tasks.len() + order.input.prompt.len());
    tasks.insert(id.clone(), task(id.clone()));
    Json(Envelope { code: 200, message: "success", data: Some(Accepted { id }) })
}
