//! What becomes of one request: how long it travels, which fault strikes it, what comes back.
//!
//! A request *departs* (its draws are taken) and *arrives* (the truth is read). The two are apart because requests that
//! share a limit must arrive in the order of time; where nothing is shared, one follows the other at once.

use crate::api::reply::{Failure, Reply};
use crate::time::Micros;
#[cfg(feature = "engine")]
use crate::world::distribution::Batch;
use crate::world::draws::Draws;
use crate::world::fault::{Effect, FaultRules, Route, Timescale};
use crate::world::fault_draw::FaultDraw;
use crate::world::network::Network;
use crate::world::strike::{Admission, Buckets, RouteFaults};
use crate::world::truth::Truth;
use crate::world::weather::Weather;
use std::sync::Arc;

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
    /// Rule that made it slower.
    pub slowed: Option<usize>,
    fault_draw: FaultDraw,
}

impl Departure {
    /// A request that no draw of its own disturbs.
    #[cfg(feature = "engine")]
    #[must_use]
    pub(crate) fn undisturbed(sent: Micros, arrival: Micros, back: Micros) -> Self {
        Self { sent, arrival, back, refused: None, slowed: None, fault_draw: FaultDraw::SPARED }
    }

    /// What becomes of a status request that nothing strikes or slows down.
    #[inline(always)]
    pub fn answered<'s>(&self, truth: &Truth, failure: &'s Failure) -> Exchange<'s> {
        Exchange::undisturbed(self.arrival, self.back, truth, failure)
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

impl<'s> Exchange<'s> {
    /// That of a status request which reaches the server at `arrival` and whose answer is there at `back`.
    #[inline(always)]
    #[must_use]
    pub fn undisturbed(arrival: Micros, back: Micros, truth: &Truth, failure: &'s Failure) -> Self {
        Self { replied: back, reply: Reply::state(truth.state_at(arrival, failure)), fault: None }
    }
}

