//! How old a task is: some faults are of its first moments, or of those after its end.

use crate::time::Micros;
use crate::world::truth::Truth;

/// What an age counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Since {
    /// The task's creation.
    Submit,
    /// Its end. A task that never ends has no such age.
    Done,
}

/// An interval of ages, from its start to before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    since: Since,
    from: Micros,
    to: Micros,
}

/// The end is not after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no task has an age from {from} to {to}: the end must be later than the start")]
pub struct InvalidAge {
    /// The start.
    pub from: Micros,
    /// The end.
    pub to: Micros,
}

impl Since {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Submit, Self::Done];

    /// The name in scenario files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Done => "done",
        }
    }
}

impl Age {
    /// From `from` on, before `to`; without it, forever.
    ///
    /// # Errors
    ///
    /// It ends before it begins, or as it does.
    pub fn new(since: Since, from: Micros, to: Option<Micros>) -> Result<Self, InvalidAge> {
        match to {
            Some(to) if to <= from => Err(InvalidAge { from, to }),
            _ => Ok(Self { since, from, to: to.unwrap_or(Micros::NEVER) }),
        }
    }

    /// What it counts from.
    #[must_use]
    pub const fn since(&self) -> Since {
        self.since
    }

    /// Its start.
    #[must_use]
    pub const fn from(&self) -> Micros {
        self.from
    }

    /// Its end; `None` where it has none.
    #[must_use]
    pub fn to(&self) -> Option<Micros> {
        self.to.finite()
    }

    /// Whether a task is of that age at `now`.
    #[must_use]
    pub fn admits(&self, now: Micros, truth: &Truth) -> bool {
        let birth = match self.since {
            Since::Submit => truth.created,
            Since::Done => truth.done,
        };
        now >= birth && (self.from..self.to).contains(&(now - birth))
    }

    /// Whether a task can be of both ages at once.
    #[must_use]
    pub fn may_coincide(&self, other: &Self) -> bool {
        self.since != other.since || (self.from < other.to && other.from < self.to)
    }
}
