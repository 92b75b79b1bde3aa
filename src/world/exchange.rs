//! What becomes of one request: how long it travels, which fault strikes it, what comes back.
//!
//! A request *departs* (its draws are taken) and *arrives* (the truth is read). The two are apart because requests that
//! share a token bucket must arrive in the order of time; where nothing is shared, one follows the other at once.

use crate::api::reply::{Failure, Reply};
use crate::time::Micros;
use crate::world::draws::Draws;
use crate::world::fault::{Effect, FaultRule, FaultRules, Pace, Route, Striking};
use crate::world::model::Probability;
use crate::world::network::Network;
use crate::world::rate_limit::Gcra;
use crate::world::truth::Truth;
use crate::world::weather::Weather;
use std::sync::Arc;

/// The draws that decide which fault strikes a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lot {
    /// The uniform's 53 bits, cut into disjoint shares by the rules.
    share: u64,
    /// Against the loss probability of bursts.
    burst: f64,
}

impl Lot {
    /// Below no share and no loss probability: nothing strikes.
    const SPARED: Self = Self { share: u64::MAX, burst: 1.0 };
}

/// The least bits of a uniform that is not below `end`: what lies below is below in either form.
fn bits(end: f64) -> u64 {
    (end * (1_u64 << Draws::BITS) as f64).ceil() as u64
}

/// The rules that can strike one route of one model, ready for use.
#[derive(Debug, Clone)]
pub struct RouteFaults {
    rules: FaultRules,
    /// Rules that refuse connections.
    refusing: Vec<usize>,
    /// Rules of bursts.
    bursts: Vec<usize>,
    /// Whether any of them is drawn for.
    bursts_draw: bool,
    /// Shares of the uniform's bits, with their rules.
    shares: Vec<(u64, u64, usize)>,
    /// End of the last share.
    total: u64,
    /// Rules with a token bucket.
    limits: Vec<usize>,
}

impl RouteFaults {
    /// The rules among `rules` that apply to `route` of `model`.
    #[must_use]
    pub fn new(rules: &FaultRules, route: Route, model: &str) -> Self {
        let with = |wanted: Striking| -> Vec<usize> {
            let strikes = |rule: &FaultRule| rule.covers(route, model) && rule.kind().striking() == wanted;
            rules.iter().enumerate().filter(|(_, rule)| strikes(rule)).map(|(at, _)| at).collect()
        };
        let bursts = with(Striking::Bursts);
        let shares: Vec<_> = rules
            .shares(route, model)
            .into_iter()
            .enumerate()
            .filter_map(|(at, share)| share.map(|(from, to)| (bits(from), bits(to), at)))
            .collect();
        Self {
            rules: rules.clone(),
            refusing: with(Striking::Window),
            bursts_draw: bursts.iter().any(|&at| rules[at].probability() < Probability::ONE),
            bursts,
            total: shares.iter().map(|share| share.1).max().unwrap_or(0),
            shares,
            limits: with(Striking::Limit),
        }
    }

    /// Whether no rule applies.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.refusing.is_empty() && self.bursts.is_empty() && self.shares.is_empty() && self.limits.is_empty()
    }

    /// Whether a token bucket stands before this route.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.limits.is_empty()
    }

    /// The rule that refuses a connection made at `now`.
    #[inline]
    pub fn refusing_at(&self, now: Micros, weather: &mut Weather) -> Option<usize> {
        if self.refusing.is_empty() { None } else { self.refuse(now, weather) }
    }

    #[inline(never)]
    fn refuse(&self, now: Micros, weather: &mut Weather) -> Option<usize> {
        self.refusing.iter().copied().find(|&rule| weather.is_active(rule, now))
    }

    /// Takes the draws of a request; how many depends on the scenario only.
    #[inline]
    pub fn draw(&self, draws: &mut Draws) -> Lot {
        let share = if self.total > 0 { draws.uniform_bits() } else { u64::MAX };
        let burst = if self.bursts_draw { draws.uniform() } else { 0.0 };
        Lot { share, burst }
    }

    /// The rule that strikes a request that reaches the server at `now`, token buckets aside.
    #[inline]
    pub fn striking(&self, lot: Lot, now: Micros, weather: &mut Weather) -> Option<usize> {
        if self.bursts.is_empty() && lot.share >= self.total { None } else { self.strike(lot, now, weather) }
    }

    #[inline(never)]
    fn strike(&self, lot: Lot, now: Micros, weather: &mut Weather) -> Option<usize> {
        for &rule in &self.bursts {
            if lot.burst < self.rules[rule].probability().get() && weather.is_active(rule, now) {
                return Some(rule);
            }
        }
        if lot.share >= self.total {
            return None;
        }
        let cut = self.shares.iter().filter(|(from, to, _)| (*from..*to).contains(&lot.share));
        cut.map(|&(_, _, rule)| rule).find(|&rule| weather.is_active(rule, now))
    }
}

