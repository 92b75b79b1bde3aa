//! Waits side by side: as long as polls just say unfinished, waits under one policy differ in their clocks only.
//!
//! So sixty-four waits stand in rows, and the next poll of all of them is a few short loops over columns, which a processor
//! takes several rows at a time (the loops are compiled for each of its instruction sets; all of them give the same bits).
//! A wait that is told of its end is settled. A poll that something may have struck is looked at by itself; unless it says
//! unfinished in time for another one, the wait goes on by itself from there, and takes the same draws. Its row is the next
//! task's. The records are those of one wait after another.

use crate::engine::intake::Task;
use crate::engine::observer::Observer;
use crate::engine::sim::common::{Even, Look, Pace, told_the_end};
use crate::engine::sim::waiting::{Place, Waiting};
use crate::measure::record::TaskRecord;
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::weather::Weather;
use fearless_simd::{Level, dispatch};
use std::ops::Range;

/// Rows: as many as a word has bits.
const ROWS: usize = u64::BITS as usize;

/// Fewer rows than this are not worth it: when no more tasks come, each wait goes on by itself.
const FEW: usize = ROWS / 4;

/// Waits in progress.
#[derive(Debug)]
pub(super) struct Columns {
    level: Level,
    /// Numbers of the tasks in their chunk that are to be waited for.
    waiting: Vec<usize>,
    rows: Box<Rows>,
}

/// Times count from the start of each row's wait, in microseconds.
#[derive(Debug)]
struct Rows {
    /// Number of the row's task in its chunk.
    task: [usize; ROWS],
    /// Polls that said unfinished.
    polls: [u64; ROWS],
    /// When the next poll is due; when the last one was sent.
    at: [u64; ROWS],
    sent: [u64; ROWS],
    /// How long that one travels, and until when it is certain that nothing strikes it.
    rtt: [u64; ROWS],
    spared: [u64; ROWS],
    /// The end of the task.
    done: [u64; ROWS],
    /// Before this no rule that comes and goes is active.
    calm: [u64; ROWS],
    travel: [Draws; ROWS],
    fault_draws: [Draws; ROWS],
}

/// What became of the polls of all rows, a bit for each.
#[derive(Debug, Clone, Copy)]
struct Answers {
    /// It just said unfinished, and there will be another.
    kept: u64,
    /// It told of the end, undisturbed.
    told: u64,
}

impl Default for Columns {
    fn default() -> Self {
        let none = || std::array::from_fn(|_| Draws::seeded(0));
        let rows = Rows {
            task: [0; ROWS],
            polls: [0; ROWS],
            at: [0; ROWS],
            sent: [0; ROWS],
            rtt: [0; ROWS],
            spared: [0; ROWS],
            done: [0; ROWS],
            calm: [0; ROWS],
            travel: none(),
            fault_draws: none(),
        };
        Self { level: Level::new(), waiting: Vec::new(), rows: Box::new(rows) }
    }
}

/// The tasks of a chunk and what they meet.
pub(super) struct Chunk<'a> {
    pub(super) tasks: &'a [Task],
    pub(super) records: &'a mut [TaskRecord],
    pub(super) weather: &'a mut Weather,
    pub(super) observer: &'a mut Observer,
}

impl Columns {
    /// Takes in the wait for the task with this number in its chunk.
    #[inline]
    pub(super) fn add(&mut self, number: usize) {
        self.waiting.push(number);
    }

