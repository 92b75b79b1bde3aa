//! What the client costs: memory of a wait, lateness of its timers, and CPU of a poll beside a bare hyper client.
//!
//! `cargo bench --bench client [-- FILTER]`; with `-- --write` the tables go into `PERFORMANCE.md`. Memory and CPU are
//! read from `/proc`, so elsewhere than on Linux only rates and timers are measured.

mod memory;
mod polls;
mod slack;
#[path = "../support/mod.rs"]
mod support;

use support::arguments::Arguments;
use support::page;
use support::process::is_child;

/// How much is done.
struct Size {
    rounds: usize,
    /// Polls of one contender in one round.
    polls: usize,
    /// Waits that are weighed in a set, and in tasks of their own.
    waits: [usize; 2],
    /// Waits whose timers are looked at.
    timed: usize,
    /// Rounds in which all of them poll.
    looks: u64,
}

fn main() {
    let arguments = Arguments::read();
    if is_child(&arguments, &memory::LOADS) {
        return;
    }
    let size = if arguments.is_timed() {
        Size { rounds: 15, polls: 32_000, waits: [1_000_000, 100_000], timed: 10_000, looks: 5 }
    } else {
        Size { rounds: 0, polls: 320, waits: [2_000, 1_000], timed: 100, looks: 1 }
    };
    let mut report = String::new();
    if arguments.runs(memory::TITLE, &[]) {
        page::show(&mut report, &memory::weigh(&size).table());
    }
    if arguments.runs(slack::TITLE, &[]) {
        page::show(&mut report, &slack::measure(&size).table());
    }
    if arguments.runs(polls::TITLE, &polls::CONTENDERS) {
        let hosts = polls::Hosts::new();
        let mut section = polls::section(&hosts, &size);
        section.measure(size.rounds, arguments.filter());
        page::show(&mut report, &section.tables());
    }
    page::write(&arguments, "client", &report);
}
