//! Observed times as people have them: the one reader of logs.
//!
//! CSV by commas, semicolons, tabs or bars, or one JSON object a line; UTF-8, UTF-16 or Latin-1; compressed by gzip or
//! not. A duration stands in a column of its own ([`Times::Lengths`]), in any common notation, or is the time between two
//! instants ([`Times::Between`]). What a plain number counts is said by the column's name or by the user, never guessed.
//!
//! Rows go by one at a time. The [`Account`] says what was read and what was left out; what cannot be meant stops the
//! reading with a sentence.
//!
//! ```
//! use pollbench::fit::Observation;
//! use pollbench::observations::{Source, Times};
//!
//! let log = "started,finished\n2024-05-01 12:00:00,2024-05-01 12:02:04.8\n2024-05-01 12:01:00,\n";
//! let source = Source::new(Times::Between { start: "started".into(), end: "finished".into(), upper: None });
//! let read = source.read(Box::new(log.as_bytes()))?;
//! // The second task was not seen to end by the last instant of the log.
//! assert_eq!(read.all(), [Observation::Exact(124_800_000.0), Observation::Beyond(64_800_000.0)]);
//! # Ok::<(), pollbench::observations::UnreadableLog>(())
//! ```

mod account;
mod ahead;
mod cell;
mod column;
mod entry;
mod error;
mod filter;
mod gather;
mod input;
mod instant;
mod number;
mod quote;
mod reader;
mod rows;
mod sighting;
mod unit;

pub use account::{Account, SkipReason, SkippedRows};
pub use column::{instants, lengths};
pub use error::UnreadableLog;
pub use filter::{Condition, InvalidCondition};
pub use instant::InstantNotation;
pub use number::Decimal;
#[cfg(feature = "tune")]
pub(crate) use quote::shown;
pub use unit::Unit;

use crate::fit::Observation;

/// Where the times of a log stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Times {
    /// Durations.
    Lengths {
        /// Their column; with `upper`, that of the last age at which the task was unfinished.
        column: String,
        /// Column of the first age at which the task was known to be finished; empty where one gave up.
        upper: Option<String>,
    },
    /// Instants.
    Between {
        /// Column of the instant at which the task began.
        start: String,
        /// Column of the instant at which it ended, empty where it did not; with `upper`, of the last instant at which it was
        /// unfinished.
        end: String,
        /// Column of the first instant at which it was known to be finished; empty where one gave up.
        upper: Option<String>,
    },
}

/// What to read of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where the times stand.
    pub times: Times,
    /// What plain numbers count; by the end of the column's name where absent.
    pub unit: Option<Unit>,
    /// The decimal sign; by the numbers themselves where absent.
    pub decimal: Option<Decimal>,
    /// Rows that do not meet all of these are left out.
    pub keep: Vec<Condition>,
    /// Tasks of rows that meet one of these were not seen to end.
    pub unfinished: Vec<Condition>,
    /// Column of the age, or with [`Times::Between`] of the instant, from which on a task was watched; empty where that was from
    /// its beginning. Of tasks that ended before, the log has no row.
    pub entered: Option<String>,
    /// Column that names the group of a row, as the model; all rows are one group where absent.
    pub by: Option<String>,
}

impl Source {
    /// All rows of a log, as one group.
    #[must_use]
    pub fn new(times: Times) -> Self {
        Self { times, unit: None, decimal: None, keep: Vec::new(), unfinished: Vec::new(), entered: None, by: None }
    }

    /// Reads a log.
    ///
    /// # Errors
    ///
    /// Where the file is no table, a column or a unit is missing, no row can be used, or what stands there cannot be meant.
    pub fn read<'a>(&self, log: Box<dyn std::io::Read + Send + 'a>) -> Result<Observed, UnreadableLog> {
        gather::gather(self, log)
    }
}

/// A file as UTF-8, whatever its encoding and compression are: for tables that have a reader of their own.
///
/// # Errors
///
/// Where it cannot be read, or is no text.
pub fn plain_text<'a>(
    file: Box<dyn std::io::Read + Send + 'a>,
) -> Result<Box<dyn std::io::Read + Send + 'a>, UnreadableLog> {
    Ok(input::open(file)?.reader.into_source())
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The observations by group, in the order of their names; without [`Source::by`] one group without a name.
    pub groups: Vec<(String, Vec<Observation>)>,
    /// What was read, and what was left out.
    pub account: Account,
}

impl Observed {
    /// The observations of all groups, group by group.
    #[must_use]
    pub fn all(mut self) -> Vec<Observation> {
        match self.groups.len() {
            1 => self.groups.remove(0).1,
            _ => self.groups.into_iter().flat_map(|(_, observations)| observations).collect(),
        }
    }
}
