//! What a fault does: to a status request, to a submit, to a webhook delivery.

use super::body::Body;
use super::kind::Kind;
use super::parameter::{Argument, Arguments, InvalidFault};
use super::retry_after::{Pace, RetryAdvice, RetryAfter};
use super::route::Stage;
use crate::api::reply::{Loss, Payload, Reply, TaskState};
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::rate_limit::TokenBucket;
use std::num::NonZeroU32;

/// A kind of fault with its parameters.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// See [`Kind::Reset`].
    Reset,
    /// See [`Kind::Close`].
    Close,
    /// See [`Kind::Stall`].
    Stall,
    /// See [`Kind::Status`].
    Status {
        /// HTTP status.
        code: ErrorCode,
        /// What the answer holds.
        body: Body,
        /// What it says of when to come back.
        retry: RetryAdvice,
        /// The honest delay behind `retry`.
        retry_in: Micros,
    },
    /// See [`Kind::RateLimit`].
    RateLimit {
        /// The bucket.
        bucket: TokenBucket,
        /// What a refusal says of when to come back.
        retry: RetryAdvice,
    },
    /// See [`Kind::Transient404`].
    Transient404 {
        /// What it says of when to come back.
        retry: RetryAdvice,
        /// The honest delay behind `retry`.
        retry_in: Micros,
    },
    /// See [`Kind::NullData`].
    NullData,
    /// See [`Kind::MissingData`].
    MissingData,
    /// See [`Kind::UnknownState`].
    UnknownState,
    /// See [`Kind::StaleRead`].
    StaleRead,
    /// See [`Kind::TruncatedJson`].
    TruncatedJson,
    /// See [`Kind::Outage`].
    Outage,
    /// See [`Kind::BurstLoss`].
    BurstLoss,
    /// See [`Kind::Lost`].
    Lost,
    /// See [`Kind::Delayed`]: by this much.
    Delayed(Distribution),
    /// See [`Kind::Duplicated`]: after this much.
    Duplicated(Distribution),
}

/// The status of an HTTP error, from 400 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(u16);

/// What happens to a request that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The connection is refused; the request never reaches the server.
    Refused,
    /// The connection is reset (RST) where the answer would have come.
    Reset,
    /// The connection is closed (FIN) where the answer would have come.
    Closed,
    /// Nothing ever comes.
    Silence,
    /// An HTTP answer that is not the true one.
    Answer(Answer),
    /// The true answer: the fault is none of this route's.
    Truth,
}

/// An injected HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What it holds.
    pub body: Body,
    /// Its `Retry-After`.
    pub retry_after: Option<RetryAfter>,
}

