//! `pollbench merge`: the parts of a run, put together.

use crate::cli::compare::{Format, publish, render, tell, verdict};
use crate::cli::console::{Failure, note, print};
use crate::cli::folder::Folder;
use crate::engine::compare::summarise;
use crate::engine::partial::{Merging, PartialRun};
use crate::engine::plan::Plan;
use crate::report::Report;
use crate::report::findings::Receiver;
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Shards that are named where many are missing.
const NAMED: usize = 8;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Merge {
    /// Partial files of all shards of one run (compare --shard I/N --partial FILE), in any order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder of the report [default: reports/<scenario>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Exit with 4 if a gate is undecided
    #[arg(long)]
    strict: bool,
    /// Print only the results
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
The report has the same bytes as that of one machine. A shard that was run twice counts once.

Examples:
  for i in 1 2 3; do pollbench compare flaky --shard $i/3 --partial $i.part; done
  pollbench merge *.part --out reports/flaky";

impl Merge {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let first = read(&self.files[0])?;
        let header = first.header.clone();
        let scenario = header.recipe.scenario().map_err(|error| input(&self.files[0], &error))?;
        let out = self.out.clone().unwrap_or_else(|| Path::new("reports").join(&scenario.name));
        let folder = Folder::writable(&out)?;
        let plan = Plan::new(&scenario);
        let mut merging = Merging::new(&header, &plan);
        let mut first = Some(first);
        for path in &self.files {
            let part = first.take().map_or_else(|| read(path), Ok)?;
            let shard = part.header.shard;
            if !merging.add(part).map_err(|error| input(path, &error))? {
                note(format_args!("note: {} is shard {shard} once more; it counts once", path.display()));
            }
        }
        let missing = merging.missing();
        if !missing.is_empty() {
            let mut names: Vec<String> = missing.iter().take(NAMED).map(ToString::to_string).collect();
            if missing.len() > NAMED {
                names.push(format!("and {} more", missing.len() - NAMED));
            }
            return Err(Failure::Input(format!("shards are missing: {}; run them and merge again", names.join(", "))));
        }
        let mut compared = summarise(&plan, "sim", &merging.into_findings());
        publish(&scenario, &mut compared, (&header.command, Receiver::Unsaid), &folder)?;
        folder.forget("tasks.csv")?;
        let (results, series) = (&compared.results, &compared.series);
        let report =
            Report { scenario: &scenario, results, series, command: &header.command, receiver: Receiver::Unsaid };
        print(&render(self.format, &report))?;
        tell("", results);
        if !self.quiet {
            note(format_args!("report: {}", out.join("report.html").display()));
        }
        Ok(verdict(std::iter::once(results), self.strict))
    }
}

fn read(path: &Path) -> Result<PartialRun, Failure> {
    let file = File::open(path).map_err(|error| input(path, &error))?;
    PartialRun::read(file).map_err(|error| input(path, &error))
}

fn input(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Input(format!("{}: {error}", path.display()))
}
