//! Every jitter against its definition and its documented mean.
//!
//! Means are of independent draws under one fixed seed. Each is allowed five standard errors, so that with another seed one
//! in two million would fail by luck.

use pollbench::api::reply::{Reply, TaskState};
use pollbench::strategy::composition::{Jitter, Limit, Schedule, Strategy as Composition};
use pollbench::strategy::presets::preset;
use pollbench::strategy::wait::{Policy, Step};
use pollbench::time::Micros;
use pollbench::world::draws::{Keys, Stream};
use proptest::prelude::*;

const WAITS: u64 = 40_000;

fn jittered(schedule: Schedule, jitter: Jitter) -> Composition {
    let mut strategy = preset("basic").expect("a shipped preset");
    (strategy.pace.schedule, strategy.pace.limit, strategy.jitter) = (schedule, Limit::None, jitter);
    strategy
}

fn exponential(first: u64, interval: u64, multiplier: f64, cap: u64) -> Schedule {
    let [first, interval, cap] = [first, interval, cap].map(Micros::new);
    Schedule::exponential(first, interval, multiplier, cap).expect("a schedule")
}

/// The first wait of task `task` and the gaps after it, in microseconds.
fn gaps(strategy: &Composition, seed: u64, task: u64, count: usize) -> Vec<u64> {
    let mut draws = Keys::new(seed, 0, "m").draws(Stream::Jitter, task);
    let (mut wait, mut step) = Policy::new(strategy, "m").begin(Micros::ZERO, &mut draws);
    let (mut gaps, mut now) = (Vec::new(), Micros::ZERO);
    while gaps.len() <= count {
        let Step::Poll { at, .. } = step else { panic!("without a limit it polls for ever") };
        gaps.push((at - now).get());
        now = at;
        step = wait.reply(now, &Reply::state(TaskState::Processing), &mut draws).1;
    }
    gaps
}

/// Holds the mean of the `which`-th gap, 0 for the first wait, against `expected`.
fn mean_is(strategy: &Composition, which: usize, expected: f64) {
    let sample: Vec<f64> = (0..WAITS).map(|task| gaps(strategy, 42, task, which)[which] as f64).collect();
    let mean = sample.iter().sum::<f64>() / WAITS as f64;
    let variance = sample.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / (WAITS - 1) as f64;
    let error = (variance / WAITS as f64).sqrt();
    assert!((mean - expected).abs() <= 5.0 * error + 1.0, "{which}: {mean} ± {error}, not {expected}");
}

#[test]
fn full_and_equal_have_their_means_from_the_first_wait_on() {
    for (jitter, share) in [(Jitter::None, 1.0), (Jitter::Full, 0.5), (Jitter::Equal, 0.75)] {
        let fixed = Schedule::fixed(Micros::from_secs(60), Micros::from_secs(15)).expect("a schedule");
        let fixed = jittered(fixed, jitter);
        mean_is(&fixed, 0, share * 60e6);
        mean_is(&fixed, 1, share * 15e6);
        let growing = jittered(exponential(3_000_000, 2_000_000, 1.5, 4_000_000), jitter);
        for (which, nominal) in [3e6, 2e6, 3e6, 4e6, 4e6].into_iter().enumerate() {
            mean_is(&growing, which, share * nominal);
        }
    }
}

#[test]
fn decorrelated_gaps_grow_as_documented_while_the_cap_does_not_matter() {
    let strategy = jittered(exponential(120_000_000, 1_000_000, 2.0, 1_000_000_000), Jitter::Decorrelated);
    mean_is(&strategy, 0, 120e6);
    for which in 1..6 {
        mean_is(&strategy, which, 1e6 * (2.0 * 1.5_f64.powi(which as i32) - 1.0));
    }
}

