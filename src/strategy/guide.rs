//! The guide's table of polling settings, and the paces and compositions that strategies make of it.

use crate::strategy::composition::{Channel, Jitter, Limit, Pace, Recovery, Schedule, Sharing, Strategy};
use crate::time::Span;
use std::collections::BTreeMap;

/// One row: model, initial wait, interval, limit.
pub(super) type Row = (&'static str, Span, Span, Span);

/// The guide's `getPollingConfig`.
const TABLE: [Row; 5] = [
    row("nano-banana", 5, 3, 120),
    row("flux-2", 10, 5, 180),
    row("sora-2", 60, 15, 600),
    row("veo-3-1", 45, 10, 480),
    row("suno", 30, 10, 300),
];

/// The guide's settings for any other model.
const DEFAULT: Row = row("", 10, 5, 300);

/// All in seconds.
const fn row(model: &'static str, initial: u64, interval: u64, max: u64) -> Row {
    (model, Span::secs(initial), Span::secs(interval), Span::secs(max))
}

/// A strategy that does `pace` for each row of the table, everything else as documented.
pub(super) fn by_model(name: &str, about: &str, pace: impl Fn(Row) -> Pace) -> Strategy {
    let per_model: BTreeMap<_, _> = TABLE.iter().map(|&row| (row.0.to_owned(), pace(row))).collect();
    Strategy { per_model, ..documented(name, about, pace(DEFAULT)) }
}

/// The guide's first wait and interval, until its limit.
pub(super) fn adaptive((_, initial, interval, max): Row, limit: fn(Span) -> Limit) -> Pace {
    Pace { schedule: Schedule::every(initial, interval), limit: limit(max) }
}

/// The guide's first wait and interval for each model until `deadline` by the clock, everything else as documented: what
/// `optimal` and `learned` do where they know no better.
pub(super) fn adaptive_until(deadline: Span) -> Strategy {
    by_model("", "", |(_, initial, interval, _)| Pace {
        schedule: Schedule::every(initial, interval),
        limit: Limit::WallClock(deadline),
    })
}

/// A composition of the simplest parts, as most of the guide's code is.
pub(super) fn documented(name: &str, about: &str, pace: Pace) -> Strategy {
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
