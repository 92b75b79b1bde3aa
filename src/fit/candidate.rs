//! A distribution that was tried, and the average of several.

use crate::world::distribution::Distribution;

/// A distribution that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub name: &'static str,
    /// With its parameters of maximum likelihood.
    pub distribution: Distribution,
    /// Logarithm of the likelihood of the observations' logarithms.
    pub log_likelihood: f64,
    /// Bayesian information criterion; the least wins.
    pub bic: f64,
    /// Its share of the average, in proportion to exp(−bic/2).
    pub weight: f64,
}

/// A candidate of less weight is left out of the average.
const NEGLIGIBLE: f64 = 0.01;

/// Weighs the candidates, the least criterion first, and mixes them; `None` where there are none.
pub(super) fn averaged(candidates: &mut [Candidate]) -> Option<Distribution> {
    candidates.sort_by(|a, b| a.bic.total_cmp(&b.bic));
    let least = candidates.first()?.bic;
    for candidate in &mut *candidates {
        candidate.weight = libm::exp(-0.5 * (candidate.bic - least));
    }
    let total: f64 = candidates.iter().map(|candidate| candidate.weight).sum();
    for candidate in &mut *candidates {
        candidate.weight /= total;
    }
    let heavy = candidates.iter().filter(|candidate| candidate.weight > NEGLIGIBLE);
    let parts = heavy.map(|candidate| (candidate.weight, candidate.distribution.clone())).collect();
    Distribution::mixture(parts).ok()
}
