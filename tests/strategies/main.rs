//! What every way of waiting does, request by request, and what none may do.

mod batch_waits;
mod compositions;
mod documented_traces;
mod hardened_traces;
mod jitters;
mod learned_waits;
mod learner;
mod learning;
#[path = "../support/soak.rs"]
mod soak;
mod traced_waits;
#[path = "../support/traces.rs"]
mod traces;
