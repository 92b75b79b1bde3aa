//! The draws of one request that decide which rules strike it.

use crate::world::distribution::SPARE;
use crate::world::draws::{Draws, Place, mix};
use crate::world::fault::FaultRules;

/// The draws that decide which fault strikes a request.
///
/// The rules cut a uniform into disjoint shares. Its first bits say of nearly all requests that nothing strikes them; where
/// its other bits are is known, and they are drawn for the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultDraw {
    /// The uniform's first bits.
    pub(super) coarse: u64,
    /// Where the draws are that have its other bits, and that stand against the loss probability of bursts.
    place: Place,
}

impl FaultDraw {
    /// The first bits of the uniform.
    pub(super) const COARSE: u32 = SPARE;
    /// The others.
    const FINE: u32 = Draws::BITS - Self::COARSE;
    /// Draws that it has a place for.
    pub(super) const DRAWS: u64 = 2;
    /// That of requests that no rule draws for.
    pub(super) const SPARED: Self = Self { coarse: u64::MAX, place: Place::NOWHERE };

    /// The next one with these first bits.
    #[inline(always)]
    pub(super) fn next(coarse: u64, draws: &mut Draws) -> Self {
        let place = draws.pass();
        for _ in 1..Self::DRAWS {
            draws.pass();
        }
        Self { coarse, place }
    }

    /// First bits of their own, where nothing has bits to spare.
    #[inline(always)]
    pub(super) fn first_bits(draws: &mut Draws) -> u64 {
        draws.bits() >> (u64::BITS - Self::COARSE)
    }

    /// First bits that are not below those of any of `bits` of the uniform.
    pub(super) const fn coarse_end(bits: u64) -> u64 {
        bits.div_ceil(1 << Self::FINE)
    }

    /// The first bits of this place in the uniform.
    pub(super) const fn coarse_of(bits: u64) -> u64 {
        bits >> Self::FINE
    }

    /// The uniform's bits.
    #[inline(always)]
    pub(super) fn share(self) -> u64 {
        self.coarse << Self::FINE | self.place.bits() >> (u64::BITS - Self::FINE)
    }

    /// The uniform that stands against the loss probability of bursts.
    #[inline(always)]
    pub(super) fn burst(self) -> f64 {
        self.place.after().uniform()
    }

    /// A number that this request has under one rule, whose salt it is, and no other: what it decides is independent of all
    /// else.
    #[inline(always)]
    pub(super) fn of_rule(self, salt: u64) -> u64 {
        mix(self.share() ^ salt)
    }

    /// Whether the rule of this salt strikes that does so to `bits` of all.
    #[inline(always)]
    pub(super) fn is_drawn(self, salt: u64, bits: u64) -> bool {
        self.of_rule(salt) >> (u64::BITS - Draws::BITS) < bits
    }
}

/// The salt of rule number `rule`.
pub(super) const fn salt(rule: usize) -> u64 {
    mix(rule as u64 + 1)
}

/// Rules that each slow down a share of the requests, whatever the others do.
///
/// First it is drawn whether any rule strikes, and only then which. None does beyond the first bits that shares and slowdowns
/// need together, so that nearly all requests are spared both by one look.
#[derive(Debug, Clone)]
pub(super) struct Slowdowns {
    each: Vec<Slowdown>,
    /// Bits of the uniform that other rules cut into shares.
    shares: u64,
    /// Bits of the share of those requests that any rule here strikes,
    any: u64,
    /// and of the others before `end`.
    any_other: u64,
    /// First bits from here on say that none strikes.
    pub(super) end: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Slowdown {
    pub(super) rule: usize,
    pub(super) salt: u64,
    /// Bits of its share of all requests.
    bits: u64,
    /// The same of those that it or one after it strikes, and none before.
    first: u64,
}

impl Slowdowns {
    /// The salt of whether any strikes.
    const SALT: u64 = mix(u64::MAX);

