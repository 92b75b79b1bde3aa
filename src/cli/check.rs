//! `pollbench check`: a poller in any language, put on trial as a black box.

mod child;
mod heartbeat;
mod kept;
#[cfg(warp)]
mod lanes;
#[cfg(warp)]
mod led;
mod lines;
mod once;
mod outputs;
mod stream;
mod time;
mod trial;

use crate::check::{
    Campaign, CampaignProgress, Case, Cases, Defect, Properties, Property, ShrinkLimits, Subject, Timing, TrialReport,
    finding_text, read_case,
};
use crate::cli::console::{Failure, note, read};
use crate::cli::descriptors::most_connections;
use crate::cli::folder::Folder;
use crate::cli::interrupt;
use crate::cli::shell::quoted;
use crate::net::clock::Clock;
use crate::time::Micros;
pub(super) use child::startable;
use clap::{Args, ValueEnum};
use kept::{Baseline, Failures};
#[cfg(warp)]
use lanes::{Abilities, Lanes};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use time::Time;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    /// Number of cases, the classic traps first
    #[arg(long, value_name = "N", default_value_t = 100)]
    cases: u64,
    /// Random seed of the cases
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// Real time; faster for programs that divide their pauses by POLLBENCH_TIME_SCALE; virtual for any program
    #[arg(long, value_enum, default_value = "real")]
    clock: ClockKind,
    /// Scenario seconds per second under `--clock scaled` [default: 60]
    #[arg(long, value_name = "X")]
    time_scale: Option<f64>,
    /// The deadline that the program is given
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = positive)]
    deadline: Micros,
    /// The program's timeout for one request
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = positive)]
    attempt_timeout: Micros,
    /// Test only these properties, separated by commas (see `pollbench list properties`)
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    properties: Vec<String>,
    /// Start CMD once and send it the cases as lines of JSON
    #[arg(long)]
    stream: bool,
    /// Number of cases to run at a time; with `--stream --clock virtual`, number of processes to start, 64 at most, each of which takes up to 16 at a time [default there: 1]
    #[arg(long, value_name = "N", value_parser = at_a_time)]
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
  pollbench check --clock virtual --cases 1000 -- python3 poller.py
  pollbench check --baseline known.txt --report out --junit check.xml -- ./poller

