//! A wait that is put away between polls: what waits under one policy have in common is not kept with each of them.

use super::gaps::Gaps;
use super::machine::Wait;
use super::policy::Policy;
use crate::time::Micros;

/// How far a wait has come: [`Policy::resume`] goes on from here. It is small, so that there may be millions.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    start: Micros,
    slept: Micros,
    growing: f64,
    previous: Micros,
    passed: u32,
    rounds: u32,
    failures: u32,
    last: bool,
}

impl Progress {
    /// When the wait began.
    #[must_use]
    pub fn start(&self) -> Micros {
        self.start
    }
}

impl Wait<'_> {
    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let Gaps { growing, passed, previous, .. } = self.gaps;
        let Self { start, slept, rounds, failures, last, .. } = *self;
        // No table has so many instants, and what is past its end stays there.
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        Progress { start, slept, growing, previous, passed, rounds, failures, last }
    }
}

impl<'s> Policy<'s> {
    /// The wait that came so far under this policy.
    #[must_use]
    pub fn resume(&self, progress: &Progress) -> Wait<'s> {
        let Progress { start, slept, growing, previous, passed, rounds, failures, last } = *progress;
        let gaps = Gaps { growing, previous, passed: passed as usize, ..Gaps::new(&self.pace.schedule, self.jitter) };
        Wait { limit: self.pace.limit, recovery: self.recovery, gaps, start, slept, rounds, failures, last }
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Step;
    use super::*;
    use crate::api::reply::{Loss, Reply, TaskState};
    use crate::strategy::composition::{Jitter, Schedule};
    use crate::strategy::presets;
    use crate::world::draws::{Keys, Stream};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Promise: whether a wait is put away between polls makes no difference.
        #[test]
        fn a_wait_goes_on_where_it_was_put_away(
            which in 0_usize..5,
            is_jittered: bool,
            replies in prop::collection::vec((any::<bool>(), 0_u64..20_000_000), 0..40),
        ) {
            let names = ["basic", "exponential", "exponential-hardened", "adaptive-hardened", "resilient"];
            let mut strategy = presets::preset(names[which]).expect("a shipped preset");
            if is_jittered {
                strategy.jitter = Jitter::Decorrelated;
            }
            if which == 3 {
                strategy.pace.schedule = Schedule::table([5, 9, 11, 30].map(Micros::from_secs).into()).expect("they ascend");
            }
            let policy = Policy::new(&strategy, "sora-2");
            let mut draws = Keys::new(1, 0, "sora-2").draws(Stream::Jitter, 0);
            let (mut whole, mut step) = policy.begin(Micros::from_secs(7), &mut draws);
            let (mut kept, mut others) = (whole.progress(), draws.clone());
            prop_assert_eq!(kept.start(), Micros::from_secs(7));
            for (is_lost, travel) in replies {
                let Step::Poll { at, .. } = step else { break };
                let now = at + Micros::new(travel);
                let reply = if is_lost { Reply::Lost(Loss::Reset) } else { Reply::state(TaskState::Processing) };
                let mut resumed = policy.resume(&kept);
                let one = whole.reply(now, &reply, &mut draws);
                prop_assert_eq!(one, resumed.reply(now, &reply, &mut others));
                (kept, step) = (resumed.progress(), one.1);
                prop_assert_eq!(&kept, &whole.progress());
            }
        }
    }
}
