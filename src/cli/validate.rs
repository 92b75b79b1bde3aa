//! `pollbench validate`: is a scenario file right?

use crate::cli::console::{Failure, colour, note, print};
use crate::figures::plural;
use crate::scenario::shipped::load;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pollbench validate my.toml\n  pollbench validate scenarios/*.toml")]
pub(super) struct Validate {
    /// Scenario files, or names of shipped scenarios
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Validate {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut all_valid = true;
        for file in &self.files {
            match load(file) {
                Ok(scenario) => {
                    let (models, strategies) = (scenario.models.len(), scenario.strategies.len());
                    let waits =
                        scenario.tasks as u128 * u128::from(scenario.replicates) * (models * strategies) as u128;
                    print(&format!(
                        "{file}: ok ({}, {}, {}, {})\n",
                        plural(models, "model"),
                        plural(strategies, "strategy"),
                        plural(scenario.faults.len(), "fault"),
                        plural(waits, "wait"),
                    ))?;
                    for warning in scenario.warnings() {
                        note(format_args!("{file}: warning: {warning}"));
                    }
                }
                Err(error) => {
                    all_valid = false;
                    note(error.render(colour(&std::io::stderr())));
                }
            }
        }
        Ok(if all_valid { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}
