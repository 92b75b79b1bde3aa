//! The world that strategies wait in: how long tasks take, what becomes of them, and what goes wrong on the way.
//!
//! Truth first, observer second: a task's fate is drawn when it is submitted and never depends on how it is polled;
//! weather advances in time, never per request.

pub mod arrivals;
pub mod capacity;
pub mod distribution;
pub mod draws;
pub mod exchange;
pub mod fault;
pub mod limit;
pub mod model;
pub mod network;
pub mod outage;
pub mod rate_limit;
pub mod strike;
pub mod truth;
pub mod weather;
pub mod webhook;
