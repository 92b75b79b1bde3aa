//! A client for one server: submits, single status requests, the balance.

use super::answer::{Answer, Body, Lost};
use super::error::{InvalidClient, RequestError, SubmitError};
use super::http;
use crate::api::envelope::Status;
use crate::api::envelope::{Data, Envelope};
use crate::api::reply::LONGEST_ANSWER;
use crate::net::clock::Clock;
use crate::net::stream::Transport;
use serde_json::{Value, json};
use std::sync::Arc;

/// A client with one base URL and key; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) http: Arc<http::Http>,
}

/// Settings of a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    base_url: String,
    key: Key,
    clock: Option<Clock>,
    network: Transport,
    most_body: usize,
    refusals: Option<http::Refusals>,
}

/// A key that no message shows.
#[derive(Clone)]
struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    input: Value,
    callback: Option<String>,
    keyed: Option<u64>,
}

impl Submission {
    /// A task with this `input`, whose fields depend on the model.
    #[must_use]
    pub fn new(input: Value) -> Self {
        Self { input, callback: None, keyed: None }
    }

    /// Asks the server to tell `url` of the end too.
    #[must_use]
    pub fn callback(mut self, url: &str) -> Self {
        self.callback = Some(url.to_owned());
        self
    }

    /// Tells the mock which keyed task this is.
    #[cfg(feature = "live")]
    pub(crate) fn keyed(mut self, task: u64) -> Self {
        self.keyed = Some(task);
        self
    }

    fn body(&self) -> Vec<u8> {
        let body = match &self.callback {
            Some(url) => json!({ "request_type": "callback", "callback_url": url, "input": self.input }),
            None => json!({ "request_type": "async", "input": self.input }),
        };
        body.to_string().into_bytes()
    }
}

impl Client {
    /// A client for the server at `base_url`, an origin with or without `/api/v1`.
    ///
    /// # Errors
    ///
    /// The URL or the key cannot be used.
    pub fn new(base_url: &str, key: &str) -> Result<Self, InvalidClient> {
        Self::builder(base_url, key).build()
    }

    /// The same, with further settings.
    #[must_use]
    pub fn builder(base_url: &str, key: &str) -> ClientBuilder {
        let (base_url, key) = (base_url.to_owned(), Key(key.to_owned()));
        ClientBuilder { base_url, key, clock: None, network: Transport::Tcp, most_body: LONGEST_ANSWER, refusals: None }
    }

    /// Submits a task and returns its id. It has no timeout of its own: a caller who stops listening does not know
    /// whether a task was made.
    ///
    /// # Errors
    ///
    /// See [`SubmitError`]: whether a task may exist is the difference that matters.
    pub async fn submit(&self, model: &str, submission: &Submission) -> Result<String, SubmitError> {
        let answer = self.http.submit(model, submission.body(), submission.keyed).await;
        let id = match &answer {
            Answer::Http { status: 200, body: Body::Other(envelope), .. } => envelope.task_id(),
            Answer::Http { status: 200, body: Body::Status(status), .. } => status.task_id.clone(),
            Answer::Http { .. } | Answer::Lost(_) => None,
        };
        id.ok_or_else(|| unsubmitted(&answer, model))
    }

    /// Asks for a task once.
    ///
    /// # Errors
    ///
    /// The answer told nothing of the task.
    pub async fn status(&self, model: &str, task: &str) -> Result<Status, RequestError> {
        let answer = self.http.ask(model, task).await;
        match answer.status() {
            Some(status) if answer.http_status() == Some(200) && !status.is_of_another() => Ok(status.clone()),
            _ => Err(refused(&answer)),
        }
    }

    /// The balance of the key in US dollars.
    ///
    /// # Errors
    ///
    /// The answer has none.
    pub async fn balance(&self) -> Result<f64, RequestError> {
        let answer = self.http.balance().await;
        match &answer {
            Answer::Http { status: 200, body: Body::Other(Envelope { data: Data::Present(balance), .. }), .. } => {
                balance.as_f64().ok_or_else(|| refused(&answer))
            }
            Answer::Http { .. } | Answer::Lost(_) => Err(refused(&answer)),
        }
    }

    /// The clock that waits go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.http.clock
    }
}

/// Why a submit to `model` has no id, or no batch, to show.
pub(super) fn unsubmitted(answer: &Answer, model: &str) -> SubmitError {
    let model = model.to_owned();
    let message = answer.complaint().unwrap_or_else(|| "the answer has no id".to_owned());
    match answer {
        // A gateway that gave up waiting does not know what became of the request.
        Answer::Http { status: 200 | 500 | 502 | 504, .. } => SubmitError::Unknown { model, message },
        Answer::Http { status, retry_after, .. } => {
            let status = *status;
            if matches!(status, 402 | 408 | 425 | 429) || status >= 500 {
                SubmitError::Refused { model, status: Some(status), message, retry_after: *retry_after }
            } else {
                SubmitError::BadRequest { model, status, message }
            }
        }
        Answer::Lost(Lost::Refused) => SubmitError::Refused { model, status: None, message, retry_after: None },
        Answer::Lost(_) => SubmitError::Unknown { model, message },
    }
}

pub(super) fn refused(answer: &Answer) -> RequestError {
    let retry_after = match answer {
        Answer::Http { retry_after, .. } => *retry_after,
        Answer::Lost(_) => None,
    };
    let message = answer.complaint().unwrap_or_else(|| "the answer is not what was asked for".to_owned());
    RequestError { status: answer.http_status(), message, retry_after }
}

impl ClientBuilder {
    /// The clock that waits go by; without one, real time from now on.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The network that connections go over; without one, sockets, and TLS for `https`.
    #[must_use]
    pub fn network(mut self, network: Transport) -> Self {
        self.network = network;
        self
    }

    /// Lets refused connections be known only when this says so, where sockets of one machine stand for a network.
    #[cfg(feature = "live")]
    pub(crate) fn refusals(mut self, known: http::Refusals) -> Self {
        self.refusals = Some(known);
        self
    }

    /// Longest body of an answer that is read, 1 MiB by default; a longer one counts as lost.
    #[must_use]
    pub fn most_body(mut self, bytes: usize) -> Self {
        self.most_body = bytes;
        self
    }

    /// Makes the client. Where no clock was given, this must run inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The URL or the key cannot be used.
    pub fn build(self) -> Result<Client, InvalidClient> {
        let clock = self.clock.unwrap_or_else(Clock::wall);
        let mut http = http::Http::new(&self.base_url, &self.key.0, clock, self.network, self.most_body)?;
        http.refusals = self.refusals;
        Ok(Client { http: Arc::new(http) })
    }
}
