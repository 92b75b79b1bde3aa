//! The law of a list of measured durations: each as likely as any other.

use crate::world::draws::Draws;

/// Equally likely values in microseconds, sorted, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Empirical(Vec<f64>);

impl Empirical {
    /// The law of these values; `None` if there are none.
    pub(super) fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    /// Every value later by `shift`.
    pub(super) fn shifted(mut self, shift: f64) -> Self {
        for value in &mut self.0 {
            *value += shift;
        }
        self
    }

    /// The values in `[low, high]`, and their share of all; `None` where there are none.
    pub(super) fn restricted(&self, low: f64, high: f64) -> Option<(f64, Self)> {
        let from = self.0.partition_point(|value| *value < low);
        let to = self.0.partition_point(|value| *value <= high);
        let kept = self.0.get(from..to)?;
        Some((self.share(kept.len()), Self::new(kept.to_vec())?))
    }

    pub(super) fn sample(&self, draws: &mut Draws) -> f64 {
        // The product may round up to the length itself.
        let index = (draws.uniform() * self.0.len() as f64) as usize;
        self.0[index.min(self.0.len() - 1)]
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        self.share(self.0.partition_point(|value| *value <= x))
    }

    pub(super) fn quantile(&self, p: f64) -> f64 {
        // The least rank whose share reaches p. The product may be a rounding off, so the search starts one rank early.
        let floor = (p * self.0.len() as f64) as usize;
        let rank = (floor.max(2) - 1..=self.0.len()).find(|rank| self.share(*rank) >= p);
        self.0[rank.unwrap_or(self.0.len()) - 1]
    }

    pub(super) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// This many values' share of all.
    fn share(&self, count: usize) -> f64 {
        count as f64 / self.0.len() as f64
    }
}
