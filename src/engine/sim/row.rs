//! Waits in the event queue whose polls have all just said unfinished: a line of the cache each, because there may be many, and
//! one after another is looked at.
//!
//! A wait that anything else befalls goes on in a [slot](super::slot) of its own.

use crate::engine::intake::Task;
use crate::engine::observer::Observer;
use crate::engine::plan::ModelPlan;
use crate::engine::sim::common::{Common, told_the_end};
use crate::engine::sim::waiting::{Next, Waiting, blank};
use crate::measure::record::TaskRecord;
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::Departure;
use crate::world::truth::Truth;
use crate::world::weather::Weather;

/// A wait in progress.
#[derive(Debug)]
#[repr(align(64))]
struct Row {
    start: Micros,
    /// The end of its task, from its start.
    done: u64,
    travel: Draws,
    fault_draws: Draws,
    /// The poll that is due or in flight.
    sent: Micros,
    /// When its answer is back.
    back: Micros,
    model: u32,
    /// Polls that said unfinished.
    polls: u32,
    /// The poll in flight tells of the end.
    is_told: bool,
    /// Whoever is told of the end will know.
    is_readable: bool,
    /// Its polls count among the requests per second.
    is_counted: bool,
}

/// What of a wait is needed at its ends only.
#[derive(Debug)]
struct Ends {
    order: u64,
    record: TaskRecord,
    truth: Truth,
}

/// The rows of one strategy.
#[derive(Debug)]
pub(super) struct Rows<'p> {
    /// By model, where its waits can stand here.
    common: Vec<Option<&'p Common<'p>>>,
    horizon: Micros,
    rows: Vec<Row>,
    /// By row.
    ends: Vec<Ends>,
    free: Vec<u32>,
}

/// What an answer leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Heard {
    /// Another poll, due at this instant.
    Due(Micros),
    /// The end of the task with this number.
    End(u64, TaskRecord),
}

impl<'p> Rows<'p> {
    /// Rows for waits with this in common, by model.
    pub(super) fn new(common: Vec<Option<&'p Common<'p>>>, horizon: Micros) -> Self {
        Self { common, horizon, rows: Vec::new(), ends: Vec::new(), free: Vec::new() }
    }

    /// Begins the wait for an accepted task: its row, and when the first poll is due; `None` where it cannot stand in one.
    #[inline]
    pub(super) fn begin(
        &mut self,
        order: u64,
        task: &Task,
        truth: Truth,
        keys: &Keys,
        observer: &Observer,
    ) -> Option<(u32, Micros)> {
        let common = self.common[task.model]?;
        let (record, start) = (blank(task), task.wait_start);
        if observer.follows(&record) {
            return None;
        }
        let row = Row {
            start,
            done: (truth.done - start).get(),
            travel: keys.draws(Stream::StatusNetwork, task.index),
            fault_draws: keys.draws(Stream::StatusFault, task.index),
            sent: start + common.first,
            back: Micros::NEVER,
            model: record.model,
            polls: 0,
            is_told: false,
            is_readable: common.ending(record.fate).is_some(),
            is_counted: observer.counts(task),
        };
        let (due, ends) = (row.sent, Ends { order, record, truth });
        let at = match self.free.pop() {
            Some(at) => {
                (self.rows[at as usize], self.ends[at as usize]) = (row, ends);
                at
            }
            None => {
                self.rows.push(row);
                self.ends.push(ends);
                (self.rows.len() - 1) as u32
            }
        };
        Some((at, due))
    }

    /// Reads a little of a row.
    #[inline(always)]
    pub(super) fn read(&self, at: u32) -> u64 {
        self.rows[at as usize].start.get()
    }

    #[inline(always)]
    pub(super) fn model(&self, at: u32) -> usize {
        self.rows[at as usize].model as usize
    }

    /// When its poll is due.
    pub(super) fn due(&self, at: u32) -> Micros {
        self.rows[at as usize].sent
    }

