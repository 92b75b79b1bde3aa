//! Figures as people read them: three digits that matter, and a unit.
//!
//! Durations of a text for people are printed here and nowhere else. What has to read back (scenarios, JSON, CSV, a
//! flag to repeat) prints [`Micros`](crate::time::Micros) or plain milliseconds instead.

use std::fmt;

/// Stands for what is not defined.
pub(crate) const UNDEFINED: &str = "–";

/// A whole number, thousands apart: `10,000`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number with three significant digits: `0.0123`, `1.23`, `12.3`, `12,345`, `1.23e20`.
pub(crate) fn number(x: f64) -> String {
    if !x.is_finite() {
        return UNDEFINED.to_owned();
    }
    let (sign, x) = sign_of(x);
    if x == 0.0 {
        return "0".to_owned();
    }
    if x >= 1e15 {
        return format!("{sign}{x:.2e}");
    }
    if x >= 999.5 {
        return format!("{sign}{}", count(x.round() as u64));
    }
    // Rounding may carry into the next power of ten (9.996 is 10.0), so look at the rounded number.
    let exponent = format!("{x:.2e}").split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()).unwrap_or(0);
    let decimals = usize::try_from((2 - exponent).clamp(0, 6)).unwrap_or(0);
    let text = format!("{x:.decimals$}");
    match text.trim_matches(['0', '.']).is_empty() {
        true => format!("{sign}<0.000001"),
        false => format!("{sign}{text}"),
    }
}

/// A duration: `0.25 ms`, `250 ms`, `1.50 s`, `2 min 10 s`, `1 h 05 min`.
pub(crate) fn duration(ms: f64) -> String {
    if !ms.is_finite() {
        return UNDEFINED.to_owned();
    }
    let (sign, ms) = sign_of(ms);
    let text = if ms == 0.0 {
        "0 s".to_owned()
    } else if ms < 999.5 {
        format!("{} ms", number(ms))
    } else if ms < 59_950.0 {
        format!("{} s", number(ms / 1e3))
    } else {
        let s = (ms / 1e3).round() as u64;
        match (s / 3600, s / 60 % 60, s % 60) {
            (0, m, 0) => format!("{m} min"),
            (0, m, s) => format!("{m} min {s:02} s"),
            (h, 0, _) => format!("{h} h"),
            (h, m, _) => format!("{h} h {m:02} min"),
        }
    };
    format!("{sign}{text}")
}

/// An instant in seconds, exact to the microsecond: `0 s`, `94.0805 s`.
pub(crate) fn exact_seconds(ms: f64) -> String {
    format!("{} s", trimmed(ms / 1e3, 6))
}

/// A round duration, as a scale is marked with, in the units of [`duration`]: `20 ms`, `1 min 20 s`, `1 h 30 min`.
pub(crate) fn tick(s: f64) -> String {
    let whole = s.round() as u64;
    match s {
        0.0 => "0".to_owned(),
        s if s < 0.0 => format!("−{}", tick(-s)),
        s if s < 0.9995 => format!("{} ms", round(s * 1e3)),
        s if s < 60.0 => format!("{} s", round(s)),
        s if s < 3_600.0 => both(whole / 60, "min", whole % 60, "s"),
        s if s < 172_800.0 => both(whole / 3_600, "h", whole / 60 % 60, "min"),
        s => format!("{} d", round(s / 86_400.0)),
    }
}

/// So many of a unit and, where there are any, of the next one.
fn both(large: u64, unit: &str, small: u64, smaller: &str) -> String {
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {smaller}") }
}

/// A round number without needless digits.
pub(crate) fn round(x: f64) -> String {
    if x >= 1_000.0 { count(x.round() as u64) } else { trimmed(x, 3) }
}

/// At most so many decimals, and no zeros at their end.
pub(crate) fn trimmed(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share: `0 %`, `0.03 %`, `3.1 %`. It says `100 %`, or `−100 %` of a change, only where it is exact.
pub(crate) fn percent(share: f64) -> String {
    if !share.is_finite() {
        return UNDEFINED.to_owned();
    }
    // Nothing has no sign.
    let percent = share * 100.0 + 0.0;
    let distance = percent.abs().min((100.0 - percent.abs()).abs());
    let text = match distance {
        d if d < 1e-12 => format!("{percent:.0}"),
        d if d < 0.01 => format!("{percent:.4}"),
        d if d < 1.0 => format!("{percent:.2}"),
        d if d < 1_000.0 => format!("{percent:.1}"),
        _ => number(percent),
    };
    format!("{} %", text.replace('-', "−"))
}

/// What is there, printed, or the sign for what is not.
pub(crate) fn or_undefined(value: Option<f64>, print: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), print)
}

/// An interval: `1.2 to 3.4`.
pub(crate) fn interval([low, high]: [f64; 2], print: impl Fn(f64) -> String) -> String {
    format!("{} to {}", print(low), print(high))
}

/// Half the width of an interval: `±1.1`. Nothing where there is no interval.
pub(crate) fn spread(ci: Option<[f64; 2]>, print: impl Fn(f64) -> String) -> Option<String> {
    // What is left of an interval of equal figures is rounding.
    let half = |[low, high]: [f64; 2]| if high - low < 1e-9 * high.abs() { 0.0 } else { (high - low) / 2.0 };
    ci.map(|ci| format!("±{}", print(half(ci))))
}

/// A count of a whole with its share: `12 of 500 (2.4 %)`.
pub(crate) fn part(k: u64, n: u64) -> String {
    match n {
        0 => format!("{} of 0", count(k)),
        n => format!("{} of {} ({})", count(k), count(n), percent(k as f64 / n as f64)),
    }
}

