//! Axes: from values to pixels, with ticks that people count in.

use crate::figures::{round, tick};

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// A logarithmic axis has no zero; where there are zeros, they stand apart at its low end.
    zero: bool,
    /// Values to mark, with their labels.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Share of a logarithmic axis that is set aside for zeros.
const ZERO_SHARE: f64 = 0.07;
/// Ranges wider than this are logarithmic.
const WIDE: f64 = 20.0;
/// How far a logarithmic axis goes on beyond its values, as a share of their span.
const MARGIN: f64 = 0.05;
/// Most ticks of an axis.
const TICKS: usize = 7;
/// Instants that people count in, in seconds, and the same further and further apart.
const TIMES: [&[f64]; 4] = [
    &[
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0,
        600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 36_000.0, 86_400.0, 172_800.0, 864_000.0,
    ],
    &[
        0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 120.0, 600.0, 1_800.0, 7_200.0, 36_000.0, 172_800.0,
        864_000.0,
    ],
    &[0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 36_000.0, 864_000.0],
    &[0.001, 0.1, 10.0, 600.0, 36_000.0, 864_000.0],
];

impl Axis {
    /// Seconds, logarithmic where the range is wide.
    pub(super) fn time(values: impl Iterator<Item = f64>) -> Self {
        let range = Range::of(values);
        if range.is_wide() { range.log(&TIMES, tick) } else { range.linear(TIMES[0], tick) }
    }

    /// Seconds, always logarithmic, for curves with long tails.
    pub(super) fn long_time(values: impl Iterator<Item = f64>) -> Self {
        Range::of(values).log(&TIMES, tick)
    }

    /// Seconds from `low` on, always linear.
    pub(super) fn clock(low: f64, high: f64) -> Self {
        let step = step(high - low, TIMES[0], 7.0);
        let ticks = multiples(low, high, step).map(|x| (x, tick(x))).collect();
        Self { low, high: high.max(low + 1e-3), log: false, zero: false, ticks }
    }

    /// Counts or costs, logarithmic where the range is wide.
    pub(super) fn number(values: impl Iterator<Item = f64>) -> Self {
        let range = Range::of(values);
        let fine = decades(&[1.0, 2.0, 5.0]);
        if range.is_wide() {
            range.log(&[&fine, &decades(&[1.0, 3.0]), &decades(&[1.0])], round)
        } else {
            range.linear(&fine, round)
        }
    }

    /// From zero, linear, for bars.
    pub(super) fn bars(values: impl Iterator<Item = f64>) -> Self {
        let high = values.filter(|x| x.is_finite()).fold(0.0, f64::max);
        Range { low: 0.0, high, zero: true }.linear(&decades(&[1.0, 2.0, 5.0]), round)
    }

    /// Both sides of zero, linear.
    pub(super) fn difference(values: impl Iterator<Item = f64>, time: bool) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for x in values.filter(|x| x.is_finite()) {
            (low, high) = (low.min(x), high.max(x));
        }
        if high - low < 1e-9 {
            (low, high) = (-1.0, 1.0);
        }
        let steps = if time { TIMES[0].to_vec() } else { decades(&[1.0, 2.0, 5.0]) };
        let step = step(high - low, &steps, 4.0);
        let (low, high) = ((low / step - 1e-9).floor() * step, (high / step + 1e-9).ceil() * step);
        let print = |x: f64| match (x < 0.0, time) {
            (true, true) => format!("−{}", tick(-x)),
            (true, false) => format!("−{}", round(-x)),
            (false, true) => tick(x),
            (false, false) => round(x),
        };
        let ticks = multiples(low, high, step).map(|x| (x, print(x))).collect();
        Self { low, high, log: false, zero: false, ticks }
    }

    /// 0 to 100 %.
    pub(super) fn share() -> Self {
        let ticks = [0, 25, 50, 75, 100].map(|p| (f64::from(p) / 100.0, format!("{p} %"))).to_vec();
        Self { low: 0.0, high: 1.0, log: false, zero: false, ticks }
    }

    /// Where a value lies between the low end, 0, and the high end, 1.
    pub(super) fn at(&self, x: f64) -> f64 {
        if !self.log {
            return ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        }
        let floor = if self.zero { ZERO_SHARE } else { 0.0 };
        if x <= 0.0 {
            return 0.0;
        }
        let share = (libm::log(x / self.low) / libm::log(self.high / self.low)).clamp(0.0, 1.0);
        floor + (1.0 - floor) * share
    }

    /// The pixel of a value on an axis from `from` to `to`.
    pub(super) fn pixel(&self, x: f64, from: i32, to: i32) -> i32 {
        from + (self.at(x) * f64::from(to - from)).round() as i32
    }
}