/// The token buckets of one route, by rule.
#[derive(Debug, Clone)]
pub struct Buckets {
    by_rule: Vec<Option<Gcra>>,
}

impl Buckets {
    /// Full buckets for all rules that have one.
    #[must_use]
    pub fn new(rules: &[FaultRule]) -> Self {
        let bucket = |rule: &FaultRule| rule.fault().bucket().map(Gcra::new);
        Self { by_rule: rules.iter().map(bucket).collect() }
    }

    /// Takes a token of every active rule in `faults`: the rule that refuses, and when a token will be there.
    pub fn take(&mut self, faults: &RouteFaults, now: Micros, weather: &mut Weather) -> Option<(usize, Micros)> {
        faults.limits.iter().find_map(|&rule| {
            let bucket = self.by_rule[rule].as_mut().filter(|_| weather.is_active(rule, now))?;
            bucket.take(now).err().map(|not_before| (rule, not_before))
        })
    }
}

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Departure {
    /// Instant it was sent.
    pub sent: Micros,
    /// Instant it reaches the server.
    pub arrival: Micros,
    /// Instant its answer would be back.
    pub back: Micros,
    /// Rule that refused the connection.
    pub refused: Option<usize>,
    lot: Lot,
}

impl Departure {
    /// What becomes of a status request that nothing strikes.
    #[inline(always)]
    pub fn answered<'s>(&self, truth: &Truth, failure: &'s Failure) -> Exchange<'s> {
        let reply = Reply::state(truth.state_at(self.arrival, failure));
        Exchange { replied: self.back, reply, fault: None }
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exchange<'s> {
    /// Instant the reply is there; [`Micros::NEVER`] where none comes.
    pub replied: Micros,
    /// The reply.
    pub reply: Reply<'s>,
    /// Rule that struck.
    pub fault: Option<usize>,
}

/// One route between a client and a model: network and faults.
#[derive(Debug, Clone)]
pub struct Link {
    network: Arc<Network>,
    /// The round trip and its way up, where they are always the same and nothing can go wrong.
    calm: Option<(Micros, Micros)>,
    /// Whether requests have draws, are half-way when they arrive, and can be struck, token buckets aside, by shares of the
    /// uniform only.
    is_plain: bool,
    /// The rules that can strike it.
    pub faults: RouteFaults,
}

impl Link {
    /// The link for `route` of `model`.
    #[must_use]
    pub fn new(network: &Arc<Network>, rules: &FaultRules, route: Route, model: &str) -> Self {
        let faults = RouteFaults::new(rules, route, model);
        let calm = network.rtt.is_constant().filter(|_| faults.is_calm()).map(|rtt| (rtt, network.up(rtt)));
        let is_even = network.up_share.get() == 0.5;
        let is_plain = calm.is_none() && is_even && faults.refusing.is_empty() && faults.bursts.is_empty();
        Self { network: Arc::clone(network), calm, is_plain, faults }
    }

    /// The round trip and its way up if they are always the same and nothing can go wrong.
    #[must_use]
    #[inline]
    pub fn calm_round_trip(&self) -> Option<(Micros, Micros)> {
        self.calm
    }

    /// Sends a request at `sent`. It takes its draws whether or not its connection is refused: that, too, is known after a
    /// round trip.
    #[inline(always)]
    pub fn depart(&self, sent: Micros, travel: &mut Draws, lots: &mut Draws, weather: &mut Weather) -> Departure {
        if let Some((rtt, up)) = self.calm {
            return Departure { sent, arrival: sent + up, back: sent + rtt, refused: None, lot: Lot::SPARED };
        }
        let rtt = self.network.rtt.sample(travel);
        let lot = self.faults.draw(lots);
        let refused = self.faults.refusing_at(sent, weather);
        Departure { sent, arrival: sent + self.network.up(rtt), back: sent + rtt, refused, lot }
    }

