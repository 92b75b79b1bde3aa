//! The strategies that are known by name: the guide's techniques as documented, and the hardened ones.
//!
//! A documented preset does what the guide's code does, bugs included. Its hardened twin keeps the guide's intervals and
//! nominal limit, so that a comparison of the two shows the repair and not another tuning.

use crate::strategy::composition::{
    Channel, Jitter, Limit, Limiter, Pace, Recovery, Schedule, Sharing, Strategy, Tolerance,
};
use crate::strategy::learned::{self, Learning};
use crate::strategy::optimal;
use crate::time::Micros;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Names of all presets, documented ones first. The last one, `optimal`, needs laws: see [`optimal`].
pub const PRESETS: &[&str] = &[
    "basic",
    "adaptive",
    "exponential",
    "concurrent",
    "webhook",
    "resilient",
    "basic-hardened",
    "adaptive-hardened",
    "exponential-hardened",
    "concurrent-hardened",
    "webhook-hybrid",
    learned::NAME,
    optimal::NAME,
];

/// One row of the guide's table of polling settings: model, initial wait, interval, limit, all in seconds.
type GuideRow = (&'static str, u64, u64, u64);

/// The guide's `getPollingConfig`.
const GUIDE_TABLE: [GuideRow; 5] = [
    ("nano-banana", 5, 3, 120),
    ("flux-2", 10, 5, 180),
    ("sora-2", 60, 15, 600),
    ("veo-3-1", 45, 10, 480),
    ("suno", 30, 10, 300),
];

/// The guide's settings for any other model.
const GUIDE_DEFAULT: GuideRow = ("", 10, 5, 300);

/// Gap between the fallback polls of `webhook-hybrid`: rare beside the guide's intervals, soon beside its limits.
const FALLBACK_INTERVAL: Micros = Micros::from_secs(60);

/// The strategy called `name`; `None` where there is none, and for `optimal`, which cannot be had by name alone.
#[must_use]
pub fn preset(name: &str) -> Option<Strategy> {
    let strategy = match name {
        "basic" => documented(
            "basic",
            "as documented: every 3 s, 60 times; any error ends the wait",
            fixed(0, 3, Limit::Attempts(count(60))),
        ),
        "adaptive" => Strategy {
            per_model: guide_paces(Limit::SumOfSleeps),
            ..documented(
                "adaptive",
                "as documented: a first wait and an interval for each model, until the sleeps add up to its limit; any error ends the wait",
                guide_pace(GUIDE_DEFAULT, Limit::SumOfSleeps),
            )
        },
        "exponential" => documented(
            "exponential",
            "as documented: 2 s, then each gap 1.5 times the last up to 30 s, until the sleeps add up to 600 s; any error ends the wait",
            backoff(Limit::SumOfSleeps(Micros::from_secs(600))),
        ),
        "concurrent" => Strategy {
            sharing: Sharing::LockStep { pool: count(20) },
            ..documented(
                "concurrent",
                "as documented: pools of 20 tasks polled in lock-step rounds 3 s after the slowest reply, 62 times; one error ends the pool",
                fixed(0, 3, Limit::Attempts(count(62))),
            )
        },
        "webhook" => Strategy {
            channel: Channel::Webhook,
            ..documented("webhook", "as documented: never asks, waits to be told, for ever", fixed(60, 60, Limit::None))
        },
        "resilient" => Strategy {
            recovery: Recovery::NetworkRetry { retries: 3, step: Micros::from_secs(1) },
            ..documented(
                "resilient",
                "as documented: every 3 s for 300 s of sleeps; a network error is tried again after 1, 2 and 3 s, other errors end the wait",
                fixed(0, 3, Limit::SumOfSleeps(Micros::from_secs(300))),
            )
        },
        "basic-hardened" => hardened(
            "basic-hardened",
            "every 3 s until 180 s by the clock, a last poll there; errors are polled over, Retry-After is obeyed before it",
            fixed(0, 3, Limit::WallClock(Micros::from_secs(180))),
        ),
        "adaptive-hardened" => Strategy {
            per_model: guide_paces(Limit::WallClock),
            ..hardened(
                "adaptive-hardened",
                "the guide's first wait and interval for each model until its limit by the clock, a last poll there; errors are polled over, Retry-After is obeyed before it",
                guide_pace(GUIDE_DEFAULT, Limit::WallClock),
            )
        },
        "exponential-hardened" => hardened(
            "exponential-hardened",
            "2 s, then each gap 1.5 times the last up to 30 s, until 600 s by the clock, a last poll there; errors are polled over, Retry-After is obeyed before it",
            backoff(Limit::WallClock(Micros::from_secs(600))),
        ),
        "concurrent-hardened" => Strategy {
            sharing: Sharing::Limiter(Limiter { max_in_flight: count(64), rate_per_s: 50.0, burst: count(10) }),
            ..hardened(
                "concurrent-hardened",
                "every task on its own clock every 3 s until 183 s, under one limit of 64 requests in flight and 50 per second; one task's error is its own",
                fixed(0, 3, Limit::WallClock(Micros::from_secs(183))),
            )
        },
        "webhook-hybrid" => Strategy {
            channel: Channel::Both,
            per_model: guide_models(fallback_pace),
            ..hardened(
                "webhook-hybrid",
                "waits to be told and asks every 60 s in case it was not, until the guide's limit for the model by the clock",
                fallback_pace(GUIDE_DEFAULT),
            )
        },
        learned::NAME => Learning::default().strategy(),
        _ => return None,
    };
    Some(strategy)
}

/// The guide's first wait and interval for each model until `deadline` by the clock, everything else as documented: what
/// `optimal` and `learned` do where they know no better.
pub(super) fn adaptive_until(deadline: Micros) -> Strategy {
    let pace = |row: GuideRow| fixed(row.1, row.2, Limit::WallClock(deadline));
    Strategy { per_model: guide_models(pace), ..documented("", "", pace(GUIDE_DEFAULT)) }
}

fn documented(name: &str, about: &str, pace: Pace) -> Strategy {
    Strategy {
        name: name.to_owned(),
        about: about.to_owned(),
        channel: Channel::Poll,
        pace,
        per_model: BTreeMap::new(),
        recovery: Recovery::Propagate,
        jitter: Jitter::None,
        sharing: Sharing::Alone,
    }
}

fn hardened(name: &str, about: &str, pace: Pace) -> Strategy {
    Strategy { recovery: Recovery::Tolerant(Tolerance::default()), ..documented(name, about, pace) }
}

/// The deadline alone ends a wait, because a paid task that lives is worth asking for; an attempt may take 10 s, many
/// times a round trip; a `Retry-After` is obeyed from 1 s (`0` must not make a busy loop) to 60 s (nobody is sent away for
/// a day).
impl Default for Tolerance {
    fn default() -> Self {
        Self {
            consecutive_failures: None,
            attempt_timeout: Micros::from_secs(10),
            retry_after_floor: Micros::from_secs(1),
            retry_after_ceiling: Micros::from_secs(60),
        }
    }
}

fn fixed(first_s: u64, interval_s: u64, limit: Limit) -> Pace {
    let schedule = Schedule::Fixed { first: Micros::from_secs(first_s), interval: Micros::from_secs(interval_s) };
    Pace { schedule, limit }
}

fn backoff(limit: Limit) -> Pace {
    let schedule = Schedule::Exponential {
        first: Micros::ZERO,
        interval: Micros::from_secs(2),
        multiplier: 1.5,
        cap: Micros::from_secs(30),
    };
    Pace { schedule, limit }
}

fn guide_pace((_, initial, interval, max): GuideRow, limit: fn(Micros) -> Limit) -> Pace {
    fixed(initial, interval, limit(Micros::from_secs(max)))
}

fn fallback_pace((_, _, _, max): GuideRow) -> Pace {
    let schedule = Schedule::Fixed { first: FALLBACK_INTERVAL, interval: FALLBACK_INTERVAL };
    Pace { schedule, limit: Limit::WallClock(Micros::from_secs(max)) }
}

fn guide_paces(limit: fn(Micros) -> Limit) -> BTreeMap<String, Pace> {
    guide_models(|row| guide_pace(row, limit))
}

fn guide_models(pace: impl Fn(GuideRow) -> Pace) -> BTreeMap<String, Pace> {
    GUIDE_TABLE.iter().map(|&row| (row.0.to_owned(), pace(row))).collect()
}

const fn count(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_preset_exists_under_its_name() {
        for name in PRESETS.iter().filter(|name| **name != optimal::NAME) {
            assert_eq!(preset(name).map(|strategy| strategy.name), Some((*name).to_owned()));
        }
        assert_eq!(preset("no such strategy"), None);
    }
}
