//! `--until` and its budget, as `compare` and `sweep` have them.

use crate::cli::console::Failure;
use crate::engine::until::Until;
use crate::measure::precision::Precision;
use crate::scenario::Scenario;
use clap::Args;

/// How far a run goes.
#[derive(Debug, Args)]
pub(super) struct UntilArgs {
    /// Add replicates until the 95 % interval of METRIC is within ± this share of it in every cell, such as lost=5% or
    /// detection_delay_ms.p95=2%
    #[arg(long, value_name = "METRIC=1%")]
    until: Option<Precision>,
    /// Maximum number of replicates for --until [default: 100 times those of its first look]
    #[arg(long, value_name = "N", requires = "until", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    budget: Option<u32>,
}

impl UntilArgs {
    pub(super) fn is_asked_for(&self) -> bool {
        self.until.is_some()
    }

    /// For this scenario; `None` where its own replicates are to be run.
    pub(super) fn of(&self, scenario: &Scenario) -> Result<Option<Until>, Failure> {
        let until = self.until.map(|precision| Until::new(scenario, precision, self.budget));
        until.transpose().map_err(|error| Failure::Input(format!("{}: {error}", scenario.name)))
    }

    /// The flags that ask for the same.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        let until = self.until.map(|precision| ("--until", precision.to_string()));
        until.into_iter().chain(self.budget.map(|budget| ("--budget", budget.to_string()))).collect()
    }
}