    /// Lets all waits that were taken in come to their ends.
    pub(super) fn run(&mut self, even: &Even<'_>, place: &Place<'_, '_>, chunk: &mut Chunk<'_>) {
        let Some(&first) = self.waiting.first() else { return };
        let is_counted = chunk.observer.counts(&chunk.tasks[first]);
        let Self { level, waiting, rows } = self;
        let (level, mut waiting) = (*level, waiting.drain(..));
        let mut open = 0;
        while open < ROWS && rows.begin(open, waiting.next(), even, place.keys, chunk) {
            open += 1;
        }
        while open > 0 {
            if open < FEW && waiting.len() == 0 {
                (0..open).for_each(|row| rows.go_on_from_next(row, even, place, chunk));
                return;
            }
            dispatch!(level, _ => rows.send(even));
            let mut answers = dispatch!(level, _ => rows.answer(0..ROWS, &even.common.pace));
            let all = u64::MAX >> (ROWS - open);
            let unheard = rows_of(all & !answers.kept & !answers.told);
            unheard.for_each(|row| rows.look_again(row, even, place, chunk, &mut answers));
            let Answers { kept, told } = answers;
            if is_counted {
                rows_of(kept & all).for_each(|row| rows.count(row, chunk));
            }
            // The last row first, because it may move.
            for row in rows_of(all & !kept) {
                let is_settled = told >> row & 1 == 1 && rows.settle(row, even, chunk);
                match is_settled {
                    true if is_counted => rows.count(row, chunk),
                    true => {}
                    false => rows.go_on(row, even, place, chunk),
                }
                if !rows.begin(row, waiting.next(), even, place.keys, chunk) {
                    open -= 1;
                    rows.replace(row, open);
                }
            }
        }
    }
}

/// The bits of all rows, the first row's the lowest.
#[inline(always)]
fn bits(each: &[u64; ROWS]) -> u64 {
    let mut bits = 0;
    for (row, bit) in each.iter().enumerate() {
        bits |= bit << row;
    }
    bits
}

/// The rows whose bits are set, from the last on.
fn rows_of(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let row = bits.checked_ilog2()?;
        bits ^= 1 << row;
        Some(row as usize)
    })
}

impl Rows {
    /// Begins a wait in this row, if there is one.
    #[inline]
    fn begin(
        &mut self,
        row: usize,
        number: Option<usize>,
        even: &Even<'_>,
        keys: &Keys,
        Chunk { tasks, weather, .. }: &mut Chunk<'_>,
    ) -> bool {
        let Some(number) = number else { return false };
        let task = &tasks[number];
        let done = task.truth.map_or(Micros::NEVER, |truth| truth.done);
        (self.task[row], self.polls[row]) = (number, 0);
        self.at[row] = even.common.first.get();
        self.done[row] = (done - task.wait_start).get();
        self.calm[row] =
            (even.requests.calm_until(task.wait_start + even.common.first, weather) - task.wait_start).get();
        self.travel[row] = keys.draws(Stream::StatusNetwork, task.index);
        self.fault_draws[row] = keys.draws(Stream::StatusFault, task.index);
        true
    }

    /// Moves the wait of another row here.
    fn replace(&mut self, row: usize, other: usize) {
        self.task[row] = self.task[other];
        self.polls[row] = self.polls[other];
        self.at[row] = self.at[other];
        self.done[row] = self.done[other];
        self.calm[row] = self.calm[other];
        self.travel[row] = self.travel[other].clone();
        self.fault_draws[row] = self.fault_draws[other].clone();
    }

    /// Sends the next poll of every row.
    #[inline(always)]
    fn send(&mut self, even: &Even<'_>) {
        let Self { at, sent, rtt, spared, calm, travel, fault_draws, .. } = self;
        *sent = *at;
        even.requests.send((travel, fault_draws), calm, rtt, spared);
    }

    /// Takes the answers to the polls of some rows.
    #[inline(always)]
    fn answer(&mut self, which: Range<usize>, pace: &Pace) -> Answers {
        let (mut kept, mut told) = ([0; ROWS], [0; ROWS]);
        for row in which {
            let (sent, rtt, done) = (self.sent[row], self.rtt[row], self.done[row]);
            let (poll, up, back) = (self.polls[row] as usize, rtt / 2, sent.wrapping_add(rtt));
            let is_spared = sent.wrapping_add(up) < self.spared[row];
            let Look { is_kept, is_told } = pace.look(poll, (sent, up, rtt), done, is_spared);
            (kept[row], told[row]) = (u64::from(is_kept), u64::from(is_told));
            // A mask in place of a branch, without which no compiler takes several rows at a time.
            self.at[row] = sent ^ ((sent ^ pace.next(poll, back)) & kept[row].wrapping_neg());
            self.polls[row] += kept[row];
        }
        Answers { kept: bits(&kept), told: bits(&told) }
    }

