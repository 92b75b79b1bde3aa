//! What there is to know of each kind: its names, where it strikes, what it can be told.

use super::body::Body;
use super::kind::{Kind, Striking};
use super::parameter::{Need, Parameter, Shape};
use super::retry_after::RetryAdvice;
use super::route::{FaultStage, Route};
use crate::world::limit::{LimitRule, PER};

/// What there is to know of a kind.
pub(super) struct Facts {
    pub(super) name: &'static str,
    /// Spellings of it where a single request is scripted.
    pub(super) also: &'static [&'static str],
    pub(super) stage: FaultStage,
    pub(super) about: &'static str,
    pub(super) striking: Striking,
    pub(super) parameters: &'static [Parameter],
    pub(super) routes: &'static [Route],
    /// How many of `routes` it strikes by default.
    pub(super) default_routes: usize,
}

/// A parameter that counts as `default` where it is absent.
const fn known(name: &'static str, shape: Shape, default: &'static str, about: &'static str) -> Parameter {
    Parameter { name, shape, need: Need::Default(default), about }
}

const TASK_EXISTS: Parameter = known(
    "task_exists",
    Shape::Flag,
    "false",
    "On the submit route: whether the task exists although the submit failed.",
);
const CODE: Parameter = known("code", Shape::Whole(400, 599), "503", "HTTP status.");
const REDIRECT: Parameter = known("code", Shape::Whole(301, 308), "302", "HTTP status, from 301 to 308.");
const SAID_CODE: Parameter = known("code", Shape::Whole(400, 599), "500", "The `code` of the envelope.");
const BODY: Parameter = known("body", Shape::Word(Body::OF_ERRORS), "\"json\"", "The body of the answer.");
const RETRY_AFTER: Parameter = known(
    "retry_after",
    Shape::WordSecondsOrText(RetryAdvice::KNOWN),
    "\"absent\"",
    "The answer's Retry-After: true is an honest number of seconds, a number is sent as that number, another text as it is.",
);
const RETRY_IN: Parameter = known("retry_in", Shape::Duration, "\"1s\"", "The honest delay behind `retry_after`.");
const RATE: Parameter =
    Parameter { name: "rate_per_s", shape: Shape::Positive, need: Need::InRules("1.0"), about: "Requests per second." };
const BURST: Parameter = Parameter {
    name: "burst",
    shape: Shape::Whole(1, u32::MAX as u64),
    need: Need::Optional,
    about: "Tokens that the full bucket holds; those of one second where absent.",
};
const LIMIT: Parameter = known(
    "algorithm",
    Shape::Word(LimitRule::KNOWN),
    "\"token-bucket\"",
    "How requests are counted: a bucket that refills, a fixed window, or a sliding window.",
);
const WINDOW: Parameter = known(
    "window",
    Shape::Duration,
    "\"60s\"",
    "Length of a window, in which `rate_per_s` × length requests are let through.",
);
const PER_KEY: Parameter =
    known("per", Shape::Word(PER), "\"all\"", "Whether all clients share the limit, or each API key has its own.");
const TAKES: Parameter =
    known("takes", Shape::Duration, "\"5s\"", "How long the body takes from its first byte to its last.");
const PIECES: Parameter =
    known("pieces", Shape::Whole(2, 1_000), "10", "In how many pieces it comes, evenly spaced, the first at once.");
const BYTES: Parameter = known(
    "bytes",
    Shape::Whole(1_024, 64 << 20),
    "4194304",
    "Length of the body; a client of pollbench reads 1048576 at most.",
);
const WORKERS: Parameter = known("servers", Shape::Whole(1, 10_000), "4", "Requests that are served at a time.");
const SERVICE: Parameter = known("service", Shape::Duration, "\"50ms\"", "How long one takes.");
const QUEUE: Parameter =
    known("queue", Shape::Whole(0, 1_000_000), "100", "Requests that may wait; one more is refused with HTTP 503.");
const FACTOR: Parameter =
    known("latency_factor", Shape::Positive, "5.0", "How much longer a round trip takes, at the worst.");
const ERRORS: Parameter =
    known("errors", Shape::Share, "0.1", "Share of the requests that get HTTP 503, at the worst.");
const RAMP: Parameter = known(
    "ramp",
    Shape::Duration,
    "\"0s\"",
    "How long it gets worse at the start of the window, and better at its end.",
);
const LONGER: Parameter = known("by", Shape::Distribution, "\"3s\"", "How much longer the round trip takes.");
const ANSWER_BY: Parameter = known("by", Shape::Duration, "\"30s\"", "How much later the answer comes.");
const BY: Parameter = known("by", Shape::Distribution, "\"30s\"", "How much later a delivery comes.");
const OVERTAKEN_BY: Parameter =
    known("by", Shape::Distribution, "\"uniform(low=0s, high=30s)\"", "How long it is held back, while others go on.");
