//! The machine of one wait: told what came back, it says what to do next.
//!
//! [`Policy::begin`] starts a wait and [`Wait::reply`] continues it; both answer with a [`Step`]. Time and randomness
//! come in as arguments, so a simulator, an async client and a test drive the same decisions.
//!
//! ```
//! use pollbench::api::reply::{Reply, TaskState};
//! use pollbench::strategy::{presets, wait::{Ending, Policy, Step}};
//! use pollbench::time::Micros;
//! use pollbench::world::draws::{Keys, Stream};
//!
//! let basic = presets::preset("basic").expect("a shipped preset");
//! let mut jitter = Keys::new(1, 0, "nano-banana").draws(Stream::Jitter, 0);
//! let (mut wait, step) = Policy::new(&basic, "nano-banana").begin(Micros::ZERO, &mut jitter);
//! assert_eq!(step, Step::Poll { at: Micros::ZERO, timeout: Micros::NEVER });
//!
//! let (_, step) = wait.reply(Micros::from_millis(80), &Reply::state(TaskState::Processing), &mut jitter);
//! assert_eq!(step, Step::Poll { at: Micros::from_millis(3_080), timeout: Micros::NEVER });
//!
//! let (_, step) = wait.reply(Micros::from_millis(3_160), &Reply::state(TaskState::Success), &mut jitter);
//! assert_eq!(step, Step::End { at: Micros::from_millis(3_160), ending: Ending::Success });
//! ```

pub(super) mod gaps;
mod progress;
mod unfinished;

pub use progress::Progress;

use crate::api::reply::Reply;
use crate::strategy::composition::{Channel, Jitter, Limit, Pace, Recovery, Sharing, Strategy};
use crate::strategy::reading::{Reading, Trouble, documented, mentions_network, tolerant};
use crate::time::Micros;
use crate::world::draws::Draws;
use gaps::Gaps;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send a status request at `at`; when no answer came within `timeout`, report [`Loss::TimedOut`] then.
    ///
    /// [`Loss::TimedOut`]: crate::api::reply::Loss::TimedOut
    Poll {
        /// Instant to send it; never before the instant of the call.
        at: Micros,
        /// Longest time to wait for the answer; [`Micros::NEVER`] for no limit.
        timeout: Micros,
    },
    /// The wait ends at `at`, which may be later than now (a last sleep).
    End {
        /// Instant of the end.
        at: Micros,
        /// How it ends.
        ending: Ending,
    },
    /// Nothing to send: wait to be told.
    Listen,
}

/// How a wait ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The task is known to have succeeded.
    Success,
    /// The task is known to have failed.
    Failed,
    /// The limit was reached.
    GaveUp,
    /// An error ended the wait.
    Error,
}

/// What a poll was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It made a terminal state known.
    Useful,
    /// It said unfinished.
    Wasted,
    /// It told nothing.
    Failed,
}

/// A strategy as it applies to one model.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'s> {
    pace: &'s Pace,
    recovery: Recovery,
    jitter: Jitter,
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
            Limit::SumOfSleeps(limit) | Limit::WallClock(limit) => Some(limit),
            Limit::Attempts(attempts) => {
                let mut gaps = Gaps::new(&self.pace.schedule, Jitter::None);
                // The lock-step poller gives up at once after its last poll, without one more sleep.
                let sleeps = attempts.get() - u32::from(matches!(self.sharing, Sharing::LockStep { .. }));
                let mut end = gaps.first();
                for _ in 0..sleeps {
                    end += gaps.nominal(end).0;
                }
                Some(end)
            }
        }
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
                Limit::WallClock(deadline) => Step::End { at: now + deadline, ending: Ending::GaveUp },
                _ => Step::Listen,
            };
            return (wait, step);
        }
        let first = wait.gaps.jittered_first(jitter);
        let step = wait.sleep(now, first, now);
        (wait, step)
    }
}

/// One wait in progress.
#[derive(Debug, Clone)]
pub struct Wait<'s> {
    limit: Limit,
    recovery: Recovery,
    gaps: Gaps<'s>,
    start: Micros,
    /// Nominal sleeps so far: what the guide calls elapsed.
    slept: Micros,
    /// Polls that were followed, or are to be followed, by a normal sleep.
    rounds: u32,
    /// Retries in this round, or failures in a row.
    failures: u32,
    /// The poll to come or in flight is the one at the deadline.
    last: bool,
}

