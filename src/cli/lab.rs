//! `pollbench lab`: the page on which everything can be dragged, and the simulator behind it, for this machine alone.

use crate::cli::console::{Failure, print};
use crate::cli::serve::{address, listen, stopped};
use crate::engine::sim::Control;
use crate::lab::page::{PAGE, PageFile};
use crate::lab::{LabAnswer, LabQuestion, PollerWish, answer, poller, start};
use crate::scenario::shipped::load;
use crate::server::{Foreign, foreign};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};
use clap::Args;
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;

/// Longest question: a state is a few KiB.
const MOST_BODY: usize = 64 << 10;
/// What a browser may do with the page: run its own files, and ask this server.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const JSON: &str = "application/json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LabArgs {
    /// Where to begin: a path or the name of a shipped scenario
    #[arg(default_value = "documented")]
    scenario: String,
    /// Where to listen on this machine: `127.0.0.1:PORT`, `localhost:PORT`, or a port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8788", value_parser = address)]
    addr: SocketAddr,
}

const EXAMPLES: &str = "\
Examples:
  pollbench lab                    then open http://127.0.0.1:8788/
  pollbench lab flaky --addr 0     begin with another scenario, on any free port";

impl LabArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        if !self.addr.ip().is_loopback() {
            let words = format!("--addr {} could be reached by others: the lab is for this machine alone", self.addr);
            return Err(Failure::Input(words));
        }
        let start = start(&load(&self.scenario)?).map_err(|error| Failure::Input(error.to_string()))?;
        let start = serde_json::to_string(&start).map_err(|error| Failure::Run(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Run(format!("cannot start: {error}")))?;
        runtime.block_on(async {
            let listener = listen(self.addr).await?;
            let address = listener.local_addr().map_err(|error| Failure::Run(error.to_string()))?;
            let stop = stopped().map_err(|error| Failure::Run(format!("cannot watch for signals: {error}")))?;
            print(&format!("the lab is at http://{address}/\n"))?;
            tokio::select! {
                served = axum::serve(listener, router(&start)).into_future() => {
                    served.map_err(|error| Failure::Run(format!("cannot serve: {error}")))
                }
                () = stop => Ok(()),
            }
        })?;
        runtime.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }
}

/// The page, where it begins, and what it asks.
fn router(start: &str) -> Router {
    let mut router = Router::new();
    for file in PAGE {
        router = router.route(file.path, get(move || async move { page(file) }));
    }
    let start = Bytes::from(start.to_owned());
    router
        .route("/start", get(move || async move { content(StatusCode::OK, JSON, start) }))
        .route("/compute", post(compute))
        .route("/poller", post(write_poller))
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn(guard))
        .with_state(Arc::new(Places::new()))
}

/// Where questions wait for their turn, one of a kind at a time: a quick one has all cores as soon as the one before it is
/// answered, and never waits for a thorough one, which may take as long as a hundred of them.
#[derive(Debug)]
struct Places {
    quick: Arc<Semaphore>,
    thorough: Arc<Semaphore>,
}

impl Places {
    fn new() -> Self {
        let one = || Arc::new(Semaphore::new(1));
        Self { quick: one(), thorough: one() }
    }

    fn of(&self, question: &LabQuestion) -> Arc<Semaphore> {
        Arc::clone(if question.is_thorough() { &self.thorough } else { &self.quick })
    }
}

/// Turns away who is not a page of this machine.
async fn guard(request: Request, next: Next) -> Response<Body> {
    let headers = request.headers();
    match foreign(headers) {
        None if headers.contains_key(HOST) => next.run(request).await,
        None | Some(Foreign::Host) => error(StatusCode::FORBIDDEN, "the lab is for the host localhost only"),
        Some(Foreign::Page) => error(StatusCode::FORBIDDEN, "the lab is for its own page only"),
    }
}

/// Stops a run when nobody waits for it any more: the page has asked something else, or is gone.
struct Overtaken(Arc<Control>);

