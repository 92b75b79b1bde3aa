//! Webhook deliveries: pushed at the end of a task, tried again as documented, then given up (`apixo-api.md` §6).

use crate::net::stream::Network;
use crate::server::journal::Entry;
use crate::server::{Server, Settings, status};
use crate::time::Micros;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use std::net::IpAddr;

/// How long a receiver may take.
const PATIENCE: Micros = Micros::from_secs(30);
/// Pauses before the second, third and fourth attempt, counted from the failure before.
const PAUSES: [Micros; 3] = [Micros::from_secs(30), Micros::from_secs(120), Micros::from_secs(600)];

/// Whether webhooks may go to `url`; else why not.
pub(super) fn check(settings: &Settings, url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| "callback_url is not a URL".to_owned())?;
    let host = match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => host,
        _ => return Err("callback_url must be an absolute http or https URL".to_owned()),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let is_allowed = settings.webhook_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(bare));
    if is_loopback || is_allowed || matches!(settings.network, Network::Memory(_)) {
        Ok(())
    } else {
        Err(format!("callback_url points to {bare}; this mock sends webhooks to loopback and to allowed hosts only"))
    }
}

/// Arranges the deliveries for a task that was just made.
pub(super) fn schedule(server: &Server, slot: usize, id: String, url: String) {
    let server = server.clone();
    tokio::spawn(async move {
        let Some(done) = done(&server, slot, &id).await else { return };
        let deliveries = server.state().deliveries(slot);
        let fault = deliveries.fault.and_then(|rule| server.state().faults().get(rule).map(|rule| rule.kind));
        if deliveries.first.is_never() {
            // The sender takes it for done, but nobody ever sees it.
            server.clock().sleep_until(done).await;
            note(&server, &id, &url, 1, Some(200), fault);
            return;
        }
        let first = deliver(&server, slot, &id, &url, deliveries.first, fault);
        let again = deliver(&server, slot, &id, &url, deliveries.again, fault);
        tokio::join!(first, again);
    });
}

/// When the task ends, once that is known; `None` where it never does.
async fn done(server: &Server, slot: usize, id: &str) -> Option<Micros> {
    loop {
        let (truth, pending) = {
            let now = server.clock().now();
            let mut state = server.state();
            state.advance_workers(now);
            (state.slot(id).and_then(|slot| state.tasks.get(slot))?.truth, state.next_ready(slot))
        };
        match (truth.done.finite(), pending) {
            (Some(done), _) => return Some(done),
            // It waits for a worker.
            (None, Some(ready)) => server.clock().sleep_until(ready).await,
            (None, None) => return None,
        }
    }
}

/// Delivers at `at`, and again until the receiver says 200 or it is given up.
async fn deliver(server: &Server, slot: usize, id: &str, url: &str, at: Micros, fault: Option<&'static str>) {
    if at.is_never() {
        return;
    }
    let clock = server.clock();
    clock.sleep_until(at).await;
    let base = server.settings().public_base.clone().unwrap_or_default();
    for attempt in 0..=PAUSES.len() {
        let Some(body) = status::finished(server, slot, id, &base) else { return };
        let status = tokio::select! {
            biased;
            status = post(server, url, body) => status,
            () = clock.sleep_until(clock.now() + PATIENCE) => None,
        };
        note(server, id, url, attempt as u32 + 1, status, fault);
        match PAUSES.get(attempt) {
            Some(pause) if status != Some(200) => clock.sleep_until(clock.now() + *pause).await,
            _ => return,
        }
    }
}

/// Sends one delivery: the receiver's HTTP status. Redirects are not followed.
async fn post(server: &Server, url: &str, body: String) -> Option<u16> {
    let uri: Uri = url.parse().ok()?;
    // Plain HTTP only: receivers under test stand on this machine.
    let (Some("http"), Some(host), Some(authority)) = (uri.scheme_str(), uri.host(), uri.authority()) else {
        return None;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = server.settings().network.connect(bare, uri.port_u16().unwrap_or(80)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let driver = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::post(path)
        .header(HOST, authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(bytes::Bytes::from(body)))
        .ok()?;
    let answer = sender.send_request(request).await;
    driver.abort();
    answer.ok().map(|answer| answer.status().as_u16())
}

fn note(server: &Server, id: &str, url: &str, attempt: u32, status: Option<u16>, fault: Option<&'static str>) {
    server.state().counters.count("webhook", status);
    let path = url.parse::<Uri>().map_or_else(|_| url.to_owned(), |uri| uri.path().to_owned());
    let entry = Entry::new(server.clock().now(), "webhook", "POST", &path);
    let (task, url) = (Some(id.to_owned()), Some(url.to_owned()));
    server.note(Entry { task, status, fault, attempt: Some(attempt), url, ..entry });
}
