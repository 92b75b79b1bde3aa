//! Which engine `compare` runs on, and against which server.

use crate::cli::console::Failure;
use crate::cli::descriptors::most_connections;
use crate::engine::live::{Harness, Lateness, LiveTarget};
use crate::figures::{duration, plural};
use crate::measure::results::{HarnessError, LatenessFigures};
use crate::time::Micros;
use clap::{Args, ValueEnum};

/// Variable that holds the key where no flag does: a command line can be read by others on the machine.
const KEY_VARIABLE: &str = "APIXO_API_KEY";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The simulator, in virtual time
    Sim,
    /// The real client against the mock server, in memory, on a paused clock; confirms the simulator
    Virtual,
    /// The real client over sockets, on the wall clock
    Wire,
}

#[derive(Debug, Args)]
pub(super) struct EngineArgs {
    /// What runs the strategies
    #[arg(long, value_enum, default_value = "sim")]
    engine: Engine,
    /// `wire`: scenario seconds per real second [default: 1]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,
    /// `wire`: the longest 99th percentile of timer slack and of submit lag, in scenario time, at which the results
    /// still count
    #[arg(long, value_name = "DURATION", default_value = "1s")]
    max_lateness: Micros,
    /// `wire`: run against this server instead of the mock; the scenario's network and faults do not apply there
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Key for --base-url [default: the variable APIXO_API_KEY]
    #[arg(long, value_name = "KEY", requires = "base_url")]
    api_key: Option<String>,
    /// Submit real tasks to a server that is not on this machine: they cost money
    #[arg(long, requires = "base_url")]
    i_will_pay: bool,
}

/// A time scale: positive, finite, not absurd.
pub(super) fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 =
        text.parse().map_err(|_| "not a number; write scenario seconds per real second, such as 60".to_owned())?;
    if (1e-3..=1e5).contains(&scale) { Ok(scale) } else { Err("a time scale is from 0.001 to 100000".to_owned()) }
}

impl EngineArgs {
    /// Whether it is the simulator.
    pub(super) fn is_simulated(&self) -> bool {
        self.engine == Engine::Sim
    }

    /// Where to run; `None` is the simulator.
    pub(super) fn target(&self, tasks: u128) -> Result<Option<LiveTarget>, Failure> {
        let refuse = |message: &str| Err(Failure::Input(message.to_owned()));
        if self.engine != Engine::Wire {
            for (flag, given) in [("--time-scale", self.time_scale.is_some()), ("--base-url", self.base_url.is_some())]
            {
                if given {
                    return refuse(&format!("{flag} is for the engine `wire`; say --engine wire"));
                }
            }
            return Ok((self.engine == Engine::Virtual).then_some(LiveTarget::Virtual));
        }
        let scale = self.time_scale.unwrap_or(1.0);
        // Every task may have a connection open; where too few are allowed, tasks fail as connections do.
        most_connections();
        let Some(base_url) = &self.base_url else { return Ok(Some(LiveTarget::Wire { scale })) };
        if !self.i_will_pay && !is_loopback(base_url) {
            return refuse(&format!(
                "{base_url} is not on this machine: this run would submit {} there, which may cost money; \
                 say --i-will-pay if that is what you want",
                plural(tasks, "task")
            ));
        }
        let api_key = self.api_key.clone().or_else(|| std::env::var(KEY_VARIABLE).ok());
        let Some(api_key) = api_key else {
            return refuse(&format!("a server needs a key: say --api-key or set {KEY_VARIABLE}"));
        };
        Ok(Some(LiveTarget::Remote { base_url: base_url.clone(), api_key, scale }))
    }

    /// The flags that say the same again; the key is a secret, and a server's price is agreed to each time.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        let Self { engine: _, time_scale, max_lateness, base_url, api_key: _, i_will_pay: _ } = self;
        let mut flags = vec![("--engine", self.name().to_owned())];
        if self.engine == Engine::Wire {
            flags.extend(time_scale.map(|scale| ("--time-scale", scale.to_string())));
            flags.push(("--max-lateness", max_lateness.to_string()));
            flags.extend(base_url.clone().map(|url| ("--base-url", url)));
        }
        flags
    }

    /// The name in `results.json`.
    pub(super) fn name(&self) -> &'static str {
        match self.engine {
            Engine::Sim => "sim",
            Engine::Virtual => "virtual",
            Engine::Wire => "wire",
        }
    }

    /// Holds the harness's own error against what is allowed.
    pub(super) fn judge(&self, harness: &Harness) -> Result<HarnessError, Failure> {
        let (slack, lag) = (harness.timer_slack(), harness.submit_lag());
        for (what, lateness) in [("timer slack", slack), ("submit lag", lag)] {
            if let Some(Lateness { p99, .. }) = lateness.filter(|lateness| lateness.p99 > self.max_lateness) {
                return Err(Failure::Run(format!(
                    "the harness was late: the 99th percentile of its {what} is {} of scenario time, more than the \
                     {} that --max-lateness allows; nothing was written. Lower --time-scale or --tasks",
                    duration(p99.as_millis()),
                    self.max_lateness
                )));
            }
        }
        let figures = |lateness: Option<Lateness>| {
            lateness.map(|Lateness { n, p50, p99, max }| LatenessFigures {
                n,
                p50: p50.as_millis(),
                p99: p99.as_millis(),
                max: max.as_millis(),
            })
        };
        Ok(HarnessError { timer_slack_ms: figures(slack), submit_lag_ms: figures(lag) })
    }
}

/// Whether a base URL names this machine.
fn is_loopback(base_url: &str) -> bool {
    let after_scheme = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://127.0.0.1:8787", "http://localhost/api/v1", "http://[::1]:80/", "127.3.2.1"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://api.apixo.ai/api/v1",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "http://0.0.0.0",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
