//! `pollbench check`: a poller in any language, put on trial as a black box.

mod child;
mod heartbeat;
mod kept;
mod lines;
mod once;
mod outputs;
mod stream;

use crate::check::{
    Campaign, CampaignProgress, Case, Cases, Freedom, Habits, Properties, Property, Subject, TrialReport, Wrong,
    finding_text, read_case,
};
use crate::cli::console::{Failure, note, read};
use crate::cli::folder::Folder;
use crate::cli::interrupt;
use crate::cli::shell::quoted;
use crate::net::clock::Clock;
use crate::time::Micros;
use clap::{Args, ValueEnum};
use heartbeat::Heartbeat;
use kept::{Baseline, Failures};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    /// Number of cases, the classic traps first
    #[arg(long, value_name = "N", default_value_t = 100)]
    cases: u64,
    /// Random seed of the cases
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// Real time, or faster for programs that divide their pauses by POLLBENCH_TIME_SCALE
    #[arg(long, value_enum, default_value = "real")]
    clock: ClockKind,
    /// Scenario seconds per second under `--clock scaled` [default: 60]
    #[arg(long, value_name = "X")]
    time_scale: Option<f64>,
    /// The deadline that the program is given
    #[arg(long, value_name = "TIME", default_value = "120s")]
    deadline: Micros,
    /// The program's timeout for one request
    #[arg(long, value_name = "TIME", default_value = "30s")]
    attempt_timeout: Micros,
    /// Test only these properties, separated by commas (see `pollbench list properties`)
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    properties: Vec<String>,
    /// Start CMD once and send it the cases as lines of JSON
    #[arg(long)]
    stream: bool,
    /// Number of cases to run at a time
    #[arg(long, value_name = "N")]
    parallel: Option<usize>,
    /// File of properties that are known not to hold, one a line; one that holds is reported
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Run this case only: a file, JSON, or `-` for standard input
    #[arg(long, value_name = "CASE")]
    replay: Option<String>,
    /// Write check.html, check.json and check.md there
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Write a JUnit file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Exit with 4 if a property could not be judged
    #[arg(long)]
    strict: bool,
    /// No progress on standard error
    #[arg(long)]
    quiet: bool,
    /// The program and its arguments; {base_url}, {model}, {task_id} and {deadline_ms} are replaced
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  pollbench check -- node poller.mjs
  pollbench check --deadline 10s --attempt-timeout 5s -- python3 poller.py {base_url} {task_id}
  pollbench check --stream --clock scaled --cases 1000 -- node poller.mjs --stream
  pollbench check --baseline known.txt --report out --junit check.xml -- ./poller

