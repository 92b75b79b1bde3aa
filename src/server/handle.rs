//! The one way in: limits, keys, routes, journal.

use crate::net::clock::Clock;
use crate::server::access::{self, has_sound_host, open_to_pages, preflight};
use crate::server::connection::{Breakage, Breaker};
use crate::server::credential::{bearer, same};
use crate::server::instance::Server;
use crate::server::journal::Unanswered;
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, content, error, method_not_allowed, success, unauthorized};
use crate::server::route::Target;
use crate::server::run::{Line, Run};
use crate::server::transfer::pass;
use crate::server::visit::Visit;
use crate::server::{admin, batch, results, schemas, status, submit};
use crate::world::fault::{ReplyEnd, Transfer};
use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use std::future::pending;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Answers a request, breaks its connection, or lets it hang. It counts as received as soon as this is called; on a clock
/// that is led, as soon as it is its turn.
pub(super) fn handle(
    server: &Server,
    request: axum::extract::Request,
) -> impl Future<Output = Response<Body>> + Send + use<> {
    let (server, run) = (server.clone(), server.run());
    let (parts, body) = request.into_parts();
    let target = Target::of(parts.uri.path());
    // The control plane does not watch itself.
    let is_watched = !matches!(target, Target::Admin { .. });
    let visit = (is_watched && !run.clock().is_led()).then(|| begin(&run, &target, &parts));
    async move {
        let visit = match visit {
            None if is_watched => {
                run.clock().turn(|| format!("{} {}", parts.method, parts.uri)).await;
                Some(begin(&run, &target, &parts))
            }
            visit => visit,
        };
        serve(server, run, target, parts, body, visit).await
    }
}

fn begin(run: &Arc<Run>, target: &Target, parts: &Parts) -> Visit {
    Visit::begin(run, target.name(), &parts.method, &parts.uri)
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
    let is_of_a_page = visit.is_some() && headers.contains_key(ORIGIN);
    let line = visit.as_ref().map_or(Line::NONE, Visit::line);
    let reply = match refused(&server, &target, &method, &headers) {
        Some(refusal) => Reply::Http(refusal),
        None => match read(&run, body, longest(&run, &target)).await {
            Read::Refused(refusal) => Reply::Http(refusal),
            Read::Whole(body, room) => {
                let breaker = breaker.clone();
                let request = Request { method, uri, headers, body, _room: room, line, breaker };
                dispatch(&server, &run, &target, request).await
            }
        },
    };
    let is_late = visit.is_some() && run.is_over();
    let reply = if is_late { Reply::Http(error(503, "The mock was reset meanwhile")) } else { reply };
    let mut response = act(reply, visit, breaker, run.clock().clone()).await;
    if is_of_a_page {
        open_to_pages(&mut response);
    }
    response
}

/// The answer to a request that may not go on: for its method, or its key.
fn refused(server: &Server, target: &Target, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
    if !has_sound_host(headers) {
        return Some(bad_request("The Host header is no host"));
    }
    let allowed = target.allow();
    if let Some(answer) = preflight(method, headers, allowed).filter(|_| !allowed.is_empty()) {
        return Some(answer);
    }
    match target {
        Target::Unknown => Some(error(404, "Not found")),
        // The live page itself shows nothing: it asks for the token.
        Target::Admin { rest } if rest.is_empty() && *method == Method::GET => {
            access::refused(server.settings(), headers).filter(|_| !access::asks_for_token(server.settings()))
        }
        Target::Admin { .. } => access::refused(server.settings(), headers),
        Target::Result { .. } | Target::Schema { .. } => {
            (!matches!(*method, Method::GET | Method::HEAD)).then(|| method_not_allowed(target.allow()))
        }
        Target::Submit { .. }
        | Target::SubmitBatch { .. }
        | Target::Status { .. }
        | Target::BatchStatus { .. }
        | Target::Balance => {
            if method.as_str() != target.allow() {
                return Some(method_not_allowed(target.allow()));
            }
            (!is_authorized(&server.settings().keys, headers)).then(|| unauthorized("API key"))
        }
    }
}

/// Whether exactly one `Authorization: Bearer` is there, with a key that is known.
fn is_authorized(keys: &[String], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    bearer(value.as_bytes()).is_some_and(|key| keys.is_empty() || keys.iter().any(|known| same(known.as_bytes(), key)))
}

