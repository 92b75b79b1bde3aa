//! Limits that requests of many tasks share: buckets of tokens, windows, and the server's own workers.
//!
//! What exists is valid. A rule says how much is let through; a meter counts it, request by request in the order of time.

use crate::time::Micros;
use crate::world::rate_limit::{Gcra, TokenBucket};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroU32;

/// Whom a limit is for: all clients together, or each API key.
pub(crate) const PER: &[&str] = &["all", "key"];

/// Requests in a window at most: a window that slides remembers each of them.
const MOST_IN_WINDOW: f64 = 1e6;

/// How much is let through.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitRule {
    algorithm: Algorithm,
    /// Whether each API key has a limit of its own.
    is_per_key: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Algorithm {
    Tokens(TokenBucket),
    Window(Quota),
    Workers(WorkerPool),
}

/// So many requests in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quota {
    most: u32,
    length: Micros,
    slides: bool,
}

/// Workers that serve requests in the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WorkerPool {
    servers: NonZeroU32,
    service: Micros,
    /// Requests that may wait.
    queue: u32,
}

impl LimitRule {
    /// The words for how requests are counted.
    pub(crate) const KNOWN: &'static [&'static str] = &["token-bucket", "fixed-window", "sliding-window"];

    /// A bucket of tokens.
    #[must_use]
    pub const fn tokens(bucket: TokenBucket) -> Self {
        Self { algorithm: Algorithm::Tokens(bucket), is_per_key: false }
    }

    /// As many requests in each window of `length` as `rate_per_s` means, rounded down: a window that starts again, or one
    /// that slides. `None` where that is none, or more than a million.
    #[must_use]
    pub fn window(rate_per_s: f64, length: Micros, slides: bool) -> Option<Self> {
        // A product such as 0.1 × 30 is not to lose a request to its last bit.
        let most = (rate_per_s * length.as_secs() * (1.0 + 1e-9)).floor();
        let quota = Quota { most: most as u32, length, slides };
        (1.0..=MOST_IN_WINDOW)
            .contains(&most)
            .then_some(Self { algorithm: Algorithm::Window(quota), is_per_key: false })
    }

    /// Workers that take `service` for a request, with room for `queue` requests that wait.
    #[must_use]
    pub const fn workers(servers: NonZeroU32, service: Micros, queue: u32) -> Self {
        Self { algorithm: Algorithm::Workers(WorkerPool { servers, service, queue }), is_per_key: false }
    }

    /// The same for each API key by itself.
    #[must_use]
    pub fn per_key(self) -> Self {
        Self { is_per_key: true, ..self }
    }

    /// Whether each API key has its own.
    #[must_use]
    pub const fn is_per_key(&self) -> bool {
        self.is_per_key
    }

    /// Whether it is about the server's workers.
    #[must_use]
    pub const fn is_of_workers(&self) -> bool {
        matches!(self.algorithm, Algorithm::Workers(_))
    }

    /// How many requests it lets through at once.
    #[cfg(feature = "engine")]
    #[must_use]
    pub(crate) fn at_once(&self) -> u64 {
        match &self.algorithm {
            Algorithm::Tokens(bucket) => bucket.burst().get().into(),
            Algorithm::Window(quota) => quota.most.into(),
            Algorithm::Workers(pool) => u64::from(pool.servers.get()) + u64::from(pool.queue),
        }
    }

    /// About how long a request that is refused has to wait, where nothing more is known.
    #[must_use]
    pub fn patience(&self) -> Micros {
        match &self.algorithm {
            Algorithm::Tokens(bucket) => bucket.interval(),
            Algorithm::Window(quota) => quota.length,
            Algorithm::Workers(pool) => pool.service,
        }
    }
}

/// A limit in use.
#[derive(Debug, Clone)]
pub struct Meter(State);

#[derive(Debug, Clone)]
enum State {
    Tokens(Gcra),
    /// The window that the last request was in, and how many were let through in it.
    Fixed(Quota, u64, u32),
    /// When those were let through that still count.
    Sliding(Quota, VecDeque<Micros>),
    /// When each worker is free, and when those start to be served that wait.
    Workers(WorkerPool, BinaryHeap<Reverse<Micros>>, VecDeque<Micros>),
}

impl Meter {
    /// A limit that nobody has used yet.
    #[must_use]
    pub fn new(rule: &LimitRule) -> Self {
        Self(match &rule.algorithm {
            Algorithm::Tokens(bucket) => State::Tokens(Gcra::new(*bucket)),
            Algorithm::Window(quota) if quota.slides => State::Sliding(*quota, VecDeque::new()),
            Algorithm::Window(quota) => State::Fixed(*quota, 0, 0),
            Algorithm::Workers(pool) => State::Workers(*pool, BinaryHeap::new(), VecDeque::new()),
        })
    }

    /// How many requests it would let through at `now`; `None` of workers, who let through and answer late.
    #[must_use]
    pub fn left(&self, now: Micros) -> Option<u64> {
        match &self.0 {
            State::Tokens(bucket) => Some(bucket.left(now)),
            State::Fixed(quota, window, count) => {
                let is_new = now.get() / quota.length.get() != *window;
                Some(u64::from(if is_new { quota.most } else { quota.most - count }))
            }
            State::Sliding(quota, passed) => {
                let counting = passed.iter().filter(|at| **at + quota.length > now).count() as u64;
                Some(u64::from(quota.most).saturating_sub(counting))
            }
            State::Workers(..) => None,
        }
    }

