//! How late polls are sent: thousands of waits of one set, on one thread, with their server on another.

use crate::Size;
use crate::support::hosted::{Hosted, MODEL, calm, ids, mock, runtime};
use crate::support::page::{Figures, grouped};
use pollbench::client::{Client, Event, TaskSet};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Schedule;
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use std::time::Duration;

pub(crate) const TITLE: &str = "timers: from due to sent";

/// Each wait polls so often.
const INTERVAL: Micros = Micros::from_secs(3);

pub(crate) fn measure(size: &Size) -> Figures {
    let pollers = size.timed as u64;
    let server = mock(calm(), size.timed);
    let ids = ids(&server, size.timed);
    let host = Hosted::mock("server", server);
    let mut strategy = preset("basic-hardened").expect("a shipped preset");
    // A short run has fewer waits at the same rate.
    let interval = Micros::new(INTERVAL.get() * pollers / 10_000);
    strategy.pace.schedule = Schedule::fixed(Micros::ZERO, interval).expect("an interval");
    let (mut due, mut late) = (vec![Micros::ZERO; size.timed], Vec::new());
    runtime().block_on(async {
        let client = Client::builder(&format!("http://{}", host.address), "k").clock(Clock::wall()).build();
        let client = client.expect("a valid URL");
        let mut set = TaskSet::new(&client, &strategy, None).on_event(|key, event| match event {
            Event::Due { at } => due[key as usize] = *at,
            // The first interval, in which waits and connections begin, does not count.
            Event::Sent { at, .. } if due[key as usize] > interval => {
                late.push((*at - due[key as usize]).as_millis());
            }
            _ => {}
        });
        // Spread over the interval, as arrivals are.
        for (number, id) in (0..).zip(&ids) {
            set.push(MODEL, id).await;
            let next = Micros::new(interval.get() * number / pollers);
            while client.clock().now() < next {
                let _ = tokio::time::timeout(Duration::from_millis(1), set.next()).await;
            }
        }
        let rest = Duration::from_micros(interval.get() * size.looks);
        // Nobody finishes meanwhile.
        let _ = tokio::time::timeout(rest, set.next()).await;
    });
    late.sort_by(f64::total_cmp);
    let at = |level: f64| late.get(((late.len().max(1) - 1) as f64 * level) as usize).copied();
    let row = |name: &str, level| {
        (format!("{name} of {} polls, {} waits", grouped(late.len()), grouped(size.timed)), at(level), None)
    };
    let rows = vec![row("median", 0.5), row("99th percentile", 0.99), row("longest", 1.0)];
    Figures { title: TITLE, unit: "ms", rows }
}
