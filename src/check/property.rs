//! The properties of a correct poller: their fixed names, what each says, and why it matters.

use std::fmt;

/// Defines the properties, their names and texts in one go.
macro_rules! properties {
    ($($property:ident $id:literal $sort:ident: $about:literal, $why:literal;)*) => {
        /// What a correct poller does, whatever the world does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Property { $(#[doc = $about] $property,)* }

        impl Property {
            /// Every property there is.
            pub const ALL: &'static [Self] = &[$(Self::$property,)*];

            /// Its fixed name.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$property => $id,)* }
            }

            /// What it says.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$property => $about,)* }
            }

            /// Why it matters.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$property => $why,)* }
            }

            /// How it is judged.
            #[must_use]
            pub const fn sort(self) -> PropertyKind {
                match self { $(Self::$property => PropertyKind::$sort,)* }
            }
        }
    };
}

/// How a property is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyKind {
    /// By counts, order, content, or "not before": a slow machine only pushes a correct program further into the passing
    /// side.
    Always,
    /// "Not later than": judged with the measured lateness of the machine added, and unknown beyond it.
    Bound,
}

properties! {
    NoFalseSuccess "no-false-success" Always:
        "success is said only of a task that the server said had succeeded",
        "a result that does not exist is handed on, shown, or paid for";
    NoFalseFailure "no-false-failure" Always:
        "failure is said only of a task that the server said had failed",
        "a paid task is thrown away, and often submitted and paid for again";
    RightResult "right-result" Always:
        "a success comes with the URLs of that very task",
        "one customer gets another one's picture, or none";
    StopsAfterTerminal "stops-after-terminal" Always:
        "no request follows an answer that was final",
        "every finished task goes on costing requests, and pushes its neighbours into the rate limit";
    OneInFlight "one-in-flight" Always:
        "a task has at most one status request in flight",
        "requests pile up exactly when the server is slow";
    RetryAfterKept "retry-after-kept" Always:
        "no request comes before the instant that a well-formed Retry-After of at most 60 s names",
        "who comes back early is refused again, is counted against the limit, or is banned";
    NoBusyLoop "no-busy-loop" Always:
        "two polls of a task are not less than 200 ms apart more than thrice, retries aside",
        "a loop without a pause takes the rate limit of everything else that uses the key";
    NoBlindResubmit "no-blind-resubmit" Always:
        "a submit whose answer was lost is not sent again",
        "there is no idempotency key: the second submit is a second task, and a second bill";
    SurvivesGarbage "survives-garbage" Always:
        "an error page, half a JSON, an empty answer or a broken connection does not end the wait",
        "the server restarts for a second, and every wait in progress loses a task that goes on";
    UnknownStateIsOpen "unknown-state-is-open" Always:
        "a state that the program does not know is not an end",
        "the server adds a state such as `archived` or `queued`, and old programs lose their tasks";
    HandedOverOnce "handed-over-once" Always:
        "the end of a task is told once",
        "credits are booked twice, mails are sent twice";
    Isolation "isolation" Bound:
        "what happens to one task changes nothing for another",
        "one bad task takes down all that are waited for beside it";
    FindsTheResult "finds-the-result" Bound:
        "once the world is calm and the task is done, the program knows within its largest gap and one attempt timeout",
        "the result waits for a program that sleeps, or that no longer looks";
    EndsByDeadline "ends-by-deadline" Bound:
        "the wait has ended by its deadline and one attempt timeout",
        "a deadline that counts sleeps only grows with every slow request: two minutes become ten";
    LastLook "last-look" Always:
        "a task that was done before the deadline is not called a timeout",
        "the result was there, was paid for, and nobody looked after the last sleep";
    NoHang "no-hang" Bound:
        "a socket that stays silent does not hold up the wait for longer than an attempt timeout",
        "one lost packet, and the wait lasts for ever";
}

impl Property {
    /// The property of that name.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|property| property.id() == id)
    }

    /// The names of all properties, for messages.
    #[must_use]
    pub fn known() -> String {
        Self::ALL.iter().map(|property| property.id()).collect::<Vec<_>>().join(", ")
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A set of properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties(u32);

impl Properties {
    /// None.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self((1 << Property::ALL.len()) - 1);

    /// The same with one more.
    #[must_use]
    pub const fn with(self, property: Property) -> Self {
        Self(self.0 | property.bit())
    }

    /// The same without one.
    #[must_use]
    pub const fn without(self, property: Property) -> Self {
        Self(self.0 & !property.bit())
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn has(self, property: Property) -> bool {
        self.0 & property.bit() != 0
    }
}

impl FromIterator<Property> for Properties {
    fn from_iter<I: IntoIterator<Item = Property>>(properties: I) -> Self {
        properties.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are a contract: they stand in people's baselines.
    #[test]
    fn the_names_are_these() {
        assert_eq!(
            Property::known(),
            "no-false-success, no-false-failure, right-result, stops-after-terminal, one-in-flight, retry-after-kept, \
             no-busy-loop, no-blind-resubmit, survives-garbage, unknown-state-is-open, handed-over-once, isolation, \
             finds-the-result, ends-by-deadline, last-look, no-hang"
        );
        assert!(Property::ALL.iter().all(|property| Properties::ALL.has(*property)));
        assert_eq!(Properties::ALL.without(Property::NoHang).with(Property::NoHang), Properties::ALL);
    }
}
