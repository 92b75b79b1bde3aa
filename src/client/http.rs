//! Requests over HTTP: one connector for sockets, TLS and memory.

use crate::client::answer::{Answer, Lost};
use crate::client::error::InvalidClient;
use crate::net::clock::Clock;
use crate::net::stream::{ByteStream, Transport};
use crate::time::Micros;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::ClientConfig;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

/// What is escaped in a path segment or a query value: everything but the unreserved characters (RFC 3986 §2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Connections that are kept open for the next request to a host.
const MOST_IDLE: usize = 4_096;

/// Header by which the mock is told which keyed task a submit is for.
const TASK_HEADER: &str = "pollbench-task";

/// Header of the key that stands for a batch.
const KEY_HEADER: &str = "idempotency-key";

/// What makes sense of an answer that was complete at an instant.
type Read = fn(u16, &HeaderMap, &[u8], &Clock, Micros) -> Answer;

/// Whom TLS trusts: read once, however many clients there are.
static TLS: LazyLock<Arc<ClientConfig>> =
    LazyLock::new(|| Arc::new(ClientConfig::builder().with_webpki_roots().with_no_client_auth()));

/// The sending half of a client.
#[derive(Debug)]
pub(super) struct Http {
    pool: legacy::Client<HttpsConnector<Connector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
    pub(super) clock: Clock,
    most_body: usize,
    /// Over a network that is only played, when a refusal is known.
    pub(super) refusals: Option<Refusals>,
}

/// When it is known that a connection was refused which was asked for at an instant.
#[derive(Clone)]
pub(crate) struct Refusals(pub(crate) Arc<dyn Fn(Micros) -> Micros + Send + Sync>);

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusals")
    }
}

impl Http {
    pub(super) fn new(
        base_url: &str,
        key: &str,
        clock: Clock,
        network: Transport,
        most_body: usize,
    ) -> Result<Self, InvalidClient> {
        let invalid = || InvalidClient::BaseUrl { url: base_url.to_owned() };
        let trimmed = base_url.trim_end_matches('/');
        let uri: Uri = trimmed.parse().map_err(|_| invalid())?;
        let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        if !has_scheme || uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
            return Err(invalid());
        }
        let base = if trimmed.ends_with("/api/v1") { trimmed.to_owned() } else { format!("{trimmed}/api/v1") };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidClient::Key);
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| InvalidClient::Key)?;
        authorization.set_sensitive(true);
        let connector = HttpsConnector::from((Connector { network }, Arc::clone(&TLS)));
        let pool = legacy::Client::builder(TokioExecutor::new())
            // Without a pool timer nothing but the strategy's own sleeps is on the clock.
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(MOST_IDLE)
            // Only what was never written to a connection, because that had died while it was kept, goes out on another
            // one. A submit that may have been read is never sent twice.
            .retry_canceled_requests(true)
            .build(connector);
        Ok(Self { pool, base, authorization, clock, most_body, refusals: None })
    }

    /// Asks for a task.
    pub(super) async fn status(&self, model: &str, task: &str) -> Answer {
        let path = format!("/statusTask/{}?taskId={}", escaped(model), escaped(task));
        self.send(Method::GET, &path, None, Headers::default(), Answer::read).await.about(task)
    }

    /// Hands a task in.
    pub(super) async fn submit(&self, model: &str, body: Vec<u8>, keyed: Option<u64>) -> Answer {
        let headers = Headers { keyed, key: None };
        self.send(Method::POST, &format!("/generateTask/{}", escaped(model)), Some(body), headers, Answer::read).await
    }

    /// Hands a batch in, under its key.
    pub(super) async fn submit_batch(&self, model: &str, key: &str, body: Vec<u8>, keyed: Option<u64>) -> Answer {
        let path = format!("/generateTask/{}/batches", escaped(model));
        self.send(Method::POST, &path, Some(body), Headers { keyed, key: Some(key) }, Answer::read_whole).await
    }

    /// Asks for a batch.
    pub(super) async fn batch_status(&self, model: &str, batch: &str) -> Answer {
        let path = format!("/generateTask/{}/batches/{}", escaped(model), escaped(batch));
        self.send(Method::GET, &path, None, Headers::default(), Answer::read_whole).await
    }

    /// Asks for the balance.
    pub(super) async fn balance(&self) -> Answer {
        self.send(Method::GET, "/apikeys/current-balance", None, Headers::default(), Answer::read).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: Headers<'_>,
        read: Read,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("pollbench/", env!("CARGO_PKG_VERSION")));
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(task) = headers.keyed {
            request = request.header(TASK_HEADER, task);
        }
        if let Some(key) = headers.key {
            request = request.header(KEY_HEADER, key);
        }
        let request = match request.body(Full::new(Bytes::from(body.unwrap_or_default()))) {
            Ok(request) => request,
            // Such as a task id that makes the URL too long.
            Err(error) => return Answer::Lost(Lost::Other(error.to_string())),
        };
        let sent = self.clock.now();
        let answer = match self.pool.request(request).await {
            Ok(answer) => answer,
            Err(error) => {
                let lost = Answer::lost(&error);
                if let (Answer::Lost(Lost::Refused), Some(Refusals(known))) = (&lost, &self.refusals) {
                    self.clock.sleep_until(known(sent)).await;
                }
                return lost;
            }
        };
        let (parts, body) = answer.into_parts();
        match Limited::new(body, self.most_body).collect().await {
            Ok(body) => {
                let heard = self.clock.now();
                read(parts.status.as_u16(), &parts.headers, &body.to_bytes(), &self.clock, heard)
            }
            Err(error) => Answer::lost(&*error),
        }
    }
}

/// What submits may have in their head.
#[derive(Debug, Clone, Copy, Default)]
struct Headers<'a> {
    /// The keyed task that it is for, or the first of several.
    keyed: Option<u64>,
    /// What stands for a batch.
    key: Option<&'a str>,
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Connects over a network.
#[derive(Debug, Clone)]
struct Connector {
    network: Transport,
}

/// A stream as hyper wants it.
#[derive(Debug)]
struct Wire(TokioIo<ByteStream>);

impl tower_service::Service<Uri> for Connector {
    type Response = Wire;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let network = self.network.clone();
        Box::pin(async move {
            let default = if to.scheme_str() == Some("https") { 443 } else { 80 };
            let host = to.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            let stream = network.connect(host, to.port_u16().unwrap_or(default)).await?;
            Ok(Wire(TokioIo::new(stream)))
        })
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, into)
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
