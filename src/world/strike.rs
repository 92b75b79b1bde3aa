//! Which rule strikes a request: the rules of one route of one model, ready for use, and the draws that decide.

use crate::time::Micros;
#[cfg(feature = "engine")]
use crate::world::distribution::spare;
use crate::world::draws::{Draws, mix};
use crate::world::fault::{FaultRule, FaultRules, Route, Striking};
use crate::world::fault_draw::{FaultDraw, Slowdown, Slowdowns, bits, salt};
use crate::world::limit::Meter;
use crate::world::model::Probability;
use crate::world::truth::Truth;
use crate::world::weather::Weather;
use std::collections::BTreeMap;

/// API keys that have limits of their own; the others share one.
const MOST_KEYS: usize = 10_000;

/// Start and length of ranges from their starts to before their ends, joined where they touch or overlap.
fn joined(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, to) in ranges {
        match joined.last_mut().filter(|(start, length)| from <= *start + *length) {
            Some((start, length)) => *length = (*length).max(to - *start),
            None => joined.push((from, to - from)),
        }
    }
    joined
}

/// The rules that can strike one route of one model, ready for use.
#[derive(Debug, Clone)]
pub struct RouteFaults {
    pub(super) rules: FaultRules,
    /// Rules that refuse connections.
    refusing: Vec<usize>,
    /// Rules of bursts.
    bursts: Vec<usize>,
    /// Whether anything is drawn for.
    is_drawn: bool,
    /// Whether any rule slows requests down.
    slows: bool,
    /// Rules that slow down a share of the requests.
    slowdowns: Slowdowns,
    /// Rules that slow down all requests of a window, and fail some.
    brownouts: Vec<usize>,
    /// Shares of the uniform's bits, with their rules.
    shares: Vec<(u64, u64, usize)>,
    /// First bits from here on are of no share.
    end: u64,
    /// Start and length of the first bits of draws with which a rule that is always active, or one that slows down, may
    /// strike; those that touch are one.
    lasting: Vec<(u64, u64)>,
    /// Whether any rule comes and goes.
    comes_and_goes: bool,
    /// Rules with a limit.
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
        let total = shares.iter().map(|share| share.1).max().unwrap_or(0);
        let lasts = shares.iter().filter(|share| !rules[share.2].when().comes_and_goes());
        let slowdowns = Slowdowns::new(rules, &with(Striking::Slowdown), total);
        let coarse = |&(from, to, _): &(u64, u64, usize)| (FaultDraw::coarse_of(from), FaultDraw::coarse_end(to));
        let slow = (0, slowdowns.end);
        let lasting = joined(lasts.map(coarse).chain([slow]).filter(|(from, to)| from < to).collect());
        let comes_and_goes = rules.iter().any(|rule| rule.covers(route, model) && rule.when().comes_and_goes());
        let brownouts = with(Striking::Brownout);
        // Of a burst that strikes all nothing is drawn.
        let bursts_draw = bursts.iter().any(|&at| rules[at].probability() < Probability::ONE);
        let slows = !slowdowns.is_empty() || !brownouts.is_empty();
        Self {
            rules: rules.clone(),
            refusing: with(Striking::Window),
            is_drawn: total > 0 || slows || bursts_draw,
            slows,
            bursts,
            slowdowns,
            brownouts,
            end: FaultDraw::coarse_end(total),
            lasting,
            comes_and_goes,
            shares,
            limits: with(Striking::Limit),
        }
    }

    /// Whether no rule applies.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        self.strikes_by_shares_only() && self.shares.is_empty() && self.limits.is_empty()
    }

    /// Whether rules strike by their shares of the uniform only, limits aside.
    fn strikes_by_shares_only(&self) -> bool {
        self.refusing.is_empty() && self.bursts.is_empty() && !self.slows
    }

    /// Whether that is so, and all of them always do.
    pub(super) fn is_steady(&self) -> bool {
        self.strikes_by_shares_only() && !self.comes_and_goes
    }

    /// Whether any rule comes and goes.
    #[cfg(feature = "engine")]
    pub(super) fn comes_and_goes(&self) -> bool {
        self.comes_and_goes
    }

    /// Whether a rule that is always active may strike by its share.
    #[inline(always)]
    pub(super) fn may_strike(&self, fault_draw: FaultDraw) -> bool {
        self.lasting.iter().any(|(from, length)| fault_draw.coarse.wrapping_sub(*from) < *length)
    }

    /// Whether a limit stands before this route.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.limits.is_empty()
    }

    /// The rule that refuses a connection made at `now`.
    #[inline]
    pub fn refusing_at(&self, now: Micros, weather: &mut Weather) -> Option<usize> {
        if self.refusing.is_empty() || weather.is_still(now) { None } else { self.refuse(now, weather) }
    }

    #[inline(never)]
    fn refuse(&self, now: Micros, weather: &mut Weather) -> Option<usize> {
        self.refusing.iter().copied().find(|&rule| weather.is_active(rule, now))
    }

    /// Takes the draws of a request, whose `first` bits are known if something had them to spare; how many depends on the
    /// scenario only.
    #[inline]
    pub fn draw(&self, first: Option<u64>, draws: &mut Draws) -> FaultDraw {
        if !self.is_drawn {
            return FaultDraw::SPARED;
        }
        let first = first.unwrap_or_else(|| FaultDraw::first_bits(draws));
        FaultDraw::next(first, draws)
    }

    /// How many draws a request takes, with or without first bits.
    #[cfg(feature = "engine")]
    pub(super) fn draws(&self, has_first: bool) -> u64 {
        if self.is_drawn { FaultDraw::DRAWS + u64::from(!has_first) } else { 0 }
    }

    /// Until when it is certain that no rule strikes the next request of each stream, limits aside: `calm`, before which no
    /// rule that comes and goes is active, or nothing at all. `words` are draws with bits to spare, if there are any.
    #[cfg(feature = "engine")]
    #[inline(always)]
    pub(super) fn spare_each<const N: usize>(
        &self,
        words: Option<&[u64; N]>,
        streams: &mut [Draws; N],
        calm: &[u64; N],
        spared: &mut [u64; N],
    ) {
        if !self.is_drawn {
            *spared = *calm;
            return;
        }
        match words {
            Some(words) => self.look_each(words, spare, calm, spared),
            None => {
                let first = streams.each_mut().map(FaultDraw::first_bits);
                self.look_each(&first, |first| first, calm, spared);
            }
        }
        streams.iter_mut().for_each(|stream| stream.skip(FaultDraw::DRAWS));
    }

    /// The same from words that have the `first` bits of each request's uniform.
    #[cfg(feature = "engine")]
    #[inline(always)]
    fn look_each<const N: usize>(
        &self,
        words: &[u64; N],
        first: impl Fn(u64) -> u64,
        calm: &[u64; N],
        spared: &mut [u64; N],
    ) {
        // One rule after another, all requests at a time.
        let look = |(from, length): (u64, u64), word, calm| {
            if first(word).wrapping_sub(from) < length { 0 } else { calm }
        };
        let Some((&range, others)) = self.lasting.split_first() else {
            *spared = *calm;
            return;
        };
        for ((spared, &calm), &word) in spared.iter_mut().zip(calm).zip(words) {
            *spared = look(range, word, calm);
        }
        for &range in others {
            for (spared, &word) in spared.iter_mut().zip(words) {
                *spared = look(range, word, *spared);
            }
        }
    }

    /// A round trip of `rtt` that begins at `now`, as long as the rules make it, and the first of those that do. `is_calm`
    /// where it is known that no rule that comes and goes is active.
    #[inline]
    pub(super) fn slowed(
        &self,
        rtt: Micros,
        fault_draw: FaultDraw,
        now: Micros,
        weather: &mut Weather,
        is_calm: bool,
    ) -> (Micros, Option<usize>) {
        if !self.slows {
            return (rtt, None);
        }
        let is_dim = !is_calm && !self.brownouts.is_empty() && !weather.is_still(now);
        if self.slowdowns.may_strike(fault_draw) || is_dim {
            self.slow(rtt, fault_draw, now, weather)
        } else {
            (rtt, None)
        }
    }

    #[inline(never)]
    fn slow(&self, rtt: Micros, fault_draw: FaultDraw, now: Micros, weather: &mut Weather) -> (Micros, Option<usize>) {
        let (mut longer, mut by) = (rtt, None);
        let mut add = |rule: usize, depth: f64, seed: u64| {
            let more = self.rules[rule].fault().slowdown(rtt, depth, seed);
            longer += more;
            by = by.or_else(|| (more > Micros::ZERO).then_some(rule));
        };
        for &Slowdown { rule, salt, .. } in self.slowdowns.striking(fault_draw) {
            if weather.is_active(rule, now) {
                // Another number than the one that let it strike.
                add(rule, 1.0, mix(fault_draw.of_rule(salt)));
            }
        }
        for &rule in &self.brownouts {
            if let Some(brownout) = self.rules[rule].fault().brownout() {
                add(rule, weather.depth(rule, now, brownout.ramp), 0);
            }
        }
        (longer, by)
    }

    /// The rule that strikes a request that reaches the server at `now`, limits aside; `truth` is that of the task that a
    /// status request asks for.
    #[inline]
    pub fn striking(
        &self,
        fault_draw: FaultDraw,
        now: Micros,
        truth: Option<&Truth>,
        weather: &mut Weather,
    ) -> Option<usize> {
        let comes_and_goes = !self.bursts.is_empty() || !self.brownouts.is_empty();
        let may = fault_draw.coarse < self.end || (comes_and_goes && weather.calm_until(now) == Micros::ZERO);
        if may { self.strike(fault_draw, now, truth, weather) } else { None }
    }

    #[inline(never)]
    pub(super) fn strike(
        &self,
        fault_draw: FaultDraw,
        now: Micros,
        truth: Option<&Truth>,
        weather: &mut Weather,
    ) -> Option<usize> {
        for &rule in &self.bursts {
            if fault_draw.burst() < self.rules[rule].probability().get() && weather.is_active(rule, now) {
                return Some(rule);
            }
        }
        for &rule in &self.brownouts {
            if let Some(brownout) = self.rules[rule].fault().brownout() {
                let share = brownout.errors.get() * weather.depth(rule, now, brownout.ramp);
                if fault_draw.is_drawn(salt(rule), bits(share)) {
                    return Some(rule);
                }
            }
        }
        let share = if fault_draw.coarse < self.end { fault_draw.share() } else { return None };
        let cut = self.shares.iter().filter(|(from, to, _)| (*from..*to).contains(&share));
        let admits = |rule: usize| match (self.rules[rule].age(), truth) {
            (None, _) => true,
            (Some(age), Some(truth)) => age.admits(now, truth),
            (Some(_), None) => false,
        };
        cut.map(|&(_, _, rule)| rule).find(|&rule| admits(rule) && weather.is_active(rule, now))
    }
}

