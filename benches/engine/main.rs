//! Speed of the simulator as ratios to floors and peers that are measured in the same run, taking turns.
//!
//! `cargo bench --bench engine [-- FILTER]`; with `-- --write` the tables go into `PERFORMANCE.md`. Look at ratios: rates
//! belong to the machine and to what else it did. A filter is a part of `title/contender/`.

mod floors;
mod growth;
mod peers;
#[path = "../support/mod.rs"]
mod support;
mod wide;
mod workload;

use floors::{Counted, World, paused};
use peers::{Peer, Told, peers};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Findings, Options};
use pollbench::measure::totals::CellRules;
use pollbench::time::Micros;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use support::arguments::Arguments;
use support::page::{self, Figures, Target, grouped};
use support::process::{Load, bytes_at_most, is_child};
use support::timing::{By, Contender, Section, median};
use wide::wide;
use workload::{Schedule, Weather, alone, scenario, simulate};

/// What must hold.
const LOSSY: Target = Target::AtLeast(1.2);
const NUMPY: Target = Target::AtLeast(1.5);
const FULL: Target = Target::AtLeast(0.6);
const CLOSED: Target = Target::AtLeast(0.55);
const QUEUE: Target = Target::AtLeast(0.6);
const TOKIO: Target = Target::AtLeast(50.0);
const THREADS: Target = Target::AtLeast(1.9);

const MEMORY_MB: Target = Target::AtMost(64.0);
const COMPARE_S: Target = Target::AtMost(1.0);
const TUNE_S: Target = Target::AtMost(1.0);

const MEMORY: &str = "memory, lossy, adaptive";
const COMMANDS: &str = "commands, start to finish";

/// A unit of the tables.
const MILLIONS: (&str, f64) = ("million tasks", 1e6);

/// Tasks a second that keep a thousand in flight: they stay about 137 s.
const THOUSAND: f64 = 7.3;

fn main() {
    let arguments = Arguments::read();
    if is_child(&arguments, &[SIMULATION]) {
        return;
    }
    // One long round, for instruction counts.
    let (rounds, tasks) = match (arguments.flag("--once"), arguments.is_timed()) {
        (true, _) => (0, 1 << 18),
        (false, true) => (9, 1 << 19),
        (false, false) => (0, 1 << 11),
    };
    let (world, filter) = (Arc::new(World::new()), arguments.filter());
    let (mut peers, words) = peers();
    if filter.is_empty() {
        agree(&world, &mut peers);
    }
    let mut report = String::new();
    let sections = [fast_path(&world, tasks, peers), threads(tasks * 8), queue(&world, tasks / 8)]
        .into_iter()
        .chain(growth::sections(&world, tasks));
    for mut section in sections {
        section.measure(rounds, filter);
        page::show(&mut report, &section.tables());
    }
    if filter.is_empty() {
        page::show(&mut report, &words);
    }
    if arguments.runs(MEMORY, &[]) {
        page::show(&mut report, &memory(if arguments.is_timed() { 100_000_000 } else { 100_000 }).table());
    }
    if arguments.runs(COMMANDS, &[]) {
        page::show(&mut report, &commands(rounds).table());
    }
    page::write(&arguments, "engine", &report);
}

/// Lossy tasks by the number, on two threads.
const SIMULATION: Load = Load {
    name: "simulation",
    make: |tasks, weigh| {
        let scenario = scenario(&[Schedule::Adaptive], Weather::Lossy, tasks as u64, 0.5);
        weigh();
        let found = simulate(&scenario, Options { threads: 2, ..alone() });
        weigh();
        drop(found);
    },
};

fn memory(most: usize) -> Figures {
    let row = |tasks: usize, target| {
        let peak = bytes_at_most(SIMULATION.name, tasks).map(|bytes| bytes / 1e6);
        (format!("{} tasks, two threads, at the peak", grouped(tasks)), peak, target)
    };
    Figures { title: MEMORY, unit: "MB", rows: vec![row(most / 100, None), row(most, Some(MEMORY_MB))] }
}

