//! The documented strategies' mistakes that lose tasks, told by how their waits ended.

use crate::measure::results::Outcomes;

/// Why a documented strategy loses tasks that another would have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mistake {
    /// In two to four words.
    pub(super) name: &'static str,
    /// In a sentence.
    pub(super) about: &'static str,
}

const FIRST_ERROR: Mistake = Mistake {
    name: "first error ends it",
    about: "A poll that says nothing about the task ends the wait: the first reset, refusal, 5xx or empty answer ends the \
            wait, although the task is still alive.",
};
const NETWORK_ONLY: Mistake = Mistake {
    name: "retries resets only",
    about: "Only a reset, or an error whose message says `network`, is tried again; any other error ends the wait.",
};
const ALL_END: Mistake = Mistake {
    name: "one error ends all",
    about: "A request that fails ends the loop of the whole pool: the other tasks are abandoned, and no callback is called.",
};
const NO_TIMEOUT: Mistake = Mistake {
    name: "no request timeout",
    about: "No request has a timeout: a wait on a silent connection never ends.",
};
const ONE_STALLS_ALL: Mistake = Mistake {
    name: "one stall stops all",
    about: "No request has a timeout and the pool goes on together: one silent connection holds up every task of it.",
};
const NEVER_ASKS: Mistake = Mistake {
    name: "never polls",
    about: "It waits for the webhook only: if the delivery is lost, the task is never known.",
};
const TOO_SHORT: Mistake = Mistake {
    name: "one limit for all",
    about: "It gives up after a fixed number of polls, three to five minutes, however long the model takes.",
};
const NO_LAST_LOOK: Mistake = Mistake {
    name: "no last poll",
    about: "It gives up without a last poll: its limit counts sleeps, and the last sleep is wasted.",
};

const BELIEVES: Mistake = Mistake {
    name: "believes any answer",
    about: "An answer that says `success` or `failed` is believed even if the result is missing or another task’s, or the failure is false.",
};
const NO_ID: Mistake = Mistake {
    name: "no id",
    about: "No mistake of the wait: the submit failed although it created the task, and the client has no id.",
};
const DEADLINE: Mistake = Mistake {
    name: "deadline came first",
    about: "No mistake of the guide’s code: the task ended, or could be seen to have ended, only after the deadline. Polling its id again later gets the result.",
};

/// How waits end that lose a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Error,
    Abandoned,
    Hang,
    GaveUp,
    Misled,
    Rejected,
}

/// The mistake behind most of the tasks that a strategy lost, whose waits ended as `outcomes` says, or which it was
/// `misled` about, or whose submits were `rejected`. Hardened twins keep the
/// guide's limits. `None` where no wait ended like that, and for errors and hangs of strategies that are not the guide's.
pub(super) fn mistake(strategy: &str, outcomes: &Outcomes, [misled, rejected]: [u64; 2]) -> Option<Mistake> {
    let counts = [
        (Loss::Error, outcomes.error),
        (Loss::Abandoned, outcomes.abandoned),
        (Loss::Hang, outcomes.hang),
        (Loss::GaveUp, outcomes.timeout_missed + outcomes.timeout_impatient),
        (Loss::Misled, misled),
        (Loss::Rejected, rejected),
    ];
    let (loss, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let mistake = match (strategy, loss) {
        (_, Loss::Misled) => BELIEVES,
        (_, Loss::Rejected) => NO_ID,
        ("basic" | "adaptive" | "exponential", Loss::Error | Loss::Abandoned) => FIRST_ERROR,
        ("resilient", Loss::Error | Loss::Abandoned) => NETWORK_ONLY,
        ("concurrent", Loss::Error | Loss::Abandoned) => ALL_END,
        ("concurrent", Loss::Hang) => ONE_STALLS_ALL,
        ("webhook", _) => NEVER_ASKS,
        ("basic" | "adaptive" | "exponential" | "resilient", Loss::Hang) => NO_TIMEOUT,
        ("basic" | "concurrent" | "resilient" | "basic-hardened" | "concurrent-hardened", Loss::GaveUp) => TOO_SHORT,
        ("adaptive" | "exponential", Loss::GaveUp) => NO_LAST_LOOK,
        (_, Loss::GaveUp) => DEADLINE,
        (_, Loss::Error | Loss::Abandoned | Loss::Hang) => return None,
    };
    (most > 0).then_some(mistake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_end_names_the_mistake() {
        let outcomes = Outcomes { error: 1, abandoned: 19, hang: 3, ..Outcomes::default() };
        assert_eq!(mistake("concurrent", &outcomes, [0, 0]), Some(ALL_END));
        assert_eq!(mistake("basic", &Outcomes { hang: 3, ..Outcomes::default() }, [0, 0]), Some(NO_TIMEOUT));
        assert_eq!(mistake("basic", &Outcomes::default(), [0, 0]), None);
        assert_eq!(mistake("concurrent", &outcomes, [20, 0]), Some(BELIEVES));
        assert_eq!(mistake("basic-hardened", &outcomes, [0, 0]), None);
        let given_up = Outcomes { timeout_missed: 2, ..Outcomes::default() };
        assert_eq!(mistake("basic-hardened", &given_up, [0, 0]), Some(TOO_SHORT));
        assert_eq!(mistake("webhook-hybrid", &given_up, [0, 0]), Some(DEADLINE));
    }
}