    /// Sends a request at `sent`; also the rule that strikes it, token buckets aside.
    #[inline(always)]
    pub fn travel(
        &self,
        sent: Micros,
        travel: &mut Draws,
        lots: &mut Draws,
        weather: &mut Weather,
    ) -> (Departure, Option<usize>) {
        if self.is_plain {
            // What nearly every request needs, and nothing else.
            let rtt = self.network.rtt.sample(travel);
            let lot = self.faults.draw(lots);
            let (arrival, back) = (sent + Micros::new(rtt.get() / 2), sent + rtt);
            let struck = if lot.share < self.faults.total { self.faults.strike(lot, arrival, weather) } else { None };
            return (Departure { sent, arrival, back, refused: None, lot }, struck);
        }
        let departure = self.depart(sent, travel, lots, weather);
        (departure, self.striking(&departure, weather))
    }

    /// The rule that strikes a request, token buckets aside.
    #[inline(always)]
    pub fn striking(&self, departure: &Departure, weather: &mut Weather) -> Option<usize> {
        match departure.refused {
            None => self.faults.striking(departure.lot, departure.arrival, weather),
            refused => refused,
        }
    }

    /// Lets a status request arrive and read `truth`. `buckets` must see arrivals in the order of time.
    pub fn arrive<'s>(
        &self,
        departure: &Departure,
        truth: &Truth,
        failure: &'s Failure,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
    ) -> Exchange<'s> {
        let Departure { arrival, back, .. } = *departure;
        match self.meet(departure, weather, buckets, Pace::SCENARIO) {
            None => departure.answered(truth, failure),
            Some((rule, effect)) => {
                let reply = effect.reply(truth.state_at(arrival, failure), back, Pace::SCENARIO);
                Exchange { replied: effect.heard(back), reply, fault: Some(rule) }
            }
        }
    }

    /// The rule that strikes a request, token buckets included, and what it does to it. Each arrival asks once, in the
    /// order of time, because it takes its tokens.
    #[inline]
    pub fn meet(
        &self,
        departure: &Departure,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
        pace: Pace,
    ) -> Option<(usize, Effect)> {
        let struck = self.striking(departure, weather);
        let (rule, free) = match self.limited(struck, departure.arrival, weather, buckets) {
            Some((rule, free)) => (rule, Some(free)),
            None => (struck?, None),
        };
        Some((rule, self.faults.rules[rule].fault().on_request(departure.arrival, free, pace)))
    }

    /// The token bucket that refuses a request, and when it would let it through. What `struck` at the connection never
    /// gets as far as a bucket.
    #[inline]
    fn limited(
        &self,
        struck: Option<usize>,
        arrival: Micros,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
    ) -> Option<(usize, Micros)> {
        let buckets = buckets?;
        if struck.is_some_and(|rule| self.faults.rules[rule].fault().is_before_limits()) {
            return None;
        }
        buckets.take(&self.faults, arrival, weather)
    }

    /// Lets a submit arrive: when the client hears of it, whether it got an id, and whether the task exists.
    #[inline]
    pub fn arrive_submit(
        &self,
        departure: &Departure,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
        pace: Pace,
    ) -> Submission {
        match self.meet(departure, weather, buckets, pace) {
            None => Submission { heard: departure.back, exists: true, struck: None },
            Some((rule, effect)) => Submission {
                heard: effect.heard(departure.back),
                exists: self.faults.rules[rule].leaves_task(),
                struck: Some((rule, effect)),
            },
        }
    }
}

/// What became of a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submission {
    /// Instant the answer is there; [`Micros::NEVER`] where none comes.
    pub heard: Micros,
    /// The task exists.
    pub exists: bool,
    /// Rule that struck, and what it did.
    pub struck: Option<(usize, Effect)>,
}

impl Submission {
    /// The client got an id.
    #[must_use]
    #[inline]
    pub fn is_accepted(&self) -> bool {
        self.struck.is_none()
    }

    /// Rule that struck.
    #[must_use]
    #[inline]
    pub fn fault(&self) -> Option<usize> {
        self.struck.map(|(rule, _)| rule)
    }
}
