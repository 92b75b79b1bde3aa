//! Families of schedules with a few parameters each, as a poller can be configured.

use crate::inspection::{AfterLast, Checks, DoneTime};

/// Longest table of an exponential schedule without a cap.
const MOST: usize = 2_000;

/// A family of schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// Equal gaps, the first poll after one of them.
    Fixed,
    /// A first wait, then equal gaps.
    Adaptive,
    /// A first wait, then gaps in geometric progression, between an eighth and eight times the first.
    AdaptiveGeometric,
    /// Gaps that grow by a factor up to a cap, the first poll after the first gap.
    ExponentialDelayed,
    /// The same with a poll at once, as in the guide.
    Exponential,
    /// Each poll when the same share of the unfinished tasks is done.
    Quantile,
    /// The instants of least cost.
    Optimal,
}

/// Quantiles on whose scale parameters are searched. Each is a search itself: they are found once for all families and prices.
#[derive(Debug)]
pub(super) struct Landmarks {
    /// Where most of the distribution lies, evenly by probability and by time.
    initials: Vec<f64>,
    median: f64,
    /// When one in ten thousand is left, and one in a million.
    late: f64,
    latest: f64,
}

impl Landmarks {
    pub(super) fn of(done_time: &DoneTime) -> Self {
        let even = (1..20).map(|at| f64::from(at) / 20.0);
        let shares = even.chain([0.001, 0.01, 0.03, 0.97, 0.99, 0.999, 0.9999]);
        Self {
            initials: shares.map(|p| done_time.quantile(p)).collect(),
            median: done_time.quantile(0.5),
            late: done_time.quantile(0.9999),
            latest: done_time.quantile(0.999_999),
        }
    }
}

/// All of them, the simplest to configure first.
pub const FAMILIES: [Family; 7] = [
    Family::Fixed,
    Family::Adaptive,
    Family::AdaptiveGeometric,
    Family::ExponentialDelayed,
    Family::Exponential,
    Family::Quantile,
    Family::Optimal,
];

/// Parameters of a family: durations in microseconds, a multiplier as it is.
pub type Parameters = Vec<(&'static str, f64)>;

impl Family {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Adaptive => "adaptive",
            Self::AdaptiveGeometric => "adaptive-geometric",
            Self::ExponentialDelayed => "exponential-delayed",
            Self::Exponential => "exponential",
            Self::Quantile => "quantile",
            Self::Optimal => "optimal",
        }
    }

    /// Names of the parameters, without unit; none for a table.
    #[must_use]
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Fixed => &["interval"],
            Self::Adaptive => &["initial", "interval"],
            Self::AdaptiveGeometric => &["initial", "interval", "multiplier"],
            Self::ExponentialDelayed | Self::Exponential => &["interval", "multiplier", "cap"],
            Self::Quantile => &["p"],
            Self::Optimal => &[],
        }
    }

    /// The polls under these parameters, in the order of [`parameters`](Self::parameters): forever, or up to a deadline
    /// with the last one there. `enough` is an instant after which gaps need not be told apart. Those of
    /// quantiles and of the optimum need the distribution, and are made elsewhere: see [`Rule`](crate::inspection::rules::Rule).
    #[must_use]
    pub fn checks(self, parameters: &[f64], deadline: Option<f64>, enough: f64) -> Checks {
        let mut instants = Vec::new();
        let then = match (self, parameters) {
            (Self::Fixed, &[interval]) => {
                instants.push(interval);
                interval
            }
            (Self::Adaptive, &[initial, interval]) => {
                instants.push(initial);
                interval
            }
            (Self::AdaptiveGeometric, &[initial, interval, multiplier]) => {
                instants.push(initial);
                let clip = |gap: f64| gap.clamp(interval / 8.0, interval * 8.0);
                grow(&mut instants, interval, multiplier, clip, enough)
            }
            (Self::ExponentialDelayed | Self::Exponential, &[interval, multiplier, cap]) => {
                if self == Self::Exponential {
                    instants.push(0.0);
                }
                grow(&mut instants, interval, multiplier, |gap| gap.min(cap), enough)
            }
            _ => f64::INFINITY,
        };
        match deadline {
            None => Checks { instants, then: AfterLast::Every(then) },
            Some(deadline) => {
                until(&mut instants, then, deadline);
                Checks { instants, then: AfterLast::GiveUp }
            }
        }
    }

    /// Points from which the best parameters are searched, on the scale of `best`, the schedule of least cost.
    pub(super) fn starts(self, landmarks: &Landmarks, best: &Checks) -> Vec<Vec<f64>> {
        let gaps: Vec<f64> = best.instants.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let first = best.instants.first().copied().unwrap_or(0.0).max(1e3);
        let shortest = gaps.iter().copied().fold(first, f64::min).max(1e3);
        let longest = gaps.iter().copied().fold(shortest, f64::max).max(landmarks.median).min(landmarks.latest);
        let intervals = spaced(0.5 * shortest, 2.0 * longest.max(first), 40);
        let initials = landmarks.initials.iter().copied().chain([0.9 * first, first, 1.1 * first]);
        let multipliers = [1.0, 1.05, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0];
        let mut starts = Vec::new();
        match self {
            Self::Fixed => {
                starts.extend(spaced(0.2 * shortest, 2.0 * landmarks.latest, 400).map(|h| vec![h]));
            }
            Self::Adaptive => {
                for initial in initials {
                    starts.extend(intervals.clone().map(|interval| vec![initial, interval]));
                }
            }
            Self::AdaptiveGeometric => {
                for initial in initials {
                    for interval in spaced(0.5 * shortest, 2.0 * longest.max(first), 16) {
                        let shrinking = [0.5, 0.7, 0.85, 0.95].into_iter();
                        starts.extend(shrinking.chain(multipliers).map(|m| vec![initial, interval, m]));
                    }
                }
            }
            Self::ExponentialDelayed | Self::Exponential => {
                for interval in spaced(0.1 * shortest, landmarks.late, 40) {
                    for multiplier in multipliers {
                        for cap in [1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 1e3] {
                            starts.push(vec![interval, multiplier, interval * cap]);
                        }
                    }
                }
            }
            Self::Quantile => starts.extend((1..50).map(|at| vec![f64::from(at) / 50.0])),
            Self::Optimal => {}
        }
        starts
    }
}

/// Appends polls at gaps that change by a factor until they no longer do, or `enough` is reached: the gap that then
/// repeats.
fn grow(instants: &mut Vec<f64>, first: f64, multiplier: f64, clip: impl Fn(f64) -> f64, enough: f64) -> f64 {
    let (mut gap, mut at) = (clip(first), instants.last().copied().unwrap_or(0.0));
    while instants.len() < MOST {
        at += gap;
        instants.push(at);
        let next = clip(gap * multiplier);
        if next == gap || at > enough {
            return next;
        }
        gap = next;
    }
    gap
}

/// Ends a schedule at `deadline`, with the last poll there.
fn until(instants: &mut Vec<f64>, gap: f64, deadline: f64) {
    instants.retain(|at| *at < deadline);
    let mut at = instants.last().map_or(deadline, |last| last + gap);
    while at < deadline && instants.len() < 100 * MOST {
        instants.push(at);
        at += gap;
    }
    instants.push(deadline);
}

/// Numbers equally far apart by ratio.
fn spaced(from: f64, to: f64, count: u32) -> impl Iterator<Item = f64> + Clone {
    let ratio = (to / from).max(1.0);
    (0..count).map(move |at| from * ratio.powf(f64::from(at) / f64::from(count - 1)))
}
