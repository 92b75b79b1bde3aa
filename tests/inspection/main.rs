//! The inspection problem: closed forms, cross-checks, and exact expectations.

mod closed_forms;
