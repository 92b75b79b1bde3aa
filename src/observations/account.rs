//! What was read of a log, and what was left out.

use super::instant::InstantNotation;
use crate::fit::Observation;
use jiff::Timestamp;

/// Why rows are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// They do not meet a condition.
    Filtered(String),
    /// The cell of this column is empty.
    Empty(String),
    /// The cell of this column is neither a duration nor an instant.
    Odd(String),
    /// The task took no time.
    NoTime,
    /// Nobody watched the task before it ended.
    Unwatched,
    /// They have another count of cells than the header.
    Uneven,
    /// They are no JSON objects.
    NoObject,
}

impl SkipReason {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Filtered(condition) => format!("not {condition}"),
            Self::Empty(column) => format!("`{column}` is empty"),
            Self::Odd(column) => format!("`{column}` cannot be read"),
            Self::NoTime => "took no time".to_owned(),
            Self::Unwatched => "ended as one began to watch".to_owned(),
            Self::Uneven => "too few or too many cells".to_owned(),
            Self::NoObject => "no JSON object".to_owned(),
        }
    }

    /// Whether such rows are wrong, rather than not wanted.
    pub(super) fn is_wrong(&self) -> bool {
        match self {
            Self::Odd(_) | Self::Uneven | Self::NoObject => true,
            Self::Filtered(_) | Self::Empty(_) | Self::NoTime | Self::Unwatched => false,
        }
    }
}

/// Rows that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRows {
    /// The reason.
    pub reason: SkipReason,
    /// How many.
    pub rows: u64,
    /// The line that the first of them begins in.
    pub line: u64,
    /// Its cell.
    pub cell: String,
}

/// What was read of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Rows below the header.
    pub rows: u64,
    /// Rows that are observations.
    pub used: u64,
    /// Of these, tasks that were not seen to end.
    pub unfinished: u64,
    /// What kind of table it is.
    pub format: String,
    /// Its encoding.
    pub encoding: &'static str,
    /// Whether it was compressed by gzip.
    pub is_compressed: bool,
    /// What was read of which column, in words.
    pub times: String,
    /// The first and the last instant, in nanoseconds since 1970, where there are instants.
    pub span: Option<(i64, i64)>,
    /// Shortest, median and longest of the times in microseconds; of an unfinished task, how long it was seen.
    pub sizes: Option<[u64; 3]>,
    /// What was left out.
    pub skipped: Vec<SkippedRows>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

impl Account {
    /// Leaves a row out.
    pub(super) fn skip(&mut self, reason: SkipReason, line: u64, cell: &str) {
        if let Some(known) = self.skipped.iter_mut().find(|left| left.reason == reason) {
            known.rows += 1;
        } else {
            self.skipped.push(SkippedRows { reason, rows: 1, line, cell: cell.chars().take(40).collect() });
        }
    }

    /// What was left out, in words.
    #[must_use]
    pub fn reasons(&self) -> String {
        let each = self.skipped.iter().map(|SkippedRows { reason, rows, line, cell }| {
            let shown = if cell.is_empty() { String::new() } else { format!(": `{cell}`") };
            format!("{rows} {} (first: line {line}{shown})", reason.words())
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// Says how instants are written, and where they lie.
    pub(super) fn tell_instants(&mut self, clock: InstantNotation) {
        let Some((first, last)) = self.span else { return };
        let shown =
            |ns: i64| Timestamp::from_nanosecond(i128::from(ns)).map_or_else(|_| String::new(), |at| at.to_string());
        self.times.push_str(&match clock {
            InstantNotation::Count(_) => format!(": {}", clock.words()),
            InstantNotation::Zoned | InstantNotation::Local | InstantNotation::Epoch(_) => {
                format!(": {}, from {} to {}", clock.words(), shown(first), shown(last))
            }
        });
    }

    /// Says how long the tasks were seen.
    pub(super) fn tell_sizes(&mut self, sizes: impl Iterator<Item = f64>) {
        let mut sizes: Vec<u64> = sizes.map(|us| us as u64).collect();
        if sizes.is_empty() {
            return;
        }
        let middle = sizes.len() / 2;
        let median = *sizes.select_nth_unstable(middle).1;
        let (least, most) = sizes.iter().fold((u64::MAX, 0), |(least, most), us| (least.min(*us), most.max(*us)));
        self.sizes = Some([least, median, most]);
    }
}

/// How long a task was seen, in microseconds.
pub(super) fn size(observation: &Observation) -> f64 {
    match *observation {
        Observation::Exact(at)
        | Observation::Within(_, at)
        | Observation::Beyond(at)
        | Observation::Entered { at, .. } => at,
    }
}