/// What the values span.
struct Range {
    /// Least positive value.
    low: f64,
    high: f64,
    /// Whether there are zeros.
    zero: bool,
}

impl Range {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut range = Self { low: f64::INFINITY, high: 0.0, zero: false };
        for x in values.filter(|x| x.is_finite()) {
            // Below a millisecond (or a thousandth) is as good as zero on every chart.
            if x < 1e-3 {
                range.zero = true;
            } else {
                range.low = range.low.min(x);
                range.high = range.high.max(x);
            }
        }
        if range.high == 0.0 {
            (range.low, range.high) = (0.1, 1.0);
        }
        range
    }

    fn is_wide(&self) -> bool {
        self.high / self.low > WIDE
    }

    fn linear(&self, steps: &[f64], print: fn(f64) -> String) -> Axis {
        let high = if self.high > 0.0 { self.high } else { 1.0 };
        let step = step(high, steps, 5.0);
        let high = (high / step - 1e-9).ceil() * step;
        let ticks = multiples(0.0, high, step).map(|x| (x, print(x))).collect();
        Axis { low: 0.0, high, log: false, zero: false, ticks }
    }

    fn log(&self, choices: &[&[f64]], print: fn(f64) -> String) -> Axis {
        let beyond = (self.high / self.low).powf(MARGIN).max(1.05);
        let (low, high) = (self.low / beyond, self.high * beyond);
        let between = |candidates: &&[f64]| -> Vec<f64> {
            candidates.iter().copied().filter(|x| (low..=high).contains(x)).collect()
        };
        let mut all = choices.iter().map(between);
        let chosen = all.find(|ticks| ticks.len() <= TICKS).unwrap_or_default();
        let mut ticks: Vec<(f64, String)> = chosen.into_iter().map(|x| (x, print(x))).collect();
        if self.zero {
            ticks.insert(0, (0.0, print(0.0)));
        }
        Axis { low, high, log: true, zero: self.zero, ticks }
    }
}

/// The least step that cuts the span into at most `parts`.
fn step(span: f64, steps: &[f64], parts: f64) -> f64 {
    let longest = steps.last().copied().unwrap_or(1.0);
    steps.iter().copied().find(|step| span / step <= parts).unwrap_or_else(|| (span / parts / longest).ceil() * longest)
}

fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(move |k| k as f64 * step)
}

/// The numbers times all powers of ten that a chart may need.
fn decades(numbers: &[f64]) -> Vec<f64> {
    let powers = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    powers.iter().flat_map(|power| numbers.iter().map(move |n| n * power)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn times_are_marked_in_units_that_people_count_in() {
        assert_eq!(labels(&Axis::time([4.0, 11.0].into_iter())), ["0", "5 s", "10 s", "15 s"]);
        assert_eq!(labels(&Axis::time([0.4, 300.0].into_iter())), ["300 ms", "1 s", "3 s", "10 s", "30 s", "2 min"]);
        assert_eq!(labels(&Axis::clock(0.0, 600.0)), ["0", "2 min", "4 min", "6 min", "8 min", "10 min"]);
    }

    #[test]
    fn zeros_have_a_place_on_a_logarithmic_axis() {
        let axis = Axis::time([0.0, 0.1, 100.0].into_iter());
        assert_eq!(axis.at(0.0), 0.0);
        assert!(axis.at(0.1) > ZERO_SHARE && axis.at(0.1) < ZERO_SHARE + MARGIN);
        assert_eq!(axis.at(1e9), 1.0);
        assert_eq!(axis.ticks[0].1, "0");
    }

    #[test]
    fn no_data_still_make_an_axis() {
        for axis in [Axis::time([].into_iter()), Axis::number([0.0].into_iter()), Axis::bars([].into_iter())] {
            assert!(!axis.ticks.is_empty(), "{axis:?}");
            assert!(axis.at(0.5).is_finite());
        }
    }
}
