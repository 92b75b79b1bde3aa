//! What was seen of one trial: the server's journal, and what the program answered. All that a property may judge by.

use super::case::Case;
use crate::api::reply::{Loss, Payload, Reply, TaskState};
use crate::server::PushContent;
use crate::strategy::reading::blames_the_request;
use crate::time::Micros;
use crate::world::fault::{Effect, Kind, Transfer};

/// What one answer of the server told its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerKind {
    /// The task is not finished.
    Unfinished,
    /// The task succeeded.
    Success,
    /// The task failed.
    Failed,
    /// A state that nobody knows.
    UnknownState,
    /// Nothing about the task: an error, a page, half a JSON, a broken connection.
    Nothing,
    /// That asking again cannot help: an HTTP error that blames the request.
    Permanent,
    /// Nothing ever came.
    Silence,
    /// The client left before the answer.
    Unheard,
}

/// A status request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatusRequest {
    /// When it was there, from the start of the wait.
    pub sent: Micros,
    /// When it was answered, broken, or left by its client; `None` where it was still open.
    pub ended: Option<Micros>,
    /// What it told.
    pub answer: AnswerKind,
    /// The delay that its `Retry-After` asks for, from its end.
    pub retry_after: Option<Micros>,
    /// The fault that struck it.
    pub struck: Option<Kind>,
    /// Whether its answer comes so slowly, or is so long, that one correct client has it and another one gives up.
    pub is_doubtful: bool,
    /// Whether the next request may meet a connection that is closed, and never reach the server.
    pub spoils_the_next: bool,
}

/// A delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// When it was sent.
    pub at: Micros,
    /// What it was.
    pub content: PushContent,
    /// What it told of the task.
    pub answer: AnswerKind,
    /// The receiver's HTTP status; `None` where it had none.
    pub status: Option<u16>,
}

/// How a program says that a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PollerOutcome {
    /// With the task's result.
    Success,
    /// The task failed.
    Failed,
    /// The deadline came first.
    Timeout,
    /// An error ended it.
    Error,
}

/// What the program said of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollerAnswer {
    /// When, from the start of the wait.
    pub at: Micros,
    /// How the wait ended.
    pub outcome: PollerOutcome,
    /// The result's URLs; `None` where a program has no way to say.
    pub urls: Option<Vec<String>>,
}

/// What was seen of one task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskHistory {
    /// Its status requests in order of arrival.
    pub requests: Vec<StatusRequest>,
    /// What was delivered to the program, in order.
    pub deliveries: Vec<WebhookDelivery>,
    /// What the program answered, in order: normally once.
    pub answers: Vec<PollerAnswer>,
    /// What every URL of its result begins with; empty where results have none.
    pub result: String,
    /// No submit of the program made it.
    pub is_missing: bool,
}

/// How a program behaved apart from the questions it asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Conduct {
    /// As told.
    #[default]
    Sound,
    /// It ended without an answer.
    Crash(String),
    /// It did nothing at all, or did not end.
    Hang(String),
    /// What it wrote was no answer.
    Garbage(String),
    /// The trial could not be held, which is no fault of the program.
    NotRun(String),
}

/// What was seen of a trial.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Each task of the case.
    pub tasks: Vec<TaskHistory>,
    /// Submits that reached the server.
    pub submits: usize,
    /// How the program behaved.
    pub conduct: Conduct,
    /// How late the machine was at its latest, in scenario time.
    pub lateness: Micros,
    /// What the program wrote beside its answers, the last of it.
    pub log: String,
    /// Why nobody can know what any of it means, such as a clock that was not the program's.
    pub doubt: Option<String>,
}

impl History {
    /// Whether it tells of the program: it could be put on trial, and there is no doubt of what that means.
    pub(super) fn is_telling(&self) -> bool {
        self.doubt.is_none() && !matches!(self.conduct, Conduct::NotRun(_))
    }
}

impl PollerOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failed, Self::Timeout, Self::Error];

    /// The word on a program's line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Error => "error",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

