//! Rules that people use in place of the best schedule: simple to say, and nearly as good, or not.
//!
//! - *quantile*: each poll comes when the share `p` of the tasks still open is done, x_k = F⁻¹(1 − (1 − p)^k) (Munford &
//!   Shahani, Operational Research Quarterly 23 (1972) 373–379);
//! - *keller*: polls are as dense as √(delay_cost · h / (2 · poll_cost)), h the hazard rate (Keller, Management Science 21
//!   (1974) 256–260);
//! - *half-mean*: wait half of the mean, then poll at equal gaps, as Linux's hybrid polling of block devices does;
//! - *mean-fraction*: poll every mean/1.5, a published proposal for remote jobs.
//!
//! Times are those of the tasks that end.

use super::checks::{AfterLast, Checks};
use super::done_time::{Cumulative, DoneTime};
use super::sketch::Sketch;
use super::weights::CostWeights;

/// Instants are tabulated at multiples of this cumulative hazard −ln(1 − F),
const STEP: f64 = 0.02;
/// up to this, where 10⁻⁷ of the tasks are left,
const FARTHEST: f64 = 16.0;
/// and at so many values of equal ratio from here to the first of them.
const SOONEST: f64 = 1e-6;
const EARLY: u32 = 80;
/// Rounds of bisection for each of them.
const ROUNDS: u32 = 48;
/// Share that is looked for among.
const SHARES: (f64, f64) = (0.005, 0.995);
/// Waits of half-mean's equal gaps, relative to the mean, that are looked among.
const GAPS: (f64, f64) = (0.002, 2.0);
/// Points that a search by one parameter starts from, and the rounds that it narrows down the best of them.
const POINTS: u32 = 60;
const NARROWED: u32 = 30;
/// What mean-fraction divides the mean by.
const FRACTION: f64 = 1.5;

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Polls at quantiles: at this share of the tasks still open, or the best one.
    Quantile(Option<f64>),
    /// Polls as dense as Keller's approximation.
    Keller,
    /// Half of the mean, then the best equal gaps.
    HalfMean,
    /// Every mean/1.5.
    MeanFraction,
}

/// All of them, with their names and what they do.
pub const RULES: [(Rule, &str, &str); 4] = [
    (
        Rule::Quantile(None),
        "quantile",
        "each poll when the same share of the unfinished tasks is done, the best such share for each model; errors are polled over",
    ),
    (
        Rule::Keller,
        "keller",
        "polls with a density proportional to the square root of the hazard rate (Keller), for the times of each model; errors are polled over",
    ),
    (
        Rule::HalfMean,
        "half-mean",
        "waits half of the model's mean, then polls at the best equal gaps, as Linux's hybrid polling; errors are polled over",
    ),
    (Rule::MeanFraction, "mean-fraction", "polls every two thirds of the model's mean; errors are polled over"),
];

impl Rule {
    /// The rule called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        RULES.iter().find(|(_, known, _)| *known == name).map(|(rule, _, _)| *rule)
    }

    /// Its polls for `done_time`, up to `deadline` with the last one there, or forever. `sketch` is the distribution's, up to the
    /// deadline; what is looked for is the least cost of tasks that are charged up to `horizon`.
    #[must_use]
    pub fn checks(
        self,
        done_time: &DoneTime,
        sketch: &Sketch,
        weights: &CostWeights,
        deadline: Option<f64>,
        horizon: Option<f64>,
    ) -> Checks {
        let end = deadline.unwrap_or_else(|| done_time.end(1e-9));
        let cut = |checks: Checks| match deadline {
            Some(deadline) => checks.until(deadline),
            None => checks,
        };
        let cost = |checks: &Checks| checks.cost(sketch, weights, horizon);
        let every =
            |first: f64, gap: f64| Checks { instants: vec![first.max(1.0)], then: AfterLast::Every(gap.max(1.0)) };
        let mean = || mean_until(sketch, end);
        match self {
            Self::Quantile(Some(share)) => cut(Quantiles::of(sketch, end).checks(share)),
            Self::Quantile(None) => {
                let quantiles = Quantiles::of(sketch, end);
                let share = least(SHARES, |share| cost(&cut(quantiles.checks(share))));
                cut(quantiles.checks(share))
            }
            Self::Keller => cut(keller(&Quantiles::of(sketch, end), weights)),
            Self::HalfMean => {
                let mean = mean();
                let gap = least((GAPS.0 * mean, GAPS.1 * mean), |gap| cost(&cut(every(0.5 * mean, gap))));
                cut(every(0.5 * mean, gap))
            }
            Self::MeanFraction => cut(every(mean() / FRACTION, mean() / FRACTION)),
        }
    }
}

