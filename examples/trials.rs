//! How many trials a second each way of checking a poller holds, and that correct pollers are never found guilty:
//! `cargo run --release --example trials -- 100000 20000 300`, the numbers of cases of each strategy by decisions alone, by HTTP in
//! memory, and over sockets. `POLLBENCH_SEED` draws others.

use pollbench::check::{
    Answered, Call, Campaign, Case, Cases, Conduct, Habits, KEY, Kit, MODEL, PollerAnswer, PollerOutcome, Properties,
    RECEIVER, Seen, Stage, Strategic, Subject, TrialReport, judge, play,
};
use pollbench::client::{Client, Finished, Submission, WaitError, WebhookReceiver};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Strategy;
use pollbench::strategy::presets::preset;
use pollbench::time::Micros;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Waits for all tasks of a call with the client.
async fn wait(call: Call, strategy: Arc<Strategy>) -> Vec<Answered> {
    let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
    let Ok(client) = client.build() else { return Vec::new() };
    let waits = call.tasks.iter().enumerate().map(async |(task, id)| {
        let (outcome, urls) = told(client.task(MODEL, id).wait(Arc::clone(&strategy)).await);
        call.tell(Answered { task, outcome, urls });
    });
    futures_util::future::join_all(waits).await;
    Vec::new()
}

/// Waits for a task with the client that is called back, which submits it where nobody has.
async fn wait_called_back(call: Call, strategy: Arc<Strategy>) -> Vec<Answered> {
    let ended = |(outcome, urls)| vec![Answered { task: 0, outcome, urls }];
    let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
    let (Ok(client), Some(listener)) = (client.build(), call.listen()) else { return Vec::new() };
    let receiver = WebhookReceiver::serve(listener, RECEIVER);
    let id = match call.tasks.first() {
        Some(id) => call.call_back(receiver.url()).map(|()| id.clone()).ok(),
        None => {
            let submission = Submission::new(json!({ "prompt": "a lighthouse" })).callback(receiver.url());
            // How long to wait for the answer to a submit is the caller's to say.
            timeout(ATTEMPT, client.submit(&call.model, &submission)).await.ok().and_then(Result::ok)
        }
    };
    let Some(id) = id else { return ended((PollerOutcome::Error, Vec::new())) };
    ended(told(client.task(MODEL, &id).with_webhooks(&receiver).wait(strategy).await))
}

fn told(end: Result<Finished, WaitError>) -> (PollerOutcome, Vec<String>) {
    match end {
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
            let mut ended = std::pin::pin!(client.task(MODEL, &stage.ids()[0]).wait(Arc::clone(&self.0)).into_future());
            loop {
                let began = Instant::now();
                tokio::select! {
                    biased;
                    ended = &mut ended => return (told(ended), late),
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

/// How long one request takes at most.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How often it is looked whether the machine is late.
const BEAT: Duration = Duration::from_millis(5);

/// Two hundredths of a second are little over sockets.
fn over_sockets() -> Habits {
    let real = |ms: f64| Micros::from_f64(ms * 1e3 * SCALE);
    Habits { slack: real(250.0), grain: real(20.0), ..Habits::exact(Micros::from_secs(10)) }
}

/// Tells of one way to try a strategy.
fn tell(name: &str, way: &str, cases: u64, start: Instant, report: &TrialReport) {
    let (guilty, took) = (report.findings.len(), start.elapsed().as_secs_f64());
    let (speed, each) = (cases as f64 / took, took * 1e3 / cases.max(1) as f64);
    println!("{name}: {way}, {cases} cases, {guilty} found guilty, {speed:.0} cases a second, {each:.2} ms a case");
    print!("{}", if guilty > 0 { report.to_string() } else { String::new() });
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |at: usize, usual: u64| std::env::args().nth(at).map_or(Ok(usual), |text| text.parse::<u64>());
    let (alone, memory, sockets) = (number(1, 100_000)?, number(2, 20_000)?, number(3, 300)?);
    let seed = std::env::var("POLLBENCH_SEED").map_or(Ok(7), |text| text.parse())?;
    for name in ["basic-hardened", "adaptive-hardened", "exponential-hardened", "concurrent-hardened"] {
        let strategy = preset(name).ok_or("a shipped preset")?;
        let poller = Strategic::new(&strategy, MODEL);
        let deadline = poller.deadline().ok_or("it has a limit")?;
        let cases = Cases::new(seed, deadline);
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
        for tasks in [1, 3] {
            let kit = Kit::new(deadline, |call| wait(call, Arc::clone(&strategy))).many(tasks);
            let start = Instant::now();
            let report = kit.attempt_timeout(Micros::from_secs(10)).seed(seed).check(memory)?;
            tell(name, &format!("HTTP in memory, up to {tasks} tasks"), memory, start, &report);
        }

        let mut campaign = Campaign { parallel: 16, confirmations: 3, ..Campaign::new(deadline, over_sockets()) };
        campaign.seed = seed;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let subject = Sockets(Arc::clone(&strategy));
        let start = Instant::now();
        let report = runtime.block_on(campaign.run(&subject, Vec::new(), sockets, &mut |_| {}));
        tell(name, &format!("over sockets at {SCALE}"), sockets, start, &report);
    }
    let (name, strategy) = ("webhook-hybrid", Arc::new(preset("webhook-hybrid").ok_or("a shipped preset")?));
    let deadline = Strategic::new(&strategy, MODEL).deadline().ok_or("it has a limit")?;
    let kit = || {
        let kit = Kit::new(deadline, |call| wait_called_back(call, Arc::clone(&strategy))).webhooks();
        kit.attempt_timeout(Micros::from_secs(10)).seed(seed)
    };
    for (way, kit) in [("called back", kit()), ("submitting and called back", kit().submits())] {
        let start = Instant::now();
        tell(name, &format!("HTTP in memory, {way}"), memory, start, &kit.check(memory)?);
    }
    Ok(())
}
