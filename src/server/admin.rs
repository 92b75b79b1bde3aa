//! The control plane under `/__admin`: what a test wants to know and to fix.

use crate::api::reply::TaskState;
use crate::server::instance::Server;
use crate::server::request::Request;
use crate::server::respond::{bad_request, content, error, method_not_allowed, value};
use crate::server::route::query;
use crate::server::run::Run;
use crate::server::state::State;
use crate::server::stub::Stub;
use crate::server::transcript::{Filter, transcript};
use crate::server::{events, metrics};
use crate::time::Micros;
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// Tasks of one page.
const PAGE: usize = 1_000;

pub(super) fn admin(server: &Server, run: &Arc<Run>, request: &Request, path: &str) -> Response<Body> {
    let (method, path) = (request.method.as_str(), path.trim_end_matches('/'));
    match (path, method) {
        ("", "GET") => events::page(),
        ("events", "GET") => events::events(server, run, request.breaker.clone()),
        ("health", "GET") => health(run),
        ("journal", "GET") => journal(run, request),
        ("journal", "DELETE") => {
            run.journal().clear();
            done()
        }
        ("tasks", "GET") => tasks(run, request),
        ("stubs", "POST") => stub(run, request),
        ("faults", "GET") => faults(run),
        ("faults", "PUT") => replace_faults(server, run, request),
        ("metrics", "GET") => content("text/plain; version=0.0.4", metrics::render(server, run)),
        ("reset", "POST") => {
            server.reset();
            done()
        }
        ("" | "events" | "health" | "tasks" | "metrics", _) => method_not_allowed("GET"),
        ("journal", _) => method_not_allowed("GET, DELETE"),
        ("faults", _) => method_not_allowed("GET, PUT"),
        ("stubs" | "reset", _) => method_not_allowed("POST"),
        _ => match (path.strip_prefix("tasks/"), method) {
            (Some(id), "GET") => task(run, id),
            (Some(_), _) => method_not_allowed("GET"),
            (None, _) => error(404, "Not found"),
        },
    }
}

fn done() -> Response<Body> {
    value(200, &json!({ "ok": true }))
}

fn health(run: &Run) -> Response<Body> {
    let now = run.clock().now();
    let tasks = run.state().tasks.len();
    value(
        200,
        &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "now_ms": now.as_millis(), "tasks": tasks }),
    )
}

fn journal(run: &Arc<Run>, request: &Request) -> Response<Body> {
    match Filter::read(request.query()) {
        Ok(filter) => content("application/json", transcript(run, filter)),
        Err(message) => bad_request(&message),
    }
}

fn tasks(run: &Run, request: &Request) -> Response<Body> {
    let number = |name| query(request.query(), name).map_or(Ok(None), |text| text.parse().map(Some));
    let (Ok(from), Ok(limit)) = (number("from"), number("limit")) else {
        return bad_request("from and limit must be whole numbers");
    };
    let (from, limit) = (from.unwrap_or(0), limit.unwrap_or(PAGE).min(PAGE));
    let now = run.clock().now();
    let mut state = run.state();
    state.advance_workers(now);
    let total = state.tasks.len();
    let end = total.min(from.saturating_add(limit));
    let tasks: Vec<Value> = (from.min(end)..end).map(|slot| truth(&state, slot, now)).collect();
    value(200, &json!({ "tasks": tasks, "total": total }))
}

fn task(run: &Run, id: &str) -> Response<Body> {
    let now = run.clock().now();
    let mut state = run.state();
    state.advance_workers(now);
    match state.slot(id) {
        Some(slot) => value(200, &truth(&state, slot, now)),
        None => error(404, "Task not found"),
    }
}

/// What is true of a task. Instants count from the server's start.
fn truth(state: &State, slot: usize, now: Micros) -> Value {
    let task = &state.tasks[slot];
    let ms = |at: Micros| at.finite().map(Micros::as_millis);
    let word = match task.truth.state_at(now, state.failure(slot)) {
        TaskState::Pending => "pending",
        TaskState::Processing => "processing",
        TaskState::Success => "success",
        TaskState::Failed(_) => "failed",
    };
    json!({
        "id": state.id(slot),
        "model": state.models[task.model as usize].model.name,
        "task": task.index,
        "fate": task.truth.fate.name(),
        "state": word,
        "created_ms": ms(task.truth.created),
        "started_ms": ms(task.truth.started),
        "done_ms": ms(task.truth.done),
        "polls": task.polls,
        "stubbed": state.stubs.contains_key(&slot),
    })
}

fn stub(run: &Run, request: &Request) -> Response<Body> {
    let stub: Stub = match serde_json::from_slice(&request.body) {
        Ok(stub) => stub,
        Err(error) => return bad_request(&format!("The stub cannot be read: {error}")),
    };
    match run.state().stub(stub, request.body.len()) {
        Ok(()) => done(),
        Err(error) => bad_request(&error.to_string()),
    }
}

fn faults(run: &Run) -> Response<Body> {
    let Some(codec) = &run.settings().fault_codec else { return no_codec() };
    let rules = run.state().faults().clone();
    value(200, &json!({ "faults": codec.render(&rules) }))
}

fn replace_faults(server: &Server, run: &Run, request: &Request) -> Response<Body> {
    let Some(codec) = &server.settings().fault_codec else { return no_codec() };
    let body: Value = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(error) => return bad_request(&format!("The body is not JSON: {error}")),
    };
    let Some(rules) = body.get("faults") else { return bad_request("Missing required field: faults") };
    let models: Vec<String> = run.state().models.iter().map(|state| state.model.name.clone()).collect();
    match codec.parse(rules, &models) {
        Ok(rules) => {
            server.set_faults(rules);
            done()
        }
        Err(message) => bad_request(&message),
    }
}

fn no_codec() -> Response<Body> {
    error(501, "This server cannot read fault rules")
}
