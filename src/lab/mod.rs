//! The lab: what the page of `pollbench lab` computes, without the page's window and without a server.
//!
//! One message goes in, a [`LabState`] and what is looked at, and one comes out, [`LabAnswer`]: figures and marks. A state
//! may come from a stranger's link: it is parsed within bounds, so that whatever it holds is a small run. It is run by way
//! of the text of a scenario, the same that the page has copied, so that the digest is the one that `compare` prints.
//!
//! The same seed makes the same tasks whatever the controls say, so that marks move as far as the data do.

mod answer;
mod limits;
mod looks;
pub mod page;
mod poller;
mod start;
mod state;
mod text;
mod unlike;

pub use answer::{LabAnswer, LabQuestion, answer};
pub use poller::{NoPoller, PollerWish, poller};
pub use start::{LabStart, start};
pub use state::{InvalidLabState, LabState};
