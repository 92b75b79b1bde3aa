//! The distribution of the instant at which a task is done, counted from the start of the wait.

use crate::world::distribution::Distribution;
use crate::world::model::Model;
use std::sync::Arc;

/// Panels of the quadrature over a queue's distribution.
const PANELS: usize = 3;
/// The same where the density of the work jumps at its least value: there the integrand has a bend.
const PANELS_FOR_BENDS: usize = 24;
/// Where the quadrature over a queue's distribution ends: a queue longer than this has probability e⁻²⁴.
const FARTHEST: f64 = 24.0;
/// Abscissas and weights of Gauss–Legendre quadrature with eight points on [−1, 1] (Abramowitz & Stegun, table 25.4),
/// for positive abscissas.
const GAUSS: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];
/// Most values of a distribution of single values that are taken one by one; more are taken by equal shares.
const MOST_ATOMS: usize = 64;

/// The distribution of the done-instant: queueing and processing, failures mixed in, stuck tasks as missing mass.
#[derive(Debug, Clone, PartialEq)]
pub struct DoneTime {
    parts: Vec<Part>,
    /// Probability that the task ever ends.
    ends: f64,
}

/// What expectations are taken of: a distribution function and its integral.
pub trait Cumulative {
    /// Probability of being done by `x` microseconds.
    fn below(&self, x: f64) -> f64;
    /// The same, and ∫ of it from 0 to `x`: what a poll asks for.
    fn below_and_area(&self, x: f64) -> (f64, f64);
    /// Probability of ever being done.
    fn ends(&self) -> f64;
    /// Mean done-instant, times that probability.
    fn mean(&self) -> f64;
    /// From this instant on nothing more is known of F.
    fn known_until(&self) -> f64;
}

impl Cumulative for DoneTime {
    fn below(&self, x: f64) -> f64 {
        self.below(x)
    }

    fn below_and_area(&self, x: f64) -> (f64, f64) {
        self.below_and_area(x)
    }

    fn ends(&self) -> f64 {
        self.ends
    }

    fn mean(&self) -> f64 {
        self.mean()
    }

    fn known_until(&self) -> f64 {
        f64::INFINITY
    }
}

/// Tasks of one fate.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    share: f64,
    work: Arc<Distribution>,
    /// Weights and lengths of what comes before the work; not empty, weights sum to one.
    delays: Vec<(f64, f64)>,
}

impl Part {
    fn mean_of(&self, of: impl Fn(f64) -> f64) -> f64 {
        match self.delays.as_slice() {
            [(_, delay)] => self.share * of(*delay),
            delays => self.share * delays.iter().map(|(weight, delay)| weight * of(*delay)).sum::<f64>(),
        }
    }
}

impl DoneTime {
    /// Tasks that all end, after a time of this distribution.
    #[must_use]
    pub fn of(done_time: Distribution) -> Self {
        let part = Part { share: 1.0, work: Arc::new(done_time), delays: vec![(1.0, 0.0)] };
        Self { parts: vec![part], ends: 1.0 }
    }

    /// The tasks of `model`, if none waits for a worker: in the queue, then at work; failures end too, stuck tasks never
    /// do. A smooth queue is folded in by quadrature, good to about 10⁻⁷ of the probability, or 10⁻⁴ where
    /// the work's density jumps.
    #[must_use]
    pub fn of_model(model: &Model) -> Self {
        let failing = model.fates.failing();
        let succeeding = (1.0 - failing - model.fates.stuck()).max(0.0);
        let mut parts = vec![Part::after(model.pending.as_ref(), &model.completion, succeeding)];
        parts.extend(
            model.fates.failure().map(|done_time| Part::after(model.pending.as_ref(), &done_time.after, failing)),
        );
        parts.retain(|part| part.share > 0.0);
        let ends = parts.iter().map(|part| part.share).sum::<f64>().min(1.0);
        Self { parts, ends }
    }

    /// The same distribution, given that the task ends; `None` where none does.
    #[must_use]
    pub fn of_those_that_end(mut self) -> Option<Self> {
        if self.ends <= 0.0 {
            return None;
        }
        for part in &mut self.parts {
            part.share /= self.ends;
        }
        self.ends = 1.0;
        Some(self)
    }

    /// Probability that the task ever ends.
    #[must_use]
    pub fn ends(&self) -> f64 {
        self.ends
    }

