//! `pollbench schema`: the JSON Schema of scenario files.

use crate::cli::console::{Failure, print};
use crate::scenario::json_schema;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pollbench schema > scenario.schema.json")]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        print(&format!("{:#}\n", json_schema()))?;
        Ok(ExitCode::SUCCESS)
    }
}
