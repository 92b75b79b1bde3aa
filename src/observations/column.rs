//! One column of a data file that a scenario names. Such a file is kept beside the scenario and has no odd rows: the
//! first one is an error.

use super::gather::MOST_USED;
use super::input;
use super::rows::{Row, Rows};
use super::sighting::{Cell, Instants, Lengths, Signs};
use super::{Decimal, Unit, UnreadableLog};
use crate::time::Micros;
use std::io::Read;

/// The durations in a column. Their unit is `unit`, or else the one that the column's name ends in; their decimal sign is
/// `decimal`, or else the one that they show.
///
/// ```
/// use pollbench::observations::lengths;
/// use pollbench::time::Micros;
/// let file = "id,cost_time_ms\na,1500\nb,0.25s\n";
/// let times = lengths(Box::new(file.as_bytes()), "cost_time_ms", None, None);
/// assert_eq!(times, Ok(vec![Micros::from_millis(1_500), Micros::from_millis(250)]));
/// ```
///
/// # Errors
///
/// Where the column, its unit or a duration in it is missing.
pub fn lengths<'a>(
    file: Box<dyn Read + Send + 'a>,
    column: &str,
    unit: Option<Unit>,
    decimal: Option<Decimal>,
) -> Result<Vec<Micros>, UnreadableLog> {
    let mut lengths = None;
    each(file, column, decimal, |line, cell, decimal| {
        let lengths = lengths.get_or_insert_with(|| Lengths::of(column, unit, decimal));
        match lengths.read(cell, line)? {
            Cell::Filled(us) => Ok(Micros::from_f64(us)),
            Cell::Empty | Cell::Odd => Err(UnreadableLog::Odd { line, cell: cell.to_owned(), what: "a duration" }),
        }
    })
}

/// The instants in a column, since the first of them: dates and times, or epochs, in any order. Durations are the instants
/// themselves, and stay as they are.
///
/// # Errors
///
/// Where the column, its unit or an instant in it is missing.
pub fn instants<'a>(
    file: Box<dyn Read + Send + 'a>,
    column: &str,
    unit: Option<Unit>,
    decimal: Option<Decimal>,
) -> Result<Vec<Micros>, UnreadableLog> {
    let mut kind = None;
    let mut read = each(file, column, decimal, |line, cell, decimal| {
        let odd = || UnreadableLog::Odd { line, cell: cell.to_owned(), what: "an instant" };
        let kind = kind.get_or_insert_with(|| {
            let mut lengths = Lengths::of(column, unit, decimal);
            // A number that is too large for a duration is an epoch.
            let read = lengths.read(cell, line);
            if matches!(read, Err(UnreadableLog::Instants { .. } | UnreadableLog::OutOfRange { is_epoch: true, .. })) {
                Kind::Instants(Instants::of(column, unit, decimal))
            } else {
                Kind::Lengths(lengths)
            }
        });
        match kind {
            Kind::Lengths(lengths) => match lengths.read(cell, line)? {
                Cell::Filled(us) => Ok(i128::from(Micros::from_f64(us).get()) * 1_000),
                Cell::Empty | Cell::Odd => Err(odd()),
            },
            Kind::Instants(instants) => match instants.read(cell, line)? {
                Cell::Filled(ns) => Ok(i128::from(ns)),
                Cell::Empty | Cell::Odd => Err(odd()),
            },
        }
    })?;
    let mut first = 0;
    if let Some(Kind::Instants(_)) = kind {
        read.sort_unstable();
        first = read.first().copied().unwrap_or_default();
    }
    Ok(read.into_iter().map(|ns| Micros::from_f64((ns - first) as f64 / 1e3)).collect())
}

