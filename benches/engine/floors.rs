//! Floors: the workload written by hand for one schedule and one weather, with the simulator's own draws and seeding.
//!
//! A floor counts polls and known tasks and keeps one histogram of delays; everything else that `compare` measures is
//! left out. Its counts are those of the simulator, to the last poll: see `main`. These are scalar, one task after another;
//! `wide` is the same for many tasks at a time.

use crate::workload::Schedule;
use pollbench::measure::histogram::Durations;
use pollbench::measure::record::{Outcome, TaskRecord};
use pollbench::measure::totals::{CellData, CellRules};
use pollbench::strategy::wait::Ending;
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Draws, Keys, Stream};
use pollbench::world::truth::Fate;
use rand_distr::{Distribution as _, Exp1};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The bits of a uniform draw below which a poll tells nothing: 2 %.
const STALE: u64 = ((1_u64 << Draws::BITS) as f64 * 0.02) as u64 + 1;
/// Records that are summed up at a time.
const CHUNK: usize = 1 << 9;
/// First bits of the uniform that decides whether a poll is stale.
const FIRST: u32 = 11;
/// Its others.
const FINE: u32 = Draws::BITS - FIRST;
/// First bits beyond which nothing is stale.
pub(crate) const STALE_ENDS: u64 = STALE.div_ceil(1 << FINE);

/// Those first bits: the ones of the trip's draw that its length leaves.
#[inline(always)]
pub(crate) fn first_bits(travel: &Draws) -> u64 {
    travel.clone().bits() >> 1 & ((1 << FIRST) - 1)
}

/// Whether a poll tells the truth.
#[inline(always)]
pub(crate) fn is_true(first: u64, fault_draws: &mut Draws) -> bool {
    let rest = fault_draws.bits();
    // That of bursts.
    fault_draws.bits();
    first >= STALE_ENDS || (first << FINE | rest >> (u64::BITS - FINE)) >= STALE
}

/// How many adaptive polls come before the one that tells of a task that is done then; of 36 none does.
#[inline(always)]
fn telling(done: u64) -> u64 {
    done.saturating_sub(60_000_000).div_ceil(15_000_000)
}

/// What a floor counts.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) polls: u64,
    pub(crate) known: u64,
    /// Sum of the delays in microseconds.
    pub(crate) delay: u64,
    delays: Durations,
}

impl Counted {
    pub(crate) fn new() -> Self {
        Self { polls: 0, known: 0, delay: 0, delays: Durations::default() }
    }

    #[inline]
    pub(crate) fn know(&mut self, delay: u64) {
        self.known += 1;
        self.delay += delay;
        self.delays.record(delay);
    }
}

/// The distributions of the workload and the keys of its draws.
pub(crate) struct World {
    pub(crate) keys: Keys,
    pub(crate) completion: Distribution,
    pub(crate) rtt: Distribution,
}

impl World {
    pub(crate) fn new() -> Self {
        let distribution = |text: &str| text.parse().expect("a distribution");
        Self {
            keys: Keys::new(42, 0, "sora-2"),
            completion: distribution("lognormal(median=120s, sigma=0.5)"),
            rtt: distribution("lognormal(median=80ms, sigma=0.4)"),
        }
    }

    /// When the task is done, since its submit: the draws of its truth are fate and completion.
    #[inline]
    fn done(&self, task: u64) -> u64 {
        let mut truth = self.keys.draws(Stream::Truth, task);
        let _fate = truth.uniform();
        self.completion.sample(&mut truth).get()
    }

    /// The gap before the task's submit.
    #[inline]
    pub(crate) fn gap(&self, task: u64, rate_per_s: f64) -> u64 {
        let gap: f64 = Exp1.sample(&mut self.keys.draws(Stream::Arrival, task));
        Micros::from_f64(gap * (1e6 / rate_per_s)).get()
    }

    /// Round trip of the task's submit.
    #[inline]
    fn submit(&self, task: u64) -> u64 {
        self.rtt.sample(&mut self.keys.draws(Stream::SubmitNetwork, task)).get()
    }

    /// One task after another, poll by poll. With `ARRIVALS` also the draws of arrival and submit, as the simulator takes
    /// them; without, only what decides polls and delay.
    pub(crate) fn tight<const LOSSY: bool, const ARRIVALS: bool>(&self, schedule: Schedule, tasks: u64) -> Counted {
        match schedule {
            Schedule::Adaptive => self.tight_of::<false, LOSSY, ARRIVALS>(tasks),
            Schedule::Exponential => self.tight_of::<true, LOSSY, ARRIVALS>(tasks),
        }
    }