/// What happens to a webhook delivery that is struck.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum DeliveryEffect<'f> {
    /// It never comes, and the sender takes it for done.
    Lost,
    /// It comes later by this much.
    Later(&'f Distribution),
    /// It comes again after this much.
    Again(&'f Distribution),
    /// It comes as it should: the fault is none of this route's.
    Truth,
}

impl Fault {
    /// A fault of `kind`, with what was said of its parameters. Parameters that are left out count as [`Parameter`] says
    /// only where the caller has filled that in.
    ///
    /// [`Parameter`]: super::Parameter
    ///
    /// # Errors
    ///
    /// A parameter is missing, or holds what it cannot.
    pub fn new(kind: Kind, said: &Arguments) -> Result<Self, InvalidFault> {
        let said = Said { kind, said };
        Ok(match kind {
            Kind::Reset => Self::Reset,
            Kind::Close => Self::Close,
            Kind::Stall => Self::Stall,
            Kind::Status => Self::Status {
                code: said.code()?,
                body: said.body()?,
                retry: said.retry()?,
                retry_in: said.duration("retry_in")?,
            },
            Kind::RateLimit => Self::RateLimit { bucket: said.bucket()?, retry: said.retry()? },
            Kind::Transient404 => Self::Transient404 { retry: said.retry()?, retry_in: said.duration("retry_in")? },
            Kind::NullData => Self::NullData,
            Kind::MissingData => Self::MissingData,
            Kind::UnknownState => Self::UnknownState,
            Kind::StaleRead => Self::StaleRead,
            Kind::TruncatedJson => Self::TruncatedJson,
            Kind::Outage => Self::Outage,
            Kind::BurstLoss => Self::BurstLoss,
            Kind::Lost => Self::Lost,
            Kind::Delayed => Self::Delayed(said.law("by")?),
            Kind::Duplicated => Self::Duplicated(said.law("after")?),
        })
    }

    /// The server answers with this HTTP error and the API's envelope.
    #[must_use]
    pub const fn http(code: ErrorCode, retry: RetryAdvice) -> Self {
        Self::Status { code, body: Body::Envelope, retry, retry_in: Micros::from_secs(1) }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Reset => Kind::Reset,
            Self::Close => Kind::Close,
            Self::Stall => Kind::Stall,
            Self::Status { .. } => Kind::Status,
            Self::RateLimit { .. } => Kind::RateLimit,
            Self::Transient404 { .. } => Kind::Transient404,
            Self::NullData => Kind::NullData,
            Self::MissingData => Kind::MissingData,
            Self::UnknownState => Kind::UnknownState,
            Self::StaleRead => Kind::StaleRead,
            Self::TruncatedJson => Kind::TruncatedJson,
            Self::Outage => Kind::Outage,
            Self::BurstLoss => Kind::BurstLoss,
            Self::Lost => Kind::Lost,
            Self::Delayed(_) => Kind::Delayed,
            Self::Duplicated(_) => Kind::Duplicated,
        }
    }

    /// All that [`new`](Self::new) needs to make it again.
    #[must_use]
    pub fn arguments(&self) -> Arguments {
        let mut said = Arguments::default();
        let advice = |retry: RetryAdvice| match (retry, retry.word()) {
            (RetryAdvice::Exactly(seconds), _) => Argument::Whole(u64::from(seconds)),
            (_, word) => Argument::Word(word.unwrap_or("absent")),
        };
        match self {
            Self::Status { code, body, retry, retry_in } => {
                said.set("code", Argument::Whole(u64::from(code.get())));
                said.set("body", Argument::Word(body.word().unwrap_or("json")));
                said.set("retry_after", advice(*retry));
                said.set("retry_in", Argument::Duration(*retry_in));
            }
            Self::RateLimit { bucket, retry } => {
                said.set("rate_per_s", Argument::Number(bucket.rate_per_s()));
                said.set("burst", Argument::Whole(u64::from(bucket.burst().get())));
                said.set("retry_after", advice(*retry));
            }
            Self::Transient404 { retry, retry_in } => {
                said.set("retry_after", advice(*retry));
                said.set("retry_in", Argument::Duration(*retry_in));
            }
            Self::Delayed(by) => said.set("by", Argument::Law(by.clone())),
            Self::Duplicated(after) => said.set("after", Argument::Law(after.clone())),
            Self::Reset
            | Self::Close
            | Self::Stall
            | Self::NullData
            | Self::MissingData
            | Self::UnknownState
            | Self::StaleRead
            | Self::TruncatedJson
            | Self::Outage
            | Self::BurstLoss
            | Self::Lost => {}
        }
        said
    }

    /// What it does to a status request or a submit that the server answers at `now`; `free` is when its token bucket, if
    /// it has one, would let the request through.
    #[must_use]
    pub fn on_request(&self, now: Micros, free: Option<Micros>, pace: Pace) -> Effect {
        let plain = |body| Effect::Answer(Answer { status: 200, body, retry_after: None });
        let error = |status, body, retry: RetryAdvice, honest| {
            Effect::Answer(Answer { status, body, retry_after: retry.header(now, honest, pace) })
        };
        match self {
            Self::Reset | Self::BurstLoss => Effect::Reset,
            Self::Close => Effect::Closed,
            Self::Stall => Effect::Silence,
            Self::Status { code, body, retry, retry_in } => error(code.get(), *body, *retry, now + *retry_in),
            Self::RateLimit { bucket, retry } => {
                error(429, Body::Envelope, *retry, free.unwrap_or_else(|| now + bucket.interval()))
            }
            Self::Transient404 { retry, retry_in } => error(404, Body::Envelope, *retry, now + *retry_in),
            Self::NullData => plain(Body::Envelope),
            Self::MissingData => plain(Body::NoData),
            Self::UnknownState => plain(Body::UnknownState),
            Self::StaleRead => plain(Body::Processing),
            Self::TruncatedJson => plain(Body::Truncated),
            Self::Outage => Effect::Refused,
            Self::Lost | Self::Delayed(_) | Self::Duplicated(_) => Effect::Truth,
        }
    }

    /// What it does to a webhook delivery.
    #[must_use]
    pub fn on_delivery(&self) -> DeliveryEffect<'_> {
        match self {
            Self::Lost => DeliveryEffect::Lost,
            Self::Delayed(by) => DeliveryEffect::Later(by),
            Self::Duplicated(after) => DeliveryEffect::Again(after),
            Self::Reset
            | Self::Close
            | Self::Stall
            | Self::Status { .. }
            | Self::RateLimit { .. }
            | Self::Transient404 { .. }
            | Self::NullData
            | Self::MissingData
            | Self::UnknownState
            | Self::StaleRead
            | Self::TruncatedJson
            | Self::Outage
            | Self::BurstLoss => DeliveryEffect::Truth,
        }
    }

    /// Its token bucket.
    #[must_use]
    pub const fn bucket(&self) -> Option<TokenBucket> {
        match self {
            Self::RateLimit { bucket, .. } => Some(*bucket),
            Self::Reset
            | Self::Close
            | Self::Stall
            | Self::Status { .. }
            | Self::Transient404 { .. }
            | Self::NullData
            | Self::MissingData
            | Self::UnknownState
            | Self::StaleRead
            | Self::TruncatedJson
            | Self::Outage
            | Self::BurstLoss
            | Self::Lost
            | Self::Delayed(_)
            | Self::Duplicated(_) => None,
        }
    }

    /// Whether a request that it strikes never gets as far as a token bucket.
    #[must_use]
    pub const fn is_before_limits(&self) -> bool {
        match self.kind().stage() {
            Stage::Weather | Stage::Connection => true,
            Stage::Http | Stage::Payload | Stage::Webhook => false,
        }
    }
}

