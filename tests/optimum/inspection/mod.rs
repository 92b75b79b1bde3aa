//! The inspection problem: closed forms, cross-checks, and exact expectations.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod by_trying;
mod closed_forms;
mod expectations;
mod optimality;
mod support;