    fn tight_of<const EXPONENTIAL: bool, const LOSSY: bool, const ARRIVALS: bool>(&self, tasks: u64) -> Counted {
        let mut counted = Counted::new();
        let mut submitted = 0;
        for task in 0..tasks {
            let mut done = self.done(task);
            // Time counts from the start of the wait, which is a round trip after the submit.
            if ARRIVALS {
                submitted += self.gap(task, 0.5);
                if LOSSY {
                    let trip = self.submit(task);
                    done = (done + trip / 2).saturating_sub(trip);
                }
            }
            let mut travel = self.keys.draws(Stream::StatusNetwork, task);
            let mut fault_draws = self.keys.draws(Stream::StatusFault, task);
            let mut pace = Pace::new::<EXPONENTIAL>();
            let mut now = pace.slept;
            while pace.slept < 600_000_000 {
                counted.polls += 1;
                let (trip, heard) = if LOSSY {
                    let first = first_bits(&travel);
                    (self.rtt.sample(&mut travel).get(), is_true(first, &mut fault_draws))
                } else {
                    (0, true)
                };
                if now + trip / 2 >= done && heard {
                    counted.know(now + trip - done);
                    break;
                }
                now += trip + pace.next::<EXPONENTIAL>();
            }
        }
        std::hint::black_box(submitted);
        counted
    }

    /// Adaptive in a calm world: polls and delay follow by one division.
    pub(crate) fn closed_adaptive<const ARRIVALS: bool>(&self, tasks: u64) -> Counted {
        let mut counted = Counted::new();
        let mut submitted = 0;
        for task in 0..tasks {
            if ARRIVALS {
                submitted += self.gap(task, 0.5);
            }
            let done = self.done(task);
            let poll = telling(done);
            counted.polls += poll.min(35) + 1;
            if poll < 36 {
                counted.know(60_000_000 + poll * 15_000_000 - done);
            }
        }
        std::hint::black_box(submitted);
        counted
    }

    /// The same, and each task's record summed up as the simulator sums it up, requests per second left out: the bound of
    /// whatever measures so much.
    pub(crate) fn closed_and_measured(&self, tasks: u64, rules: &CellRules) -> CellData {
        let mut data = CellData::default();
        let mut records = Vec::with_capacity(CHUNK);
        let mut submitted = 0;
        for task in 0..tasks {
            submitted += self.gap(task, 0.5);
            let done = self.done(task);
            let poll = telling(done);
            let polls = poll.min(35) as u32 + 1;
            let (start, done, is_known) = (Micros::new(submitted), Micros::new(submitted + done), poll < 36);
            let settled = start + Micros::new(60_000_000 + poll.min(36) * 15_000_000);
            let ending = if is_known { Ending::Success } else { Ending::GaveUp };
            records.push(TaskRecord {
                model: 0,
                task,
                submitted: start,
                wait_start: start,
                done,
                fate: Some(Fate::Success),
                outcome: Outcome::of(ending, settled, done),
                settled,
                submits: 1,
                duplicates: 0,
                polls,
                wasted: polls - u32::from(is_known),
                failed: 0,
                deliveries: 0,
                violations: 0,
                throttled: 0,
                struck: false,
                without_result: false,
            });
            if records.len() == CHUNK {
                data.add(&records, rules);
                records.clear();
            }
        }
        data.add(&records, rules);
        data
    }

    /// Lossy tasks in the order of time, through a heap of the instants at which something happens.
    pub(crate) fn heap(&self, schedule: Schedule, tasks: u64, rate_per_s: f64) -> Counted {
        match schedule {
            Schedule::Adaptive => self.heap_of::<false>(tasks, rate_per_s),
            Schedule::Exponential => self.heap_of::<true>(tasks, rate_per_s),
        }
    }

