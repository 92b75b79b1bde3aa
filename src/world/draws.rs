//! Keyed random draws: the *n*-th draw of a stream depends only on `(seed, replicate, model, stream, task, n)`.
//!
//! No sequence is shared, so one more poll re-rolls nothing else, task *i* is the same task for every strategy (common
//! random numbers), and results do not depend on threads or engines. Each stream is a SplitMix64 generator, a mixed
//! counter (Steele, Lea & Flood, OOPSLA 2014), started at a hash of its key.

use rand::TryRng;
use std::convert::Infallible;

/// What a stream of draws decides. The numbers are part of the key: never renumber them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u64)]
#[non_exhaustive]
pub enum Stream {
    /// The gap before this task's submit.
    Arrival = 1,
    /// The task's fate: stuck, failed or successful, and its durations.
    Truth = 2,
    /// Round trips of submits.
    SubmitNetwork = 3,
    /// Which fault strikes a submit.
    SubmitFault = 4,
    /// Round trips of status requests.
    StatusNetwork = 5,
    /// Which fault strikes a status request.
    StatusFault = 6,
    /// Latencies of webhook deliveries.
    WebhookNetwork = 7,
    /// Which fault strikes a webhook delivery.
    WebhookFault = 8,
    /// Jitter of the client's own sleeps.
    Jitter = 9,
    /// A process in time that belongs to no task, such as Gilbert–Elliott bursts; the "task" is the rule's number.
    Weather = 10,
    /// Draws that only a fault that fired needs, so that firing does not shift the others.
    FaultDetail = 11,
    /// Which tasks a report shows as a sample.
    Sample = 12,
}

/// Number of streams, for tables indexed by [`Stream`].
const STREAMS: usize = 13;

/// Stafford's "Mix13" finalizer: a bijection of 64-bit words with full avalanche.
#[inline(always)]
pub(crate) const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Odd constant, 2⁶⁴ over the golden ratio, that spreads task numbers over the word before they are mixed; also the step of
/// the counter that a stream of draws is.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The random world of one model in one replicate: hands out the streams of its tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    bases: [u64; STREAMS],
}

impl Keys {
    /// Keys for `scope`, a model's name (or a fixed word for what belongs to no model): naming it, not numbering it,
    /// keeps a model's tasks the same when other models come or go.
    #[must_use]
    pub fn new(seed: u64, replicate: u32, scope: &str) -> Self {
        let named = scope.bytes().fold(mix(seed ^ SPREAD), |hash, byte| mix(hash ^ u64::from(byte)));
        let world = mix(named ^ u64::from(replicate).wrapping_mul(SPREAD));
        Self { bases: std::array::from_fn(|stream| mix(world.wrapping_add(mix(stream as u64 ^ SPREAD)))) }
    }

    /// The draws of `task` in `stream`, from the first.
    #[must_use]
    #[inline(always)]
    pub fn draws(&self, stream: Stream, task: u64) -> Draws {
        Draws(mix(self.bases[stream as usize] ^ task.wrapping_mul(SPREAD)))
    }
}

/// One stream of draws; a generator for [`rand`] and [`rand_distr`]. It is no more than a counter, so that a draw which
/// nobody looks at costs an addition, and one that is looked at later, by its place, costs no more than at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws(u64);

/// The place of a draw in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// No draw's place.
    pub(crate) const NOWHERE: Self = Self(0);

    /// The draw there, uniform in `[0, 1)`.
    #[inline]
    pub(crate) fn uniform(self) -> f64 {
        Draws(self.0).uniform()
    }

    /// Its bits.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        Draws(self.0).bits()
    }

    /// The place of the draw after it.
    #[inline(always)]
    pub(crate) const fn after(self) -> Self {
        Self(self.0.wrapping_add(SPREAD))
    }
}

impl Draws {
    /// Random bits of a uniform draw: as many as an `f64` holds.
    pub const BITS: u32 = 53;

