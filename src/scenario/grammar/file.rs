//! The keys of the file itself, its arrivals, network, models, report and gates.

use super::distributions::DISTRIBUTION;
use super::faults::FAULTS;
use super::strategies::STRATEGY;
use super::{Family, Range, Rule, Section, Shape, Wording, Words, optional, required, with_default};
use crate::scenario::gates::{METRIC_NAMES, STAT_NAMES};

/// The whole file.
pub(crate) static SCENARIO: Section = Section {
    name: "scenario",
    about: "A pollbench scenario: which tasks, faults and strategies meet.",
    fields: &[
        required("schema_version", Shape::Exactly(1), "Version of the file format."),
        required("name", Shape::Text(Wording::Folder), "Name, also of the report's folder."),
        with_default("description", Shape::Text(Wording::Free), "\"\"", "One sentence."),
        with_default("seed", Shape::Count(0, u64::MAX), "42", "Random seed."),
        with_default("tasks", Shape::Count(1, u64::MAX), "500", "Tasks per model and replicate."),
        with_default(
            "replicates",
            Shape::Count(1, 100_000),
            "20",
            "Independent repetitions: the unit of resampling where tasks interact.",
        ),
        with_default("horizon", Shape::PositiveDuration, "\"30m\"", "A wait that is still open then counts as a hang."),
        with_default(
            "arrivals",
            Shape::Kinds(&ARRIVALS),
            "{ kind = \"poisson\" }",
            "When tasks are submitted; open, never delayed by slow replies.",
        ),
        with_default("network", Shape::Table(&NETWORK), "{}", "Round-trip times."),
        optional("webhook", Shape::Table(&WEBHOOK), "Latency of webhook deliveries."),
        with_default("submit", Shape::Table(&SUBMIT), "{}", "What happens to submits that fail."),
        required("models", Shape::Named(&MODEL, 1), "Models by name, at least one."),
        with_default("faults", Shape::Many(&Shape::Kinds(&FAULTS), 0), "[]", "What goes wrong, in order."),
        required("strategies", Shape::Many(&Shape::Table(&STRATEGY), 1), "Strategies to compare, at least one."),
        with_default("report", Shape::Table(&REPORT), "{}", "Baseline and costs of the report."),
        with_default("gates", Shape::Many(&Shape::Table(&GATE), 0), "[]", "Bounds that the results must keep."),
    ],
    rules: &[],
};

/// Whether this key of the file holds a list.
pub(crate) fn is_list(key: &str) -> bool {
    let field = SCENARIO.fields.iter().find(|field| field.name == key);
    field.is_some_and(|field| matches!(field.shape, Shape::Many(..)))
}

static ARRIVALS: Family =
    Family { name: "arrivals", kinds: || ARRIVAL_KINDS, default: Some("poisson"), shorthand: None };

static ARRIVAL_KINDS: &[Section] = &[
    Section {
        name: "poisson",
        about: "Independent exponential gaps.",
        fields: &[with_default(
            "rate_per_s",
            Shape::Number(Range::Positive),
            "2.0",
            "Mean arrivals per second of one model.",
        )],
        rules: &[],
    },
    Section {
        name: "constant",
        about: "Equal gaps.",
        fields: &[with_default(
            "rate_per_s",
            Shape::Number(Range::Positive),
            "2.0",
            "Arrivals per second of one model.",
        )],
        rules: &[],
    },
    Section { name: "burst", about: "All tasks at once.", fields: &[], rules: &[] },
    Section {
        name: "trace",
        about: "Recorded instants since the start, ascending; past the end the trace starts over.",
        fields: &[
            optional("at", Shape::Many(&Shape::Duration, 1), "The instants; required unless there is a `file`."),
            super::distributions::FILE,
            super::distributions::COLUMN,
            super::distributions::UNIT,
            super::distributions::DECIMAL,
        ],
        rules: &super::distributions::written_or_read(&["at", "file"]),
    },
];

