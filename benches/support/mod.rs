//! What the benches share: arguments, contenders that take turns, tables and their place in `PERFORMANCE.md`, what the
//! system says of this process, and a mock to measure.

#![allow(dead_code, reason = "each bench uses some of it")]

pub(crate) mod arguments;
#[cfg(feature = "mock")]
pub(crate) mod hosted;
pub(crate) mod page;
pub(crate) mod process;
pub(crate) mod timing;
