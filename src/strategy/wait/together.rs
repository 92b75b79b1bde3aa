//! Waits whose next poll somebody else plans.

use super::machine::Wait;
use super::policy::Policy;
use super::step::{Step, Worth};
use crate::api::reply::Reply;
use crate::strategy::composition::Jitter;
use crate::time::Micros;
use crate::world::draws::Draws;

impl<'s> Policy<'s> {
    /// Starts a wait at `now`, with its first poll after `first` where that is planned.
    pub(in crate::strategy) fn begin_planned(
        &self,
        now: Micros,
        first: Option<Micros>,
        jitter: &mut Draws,
    ) -> (Wait<'s>, Step) {
        let (wait, step) = self.begin(now, jitter);
        match (first, step) {
            (Some(first), Step::Poll { .. }) => {
                let mut wait = Wait { slept: Micros::ZERO, rounds: 0, last: false, ..wait };
                let step = wait.sleep(now, now, first, now);
                (wait, step)
            }
            (Some(_) | None, step) => (wait, step),
        }
    }
}

impl Wait<'_> {
    /// The same as [`reply`](Self::reply), but where another poll follows it comes after `gap`, if that is planned and not
    /// jittered.
    pub(in crate::strategy) fn reply_planned(
        &mut self,
        now: Micros,
        reply: &Reply<'_>,
        gap: Option<Micros>,
        jitter: &mut Draws,
    ) -> (Worth, Step) {
        let before = self.clone();
        let (worth, step) = self.reply(now, reply, jitter);
        match (gap, step) {
            (Some(gap), Step::Poll { .. }) if self.gaps.jitter == Jitter::None => {
                let pause = self.pause(reply);
                *self = Self { failures: self.failures, ..before };
                (worth, self.round(now, now, gap, now + pause))
            }
            (Some(_) | None, step) => (worth, step),
        }
    }

    /// Since when it lasts.
    pub(in crate::strategy) fn start(&self) -> Micros {
        self.start
    }
}
