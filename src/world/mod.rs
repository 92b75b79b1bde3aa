//! The world that strategies wait in: how long tasks take, what becomes of them, and what goes wrong on the way.
//!
//! Truth first, observer second: a task's fate is drawn when it is submitted and never depends on how it is polled;
//! weather advances in time, never per request.

pub mod arrivals;
#[doc(hidden)]
pub mod capacity;
pub mod distribution;
pub mod draws;
#[doc(hidden)]
pub mod exchange;
pub mod fault;
#[doc(hidden)]
pub mod fault_draw;
#[doc(hidden)]
pub mod limit;
pub mod model;
pub mod network;
#[doc(hidden)]
pub mod outage;
#[doc(hidden)]
pub mod rate_limit;
#[doc(hidden)]
pub mod strike;
pub mod truth;
#[doc(hidden)]
pub mod weather;
#[doc(hidden)]
pub mod webhook;
