//! What the mock costs: CPU of a request beside a bare axum application, and memory of a live task.
//!
//! `cargo bench --bench server [-- FILTER]`; with `-- --write` the tables go into `PERFORMANCE.md`. Every server has one
//! thread, and another one asks all of them in turn, so rates are those of both together; look at CPU. It and memory are
//! read from `/proc`, so elsewhere than on Linux only rates are measured.

mod bare;
mod load;
#[path = "../support/mod.rs"]
mod support;
mod worlds;

use pollbench::server::Server;
use std::net::SocketAddr;
use support::arguments::Arguments;
use support::hosted::{Hosted, calm, ids, mock, runtime, submit};
use support::page::{self, Figures, Target};
use support::process::{Load, bytes_each, cpu_of, is_child};
use support::timing::{By, Contender, Section};

/// The targets.
const CALM: Target = Target::AtMost(1.15);
const IDLE: Target = Target::AtMost(1.4);
const MEMORY: Target = Target::AtMost(200.0);

const MEMORY_TITLE: &str = "memory";
const REQUESTS: (&str, f64) = ("thousand requests", 1e3);

const LIVE_TASK: Load = Load { name: "live task", make: live_tasks };

/// How much is done.
struct Size {
    rounds: usize,
    /// Requests of one contender in one round.
    requests: usize,
    /// Tasks in the tables that are asked.
    table: usize,
    live: usize,
}

fn main() {
    let arguments = Arguments::read();
    if is_child(&arguments, &[LIVE_TASK]) {
        return;
    }
    let size = if arguments.is_timed() {
        Size { rounds: 15, requests: 64_000, table: 100_000, live: 1_000_000 }
    } else {
        Size { rounds: 0, requests: 320, table: 1_000, live: 2_000 }
    };
    let filter = arguments.filter();
    let mut report = String::new();
    let hosts = Hosts::new(&size);
    for mut section in [status(&hosts, &size), submits(&hosts, &size)] {
        section.measure(size.rounds, filter);
        page::show(&mut report, &section.tables());
    }
    assert_eq!(hosts.rules.fired().iter().sum::<u64>(), 0, "rules that never strike: {:?}", hosts.rules.fired());
    if arguments.runs(MEMORY_TITLE, &[]) {
        let name = format!("live task, of {} (with the journal's share)", page::grouped(size.live));
        let figure = bytes_each(LIVE_TASK.name, size.live);
        let memory = Figures { title: MEMORY_TITLE, unit: "bytes", rows: vec![(name, figure, Some(MEMORY))] };
        page::show(&mut report, &memory.table());
    }
    page::write(&arguments, "server", &report);
}

/// Servers with the same tasks.
struct Hosts {
    ids: Vec<String>,
    bare: Hosted,
    calm: Hosted,
    idle: Hosted,
    struck: Hosted,
    /// The server whose rules must not strike.
    rules: Server,
}

impl Hosts {
    fn new(size: &Size) -> Self {
        // Tasks that are handed in later have room, too.
        let room = size.table + (size.rounds + 1) * size.requests;
        let [calm, rules, struck] = [calm(), worlds::idle(), worlds::struck()].map(|world| mock(world, room));
        // Ids depend on the number of tasks before, so all mocks give the same.
        let [ids, known, _] = [&calm, &rules, &struck].map(|server| ids(server, size.table));
        Self {
            ids,
            bare: Hosted::new("bare", move |listener| bare::serve(listener, known, room)),
            calm: Hosted::mock("calm", calm),
            idle: Hosted::mock("idle", rules.clone()),
            struck: Hosted::mock("struck", struck),
            rules,
        }
    }
}

fn status<'a>(hosts: &'a Hosts, size: &Size) -> Section<'a> {
    let requests = size.requests;
    let contender = |name: &str, host: &Hosted, thread: &'static str, expected: &'static [&'static str]| {
        let (driver, address) = (runtime(), host.address);
        let run = move || driver.block_on(load::ask(address, &hosts.ids, requests, expected)).expect("good answers");
        Contender::new(name, requests as u64, run).with_cpu(move || cpu_of(thread))
    };
    let fine = &["HTTP/1.1 200"];
    let contenders = vec![
        contender("bare axum, typed body", &hosts.bare, "bare", fine),
        contender("mock", &hosts.calm, "calm", fine),
        contender("mock, 20 rules that never strike", &hosts.idle, "idle", fine),
        contender("mock, one request in ten is struck", &hosts.struck, "struck", &["HTTP/1.1 200", "HTTP/1.1 503"]),
    ];
    let ratios = vec![(1, 0, Some(CALM)), (2, 0, Some(IDLE)), (2, 1, Some(IDLE)), (3, 1, None)];
    Section { title: "status requests", unit: REQUESTS, by: By::Cpu, contenders, ratios }
}

fn submits<'a>(hosts: &'a Hosts, size: &Size) -> Section<'a> {
    let requests = size.requests;
    let contender = |name: &str, address: SocketAddr, thread: &'static str| {
        let driver = runtime();
        let run = move || driver.block_on(load::submit(address, requests)).expect("good answers");
        Contender::new(name, requests as u64, run).with_cpu(move || cpu_of(thread))
    };
    let contenders = vec![
        contender("bare axum, submit", hosts.bare.address, "bare"),
        contender("mock, submit", hosts.calm.address, "calm"),
    ];
    Section { title: "submits", unit: REQUESTS, by: By::Cpu, contenders, ratios: vec![(1, 0, None)] }
}

/// Tasks that nobody has asked for yet. The first ones fill what comes once, such as the runtime.
fn live_tasks(tasks: usize, weigh: &mut dyn FnMut()) {
    const BEFORE: usize = 1_000;
    let server = mock(calm(), BEFORE + tasks);
    submit(&server, BEFORE, |_| {});
    weigh();
    submit(&server, tasks, |_| {});
    weigh();
}