    /// A poll that came too late for the calm stretch that its row knows of may be in another one; what something struck may
    /// still just say unfinished.
    #[inline(never)]
    fn look_again(
        &mut self,
        row: usize,
        even: &Even<'_>,
        place: &Place<'_, '_>,
        Chunk { tasks, records, weather, observer }: &mut Chunk<'_>,
        answers: &mut Answers,
    ) {
        let (task, record) = (&tasks[self.task[row]], &mut records[self.task[row]]);
        let (start, sent) = (task.wait_start, Micros::new(self.sent[row]));
        let arrival = self.sent[row].wrapping_add(self.rtt[row] / 2);
        if arrival >= self.calm[row] {
            let until = even.requests.calm_until(start + sent, weather);
            self.calm[row] = (until - start).get();
            if self.spared[row] > 0 {
                self.spared[row] = self.calm[row];
                let Answers { kept, told } = self.answer(row..row + 1, &even.common.pace);
                (answers.kept, answers.told) = (answers.kept | kept, answers.told | told);
            }
        }
        if arrival < self.spared[row] {
            // Nothing struck it: its answer stands.
            return;
        }
        let Some(truth) = &task.truth else { return };
        let draws = |stream| place.keys.draws(stream, task.index);
        let draws = (&draws(Stream::StatusNetwork), &draws(Stream::StatusFault));
        let poll = self.polls[row] as usize;
        if let Some((rtt, fault)) = even.look_closer((poll, sent), (start, truth), draws, place.model, weather) {
            self.at[row] = even.common.pace.next(poll, self.sent[row] + rtt);
            self.polls[row] += 1;
            record.struck |= fault.is_some();
            observer.fault(fault);
            answers.kept |= 1 << row;
        }
    }

    /// Counts the poll that was sent last.
    #[inline]
    fn count(&self, row: usize, Chunk { tasks, observer, .. }: &mut Chunk<'_>) {
        let task = &tasks[self.task[row]];
        observer.rates[task.model].poll(task.wait_start + Micros::new(self.sent[row]));
    }

    /// Ends the wait that was told of the end of its task, unless it takes that for something else.
    #[inline]
    fn settle(&self, row: usize, even: &Even<'_>, Chunk { records, .. }: &mut Chunk<'_>) -> bool {
        let record = &mut records[self.task[row]];
        let Some(ending) = even.common.ending(record.fate) else { return false };
        told_the_end(
            record,
            self.polls[row] as u32,
            ending,
            record.wait_start + Micros::new(self.sent[row] + self.rtt[row]),
        );
        true
    }

    /// Lets the wait go on by itself, from its next poll on.
    fn go_on_from_next(&mut self, row: usize, even: &Even<'_>, place: &Place<'_, '_>, chunk: &mut Chunk<'_>) {
        self.sent[row] = self.at[row];
        self.go_on(row, even, place, chunk);
    }

    /// Lets the wait go on by itself, from its last poll on, which is sent once more.
    #[inline(never)]
    fn go_on(&self, row: usize, even: &Even<'_>, place: &Place<'_, '_>, chunk: &mut Chunk<'_>) {
        let Chunk { tasks, records, weather, observer } = chunk;
        let (number, polls, sent) = (self.task[row], self.polls[row], Micros::new(self.sent[row]));
        let (task, record) = (&tasks[number], &mut records[number]);
        let Some(truth) = task.truth else { return };
        (record.polls, record.wasted) = (polls as u32, polls as u32);
        let draws = |stream| place.keys.draws(stream, task.index);
        let draws = even.requests.after(polls, &draws(Stream::StatusNetwork), &draws(Stream::StatusFault));
        let step = even.common.rejoin(polls as usize, record.wait_start, sent);
        let (waiting, next) = Waiting::resume(step, *record, truth, draws, place.horizon);
        *record = waiting.finish(next, place.model, weather, observer);
    }
}