/// One route between a client and a model: network and faults.
#[derive(Debug, Clone)]
pub struct Link {
    network: Arc<Network>,
    /// The round trip and its way up, where they are always the same and nothing can go wrong.
    calm: Option<(Micros, Micros)>,
    /// Whether requests have draws, are half-way when they arrive, and can be struck, limits aside, by shares of the uniform
    /// only.
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
        let is_plain = calm.is_none() && is_even && faults.is_steady();
        Self { network: Arc::clone(network), calm, is_plain, faults }
    }

    /// The round trip and its way up if they are always the same and nothing can go wrong.
    #[must_use]
    #[inline]
    pub fn calm_round_trip(&self) -> Option<(Micros, Micros)> {
        self.calm
    }

    /// The requests of many waits side by side; `None` where their round trips take more draws than one, or are not half-way
    /// when they arrive.
    #[cfg(feature = "engine")]
    #[must_use]
    pub(crate) fn many(&self) -> Option<ManyRequests<'_>> {
        let rtt = self.network.rtt.batch().filter(|_| self.network.up_share.get() == 0.5)?;
        Some(ManyRequests { rtt, faults: &self.faults })
    }

    /// The draws of a request: how long it travels, and what decides whether anything strikes it.
    #[inline(always)]
    fn draw(&self, travel: &mut Draws, fault_draws: &mut Draws) -> (Micros, FaultDraw) {
        let (rtt, first) = self.network.rtt.sample_spare(travel);
        (rtt, self.faults.draw(first, fault_draws))
    }

    /// Sends a request at `sent`. It takes its draws whether or not its connection is refused: that, too, is known after a
    /// round trip.
    #[inline(always)]
    pub fn depart(
        &self,
        sent: Micros,
        travel: &mut Draws,
        fault_draws: &mut Draws,
        weather: &mut Weather,
    ) -> Departure {
        if let Some((rtt, up)) = self.calm {
            let (arrival, back) = (sent + up, sent + rtt);
            return Departure { sent, arrival, back, refused: None, slowed: None, fault_draw: FaultDraw::SPARED };
        }
        let (rtt, fault_draw) = self.draw(travel, fault_draws);
        let refused = self.faults.refusing_at(sent, weather);
        let (rtt, slowed) = self.faults.slowed(rtt, fault_draw, sent, weather, false);
        Departure { sent, arrival: sent + self.network.up(rtt), back: sent + rtt, refused, slowed, fault_draw }
    }

    /// Sends a status request at `sent` for a task with this `truth`; also the rule that strikes it, limits aside.
    #[cfg(feature = "engine")]
    #[inline(always)]
    pub(crate) fn send(
        &self,
        sent: Micros,
        truth: &Truth,
        (travel, fault_draws): (&mut Draws, &mut Draws),
        weather: &mut Weather,
    ) -> (Departure, Option<usize>) {
        if self.is_plain {
            let mut always = Micros::NEVER;
            return self.travel::<true>(sent, truth, travel, fault_draws, weather, &mut always);
        }
        let departure = self.depart(sent, travel, fault_draws, weather);
        let struck = self.striking(&departure, Some(truth), weather);
        (departure, struck)
    }

    /// Whether [`travel`](Self::travel) always has the short way to take.
    #[must_use]
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Sends a request at `sent`, a status request for a task with this `truth`; also the rule that strikes it, limits aside. `PLAIN` is
    /// [`is_plain`](Self::is_plain), asked once for many requests. Before `calm` the weather is known to be so, and the way is
    /// as short as that of a plain link, or nearly; later it is asked again.
    #[inline(always)]
    pub fn travel<const PLAIN: bool>(
        &self,
        sent: Micros,
        truth: &Truth,
        travel: &mut Draws,
        fault_draws: &mut Draws,
        weather: &mut Weather,
        calm: &mut Micros,
    ) -> (Departure, Option<usize>) {
        if PLAIN || (sent < *calm && self.calm.is_none()) {
            // What nearly every request needs, and nothing else.
            let (rtt, fault_draw) = self.draw(travel, fault_draws);
            let (rtt, slowed) =
                if PLAIN { (rtt, None) } else { self.faults.slowed(rtt, fault_draw, sent, weather, true) };
            let up = if PLAIN { Micros::new(rtt.get() / 2) } else { self.network.up(rtt) };
            let (arrival, back) = (sent + up, sent + rtt);
            let may = self.faults.may_strike(fault_draw) || (!PLAIN && arrival >= *calm);
            let struck = if may { self.faults.strike(fault_draw, arrival, Some(truth), weather) } else { None };
            return (Departure { sent, arrival, back, refused: None, slowed, fault_draw }, struck);
        }
        let departure = self.depart(sent, travel, fault_draws, weather);
        let struck = self.striking(&departure, Some(truth), weather);
        *calm = weather.calm_until(sent);
        (departure, struck)
    }

    /// The rule that strikes a request, limits aside; `truth` is that of the task that a status request asks for.
    #[inline(always)]
    pub fn striking(&self, departure: &Departure, truth: Option<&Truth>, weather: &mut Weather) -> Option<usize> {
        match departure.refused {
            None => self.faults.striking(departure.fault_draw, departure.arrival, truth, weather),
            refused => refused,
        }
    }

    /// Lets a status request arrive that this rule strikes, and read `truth`. `buckets` must see arrivals in the order of time.
    #[inline]
    pub fn arrive<'s>(
        &self,
        departure: &Departure,
        struck: Option<usize>,
        truth: &Truth,
        failure: &'s Failure,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
    ) -> Exchange<'s> {
        if struck.or(departure.slowed).is_none() && buckets.is_none() {
            return departure.answered(truth, failure);
        }
        self.arrive_disturbed(departure, struck, truth, failure, weather, buckets)
    }

    #[inline(never)]
    fn arrive_disturbed<'s>(
        &self,
        departure: &Departure,
        struck: Option<usize>,
        truth: &Truth,
        failure: &'s Failure,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
    ) -> Exchange<'s> {
        let meeting = self.meet(departure, struck, weather, buckets, Timescale::SCENARIO);
        meeting.answered(departure.arrival, truth, failure)
    }

    /// What a request meets at the server that this rule [strikes](Self::striking), limits included. Each arrival asks once,
    /// in the order of time, because it takes its place there.
    #[inline]
    pub fn meet(
        &self,
        departure: &Departure,
        struck: Option<usize>,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
        pace: Timescale,
    ) -> Meeting {
        let Departure { arrival, mut back, slowed, .. } = *departure;
        let does = |rule: usize, free| (rule, self.faults.rules[rule].fault().on_request(arrival, free, pace));
        let mut by = slowed;
        // What is struck at the connection never gets as far as a limit.
        let is_counted = struck.is_none_or(|rule| !self.faults.rules[rule].fault().is_before_limits());
        if let Some(buckets) = buckets.filter(|_| is_counted) {
            match buckets.take(&self.faults, arrival, weather) {
                Admission::Refused(rule, free) => return Meeting { struck: Some(does(rule, Some(free))), back, by },
                Admission::Admitted(late, rule) => {
                    back += late;
                    by = by.or(rule);
                }
            }
        }
        Meeting { struck: struck.map(|rule| does(rule, None)), back, by }
    }

    /// Lets a submit arrive that this rule [strikes](Self::striking): when the client hears of it, whether it got an id, and
    /// whether the task exists.
    #[inline(always)]
    pub fn arrive_submit(
        &self,
        departure: &Departure,
        struck: Option<usize>,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
        pace: Timescale,
    ) -> SubmitOutcome {
        if struck.is_none() && buckets.is_none() {
            let Departure { back, slowed, .. } = *departure;
            return SubmitOutcome { back, heard: back, exists: true, struck: None, by: slowed };
        }
        self.arrive_struck(departure, struck, weather, buckets, pace)
    }

    #[inline(never)]
    fn arrive_struck(
        &self,
        departure: &Departure,
        struck: Option<usize>,
        weather: &mut Weather,
        buckets: Option<&mut Buckets>,
        pace: Timescale,
    ) -> SubmitOutcome {
        let Meeting { struck, back, by } = self.meet(departure, struck, weather, buckets, pace);
        match struck {
            None => SubmitOutcome { back, heard: back, exists: true, struck, by },
            Some((rule, effect)) => SubmitOutcome {
                back,
                heard: effect.heard(back),
                exists: effect.tells() || self.faults.rules[rule].leaves_task(),
                struck,
                by,
            },
        }
    }
}

