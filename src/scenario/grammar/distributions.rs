//! The keys of distributions: those of the world's kinds, and of mixtures and observed times.

use super::{Family, Field, Range, Rule, Section, Shape, Wording, Words, optional, required, with_default};
use crate::world::distribution::{KINDS, Parameter, Quantity};
use std::sync::LazyLock;

/// What may be written instead of a table.
const SHORTHAND: &str =
    "a text: a duration such as \"3s\", or an expression such as \"lognormal(median=120s, sigma=0.5)\"";

/// A law of durations.
pub(crate) static DISTRIBUTION: Family =
    Family { name: "distribution", kinds: || &LAWS, default: None, shorthand: Some(SHORTHAND), planned: &[] };

/// One part of a mixture: a law of durations with a weight.
static PART: Family = Family { name: "part", kinds: || &WEIGHTED, default: None, shorthand: None, planned: &[] };

/// The file of a column of numbers.
pub(super) const FILE: Field =
    optional("file", Shape::Text(Wording::Label), "CSV file with a header, relative to the scenario's folder.");
/// Its column.
pub(super) const COLUMN: Field = optional("column", Shape::Text(Wording::Label), "Column of the file.");
/// The unit of its numbers.
pub(super) const UNIT: Field =
    with_default("unit", Shape::Word(Words::of(&["us", "ms", "s", "m"])), "\"ms\"", "Unit of the column's numbers.");

static PART_SHAPE: Shape = Shape::Kinds(&PART);
const PARTS: Field = required("parts", Shape::Many(&PART_SHAPE), "The laws and their weights.");
const VALUES: Field = optional("values", Shape::Many(&Shape::Duration), "The observed times.");
const BOUNDS: [Field; 3] = [
    optional("min", Shape::Duration, "Lower end of an exact truncation."),
    optional("max", Shape::Duration, "Upper end of an exact truncation."),
    optional("shift", Shape::Duration, "Added to every value."),
];

static LAWS: LazyLock<Vec<Section>> = LazyLock::new(|| laws(&[]));

static WEIGHTED: LazyLock<Vec<Section>> = LazyLock::new(|| {
    laws(&[required("weight", Shape::Number(Range::Positive), "Weight of this part; weights need not sum to 1.")])
});

/// Every kind of distribution, each with the keys of `extra`.
fn laws(extra: &[Field]) -> Vec<Section> {
    // The grammar is built twice in a process, once for each table above, so what is leaked is bounded.
    let section = |name, about, own: &[Field], rules| {
        let fields: Vec<Field> = extra.iter().chain(own).chain(&BOUNDS).copied().collect();
        Section { name, about, fields: fields.leak(), rules }
    };
    let world = KINDS.iter().filter(|kind| !matches!(kind.name, "mixture" | "empirical")).map(|kind| {
        let own: Vec<Field> = kind.parameters.iter().map(parameter).collect();
        section(kind.name, kind.about, &own, &[])
    });
    world
        .chain([
            section("mixture", "One of several laws, drawn by weight.", &[PARTS], &[]),
            section(
                "empirical",
                "Observed times, written here or in a column of a file.",
                &[VALUES, FILE, COLUMN, UNIT],
                &[Rule::ExactlyOne(&["values", "file"]), Rule::With("file", &["column"])],
            ),
        ])
        .collect()
}

/// The key of a parameter.
fn parameter(parameter: &Parameter) -> Field {
    let shape = match parameter.quantity {
        Quantity::Duration => Shape::Duration,
        Quantity::Number => Shape::Number(Range::Finite),
    };
    required(parameter.name, shape, parameter.about)
}