/// Mean of the times of those that end; what lasts longer than `end` counts as that.
fn mean_until(done_time: &impl Cumulative, end: f64) -> f64 {
    let ends = done_time.ends().max(f64::MIN_POSITIVE);
    (end - done_time.below_and_area(end).1 / ends).max(1.0)
}

/// Instants by which the cumulative hazard −ln(1 − F) of those that end has come to given values.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// Hazards and instants, both ascending; not empty.
    table: Vec<(f64, f64)>,
}

impl Quantiles {
    /// Those of the tasks of `done_time` that end, up to `end`.
    #[must_use]
    pub fn of(done_time: &impl Cumulative, end: f64) -> Self {
        let ratio = libm::pow(STEP / SOONEST, 1.0 / f64::from(EARLY));
        let early = (0..EARLY).map(|at| SOONEST * ratio.powi(at as i32));
        let late = (1..=(FARTHEST / STEP) as u32).map(|at| f64::from(at) * STEP);
        let mut table: Vec<(f64, f64)> = Vec::new();
        let mut from = 0.0_f64;
        for hazard in early.chain(late) {
            let share = -libm::expm1(-hazard) * done_time.ends();
            if done_time.below(end) < share {
                break;
            }
            let (mut low, mut high): (f64, f64) = (from, end);
            for _ in 0..ROUNDS {
                let middle = low.midpoint(high);
                *(if done_time.below(middle) >= share { &mut high } else { &mut low }) = middle;
            }
            table.push((hazard, high));
            from = low;
        }
        if table.is_empty() {
            table.push((SOONEST, end));
        }
        Self { table }
    }

    fn last(&self) -> f64 {
        self.table[self.table.len() - 1].1
    }

    /// When the hazard comes to `hazard`; `None` beyond the table.
    fn at(&self, hazard: f64) -> Option<f64> {
        let after = self.table.partition_point(|(known, _)| *known < hazard);
        let (to, high) = *self.table.get(after)?;
        let Some((from, low)) = after.checked_sub(1).map(|before| self.table[before]) else { return Some(high) };
        Some(low + (hazard - from) / (to - from) * (high - low))
    }

    /// Polls when the share `p` of the tasks still open is done, each time.
    #[must_use]
    pub fn checks(&self, p: f64) -> Checks {
        let hazard = -libm::log1p(-p.clamp(1e-6, 1.0 - 1e-9));
        ascending((1..).map_while(|k: u32| self.at(f64::from(k) * hazard)), self.last())
    }
}

/// Polls where the integral of √(delay_cost · h / (2 · poll_cost)) passes whole numbers. Between two entries of the table
/// the hazard rate is taken for constant, so that the integral of its root is √(Δx · ΔH).
fn keller(quantiles: &Quantiles, weights: &CostWeights) -> Checks {
    let scale = (weights.delay_per_us() / (2.0 * weights.poll)).sqrt();
    let (mut upto, mut next) = (0.0, 1.0);
    let mut instants = Vec::new();
    for pair in quantiles.table.windows(2) {
        let (hazard, gap) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let more = scale * (gap * hazard).sqrt();
        while more > 0.0 && upto + more >= next {
            instants.push(pair[0].1 + gap * (next - upto) / more);
            next += 1.0;
        }
        upto += more;
    }
    ascending(instants.into_iter(), quantiles.last())
}

/// A schedule of instants that ascend, or of the last one where there are none.
fn ascending(instants: impl Iterator<Item = f64>, last: f64) -> Checks {
    let mut kept: Vec<f64> = Vec::new();
    for at in instants {
        if at >= 1.0 && kept.last().is_none_or(|before| at >= before + 1.0) {
            kept.push(at);
        }
    }
    if kept.is_empty() {
        kept.push(last.max(1.0));
    }
    Checks { instants: kept, then: AfterLast::Repeat }
}

