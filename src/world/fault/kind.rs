//! The kinds of faults: names, what they are about, what they can be told.

use super::parameter::Parameter;
use super::route::{FaultStage, Route};

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
    /// Connections of a route are refused during a window.
    Refuse,
    /// The connection is reset before an answer.
    Reset,
    /// The connection is reset in the middle of the answer.
    ResetMidBody,
    /// The connection is closed before an answer.
    Close,
    /// The connection is closed in the middle of the answer.
    CloseMidBody,
    /// No answer ever comes.
    Stall,
    /// Half of an answer comes, and nothing after it.
    StallMidBody,
    /// The answer comes piece by piece.
    SlowBody,
    /// The connection is closed after the answer, although it was to be kept.
    IdleClose,
    /// The server answers with an HTTP error.
    Status,
    /// HTTP 429 where a limit on requests is reached.
    RateLimit,
    /// HTTP 404 for a task that exists.
    Transient404,
    /// HTTP 410 for a task that exists.
    Expired,
    /// The answer sends the client elsewhere.
    Redirect,
    /// The answer is longer than it says.
    WrongContentLength,
    /// HTTP 200 with an error's code in the envelope.
    CodeIn200,
    /// HTTP 200 with `data: null`.
    NullData,
    /// HTTP 200 without `data`.
    MissingData,
    /// HTTP 200 with a state that the API does not know.
    UnknownState,
    /// A success whose `resultJson` is no JSON.
    BadResultJson,
    /// A success without any result.
    EmptyResult,
    /// A failure whose message speaks of a network.
    FailMessageNetwork,
    /// HTTP 200 that says `pending` whatever is true.
    StateRegression,
    /// HTTP 200 that says `processing` whatever is true.
    StaleRead,
    /// HTTP 200 with another task, which succeeded.
    TaskMixup,
    /// HTTP 200 with half of the answer.
    TruncatedJson,
    /// HTTP 200 with an answer of many megabytes.
    HugeBody,
    /// Every connection is refused during a window.
    Outage,
    /// Connections are reset in bursts.
    BurstLoss,
    /// Everything takes longer and some of it fails, during a window.
    Brownout,
    /// A request takes longer.
    LatencySpike,
    /// Requests queue for the server's workers.
    LoadLatency,
    /// A webhook delivery that the sender takes for done never reaches the client's code.
    Lost,
    /// A webhook delivery comes later.
    Delayed,
    /// A webhook delivery comes twice.
    Duplicated,
    /// A webhook delivery is overtaken by those of later tasks.
    Reordered,
    /// The submit's answer comes so late that a webhook may come before it.
    BeforeSubmitReply,
    /// A webhook delivery is no JSON.
    Malformed,
    /// A webhook delivery tells of a task that nobody knows.
    WrongTask,
    /// The receiver refuses a delivery's connection.
    ReceiverRefuses,
    /// The receiver answers a delivery with HTTP 500.
    Receiver500,
    /// The receiver takes a delivery and answers too late.
    ReceiverSlow,
    /// The receiver refuses all deliveries during a window.
    ReceiverDown,
}

/// Which requests a rule of a kind strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Striking {
    /// A share of the requests, by their own draw, whenever the rule is active.
    Share,
    /// A share of the requests, by a draw that is no other rule's, whenever the rule is active: it slows them down and
    /// leaves the rest to others.
    Slowdown,
    /// Those that find a limit reached, whenever the rule is active.
    Limit,
    /// All of a window.
    Window,
    /// All of a window, by how bad it is: it slows them down, and some fail.
    Brownout,
    /// A share of those in a bad stretch of the rule's own process in time.
    Bursts,
}

impl Kind {
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
    pub const fn stage(self) -> FaultStage {
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
        self.parameter("task_exists").is_some()
    }

    /// Whether its rules can be for tasks of an age: those that strike a share of the status requests.
    #[must_use]
    pub fn may_look_at_age(self) -> bool {
        self.striking() == Striking::Share && self.routes().contains(&Route::Status)
    }

    /// Routes that it can strike.
    #[must_use]
    pub const fn routes(self) -> &'static [Route] {
        self.facts().routes
    }

    /// Routes that it strikes by default.
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
