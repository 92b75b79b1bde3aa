//! Units of time, as people and columns name them.

/// The unit of a column's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Nanoseconds.
    Nanos,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days of 24 hours.
    Days,
}

/// All of them, the shortest first.
const UNITS: [Unit; 7] =
    [Unit::Nanos, Unit::Micros, Unit::Millis, Unit::Seconds, Unit::Minutes, Unit::Hours, Unit::Days];

impl Unit {
    /// The names of all units, as [`Unit::named`] knows them.
    pub const NAMES: &'static [&'static str] = &["ns", "us", "ms", "s", "m", "h", "d"];

    /// The unit written `ns`, `us`, `ms`, `s`, `m`, `h` or `d`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        UNITS.into_iter().find(|unit| unit.name() == name)
    }

    /// The unit that the name of a column ends in: `cost_time_ms`, `took_s`, `seconds`, `durationMs`. Where a name says
    /// nothing, nobody can know, and the user is asked.
    ///
    /// ```
    /// use pollbench::observations::Unit;
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
            // A single letter is a unit behind a separator only: `s` and `items` are not. `latency_min` may be a minimum.
            let behind = word.len() < letters.len();
            let word = word.to_ascii_lowercase();
            let unit = Self::spelt(&word)?;
            let is_letter = word.len() == 1;
            (word != "min" && !matches!(word.as_str(), "h" | "d") && (!is_letter || behind)).then_some(unit)
        })
    }

    /// The unit of a number that is followed by `word`, in small letters: `s`, `sec`, `milliseconds`, `µs`.
    pub(super) fn spelt(word: &str) -> Option<Self> {
        Some(match word {
            "ns" | "nanos" | "nanosecond" | "nanoseconds" => Self::Nanos,
            "us" | "µs" | "μs" | "usec" | "usecs" | "micros" | "microsecond" | "microseconds" => Self::Micros,
            "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Self::Millis,
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Seconds,
            "m" | "min" | "mins" | "minute" | "minutes" => Self::Minutes,
            "h" | "hr" | "hrs" | "hour" | "hours" => Self::Hours,
            "d" | "day" | "days" => Self::Days,
            _ => return None,
        })
    }

    /// How it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanos => "ns",
            Self::Micros => "us",
            Self::Millis => "ms",
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
        }
    }

    /// Its length in nanoseconds.
    pub(super) fn nanos(self) -> i64 {
        match self {
            Self::Nanos => 1,
            Self::Micros => 1_000,
            Self::Millis => 1_000_000,
            Self::Seconds => 1_000_000_000,
            Self::Minutes => 60_000_000_000,
            Self::Hours => 3_600_000_000_000,
            Self::Days => 86_400_000_000_000,
        }
    }

    /// Its length in microseconds.
    pub(super) fn micros(self) -> f64 {
        self.nanos() as f64 / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_what_the_name_says_or_nothing() {
        let cases: [(Option<Unit>, &[&str]); 5] = [
            (Some(Unit::Micros), &["wait_us", "micros"]),
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
                    "width_d",
                    "n_h",
                ],
            ),
        ];
        for (unit, names) in cases {
            for name in names {
                assert_eq!(Unit::of_column(name), unit, "{name}");
            }
        }
        assert!(Unit::NAMES.iter().all(|name| Unit::named(name).is_some()));
    }
}
