//! The draws of one request that decide which rules strike it.

use crate::world::draws::{Draws, Place, mix};
use crate::world::fault::FaultRules;

/// The draws that decide which fault strikes a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultDraw {
    /// A random word. Its upper bits are a uniform that the rules cut into disjoint shares; the others say whether anything
    /// may slow the request down.
    pub(super) word: u64,
    /// Where the draw is that stands against the loss probability of bursts: it is hardly ever looked at.
    pub(super) burst: Place,
}

impl FaultDraw {
    /// That of requests that no rule draws for.
    pub(super) const SPARED: Self = Self { word: u64::MAX, burst: Place::NOWHERE };

    /// The uniform's bits.
    #[inline(always)]
    pub(super) const fn share(self) -> u64 {
        self.word >> (u64::BITS - Draws::BITS)
    }

    /// A number that this request has under one rule, whose salt it is, and no other: what it decides is independent of all
    /// else.
    #[inline(always)]
    pub(super) const fn of_rule(self, salt: u64) -> u64 {
        mix(self.share() ^ salt)
    }

    /// Whether the rule of this salt strikes that does so to `bits` of all.
    #[inline(always)]
    pub(super) const fn is_drawn(self, salt: u64, bits: u64) -> bool {
        self.of_rule(salt) >> (u64::BITS - Draws::BITS) < bits
    }
}

/// The salt of rule number `rule`.
pub(super) const fn salt(rule: usize) -> u64 {
    mix(rule as u64 + 1)
}

/// Rules that each slow down a share of the requests, whatever the others do.
///
/// Most requests are spared by a few bits that no share needs: first it is drawn whether any rule strikes, and only then which.
#[derive(Debug, Clone)]
pub(super) struct Slowdowns {
    each: Vec<Slowdown>,
    /// Bits of the share that any of them strikes.
    any: u64,
    /// From here on the lowest bits of a word say that none does.
    end: u64,
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
    /// Bits of a word that no share needs.
    const SPARE: u32 = u64::BITS - Draws::BITS;
    /// A uniform's other bits.
    const FINE: u32 = Draws::BITS - Self::SPARE;

    pub(super) fn new(rules: &FaultRules, which: &[usize]) -> Self {
        let (mut any, mut each) = (0.0, Vec::new());
        for &rule in which.iter().rev() {
            let share = rules[rule].probability().get();
            any = share + (1.0 - share) * any;
            each.push(Slowdown { rule, salt: salt(rule), bits: bits(share), first: bits(share / any) });
        }
        each.reverse();
        Self { each, any: bits(any), end: bits(any).div_ceil(1 << Self::FINE) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Whether any rule may strike, as far as a few bits can say.
    #[inline(always)]
    pub(super) const fn may_strike(&self, word: u64) -> bool {
        Self::coarse(word) < self.end
    }

    /// The bits that no share needs.
    #[inline(always)]
    const fn coarse(word: u64) -> u64 {
        word & ((1 << Self::SPARE) - 1)
    }

    /// The rules that strike.
    pub(super) fn striking(&self, lot: FaultDraw) -> impl Iterator<Item = &Slowdown> {
        let fine = lot.of_rule(Self::SALT) >> (u64::BITS - Self::FINE);
        let (any, mut is_first) = ((Self::coarse(lot.word) << Self::FINE | fine) < self.any, true);
        self.each.iter().filter(move |slowdown| {
            let strikes = any && lot.is_drawn(slowdown.salt, if is_first { slowdown.first } else { slowdown.bits });
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

    fn slowdowns(shares: &[f64]) -> Slowdowns {
        let rule = |&share: &f64| {
            let share = Probability::new(share).expect("a share");
            FaultRule::new(Fault::of(Kind::LatencySpike), share, When::Always).expect("a rule")
        };
        let rules = FaultRules::new(shares.iter().map(rule).collect::<Vec<_>>()).expect("rules");
        let all: Vec<usize> = (0..shares.len()).collect();
        Slowdowns::new(&rules, &all)
    }

    proptest! {
        #![proptest_config(crate::soak::cases(40))]

        /// Each rule slows down its share of the requests, whatever the others do, and whatever the uniform says that decides
        /// about all else. One of at most 16 counts is 6 standard errors off by chance in one of 3 x 10^7 cases.
        #[test]
        fn each_rule_slows_down_its_share(
            shares in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0_f64..0.01, 0.0_f64..1.0], 1..4),
            seed: u64,
        ) {
            let slowdowns = slowdowns(&shares);
            let (n, mut draws) = (100_000, Draws::seeded(seed));
            let mut counts = [0_u64; 1 << 4];
            for _ in 0..n {
                let draw = FaultDraw { word: draws.bits(), burst: Place::NOWHERE };
                let is_high = draw.share() >= 1 << (Draws::BITS - 1);
                let which = slowdowns.striking(draw).fold(usize::from(is_high), |which, by| which | 2 << by.rule);
                prop_assert!(which < 2 || slowdowns.may_strike(draw.word));
                counts[which] += 1;
            }
            for (which, &count) in counts.iter().enumerate().take(2 << shares.len()) {
                let part = |(rule, share): (usize, &f64)| if which >> (rule + 1) & 1 == 1 { *share } else { 1.0 - share };
                let expected: f64 = 0.5 * shares.iter().enumerate().map(part).product::<f64>();
                let error = (f64::from(n) * expected * (1.0 - expected)).sqrt();
                let off = count as f64 - f64::from(n) * expected;
                // Few events are not normal: 12 more than expected where hardly any is.
                prop_assert!(off.abs() <= 6.0 * error + 12.0, "{which:b}: {count} of {n}, expected {expected}");
            }
        }
    }
}
