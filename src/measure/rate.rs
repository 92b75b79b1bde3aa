//! Requests per second: how many a server sees at its worst, and how bursty they come.

use crate::time::Micros;
use crate::world::outage::Outage;
use serde::{Deserialize, Serialize};

/// Only so much of a replicate is counted.
pub const COUNTED: Micros = Micros::from_secs(4 * 3_600);

/// One bucket.
const BUCKET: u64 = 1_000_000;

/// Requests sent in each second of one replicate since its first submit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateCounts {
    first: Micros,
    /// Last submit, as far as it is counted.
    last: Micros,
    counts: Vec<u32>,
}

impl RateCounts {
    /// Empty counts of a replicate whose first submit is at `first`.
    #[must_use]
    pub fn new(first: Micros) -> Self {
        Self { first, last: first, counts: Vec::new() }
    }

    /// Counts a poll sent at `sent`.
    #[inline]
    pub fn poll(&mut self, sent: Micros) {
        let since = sent.get().wrapping_sub(self.first.get());
        if since < COUNTED.get() {
            self.count((since / BUCKET) as usize);
        }
    }

    /// Out of line: in a long replicate nearly everything lies beyond what is counted.
    #[inline(never)]
    fn count(&mut self, bucket: usize) {
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
    }

    /// Counts a submit sent at `sent`.
    #[inline]
    pub fn submit(&mut self, sent: Micros) {
        self.last = self.last.max(sent.min(self.first + COUNTED));
        self.poll(sent);
    }

    /// Whether a task submitted at `submitted` can still be counted.
    #[inline]
    #[must_use]
    pub fn counts_from(&self, submitted: Micros) -> bool {
        submitted < self.first + COUNTED
    }

    /// Adds the counts of another part of the same replicate.
    pub fn merge(&mut self, other: &Self) {
        self.last = self.last.max(other.last);
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }
}

/// What is kept of the rates of all replicates of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RateTotals {
    /// Largest bucket of any replicate.
    pub peak: u64,
    /// Largest bucket of any replicate in the minute after an outage, its last second included; `None` where no
    /// replicate came to such a minute.
    pub peak_after_outage: Option<u64>,
    /// Buckets between first and last submit, over all replicates.
    buckets: u64,
    sum: u64,
    squares: u128,
    /// Sum over replicates, bucket by bucket.
    profile: Vec<u64>,
    replicates: u64,
}

impl RateTotals {
    /// Takes in a whole replicate, in which there were `outages`.
    pub fn add(&mut self, replicate: &RateCounts, outages: &[Outage]) {
        for outage in outages {
            let end = (outage.to - replicate.first).get() / BUCKET;
            let minute = replicate.counts.iter().skip(end as usize).take(60);
            self.peak_after_outage = self.peak_after_outage.max(minute.max().map(|count| u64::from(*count)));
        }
        let counts = &replicate.counts;
        self.peak = self.peak.max(u64::from(counts.iter().copied().max().unwrap_or(0)));
        let submitting = ((replicate.last - replicate.first).get() / BUCKET + 1).min(COUNTED.get() / BUCKET);
        self.buckets += submitting;
        for &count in counts.iter().take(submitting as usize) {
            self.sum += u64::from(count);
            self.squares += u128::from(count) * u128::from(count);
        }
        if self.profile.len() < counts.len() {
            self.profile.resize(counts.len(), 0);
        }
        for (sum, &count) in self.profile.iter_mut().zip(counts) {
            *sum += u64::from(count);
        }
        self.replicates += 1;
    }

    /// Adds what another thread found.
    pub fn merge(&mut self, other: &Self) {
        self.peak = self.peak.max(other.peak);
        self.peak_after_outage = self.peak_after_outage.max(other.peak_after_outage);
        self.buckets += other.buckets;
        self.sum += other.sum;
        self.squares += other.squares;
        self.replicates += other.replicates;
        if self.profile.len() < other.profile.len() {
            self.profile.resize(other.profile.len(), 0);
        }
        for (mine, theirs) in self.profile.iter_mut().zip(&other.profile) {
            *mine += theirs;
        }
    }

    /// Index of dispersion: variance over mean of the counts (Cox & Lewis 1966, p. 71); `None` without requests, and
    /// where all submits fall into one second.
    #[must_use]
    pub fn dispersion(&self) -> Option<f64> {
        if self.sum == 0 || self.buckets <= self.replicates {
            return None;
        }
        let n = u128::from(self.buckets);
        let sum = u128::from(self.sum);
        // n·Σc² − (Σc)² is exact and never negative; over n·Σc it is variance over mean.
        Some((n * self.squares - sum * sum) as f64 / (n * sum) as f64)
    }

    /// Requests per second, mean over replicates, in at most `steps` equal steps; and the length of a step in seconds.
    #[must_use]
    pub fn profile(&self, steps: usize) -> (Vec<f64>, f64) {
        let width = self.profile.len().div_ceil(steps).max(1);
        let scale = 1.0 / (self.replicates.max(1) as f64 * width as f64);
        (self.profile.chunks(width).map(|step| step.iter().sum::<u64>() as f64 * scale).collect(), width as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_and_dispersion_of_known_counts() {
        let mut replicate = RateCounts::new(Micros::from_secs(5));
        for (ms, submits) in [(5_000, 3), (6_500, 1), (7_000, 0), (8_999, 2)] {
            for _ in 0..submits {
                replicate.submit(Micros::from_millis(ms));
            }
        }
        let mut totals = RateTotals::default();
        totals.add(&replicate, &[]);
        assert_eq!(totals.peak, 3);
        // Counts 3, 1, 0, 2: mean 1.5, variance 1.25.
        assert_eq!(totals.dispersion(), Some(1.25 / 1.5));
    }

    #[test]
    fn what_lies_beyond_four_hours_is_not_counted() {
        let mut replicate = RateCounts::new(Micros::ZERO);
        replicate.poll(COUNTED);
        replicate.poll(Micros::from_secs(4 * 3_600 - 1));
        let mut totals = RateTotals::default();
        totals.add(&replicate, &[]);
        assert_eq!(totals.peak, 1);
    }
}
