//! The keys of strategies, on every axis of their composition.

use super::distributions::DISTRIBUTION;
use super::{Family, Range, Rule, Section, Shape, Wording, Words, optional, required, with_default};
use crate::api::reply::LARGEST_BATCH;
use crate::strategy::presets::PRESETS;
use crate::strategy::tolerance::{ATTEMPT_TIMEOUT_TEXT, RETRY_AFTER_CEILING_TEXT, RETRY_AFTER_FLOOR_TEXT};

/// A strategy: a preset with what it changes, or a composition of one's own.
pub(crate) static STRATEGY: Section = Section {
    name: "strategy",
    about: "A preset with changes, or your own composition.",
    fields: &[
        optional("preset", Shape::Word(Words::of(PRESETS)), "Preset to start from."),
        optional(
            "name",
            Shape::Text(Wording::Label),
            "Name in tables, unique; the preset's where absent, required without a preset.",
        ),
        optional(
            "schedule",
            Shape::Kinds(&SCHEDULE),
            "When the next poll is due; required without a preset. On a preset, for every model.",
        ),
        optional(
            "limit",
            Shape::Kinds(&LIMIT),
            "When to give up; required without a preset. On a preset, for every model.",
        ),
        optional(
            "recovery",
            Shape::Kinds(&RECOVERY),
            "What to do with a reply that says nothing about the task; tolerant by default, propagate with `pool`.",
        ),
        optional(
            "jitter",
            Shape::Word(Words::of(&["none", "full", "equal", "decorrelated"])),
            "Randomisation of the gaps; none where absent. full: uniform from nothing to the gap, equal: from half of the gap to the gap, the first wait too; decorrelated, for exponential schedules: the lesser of the cap and a uniform draw from the interval to three times the previous gap, after the first wait as it is.",
        ),
        optional(
            "channel",
            Shape::Word(Words::of(&["poll", "webhook", "both"])),
            "How the client learns of the end; poll where absent.",
        ),
        optional(
            "pool",
            Shape::Count(1, u32::MAX as u64),
            "Lock-step rounds over pools of this many tasks, as in the guide's concurrent poller; the schedule is that of the rounds.",
        ),
        optional("limiter", Shape::Table(&LIMITER), "One limit on the requests of all tasks of a model."),
        optional(
            "learn",
            Shape::Table(&LEARN),
            "Plan each wait from the times of earlier tasks; until then as scheduled.",
        ),
        optional("sharing", Shape::Kinds(&SHARING), "What its tasks share: their requests."),
        optional(
            "models",
            Shape::Named(&PACE, 0),
            "Schedules and limits of single models, whether the scenario has them or not.",
        ),
    ],
    rules: &[
        Rule::Without("preset", &["name", "schedule", "limit"]),
        Rule::AtMostOne(&["pool", "limiter", "learn", "sharing"]),
    ],
};

static PACE: Section = Section {
    name: "pace",
    about: "What differs for one model.",
    fields: &[
        optional("schedule", Shape::Kinds(&SCHEDULE), "When the next poll is due."),
        optional("limit", Shape::Kinds(&LIMIT), "When to give up."),
    ],
    rules: &[],
};

static LIMITER: Section = Section {
    name: "limiter",
    about: "A client's own limit on its requests, shared by all of its waits.",
    fields: &[
        required("max_in_flight", Shape::Count(1, u32::MAX as u64), "Requests in flight at once."),
        required("rate_per_s", Shape::Number(Range::Positive), "Requests per second."),
        required("burst", Shape::Count(1, u32::MAX as u64), "Requests that may be sent at once after a quiet time."),
    ],
    rules: &[],
};

static SHARING: Family = Family { name: "sharing", kinds: || SHARINGS, default: None, shorthand: None };

static SHARINGS: &[Section] = &[Section {
    name: "batch",
    about: "Tasks of a model that come one after another are submitted together, and one poll tells of all of them.",
    fields: &[
        with_default("size", Shape::Count(1, LARGEST_BATCH as u64), "50", "Most tasks of a batch."),
        with_default(
            "linger",
            Shape::Duration,
            "\"0s\"",
            "How long the first task waits for others; a full batch is submitted at once.",
        ),
    ],
    rules: &[],
}];

static LEARN: Section = Section {
    name: "learn",
    about: "How a strategy learns how long tasks take.",
    fields: &[with_default("window", Shape::Count(5, 100_000), "200", "Finished tasks of a model that it remembers.")],
    rules: &[],
};

static SCHEDULE: Family = Family { name: "schedule", kinds: || SCHEDULES, default: None, shorthand: None };

