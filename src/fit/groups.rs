//! A distribution that follows the data whatever their shape: overlapping groups of neighbours, each as a narrow lognormal distribution,
//! single values that are frequent as themselves, and a power law for what lies beyond everything that was seen.
//!
//! Groups have equal probability, so that the distribution is fine where many tasks end, and coarse in its tails: kernels whose
//! width is that of the neighbourhood (Loftsgaarden & Quesenberry, Ann. Math. Statist. 36 (1965) 1049–1051).

use super::build::{build, lognormal};
use super::reach::REACH;
use super::sample::LEAST_SPREAD;
use super::turnbull::Estimate;
use crate::time::Micros;
use crate::world::distribution::Distribution;

/// Groups for each square root of the number of ends, and their bounds.
const GROUPS_PER_ROOT: f64 = 1.4;
const GROUPS: (f64, f64) = (4.0, 100.0);
/// A value counts as itself where so many observations have it, and such a share of all.
const FREQUENT: (f64, f64) = (10.0, 0.02);
/// Points that a range between bounds is spread over.
const SPREAD: usize = 16;
/// A group is cut in two where one gap is more than this share of its length, unless a part has fewer points than that.
const WIDE_GAP: f64 = 0.25;
const FEWEST: usize = 5;
/// Slopes of the power law in logarithms: the least for times that end sharply, the greatest so that its mean is finite.
const SLOPES: (f64, f64) = (0.02, 0.75);
/// Share below which a distribution is not asked how to spread what lies between bounds.
const UNLIKELY: f64 = 1e-6;

/// What follows the data.
#[derive(Debug)]
pub(super) struct Grouped {
    pub(super) distribution: Distribution,
    /// Values that count as themselves, and their probability.
    pub(super) frequent: Vec<(Micros, f64)>,
}

/// A logarithm and its probability.
type Point = (f64, f64);

/// The distribution of `estimate`; `average` says how what lies between bounds is spread, and as far as it is trusted also what lies beyond all. `None` where nothing can
/// be made of it.
pub(super) fn grouped(estimate: &Estimate, average: Option<&Distribution>, trust: f64) -> Option<Grouped> {
    let count = estimate.count as f64;
    let least = FREQUENT.0.max(FREQUENT.1 * count);
    let (mut points, mut frequent): (Vec<Point>, Vec<(Micros, f64)>) = (Vec::new(), Vec::new());
    for cell in &estimate.cells {
        if cell.low >= cell.high && cell.seen >= least {
            frequent.push((Micros::from_f64(cell.high), cell.mass));
        } else if cell.low >= cell.high {
            points.push((libm::log(cell.high), cell.mass));
        } else if libm::log(cell.high / cell.low.max(1.0)) <= LEAST_SPREAD {
            // No kernel is as narrow.
            points.push((libm::log(cell.low.midpoint(cell.high)), cell.mass));
        } else {
            let pieces = ((cell.mass * count).ceil() as usize).clamp(2, SPREAD);
            let mass = cell.mass / pieces as f64;
            points.extend(spread(cell.low, cell.high, pieces, average).map(|at| (libm::log(at.max(1.0)), mass)));
        }
    }
    let mut parts: Vec<(f64, Distribution)> =
        frequent.iter().map(|(value, mass)| (*mass, Distribution::constant(*value))).collect();
    let ends = estimate.ends as f64;
    let smooth: f64 = points.iter().map(|(_, mass)| mass).sum();
    if smooth > 1e-9 {
        let groups = (GROUPS_PER_ROOT * (ends * smooth).sqrt()).round().clamp(GROUPS.0, GROUPS.1) as usize;
        for group in overlapping(&points, groups, smooth) {
            cut(&group, &mut |part| parts.extend(kernel(part)));
        }
    }
    // The greatest of n leaves about one part in n + 1 beyond it.
    let unseen = if estimate.left > 0.0 { estimate.left } else { smooth / (ends + 1.0) };
    let inner = (1.0 - unseen) / parts.iter().map(|(mass, _)| mass).sum::<f64>();
    parts.iter_mut().for_each(|(mass, _)| *mass *= inner);
    if unseen > 0.0 && smooth > 1e-9 || estimate.left > 0.0 {
        parts.extend(tail(estimate, &points, unseen, average.map(|average| (average, trust))));
    }
    Some(Grouped { distribution: Distribution::mixture(parts).ok()?, frequent })
}

/// So many instants in a range, each for as much of it: as `distribution` has it there, or evenly.
fn spread<'a>(
    low: f64,
    high: f64,
    pieces: usize,
    distribution: Option<&'a Distribution>,
) -> impl Iterator<Item = f64> + use<'a> {
    let sides = distribution
        .map(|distribution| (distribution.cdf(low), distribution.cdf(high)))
        .filter(|(from, to)| to - from > UNLIKELY);
    (0..pieces).map(move |piece| {
        let share = (piece as f64 + 0.5) / pieces as f64;
        match (distribution, sides) {
            (Some(distribution), Some((from, to))) => {
                distribution.quantile(from + share * (to - from)).clamp(low, high)
            }
            _ => low + share * (high - low),
        }
    })
}

