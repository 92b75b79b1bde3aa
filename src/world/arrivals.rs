//! When tasks are submitted: an open stream of arrivals, never delayed by slow replies.

use crate::time::Micros;
use std::sync::Arc;

/// The distribution of submit instants. The first task of a replicate arrives one gap after its start, except under
/// [`Arrivals::Burst`], where all arrive at its start.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Arrivals {
    /// Independent exponential gaps, of this many arrivals of one model: a Poisson process.
    Poisson(Rate),
    /// Equal gaps, of this many arrivals of one model.
    Constant(Rate),
    /// Everything at once.
    Burst,
    /// Recorded instants since the start. Past the end the trace starts over, shifted by its length.
    Trace(Recorded),
}

#[cfg(feature = "engine")]
impl Arrivals {
    /// When the last of `tasks` is submitted, on average.
    #[must_use]
    pub(crate) fn span(&self, tasks: u64) -> Micros {
        match self {
            Self::Poisson(rate) | Self::Constant(rate) => Micros::from_f64(rate.gap_us() * tasks as f64),
            Self::Burst => Micros::ZERO,
            Self::Trace(recorded) => recorded.instant(tasks.saturating_sub(1)),
        }
    }

    /// How many of `tasks` are submitted within this time, on average.
    #[must_use]
    pub(crate) fn within(&self, time: Micros, tasks: u64) -> u64 {
        let share = time.get() as f64 / self.span(tasks).get() as f64;
        (tasks as f64 * share.min(1.0)) as u64
    }
}

/// So many in a second, on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(f64);

impl Rate {
    /// `rate` in a second; `None` where it is not positive and finite.
    #[must_use]
    pub fn per_s(rate: f64) -> Option<Self> {
        (rate > 0.0 && rate.is_finite()).then_some(Self(rate))
    }

    /// How many there are in a second, as it was said.
    #[cfg(feature = "lab")]
    pub(crate) fn in_a_second(self) -> f64 {
        self.0
    }

    /// The mean gap in microseconds.
    #[must_use]
    #[inline]
    pub fn gap_us(self) -> f64 {
        1e6 / self.0
    }
}

/// Instants that were recorded: at least one, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded(Arc<[Micros]>);

impl Recorded {
    /// These instants.
    ///
    /// # Errors
    ///
    /// See [`InvalidRecord`].
    pub fn new(instants: Vec<Micros>) -> Result<Self, InvalidRecord> {
        if let Some(pair) = instants.windows(2).find(|pair| pair[0] > pair[1]) {
            return Err(InvalidRecord::Order(pair[0], pair[1]));
        }
        if instants.is_empty() { Err(InvalidRecord::Empty) } else { Ok(Self(instants.into())) }
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The last of them.
    #[must_use]
    pub fn length(&self) -> Micros {
        self.0.last().copied().unwrap_or(Micros::ZERO)
    }

    /// The instant of arrival number `number`, from 0.
    #[must_use]
    #[inline]
    pub fn instant(&self, number: u64) -> Micros {
        let length = self.length();
        let (round, at) = (number / self.0.len() as u64, number % self.0.len() as u64);
        self.0[at as usize] + length * round
    }
}

/// Why instants are no record of arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// There is no instant.
    #[error("the list of instants is empty")]
    Empty,
    /// An instant is followed by an earlier one.
    #[error("instants must ascend, but {1} follows {0}")]
    Order(Micros, Micros),
}
