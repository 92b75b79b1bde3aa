//! From observed times to laws, and from laws to plans: the fit, and the strategy that learns.

mod advantage;
mod fits;
mod plans;
#[path = "../support/soak.rs"]
mod soak;
mod support;
