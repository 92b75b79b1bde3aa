//! The keys of fault rules: which clauses a kind takes, and the shapes of its parameters.

use super::distributions::DISTRIBUTION;
use super::{Family, Field, Range, Rule, Section, Shape, Wording, Words, optional, required, with_default};
use crate::world::fault::{FaultKind, KINDS, Stage};
use std::sync::LazyLock;

/// A fault rule.
pub(crate) static FAULTS: Family =
    Family { name: "fault", kinds: || &RULES, default: None, shorthand: None, planned: PLANNED };

/// Kinds that the design names and this version does not know.
const PLANNED: &[&str] = &[
    "refuse",
    "reset-mid-body",
    "close",
    "close-mid-body",
    "stall-mid-body",
    "slow-body",
    "idle-close",
    "transient-404",
    "expired",
    "redirect",
    "wrong-content-length",
    "code-in-200",
    "missing-data",
    "unknown-state",
    "bad-result-json",
    "empty-result",
    "fail-message-network",
    "state-regression",
    "task-mixup",
    "truncated-json",
    "huge-body",
    "reordered",
    "before-submit-reply",
    "malformed",
    "wrong-task",
    "receiver-refuses",
    "receiver-500",
    "receiver-slow",
    "receiver-down",
    "brownout",
    "latency-spike",
    "load-latency",
];

static RULES: LazyLock<Vec<Section>> = LazyLock::new(|| KINDS.iter().map(section).collect());

const PROBABILITY: Field = required(
    "probability",
    Shape::Number(Range::Probability),
    "Share of the requests that the rule strikes while it is active.",
);
const BURST_PROBABILITY: Field = with_default(
    "probability",
    Shape::Number(Range::Probability),
    "1.0",
    "Share of the requests that are struck during a burst.",
);
const MODELS: Field =
    optional("models", Shape::Many(&Shape::Text(Wording::Label), 1), "Models that it strikes; all where absent.");
const DURING: Field = optional("during", Shape::Table(&WINDOW), "Active in a window only, once or again and again.");
const WINDOWED: Field = required("during", Shape::Table(&WINDOW), "When it lasts, once or again and again.");
const BURSTS: Field =
    optional("gilbert_elliott", Shape::Table(&GILBERT_ELLIOTT), "Active in random bursts only, a process in time.");
const BURSTY: Field =
    required("gilbert_elliott", Shape::Table(&GILBERT_ELLIOTT), "The bursts: a two-state process in time.");

static WINDOW: Section = Section {
    name: "during",
    about: "A stretch of time since the start of a replicate: {from, for} or {from, to}, and {every, for} for one that returns.",
    fields: &[
        with_default("from", Shape::Duration, "\"0s\"", "Start of the first one."),
        optional("for", Shape::PositiveDuration, "Length."),
        optional("to", Shape::PositiveDuration, "End, instead of a length."),
        optional("every", Shape::PositiveDuration, "Time from one start to the next, longer than the length."),
    ],
    rules: &[Rule::ExactlyOne(&["for", "to"]), Rule::AtMostOne(&["every", "to"])],
};

static GILBERT_ELLIOTT: Section = Section {
    name: "gilbert_elliott",
    about: "Exponential stays in a good and in a bad state (Gilbert 1960, Elliott 1963); the rule is active in the bad one.",
    fields: &[
        required("bad_share", Shape::Number(Range::Share), "Long-run share of time in the bad state."),
        required("bad_mean", Shape::PositiveDuration, "Mean length of a stay in the bad state."),
    ],
    rules: &[],
};

/// The parameters that kinds name.
const PARAMETERS: &[Field] = &[
    with_default(
        "task_exists",
        Shape::Flag,
        "false",
        "On the submit route: whether the task exists although the submit failed.",
    ),
    with_default("code", Shape::Count(400, 599), "503", "HTTP status."),
    with_default("body", Shape::Word(Words::of(&["json", "html", "empty"])), "\"json\"", "What the answer holds."),
    with_default(
        "retry_after",
        Shape::Word(Words::of(&[
            "true",
            "seconds",
            "false",
            "absent",
            "zero",
            "http-date",
            "garbage",
            "huge",
            "too-short",
        ])),
        "\"absent\"",
        "What the answer's Retry-After says; true is an honest number of seconds.",
    ),
    with_default("retry_in", Shape::Duration, "\"1s\"", "The honest delay behind `retry_after`."),
    required("rate_per_s", Shape::Number(Range::Positive), "Tokens per second."),
    optional(
        "burst",
        Shape::Count(1, u32::MAX as u64),
        "Tokens that the full bucket holds; those of one second where absent.",
    ),
    with_default("by", Shape::Kinds(&DISTRIBUTION), "\"30s\"", "How much later a delivery comes."),
    with_default("after", Shape::Kinds(&DISTRIBUTION), "\"1s\"", "How long after the first the second one comes."),
];

/// The keys of a kind.
fn section(kind: &FaultKind) -> Section {
    let clauses: &[Field] = match (kind.stage, kind.name) {
        (_, "outage") => &[WINDOWED],
        (Stage::Weather, _) => &[BURST_PROBABILITY, BURSTY],
        (_, "rate-limit") => &[DURING, BURSTS],
        _ => &[PROBABILITY, DURING, BURSTS],
    };
    let words: Vec<&'static str> = kind.routes.iter().map(|route| route.name()).collect();
    let route = optional("route", Shape::Words(Words::of(words.leak())), route_about(kind).leak());
    let parameters = PARAMETERS.iter().filter(|field| kind.parameters.contains(&field.name));
    let fields: Vec<Field> = clauses.iter().chain(&[route, MODELS]).chain(parameters).copied().collect();
    let both = fields.iter().any(|field| field.name == "during") && fields.iter().any(|f| f.name == "gilbert_elliott");
    let rules: &[Rule] = if both { &[Rule::AtMostOne(&["during", "gilbert_elliott"])] } else { &[] };
    Section { name: kind.name, about: kind.about, fields: fields.leak(), rules }
}

/// Tells which routes the kind strikes unless told.
fn route_about(kind: &FaultKind) -> String {
    let names: Vec<_> = kind.routes[..kind.default_routes].iter().map(|route| route.name()).collect();
    format!("Exchanges that it strikes; {} where absent.", names.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_every_kind_has_a_shape() {
        for kind in KINDS {
            for parameter in kind.parameters {
                assert!(PARAMETERS.iter().any(|field| field.name == *parameter), "{}: {parameter}", kind.name);
            }
            assert!(!PLANNED.contains(&kind.name), "{} is no longer a plan", kind.name);
        }
    }
}