/// A number for narrow places, in two or three digits: `< 0.01`, `0.43`, `4.82`, `143`.
pub(crate) fn short(x: f64) -> String {
    match x {
        x if x > 0.0 && x < 0.01 => "< 0.01".to_owned(),
        x if x < 1.0 && x > 0.0 => format!("{x:.2}"),
        x => number(x),
    }
}

/// A count with its share of all: `12 (2.4 %)`, or `0`.
pub(crate) fn share_of(k: u64, n: u64) -> String {
    match (k, n) {
        (0, _) | (_, 0) => "0".to_owned(),
        (k, n) => format!("{} ({})", count(k), percent(k as f64 / n as f64)),
    }
}

/// A share for pictures, in at most two digits: `< 0.1 %`, `0.3 %`, `56 %`; neither none nor all where it is not.
pub(crate) fn rough_share(k: u64, n: u64) -> String {
    match 100.0 * k as f64 / n.max(1) as f64 {
        0.0 => "0 %".to_owned(),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p if p < 9.95 => format!("{p:.1} %"),
        p if p > 99.0 && k < n => "> 99 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

/// A cost as a part of another: `12.3 %`, `< 1 %` of it.
pub(crate) fn part_of_cost(cost: f64, other: f64) -> String {
    match cost / other {
        ratio if !ratio.is_finite() => UNDEFINED.to_owned(),
        ratio if ratio < 0.01 => "< 1 %".to_owned(),
        ratio if ratio < 10.0 => format!("{:.0} %", 100.0 * ratio),
        ratio if ratio < 1_000.0 => format!("{} times", number(ratio)),
        _ => "over 1,000 times".to_owned(),
    }
}

/// With a sign always, for differences.
pub(crate) fn signed(x: f64, print: impl Fn(f64) -> String) -> String {
    if x > 0.0 { format!("+{}", print(x)) } else { print(x) }
}

/// One or many of something: `1 model`, `2 models`, `2 strategies`.
pub(crate) fn plural(n: impl fmt::Display + Copy, one: &str) -> String {
    let n = n.to_string();
    match one.strip_suffix('y') {
        _ if n == "1" => format!("{n} {one}"),
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {one}s"),
    }
}

fn sign_of(x: f64) -> (&'static str, f64) {
    if x < 0.0 { ("−", -x) } else { ("", x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_something_is_not_many() {
        assert_eq!((plural(1, "model"), plural(0, "model")), ("1 model".to_owned(), "0 models".to_owned()));
        assert_eq!(
            (plural("1", "strategy"), plural(2_u128, "strategy")),
            ("1 strategy".to_owned(), "2 strategies".to_owned())
        );
    }

    #[test]
    fn numbers_keep_three_digits() {
        let cases =
            [(0.0, "0"), (0.012_34, "0.0123"), (9.996, "10.0"), (999.7, "1,000"), (-1.5, "−1.50"), (123.4, "123")];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
        assert_eq!(number(1e-9), "<0.000001");
        assert_eq!(number(-1.234e20), "−1.23e20");
    }

    #[test]
    fn durations_change_units_without_gaps() {
        let cases = [
            (0.25, "0.250 ms"),
            (999.4, "999 ms"),
            (999.6, "1.00 s"),
            (59_940.0, "59.9 s"),
            (59_960.0, "1 min"),
            (130_000.0, "2 min 10 s"),
            (3_900_000.0, "1 h 05 min"),
            (-1_500.0, "−1.50 s"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn ticks_have_no_parts_of_a_unit_above_a_second() {
        let labels = [0.02, 5.0, 60.0, 80.0, 90.0, 600.0, 4_200.0, 7_200.0, -5.0].map(tick);
        let wanted = ["20 ms", "5 s", "1 min", "1 min 20 s", "1 min 30 s", "10 min", "1 h 10 min", "2 h", "−5 s"];
        assert_eq!(labels, wanted);
    }

    #[test]
    fn exact_seconds_show_what_is_there_and_no_rounding() {
        let labels = [0.0, 94_080.5, 0.001, 1_234_567.891, 60_000.0].map(exact_seconds);
        assert_eq!(labels, ["0 s", "94.0805 s", "0.000001 s", "1234.567891 s", "60 s"]);
    }

    #[test]
    fn rough_shares_are_neither_none_nor_all_where_they_are_not() {
        let shares = [(0, 9), (1, 9_999), (3, 1_000), (558, 1_000), (9_999, 10_000), (5, 5)];
        let words = shares.map(|(k, n)| rough_share(k, n));
        assert_eq!(words, ["0 %", "< 0.1 %", "0.3 %", "56 %", "> 99 %", "100 %"]);
        let parts = [(1.0, 4.0), (0.001, 4.0), (50.0, 4.0), (1e6, 4.0)].map(|(a, b)| part_of_cost(a, b));
        assert_eq!(parts, ["25 %", "< 1 %", "12.5 times", "over 1,000 times"]);
    }

    #[test]
    fn shares_never_round_to_all_or_nothing() {
        assert_eq!((percent(0.0), percent(-0.0)), ("0 %".to_owned(), "0 %".to_owned()));
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.999_99), "99.9990 %");
        assert_eq!((percent(-1.0), percent(-0.999)), ("−100 %".to_owned(), "−99.90 %".to_owned()));
        assert_eq!(percent(0.0003), "0.03 %");
        assert_eq!(percent(0.0312), "3.1 %");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