/// What somebody waits for at the command line, start to finish.
fn commands(rounds: usize) -> Figures {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let row = |arguments: &[&str], target| {
        let seconds = (0..rounds.max(1)).map(|_| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_pollbench"));
            let start = Instant::now();
            let output = command.args(arguments).arg("--out").arg(folder.path()).output().expect("the program runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            start.elapsed().as_secs_f64()
        });
        (format!("`pollbench {}` with its charts", arguments.join(" ")), median(seconds.collect()), target)
    };
    let rows = vec![
        row(&["compare", "documented"], Some(COMPARE_S)),
        row(&["tune", "--model", "sora-2"], Some(TUNE_S)),
        row(&["tune", "--model", "suno"], Some(TUNE_S)),
    ];
    Figures { title: COMMANDS, unit: "s", rows }
}

/// The floors do the simulator's work: the same polls, the same tasks known, the same delays. So do peers, whose draws are
/// their own, within six standard deviations.
fn agree(world: &Arc<World>, peers: &mut [Peer]) {
    let tasks = 10_000;
    let same = |what: &str, floor: &Counted, found: &Findings| {
        let totals = &found.cells[0].totals;
        let sim = (totals.polls.sum, totals.delay.n, totals.delay.sum);
        assert_eq!((i128::from(floor.polls), floor.known, i128::from(floor.delay)), sim, "{what}");
    };
    for schedule in Schedule::BOTH {
        let name = schedule.name();
        let ideal = simulate(&scenario(&[schedule], Weather::Ideal, tasks, 0.5), alone());
        same(name, &world.tight::<false, true>(schedule, tasks), &ideal);
        if schedule == Schedule::Adaptive {
            same("closed form", &world.closed_adaptive::<true>(tasks), &ideal);
            let (floor, sim) = (world.closed_and_measured(tasks, &rules(tasks)), &ideal.cells[0]);
            assert_eq!(floor.totals, sim.totals, "summed up");
            assert_eq!(
                (floor.delay, floor.latency, floor.polls),
                (sim.delay.clone(), sim.latency.clone(), sim.polls.clone())
            );
        }
        let lossy = simulate(&scenario(&[schedule], Weather::Lossy, tasks, 0.5), alone());
        same(name, &world.tight::<true, true>(schedule, tasks), &lossy);
        same("vectorised", &wide(world, schedule, tasks), &lossy);
        if schedule == Schedule::Adaptive {
            same("tokio's paused clock", &paused(world, tasks, 0.5), &lossy);
        }
        let queue = Options { force_queue: true, ..alone() };
        let queued = simulate(&scenario(&[schedule], Weather::Lossy, tasks, THOUSAND), queue);
        same("heap", &world.heap(schedule, tasks, THOUSAND), &queued);
    }
    let floor = wide(world, Schedule::Adaptive, tasks);
    let (polls, delay) = (floor.polls as f64 / tasks as f64, floor.delay as f64 / floor.known as f64);
    for peer in peers {
        let Told { polls: sum, known, delay: late } = peer.wait_for(tasks);
        // Standard deviations are about 5 polls and 5 s, of both means.
        let bound = 6.0 * 5.0 * (2.0 / tasks as f64).sqrt();
        let (polls, late) = (sum / tasks as f64 - polls, (late / known - delay) / 1e6);
        assert!(polls.abs() < bound && late.abs() < bound, "{}: {polls} polls, {late} s", peer.name);
    }
}

/// By which the ideal, adaptive workload is summed up.
fn rules(tasks: u64) -> CellRules {
    let scenario = scenario(&[Schedule::Adaptive], Weather::Ideal, tasks, 0.5);
    let (horizon, key) = (scenario.horizon, Plan::new(&scenario).digest_key(0, 0, 0));
    CellRules { horizon, limit: Some(Micros::from_secs(600)), has_faults: false, key }
}