    /// The rules `which` of `rules`, beside others that have the first `shares` bits of the uniform.
    pub(super) fn new(rules: &FaultRules, which: &[usize], shares: u64) -> Self {
        let (mut any, mut each) = (0.0, Vec::new());
        for &rule in which.iter().rev() {
            let share = rules[rule].probability().get();
            any = share + (1.0 - share) * any;
            each.push(Slowdown { rule, salt: salt(rule), bits: bits(share), first: bits(share / any) });
        }
        each.reverse();
        // What neither strikes may lie beyond the end; so much more often it strikes the others before that.
        let taken = shares as f64 / (1_u64 << Draws::BITS) as f64;
        let end = if each.is_empty() { 0 } else { FaultDraw::coarse_end(bits(taken + (1.0 - taken) * any)) };
        let others = end as f64 / (1_u64 << FaultDraw::COARSE) as f64 - taken;
        let any_other = if others > 0.0 { (any * (1.0 - taken) / others).min(1.0) } else { 0.0 };
        Self { each, shares, any: bits(any), any_other: bits(any_other), end }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Whether any rule may strike, as far as the first bits say.
    #[inline(always)]
    pub(super) const fn may_strike(&self, draw: FaultDraw) -> bool {
        draw.coarse < self.end
    }

    /// The rules that strike.
    pub(super) fn striking(&self, draw: FaultDraw) -> impl Iterator<Item = &Slowdown> {
        let any = || draw.is_drawn(Self::SALT, if draw.share() < self.shares { self.any } else { self.any_other });
        let (strikes, mut is_first) = (self.may_strike(draw) && any(), true);
        self.each.iter().filter(move |slowdown| {
            let strikes =
                strikes && draw.is_drawn(slowdown.salt, if is_first { slowdown.first } else { slowdown.bits });
            is_first &= !strikes;
            strikes
        })
    }
}

/// The least bits of a uniform that is not below `end`: what lies below is below in either form.
pub(super) fn bits(end: f64) -> u64 {
    (end * (1_u64 << Draws::BITS) as f64).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fault::{Fault, FaultRule, Kind, When};
    use crate::world::model::Probability;
    use proptest::prelude::*;

    fn slowdowns(shares: &[f64], taken: f64) -> Slowdowns {
        let rule = |&share: &f64| {
            let share = Probability::new(share).expect("a share");
            FaultRule::new(Fault::of(Kind::LatencySpike), share, When::Always).expect("a rule")
        };
        let rules = FaultRules::new(shares.iter().map(rule).collect::<Vec<_>>()).expect("rules");
        let all: Vec<usize> = (0..shares.len()).collect();
        Slowdowns::new(&rules, &all, bits(taken))
    }

    /// Of nothing, of all, of hardly any or of any.
    fn share() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), Just(1.0), 0.0_f64..0.01, 0.0_f64..1.0]
    }

    proptest! {
        #![proptest_config(crate::soak::cases(40))]

        /// Each rule slows down its share of the requests, whatever the others do, and whatever the uniform says that decides
        /// about all else. One of at most 16 counts is 6 standard errors off by chance in one of 3 x 10^7 cases.
        #[test]
        fn each_rule_slows_down_its_share(
            shares in prop::collection::vec(share(), 1..4),
            taken in share(),
            seed: u64,
        ) {
            let slowdowns = slowdowns(&shares, taken);
            let (n, mut draws) = (100_000, Draws::seeded(seed));
            let mut counts = [0_u64; 1 << 4];
            for _ in 0..n {
                let draw = FaultDraw::next(FaultDraw::first_bits(&mut draws), &mut draws);
                let is_taken = draw.share() < bits(taken);
                let which = slowdowns.striking(draw).fold(usize::from(is_taken), |which, by| which | 2 << by.rule);
                prop_assert!(which < 2 || slowdowns.may_strike(draw));
                counts[which] += 1;
            }
            for (which, &count) in counts.iter().enumerate().take(2 << shares.len()) {
                let part = |(rule, share): (usize, &f64)| if which >> rule & 1 == 1 { *share } else { 1.0 - share };
                let all = std::iter::once(&taken).chain(&shares);
                let expected: f64 = all.enumerate().map(part).product::<f64>();
                let error = (f64::from(n) * expected * (1.0 - expected)).sqrt();
                let off = count as f64 - f64::from(n) * expected;
                // Few events are not normal: 12 more than expected where hardly any is.
                prop_assert!(off.abs() <= 6.0 * error + 12.0, "{which:b}: {count} of {n}, expected {expected}");
            }
        }
    }
}