CMD finds APIXO_BASE_URL, APIXO_API_KEY, POLLBENCH_MODEL, POLLBENCH_TASK_ID and POLLBENCH_DEADLINE_MS in its
environment, waits for the task, and prints {\"outcome\":\"success|failed|timeout|error\",\"urls\":[…]} as its last line.

Exit codes: 0 all held, 1 the check itself failed, 2 bad usage, 4 unknown under --strict, 5 a property was violated";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClockKind {
    /// A second is a second.
    Real,
    /// Faster, for programs that honour POLLBENCH_TIME_SCALE or say `time-scale`.
    Scaled,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Scenario seconds per second where time is scaled and nothing else is said.
const SCALE: f64 = 60.0;
/// What a bound allows beyond itself on an idle machine: in real time, for a program that starts and for one that runs.
const SLACK_ONCE_MS: f64 = 750.0;
const SLACK_STREAM_MS: f64 = 250.0;
/// How exactly instants are known, in real time: a timer may fire a little too early.
const GRAIN_MS: f64 = 20.0;
/// No counter-example has a shorter deadline than this, in real time: nothing could be told from the machine's noise.
const SHORTEST_MS: f64 = 500.0;
/// A `Retry-After` counts in the program's own seconds.
const CEILING_MS: f64 = 60_000.0;

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let properties = self.chosen()?;
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?;
        let replay = self.replay.as_deref().map(replayed).transpose()?;
        let scale = self.scale()?;
        // Said before anything is tried.
        let folders = [self.report.as_deref(), self.junit.as_deref().and_then(Path::parent)];
        folders.into_iter().flatten().try_for_each(|folder| Folder::writable(folder).map(drop))?;
        child::findable(&self.command[0])?;
        interrupt::adopt();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Run(format!("cannot start: {error}")))?;
        let heartbeat = Heartbeat::start();
        let report = runtime.block_on(async {
            if self.stream {
                let program = stream::Stream::start(&self.command, scale, heartbeat, self.limits()).await;
                let mut campaign = self.campaign(properties, program.scale(), program.many(), program.submits());
                campaign.webhooks = program.webhooks();
                let report = self.lead(&campaign, &program, replay.as_ref()).await;
                let parting = program.finish().await;
                report.map(|report| (report, parting))
            } else {
                let program = once::Once::new(&self.command, scale, heartbeat, self.limits());
                let campaign = self.campaign(properties, scale, 1, false);
                self.lead(&campaign, &program, replay.as_ref()).await.map(|report| (report, None))
            }
        });
        runtime.shutdown_background();
        let (mut report, parting) = report?;
        if let Some(parting) = parting {
            report.charge(Wrong::Hang(parting), Cases::new(self.seed, self.deadline).calm_case());
        }
        if let Some(left) = interrupt::sweep() {
            let what = format!("it left {left} behind, which left its process group and were ended");
            report.charge(Wrong::Hang(what), Cases::new(self.seed, self.deadline).calm_case());
        }
        self.tell(&report, baseline.as_ref())
    }

    fn chosen(&self) -> Result<Properties, Failure> {
        if self.properties.is_empty() {
            return Ok(Properties::ALL);
        }
        let named = self.properties.iter().map(|id| {
            let unknown = || Failure::Input(format!("there is no property `{id}`; there are: {}", Property::known()));
            Property::named(id.trim()).ok_or_else(unknown)
        });
        named.collect()
    }

    fn scale(&self) -> Result<f64, Failure> {
        let scale = match (self.clock, self.time_scale) {
            (ClockKind::Real, None | Some(1.0)) => 1.0,
            (ClockKind::Real, Some(scale)) => {
                return Err(Failure::Input(format!("a real clock runs at 1, not at {scale}: add --clock scaled")));
            }
            (ClockKind::Scaled, scale) => scale.unwrap_or(SCALE),
        };
        Clock::scaled(scale).map(|_| scale).map_err(|error| Failure::Input(error.to_string()))
    }

    fn limits(&self) -> lines::Limits {
        lines::Limits { attempt_timeout: self.attempt_timeout }
    }

    /// What is exact about time here, and what is not.
    fn campaign(&self, properties: Properties, scale: f64, tasks: usize, submits: bool) -> Campaign {
        let real = |ms: f64| Micros::from_f64(ms * 1e3 * scale);
        let slack = if self.stream { SLACK_STREAM_MS } else { SLACK_ONCE_MS };
        let habits = Habits {
            largest_gap: Micros::ZERO,
            first: Micros::NEVER,
            attempt_timeout: self.attempt_timeout,
            slack: real(slack),
            grain: real(GRAIN_MS),
            ceiling: real(CEILING_MS),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Waiting costs nothing, starting a program does.
        let usual = if self.stream { cores * 16 } else { cores * 4 };
        let shortest = real(SHORTEST_MS).min(self.deadline);
        Campaign {
            seed: self.seed,
            properties,
            tasks,
            submits,
            parallel: self.parallel.unwrap_or(usual).clamp(1, 1_024),
            confirmations: 3,
            freedom: Freedom { deadline: true, shortest },
            ..Campaign::new(self.deadline, habits)
        }
    }

    async fn lead(
        &self,
        campaign: &Campaign,
        subject: &impl Subject,
        replay: Option<&Case>,
    ) -> Result<TrialReport, Failure> {
        let command = self.replay_command();
        let mut tell = |progress: CampaignProgress<'_>| match progress {
            _ if self.quiet => {}
            CampaignProgress::Tried { cases } => note(format!("{cases} of {} cases tried", self.cases + 1)),
            CampaignProgress::Found(finding) => note(finding_text(finding, Some(&command))),
        };
        if let Some(case) = replay {
            return Ok(campaign.again(subject, case, &mut tell).await);
        }
        let failures = Failures::of(&self.command);
        let known = failures.read();
        let report = campaign.run(subject, known, self.cases, &mut tell).await;
        failures.keep(&report)?;
        Ok(report)
    }

    /// A command that tries `{case}` again.
    fn replay_command(&self) -> String {
        let mut words = vec!["pollbench check".to_owned()];
        if self.stream {
            words.push("--stream".to_owned());
        }
        if self.clock == ClockKind::Scaled {
            words.push(format!("--clock scaled --time-scale {}", self.time_scale.unwrap_or(SCALE)));
        }
        words.push(format!("--attempt-timeout {} --replay '{{case}}' --", self.attempt_timeout));
        words.extend(self.command.iter().map(|word| quoted(word)));
        words.join(" ")
    }

    fn tell(&self, report: &TrialReport, baseline: Option<&Baseline>) -> Result<ExitCode, Failure> {
        let command = self.replay_command();
        let verdict = kept::verdict(report, baseline, self.strict);
        outputs::print_report(report, &verdict, &command, matches!(self.format, Format::Json))?;
        if let Some(folder) = &self.report {
            outputs::write(folder, report, &verdict, &command)?;
        }
        if let Some(file) = &self.junit {
            outputs::write_junit(file, report)?;
        }
        match &report.unheld {
            Some(why) => Err(Failure::Run(format!("a case could not be tried: {why}"))),
            None => Ok(ExitCode::from(verdict.code)),
        }
    }
}

/// The case that `--replay` names.
fn replayed(text: &str) -> Result<Case, Failure> {
    let json = if text.trim_start().starts_with('{') { text.to_owned() } else { read(Path::new(text))? };
    read_case(&json).map_err(|error| Failure::Input(error.to_string()))
}

/// What every trial shares.
type Beats = Arc<Heartbeat>;
