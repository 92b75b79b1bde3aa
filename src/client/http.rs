//! Requests over HTTP: one connector for sockets, TLS and memory.

use crate::client::answer::{Answer, Lost, delay};
use crate::client::error::InvalidClient;
use crate::net::clock::Clock;
use crate::net::stream::{ByteStream, Transport};
use crate::time::Micros;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderName, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{self, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::ClientConfig;
use std::borrow::Cow;
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
const TASK_HEADER: HeaderName = HeaderName::from_static("pollbench-task");

/// Header of the key that stands for a batch.
const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// What every request accepts, and every body is.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Who asks.
const NAME: HeaderValue = HeaderValue::from_static(concat!("pollbench/", env!("CARGO_PKG_VERSION")));

/// What makes sense of a complete answer: its status, the delay that it asks for, and its body.
type Read = fn(u16, Option<Micros>, &[u8]) -> Answer;

/// A request that is ready to be sent; why it cannot be, where it cannot.
type Ready = Result<Request<Full<Bytes>>, Lost>;

/// An answer to come, and when it was asked for where that matters.
pub(super) type Sent = Result<(ResponseFuture, Option<Micros>), Lost>;

/// Whom TLS trusts: read once, however many clients there are.
static TLS: LazyLock<Arc<ClientConfig>> =
    LazyLock::new(|| Arc::new(ClientConfig::builder().with_webpki_roots().with_no_client_auth()));

/// The sending half of a client.
#[derive(Debug)]
pub(super) struct Http {
    pool: legacy::Client<HttpsConnector<Connector>, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
    /// What every path begins with.
    root: String,
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
        if uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
            return Err(invalid());
        }
        let path = uri.path().trim_end_matches('/');
        let root = if path.ends_with("/api/v1") { path.to_owned() } else { format!("{path}/api/v1") };
        let Parts { scheme: Some(scheme), authority: Some(authority), .. } = uri.into_parts() else {
            return Err(invalid());
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(invalid());
        }
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
        Ok(Self { pool, scheme, authority, root, authorization, clock, most_body, refusals: None })
    }

    /// Asks for a task.
    pub(super) fn status(&self, model: &str, task: &str) -> Sent {
        let (model, task) = (escaped(model), escaped(task));
        let mut path = String::with_capacity(self.root.len() + model.len() + task.len() + 20);
        for part in [&*self.root, "/statusTask/", &model, "?taskId=", &task] {
            path.push_str(part);
        }
        self.send(self.question(path))
    }

    /// Asks for a task, and waits for the answer.
    pub(super) async fn ask(&self, model: &str, task: &str) -> Answer {
        self.told(self.status(model, task)).await.about(task)
    }

    /// The answer to a question for a task.
    pub(super) async fn told(&self, sent: Sent) -> Answer {
        self.heard(sent, Answer::read).await
    }

    /// Hands a task in.
    pub(super) async fn submit(&self, model: &str, body: Vec<u8>, keyed: Option<u64>) -> Answer {
        let path = format!("{}/generateTask/{}", self.root, escaped(model));
        self.heard(self.send(self.order(path, body, keyed, None)), Answer::read).await
    }

    /// Hands a batch in, under its key.
    pub(super) async fn submit_batch(&self, model: &str, key: &str, body: Vec<u8>, keyed: Option<u64>) -> Answer {
        let path = format!("{}/generateTask/{}/batches", self.root, escaped(model));
        self.heard(self.send(self.order(path, body, keyed, Some(key))), Answer::read_whole).await
    }

    /// Asks for a batch.
    pub(super) async fn batch_status(&self, model: &str, batch: &str) -> Answer {
        let path = format!("{}/generateTask/{}/batches/{}", self.root, escaped(model), escaped(batch));
        self.heard(self.send(self.question(path)), Answer::read_whole).await
    }

    /// Asks for the balance.
    pub(super) async fn balance(&self) -> Answer {
        let path = format!("{}/apikeys/current-balance", self.root);
        self.heard(self.send(self.question(path)), Answer::read).await
    }

    fn question(&self, path: String) -> Ready {
        self.request(Method::GET, path, Bytes::new())
    }

    /// A submit, by the keyed task that it is for, or the first of several, and what stands for a batch.
    fn order(&self, path: String, body: Vec<u8>, keyed: Option<u64>, key: Option<&str>) -> Ready {
        let mut request = self.request(Method::POST, path, Bytes::from(body))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        if let Some(task) = keyed {
            headers.insert(TASK_HEADER, HeaderValue::from(task));
        }
        if let Some(key) = key {
            headers.insert(KEY_HEADER, HeaderValue::from_str(key).map_err(|error| unsent(&error))?);
        }
        Ok(request)
    }

    fn request(&self, method: Method, path: String, body: Bytes) -> Ready {
        let mut parts = Parts::default();
        (parts.scheme, parts.authority) = (Some(self.scheme.clone()), Some(self.authority.clone()));
        // Such as a task id that makes the URL too long.
        let path = PathAndQuery::from_maybe_shared(Bytes::from(path)).map_err(|error| unsent(&error))?;
        parts.path_and_query = Some(path);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| unsent(&error))?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, JSON);
        headers.insert(USER_AGENT, NAME);
        Ok(request)
    }

    /// Sends a request as soon as its answer is waited for. What is waited for is small, because the request is not in it.
    fn send(&self, request: Ready) -> Sent {
        let response = self.pool.request(request?);
        Ok((response, self.refusals.as_ref().map(|_| self.clock.now())))
    }

    async fn heard(&self, sent: Sent, read: Read) -> Answer {
        let (response, at) = match sent {
            Ok(sent) => sent,
            Err(lost) => return Answer::Lost(lost),
        };
        let answer = match response.await {
            Ok(answer) => answer,
            Err(error) => {
                let lost = Answer::lost(&error);
                if let (Answer::Lost(Lost::Refused), Some(Refusals(known)), Some(at)) = (&lost, &self.refusals, at) {
                    self.clock.sleep_until(known(at)).await;
                }
                return lost;
            }
        };
        let (parts, body) = answer.into_parts();
        match Limited::new(body, self.most_body).collect().await {
            Ok(body) => {
                let retry_after = delay(&parts.headers, &self.clock, || self.clock.now());
                read(parts.status.as_u16(), retry_after, &body.to_bytes())
            }
            Err(error) => Answer::lost(&*error),
        }
    }
}

/// What became of a request that cannot be sent.
fn unsent(error: &dyn std::error::Error) -> Lost {
    Lost::Other(error.to_string())
}

fn escaped(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, ESCAPED).into()
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
