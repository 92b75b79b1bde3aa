//! A part of a run, for `pollbench merge` to put together with the others.

use super::jobs::Job;
use super::{Compare, progress};
use crate::cli::console::{Failure, is_watched, note, print};
use crate::cli::folder::Folder;
use crate::engine::partial::{self, Header};
use crate::engine::plan::Plan;
use crate::engine::shard::{InvalidShard, Shard, pieces};
use crate::engine::sim::{Control, Options, run};
use crate::scenario::narrow::Overrides;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

/// Waits that a calibration simulates, roughly.
const CALIBRATION: u64 = 20_000;

/// Which part, and where it goes.
#[derive(Debug, Args)]
pub(super) struct ShardArgs {
    /// Run only part I of N; `auto` takes them from the job system (Slurm, AWS Batch; auto/N: Kubernetes)
    #[arg(long, value_name = "I/N")]
    shard: Option<Asked>,
    /// Write the results of the part to this file
    #[arg(long, value_name = "FILE", requires = "shard")]
    partial: Option<PathBuf>,
    /// Only print what the part would cost
    #[arg(long, requires = "shard")]
    dry_run: bool,
}

/// A shard as it is written on the command line.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Named(Shard),
    /// What the job system says, of this many if it does not say.
    Auto(Option<u32>),
}

impl FromStr for Asked {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        match text.strip_prefix("auto") {
            None => text.parse().map(Self::Named),
            Some("") => Ok(Self::Auto(None)),
            Some(rest) => {
                let of = rest.strip_prefix('/').and_then(|of| of.parse::<u32>().ok());
                let of = of.ok_or_else(|| InvalidShard::Form { text: text.to_owned() })?;
                Shard::new(1, of).map(|_| Self::Auto(Some(of)))
            }
        }
    }
}

impl ShardArgs {
    pub(super) fn is_asked_for(&self) -> bool {
        self.shard.is_some()
    }
}

impl Compare {
    /// Runs the part that is asked for, and writes its file.
    pub(super) fn one_shard(&self, jobs: &[Job]) -> Result<ExitCode, Failure> {
        let input = |text: String| Err(Failure::Input(text));
        let [job] = jobs else {
            return input("--shard cuts one scenario: give each scenario of a grid its own run".to_owned());
        };
        if !self.engine.is_simulated() || self.per_task {
            return input("--shard is for the simulator, and without --per-task".to_owned());
        }
        if self.until.is_asked_for() {
            return input(
                "--until looks at all replicates at once, and a shard has only its own: run --until on one machine, or \
                 give all shards the same --replicates N"
                    .to_owned(),
            );
        }
        job.recipe.portable().map_err(|error| Failure::Input(error.to_string()))?;
        let shard = match self.shard.shard {
            Some(Asked::Named(shard)) => shard,
            Some(Asked::Auto(of)) => Shard::from_environment(|name| std::env::var(name).ok(), of)
                .map_err(|error| Failure::Input(error.to_string()))?,
            None => Shard::WHOLE,
        };
        let plan = Plan::new(&job.scenario);
        let mine = shard.pieces(&plan);
        let waits = (job.waits() as f64 * (mine.end - mine.start) as f64 / pieces(&plan) as f64).round();
        if self.shard.dry_run {
            let seconds = waits * seconds_per_wait(job)?;
            print(&format!(
                "shard {shard}: {} of {} pieces, {waits} of {} waits, about {seconds:.1} s on one core\n",
                mine.end - mine.start,
                pieces(&plan),
                job.waits()
            ))?;
            return Ok(ExitCode::SUCCESS);
        }
        let Some(path) = &self.shard.partial else {
            return input("--shard needs --partial FILE, for what it finds (or --dry-run)".to_owned());
        };
        let (folder, name) = match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
            // A device or a pipe would be replaced by the file, not written into.
            (Some(parent), Some(name))
                if (path.is_file() || !path.exists()) && !path.as_os_str().as_encoded_bytes().ends_with(b"/") =>
            {
                (Folder::writable(parent)?, name)
            }
            _ => return input(format!("{} cannot be written as a file: name another one", path.display())),
        };
        let control = Control::default();
        let options = Options { threads: self.threads(), sample: true, shard, ..Options::default() };
        let is_shown = !self.quiet && is_watched();
        let found = progress::beside(is_shown, waits as u64, &control, || run(&plan, options, &control, None));
        let findings = found.ok_or(Failure::Stopped)?;
        let header = Header::new(&plan, shard, &self.again(std::slice::from_ref(job)), &job.recipe);
        folder.write_with(name, |file| partial::write(file, &header, &findings))?;
        if !self.quiet {
            note(format_args!("shard {shard}: {}; put all of them together with pollbench merge", path.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Seconds that a core takes for a wait, from a short run of the same scenario.
fn seconds_per_wait(job: &Job) -> Result<f64, Failure> {
    let cells = (job.scenario.models.len() * job.scenario.strategies.len()) as u64;
    let tasks = (CALIBRATION / cells).clamp(1, job.scenario.tasks);
    let overrides = Overrides { tasks: Some(tasks), replicates: Some(1), ..Overrides::default() };
    let small = job.scenario.clone().narrowed(&overrides).map_err(|error| Failure::Input(error.to_string()))?;
    let plan = Plan::new(&small);
    let start = Instant::now();
    let options = Options { threads: 1, ..Options::default() };
    run(&plan, options, &Control::default(), None).ok_or(Failure::Stopped)?;
    Ok(start.elapsed().as_secs_f64() / (tasks * cells) as f64)
}
