//! What the numbers of a distribution measure, and how they are written.

use crate::time::Micros;

/// What a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// A time, written with a unit and computed with in microseconds.
    Duration,
    /// A number without a unit.
    Number,
}

impl Quantity {
    /// The value as a user writes it; whole microseconds and all numbers read back as the same value.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Duration if value < 0.0 => format!("-{}", Micros::from_f64(-value)),
            Self::Duration => Micros::from_f64(value).to_string(),
            Self::Number => number(value),
        }
    }

    /// The same with so many significant digits, for people; with all of them for `None`.
    pub(super) fn show_rounded(self, value: f64, digits: Option<usize>) -> String {
        self.show(digits.map_or(value, |digits| rounded(value, digits)))
    }
}

/// A number that reads back as the same: with its zeros where these are few, else as a power of ten.
pub(super) fn number(x: f64) -> String {
    let plain = x == 0.0 || !x.is_finite() || (1e-6..1e9).contains(&x.abs());
    if plain { x.to_string() } else { format!("{x:e}") }
}

/// The number with so many significant digits.
fn rounded(x: f64, digits: usize) -> f64 {
    let text = format!("{x:.*e}", digits.saturating_sub(1));
    text.parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_longer_than_a_person_can_read() {
        for (value, text) in [
            (0.5, "0.5"),
            (0.0, "0"),
            (-1.0, "-1"),
            (1e300, "1e300"),
            (2.5e-9, "2.5e-9"),
            (123_456_789.25, "123456789.25"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(Quantity::Duration.show(-2e6), "-2s");
        assert_eq!(Quantity::Number.show_rounded(11.008_062_278, Some(4)), "11.01");
        assert_eq!(Quantity::Duration.show_rounded(12_345_678.0, Some(3)), "12.3s");
    }
}
