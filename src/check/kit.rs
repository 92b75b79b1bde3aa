//! Trials of asynchronous programs in memory: the real mock, connections without sockets, and tokio's paused clock, on which
//! minutes take microseconds.
//!
//! ```
//! use pollbench::check::{TaskAnswer, Call, Kit, PollerOutcome};
//! use pollbench::client::{Client, WaitError};
//! use pollbench::net::clock::Clock;
//! use pollbench::strategy::presets::preset;
//! use pollbench::time::Micros;
//!
//! /// The function under test: it waits for one task and says how that ended.
//! async fn wait(call: Call) -> Vec<TaskAnswer> {
//!     let client = Client::builder(&call.base_url, &call.key).network(call.network).clock(Clock::paused());
//!     let (client, strategy) = (client.build().expect("a client"), preset("basic-hardened").expect("a preset"));
//!     let (outcome, urls) = match client.task(&call.model, &call.tasks[0]).wait(strategy).await {
//!         Ok(finished) => (PollerOutcome::Success, finished.urls),
//!         Err(WaitError::TaskFailed { .. }) => (PollerOutcome::Failed, Vec::new()),
//!         Err(WaitError::GaveUp { .. }) => (PollerOutcome::Timeout, Vec::new()),
//!         Err(_) => (PollerOutcome::Error, Vec::new()),
//!     };
//!     vec![TaskAnswer { task: 0, outcome, urls }]
//! }
//!
//! let report = Kit::new(Micros::from_secs(180), wait).attempt_timeout(Micros::from_secs(10)).check(40)?;
//! assert!(report.is_good(), "{report}");
//! # Ok::<(), std::io::Error>(())
//! ```

use super::campaign::{Campaign, Subject};
use super::case::{Case, MODEL};
use super::history::{Conduct, History, PollerAnswer, PollerOutcome};
use super::judge::Timing;
use super::property::Properties;
use super::report::TrialReport;
use super::stage::{KEY, Stage};
use super::threads;
use crate::net::clock::Clock;
use crate::net::stream::{Listener, Transport};
use crate::time::Micros;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What a program is told of a case.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where the API is, with its path: `http://mock/api/v1`.
    pub base_url: String,
    /// The key to send.
    pub key: String,
    /// The model of the tasks.
    pub model: String,
    /// The ids of the tasks; none where the program submits.
    pub tasks: Vec<String>,
    /// How many tasks there are.
    pub count: usize,
    /// When to have given up, from now.
    pub deadline: Duration,
    /// Where connections to `mock`, port 80, come from.
    pub network: Transport,
    /// Where answers go that are given before the program ends.
    answers: TimedAnswers,
    /// What delivers webhooks.
    stage: Arc<Stage>,
}

/// How the wait for a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskAnswer {
    /// Its number in the case.
    pub task: usize,
    /// The end.
    pub outcome: PollerOutcome,
    /// The result's URLs.
    pub urls: Vec<String>,
}

/// Answers with the instants at which they were given.
#[derive(Debug, Clone)]
struct TimedAnswers {
    clock: Clock,
    answers: Arc<Mutex<Vec<(Micros, TaskAnswer)>>>,
}

impl TimedAnswers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Micros, TaskAnswer)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, answered: TaskAnswer) {
        let now = self.clock.now();
        self.lock().push((now, answered));
    }
}

impl Call {
    /// Says at once how a task ended, while the program goes on with others.
    pub fn tell(&self, answered: TaskAnswer) {
        self.answers.take(answered);
    }

    /// A listener that the mock reaches at [`RECEIVER`], for programs that take webhooks. `None` over sockets, which have
    /// listeners of their own.
    #[must_use]
    pub fn listen(&self) -> Option<Listener> {
        match &self.network {
            Transport::Memory(network) => Some(Listener::Memory(network.listen(RECEIVER_AUTHORITY))),
            Transport::Tcp => None,
        }
    }

    /// Says where webhooks for the tasks are to go, as a `callback_url` does where a program submits.
    ///
    /// # Errors
    ///
    /// Webhooks do not go there: why not.
    pub fn call_back(&self, url: &str) -> Result<(), String> {
        self.stage.call_back(url)
    }
}

/// Start of the URLs at which the mock reaches a program in memory.
pub const RECEIVER: &str = "http://receiver";
const RECEIVER_AUTHORITY: &str = "receiver:80";

