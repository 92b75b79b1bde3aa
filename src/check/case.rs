//! A case: the small world that a poller is put into. The truth of each task, one round trip, what strikes which request,
//! and a deadline.

use crate::server::{Push, PushContent};
use crate::time::Micros;
use crate::world::fault::{Effect, Fault, FaultRule, FaultRules, Kind, Route, Striking, Timescale};
use std::collections::BTreeMap;

/// The model whose tasks are waited for: the guide's quickest.
pub const MODEL: &str = "nano-banana";

/// Tasks of one case at most.
pub const MOST_TASKS: usize = 16;

/// The world of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    deadline: Micros,
    rtt: Micros,
    tasks: Vec<Task>,
    submit: Option<Fault>,
    weather: FaultRules,
}

/// One task: how it ends, and what its status requests meet by their number from 0; the others get the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// How it ends, counted from the start of the wait.
    pub end: End,
    /// What strikes its status requests.
    pub replies: BTreeMap<u32, Fault>,
    /// What is delivered to a program that is called back, and when.
    pub pushes: Vec<Push>,
}

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// With a result, at this instant.
    Success(Micros),
    /// Without one, at this instant.
    Failed(Micros),
    /// It does not.
    Never,
}

/// Why there is no such case.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCase {
    /// Nobody could wait for that long, or so briefly.
    #[error("a deadline of {0} is not between 1ms and ten years")]
    Deadline(Micros),
    /// A request would take longer than the wait.
    #[error("a round trip of {rtt} is longer than the deadline {deadline}")]
    Rtt {
        /// The round trip.
        rtt: Micros,
        /// The deadline.
        deadline: Micros,
    },
    /// No tasks, or too many.
    #[error("a case has 1 to {MOST_TASKS} tasks, not {0}")]
    Tasks(usize),
    /// The rule is for single requests, or for deliveries.
    #[error("`{kind}` strikes single requests and is not weather: list it under `replies`")]
    Weather {
        /// Its kind.
        kind: &'static str,
    },
    /// The fault strikes no single status request.
    #[error("`{kind}` does not strike a single request of the route `{}`", route.name())]
    Fault {
        /// Its kind.
        kind: &'static str,
        /// The route.
        route: Route,
    },
}

impl End {
    /// The instant; [`Micros::NEVER`] for none.
    #[must_use]
    pub const fn at(self) -> Micros {
        match self {
            Self::Success(at) | Self::Failed(at) => at,
            Self::Never => Micros::NEVER,
        }
    }

    /// The same end at another instant.
    #[must_use]
    pub const fn moved(self, at: Micros) -> Self {
        match self {
            Self::Success(_) => Self::Success(at),
            Self::Failed(_) => Self::Failed(at),
            Self::Never => Self::Never,
        }
    }
}

impl Task {
    /// A task that nothing strikes.
    #[must_use]
    pub const fn calm(end: End) -> Self {
        Self { end, replies: BTreeMap::new(), pushes: Vec::new() }
    }

    /// The same whose status request number `request` is struck by `fault`.
    #[must_use]
    pub fn struck(mut self, request: u32, fault: Fault) -> Self {
        self.replies.insert(request, fault);
        self
    }

    /// The same of which a delivery at `at` says this.
    #[must_use]
    pub fn pushed(mut self, at: Micros, content: PushContent) -> Self {
        self.pushes.push(Push { at, content });
        self
    }
}

/// Whether rules of `kind` are weather: they strike status requests by when they come, whatever task they are for.
#[must_use]
pub fn is_weather(kind: Kind) -> bool {
    match kind.striking() {
        Striking::Slowdown | Striking::Limit | Striking::Window | Striking::Brownout | Striking::Bursts => {
            kind.routes().contains(&Route::Status)
        }
        Striking::Share => false,
    }
}

/// Whether a submit that a fault of `kind` strikes makes a task all the same, or can be told to.
#[must_use]
pub fn may_make_a_task(kind: Kind) -> bool {
    is_single(kind, Route::Submit) && (kind.may_leave_a_task() || kind == Kind::BeforeSubmitReply)
}

/// Whether a fault of `kind` can strike one request of `route` on its own.
#[must_use]
pub fn is_single(kind: Kind, route: Route) -> bool {
    match kind.striking() {
        Striking::Share => kind.routes().contains(&route),
        Striking::Slowdown | Striking::Limit | Striking::Window | Striking::Brownout | Striking::Bursts => false,
    }
}

