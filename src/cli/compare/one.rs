//! One scenario: run, judged, written into its folder.

use super::jobs::Job;
use super::tasks::{self, Kept};
use super::{Compare, Format, publish, render, style};
use crate::cli::console::Failure;
use crate::cli::folder::Folder;
use crate::engine::compare::{Compared, compare, summarise};
use crate::engine::live::{self, LiveTarget};
use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Options, Sink};
use crate::measure::record::TaskRecord;
use crate::measure::results::Results;
use crate::report::{Report, bars};
use crate::scenario::Scenario;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// How scenarios are run.
#[derive(Clone, Copy)]
pub(super) struct Run<'c> {
    pub(super) compare: &'c Compare,
    pub(super) target: Option<&'c LiveTarget>,
    pub(super) control: &'c Control,
    pub(super) threads: usize,
}

/// What is left of a scenario when its report is written.
pub(super) struct Ran {
    pub(super) results: Results,
    /// As it was run.
    pub(super) scenario: Scenario,
    /// What to print; nothing in a grid.
    pub(super) printed: String,
}

impl Run<'_> {
    /// Runs a scenario and writes its report into the folder `out`.
    pub(super) fn job(&self, job: &Job, out: &Path, prints: bool) -> Result<Ran, Failure> {
        let folder = Folder::writable(out)?;
        let kept = Mutex::new(Kept::new());
        let (scenario, mut compared) = self.compare(job, &kept)?;
        let command = self.compare.again(std::slice::from_ref(job));
        let receiver = self.compare.receiver();
        publish(&scenario, &mut compared, (&command, receiver), &folder)?;
        if self.compare.per_task {
            let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
            folder.write_with("tasks.csv", |file| tasks::write(file, &Plan::new(&scenario), kept))?;
        } else {
            folder.forget("tasks.csv")?;
        }
        let (results, series) = (&compared.results, &compared.series);
        let report = Report { scenario: &scenario, results, series, command: &command, receiver };
        let mut printed = if prints { render(self.compare.format, &report) } else { String::new() };
        if prints && !self.compare.quiet && matches!(self.compare.format, Format::Table) && style().colour {
            printed += &format!("\n{}", bars::compared(&report, style()));
        }
        Ok(Ran { results: compared.results, scenario, printed })
    }

    /// Runs the engine. With what it found comes the scenario that was run, which may have become one of more replicates.
    fn compare(&self, job: &Job, kept: &Mutex<Kept>) -> Result<(Scenario, Compared), Failure> {
        let keep = |model: usize, strategy: usize, replicate: u32, records: &[TaskRecord]| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry((model, strategy, replicate)).or_default().extend_from_slice(records);
        };
        let sink: Option<Sink<'_>> = self.compare.per_task.then_some(&keep);
        let options = Options { threads: self.threads, sample: true, ..Options::default() };
        if let (Some(until), None) = (&job.until, self.target) {
            return until.compare(&job.scenario, options, self.control, sink).ok_or(Failure::Stopped);
        }
        let plan = Plan::new(&job.scenario);
        let compared = match self.target {
            None => compare(&plan, options, self.control, sink),
            Some(target) => self.live(&plan, target, sink)?,
        };
        compared.map(|compared| (job.scenario.clone(), compared)).ok_or(Failure::Stopped)
    }

    /// Runs the real client against a server.
    fn live(&self, plan: &Plan<'_>, target: &LiveTarget, sink: Option<Sink<'_>>) -> Result<Option<Compared>, Failure> {
        let options = live::LiveOptions { worlds: self.threads, sample: true };
        let live =
            live::run(plan, target, options, self.control, sink).map_err(|error| Failure::Run(error.to_string()))?;
        let Some(live) = live else { return Ok(None) };
        let engine = &self.compare.engine;
        let mut compared = summarise(plan, engine.name(), &live.findings);
        compared.results.run.harness = live.harness.map(|harness| engine.judge(&harness)).transpose()?;
        Ok(Some(compared))
    }
}
