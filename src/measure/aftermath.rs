//! What faults did, as `results.json` holds it: how often each rule struck, and how long outages are felt.

use serde::{Deserialize, Serialize};

/// What came of a fault rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResult {
    /// Its number in the scenario, from 1.
    pub rule: usize,
    /// Its kind.
    pub kind: String,
    /// Requests and deliveries that it struck, under all strategies.
    pub struck: u64,
}

#[cfg(feature = "report")]
impl RuleResult {
    /// The rule for people: numbers count from 1, paths from 0.
    pub(crate) fn label(&self) -> String {
        format!("fault {} ({}, faults.{})", self.rule, self.kind, self.rule.saturating_sub(1))
    }
}

/// How long outages are felt: from the end of one until no task that was done before it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecoveryStats {
    /// Outages that a wait met, over all replicates.
    pub outages: u64,
    /// Of them, those after which some task never became known.
    pub never: u64,
    /// Mean over the others; `null` where there are none.
    pub mean: Option<f64>,
    /// Longest; `null` as soon as one was never recovered from.
    pub max: Option<f64>,
}
