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

/// Why a column holds no durations. Rows count from 1, with the header, without blank lines.
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
    /// There is no row below the header.
    #[error("there are no rows below the header")]
    Empty,
    /// A row is not CSV, or has too few cells.
    #[error("row {row}: {reason}")]
    Malformed {
        /// The row.
        row: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A cell is not a number.
    #[error("row {row}: `{cell}` is not a number")]
    NotANumber {
        /// The row.
        row: u64,
        /// The cell.
        cell: String,
    },
    /// A number is no duration: negative, not finite, or beyond [`Micros::LONGEST`].
    #[error("row {row}: `{cell}` is not a time between 0 and 3650 days")]
    OutOfRange {
        /// The row.
        row: u64,
        /// The cell.
        cell: String,
    },
}

/// The durations in `column` of the CSV file `text`, which starts with a header.
///
/// ```
/// use pollbench::scenario::column::{Unit, durations};
/// use pollbench::time::Micros;
/// let times = durations("id,cost_time_ms\na,1500\nb,250\n", "cost_time_ms", Unit::Millis);
/// assert_eq!(times, Ok(vec![Micros::from_millis(1_500), Micros::from_millis(250)]));
/// ```
///
/// # Errors
///
/// Where the column or a number in it is missing, or a number is no duration.
pub fn durations(text: &str, column: &str, unit: Unit) -> Result<Vec<Micros>, ColumnError> {
    let rows = columns(text, [column], unit)?;
    let filled =
        |(row, [cell]): (u64, Cells<1>)| cell.ok_or_else(|| ColumnError::NotANumber { row, cell: String::new() });
    rows.into_iter().map(filled).collect()
}

/// The durations of a row in as many columns; `None` where a cell is empty.
pub type Cells<const N: usize> = [Option<Micros>; N];

/// The same for several columns: the number of each row, and its durations.
///
/// # Errors
///
/// Where a column is missing, or a cell is not empty and no duration.
pub fn columns<const N: usize>(text: &str, names: [&str; N], unit: Unit) -> Result<Vec<(u64, Cells<N>)>, ColumnError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| malformed(&error))?;
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(names) {
        *place = header.iter().position(|name| name == column).ok_or_else(|| {
            let header = header.iter().map(|name| format!("`{name}`")).collect();
            ColumnError::NoColumn { column: column.to_owned(), header }
        })?;
    }
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| malformed(&error))? {
        let row = row(record.position());
        let mut cells = [None; N];
        for (cell, place) in cells.iter_mut().zip(places) {
            let text = &record[place];
            if !text.is_empty() {
                *cell = Some(duration(text, row, unit)?);
            }
        }
        rows.push((row, cells));
    }
    if rows.is_empty() { Err(ColumnError::Empty) } else { Ok(rows) }
}

/// The duration in one cell.
fn duration(cell: &str, row: u64, unit: Unit) -> Result<Micros, ColumnError> {
    let number: f64 = cell.parse().map_err(|_| ColumnError::NotANumber { row, cell: cell.to_owned() })?;
    let micros = number * unit.micros();
    if (0.0..=Micros::LONGEST.get() as f64).contains(&micros) {
        Ok(Micros::from_f64(micros))
    } else {
        Err(ColumnError::OutOfRange { row, cell: cell.to_owned() })
    }
}

/// The row at a position, which counts records from 0.
fn row(position: Option<&csv::Position>) -> u64 {
    position.map_or(0, csv::Position::record) + 1
}

/// A row that is not CSV.
fn malformed(error: &csv::Error) -> ColumnError {
    let row = row(error.position());
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells, but the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    ColumnError::Malformed { row, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_row_and_the_cell() {
        let cases = [
            ("", "there is no column `t`; the header has "),
            ("a,b\n", "there is no column `t`; the header has `a`, `b`"),
            ("t\n", "there are no rows below the header"),
            ("t\n1\n\nx\n", "row 3: `x` is not a number"),
            ("t,u\n1,\n,2\n", "row 3: `` is not a number"),
            ("t\n-1\n", "row 2: `-1` is not a time between 0 and 3650 days"),
            ("t\nNaN\n", "row 2: `NaN` is not a time between 0 and 3650 days"),
            ("t\n1e300\n", "row 2: `1e300` is not a time between 0 and 3650 days"),
            ("t,u\n1\n", "row 2: 1 cells, but the header has 2"),
        ];
        for (text, message) in cases {
            let error = durations(text, "t", Unit::Seconds).expect_err(text);
            assert_eq!(error.to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn units_scale() {
        for (name, us) in [("us", 2), ("ms", 2_000), ("s", 2_000_000), ("m", 120_000_000)] {
            let unit = Unit::named(name).expect(name);
            assert_eq!(durations("t\n2\n", "t", unit), Ok(vec![Micros::new(us)]), "{name}");
        }
    }
}
