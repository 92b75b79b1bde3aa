//! Webhook deliveries as a test has fixed them: when each comes, and what it says. Nobody sends one again.

use crate::time::Micros;

/// One delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    /// When it comes, since the task's creation.
    pub at: Micros,
    /// What it says.
    pub content: PushContent,
}

/// What a delivery says, and who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushContent {
    /// The server tells how the task is at that instant.
    Truth,
    /// The server tells of the success of a task that nobody knows.
    OtherTask,
    /// The server sends what is no JSON.
    Garbage,
    /// Somebody else, who knows the receiver's host and the task's id but not the callback URL, tells of a success: at the
    /// addresses that are easily guessed.
    Forgery,
}

impl PushContent {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Truth, Self::OtherTask, Self::Garbage, Self::Forgery];

    /// Its name, in the journal too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truth => "truth",
            Self::OtherTask => "wrong-task",
            Self::Garbage => "malformed",
            Self::Forgery => "forged",
        }
    }
}
