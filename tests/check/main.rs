//! Pollers on trial: what is correct upholds every property, and every planted mistake is caught by a named one.

mod command;
mod hooks;
mod mutants;
mod presets;
mod small;
#[path = "../support/soak.rs"]
mod soak;
mod written_pollers;