impl Wait<'_> {
    /// Takes the reply to the poll in flight, at the instant it was there.
    #[inline(always)]
    pub fn reply(&mut self, now: Micros, reply: &Reply<'_>, jitter: &mut Draws) -> (Worth, Step) {
        let reading = match self.recovery {
            Recovery::Tolerant(_) => tolerant(reply),
            Recovery::Propagate => documented(reply),
            Recovery::NetworkRetry { .. } => match documented(reply) {
                // The guide throws the failure inside the block that catches network errors.
                Reading::Failed(failure) if mentions_network(failure) => {
                    Reading::Nothing(Trouble { network: true, permanent: false, retry_after: None })
                }
                reading => reading,
            },
        };
        match reading {
            Reading::Unfinished => {
                self.failures = 0;
                (Worth::Wasted, self.next_round(now, now, now, |gaps, elapsed| gaps.jittered(elapsed, jitter)))
            }
            Reading::Success => (Worth::Useful, Step::End { at: now, ending: Ending::Success }),
            Reading::Failed(_) => (Worth::Useful, Step::End { at: now, ending: Ending::Failed }),
            Reading::Nothing(trouble) => {
                // On a copy: who has no address can stay in registers.
                let mut copy = self.clone();
                let step = copy.recover(now, trouble, jitter);
                *self = copy;
                (Worth::Failed, step)
            }
        }
    }

    /// The poll that was due was held back, by a limit of the client's own, until `now`: what to do instead. A poll held
    /// past the deadline is still sent while the attempt timeout after the deadline lasts; a wait never ends later.
    pub fn held_back(&mut self, now: Micros) -> Step {
        let (Limit::WallClock(deadline), Recovery::Tolerant(tolerance)) = (self.limit, self.recovery) else {
            return Step::Poll { at: now, timeout: self.timeout(now) };
        };
        let deadline = self.start + deadline;
        if now < deadline {
            return Step::Poll { at: now, timeout: self.timeout(now) };
        }
        self.last = true;
        let end = deadline + tolerance.attempt_timeout;
        if now < end {
            Step::Poll { at: now, timeout: end - now }
        } else {
            Step::End { at: end, ending: Ending::GaveUp }
        }
    }

    #[inline(never)]
    fn recover(&mut self, now: Micros, trouble: Trouble, jitter: &mut Draws) -> Step {
        let error = Step::End { at: now, ending: Ending::Error };
        match self.recovery {
            Recovery::Propagate => error,
            Recovery::NetworkRetry { .. } if !trouble.network => error,
            Recovery::NetworkRetry { retries, step } => {
                self.failures += 1;
                let at = now + step * u64::from(self.failures);
                if self.failures < retries {
                    return Step::Poll { at, timeout: Micros::NEVER };
                }
                // As in the guide, the last retry's sleep is followed by the normal one, and the error is forgotten.
                self.failures = 0;
                self.next_round(now, at, now, |gaps, elapsed| gaps.jittered(elapsed, jitter))
            }
            Recovery::Tolerant(tolerance) => {
                self.failures += 1;
                let spent = tolerance.consecutive_failures.is_some_and(|budget| self.failures >= budget.get());
                if !self.last && (trouble.permanent || spent) {
                    return error;
                }
                let pause = trouble.retry_after.map_or(Micros::ZERO, |delay| {
                    delay.clamp(tolerance.retry_after_floor, tolerance.retry_after_ceiling)
                });
                self.next_round(now, now, now + pause, |gaps, elapsed| gaps.jittered(elapsed, jitter))
            }
        }
    }

    /// The normal sleep of the next `gap` from `from` on, not to end before `not_before`.
    #[inline(always)]
    fn next_round(
        &mut self,
        now: Micros,
        from: Micros,
        not_before: Micros,
        gap: impl FnOnce(&mut Gaps<'_>, Micros) -> Micros,
    ) -> Step {
        if self.last {
            return Step::End { at: now, ending: Ending::GaveUp };
        }
        self.rounds += 1;
        let gap = gap(&mut self.gaps, now - self.start);
        self.sleep(from, gap, not_before)
    }

    /// A sleep of `gap` from `from` on, and what follows it.
    #[inline(always)]
    fn sleep(&mut self, from: Micros, gap: Micros, not_before: Micros) -> Step {
        self.slept += gap;
        let mut at = (from + gap).max(not_before);
        let gave_up = match self.limit {
            Limit::None => false,
            Limit::Attempts(attempts) => self.rounds >= attempts.get(),
            Limit::SumOfSleeps(limit) => self.slept >= limit,
            Limit::WallClock(limit) => {
                let deadline = self.start + limit;
                if from > deadline {
                    return Step::End { at: from, ending: Ending::GaveUp };
                }
                self.last = at >= deadline;
                at = at.min(deadline);
                false
            }
        };
        if gave_up { Step::End { at, ending: Ending::GaveUp } } else { Step::Poll { at, timeout: self.timeout(at) } }
    }

    /// The timeout of a poll sent at `at`: what remains before the deadline at most, but all of it for the poll there.
    #[inline(always)]
    fn timeout(&self, at: Micros) -> Micros {
        let Recovery::Tolerant(tolerance) = self.recovery else { return Micros::NEVER };
        match self.limit {
            Limit::WallClock(limit) if !self.last => tolerance.attempt_timeout.min(self.start + limit - at),
            _ => tolerance.attempt_timeout,
        }
    }
}
