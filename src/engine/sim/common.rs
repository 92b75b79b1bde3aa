//! What waits under one policy on one model have in common as long as their polls just say unfinished: they differ in their
//! clocks only.

use crate::engine::plan::ModelPlan;
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::composition::Recovery;
use crate::strategy::reading::mentions_network;
use crate::strategy::wait::{Ending, Following, Policy, SharedPoll, Step, Wait};
use crate::time::Micros;
use crate::world::draws::Draws;
use crate::world::exchange::ManyRequests;
use crate::world::truth::{Fate, Truth};
use crate::world::weather::Weather;

/// Polls of a wait that are known ahead; who needs more goes on alone.
const MOST_POLLS: usize = 1 << 9;

/// Waits of one strategy on one model that have enough in common, and whose requests can be drawn side by side.
#[derive(Debug)]
pub(super) struct Even<'p> {
    pub(super) requests: ManyRequests<'p>,
    pub(super) common: Common<'p>,
}

impl<'p> Even<'p> {
    /// Those under `policy` on `model`, if they are such.
    pub(super) fn new(policy: &'p Policy<'p>, model: &'p ModelPlan<'_>, horizon: Micros) -> Option<Self> {
        Some(Self { requests: model.status.many()?, common: Common::new(policy, model, horizon)? })
    }

    /// The poll of a wait with this number, sent so long after its start, which something may strike or slow down: how long it
    /// takes, and the rule that does so, if it just says unfinished like those before it, and there will be another.
    pub(super) fn look_closer(
        &self,
        (poll, sent): (usize, Micros),
        (start, truth): (Micros, &Truth),
        (travel, fault_draws): (&Draws, &Draws),
        model: &ModelPlan<'_>,
        weather: &mut Weather,
    ) -> Option<(u64, Option<usize>)> {
        let (mut travel, mut fault_draws) = self.requests.after(poll as u64, travel, fault_draws);
        let at = start + sent;
        let (departure, struck) = model.status.send(at, truth, (&mut travel, &mut fault_draws), weather);
        let exchange = model.status.arrive(&departure, struck, truth, model.failure, weather, None);
        if !self.common.policy.takes_for_unfinished(&exchange.reply) {
            return None;
        }
        let rtt = (exchange.replied - at).get();
        let look = self.common.pace.look(poll, (sent.get(), 0, rtt), u64::MAX, true);
        look.is_kept.then_some((rtt, exchange.fault))
    }
}

/// What waits of one strategy on one model have in common.
#[derive(Debug)]
pub(super) struct Common<'p> {
    policy: &'p Policy<'p>,
    /// A failure is taken for what it tells.
    reads_failures: bool,
    /// Time of the first poll.
    pub(super) first: Micros,
    polls: Vec<SharedPoll>,
    pub(super) pace: Box<Pace>,
    /// Before this time a poll that is held back is like one that was due then.
    pub(super) deadline: Micros,
    /// From this time on it is no longer sent.
    pub(super) lapses: Micros,
}

/// When polls are sent and their answers are of use, in microseconds from the start of each wait.
#[derive(Debug)]
pub(super) struct Pace {
    /// By number of a poll: the one after it is due `gap` after the answer, or after the start where `is_after` has no bits.
    gap: [u64; MOST_POLLS],
    is_after: [u64; MOST_POLLS],
    /// By number of a poll: after an answer from here on there is no poll as usual.
    last: [u64; MOST_POLLS],
    /// Longest time that an answer is waited for.
    timeout: u64,
    /// An answer from here on is not heard: its wait is cut short, or the horizon is over.
    end: u64,
}

/// What a poll tells whose waits all said unfinished before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// It just says unfinished, and there will be another.
    pub(super) is_kept: bool,
    /// It tells of the end.
    pub(super) is_told: bool,
}

impl<'p> Common<'p> {
    /// What waits under `policy` on `model` have in common, if that is enough.
    fn new(policy: &'p Policy<'p>, model: &ModelPlan<'_>, horizon: Micros) -> Option<Self> {
        let (first, polls) = policy.shared_polls(MOST_POLLS)?;
        let misread = matches!(policy.recovery(), Recovery::NetworkRetry { .. }) && mentions_network(model.failure);
        let (timeout, deadline) = policy.patience();
        let cut = if timeout.is_never() { timeout } else { deadline };
        let mut pace = Box::new(Pace {
            gap: [0; MOST_POLLS],
            is_after: [0; MOST_POLLS],
            last: [0; MOST_POLLS],
            timeout: timeout.get(),
            end: cut.min(horizon).get().saturating_add(1),
        });
        // After the last of them nobody stays.
        for (number, poll) in polls.iter().enumerate().take(MOST_POLLS - 1) {
            let (gap, is_after, last) = match poll.following {
                Following::After(gap) => (gap, u64::MAX, deadline - gap),
                Following::At(instant) => (instant, 0, if instant < deadline { instant } else { Micros::ZERO }),
                Following::End => (Micros::ZERO, 0, Micros::ZERO),
            };
            (pace.gap[number], pace.is_after[number], pace.last[number]) = (gap.get(), is_after, last.get());
        }
        let lapses = policy.rejoin(polls.first()?, Micros::ZERO, first).0.lapses().min(horizon + Micros::new(1));
        Some(Self { policy, reads_failures: !misread, first, polls, pace, deadline, lapses })
    }

    /// How a wait ends that is told of the end of a task with this fate; `None` where it takes that for something else.
    #[inline]
    pub(super) fn ending(&self, fate: Option<Fate>) -> Option<Ending> {
        match fate {
            Some(Fate::Success) => Some(Ending::Success),
            Some(Fate::Failed) if self.reads_failures => Some(Ending::Failed),
            Some(Fate::Failed | Fate::Stuck) | None => None,
        }
    }

    /// A wait by itself that began at `start`, and whose poll with this number is due `at` after that.
    pub(super) fn rejoin(&self, poll: usize, start: Micros, at: Micros) -> (Wait<'p>, Step) {
        self.policy.rejoin(&self.polls[poll], start, at)
    }
}

impl Pace {
    /// The poll with this number, sent at a time, `up` later at the server and `rtt` later back, asks for a task that ends at
    /// `done`.
    #[inline(always)]
    pub(super) fn look(&self, poll: usize, (sent, up, rtt): (u64, u64, u64), done: u64, is_undisturbed: bool) -> Look {
        let (arrival, back) = (sent.wrapping_add(up), sent.wrapping_add(rtt));
        let is_heard = is_undisturbed & (rtt <= self.timeout) & (back < self.end);
        let is_kept = is_heard & (arrival < done) & (back < self.last[poll % MOST_POLLS]);
        Look { is_kept, is_told: is_heard & (arrival >= done) }
    }

    /// When the poll after this one is due, whose answer was back at a time and said unfinished.
    #[inline(always)]
    pub(super) fn next(&self, poll: usize, back: u64) -> u64 {
        let poll = poll % MOST_POLLS;
        (back & self.is_after[poll]).wrapping_add(self.gap[poll])
    }
}

/// Writes down a wait that ended at `settled`, when its last poll told of the end, after so many that said unfinished.
#[inline]
pub(super) fn told_the_end(record: &mut TaskRecord, unfinished: u32, ending: Ending, settled: Micros) {
    (record.polls, record.wasted) = (unfinished + 1, unfinished);
    record.settled = settled;
    record.outcome = Outcome::of(ending, settled, record.done);
}
