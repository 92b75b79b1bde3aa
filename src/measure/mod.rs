//! From task records to statistics.
//!
//! [`record::TaskRecord`] is what an engine reports of one task; [`totals`], [`histogram`] and [`rate`] sum records up in
//! integers; [`interval`] says how far a figure can be trusted; [`results`] is what `results.json` holds.

pub mod aftermath;
pub mod figures;
pub mod histogram;
pub mod interval;
pub mod knee;
pub mod moments;
pub mod outcome;
pub mod paired;
pub mod precision;
pub mod rate;
pub mod record;
pub mod recovery;
pub mod results;
pub mod series;
pub mod stopping;
pub mod struck;
pub mod summary;
pub mod totals;
pub mod verdict;