/// Where a function of one positive parameter is least.
fn least((from, to): (f64, f64), value: impl Fn(f64) -> f64) -> f64 {
    let ratio = libm::pow(to / from, 1.0 / f64::from(POINTS));
    let points = (0..=POINTS).map(|at| from * ratio.powi(at as i32));
    let best = points.map(|x| (value(x), x)).min_by(|a, b| a.0.total_cmp(&b.0)).map_or(from, |(_, x)| x);
    // Golden section between its neighbours.
    let golden = 0.5 * (5_f64.sqrt() - 1.0);
    let (mut low, mut high) = ((best / ratio).max(from), (best * ratio).min(to));
    for _ in 0..NARROWED {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if value(a) < value(b) { high = b } else { low = a }
    }
    let narrowed = low.midpoint(high);
    if value(narrowed) <= value(best) { narrowed } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspection::ScheduleProblem;

    /// The guide's models at one poll for ten seconds: what each rule costs beside the optimum, and how far a first wait
    /// with equal gaps is from it.
    #[test]
    fn rules_cost_what_is_known_of_them() {
        let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
        for (median, sigma) in [(12.2, 0.25), (24.5, 0.25), (190.0, 0.28), (120.0, 0.25), (147.0, 0.26), (53.0, 0.25)] {
            let done_time = format!("lognormal(median={median}s, sigma={sigma})");
            let done_time = DoneTime::of(done_time.parse().expect("a distribution"));
            let sketch = Sketch::of(&done_time, None);
            let least = ScheduleProblem::new(&done_time, weights)
                .expect("positive weights")
                .solve()
                .cost(&done_time, &weights, None);
            for (rule, low, high) in [
                (Rule::Quantile(None), 1.0, 1.0075),
                (Rule::Keller, 1.005, 1.0185),
                (Rule::HalfMean, 1.30, 1.72),
                (Rule::MeanFraction, 1.52, 1.985),
            ] {
                let ratio =
                    rule.checks(&done_time, &sketch, &weights, None, None).cost(&done_time, &weights, None) / least;
                assert!((low - 1e-6..=high).contains(&ratio), "{rule:?} at {median} s: {ratio}");
            }
        }
    }

    /// For a memoryless distribution the polls at quantiles are equally far apart: −mean · ln(1 − p).
    #[test]
    fn quantiles_of_a_memoryless_distribution_are_equal_gaps() {
        let done_time = DoneTime::of("exponential(mean=100s)".parse().expect("a distribution"));
        let checks = Quantiles::of(&done_time, done_time.end(1e-9)).checks(0.3);
        let gap = -100e6 * 0.7_f64.ln();
        for (k, at) in checks.instants.iter().enumerate() {
            assert!((at / (gap * (k + 1) as f64) - 1.0).abs() < 1e-3, "{k}: {at}");
        }
        assert!(checks.instants.len() > 40);
    }

    /// Whatever the distribution, rules make schedules that can be followed, and end at the deadline.
    #[test]
    fn rules_can_be_followed_for_any_distribution() {
        let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
        for done_time in [
            "constant(value=30s)",
            "pareto(scale=10s, shape=0.6)",
            "mixture(0.5*constant(value=1s), 0.5*uniform(low=400s, high=401s))",
            "empirical(11s, 12s, 12s, 15s, 60s, 400s)",
            "constant(value=0s)",
        ] {
            let done_time = DoneTime::of(done_time.parse().expect("a distribution"));
            for (rule, name, _) in RULES {
                for deadline in [5e6, 600e6] {
                    let sketch = Sketch::of(&done_time, Some(deadline));
                    let checks = rule.checks(&done_time, &sketch, &weights, Some(deadline), Some(deadline));
                    assert!(checks.instants.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {checks:?}");
                    assert!(
                        checks.instants[0] > 0.0 && checks.instants.last() == Some(&deadline),
                        "{name}: {checks:?}"
                    );
                }
            }
        }
    }
}
