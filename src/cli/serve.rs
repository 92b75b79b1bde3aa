//! `pollbench serve`: the mock APIXO server.

use crate::cli::changes::Changes;
use crate::cli::console::{Failure, note, print};
use crate::cli::descriptors::most_connections;
use crate::cli::engine::scale;
use crate::mock::{ScenarioRules, calm_world, world};
use crate::net::clock::Clock;
use crate::net::signature::WebhookSecret;
use crate::net::stream::Listener;
use crate::scenario::narrow::Overrides;
use crate::scenario::recipe::{Loaded, Recipe};
use crate::server::{AdminAccess, Server, Settings, WebhookMap, World};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    /// The scenario whose models, network and faults to use [default: the guide's models and any other, without faults]
    scenario: Option<String>,
    /// Apply the faults and network of this scenario to the tasks
    #[arg(long, value_name = "PRESET", requires = "scenario")]
    weather: Option<String>,
    /// Where to listen: an address with a port, `localhost:PORT`, or a port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787", value_parser = address)]
    addr: SocketAddr,
    /// An API key to accept; may be repeated [default: any key]
    #[arg(long = "api-key", value_name = "KEY")]
    api_keys: Vec<String>,
    /// Scenario seconds per real second
    #[arg(long, value_name = "X", default_value = "1", value_parser = scale)]
    time_scale: f64,
    /// Random seed [default: the scenario's]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Start of result URLs [default: http:// and the host of the request]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// A host other than this machine that webhooks may go to; may be repeated
    #[arg(long = "allow-webhook-host", value_name = "HOST")]
    webhook_hosts: Vec<String>,
    /// Where webhooks for a public address go, such as https://example.com=http://127.0.0.1:9000; may be repeated
    #[arg(long = "webhook-map", value_name = "URL=URL")]
    webhook_map: Vec<WebhookMap>,
    /// What webhooks of batches are signed with [default: whsec_pollbench]
    #[arg(long, value_name = "SECRET")]
    webhook_secret: Option<WebhookSecret>,
    /// Longest request body: a number of bytes, or of KiB or MiB
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = size)]
    max_body: usize,
    /// Token for the control plane under /__admin; without one, it is off on an address that other machines can reach
    #[arg(long, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// Maximum number of tasks; further submits are refused
    #[arg(long, value_name = "N", default_value = "1000000")]
    most_tasks: usize,
    /// Maximum number of connections; more are refused
    #[arg(long, value_name = "N", default_value = "16384")]
    most_connections: usize,
    /// Balance of every key, in US dollars
    #[arg(long, value_name = "USD", default_value = "100")]
    balance: f64,
    /// Price of a task, in US dollars
    #[arg(long, value_name = "USD", default_value = "0")]
    price: f64,
    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  pollbench serve
  pollbench serve flaky --addr 127.0.0.1:0 --time-scale 60
  pollbench serve my.toml --api-key secret --seed 7
  pollbench serve documented --weather outage-5m --observed-model sora-2=jobs.csv --column took_s
  curl -s localhost:8787/api/v1/generateTask/sora-2 \\
      -H 'Authorization: Bearer any' -d '{\"input\":{\"prompt\":\"a cat\"}}'
  curl -s localhost:8787/__admin/journal";

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut world = match &self.scenario {
            Some(scenario) => self.world(scenario)?,
            None if self.changes.are_asked_for() => {
                let message = "--set and --observed-model change a scenario: say which, such as documented";
                return Err(Failure::Input(message.to_owned()));
            }
            None => calm_world()?,
        };
        world.seed = self.seed.unwrap_or(world.seed);
        for (flag, usd) in [("--balance", self.balance), ("--price", self.price)] {
            if !(usd.is_finite() && usd >= 0.0) {
                return Err(Failure::Input(format!("{flag} must be an amount of money, not {usd}")));
            }
        }
        let admin = match &self.admin_token {
            Some(token) => AdminAccess::Token(token.clone()),
            None if self.addr.ip().is_loopback() => AdminAccess::Open,
            None => {
                note("note: others may reach this address, so the control plane is off; --admin-token turns it on");
                AdminAccess::Off
            }
        };
        let room = most_connections();
        if room < self.most_connections {
            note(format!("note: the system lets this process have {room} connections open (ulimit -n)"));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Run(format!("cannot start: {error}")))?;
        runtime.block_on(async {
            let addr = self.addr;
            let listener = listen(addr).await?;
            let address = listener.local_addr().map_err(|error| Failure::Run(error.to_string()))?;
            let stop = stopped().map_err(|error| Failure::Run(format!("cannot watch for signals: {error}")))?;
            let clock = Clock::scaled(self.time_scale).map_err(|error| Failure::Input(error.to_string()))?;
            let settings = Settings {
                keys: self.api_keys,
                public_base: self.public_url,
                webhook_hosts: self.webhook_hosts,
                webhook_map: self.webhook_map,
                webhook_secret: self.webhook_secret.unwrap_or_else(WebhookSecret::of_the_mock),
                most_body: self.max_body,
                most_tasks: self.most_tasks,
                most_connections: self.most_connections.min(room),
                balance_usd: self.balance,
                price_usd: self.price,
                admin,
                fault_codec: Some(Arc::new(ScenarioRules)),
                ..Settings::new(clock)
            };
            print(&format!("listening on http://{address}\n"))?;
            Server::new(world, settings).serve(Listener::Tcp(listener), stop).await;
            Ok::<(), Failure>(())
        })?;
        runtime.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }
}

