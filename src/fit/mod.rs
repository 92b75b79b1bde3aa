//! From observed durations to a distribution of them.
//!
//! [`Fit::of`] fits the lognormal, gamma and Weibull distributions and a mixture of two lognormals by maximum likelihood and
//! weighs them by their odds and the Bayesian information criterion (Schwarz, Annals of Statistics 6 (1978) 461–464; weights as in
//! Buckland, Burnham & Augustin, Biometrics 53 (1997) 603–618), because few observations do not tell them apart. It
//! blends the average with a distribution that follows the data whatever their shape, the more the more there are and the less the
//! candidates fit, so that a third hump or a slow tail that no distribution of the list knows is not lost. A raw empirical
//! distribution is never trusted: between its steps it says that nothing can happen.
//!
//! Durations may be exact, known to lie between two polls, or known only to exceed the time at which somebody gave up; and of
//! tasks that are watched from some age on only, the shorter ones may be missing (left truncation).
//!
//! ```
//! use pollbench::fit::{Fit, Observation};
//!
//! let seconds = [31.0, 35.5, 28.2, 40.1, 33.3, 30.9, 37.7, 29.5, 34.0, 45.8];
//! let sample: Vec<_> = seconds.iter().map(|s| Observation::Exact(s * 1e6)).collect();
//! let fit = Fit::of(&sample)?;
//! assert!((28e6..40e6).contains(&fit.blend.quantile(0.5)));
//! # Ok::<(), pollbench::fit::UnfittableSample>(())
//! ```

mod build;
mod candidate;
mod groups;
mod logs;
mod observation;
mod pair;
mod reach;
mod resample;
mod rounding;
mod sample;
pub(crate) mod simplex;
mod single;
mod turnbull;

pub use candidate::Candidate;
pub use observation::{Observation, UnfittableSample};
pub use resample::Resampler;
#[cfg(feature = "engine")]
pub(crate) use rounding::step as rounding_step;

use crate::time::Micros;
use crate::world::distribution::Distribution;
use candidate::averaged;
use groups::Grouped;
use reach::within_reach;
use sample::Sample;
use turnbull::Estimate;

/// What observations say of the distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// All distributions that were tried, the winner first; empty where none can be written for these observations.
    pub candidates: Vec<Candidate>,
    /// The average of the candidates with a share of what follows the data.
    pub blend: Distribution,
    /// That share: it grows to one with the observations, and where the candidates do not fit.
    pub share: f64,
    /// Largest distance between the blend and the nonparametric estimate of the distribution function
    /// (Kolmogorov–Smirnov), at the ends of what is known of each duration.
    pub distance: f64,
    /// The distance that a right distribution exceeds once in twenty times.
    pub limit: f64,
    /// Observations.
    pub count: usize,
    /// Probability of lasting longer than anything that was seen: what becomes of those is extrapolated.
    pub beyond: f64,
    /// The longest that a task was observed for.
    pub last: Micros,
    /// The step to which the durations were rounded, if they were; they are taken as rounded to the nearest.
    pub rounded_to: Option<Micros>,
    /// Values so frequent that they count as themselves, and their probability: plans ask exactly there.
    pub frequent: Vec<(Micros, f64)>,
    /// No task could be seen that took less: what is shorter is by the candidates alone.
    pub unseen_below: Option<Micros>,
    /// The nonparametric estimate.
    estimate: Estimate,
    /// The average of the candidates, and how far it is trusted.
    average: Option<Distribution>,
    trust: f64,
}

/// Observations at which what follows the data has half of the blend, where the candidates fit.
const HALF: f64 = 500.0;
/// A share that is all.
const ALL: f64 = 0.999;
/// Scaled distance (√n D) up to which candidates are trusted: with parameters taken from the data, right distributions are nearer
/// in nine of ten samples (Lilliefors, J. Am. Statist. Assoc. 62 (1967) 399–402).
const TRUSTED: f64 = 0.8;
/// How fast trust is lost beyond it.
const DISTRUST: f64 = 4.0;
/// A share of unseen tasks below which they are none.
const UNSEEN: f64 = 1e-6;
/// More than this share of tasks that outlast everything that was seen is too much to know of.
const MOST_BEYOND: f64 = 0.5;

