//! The closed form: where the schedule is fixed in advance and the world is calm, a wait is one look-up.
//!
//! The table of polls is made by driving the strategy's own machine once with nothing but unfinished replies, so it is
//! right for every composition that does not look at anything else.

use crate::api::reply::{Reply, TaskState};
use crate::engine::observer::{Lens, Observer};
use crate::engine::plan::ModelPlan;
use crate::measure::record::{Outcome, TaskRecord};
use crate::strategy::composition::{Channel, Recovery};
use crate::strategy::reading::mentions_network;
use crate::strategy::wait::{Ending, Policy, Step, Worth};
use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::truth::{Fate, Truth};

/// More polls than this are simulated one by one.
const LONGEST_TABLE: usize = 1 << 16;
/// Cells of the index into the table.
const INDEX: usize = 1 << 10;

/// A fixed schedule: all polls that an endless task gets, and how its wait ends.
#[derive(Debug)]
pub(super) struct Calm {
    /// Instants at which polls read the truth, since the start of the wait, ascending.
    reads: Vec<u64>,
    /// From a poll's reading to its reply.
    down: Micros,
    up: Micros,
    /// End of a wait that never sees the task finished; `None` for a hang.
    gives_up: Option<Micros>,
    /// The poll whose answer comes after the horizon, since the start of the wait.
    unheard: Option<Micros>,
    /// First poll at or after each multiple of `1 << shift` microseconds.
    index: Vec<u32>,
    shift: u32,
}

impl Calm {
    /// The closed form of `policy` on `model`, if there is one.
    pub(super) fn new(policy: &Policy<'_>, model: &ModelPlan<'_>, horizon: Micros) -> Option<Self> {
        let (rtt, up) = model.status.calm_round_trip()?;
        let misread = matches!(policy.recovery(), Recovery::NetworkRetry { .. }) && mentions_network(model.failure);
        if policy.channel() != Channel::Poll || policy.is_jittered() || misread {
            return None;
        }
        // A policy without jitter takes no draws; the stream is only there to be handed in.
        let mut draws = Keys::new(0, 0, "calm").draws(Stream::Jitter, 0);
        let unfinished = Reply::state(TaskState::Processing);
        let (mut wait, mut step) = policy.begin(Micros::ZERO, &mut draws);
        let mut calm =
            Self { reads: Vec::new(), down: rtt - up, up, gives_up: None, unheard: None, index: Vec::new(), shift: 0 };
        loop {
            match step {
                Step::Poll { at, timeout } if at <= horizon => {
                    if timeout < rtt || calm.reads.len() == LONGEST_TABLE {
                        return None;
                    }
                    if at + rtt > horizon {
                        calm.unheard = Some(at);
                        break;
                    }
                    calm.reads.push((at + up).get());
                    step = wait.reply(at + rtt, &unfinished, &mut draws).1;
                }
                Step::End { at, .. } if at <= horizon => {
                    calm.gives_up = Some(at);
                    break;
                }
                Step::Poll { .. } | Step::End { .. } | Step::Listen => break,
            }
        }
        calm.build_index();
        Some(calm)
    }

    fn build_index(&mut self) {
        let span = self.reads.last().copied().unwrap_or(0);
        self.shift = (64 - span.leading_zeros()).saturating_sub(INDEX.trailing_zeros());
        let cells = (span >> self.shift) + 1;
        self.index =
            (0..cells).map(|cell| self.reads.partition_point(|read| *read < cell << self.shift) as u32).collect();
    }

    /// Polls that read the truth before `done`.
    #[inline]
    fn before(&self, done: u64) -> usize {
        let Some(&first) = self.index.get((done >> self.shift) as usize) else { return self.reads.len() };
        let mut poll = first as usize;
        while self.reads.get(poll).is_some_and(|read| *read < done) {
            poll += 1;
        }
        poll
    }

    /// The whole wait for an accepted task, whose record says nothing of it yet.
    #[inline(always)]
    pub(super) fn settle(&self, truth: &Truth, record: &mut TaskRecord, observer: &mut Observer) {
        let unfinished = self.before((truth.done - record.wait_start).get());
        let unheard = u32::from(self.unheard.is_some());
        let (answered, failed, ending, settled) = match self.reads.get(unfinished) {
            Some(&read) => {
                let ending = if truth.fate == Fate::Failed { Ending::Failed } else { Ending::Success };
                (unfinished + 1, 0, Some(ending), record.wait_start + Micros::new(read) + self.down)
            }
            None => match self.gives_up {
                Some(end) => (unfinished, unheard, Some(Ending::GaveUp), record.wait_start + end),
                None => (unfinished, unheard, None, Micros::NEVER),
            },
        };
        record.polls = answered as u32 + failed;
        record.wasted = unfinished as u32;
        record.failed = failed;
        record.outcome = ending.map_or(Outcome::Hang, |ending| Outcome::of(ending, settled, truth.done));
        record.settled = settled;
        if let Some(lens) = observer.lens(record) {
            self.observe(record, answered, unfinished, lens);
        }
    }

    /// Shows the polls to the observer; nothing that lies beyond what is counted needs it.
    #[inline(never)]
    fn observe(&self, record: &TaskRecord, answered: usize, unfinished: usize, mut lens: Lens<'_>) {
        for (poll, &read) in self.reads[..answered].iter().enumerate() {
            let sent = record.wait_start + Micros::new(read) - self.up;
            lens.poll(sent, if poll < unfinished { Worth::Wasted } else { Worth::Useful });
        }
        if let (Some(sent), true) = (self.unheard, record.failed > 0) {
            lens.poll(record.wait_start + sent, Worth::Failed);
        }
    }
}
