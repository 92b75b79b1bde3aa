//! A strategy as it applies to one model: where waits begin.

use super::gaps::Gaps;
use super::machine::{Wait, bound};
use super::step::{Ending, Step};
use crate::strategy::composition::{Channel, Jitter, Limit, Pace, Recovery, Schedule, Sharing, Strategy};
use crate::time::Micros;
use crate::world::draws::Draws;

/// A strategy as it applies to one model.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'s> {
    pub(super) pace: &'s Pace,
    pub(super) recovery: Recovery,
    pub(super) jitter: Jitter,
    channel: Channel,
    sharing: Sharing,
}

impl<'s> Policy<'s> {
    /// The policy of `strategy` for `model`.
    #[must_use]
    pub fn new(strategy: &'s Strategy, model: &str) -> Self {
        Self {
            pace: strategy.pace(model),
            recovery: strategy.recovery,
            jitter: strategy.jitter,
            channel: strategy.channel,
            sharing: strategy.sharing,
        }
    }

    /// How the client learns of the end.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// What a reply that told nothing leads to.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// When its polls are due.
    #[must_use]
    pub(in crate::strategy) fn schedule(&self) -> &'s Schedule {
        &self.pace.schedule
    }

    /// Whether draws move its polls.
    #[must_use]
    pub fn is_jittered(&self) -> bool {
        self.jitter != Jitter::None
    }

    /// The time after which the strategy means to have given up, as its author would say it; `None` without a limit.
    #[must_use]
    pub fn nominal_limit(&self) -> Option<Micros> {
        match self.pace.limit {
            Limit::None => None,
            Limit::SumOfSleeps(limit) | Limit::WallClock(limit) => Some(limit.get()),
            Limit::Attempts(attempts) => {
                let mut gaps = Gaps::new(&self.pace.schedule, Jitter::None);
                // The lock-step poller gives up at once after its last poll, without one more sleep.
                let sleeps = attempts.get() - u32::from(matches!(self.sharing, Sharing::LockStep { .. }));
                let mut end = self.pace.schedule.first();
                for _ in 0..sleeps {
                    end += gaps.nominal(end).0;
                }
                Some(end)
            }
        }
    }

    /// The same as [`Wait::not_before`] of a wait that began at `start`.
    #[must_use]
    pub fn not_before(&self, start: Micros, heard: Micros, asked: Micros) -> Option<Micros> {
        bound(self.recovery, self.pace.limit, start, heard, asked)
    }

    /// Starts a wait at `now`.
    #[inline(always)]
    pub fn begin(&self, now: Micros, jitter: &mut Draws) -> (Wait<'s>, Step) {
        let mut wait = Wait {
            limit: self.pace.limit,
            recovery: self.recovery,
            gaps: Gaps::new(&self.pace.schedule, self.jitter),
            start: now,
            slept: Micros::ZERO,
            rounds: 0,
            failures: 0,
            last: false,
        };
        if self.channel == Channel::Webhook {
            let step = match self.pace.limit {
                Limit::WallClock(deadline) => Step::End { at: now + deadline.get(), ending: Ending::GaveUp },
                Limit::None | Limit::Attempts(_) | Limit::SumOfSleeps(_) => Step::Listen,
            };
            return (wait, step);
        }
        let first = wait.gaps.jittered_first(jitter);
        let step = wait.sleep(now, now, first, now);
        (wait, step)
    }
}
