//! What can happen to a request or a task: the bytes of faults, their phases, weather, and whatever can be written down.

mod fault_bytes;
mod fault_phases;
mod fuzz;
#[path = "../support/soak.rs"]
mod soak;
mod weather;
