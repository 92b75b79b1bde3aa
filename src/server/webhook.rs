//! Webhook deliveries: pushed at the end of a task, tried again as documented, then given up (`apixo-api.md` §6).

use crate::net::stream::Network;
use crate::server::instance::Server;
use crate::server::journal::Entry;
use crate::server::settings::Settings;
use crate::server::status;
use crate::time::Micros;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use std::net::IpAddr;

/// How long a receiver may take.
const PATIENCE: Micros = Micros::from_secs(30);
/// Longest URL that deliveries go to, in bytes: it is kept until the task is over.
const LONGEST_URL: usize = 2_048;
/// Pauses before the second, third and fourth attempt, counted from the failure before.
const PAUSES: [Micros; 3] = [Micros::from_secs(30), Micros::from_secs(120), Micros::from_secs(600)];

/// What is delivered for a task, and where.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) slot: usize,
    pub(super) id: String,
    pub(super) url: String,
    /// Start of result URLs.
    pub(super) base: String,
}

/// Whether webhooks may go to `url`; else why not.
pub(super) fn check(settings: &Settings, url: &str) -> Result<(), String> {
    if url.len() > LONGEST_URL {
        return Err(format!("callback_url is longer than {LONGEST_URL} bytes"));
    }
    let uri: Uri = url.parse().map_err(|_| "callback_url is not a URL".to_owned())?;
    let host = match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => host,
        // Receivers under test stand on this machine, so deliveries are plain; better refused than never delivered.
        (Some("https"), _) => return Err("callback_url must be http here: this mock delivers without TLS".to_owned()),
        _ => return Err("callback_url must be an absolute http URL".to_owned()),
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
pub(super) fn schedule(server: &Server, delivery: Delivery) {
    let server = server.clone();
    tokio::spawn(async move {
        let Some(done) = done(&server, delivery.slot, &delivery.id).await else { return };
        let deliveries = server.state().deliveries(delivery.slot);
        let fault = deliveries.fault.and_then(|rule| server.state().faults().get(rule).map(|rule| rule.kind));
        if deliveries.first.is_never() {
            // The sender takes it for done, but nobody ever sees it.
            server.clock().sleep_until(done).await;
            delivery.note(&server, done, 1, Some(200), fault);
            return;
        }
        let first = delivery.deliver(&server, deliveries.first, fault);
        let again = delivery.deliver(&server, deliveries.again, fault);
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

impl Delivery {
    /// Delivers at `at`, and again until the receiver says 200 or it is given up.
    async fn deliver(&self, server: &Server, at: Micros, fault: Option<&'static str>) {
        if at.is_never() {
            return;
        }
        let clock = server.clock();
        clock.sleep_until(at).await;
        for attempt in 0..=PAUSES.len() {
            let Some(body) = status::finished(server, self.slot, &self.id, &self.base) else { return };
            let sent = clock.now();
            let status = tokio::select! {
                biased;
                status = self.post(server, body) => status,
                () = clock.sleep_until(sent + PATIENCE) => None,
            };
            self.note(server, sent, attempt as u32 + 1, status, fault);
            match PAUSES.get(attempt) {
                Some(pause) if status != Some(200) => clock.sleep_until(clock.now() + *pause).await,
                _ => return,
            }
        }
    }

    /// Sends one delivery: the receiver's HTTP status. Redirects are not followed.
    async fn post(&self, server: &Server, body: String) -> Option<u16> {
        let uri: Uri = self.url.parse().ok()?;
        let (host, authority) = (uri.host()?, uri.authority()?);
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

    fn note(&self, server: &Server, sent: Micros, attempt: u32, status: Option<u16>, fault: Option<&'static str>) {
        server.state().counters.count("webhook", status);
        let path = self.url.parse::<Uri>().map_or_else(|_| self.url.clone(), |uri| uri.path().to_owned());
        let entry = Entry::new(sent, "webhook", "POST", &path);
        let (task, url) = (Some(self.id.clone()), Some(self.url.clone()));
        server.note(Entry { task, status, fault, attempt: Some(attempt), url, ..entry });
    }
}
