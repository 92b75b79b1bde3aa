//! The kinds of faults: names, what they are about, what they can be told.

use super::body::Body;
use super::parameter::{Need, Parameter, Shape};
use super::retry_after::RetryAdvice;
use super::route::{Route, Stage};

/// Defines the kinds and their list in one go.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident,)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$about])* $kind,)* }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];
        }
    };
}

kinds! {
    /// The connection is reset before an answer.
    Reset,
    /// The connection is closed before an answer.
    Close,
    /// No answer ever comes.
    Stall,
    /// The server answers with an HTTP error.
    Status,
    /// HTTP 429 where a token bucket is empty.
    RateLimit,
    /// HTTP 404 for a task that exists.
    Transient404,
    /// HTTP 200 with `data: null`.
    NullData,
    /// HTTP 200 without `data`.
    MissingData,
    /// HTTP 200 with a state that the API does not know.
    UnknownState,
    /// HTTP 200 that says `processing` whatever is true.
    StaleRead,
    /// HTTP 200 with half of the answer.
    TruncatedJson,
    /// Every connection is refused during a window.
    Outage,
    /// Connections are reset in bursts.
    BurstLoss,
    /// A webhook delivery that the sender takes for done never reaches the client's code.
    Lost,
    /// A webhook delivery comes later.
    Delayed,
    /// A webhook delivery comes twice.
    Duplicated,
}

/// Which requests a rule of a kind strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Striking {
    /// A share of the requests, by their own draw, whenever the rule is active.
    Share,
    /// Those that find no token, whenever the rule is active.
    Limit,
    /// All of a window.
    Window,
    /// A share of those in a bad stretch of the rule's own process in time.
    Bursts,
}

/// What there is to know of a kind.
struct Facts {
    name: &'static str,
    /// What it is also called where a single request is scripted: spellings, and kinds that a client cannot tell from it.
    also: &'static [&'static str],
    stage: Stage,
    about: &'static str,
    striking: Striking,
    parameters: &'static [Parameter],
    routes: &'static [Route],
    /// How many of `routes` it strikes unless told.
    default_routes: usize,
}

const TASK_EXISTS: Parameter = Parameter {
    name: "task_exists",
    shape: Shape::Flag,
    need: Need::Default("false"),
    about: "On the submit route: whether the task exists although the submit failed.",
};
const CODE: Parameter =
    Parameter { name: "code", shape: Shape::Whole(400, 599), need: Need::Default("503"), about: "HTTP status." };
const BODY: Parameter = Parameter {
    name: "body",
    shape: Shape::Word(Body::OF_ERRORS),
    need: Need::Default("\"json\""),
    about: "What the answer holds.",
};
const RETRY_AFTER: Parameter = Parameter {
    name: "retry_after",
    shape: Shape::WordOrSeconds(RetryAdvice::KNOWN),
    need: Need::Default("\"absent\""),
    about: "What the answer's Retry-After says; true is an honest number of seconds, a number is that one.",
};
const RETRY_IN: Parameter = Parameter {
    name: "retry_in",
    shape: Shape::Duration,
    need: Need::Default("\"1s\""),
    about: "The honest delay behind `retry_after`.",
};
const RATE: Parameter =
    Parameter { name: "rate_per_s", shape: Shape::Positive, need: Need::InRules("1.0"), about: "Tokens per second." };
const BURST: Parameter = Parameter {
    name: "burst",
    shape: Shape::Whole(1, u32::MAX as u64),
    need: Need::Optional,
    about: "Tokens that the full bucket holds; those of one second where absent.",
};
const BY: Parameter = Parameter {
    name: "by",
    shape: Shape::Law,
    need: Need::Default("\"30s\""),
    about: "How much later a delivery comes.",
};
const AFTER: Parameter = Parameter {
    name: "after",
    shape: Shape::Law,
    need: Need::Default("\"1s\""),
    about: "How long after the first the second one comes.",
};

/// A kind that strikes a share of the status requests, and of the submits where told.
const fn exchange(
    name: &'static str,
    stage: Stage,
    about: &'static str,
    also: &'static [&'static str],
    parameters: &'static [Parameter],
) -> Facts {
    let routes = &[Route::Status, Route::Submit];
    Facts { name, also, stage, about, striking: Striking::Share, parameters, routes, default_routes: 1 }
}

/// A kind that strikes a share of the status requests and nothing else.
const fn status_only(name: &'static str, stage: Stage, about: &'static str, parameters: &'static [Parameter]) -> Facts {
    Facts { routes: &[Route::Status], ..exchange(name, stage, about, &[], parameters) }
}

/// A kind that strikes a share of the webhook deliveries.
const fn webhook(name: &'static str, about: &'static str, parameters: &'static [Parameter]) -> Facts {
    Facts { routes: &[Route::Webhook], ..exchange(name, Stage::Webhook, about, &[], parameters) }
}

