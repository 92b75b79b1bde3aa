//! A mixture of two lognormal distributions, by expectation–maximisation (Dempster, Laird & Rubin, J. R. Statist. Soc. B 39 (1977)
//! 1–38); observations that are known to lie in a range enter with the moments of the normal distribution cut to it.

use super::build::lognormal;
use super::candidate::{Candidate, TWO_HUMPS};
use super::logs;
use super::sample::{LEAST_SPREAD, Sample, middle};
use crate::world::distribution::Distribution;

/// Fewest ends for which two humps are looked for.
const FEWEST: f64 = 10.0;
/// Shares of the lesser part from which the search starts.
const STARTS: [f64; 3] = [0.5, 0.8, 0.95];
/// Most rounds from each start.
const ROUNDS: usize = 120;
/// Least spread of a part, relative to that of the whole: a narrower one stands on two values that happen to agree.
const NARROWEST: f64 = 0.04;
/// A part that stands on less than so many observations is none; nor is one on which so few ends stand.
const LEAST_WEIGHT: f64 = 1.5;

/// Most unseen tasks that are taken to be beside one that is seen.
const MOST_UNSEEN: f64 = 1e3;

/// One part.
#[derive(Debug, Clone, Copy)]
struct Part {
    share: f64,
    mean: f64,
    spread: f64,
}

/// What an observation adds to a part: the logarithm of its likelihood there, and the mean and mean square of its own.
struct Moments {
    log_likelihood: f64,
    first: f64,
    second: f64,
}

pub(super) fn candidate(sample: &Sample) -> Option<Candidate> {
    let ends: f64 = sample.exact.iter().map(|(_, n)| n).chain(sample.within.iter().map(|(_, _, n)| n)).sum();
    if ends < FEWEST {
        return None;
    }
    let narrowest = LEAST_SPREAD.max(NARROWEST * sample.moments().1);
    let fits = STARTS.iter().filter_map(|split| maximise(sample, start(sample, *split, narrowest), narrowest));
    let (parts, log_likelihood) = fits.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let distribution = |part: &Part| Some((part.share, lognormal(part.mean, part.spread)?));
    Some(Candidate {
        name: "two lognormals",
        distribution: Distribution::mixture(parts.iter().map(distribution).collect::<Option<_>>()?).ok()?,
        log_likelihood,
        bic: 5.0 * libm::log(sample.count as f64) - 2.0 * log_likelihood,
        weight: 0.0,
        odds: TWO_HUMPS,
    })
}

/// Two parts, of the lesser and of the greater values.
fn start(sample: &Sample, split: f64, narrowest: f64) -> [Part; 2] {
    let mut points: Vec<(f64, f64)> = sample.exact.clone();
    points.extend(sample.within.iter().map(|(low, high, n)| (middle(*low, *high), *n)));
    points.extend(&sample.beyond);
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = ((points.len() as f64 * split) as usize).clamp(1, points.len() - 1);
    let part = |points: &[(f64, f64)], share: f64| {
        let count: f64 = points.iter().map(|(_, n)| n).sum();
        let mean = points.iter().map(|(y, n)| n * y).sum::<f64>() / count;
        let variance = points.iter().map(|(y, n)| n * (y - mean).powi(2)).sum::<f64>() / count;
        Part { share, mean, spread: variance.sqrt().max(narrowest).max(0.05) }
    };
    let (lesser, greater) = points.split_at(at);
    [part(lesser, split), part(greater, 1.0 - split)]
}

