//! The gaps between the polls of one wait, with jitter.

use crate::strategy::composition::Jitter;
use crate::strategy::schedule::{Schedule, Table};
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
    /// Last gap, for decorrelated jitter; the interval at the start.
    pub(super) previous: Micros,
}

impl<'s> Gaps<'s> {
    #[inline]
    pub(in crate::strategy) fn new(schedule: &'s Schedule, jitter: Jitter) -> Self {
        let interval = match schedule {
            Schedule::Exponential(exponential) => exponential.interval(),
            Schedule::Fixed(_) | Schedule::Table(_) => Micros::ZERO,
        };
        Self { schedule, jitter, growing: interval.get() as f64, passed: 1, previous: interval }
    }

    /// The next gap and the longest it may be, for a poll that is `elapsed` into the wait.
    #[inline(always)]
    pub(in crate::strategy) fn nominal(&mut self, elapsed: Micros) -> (Micros, Micros) {
        match self.schedule {
            Schedule::Fixed(fixed) => (fixed.interval(), fixed.interval()),
            Schedule::Exponential(exponential) => {
                let gap = Micros::from_f64(self.growing);
                self.growing = (self.growing * exponential.multiplier()).min(exponential.cap().get() as f64);
                (gap, exponential.cap())
            }
            Schedule::Table(table) => {
                let gap = self.tabled(table, elapsed);
                (gap, gap)
            }
        }
    }

    /// The gap that follows every poll, where it is always the same.
    #[inline(always)]
    pub(super) fn steady(&self) -> Option<Micros> {
        match self.schedule {
            Schedule::Fixed(fixed) if self.jitter == Jitter::None => Some(fixed.interval()),
            Schedule::Fixed(_) | Schedule::Exponential(_) | Schedule::Table(_) => None,
        }
    }

    /// The time to the table's next instant that is still to come; past the table its last gap repeats.
    #[inline(always)]
    fn tabled(&mut self, table: &Table, elapsed: Micros) -> Micros {
        let instants = table.instants();
        while self.passed < instants.len() && instants[self.passed] <= elapsed {
            self.passed += 1;
        }
        let next = instants.get(self.passed).map(|&instant| instant - elapsed);
        self.passed += 1;
        next.unwrap_or_else(|| table.gap())
    }

    #[inline(always)]
    pub(super) fn jittered(&mut self, elapsed: Micros, draws: &mut Draws) -> Micros {
        let (gap, cap) = self.nominal(elapsed);
        match self.jitter {
            Jitter::None => gap,
            Jitter::Full => drawn(0.0, gap, draws).min(cap),
            Jitter::Equal => drawn(gap.get() as f64 / 2.0, gap, draws).min(cap),
            Jitter::Decorrelated => self.decorrelated(gap, draws),
        }
    }

    #[inline(always)]
    pub(super) fn jittered_first(&self, draws: &mut Draws) -> Micros {
        let first = self.schedule.first();
        match self.jitter {
            Jitter::None | Jitter::Decorrelated => first,
            Jitter::Full | Jitter::Equal if first == Micros::ZERO => first,
            Jitter::Full => drawn(0.0, first, draws).min(first),
            Jitter::Equal => drawn(first.get() as f64 / 2.0, first, draws).min(first),
        }
    }

    #[inline(always)]
    fn decorrelated(&mut self, gap: Micros, draws: &mut Draws) -> Micros {
        match self.schedule {
            Schedule::Exponential(exponential) => {
                let drawn = drawn(exponential.interval().get() as f64, self.previous * 3, draws).min(exponential.cap());
                self.previous = drawn;
                drawn
            }
            // Their gaps are their own caps.
            Schedule::Fixed(_) | Schedule::Table(_) => gap,
        }
    }
}

/// Uniform between `low` and `high`, and never nothing, so that a wait always moves on.
#[inline(always)]
fn drawn(low: f64, high: Micros, draws: &mut Draws) -> Micros {
    Micros::from_f64((low + (high.get() as f64 - low) * draws.uniform()).max(1.0))
}
