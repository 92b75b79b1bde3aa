//! The weather of a case, for trials without a server: what a request meets by when it comes, exactly as the mock plays it.

use super::case::{Case, MODEL};
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::exchange::Link;
use crate::world::fault::{Effect, FaultRules, Kind, Route, Timescale};
use crate::world::model::Probability;
use crate::world::network::Network;
use crate::world::strike::Buckets;
use crate::world::weather::Weather;
use std::sync::Arc;

/// The network of a case.
pub(super) fn network(case: &Case) -> Network {
    let half = Probability::new(0.5).unwrap_or_default();
    Network { rtt: Distribution::constant(case.rtt()), up_share: half, webhook_latency: None }
}

/// The weather of one trial.
#[derive(Debug)]
pub(super) struct CaseWeather {
    rules: FaultRules,
    link: Link,
    weather: Weather,
    buckets: Buckets,
    travel: Draws,
    fault_draws: Draws,
}

/// A request in its weather.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// When it reaches the server.
    pub(super) arrival: Micros,
    /// When its answer would be back.
    pub(super) back: Micros,
    /// What strikes it.
    pub(super) struck: Option<(Kind, Effect)>,
    /// Whether that keeps it from the server.
    pub(super) is_refused: bool,
}

impl Passed {
    /// A request that no weather strikes.
    pub(super) fn calm(case: &Case, sent: Micros) -> Self {
        Self { arrival: sent + case.up(), back: sent + case.rtt(), struck: None, is_refused: false }
    }
}

impl CaseWeather {
    /// The weather of a case; `None` where it has none.
    pub(super) fn of(case: &Case) -> Option<Self> {
        let rules = case.weather().clone();
        if rules.is_empty() {
            return None;
        }
        let keys = Keys::new(0, 0, MODEL);
        let link = Link::new(&Arc::new(network(case)), &rules, Route::Status, MODEL);
        let (weather, buckets) = (Weather::new(&rules, 0, 0), Buckets::new(&rules));
        let (travel, fault_draws) = (keys.draws(Stream::StatusNetwork, 0), keys.draws(Stream::StatusFault, 0));
        Some(Self { rules, link, weather, buckets, travel, fault_draws })
    }

    /// What a request meets that is sent at `sent`, later than those before it.
    pub(super) fn pass(&mut self, sent: Micros) -> Passed {
        let departure = self.link.depart(sent, &mut self.travel, &mut self.fault_draws, &mut self.weather);
        let struck = self.link.striking(&departure, None, &mut self.weather);
        let buckets = Some(&mut self.buckets);
        let met = self.link.meet(&departure, struck, &mut self.weather, buckets, Timescale::SCENARIO);
        let kind = |rule: usize| self.rules[rule].kind();
        let slowed = met.by.map(|rule| (kind(rule), Effect::Truth));
        let struck = met.struck.map(|(rule, effect)| (kind(rule), effect)).or(slowed);
        Passed { arrival: departure.arrival, back: met.back, struck, is_refused: departure.refused.is_some() }
    }
}
