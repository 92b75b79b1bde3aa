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
    /// Bayesian information criterion.
    pub bic: f64,
    /// Its share of the average, in proportion to its odds before anything is seen times exp(−bic/2).
    pub weight: f64,
    /// Those odds.
    pub(super) odds: f64,
}

/// The odds of what has one hump, and of what has two. The criterion alone prefers two far too often for small samples of one hump:
/// it takes for granted that each parameter can be told, and those of a second hump that is not there cannot. Of odds from 1 to
/// 0.02, these are cheapest for plans from twenty observations of one hump, and hardly dearer for two.
pub(super) const ONE_HUMP: f64 = 1.0;
pub(super) const TWO_HUMPS: f64 = 0.08;

/// A candidate of less weight is left out of the average.
const NEGLIGIBLE: f64 = 0.01;

/// Weighs the candidates, the likeliest first, and mixes them; `None` where there are none.
pub(super) fn averaged(candidates: &mut [Candidate]) -> Option<Distribution> {
    let least = candidates.iter().map(|candidate| candidate.bic).reduce(f64::min)?;
    for candidate in &mut *candidates {
        candidate.weight = candidate.odds * libm::exp(-0.5 * (candidate.bic - least));
    }
    candidates.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let total: f64 = candidates.iter().map(|candidate| candidate.weight).sum();
    for candidate in &mut *candidates {
        candidate.weight /= total;
    }
    let heavy = candidates.iter().filter(|candidate| candidate.weight > NEGLIGIBLE);
    let parts = heavy.map(|candidate| (candidate.weight, candidate.distribution.clone())).collect();
    Distribution::mixture(parts).ok()
}