static NETWORK: Section = Section {
    name: "network",
    about: "Round-trip times.",
    fields: &[
        with_default("rtt", Shape::Kinds(&DISTRIBUTION), "\"0s\"", "Round trip of a request."),
        with_default(
            "up_share",
            Shape::Number(Range::Probability),
            "0.5",
            "Share of the round trip that is the way to the server; the task's state is read on arrival.",
        ),
    ],
    rules: &[],
};

static WEBHOOK: Section = Section {
    name: "webhook",
    about: "Latency of webhook deliveries.",
    fields: &[optional("latency", Shape::Kinds(&DISTRIBUTION), "Latency of a delivery; the downlink where absent.")],
    rules: &[],
};

static SUBMIT: Section = Section {
    name: "submit",
    about: "What happens to submits that fail.",
    fields: &[
        with_default("retries", Shape::Count(0, 100), "0", "Retries of a failed submit."),
        with_default("retry_delay", Shape::Duration, "\"1s\"", "Pause before each."),
        with_default(
            "attempt_timeout",
            Shape::PositiveDuration,
            "\"60s\"",
            "Time after which a submit without an answer has failed.",
        ),
    ],
    rules: &[],
};

static MODEL: Section = Section {
    name: "model",
    about: "How long a model's tasks take and how they end.",
    fields: &[
        required("completion", Shape::Kinds(&DISTRIBUTION), "Processing time of a task that succeeds."),
        optional("pending", Shape::Kinds(&DISTRIBUTION), "Time a task is queued before it is processed."),
        optional("failure", Shape::Table(&FAILURE), "How tasks fail; none do where absent."),
        with_default(
            "stuck_probability",
            Shape::Number(Range::Probability),
            "0.0",
            "Share of tasks that never end; with the failing share at most 1.",
        ),
        optional(
            "workers",
            Shape::Count(1, 1_000_000),
            "Tasks that are processed at once, first come first served; unlimited where absent. Couples tasks.",
        ),
        optional(
            "result",
            Shape::Word(Words::of(&["image", "video", "audio"])),
            "What it makes, for the files of the mock server; derived from its name by default.",
        ),
        optional("results", Shape::Count(1, 10), "Files of one task; 2 of audio and 1 of others where absent."),
    ],
    rules: &[],
};

static FAILURE: Section = Section {
    name: "failure",
    about: "How a model's tasks fail.",
    fields: &[
        required("probability", Shape::Number(Range::Probability), "Share of all tasks that fail."),
        with_default("code", Shape::Text(Wording::Free), "\"GENERATION_FAILED\"", "The API's error code."),
        with_default("message", Shape::Text(Wording::Free), "\"generation failed\"", "The API's error message."),
        optional(
            "after",
            Shape::Kinds(&DISTRIBUTION),
            "Time from the start of processing to the failure; the model's completion times where absent.",
        ),
    ],
    rules: &[],
};

static REPORT: Section = Section {
    name: "report",
    about: "Baseline and costs of the report.",
    fields: &[
        optional(
            "baseline",
            Shape::Text(Wording::Label),
            "Strategy that others are compared with: one of the file's, or a preset; the first where absent.",
        ),
        with_default("poll_cost", Shape::Number(Range::NonNegative), "1.0", "Cost of one poll."),
        with_default(
            "delay_cost_per_s",
            Shape::Number(Range::NonNegative),
            "0.1",
            "Cost of a second of detection delay.",
        ),
    ],
    rules: &[],
};

static GATE: Section = Section {
    name: "gate",
    about: "A bound on a metric, in each cell that it matches.",
    fields: &[
        required("metric", Shape::Word(Words::of(&METRIC_NAMES)), "Name of the metric."),
        optional("stat", Shape::Word(Words::of(&STAT_NAMES)), "Statistic of the metric; its first one where absent."),
        optional("strategy", Shape::Text(Wording::Label), "Only cells of this strategy."),
        optional("model", Shape::Text(Wording::Label), "Only cells of this model."),
        optional("min", Shape::Number(Range::Finite), "Least value that passes; a gate has this or `max`."),
        optional("max", Shape::Number(Range::Finite), "Greatest value that passes; a gate has this or `min`."),
    ],
    rules: &[Rule::ExactlyOne(&["min", "max"])],
};
