//! A webhook receiver: takes the server's deliveries, once a task, and wakes the waits for them.

use crate::api::envelope::{Envelope, Status};
use crate::net::stream::{Listener, Stream};
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// Longest delivery.
const MOST_BODY: usize = 64 << 10;
/// Tasks whose news are kept, told or not; the oldest go first.
const MOST_TASKS: usize = 1 << 17;
/// Connections at a time.
const MOST_CONNECTIONS: usize = 1_024;

/// Takes deliveries at a URL of its own; stops when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct WebhookReceiver {
    news: Arc<News>,
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

#[derive(Debug, Default)]
struct News {
    letters: Mutex<Letters>,
}

#[derive(Debug, Default)]
struct Letters {
    by_task: BTreeMap<String, Letter>,
    /// In order of first delivery.
    order: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Letter {
    status: Option<Status>,
    deliveries: u32,
    waits: Arc<Notify>,
}

/// Where one task's news go.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    news: Arc<News>,
    task: String,
}

impl WebhookReceiver {
    /// Listens on `address`; port 0 takes any free port.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        Ok(Self::serve(Listener::Tcp(listener), &url))
    }

    /// Takes what comes to `listener`, which others reach at `url`. Must run inside a tokio runtime.
    #[must_use]
    pub fn serve(listener: Listener, url: &str) -> Self {
        let news = Arc::new(News::default());
        let server = tokio::spawn(accept(listener, router(Arc::clone(&news))));
        Self { news, url: url.into(), _server: Arc::new(Server(server)) }
    }

    /// The URL to submit as `callback_url`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Deliveries for a task so far, duplicates included.
    #[must_use]
    pub fn deliveries(&self, task: &str) -> u32 {
        self.news.lock().by_task.get(task).map_or(0, |letter| letter.deliveries)
    }

    pub(super) fn mailbox(&self, task: &str) -> Mailbox {
        Mailbox { news: Arc::clone(&self.news), task: task.to_owned() }
    }
}

impl Mailbox {
    /// Waits until there are news.
    pub(super) async fn told(&self) {
        loop {
            let waits = {
                let mut letters = self.news.lock();
                let letter = letters.of(&self.task);
                if letter.status.is_some() {
                    return;
                }
                Arc::clone(&letter.waits)
            };
            // A permit that was left between the look and the wait is kept by the notifier.
            waits.notified().await;
        }
    }

    /// The news.
    pub(super) fn status(&self) -> Option<Status> {
        self.news.lock().by_task.get(&self.task).and_then(|letter| letter.status.clone())
    }
}

impl News {
    fn lock(&self) -> std::sync::MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a delivery: whether it is one.
    fn deliver(&self, body: &[u8]) -> bool {
        let Some(status) = Envelope::read(body).and_then(|envelope| envelope.status()) else { return false };
        let Some(task) = status.task_id.clone().filter(|_| status.state.is_terminal()) else { return false };
        let mut letters = self.lock();
        let letter = letters.of(&task);
        letter.deliveries += 1;
        // The first one counts; terminal states do not change.
        letter.status.get_or_insert(status);
        letter.waits.notify_one();
        letter.waits.notify_waiters();
        true
    }
}

impl Letters {
    fn of(&mut self, task: &str) -> &mut Letter {
        if !self.by_task.contains_key(task) {
            if self.order.len() >= MOST_TASKS
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_task.remove(&oldest);
            }
            self.order.push_back(task.to_owned());
        }
        self.by_task.entry(task.to_owned()).or_default()
    }
}

fn router(news: Arc<News>) -> Router {
    let take =
        move |body: Bytes| async move { if news.deliver(&body) { StatusCode::OK } else { StatusCode::BAD_REQUEST } };
    Router::new().fallback(axum::routing::post(take)).layer(DefaultBodyLimit::max(MOST_BODY))
}

async fn accept(mut listener: Listener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or the network is gone.
            if matches!(listener, Listener::Memory(_)) {
                return;
            }
            tokio::task::yield_now().await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let is_socket = matches!(stream, Stream::Tcp(_));
        tokio::spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            if is_socket {
                http.timer(hyper_util::rt::TokioTimer::new());
            }
            // A sender that goes away is none of our business.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}
