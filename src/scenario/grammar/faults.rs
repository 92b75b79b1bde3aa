//! The keys of fault rules: which clauses a kind takes, and the shapes of its parameters.

use super::distributions::DISTRIBUTION;
use super::{Family, Field, Range, Rule, Section, Shape, Wording, Words, optional, required, with_default};
use crate::world::fault::{HeaderText, Kind, Need as FaultNeed, Parameter, Route, Shape as FaultShape, Striking};
use std::sync::LazyLock;

/// A fault rule.
pub(crate) static FAULTS: Family = Family { name: "fault", kinds: || &RULES, default: None, shorthand: None };

/// A rule is active in a window or in bursts, not both.
const ONE_TIME: &[Rule] = &[Rule::AtMostOne(&["during", "gilbert_elliott"])];

static RULES: LazyLock<Vec<Section>> = LazyLock::new(|| Kind::ALL.iter().copied().map(section).collect());

const PROBABILITY: Field =
    required("probability", Shape::Number(Range::Probability), "Probability per request while the rule is active.");
const BURST_PROBABILITY: Field =
    with_default("probability", Shape::Number(Range::Probability), "1.0", "Probability per request during a burst.");
const MODELS: Field =
    optional("models", Shape::Many(&Shape::Text(Wording::Label), 1), "Models that it applies to; all by default.");
const DURING: Field = optional("during", Shape::Table(&WINDOW), "Active in a window only, once or periodically.");
const AGE: Field = optional("age", Shape::Table(&AGE_INTERVAL), "Only for status requests of tasks of this age.");
const WINDOWED: Field = required("during", Shape::Table(&WINDOW), "Active in a window only, once or periodically.");
const BURSTS: Field =
    optional("gilbert_elliott", Shape::Table(&GILBERT_ELLIOTT), "Active in random bursts only, a process in time.");
const BURSTY: Field =
    required("gilbert_elliott", Shape::Table(&GILBERT_ELLIOTT), "Active in random bursts only, a process in time.");

static WINDOW: Section = Section {
    name: "during",
    about: "A stretch of time since the start of a replicate: {from, for} or {from, to}, and {every, for} for a periodic one.",
    fields: &[
        with_default("from", Shape::Duration, "\"0s\"", "Start of the first one."),
        optional("for", Shape::PositiveDuration, "Length; required unless there is a `to`."),
        optional("to", Shape::PositiveDuration, "End, instead of `for`; not with `every`."),
        optional("every", Shape::PositiveDuration, "Time from one start to the next, longer than the length."),
    ],
    rules: &[Rule::ExactlyOne(&["for", "to"]), Rule::AtMostOne(&["every", "to"])],
};

static AGE_INTERVAL: Section = Section {
    name: "age",
    about: "An interval of a task's age: from its start to before its end.",
    fields: &[
        with_default(
            "since",
            Shape::Word(Words::of(&["submit", "done"])),
            "\"submit\"",
            "What the age counts from: the task's creation, or its end.",
        ),
        with_default("from", Shape::Duration, "\"0s\"", "Youngest age."),
        optional("to", Shape::PositiveDuration, "End of the interval; without end where absent."),
    ],
    rules: &[],
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

/// The keys of a kind.
fn section(kind: Kind) -> Section {
    let (clauses, rules): (&[Field], &[Rule]) = match kind.striking() {
        Striking::Share if kind.may_look_at_age() => (&[PROBABILITY, DURING, BURSTS, AGE], ONE_TIME),
        Striking::Share | Striking::Slowdown => (&[PROBABILITY, DURING, BURSTS], ONE_TIME),
        Striking::Limit => (&[DURING, BURSTS], ONE_TIME),
        Striking::Window | Striking::Brownout => (&[WINDOWED], &[]),
        Striking::Bursts => (&[BURST_PROBABILITY, BURSTY], &[]),
    };
    let words: Vec<&'static str> = kind.routes().iter().map(|route| route.name()).collect();
    let route = optional("route", Shape::Words(Words::of(words.leak())), route_about(kind).leak());
    let parameters: Vec<Field> = kind.parameters().iter().map(field).collect();
    let fields: Vec<Field> = clauses.iter().chain(&[route, MODELS]).chain(&parameters).copied().collect();
    Section { name: kind.name(), about: kind.about(), fields: fields.leak(), rules }
}

/// The key of a parameter.
fn field(parameter: &Parameter) -> Field {
    let Parameter { name, about, .. } = *parameter;
    let shape = match parameter.shape {
        FaultShape::Flag => Shape::Flag,
        FaultShape::Whole(least, most) => Shape::Count(least, most),
        FaultShape::Positive => Shape::Number(Range::Positive),
        FaultShape::Word(words) => Shape::Word(Words::of(words)),
        FaultShape::Share => Shape::Number(Range::Probability),
        FaultShape::WordSecondsOrText(words) => {
            Shape::WordCountOrText(Words::of(words), u32::MAX as u64, |text| HeaderText::new(text).is_some())
        }
        FaultShape::Duration => Shape::Duration,
        FaultShape::Distribution => Shape::Kinds(&DISTRIBUTION),
    };
    match parameter.need {
        FaultNeed::InRules(_) => required(name, shape, about),
        FaultNeed::Optional => optional(name, shape, about),
        FaultNeed::Default(literal) => with_default(name, shape, literal, about),
    }
}

/// Tells which routes the kind may strike, and which it strikes by default.
fn route_about(kind: Kind) -> String {
    let names = |routes: &[Route], between| routes.iter().map(|route| route.name()).collect::<Vec<_>>().join(between);
    match kind.routes() {
        [only] => format!("Routes that it applies to: {} only.", only.name()),
        several => {
            let default = names(kind.default_routes(), " and ");
            format!("Routes that it applies to: {}, one or a list; {default} by default.", names(several, ", "))
        }
    }
}
