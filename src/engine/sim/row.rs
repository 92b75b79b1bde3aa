//! Waits in the event queue whose polls have all just said unfinished: a line of the cache each, because there may be many, and
//! one after another is looked at.
//!
//! A wait that anything else befalls goes on in a [slot](super::slot) of its own.

use crate::engine::intake::Task;
use crate::engine::observer::Observer;
use crate::engine::plan::ModelPlan;
use crate::engine::sim::common::{Even, told_the_end};
use crate::engine::sim::waiting::{Next, Waiting, blank};
use crate::measure::record::TaskRecord;
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::{Departure, UNKNOWN};
use crate::world::truth::Truth;
use crate::world::weather::Weather;
use fearless_simd::{Level, dispatch};

/// Round trips that are drawn at a time.
const AHEAD: usize = 4;

/// A wait in progress.
#[derive(Debug)]
#[repr(align(64))]
struct Row {
    start: Micros,
    /// The end of its task, from its start.
    done: u64,
    /// The draws of its first poll.
    travel: Draws,
    fault_draws: Draws,
    /// The poll that is due or in flight.
    sent: Micros,
    /// Round trips from the last poll on whose number is a multiple of so many.
    trips: [u32; AHEAD],
    model: u16,
    /// Polls that said unfinished.
    polls: u16,
    /// The poll in flight tells of the end.
    is_told: bool,
    /// Whoever is told of the end will know.
    is_readable: bool,
    /// Its polls count among the requests per second.
    is_counted: bool,
}

impl Row {
    /// When the answer to the poll in flight is back.
    #[inline(always)]
    fn back(&self) -> Micros {
        self.sent + Micros::new(u64::from(self.trips[usize::from(self.polls) % AHEAD]))
    }
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
    even: Vec<Option<&'p Even<'p>>>,
    horizon: Micros,
    level: Level,
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
    pub(super) fn new(even: Vec<Option<&'p Even<'p>>>, horizon: Micros) -> Self {
        Self { even, horizon, level: Level::new(), rows: Vec::new(), ends: Vec::new(), free: Vec::new() }
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
        let (common, model) = (&self.even[task.model]?.common, u16::try_from(task.model).ok()?);
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
            trips: [UNKNOWN; AHEAD],
            model,
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
        usize::from(self.rows[at as usize].model)
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
        row.start + self.even(row).map_or(Micros::NEVER, |even| even.common.lapses)
    }

    /// Whether a poll that is held back until `now` is like one that was due then.
    pub(super) fn may_be_late(&self, at: u32, now: Micros) -> bool {
        let row = &self.rows[at as usize];
        self.even(row).is_some_and(|even| now - row.start < even.common.deadline)
    }

    #[inline(always)]
    fn even(&self, row: &Row) -> Option<&'p Even<'p>> {
        self.even[usize::from(row.model)]
    }

