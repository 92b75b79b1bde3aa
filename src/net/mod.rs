//! What server and client stand on: a clock that runs at any pace, and byte streams over sockets or in memory.
//!
//! This is the only place below the command line that reads a clock or opens a connection.

#[doc(hidden)]
pub mod agenda;
mod asked;
pub mod clock;
pub mod memory;
pub mod signature;
pub mod stream;
#[cfg(warp)]
pub mod warp;
