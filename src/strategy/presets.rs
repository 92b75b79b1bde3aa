//! The strategies that are known by name: the guide's techniques as documented, and the hardened ones.
//!
//! A documented preset does what the guide's code does, bugs included. Its hardened twin keeps the guide's intervals and
//! nominal limit, so that a comparison of the two shows the repair and not another tuning.

use crate::strategy::composition::{
    Batching, Channel, Learning, Limit, Limiter, Pace, Recovery, Schedule, Sharing, Strategy, Tolerance,
};
use crate::strategy::guide::{self, documented};
use crate::strategy::{learned, planned};
use crate::time::Span;
use std::num::NonZeroU32;

/// Names of all presets, documented ones first. The last ones, from `quantile` to `optimal`, need distributions: see [`planned`].
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
    "batch-hardened",
    learned::NAME,
    "quantile",
    "keller",
    "half-mean",
    "mean-fraction",
    planned::OPTIMAL,
];

/// Gap between the fallback polls of `webhook-hybrid`: rare beside the guide's intervals, soon beside its limits.
const FALLBACK_INTERVAL: Span = Span::secs(60);

/// The pace of a strategy that never asks.
const UNASKED: Pace = Pace { schedule: Schedule::every(FALLBACK_INTERVAL, FALLBACK_INTERVAL), limit: Limit::None };

/// The strategy called `name`; `None` where there is none, and for those that are [planned](planned::PlannedRule) from distributions, which
/// cannot be had by name alone.
#[must_use]
pub fn preset(name: &str) -> Option<Strategy> {
    let strategy = match name {
        "basic" => documented(
            "basic",
            "as documented: every 3 s, 60 times; any error ends the wait",
            every(3, Limit::Attempts(count(60))),
        ),
        "adaptive" => guide::by_model(
            "adaptive",
            "as documented: a first wait and an interval for each model, until the sleeps add up to its limit; any error ends the wait",
            |row| guide::adaptive(row, Limit::SumOfSleeps),
        ),
        "exponential" => documented(
            "exponential",
            "as documented: 2 s, then each gap 1.5 times the last up to 30 s, until the sleeps add up to 600 s; any error ends the wait",
            backoff(Limit::SumOfSleeps(Span::secs(600))),
        ),
        "concurrent" => Strategy {
            sharing: Sharing::LockStep { pool: count(20) },
            ..documented(
                "concurrent",
                "as documented: pools of 20 tasks polled in lock-step rounds 3 s after the slowest reply, 62 times; one error ends the pool",
                every(3, Limit::Attempts(count(62))),
            )
        },
        "webhook" => Strategy {
            channel: Channel::Webhook,
            ..documented("webhook", "as documented: waits for the webhook without end, and never polls", UNASKED)
        },
        "resilient" => Strategy {
            recovery: Recovery::NetworkRetry { retries: 3, step: Span::secs(1) },
            ..documented(
                "resilient",
                "as documented: every 3 s for 300 s of sleeps; a network error is tried again after 1, 2 and 3 s, other errors end the wait",
                every(3, Limit::SumOfSleeps(Span::secs(300))),
            )
        },
        "basic-hardened" => hardened(documented(
            "basic-hardened",
            "every 3 s until 180 s by the clock, a last poll there; errors are polled over, Retry-After is obeyed before it",
            every(3, Limit::WallClock(Span::secs(180))),
        )),
        "adaptive-hardened" => hardened(guide::by_model(
            "adaptive-hardened",
            "the guide's first wait and interval for each model until its limit by the clock, a last poll there; errors are polled over, Retry-After is obeyed before it",
            |row| guide::adaptive(row, Limit::WallClock),
        )),
        "exponential-hardened" => hardened(documented(
            "exponential-hardened",
            "2 s, then each gap 1.5 times the last up to 30 s, until 600 s by the clock, a last poll there; errors are polled over, Retry-After is obeyed before it",
            backoff(Limit::WallClock(Span::secs(600))),
        )),
        "concurrent-hardened" => Strategy {
            sharing: Sharing::Limiter(Limiter::of(count(64), count(50), count(10))),
            ..hardened(documented(
                "concurrent-hardened",
                "every task on its own clock every 3 s until 183 s, under one limit of 64 requests in flight and 50 per second; one task's error is its own",
                every(3, Limit::WallClock(Span::secs(183))),
            ))
        },
        "webhook-hybrid" => Strategy {
            channel: Channel::Both,
            ..hardened(guide::by_model(
                "webhook-hybrid",
                "waits for the webhook and polls every 60 s in case it is lost, until the guide's limit for the model by the clock",
                fallback,
            ))
        },
        "batch-hardened" => Strategy {
            sharing: Sharing::Batch(Batching::largest()),
            ..hardened(guide::by_model(
                "batch-hardened",
                "tasks that come together are submitted as batches of up to 50, and one poll tells of a whole batch; the guide's first wait and interval for each model until its limit by the clock, a last poll there; errors are polled over",
                |row| guide::adaptive(row, Limit::WallClock),
            ))
        },
        learned::NAME => Learning::default().strategy(),
        _ => return None,
    };
    Some(strategy)
}

fn hardened(strategy: Strategy) -> Strategy {
    Strategy { recovery: Recovery::Tolerant(Tolerance::default()), ..strategy }
}

/// From the start of the wait on.
const fn every(interval_s: u64, limit: Limit) -> Pace {
    Pace { schedule: Schedule::at_once_and_every(Span::secs(interval_s)), limit }
}

fn backoff(limit: Limit) -> Pace {
    Pace { schedule: Schedule::half_more_each(Span::secs(2), Span::secs(30)), limit }
}

fn fallback((_, _, _, max): guide::Row) -> Pace {
    Pace { schedule: Schedule::every(FALLBACK_INTERVAL, FALLBACK_INTERVAL), limit: Limit::WallClock(max) }
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
        for name in PRESETS.iter().filter(|name| planned::PlannedRule::named(name).is_none()) {
            assert_eq!(preset(name).map(|strategy| strategy.name), Some((*name).to_owned()));
        }
        assert_eq!(preset("no such strategy"), None);
    }
}