/// A round trip that has to be looked at by itself.
#[cfg(feature = "engine")]
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// Requests of many waits side by side, each the one of its wait with the same number.
#[cfg(feature = "engine")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct ManyRequests<'l> {
    rtt: Batch,
    faults: &'l RouteFaults,
}

#[cfg(feature = "engine")]
impl ManyRequests<'_> {
    /// Sends the next request of each wait: how long it travels in microseconds, half of that up, and until when it is
    /// certain that nothing strikes it or slows it down, which is [`calm`](Self::calm_until) or nothing at all.
    #[inline(always)]
    pub(crate) fn send<const N: usize>(
        &self,
        (travel, fault_draws): (&mut [Draws; N], &mut [Draws; N]),
        calm: &[u64; N],
        rtt: &mut [u64; N],
        spared: &mut [u64; N],
    ) {
        self.rtt.draw_each(travel, rtt);
        self.faults.spare_each(self.has_spare_bits().then_some(rtt), fault_draws, calm, spared);
        self.rtt.turn_each(rtt);
    }

    /// Round trips of the next requests of one wait, in microseconds: [`UNKNOWN`] where a draw of its own may disturb it.
    #[inline(always)]
    pub(crate) fn ahead<const N: usize>(&self, travel: &Draws, fault_draws: &Draws) -> [u32; N] {
        let at = |number| self.after(number as u64, travel, fault_draws);
        let mut streams = (std::array::from_fn(|number| at(number).0), std::array::from_fn(|number| at(number).1));
        let (mut rtt, mut spared) = ([0; N], [0; N]);
        self.send((&mut streams.0, &mut streams.1), &[1; N], &mut rtt, &mut spared);
        std::array::from_fn(
            |number| {
                if spared[number] > 0 { u32::try_from(rtt[number]).unwrap_or(UNKNOWN) } else { UNKNOWN }
            },
        )
    }

    /// The draws of a wait after `number` requests.
    #[inline(always)]
    pub(crate) fn after(&self, number: u64, travel: &Draws, fault_draws: &Draws) -> (Draws, Draws) {
        (travel.after(number * self.rtt.draws()), fault_draws.after(number * self.faults.draws(self.has_spare_bits())))
    }

    /// A value takes one draw, or none.
    const fn has_spare_bits(&self) -> bool {
        self.rtt.draws() > 0
    }

    /// Whether a limit stands before them.
    pub(crate) fn is_limited(&self) -> bool {
        self.faults.is_limited()
    }

    /// Whether there are rules that come and go.
    #[inline(always)]
    pub(crate) fn comes_and_goes(&self) -> bool {
        self.faults.comes_and_goes()
    }

    /// The instant before which no rule that comes and goes will be active, if none is at `now`; zero otherwise.
    #[inline]
    pub(crate) fn calm_until(&self, now: Micros, weather: &mut Weather) -> Micros {
        if self.comes_and_goes() { weather.calm_until(now) } else { Micros::NEVER }
    }
}

