//! The reference workload: one model, two documented strategies, three kinds of weather.

use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Findings, Options, run};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;

/// How a task is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// First poll after 60 s, then every 15 s, for 600 s.
    Adaptive,
    /// First poll at once, then after 2 s × 1.5 up to 30 s, for 600 s.
    Exponential,
}

impl Schedule {
    pub(crate) const BOTH: [Self; 2] = [Self::Adaptive, Self::Exponential];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Adaptive => "adaptive",
            Self::Exponential => "exponential",
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// No travel time, no faults.
    Ideal,
    /// Round trips vary, and 2 % of the polls tell nothing.
    Lossy,
    /// Lossy, and resets, 429 with Retry-After in a window, failed and stuck tasks, bursts; hardened strategies.
    Full,
}

const LOSSY: &str = r#"
[network]
rtt = "lognormal(median=80ms, sigma=0.4)"
[[faults]]
kind = "stale-read"
probability = 0.02
"#;

const FULL: &str = r#"
[[faults]]
kind = "reset"
probability = 0.01
[[faults]]
kind = "status"
code = 429
retry_after = true
retry_in = "10s"
probability = 0.9
during = { every = "1h", from = "10m", for = "1m" }
[[faults]]
kind = "burst-loss"
probability = 0.5
gilbert_elliott = { bad_share = 0.02, bad_mean = "10s" }
"#;

/// A scenario of so many tasks, submitted at `rate_per_s`.
pub(crate) fn scenario(schedules: &[Schedule], weather: Weather, tasks: u64, rate_per_s: f64) -> Scenario {
    with_rules(schedules, weather, tasks, rate_per_s, "")
}

/// The same with `rest` at the end of its file.
pub(crate) fn with_rules(
    schedules: &[Schedule],
    weather: Weather,
    tasks: u64,
    rate_per_s: f64,
    rest: &str,
) -> Scenario {
    let (faults, model, hardened) = match weather {
        Weather::Ideal => (String::new(), "", ""),
        Weather::Lossy => (LOSSY.to_owned(), "", ""),
        Weather::Full => (
            format!("{LOSSY}{FULL}"),
            "stuck_probability = 0.001\nfailure = { probability = 0.02, after = \"uniform(low=2s, high=20s)\" }\n",
            "-hardened",
        ),
    };
    let strategies = schedules.iter().map(|of| format!("[[strategies]]\npreset = \"{}{hardened}\"\n", of.name()));
    let text = format!(
        "schema_version = 1\nname = \"reference\"\ntasks = {tasks}\nreplicates = 1\n\
         [arrivals]\nkind = \"poisson\"\nrate_per_s = {rate_per_s:?}\n{faults}\n\
         [models.sora-2]\ncompletion = \"lognormal(median=120s, sigma=0.5)\"\n{model}{}{rest}",
        strategies.collect::<String>()
    );
    Scenario::parse(&text, "reference.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What `compare` does before it writes a report.
pub(crate) fn simulate(scenario: &Scenario, options: Options) -> Findings {
    run(&Plan::new(scenario), options, &Control::default(), None).expect("nobody stops it")
}

/// One thread, nothing forced, and a sample for charts, as `compare` has it.
pub(crate) fn alone() -> Options {
    Options { threads: 1, sample: true, ..Options::default() }
}
