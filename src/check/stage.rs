//! The mock of one case: its tasks stand ready, its journal becomes what was seen.

use super::case::{Case, End, MODEL};
use super::history::{
    AnswerKind, FAILURE, PollerAnswer, StatusRequest, TaskHistory, WebhookDelivery, is_doubtful, met, spoils_the_next,
    state_at, told,
};
use super::poller::retry_after;
use super::weather as case_weather;
use crate::api::reply::Reply;
use crate::net::clock::{Clock, InvalidScale};
use crate::net::memory::MemoryNetwork;
use crate::net::stream::{Listener, Transport};
use crate::server::{InvalidStub, JournalEntry, PushContent, Server, Settings, Stub, Unanswered, World};
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::fault::{Effect, Fault, FaultRule, FaultRules, Kind, Route, Timescale, When};
use crate::world::model::{Model, Probability};
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The key that a program is told.
pub const KEY: &str = "pollbench-check";

/// Why there is no stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// No port, or no file descriptors.
    #[error("cannot listen on a port of this machine: {0}")]
    Listen(#[from] io::Error),
    /// Time cannot run at that pace.
    #[error(transparent)]
    Scale(#[from] InvalidScale),
    /// The mock does not take the tasks: a mistake of this program.
    #[error("the mock does not take the case: {0}")]
    Stub(#[from] InvalidStub),
}

/// A mock that plays one case; dropping it stops it.
#[derive(Debug)]
pub struct Stage {
    server: Server,
    clock: Clock,
    base_url: String,
    network: Transport,
    ids: Vec<String>,
    _stop: oneshot::Sender<()>,
}

impl Stage {
    /// A mock on a free port of this machine, `scale` scenario seconds per second.
    ///
    /// # Errors
    ///
    /// See [`StageError`].
    pub async fn over_sockets(case: &Case, scale: f64, submits: bool) -> Result<Self, StageError> {
        Self::numbered(case, scale, submits, 0).await
    }

    /// The same, where no two stages of different numbers have tasks of the same id.
    ///
    /// # Errors
    ///
    /// See [`StageError`].
    pub async fn numbered(case: &Case, scale: f64, submits: bool, number: u64) -> Result<Self, StageError> {
        Self::on(case, Clock::scaled(scale)?, submits, number).await
    }

    /// The same, in the time of a clock that starts now.
    ///
    /// # Errors
    ///
    /// See [`StageError`].
    pub async fn on(case: &Case, clock: Clock, submits: bool, number: u64) -> Result<Self, StageError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        Self::begin(case, &origin, Transport::Tcp, Listener::Tcp(listener), clock, submits, number)
    }

    /// A mock in memory, in the time of a paused tokio runtime.
    ///
    /// # Errors
    ///
    /// See [`StageError`].
    pub fn in_memory(case: &Case, submits: bool) -> Result<Self, StageError> {
        let memory = MemoryNetwork::default();
        let listener = Listener::Memory(memory.listen("mock:80"));
        Self::begin(case, "http://mock", Transport::Memory(memory), listener, Clock::paused(), submits, 0)
    }

    fn begin(
        case: &Case,
        origin: &str,
        network: Transport,
        listener: Listener,
        clock: Clock,
        submits: bool,
        number: u64,
    ) -> Result<Self, StageError> {
        let model = Model::plain(MODEL, Distribution::constant(Micros::ZERO));
        let world = World {
            faults: rules(case),
            network: Arc::new(case_weather::network(case)),
            ..World::calm(vec![model], 0)
        };
        let base = Some(origin.to_owned());
        let settings = Settings {
            network: network.clone(),
            public_base: base,
            generation: number as u32,
            ..Settings::new(clock.clone())
        };
        let server = Server::new(world, settings);
        let mut ids = Vec::new();
        for task in case.tasks() {
            let mut stub = match task.end {
                End::Success(at) => Stub::success(MODEL, at),
                End::Failed(at) => Stub::failed(MODEL, at, FAILURE.0, FAILURE.1),
                End::Never => Stub::success(MODEL, Micros::NEVER),
            };
            stub.replies.clone_from(&task.replies);
            stub.pushes = Some(task.pushes.clone());
            // What is submitted a round trip later ends no later than the case says.
            stub.is_by_the_clock = true;
            if submits {
                server.stub(stub)?;
            } else {
                ids.push(server.place(stub)?);
            }
        }
        let (stop, stopped) = oneshot::channel();
        let serving = server.clone();
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            serving.serve(listener, stopped).await;
        });
        Ok(Self { server, clock, base_url: format!("{origin}/api/v1"), network, ids, _stop: stop })
    }

    /// Lets what is delivered for the case's tasks go to `url`. Those that a program submits have their own `callback_url`.
    ///
    /// # Errors
    ///
    /// Webhooks do not go there: why not.
    pub fn call_back(&self, url: &str) -> Result<(), String> {
        self.ids.iter().try_for_each(|id| self.server.call_back(id, url))
    }

    /// Where the API is, with its path.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The network that it is on.
    #[must_use]
    pub fn network(&self) -> &Transport {
        &self.network
    }

    /// The ids of the case's tasks; none where the program submits them.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Scenario time, from the start of the wait.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Requests that were there so far, of any kind.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.server.with_journal(|entries| entries.filter(|entry| entry.route != "connection").count())
    }

    /// So many requests of one task are enough: more than any program makes that pauses for a fifth of a second between them.
    #[must_use]
    pub(crate) fn most_requests(case: &Case) -> usize {
        1_000 + (case.deadline().get() / 200_000) as usize
    }

    /// Whether no request is being served: nobody can leave one any more.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.server.is_serving()
    }

    /// The ids of tasks that the program has made, in the order of its submits.
    #[must_use]
    pub fn made(&self) -> Vec<String> {
        self.server.with_journal(|entries| made(&mut entries.filter(|entry| entry.task.is_some())))
    }

    /// Submits that were there so far.
    #[must_use]
    pub fn submits(&self) -> usize {
        self.server.with_journal(|entries| entries.filter(|entry| entry.route == "submit").count())
    }

    /// What was seen of each task; `answers` are those of each.
    #[must_use]
    pub fn histories(&self, case: &Case, answers: Vec<Vec<PollerAnswer>>) -> Vec<TaskHistory> {
        self.seen(case, answers, usize::MAX)
    }

    /// What was seen of a program that was stopped because it asks without a pause: sooner or later by chance, so that only the
    /// first requests count.
    pub(crate) fn flooded(&self, case: &Case) -> Vec<TaskHistory> {
        self.seen(case, Vec::new(), Self::most_requests(case))
    }

    fn seen(&self, case: &Case, mut answers: Vec<Vec<PollerAnswer>>, most: usize) -> Vec<TaskHistory> {
        answers.resize(case.tasks().len(), Vec::new());
        self.server.with_journal(|entries| {
            let journal: Vec<&JournalEntry> = entries.take(most).collect();
            let made = || made(&mut journal.iter().copied());
            let mut ids = if self.ids.is_empty() { made() } else { self.ids.clone() };
            ids.resize(case.tasks().len(), String::new());
            let tasks = ids.iter().zip(answers).enumerate();
            tasks.map(|(number, (id, answers))| self.of_task(case, number, id, &journal, answers)).collect()
        })
    }

    fn of_task(
        &self,
        case: &Case,
        number: usize,
        id: &str,
        journal: &[&JournalEntry],
        answers: Vec<PollerAnswer>,
    ) -> TaskHistory {
        let of_task =
            |entry: &&&JournalEntry| entry.route == "status" && entry.task.as_deref() == Some(id) && !id.is_empty();
        let mut requests: Vec<StatusRequest> = Vec::new();
        for entry in journal.iter().filter(of_task) {
            requests.push(self.status_request(case, number, requests.len() as u32, entry));
        }
        let delivered = |entry: &&&JournalEntry| entry.route == "webhook" && entry.task.as_deref() == Some(id);
        let deliveries = journal.iter().filter(delivered).map(|entry| delivery(case, number, entry)).collect();
        let origin = self.base_url.trim_end_matches("/api/v1");
        TaskHistory {
            requests,
            deliveries,
            answers,
            result: format!("{origin}/output/{id}/"),
            is_missing: id.is_empty(),
        }
    }

    fn status_request(&self, case: &Case, task: usize, number: u32, entry: &JournalEntry) -> StatusRequest {
        let at = |ms: f64| Micros::from_f64(ms * 1e3);
        let (sent, pace) = (at(entry.at_ms), self.clock.pace());
        let (scripted, mut truth) = met(case, task, number, sent + case.up(), pace);
        let ended = entry.ended_ms.map(at);
        let heard = ended.unwrap_or_else(|| sent + case.rtt());
        let weather = weather(case, entry, sent + case.up(), pace);
        let is_refused = entry.unanswered == Some(Unanswered::Refused);
        let struck = if is_refused { weather.or(scripted) } else { scripted.or(weather) };
        let (kind, effect) = struck.map_or((None, Effect::Truth), |(kind, effect)| (Some(kind), effect));
        let mut is_doubtful = is_doubtful(&effect);
        // What weather slows down has read the truth at an instant that nobody wrote down.
        if !case.weather().is_empty() || matches!(effect, Effect::Late(_)) {
            let later = state_at(case.tasks()[task].end, heard);
            is_doubtful |= std::mem::discriminant(&later) != std::mem::discriminant(&truth);
            truth = later;
        }
        let reply = effect.reply(truth, heard, pace);
        let is_unheard = matches!(entry.unanswered, Some(Unanswered::ClientGone | Unanswered::Open));
        let answer = if is_unheard { AnswerKind::Unheard } else { told(&effect, truth, &reply) };
        let retry_after = retry_after(&reply).filter(|_| !is_unheard);
        let spoils_the_next = spoils_the_next(&effect);
        StatusRequest { sent, ended, answer, retry_after, struck: kind, is_doubtful, spoils_the_next }
    }
}

