//! The gaps between the polls of one wait, with jitter.

use crate::strategy::composition::{Jitter, Schedule};
use crate::time::Micros;
use crate::world::draws::Draws;

/// The gaps of a schedule, one after another.
#[derive(Debug, Clone)]
pub(in crate::strategy) struct Gaps<'s> {
    pub(super) schedule: &'s Schedule,
    pub(super) jitter: Jitter,
    /// Next gap of an exponential schedule, in microseconds with their fraction, as the guide's floats keep it.
    pub(super) growing: f64,
    /// Polls of a table that are behind.
    pub(super) passed: usize,
    /// Last gap, for decorrelated jitter.
    pub(super) previous: f64,
}

impl<'s> Gaps<'s> {
    #[inline]
    pub(in crate::strategy) fn new(schedule: &'s Schedule, jitter: Jitter) -> Self {
        let growing = match schedule {
            Schedule::Exponential { interval, .. } => interval.get() as f64,
            Schedule::Fixed { .. } | Schedule::Table { .. } => 0.0,
        };
        Self { schedule, jitter, growing, passed: 1, previous: 0.0 }
    }

    pub(in crate::strategy) fn first(&self) -> Micros {
        match self.schedule {
            Schedule::Fixed { first, .. } | Schedule::Exponential { first, .. } => *first,
            Schedule::Table { instants } => instants[0],
        }
    }

    /// The next gap and the longest it may be, for a poll that is `elapsed` into the wait.
    #[inline(always)]
    pub(in crate::strategy) fn nominal(&mut self, elapsed: Micros) -> (Micros, Micros) {
        match self.schedule {
            Schedule::Fixed { interval, .. } => (*interval, *interval),
            Schedule::Exponential { multiplier, cap, .. } => {
                let gap = Micros::from_f64(self.growing);
                self.growing = (self.growing * multiplier).min(cap.get() as f64);
                (gap, *cap)
            }
            Schedule::Table { instants } => {
                let gap = self.tabled(instants, elapsed);
                (gap, gap)
            }
        }
    }

    /// The gap that follows every poll, where it is always the same.
    #[inline(always)]
    pub(super) fn steady(&self) -> Option<Micros> {
        match self.schedule {
            Schedule::Fixed { interval, .. } if self.jitter == Jitter::None => Some(*interval),
            _ => None,
        }
    }

    /// The time to the table's next instant that is not behind; past the table its last gap repeats.
    #[inline(always)]
    fn tabled(&mut self, instants: &[Micros], elapsed: Micros) -> Micros {
        while self.passed < instants.len() && instants[self.passed] < elapsed {
            self.passed += 1;
        }
        let at = self.passed;
        self.passed += 1;
        match instants.get(at) {
            Some(&instant) => instant - elapsed,
            None => match instants {
                [.., before, last] => *last - *before,
                _ => instants[0].max(Micros::new(1)),
            },
        }
    }

    #[inline(always)]
    pub(super) fn jittered(&mut self, elapsed: Micros, draws: &mut Draws) -> Micros {
        let (gap, cap) = self.nominal(elapsed);
        match self.jitter {
            Jitter::None => gap,
            jitter => self.randomised(jitter, gap, cap, draws),
        }
    }

    #[inline]
    pub(super) fn jittered_first(&mut self, draws: &mut Draws) -> Micros {
        match self.jitter {
            Jitter::None => self.first(),
            jitter => {
                let first = self.first();
                if first == Micros::ZERO { first } else { self.randomised(jitter, first, first, draws) }
            }
        }
    }

    /// A gap under jitter: never above the cap, never nothing, so that a wait always moves on.
    #[inline(always)]
    fn randomised(&mut self, jitter: Jitter, gap: Micros, cap: Micros, draws: &mut Draws) -> Micros {
        let (gap, cap) = (gap.get() as f64, cap.get() as f64);
        let (low, high) = match jitter {
            Jitter::None => (gap, gap),
            Jitter::Full => (0.0, gap),
            Jitter::Equal => (gap / 2.0, gap),
            Jitter::Decorrelated => {
                let base = match self.schedule {
                    Schedule::Exponential { interval, .. } => (interval.get() as f64).min(cap / 3.0),
                    Schedule::Fixed { .. } | Schedule::Table { .. } => cap / 3.0,
                };
                (base, (3.0 * self.previous.max(base)).min(cap))
            }
        };
        self.previous = (low + (high - low) * draws.uniform()).max(1.0);
        Micros::from_f64(self.previous).min(Micros::from_f64(cap))
    }
}