impl Case {
    /// A case without travel times, whose tasks exist before the wait begins.
    ///
    /// # Errors
    ///
    /// See [`InvalidCase`].
    pub fn new(deadline: Micros, tasks: Vec<Task>) -> Result<Self, InvalidCase> {
        if !(Micros::from_millis(1)..=Micros::LONGEST).contains(&deadline) {
            return Err(InvalidCase::Deadline(deadline));
        }
        if !(1..=MOST_TASKS).contains(&tasks.len()) {
            return Err(InvalidCase::Tasks(tasks.len()));
        }
        let route = Route::Status;
        let mut kinds = tasks.iter().flat_map(|task| task.replies.values().map(Fault::kind));
        match kinds.find(|kind| !is_single(*kind, route)) {
            Some(kind) => Err(InvalidCase::Fault { kind: kind.name(), route }),
            None => Ok(Self { deadline, rtt: Micros::ZERO, tasks, submit: None, weather: FaultRules::default() }),
        }
    }

    /// The same whose requests all take `rtt`, half of it on the way up.
    ///
    /// # Errors
    ///
    /// It is longer than the deadline.
    pub fn with_rtt(self, rtt: Micros) -> Result<Self, InvalidCase> {
        if rtt > self.deadline {
            return Err(InvalidCase::Rtt { rtt, deadline: self.deadline });
        }
        Ok(Self { rtt, ..self })
    }

    /// The same whose submits are all struck by `fault` and leave a task behind, for programs that submit.
    ///
    /// # Errors
    ///
    /// The kind strikes no submit that makes a task.
    pub fn with_submit(self, fault: Option<Fault>) -> Result<Self, InvalidCase> {
        let route = Route::Submit;
        match fault.as_ref().map(Fault::kind) {
            Some(kind) if !may_make_a_task(kind) => Err(InvalidCase::Fault { kind: kind.name(), route }),
            _ => Ok(Self { submit: fault, ..self }),
        }
    }

    /// The same in this weather.
    ///
    /// # Errors
    ///
    /// A rule is no weather.
    pub fn with_weather(self, weather: FaultRules) -> Result<Self, InvalidCase> {
        match weather.iter().map(FaultRule::kind).find(|kind| !is_weather(*kind)) {
            Some(kind) => Err(InvalidCase::Weather { kind: kind.name() }),
            None => Ok(Self { weather, ..self }),
        }
    }

    /// When the program is to have given up, from the start of the wait.
    #[must_use]
    pub const fn deadline(&self) -> Micros {
        self.deadline
    }

    /// Round trip of every request.
    #[must_use]
    pub const fn rtt(&self) -> Micros {
        self.rtt
    }

    /// Its way up.
    #[must_use]
    pub const fn up(&self) -> Micros {
        Micros::new(self.rtt.get() / 2)
    }

    /// The tasks, at least one.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// What strikes every submit.
    #[must_use]
    pub const fn submit(&self) -> Option<&Fault> {
        self.submit.as_ref()
    }

    /// How much later the answer to a submit comes that is only held back; `None` where it is lost, or is not struck.
    #[must_use]
    pub fn held_back(&self) -> Option<Micros> {
        match self.submit.as_ref()?.on_request(Micros::ZERO, None, Timescale::SCENARIO) {
            Effect::Late(by) => Some(by),
            Effect::Truth | Effect::Refused | Effect::Cut(_) | Effect::Answer(_) | Effect::Transfer(_) => None,
        }
    }

    /// What strikes requests by when they come.
    #[must_use]
    pub const fn weather(&self) -> &FaultRules {
        &self.weather
    }

    /// How many requests are struck.
    #[must_use]
    pub fn faults(&self) -> usize {
        self.tasks.iter().map(|task| task.replies.len()).sum::<usize>() + usize::from(self.submit.is_some())
    }

    /// A case of the same parts, some of them changed; `None` where that is none.
    pub(super) fn changed(&self, change: impl FnOnce(&mut Parts)) -> Option<Self> {
        let Self { deadline, rtt, tasks, submit, weather } = self.clone();
        let mut parts = Parts { deadline, rtt, tasks, submit, weather: weather.to_vec() };
        change(&mut parts);
        let Parts { deadline, rtt, tasks, submit, weather } = parts;
        let case = Self::new(deadline, tasks).ok()?.with_rtt(rtt.min(deadline)).ok()?.with_submit(submit).ok()?;
        case.with_weather(FaultRules::new(weather).ok()?).ok()
    }
}

/// The parts of a case while they are changed.
pub(super) struct Parts {
    pub(super) deadline: Micros,
    pub(super) rtt: Micros,
    pub(super) tasks: Vec<Task>,
    pub(super) submit: Option<Fault>,
    pub(super) weather: Vec<FaultRule>,
}