    /// Probability that it is done by `x`.
    #[must_use]
    pub fn below(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 0.0;
        }
        self.parts.iter().map(|part| part.mean_of(|delay| part.work.cdf(x - delay))).sum()
    }

    /// ∫ F from 0 to `x`.
    #[must_use]
    pub fn area(&self, x: f64) -> f64 {
        self.below_and_area(x).1
    }

    /// [`below`](Self::below) and [`area`](Self::area), for less than both.
    #[must_use]
    pub fn below_and_area(&self, x: f64) -> (f64, f64) {
        if x < 0.0 {
            return (0.0, 0.0);
        }
        self.parts.iter().fold((0.0, 0.0), |(below, area), part| {
            let (part_below, part_area) = part.delays.iter().fold((0.0, 0.0), |(below, area), (weight, delay)| {
                let (done, waited) = part.work.cdf_and_area(x - delay);
                (below + weight * done, area + weight * waited)
            });
            (below + part.share * part_below, area + part.share * part_area)
        })
    }

    /// Density at `x`, per microsecond; `None` for distributions with single values of a probability.
    #[must_use]
    pub fn density(&self, x: f64) -> Option<f64> {
        let smooth = self.parts.iter().all(|part| part.work.density(x).is_some());
        smooth.then(|| {
            let at = |part: &Part| part.mean_of(|delay| part.work.density(x - delay).unwrap_or(0.0));
            self.parts.iter().map(at).sum()
        })
    }

    /// Mean done-instant of a task, counting only those that end, times the probability that it does; infinite for
    /// distributions without a mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.parts.iter().map(|part| part.mean_of(|delay| delay + part.work.mean())).sum()
    }

    /// The least `x` by which the share `p` of the tasks that end is done, to a relative 10⁻¹².
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        let quantiles = self.parts.iter().flat_map(|part| {
            let work = part.work.quantile(p);
            part.delays.iter().map(move |(_, d)| d + work)
        });
        let (mut low, mut high) = quantiles.fold((f64::INFINITY, 0.0), |(low, high), x| (x.min(low), x.max(high)));
        if p >= 1.0 || high <= low {
            return if p <= 0.0 { low } else { high };
        }
        if p <= 0.0 || self.below(low) >= p * self.ends {
            return low;
        }
        while high - low > 1e-12 * high {
            let middle = low.midpoint(high);
            if middle <= low || middle >= high {
                break;
            }
            *(if self.below(middle) >= p * self.ends { &mut high } else { &mut low }) = middle;
        }
        high
    }

    /// Where a plan for this distribution may end: at its last value, or where it has none, when only the share `rare` of the
    /// tasks that end is left.
    #[must_use]
    pub fn end(&self, rare: f64) -> f64 {
        let last = self.quantile(1.0);
        if last.is_finite() { last } else { self.quantile(1.0 - rare) }
    }

    /// Points at which F jumps or bends: see [`Distribution::corners`].
    #[must_use]
    pub fn corners(&self) -> Vec<f64> {
        let mut corners: Vec<f64> = Vec::new();
        for part in &self.parts {
            // What is folded with a smooth distribution is smooth.
            if let [(_, delay)] = part.delays.as_slice() {
                corners.extend(part.work.corners().into_iter().map(|corner| corner + delay));
            } else if part.work.density(0.0).is_none() || part.delays.len() <= MOST_ATOMS / 2 {
                let folded = part.delays.iter().flat_map(|(_, d)| part.work.corners().into_iter().map(move |c| c + d));
                corners.extend(folded);
            }
        }
        corners.retain(|corner| *corner > 0.0);
        corners.sort_by(f64::total_cmp);
        corners.dedup();
        corners
    }
}

impl Part {
    /// Work that starts after a queue. Of two distributions the smooth one is kept whole, and the other cut into pieces.
    fn after(queue: Option<&Distribution>, work: &Distribution, share: f64) -> Self {
        let whole = |done_time: &Distribution, delays| Self { share, work: Arc::new(done_time.clone()), delays };
        match queue {
            None => whole(work, vec![(1.0, 0.0)]),
            Some(queue) => match (atoms(queue), atoms(work)) {
                (Some(delays), _) => whole(work, delays),
                (None, Some(delays)) => whole(queue, delays),
                (None, None) => {
                    let bends = work.density(work.quantile(0.0)).is_none_or(|density| density > 0.0);
                    whole(work, quadrature(queue, if bends { PANELS_FOR_BENDS } else { PANELS }))
                }
            },
        }
    }
}

/// Probabilities and values of a distribution that has only single values, many of them gathered into equal shares.
fn atoms(done_time: &Distribution) -> Option<Vec<(f64, f64)>> {
    if done_time.density(done_time.quantile(0.5)).is_some() {
        return None;
    }
    let corners = done_time.corners();
    if corners.len() > MOST_ATOMS {
        let share = 1.0 / MOST_ATOMS as f64;
        return Some((0..MOST_ATOMS).map(|at| (share, done_time.quantile((at as f64 + 0.5) * share))).collect());
    }
    let mut before = 0.0;
    let mut atoms = Vec::with_capacity(corners.len());
    for corner in corners {
        let upto = done_time.cdf(corner);
        atoms.push((upto - before, corner));
        before = upto;
    }
    // A mixture of single values and smooth parts is cut by shares instead: its corners are not all of it.
    (before >= 1.0 - 1e-9 && atoms.iter().all(|(weight, _)| *weight > 0.0)).then_some(atoms).or_else(|| {
        let share = 1.0 / MOST_ATOMS as f64;
        Some((0..MOST_ATOMS).map(|at| (share, done_time.quantile((at as f64 + 0.5) * share))).collect())
    })
}

/// Weights and values that stand for a smooth distribution: Gauss–Legendre in s = −ln(1 − p), in which an exponential distribution is a
/// straight line.
fn quadrature(done_time: &Distribution, panels: usize) -> Vec<(f64, f64)> {
    let mut nodes = Vec::with_capacity(8 * panels);
    let edge = |panel: usize| FARTHEST * (panel as f64 / panels as f64).powi(2);
    for panel in 0..panels {
        let (from, to) = (edge(panel), edge(panel + 1));
        let half = 0.5 * (to - from);
        for (abscissa, weight) in GAUSS.iter().flat_map(|&(x, w)| [(-x, w), (x, w)]) {
            let s = from + half * (1.0 + abscissa);
            nodes.push((half * weight * libm::exp(-s), done_time.quantile(-libm::expm1(-s))));
        }
    }
    let total: f64 = nodes.iter().map(|(weight, _)| weight).sum();
    for (weight, _) in &mut nodes {
        *weight /= total;
    }
    nodes
}
