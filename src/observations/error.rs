//! Why a log cannot be read.

use super::filter::Condition;
use super::quote::shown;
use crate::figures::plural;
use crate::time::Micros;
use std::io;
use thiserror::Error;

/// Most columns that a message names.
const NAMED: usize = 12;

/// Why a log cannot be read. Lines count as an editor counts them: the header is line 1 where nothing is before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnreadableLog {
    /// The file cannot be read, or is no table throughout.
    #[error("{reason}")]
    Input {
        /// What is wrong.
        reason: String,
    },
    /// It is no text.
    #[error("this is {what}")]
    NotText {
        /// What it is, and what to do about it.
        what: String,
    },
    /// Nothing is in it.
    #[error("the file is empty")]
    Nothing,
    /// There is no row below the header.
    #[error("there are no rows below the header")]
    Empty,
    /// The header does not name the column.
    #[error(
        "there is no column `{column}`{}; the header has {}", meant(near.as_deref()), listed(header)
    )]
    NoColumn {
        /// The column that was asked for.
        column: String,
        /// One that was probably meant.
        near: Option<String>,
        /// The columns that are there.
        header: Vec<String>,
    },
    /// No object has the field.
    #[error(
        "there is no field `{column}`{}; the first object has {}; nested fields are not read", meant(near.as_deref()), listed(fields)
    )]
    NoField {
        /// The field that was asked for.
        column: String,
        /// One that was probably meant.
        near: Option<String>,
        /// The fields of the first object.
        fields: Vec<String>,
    },
    /// Two columns have the name.
    #[error("two columns are called `{column}`, the {} and the {}: rename one of them", ordinal(*first), ordinal(*second))]
    TwoColumns {
        /// The name.
        column: String,
        /// The place of the first in the header, from 1.
        first: usize,
        /// That of the second.
        second: usize,
    },
    /// Nobody said what the numbers count.
    #[error(
        "what is the unit of `{column}`? Its name does not end in one, as `cost_time_ms` does: give it with --unit (in a scenario \
         with `unit`), one of ns, us, ms, s, m, h and d"
    )]
    NoUnit {
        /// The column.
        column: String,
    },
    /// A cell is nothing that stands in such a column.
    #[error("line {line}: `{}` is not {what}", shown(cell))]
    Odd {
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
        /// What was expected.
        what: &'static str,
    },
    /// A row has too few cells, or too many.
    #[error(
        "line {line}: {}, but the header has {columns}; a cell that has the separator in it must stand in quotation marks",
        plural(*cells, "cell")
    )]
    Uneven {
        /// The line that the row begins in.
        line: u64,
        /// Its cells.
        cells: usize,
        /// Those of the header.
        columns: usize,
    },
    /// Too many rows are odd for it to be by accident.
    #[error("{odd} of {rows} rows cannot be read; the first: {first}")]
    ManyOdd {
        /// Rows that cannot be read.
        odd: u64,
        /// Rows that were looked at.
        rows: u64,
        /// What is wrong with the first.
        first: Box<Self>,
    },
    /// A number is no duration: negative, or beyond [`Micros::LONGEST`].
    #[error("line {line}: `{}` is not a time between 0 and 3650 days{}", shown(cell), if *is_epoch { "; it looks like an instant: say --start and --end" } else { "" })]
    OutOfRange {
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
        /// Whether it is as large as a count of seconds since 1970, or of a part of them.
        is_epoch: bool,
    },
    /// A number is one of two.
    #[error(
        "line {line}: `{}` has a {} that may divide thousands or begin a fraction: say which with --decimal (in a scenario \
         with `decimal`): comma or point",
        shown(cell), if cell.contains(',') { "comma" } else { "point" }
    )]
    Ambiguous {
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
    },
    /// Some numbers of a file have a decimal comma, others a decimal point.
    #[error(
        "some numbers have a decimal comma, others a decimal point (line {line}: `{}`): say which with --decimal (in a scenario \
         with `decimal`): comma or point",
        shown(cell)
    )]
    BothDecimals {
        /// The line of the first that differs.
        line: u64,
        /// The cell.
        cell: String,
    },
    /// A clock of two parts.
    #[error(
        "line {line}: `{short}` may be minutes and seconds, or hours and minutes: write three parts, as 00:{short}",
        short = shown(cell)
    )]
    TwoParts {
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
    },
    /// Instants stand where durations are expected.
    #[error(
        "`{column}` holds instants, not durations (line {line}: `{}`): say --start and --end with the columns of both",
        shown(cell)
    )]
    Instants {
        /// The column.
        column: String,
        /// The line of the first.
        line: u64,
        /// The cell.
        cell: String,
    },
    /// A column of epochs was taken for durations.
    #[error(
        "the times in `{column}` would be about {median} and nearly the same: are they instants? Then say --start and --end"
    )]
    Epochs {
        /// The column.
        column: String,
        /// Their median.
        median: Micros,
    },
    /// Instants of one column are written in two ways.
    #[error("line {line}: `{}` in `{column}` is not written like the instants above it ({before})", shown(cell))]
    MixedInstants {
        /// The column.
        column: String,
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
        /// How those before it are written.
        before: String,
    },
    /// Start and end cannot be compared.
    #[error("`{start}` has {first} and `{end}` has {second}: their difference cannot be known")]
    Incomparable {
        /// The column of starts.
        start: String,
        /// The column of ends.
        end: String,
        /// How the starts are written.
        first: String,
        /// How the ends are written.
        second: String,
    },
    /// A task ended before it began.
    #[error("line {line}: the end `{}` is before the start `{}`", shown(end), shown(start))]
    Backwards {
        /// The line that the row begins in.
        line: u64,
        /// The start.
        start: String,
        /// The end.
        end: String,
    },
    /// A range ends before it begins.
    #[error("line {line}: the task is finished before it was last seen unfinished")]
    Reversed {
        /// The line that the row begins in.
        line: u64,
    },
    /// A task ended before one began to watch it.
    #[error("line {line}: the task ended before its observation began, so it cannot be in the log")]
    EnteredLate {
        /// The line that the row begins in.
        line: u64,
    },
    /// Entries stand beside ranges.
    #[error("an entry age (--entered) cannot be combined with the two polls between which a task ended (--upper)")]
    EnteredWithin,
    /// The numbers are hardly in the unit that the column's name says.
    #[error(
        "the median of `{column}` would be {median}: is that right? Say --unit {unit} if it is, or the unit that the numbers are in"
    )]
    Unlikely {
        /// The column.
        column: String,
        /// The median.
        median: Micros,
        /// The unit that was taken.
        unit: &'static str,
    },
    /// Some numbers are about a thousand times as large as the others.
    #[error(
        "`{column}` has times around {short} and around {long}, a thousand times as long, and nothing between: are two units mixed? Say --unit {unit} if all are right, or keep the rows of one unit with --where"
    )]
    MixedUnits {
        /// The column.
        column: String,
        /// The middle of the short ones.
        short: Micros,
        /// The middle of the long ones.
        long: Micros,
        /// The unit that was taken.
        unit: &'static str,
    },
    /// Half of the tasks would take more than a year.
    #[error(
        "the median of the times would be {median}, which is more than a year: are these the right columns, and the right unit?"
    )]
    Years {
        /// The median.
        median: Micros,
    },
    /// No row meets a condition.
    #[error("no row has {condition}; `{}` has {}", condition.column(), listed(cells))]
    NoMatch {
        /// The condition.
        condition: Condition,
        /// Cells of its column.
        cells: Vec<String>,
    },
    /// All rows were left out.
    #[error("no row can be used; left out: {reasons}")]
    NoneLeft {
        /// Why, with counts.
        reasons: String,
    },
    /// A column of groups has too many names in it.
    #[error("`{column}` has more than {most} different values: is it the column that names the model?")]
    ManyGroups {
        /// The column.
        column: String,
        /// How many may be.
        most: usize,
    },
    /// There are more rows than can be kept.
    #[error("more than {most} rows are to be used: keep fewer of them with --where, or take a sample of the file")]
    TooMany {
        /// How many may be.
        most: usize,
    },
}

/// A question after a name that was probably meant.
fn meant(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!(": did you mean `{}`?", shown(near)))
}

/// A place: `1st`, `12th`.
fn ordinal(place: usize) -> String {
    let end = match (place % 100, place % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{place}{end}")
}

/// Names as a message lists them.
fn listed(names: &[String]) -> String {
    let mut listed: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{}`", shown(name))).collect();
    if names.len() > NAMED {
        listed.push(format!("and {} more", names.len() - NAMED));
    }
    listed.join(", ")
}

impl From<&io::Error> for UnreadableLog {
    fn from(error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::IsADirectory => "this is a folder, not a file".to_owned(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => format!("the file is damaged: {error}"),
            io::ErrorKind::UnexpectedEof => {
                "the compressed file ends early: it is damaged, or still being written".to_owned()
            }
            _ => error.to_string(),
        };
        Self::Input { reason }
    }
}

impl From<io::Error> for UnreadableLog {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}
