//! From observed durations to a law of them.
//!
//! [`Fit::of`] fits the lognormal, gamma and Weibull laws and a mixture of two lognormals by maximum likelihood and
//! weighs them by the Bayesian information criterion (Schwarz, Annals of Statistics 6 (1978) 461–464; weights as in
//! Buckland, Burnham & Augustin, Biometrics 53 (1997) 603–618), because few observations do not tell them apart. It
//! blends the average with a kernel estimate in log space (Silverman, *Density Estimation*, 1986, § 3.4.2), so that a
//! second hump or a slow tail that no law of the list knows is not lost. A raw empirical distribution is never trusted:
//! between its steps it says that nothing can happen.
//!
//! Durations may be exact, known to lie between two polls, or known only to exceed the time at which somebody gave up.
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

mod kernel;
mod pair;
mod sample;
pub(crate) mod simplex;
mod single;

use crate::time::Micros;
use crate::world::distribution::Distribution;
use sample::Sample;
use thiserror::Error;

/// What is known of one duration, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// Itself.
    Exact(f64),
    /// That it lies after the first and not after the second: it ended between two polls.
    Within(f64, f64),
    /// That it is longer: somebody gave up.
    Beyond(f64),
}

/// Why there is no law to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnfittableSample {
    /// There is nothing.
    #[error("there are no observations")]
    Empty,
    /// No task was seen to end.
    #[error("none of the {0} observations is of a task that ended")]
    NoEnds(usize),
    /// One end says nothing of the spread.
    #[error("a single end does not tell how much the times spread: at least 2 are needed, and 20 are advisable")]
    Single,
}

/// A law that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub name: &'static str,
    /// With its parameters of maximum likelihood.
    pub law: Distribution,
    /// Logarithm of the likelihood of the observations' logarithms.
    pub log_likelihood: f64,
    /// Bayesian information criterion; the least wins.
    pub bic: f64,
    /// Its share of the average, in proportion to exp(−bic/2).
    pub weight: f64,
}

/// What observations say of the law.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// All laws that were tried, the winner first; not empty.
    pub candidates: Vec<Candidate>,
    /// The average of the candidates with a share of the kernel estimate.
    pub blend: Distribution,
    /// Largest distance between the blend and the Kaplan–Meier estimate of the observations' distribution function
    /// (Kolmogorov–Smirnov).
    pub distance: f64,
    /// Observations.
    pub count: usize,
}

/// A candidate of less weight is left out of the average.
const NEGLIGIBLE: f64 = 0.01;

/// Share of the kernel estimate in a blend of `count` observations. Few observations are as lumpy as chance made them;
/// many carry what the laws miss.
fn kernel_share(count: usize) -> f64 {
    0.3 * count as f64 / (count as f64 + 60.0)
}

impl Fit {
    /// Fits laws to observations.
    ///
    /// # Errors
    ///
    /// There are too few.
    pub fn of(observations: &[Observation]) -> Result<Self, UnfittableSample> {
        let sample = Sample::of(observations)?;
        let mut candidates = single::candidates(&sample);
        candidates.extend(pair::candidate(&sample));
        candidates.sort_by(|a, b| a.bic.total_cmp(&b.bic));
        let average = averaged(&mut candidates);
        let steps = kernel::survivors(observations, &average);
        let share = kernel_share(sample.count);
        let blend = kernel::estimate(&steps, &average)
            .and_then(|kernels| Distribution::mixture(vec![(1.0 - share, average.clone()), (share, kernels)]).ok())
            .unwrap_or(average);
        let distance = kernel::distance(&steps, &blend);
        Ok(Self { candidates, blend, distance, count: sample.count })
    }
}

/// Weighs the candidates, the least criterion first, and mixes them.
fn averaged(candidates: &mut [Candidate]) -> Distribution {
    let least = candidates[0].bic;
    for candidate in &mut *candidates {
        candidate.weight = (-0.5 * (candidate.bic - least)).exp();
    }
    let total: f64 = candidates.iter().map(|candidate| candidate.weight).sum();
    for candidate in &mut *candidates {
        candidate.weight /= total;
    }
    let heavy = candidates.iter().filter(|candidate| candidate.weight > NEGLIGIBLE);
    let parts = heavy.map(|candidate| (candidate.weight, candidate.law.clone())).collect();
    // The first weighs most, so there is a part, and its weight is positive and finite.
    Distribution::mixture(parts).unwrap_or_else(|_| candidates[0].law.clone())
}

/// A lognormal law from the mean and standard deviation of its logarithm.
fn lognormal(location: f64, spread: f64) -> Option<Distribution> {
    build("lognormal", &[("median", location.exp().max(1.0)), ("sigma", spread)])
}

/// A law from the table of kinds; `None` where a parameter is out of range.
fn build(kind: &str, parameters: &[(&str, f64)]) -> Option<Distribution> {
    Distribution::build(kind, |name| parameters.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)).ok()
}

/// A duration in microseconds as a law takes it.
fn micros(us: f64) -> Micros {
    Micros::from_f64(us)
}
