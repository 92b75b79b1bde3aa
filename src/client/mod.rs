//! An asynchronous client that submits tasks to APIXO, or to anything that speaks like it, and waits for them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pollbench::client::{Client, Submission};
//! use pollbench::strategy::presets::preset;
//!
//! let client = Client::new("https://api.apixo.ai", "my-key")?;
//! let prompt = Submission::new(serde_json::json!({ "prompt": "a lighthouse at dawn" }));
//! let id = client.submit("nano-banana", &prompt).await?;
//! let strategy = preset("adaptive-hardened").expect("a shipped preset");
//! let finished = client.task("nano-banana", &id).wait(strategy).await?;
//! println!("{}", finished.urls[0]);
//! # Ok(()) }
//! ```
//!
//! There is no policy here: the machines of [`strategy`](crate::strategy) decide when to ask, what to make of an answer
//! and when to give up. [`TaskHandle::wait`] drives one of them, [`TaskSet`] thousands under one limit, [`LockStepPool`]
//! the guide's `TaskPoller`; [`WebhookReceiver`] ends waits early. A wait can be taken up again by the task's id from
//! another process, and is cancelled by dropping it.
//!
//! # Submits
//!
//! APIXO documents no idempotency key for single tasks: a submit that is sent twice makes two tasks and is billed twice. So no
//! such submit is ever repeated here, and one whose answer was lost is [`SubmitError::Unknown`]. A [`Batch`] has a key, and is
//! submitted again until its fate is known.

mod answer;
mod batch;
mod batch_wait;
mod deliveries;
mod error;
mod http;
mod learned;
mod learned_state;
mod pool;
mod receiver;
mod replies;
mod requests;
mod set;
mod slot;
mod wait;
mod watch;

pub use crate::api::envelope::{State, Status};
pub use batch::{Batch, BatchStatus, InvalidBatch, ItemStatus};
#[cfg(feature = "live")]
pub(crate) use batch_wait::BatchEvent;
pub use batch_wait::{BatchWaitError, Unfinished};
pub use error::{Finished, InvalidClient, RequestError, SubmitError, WaitContext, WaitError};
#[cfg(feature = "live")]
pub(crate) use http::Refusals;
pub use learned::{LearnedWaits, taught};
pub use learned_state::{InvalidState, LearnedState};
pub use pool::{LockStepPool, PoolEnd};
pub use receiver::WebhookReceiver;
pub use requests::{Client, ClientBuilder, Submission};
pub use set::{SetEntry, TaskSet};
pub use wait::{Events, TaskHandle, Waiting};
pub use watch::Event;
