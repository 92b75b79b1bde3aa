//! What became of the recommended settings in other weather.

use serde_json::{Value, json};

/// Whose settings are put into weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// The recommended settings in a poller that polls over errors, as those that are written do.
    Poller,
    /// The same settings in the guide's loop, which the first error ends.
    GuideLoop,
    /// The guide's settings in the guide's loop.
    Guide,
    /// Webhooks, with fallback polls.
    Hybrid,
}

impl Contender {
    pub(super) const ALL: [Self; 4] = [Self::Poller, Self::GuideLoop, Self::Guide, Self::Hybrid];

    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Poller => "poller",
            Self::GuideLoop => "guide-loop",
            Self::Guide => "guide",
            Self::Hybrid => "webhook-hybrid",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Poller => "these settings in a poller that tolerates errors",
            Self::GuideLoop => "these settings in the guide's loop",
            Self::Guide => "the guide's settings in its loop",
            Self::Hybrid => "webhooks, with fallback polls",
        }
    }
}

/// What became of one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeatherOutcome {
    /// Whose waits.
    pub who: Contender,
    /// Whether nothing went wrong on the way: the same tasks without the faults.
    pub is_calm: bool,
    /// Tasks that succeeded and were never known.
    pub lost: u64,
    /// Mean delay in milliseconds of known tasks.
    pub delay_mean_ms: Option<f64>,
    /// Its 95th percentile over all tasks, in milliseconds; `None` where it falls on unknown ones.
    pub delay_p95_ms: Option<f64>,
    /// Polls of a task.
    pub polls: f64,
    /// Share of the requests that were answered with 429.
    pub share_429: f64,
}

/// What a weather does.
#[derive(Debug, Clone, PartialEq)]
pub struct Weathered {
    /// Its name.
    pub weather: String,
    /// Tasks under each row.
    pub tasks: u64,
    /// Tasks in a second.
    pub per_s: Option<f64>,
    /// First the recommended settings on a calm day.
    pub rows: Vec<WeatherOutcome>,
}

/// For programs.
pub(super) fn json(weathered: &Weathered) -> Value {
    let row = |row: &WeatherOutcome| {
        json!({
            "who": row.who.name(),
            "calm": row.is_calm,
            "lost": row.lost,
            "delay_ms": {"mean": row.delay_mean_ms, "p95": row.delay_p95_ms},
            "polls": row.polls,
            "share_429": row.share_429,
        })
    };
    let rows: Vec<Value> = weathered.rows.iter().map(row).collect();
    json!({"weather": weathered.weather, "tasks": weathered.tasks, "tasks_per_s": weathered.per_s, "rows": rows})
}
