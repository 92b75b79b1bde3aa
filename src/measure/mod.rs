//! From task records to statistics.

pub mod results;
pub mod series;