impl Fit {
    /// Fits distributions to observations.
    ///
    /// # Errors
    ///
    /// There are too few, or most tasks were not seen to end.
    pub fn of(observations: &[Observation]) -> Result<Self, UnfittableSample> {
        // What is watched from an age on is taken as it stands: the age is rounded too.
        let is_whole = !observations.iter().any(|seen| matches!(seen, Observation::Entered { .. }));
        let step = if is_whole { rounding::step(observations) } else { None };
        let unrounded = step.map(|step| rounding::unrounded(observations, step));
        let observations = unrounded.as_deref().unwrap_or(observations);
        let sample = Sample::of(observations)?;
        let estimate = Estimate::of(observations);
        let last = Micros::from_f64(estimate.last);
        if estimate.left > MOST_BEYOND {
            let (ended, count) = (estimate.ends, estimate.count);
            return Err(UnfittableSample::MostlyUnfinished { ended, count, last });
        }
        let mut candidates = single::candidates(&sample);
        candidates.extend(pair::candidate(&sample));
        let average = averaged(&mut candidates).map(|average| within_reach(average, &estimate));
        let trust = average.as_ref().map_or(0.0, |average| trust(&estimate, average));
        let Blended { distribution: blend, share, frequent } = blended(&estimate, average.as_ref(), trust);
        Ok(Self {
            distance: estimate.distance(&blend),
            limit: estimate.limit(),
            candidates,
            blend,
            share,
            count: sample.count,
            beyond: estimate.left,
            last,
            rounded_to: step.map(Micros::from_f64),
            frequent,
            unseen_below: (estimate.from > 0.0).then(|| Micros::from_f64(estimate.from)),
            estimate,
            average,
            trust,
        })
    }

    /// Whether the blend is as near to the observations as a right distribution would be.
    #[must_use]
    pub fn is_close(&self) -> bool {
        self.distance <= self.limit
    }

    /// The nonparametric estimate of the distribution function, for charts: instants in microseconds up to which, from the
    /// one before, nothing is known but that so much probability lies there; and the distribution function at its end. An
    /// exact value has both instants the same.
    #[must_use]
    pub fn steps(&self) -> Vec<(f64, f64, f64)> {
        let mut upto = 0.0;
        let cells = self.estimate.cells.iter().map(|cell| {
            upto += cell.mass;
            (cell.low, cell.high, upto)
        });
        cells.collect()
    }
}

/// A distribution that is blended of the candidates and of what follows the data.
struct Blended {
    distribution: Distribution,
    /// The share of what follows the data.
    share: f64,
    /// Values that count as themselves, and their probability.
    frequent: Vec<(Micros, f64)>,
}

/// What `estimate` says, blended with the `average` of the candidates as far as that is trusted.
fn blended(estimate: &Estimate, average: Option<&Distribution>, trust: f64) -> Blended {
    let followed =
        groups::grouped(estimate, average, trust).map(|followed| completed(followed, average, estimate.from));
    let share = 1.0 - trust * (1.0 - by_count(estimate.ends));
    let frequent = followed.as_ref().map(|followed| followed.frequent.clone()).unwrap_or_default();
    let distribution = match (average, followed) {
        (Some(_), Some(followed)) if share >= ALL => followed.distribution,
        (Some(average), Some(followed)) => {
            let parts = vec![(1.0 - share, average.clone()), (share, followed.distribution)];
            Distribution::mixture(parts).unwrap_or_else(|_| average.clone())
        }
        (Some(distribution), None) => distribution.clone(),
        (None, Some(followed)) => followed.distribution,
        // Nothing can be written for these values: they are all the same, next to nothing, or next to for ever.
        (None, None) => Distribution::constant(Micros::from_f64(estimate.last)),
    };
    Blended { distribution, share, frequent }
}

