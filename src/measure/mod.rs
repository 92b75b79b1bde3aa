//! From task records to statistics.
//!
//! [`record::TaskRecord`] is what an engine reports of one task; [`totals`], [`histogram`] and [`rate`] sum records up in
//! integers; [`interval`] says how far a figure can be trusted; [`results`] is what `results.json` holds.

#[doc(hidden)]
pub mod aftermath;
#[doc(hidden)]
pub mod figures;
#[doc(hidden)]
pub mod histogram;
#[doc(hidden)]
pub mod interval;
#[doc(hidden)]
pub mod knee;
#[doc(hidden)]
pub mod moments;
pub mod outcome;
#[doc(hidden)]
pub mod paired;
#[doc(hidden)]
pub mod precision;
#[doc(hidden)]
pub mod rare;
#[doc(hidden)]
pub mod rate;
pub mod record;
#[doc(hidden)]
pub mod recovery;
pub mod results;
pub mod series;
#[doc(hidden)]
pub mod stopping;
#[doc(hidden)]
pub mod struck;
#[doc(hidden)]
pub mod summary;
#[doc(hidden)]
pub mod totals;
#[doc(hidden)]
pub mod verdict;
