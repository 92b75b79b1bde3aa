//! Memory of waits between polls, when they have no connection.

use crate::Size;
use crate::support::hosted::{MODEL, runtime};
use crate::support::page::{Figures, Target, grouped};
use crate::support::process::{Load, bytes_each};
use pollbench::client::{Client, TaskSet};
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::presets::preset;
use std::sync::Arc;

pub(crate) const TITLE: &str = "memory";

/// The target.
const IN_A_SET: Target = Target::AtMost(208.0);

/// Waits that are there before anything is weighed.
const BEFORE: usize = 1_000;

pub(crate) const LOADS: [Load; 2] =
    [Load { name: "wait in a TaskSet", make: in_a_set }, Load { name: "wait in a task of tokio's", make: in_tasks }];

pub(crate) fn weigh(size: &Size) -> Figures {
    let row = |load: &Load, waits: usize, target| {
        (format!("{}, of {}, without its socket", load.name, grouped(waits)), bytes_each(load.name, waits), target)
    };
    let rows = vec![row(&LOADS[0], size.waits[0], Some(IN_A_SET)), row(&LOADS[1], size.waits[1], None)];
    Figures { title: TITLE, unit: "bytes", rows }
}

/// The first poll is due after a minute: nothing is sent, and nobody has to be there.
const STRATEGY: &str = "adaptive-hardened";

fn client() -> Client {
    Client::new("http://127.0.0.1:9", "k").expect("a valid URL")
}

fn strategy() -> Strategy {
    preset(STRATEGY).expect("a shipped preset")
}

fn id(number: usize) -> String {
    format!("task_{number:016x}")
}

fn in_a_set(parts: usize, weigh: &mut dyn FnMut()) {
    runtime().block_on(async {
        let (client, strategy) = (client(), strategy());
        let mut set = TaskSet::new(&client, &strategy, None);
        for number in 0..BEFORE + parts {
            if number == BEFORE {
                weigh();
            }
            set.push(MODEL, &id(number)).await;
        }
        weigh();
    });
}

fn in_tasks(parts: usize, weigh: &mut dyn FnMut()) {
    runtime().block_on(async {
        let (client, strategy) = (client(), Arc::new(strategy()));
        let start = async |from: usize, to: usize| {
            for number in from..to {
                tokio::spawn(client.task(MODEL, &id(number)).wait(Arc::clone(&strategy)).into_future());
            }
            // They run until they sleep.
            tokio::task::yield_now().await;
        };
        start(0, BEFORE).await;
        weigh();
        start(BEFORE, BEFORE + parts).await;
        weigh();
    });
}
