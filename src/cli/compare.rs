//! `pollbench compare`: the main job.

mod again;

use crate::cli::console::{Failure, colour, is_watched, note, print, width};
use crate::cli::folder::Folder;
use crate::cli::ground::GroundArgs;
use crate::engine::compare::{Compared, compare, summarise};
use crate::engine::gates::judge;
use crate::engine::live::{self, Ground};
use crate::engine::plan::Plan;
use crate::engine::sim::{Control, Options, Sink};
use crate::measure::record::TaskRecord;
use crate::measure::results::GateVerdict;
use crate::report::gates::sentence;
use crate::report::{self, Report, json, markdown, table};
use crate::scenario::Scenario;
use crate::scenario::narrow::Overrides;
use crate::scenario::shipped::load;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Compare {
    /// A scenario file, or the name of a shipped scenario (see `pollbench list scenarios`)
    #[arg(default_value = "documented")]
    scenario: String,
    #[command(flatten)]
    ground: GroundArgs,
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
    /// Key of all randomness
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Folder of the report [default: reports/<scenario>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write tasks.csv too: one line for each task under each strategy
    #[arg(long)]
    per_task: bool,
    /// A gate that the data do not decide is a failure (exit code 4)
    #[arg(long)]
    strict: bool,
    /// Print the results and nothing else
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  pollbench compare
  pollbench compare outage-5m --strategies basic,basic-hardened --models sora-2
  pollbench compare my.toml --tasks 10000 --replicates 5 --seed 7 --out reports/mine
  pollbench compare flaky --engine virtual --tasks 40 --replicates 2
  pollbench compare documented --engine wire --time-scale 60 --tasks 20 --replicates 1 --models flux-2
  pollbench compare rate-limited --format json --quiet | jq '.cells[] | {strategy, lost}'";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
    Markdown,
}

/// Records by (model, strategy, replicate), for `tasks.csv`.
type Kept = BTreeMap<(usize, usize, u32), Vec<TaskRecord>>;

impl Compare {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let scenario = self.scenario()?;
        for warning in scenario.warnings() {
            note(format_args!("warning: {warning}"));
        }
        let submits = u128::from(scenario.tasks) * u128::from(scenario.replicates);
        let submits = submits * (scenario.models.len() * scenario.strategies.len()) as u128;
        let ground = self.ground.ground(submits)?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("reports").join(&scenario.name));
        let folder = Folder::writable(&out)?;
        let plan = Plan::new(&scenario);
        let kept = Mutex::new(Kept::new());
        let mut compared = self.compare(&plan, ground.as_ref(), &kept)?;
        compared.results.gates = judge(&scenario.gates, &compared.results);

        let command = self.again(&scenario);
        let report =
            Report { scenario: &scenario, results: &compared.results, series: &compared.series, command: &command };
        let files = report::files(&report);
        folder.forget_charts(&files)?;
        for (name, content) in &files {
            folder.write(name, content.as_bytes())?;
        }
        if self.per_task {
            let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
            folder.write_with("tasks.csv", |file| write_tasks(file, &plan, kept))?;
        } else {
            folder.forget("tasks.csv")?;
        }
        print(&self.render(&report))?;
        self.tell(&compared, &scenario, &out);
        Ok(self.verdict(&compared))
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

    fn scenario(&self) -> Result<Scenario, Failure> {
        load(&self.scenario)?.narrowed(&self.overrides()).map_err(|error| Failure::Input(error.to_string()))
    }

    /// Runs the engine beside a progress bar.
    fn compare(&self, plan: &Plan<'_>, ground: Option<&Ground>, kept: &Mutex<Kept>) -> Result<Compared, Failure> {
        let defaults = Options::default();
        let threads = self.threads.map_or(defaults.threads, usize::from);
        let options = Options { threads, sample: true, ..defaults };
        let control = Control::default();

        let keep = |model: usize, strategy: usize, replicate: u32, records: &[TaskRecord]| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry((model, strategy, replicate)).or_default().extend_from_slice(records);
        };
        let sink: Option<Sink<'_>> = self.per_task.then_some(&keep);
        let run = || match ground {
            None => Ok(compare(plan, options, &control, sink)),
            Some(ground) => self.live(plan, ground, threads, &control, sink),
        };
        let running = AtomicBool::new(true);
        let compared = if self.quiet || !is_watched() {
            run()
        } else {
            std::thread::scope(|scope| {
                scope.spawn(|| show_progress(plan, &control, &running));
                let compared = run();
                running.store(false, Ordering::Relaxed);
                compared
            })
        };
        compared?.ok_or_else(|| Failure::Run("the engine was stopped; nothing was written".to_owned()))
    }

    /// Runs the real client against a server.
    fn live(
        &self,
        plan: &Plan<'_>,
        ground: &Ground,
        worlds: usize,
        control: &Control,
        sink: Option<Sink<'_>>,
    ) -> Result<Option<Compared>, Failure> {
        let options = live::Options { worlds, sample: true };
        let live = live::run(plan, ground, options, control, sink).map_err(|error| Failure::Run(error.to_string()))?;
        let Some(live) = live else { return Ok(None) };
        let mut compared = summarise(plan, self.ground.name(), &live.findings);
        compared.results.run.harness = live.harness.map(|harness| self.ground.judge(&harness)).transpose()?;
        Ok(Some(compared))
    }

    fn render(&self, report: &Report<'_>) -> String {
        match self.format {
            Format::Table => {
                let colour = colour(&io::stdout());
                let style = table::Style { colour, ..table::Style::default() };
                table::render(report, table::Style { width: width().unwrap_or(style.width), ..style })
            }
            Format::Json => json::to_string(report.results),
            Format::Csv => report::csv::render(report.results),
            Format::Markdown => markdown::render(report),
        }
    }

    /// Says what else there is to know.
    fn tell(&self, compared: &Compared, scenario: &Scenario, out: &std::path::Path) {
        for &rule in &compared.idle_rules {
            let kind = scenario.faults[rule].kind().name();
            note(format_args!("warning: fault {} (`{kind}`) never struck", rule + 1));
        }
        for told in compared.results.gates.iter().filter_map(sentence) {
            note(told);
        }
        if !self.quiet {
            note(format_args!("report: {}", out.join("report.html").display()));
        }
    }

    fn verdict(&self, compared: &Compared) -> ExitCode {
        let any = |verdict| compared.results.gates.iter().any(|gate| gate.verdict == verdict);
        if any(GateVerdict::Fail) {
            ExitCode::from(3)
        } else if self.strict && any(GateVerdict::Undecided) {
            ExitCode::from(4)
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn show_progress(plan: &Plan<'_>, control: &Control, running: &AtomicBool) {
    let scenario = plan.scenario;
    let total = scenario.tasks * u64::from(scenario.replicates) * (plan.models.len() * plan.strategies.len()) as u64;
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} waits, {eta} left") {
        bar.set_style(style);
    }
    while running.load(Ordering::Relaxed) {
        bar.set_position(control.done.load(Ordering::Relaxed));
        std::thread::sleep(Duration::from_millis(50));
    }
    bar.finish_and_clear();
}

