//! Where in an exchange a fault strikes.

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

/// Where in an exchange a kind of fault strikes; at most one strikes an exchange, the earliest stage first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultStage {
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