    /// A stream of its own for each seed: draws that only what happened needs, so that it shifts no others.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(mix(seed ^ SPREAD))
    }

    /// The next draw, uniform in `[0, 1)`.
    #[inline(always)]
    pub fn uniform(&mut self) -> f64 {
        self.uniform_bits() as f64 * (1.0 / (1_u64 << Self::BITS) as f64)
    }

    /// The next uniform draw in units of 2⁻⁵³, for comparisons that need no float.
    #[inline(always)]
    pub fn uniform_bits(&mut self) -> u64 {
        self.bits() >> (u64::BITS - Self::BITS)
    }

    /// The next 64 random bits.
    #[inline(always)]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(SPREAD);
        mix(self.0)
    }

    /// The stream from the draw on that comes after `n` others.
    #[cfg(feature = "engine")]
    #[inline(always)]
    pub(crate) fn after(&self, n: u64) -> Self {
        let mut after = self.clone();
        after.skip(n);
        after
    }

    /// Passes over the next `n` draws.
    #[cfg(feature = "engine")]
    #[inline(always)]
    pub(crate) fn skip(&mut self, n: u64) {
        self.0 = self.0.wrapping_add(SPREAD.wrapping_mul(n));
    }

    /// Passes over the next draw: where it is.
    #[inline(always)]
    pub(crate) fn pass(&mut self) -> Place {
        let place = Place(self.0);
        self.0 = self.0.wrapping_add(SPREAD);
        place
    }
}

impl TryRng for Draws {
    type Error = Infallible;
    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> u32::BITS) as u32)
    }
    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(size_of::<u64>()) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the published generator from seed 1 234 567 (Vigna's `splitmix64.c`, as others quote them).
    #[test]
    fn a_stream_is_the_published_generator() {
        let mut draws = Draws(1_234_567);
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(published.map(|_| draws.bits()), published);
    }

    #[test]
    fn a_draw_that_is_passed_over_can_be_looked_at_later() {
        let mut draws = Draws::seeded(3);
        let mut same = draws.clone();
        let place = draws.pass();
        let next = place.after().bits();
        assert_eq!((place.uniform(), next), (same.uniform(), same.bits()));
        assert_eq!(draws.bits(), next);
    }

    #[test]
    fn a_draw_has_its_place_however_it_is_reached() {
        let (start, mut one_by_one) = (Draws::seeded(3), Draws::seeded(3));
        for n in 0..100 {
            assert_eq!(start.after(n), one_by_one);
            one_by_one.bits();
        }
    }

    #[test]
    fn bytes_are_those_of_the_words() {
        let (mut bytes, mut draws) = ([0; 11], Draws::seeded(9));
        let mut same = draws.clone();
        draws.try_fill_bytes(&mut bytes).expect("never fails");
        assert_eq!(bytes[..8], same.bits().to_le_bytes());
        assert_eq!(bytes[8..], same.bits().to_le_bytes()[..3]);
    }

    #[test]
    fn a_draw_depends_on_every_part_of_its_key_and_nothing_else() {
        let first = |seed, replicate, scope, stream, task| Keys::new(seed, replicate, scope).draws(stream, task).bits();
        let reference = first(1, 0, "sora-2", Stream::Truth, 7);
        assert_eq!(reference, first(1, 0, "sora-2", Stream::Truth, 7));
        for other in [
            first(2, 0, "sora-2", Stream::Truth, 7),
            first(1, 1, "sora-2", Stream::Truth, 7),
            first(1, 0, "sora-3", Stream::Truth, 7),
            first(1, 0, "sora-2", Stream::Arrival, 7),
            first(1, 0, "sora-2", Stream::Truth, 8),
        ] {
            assert_ne!(reference, other);
        }
    }

    /// Means of 10⁵ first draws of consecutive tasks: |z| < 5 fails a correct generator once in 1.7 million runs.
    #[test]
    fn first_draws_of_consecutive_tasks_are_uniform_and_uncorrelated() {
        let keys = Keys::new(42, 0, "m");
        let n = 100_000_u32;
        let draws: Vec<f64> = (0..u64::from(n)).map(|task| keys.draws(Stream::Truth, task).uniform()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        assert!(((mean - 0.5) * (12.0 * f64::from(n)).sqrt()).abs() < 5.0, "{mean}");
        let lag: f64 = draws.windows(2).map(|pair| (pair[0] - 0.5) * (pair[1] - 0.5)).sum::<f64>() / f64::from(n);
        assert!((lag * 12.0 * f64::from(n).sqrt()).abs() < 5.0, "{lag}");
    }
}