fn write_tasks(file: &mut io::BufWriter<std::fs::File>, plan: &Plan<'_>, kept: Kept) -> io::Result<()> {
    writeln!(
        file,
        "model,strategy,replicate,task,submitted_ms,wait_start_ms,done_ms,truth,outcome,settled_ms,polls,delay_ms,\
         requests,cost"
    )?;
    let ms = |at: Option<crate::time::Micros>| at.map(|at| at.as_millis().to_string()).unwrap_or_default();
    let mut csv = csv::WriterBuilder::new().from_writer(file);
    for ((model, strategy, replicate), mut records) in kept {
        // Ranges of a replicate are simulated side by side.
        records.sort_by_key(|record| record.task);
        for record in records {
            csv.write_record([
                plan.models[model].model.name.as_str(),
                plan.strategies[strategy].strategy.name.as_str(),
                &replicate.to_string(),
                &record.task.to_string(),
                &ms(Some(record.submitted)),
                &ms(Some(record.wait_start)),
                &ms(record.done.finite()),
                record.fate.map_or("none", crate::world::truth::Fate::name),
                record.outcome.name(),
                &ms(record.settled.finite()),
                &record.polls.to_string(),
                &ms(record.delay()),
                &record.requests().to_string(),
                &record.cost(plan.scenario.horizon, &plan.scenario.cost).to_string(),
            ])?;
        }
    }
    csv.flush()
}