#[test]
fn decorrelated_gaps_under_a_cap_have_their_documented_means() {
    for cap in [1.0, 1.5, 2.5, 3.0, 4.0, 15.0] {
        let strategy = jittered(exponential(0, 1_000_000, 1.5, (cap * 1e6) as u64), Jitter::Decorrelated);
        let first = 1.0 + (4.0 - (3.0_f64 - cap).max(0.0).powi(2)) / 4.0;
        mean_is(&strategy, 1, 1e6 * first);
        let long = long_run(cap);
        mean_is(&strategy, 40, 1e6 * long);
        for (of, documented) in [(4.0, 0.86), (15.0, 0.69)] {
            assert!(cap != of || (long / cap - documented).abs() < 0.005, "{long} of {cap}");
        }
    }
}

/// The mean of a late gap in intervals by another way: the distribution of a gap, passed on from gap to gap on a grid.
fn long_run(cap: f64) -> f64 {
    const CELLS: usize = 800;
    let at = |cell: usize| 1.0 + (cap - 1.0) * (cell as f64 + 0.5) / CELLS as f64;
    // The share in each cell, and at the cap itself.
    let (mut cells, mut capped) = (vec![1.0 / CELLS as f64; CELLS], 0.0);
    for _ in 0..200 {
        let (mut next, mut at_cap) = (vec![0.0; CELLS], 0.0);
        for (share, previous) in cells.iter().enumerate().map(|(cell, share)| (*share, at(cell))).chain([(capped, cap)])
        {
            let high = 3.0 * previous;
            let below = ((high.min(cap) - 1.0) / (high - 1.0)).min(1.0);
            at_cap += share * (1.0 - below);
            if below == 0.0 {
                continue;
            }
            let reach = (high.min(cap) - 1.0) / (cap - 1.0) * CELLS as f64;
            let whole = (reach as usize).min(CELLS);
            for cell in &mut next[..whole] {
                *cell += share * below / reach;
            }
            if whole < CELLS {
                next[whole] += share * below * (1.0 - whole as f64 / reach);
            }
        }
        (cells, capped) = (next, at_cap);
    }
    cells.iter().enumerate().map(|(cell, share)| share * at(cell)).sum::<f64>() + capped * cap
}

proptest! {
    #![proptest_config(crate::soak::cases(500))]

    /// No gap above the cap, none below the interval when decorrelated, none of nothing; and where the jitter does not say
    /// otherwise, the first wait as it is.
    #[test]
    fn gaps_keep_their_bounds(
        seed: u64, first in 0_u64..2_000, interval in 1_u64..2_000, more in 0_u64..20_000, multiplier in 1.0_f64..4.0,
    ) {
        let cap = interval + more;
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let drawn = gaps(&jittered(exponential(first, interval, multiplier, cap), jitter), seed, 0, 60);
            prop_assert!(drawn[0] <= first && (jitter != Jitter::Decorrelated || drawn[0] == first));
            prop_assert!(jitter != Jitter::Equal || drawn[0] >= first / 2);
            let (mut nominal, mut previous) = (interval as f64, interval);
            for gap in &drawn[1..] {
                let bounds = match jitter {
                    Jitter::None => nominal as u64..=nominal as u64,
                    Jitter::Full => 1..=nominal.round() as u64,
                    Jitter::Equal => (nominal / 2.0).max(1.0) as u64..=nominal.round() as u64,
                    Jitter::Decorrelated => interval..=cap.min(3 * previous),
                };
                prop_assert!(bounds.contains(gap) && *gap <= cap, "{jitter:?}: {gap} is not in {bounds:?}");
                (nominal, previous) = ((nominal * multiplier).min(cap as f64), *gap);
            }
            // What has no cap of its own stays as it is.
            if jitter == Jitter::Decorrelated {
                let fixed = Schedule::fixed(Micros::new(first), Micros::new(interval)).expect("a schedule");
                prop_assert!(gaps(&jittered(fixed, jitter), seed, 0, 5)[1..].iter().all(|gap| *gap == interval));
            }
        }
    }
}