enum Kind<'s> {
    Lengths(Lengths<'s>),
    Instants(Instants<'s>),
}

/// What `read` makes of each cell, of which it is given the line and the decimal sign: `decimal`, or the file's.
fn each<'a, T>(
    file: Box<dyn Read + Send + 'a>,
    column: &str,
    decimal: Option<Decimal>,
    mut read: impl FnMut(u64, &str, Option<Decimal>) -> Result<T, UnreadableLog>,
) -> Result<Vec<T>, UnreadableLog> {
    let input = input::open(file)?;
    let decimal = Signs::of(decimal, &input, &[column])?;
    let mut cells = Vec::new();
    let mut rows = Rows::open(input, &[column])?;
    let mut values = Vec::new();
    while let Some((line, row)) = rows.next(&mut cells)? {
        match row {
            Row::Cells => values.push(read(line, cells.first().map_or("", String::as_str), decimal)?),
            Row::Uneven { cells, columns } => return Err(UnreadableLog::Uneven { line, cells, columns }),
            Row::NoObject => {
                return Err(UnreadableLog::Odd { line, cell: "…".to_owned(), what: "a JSON object" });
            }
        }
        if values.len() > MOST_USED {
            return Err(UnreadableLog::TooMany { most: MOST_USED });
        }
    }
    if values.is_empty() { Err(UnreadableLog::Empty) } else { Ok(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Micros>, UnreadableLog> {
        lengths(Box::new(text.as_bytes()), "t", Some(Unit::Seconds), None)
    }

    #[test]
    fn tells_the_line_and_the_cell() {
        let cases = [
            ("", "the file is empty"),
            ("a,b\n", "there is no column `t`; the header has `a`, `b`"),
            ("t\n", "there are no rows below the header"),
            ("t\n1\n\nx\n", "line 4: `x` is not a duration"),
            ("t\r\n1\r\n\r\n\r\nx\r\n", "line 5: `x` is not a duration"),
            ("t\r1\r\rx\r", "line 4: `x` is not a duration"),
            ("\n\nt\nx\n", "line 4: `x` is not a duration"),
            ("t,u\n1,\"a\nb\"\nx,\n", "line 4: `x` is not a duration"),
            ("t,u\n1,\n,2\n", "line 3: `` is not a duration"),
            ("t\n-1\n", "line 2: `-1` is not a time between 0 and 3650 days"),
            ("t\nNaN\n", "line 2: `NaN` is not a duration"),
            ("t\n1e300\n", "line 2: `1e300` is not a time between 0 and 3650 days"),
        ];
        for (text, message) in cases {
            let error = read(text).expect_err(text);
            assert_eq!(error.to_string(), message, "{text:?}");
        }
        let uneven = read("t,u\n1\n").expect_err("a cell is missing").to_string();
        assert!(uneven.starts_with("line 2: 1 cell, but the header has 2"), "{uneven}");
    }

    #[test]
    fn a_sign_in_doubt_is_asked_for() {
        let file = "t;u\n1.500;a\n2.250;b\n";
        let error = read(file).expect_err("thousands or fractions").to_string();
        assert!(
            error.starts_with("line 2: `1.500` has a point that may divide thousands or begin a fraction"),
            "{error}"
        );
        for (sign, ms) in [(Decimal::Point, [1_500, 2_250]), (Decimal::Comma, [1_500_000, 2_250_000])] {
            let read = lengths(Box::new(file.as_bytes()), "t", Some(Unit::Seconds), Some(sign));
            assert_eq!(read, Ok(ms.map(Micros::from_millis).to_vec()));
        }
        let counts = "at_s;u\n1,234;a\n1,300;b\n";
        let read = |sign| instants(Box::new(counts.as_bytes()), "at_s", None, sign);
        assert!(matches!(read(None), Err(UnreadableLog::Ambiguous { line: 2, .. })));
        assert_eq!(read(Some(Decimal::Point)), Ok(vec![Micros::from_secs(1_234), Micros::from_secs(1_300)]));
        assert_eq!(read(Some(Decimal::Comma)), Ok(vec![Micros::from_millis(1_234), Micros::from_millis(1_300)]));
    }

    #[test]
    fn arrivals_are_offsets_or_instants() {
        let s = Micros::from_secs;
        for (text, expected) in [
            ("at_s\n1\n3\n", vec![s(1), s(3)]),
            ("at_s\n3\n1\n", vec![s(3), s(1)]),
            ("at_s\n1714564803\n1714564800\n", vec![s(0), s(3)]),
            ("at_s\n2024-05-01 12:00:00\n2024-05-01 12:00:05\n", vec![s(0), s(5)]),
        ] {
            assert_eq!(instants(Box::new(text.as_bytes()), "at_s", None, None), Ok(expected), "{text}");
        }
    }

    #[test]
    fn units_scale() {
        for (name, us) in [("us", 2), ("ms", 2_000), ("s", 2_000_000), ("m", 120_000_000), ("h", 7_200_000_000)] {
            let unit = Unit::named(name).expect(name);
            let read = lengths(Box::new("t\n2\n".as_bytes()), "t", Some(unit), None);
            assert_eq!(read, Ok(vec![Micros::new(us)]), "{name}");
        }
    }
}
