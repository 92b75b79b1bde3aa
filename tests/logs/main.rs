//! Logs as people have them: what is read, and what is refused with a sentence.

mod bad_logs;
#[path = "../support/desk.rs"]
mod desk;
mod observations;
#[path = "../support/soak.rs"]
mod soak;
