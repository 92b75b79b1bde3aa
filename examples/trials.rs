//! How many trials a second each way of checking a poller holds, and that correct pollers are never found guilty:
//! `cargo run --release --example trials -- 100000`.

use pollbench::check::{Answered, Call, Cases, Habits, Kit, MODEL, PollerOutcome, Properties, Strategic, judge, play};
use pollbench::client::{Client, WaitError};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use std::sync::Arc;
use std::time::Instant;

async fn wait(call: Call, strategy: Arc<Strategy>) -> Vec<Answered> {
    let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
    let Ok(client) = client.build() else { return Vec::new() };
    let (outcome, urls) = match client.task(&call.model, &call.tasks[0]).wait(strategy).await {
        Ok(finished) => (PollerOutcome::Success, finished.urls),
        Err(WaitError::TaskFailed { .. }) => (PollerOutcome::Failed, Vec::new()),
        Err(WaitError::GaveUp { .. }) => (PollerOutcome::Timeout, Vec::new()),
        Err(_) => (PollerOutcome::Error, Vec::new()),
    };
    vec![Answered { task: 0, outcome, urls }]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    for name in ["basic-hardened", "adaptive-hardened", "exponential-hardened"] {
        let strategy = preset(name).ok_or("a shipped preset")?;
        let poller = Strategic::new(&strategy, MODEL);
        let deadline = poller.deadline().ok_or("it has a limit")?;
        let cases = Cases::new(7, deadline);
        let calm = play(&mut poller.clone(), &cases.calm_case());
        let habits = Habits::exact(Micros::from_secs(10)).measured(&calm);
        let cases = cases.knowing(calm.tasks[0].asked.iter().map(|asked| asked.sent).collect(), habits.grain);
        let (start, mut guilty) = (Instant::now(), 0);
        for number in 0..count {
            let case = cases.case(number);
            let seen = play(&mut poller.clone(), &case);
            guilty += usize::from(!judge(&case, &seen, &habits, Properties::ALL).is_good());
        }
        let speed = count as f64 / start.elapsed().as_secs_f64();
        println!("{name}: decisions alone, {count} cases, {guilty} found guilty, {speed:.0} cases a second");

        let strategy = Arc::new(strategy);
        let kit = Kit::new(deadline, |call| wait(call, Arc::clone(&strategy))).attempt_timeout(Micros::from_secs(10));
        let (start, count) = (Instant::now(), count / 10);
        let report = kit.seed(7).check(count)?;
        let speed = count as f64 / start.elapsed().as_secs_f64();
        let guilty = report.findings.len();
        println!("{name}: HTTP in memory, {count} cases, {guilty} found guilty, {speed:.0} cases a second");
        print!("{}", if guilty > 0 { report.to_string() } else { String::new() });
    }
    Ok(())
}
