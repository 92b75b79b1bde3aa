//! Quality of strategies, in their own units: requests per task, detection delay, and latency to the result.
//!
//! `cargo bench --bench strategies`, or with `POLLBENCH_SCENARIO=my.toml` before it; the default is `documented`. Nothing
//! here is a time of this machine: times are the scenario's. `-- --save-baseline before`, a changed setting, and
//! `-- --baseline before` tell by criterion's statistics whether it is better or worse.
//!
//! A sample is one replicate: the mean over its tasks. Delay and latency are means over the tasks that became known, and
//! who gives up asks less, so a strategy that loses tasks looks good: their share is printed where there are any. (The
//! word `time` before each figure is criterion's.)

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Criterion, SamplingMode, Throughput};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options, run};
use pollbench::measure::record::TaskRecord;
use pollbench::scenario::Scenario;
use pollbench::scenario::shipped::load;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Criterion wants ten samples; twenty give its bootstrap something to draw from.
const FEWEST_REPLICATES: u32 = 20;

fn main() -> ExitCode {
    // Asked of all benches at once. These figures stand in reports, not in `PERFORMANCE.md`.
    if std::env::args().any(|argument| argument == "--write") {
        return ExitCode::SUCCESS;
    }
    let name = std::env::var("POLLBENCH_SCENARIO").unwrap_or_else(|_| "documented".to_owned());
    let mut scenario = match load(&name) {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("{}", error.render(std::io::stderr().is_terminal()));
            return ExitCode::from(2);
        }
    };
    scenario.replicates = scenario.replicates.max(FEWEST_REPLICATES);
    let found = simulate(&scenario);
    for figure in [Figure::Requests, Figure::Delay, Figure::Latency] {
        bench(figure, &scenario, &found);
    }
    ExitCode::SUCCESS
}

/// Sums over the tasks of a replicate.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    tasks: u64,
    known: u64,
    requests: u64,
    delay_us: u64,
    latency_us: u64,
}

/// By model, strategy and replicate.
type Found = BTreeMap<(usize, usize, u32), Sums>;

fn simulate(scenario: &Scenario) -> Found {
    let found = Mutex::new(Found::new());
    let add = |model: usize, strategy: usize, replicate: u32, records: &[TaskRecord]| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        let sums = found.entry((model, strategy, replicate)).or_default();
        for record in records {
            sums.tasks += 1;
            sums.requests += u64::from(record.submits) + u64::from(record.polls) + u64::from(record.deliveries);
            if let (Some(delay), Some(latency)) = (record.delay(), record.latency()) {
                sums.known += 1;
                sums.delay_us += delay.get();
                sums.latency_us += latency.get();
            }
        }
    };
    run(&Plan::new(scenario), Options::default(), &Control::default(), Some(&add)).expect("nobody stops it");
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Requests,
    Delay,
    Latency,
}

impl Figure {
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests per task",
            Self::Delay => "detection delay",
            Self::Latency => "latency to result",
        }
    }

    /// Mean over a replicate, times in milliseconds; `None` where no task became known.
    fn of(self, sums: &Sums) -> Option<f64> {
        let over_known = |us: u64| (sums.known > 0).then(|| us as f64 / 1e3 / sums.known as f64);
        match self {
            Self::Requests => Some(sums.requests as f64 / sums.tasks as f64),
            Self::Delay => over_known(sums.delay_us),
            Self::Latency => over_known(sums.latency_us),
        }
    }
}

fn bench(figure: Figure, scenario: &Scenario, found: &Found) {
    // What is measured was found before; how long criterion looks at it does not matter.
    let mut criterion = Criterion::default()
        .with_measurement(figure)
        .sample_size(scenario.replicates as usize)
        .warm_up_time(Duration::from_nanos(1))
        .measurement_time(Duration::from_millis(10))
        .nresamples(10_000)
        .without_plots()
        .configure_from_args();
    for (model, with) in scenario.models.iter().enumerate() {
        let mut group = criterion.benchmark_group(format!("{}/{}", figure.name(), with.name));
        group.sampling_mode(SamplingMode::Flat);
        for (strategy, of) in scenario.strategies.iter().enumerate() {
            let cell: Vec<Sums> =
                (0..scenario.replicates).filter_map(|number| found.get(&(model, strategy, number)).copied()).collect();
            let Some(values) = cell.iter().map(|sums| figure.of(sums)).collect::<Option<Vec<f64>>>() else {
                println!("{}/{}/{}: no task became known\n", figure.name(), with.name, of.name);
                continue;
            };
            let mut samples = spread(&values).into_iter().cycle();
            let mut is_wanted = false;
            group.bench_function(of.name.as_str(), |bencher| {
                is_wanted = true;
                // One replicate a sample, however many iterations criterion would make of it.
                bencher.iter_custom(|iterations| samples.next().unwrap_or(0.0) * iterations as f64);
            });
            let (tasks, known) = cell.iter().fold((0, 0), |(n, m), sums| (n + sums.tasks, m + sums.known));
            if is_wanted && known < tasks {
                let share = 100.0 * (tasks - known) as f64 / tasks as f64;
                println!("{:24}{share:.2} % of the tasks never became known", "");
            }
        }
    }
    criterion.final_summary();
}

/// Criterion's statistics need positive samples that are not all the same: equal ones are moved by the last bit.
fn spread(values: &[f64]) -> Vec<f64> {
    let positive = values.iter().map(|value| value.max(1e-9));
    positive.enumerate().map(|(at, value)| if at % 2 == 0 { value } else { value.next_up() }).collect()
}

impl Measurement for Figure {
    type Intermediate = ();
    type Value = f64;

    fn start(&self) {}

    fn end(&self, (): ()) -> f64 {
        0.0
    }

    fn add(&self, one: &f64, other: &f64) -> f64 {
        one + other
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for Figure {
    fn scale_values(&self, typical: f64, values: &mut [f64]) -> &'static str {
        let (unit, size) = match self {
            Self::Requests => ("requests", 1.0),
            Self::Delay | Self::Latency if typical >= 1e3 => ("s", 1e3),
            Self::Delay | Self::Latency => ("ms", 1.0),
        };
        values.iter_mut().for_each(|value| *value /= size);
        unit
    }

    fn scale_throughputs(&self, typical: f64, _: &Throughput, values: &mut [f64]) -> &'static str {
        self.scale_values(typical, values)
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Delay | Self::Latency => "ms",
        }
    }
}
