//! The keys of distributions: those of the world's kinds, and of mixtures and observed times.

use super::{Family, Field, Range, Rule, Section, Shape, Wording, Words, optional, required};
use crate::observations::{Decimal, Unit};
use crate::world::distribution::{DistributionKind, DistributionParameter, KINDS, Quantity};
use std::sync::LazyLock;

/// What may be written instead of a table.
const SHORTHAND: &str =
    "a text: a duration such as \"3s\", or an expression such as \"lognormal(median=120s, sigma=0.5)\"";

/// A distribution of durations.
pub(crate) static DISTRIBUTION: Family =
    Family { name: "distribution", kinds: || &DISTRIBUTIONS, default: None, shorthand: Some(SHORTHAND) };

/// One part of a mixture: a distribution of durations with a weight.
static PART: Family = Family { name: "part", kinds: || &WEIGHTED, default: None, shorthand: None };

/// The file of a column of numbers.
pub(super) const FILE: Field = optional(
    "file",
    Shape::Text(Wording::Label),
    "File of a table (CSV with a header, or JSON Lines), relative to the scenario's folder; needs a `column`.",
);
/// Its column.
pub(super) const COLUMN: Field =
    optional("column", Shape::Text(Wording::Label), "Column of the file; required with `file`.");
/// The unit of its numbers.
pub(super) const UNIT: Field = optional(
    "unit",
    Shape::Word(Words::of(Unit::NAMES)),
    "Unit of the column's numbers; where absent, the one that the column's name ends in, as `cost_time_ms` does.",
);
/// Their decimal sign.
pub(super) const DECIMAL: Field = optional(
    "decimal",
    Shape::Word(Words::of(Decimal::NAMES)),
    "Decimal sign of the column's numbers; where absent, the one that they show.",
);

/// What is written at one of two keys, the second of which is [`FILE`]: that has a column, and only a file has what tells of it.
pub(super) const fn written_or_read(keys: &'static [&'static str]) -> [Rule; 5] {
    [
        Rule::ExactlyOne(keys),
        Rule::With("file", &["column"]),
        Rule::With("column", &["file"]),
        Rule::With("unit", &["file"]),
        Rule::With("decimal", &["file"]),
    ]
}

static PART_SHAPE: Shape = Shape::Kinds(&PART);
const PARTS: Field = required(
    "parts",
    Shape::Many(&PART_SHAPE, 1),
    "Distributions as tables, each with a `weight` beside its `kind`: a number above 0; weights need not sum to 1. As a text: `mixture(0.7*lognormal(median=60s, sigma=0.3), 0.3*180s)`.",
);
/// Observed times are written in one of two ways.
const OBSERVED: &[Rule] = &written_or_read(&["values", "file"]);
const VALUES: Field =
    optional("values", Shape::Many(&Shape::Duration, 1), "The observed times; required unless there is a `file`.");
static DISTRIBUTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| distributions(&[]));

static WEIGHTED: LazyLock<Vec<Section>> = LazyLock::new(|| {
    distributions(&[required(
        "weight",
        Shape::Number(Range::Positive),
        "Weight of this part; weights need not sum to 1.",
    )])
});

/// Every kind of distribution, each with the keys of `extra`.
fn distributions(extra: &[Field]) -> Vec<Section> {
    // This runs twice in a process, once for each table above, so what is leaked is bounded.
    let section = |kind: &DistributionKind| {
        let parameters: Vec<Field> = kind.parameters.iter().map(|parameter| field(parameter, required)).collect();
        let (own, rules): (&[Field], &[Rule]) = match kind.name {
            "mixture" => (&[PARTS], &[]),
            "empirical" => (&[VALUES, FILE, COLUMN, UNIT, DECIMAL], OBSERVED),
            _ => (&parameters, &[]),
        };
        let modifiers: Vec<Field> = kind.modifiers().map(|modifier| field(modifier, optional)).collect();
        let fields: Vec<Field> = extra.iter().chain(own).chain(&modifiers).copied().collect();
        Section { name: kind.name, about: kind.about, fields: fields.leak(), rules }
    };
    KINDS.iter().map(section).collect()
}

/// The key of a parameter.
fn field(parameter: &DistributionParameter, need: fn(&'static str, Shape, &'static str) -> Field) -> Field {
    let shape = match parameter.quantity {
        Quantity::Duration if parameter.range().0 > 0.0 => Shape::PositiveDuration,
        Quantity::Duration => Shape::Duration,
        Quantity::Number => {
            let (least, most) = parameter.range();
            Shape::Number(Range::Between(least, most))
        }
    };
    need(parameter.name, shape, parameter.about)
}