    fn heap_of<const EXPONENTIAL: bool>(&self, tasks: u64, rate_per_s: f64) -> Counted {
        let mut counted = Counted::new();
        let mut heap: BinaryHeap<Reverse<(u64, u64, usize)>> = BinaryHeap::new();
        let (mut slots, mut free, mut sequence): (Vec<Slot>, Vec<usize>, u64) = (Vec::new(), Vec::new(), 0);
        let (mut task, mut submit) = (0, self.gap(0, rate_per_s));
        loop {
            let next = heap.peek().map_or(u64::MAX, |Reverse((at, ..))| *at);
            let at = if task < tasks && submit <= next {
                let trip = self.submit(task);
                let start = submit + trip;
                let pace = Pace::new::<EXPONENTIAL>();
                let mut slot = Slot {
                    done: submit + trip / 2 + self.done(task),
                    travel: self.keys.draws(Stream::StatusNetwork, task),
                    fault_draws: self.keys.draws(Stream::StatusFault, task),
                    replied: 0,
                    is_heard: false,
                    pace,
                };
                slot.send(start + pace.slept, &self.rtt);
                task += 1;
                submit += self.gap(task, rate_per_s);
                counted.polls += 1;
                match free.pop() {
                    Some(at) => {
                        slots[at] = slot;
                        at
                    }
                    None => {
                        slots.push(slot);
                        slots.len() - 1
                    }
                }
            } else {
                let Some(Reverse((now, _, at))) = heap.pop() else { return counted };
                let slot = &mut slots[at];
                if slot.is_heard {
                    counted.know(now - slot.done);
                    free.push(at);
                    continue;
                }
                let gap = slot.pace.next::<EXPONENTIAL>();
                if slot.pace.slept >= 600_000_000 {
                    free.push(at);
                    continue;
                }
                slot.send(now + gap, &self.rtt);
                counted.polls += 1;
                at
            };
            sequence += 1;
            heap.push(Reverse((slots[at].replied, sequence, at)));
        }
    }

    /// A lossy wait for `task`, submitted now, as a future: what [`Self::tight`] does, with sleeps on the runtime's clock.
    /// Its polls, and its delay if it came to know.
    async fn sleep_through(&self, task: u64) -> (u64, Option<u64>) {
        let mut polls = 0;
        let trip = self.submit(task);
        let done = (trip / 2 + self.done(task)).saturating_sub(trip);
        let (mut travel, mut fault_draws) =
            (self.keys.draws(Stream::StatusNetwork, task), self.keys.draws(Stream::StatusFault, task));
        let mut pace = Pace::new::<false>();
        let mut now = pace.slept;
        sleep(trip + now).await;
        while pace.slept < 600_000_000 {
            polls += 1;
            let first = first_bits(&travel);
            let (trip, heard) = (self.rtt.sample(&mut travel).get(), is_true(first, &mut fault_draws));
            sleep(trip).await;
            if now + trip / 2 >= done && heard {
                return (polls, Some(now + trip - done));
            }
            let gap = pace.next::<false>();
            sleep(gap).await;
            now += trip + gap;
        }
        (polls, None)
    }
}

/// Every wait a task of tokio's, on its paused clock.
pub(crate) fn paused(world: &Arc<World>, tasks: u64, rate_per_s: f64) -> Counted {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime of one thread").block_on(async {
        let mut waits = tokio::task::JoinSet::new();
        for task in 0..tasks {
            sleep(world.gap(task, rate_per_s)).await;
            let world = Arc::clone(world);
            waits.spawn(async move { world.sleep_through(task).await });
        }
        let mut counted = Counted::new();
        for (polls, delay) in waits.join_all().await {
            counted.polls += polls;
            delay.into_iter().for_each(|delay| counted.know(delay));
        }
        counted
    })
}

/// On the runtime's clock, which has a grain of a millisecond: one for each microsecond.
async fn sleep(us: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(us)).await;
}

/// The gaps of a schedule, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) slept: u64,
    growing: f64,
}

impl Pace {
    #[inline]
    pub(crate) fn new<const EXPONENTIAL: bool>() -> Self {
        if EXPONENTIAL { Self { slept: 0, growing: 2e6 } } else { Self { slept: 60_000_000, growing: 0.0 } }
    }

    #[inline]
    pub(crate) fn next<const EXPONENTIAL: bool>(&mut self) -> u64 {
        let gap = if EXPONENTIAL { (self.growing + 0.5) as u64 } else { 15_000_000 };
        if EXPONENTIAL {
            self.growing = (self.growing * 1.5).min(30e6);
        }
        self.slept += gap;
        gap
    }
}

/// A task in flight in the heap.
struct Slot {
    done: u64,
    travel: Draws,
    fault_draws: Draws,
    replied: u64,
    is_heard: bool,
    pace: Pace,
}

impl Slot {
    #[inline]
    fn send(&mut self, sent: u64, rtt: &Distribution) {
        let first = first_bits(&self.travel);
        let trip = rtt.sample(&mut self.travel).get();
        self.is_heard = is_true(first, &mut self.fault_draws) && sent + trip / 2 >= self.done;
        self.replied = sent + trip;
    }
}
