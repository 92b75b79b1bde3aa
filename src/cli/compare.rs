//! `pollbench compare`: the main job.

mod again;
mod jobs;
mod one;
mod progress;
mod publish;
mod shard;
mod tasks;

use crate::cli::changes::Changes;
use crate::cli::console::{Failure, is_watched, note, print};
use crate::cli::engine::EngineArgs;
use crate::cli::folder::Folder;
use crate::cli::many::each;
use crate::cli::until::UntilArgs;
use crate::engine::sim::{Control, Options};
use crate::report::findings::Receiver;
use crate::report::matrix::{Matrix, Panel};
use crate::scenario::narrow::Overrides;
use clap::Args;
use jobs::Job;
use one::{Ran, Run};
pub(in crate::cli) use publish::{Format, publish, render, style, tell, verdict};
use shard::ShardArgs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Compare {
    /// Scenario files, or names of shipped scenarios (see `pollbench list scenarios`); several make a grid
    #[arg(value_name = "SCENARIO", default_value = "documented")]
    scenarios: Vec<String>,
    /// Apply the faults and network of these scenarios to the tasks of each; several make a grid
    #[arg(long, value_delimiter = ',', value_name = "PRESET")]
    weather: Vec<String>,
    #[command(flatten)]
    engine: EngineArgs,
    /// Only these models of the scenario, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    models: Option<Vec<String>>,
    /// Only these strategies: the scenario's own, or any preset
    #[arg(long, value_delimiter = ',', value_name = "X,Y")]
    strategies: Option<Vec<String>>,
    /// Tasks per model and replicate
    #[arg(long, value_name = "N")]
    tasks: Option<u64>,
    /// Independent repetitions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replicates: Option<u32>,
    /// Random seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Folder of the report [default: reports/<scenario>, or reports/grid]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write tasks.csv too: one line for each task under each strategy
    #[arg(long)]
    per_task: bool,
    /// Exit with 4 if a gate is undecided
    #[arg(long)]
    strict: bool,
    /// Print only the results
    #[arg(long, short)]
    quiet: bool,
    /// You can receive webhooks: recommend the best strategy that uses them
    #[arg(long, conflicts_with = "no_webhook")]
    webhook: bool,
    /// You cannot receive webhooks: recommend only strategies that poll
    #[arg(long)]
    no_webhook: bool,
    #[command(flatten)]
    until: UntilArgs,
    #[command(flatten)]
    shard: ShardArgs,
    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  pollbench compare
  pollbench compare outage-5m --strategies basic,basic-hardened --models sora-2
  pollbench compare my.toml --tasks 10000 --replicates 5 --seed 7 --out reports/mine
  pollbench compare flaky outage-5m rate-limited
  pollbench compare my.toml --weather calm,flaky,outage-5m
  pollbench compare flaky --engine virtual --tasks 40 --replicates 2
  pollbench compare documented --engine wire --time-scale 60 --tasks 20 --replicates 1 --models flux-2
  pollbench compare rate-limited --set faults.0.rate_per_s=5 --set horizon=20m
  pollbench compare flaky --until detection_delay_ms=1%          with as many replicates as needed
  pollbench compare documented --observed-model sora-2=jobs.csv --column took_s --models sora-2
  pollbench compare documented --shard 3/8 --partial 3.part     one of eight machines; see pollbench merge
  pollbench compare rate-limited --format json --quiet | jq '.cells[] | {strategy, lost}'";

impl Compare {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let jobs = self.jobs()?;
        if self.shard.is_asked_for() {
            return self.one_shard(&jobs);
        }
        for warning in jobs.iter().flat_map(|job| job.scenario.warnings()) {
            note(format_args!("warning: {warning}"));
        }
        let waits = jobs.iter().map(Job::waits).fold(0_u128, u128::saturating_add);
        let target = self.engine.target(waits)?;
        if self.until.is_asked_for() && target.is_some() {
            return Err(Failure::Input("--until is for the simulator: leave out --engine, or --until".to_owned()));
        }
        let is_grid = jobs.len() > 1;
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| Path::new("reports").join(if is_grid { "grid" } else { &jobs[0].scenario.name }));
        let folder = Folder::writable(&out)?;
        let control = Control::default();
        let is_watched = !self.quiet && is_watched();
        let total = u64::try_from(waits).unwrap_or(u64::MAX);
        let run = Run { compare: &self, target: target.as_ref(), control: &control, threads: self.threads() };
        let all = progress::beside(is_watched, total, &control, || run_all(&run, &jobs, &out, is_grid))?;

        if is_grid {
            let parts: Vec<Panel<'_>> = jobs
                .iter()
                .zip(&all)
                .map(|(job, ran)| Panel { label: &job.label, scenario: &ran.scenario, results: &ran.results })
                .collect();
            let command = self.again(&jobs);
            let matrix = Matrix { parts: &parts, command: &command };
            for (name, content) in matrix.files() {
                folder.write(name, content.as_bytes())?;
            }
            print(&self.render(&matrix))?;
        }
        for (job, ran) in jobs.iter().zip(&all) {
            print(&ran.printed)?;
            let label = if is_grid { format!("{}: ", job.label) } else { String::new() };
            tell(&label, &ran.results);
        }
        if !self.quiet {
            note(format_args!("report: {}", out.join(if is_grid { "grid.html" } else { "report.html" }).display()));
        }
        Ok(verdict(all.iter().map(|ran| &ran.results), self.strict))
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            models: self.models.clone(),
            strategies: self.strategies.clone(),
            tasks: self.tasks,
            replicates: self.replicates,
            seed: self.seed,
        }
    }

    fn threads(&self) -> usize {
        self.threads.map_or_else(|| Options::default().threads, usize::from)
    }

    /// Which answer comes first.
    fn receiver(&self) -> Receiver {
        match (self.webhook, self.no_webhook) {
            (true, _) => Receiver::Here,
            (_, true) => Receiver::Absent,
            (false, false) => Receiver::Unsaid,
        }
    }

    fn render(&self, matrix: &Matrix<'_>) -> String {
        match self.format {
            Format::Table => matrix.table(style()),
            Format::Json => matrix.json(),
            Format::Csv => matrix.csv(),
            Format::Markdown => matrix.markdown(),
        }
    }
}

/// Runs all jobs, several at a time on the simulator: what a scenario gives does not depend on what runs beside it. Only a
/// wall clock and its sockets want to be alone.
fn run_all(run: &Run<'_>, jobs: &[Job], out: &Path, is_grid: bool) -> Result<Vec<Ran>, Failure> {
    let at_a_time = if run.target.is_none() { run.threads.min(jobs.len()) } else { 1 };
    let alone = Run { threads: (run.threads / at_a_time).max(1), ..*run };
    each(jobs.len(), at_a_time, run.control, |number| {
        let job = &jobs[number];
        let at = if is_grid { out.join(&job.scenario.name) } else { out.to_owned() };
        alone.job(job, &at, !is_grid)
    })
}
