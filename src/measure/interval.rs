//! Intervals: how far a figure can be trusted.
//!
//! - Means of independent tasks: Student t on the tasks (normal in the limit).
//! - Means where tasks interact: the ratio of sums over replicates with its delete-one jackknife error (Miller 1974,
//!   Biometrika 61:1; Cochran, *Sampling Techniques*, 3rd ed., §6.17), and Student t with as many degrees of freedom as the
//!   kurtosis of the replicates leaves their variance (O'Neill 2014, The American Statistician 68:282): where few of them
//!   make the figure, it is trusted less. For equal replicates this is Student t on their means.
//! - Shares: Wilson's score interval (Wilson 1927, JASA 22:209); where tasks interact the wider of that and the
//!   replicates'.
//! - Quantiles where tasks interact: sectioning (Asmussen & Glynn, *Stochastic Simulation*, §III.5), the pooled quantile
//!   with the spread of the replicates'; at least as wide as order statistics of the tasks.
//!
//! No interval has a width of zero. Observations that are all equal say that at most a small share of others differs,
//! Wilson's limit for none of n; they are taken to differ by as much as the figure itself.

use crate::measure::results::Interval;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Two-sided 95 % point of the normal distribution.
pub(super) const Z95: f64 = 1.959_963_984_540_054;
/// What is left of the errors of equal observations is rounding.
const ROUNDING: f64 = 1e-7;

/// An estimate of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub mean: f64,
    /// Its standard error and degrees of freedom; `None` where the data give none.
    spread: Option<(f64, f64)>,
}

impl Estimate {
    /// The mean of independent observations from their number, mean and sample variance.
    #[must_use]
    pub fn of_tasks(n: u64, mean: f64, variance: Option<f64>) -> Self {
        let spread = variance.map(|variance| ((variance / n as f64).sqrt(), (n - 1) as f64));
        Self { mean, spread }.unless_equal(mean, n)
    }

    /// The mean of differences of pairs, `unequal` of which differ at all: the more they are, the better is their spread
    /// known. Where none differs, one that does is taken to differ by `would_differ_by`.
    #[must_use]
    pub fn of_pairs(n: u64, unequal: u64, mean: f64, variance: Option<f64>, would_differ_by: f64) -> Self {
        // k equal differences among n have a kurtosis of about n/k, which leaves their variance 2k degrees of freedom; they
        // are seldom equal, and half as many are measured to be enough.
        let most = n.saturating_sub(1);
        let freedom = if unequal == 0 { most } else { most.min(unequal) } as f64;
        let spread = variance.map(|variance| ((variance / n as f64).sqrt(), freedom));
        Self { mean, spread }.unless_equal(mean.abs().max(would_differ_by.abs()), n)
    }

    /// The difference of two independent means whose 95 % intervals, and numbers of observations behind them, are known.
    #[must_use]
    pub fn of_two((a, of_a): (f64, Known), (b, of_b): (f64, Known)) -> Self {
        let spread = of_a.error().zip(of_b.error()).and_then(|(in_a, in_b)| {
            let (a, b) = (in_a * in_a, in_b * in_b);
            // Welch 1947 and Satterthwaite 1946: the degrees of freedom of a sum of variances.
            let freedom = (a + b).powi(2) / (a * a / of_a.freedom() + b * b / of_b.freedom());
            (a + b > 0.0).then(|| ((a + b).sqrt(), freedom))
        });
        Self { mean: b - a, spread }
    }

