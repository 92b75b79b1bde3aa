//! The simulator against closed forms, against itself, and against its promises.

mod coverage;
mod engines;
mod faults;
mod oracles;
mod promises;
mod support;
mod until;
mod worlds;
