//! Scenario files: what is read, what is refused, and how it is said.

mod errors;
mod reading;
#[path = "../support/soak.rs"]
mod soak;
