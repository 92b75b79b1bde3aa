//! The vectorised floor: what the scalar one counts, for sixty-four tasks in rows, whose next polls are a few loops over
//! columns in the widest instructions that the processor has. Draws and counts are the same.

use crate::floors::{Counted, Pace, STALE_ENDS, World, first_bits, is_true};
use crate::workload::Schedule;
use fearless_simd::{Level, dispatch};
use pollbench::world::draws::{Draws, Stream};

/// Tasks side by side.
const ROWS: usize = 64;
/// More polls than a wait of either schedule has in 600 s.
const MOST_POLLS: usize = 64;

/// When polls are sent: the first after so long, each of the others so long after the answer before it.
struct Gaps {
    first: u64,
    after: [u64; MOST_POLLS],
    /// Polls of a wait that never hears.
    most: u64,
}

impl Gaps {
    fn new<const EXPONENTIAL: bool>() -> Self {
        let mut pace = Pace::new::<EXPONENTIAL>();
        let (first, mut after, mut most) = (pace.slept, [0; MOST_POLLS], 0);
        while pace.slept < 600_000_000 {
            after[most] = pace.next::<EXPONENTIAL>();
            most += 1;
        }
        Self { first, after, most: most as u64 }
    }
}

/// Tasks, row by row. Times count from the start of each wait.
struct Rows {
    done: [u64; ROWS],
    now: [u64; ROWS],
    trip: [u64; ROWS],
    polls: [u64; ROWS],
    travel: [Draws; ROWS],
    fault_draws: [Draws; ROWS],
}

impl Rows {
    fn new() -> Self {
        let none = || std::array::from_fn(|_| Draws::seeded(0));
        let zero = [0; ROWS];
        Self { done: zero, now: zero, trip: zero, polls: zero, travel: none(), fault_draws: none() }
    }

    /// Takes in as many tasks as there are rows, from `first` on.
    #[inline(always)]
    fn submit(&mut self, world: &World, first: u64) {
        let Self { done, trip, travel, fault_draws, .. } = self;
        for row in 0..ROWS {
            let task = first + row as u64;
            travel[row] = world.keys.draws(Stream::SubmitNetwork, task);
            fault_draws[row] = world.keys.draws(Stream::Truth, task);
            // The fate.
            fault_draws[row].bits();
        }
        world.rtt.sample_each(travel, trip);
        world.completion.sample_each(fault_draws, done);
        for row in 0..ROWS {
            let task = first + row as u64;
            done[row] = (done[row] + trip[row] / 2).saturating_sub(trip[row]);
            travel[row] = world.keys.draws(Stream::StatusNetwork, task);
            fault_draws[row] = world.keys.draws(Stream::StatusFault, task);
        }
    }

    /// Sends a poll of every row: the rows that are told, and those that give up, a bit for each.
    #[inline(always)]
    fn poll(&mut self, world: &World, gaps: &Gaps) -> (u64, u64) {
        let Self { done, now, trip, polls, travel, fault_draws } = self;
        let first = travel.each_ref().map(first_bits);
        world.rtt.sample_each(travel, trip);
        let bits = |each: [u64; ROWS]| (0..ROWS).fold(0, |bits, row| bits | each[row] << row);
        // Hardly any is looked at twice.
        let mut heard = first.map(|first| u64::from(first >= STALE_ENDS));
        let mut unsure: u64 = !bits(heard);
        while let Some(row) = unsure.checked_ilog2() {
            unsure ^= 1 << row;
            let row = row as usize;
            heard[row] = u64::from(is_true(first[row], &mut fault_draws[row].clone()));
        }
        for fault_draws in fault_draws {
            fault_draws.bits();
            fault_draws.bits();
        }
        let (mut told, mut over) = ([0; ROWS], [0; ROWS]);
        for row in 0..ROWS {
            told[row] = heard[row] & u64::from(now[row] + trip[row] / 2 >= done[row]);
            let gap = gaps.after[polls[row] as usize % MOST_POLLS];
            polls[row] += 1;
            over[row] = u64::from(polls[row] >= gaps.most);
            // Who is told has the instant of the answer.
            now[row] += trip[row] + if told[row] == 1 { 0 } else { gap };
        }
        (bits(told), bits(over))
    }

    /// Begins a task that was taken in elsewhere.
    #[inline]
    fn begin(&mut self, row: usize, fresh: &Self, from: usize, first: u64) {
        (self.done[row], self.now[row], self.polls[row]) = (fresh.done[from], first, 0);
        (self.travel[row], self.fault_draws[row]) = (fresh.travel[from].clone(), fresh.fault_draws[from].clone());
    }

    /// Moves the task of another row here.
    #[inline]
    fn replace(&mut self, row: usize, other: usize) {
        (self.done[row], self.now[row], self.polls[row]) = (self.done[other], self.now[other], self.polls[other]);
        (self.travel[row], self.fault_draws[row]) = (self.travel[other].clone(), self.fault_draws[other].clone());
    }
}

/// Lossy tasks, with the draws of arrival and submit.
pub(crate) fn wide(world: &World, schedule: Schedule, tasks: u64) -> Counted {
    let gaps = match schedule {
        Schedule::Adaptive => Gaps::new::<false>(),
        Schedule::Exponential => Gaps::new::<true>(),
    };
    let level = Level::new();
    let (mut counted, mut submitted) = (Counted::new(), 0);
    let (mut rows, mut fresh) = (Rows::new(), Rows::new());
    let (mut begun, mut open) = (0, 0_usize);
    let mut begin = |rows: &mut Rows, row: usize| {
        if begun == tasks {
            return false;
        }
        let from = begun as usize % ROWS;
        if from == 0 {
            dispatch!(level, _ => fresh.submit(world, begun));
        }
        submitted += world.gap(begun, 0.5);
        rows.begin(row, &fresh, from, gaps.first);
        begun += 1;
        true
    };
    while open < ROWS && begin(&mut rows, open) {
        open += 1;
    }
    while open > 0 {
        let (told, over) = dispatch!(level, _ => rows.poll(world, &gaps));
        // The last row first, because it may move.
        let mut ended = (told | over) & (u64::MAX >> (ROWS - open));
        while let Some(row) = ended.checked_ilog2() {
            ended ^= 1 << row;
            let at = row as usize;
            counted.polls += rows.polls[at];
            if told >> row & 1 == 1 {
                counted.know(rows.now[at] - rows.done[at]);
            }
            if !begin(&mut rows, at) {
                open -= 1;
                rows.replace(at, open);
            }
        }
    }
    std::hint::black_box(submitted);
    counted
}
