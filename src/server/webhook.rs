//! Webhook deliveries: pushed at the end of a task, tried again as documented, then given up (`apixo-api.md` §6).

use crate::net::signature::{SIGNATURE, TIMESTAMP};
use crate::net::stream::Transport;
use crate::server::access::is_loopback;
use crate::server::journal::{JournalEntry, Unanswered, kept};
use crate::server::run::{Line, Run};
use crate::server::settings::Settings;
use crate::server::{id, status};
use crate::time::Micros;
use crate::world::webhook::{Delivery as Planned, DeliveryOutcome, PATIENCE, PAUSES};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Longest URL that deliveries go to, in bytes: it is kept until the task is over.
const LONGEST_URL: usize = 2_048;
/// A slot that no task ever has.
pub(super) const NOBODY: usize = (1 << 40) - 1;
/// What a delivery holds that is no JSON.
pub(super) const GARBLED: &str = r#"{"code":200,"message":"success","data":{"taskId":"task_"#;

/// What is delivered for a task, and where.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) slot: usize,
    pub(super) id: String,
    pub(super) url: String,
    /// Start of result URLs.
    pub(super) base: String,
    /// Of an item of a batch, the fields that name both: it is signed.
    pub(super) item: Option<String>,
}

/// Whether webhooks may go to `url`; else why not.
pub(super) fn check(settings: &Settings, url: &str) -> Result<(), String> {
    if url.len() > LONGEST_URL {
        return Err(format!("callback_url is longer than {LONGEST_URL} bytes"));
    }
    let uri: Uri = url.parse().map_err(|_| "callback_url is not a URL".to_owned())?;
    if settings.webhook_map.iter().any(|map| map.target(&uri).is_some()) {
        return Ok(());
    }
    let host = match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => host,
        // Better refused than never delivered.
        (Some("https"), Some(host)) => {
            return Err(format!(
                "callback_url is https, and this mock delivers without TLS: start it with \
                 --webhook-map https://{host}=http://127.0.0.1:PORT to say where it goes"
            ));
        }
        _ => return Err("callback_url must be an absolute http or https URL".to_owned()),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_allowed = settings.webhook_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(bare));
    if is_loopback(bare) || is_allowed || matches!(settings.network, Transport::Memory(_)) {
        Ok(())
    } else {
        Err(format!(
            "callback_url points to {bare}; this mock sends webhooks to loopback only, to hosts that \
             --allow-webhook-host names, and where --webhook-map says"
        ))
    }
}

/// Arranges the deliveries for a task that was just made. None is made after a reset.
pub(super) fn schedule(run: &Arc<Run>, delivery: Delivery) {
    let fixed = run.state().pushes(delivery.slot);
    let Some((created, pushes)) = fixed else {
        let own = Arc::clone(run);
        return until_over(run, async move { delivery.deliver(&own).await });
    };
    for push in pushes {
        let (own, delivery) = (Arc::clone(run), delivery.clone());
        until_over(run, async move { delivery.push(&own, created, push).await });
    }
}

/// Does it in the background, for as long as the run lasts.
fn until_over(run: &Arc<Run>, work: impl Future<Output = ()> + Send + 'static) {
    let run = Arc::clone(run);
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = run.over() => {}
            () = work => {}
        }
    });
}

/// When the task ends, once that is known; `None` where it never does.
async fn done(run: &Run, slot: usize) -> Option<Micros> {
    loop {
        let (truth, pending) = {
            let now = run.clock().now();
            let mut state = run.state();
            state.advance_workers(now);
            (state.tasks.get(slot)?.truth, state.next_ready(slot))
        };
        match (truth.done.finite(), pending) {
            (Some(done), _) => return Some(done),
            // It waits for a worker.
            (None, Some(ready)) => run.clock().sleep_until(ready).await,
            (None, None) => return None,
        }
    }
}

impl Delivery {
    /// Waits for the end of the task, and tells of it as often as it must be.
    async fn deliver(&self, run: &Run) {
        let Some(done) = done(run, self.slot).await else { return };
        run.clock().sleep_until(done).await;
        let deliveries = run.state().deliveries(self.slot);
        let mut planned = deliveries.iter();
        let mut next = || self.follow(run, planned.next());
        // As many as there may be: one that really fails is still tried again when the next is due.
        tokio::join!(next(), next(), next(), next(), next());
    }

