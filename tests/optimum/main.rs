//! The best schedule, and settings near it.

mod inspection;
#[path = "../support/soak.rs"]
mod soak;
mod tuning;
mod yardstick;
