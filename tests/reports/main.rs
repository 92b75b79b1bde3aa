//! Reports and pages: formats agree, findings follow from figures, labels do not overlap.

mod findings;
#[path = "../support/report.rs"]
mod fixtures;
mod formats;
mod grid;
mod lab;
mod pictures;
#[path = "../support/soak.rs"]
mod soak;
