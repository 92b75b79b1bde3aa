//! A webhook receiver: takes the server's deliveries and hands them to the waits for their tasks.
//!
//! Its URL ends with a key that cannot be guessed, so that only who was given it, the server, is believed. Nothing is
//! encrypted: put something that speaks TLS in front of it, where others can listen.

use crate::api::envelope::Envelope;
use crate::client::deliveries::{Mailbox, News};
use crate::net::clock::Clock;
use crate::net::signature::{SIGNATURE, TIMESTAMP, WebhookSecret};
use crate::net::stream::{ByteStream, Listener};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Longest delivery.
const MOST_BODY: usize = 64 << 10;
/// Connections at a time.
const MOST_CONNECTIONS: usize = 1_024;
/// Longest life of a connection over a socket, so that a slow sender takes no place forever.
const LONGEST_CONNECTION: Duration = Duration::from_secs(60);
/// Pause after a failed accept, such as for want of file descriptors, which ends when others close theirs.
const BREATH: Duration = Duration::from_millis(50);

/// Takes deliveries at a URL of its own; stops when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct WebhookReceiver {
    news: News,
    url: Arc<str>,
    _server: Arc<Server>,
}

#[derive(Debug)]
struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl WebhookReceiver {
    /// Listens on `address`; port 0 takes any free port.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self::serve(Listener::Tcp(listener), &url))
    }

    /// Takes what comes to `listener`, which others reach at `url`, with or without a path. Must run inside a tokio runtime.
    #[must_use]
    pub fn serve(listener: Listener, url: &str) -> Self {
        Self::serve_signed(listener, url, None)
    }

    /// The same, for webhooks of batches, which the server signs: with a secret, deliveries that are not signed with it, or
    /// whose signature is older than five minutes or from the future, are refused.
    /// Signatures say the time by the `clock` of the server.
    #[must_use]
    pub fn serve_signed(listener: Listener, url: &str, secret: Option<(WebhookSecret, Clock)>) -> Self {
        let (news, key) = (News::default(), unguessable());
        let url = format!("{}/{key}", url.trim_end_matches('/'));
        let server = tokio::spawn(accept(listener, router(news.clone(), key.into(), secret)));
        Self { news, url: url.into(), _server: Arc::new(Server(server)) }
    }

    /// The URL to submit as `callback_url`. It is a secret between this receiver and the server: who has it is believed.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Deliveries for a task so far, duplicates included. What nobody waits for is forgotten after 131,072 other tasks.
    #[must_use]
    pub fn deliveries(&self, task: &str) -> u32 {
        self.news.deliveries(task)
    }

    pub(super) fn mailbox(&self, task: &str) -> Mailbox {
        self.news.mailbox(task)
    }
}

/// 128 bits in hexadecimal from the keys that the standard library takes from the system's random numbers: it relies on them
/// itself to make its hash tables' collisions unguessable.
fn unguessable() -> String {
    let half = || RandomState::new().hash_one("the key of a webhook receiver");
    format!("{:016x}{:016x}", half(), half())
}

/// How old a signature may be, and how far ahead, in milliseconds: clocks differ, and deliveries take their time.
const LONGEST_AGE_MS: u64 = 300_000;

/// Whether a body is signed with the secret, lately.
fn is_signed((secret, clock): &(WebhookSecret, Clock), headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some((sent, signature)) = text(TIMESTAMP).and_then(|sent| sent.parse::<u64>().ok()).zip(text(SIGNATURE)) else {
        return false;
    };
    let age = clock.unix_ms(clock.now()).abs_diff(sent.saturating_mul(1_000));
    age <= LONGEST_AGE_MS && secret.holds(sent, body, signature)
}

fn router(news: News, key: Arc<str>, secret: Option<(WebhookSecret, Clock)>) -> Router {
    let secret = secret.map(Arc::new);
    let take = move |request: Request| async move {
        // A proxy may have its own idea of the path before the key.
        if request.uri().path().rsplit('/').next() != Some(&*key) {
            return StatusCode::NOT_FOUND;
        }
        let headers = request.headers().clone();
        let Ok(body) = Bytes::from_request(request, &()).await else { return StatusCode::BAD_REQUEST };
        if secret.is_some_and(|secret| !is_signed(&secret, &headers, &body)) {
            return StatusCode::UNAUTHORIZED;
        }
        let status = Envelope::read(&body).and_then(|envelope| envelope.status());
        if status.is_some_and(|status| news.deliver(status)) { StatusCode::OK } else { StatusCode::BAD_REQUEST }
    };
    Router::new().fallback(axum::routing::post(take)).layer(DefaultBodyLimit::max(MOST_BODY))
}

async fn accept(mut listener: Listener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            if matches!(listener, Listener::Memory(_)) {
                // The network is gone.
                return;
            }
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let is_socket = matches!(stream, ByteStream::Tcp(_));
        tokio::spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            if is_socket {
                http.timer(hyper_util::rt::TokioTimer::new());
            }
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // A sender that goes away is none of our business.
            if is_socket {
                let _ = tokio::time::timeout(LONGEST_CONNECTION, connection).await;
            } else {
                let _ = connection.await;
            }
            drop(place);
        });
    }
}