/// The weather that struck a request, as the journal has it.
fn weather(case: &Case, entry: &JournalEntry, arrival: Micros, pace: Timescale) -> Option<(Kind, Effect)> {
    let kind = Kind::named(entry.fault?)?;
    let rule = case.weather().iter().find(|rule| rule.kind() == kind)?;
    let effect = match entry.status {
        Some(200) => Effect::Truth,
        Some(_) | None => rule.fault().on_request(arrival, None, pace),
    };
    Some((kind, effect))
}

/// A delivery, as the journal has it.
fn delivery(case: &Case, task: usize, entry: &JournalEntry) -> WebhookDelivery {
    let at = Micros::from_f64(entry.at_ms * 1e3);
    let content =
        PushContent::ALL.into_iter().find(|content| entry.fault == Some(content.name())).unwrap_or(PushContent::Truth);
    let answer = match content {
        PushContent::Truth => AnswerKind::of(&Reply::state(state_at(case.tasks()[task].end, at))),
        PushContent::OtherTask | PushContent::Garbage | PushContent::Forgery => AnswerKind::Nothing,
    };
    WebhookDelivery { at, content, answer, status: entry.status }
}

/// The weather, and what strikes every submit.
fn rules(case: &Case) -> FaultRules {
    let Some(fault) = case.submit() else { return case.weather().clone() };
    let all = case.weather().iter().chain(submit_rules(fault).iter()).cloned().collect();
    FaultRules::new(all).unwrap_or_default()
}

fn made(journal: &mut dyn Iterator<Item = &JournalEntry>) -> Vec<String> {
    journal.filter(|entry| entry.route == "submit").filter_map(|entry| entry.task.clone()).collect()
}

/// Every submit is struck, and leaves a task behind.
fn submit_rules(fault: &Fault) -> FaultRules {
    let rule = FaultRule::new(fault.clone(), Probability::ONE, When::Always).and_then(|rule| rule.on(&[Route::Submit]));
    // What only holds the answer back makes a task without being told.
    let rule = rule.and_then(|rule| if fault.kind().may_leave_a_task() { rule.leaving_a_task() } else { Ok(rule) });
    rule.ok().and_then(|rule| FaultRules::new(vec![rule]).ok()).unwrap_or_default()
}
