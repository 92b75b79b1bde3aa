//! What observations say without a law: the estimate of Kaplan & Meier, and kernels in log space around it.

use super::{Observation, lognormal, micros};
use crate::world::distribution::Distribution;

/// Kernels to a bandwidth; values in between are shared between the two next to them.
const RESOLUTION: f64 = 1.0;
/// Most steps that a law is compared with.
const MOST_COMPARED: usize = 4_000;
/// Probability that is not reckoned with where the law begins.
const UNLIKELY: f64 = 1e-3;
/// Least bandwidth on the scale of logarithms.
const LEAST_BANDWIDTH: f64 = 0.01;

/// Probabilities of single values, ascending, and what is left beyond the last observation.
#[derive(Debug)]
pub(super) struct Survivors {
    steps: Vec<(f64, f64)>,
    left: f64,
    /// The last observation.
    end: f64,
    count: usize,
}

/// The product-limit estimate (Kaplan & Meier, J. Am. Statist. Assoc. 53 (1958) 457–481): who gave up hands his
/// probability on to those who were observed for longer. Ends between two polls count in the middle, by ratio, of
/// what is likely there under `law`: before the first poll everything down to no time at all would be.
pub(super) fn survivors(observations: &[Observation], law: &Distribution) -> Survivors {
    let soonest = law.quantile(UNLIKELY).max(1.0);
    let mut seen: Vec<(f64, bool)> = observations
        .iter()
        .map(|observation| match *observation {
            Observation::Exact(at) => (at.max(1.0), true),
            Observation::Within(low, high) => {
                let high = high.max(1.0);
                ((low.max(soonest).min(high) * high).sqrt(), true)
            }
            Observation::Beyond(at) => (at.max(1.0), false),
        })
        .collect();
    // Ends before those who gave up at the same instant.
    seen.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let (mut left, mut at_risk) = (1.0, seen.len());
    let mut steps: Vec<(f64, f64)> = Vec::with_capacity(seen.len());
    for &(at, is_end) in &seen {
        if is_end {
            let step = left / at_risk as f64;
            left -= step;
            match steps.last_mut().filter(|(last, _)| *last == at) {
                Some((_, probability)) => *probability += step,
                None => steps.push((at, step)),
            }
        }
        at_risk -= 1;
    }
    let left = if seen.last().is_some_and(|(_, is_end)| *is_end) { 0.0 } else { left };
    Survivors { steps, left, end: seen.last().map_or(1.0, |(at, _)| *at), count: seen.len() }
}

/// A mixture of lognormal kernels, and of `law` beyond the last observation for what is left there; `None` where nothing
/// can be made of the values.
pub(super) fn estimate(survivors: &Survivors, law: &Distribution) -> Option<Distribution> {
    let bandwidth = bandwidth(survivors)?;
    let spacing = bandwidth / RESOLUTION;
    // Each value is shared between the two kernels next to it.
    let first = survivors.steps.first()?.0.ln();
    let last = survivors.steps.last()?.0.ln();
    let mut weights = vec![0.0; ((last - first) / spacing) as usize + 2];
    for (at, probability) in &survivors.steps {
        let place = (at.ln() - first) / spacing;
        let (cell, share) = (place as usize, place.fract());
        weights[cell] += (1.0 - share) * probability;
        weights[cell + 1] += share * probability;
    }
    let kernels = weights.into_iter().enumerate().filter(|(_, weight)| *weight > 0.0);
    let kernels = kernels.map(|(cell, weight)| Some((weight, lognormal(first + spacing * cell as f64, bandwidth)?)));
    let mut parts: Vec<(f64, Distribution)> = kernels.collect::<Option<_>>()?;
    if survivors.left > 0.0
        && let Ok(tail) = law.clone().bounded(Some(micros(survivors.end)), None, None)
    {
        parts.push((survivors.left, tail));
    }
    Distribution::mixture(parts).ok()
}

/// Silverman's rule of thumb, on logarithms.
fn bandwidth(survivors: &Survivors) -> Option<f64> {
    let total: f64 = survivors.steps.iter().map(|(_, p)| p).sum();
    let mean = survivors.steps.iter().map(|(at, p)| p * at.ln()).sum::<f64>() / total;
    let variance = survivors.steps.iter().map(|(at, p)| p * (at.ln() - mean).powi(2)).sum::<f64>() / total;
    let quantile = |share: f64| {
        let mut sum = 0.0;
        let reached = survivors.steps.iter().find(|(_, p)| {
            sum += p;
            sum >= share * total
        });
        reached.map(|(at, _)| at.ln())
    };
    let quartiles = (quantile(0.75)? - quantile(0.25)?) / 1.34;
    let spread = variance.sqrt().min(if quartiles > 0.0 { quartiles } else { f64::INFINITY });
    Some((0.9 * spread * (survivors.count as f64).powf(-0.2)).max(LEAST_BANDWIDTH))
}

/// Largest distance between a law and the estimate.
pub(super) fn distance(survivors: &Survivors, law: &Distribution) -> f64 {
    let (mut below, mut largest) = (0.0, 0.0_f64);
    // Of very many steps one in so many is looked at: the distance between two of them is no more than they are apart.
    let every = survivors.steps.len().div_ceil(MOST_COMPARED).max(1);
    for (number, (at, probability)) in survivors.steps.iter().enumerate() {
        if number % every == 0 {
            let here = law.cdf(*at);
            largest = largest.max((here - below).abs()).max((below + probability - here).abs());
        }
        below += probability;
    }
    largest
}