/// Longest body of the control plane, in bytes.
const MOST_ADMIN_BODY: usize = 1 << 20;

fn longest(run: &Run, target: &Target) -> usize {
    match target {
        Target::Admin { .. } => run.settings().most_body.min(MOST_ADMIN_BODY),
        Target::Submit { .. }
        | Target::SubmitBatch { .. }
        | Target::Status { .. }
        | Target::BatchStatus { .. }
        | Target::Balance
        | Target::Result { .. }
        | Target::Schema { .. }
        | Target::Unknown => run.settings().most_body,
    }
}

/// A body that was read, and the room that it takes.
enum Read {
    Whole(Bytes, Option<OwnedSemaphorePermit>),
    /// Too long, too slow, or broken.
    Refused(Response<Body>),
}

/// Reads a body, as long and as slowly as it may be.
async fn read(run: &Run, body: Body, longest: usize) -> Read {
    if body.is_end_stream() {
        return Read::Whole(Bytes::new(), None);
    }
    let collected = collect(run, body, longest);
    if run.clock().is_paused() {
        return collected.await;
    }
    let too_slow = |_| Read::Refused(error(408, "The body took too long"));
    tokio::time::timeout(run.settings().patience, collected).await.unwrap_or_else(too_slow)
}

async fn collect(run: &Run, mut body: Body, longest: usize) -> Read {
    let refused = |status, message| Read::Refused(error(status, message));
    if body.size_hint().lower() > longest as u64 {
        return refused(413, "The body is too long");
    }
    let (mut whole, mut room): (BytesMut, Option<OwnedSemaphorePermit>) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Read::Refused(bad_request("The body cannot be read")) };
        let Ok(bytes) = frame.into_data() else { continue };
        if whole.len() + bytes.len() > longest {
            return refused(413, "The body is too long");
        }
        let Some(more) = run.room(bytes.len()) else { return refused(503, "Too many long bodies at a time") };
        match &mut room {
            Some(room) => room.merge(more),
            None => room = Some(more),
        }
        whole.extend_from_slice(&bytes);
    }
    Read::Whole(whole.freeze(), room)
}

async fn dispatch(server: &Server, run: &Arc<Run>, target: &Target, request: Request) -> Reply {
    match target {
        Target::Submit { model } => submit::submit(run, request, model).await,
        Target::SubmitBatch { model } => batch::submit(run, request, model).await,
        Target::Status { model } => status::status(run, &request, model).await,
        Target::BatchStatus { model, batch } => batch::status(run, &request, model, batch).await,
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
async fn act(reply: Reply, visit: Option<Visit>, breaker: Option<Breaker>, clock: Clock) -> Response<Body> {
    let (status, unanswered) = match &reply {
        Reply::Http(response) => (Some(response.status().as_u16()), None),
        Reply::Stall => (None, Some(Unanswered::Stalled)),
        Reply::Break(Breakage::Refused) => (None, Some(Unanswered::Refused)),
        Reply::Break(Breakage::Reset) => (None, Some(Unanswered::Reset)),
        Reply::Break(Breakage::Closed) => (None, Some(Unanswered::Closed)),
        Reply::Passed(Transfer::Half(ReplyEnd::Silence), _) => (None, Some(Unanswered::Stalled)),
        Reply::Passed(Transfer::Half(ReplyEnd::Reset), _) => (None, Some(Unanswered::Reset)),
        Reply::Passed(Transfer::Half(ReplyEnd::Closed), _) => (None, Some(Unanswered::Closed)),
        Reply::Passed(_, _) => (Some(200), None),
    };
    let stalled = match (visit, &reply) {
        (Some(visit), Reply::Stall | Reply::Passed(Transfer::Half(ReplyEnd::Silence), _)) => Some(visit.stall()),
        (Some(visit), Reply::Http(_) | Reply::Break(_) | Reply::Passed(..)) => {
            visit.end(status, unanswered);
            None
        }
        (None, _) => None,
    };
    match (reply, breaker) {
        (Reply::Http(response), _) => response,
        (Reply::Passed(transfer, text), breaker) => pass(transfer, text, clock, breaker, stalled),
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
