//! Connections that nobody hears. While an outage closes the port, sockets of one machine refuse at once and the server
//! never knows: here the harness plays the round trip that a refusal takes, and counts what it struck.

use crate::client::Refusals;
use crate::net::clock::Clock;
use crate::scenario::Scenario;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::weather::Weather;
use std::sync::{Arc, Mutex, PoisonError};

/// What was refused in one world.
#[derive(Debug, Clone)]
pub(super) struct Unheard(Arc<Mutex<Ledger>>);

#[derive(Debug)]
struct Ledger {
    weather: Weather,
    /// Round trips. The server has the keyed ones, and does not know that a request of a task was lost before it.
    travel: Draws,
    /// By rule.
    struck: Vec<u64>,
}

impl Unheard {
    pub(super) fn new(scenario: &Scenario, replicate: u32) -> Self {
        Self(Arc::new(Mutex::new(Ledger {
            weather: Weather::new(&scenario.faults, scenario.seed, replicate),
            travel: Keys::new(scenario.seed, replicate, "refusals").draws(Stream::StatusNetwork, 0),
            struck: vec![0; scenario.faults.len()],
        })))
    }

    /// For the client: counts a refusal, and says when it is known.
    pub(super) fn refusals(&self, scenario: &Scenario, clock: Clock) -> Refusals {
        let (ledger, faults, network) = (self.clone(), scenario.faults.clone(), Arc::clone(&scenario.network));
        Refusals(Arc::new(move |sent| {
            let ledger = &mut *ledger.0.lock().unwrap_or_else(PoisonError::into_inner);
            // At the edge of a window, which the request may have crossed on its way.
            let instants = [sent, clock.now()];
            let mut closed = faults.iter().enumerate().filter(|(_, rule)| rule.closes_the_port());
            if let Some((rule, _)) =
                closed.find(|(rule, _)| instants.iter().any(|at| ledger.weather.is_active(*rule, *at)))
            {
                ledger.struck[rule] += 1;
            }
            sent + network.rtt.sample(&mut ledger.travel)
        }))
    }

    /// How many requests each rule struck so.
    pub(super) fn struck(&self) -> Vec<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).struck.clone()
    }
}
