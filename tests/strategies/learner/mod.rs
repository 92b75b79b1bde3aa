//! From observed times to distributions, and from distributions to plans: the fit, and the strategy that learns.

mod advantage;
mod battery;
mod clamp;
mod drifts;
mod fits;
mod plans;
mod resamples;
mod robust;
mod support;