impl Serve {
    /// The world of a scenario with what the command line changes of it.
    fn world(&self, scenario: &str) -> Result<World, Failure> {
        let own = self.changes.load(scenario, false)?;
        let weather = self.weather.as_ref().map(|name| Loaded::named(name, &[])).transpose()?;
        let (_, scenario) = Recipe::cook(&own, weather.as_ref(), Overrides::default())?;
        Ok(world(&scenario))
    }
}

/// Listens on an address.
pub(super) async fn listen(addr: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).await.map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
            "; another server has that port: choose one with --addr, or port 0 for any free one"
        } else {
            ""
        };
        Failure::Run(format!("cannot listen on {addr}: {error}{hint}"))
    })
}

/// A number of bytes: at most 256 MiB, which all fits into memory.
fn size(text: &str) -> Result<usize, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("", 1)];
    let (digits, unit) =
        units.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes))).unwrap_or((text, 1));
    let size = digits.trim().parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    size.filter(|size| (1..=256 << 20).contains(size))
        .ok_or_else(|| "write a size such as 16MiB, up to 256MiB".to_owned())
}

/// An address to listen on: loopback where no other is written.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let loopback = |port: &str| port.parse().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let local = host.is_empty() || host.eq_ignore_ascii_case("localhost");
    let address = if local { loopback(port) } else { text.parse().ok() };
    address.ok_or_else(|| "write 127.0.0.1:8787, [::1]:8787, localhost:8787 or 8787".to_owned())
}

/// Ends when the process is asked to terminate. An interrupt ends the whole program.
#[cfg(unix)]
pub(super) fn stopped() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        terminate.recv().await;
    })
}

/// Never ends: nothing but an interrupt can stop the program here.
#[cfg(not(unix))]
pub(super) fn stopped() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(std::future::pending())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_as_short_as_a_port() {
        for (text, full) in [
            ("8787", "127.0.0.1:8787"),
            (":0", "127.0.0.1:0"),
            ("localhost:8787", "127.0.0.1:8787"),
            ("LocalHost:1", "127.0.0.1:1"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()), Ok(full.to_owned()), "{text}");
        }
        for text in
            ["", "nowhere", "localhost", "localhost:", "127.0.0.1", "65536", "-1", "::1", "host:80", "localhost:1:2"]
        {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
