//! The one way in: limits, keys, routes, journal.

use crate::server::connection::{Breakage, Breaker};
use crate::server::credential::{bearer, same};
use crate::server::instance::Server;
use crate::server::journal::Unanswered;
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, content, error, method_not_allowed, success, unauthorized};
use crate::server::route::Target;
use crate::server::run::{Line, Run};
use crate::server::visit::Visit;
use crate::server::{admin, results, schemas, status, submit};
use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::future::pending;
use std::sync::Arc;

/// Answers a request, breaks its connection, or lets it hang. It counts as received as soon as this is called.
pub(super) fn handle(
    server: &Server,
    request: axum::extract::Request,
) -> impl Future<Output = Response<Body>> + Send + use<> {
    let (server, run) = (server.clone(), server.run());
    let (parts, body) = request.into_parts();
    let target = Target::of(parts.uri.path());
    // The control plane does not watch itself.
    let is_watched = !matches!(target, Target::Admin { .. });
    let visit = is_watched.then(|| Visit::begin(&run, target.name(), &parts.method, &parts.uri));
    serve(server, run, target, parts, body, visit)
}

async fn serve(
    server: Server,
    run: Arc<Run>,
    target: Target,
    parts: Parts,
    body: Body,
    visit: Option<Visit>,
) -> Response<Body> {
    let breaker = parts.extensions.get::<Breaker>().cloned();
    let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
    let line = visit.as_ref().map_or(Line::NONE, Visit::line);
    let reply = match refused(&server, &target, &method, &headers) {
        Some(refusal) => Reply::Http(refusal),
        None => match read(&run, body).await {
            Read::Refused(refusal) => Reply::Http(refusal),
            Read::Whole(body) => dispatch(&server, &run, &target, Request { method, uri, headers, body, line }).await,
        },
    };
    let is_late = visit.is_some() && run.is_over();
    let reply = if is_late { Reply::Http(error(503, "The mock was reset meanwhile")) } else { reply };
    act(reply, visit, breaker).await
}

/// The answer to a request that may not go on: for its method, or its key.
fn refused(server: &Server, target: &Target, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
    match target {
        Target::Unknown => Some(error(404, "Not found")),
        // The control plane has rules of its own.
        Target::Admin { .. } => None,
        Target::Result { .. } | Target::Schema { .. } => {
            (!matches!(*method, Method::GET | Method::HEAD)).then(|| method_not_allowed(target.allow()))
        }
        Target::Submit { .. } | Target::Status { .. } | Target::Balance if method.as_str() != target.allow() => {
            Some(method_not_allowed(target.allow()))
        }
        Target::Submit { .. } | Target::Status { .. } | Target::Balance => {
            (!is_authorized(&server.settings().keys, headers)).then(unauthorized)
        }
    }
}

/// Whether exactly one `Authorization: Bearer` is there, with a key that is known.
fn is_authorized(keys: &[String], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    bearer(value.as_bytes()).is_some_and(|key| keys.is_empty() || keys.iter().any(|known| same(known.as_bytes(), key)))
}

/// A body that was read.
enum Read {
    Whole(Bytes),
    /// Too long, too slow, or broken.
    Refused(Response<Body>),
}

/// Reads a body, as long and as slowly as it may be.
async fn read(run: &Run, body: Body) -> Read {
    if body.is_end_stream() {
        return Read::Whole(Bytes::new());
    }
    let collected = async {
        match Limited::new(body, run.settings().most_body).collect().await {
            Ok(body) => Read::Whole(body.to_bytes()),
            Err(cause) if cause.is::<LengthLimitError>() => Read::Refused(error(413, "The body is too long")),
            Err(_) => Read::Refused(bad_request("The body cannot be read")),
        }
    };
    if run.clock().is_paused() {
        return collected.await;
    }
    let too_slow = |_| Read::Refused(error(408, "The body took too long"));
    tokio::time::timeout(run.settings().patience, collected).await.unwrap_or_else(too_slow)
}

async fn dispatch(server: &Server, run: &Arc<Run>, target: &Target, request: Request) -> Reply {
    match target {
        Target::Submit { model } => submit::submit(run, request, model).await,
        Target::Status { model } => status::status(run, &request, model).await,
        Target::Balance => {
            let settings = run.settings();
            let spent = settings.price_usd * run.state().tasks.len() as f64;
            Reply::Http(success(&format!("{}", (settings.balance_usd - spent).max(0.0))))
        }
        Target::Result { task, file } => Reply::Http(results::result(run, task, file)),
        Target::Schema { file } => Reply::Http(schemas::schema(run, file)),
        Target::Admin { rest } => Reply::Http(admin::admin(server, run, &request, rest)),
        Target::Unknown => Reply::Http(error(404, "Not found")),
    }
}

/// Does what is wanted, and notes it.
async fn act(reply: Reply, visit: Option<Visit>, breaker: Option<Breaker>) -> Response<Body> {
    let (status, unanswered) = match &reply {
        Reply::Http(response) => (Some(response.status().as_u16()), None),
        Reply::Stall => (None, Some(Unanswered::Stalled)),
        Reply::Break(Breakage::Refused) => (None, Some(Unanswered::Refused)),
        Reply::Break(Breakage::Reset) => (None, Some(Unanswered::Reset)),
        Reply::Break(Breakage::Closed) => (None, Some(Unanswered::Closed)),
    };
    if let Some(visit) = visit {
        visit.end(status, unanswered);
    }
    match (reply, breaker) {
        (Reply::Http(response), _) => response,
        (Reply::Stall, None) => pending().await,
        (Reply::Stall, Some(breaker)) => {
            breaker.stopped().await;
            cut(&breaker, Breakage::Reset)
        }
        (Reply::Break(breakage), Some(breaker)) => cut(&breaker, breakage),
        (Reply::Break(breakage), None) => error(500, &format!("Here the connection breaks: {breakage:?}")),
    }
}

/// Breaks a connection on the attempt to write this to it.
fn cut(breaker: &Breaker, breakage: Breakage) -> Response<Body> {
    breaker.trip(breakage);
    content("text/plain", Body::empty())
}
