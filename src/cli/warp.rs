//! `pollbench warp`: an unmodified program against the mock, in virtual time.

use crate::cli::console::Failure;
use crate::cli::serve::address;
use crate::time::Micros;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[cfg_attr(not(warp), allow(dead_code, reason = "read where programs can be led"))]
pub(super) struct Warp {
    /// A scenario whose models, network and faults the mock plays [default: the guide's models and any other, nothing goes
    /// wrong]
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Key of all randomness, the program's too [default: the scenario's]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Submit a task that succeeds at this time, for programs that wait for POLLBENCH_TASK_ID
    #[arg(long, value_name = "TIME")]
    completes_at: Option<Micros>,
    /// The model of that task [default: the first of the scenario]
    #[arg(long, value_name = "NAME", requires = "completes_at")]
    model: Option<String>,
    /// The deadline that the program is given, as with `check`
    #[arg(long, value_name = "TIME", default_value = "10m")]
    deadline: Micros,
    /// End the program after this much virtual time
    #[arg(long, value_name = "TIME", default_value = "1d")]
    limit: Micros,
    /// Where the mock listens: an address of this machine alone, with a port, or a port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    addr: SocketAddr,
    /// Write every request to this file, one line of JSON each
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// No timeline, and no summary
    #[arg(long)]
    quiet: bool,
    /// The program and its arguments; {base_url}, {model}, {task_id} and {deadline_ms} are replaced
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

/// An address that nobody else can reach.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "others may reach {}: the mock of a program in virtual time listens on 127.0.0.1 or [::1]",
        address.ip()
    ))
}

const EXAMPLES: &str = "\
Examples:
  pollbench warp --completes-at 94s -- python3 poller.py
  pollbench warp --completes-at 10m -- sh -c 'while ! curl -s {base_url}/statusTask/{model}?taskId={task_id} \\
      -H \"Authorization: Bearer any\" | grep '\"state\":\"success\"'; do sleep 3; done'
  pollbench warp --scenario flaky --journal requests.jsonl -- node client.mjs

CMD finds APIXO_BASE_URL and APIXO_API_KEY in its environment; its clocks and its waits are virtual, so that ten minutes \
take milliseconds. Linux on x86-64 and aarch64 only; docs/virtual-time.md says how it works and what it cannot do.

Exit codes: 0 the program ended well, 1 it did not, or it could not be run in virtual time, 2 bad usage";

#[cfg(not(warp))]
impl Warp {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        drop(self);
        Err(Failure::Run("virtual time for programs needs Linux on x86-64 or aarch64 with glibc".to_owned()))
    }
}

#[cfg(warp)]
impl Warp {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        led::run(&self)
    }
}

#[cfg(warp)]
mod led {
    use super::Warp;
    use crate::cli::check::startable;
    use crate::cli::console::{Failure, print, print_folded};
    use crate::cli::interrupt;
    use crate::cli::serve::listen;
    use crate::figures::plural;
    use crate::mock::{ScenarioRules, calm_world, world};
    use crate::net::clock::Clock;
    use crate::net::stream::Listener;
    use crate::net::warp::{Effort, Stuck};
    use crate::scenario::shipped::load;
    use crate::server::{JournalEntry, Server, Settings, Stub, World};
    use crate::time::Micros;
    use std::fmt::Write as _;
    use std::process::{ExitCode, ExitStatus, Stdio};
    use std::sync::Arc;
    use std::time::Instant;
    use tokio::process::Command;

    /// How a program's life ended.
    struct Ended {
        /// `None` where it was ended at the limit.
        status: Option<ExitStatus>,
        at: Micros,
        journal: Vec<JournalEntry>,
    }

    pub(super) fn run(arguments: &Warp) -> Result<ExitCode, Failure> {
        startable(&arguments.command)?;
        let mut world = match &arguments.scenario {
            Some(scenario) => world(&load(scenario)?),
            None => calm_world()?,
        };
        world.seed = arguments.seed.unwrap_or(world.seed);
        let warp = crate::net::warp::Warp::new(world.seed)
            .map_err(|error| Failure::Run(format!("programs cannot be run in virtual time here: {error}")))?;
        interrupt::adopt();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Run(format!("cannot start: {error}")))?;
        let began = Instant::now();
        let (ended, effort) = runtime.block_on(warp.drive(live(arguments, world, &warp)));
        let took = began.elapsed();
        runtime.shutdown_background();
        interrupt::sweep();
        let ended = ended.map_err(|stuck| Failure::Run(unled(&stuck)))??;
        if let Some(path) = &arguments.journal {
            std::fs::write(path, lines(&ended.journal))
                .map_err(|error| Failure::Run(format!("{}: {error}", path.display())))?;
        }
        if !arguments.quiet {
            print_folded(&timeline(&ended.journal))?;
            print(&summary(&ended, took.as_secs_f64(), effort))?;
        }
        let is_good = ended.status.is_some_and(|status| status.success());
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn unled(stuck: &Stuck) -> String {
        format!("the program could not be run in virtual time: {stuck}")
    }