const AFTER: Parameter =
    known("after", Shape::Distribution, "\"1s\"", "How long after the first the second one comes.");

/// A kind that strikes a share of the status requests, and of the submits where told.
const fn exchange(
    name: &'static str,
    stage: FaultStage,
    about: &'static str,
    also: &'static [&'static str],
    parameters: &'static [Parameter],
) -> Facts {
    let routes = &[Route::Status, Route::Submit];
    Facts { name, also, stage, about, striking: Striking::Share, parameters, routes, default_routes: 1 }
}

/// A kind that strikes a share of the status requests and nothing else.
const fn status_only(
    name: &'static str,
    stage: FaultStage,
    about: &'static str,
    parameters: &'static [Parameter],
) -> Facts {
    Facts { routes: &[Route::Status], ..exchange(name, stage, about, &[], parameters) }
}

/// A kind that strikes a share of the webhook deliveries.
const fn webhook(name: &'static str, about: &'static str, parameters: &'static [Parameter]) -> Facts {
    Facts { routes: &[Route::Webhook], ..exchange(name, FaultStage::Webhook, about, &[], parameters) }
}

impl Kind {
    pub(super) const fn facts(self) -> Facts {
        use FaultStage::{Connection, Http, Payload, Weather};
        const FAILS: &[Parameter] = &[TASK_EXISTS];
        match self {
            Self::Refuse => Facts {
                striking: Striking::Window,
                ..exchange("refuse", Connection, "connections of the route are refused during a window", &[], &[])
            },
            Self::Reset => {
                exchange("reset", Connection, "the connection is reset before an answer", &["connection-reset"], FAILS)
            }
            Self::ResetMidBody => exchange(
                "reset-mid-body",
                Connection,
                "the connection is reset in the middle of the answer",
                &[],
                FAILS,
            ),
            Self::Close => exchange("close", Connection, "the connection is closed before an answer", &[], FAILS),
            Self::CloseMidBody => exchange(
                "close-mid-body",
                Connection,
                "the connection is closed in the middle of the answer, whose Content-Length is not met",
                &[],
                FAILS,
            ),
            Self::Stall => {
                exchange("stall", Connection, "no answer ever comes; a client without a timeout hangs", &[], FAILS)
            }
            Self::StallMidBody => exchange(
                "stall-mid-body",
                Connection,
                "half of an answer comes and the rest never; a timeout for its start alone does not help",
                &[],
                FAILS,
            ),
            Self::SlowBody => exchange(
                "slow-body",
                Connection,
                "the true answer comes piece by piece; its task exists",
                &[],
                &[TAKES, PIECES],
            ),
            Self::IdleClose => exchange(
                "idle-close",
                Connection,
                "the true answer comes and promises to keep the connection, which is then closed: a client that watches \
                 its idle connections opens another, one that does not meets a closed socket with its next request",
                &[],
                &[],
            ),
            Self::Status => exchange(
                "status",
                Http,
                "the server answers with an HTTP error",
                &[],
                &[CODE, BODY, RETRY_AFTER, RETRY_IN, TASK_EXISTS],
            ),
            Self::RateLimit => Facts {
                striking: Striking::Limit,
                ..exchange(
                    "rate-limit",
                    Http,
                    "429 beyond a limit that all of the client's tasks share; submits and polls have one each",
                    &[],
                    &[RATE, BURST, LIMIT, WINDOW, PER_KEY, RETRY_AFTER],
                )
            },
            Self::Transient404 => {
                status_only("transient-404", Http, "HTTP 404 for a task that exists", &[RETRY_AFTER, RETRY_IN])
            }
            Self::Expired => status_only("expired", Http, "HTTP 410 for a task that exists: it is no longer kept", &[]),
            Self::Redirect => exchange(
                "redirect",
                Http,
                "the answer is a page that sends the client to the same address again; pollbench's clients do not follow",
                &[],
                &[REDIRECT, TASK_EXISTS],
            ),
            Self::WrongContentLength => exchange(
                "wrong-content-length",
                Http,
                "the answer says half of its length: what is read by it is not JSON, and the rest disturbs what follows",
                &[],
                FAILS,
            ),
            Self::CodeIn200 => exchange(
                "code-in-200",
                Payload,
                "HTTP 200 whose envelope has an error's `code`",
                &[],
                &[SAID_CODE, TASK_EXISTS],
            ),
            Self::NullData => exchange("null-data", Payload, "HTTP 200 whose `data` is null", &[], FAILS),
            Self::MissingData => exchange("missing-data", Payload, "HTTP 200 without `data`", &[], FAILS),
            Self::UnknownState => {
                status_only("unknown-state", Payload, "HTTP 200 with a state that the API does not know", &[])
            }
            Self::BadResultJson => status_only(
                "bad-result-json",
                Payload,
                "a success whose `resultJson` is cut off; unfinished and failed tasks are told truly",
                &[],
            ),
            Self::EmptyResult => status_only(
                "empty-result",
                Payload,
                "a success with an empty list of results; unfinished and failed tasks are told truly",
                &[],
            ),
            Self::FailMessageNetwork => status_only(
                "fail-message-network",
                Payload,
                "a failure whose message speaks of a network; other tasks are told truly",
                &[],
            ),
            Self::StateRegression => status_only(
                "state-regression",
                Payload,
                "HTTP 200 that goes back to `pending`, whatever was said before",
                &[],
            ),
            Self::StaleRead => status_only(
                "stale-read",
                Payload,
                "HTTP 200 from a replica that lags: `processing`, although the task may be done",
                &[],
            ),
            Self::TaskMixup => status_only(
                "task-mixup",
                Payload,
                "HTTP 200 with the id, the state `success` and the results of another task",
                &[],
            ),
            Self::TruncatedJson => exchange(
                "truncated-json",
                Payload,
                "HTTP 200 with the first half of the answer, which is not JSON",
                &[],
                FAILS,
            ),
            Self::HugeBody => exchange(
                "huge-body",
                Payload,
                "the true answer with so much padding that a client with a limit does not read it",
                &[],
                &[BYTES, TASK_EXISTS],
            ),
            Self::Outage => Facts {
                striking: Striking::Window,
                default_routes: 2,
                ..exchange("outage", Weather, "every connection is refused during a window", &[], &[])
            },
            Self::BurstLoss => Facts {
                striking: Striking::Bursts,
                ..exchange(
                    "burst-loss",
                    Weather,
                    "connections are reset in bursts: a Gilbert–Elliott process in time",
                    &[],
                    FAILS,
                )
            },
            Self::Brownout => Facts {
                striking: Striking::Brownout,
                default_routes: 2,
                ..exchange(
                    "brownout",
                    Weather,
                    "during a window everything takes longer and a share of it gets HTTP 503, with ramps",
                    &[],
                    &[FACTOR, ERRORS, RAMP, TASK_EXISTS],
                )
            },
            Self::LatencySpike => Facts {
                striking: Striking::Slowdown,
                ..exchange(
                    "latency-spike",
                    Weather,
                    "a request takes longer, whatever else happens to it",
                    &[],
                    &[LONGER],
                )
            },
            Self::LoadLatency => Facts {
                striking: Striking::Limit,
                ..exchange(
                    "load-latency",
                    Weather,
                    "requests wait for one of the server's workers, and get HTTP 503 where too many wait already; submits \
                     and polls have workers of their own",
                    &[],
                    &[WORKERS, SERVICE, QUEUE, TASK_EXISTS],
                )
            },
            Self::Lost => {
                webhook("lost", "a delivery that the sender takes for done never reaches the client's code", &[])
            }
            Self::Delayed => webhook("delayed", "a delivery comes later", &[BY]),
            Self::Duplicated => webhook("duplicated", "a delivery comes twice", &[AFTER]),
            Self::Reordered => webhook(
                "reordered",
                "a delivery is held back for a time, and those of later tasks overtake it",
                &[OVERTAKEN_BY],
            ),
            Self::BeforeSubmitReply => Facts {
                routes: &[Route::Submit],
                ..exchange(
                    "before-submit-reply",
                    FaultStage::Webhook,
                    "the submit's answer is held back: a task that is done by then is told of before the client has its id",
                    &[],
                    &[ANSWER_BY],
                )
            },
            Self::Malformed => {
                webhook("malformed", "a delivery is not JSON; it is repeated, since no receiver takes it", &[])
            }
            Self::WrongTask => webhook(
                "wrong-task",
                "a delivery tells of a task that nobody knows, and the right one is never told",
                &[],
            ),
            Self::ReceiverRefuses => {
                webhook("receiver-refuses", "the receiver refuses the connection; the sender tries again", &[])
            }
            Self::Receiver500 => webhook("receiver-500", "the receiver answers HTTP 500; the sender tries again", &[]),
            Self::ReceiverSlow => webhook(
                "receiver-slow",
                "the receiver takes a delivery and answers after the sender's patience, who sends it again",
                &[],
            ),
            Self::ReceiverDown => Facts {
                striking: Striking::Window,
                ..webhook(
                    "receiver-down",
                    "the receiver refuses all deliveries during a window; the sender tries again",
                    &[],
                )
            },
        }
    }
}
