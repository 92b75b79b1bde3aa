//! How a run that went on until a figure was known well enough came to its end.

use crate::figures as f;
use serde::{Deserialize, Serialize};
use std::fmt;

/// As a person writes it: 1, not 1.0000000000000002.
pub(super) fn percentage(share: f64) -> f64 {
    let percent = share * 100.0;
    format!("{percent:.12}").parse().unwrap_or(percent)
}

/// How a run that went on until a figure was known well enough came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UntilResult {
    /// Metric.
    pub metric: String,
    /// Statistic of it.
    pub stat: String,
    /// What was asked for: half of the 95 % interval over the figure, in every cell.
    pub within: f64,
    /// Replicates at each look; the last are those of the run.
    pub looks: Vec<u32>,
    /// Why it ended.
    pub ended: Ended,
    /// The cell whose interval was widest at the end.
    pub widest: Widest,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// All intervals were narrow enough.
    Narrow,
    /// There were to be no more replicates.
    Budget,
}

/// The cell with the widest interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Widest {
    /// Model.
    pub model: String,
    /// Strategy.
    pub strategy: String,
    /// Half of its interval over its figure; `null` without an interval, or where the figure is 0.
    pub within: Option<f64>,
}

impl fmt::Display for UntilResult {
    /// One sentence for people, without its full stop.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, stat, within, looks, ended, widest } = self;
        let replicates = looks.last().copied().unwrap_or(0);
        let found = widest.within.map_or_else(
            || "is 0 or has no interval".to_owned(),
            |share| format!("is known within {}", f::percent(share)),
        );
        let (model, strategy) = (&widest.model, &widest.strategy);
        match ended {
            Ended::Narrow => write!(
                out,
                "{metric} ({stat}) is known within {} % everywhere after {replicates} replicates (looks: {})",
                percentage(*within),
                looks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            ),
            Ended::Budget => write!(
                out,
                "the budget of {replicates} replicates ended before {metric} ({stat}) was known within {} % everywhere: \
                 for {strategy} on {model} it {found}",
                percentage(*within),
            ),
        }
    }
}