CMD finds APIXO_BASE_URL, APIXO_API_KEY, POLLBENCH_MODEL, POLLBENCH_TASK_ID and POLLBENCH_DEADLINE_MS in its \
environment, waits for the task, and prints {\"outcome\":\"success|failed|timeout|error\",\"urls\":[…]} as its last line.

Exit codes: 0 all held, 1 the check itself failed, 2 bad usage, 4 unknown under --strict, 5 a property was violated";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClockKind {
    /// A second is a second.
    Real,
    /// Faster, for programs that honour POLLBENCH_TIME_SCALE or say `time-scale`.
    Scaled,
    /// Minutes take milliseconds, for almost any program (Linux only).
    Virtual,
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
/// Processes of a stream program in virtual time.
const MOST_PROCESSES: usize = 64;
const MOST_AT_A_TIME: usize = 1_024;
/// No counter-example has a shorter deadline than this, in real time: nothing could be told from the machine's noise.
const SHORTEST_MS: f64 = 500.0;
/// A `Retry-After` counts in the program's own seconds.
const CEILING_MS: f64 = 60_000.0;

/// A time that is not nothing.
fn positive(text: &str) -> Result<Micros, String> {
    match text.parse::<Micros>() {
        Ok(Micros::ZERO) => Err("it must be above zero".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

/// A number of cases at a time.
fn at_a_time(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=MOST_AT_A_TIME).contains(count));
    count.ok_or_else(|| format!("it must be a whole number from 1 to {MOST_AT_A_TIME}"))
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let properties = self.chosen()?;
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?;
        let replay = self.replay.as_deref().map(replayed).transpose()?;
        let scale = self.scale()?;
        // Said before anything is tried.
        let folders = [self.report.as_deref(), self.junit.as_deref().and_then(Path::parent)];
        folders.into_iter().flatten().try_for_each(|folder| Folder::writable(folder).map(drop))?;
        startable(&self.command)?;
        if let Some(more) = self.parallel.filter(|count| self.is_led_stream() && *count > MOST_PROCESSES) {
            return Err(Failure::Input(format!("--parallel {more}: {MOST_PROCESSES} processes at most")));
        }
        most_connections();
        interrupt::adopt();
        let (mut report, parting) = match (self.clock, self.stream) {
            (ClockKind::Real | ClockKind::Scaled, true) => {
                on_threads(self.try_stream(properties, Time::wall(scale), replay.as_ref()))?
            }
            (ClockKind::Real | ClockKind::Scaled, false) => {
                on_threads(self.try_once(properties, Some(Time::wall(scale)), replay.as_ref()))?
            }
            (ClockKind::Virtual, true) => self.try_led_stream(properties, replay.as_ref())?,
            (ClockKind::Virtual, false) => {
                can_be_led()?;
                on_threads(self.try_once(properties, None, replay.as_ref()))?
            }
        };
        if let Some(parting) = parting {
            report.charge(Defect::Hang(parting), Cases::new(self.seed, self.deadline).calm_case());
        }
        // What could not be led was ended by force, and says nothing.
        if let Some(left) = interrupt::sweep().filter(|_| report.doubt.is_none()) {
            let what = format!("it left {left} behind, outside its process group; pollbench ended what was left");
            report.charge(Defect::Hang(what), Cases::new(self.seed, self.deadline).calm_case());
        }
        self.tell(&report, baseline.as_ref())
    }

    /// Starts the program for each case.
    async fn try_once(&self, properties: Properties, time: Option<Time>, replay: Option<&Case>) -> Tried {
        let scale = time.as_ref().map_or(1.0, Time::scale);
        let program = once::Once::new(&self.command, time, self.limits());
        let campaign = self.campaign(properties, scale, 1, false);
        self.lead(&campaign, &program, replay).await.map(|report| (report, None))
    }

    /// Starts the program once.
    async fn try_stream(&self, properties: Properties, time: Time, replay: Option<&Case>) -> Tried {
        let program = stream::Stream::start(&self.command, time, self.limits()).await;
        let mut campaign = self.campaign(properties, program.scale(), program.many(), program.submits());
        campaign.webhooks = program.webhooks();
        let report = self.lead(&campaign, &program, replay).await;
        let parting = program.finish().await;
        report.map(|report| (report, parting))
    }

    /// Starts the program once, or as often as is asked for, in a virtual time for all its cases.
    #[cfg(warp)]
    fn try_led_stream(&self, properties: Properties, replay: Option<&Case>) -> Tried {
        let runtime = led::runtime().map_err(|error| cannot_start(&error))?;
        // A case that is tried again needs one.
        let count = if replay.is_some() { 1 } else { self.parallel.unwrap_or(1) };
        std::thread::scope(|scope| {
            runtime.block_on(async {
                let lanes = Lanes::start(scope, &self.command, self.limits(), self.seed, count).await?;
                let Abilities { many, submits } = lanes.abilities;
                // Calls of the mock to the program are not watched in virtual time, so that it takes no webhooks.
                let campaign =
                    Campaign { parallel: count * lanes::AT_A_TIME, ..self.campaign(properties, 1.0, many, submits) };
                let report = self.lead(&campaign, &lanes, replay).await;
                match lanes.finish() {
                    Ok(parting) => report.map(|report| (report, parting)),
                    Err(stuck) => {
                        let Campaign { seed, timing, clock, .. } = campaign;
                        Ok((TrialReport::doubted(seed, timing, clock, led::doubt(&stuck)), None))
                    }
                }
            })
        })
    }

    #[cfg(not(warp))]
    fn try_led_stream(&self, _: Properties, _: Option<&Case>) -> Tried {
        can_be_led().and(Err(Failure::Stopped))
    }

    fn is_led_stream(&self) -> bool {
        self.stream && self.clock == ClockKind::Virtual
    }

    fn chosen(&self) -> Result<Properties, Failure> {
        if self.properties.is_empty() {
            // Of a program that is started for a case the last line counts: it can tell the end but once.
            return Ok(if self.stream { Properties::ALL } else { Properties::ALL.without(Property::HandedOverOnce) });
        }
        let named = self.properties.iter().map(|id| {
            let unknown = || Failure::Input(format!("there is no property `{id}`; there are: {}", Property::known()));
            Property::named(id.trim()).ok_or_else(unknown)
        });
        let chosen: Properties = named.collect::<Result<_, _>>()?;
        if chosen.has(Property::HandedOverOnce) && !self.stream {
            return Err(Failure::Input(format!(
                "{} can be judged with --stream only: of a program that is started for each case the last line counts",
                Property::HandedOverOnce
            )));
        }
        Ok(chosen)
    }

    fn scale(&self) -> Result<f64, Failure> {
        let scale = match (self.clock, self.time_scale) {
            (ClockKind::Real, None | Some(1.0)) => 1.0,
            (ClockKind::Real, Some(scale)) => {
                return Err(Failure::Input(format!("a real clock runs at 1, not at {scale}: add --clock scaled")));
            }
            (ClockKind::Virtual, None | Some(1.0)) => 1.0,
            (ClockKind::Virtual, Some(scale)) => {
                return Err(Failure::Input(format!("a virtual clock needs no scale, such as {scale}: leave it out")));
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
        let is_exact = self.clock == ClockKind::Virtual;
        let noisy = Timing {
            largest_gap: Micros::ZERO,
            first: Micros::NEVER,
            attempt_timeout: self.attempt_timeout,
            slack: real(slack),
            grain: real(GRAIN_MS),
            ceiling: real(CEILING_MS),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let timing = if is_exact { Timing::exact(self.attempt_timeout) } else { noisy };
        // Waiting costs nothing, starting a program does; in virtual time a program waits for its leader only.
        let usual = match (self.stream, is_exact) {
            (true, _) => cores * 16,
            (false, false) => cores * 4,
            (false, true) => cores * 2,
        };
        let shortest = if is_exact { Micros::from_millis(5_000) } else { real(SHORTEST_MS) }.min(self.deadline);
        Campaign {
            seed: self.seed,
            properties,
            tasks,
            submits,
            parallel: self.parallel.unwrap_or(usual),
            confirmations: if is_exact { 1 } else { 3 },
            clock: self.clock.word(),
            limits: ShrinkLimits { deadline: true, shortest },
            ..Campaign::new(self.deadline, timing)
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
        // What the machine did to a trial says nothing of the program.
        if report.not_run.is_none() {
            failures.keep(&report)?;
        }
        Ok(report)
    }

    /// A command that tries `{case}` again.
    fn replay_command(&self) -> String {
        let mut words = vec!["pollbench check".to_owned()];
        if self.stream {
            words.push("--stream".to_owned());
        }
        match self.clock {
            ClockKind::Real => {}
            ClockKind::Scaled => {
                words.push(format!("--clock scaled --time-scale {}", self.time_scale.unwrap_or(SCALE)));
            }
            ClockKind::Virtual => words.push("--clock virtual".to_owned()),
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
        match &report.not_run {
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

/// A report, and what is wrong with how the program ended.
type Tried = Result<(TrialReport, Option<String>), Failure>;

impl ClockKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Scaled => "scaled",
            Self::Virtual => "virtual",
        }
    }
}

fn cannot_start(error: &std::io::Error) -> Failure {
    Failure::Run(format!("cannot start: {error}"))
}

/// Waits for `trying` on a runtime with a thread for each processor.
fn on_threads(trying: impl Future<Output = Tried>) -> Tried {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| cannot_start(&error))?;
    let tried = runtime.block_on(trying);
    runtime.shutdown_background();
    tried
}

/// Whether programs can be led in virtual time here.
#[cfg(warp)]
fn can_be_led() -> Result<(), Failure> {
    led::warp(1).map(drop)
}

#[cfg(not(warp))]
fn can_be_led() -> Result<(), Failure> {
    let missing = "--clock virtual needs Linux on x86-64 or aarch64 with glibc; --clock scaled can do without";
    Err(Failure::Run(missing.to_owned()))
}