/// The parts of greatest likelihood, and that; `None` where a part would stand on no more than one end. Unfinished tasks alone say
/// that a part is late, and nothing of where it lies: the later, the likelier, without end, as for tasks that never end.
fn maximise(sample: &Sample, mut parts: [Part; 2], narrowest: f64) -> Option<([Part; 2], f64)> {
    let (mut best, mut ended) = (f64::NEG_INFINITY, [0.0; 2]);
    for _ in 0..ROUNDS {
        let mut log_likelihood = 0.0;
        // By part: weight, and sums of the logarithms and their squares.
        let mut sums = [[0.0; 3]; 2];
        let shares = parts.map(|part| libm::log(part.share));
        let spreads = parts.map(|part| libm::log(part.spread));
        let take = |sums: &mut [[f64; 3]; 2], log_likelihood: &mut f64, count: f64, seen: [Moments; 2]| {
            let logs = [0, 1].map(|part: usize| shares[part] + seen[part].log_likelihood);
            let greater = logs[0].max(logs[1]);
            let total = greater + libm::log1p(libm::exp(logs[0].min(logs[1]) - greater));
            *log_likelihood += count * total;
            for (log, (sums, moments)) in logs.into_iter().zip(sums.iter_mut().zip(seen)) {
                let weight = count * libm::exp(log - total);
                *sums = [sums[0] + weight, sums[1] + weight * moments.first, sums[2] + weight * moments.second];
            }
        };
        for &(y, count) in &sample.exact {
            take(&mut sums, &mut log_likelihood, count, [0, 1].map(|part: usize| parts[part].at(y, spreads[part])));
        }
        for &(low, high, count) in &sample.within {
            take(&mut sums, &mut log_likelihood, count, parts.map(|part| part.between(low, high)));
        }
        ended = sums.map(|[weight, ..]| weight);
        for &(y, count) in &sample.beyond {
            take(&mut sums, &mut log_likelihood, count, parts.map(|part| part.between(y, f64::INFINITY)));
        }
        // Of tasks that are watched from an age on, the shorter ones are unseen: as many, under these parts, as would be beside
        // each that is seen (the truncated data of Dempster, Laird & Rubin).
        for &(y, count) in &sample.entered {
            let seen: f64 = parts.iter().map(|part| part.share * part.survival(y)).sum();
            if seen <= 0.0 {
                return None;
            }
            let unseen = (count * (1.0 - seen) / seen).min(MOST_UNSEEN * count);
            if unseen > 0.0 {
                // They add no likelihood of their own.
                take(&mut sums, &mut 0.0, unseen, parts.map(|part| part.between(f64::NEG_INFINITY, y)));
            }
            log_likelihood -= count * libm::log(seen);
        }
        if !log_likelihood.is_finite() {
            return None;
        }
        let gain = log_likelihood - best;
        best = log_likelihood;
        if gain.abs() <= 1e-4 {
            break;
        }
        let all: f64 = sums.iter().map(|[weight, ..]| weight).sum();
        for (part, [weight, first, second]) in parts.iter_mut().zip(sums) {
            if weight < LEAST_WEIGHT {
                return None;
            }
            let mean = first / weight;
            let variance = (second / weight - mean * mean).max(0.0);
            *part = Part { share: weight / all, mean, spread: variance.sqrt().max(narrowest) };
        }
    }
    ended.iter().all(|weight| *weight >= LEAST_WEIGHT).then_some((parts, best))
}

impl Part {
    /// P(Y > y).
    fn survival(&self, y: f64) -> f64 {
        libm::exp(logs::normal_survival((y - self.mean) / self.spread))
    }

    /// Of a logarithm that is known; `ln_spread` is that of its spread.
    fn at(&self, y: f64, ln_spread: f64) -> Moments {
        let z = (y - self.mean) / self.spread;
        Moments { log_likelihood: logs::normal_density(z) - ln_spread, first: y, second: y * y }
    }

    /// Of a logarithm that lies in a range, under this part.
    fn between(&self, low: f64, high: f64) -> Moments {
        let (from, to) = ((low - self.mean) / self.spread, (high - self.mean) / self.spread);
        let log_likelihood = if to.is_finite() { logs::normal_between(from, to) } else { logs::normal_survival(from) };
        // Moments of a normal variable cut to a range (Johnson, Kotz & Balakrishnan 1994, § 13.10).
        let relative = |z: f64| libm::exp(logs::normal_density(z) - log_likelihood);
        let (at_low, at_high) = (relative(from), if to.is_finite() { relative(to) } else { 0.0 });
        let far = if to.is_finite() { to * at_high } else { 0.0 };
        let first = at_low - at_high;
        let second = 1.0 + from.max(-1e8) * at_low - far;
        // Where the range is narrow, or far out, the formula is a difference of great numbers: it lies at its near end.
        let nearest = 0.0_f64.clamp(from, to);
        if !(first >= from && first <= to && second >= first * first) {
            return self.moments(log_likelihood, nearest, nearest * nearest);
        }
        self.moments(log_likelihood, first, second)
    }

    /// From the mean and the mean square on the scale of this part.
    fn moments(&self, log_likelihood: f64, first: f64, second: f64) -> Moments {
        Moments {
            log_likelihood,
            first: self.mean + self.spread * first,
            second: self.mean * self.mean + 2.0 * self.mean * self.spread * first + self.spread * self.spread * second,
        }
    }
}
