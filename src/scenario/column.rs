//! Durations from a column of a CSV file.

use crate::time::Micros;

/// The unit of a column's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
}

impl Unit {
    /// The unit written `us`, `ms`, `s` or `m`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "us" => Self::Micros,
            "ms" => Self::Millis,
            "s" => Self::Seconds,
            "m" => Self::Minutes,
            _ => return None,
        })
    }

    /// The unit that the name of a column ends in: `cost_time_ms`, `took_s`, `seconds`, `durationMs`. Where a name says
    /// nothing, nobody can know, and the user is asked.
    ///
    /// ```
    /// use pollbench::scenario::column::Unit;
    /// assert_eq!(Unit::of_column("exec_time_seconds"), Some(Unit::Seconds));
    /// assert_eq!(Unit::of_column("duration"), None);
    /// ```
    #[must_use]
    pub fn of_column(name: &str) -> Option<Self> {
        let letters = name.trim_end().trim_end_matches([')', ']']);
        let start = letters
            .rfind(|c: char| !c.is_ascii_alphabetic())
            .map_or(0, |at| at + letters[at..].chars().next().map_or(0, char::len_utf8));
        let word = &letters[start..];
        // `durationMs` and `tookS` begin their last word with a capital.
        let camel = word
            .rfind(|c: char| c.is_ascii_uppercase())
            .filter(|at| word[at + 1..].chars().all(|c| c.is_ascii_lowercase()));
        [word, &word[camel.unwrap_or(0)..]].into_iter().find_map(|word| {
            // A single letter is a unit behind a separator only: `s` and `items` are not.
            let behind = word.len() < letters.len();
            Some(match word.to_ascii_lowercase().as_str() {
                "us" | "micros" | "microsecond" | "microseconds" => Self::Micros,
                "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Self::Millis,
                "sec" | "secs" | "second" | "seconds" => Self::Seconds,
                "mins" | "minute" | "minutes" => Self::Minutes,
                "s" if behind => Self::Seconds,
                "m" if behind => Self::Minutes,
                _ => return None,
            })
        })
    }

    /// How it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Micros => "us",
            Self::Millis => "ms",
            Self::Seconds => "s",
            Self::Minutes => "m",
        }
    }

    /// Its length in microseconds.
    fn micros(self) -> f64 {
        match self {
            Self::Micros => 1.0,
            Self::Millis => 1e3,
            Self::Seconds => 1e6,
            Self::Minutes => 60e6,
        }
    }
}

/// Why a column holds no durations. Lines count as an editor counts them: the header is line 1 where nothing is before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// The header does not name the column.
    #[error("there is no column `{column}`; the header has {}", header.join(", "))]
    NoColumn {
        /// The column that was asked for.
        column: String,
        /// The columns that are there.
        header: Vec<String>,
    },
    /// Nobody said what the numbers count.
    #[error(
        "what does `{column}` count? Its name does not end in a unit, as `cost_time_ms` does: say the unit (us, ms, s or m)"
    )]
    NoUnit {
        /// The column.
        column: String,
    },
    /// There is no row below the header.
    #[error("there are no rows below the header")]
    Empty,
    /// A row is not CSV, or has too few cells.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line that the row begins in.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A cell is not a number.
    #[error("line {line}: `{cell}` is not a number")]
    NotANumber {
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
    },
    /// A number is no duration: negative, not finite, or beyond [`Micros::LONGEST`].
    #[error("line {line}: `{cell}` is not a time between 0 and 3650 days")]
    OutOfRange {
        /// The line that the row begins in.
        line: u64,
        /// The cell.
        cell: String,
    },
}

/// The durations in `column` of the CSV file `text`, which starts with a header. Their unit is `unit`, or else the one that
/// the column's name ends in ([`Unit::of_column`]).
///
/// ```
/// use pollbench::scenario::column::durations;
/// use pollbench::time::Micros;
/// let times = durations("id,cost_time_ms\na,1500\nb,250\n", "cost_time_ms", None);
/// assert_eq!(times, Ok(vec![Micros::from_millis(1_500), Micros::from_millis(250)]));
/// ```
///
/// # Errors
///
/// Where the column, its unit or a number in it is missing, or a number is no duration.
pub fn durations(text: &str, column: &str, unit: Option<Unit>) -> Result<Vec<Micros>, ColumnError> {
    let rows = columns(text, [column], unit)?;
    let filled =
        |(line, [cell]): (u64, Cells<1>)| cell.ok_or_else(|| ColumnError::NotANumber { line, cell: String::new() });
    rows.into_iter().map(filled).collect()
}

/// The durations of a row in as many columns; `None` where a cell is empty.
pub type Cells<const N: usize> = [Option<Micros>; N];

