//! Durations in cells, in the notations that people and programs use.

use super::instant::Instant;
use super::number::{Decimal, NoNumber, is_empty, number};
use super::unit::Unit;
use jiff::{Span, SpanRelativeTo};

/// Why a cell is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoDuration {
    /// Nothing is there, or a word for nothing.
    Empty,
    /// A number of something.
    NoUnit,
    /// `1,234`.
    Ambiguous,
    /// `02:04` may be minutes and seconds, or hours and minutes.
    TwoParts,
    /// Below nothing.
    Negative,
    /// An instant.
    Instant,
    /// Something else.
    Other,
}

/// The duration in a cell, in microseconds. A plain number counts `unit`s.
pub(super) fn duration(text: &str, unit: Option<Unit>, decimal: Option<Decimal>) -> Result<f64, NoDuration> {
    if is_empty(text) {
        return Err(NoDuration::Empty);
    }
    let us = match number(text, decimal) {
        Ok(number) => number * unit.ok_or(NoDuration::NoUnit)?.micros(),
        Err(NoNumber::Ambiguous) => return Err(NoDuration::Ambiguous),
        Err(NoNumber::Other) => written(text, decimal)?,
    };
    if us < 0.0 { Err(NoDuration::Negative) } else { Ok(us) }
}

/// The duration in a cell that brings its units.
fn written(text: &str, decimal: Option<Decimal>) -> Result<f64, NoDuration> {
    let letters = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let unit = Unit::spelt(&text[letters..].trim_end_matches('.').to_lowercase());
    if let (Some(unit), true) = (unit, letters > 0) {
        match number(text[..letters].trim_end(), decimal) {
            Ok(number) => return Ok(number * unit.micros()),
            Err(NoNumber::Ambiguous) => return Err(NoDuration::Ambiguous),
            Err(NoNumber::Other) => {}
        }
    }
    if let Some(us) = clock(text)? {
        return Ok(us);
    }
    if text.contains(':') {
        return Err(if Instant::read(text, None, decimal).is_some() { NoDuration::Instant } else { NoDuration::Other });
    }
    // ISO 8601 (`PT2M5S`), `2m5s`, `1h 2 min 3.5 sec`. What has no fixed length, as a month, is refused.
    let span = text.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    span.map(|span| span.as_nanos() as f64 / 1e3).map_err(|_| NoDuration::Other)
}

/// `[D day[s][,] ]H:MM:SS[.f]`, or `M:SS.f`; `None` for what is no clock.
fn clock(text: &str) -> Result<Option<f64>, NoDuration> {
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => (-1.0, bare),
        None => (1.0, text),
    };
    let (days, clock) = match bare.rsplit_once(' ') {
        None => (0.0, bare),
        Some((before, clock)) => {
            let mut words = before.trim_end_matches(',').split_whitespace();
            let days = words.next().and_then(|days| days.parse::<u32>().ok());
            match (days, words.next(), words.next()) {
                (Some(days), Some("day" | "days" | "d"), None) => (f64::from(days), clock),
                _ => return Ok(None),
            }
        }
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let whole = |text: &str| {
        let is_whole = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_whole { text.parse::<f64>().ok() } else { None }
    };
    let seconds = |text: &str| {
        let (s, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let fraction = if fraction.is_empty() {
            Some(0.0)
        } else {
            whole(fraction).map(|x| x / 10_f64.powi(fraction.len() as i32))
        };
        (s.len() <= 2).then(|| Some(whole(s)? + fraction?)).flatten().filter(|s| *s < 60.0)
    };
    let minutes = |text: &str| whole(text).filter(|m| *m < 60.0 && text.len() <= 2);
    let s = match parts[..] {
        [h, m, s] => whole(h).zip(minutes(m)).zip(seconds(s)).map(|((h, m), s)| 3_600.0 * h + 60.0 * m + s),
        [m, s] if s.contains(['.', ',']) => whole(m).zip(seconds(s)).map(|(m, s)| 60.0 * m + s),
        [a, b] if whole(a).is_some() && whole(b).is_some() => return Err(NoDuration::TwoParts),
        _ => None,
    };
    // To the microsecond: a sum of fractions has a rounding of its own.
    Ok(s.map(|s| sign * ((days * 86_400.0 + s) * 1e6 * 1e3).round() / 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_one_duration_are_one_duration() {
        for text in [
            "124.8s",
            "124.8 s",
            "124,8s",
            "124.8 sec",
            "124.8 Seconds",
            "124800ms",
            "124800 msec",
            "2m4.8s",
            "2m 4.8s",
            "2 min 4.8 sec",
            "00:02:04.8",
            "0:02:04.800",
            "00:02:04,8",
            "2:04.8",
            "PT2M4.8S",
            "PT124.8S",
            "pt2m4.8s",
            "124800000us",
            "124800000µs",
            "2.08 min",
            "0 days 00:02:04.8",
            "0 days, 0:02:04.8",
            "2 minutes, 4.8 seconds",
        ] {
            let us = duration(text, None, None).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert!((us - 124.8e6).abs() < 1e-3, "{text}: {us}");
        }
        for (text, expected) in [
            ("1 day, 2:03:04", 93_784e6),
            ("1 days 02:03:04", 93_784e6),
            ("1.5h", 5_400e6),
            ("1d", 86_400e6),
            ("1d2h", 93_600e6),
            ("26:00:00", 93_600e6),
            ("P1DT2H", 93_600e6),
        ] {
            assert_eq!(duration(text, None, None), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (text, why) in [
            ("", NoDuration::Empty),
            ("N/A", NoDuration::Empty),
            ("12", NoDuration::NoUnit),
            ("02:04", NoDuration::TwoParts),
            ("1,234 s", NoDuration::Ambiguous),
            ("-4s", NoDuration::Negative),
            ("-00:00:04", NoDuration::Negative),
            ("2024-05-01T12:00:00Z", NoDuration::Instant),
            ("2024-05-01 12:00:00", NoDuration::Instant),
            ("1mo", NoDuration::Other),
            ("P1Y", NoDuration::Other),
            ("soon", NoDuration::Other),
            ("00:61:00", NoDuration::Other),
            ("4 parsecs", NoDuration::Other),
        ] {
            assert_eq!(duration(text, None, None), Err(why), "{text}");
        }
    }
}