fn fast_path(world: &World, tasks: u64, peers: Vec<Peer>) -> Section<'_> {
    let (mut contenders, mut ratios) = (Vec::new(), Vec::new());
    contenders.push(Contender::new("floor, ideal, closed form, adaptive", tasks, move || {
        world.closed_adaptive::<true>(tasks)
    }));
    contenders.push(Contender::new("bare floor, ideal, closed form, adaptive", tasks, move || {
        world.closed_adaptive::<false>(tasks)
    }));
    for schedule in Schedule::BOTH {
        let name = schedule.name();
        let at = contenders.len();
        let sim = |weather, force_polls| {
            let scenario = scenario(&[schedule], weather, tasks, 0.5);
            move || simulate(&scenario, Options { force_polls, ..alone() })
        };
        contenders.push(Contender::new(format!("floor, ideal, {name}"), tasks, move || {
            world.tight::<false, true>(schedule, tasks)
        }));
        contenders.push(Contender::new(format!("floor, lossy, {name}"), tasks, move || {
            world.tight::<true, true>(schedule, tasks)
        }));
        contenders.push(Contender::new(format!("bare floor, lossy, {name}"), tasks, move || {
            world.tight::<true, false>(schedule, tasks)
        }));
        contenders.push(Contender::new(format!("sim, ideal, {name}"), tasks, sim(Weather::Ideal, false)));
        contenders.push(Contender::new(format!("sim, ideal poll by poll, {name}"), tasks, sim(Weather::Ideal, true)));
        contenders.push(Contender::new(format!("sim, lossy, {name}"), tasks, sim(Weather::Lossy, false)));
        contenders.push(Contender::new(format!("sim, full, {name}"), tasks, sim(Weather::Full, false)));
        contenders.push(Contender::new(format!("vectorised floor, lossy, {name}"), tasks, move || {
            wide(world, schedule, tasks)
        }));
        ratios.extend([
            (at + 4, at, None),
            (at + 5, at + 1, Some(LOSSY)),
            (at + 5, at + 2, None),
            (at + 5, at + 7, None),
            (at + 6, at + 1, Some(FULL)),
        ]);
    }
    // The closed form is of the adaptive schedule.
    ratios.extend([(5, 0, Some(CLOSED)), (5, 1, None)]);
    let of_cell = rules(tasks);
    ratios.push((5, contenders.len(), None));
    contenders.push(Contender::new("floor, ideal, closed form, summed up, adaptive", tasks, move || {
        world.closed_and_measured(tasks, &of_cell)
    }));
    // So is the workload of the peers, whose packages have the targets.
    for (mut peer, target) in peers.into_iter().zip([Some(NUMPY), None]) {
        ratios.push((7, contenders.len(), target));
        contenders.push(Contender::new(peer.name.clone(), tasks, move || peer.wait_for(tasks)));
    }
    Section { title: "independent tasks", unit: MILLIONS, by: By::Rate, contenders, ratios }
}

/// Long enough that starting threads does not matter.
fn threads(tasks: u64) -> Section<'static> {
    let of = |(name, threads)| {
        let scenario = scenario(&[Schedule::Adaptive], Weather::Lossy, tasks, 0.5);
        Contender::new(name, tasks, move || simulate(&scenario, Options { threads, ..alone() }))
    };
    let contenders = [("one thread", 1), ("two threads", 2)].map(of).into();
    Section {
        title: "threads, lossy, adaptive",
        unit: MILLIONS,
        by: By::Rate,
        contenders,
        ratios: vec![(1, 0, Some(THREADS))],
    }
}

fn queue(world: &Arc<World>, tasks: u64) -> Section<'_> {
    let (mut contenders, mut ratios) = (Vec::new(), Vec::new());
    for schedule in Schedule::BOTH {
        let (name, at) = (schedule.name(), contenders.len());
        let scenario = scenario(&[schedule], Weather::Lossy, tasks, THOUSAND);
        contenders
            .push(Contender::new(format!("floor, heap, {name}"), tasks, move || world.heap(schedule, tasks, THOUSAND)));
        contenders.push(Contender::new(format!("sim, event queue, {name}"), tasks, move || {
            simulate(&scenario, Options { force_queue: true, ..alone() })
        }));
        ratios.push((at + 1, at, Some(QUEUE)));
    }
    let few = tasks / 8;
    contenders.push(Contender::new("tokio's paused clock, one task each, adaptive", few, move || {
        paused(world, few, THOUSAND)
    }));
    let lossy = scenario(&[Schedule::Adaptive], Weather::Lossy, tasks, 0.5);
    contenders.push(Contender::new("sim, lossy, adaptive", tasks, move || simulate(&lossy, alone())));
    ratios.push((5, 4, Some(TOKIO)));
    Section { title: "a thousand tasks in flight, lossy", unit: MILLIONS, by: By::Rate, contenders, ratios }
}
