//! The simulator: every form of it agrees, with closed forms and with itself in parts.

mod gates;
#[path = "../support/scenarios.rs"]
mod scenarios;
mod shards;
mod simulation;
#[path = "../support/soak.rs"]
mod soak;
