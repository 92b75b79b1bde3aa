//! A fault: a kind with its parameters, and what it does to a status request, to a submit, to a webhook delivery.

use super::body::Body;
use super::effect::{Effect, InjectedAnswer, ReplyEnd, Transfer};
use super::error_code::ErrorCode;
use super::kind::Kind;
use super::parameter::{Argument, Arguments, InvalidFault};
use super::retry_after::{RetryAdvice, Timescale};
use super::said::Said;
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::draws::Draws;
use crate::world::limit::LimitRule;
use crate::world::model::Probability;

/// A kind of fault with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    kind: Kind,
    said: Arguments,
    act: Act,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
enum Act {
    /// The same to each request.
    Effect(Effect),
    /// An HTTP error that says when to come back, honestly or not.
    Error { code: ErrorCode, body: Body, retry: RetryAdvice, retry_in: Micros },
    /// A refusal beyond a limit.
    Limit { rule: LimitRule, retry: RetryAdvice },
    /// A longer round trip.
    Spike(Distribution),
    /// Longer round trips, and errors.
    Brownout(Brownout),
    /// Something that is done to a webhook delivery.
    Delivery(DeliveryEffect),
}

/// How bad a brownout is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brownout {
    /// How many times as long a round trip takes at the worst.
    pub factor: f64,
    /// Share of the requests that get HTTP 503 at the worst.
    pub errors: Probability,
    /// From the start of the window to the worst, and from there to its end.
    pub ramp: Micros,
}

/// What happens to a webhook delivery that is struck.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DeliveryEffect {
    /// It never comes, and the sender takes it for done.
    Lost,
    /// It comes later by this much.
    Later(Distribution),
    /// It comes again after this much.
    Again(Distribution),
    /// It comes as something that is no JSON, and again because nobody takes that.
    Malformed,
    /// It comes with the id of a task that nobody knows.
    WrongTask,
    /// Nobody listens, and it comes again.
    Refused,
    /// It is answered with HTTP 500 and not taken, and it comes again.
    Failed,
    /// It comes, is answered after the sender's patience, and comes again.
    Slow,
}

impl Fault {
    /// A fault of `kind`, with what was said of its parameters. Whoever reads a format fills in the defaults.
    ///
    /// # Errors
    ///
    /// A parameter is missing, or holds what it cannot.
    pub fn new(kind: Kind, said: &Arguments) -> Result<Self, InvalidFault> {
        use Kind as K;
        let read = Said::new(kind, said);
        let cut = |end| Act::Effect(Effect::Cut(end));
        let transfer = |transfer| Act::Effect(Effect::Transfer(transfer));
        let answer = |status, body| Act::Effect(Effect::Answer(InjectedAnswer { status, body, retry_after: None }));
        let plain = |body| answer(200, body);
        let (absent, none) = (RetryAdvice::Absent, Micros::ZERO);
        let act = match kind {
            K::Refuse | K::Outage => Act::Effect(Effect::Refused),
            K::Reset | K::BurstLoss => cut(ReplyEnd::Reset),
            K::ResetMidBody => transfer(Transfer::Half(ReplyEnd::Reset)),
            K::Close => cut(ReplyEnd::Closed),
            K::CloseMidBody => transfer(Transfer::Half(ReplyEnd::Closed)),
            K::Stall => cut(ReplyEnd::Silence),
            K::StallMidBody => transfer(Transfer::Half(ReplyEnd::Silence)),
            K::SlowBody => transfer(Transfer::Slow { takes: read.duration("takes")?, pieces: read.small("pieces")? }),
            K::IdleClose => transfer(Transfer::Last),
            K::Status => Act::Error {
                code: read.code()?,
                body: read.body()?,
                retry: read.retry()?,
                retry_in: read.duration("retry_in")?,
            },
            K::RateLimit => Act::Limit { rule: read.limit()?, retry: read.retry()? },
            K::Transient404 => Act::Error {
                code: ErrorCode::NOT_FOUND,
                body: Body::Envelope,
                retry: read.retry()?,
                retry_in: read.duration("retry_in")?,
            },
            K::Expired => Act::Error { code: ErrorCode::GONE, body: Body::Envelope, retry: absent, retry_in: none },
            K::Redirect => answer(read.redirect()?, Body::Html),
            K::WrongContentLength => transfer(Transfer::Understated),
            K::CodeIn200 => plain(Body::Code(read.code()?)),
            K::NullData => plain(Body::Envelope),
            K::MissingData => plain(Body::NoData),
            K::UnknownState => plain(Body::UnknownState),
            K::BadResultJson => plain(Body::BadResult),
            K::EmptyResult => plain(Body::NoResult),
            K::FailMessageNetwork => plain(Body::NetworkFailure),
            K::StateRegression => plain(Body::Pending),
            K::StaleRead => plain(Body::Processing),
            K::TaskMixup => plain(Body::OtherTask),
            K::TruncatedJson => plain(Body::Truncated),
            K::HugeBody => transfer(Transfer::Padded(read.whole("bytes")?)),
            K::Brownout => Act::Brownout(Brownout {
                factor: read.number("latency_factor")?,
                errors: read.share("errors")?,
                ramp: read.duration("ramp")?,
            }),
            K::LatencySpike => Act::Spike(read.distribution("by")?),
            K::LoadLatency => Act::Limit { rule: read.workers()?, retry: absent },
            K::Lost => Act::Delivery(DeliveryEffect::Lost),
            K::Delayed | K::Reordered => Act::Delivery(DeliveryEffect::Later(read.distribution("by")?)),
            K::Duplicated => Act::Delivery(DeliveryEffect::Again(read.distribution("after")?)),
            K::BeforeSubmitReply => Act::Effect(Effect::Late(read.duration("by")?)),
            K::Malformed => Act::Delivery(DeliveryEffect::Malformed),
            K::WrongTask => Act::Delivery(DeliveryEffect::WrongTask),
            K::ReceiverRefuses | K::ReceiverDown => Act::Delivery(DeliveryEffect::Refused),
            K::Receiver500 => Act::Delivery(DeliveryEffect::Failed),
            K::ReceiverSlow => Act::Delivery(DeliveryEffect::Slow),
        };
        // Whether a task is left is the rule's.
        Ok(Self { kind, said: said.without("task_exists"), act })
    }

