//! Batches: up to fifty tasks that are submitted together, and of which one request tells (`apixo-api.md` §11).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pollbench::client::{Batch, Client};
//! use pollbench::strategy::presets::preset;
//! use serde_json::json;
//!
//! let client = Client::new("https://api.apixo.ai", "my-key")?;
//! let batch = Batch::new("order-17")?
//!     .item("front", json!({ "prompt": "a lighthouse at dawn" }))?
//!     .item("back", json!({ "prompt": "a lighthouse at dusk" }))?;
//! let handed_in = client.submit_batch("nano-banana", &batch).await?;
//! let strategy = preset("adaptive-hardened").expect("a shipped preset");
//! let ended = client.wait_for_batch("nano-banana", &handed_in.id, &strategy).await?;
//! for item in &ended.items {
//!     println!("{}: {:?}", item.name, item.status.as_ref().map(|status| &status.urls));
//! }
//! # Ok(()) }
//! ```

use super::answer::{Answer, Body, Lost};
use super::error::{RequestError, SubmitError};
use super::requests::{Client, refused, unsubmitted};
use crate::api::envelope::{Data, Envelope, Status};
use crate::api::reply::LARGEST_BATCH;
use crate::strategy::composition::Tolerance;
use crate::time::Micros;
use serde_json::{Value, json};
use std::pin::pin;

/// How often a batch is handed in, the pause before the second time, and how many times as long each further one is.
const ATTEMPTS: u32 = 6;
const PAUSE: Micros = Micros::from_secs(1);
const GROWTH: u64 = 2;

/// What to make, under a key: whoever submits this again, with the same key, makes nothing twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    key: String,
    items: Vec<(String, Value)>,
    webhook: Option<String>,
    /// Which keyed task its first item is, for the mock.
    keyed: Option<u64>,
}

/// Why there is no such batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBatch {
    /// Its key is none.
    #[error("`{0}` is not a valid key: write 1 to {LONGEST} visible ASCII characters")]
    Key(String),
    /// The name of an item is none.
    #[error("`{0}` is not a valid item name: write 1 to {LONGEST} visible ASCII characters")]
    Name(String),
    /// Two items have the same name.
    #[error("two items are called `{0}`")]
    Twice(String),
    /// It has as many items as a batch may have.
    #[error("a batch has at most {MOST_ITEMS} items: begin another one")]
    Full,
}

/// Most items of a batch, and longest key and name, so that the key of an item, which is made of both, is no longer than 255.
const MOST_ITEMS: usize = LARGEST_BATCH as usize;
const LONGEST: usize = 127;

/// A key or a name, if it is one.
fn named(text: &str) -> Option<String> {
    let is_one = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then(|| text.to_owned())
}

/// What the server says of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStatus {
    /// Its id.
    pub id: String,
    /// Its items, in the order of the server.
    pub items: Vec<ItemStatus>,
}

/// What the server says of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemStatus {
    /// The name that it was submitted under.
    pub name: String,
    /// Its task, by which it can be waited for alone; `None` where the answer tells of none.
    pub status: Option<Status>,
}

impl Batch {
    /// An empty batch that `key` stands for, in this account and for good.
    ///
    /// # Errors
    ///
    /// It is no key: visible ASCII characters, at least one, at most 127.
    pub fn new(key: &str) -> Result<Self, InvalidBatch> {
        let key = named(key).ok_or_else(|| InvalidBatch::Key(key.to_owned()))?;
        Ok(Self { key, items: Vec::new(), webhook: None, keyed: None })
    }

    /// With one more task of this `input`, under a name that no other item has. The key that stands for the item is made of the
    /// batch's and its name.
    ///
    /// # Errors
    ///
    /// The name is none, with the same rule as for keys, or that of another item, or there are fifty already.
    pub fn item(mut self, name: &str, input: Value) -> Result<Self, InvalidBatch> {
        let name = named(name).ok_or_else(|| InvalidBatch::Name(name.to_owned()))?;
        if self.items.iter().any(|(known, _)| *known == name) {
            return Err(InvalidBatch::Twice(name));
        }
        if self.items.len() == MOST_ITEMS {
            return Err(InvalidBatch::Full);
        }
        self.items.push((name, input));
        Ok(self)
    }

    /// Asks the server to tell `url` of the end of each item too.
    #[must_use]
    pub fn webhook(mut self, url: &str) -> Self {
        self.webhook = Some(url.to_owned());
        self
    }

