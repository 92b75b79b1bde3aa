//! Engines: a plan in, task records out.
//!
//! [`plan::Plan`] is a scenario made ready to run, `Intake` the stream of its tasks up to the start of their
//! waits, [`sim`] the simulator that answers strategies from the world directly, [`trace`] one wait request by request, [`yardstick`] what no strategy
//! can do better than; [`shard`] cuts a run into parts for several machines, [`partial`] is what each hands in;
//! [`until`] adds replicates until a figure is known well enough.

pub mod compare;
mod findings;
pub mod gates;
pub(crate) mod intake;
#[cfg(feature = "live")]
pub mod live;
mod observer;
#[doc(hidden)]
pub mod partial;
pub mod plan;
pub mod shard;
pub mod sim;
pub mod trace;
#[doc(hidden)]
pub mod until;
#[doc(hidden)]
pub mod yardstick;
