//! Strategies: how a client waits. Pure state machines, without clock, I/O or randomness of their own.
//!
//! A [`composition::Strategy`] is data; [`presets`] names the guide's and the hardened ones. [`wait::Wait`] is the
//! machine of one wait, [`lock_step::LockStep`] the guide's poller of many tasks, [`batch::BatchWait`] that of a batch, [`dispatch::Dispatch`] a client's own
//! limit, [`learned::Learner`] what a client learns of its tasks. Every engine drives these same machines.

#[doc(hidden)]
pub mod batch;
#[doc(hidden)]
pub mod calm;
mod change;
pub mod composition;
#[doc(hidden)]
pub mod dispatch;
mod guide;
mod hindsight;
pub mod learned;
#[doc(hidden)]
pub mod lock_step;
pub mod planned;
pub mod presets;
#[doc(hidden)]
pub mod reading;
pub mod schedule;
pub mod tolerance;
pub mod wait;
