//! One model while the server runs: its links, its tasks' numbers and draws, what waits for them.

use crate::api::reply::Failure;
use crate::server::created::Ledger;
use crate::server::settings::World;
use crate::server::stub::Stub;
use crate::server::workers::Workers;
use crate::world::draws::{Draws, Keys};
use crate::world::exchange::Link;
use crate::world::fault::Route;
use crate::world::model::Model;
use crate::world::webhook::WebhookLink;
use std::collections::{BTreeMap, VecDeque};

/// What a task that fails without a distribution of failure says; never seen.
const NO_FAILURE: &Failure = &Failure { code: String::new(), message: String::new() };

pub(super) struct ModelState {
    pub(super) model: Model,
    pub(super) keys: Keys,
    pub(super) submit: Link,
    pub(super) status: Link,
    pub(super) webhook: WebhookLink,
    pub(super) next: u64,
    pub(super) workers: Option<Workers>,
    pub(super) created: Ledger,
    /// Draws of keyed submits that may be sent again.
    pub(super) attempts: BTreeMap<u64, (Draws, Draws)>,
    pub(super) stubs: VecDeque<Stub>,
}

impl ModelState {
    /// The number of the next task that nobody numbers.
    pub(super) fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// The number of a task that somebody numbers: later ones that nobody numbers come after it.
    pub(super) fn number_is(&mut self, number: u64) -> u64 {
        self.next = self.next.max(number.saturating_add(1));
        number
    }

    pub(super) fn new(world: &World, model: &Model) -> Self {
        let (submit, status, webhook) = links(world, &model.name);
        Self {
            keys: Keys::new(world.seed, world.replicate, &model.name),
            submit,
            status,
            webhook,
            next: 0,
            workers: model.workers.map(Workers::new),
            created: Ledger::default(),
            attempts: BTreeMap::new(),
            stubs: VecDeque::new(),
            model: model.clone(),
        }
    }
}

pub(super) fn links(world: &World, model: &str) -> (Link, Link, WebhookLink) {
    let link = |route| Link::new(&world.network, &world.faults, route, model);
    (link(Route::Submit), link(Route::Status), WebhookLink::new(&world.network, &world.faults, model))
}

pub(super) fn failure_of<'a>(stub: Option<&'a Stub>, model: &'a Model) -> &'a Failure {
    match (stub, model.fates.failure()) {
        (Some(stub), _) => stub.failure.as_ref().unwrap_or(NO_FAILURE),
        (None, Some(failure)) => &failure.failure,
        (None, None) => NO_FAILURE,
    }
}
