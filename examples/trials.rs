//! How many trials a second each way of checking a poller holds, and that correct pollers are never found guilty:
//! `cargo run --release --example trials -- 100000 20000 300`, the numbers of cases of each strategy by decisions alone, by HTTP in
//! memory, and over sockets. `POLLBENCH_SEED` draws others, and a number of 0 leaves a way out.

#[path = "../tests/support/on_trial.rs"]
mod on_trial;

use on_trial::{ATTEMPT, SCALE, Sockets, kit, wait, wait_called_back};
use pollbench::check::{Cases, MODEL, Properties, StrategyPoller, Timing, TrialReport, judge, play};
use pollbench::strategy::presets::preset;
use std::sync::Arc;
use std::time::Instant;

/// When a way to try a strategy began, by the wall and by the processor.
struct Start(Instant, f64);

impl Start {
    fn now() -> Self {
        Self(Instant::now(), processor_s())
    }

    /// How fast it was: cases a second by the wall, and a second of processor.
    fn speed(&self, cases: u64) -> String {
        let (wall, processor) = (self.0.elapsed().as_secs_f64(), processor_s() - self.1);
        let each = processor * 1e3 / cases.max(1) as f64;
        let [by_wall, by_processor] = [wall, processor].map(|s| cases as f64 / s);
        format!("{by_wall:.0} cases a second, {by_processor:.0} a second of processor ({each:.3} ms a case)")
    }
}

/// Seconds of processor that this process took, in user mode and in the system, where Linux says; else 0.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.split(' ').filter_map(|field| field.parse().ok()).collect();
    // Without name and state these are fields 14 and 15, in hundredths of a second.
    fields.get(11..13).map_or(0.0, |times| times.iter().sum::<f64>() / 100.0)
}

/// Tells of one way to try a strategy.
fn tell(name: &str, way: &str, cases: u64, start: &Start, report: &TrialReport) {
    println!("{name}: {way}, {cases} cases, {} found guilty, {}", report.findings.len(), start.speed(cases));
    print!("{}", if report.is_good() { String::new() } else { report.to_string() });
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |at: usize, usual: u64| std::env::args().nth(at).map_or(Ok(usual), |text| text.parse::<u64>());
    let (alone, memory, sockets) = (number(1, 100_000)?, number(2, 20_000)?, number(3, 300)?);
    let seed = std::env::var("POLLBENCH_SEED").map_or(Ok(7), |text| text.parse())?;
    for name in ["basic-hardened", "adaptive-hardened", "exponential-hardened", "concurrent-hardened"] {
        let strategy = preset(name).ok_or("a shipped preset")?;
        let poller = StrategyPoller::new(&strategy, MODEL);
        let cases = Cases::new(seed, poller.deadline().ok_or("it has a limit")?);
        let calm = play(&mut poller.clone(), &cases.calm_case());
        let timing = Timing::exact(ATTEMPT).measured(&calm);
        let cases = cases.knowing(calm.tasks[0].requests.iter().map(|request| request.sent).collect(), timing.grain);
        let (start, mut guilty) = (Start::now(), 0);
        for number in 0..alone {
            let case = cases.case(number);
            let history = play(&mut poller.clone(), &case);
            guilty += usize::from(!judge(&case, &history, &timing, Properties::ALL).is_good());
        }
        println!("{name}: decisions alone, {alone} cases, {guilty} found guilty, {}", start.speed(alone));

        let strategy = Arc::new(strategy);
        let kit = || kit(&strategy, |call| wait(call, Arc::clone(&strategy))).seed(seed);
        for (way, kit) in [
            ("HTTP in memory", kit()),
            ("HTTP in memory, up to 3 tasks", kit().many(3)),
            ("HTTP in memory, submitting", kit().submits()),
            ("HTTP in memory, submitting up to 3 tasks", kit().many(3).submits()),
        ] {
            let start = Start::now();
            tell(name, way, memory, &start, &kit.check(memory)?);
        }

        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let subject = Sockets(strategy);
        let start = Start::now();
        let report = runtime.block_on(subject.campaign(seed).run(&subject, Vec::new(), sockets, &mut |_| {}));
        tell(name, &format!("over sockets at {SCALE}"), sockets, &start, &report);
    }
    let (name, strategy) = ("webhook-hybrid", Arc::new(preset("webhook-hybrid").ok_or("a shipped preset")?));
    let kit = || kit(&strategy, |call| wait_called_back(call, Arc::clone(&strategy))).webhooks().seed(seed);
    for (way, kit) in [("called back", kit()), ("submitting and called back", kit().submits())] {
        let start = Start::now();
        tell(name, &format!("HTTP in memory, {way}"), memory, &start, &kit.check(memory)?);
    }
    Ok(())
}