static SCHEDULES: &[Section] = &[
    Section {
        name: "fixed",
        about: "Equal gaps.",
        fields: &[
            with_default("first", Shape::Duration, "\"0s\"", "Wait before the first poll."),
            required("interval", Shape::PositiveDuration, "Gap after each poll."),
        ],
        rules: &[],
    },
    Section { name: "initial+fixed", about: "A first wait, then equal gaps.", fields: ADAPTIVE, rules: &[] },
    Section { name: "adaptive", about: "The same as `initial+fixed`.", fields: ADAPTIVE, rules: &[] },
    Section {
        name: "exponential",
        about: "A first wait, then gaps that grow by a factor up to a cap.",
        fields: &[
            with_default("first", Shape::Duration, "\"0s\"", "Wait before the first poll."),
            required("interval", Shape::PositiveDuration, "Gap after the first poll."),
            with_default("multiplier", Shape::Number(Range::FromOne), "1.5", "Growth of the gap."),
            required("cap", Shape::PositiveDuration, "Longest gap, at least `interval`."),
        ],
        rules: &[],
    },
    Section {
        name: "table",
        about: "Explicit instants; then the last gap repeats.",
        fields: &[required(
            "instants",
            Shape::Many(&Shape::Duration, 1),
            "Times since the start of the wait, strictly ascending.",
        )],
        rules: &[],
    },
    Section {
        name: "optimal",
        about: "The instants of least expected cost for the model's times, failures and queue included.",
        fields: PLANNED,
        rules: &[],
    },
    Section {
        name: "quantile",
        about: "Each poll when the same share of the unfinished tasks is done.",
        fields: &[
            COMPLETION,
            optional("p", Shape::Number(Range::Between(0.001, 0.999)), "That share; the best one where absent."),
        ],
        rules: &[],
    },
    Section {
        name: "keller",
        about: "Polls with a density proportional to the square root of the hazard rate (Keller).",
        fields: PLANNED,
        rules: &[],
    },
    Section {
        name: "half-mean",
        about: "Half of the mean, then the best equal gaps, as Linux's hybrid polling.",
        fields: PLANNED,
        rules: &[],
    },
    Section { name: "mean-fraction", about: "Every two thirds of the mean.", fields: PLANNED, rules: &[] },
];

/// What a planned schedule is planned for.
const COMPLETION: super::Field =
    optional("completion", Shape::Kinds(&DISTRIBUTION), "Plan for this distribution of times instead of the model's.");
const PLANNED: &[super::Field] = &[COMPLETION];

const ADAPTIVE: &[super::Field] = &[
    required("initial", Shape::Duration, "Wait before the first poll."),
    required("interval", Shape::PositiveDuration, "Gap after each poll."),
];

static LIMIT: Family = Family { name: "limit", kinds: || LIMITS, default: None, shorthand: None };

static LIMITS: &[Section] = &[
    Section { name: "none", about: "Never.", fields: &[], rules: &[] },
    Section {
        name: "attempts",
        about: "After this many polls and, as in the guide, one more wasted sleep.",
        fields: &[required("attempts", Shape::Count(1, u32::MAX as u64), "Polls.")],
        rules: &[],
    },
    Section {
        name: "sum-of-sleeps",
        about: "When the sleeps add up to this, as in the guide: neither request time nor the sleeps before network retries are counted, what a Retry-After adds is.",
        fields: &[required("max", Shape::PositiveDuration, "Sum of sleeps.")],
        rules: &[],
    },
    Section {
        name: "wall-clock",
        about: "At this time since the start of the wait, with one more poll there and none planned after it.",
        fields: &[required("deadline", Shape::PositiveDuration, "Time since the start of the wait.")],
        rules: &[],
    },
];

static RECOVERY: Family = Family { name: "recovery", kinds: || RECOVERIES, default: None, shorthand: None };

static RECOVERIES: &[Section] = &[
    Section {
        name: "propagate",
        about: "The wait ends with the error, as in the guide's basic code. Requests have no timeout.",
        fields: &[],
        rules: &[],
    },
    Section {
        name: "network-retry",
        about: "The guide's network retry, after 1, 2, 3 … steps. Requests have no timeout.",
        fields: &[
            with_default("retries", Shape::Count(0, u32::MAX as u64), "3", "Retries in one round."),
            with_default(
                "step",
                Shape::PositiveDuration,
                "\"1s\"",
                "Sleep before the first; the k-th is k times as long.",
            ),
        ],
        rules: &[],
    },
    Section {
        name: "tolerant",
        about: "Permanent errors end the wait, others are polled over.",
        fields: &[
            optional(
                "consecutive_failures",
                Shape::Count(1, u32::MAX as u64),
                "Failures in a row that end the wait; unlimited where absent.",
            ),
            with_default(
                "attempt_timeout",
                Shape::PositiveDuration,
                ATTEMPT_TIMEOUT_TEXT,
                "Longest time for one request.",
            ),
            with_default(
                "retry_after_floor",
                Shape::Duration,
                RETRY_AFTER_FLOOR_TEXT,
                "A shorter Retry-After is taken for this delay.",
            ),
            with_default(
                "retry_after_ceiling",
                Shape::Duration,
                RETRY_AFTER_CEILING_TEXT,
                "Longest Retry-After that is obeyed; at least the floor.",
            ),
        ],
        rules: &[],
    },
];
