//! `pollbench diff`: what changed between two runs.

use crate::cli::console::{Failure, note, open, print, print_folded};
use crate::measure::results::{Results, SCHEMA_VERSION};
use crate::observations::plain_text;
use crate::report::diff::{self, Side};
use clap::{Args, ValueEnum};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Diff {
    /// A results file, or the folder of a report
    a: PathBuf,
    /// Another one; differences are B minus A
    b: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

const EXAMPLES: &str = "\
Tasks are paired where both folders hold tasks.csv (compare --per-task), gzipped or not, and the tasks are the same; \
otherwise the two runs are compared as independent samples.

Examples:
  pollbench diff reports/before reports/after
  pollbench diff a/results.json b/results.json --format json";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

impl Diff {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let (a, b) = (side(&self.a)?, side(&self.b)?);
        let found = diff::diff(&a, &b);
        if found.rows.is_empty() {
            return Err(Failure::Input(format!(
                "{} and {} have no model and strategy in common",
                self.a.display(),
                self.b.display()
            )));
        }
        for cell in &found.only_in_one {
            note(format_args!("note: only in one of the two: {cell}"));
        }
        match self.format {
            Format::Table => print_folded(&diff::text(&found))?,
            Format::Json => print(&diff::json(&found))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn side(path: &Path) -> Result<Side, Failure> {
    let file = if path.is_dir() { path.join("results.json") } else { path.to_owned() };
    let input = |path: &Path, error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| input(&file, &error))?;
    let results: Results = serde_json::from_str(&text)
        .map_err(|error| Failure::Input(format!("{}: not a results file of this version: {error}", file.display())))?;
    if results.schema_version != SCHEMA_VERSION {
        return Err(Failure::Input(format!(
            "{}: schema version {}, this program reads {SCHEMA_VERSION}",
            file.display(),
            results.schema_version
        )));
    }
    let tasks =
        ["tasks.csv", "tasks.csv.gz"].map(|name| file.with_file_name(name)).into_iter().find(|file| file.is_file());
    let table = |tasks: PathBuf| {
        let mut text = String::new();
        let mut reader = plain_text(open(&tasks)?).map_err(|error| input(&tasks, &error))?;
        reader.read_to_string(&mut text).map_err(|error| input(&tasks, &error))?;
        let table = diff::read_tasks(&text).map_err(|error| input(&tasks, &error))?;
        diff::check_tasks(&results, &table).map_err(|error| input(&tasks, &error))?;
        Ok::<_, Failure>(table)
    };
    let tasks = tasks.map(table).transpose()?;
    Ok(Side { results, tasks })
}