/// The limits of one route in use, by rule.
#[derive(Debug, Clone)]
pub struct Buckets {
    by_rule: Vec<Option<Meter>>,
    /// Limits of API keys of their own, by rule and key.
    by_key: BTreeMap<(usize, u64), Meter>,
    /// The key of the requests that come.
    key: Option<u64>,
}

/// Whether a request is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is, and answered later by this much because of this rule.
    Admitted(Micros, Option<usize>),
    /// It is not because of this rule, and would be at this instant.
    Refused(usize, Micros),
}

impl Buckets {
    /// Unused limits for all rules that have one.
    #[must_use]
    pub fn new(rules: &[FaultRule]) -> Self {
        let meter = |rule: &FaultRule| rule.fault().limit().map(Meter::new);
        Self { by_rule: rules.iter().map(meter).collect(), by_key: BTreeMap::new(), key: None }
    }

    /// The same for requests with this API key.
    pub fn of_key(&mut self, key: u64) -> &mut Self {
        self.key = Some(key);
        self
    }

    /// Takes a request's place in each limit of the active rules in `faults`. Requests must come in the order of time.
    pub fn take(&mut self, faults: &RouteFaults, now: Micros, weather: &mut Weather) -> Admission {
        let (mut late, mut by) = (Micros::ZERO, None);
        for &rule in faults.limits.iter().filter(|rule| weather.is_active(**rule, now)) {
            match self.meter(faults, rule).map_or(Ok(Micros::ZERO), |meter| meter.take(now)) {
                Ok(more) => {
                    late += more;
                    by = by.or_else(|| (more > Micros::ZERO).then_some(rule));
                }
                Err(free) => return Admission::Refused(rule, free),
            }
        }
        Admission::Admitted(late, by)
    }

    /// By rule: how many requests its limit would let through at `now`; of limits for each key, the least of them.
    #[must_use]
    pub fn levels(&self, now: Micros) -> Vec<(usize, u64)> {
        let level = |(rule, meter): (usize, &Option<Meter>)| {
            let keys = self.by_key.range((rule, 0)..=(rule, u64::MAX)).map(|(_, meter)| meter);
            let own = meter.iter().chain(keys).filter_map(|meter| meter.left(now)).min()?;
            Some((rule, own))
        };
        self.by_rule.iter().enumerate().filter_map(level).collect()
    }

    fn meter(&mut self, faults: &RouteFaults, rule: usize) -> Option<&mut Meter> {
        let limit = faults.rules[rule].fault().limit()?;
        match self.key.filter(|_| limit.is_per_key()) {
            Some(key) if self.by_key.contains_key(&(rule, key)) || self.by_key.len() < MOST_KEYS => {
                Some(self.by_key.entry((rule, key)).or_insert_with(|| Meter::new(limit)))
            }
            _ => self.by_rule[rule].as_mut(),
        }
    }
}