    /// Its next poll is due.
    pub(super) fn await_turn(&mut self, at: u32, due: Micros) {
        self.rows[at as usize].sent = due;
    }

    /// When a poll that is held back is no longer sent.
    pub(super) fn lapses(&self, at: u32) -> Micros {
        let row = &self.rows[at as usize];
        row.start + self.common(row).map_or(Micros::NEVER, |common| common.lapses)
    }

    /// Whether a poll that is held back until `now` is like one that was due then.
    pub(super) fn may_be_late(&self, at: u32, now: Micros) -> bool {
        let row = &self.rows[at as usize];
        self.common(row).is_some_and(|common| now - row.start < common.deadline)
    }

    #[inline(always)]
    fn common(&self, row: &Row) -> Option<&'p Common<'p>> {
        self.common[row.model as usize]
    }

    /// Sends a poll at `sent`. If it will not just say unfinished, or tell of the end, nothing is sent and the wait has to
    /// [leave](Self::leave).
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        at: u32,
        sent: Micros,
        model: &ModelPlan<'_>,
        weather: &mut Weather,
    ) -> Option<Departure> {
        let (row, ends) = (&mut self.rows[at as usize], &self.ends[at as usize]);
        let pace = &self.common[row.model as usize]?.pace;
        let (mut travel, mut fault_draws) = (row.travel.clone(), row.fault_draws.clone());
        row.sent = sent;
        let (departure, struck) = model.status.send(sent, &ends.truth, (&mut travel, &mut fault_draws), weather);
        let (arrival, back) = (departure.arrival, departure.back);
        let [from_start, up, rtt] = [sent - row.start, arrival - sent, back - sent].map(Micros::get);
        let is_undisturbed = struck.or(departure.slowed).is_none();
        let look = pace.look(row.polls as usize, (from_start, up, rtt), row.done, is_undisturbed);
        if !(look.is_kept || (look.is_told && row.is_readable)) {
            return None;
        }
        (row.travel, row.fault_draws) = (travel, fault_draws);
        (row.back, row.is_told) = (back, look.is_told);
        Some(departure)
    }

    /// The poll in flight, which nothing disturbed so far, reaches the server.
    pub(super) fn arriving(&self, at: u32, arrival: Micros) -> Departure {
        let Row { sent, back, .. } = self.rows[at as usize];
        Departure::undisturbed(sent, arrival, back)
    }

    /// Takes the answer, which is back.
    #[inline(always)]
    pub(super) fn hear(&mut self, at: u32, observer: &mut Observer) -> Option<Heard> {
        let row = &mut self.rows[at as usize];
        let common = self.common[row.model as usize]?;
        if row.is_counted {
            observer.rates[row.model as usize].poll(row.sent);
        }
        if !row.is_told {
            let next = common.pace.next(row.polls as usize, (row.back - row.start).get());
            row.polls += 1;
            return Some(Heard::Due(row.start + Micros::new(next)));
        }
        let Ends { order, record, .. } = &mut self.ends[at as usize];
        told_the_end(record, row.polls, common.ending(record.fate)?, row.back);
        self.free.push(at);
        Some(Heard::End(*order, *record))
    }

    /// Lets a wait go on by itself, from the poll on that is due or in flight: the number of its task, the wait, and what it
    /// wants, which is to send that poll.
    #[inline(never)]
    pub(super) fn leave(&mut self, at: u32) -> Option<(u64, Waiting<'p>, Next)> {
        let (row, Ends { order, record, truth }) = (&self.rows[at as usize], &self.ends[at as usize]);
        let step = self.common(row)?.rejoin(row.polls as usize, row.start, row.sent - row.start);
        let record = TaskRecord { polls: row.polls, wasted: row.polls, ..*record };
        let draws = (row.travel.clone(), row.fault_draws.clone());
        let (waiting, next) = Waiting::resume(step, record, *truth, draws, self.horizon);
        self.free.push(at);
        Some((*order, waiting, next))
    }
}