impl Kind {
    const fn facts(self) -> Facts {
        match self {
            Self::Reset => exchange(
                "reset",
                Stage::Connection,
                "the connection is reset before an answer",
                &["connection-reset", "reset-mid-body"],
                &[TASK_EXISTS],
            ),
            Self::Close => exchange(
                "close",
                Stage::Connection,
                "the connection is closed before an answer",
                &["close-mid-body"],
                &[TASK_EXISTS],
            ),
            Self::Stall => exchange(
                "stall",
                Stage::Connection,
                "no answer ever comes; a client without a timeout hangs",
                &["stall-mid-body"],
                &[TASK_EXISTS],
            ),
            Self::Status => exchange(
                "status",
                Stage::Http,
                "the server answers with an HTTP error",
                &[],
                &[CODE, BODY, RETRY_AFTER, RETRY_IN, TASK_EXISTS],
            ),
            Self::RateLimit => Facts {
                striking: Striking::Limit,
                ..exchange(
                    "rate-limit",
                    Stage::Http,
                    "429 when a token bucket shared by all of the client's tasks is empty; submits and polls have a bucket each",
                    &[],
                    &[RATE, BURST, RETRY_AFTER],
                )
            },
            Self::Transient404 => {
                status_only("transient-404", Stage::Http, "HTTP 404 for a task that exists", &[RETRY_AFTER, RETRY_IN])
            }
            Self::NullData => {
                exchange("null-data", Stage::Payload, "HTTP 200 whose `data` is null", &[], &[TASK_EXISTS])
            }
            Self::MissingData => {
                exchange("missing-data", Stage::Payload, "HTTP 200 without `data`", &[], &[TASK_EXISTS])
            }
            Self::UnknownState => {
                status_only("unknown-state", Stage::Payload, "HTTP 200 with a state that the API does not know", &[])
            }
            Self::StaleRead => status_only(
                "stale-read",
                Stage::Payload,
                "HTTP 200 from a replica that lags: `processing`, although the task may be done",
                &[],
            ),
            Self::TruncatedJson => exchange(
                "truncated-json",
                Stage::Payload,
                "HTTP 200 with the first half of the answer, which is no JSON",
                &[],
                &[TASK_EXISTS],
            ),
            Self::Outage => Facts {
                striking: Striking::Window,
                default_routes: 2,
                ..exchange("outage", Stage::Weather, "every connection is refused during a window", &["refuse"], &[])
            },
            Self::BurstLoss => Facts {
                striking: Striking::Bursts,
                ..exchange(
                    "burst-loss",
                    Stage::Weather,
                    "connections are reset in bursts: a Gilbert–Elliott process in time",
                    &[],
                    &[TASK_EXISTS],
                )
            },
            Self::Lost => {
                webhook("lost", "a delivery that the sender takes for done never reaches the client's code", &[])
            }
            Self::Delayed => webhook("delayed", "a delivery comes later", &[BY]),
            Self::Duplicated => webhook("duplicated", "a delivery comes twice", &[AFTER]),
        }
    }

    /// The kind of that name in scenario files.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind of that name where a single request is scripted: other spellings count, and kinds whose requests a client
    /// cannot tell apart are one.
    #[must_use]
    pub fn scripted(name: &str) -> Option<Self> {
        let also = |kind: &Self| kind.facts().also.contains(&name);
        Self::named(name).or_else(|| Self::ALL.iter().copied().find(also))
    }

    /// The names of all kinds, for messages.
    #[must_use]
    pub fn known() -> String {
        Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    }

    /// Its name in scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Where it strikes.
    #[must_use]
    pub const fn stage(self) -> Stage {
        self.facts().stage
    }

    /// One sentence for `list faults`.
    #[must_use]
    pub const fn about(self) -> &'static str {
        self.facts().about
    }

    /// Which requests its rules strike.
    #[must_use]
    pub const fn striking(self) -> Striking {
        self.facts().striking
    }

    /// Its parameters beside those of the rule: `probability`, `route`, `models` and when.
    #[must_use]
    pub const fn parameters(self) -> &'static [Parameter] {
        self.facts().parameters
    }

    /// The parameter of that name.
    #[must_use]
    pub fn parameter(self, name: &str) -> Option<&'static Parameter> {
        self.parameters().iter().find(|parameter| parameter.name == name)
    }

    /// Whether a submit that it strikes may have made a task.
    #[must_use]
    pub fn may_leave_a_task(self) -> bool {
        self.parameter(TASK_EXISTS.name).is_some()
    }

    /// Routes that it can strike.
    #[must_use]
    pub const fn routes(self) -> &'static [Route] {
        self.facts().routes
    }

    /// Routes that it strikes unless told.
    #[must_use]
    pub fn default_routes(self) -> &'static [Route] {
        &self.routes()[..self.facts().default_routes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: a name means one kind, wherever it is written.
    #[test]
    fn no_two_kinds_share_a_name() {
        let mut names: Vec<_> = Kind::ALL.iter().flat_map(|kind| kind.facts().also).copied().collect();
        names.extend(Kind::ALL.iter().map(|kind| kind.name()));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
