//! Intervals: how far a figure can be trusted.
//!
//! - Means of independent tasks: Student t on the tasks (normal in the limit).
//! - Means where tasks interact: Student t on replicates, as a ratio of replicate sums (Cochran, *Sampling Techniques*,
//!   3rd ed., §6.3), which for equal counts is Student t on replicate means.
//! - Shares: Wilson's score interval (Wilson 1927, JASA 22:209).
//! - Quantiles where tasks interact: sectioning (Asmussen & Glynn, *Stochastic Simulation*, §III.5), the pooled quantile
//!   with the spread of the replicates'.

use crate::measure::results::Interval;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Two-sided 95 % point of the normal law.
const Z95: f64 = 1.959_963_984_540_054;

/// An estimate of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub mean: f64,
    /// Its standard error and degrees of freedom; `None` where a single observation gives none.
    spread: Option<(f64, f64)>,
}

impl Estimate {
    /// The mean of independent observations from their number, mean and sample variance.
    #[must_use]
    pub fn of_tasks(n: u64, mean: f64, variance: Option<f64>) -> Self {
        let spread = variance.map(|variance| ((variance / n as f64).sqrt(), (n - 1) as f64));
        Self { mean, spread }
    }

    /// A mean whose standard error is known from many observations.
    #[must_use]
    pub fn of_error(mean: f64, error: Option<f64>) -> Self {
        Self { mean, spread: error.map(|error| (error, f64::INFINITY)) }
    }

    /// The ratio of sums over replicates, from each replicate's (sum, count); `None` without observations.
    #[must_use]
    pub fn of_replicates(replicates: &[(f64, u64)]) -> Option<Self> {
        let count = replicates.len() as f64;
        let total: u64 = replicates.iter().map(|(_, n)| n).sum();
        if total == 0 {
            return None;
        }
        let mean = replicates.iter().map(|(sum, _)| sum).sum::<f64>() / total as f64;
        let spread = (replicates.len() > 1).then(|| {
            let residuals: f64 = replicates.iter().map(|(sum, n)| (sum - mean * *n as f64).powi(2)).sum();
            let size = total as f64 / count;
            ((residuals / (count - 1.0) / count).sqrt() / size, count - 1.0)
        });
        Some(Self { mean, spread })
    }

    /// The same in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { mean: self.mean * factor, spread: self.spread.map(|(error, freedom)| (error * factor, freedom)) }
    }

    /// The 95 % interval.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        self.spread.map(|(error, freedom)| {
            let reach = if error > 0.0 { error * student(0.975, freedom) } else { 0.0 };
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
        self.spread.map(|(error, freedom)| match margin - self.mean.abs() {
            room if error > 0.0 => 2.0 * above(room, error, freedom),
            room => f64::from(u8::from(room < 0.0)),
        })
    }
}

/// Probability that a Student variate exceeds `distance / error`.
fn above(distance: f64, error: f64, freedom: f64) -> f64 {
    if error > 0.0 {
        student_law(freedom).sf(distance / error)
    } else if distance > 0.0 {
        0.0
    } else {
        0.5
    }
}

fn student_law(freedom: f64) -> StudentsT {
    // Location 0, scale 1 and at least one degree of freedom are always valid.
    StudentsT::new(0.0, 1.0, freedom.clamp(1.0, 1e9)).unwrap_or_else(|_| unreachable!("valid parameters"))
}

/// The quantile of Student's law, the normal one where they agree to four digits.
fn student(level: f64, freedom: f64) -> f64 {
    if freedom > 20_000.0 { Z95 } else { student_law(freedom).inverse_cdf(level) }
}

/// Wilson's 95 % score interval of a share.
///
/// ```
/// let [low, high] = pollbench::measure::interval::wilson(0, 100);
/// assert_eq!(low, 0.0);
/// assert!((high - 0.0370).abs() < 1e-4);
/// ```
#[must_use]
pub fn wilson(successes: u64, n: u64) -> Interval {
    if n == 0 {
        return [0.0, 1.0];
    }
    let (n, share) = (n as f64, successes as f64 / n as f64);
    let z2 = Z95 * Z95;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let reach = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let low = if successes == 0 { 0.0 } else { (centre - reach).max(0.0) };
    let high = if share >= 1.0 { 1.0 } else { (centre + reach).min(1.0) };
    [low, high]
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
    Some([(pooled - reach).max(0.0), pooled + reach])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicates_of_equal_size_give_student_t_on_their_means() {
        // Means 1, 2, 3: mean 2, standard error 1/√3, t(0.975; 2) = 4.302653.
        let estimate = Estimate::of_replicates(&[(10.0, 10), (20.0, 10), (30.0, 10)]).expect("observations");
        let [low, high] = estimate.interval().expect("three replicates");
        assert!((estimate.mean - 2.0).abs() < 1e-12);
        assert!((high - low - 2.0 * 4.302_652_729_7 / 3_f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn one_replicate_has_no_interval() {
        assert_eq!(Estimate::of_replicates(&[(10.0, 10)]).and_then(|estimate| estimate.interval()), None);
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
