//! Observations on the scale on which they are fitted: their logarithms, many of them gathered.

use super::observation::{Observation, UnfittableSample};

/// More exact observations than this are gathered into so many groups of equal size.
const MOST_POINTS: usize = 2_000;
/// Least duration in microseconds: the logarithm of zero is of no use.
const LEAST: f64 = 1.0;
/// Least standard deviation of logarithms: a service that always takes the same time still does not to a per cent.
pub(super) const LEAST_SPREAD: f64 = 0.005;
/// How far below its upper end a range is looked at for a first idea: a range from zero is endless on this scale.
const REACH: f64 = 1.4;

/// Logarithms of durations in microseconds, with how many observations each stands for.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) exact: Vec<(f64, f64)>,
    pub(super) within: Vec<(f64, f64, f64)>,
    pub(super) beyond: Vec<(f64, f64)>,
    /// Ages from which on tasks were watched that are among the others: each is known to be longer.
    pub(super) entered: Vec<(f64, f64)>,
    pub(super) count: usize,
}

impl Sample {
    pub(super) fn of(observations: &[Observation]) -> Result<Self, UnfittableSample> {
        if observations.is_empty() {
            return Err(UnfittableSample::Empty);
        }
        let mut exact = Vec::new();
        let mut sample = Self {
            exact: Vec::new(),
            within: Vec::new(),
            beyond: Vec::new(),
            entered: Vec::new(),
            count: observations.len(),
        };
        for observation in observations {
            match *observation {
                Observation::Exact(at) => exact.push(libm::log(at.max(LEAST))),
                Observation::Within(low, high) if high.max(LEAST) <= low.max(LEAST) => {
                    exact.push(libm::log(low.max(LEAST)));
                }
                Observation::Within(low, high) => {
                    let (low, high) = (libm::log(low.max(LEAST)), libm::log(high.max(LEAST)));
                    // Within so little no distribution is anything but even: that it lies there adds the same to all of them.
                    if high - low <= LEAST_SPREAD {
                        exact.push(low.midpoint(high));
                    } else {
                        sample.within.push((low, high, 1.0));
                    }
                }
                Observation::Beyond(at) => sample.beyond.push((libm::log(at.max(LEAST)), 1.0)),
                Observation::Entered { from, at, is_over } => {
                    let at = libm::log(at.max(LEAST));
                    if is_over {
                        exact.push(at);
                    } else {
                        sample.beyond.push((at, 1.0));
                    }
                    sample.entered.push((libm::log(from.max(LEAST)), 1.0));
                }
            }
        }
        match exact.len() + sample.within.len() {
            0 => return Err(UnfittableSample::NoEnds(sample.count)),
            1 => return Err(UnfittableSample::Single),
            _ => {}
        }
        exact.sort_by(f64::total_cmp);
        sample.within.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        sample.beyond.sort_by(|a, b| a.0.total_cmp(&b.0));
        sample.entered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let size = exact.len().div_ceil(MOST_POINTS).max(1);
        sample.exact = exact
            .chunks(size)
            .map(|group| (group.iter().sum::<f64>() / group.len() as f64, group.len() as f64))
            .collect();
        gather(&mut sample.within, |a, b| (a.0 + b.0, a.1 + b.1));
        for ages in [&mut sample.beyond, &mut sample.entered] {
            let mut points: Vec<(f64, f64, f64)> = ages.iter().map(|(at, n)| (*at, 0.0, *n)).collect();
            gather(&mut points, |a, b| (a.0 + b.0, 0.0));
            *ages = points.into_iter().map(|(at, _, n)| (at, n)).collect();
        }
        Ok(sample)
    }

    /// A first idea of the mean and the standard deviation of the logarithms of all ends.
    pub(super) fn moments(&self) -> (f64, f64) {
        let points = || {
            let within = self.within.iter().map(|(low, high, n)| (middle(*low, *high), *n));
            self.exact.iter().copied().chain(within)
        };
        let count: f64 = points().map(|(_, n)| n).sum();
        let mean = points().map(|(y, n)| n * y).sum::<f64>() / count;
        let variance = points().map(|(y, n)| n * (y - mean).powi(2)).sum::<f64>() / count;
        (mean, variance.sqrt().max(1e-3))
    }

    /// Sum over all observations, each by what is known of it; `beyond` is taken off for each age from which on one was
    /// watched.
    pub(super) fn sum(
        &self,
        exact: impl Fn(f64) -> f64,
        within: impl Fn(f64, f64) -> f64,
        beyond: impl Fn(f64) -> f64,
    ) -> f64 {
        self.exact.iter().map(|(y, n)| n * exact(*y)).sum::<f64>()
            + self.within.iter().map(|(low, high, n)| n * within(*low, *high)).sum::<f64>()
            + self.beyond.iter().map(|(y, n)| n * beyond(*y)).sum::<f64>()
            - self.entered.iter().map(|(y, n)| n * beyond(*y)).sum::<f64>()
    }
}

/// A point in a range of logarithms.
pub(super) fn middle(low: f64, high: f64) -> f64 {
    low.max(high - REACH).midpoint(high)
}

/// Gathers neighbours into groups of equal size where there are too many.
fn gather(points: &mut Vec<(f64, f64, f64)>, add: impl Fn((f64, f64), (f64, f64)) -> (f64, f64)) {
    let size = points.len().div_ceil(MOST_POINTS);
    if size <= 1 {
        return;
    }
    *points = points
        .chunks(size)
        .map(|group| {
            let (a, b) = group.iter().fold((0.0, 0.0), |sum, point| add(sum, (point.0, point.1)));
            let count = group.len() as f64;
            (a / count, b / count, count)
        })
        .collect();
}
