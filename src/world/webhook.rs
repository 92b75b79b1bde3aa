//! Webhook deliveries: when the client is told without asking, and how often.
//!
//! The sender pushes at the done-instant. What the receiver does not take it sends again after 30 s, 2 min and 10 min, and
//! then gives up (`apixo-api.md` §6). All of it is known at the task's end, so the sender has a plan.

use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::fault::{DeliveryEffect, FaultRules, Route};
use crate::world::network::Network;
use crate::world::strike::RouteFaults;
use crate::world::weather::Weather;
use std::sync::Arc;

/// How long a receiver may take.
pub const PATIENCE: Micros = Micros::from_secs(30);
/// Pauses before the second, third and fourth attempt, counted from the failure before.
pub const PAUSES: [Micros; 3] = [Micros::from_secs(30), Micros::from_secs(120), Micros::from_secs(600)];

/// Most deliveries of a task: all attempts, the last of them twice.
const MOST: usize = PAUSES.len() + 2;

/// What becomes of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryOutcome {
    /// The client's code gets it.
    Taken,
    /// The same, but the sender does not hear so in time.
    Slow,
    /// The sender takes it for done, and the client's code never gets it.
    Swallowed,
    /// It is no JSON, and nobody takes it.
    Garbled,
    /// It tells of a task that nobody knows.
    Astray,
    /// Nobody listens.
    Refused,
    /// The receiver answers with HTTP 500 and does not take it.
    Failed,
}

/// One delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Instant at which it is there.
    pub at: Micros,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// What becomes of it.
    pub outcome: DeliveryOutcome,
    /// Rule that struck.
    pub fault: Option<usize>,
}

/// The deliveries of one task's webhook, in the order in which they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliveries {
    plan: [Delivery; MOST],
    count: usize,
}

impl Deliveries {
    /// No delivery ever.
    pub const NONE: Self = Self {
        plan: [Delivery { at: Micros::NEVER, attempt: 0, outcome: DeliveryOutcome::Taken, fault: None }; MOST],
        count: 0,
    };

    fn push(&mut self, delivery: Delivery) {
        if let Some(place) = self.plan.get_mut(self.count) {
            *place = delivery;
            self.count += 1;
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Delivery> {
        self.plan[..self.count].iter()
    }

    /// When the client's code gets one.
    fn taken(&self) -> impl Iterator<Item = Micros> {
        self.iter()
            .filter(|delivery| matches!(delivery.outcome, DeliveryOutcome::Taken | DeliveryOutcome::Slow))
            .map(|delivery| delivery.at)
    }

    /// Instant at which the client is told; [`Micros::NEVER`] where it never is.
    #[must_use]
    pub fn first(&self) -> Micros {
        self.taken().min().unwrap_or(Micros::NEVER)
    }

    /// How often it is told up to `end`.
    #[must_use]
    pub fn taken_by(&self, end: Micros) -> u32 {
        self.taken().filter(|at| *at <= end).count() as u32
    }
}

/// The way of a model's webhooks to the client.
#[derive(Debug, Clone)]
pub struct WebhookLink {
    network: Arc<Network>,
    rules: FaultRules,
    faults: RouteFaults,
}

impl WebhookLink {
    /// The way for `model`.
    #[must_use]
    pub fn new(network: &Arc<Network>, rules: &FaultRules, model: &str) -> Self {
        Self {
            network: Arc::clone(network),
            rules: rules.clone(),
            faults: RouteFaults::new(rules, Route::Webhook, model),
        }
    }

    /// The deliveries for a task that is done at `done`. A task that never ends has none.
    #[must_use]
    pub fn deliver(&self, done: Micros, keys: &Keys, task: u64, weather: &mut Weather) -> Deliveries {
        let mut deliveries = Deliveries::NONE;
        if done.is_never() {
            return deliveries;
        }
        let mut travel = keys.draws(Stream::WebhookNetwork, task);
        let latency = match &self.network.webhook_latency {
            Some(latency) => latency.sample(&mut travel),
            None => {
                let rtt = self.network.rtt.sample(&mut travel);
                rtt - self.network.up(rtt)
            }
        };
        let (mut fault_draws, mut detail) =
            (keys.draws(Stream::WebhookFault, task), keys.draws(Stream::FaultDetail, task));
        let mut sent = done;
        for attempt in 1.. {
            let fault_draw = self.faults.draw(None, &mut fault_draws);
            let down = self.faults.refusing_at(sent, weather);
            let fault = down.or_else(|| self.faults.striking(fault_draw, sent, None, weather));
            let delivery = Delivery { at: sent + latency, attempt, outcome: DeliveryOutcome::Taken, fault };
            let mut end = |at, outcome| {
                deliveries.push(Delivery { at, outcome, ..delivery });
                None
            };
            let failed = match fault.and_then(|rule| self.rules[rule].fault().on_delivery()) {
                None => end(delivery.at, DeliveryOutcome::Taken),
                Some(DeliveryEffect::Later(by)) => end(delivery.at + by.sample(&mut detail), DeliveryOutcome::Taken),
                Some(DeliveryEffect::Again(after)) => {
                    end(delivery.at, DeliveryOutcome::Taken);
                    end(delivery.at + after.sample(&mut detail), DeliveryOutcome::Taken)
                }
                Some(DeliveryEffect::Lost) => end(sent, DeliveryOutcome::Swallowed),
                Some(DeliveryEffect::WrongTask) => end(delivery.at, DeliveryOutcome::Astray),
                Some(DeliveryEffect::Malformed) => end(delivery.at, DeliveryOutcome::Garbled).or(Some(delivery.at)),
                Some(DeliveryEffect::Refused) => end(delivery.at, DeliveryOutcome::Refused).or(Some(delivery.at)),
                Some(DeliveryEffect::Failed) => end(delivery.at, DeliveryOutcome::Failed).or(Some(delivery.at)),
                Some(DeliveryEffect::Slow) => end(delivery.at, DeliveryOutcome::Slow).or(Some(delivery.at + PATIENCE)),
            };
            match failed.zip(PAUSES.get(attempt as usize - 1)) {
                Some((failed, pause)) => sent = failed + *pause,
                None => break,
            }
        }
        deliveries
    }
}
