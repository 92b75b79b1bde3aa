//! Faults: what can go wrong in an exchange, as data over *stage × effect*.

use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::model::Probability;

/// The kind of exchange that a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Route {
    /// A task is handed in.
    Submit,
    /// A task's state is asked for.
    Status,
    /// The server tells of a finished task by itself.
    Webhook,
}

impl Route {
    /// All routes, in the order of a task's life.
    pub const ALL: [Self; 3] = [Self::Submit, Self::Status, Self::Webhook];

    /// The name in scenario files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Status => "status",
            Self::Webhook => "webhook",
        }
    }
}

/// The body of an injected answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Body {
    /// The API's envelope with `data: null`.
    Envelope,
    /// A web page, as proxies send it.
    Html,
    /// Nothing.
    Empty,
}

/// What an injected refusal says of when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// No `Retry-After` header.
    Absent,
    /// The honest delay in whole seconds, rounded up (RFC 9110 §10.2.3).
    Seconds,
    /// The honest instant as an HTTP-date (RFC 9110 §5.6.7), rounded up to a second.
    HttpDate,
    /// `Retry-After: 0`.
    Zero,
    /// A header that is neither a number nor a date.
    Garbage,
    /// A day, whatever is true.
    Huge,
    /// Half of the honest delay.
    TooShort,
}

/// A token bucket: `burst` requests at once, refilled at `rate_per_s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenBucket {
    /// Tokens per second, finite and positive.
    pub rate_per_s: f64,
    /// Tokens that the full bucket holds, at least 1.
    pub burst: u32,
}

/// What happens to the exchange.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// The connection is refused; the request never reaches the server.
    Refuse,
    /// The connection is reset before an answer.
    Reset,
    /// No answer ever comes.
    Stall,
    /// The server answers with an HTTP error.
    Status {
        /// HTTP status, 400 to 599.
        code: u16,
        /// What the answer holds.
        body: Body,
        /// What it says of when to come back.
        retry: RetryAdvice,
        /// The honest delay behind `retry`.
        retry_in: Micros,
    },
    /// HTTP 200 with `data: null`.
    NullData,
    /// HTTP 200 that says `processing` whatever is true.
    StaleRead,
    /// HTTP 429 where a token bucket is empty.
    RateLimit {
        /// The bucket.
        bucket: TokenBucket,
        /// What a refusal says of when to come back.
        retry: RetryAdvice,
    },
    /// A webhook delivery that the sender takes for done never reaches the client's code.
    Lose,
    /// A webhook delivery comes later by this much.
    Delay(Distribution),
    /// A webhook delivery comes again after this much.
    Duplicate(Distribution),
}

/// A stretch of time, once or again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Start of the first one, since the start of the replicate.
    pub from: Micros,
    /// Length, at least a microsecond.
    pub length: Micros,
    /// Time from one start to the next, longer than the length; once where absent.
    pub every: Option<Micros>,
}

/// A two-state process in time (Gilbert 1960, Elliott 1963): exponential sojourns in a good and in a bad state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GilbertElliott {
    /// Long-run share of time in the bad state, strictly between 0 and 1.
    pub bad_share: Probability,
    /// Mean length of a stay in the bad state, positive.
    pub bad_mean: Micros,
}

/// When a rule is active.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// At all times.
    Always,
    /// In a window.
    During(Window),
    /// While the rule's own Gilbert–Elliott process is in its bad state.
    Bursts(GilbertElliott),
}

/// One rule of a scenario: an effect, how often, where, when, on which models.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// Kind as written in the scenario, one of [`KINDS`].
    pub kind: &'static str,
    /// What happens.
    pub effect: Effect,
    /// Share of the requests that it strikes while active. Weather and rate limits strike all.
    pub probability: Probability,
    /// Exchanges that it strikes, not empty.
    pub routes: Vec<Route>,
    /// Models that it strikes, all where absent.
    pub models: Option<Vec<String>>,
    /// When it is active.
    pub when: When,
    /// On the submit route: whether the task exists although the submit failed.
    pub after_creation: bool,
}

