//! `pollbench show`: a scenario, as it is written or with everything resolved.

use crate::cli::changes::Changes;
use crate::cli::console::{Failure, note, print, print_folded};
use crate::report::resolved;
use crate::scenario::narrow::Overrides;
use crate::scenario::recipe::{Loaded, Recipe};
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Show {
    /// A scenario file, or the name of a shipped scenario (see `pollbench list scenarios`)
    scenario: String,
    #[command(flatten)]
    changes: Changes,
    /// Apply the faults and network of this scenario to the tasks
    #[arg(long, value_name = "PRESET")]
    weather: Option<String>,
    /// Only these models of the scenario, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    models: Option<Vec<String>>,
    /// Only these strategies: the scenario's own, or any preset
    #[arg(long, value_delimiter = ',', value_name = "X,Y")]
    strategies: Option<Vec<String>>,
    /// What to print
    #[arg(long, value_enum, default_value = "toml")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  pollbench show flaky > my.toml
  pollbench show documented --format text
  pollbench show documented --weather outage-5m --models sora-2 --strategies optimal,adaptive --format text
  pollbench show documented --observed-model sora-2=jobs.csv --column took_s > mine.toml
  pollbench show my.toml --set horizon=20m --format json";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The text of its file, with the changes of --set and --observed-model
    Toml,
    /// Everything resolved: distributions with quantiles, faults, when each strategy polls each model
    Text,
    /// The same for programs
    Json,
}

impl Show {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let own = self.changes.load(&self.scenario, false)?;
        if self.format == Format::Toml {
            if self.weather.is_some() || self.models.is_some() || self.strategies.is_some() {
                let message = "--weather, --models and --strategies change no file: say --format text or --format json";
                return Err(Failure::Input(message.to_owned()));
            }
            print(own.text())?;
            return Ok(ExitCode::SUCCESS);
        }
        let weather = self.weather.as_ref().map(|name| Loaded::named(name, &[])).transpose()?;
        let overrides = Overrides { models: self.models, strategies: self.strategies, ..Overrides::default() };
        let (_, scenario) = Recipe::cook(&own, weather.as_ref(), overrides)?;
        for warning in scenario.warnings() {
            note(format_args!("warning: {warning}"));
        }
        match self.format {
            Format::Json => print(&format!("{:#}\n", resolved::json(&scenario)))?,
            Format::Toml | Format::Text => print_folded(&resolved::text(&scenario))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
