//! The ends of a wait: their names, and what they mean.

use crate::measure::results::Outcomes;

/// Every end with its count, in the order of the results.
pub(super) fn each(o: &Outcomes) -> [(&'static str, u64); 9] {
    let counts = [
        o.success,
        o.failed,
        o.timeout_missed,
        o.timeout_impatient,
        o.timeout_true,
        o.error,
        o.abandoned,
        o.hang,
        o.rejected,
    ];
    std::array::from_fn(|i| (MEANING[i].0, counts[i]))
}

/// Every end with its meaning.
pub(super) const MEANING: [(&str, &str); 9] = [
    ("success", "the client knows that the task succeeded"),
    ("failed", "the client knows that the task failed"),
    ("timeout_missed", "gave up although the task was done"),
    ("timeout_impatient", "gave up; the task was done later"),
    ("timeout_true", "gave up on a task that never ends"),
    ("error", "the wait ended with an error although the task lived"),
    ("abandoned", "another task’s failure ended this wait"),
    ("hang", "neither knew nor gave up by the horizon"),
    ("rejected", "the submit failed, so there was no id to ask for"),
];
