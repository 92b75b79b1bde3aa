//! The distribution of a list of measured durations: each as likely as any other.

use crate::world::draws::Draws;

/// Equally likely values, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Empirical {
    /// In microseconds, sorted.
    values: Vec<f64>,
    /// Sums of the first values: one more than there are values.
    sums: Vec<f64>,
}

impl Empirical {
    /// The distribution of these values; `None` if there are none.
    pub(super) fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let running = values.iter().scan(0.0, |sum, value| {
            *sum += value;
            Some(*sum)
        });
        let sums = std::iter::once(0.0).chain(running).collect();
        (!values.is_empty()).then_some(Self { values, sums })
    }

    /// Every value later by `shift`.
    pub(super) fn shifted(mut self, shift: f64) -> Self {
        for value in &mut self.values {
            *value += shift;
        }
        for (count, sum) in self.sums.iter_mut().enumerate() {
            *sum += count as f64 * shift;
        }
        self
    }

    /// Every value times `factor`.
    pub(super) fn scaled(mut self, factor: f64) -> Self {
        for value in self.values.iter_mut().chain(&mut self.sums) {
            *value *= factor;
        }
        self
    }

    /// The values, sorted.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// E[X; X ≤ x].
    pub(super) fn partial_mean(&self, x: f64) -> f64 {
        self.sums[self.values.partition_point(|value| *value <= x)] / self.values.len() as f64
    }

    /// The values in `[low, high]`, and their share of all; `None` where there are none.
    pub(super) fn restricted(&self, low: f64, high: f64) -> Option<(f64, Self)> {
        let from = self.values.partition_point(|value| *value < low);
        let to = self.values.partition_point(|value| *value <= high);
        let kept = self.values.get(from..to)?;
        Some((self.share(kept.len()), Self::new(kept.to_vec())?))
    }

    pub(super) fn sample(&self, draws: &mut Draws) -> f64 {
        // The product may round up to the length itself.
        let index = (draws.uniform() * self.values.len() as f64) as usize;
        self.values[index.min(self.values.len() - 1)]
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.share(self.values.partition_point(|value| *value <= x))
    }

    pub(super) fn quantile(&self, p: f64) -> f64 {
        // The least rank whose share reaches p. The product may be a rounding off, so the search starts one rank early.
        let floor = (p * self.values.len() as f64) as usize;
        let rank = (floor.max(2) - 1..=self.values.len()).find(|rank| self.share(*rank) >= p);
        self.values[rank.unwrap_or(self.values.len()) - 1]
    }

    pub(super) fn mean(&self) -> f64 {
        self.sums[self.values.len()] / self.values.len() as f64
    }

    /// This many values' share of all.
    fn share(&self, count: usize) -> f64 {
        count as f64 / self.values.len() as f64
    }
}
