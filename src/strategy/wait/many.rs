//! Waits whose polls have all said unfinished: what those under one policy have in common.

use super::machine::{Wait, read};
use super::policy::Policy;
use super::progress::Progress;
use super::step::Step;
use crate::api::reply::Reply;
use crate::strategy::composition::{Channel, Limit, Recovery};
use crate::strategy::reading::Reading;
use crate::strategy::schedule::Schedule;
use crate::time::Micros;
use crate::world::draws::Draws;

/// A poll with the same number in many waits: all polls before it said unfinished. The waits differ in their clocks only,
/// by what their polls have travelled. Times count from the start of each wait.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SharedPoll {
    /// How far such a wait has come, apart from its start.
    progress: Progress,
    /// What comes after it if it says unfinished, too.
    pub(crate) following: Following,
}

/// What comes after an answer that says unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Following {
    /// A poll so much later, where it comes before the deadline.
    After(Micros),
    /// A poll at this time, where the answer came before it and the deadline comes after it.
    At(Micros),
    /// Not another poll.
    End,
}

impl<'s> Policy<'s> {
    /// The time of the first poll, and the first `most` polls; `None` where waits under this policy differ in more than their
    /// clocks, or have no poll before a deadline.
    pub(crate) fn shared_polls(&self, most: usize) -> Option<(Micros, Vec<SharedPoll>)> {
        let is_table = matches!(self.pace.schedule, Schedule::Table(_));
        let counts_sleeps = matches!(self.pace.limit, Limit::SumOfSleeps(_));
        if self.channel() != Channel::Poll || self.is_jittered() || (is_table && counts_sleeps) {
            return None;
        }
        // Nothing is drawn without jitter.
        let (mut wait, Step::Poll { at: first, .. }) = self.begin(Micros::ZERO, &mut Draws::seeded(0)) else {
            return None;
        };
        if wait.last {
            return None;
        }
        let mut polls = Vec::new();
        while polls.len() < most {
            let progress = wait.progress();
            let following = wait.follow();
            polls.push(SharedPoll { progress, following });
            if following == Following::End {
                break;
            }
        }
        Some((first, polls))
    }

    /// How long an answer is waited for, and the deadline, which cuts that short where it is not for ever.
    pub(crate) fn patience(&self) -> (Micros, Micros) {
        let timeout = match self.recovery {
            Recovery::Tolerant(tolerance) => tolerance.attempt_timeout(),
            Recovery::Propagate | Recovery::NetworkRetry { .. } => Micros::NEVER,
        };
        (timeout, self.pace.limit.deadline())
    }

    /// Whether a wait takes a reply for one that just says unfinished: there is nothing else in it that it would heed.
    pub(crate) fn takes_for_unfinished(&self, reply: &Reply<'_>) -> bool {
        let is_usual = matches!(reply, Reply::Answer { status: 200, retry_after: None, .. });
        is_usual && read(self.recovery, reply) == Reading::Unfinished
    }

    /// A wait by itself that began at `start` and has come to this poll, which is due `at` after that.
    pub(crate) fn rejoin(&self, poll: &SharedPoll, start: Micros, at: Micros) -> (Wait<'s>, Step) {
        let (wait, at) = (Wait { start, ..self.resume(&poll.progress) }, start + at);
        let step = Step::Poll { at, timeout: wait.timeout(at) };
        (wait, step)
    }
}

impl Wait<'_> {
    /// Takes an answer that says unfinished, whenever it came.
    fn follow(&mut self) -> Following {
        let following = match self.gaps.schedule {
            Schedule::Table(table) => {
                let next = table.instants().get(self.gaps.passed);
                self.gaps.passed += 1;
                match next {
                    Some(&instant) => Following::At(instant),
                    None => Following::After(table.gap()),
                }
            }
            Schedule::Fixed(_) | Schedule::Exponential(_) => {
                let gap = self.gaps.nominal(Micros::ZERO).0;
                self.slept += gap;
                Following::After(gap)
            }
        };
        self.rounds = self.rounds.wrapping_add(1);
        if self.is_spent() { Following::End } else { following }
    }
}
