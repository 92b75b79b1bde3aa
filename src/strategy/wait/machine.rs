//! The machine of one wait.

use super::gaps::Gaps;
use super::step::{Ending, Step, Worth};
use crate::api::reply::Reply;
use crate::strategy::composition::{Limit, Recovery, Tolerance};
use crate::strategy::reading::{Reading, Trouble, documented, documented_parsing, mentions_network, tolerant};
use crate::time::Micros;
use crate::world::draws::Draws;

/// One wait in progress.
#[derive(Debug, Clone)]
pub struct Wait<'s> {
    pub(super) limit: Limit,
    pub(super) recovery: Recovery,
    pub(super) gaps: Gaps<'s>,
    pub(super) start: Micros,
    /// Nominal sleeps so far: what the guide calls elapsed.
    pub(super) slept: Micros,
    /// Polls that were followed, or are to be followed, by a normal sleep.
    pub(super) rounds: u32,
    /// Retries in this round, or failures in a row.
    pub(super) failures: u32,
    /// The poll to come or in flight is the one at the deadline.
    pub(super) last: bool,
}

impl Wait<'_> {
    /// Takes the reply to the poll in flight, at the instant it was there.
    #[inline(always)]
    pub fn reply(&mut self, now: Micros, reply: &Reply<'_>, jitter: &mut Draws) -> (Worth, Step) {
        match read(self.recovery, reply) {
            Reading::Unfinished => (Worth::Wasted, self.unfinished(now, now + self.pause(reply), jitter)),
            Reading::Success => (Worth::Useful, Step::End { at: now, ending: Ending::Success }),
            Reading::Failed(_) => (Worth::Useful, Step::End { at: now, ending: Ending::Failed }),
            Reading::Nothing(trouble) => {
                // On a copy: who has no address can stay in registers.
                let mut copy = self.clone();
                let step = copy.recover(now, trouble, self.pause(reply), jitter);
                *self = copy;
                (Worth::Failed, step)
            }
        }
    }

    /// Takes a reply that says unfinished, after which no poll is to come before `not_before`.
    #[inline(always)]
    pub(crate) fn unfinished(&mut self, now: Micros, not_before: Micros, jitter: &mut Draws) -> Step {
        self.failures = 0;
        self.next_round(now, now, not_before, jitter)
    }

    /// The poll that was due was held back, by a limit of the client's own, until `now`: what to do instead. Only a poll
    /// that is held past the deadline is still sent after it, while the attempt timeout from the deadline on lasts; without
    /// an attempt timeout none is.
    pub fn held_back(&mut self, now: Micros) -> Step {
        let Limit::WallClock(limit) = self.limit else { return Step::Poll { at: now, timeout: self.timeout(now) } };
        let deadline = self.start + limit.get();
        self.last = now >= deadline;
        if now <= deadline {
            return Step::Poll { at: now, timeout: self.timeout(now) };
        }
        let end = self.lapses();
        if now < end {
            Step::Poll { at: now, timeout: end - now }
        } else {
            Step::End { at: end, ending: Ending::GaveUp }
        }
    }

    /// The instant from which a poll that is [held back](Self::held_back) is no longer sent: the wait ends there.
    #[must_use]
    pub fn lapses(&self) -> Micros {
        let deadline = self.start + self.limit.deadline();
        match self.recovery {
            Recovery::Tolerant(tolerance) => deadline + tolerance.attempt_timeout(),
            Recovery::Propagate | Recovery::NetworkRetry { .. } => deadline + Micros::new(1),
        }
    }

    /// The instant before which a poll would disregard an answer that came at `heard` with a `Retry-After` of `asked`;
    /// `None` where that does not bind. Whether it binds does not depend on what else the answer says.
    #[must_use]
    #[inline]
    pub fn not_before(&self, heard: Micros, asked: Micros) -> Option<Micros> {
        bound(self.recovery, self.limit, self.start, heard, asked)
    }

    /// How long this client stays away for a reply, beyond its own schedule.
    #[inline(always)]
    pub(super) fn pause(&self, reply: &Reply<'_>) -> Micros {
        match (self.recovery, reply) {
            (Recovery::Tolerant(tolerance), Reply::Answer { retry_after: Some(asked), .. }) => tolerance.pause(*asked),
            (Recovery::Tolerant(_) | Recovery::Propagate | Recovery::NetworkRetry { .. }, _) => Micros::ZERO,
        }
    }

    #[inline(never)]
    fn recover(&mut self, now: Micros, trouble: Trouble, pause: Micros, jitter: &mut Draws) -> Step {
        let error = Step::End { at: now, ending: Ending::Error };
        match self.recovery {
            Recovery::Propagate => error,
            Recovery::NetworkRetry { .. } if !trouble.network => error,
            Recovery::NetworkRetry { retries, step } => {
                self.failures += 1;
                let at = now + step.get() * u64::from(self.failures);
                if self.last {
                    return Step::End { at: now, ending: Ending::GaveUp };
                }
                if self.failures < retries {
                    return self.poll(now, at);
                }
                // As in the guide, the last retry's sleep is followed by the normal one, and the error is forgotten.
                self.failures = 0;
                self.next_round(now, at, now, jitter)
            }
            Recovery::Tolerant(tolerance) => {
                self.failures += 1;
                let spent = tolerance.consecutive_failures().is_some_and(|budget| self.failures >= budget.get());
                if !self.last && (trouble.permanent || spent) {
                    return error;
                }
                self.next_round(now, now, now + pause, jitter)
            }
        }
    }

    /// The next gap's sleep from `from` on, not to end before `not_before`, and what follows it.
    #[inline(always)]
    fn next_round(&mut self, now: Micros, from: Micros, not_before: Micros, jitter: &mut Draws) -> Step {
        if self.last {
            return Step::End { at: now, ending: Ending::GaveUp };
        }
        let gap = self.gaps.jittered(from - self.start, jitter);
        self.round(now, from, gap, not_before)
    }

    /// The normal sleep of `gap` from `from` on, not to end before `not_before`, and what follows it.
    #[inline(always)]
    pub(super) fn round(&mut self, now: Micros, from: Micros, gap: Micros, not_before: Micros) -> Step {
        if self.last {
            return Step::End { at: now, ending: Ending::GaveUp };
        }
        self.rounds = self.rounds.wrapping_add(1);
        self.sleep(now, from, gap, not_before)
    }

    /// A sleep of `gap` from `from` on, and what follows it.
    #[inline(always)]
    pub(super) fn sleep(&mut self, now: Micros, from: Micros, gap: Micros, not_before: Micros) -> Step {
        let at = (from + gap).max(not_before);
        self.slept += at - from;
        if self.is_spent() { Step::End { at, ending: Ending::GaveUp } } else { self.poll(now, at) }
    }

    /// Whether polls or sleeps have used up the limit.
    #[inline(always)]
    pub(super) fn is_spent(&self) -> bool {
        match self.limit {
            Limit::None | Limit::WallClock(_) => false,
            Limit::Attempts(attempts) => self.rounds >= attempts.get(),
            Limit::SumOfSleeps(limit) => self.slept >= limit.get(),
        }
    }

    /// Past the deadline without the look that belongs to it. An attempt that ends there is cut by a timer, which may be late:
    /// whoever bounds attempts makes the last look now.
    #[cold]
    fn overdue(&mut self, now: Micros) -> Step {
        match self.recovery {
            Recovery::Tolerant(_) => self.held_back(now),
            Recovery::Propagate | Recovery::NetworkRetry { .. } => Step::End { at: now, ending: Ending::GaveUp },
        }
    }

    /// The next poll, planned at `now` for `at`: at a deadline where that comes first, and none after it.
    #[inline(always)]
    fn poll(&mut self, now: Micros, mut at: Micros) -> Step {
        if let Limit::WallClock(limit) = self.limit {
            let deadline = self.start + limit.get();
            if now > deadline {
                return self.overdue(now);
            }
            self.last = at >= deadline;
            at = at.min(deadline);
        }
        Step::Poll { at, timeout: self.timeout(at) }
    }

    /// The timeout of a poll sent at `at`: what remains before the deadline at most, but all of it for the poll there.
    #[inline(always)]
    pub(super) fn timeout(&self, at: Micros) -> Micros {
        let Recovery::Tolerant(tolerance) = self.recovery else { return Micros::NEVER };
        match self.limit {
            Limit::WallClock(limit) if !self.last => tolerance.attempt_timeout().min(self.start + limit.get() - at),
            Limit::WallClock(_) | Limit::None | Limit::Attempts(_) | Limit::SumOfSleeps(_) => {
                tolerance.attempt_timeout()
            }
        }
    }
}

/// What a client that recovers in this way makes of a reply.
#[inline(always)]
pub(super) fn read<'r>(recovery: Recovery, reply: &Reply<'r>) -> Reading<'r> {
    match recovery {
        Recovery::Tolerant(_) => tolerant(reply),
        Recovery::Propagate => documented(reply),
        Recovery::NetworkRetry { .. } => match documented_parsing(reply) {
            // The guide throws the failure inside the block that catches network errors.
            Reading::Failed(failure) if mentions_network(failure) => {
                Reading::Nothing(Trouble { network: true, permanent: false })
            }
            reading => reading,
        },
    }
}

/// See [`Wait::not_before`]: at most the ceiling of who has one, or else of a client with the defaults; and at a deadline
/// everybody may look.
#[inline]
pub(super) fn bound(recovery: Recovery, limit: Limit, start: Micros, heard: Micros, asked: Micros) -> Option<Micros> {
    let tolerance = match recovery {
        Recovery::Tolerant(tolerance) => tolerance,
        Recovery::Propagate | Recovery::NetworkRetry { .. } => Tolerance::default(),
    };
    tolerance.binds(asked).then(|| (heard + asked).min(start + limit.deadline()))
}