    /// The ratio of sums over replicates, from each replicate's (sum, count); `None` without observations. Where
    /// replicates are all equal, one that differs is taken to do so by as much as the mean, or by `would_differ_by`.
    #[must_use]
    pub fn of_replicates(replicates: &[(f64, u64)], would_differ_by: f64) -> Option<Self> {
        let total: u64 = replicates.iter().map(|(_, n)| n).sum();
        if total == 0 {
            return None;
        }
        let total = total as f64;
        // Where a few replicates hold nearly all observations (Kish 1965, *Survey Sampling*, § 11.2), they are too few.
        let squares: f64 = replicates.iter().map(|(_, n)| (*n as f64).powi(2)).sum();
        let is_spread = 2.0 * total * total >= replicates.len() as f64 * squares;
        let mean = replicates.iter().map(|(sum, _)| sum).sum::<f64>() / total;
        // How far the ratio moves without each of them.
        let moves: Vec<f64> = replicates
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(sum, n)| (sum - mean * *n as f64) / (total - *n as f64).max(f64::MIN_POSITIVE))
            .collect();
        let count = moves.len() as f64;
        let spread = (is_spread && moves.len() > 1).then(|| {
            let squares: f64 = moves.iter().map(|x| x * x).sum();
            (((count - 1.0) / count * squares).sqrt(), freedom(&moves, squares))
        });
        Some(Self { mean, spread }.unless_equal(mean.abs().max(would_differ_by.abs()), moves.len() as u64))
    }

    /// Where observations do not differ: what one that did would bring, and how many can be missing from `n`.
    fn unless_equal(self, would_differ_by: f64, n: u64) -> Self {
        let Some((error, freedom)) = self.spread else { return self };
        let scale = would_differ_by.abs();
        if error > ROUNDING * scale {
            return self;
        }
        let missing = at_most_missed(n) * scale / Z95;
        Self { spread: (missing > 0.0).then_some((missing, freedom)), ..self }
    }

    /// With at least this standard error, where part of it is known from elsewhere.
    #[must_use]
    pub fn at_least(self, error: f64) -> Self {
        Self { spread: self.spread.map(|(found, freedom)| (found.max(error), freedom)), ..self }
    }

    /// Without an interval unless the data `can` carry one.
    #[must_use]
    pub fn carried(self, can: bool) -> Self {
        Self { spread: self.spread.filter(|_| can), ..self }
    }

    /// The same in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { mean: self.mean * factor, spread: self.spread.map(|(error, freedom)| (error * factor, freedom)) }
    }

    /// The 95 % interval; `None` where the data cannot carry one.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        self.spread.filter(|(error, _)| *error > 0.0).map(|(error, freedom)| {
            let reach = error * student(0.975, freedom);
            [self.mean - reach, self.mean + reach]
        })
    }

    /// Two-sided p-value of the mean being zero; `None` where the spread is unknown.
    #[must_use]
    pub fn p_zero(&self) -> Option<f64> {
        self.spread.map(|(error, freedom)| 2.0 * above(self.mean.abs(), error, freedom))
    }

    /// The level of the widest symmetric interval that still lies within ± `margin`, as a p-value: two one-sided tests
    /// (Schuirmann 1987), doubled to match two-sided intervals.
    #[must_use]
    pub fn p_beyond(&self, margin: f64) -> Option<f64> {
        self.spread.map(|(error, freedom)| 2.0 * above(margin - self.mean.abs(), error, freedom))
    }
}

/// What is known of a mean from its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The interval.
    pub ci95: Option<Interval>,
    /// Independent observations behind it: tasks, or replicates where tasks interact.
    pub observations: u64,
}

impl Known {
    fn freedom(&self) -> f64 {
        self.observations.saturating_sub(1).max(1) as f64
    }

    fn error(&self) -> Option<f64> {
        self.ci95.map(|[low, high]| (high - low) / 2.0 / student(0.975, self.freedom()))
    }
}

/// The degrees of freedom of a variance from values of mean zero: 2n/(κ − (n−3)/(n−1)), which is n − 1 for a normal
/// sample, and never more here.
fn freedom(values: &[f64], squares: f64) -> f64 {
    let n = values.len() as f64;
    if squares <= 0.0 {
        return n - 1.0;
    }
    let kurtosis = n * values.iter().map(|x| x.powi(4)).sum::<f64>() / (squares * squares);
    (2.0 * n / (kurtosis - (n - 3.0) / (n - 1.0))).clamp(1.0, n - 1.0)
}

/// Probability that a Student variate exceeds `distance / error`.
fn above(distance: f64, error: f64, freedom: f64) -> f64 {
    student_distribution(freedom).sf(distance / error)
}

fn student_distribution(freedom: f64) -> StudentsT {
    // Location 0, scale 1 and at least one degree of freedom are always valid.
    StudentsT::new(0.0, 1.0, freedom.clamp(1.0, 1e9)).unwrap_or_else(|_| unreachable!("valid parameters"))
}

/// The quantile of Student's distribution, the normal one where they agree to four digits.
fn student(level: f64, freedom: f64) -> f64 {
    if freedom > 20_000.0 { Z95 } else { student_distribution(freedom).inverse_cdf(level) }
}

/// Wilson's 95 % score interval of a share; with up to three successes or failures its inner end is Poisson's, without
/// which a rare outcome would be covered in 84 % only (Brown, Cai & DasGupta 2001, Statistical Science 16:101).
///
/// ```
/// let [low, high] = pollbench::measure::interval::wilson(0, 100);
/// assert_eq!(low, 0.0);
/// assert!((high - 0.0370).abs() < 1e-4);
/// ```
#[must_use]
pub fn wilson(successes: u64, n: u64) -> Interval {
    score(successes as f64, n as f64)
}

