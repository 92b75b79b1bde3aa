//! What every number means, one line each.

/// Terms and their meanings.
pub(super) const TERMS: &[(&str, &str)] = &[
    (
        "poll",
        "One request for a task’s state. Useful: it showed the end. Wasted: it said unfinished. Failed: it said nothing about the task.",
    ),
    ("polls/task", "Mean number of polls of one task, over all tasks."),
    ("requests/task", "Submits, polls and webhook deliveries received, of one task."),
    ("detection delay", "From the instant at which the task ended to the instant at which the client knew."),
    ("latency", "From the intended submit to the instant at which the client knew."),
    ("mean", "Of times: over the tasks that became known. Of counts and cost: over all tasks."),
    (
        "p50, p90, p95, p99",
        "Quantiles over all tasks; a task that never became known counts as infinitely late. “–” where the quantile falls on such a task.",
    ),
    (
        "censored share",
        "Share of tasks whose end the client never knew. Their times are not dropped: curves stop short of 100 % by this share.",
    ),
    ("lost", "The task succeeded, and the client never had the result."),
    ("timeout", "Gave up: the task was done (missed), was done later (impatient), or never ends (true)."),
    (
        "error",
        "The wait ended with an error although the task was still alive; in the tables, waits ended by another task’s failure (abandoned) are counted in.",
    ),
    ("hang", "Neither knew nor gave up by the scenario’s horizon."),
    ("rejected", "The submit failed, so the client never got an id. The column is there if any task was rejected."),
    ("peak req/s", "Most requests sent in one second, over all replicates."),
    (
        "cost",
        "Polls and seconds of detection delay in the scenario’s weights. A task that ended and never became known is charged one more poll and the delay to the horizon, so giving up never pays.",
    ),
    ("95 % interval", "The range that holds the true mean in 95 of 100 such runs. “±” is half of its width."),
    ("Wilson interval", "The 95 % interval of a share; it is valid for shares near 0 too."),
    ("paired difference", "Strategy minus baseline on the same task, averaged; common randomness cancels out."),
    ("undecided", "The data cannot tell the two apart. More tasks or replicates may."),
    ("same", "The whole interval lies within 1 % of the baseline."),
];