/// Where in an exchange a kind of fault strikes; at most one strikes an exchange, the earliest stage first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// A process in time that strikes every request while it lasts.
    Weather,
    /// The connection.
    Connection,
    /// The HTTP answer.
    Http,
    /// The content of an answer with status 200.
    Payload,
    /// A webhook delivery.
    Webhook,
}

/// A kind of fault, for lists and for reading scenario files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultKind {
    /// Name in scenario files.
    pub name: &'static str,
    /// Where it strikes.
    pub stage: Stage,
    /// One sentence for `list faults`.
    pub about: &'static str,
    /// Parameters beside `probability`, `route`, `models` and when.
    pub parameters: &'static [&'static str],
    /// Routes that it can strike; the first ones up to `default_routes` are its default.
    pub routes: &'static [Route],
    /// How many of `routes` it strikes unless told.
    pub default_routes: usize,
}

/// Every kind of fault there is.
pub const KINDS: &[FaultKind] = &[
    FaultKind {
        name: "reset",
        stage: Stage::Connection,
        about: "the connection is reset before an answer",
        parameters: &["task_exists"],
        routes: &[Route::Status, Route::Submit],
        default_routes: 1,
    },
    FaultKind {
        name: "stall",
        stage: Stage::Connection,
        about: "no answer ever comes; a client without a timeout hangs",
        parameters: &["task_exists"],
        routes: &[Route::Status, Route::Submit],
        default_routes: 1,
    },
    FaultKind {
        name: "status",
        stage: Stage::Http,
        about: "the server answers with an HTTP error",
        parameters: &["code", "body", "retry_after", "retry_in", "task_exists"],
        routes: &[Route::Status, Route::Submit],
        default_routes: 1,
    },
    FaultKind {
        name: "rate-limit",
        stage: Stage::Http,
        about: "429 when a token bucket shared by all of the client's tasks is empty; submits and polls have a bucket each",
        parameters: &["rate_per_s", "burst", "retry_after"],
        routes: &[Route::Status, Route::Submit],
        default_routes: 1,
    },
    FaultKind {
        name: "null-data",
        stage: Stage::Payload,
        about: "HTTP 200 whose `data` is null",
        parameters: &["task_exists"],
        routes: &[Route::Status, Route::Submit],
        default_routes: 1,
    },
    FaultKind {
        name: "stale-read",
        stage: Stage::Payload,
        about: "HTTP 200 from a replica that lags: `processing`, although the task may be done",
        parameters: &[],
        routes: &[Route::Status],
        default_routes: 1,
    },
    FaultKind {
        name: "outage",
        stage: Stage::Weather,
        about: "every connection is refused during a window",
        parameters: &[],
        routes: &[Route::Status, Route::Submit],
        default_routes: 2,
    },
    FaultKind {
        name: "burst-loss",
        stage: Stage::Weather,
        about: "connections are reset in bursts: a Gilbert–Elliott process in time",
        parameters: &["task_exists"],
        routes: &[Route::Status, Route::Submit],
        default_routes: 1,
    },
    FaultKind {
        name: "lost",
        stage: Stage::Webhook,
        about: "a delivery that the sender takes for done never reaches the client's code",
        parameters: &[],
        routes: &[Route::Webhook],
        default_routes: 1,
    },
    FaultKind {
        name: "delayed",
        stage: Stage::Webhook,
        about: "a delivery comes later",
        parameters: &["by"],
        routes: &[Route::Webhook],
        default_routes: 1,
    },
    FaultKind {
        name: "duplicated",
        stage: Stage::Webhook,
        about: "a delivery comes twice",
        parameters: &["after"],
        routes: &[Route::Webhook],
        default_routes: 1,
    },
];