/// The same for several columns of the unit of the first: the line of each row, and its durations.
///
/// # Errors
///
/// Where a column or the unit is missing, or a cell is not empty and no duration.
pub fn columns<const N: usize>(
    text: &str,
    names: [&str; N],
    unit: Option<Unit>,
) -> Result<Vec<(u64, Cells<N>)>, ColumnError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut lines = Lines { text, at: 0, line: 1 };
    let header = reader.headers().map_err(|error| malformed(&error, &mut lines))?;
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(names) {
        *place = header.iter().position(|name| name == column).ok_or_else(|| {
            let header = header.iter().map(|name| format!("`{name}`")).collect();
            ColumnError::NoColumn { column: column.to_owned(), header }
        })?;
    }
    let column = names.first().copied().unwrap_or_default();
    let no_unit = || ColumnError::NoUnit { column: column.to_owned() };
    let unit = unit.or_else(|| Unit::of_column(column)).ok_or_else(no_unit)?;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| malformed(&error, &mut lines))? {
        let line = lines.of(record.position());
        let mut cells = [None; N];
        for (cell, place) in cells.iter_mut().zip(places) {
            let text = &record[place];
            if !text.is_empty() {
                *cell = Some(duration(text, line, unit)?);
            }
        }
        rows.push((line, cells));
    }
    if rows.is_empty() { Err(ColumnError::Empty) } else { Ok(rows) }
}

/// The duration in one cell.
fn duration(cell: &str, line: u64, unit: Unit) -> Result<Micros, ColumnError> {
    let number: f64 = cell.parse().map_err(|_| ColumnError::NotANumber { line, cell: cell.to_owned() })?;
    let micros = number * unit.micros();
    if (0.0..=Micros::LONGEST.get() as f64).contains(&micros) {
        Ok(Micros::from_f64(micros))
    } else {
        Err(ColumnError::OutOfRange { line, cell: cell.to_owned() })
    }
}

/// Counts the lines of a text from the top, whatever ends them.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line in which the row at a position begins. Positions ascend; blank lines before a row belong to it for the
    /// reader, and do not for people.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let bytes = self.text.as_bytes();
        let mut until = position.map_or(0, |position| position.byte() as usize).max(self.at);
        while matches!(bytes.get(until), Some(b'\r' | b'\n')) {
            until += 1;
        }
        let passed = bytes.get(self.at..until).unwrap_or_default();
        let ends = passed
            .iter()
            .enumerate()
            .filter(|&(at, byte)| *byte == b'\n' || (*byte == b'\r' && bytes.get(self.at + at + 1) != Some(&b'\n')));
        self.line += ends.count() as u64;
        self.at = until;
        self.line
    }
}

/// A row that is not CSV.
fn malformed(error: &csv::Error, lines: &mut Lines<'_>) -> ColumnError {
    let line = lines.of(error.position());
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells, but the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    ColumnError::Malformed { line, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_line_and_the_cell() {
        let cases = [
            ("", "there is no column `t`; the header has "),
            ("a,b\n", "there is no column `t`; the header has `a`, `b`"),
            ("t\n", "there are no rows below the header"),
            ("t\n1\n\nx\n", "line 4: `x` is not a number"),
            ("t\r\n1\r\n\r\n\r\nx\r\n", "line 5: `x` is not a number"),
            ("t\r1\r\rx\r", "line 4: `x` is not a number"),
            ("\n\nt\nx\n", "line 4: `x` is not a number"),
            ("t,u\n1,\"a\nb\"\nx,\n", "line 4: `x` is not a number"),
            ("t,u\n1,\n,2\n", "line 3: `` is not a number"),
            ("t\n-1\n", "line 2: `-1` is not a time between 0 and 3650 days"),
            ("t\nNaN\n", "line 2: `NaN` is not a time between 0 and 3650 days"),
            ("t\n1e300\n", "line 2: `1e300` is not a time between 0 and 3650 days"),
            ("t,u\n1\n", "line 2: 1 cells, but the header has 2"),
        ];
        for (text, message) in cases {
            let error = durations(text, "t", Some(Unit::Seconds)).expect_err(text);
            assert_eq!(error.to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn a_unit_is_what_the_name_says_or_nothing() {
        for (unit, names) in [
            (Some(Unit::Micros), &["wait_us", "micros"][..]),
            (Some(Unit::Millis), &["cost_time_ms", "ms", "durationMs", "took (ms)", "elapsed.millis", "COST_TIME_MS"]),
            (
                Some(Unit::Seconds),
                &["took_s", "exec_time_seconds", "Seconds", "elapsed-sec", "duration [s]", "durationSeconds"],
            ),
            (Some(Unit::Minutes), &["wait_m", "minutes"]),
            (
                None,
                &[
                    "",
                    "t",
                    "s",
                    "items",
                    "params",
                    "forms",
                    "duration",
                    "time",
                    "ms_total",
                    "latency_min",
                    "größe",
                    "bytes",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(Unit::of_column(name), unit, "{name}");
            }
        }
    }

    #[test]
    fn units_scale() {
        for (name, us) in [("us", 2), ("ms", 2_000), ("s", 2_000_000), ("m", 120_000_000)] {
            let unit = Unit::named(name).expect(name);
            assert_eq!(durations("t\n2\n", "t", Some(unit)), Ok(vec![Micros::new(us)]), "{name}");
        }
    }
}