    /// The server answers with this HTTP error and the API's envelope.
    #[must_use]
    pub fn http(code: ErrorCode, retry: RetryAdvice) -> Self {
        let (body, retry_in) = (Body::Envelope, Micros::from_secs(1));
        let mut said = Arguments::default();
        said.set("code", Argument::Whole(u64::from(code.get())));
        said.set("body", Argument::Word("json"));
        said.set("retry_after", retry.argument());
        said.set("retry_in", Argument::Duration(retry_in));
        Self { kind: Kind::Status, said, act: Act::Error { code, body, retry, retry_in } }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// All that [`new`](Self::new) needs to make it again.
    #[must_use]
    pub const fn arguments(&self) -> &Arguments {
        &self.said
    }

    /// What it does to a status request or a submit that the server answers at `now`; `free` is when its limit, if it has
    /// one, would let the request through.
    #[must_use]
    pub fn on_request(&self, now: Micros, free: Option<Micros>, pace: Timescale) -> Effect {
        let error = |code: ErrorCode, body, retry: RetryAdvice, honest| {
            Effect::Answer(InjectedAnswer { status: code.get(), body, retry_after: retry.header(now, honest, pace) })
        };
        match &self.act {
            Act::Effect(effect) => *effect,
            Act::Error { code, body, retry, retry_in } => error(*code, *body, *retry, now + *retry_in),
            Act::Limit { rule, retry } => {
                let code = if rule.is_of_workers() { ErrorCode::UNAVAILABLE } else { ErrorCode::TOO_MANY_REQUESTS };
                error(code, Body::Envelope, *retry, free.unwrap_or_else(|| now + rule.patience()))
            }
            // What a rule of it does is done before the request arrives: this is a single one that is scripted.
            Act::Spike(by) => Effect::Late(by.sample(&mut Draws::seeded(0))),
            Act::Brownout(_) => error(ErrorCode::UNAVAILABLE, Body::Envelope, RetryAdvice::Absent, now),
            Act::Delivery(_) => Effect::Truth,
        }
    }

    /// What it does to a webhook delivery; nothing where it is of other routes.
    #[must_use]
    pub const fn on_delivery(&self) -> Option<&DeliveryEffect> {
        match &self.act {
            Act::Delivery(effect) => Some(effect),
            Act::Effect(_) | Act::Error { .. } | Act::Limit { .. } | Act::Spike(_) | Act::Brownout(_) => None,
        }
    }

    /// Its limit.
    #[must_use]
    pub const fn limit(&self) -> Option<&LimitRule> {
        match &self.act {
            Act::Limit { rule, .. } => Some(rule),
            Act::Effect(_) | Act::Error { .. } | Act::Spike(_) | Act::Brownout(_) | Act::Delivery(_) => None,
        }
    }

    /// How much longer a round trip of `rtt` takes, where the fault is as bad as `depth` of its worst; `seed` is the
    /// request's.
    #[must_use]
    pub(in crate::world) fn slowdown(&self, rtt: Micros, depth: f64, seed: u64) -> Micros {
        match &self.act {
            Act::Spike(by) => by.sample(&mut Draws::seeded(seed)),
            Act::Brownout(Brownout { factor, .. }) => {
                Micros::from_f64(rtt.get() as f64 * ((factor - 1.0) * depth).max(0.0))
            }
            Act::Effect(_) | Act::Error { .. } | Act::Limit { .. } | Act::Delivery(_) => Micros::ZERO,
        }
    }

    /// Its brownout.
    #[must_use]
    pub(in crate::world) const fn brownout(&self) -> Option<&Brownout> {
        match &self.act {
            Act::Brownout(brownout) => Some(brownout),
            Act::Effect(_) | Act::Error { .. } | Act::Limit { .. } | Act::Spike(_) | Act::Delivery(_) => None,
        }
    }

    /// Whether a request that it strikes never gets as far as a limit.
    #[must_use]
    pub const fn is_before_limits(&self) -> bool {
        match &self.act {
            Act::Effect(Effect::Refused | Effect::Cut(_)) | Act::Brownout(_) => true,
            Act::Effect(Effect::Transfer(_) | Effect::Answer(_) | Effect::Late(_) | Effect::Truth)
            | Act::Error { .. }
            | Act::Limit { .. }
            | Act::Spike(_)
            | Act::Delivery(_) => false,
        }
    }
}
