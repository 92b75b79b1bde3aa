//! Our client on trial: with a strategy, as whoever submits, as whoever is called back, and over sockets of this machine.

use pollbench::check::{
    Call, Campaign, Case, Conduct, History, KEY, Kit, MODEL, PollerAnswer, PollerOutcome, RECEIVER, Stage,
    StrategyPoller, Subject, TaskAnswer, Timing,
};
use pollbench::client::{Client, Finished, Submission, WaitError, WebhookReceiver};
use pollbench::net::clock::Clock;
use pollbench::strategy::composition::Strategy;
use pollbench::time::Micros;
use serde_json::json;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long one request takes at most.
pub(crate) const ATTEMPT: Micros = Micros::from_secs(10);

/// A kit for what waits with `strategy`, with its deadline.
pub(crate) fn kit<P, F>(strategy: &Strategy, program: P) -> Kit<P>
where
    P: Fn(Call) -> F,
    F: Future<Output = Vec<TaskAnswer>>,
{
    let deadline = StrategyPoller::new(strategy, MODEL).deadline().expect("a strategy with a limit");
    Kit::new(deadline, program).attempt_timeout(ATTEMPT)
}

/// Waits for all tasks of a call, which it submits itself where nobody has.
pub(crate) async fn wait(call: Call, strategy: Arc<Strategy>) -> Vec<TaskAnswer> {
    let client = client(&call);
    let mut ids: Vec<Option<String>> = call.tasks.iter().cloned().map(Some).collect();
    // One after another: tasks are numbered as they are submitted.
    while ids.len() < call.count {
        ids.push(submitted(&client, &call.model, Submission::new(json!({ "prompt": "a lighthouse" }))).await);
    }
    let waits = ids.into_iter().enumerate().map(async |(task, id)| {
        let (outcome, urls) = match id {
            Some(id) => told(client.task(&call.model, &id).wait(Arc::clone(&strategy)).await),
            None => (PollerOutcome::Error, Vec::new()),
        };
        call.tell(TaskAnswer { task, outcome, urls });
    });
    futures_util::future::join_all(waits).await;
    Vec::new()
}

/// Waits for a task and listens for webhooks meanwhile.
pub(crate) async fn wait_called_back(call: Call, strategy: Arc<Strategy>) -> Vec<TaskAnswer> {
    let client = client(&call);
    let receiver = WebhookReceiver::serve(call.listen().expect("a listener in memory"), RECEIVER);
    let id = match call.tasks.first() {
        Some(id) => {
            call.call_back(receiver.url()).expect("the mock sends there");
            Some(id.clone())
        }
        None => {
            let submission = Submission::new(json!({ "prompt": "a lighthouse" })).callback(receiver.url());
            submitted(&client, &call.model, submission).await
        }
    };
    let (outcome, urls) = match id {
        Some(id) => told(client.task(&call.model, &id).with_webhooks(&receiver).wait(strategy).await),
        None => (PollerOutcome::Error, Vec::new()),
    };
    vec![TaskAnswer { task: 0, outcome, urls }]
}

fn client(call: &Call) -> Client {
    let client = Client::builder(&call.base_url, &call.key).network(call.network.clone()).clock(Clock::paused());
    client.build().expect("a client")
}

/// How long to wait for the answer to a submit is the caller's to say.
async fn submitted(client: &Client, model: &str, submission: Submission) -> Option<String> {
    let attempt = Duration::from_micros(ATTEMPT.get());
    timeout(attempt, client.submit(model, &submission)).await.ok()?.ok()
}

fn told(end: Result<Finished, WaitError>) -> (PollerOutcome, Vec<String>) {
    match end {
        Ok(finished) => (PollerOutcome::Success, finished.urls),
        Err(WaitError::TaskFailed { .. }) => (PollerOutcome::Failed, Vec::new()),
        Err(WaitError::GaveUp { .. }) => (PollerOutcome::Timeout, Vec::new()),
        Err(_) => (PollerOutcome::Error, Vec::new()),
    }
}

/// Scenario seconds of [`Sockets`] per real one.
pub(crate) const SCALE: f64 = 60.0;
/// So many milliseconds are waited for what the client left open.
const MOST_LATE: u32 = 1_000;
/// How often it is looked whether the machine is late.
const BEAT: Duration = Duration::from_millis(5);

/// The client over sockets of this machine, in time that runs [`SCALE`] times as fast.
pub(crate) struct Sockets(pub(crate) Arc<Strategy>);

impl Sockets {
    /// How it is put on trial: sixteen cases at a time, and what is found has to be found three times more.
    pub(crate) fn campaign(&self, seed: u64) -> Campaign {
        let real = |ms: f64| Micros::from_f64(ms * 1e3 * SCALE);
        // Two hundredths of a second are little over sockets.
        let timing = Timing { slack: real(250.0), grain: real(20.0), ..Timing::exact(ATTEMPT) };
        let deadline = StrategyPoller::new(&self.0, MODEL).deadline().expect("a strategy with a limit");
        Campaign { parallel: 16, confirmations: 3, seed, ..Campaign::new(deadline, timing) }
    }
}

impl Subject for Sockets {
    async fn play(&self, case: &Case) -> History {
        let not_run = |why: String| History { conduct: Conduct::NotRun(why), ..History::default() };
        let stage = match Stage::over_sockets(case, SCALE, false).await {
            Ok(stage) => stage,
            Err(error) => return not_run(error.to_string()),
        };
        let client = match Client::builder(stage.base_url(), KEY).clock(stage.clock().clone()).build() {
            Ok(client) => client,
            Err(error) => return not_run(error.to_string()),
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
        // An answer is written down when it has been sent: the client may have it before.
        for _ in 0..MOST_LATE {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if stage.is_idle() {
                break;
            }
        }
        let lateness = Micros::from_f64(late.as_secs_f64() * 1e6 * SCALE);
        History { tasks: stage.histories(case, vec![vec![answer]]), lateness, ..History::default() }
    }
}
