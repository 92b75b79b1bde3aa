//! What was read of a log, and what was left out.

use super::instant::InstantNotation;
use super::quote::shown;
use crate::figures::plural;
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
    /// The task was seen at the last instant of the log only, and nobody knows for how long.
    AtEnd,
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
            Self::Filtered(condition) => format!("`{condition}` does not hold"),
            Self::Empty(column) => format!("`{column}` is empty"),
            Self::Odd(column) => format!("`{column}` cannot be read"),
            Self::NoTime => "took no time".to_owned(),
            Self::Unwatched => "ended as one began to watch".to_owned(),
            Self::AtEnd => "seen at the last instant of the log only".to_owned(),
            Self::Uneven => "too few or too many cells".to_owned(),
            Self::NoObject => "no JSON object".to_owned(),
        }
    }

    /// Whether such rows are wrong, rather than not wanted.
    pub(super) fn is_wrong(&self) -> bool {
        match self {
            Self::Odd(_) | Self::Uneven | Self::NoObject => true,
            Self::Filtered(_) | Self::Empty(_) | Self::NoTime | Self::Unwatched | Self::AtEnd => false,
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
            let (rows, mut words) = (plural(*rows as usize, "row"), reason.words());
            // `NaN` is not nothing, and yet no value.
            if let (SkipReason::Empty(_), false) = (reason, cell.is_empty()) {
                words += " or no value";
            }
            let joint = if matches!(reason, SkipReason::Filtered(_)) { " where" } else { ":" };
            let cell = if cell.is_empty() { String::new() } else { format!(": `{}`", shown(cell)) };
            format!("{rows}{joint} {words} (first: line {line}{cell})")
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
        let (middle, is_even) = (sizes.len() / 2, sizes.len().is_multiple_of(2));
        let (below, upper, _) = sizes.select_nth_unstable(middle);
        // Of an even number, the mean of the two in the middle.
        let lower = below.iter().copied().max().filter(|_| is_even);
        let median = lower.map_or(*upper, |lower| lower.midpoint(*upper));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        for (sizes, expected) in [
            (&[130.0, 122.0][..], [122, 126, 130]),
            (&[5.0], [5, 5, 5]),
            (&[9.0, 1.0, 4.0], [1, 4, 9]),
            (&[8.0, 2.0, 1.0, 4.0], [1, 3, 8]),
        ] {
            let mut account = Account::default();
            account.tell_sizes(sizes.iter().copied());
            assert_eq!(account.sizes, Some(expected), "{sizes:?}");
        }
    }

    #[test]
    fn what_was_left_out_is_said_in_sentences() {
        let mut account = Account::default();
        account.skip(SkipReason::Filtered("end !=".to_owned()), 2, "");
        account.skip(SkipReason::Filtered("end !=".to_owned()), 3, "");
        account.skip(SkipReason::Empty("took_s".to_owned()), 4, "NaN");
        account.skip(SkipReason::Odd("took_s".to_owned()), 5, "a\0");
        assert_eq!(
            account.reasons(),
            "2 rows where `end !=` does not hold (first: line 2); 1 row: `took_s` is empty or no value (first: line 4: \
             `NaN`); 1 row: `took_s` cannot be read (first: line 5: `a\\0`)"
        );
    }
}
