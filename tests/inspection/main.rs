//! The inspection problem: closed forms, cross-checks, and exact expectations.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod closed_forms;
mod expectations;
mod nearby;
mod optimality;
mod sums;
mod support;
