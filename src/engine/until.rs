//! Replicates are added until a figure is known well enough, or a budget ends.
//!
//! Looks are at fixed numbers of replicates and see integer sums, so that where a run stops does not depend on threads; and
//! what it found is what a run of so many replicates finds. See [`crate::measure::precision`] for the rule and its sources.

use crate::engine::compare::{Compared, cells, settings, summarise};
use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Findings, Options, Sink, run};
use crate::inspection::Accuracy;
use crate::measure::precision::{LEAST, Precision, looks};
use crate::scenario::{MOST_TASKS, Scenario};
use std::fmt;

/// Most replicates of a scenario.
const MOST: u32 = 100_000;

/// So many times the replicates of the first look are the budget where none is named.
const USUAL: u32 = 100;

/// What is asked for, and how far a run goes for it.
#[derive(Debug, Clone, Copy)]
pub struct Until {
    precision: Precision,
    first: u32,
    most: u32,
}

/// Why a run cannot go on so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBudget {
    /// It ends before the first look.
    #[error("a budget of {budget} replicates ends before the first look: allow at least {first}")]
    Small {
        /// What was asked for.
        budget: u32,
        /// Replicates at the first look.
        first: u32,
    },
    /// There are not so many.
    #[error(
        "{tasks} tasks in {budget} replicates, as far as --until may go, are more than {MOST_TASKS} (tasks × replicates × models)"
    )]
    Large {
        /// Replicates.
        budget: u32,
        /// Tasks in them.
        tasks: u128,
    },
}

impl fmt::Display for Until {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} from {} to {} replicates", self.precision, self.first, self.most)
    }
}

impl Until {
    /// The scenario's replicates, or twenty if they are fewer, make the first look; without a budget there are up to a hundred
    /// times as many.
    ///
    /// # Errors
    ///
    /// Where the budget is too small or too large.
    pub fn new(scenario: &Scenario, precision: Precision, budget: Option<u32>) -> Result<Self, InvalidBudget> {
        let first = scenario.replicates.max(LEAST);
        let of_one = u128::from(scenario.tasks) * scenario.models.len() as u128;
        let fitting = u32::try_from(MOST_TASKS / of_one.max(1)).unwrap_or(u32::MAX);
        let most = budget.unwrap_or_else(|| first.saturating_mul(USUAL).min(MOST).min(fitting).max(first));
        if most < first {
            return Err(InvalidBudget::Small { budget: most, first });
        }
        if most > fitting {
            return Err(InvalidBudget::Large { budget: most, tasks: of_one * u128::from(most) });
        }
        Ok(Self { precision, first, most })
    }

    /// Most replicates that it takes.
    #[must_use]
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// Runs a scenario so, and sums it up; with it comes the scenario that it became, of more replicates. `None` if it was
    /// stopped.
    #[must_use]
    pub fn compare(
        &self,
        scenario: &Scenario,
        options: Options,
        control: &Control,
        sink: Option<Sink<'_>>,
    ) -> Option<(Scenario, Compared)> {
        let mut looked = Vec::new();
        let mut found: Option<Findings> = None;
        let mut is_met = false;
        let mut grown = scenario.clone();
        for replicates in looks(self.first, self.most) {
            let since = looked.last().copied().unwrap_or(0);
            looked.push(replicates);
            grown.replicates = replicates;
            let plan = Plan::new(&grown);
            let more = run(&plan, Options { since, ..options }, control, sink)?;
            let all = match found.take() {
                None => more,
                Some(mut all) => {
                    all.merge(more);
                    all
                }
            };
            let widest = self.precision.look(&cells(&plan, &settings(&plan, Accuracy::Exact), &all))?;
            // What one look finds, the next confirms.
            let was_met = std::mem::replace(&mut is_met, self.precision.is_met(&widest));
            if (was_met && is_met) || replicates == self.most {
                let mut compared = summarise(&plan, "sim", &all);
                compared.results.run.until = Some(self.precision.told(looked, widest));
                return Some((grown, compared));
            }
            found = Some(all);
        }
        None
    }
}