/// The largest share that something can have which none of `n` observations is: the end of Wilson's interval.
pub(super) fn at_most_missed(n: u64) -> f64 {
    wilson(0, n)[1]
}

/// The same of numbers that need not be whole: clusters of tasks instead of tasks.
fn score(successes: f64, n: f64) -> Interval {
    if n <= 0.0 {
        return [0.0, 1.0];
    }
    let share = successes / n;
    let z2 = Z95 * Z95;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let reach = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let low = (centre - reach).min(rarely(successes) / n);
    let high = (centre + reach).max(1.0 - rarely(n - successes) / n);
    let low = if successes <= 0.0 { 0.0 } else { low.max(0.0) };
    let high = if share >= 1.0 { 1.0 } else { high.min(1.0) };
    [low, high]
}

/// The least mean of a Poisson distribution under which so few events, or more, have a chance of 5 %; no limit beyond three.
fn rarely(events: f64) -> f64 {
    const LEAST: [f64; 4] = [0.0, 0.051_293_3, 0.355_361_5, 0.817_691_4];
    let whole = events.ceil().max(0.0) as usize;
    let Some(&above) = LEAST.get(whole) else { return f64::INFINITY };
    let below = LEAST[whole.saturating_sub(1)];
    above - (whole as f64 - events.max(0.0)) * (above - below)
}

/// The 95 % interval of a share where tasks interact, from each replicate's (tasks that count, tasks): the wider of the
/// replicates' own and Wilson's, which holds where an outcome is rare. Where tasks end together, `together` of them count
/// as one there. `None` with fewer than two replicates.
#[must_use]
pub fn coupled_share(replicates: &[(u64, u64)], together: u64) -> Option<Interval> {
    let parts: Vec<(f64, u64)> = replicates.iter().map(|(count, n)| (*count as f64, *n)).collect();
    if parts.iter().filter(|(_, n)| *n > 0).count() < 2 {
        return None;
    }
    let (count, n) = replicates.iter().fold((0, 0), |(a, b), (count, n)| (a + count, b + n));
    let clusters = |tasks: u64| tasks as f64 / together.max(1) as f64;
    let by_task = score(clusters(count), clusters(n));
    let by_replicate = Estimate::of_replicates(&parts, 0.0)?.interval().unwrap_or(by_task);
    let width = |[low, high]: Interval| high - low;
    let wider = if width(by_replicate) > width(by_task) { by_replicate } else { by_task };
    Some(wider.map(|end| end.clamp(0.0, 1.0)))
}

/// The interval of a pooled quantile from the replicates' own: sectioning. `None` with fewer than two replicates, or
/// where a replicate's quantile is unknown.
#[must_use]
pub fn sectioned(pooled: f64, sections: &[Option<u64>]) -> Option<Interval> {
    let known: Vec<f64> = sections.iter().map(|section| section.map(|value| value as f64)).collect::<Option<_>>()?;
    let count = known.len() as f64;
    if known.len() < 2 {
        return None;
    }
    let squares: f64 = known.iter().map(|value| (value - pooled).powi(2)).sum();
    let reach = student(0.975, count - 1.0) * (squares / (count - 1.0) / count).sqrt();
    (reach > 0.0).then(|| [(pooled - reach).max(0.0), pooled + reach])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicates_of_equal_size_give_student_t_on_their_means() {
        // Means 1, 2, 3: mean 2, standard error 1/√3, t(0.975; 2) = 4.302653.
        let estimate = Estimate::of_replicates(&[(10.0, 10), (20.0, 10), (30.0, 10)], 0.0).expect("observations");
        let [low, high] = estimate.interval().expect("three replicates");
        assert!((estimate.mean - 2.0).abs() < 1e-12);
        assert!((high - low - 2.0 * 4.302_652_729_7 / 3_f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn one_replicate_has_no_interval() {
        assert_eq!(Estimate::of_replicates(&[(10.0, 10)], 0.0).and_then(|estimate| estimate.interval()), None);
    }

    #[test]
    fn tests_agree_with_the_interval() {
        let estimate = Estimate::of_tasks(50, 1.0, Some(9.0));
        let [low, high] = estimate.interval().expect("fifty observations");
        assert_eq!(estimate.p_zero().expect("spread") < 0.05, low > 0.0);
        for margin in [high * 0.999, high * 1.001] {
            assert_eq!(estimate.p_beyond(margin).expect("spread") < 0.05, high < margin, "{margin}");
        }
    }
}
