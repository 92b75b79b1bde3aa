//! Instants in cells: RFC 3339, dates and times as databases write them, and epochs.

use super::number::{Decimal, is_empty, is_grouped};
use super::unit::Unit;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::borrow::Cow;

/// How an instant is written; in one file all are written in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstantNotation {
    /// A date and a time with a zone.
    Zoned,
    /// A date and a time of some zone; taken as UTC.
    Local,
    /// A count since 1970, the unit recognised by its size.
    Epoch(Unit),
    /// A count since some other instant.
    Count(Unit),
}

/// An instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant {
    /// Nanoseconds since 1970, or since whatever the file counts from.
    pub(super) ns: i64,
    pub(super) clock: InstantNotation,
}

/// Least epochs, in each unit that of March 1973, and the unit that a larger number would be in begins there.
const EPOCHS: [(i64, Unit); 4] = [
    (100_000_000_000_000_000, Unit::Nanos),
    (100_000_000_000_000, Unit::Micros),
    (100_000_000_000, Unit::Millis),
    (100_000_000, Unit::Seconds),
];

impl Instant {
    /// The instant in a cell; a number that is no epoch counts `unit`s. `None` for anything else.
    pub(super) fn read(text: &str, unit: Option<Unit>, decimal: Option<Decimal>) -> Option<Self> {
        if is_empty(text) {
            return None;
        }
        match digits(text, decimal) {
            Some(parts) => Self::counted(parts, unit),
            None => Self::dated(text),
        }
    }

    fn counted((whole, fraction): (i64, &str), unit: Option<Unit>) -> Option<Self> {
        let epoch = EPOCHS.into_iter().find(|(least, _)| whole >= *least).map(|(_, unit)| unit);
        let (clock, unit) = match (epoch, unit) {
            (Some(unit), _) => (InstantNotation::Epoch(unit), unit),
            (None, Some(unit)) => (InstantNotation::Count(unit), unit),
            (None, None) => return None,
        };
        let mut rest = 0;
        let mut worth = unit.nanos();
        for digit in fraction.bytes() {
            worth /= 10;
            rest += worth * i64::from(digit - b'0');
        }
        let ns = whole.checked_mul(unit.nanos())?.checked_add(rest)?;
        Some(Self { ns, clock })
    }

    fn dated(text: &str) -> Option<Self> {
        // A date alone is too coarse to be meant.
        let time = text.get(10..).filter(|time| time.contains(':') && text.as_bytes()[4] == b'-')?;
        let utc = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT"));
        let signed = time.rfind(['+', '-']).map(|at| at + 10);
        let is_zoned = utc.is_some() || signed.is_some() || time.ends_with(['Z', 'z', ']']);
        let timestamp = match (utc, signed) {
            (Some(text), _) => format!("{text}Z").parse::<Timestamp>(),
            (None, Some(at)) if text[..at].ends_with(' ') => {
                format!("{}{}", text[..at].trim_end(), &text[at..]).parse()
            }
            _ if is_zoned => text.parse(),
            _ => text.parse::<DateTime>().and_then(|time| Offset::UTC.to_timestamp(time)),
        };
        let ns = i64::try_from(timestamp.ok()?.as_nanosecond()).ok()?;
        Some(Self { ns, clock: if is_zoned { InstantNotation::Zoned } else { InstantNotation::Local } })
    }
}

/// The digits of a number that is not negative, before its decimal sign and after it.
fn digits(text: &str, decimal: Option<Decimal>) -> Option<(i64, &str)> {
    let marks = decimal.map(Decimal::marks);
    let cut = marks.map_or_else(|| text.split_once(['.', ',']), |(sign, _)| text.split_once(sign));
    let (whole, fraction) = cut.unwrap_or((text, ""));
    let whole = match marks {
        Some((_, mark)) if whole.contains(mark) && is_grouped(whole, mark) => Cow::Owned(whole.replace(mark, "")),
        Some(_) | None => Cow::Borrowed(whole),
    };
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !whole.is_empty() && are_digits(&whole) && are_digits(fraction) {
        return Some((whole.parse().ok()?, fraction));
    }
    // `1.7145e+09`: as far as it is exact.
    let number: f64 = text.parse().ok().filter(|_| text.contains(['e', 'E']) && !text.starts_with('-'))?;
    (number.is_finite() && (0.0..9e18).contains(&number)).then_some((number as i64, ""))
}

impl InstantNotation {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Zoned => "dates and times with a zone".to_owned(),
            Self::Local => "dates and times without a zone, taken as UTC".to_owned(),
            Self::Epoch(unit) => format!("epochs in {}, by their size", unit.name()),
            Self::Count(unit) => format!("counts of {}", unit.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_every_notation() {
        let expected = 1_714_564_800_500_000_000;
        for (text, clock) in [
            ("2024-05-01T12:00:00.5Z", InstantNotation::Zoned),
            ("2024-05-01t14:00:00.500+02:00", InstantNotation::Zoned),
            ("2024-05-01 12:00:00.5+00", InstantNotation::Zoned),
            ("2024-05-01 07:00:00.5 -0500", InstantNotation::Zoned),
            ("2024-05-01 12:00:00.500000 UTC", InstantNotation::Zoned),
            ("2024-05-01 12:00:00.5", InstantNotation::Local),
            ("2024-05-01T12:00:00,500", InstantNotation::Local),
            ("1714564800.5", InstantNotation::Epoch(Unit::Seconds)),
            ("1714564800,5", InstantNotation::Epoch(Unit::Seconds)),
            ("1714564800500", InstantNotation::Epoch(Unit::Millis)),
            ("1714564800500000", InstantNotation::Epoch(Unit::Micros)),
            ("1714564800500000000", InstantNotation::Epoch(Unit::Nanos)),
        ] {
            let read = Instant::read(text, None, None).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((read.ns, read.clock), (expected, clock), "{text}");
        }
        assert_eq!(Instant::read("45.25", Some(Unit::Seconds), None).map(|instant| instant.ns), Some(45_250_000_000));
        for text in [
            "",
            "45",
            "-5",
            "2024-05-01",
            "01/05/2024 12:00",
            "noon",
            "12:00:00",
            "2024-13-01 12:00:00",
            "é024-05-01 12:00",
        ] {
            assert_eq!(Instant::read(text, None, None), None, "{text}");
        }
    }
}
