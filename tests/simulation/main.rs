//! The simulator against closed forms, against itself, and against its promises.

mod coverage;
mod engines;
mod faults;
mod oracles;
mod promises;
#[path = "../support/soak.rs"]
mod soak;
mod support;
mod worlds;
