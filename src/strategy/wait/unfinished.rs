//! The longest part of most waits: polls that say unfinished.

use super::machine::Wait;
use super::step::Step;
use crate::strategy::composition::{Limit, Recovery};
use crate::time::Micros;
use crate::world::draws::Draws;

impl Wait<'_> {
    /// Takes replies that say unfinished, one after another: `poll` is told when to send and how long to listen, and tells
    /// when the answer was there. What it ends with is what comes after a poll where there is no other one.
    ///
    /// The same as [`reply`](Self::reply) again and again, in a loop as short as most waits allow. Only where it ends
    /// `jitter` may have been drawn from once more.
    ///
    /// # Errors
    ///
    /// What `poll` breaks off with when its answer is another one.
    #[inline(always)]
    pub fn while_unfinished<B>(
        &mut self,
        (mut at, mut timeout): (Micros, Micros),
        jitter: &mut Draws,
        mut poll: impl FnMut(Micros, Micros) -> Result<Micros, B>,
    ) -> Result<Step, B> {
        let steady = self.gaps.steady();
        let (most_rounds, most_slept) = match self.limit {
            Limit::None | Limit::WallClock(_) => (u32::MAX, Micros::NEVER),
            Limit::Attempts(attempts) => (attempts.get(), Micros::NEVER),
            Limit::SumOfSleeps(limit) => (u32::MAX, limit.get()),
        };
        let deadline = self.start + self.limit.deadline();
        // Before this a deadline cuts no timeout.
        let late = match self.recovery {
            Recovery::Tolerant(tolerance) => deadline - tolerance.attempt_timeout(),
            Recovery::Propagate | Recovery::NetworkRetry { .. } => deadline,
        };
        loop {
            let now = poll(at, timeout)?;
            self.failures = 0;
            let gap = match steady {
                Some(gap) => gap,
                None => self.gaps.jittered(now - self.start, jitter),
            };
            let (rounds, slept, next) = (self.rounds.wrapping_add(1), self.slept + gap, now + gap);
            if rounds < most_rounds && slept < most_slept && next < late {
                (self.rounds, self.slept, at) = (rounds, slept, next);
                continue;
            }
            match self.round(now, now, gap, now) {
                Step::Poll { at: next, timeout: patience } => (at, timeout) = (next, patience),
                end => return Ok(end),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Policy;
    #[cfg(feature = "engine")]
    use super::super::step::Worth;
    use super::*;
    #[cfg(feature = "engine")]
    use crate::api::reply::{Flaw, Payload};
    use crate::api::reply::{Loss, Reply, TaskState};
    use crate::strategy::composition::{self, Jitter, Schedule, Tolerance};
    use crate::strategy::presets;
    use crate::time::Span;
    use crate::world::draws::{Keys, Stream};
    use proptest::prelude::*;
    use std::num::NonZeroU32;

    /// Often whole seconds, so that limits are met exactly.
    fn times() -> impl Strategy<Value = Micros> {
        prop_oneof![(0_u64..40_000_000).prop_map(Micros::new), (0_u64..9).prop_map(Micros::from_secs)]
    }

    fn some() -> impl Strategy<Value = NonZeroU32> {
        (1_u32..30).prop_map(|n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN))
    }

    fn schedules() -> impl Strategy<Value = Schedule> {
        let positive = || times().prop_map(|time| time.max(Micros::new(1)));
        let fixed = (times(), positive()).prop_map(|(first, interval)| Schedule::fixed(first, interval));
        let growing = (times(), positive(), 1.0_f64..3.0, times()).prop_map(|(first, interval, multiplier, more)| {
            Schedule::exponential(first, interval, multiplier, interval + more)
        });
        let table = prop::collection::btree_set(positive(), 1..6)
            .prop_map(|instants| Schedule::table(instants.into_iter().collect()));
        prop_oneof![fixed, growing, table].prop_map(|schedule| schedule.expect("a schedule that can be followed"))
    }

    fn limits() -> impl Strategy<Value = Limit> {
        let long = || prop_oneof![(0_u64..400_000_000).prop_map(Micros::new), (0_u64..40).prop_map(Micros::from_secs)];
        prop_oneof![
            Just(Limit::None),
            some().prop_map(Limit::Attempts),
            long().prop_map(|limit| Limit::SumOfSleeps(Span::nearest(limit))),
            long().prop_map(|limit| Limit::WallClock(Span::nearest(limit)))
        ]
    }

    fn recoveries() -> impl Strategy<Value = Recovery> {
        let tolerant = (prop::option::of(some()), times()).prop_map(|(failures, timeout)| {
            let timed = Tolerance::default().with_attempt_timeout(Span::nearest(timeout).get());
            Recovery::Tolerant(timed.expect("a timeout").with_consecutive_failures(failures))
        });
        let retry = (1_u32..4, times())
            .prop_map(|(retries, step)| Recovery::NetworkRetry { retries, step: Span::nearest(step) });
        prop_oneof![Just(Recovery::Propagate), retry, tolerant]
    }

    fn jitters() -> impl Strategy<Value = Jitter> {
        prop::sample::select(vec![Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated])
    }

    fn strategies() -> impl Strategy<Value = composition::Strategy> {
        (schedules(), limits(), recoveries(), jitters()).prop_map(|(schedule, limit, recovery, jitter)| {
            let mut strategy = presets::preset("basic").expect("a shipped preset");
            (strategy.pace.schedule, strategy.pace.limit) = (schedule, limit);
            (strategy.recovery, strategy.jitter) = (recovery, jitter);
            strategy
        })
    }

    proptest! {
        // Limits that are met exactly are rare, and quickly tried.
        #![proptest_config(crate::soak::cases(4_000))]

        /// Promise: after any trouble, a run of unfinished replies is the same in one loop and reply by reply: the same
        /// polls, the same end, and where it is broken off the same wait.
        #[test]
        fn one_loop_is_the_same_as_reply_after_reply(
            strategy in strategies(),
            before in prop::collection::vec((any::<bool>(), times()), 0..6),
            travels in prop::collection::vec(times(), 0..60),
        ) {
            let unfinished = Reply::state(TaskState::Processing);
            let mut draws = Keys::new(1, 0, "sora-2").draws(Stream::Jitter, 0);
            let (mut wait, mut step) = Policy::new(&strategy, "sora-2").begin(Micros::from_secs(3), &mut draws);
            for (is_lost, travel) in before {
                let Step::Poll { at, .. } = step else { return Ok(()) };
                let reply = if is_lost { Reply::Lost(Loss::Reset) } else { unfinished };
                step = wait.reply(at + travel, &reply, &mut draws).1;
            }
            let Step::Poll { at, timeout } = step else { return Ok(()) };

            let (mut looped, mut looped_draws, mut polls, mut left) = (wait.clone(), draws.clone(), Vec::new(), travels.iter());
            let end = looped.while_unfinished((at, timeout), &mut looped_draws, |at, timeout| {
                polls.push((at, timeout));
                left.next().map(|&travel| at + travel).ok_or(())
            });

            let mut expected = Vec::new();
            for travel in travels.iter().map(Some).chain([None]) {
                let Step::Poll { at, timeout } = step else { break };
                expected.push((at, timeout));
                let Some(&travel) = travel else { break };
                step = wait.reply(at + travel, &unfinished, &mut draws).1;
            }
            prop_assert_eq!(polls, expected);
            match end {
                Ok(end) => prop_assert_eq!(end, step),
                Err(()) => prop_assert_eq!((looped.progress(), looped_draws), (wait.progress(), draws)),
            }
        }

        /// Promise: waits of which all polls say unfinished have the same polls, but for their clocks; and whoever leaves them
        /// goes on as if it had been by itself from the start.
        #[cfg(feature = "engine")]
        #[test]
        fn shared_polls_are_those_of_each_wait(
            strategy in strategies(),
            start in times(),
            travels in prop::collection::vec(times(), 1..60),
            stay in 0_usize..60,
        ) {
            use super::super::many::Following;
            let policy = Policy::new(&strategy, "sora-2");
            let Some((first, polls)) = policy.shared_polls(50) else { return Ok(()) };
            let (timeout, deadline) = policy.patience();
            let unfinished = Reply::state(TaskState::Processing);
            let mut draws = Keys::new(1, 0, "sora-2").draws(Stream::Jitter, 0);
            let (mut alone, mut step) = policy.begin(start, &mut draws);
            let (mut at, mut here, mut travels) = (first, 0, travels.into_iter());
            while here < stay {
                let patience = if timeout.is_never() { timeout } else { timeout.min(deadline - at) };
                prop_assert_eq!(step, Step::Poll { at: start + at, timeout: patience });
                let Some(travel) = travels.next() else { break };
                let back = at + travel;
                let next = match polls[here].following {
                    Following::After(gap) => Some(back + gap),
                    Following::At(instant) => Some(instant).filter(|_| back < instant),
                    Following::End => None,
                };
                let Some(next) = next.filter(|next| *next < deadline && here + 1 < polls.len()) else { break };
                step = alone.reply(start + back, &unfinished, &mut draws).1;
                (at, here) = (next, here + 1);
            }
            let (mut left, mut same) = policy.rejoin(&polls[here], start, at);
            for travel in travels {
                prop_assert_eq!(step, same);
                let Step::Poll { at, .. } = step else { break };
                let replies = [unfinished, Reply::Lost(Loss::Reset)];
                let reply = &replies[usize::from(travel.get() % 3 == 0)];
                step = alone.reply(at + travel, reply, &mut draws).1;
                same = left.reply(at + travel, reply, &mut draws).1;
            }
        }

        /// Promise: what a wait takes for an answer that just says unfinished changes nothing else in it.
        #[cfg(feature = "engine")]
        #[test]
        fn what_is_taken_for_unfinished_is_that_and_nothing_else(
            strategy in strategies(),
            status in prop::sample::select(vec![200_u16, 201, 404, 429, 503]),
            asked in prop::option::of(times()),
            payload in prop::sample::select(vec![
                Payload::State(TaskState::Pending),
                Payload::State(TaskState::Processing),
                Payload::State(TaskState::Success),
                Payload::Flawed(Flaw::BadResult, TaskState::Processing),
                Payload::Flawed(Flaw::OtherTask, TaskState::Processing),
                Payload::NoState,
                Payload::NoData,
                Payload::NotJson,
            ]),
            travel in times(),
        ) {
            let policy = Policy::new(&strategy, "sora-2");
            let reply = Reply::Answer { status, retry_after: asked, payload };
            let mut draws = Keys::new(1, 0, "sora-2").draws(Stream::Jitter, 0);
            let (mut wait, step) = policy.begin(Micros::from_secs(3), &mut draws);
            let (Step::Poll { at, .. }, true) = (step, policy.takes_for_unfinished(&reply)) else { return Ok(()) };
            let (now, mut same, mut other_draws) = (at + travel, wait.clone(), draws.clone());
            prop_assert_eq!((status, asked), (200, None));
            prop_assert_eq!(
                wait.reply(now, &reply, &mut draws),
                (Worth::Wasted, same.unfinished(now, now, &mut other_draws))
            );
            prop_assert_eq!((wait.progress(), draws), (same.progress(), other_draws));
        }
    }
}