    /// Tells the mock which keyed task the first item is; the others follow it.
    #[cfg(feature = "live")]
    pub(crate) fn keyed(mut self, first: u64) -> Self {
        self.keyed = Some(first);
        self
    }

    fn body(&self) -> Vec<u8> {
        let item = |(name, input): &(String, Value)| json!({ "client_item_id": name, "idempotency_key": format!("{}/{name}", self.key), "input": input });
        let mut body = json!({ "items": self.items.iter().map(item).collect::<Vec<_>>() });
        if let Some(url) = &self.webhook {
            body["webhook_url"] = url.as_str().into();
        }
        body.to_string().into_bytes()
    }
}

impl BatchStatus {
    /// Reads what an answer says of a batch; `None` where it says nothing of one.
    fn read(envelope: &Envelope) -> Option<Self> {
        let Data::Present(data) = &envelope.data else { return None };
        let items = data.get("items")?.as_array()?.iter().map(|item| {
            let told = Envelope { code: None, message: None, data: Data::Present(item.clone()) };
            let name = item.get("client_item_id")?.as_str()?.to_owned();
            Some(ItemStatus { name, status: told.status().filter(|status| status.task_id.is_some()) })
        });
        Some(Self { id: data.get("batchId")?.as_str()?.to_owned(), items: items.collect::<Option<_>>()? })
    }

    /// Whether every item has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.open() == 0
    }

    /// Items that have not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        self.items.iter().filter(|item| !item.is_over()).count()
    }
}

impl ItemStatus {
    /// Whether it has ended, well or badly.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.state.is_terminal())
    }
}

/// What an answer says of a batch, where it is a good answer: one that tells of a task at least.
pub(super) fn told(answer: &Answer) -> Option<BatchStatus> {
    let status = match answer {
        Answer::Http { status: 200, body: Body::Other(envelope), .. } => BatchStatus::read(envelope)?,
        Answer::Http { .. } | Answer::Lost(_) => return None,
    };
    status.items.iter().any(|item| item.status.is_some()).then_some(status)
}

impl Client {
    /// Submits a batch. Where it is not known whether it was accepted, and where it was refused for a while, it is submitted
    /// again, some minute long: its key makes that safe. What comes back is its status at the time.
    ///
    /// # Errors
    ///
    /// [`SubmitError::BadRequest`] where the server will not take it, such as for a key that was used with another body;
    /// otherwise what the last attempt came to.
    pub async fn submit_batch(&self, model: &str, batch: &Batch) -> Result<BatchStatus, SubmitError> {
        let (clock, tolerance) = (self.clock(), Tolerance::default());
        let (mut pause, mut left) = (PAUSE, ATTEMPTS);
        loop {
            left -= 1;
            let answer = {
                let submitting = self.hand_in(model, batch);
                let mut submitting = pin!(submitting);
                tokio::select! {
                    biased;
                    answer = &mut submitting => answer,
                    () = clock.sleep_until(clock.now() + tolerance.attempt_timeout()) => Answer::Lost(Lost::TimedOut),
                }
            };
            if let Some(status) = told(&answer) {
                return Ok(status);
            }
            let error = unsubmitted(&answer, model);
            let asked = match &error {
                SubmitError::Refused { retry_after, .. } => retry_after.unwrap_or(Micros::ZERO),
                SubmitError::Unknown { .. } => Micros::ZERO,
                SubmitError::BadRequest { .. } => return Err(error),
            };
            if left == 0 {
                return Err(error);
            }
            clock.sleep_until(clock.now() + pause.max(tolerance.pause(asked))).await;
            pause = pause * GROWTH;
        }
    }

    /// Submits a batch once.
    async fn hand_in(&self, model: &str, batch: &Batch) -> Answer {
        self.http.submit_batch(model, &batch.key, batch.body(), batch.keyed).await
    }

    /// The same, and what is told of it, if anything is.
    #[cfg(feature = "live")]
    pub(crate) async fn submit_batch_once(&self, model: &str, batch: &Batch) -> Option<BatchStatus> {
        told(&self.hand_in(model, batch).await)
    }

    /// Asks for a batch once.
    ///
    /// # Errors
    ///
    /// The answer told nothing of it.
    pub async fn batch_status(&self, model: &str, id: &str) -> Result<BatchStatus, RequestError> {
        let answer = self.http.batch_status(model, id).await;
        told(&answer).ok_or_else(|| refused(&answer))
    }
}