/// What a request meets at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting {
    /// Rule that strikes it, and what that does.
    pub struck: Option<(usize, Effect)>,
    /// Instant its answer would be back.
    pub back: Micros,
    /// Rule that made that later.
    pub by: Option<usize>,
}

impl Meeting {
    /// Whether the answer is the one, and at the instant, that it would have been without any rule.
    #[cfg(feature = "engine")]
    #[must_use]
    #[inline]
    pub(crate) fn is_undisturbed(&self) -> bool {
        self.struck.is_none() && self.by.is_none()
    }

    /// What becomes of a status request that meets this at `arrival`.
    #[must_use]
    pub(crate) fn answered<'s>(&self, arrival: Micros, truth: &Truth, failure: &'s Failure) -> Exchange<'s> {
        let told = truth.state_at(arrival, failure);
        match self.struck {
            None => Exchange { replied: self.back, reply: Reply::state(told), fault: self.by },
            Some((rule, effect)) => {
                let replied = effect.heard(self.back);
                Exchange { replied, reply: effect.reply(told, self.back, Timescale::SCENARIO), fault: Some(rule) }
            }
        }
    }

    /// The rule that counts: the one that struck, or else the one that made it later.
    #[must_use]
    #[inline]
    pub fn fault(&self) -> Option<usize> {
        self.struck.map(|(rule, _)| rule).or(self.by)
    }
}

/// What became of a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubmitOutcome {
    /// Instant its answer would be back.
    pub back: Micros,
    /// Instant the answer is there; [`Micros::NEVER`] where none comes.
    pub heard: Micros,
    /// The task exists.
    pub exists: bool,
    /// Rule that struck, and what it did.
    pub struck: Option<(usize, Effect)>,
    /// Rule that made it later.
    pub by: Option<usize>,
}

impl SubmitOutcome {
    /// The client gets an id, if it listens for long enough.
    #[must_use]
    #[inline]
    pub fn is_accepted(&self) -> bool {
        self.struck.is_none_or(|(_, effect)| effect.tells())
    }

    /// The rule that counts: the one that struck, or else the one that made it later.
    #[must_use]
    #[inline]
    pub fn fault(&self) -> Option<usize> {
        self.struck.map(|(rule, _)| rule).or(self.by)
    }
}
