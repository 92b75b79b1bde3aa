//! The simulator against a floor: a hand-written loop with only the draws, the loop, counters and a histogram.
//!
//! Reference workload: lognormal completion (median 120 s, sigma 0.5); adaptive 60/15/600 s and exponential 2 s × 1.5 up
//! to 30 s, 600 s as documented. *Ideal*: no travel, no faults. *Lossy*: round trips lognormal (median 80 ms, sigma 0.4),
//! 2 % of polls tell nothing. Look at ratios within one run; one thread.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hdrhistogram::Histogram;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options, run};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::world::draws::{Keys, Stream};
use rand_distr::{Distribution as _, LogNormal};
use std::hint::black_box;

/// Tasks of one iteration: a few ranges of the fast path.
const TASKS: u64 = 200_000;

fn scenario(strategy: &str, lossy: bool, tasks: u64) -> Scenario {
    let weather = if lossy {
        "[network]\nrtt = \"lognormal(median=80ms, sigma=0.4)\"\n[[faults]]\nkind = \"stale-read\"\nprobability = 0.02\n"
    } else {
        ""
    };
    let text = format!(
        "schema_version = 1\nname = \"reference\"\ntasks = {tasks}\nreplicates = 1\n{weather}\
         [models.sora-2]\ncompletion = \"lognormal(median=120s, sigma=0.5)\"\n[[strategies]]\npreset = \"{strategy}\""
    );
    Scenario::parse(&text, "reference.toml", &Embedded(&[])).expect("the reference workload is valid")
}

/// What the floor counts.
struct Counted {
    polls: u64,
    known: u64,
    delays: Histogram<u64>,
}

/// Adaptive or exponential by hand, poll by poll.
fn floor(exponential: bool, lossy: bool) -> Counted {
    let keys = Keys::new(42, 0, "sora-2");
    let completion = LogNormal::new(120e6_f64.ln(), 0.5).expect("valid");
    let rtt = LogNormal::new(80e3_f64.ln(), 0.4).expect("valid");
    let mut counted = Counted { polls: 0, known: 0, delays: Histogram::new(3).expect("three digits") };
    for task in 0..TASKS {
        let done = completion.sample(&mut keys.draws(Stream::Truth, task)) as u64;
        let mut travel = keys.draws(Stream::StatusNetwork, task);
        let mut lots = keys.draws(Stream::StatusFault, task);
        let (mut now, mut gap) = if exponential { (0, 2e6_f64) } else { (60_000_000, 15e6) };
        let mut slept = now;
        while slept < 600_000_000 {
            counted.polls += 1;
            let (trip, heard) =
                if lossy { (rtt.sample(&mut travel) as u64, lots.uniform() >= 0.02) } else { (0, true) };
            if now + trip / 2 >= done && heard {
                counted.known += 1;
                let _ = counted.delays.record(now + trip - done);
                break;
            }
            now += trip + gap as u64;
            slept += gap as u64;
            if exponential {
                gap = (gap * 1.5).min(30e6);
            }
        }
    }
    counted
}

/// Closed form by hand: a calm adaptive schedule is one division.
fn closed_floor() -> Counted {
    let keys = Keys::new(42, 0, "sora-2");
    let completion = LogNormal::new(120e6_f64.ln(), 0.5).expect("valid");
    let mut counted = Counted { polls: 0, known: 0, delays: Histogram::new(3).expect("three digits") };
    for task in 0..TASKS {
        let done = completion.sample(&mut keys.draws(Stream::Truth, task)) as u64;
        let poll = done.saturating_sub(60_000_000).div_ceil(15_000_000);
        counted.polls += poll.min(35) + 1;
        if poll < 36 {
            counted.known += 1;
            let _ = counted.delays.record(60_000_000 + poll * 15_000_000 - done);
        }
    }
    counted
}

fn simulator(c: &mut Criterion) {
    let mut group = c.benchmark_group("reference");
    group.throughput(Throughput::Elements(TASKS)).sample_size(10);
    group.bench_function("floor/ideal closed form", |b| b.iter(|| black_box(closed_floor())));
    for (strategy, exponential) in [("adaptive", false), ("exponential", true)] {
        for (weather, lossy) in [("ideal", false), ("lossy", true)] {
            group.bench_function(BenchmarkId::new(format!("floor/{weather}"), strategy), |b| {
                b.iter(|| black_box(floor(exponential, lossy)));
            });
            let scenario = scenario(strategy, lossy, TASKS);
            let plan = Plan::new(&scenario);
            for (way, threads, force_polls) in
                [("sim", 1, false), ("sim, poll by poll", 1, true), ("sim, 2 threads", 2, false)]
            {
                let options = Options { threads, force_polls, ..Options::default() };
                group.bench_function(BenchmarkId::new(format!("{way}/{weather}"), strategy), |b| {
                    b.iter(|| black_box(run(&plan, options, &Control::default(), None)));
                });
            }
        }
    }
    let queued = scenario("adaptive", true, TASKS / 10);
    let plan = Plan::new(&queued);
    let options = Options { threads: 1, force_queue: true, ..Options::default() };
    group.throughput(Throughput::Elements(TASKS / 10));
    group.bench_function("sim, event queue/lossy/adaptive", |b| {
        b.iter(|| black_box(run(&plan, options, &Control::default(), None)));
    });
    group.finish();
}

criterion_group!(benches, simulator);
criterion_main!(benches);