/// An asynchronous program on trial.
#[derive(Debug, Clone)]
#[must_use = "a kit does nothing until it is told to check"]
pub struct Kit<P> {
    program: P,
    campaign: Campaign,
    tasks: usize,
    submits: bool,
    webhooks: bool,
}

impl<P, F> Kit<P>
where
    P: Fn(Call) -> F,
    F: Future<Output = Vec<TaskAnswer>>,
{
    /// Puts `program` on trial in worlds with this deadline.
    pub fn new(deadline: Micros, program: P) -> Self {
        let timing = Timing::exact(Micros::from_secs(30));
        Self { program, campaign: Campaign::new(deadline, timing), tasks: 1, submits: false, webhooks: false }
    }

    /// How long one of its requests takes at most; 30 s unless told.
    pub fn attempt_timeout(mut self, timeout: Micros) -> Self {
        self.campaign.timing.attempt_timeout = timeout;
        self
    }

    /// Key of all cases.
    pub fn seed(mut self, seed: u64) -> Self {
        self.campaign.seed = seed;
        self
    }

    /// The properties to judge by; all unless told.
    pub fn properties(mut self, properties: Properties) -> Self {
        self.campaign.properties = properties;
        self
    }

    /// The program takes its deadline from the call, so that counter-examples may have a shorter one.
    pub fn told_deadline(mut self) -> Self {
        self.campaign.limits.deadline = true;
        self
    }

    /// The program waits for up to so many tasks at a time.
    pub fn many(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// The program submits the tasks itself.
    pub fn submits(mut self) -> Self {
        self.submits = true;
        self
    }

    /// The program takes webhooks: it says where with [`Call::call_back`], or as it submits.
    pub fn webhooks(mut self) -> Self {
        self.webhooks = true;
        self
    }

    /// Puts it on trial in so many cases, on as many threads as there are cores; their number changes nothing but the time
    /// that it takes.
    ///
    /// # Errors
    ///
    /// A runtime could not be had.
    ///
    /// # Panics
    ///
    /// The program panics.
    pub fn check(&self, cases: u64) -> io::Result<TrialReport>
    where
        P: Sync,
    {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let mut campaign = self.campaign.clone();
        (campaign.tasks, campaign.submits, campaign.webhooks) = (self.tasks, self.submits, self.webhooks);
        // So that no thread waits for another's slow case.
        (campaign.parallel, campaign.ahead) = (threads, threads * AHEAD);
        threads::check(self, &campaign, cases, threads)
    }

    /// One trial.
    ///
    /// # Errors
    ///
    /// A runtime could not be had.
    pub fn try_case(&self, case: &Case) -> io::Result<History> {
        Ok(threads::runtime()?.block_on(self.play(case)))
    }
}

/// Cases that wait for each thread.
const AHEAD: usize = 32;
/// Threads at most: more add little.
const MOST_THREADS: usize = 16;

impl<P, F> Subject for Kit<P>
where
    P: Fn(Call) -> F,
    F: Future<Output = Vec<TaskAnswer>>,
{
    async fn play(&self, case: &Case) -> History {
        let stage = match Stage::in_memory(case, self.submits) {
            Ok(stage) => Arc::new(stage),
            Err(error) => return History { conduct: Conduct::NotRun(error.to_string()), ..History::default() },
        };
        let given = TimedAnswers { clock: stage.clock().clone(), answers: Arc::default() };
        let call = Call {
            base_url: stage.base_url().to_owned(),
            key: KEY.to_owned(),
            model: MODEL.to_owned(),
            tasks: stage.ids().to_vec(),
            count: case.tasks().len(),
            deadline: Duration::from_micros(case.deadline().get()),
            network: stage.network().clone(),
            answers: given.clone(),
            stage: Arc::clone(&stage),
        };
        // Long enough to see by how much a deadline is missed.
        let limit = case.deadline() * 4 + self.campaign.timing.attempt_timeout * 4;
        let program = (self.program)(call);
        if let Ok(answers) = tokio::time::timeout(Duration::from_micros(limit.get()), program).await {
            answers.into_iter().for_each(|answered| given.take(answered));
        }
        let mut answers = vec![Vec::new(); case.tasks().len()];
        for (at, TaskAnswer { task, outcome, urls }) in given.lock().drain(..) {
            if let Some(of_task) = answers.get_mut(task) {
                of_task.push(PollerAnswer { at, outcome, urls: Some(urls) });
            }
        }
        // The mock notices that requests were left.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let tasks = stage.histories(case, answers);
        History { tasks, submits: stage.submits(), ..History::default() }
    }
}
