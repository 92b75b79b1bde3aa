//! How many trials a second each way of checking a poller holds, and that correct pollers are never found guilty:
//! `cargo run --release --example trials -- 100000 10000 300`, the numbers of cases by decisions alone, by HTTP in memory, and
//! over sockets.

use pollbench::check::{
    Answered, Call, Campaign, Case, Cases, Conduct, Habits, KEY, Kit, MODEL, PollerAnswer, PollerOutcome, Properties,
    Seen, Stage, Strategic, Subject, judge, play,
};
use pollbench::client::{Client, WaitError};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn wait(call: Call, strategy: Arc<Strategy>) -> Vec<Answered> {
    let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
    let Ok(client) = client.build() else { return Vec::new() };
    let (outcome, urls) = end(&client, &call.tasks[0], strategy).await;
    vec![Answered { task: 0, outcome, urls }]
}

async fn end(client: &Client, task: &str, strategy: Arc<Strategy>) -> (PollerOutcome, Vec<String>) {
    match client.task(MODEL, task).wait(strategy).await {
        Ok(finished) => (PollerOutcome::Success, finished.urls),
        Err(WaitError::TaskFailed { .. }) => (PollerOutcome::Failed, Vec::new()),
        Err(WaitError::GaveUp { .. }) => (PollerOutcome::Timeout, Vec::new()),
        Err(_) => (PollerOutcome::Error, Vec::new()),
    }
}

/// The client over sockets of this machine, in time that runs sixty times as fast.
struct Sockets(Arc<Strategy>);

const SCALE: f64 = 60.0;

impl Subject for Sockets {
    async fn play(&self, case: &Case) -> Seen {
        let unheld = |why: String| Seen { conduct: Conduct::Unheld(why), ..Seen::default() };
        let stage = match Stage::over_sockets(case, SCALE, false).await {
            Ok(stage) => stage,
            Err(error) => return unheld(error.to_string()),
        };
        let client = match Client::builder(stage.base_url(), KEY).clock(stage.clock().clone()).build() {
            Ok(client) => client,
            Err(error) => return unheld(error.to_string()),
        };
        let late = async {
            let mut late = Duration::ZERO;
            let mut ended = std::pin::pin!(end(&client, &stage.ids()[0], Arc::clone(&self.0)));
            loop {
                let began = Instant::now();
                tokio::select! {
                    biased;
                    ended = &mut ended => return (ended, late),
                    () = tokio::time::sleep(BEAT) => late = late.max(began.elapsed().saturating_sub(BEAT)),
                }
            }
        };
        let ((outcome, urls), late) = late.await;
        let answer = PollerAnswer { at: stage.clock().now(), outcome, urls: Some(urls) };
        tokio::time::sleep(Duration::from_millis(1)).await;
        let lateness = Micros::from_f64(late.as_secs_f64() * 1e6 * SCALE);
        Seen { tasks: stage.seen(case, vec![vec![answer]]), lateness, ..Seen::default() }
    }
}

/// How often it is looked whether the machine is late.
const BEAT: Duration = Duration::from_millis(5);

/// Two hundredths of a second are little over sockets.
fn over_sockets() -> Habits {
    let real = |ms: f64| Micros::from_f64(ms * 1e3 * SCALE);
    Habits { slack: real(250.0), grain: real(20.0), ..Habits::exact(Micros::from_secs(10)) }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |at: usize, usual: u64| std::env::args().nth(at).map_or(Ok(usual), |text| text.parse::<u64>());
    let (alone, memory, sockets) = (number(1, 100_000)?, number(2, 10_000)?, number(3, 300)?);
    for name in ["basic-hardened", "adaptive-hardened", "exponential-hardened"] {
        let strategy = preset(name).ok_or("a shipped preset")?;
        let poller = Strategic::new(&strategy, MODEL);
        let deadline = poller.deadline().ok_or("it has a limit")?;
        let cases = Cases::new(7, deadline);
        let calm = play(&mut poller.clone(), &cases.calm_case());
        let habits = Habits::exact(Micros::from_secs(10)).measured(&calm);
        let cases = cases.knowing(calm.tasks[0].asked.iter().map(|asked| asked.sent).collect(), habits.grain);
        let (start, mut guilty) = (Instant::now(), 0);
        for number in 0..alone {
            let case = cases.case(number);
            let seen = play(&mut poller.clone(), &case);
            guilty += usize::from(!judge(&case, &seen, &habits, Properties::ALL).is_good());
        }
        let speed = alone as f64 / start.elapsed().as_secs_f64();
        println!("{name}: decisions alone, {alone} cases, {guilty} found guilty, {speed:.0} cases a second");

        let strategy = Arc::new(strategy);
        let kit = Kit::new(deadline, |call| wait(call, Arc::clone(&strategy))).attempt_timeout(Micros::from_secs(10));
        let start = Instant::now();
        let report = kit.seed(7).check(memory)?;
        let speed = memory as f64 / start.elapsed().as_secs_f64();
        let guilty = report.findings.len();
        println!("{name}: HTTP in memory, {memory} cases, {guilty} found guilty, {speed:.0} cases a second");
        print!("{}", if guilty > 0 { report.to_string() } else { String::new() });

        let campaign = Campaign { parallel: 16, confirmations: 3, ..Campaign::new(deadline, over_sockets()) };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let subject = Sockets(Arc::clone(&strategy));
        let start = Instant::now();
        let report = runtime.block_on(campaign.run(&subject, Vec::new(), sockets, &mut |_| {}));
        let (guilty, each) = (report.findings.len(), start.elapsed().as_secs_f64() * 1e3 / sockets.max(1) as f64);
        println!("{name}: over sockets at {SCALE}, {sockets} cases, {guilty} found guilty, {each:.1} ms a case");
        print!("{}", if guilty > 0 { report.to_string() } else { String::new() });
    }
    Ok(())
}