impl AnswerKind {
    /// Whether it is an end of the task.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Success | Self::Failed => true,
            Self::Unfinished | Self::UnknownState | Self::Nothing | Self::Permanent | Self::Silence | Self::Unheard => {
                false
            }
        }
    }

    /// What a reply tells a reader who takes nothing for granted.
    #[must_use]
    #[inline]
    pub fn of(reply: &Reply<'_>) -> Self {
        match *reply {
            Reply::Answer { status: 200, payload, .. } => match payload {
                Payload::State(TaskState::Pending | TaskState::Processing) => Self::Unfinished,
                Payload::State(TaskState::Success) => Self::Success,
                Payload::State(TaskState::Failed(_)) => Self::Failed,
                Payload::NoState => Self::UnknownState,
                // Nothing about this task: another one's, or a success that shows no result.
                Payload::NoData | Payload::NotJson | Payload::Flawed(..) => Self::Nothing,
            },
            Reply::Answer { status, .. } if blames_the_request(status) => Self::Permanent,
            Reply::Answer { .. } => Self::Nothing,
            Reply::Lost(Loss::TimedOut) => Self::Silence,
            Reply::Lost(Loss::Refused | Loss::Reset | Loss::Other(_)) => Self::Nothing,
        }
    }
}

/// What a request of `task` meets that arrives at `arrival` as its number `number`: the fault and its effect, and the
/// task's state.
#[inline]
pub(super) fn met(
    case: &Case,
    task: usize,
    number: u32,
    arrival: Micros,
    pace: crate::world::fault::Timescale,
) -> (Option<(Kind, Effect)>, TaskState<'static>) {
    let task = &case.tasks()[task];
    let struck = task.replies.get(&number).map(|fault| (fault.kind(), fault.on_request(arrival, None, pace)));
    (struck, state_at(task.end, arrival))
}

/// What is told of an answer: where clients may differ in what they make of it, what it tells those who have it.
pub(super) fn told(effect: &Effect, truth: TaskState<'static>, reply: &Reply<'_>) -> AnswerKind {
    if is_doubtful(effect) { AnswerKind::of(&Reply::state(truth)) } else { AnswerKind::of(reply) }
}

/// Whether one correct client has the answer and another one does not: by its patience, or by how much it reads.
pub(super) const fn is_doubtful(effect: &Effect) -> bool {
    match effect {
        Effect::Transfer(Transfer::Slow { .. } | Transfer::Padded(_)) => true,
        Effect::Transfer(Transfer::Half(_) | Transfer::Last | Transfer::Understated)
        | Effect::Refused
        | Effect::Cut(_)
        | Effect::Answer(_)
        | Effect::Late(_)
        | Effect::Truth => false,
    }
}

/// Whether the connection is closed without a word, so that who keeps it finds out with the next request only.
pub(super) const fn spoils_the_next(effect: &Effect) -> bool {
    match effect {
        Effect::Transfer(Transfer::Last | Transfer::Understated) => true,
        Effect::Transfer(Transfer::Half(_) | Transfer::Slow { .. } | Transfer::Padded(_))
        | Effect::Refused
        | Effect::Cut(_)
        | Effect::Answer(_)
        | Effect::Late(_)
        | Effect::Truth => false,
    }
}

/// What the API says of tasks that fail here.
pub(super) const FAILURE: (&str, &str) = ("CONTENT_VIOLATION", "the prompt was refused");

pub(super) fn state_at(end: super::case::End, now: Micros) -> TaskState<'static> {
    use super::case::End;
    use crate::api::reply::Failure;
    static FAILED: std::sync::LazyLock<Failure> =
        std::sync::LazyLock::new(|| Failure { code: FAILURE.0.to_owned(), message: FAILURE.1.to_owned() });
    match end {
        End::Success(at) if now >= at => TaskState::Success,
        End::Failed(at) if now >= at => TaskState::Failed(&FAILED),
        End::Success(_) | End::Failed(_) | End::Never => TaskState::Processing,
    }
}

/// An instant as people would say it: to a tenth of a second, of a hundredth where it is small.
pub(super) fn short(at: Micros) -> Micros {
    let unit = match at.get() {
        0..1_000_000 => 1_000,
        1_000_000..10_000_000 => 10_000,
        _ => 100_000,
    };
    match at.finite() {
        Some(at) => Micros::new((at.get() + unit / 2) / unit * unit),
        None => at,
    }
}