impl Effect {
    /// When a client hears of it; [`Micros::NEVER`] where nothing comes. An answer would be there at `back`.
    #[must_use]
    pub const fn heard(&self, back: Micros) -> Micros {
        match self {
            Self::Silence => Micros::NEVER,
            Self::Refused | Self::Reset | Self::Closed | Self::Answer(_) | Self::Truth => back,
        }
    }

    /// What a client makes of it that hears it at `heard`.
    #[must_use]
    pub fn reply<'s>(&self, truth: TaskState<'s>, heard: Micros, pace: Pace) -> Reply<'s> {
        match self {
            Self::Refused => Reply::Lost(Loss::Refused),
            Self::Reset => Reply::Lost(Loss::Reset),
            Self::Closed => Reply::Lost(Loss::Other("connection closed")),
            Self::Silence => Reply::Lost(Loss::TimedOut),
            Self::Answer(Answer { status, body, retry_after }) => Reply::Answer {
                status: *status,
                payload: body.payload(),
                retry_after: retry_after.and_then(|header| header.delay(heard, pace)),
            },
            Self::Truth => Reply::Answer { status: 200, payload: Payload::State(truth), retry_after: None },
        }
    }
}

impl ErrorCode {
    /// 429 Too Many Requests.
    pub const TOO_MANY_REQUESTS: Self = Self(429);
    /// 503 Service Unavailable.
    pub const UNAVAILABLE: Self = Self(503);

    /// The status `code`; `None` where it is no error's.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            400..=599 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// What was said of the parameters of a kind.
struct Said<'a> {
    kind: Kind,
    said: &'a Arguments,
}

impl Said<'_> {
    fn wrong(&self, name: &str, value: String) -> InvalidFault {
        match self.kind.parameter(name) {
            Some(parameter) => InvalidFault::Value {
                kind: self.kind.name(),
                parameter: parameter.name,
                value,
                wanted: parameter.shape.describe(),
            },
            None => InvalidFault::UnknownParameter {
                kind: self.kind.name(),
                parameter: name.to_owned(),
                known: String::new(),
            },
        }
    }

    fn argument(&self, name: &'static str) -> Result<&Argument, InvalidFault> {
        let missing = || InvalidFault::Missing { kind: self.kind.name(), parameter: name };
        self.said.get(name).ok_or_else(missing)
    }

    fn code(&self) -> Result<ErrorCode, InvalidFault> {
        let argument = self.argument("code")?;
        let code = argument.whole().and_then(|code| u16::try_from(code).ok()).and_then(ErrorCode::new);
        code.ok_or_else(|| self.wrong("code", argument.to_string()))
    }

    fn body(&self) -> Result<Body, InvalidFault> {
        let argument = self.argument("body")?;
        let body = argument.word().and_then(Body::named);
        body.ok_or_else(|| self.wrong("body", argument.to_string()))
    }

    fn retry(&self) -> Result<RetryAdvice, InvalidFault> {
        let argument = self.argument("retry_after")?;
        let seconds = argument.whole().and_then(|seconds| u32::try_from(seconds).ok()).map(RetryAdvice::Exactly);
        seconds
            .or_else(|| RetryAdvice::named(argument.word()?))
            .ok_or_else(|| self.wrong("retry_after", argument.to_string()))
    }

    fn duration(&self, name: &'static str) -> Result<Micros, InvalidFault> {
        match self.argument(name)? {
            Argument::Duration(duration) => Ok(*duration),
            other => Err(self.wrong(name, other.to_string())),
        }
    }

    fn law(&self, name: &'static str) -> Result<Distribution, InvalidFault> {
        match self.argument(name)? {
            Argument::Law(law) => Ok(law.clone()),
            other => Err(self.wrong(name, other.to_string())),
        }
    }

    fn bucket(&self) -> Result<TokenBucket, InvalidFault> {
        let rate = self.argument("rate_per_s")?;
        let Argument::Number(rate_per_s) = rate else { return Err(self.wrong("rate_per_s", rate.to_string())) };
        // What one second refills, as far as 32 bits go: `as` saturates.
        let of_a_second = NonZeroU32::new(rate_per_s.ceil() as u32).unwrap_or(NonZeroU32::MIN);
        let burst = match self.said.get("burst") {
            None => of_a_second,
            Some(argument) => argument
                .whole()
                .and_then(|burst| NonZeroU32::new(u32::try_from(burst).ok()?))
                .ok_or_else(|| self.wrong("burst", argument.to_string()))?,
        };
        TokenBucket::new(*rate_per_s, burst).ok_or_else(|| self.wrong("rate_per_s", rate.to_string()))
    }
}
