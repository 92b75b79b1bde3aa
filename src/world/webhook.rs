//! Webhook deliveries: when the client is told without asking, and how often.
//!
//! The sender pushes once, at the done-instant, and takes an accepted delivery for done (`apixo-api.md` §6). Faults of
//! the receiver, which make the sender try again, are not part of this version's list.

use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::exchange::RouteFaults;
use crate::world::fault::{DeliveryEffect, FaultRules, Route};
use crate::world::network::Network;
use crate::world::weather::Weather;
use std::sync::Arc;

/// What reaches the client of one task's webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliveries {
    /// Instant of the first delivery; [`Micros::NEVER`] where none comes.
    pub first: Micros,
    /// Instant of a second delivery; [`Micros::NEVER`] where none comes.
    pub again: Micros,
    /// Rule that struck.
    pub fault: Option<usize>,
}

impl Deliveries {
    /// No delivery ever.
    pub const NONE: Self = Self { first: Micros::NEVER, again: Micros::NEVER, fault: None };
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
        if done.is_never() {
            return Deliveries::NONE;
        }
        let mut travel = keys.draws(Stream::WebhookNetwork, task);
        let latency = match &self.network.webhook_latency {
            Some(law) => law.sample(&mut travel),
            None => {
                let rtt = self.network.rtt.sample(&mut travel);
                rtt - self.network.up(rtt)
            }
        };
        let on_time = done + latency;
        let lot = self.faults.draw(&mut keys.draws(Stream::WebhookFault, task));
        let told = Deliveries { first: on_time, ..Deliveries::NONE };
        let fault = self.faults.striking(lot, done, weather);
        let mut detail = keys.draws(Stream::FaultDetail, task);
        match fault.map_or(DeliveryEffect::Truth, |rule| self.rules[rule].fault().on_delivery()) {
            DeliveryEffect::Lost => Deliveries { fault, ..Deliveries::NONE },
            DeliveryEffect::Later(by) => Deliveries { first: on_time + by.sample(&mut detail), fault, ..told },
            DeliveryEffect::Again(after) => Deliveries { again: on_time + after.sample(&mut detail), fault, ..told },
            DeliveryEffect::Truth => told,
        }
    }
}