    async fn live(arguments: &Warp, world: World, warp: &crate::net::warp::Warp) -> Result<Ended, Failure> {
        let failed = |error: std::io::Error| Failure::Run(error.to_string());
        let listener = listen(arguments.addr).await?;
        let origin = format!("http://{}", listener.local_addr().map_err(failed)?);
        let clock = Clock::led(warp.agenda());
        let settings = Settings { fault_codec: Some(Arc::new(ScenarioRules)), ..Settings::new(clock.clone()) };
        let first = world.models.first().map(|model| model.name.clone()).unwrap_or_default();
        let server = Server::new(world, settings);
        let model = arguments.model.clone().unwrap_or(first);
        let task = match arguments.completes_at {
            Some(at) => {
                let placed = server.place(Stub::success(&model, at));
                placed.map_err(|error| Failure::Input(error.to_string()))?
            }
            None => String::new(),
        };
        let serving = server.clone();
        tokio::spawn(async move { serving.serve(Listener::Tcp(listener), std::future::pending::<()>()).await });

        let base = format!("{origin}/api/v1");
        let deadline = arguments.deadline.as_millis().round().to_string();
        let fill = |word: &String| {
            let word = word.replace("{base_url}", &base).replace("{model}", &model);
            word.replace("{task_id}", &task).replace("{deadline_ms}", &deadline)
        };
        let words: Vec<String> = arguments.command.iter().map(fill).collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).kill_on_drop(true);
        command.env("APIXO_BASE_URL", &base).env("APIXO_API_KEY", crate::check::KEY);
        command.env("POLLBENCH_MODEL", &model).env("POLLBENCH_TASK_ID", &task);
        command.env("POLLBENCH_DEADLINE_MS", &deadline).env("POLLBENCH_TIME_SCALE", "1").env("POLLBENCH_CASE", "0");
        let mut child =
            warp.start(&mut command).map_err(|error| Failure::Run(format!("cannot start {}: {error}", words[0])))?;
        let group = child.id().map(interrupt::Group::new);
        warp.lead(child.id());
        let status = tokio::select! {
            biased;
            status = child.wait() => Some(status.map_err(failed)?),
            () = clock.sleep_until(arguments.limit) => None,
        };
        if let Some(group) = &group {
            group.kill();
        }
        Ok(Ended { status, at: clock.now(), journal: server.journal() })
    }

    fn lines(journal: &[JournalEntry]) -> String {
        journal.iter().filter_map(|entry| serde_json::to_string(entry).ok()).map(|line| line + "\n").collect()
    }

    fn timeline(journal: &[JournalEntry]) -> String {
        let mut out = String::new();
        for entry in journal {
            let at = Micros::from_f64(entry.at_ms * 1e3);
            let told = match (entry.status, entry.unanswered) {
                (Some(status), _) => status.to_string(),
                (None, Some(why)) => serde_json::to_value(why)
                    .map_or_else(|_| String::new(), |why| why.as_str().unwrap_or_default().to_owned()),
                (None, None) => String::new(),
            };
            let fault = entry.fault.map(|fault| format!(" ({fault})")).unwrap_or_default();
            let path = entry.path.trim_start_matches("/api/v1");
            let _ = writeln!(out, "{:>12}  {} {path}  {told}{fault}", at.to_string(), entry.method);
        }
        out
    }

    fn summary(ended: &Ended, seconds: f64, effort: Effort) -> String {
        let status = match ended.status {
            Some(status) => status.to_string(),
            None => "ended at the limit".to_owned(),
        };
        let spins = match effort.spins {
            0 => String::new(),
            spins => format!("; it read its clock in a loop, which was moved {spins} × 1 ms"),
        };
        format!(
            "{} in {} of virtual time and {:.0} ms of real time, {}{spins}; {status}\n",
            plural(ended.journal.len(), "request"),
            ended.at,
            seconds * 1e3,
            plural(effort.programs, "program"),
        )
    }
}