/// What follows the data, which begin at the age `from`, with what `average` has below that.
fn completed(followed: Grouped, average: Option<&Distribution>, from: f64) -> Grouped {
    let below = average.map_or(0.0, |average| average.cdf(from));
    if from <= 0.0 || below <= UNSEEN {
        return followed;
    }
    let shorter =
        average.and_then(|distribution| distribution.clone().bounded(None, Some(Micros::from_f64(from)), None).ok());
    let parts = shorter.map(|shorter| vec![(below, shorter), (1.0 - below, followed.distribution.clone())]);
    match parts.and_then(|parts| Distribution::mixture(parts).ok()) {
        Some(distribution) => {
            let frequent = followed.frequent.into_iter().map(|(value, mass)| (value, mass * (1.0 - below)));
            Grouped { distribution, frequent: frequent.collect() }
        }
        None => followed,
    }
}

/// The share of what follows the data, where the candidates fit.
fn by_count(ends: usize) -> f64 {
    let count = ends as f64;
    count * count / (count * count + HALF * HALF)
}

/// How far candidates are trusted whose average is so far from the data.
fn trust(estimate: &Estimate, average: &Distribution) -> f64 {
    let excess = (estimate.distance(average) * (estimate.ends as f64).sqrt() - TRUSTED).max(0.0);
    libm::exp(-DISTRUST * excess * excess)
}

#[cfg(test)]
mod tests {
    use super::reach::REACH;
    use super::*;

    const SECOND: f64 = 1e6;

    /// Times around two minutes, and tasks that are open for hours: of those nobody knows whether they ever end, so they
    /// make no component of their own that ends after months.
    #[test]
    fn tasks_that_may_never_end_are_not_said_to_end_after_ages() {
        let ended = (0..120_u32).map(|at| {
            let share = (f64::from(at * 7 % 120) + 0.5) / 120.0;
            Observation::Exact(120.0 * SECOND * libm::exp(0.3 * libm::log(share / (1.0 - share)) / 1.7))
        });
        let open = [1.0, 1.7, 2.4, 3.1, 4.0].map(|hours| Observation::Beyond(hours * 3_600.0 * SECOND));
        let fit = Fit::of(&ended.chain(open).collect::<Vec<_>>()).expect("most tasks ended");
        let last = 4.0 * 3_600.0 * SECOND;
        assert!(fit.blend.quantile(0.999) <= 1.001 * REACH * last, "{}", fit.blend.quantile(0.999));
        assert!(fit.is_close(), "{} of {}", fit.distance, fit.limit);
        // What was seen is as it was: half of the tasks that ended took two minutes, and one in 25 outlasts all.
        let median = fit.blend.quantile(0.5 * 120.0 / 125.0);
        assert!((median / (120.0 * SECOND) - 1.0).abs() < 0.05, "{median}");
        assert!((1.0 - fit.blend.cdf(last) - fit.beyond).abs() < 0.03, "{}", fit.blend.cdf(last));
    }

    /// Few ends of which candidates are trusted, and a hundredfold age: a wide candidate ends within reach too.
    #[test]
    fn no_fit_of_unfinished_tasks_reaches_beyond_what_may_be_known() {
        let ended = [20.0, 24.0, 31.0, 37.0, 55.0, 900.0].map(|at| Observation::Exact(at * SECOND));
        let open = [Observation::Beyond(3_000.0 * SECOND); 4];
        let fit = Fit::of(&[&ended[..], &open[..]].concat()).expect("most tasks ended");
        let almost_all = fit.blend.quantile(0.999);
        assert!(almost_all <= 1.001 * REACH * 3_000.0 * SECOND, "{almost_all}");
    }
}