    /// Makes one delivery as it was planned. What really fails is tried again, as often as attempts are left.
    async fn follow(&self, run: &Run, planned: Option<&Planned>) {
        let (Some(planned), clock) = (planned, run.clock()) else { return };
        clock.sleep_until(planned.at).await;
        let fault = planned.fault.and_then(|rule| run.state().faults().get(rule).map(|rule| rule.kind().name()));
        for attempt in planned.attempt.. {
            let sent = clock.now();
            let line = self.begin(run, sent, attempt, fault);
            let told = match planned.outcome {
                DeliveryOutcome::Taken => self.tell(run, &self.id).await,
                DeliveryOutcome::Astray => self.tell(run, &id::write(NOBODY, 0)).await,
                DeliveryOutcome::Garbled => self.send(run, GARBLED.to_owned()).await,
                DeliveryOutcome::Slow => {
                    let until = clock.now() + PATIENCE;
                    let _ = self.tell(run, &self.id).await;
                    clock.sleep_until(until).await;
                    Err(Unanswered::TimedOut)
                }
                DeliveryOutcome::Swallowed => Ok(200),
                DeliveryOutcome::Refused => Err(Unanswered::Unreachable),
                DeliveryOutcome::Failed => Ok(500),
            };
            self.end(run, line, sent, told);
            // What the plan lets fail is tried again by the plan.
            let is_open =
                matches!(planned.outcome, DeliveryOutcome::Taken | DeliveryOutcome::Astray) && told != Ok(200);
            let Some(pause) = PAUSES.get(attempt as usize - 1).filter(|_| is_open) else { return };
            clock.sleep_until(clock.now() + *pause).await;
        }
    }

    /// Tells the receiver of the task, under this id.
    async fn tell(&self, run: &Run, id: &str) -> Result<u16, Unanswered> {
        match status::finished(run, self.slot, id, &self.base, self.item.as_deref().unwrap_or_default()) {
            Some(body) => self.send(run, body).await,
            None => Err(Unanswered::Unreachable),
        }
    }

    /// Sends a body: the receiver's HTTP status, or why there is none.
    pub(super) async fn send(&self, run: &Run, body: String) -> Result<u16, Unanswered> {
        let clock = run.clock();
        let until = clock.now() + PATIENCE;
        tokio::select! {
            biased;
            status = self.post(run, body) => status.ok_or(Unanswered::Unreachable),
            () = clock.sleep_until(until) => Err(Unanswered::TimedOut),
        }
    }

    /// Sends one delivery: the receiver's HTTP status. Redirects are not followed.
    async fn post(&self, run: &Run, body: String) -> Option<u16> {
        let uri: Uri = self.url.parse().ok()?;
        let (host, authority) = (uri.host()?, uri.authority()?);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let mapped = run.settings().webhook_map.iter().find_map(|map| map.target(&uri));
        let (host, port) = mapped.unwrap_or_else(|| (bare, uri.port_u16().unwrap_or(80)));
        let stream = run.settings().network.connect(host, port).await.ok()?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        let _driver = Driver(tokio::spawn(connection));
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::post(path).header(HOST, authority.as_str()).header(CONTENT_TYPE, "application/json");
        if self.item.is_some() {
            let sent = run.clock().unix_ms(run.clock().now()) / 1_000;
            let signature = run.settings().webhook_secret.sign(sent, body.as_bytes());
            request = request.header(TIMESTAMP, sent).header(SIGNATURE, signature);
        }
        let request = request.body(Full::new(bytes::Bytes::from(body))).ok()?;
        sender.send_request(request).await.ok().map(|answer| answer.status().as_u16())
    }

    /// Writes an attempt into the journal.
    pub(super) fn begin(&self, run: &Run, sent: Micros, attempt: u32, fault: Option<&'static str>) -> Line {
        run.note(|| {
            let path = self.url.parse::<Uri>().map_or_else(|_| self.url.clone(), |uri| uri.path().to_owned());
            let (task, url) = (Some(self.id.clone()), Some(kept(&self.url)));
            JournalEntry {
                task,
                fault,
                attempt: Some(attempt),
                url,
                ..JournalEntry::new(sent, "webhook", "POST", &path)
            }
        })
    }

    /// Writes down what came of it.
    pub(super) fn end(&self, run: &Run, line: Line, sent: Micros, told: Result<u16, Unanswered>) {
        let took = run.clock().real(run.clock().now() - sent).unwrap_or(Duration::MAX);
        run.state().counters.count("webhook", told.ok(), took);
        run.amend(line, |entry| (entry.status, entry.unanswered) = (told.ok(), told.err()));
    }
}

/// What moves the bytes of a delivery; stops with it.
struct Driver<T>(JoinHandle<T>);

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