    /// Lets a request through at `now`, or not: how much later it is answered.
    ///
    /// # Errors
    /// The limit is reached: the earliest instant at which a lone request would be let through.
    pub fn take(&mut self, now: Micros) -> Result<Micros, Micros> {
        match &mut self.0 {
            State::Tokens(bucket) => bucket.take(now).map(|()| Micros::ZERO),
            State::Fixed(quota, current, count) => {
                let window = now.get() / quota.length.get();
                if window != *current {
                    (*current, *count) = (window, 0);
                }
                if *count == quota.most {
                    return Err(quota.length * (window + 1));
                }
                *count += 1;
                Ok(Micros::ZERO)
            }
            State::Sliding(quota, passed) => {
                while passed.front().is_some_and(|first| *first + quota.length <= now) {
                    passed.pop_front();
                }
                match passed.front() {
                    Some(first) if passed.len() == quota.most as usize => Err(*first + quota.length),
                    _ => {
                        passed.push_back(now);
                        Ok(Micros::ZERO)
                    }
                }
            }
            State::Workers(pool, busy, waiting) => {
                while waiting.front().is_some_and(|start| *start <= now) {
                    waiting.pop_front();
                }
                let is_free = busy.len() < pool.servers.get() as usize;
                let free = if is_free { now } else { busy.peek().map_or(now, |Reverse(free)| *free) };
                if free > now && waiting.len() >= pool.queue as usize {
                    // A place in the queue, or a worker, is free when the next of those that wait is served.
                    return Err(waiting.front().copied().unwrap_or(free));
                }
                if !is_free {
                    busy.pop();
                }
                let start = free.max(now);
                busy.push(Reverse(start + pool.service));
                if start > now {
                    waiting.push_back(start);
                }
                Ok(start + pool.service - now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_rule() -> impl Strategy<Value = LimitRule> {
        let rate = || prop_oneof![Just(0.5), 0.5_f64..50.0];
        let length = || (2_u64..60).prop_map(Micros::from_secs);
        let tokens = (rate(), 1_u32..9).prop_map(|(rate, burst)| {
            LimitRule::tokens(NonZeroU32::new(burst).and_then(|burst| TokenBucket::new(rate, burst)).expect("a bucket"))
        });
        let window = (rate(), length(), any::<bool>())
            .prop_map(|(rate, length, slides)| LimitRule::window(rate, length, slides).expect("one at least"));
        let workers = (1_u32..5, 1_u64..9_000, 0_u32..5).prop_map(|(servers, ms, queue)| {
            LimitRule::workers(NonZeroU32::new(servers).expect("one"), Micros::from_millis(ms), queue)
        });
        prop_oneof![tokens, window, workers]
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Promise: whoever is refused is let through at the instant that is named, and never just before it.
        #[test]
        fn a_refusal_names_the_first_instant_that_succeeds(
            rule in any_rule(), gaps in prop::collection::vec(prop_oneof![Just(0_u64), 0_u64..9_000_000], 1..80)
        ) {
            let (mut meter, mut now) = (Meter::new(&rule), Micros::ZERO);
            for gap in gaps {
                now += Micros::new(gap);
                if let Err(free) = meter.take(now) {
                    prop_assert!(free > now);
                    prop_assert!(meter.clone().take(Micros::new(free.get() - 1)).is_err());
                    prop_assert!(meter.clone().take(free).is_ok());
                }
            }
        }

        /// Promise: no window of that length, wherever it starts, has more than the quota where it slides, and twice the
        /// quota at most where windows start again.
        #[test]
        fn windows_let_through_what_they_may(
            rate in 0.5_f64..5.0, length in 2_u64..20, slides: bool, gaps in prop::collection::vec(0_u64..2_000_000, 1..120)
        ) {
            let length = Micros::from_secs(length);
            let rule = LimitRule::window(rate, length, slides).expect("one at least");
            let most = (rate * length.as_secs() * (1.0 + 1e-9)).floor() as usize;
            let (mut meter, mut now, mut passed) = (Meter::new(&rule), Micros::ZERO, Vec::new());
            for gap in gaps {
                now += Micros::new(gap);
                if meter.take(now).is_ok() {
                    passed.push(now);
                }
                let recent = passed.iter().filter(|at| **at + length > now).count();
                let allowed = if slides { most } else { 2 * most };
                prop_assert!(recent <= allowed);
            }
        }

        /// Promise: workers serve in order, so many at a time, each for as long as it takes.
        #[test]
        fn workers_serve_in_order(
            servers in 1_u32..4, service in 1_u64..5_000_000, queue in 0_u32..4,
            gaps in prop::collection::vec(0_u64..3_000_000, 1..80)
        ) {
            let rule = LimitRule::workers(NonZeroU32::new(servers).expect("one"), Micros::new(service), queue);
            let (mut meter, mut now, mut spans) = (Meter::new(&rule), Micros::ZERO, Vec::<(Micros, Micros)>::new());
            for gap in gaps {
                now += Micros::new(gap);
                let Ok(late) = meter.take(now) else { continue };
                let end = now + late;
                let start = end - Micros::new(service);
                prop_assert!(start >= now && spans.last().is_none_or(|(_, before)| *before <= end));
                let at_once = spans.iter().filter(|(from, to)| *from <= start && start < *to).count();
                prop_assert!(at_once < servers as usize, "{} at a time", at_once + 1);
                spans.push((start, end));
                let waiting = spans.iter().filter(|(from, _)| *from > now).count();
                prop_assert!(waiting <= queue as usize);
            }
        }
    }
}