/// Group j holds what lies between the shares (j − 1)/n and (j + 1)/n of all, for j from 0 to n; each point counts twice
/// in all, half each time.
fn overlapping(points: &[Point], groups: usize, total: f64) -> Vec<Vec<Point>> {
    let width = total / groups as f64;
    let mut sorted = vec![Vec::new(); groups + 1];
    let mut upto = 0.0;
    for &(at, mass) in points {
        // A point of much probability is shared between the strips that it covers.
        let (from, to) = (upto / width, (upto + mass) / width);
        upto += mass;
        for strip in (from as usize).min(groups - 1)..=(to as usize).min(groups - 1) {
            let inside = (to.min(strip as f64 + 1.0) - from.max(strip as f64)).max(0.0) * width;
            if inside > 0.0 {
                sorted[strip].push((at, 0.5 * inside));
                sorted[strip + 1].push((at, 0.5 * inside));
            }
        }
    }
    sorted
}

/// Hands on the group, or its parts on both sides of each wide gap.
fn cut(group: &[Point], hand_on: &mut impl FnMut(&[Point])) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let length = last.0 - first.0;
    let inner = FEWEST..group.len().saturating_sub(FEWEST) + 1;
    let widest = inner.max_by(|a, b| (group[*a].0 - group[a - 1].0).total_cmp(&(group[*b].0 - group[b - 1].0)));
    match widest {
        Some(at) if length > 0.0 && group[at].0 - group[at - 1].0 > WIDE_GAP * length => {
            let (lesser, greater) = group.split_at(at);
            cut(lesser, hand_on);
            cut(greater, hand_on);
        }
        _ => hand_on(group),
    }
}

/// The lognormal distribution with the moments of a group.
fn kernel(group: &[Point]) -> Option<(f64, Distribution)> {
    let mass: f64 = group.iter().map(|(_, mass)| mass).sum();
    let mean = group.iter().map(|(at, mass)| mass * at).sum::<f64>() / mass;
    let variance = group.iter().map(|(at, mass)| mass * (at - mean).powi(2)).sum::<f64>() / mass;
    Some((mass, lognormal(mean, variance.sqrt().max(LEAST_SPREAD))?)).filter(|(mass, _)| *mass > 0.0)
}

/// What lies beyond all that was seen: as far as `average` is trusted, what it has there; else a power law by the greatest
/// values (Hill, Annals of Statistics 3 (1975) 1163–1174), which follows heavy and light tails.
fn tail(
    estimate: &Estimate,
    points: &[Point],
    unseen: f64,
    average: Option<(&Distribution, f64)>,
) -> Vec<(f64, Distribution)> {
    let cut = |distribution: &Distribution| {
        distribution.clone().bounded(Some(Micros::from_f64(estimate.last)), None, None).ok()
    };
    let beyond = average.and_then(|(distribution, trust)| Some((trust, cut(distribution)?)));
    let beyond = beyond.filter(|(trust, distribution)| *trust > 0.0 && distribution.mean().is_finite());
    let trusted = beyond.as_ref().map_or(0.0, |(trust, _)| *trust);
    let mut parts: Vec<(f64, Distribution)> =
        beyond.map(|(trust, distribution)| (trust * unseen, distribution)).into_iter().collect();
    if trusted < 1.0 {
        let shape = 1.0 / slope(estimate, points);
        let power = build("pareto", &[("scale", estimate.last), ("shape", shape)]);
        let most = (estimate.left > 0.0).then(|| Micros::from_f64(REACH * estimate.last));
        let power = power.map(|power| power.clone().bounded(None, most, None).unwrap_or(power));
        parts.extend(power.map(|distribution| ((1.0 - trusted) * unseen, distribution)));
    }
    parts
}

/// The mean logarithm of the greatest values over the least of them.
fn slope(estimate: &Estimate, points: &[Point]) -> f64 {
    let ends = estimate.ends as f64;
    let most = ends.sqrt().ceil().max(3.0);
    let (mut number, mut mass, mut sum) = (0.0, 0.0, 0.0);
    let mut greatest = points.iter().rev();
    let threshold = greatest.find_map(|(at, probability)| {
        if number >= most && mass >= most / estimate.count as f64 {
            return Some(*at);
        }
        number += 1.0;
        mass += probability;
        sum += probability * at;
        None
    });
    let from = threshold.or_else(|| points.first().map(|(at, _)| *at)).unwrap_or(0.0);
    if mass > 0.0 { (sum / mass - from).clamp(SLOPES.0, SLOPES.1) } else { SLOPES.0 }
}
