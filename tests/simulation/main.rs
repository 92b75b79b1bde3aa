//! The simulator against closed forms, against itself, and against its promises.

mod coverage;
mod engines;
mod oracles;
mod promises;
mod support;
mod worlds;
