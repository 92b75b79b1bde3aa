//! The simulator against closed forms, against itself, and against its promises.

mod coverage;
mod engines;
mod faults;
mod oracles;
mod promises;
#[path = "../support/scenarios.rs"]
mod scenarios;
#[path = "../support/soak.rs"]
mod soak;
mod support;
mod until;
mod worlds;