impl Drop for Overtaken {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// Runs a question on all cores; others wait, and those that are overtaken while they do are never begun.
async fn compute(State(places): State<Arc<Places>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let question = match asked(&headers, &body).and_then(|text| LabQuestion::parse(text).map_err(|e| e.to_string())) {
        Ok(question) => question,
        Err(words) => return error(StatusCode::BAD_REQUEST, &words),
    };
    let Ok(place) = places.of(&question).acquire_owned().await else { return stopped_early() };
    let overtaken = Overtaken(Arc::default());
    let control = Arc::clone(&overtaken.0);
    let run = tokio::task::spawn_blocking(move || {
        let answer = answer(&question, &control);
        drop(place);
        answer
    });
    let answered = run.await;
    drop(overtaken);
    match answered {
        Ok(Ok(Some(answer))) => told(&answer),
        Ok(Ok(None)) => stopped_early(),
        Ok(Err(words)) => error(StatusCode::BAD_REQUEST, &words.to_string()),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "the simulator failed; please report this state"),
    }
}

async fn write_poller(headers: HeaderMap, body: Bytes) -> Response<Body> {
    let wish = asked(&headers, &body).and_then(|text| PollerWish::parse(text).map_err(|error| error.to_string()));
    let written = match wish {
        Ok(wish) => tokio::task::spawn_blocking(move || poller(&wish).map_err(|error| error.to_string())).await,
        Err(words) => return error(StatusCode::BAD_REQUEST, &words),
    };
    match written {
        Ok(Ok(text)) => content(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from(text)),
        Ok(Err(words)) => error(StatusCode::BAD_REQUEST, &words),
        Err(_) => stopped_early(),
    }
}

/// The text that was asked. A page from elsewhere cannot say that it is JSON without asking this server first.
fn asked<'b>(headers: &HeaderMap, body: &'b Bytes) -> Result<&'b str, String> {
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(JSON.as_bytes()));
    if !is_json {
        return Err(format!("the question must be {JSON}"));
    }
    std::str::from_utf8(body).map_err(|_| "the question is not UTF-8 text".to_owned())
}

fn told(answer: &LabAnswer) -> Response<Body> {
    match serde_json::to_vec(answer) {
        Ok(json) => content(StatusCode::OK, JSON, Bytes::from(json)),
        Err(words) => error(StatusCode::INTERNAL_SERVER_ERROR, &words.to_string()),
    }
}

fn stopped_early() -> Response<Body> {
    error(StatusCode::SERVICE_UNAVAILABLE, "the run was stopped")
}

fn error(status: StatusCode, words: &str) -> Response<Body> {
    content(status, JSON, Bytes::from(json!({ "error": words }).to_string()))
}

fn page(file: &PageFile) -> Response<Body> {
    content(StatusCode::OK, file.media_type, Bytes::from_static(file.text.as_bytes()))
}

fn content(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use serde_json::Value;
    use std::pin::pin;

    /// Asks for few tasks of the first model, thoroughly or not.
    async fn asked(places: &Arc<Places>, exact: bool) -> StatusCode {
        let page = serde_json::to_value(start(&load("flaky").expect("shipped")).expect("fits")).expect("JSON");
        let mut state: Value = page["models"][0].clone();
        (state["tasks"], state["replicates"], state["strategies"]) =
            (json!(50), json!(1), json!([{"preset": "basic"}]));
        let body = json!({"state": state, "view": {"exact": exact, "focus": null}}).to_string();
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(JSON))]);
        compute(State(Arc::clone(places)), headers, Bytes::from(body)).await.status()
    }

    /// Promise: while a thorough answer is worked out, or waited for, quick ones come.
    #[tokio::test]
    async fn a_quick_question_never_waits_for_a_thorough_one() {
        let places = Arc::new(Places::new());
        let busy = Arc::clone(&places.thorough).acquire_owned().await.expect("nobody closes it");
        let mut thorough = pin!(asked(&places, true));
        assert_eq!(thorough.as_mut().now_or_never(), None);
        assert_eq!(asked(&places, false).await, StatusCode::OK);
        assert_eq!(thorough.as_mut().now_or_never(), None);
        drop(busy);
        assert_eq!(thorough.await, StatusCode::OK);
    }

    #[test]
    fn a_run_that_nobody_waits_for_is_stopped() {
        let overtaken = Overtaken(Arc::default());
        let control = Arc::clone(&overtaken.0);
        assert!(!control.stop.load(Ordering::Relaxed));
        drop(overtaken);
        assert!(control.stop.load(Ordering::Relaxed));
    }
}
