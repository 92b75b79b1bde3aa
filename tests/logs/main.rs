//! Logs as people have them: what is read, and what is refused with a sentence.

mod bad_logs;
#[path = "../support/desk.rs"]
#[allow(dead_code, reason = "other tests read what was written")]
mod desk;
mod observations;
#[path = "../support/soak.rs"]
mod soak;