    /// Sends a poll at `sent`: when it arrives, and when its answer is back (of one that something slowed down, the arrival is
    /// only put half-way). Unless it will just say unfinished, or tell of the end undisturbed, nothing is sent and the wait
    /// has to [leave](Self::leave).
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        at: u32,
        sent: Micros,
        model: &ModelPlan<'_>,
        (weather, observer): (&mut Weather, &mut Observer),
    ) -> Option<(Micros, Micros)> {
        let (level, row) = (self.level, &mut self.rows[at as usize]);
        let Even { requests, common } = self.even[usize::from(row.model)]?;
        row.sent = sent;
        let (poll, number) = (usize::from(row.polls), usize::from(row.polls) % AHEAD);
        if number == 0 {
            let (travel, fault_draws) = requests.after(u64::from(row.polls), &row.travel, &row.fault_draws);
            row.trips = dispatch!(level, _ => requests.ahead(&travel, &fault_draws));
        }
        let mut rtt = row.trips[number];
        let is_calm = |weather: &mut Weather| sent + Micros::new(u64::from(rtt / 2)) < weather.calm_until(sent);
        if rtt == UNKNOWN || (requests.comes_and_goes() && !is_calm(weather)) {
            if let Some(rtt) = self.shrug_off(at, model, weather, observer) {
                return Some((sent + Micros::new(rtt / 2), sent + Micros::new(rtt)));
            }
            rtt = self.undisturbed(at, model, weather)?;
        }
        let row = &mut self.rows[at as usize];
        let (up, rtt) = (u64::from(rtt / 2), u64::from(rtt));
        let look = common.pace.look(poll, ((sent - row.start).get(), up, rtt), row.done, true);
        row.is_told = look.is_told;
        let is_of_use = look.is_kept || (look.is_told && row.is_readable);
        is_of_use.then(|| (sent + Micros::new(up), sent + Micros::new(rtt)))
    }

    /// The round trip of the poll that is to be sent, whatever strikes it, if it just says unfinished.
    #[inline(never)]
    fn shrug_off(
        &mut self,
        at: u32,
        model: &ModelPlan<'_>,
        weather: &mut Weather,
        observer: &mut Observer,
    ) -> Option<u64> {
        let (row, Ends { record, truth, .. }) = (&mut self.rows[at as usize], &mut self.ends[at as usize]);
        let even = self.even[usize::from(row.model)].filter(|even| !even.requests.is_limited())?;
        let (poll, sent) = (usize::from(row.polls), row.sent - row.start);
        let draws = (&row.travel, &row.fault_draws);
        let (rtt, fault) = even.look_closer((poll, sent), (row.start, truth), draws, model, weather)?;
        row.trips[poll % AHEAD] = u32::try_from(rtt).ok()?;
        record.struck |= fault.is_some();
        observer.fault(fault);
        Some(rtt)
    }

    /// The round trip of the poll that is to be sent, after a closer look, if nothing disturbs it.
    #[inline(never)]
    fn undisturbed(&mut self, at: u32, model: &ModelPlan<'_>, weather: &mut Weather) -> Option<u32> {
        let (row, Ends { truth, .. }) = (&mut self.rows[at as usize], &self.ends[at as usize]);
        let requests = &self.even[usize::from(row.model)]?.requests;
        let (mut travel, mut fault_draws) = requests.after(u64::from(row.polls), &row.travel, &row.fault_draws);
        let (departure, struck) = model.status.send(row.sent, truth, (&mut travel, &mut fault_draws), weather);
        if struck.or(departure.slowed).is_some() {
            return None;
        }
        let rtt = u32::try_from((departure.back - row.sent).get()).ok()?;
        row.trips[usize::from(row.polls) % AHEAD] = rtt;
        Some(rtt)
    }

    /// The poll in flight, which just says unfinished or is undisturbed so far, reaches the server.
    pub(super) fn arriving(&self, at: u32, arrival: Micros) -> Departure {
        let row = &self.rows[at as usize];
        Departure::undisturbed(row.sent, arrival, row.back())
    }

    /// Takes the answer, which is back.
    #[inline(always)]
    pub(super) fn hear(&mut self, at: u32, observer: &mut Observer) -> Option<Heard> {
        let row = &mut self.rows[at as usize];
        let common = &self.even[usize::from(row.model)]?.common;
        let back = row.back();
        if row.is_counted {
            observer.rates[usize::from(row.model)].poll(row.sent);
        }
        if !row.is_told {
            let next = common.pace.next(usize::from(row.polls), (back - row.start).get());
            row.polls += 1;
            return Some(Heard::Due(row.start + Micros::new(next)));
        }
        let Ends { order, record, .. } = &mut self.ends[at as usize];
        told_the_end(record, u32::from(row.polls), common.ending(record.fate)?, back);
        self.free.push(at);
        Some(Heard::End(*order, *record))
    }

    /// Lets a wait go on by itself, from the poll on that is due or in flight: the number of its task, the wait, and what it
    /// wants, which is to send that poll. One in flight has taken its draws.
    #[inline(never)]
    pub(super) fn leave(&mut self, at: u32, in_flight: bool) -> Option<(u64, Waiting<'p>, Next)> {
        let (row, Ends { order, record, truth }) = (&self.rows[at as usize], &self.ends[at as usize]);
        let (Even { requests, common }, polls) = (self.even(row)?, row.polls);
        let step = common.rejoin(usize::from(polls), row.start, row.sent - row.start);
        let record = TaskRecord { polls: u32::from(polls), wasted: u32::from(polls), ..*record };
        let drawn = u64::from(polls) + u64::from(in_flight);
        let draws = requests.after(drawn, &row.travel, &row.fault_draws);
        let (waiting, next) = Waiting::resume(step, record, *truth, draws, self.horizon);
        self.free.push(at);
        Some((*order, waiting, next))
    }
}
