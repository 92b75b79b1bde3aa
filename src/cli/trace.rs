//! `pollbench trace`: one wait request by request.

use crate::cli::console::{Failure, note, print, print_folded, read};
use crate::engine::trace::{CaseTask, FateName, Millis, TraceCase, trace};
use crate::report::timeline;
use crate::strategy::presets::preset;
use crate::suggest;
use crate::time::Micros;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Trace {
    /// A preset (see `pollbench list strategies`)
    #[arg(long, value_name = "NAME", required_unless_present = "case", conflicts_with = "case")]
    strategy: Option<String>,
    /// The model, for strategies with settings for each; any other name has the guide's default settings
    #[arg(long, value_name = "NAME", default_value = "", conflicts_with = "case")]
    model: String,
    /// When the task ends, from the start of the wait; without it the task never ends
    #[arg(long, value_name = "TIME", conflicts_with = "case")]
    completes_at: Option<Micros>,
    /// Round trip of every request
    #[arg(long, value_name = "TIME", default_value = "0s", conflicts_with = "case")]
    rtt: Micros,
    /// A case in JSON with scripted replies; `-` for standard input
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  pollbench trace --strategy adaptive --model sora-2 --completes-at 94s --rtt 80ms
  pollbench trace --strategy exponential --completes-at 2m --format svg > wait.svg
  pollbench trace --strategy adaptive --completes-at 94s --format html > wait.html
  echo '{\"strategy\": \"resilient\", \"rtt_ms\": 100, \"task\": {\"completion_ms\": 12500},
         \"replies\": {\"1\": {\"kind\": \"reset\"}}}' | pollbench trace --case - --format json";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Svg,
    Html,
}

impl Trace {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        self.tell_misspelt();
        let input = |error: &dyn std::fmt::Display| Failure::Input(error.to_string());
        let case = match (&self.case, &self.strategy) {
            (Some(path), _) => TraceCase::from_json(&read(path)?).map_err(|error| input(&error))?,
            (None, strategy) => TraceCase {
                strategy: strategy.clone().unwrap_or_default(),
                model: self.model.clone(),
                rtt_ms: Millis(self.rtt),
                up_ms: None,
                task: Some(CaseTask {
                    completion_ms: self.completes_at.map(Millis),
                    result: FateName::Success,
                    fail_code: String::new(),
                    fail_message: String::new(),
                }),
                replies: BTreeMap::new(),
                webhook: None,
                starts_ms: None,
                tasks: None,
            },
        };
        let trace = trace(&case).map_err(|error| input(&error))?;
        match self.format {
            Format::Text => print_folded(&timeline::text(&case, &trace))?,
            Format::Json => print(&timeline::json(&trace))?,
            Format::Svg => print(&timeline::svg(&case, &trace))?,
            Format::Html => print(&timeline::html(&case, &trace))?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Any model is traced; one that is nearly a known one was probably to be that.
    fn tell_misspelt(&self) {
        let Some(strategy) = self.strategy.as_deref().and_then(preset) else { return };
        let known = strategy.per_model.keys().map(String::as_str);
        if let Some(near) = suggest::closest(&self.model, known).filter(|near| *near != self.model) {
            note(format_args!(
                "`{}` has no settings of its own for `{}`, and follows those for any other model; did you mean `{near}`?",
                strategy.name, self.model
            ));
        }
    }
}
