//! One fault as JSON: `{"kind": "status", "code": 429, "retry_after": 20}`. Stubs and traces write what strikes a single
//! request like this; whole rules are written as in scenario files.

use super::act::Fault;
use super::header_text::HeaderText;
use super::kind::Kind;
use super::parameter::{Argument, Arguments, InvalidFault, Need, Parameter, Shape};
use crate::time::Micros;
use crate::world::distribution::Distribution;
use serde_json::{Map, Number, Value};

/// The fault in `fields`. Parameters that are absent count as their defaults; durations are texts such as `"3s"`, or
/// milliseconds under the parameter's name with `_ms`.
///
/// # Errors
///
/// See [`InvalidFault`].
///
/// ```
/// use pollbench::world::fault::{Kind, json};
/// let fields = serde_json::json!({ "kind": "connection-reset" });
/// assert_eq!(json::read(fields.as_object().unwrap()).map(|fault| fault.kind()), Ok(Kind::Reset));
/// ```
pub fn read(fields: &Map<String, Value>) -> Result<Fault, InvalidFault> {
    let name = match fields.get("kind") {
        Some(Value::String(name)) => name,
        Some(other) => return Err(InvalidFault::UnknownKind { kind: other.to_string(), known: Kind::known() }),
        None => return Err(InvalidFault::NoKind { known: Kind::known() }),
    };
    let unknown = || InvalidFault::UnknownKind { kind: name.clone(), known: Kind::known() };
    let kind = Kind::scripted(name).ok_or_else(unknown)?;
    let mut said = Arguments::default();
    for parameter in kind.parameters() {
        let in_ms = format!("{}_ms", parameter.name);
        let argument = match (fields.get(parameter.name), fields.get(&in_ms), parameter.need) {
            (Some(value), _, _) => Some(argument(kind, parameter, value)?),
            (None, Some(value), _) => Some(milliseconds(kind, parameter, value)?),
            (None, None, Need::Optional) => None,
            (None, None, Need::Default(literal) | Need::InRules(literal)) => {
                let value = serde_json::from_str(literal).unwrap_or(Value::Null);
                Some(argument(kind, parameter, &value)?)
            }
        };
        if let Some(argument) = argument {
            said.set(parameter.name, argument);
        }
    }
    // Scripts may have one form for all of their replies, so parameters of other kinds are no mistake.
    let of_some_kind = |key: &str| Kind::ALL.iter().any(|kind| takes(*kind, key));
    if let Some(key) = fields.keys().find(|key| *key != "kind" && !of_some_kind(key)) {
        let known: Vec<&str> = kind.parameters().iter().map(|parameter| parameter.name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(InvalidFault::UnknownParameter { kind: kind.name(), parameter: key.clone(), known });
    }
    Fault::new(kind, &said)
}

/// The fields of a fault that [`read`] makes the same again.
#[must_use]
pub fn write(fault: &Fault) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("kind".to_owned(), Value::from(fault.kind().name()));
    for (name, argument) in fault.arguments().iter() {
        fields.insert(name.to_owned(), value(argument));
    }
    fields
}

/// The value of an argument, as scenario files have it too.
#[must_use]
pub fn value(argument: &Argument) -> Value {
    match argument {
        Argument::Flag(flag) => Value::from(*flag),
        Argument::Whole(number) => Value::from(*number),
        Argument::Number(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Argument::Word(word) => Value::from(*word),
        Argument::Text(text) => Value::from(text.as_str()),
        Argument::Duration(_) | Argument::Distribution(_) => Value::from(argument.to_string()),
    }
}

impl Fault {
    /// The fault of `kind` whose parameters all have their defaults.
    ///
    /// # Panics
    ///
    /// Never: defaults are part of the kind.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        let fields = Map::from_iter([("kind".to_owned(), Value::from(kind.name()))]);
        // A test makes one of every kind.
        read(&fields).expect("a kind's own defaults are valid")
    }
}

/// Whether `kind` has a parameter that is written under this key.
fn takes(kind: Kind, key: &str) -> bool {
    kind.parameter(key).is_some() || key.strip_suffix("_ms").and_then(|bare| kind.parameter(bare)).is_some_and(is_time)
}

fn is_time(parameter: &Parameter) -> bool {
    match parameter.shape {
        Shape::Duration | Shape::Distribution => true,
        Shape::Flag
        | Shape::Whole(..)
        | Shape::Positive
        | Shape::Share
        | Shape::Word(_)
        | Shape::WordSecondsOrText(_) => false,
    }
}

fn argument(kind: Kind, parameter: &Parameter, value: &Value) -> Result<Argument, InvalidFault> {
    let text = || value.as_str().map(str::to_owned).or_else(|| value.as_bool().map(|flag| flag.to_string()));
    let word = |words: &[&'static str]| {
        let text = text()?;
        words.iter().copied().find(|word| *word == text).map(Argument::Word)
    };
    let read = match parameter.shape {
        Shape::Flag => value.as_bool().map(Argument::Flag),
        Shape::Whole(least, most) => {
            value.as_u64().filter(|number| (least..=most).contains(number)).map(Argument::Whole)
        }
        Shape::Positive => value.as_f64().filter(|number| *number > 0.0).map(Argument::Number),
        Shape::Word(words) => word(words),
        Shape::Share => value.as_f64().filter(|share| (0.0..=1.0).contains(share)).map(Argument::Number),
        Shape::WordSecondsOrText(words) => match value.as_u64() {
            Some(seconds) => u32::try_from(seconds).ok().map(|seconds| Argument::Whole(u64::from(seconds))),
            None => word(words).or_else(|| HeaderText::new(value.as_str()?).map(Argument::Text)),
        },
        Shape::Duration => value.as_str().and_then(|text| text.parse().ok()).map(Argument::Duration),
        Shape::Distribution => value.as_str().and_then(distribution).map(Argument::Distribution),
    };
    read.ok_or_else(|| wrong(kind, parameter, value))
}

/// A distribution as people write it: a duration is one that is always the same.
fn distribution(text: &str) -> Option<Distribution> {
    match text.parse::<Micros>() {
        Ok(duration) => Some(Distribution::constant(duration)),
        Err(_) => text.parse().ok(),
    }
}

fn milliseconds(kind: Kind, parameter: &Parameter, value: &Value) -> Result<Argument, InvalidFault> {
    let most = Micros::LONGEST.as_millis();
    let time = value.as_f64().filter(|ms| (0.0..=most).contains(ms)).map(|ms| Micros::from_f64(ms * 1e3));
    let time = time.ok_or_else(|| wrong(kind, parameter, value))?;
    match parameter.shape {
        Shape::Duration => Ok(Argument::Duration(time)),
        Shape::Distribution => Ok(Argument::Distribution(Distribution::constant(time))),
        Shape::Flag
        | Shape::Whole(..)
        | Shape::Positive
        | Shape::Share
        | Shape::Word(_)
        | Shape::WordSecondsOrText(_) => Err(wrong(kind, parameter, value)),
    }
}

fn wrong(kind: Kind, parameter: &Parameter, value: &Value) -> InvalidFault {
    InvalidFault::Value {
        kind: kind.name(),
        parameter: parameter.name,
        value: value.to_string(),
        wanted: parameter.shape.describe(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Promise: every kind can be written for a single request by its name alone, and comes back equal with all its
    /// parameters.
    #[test]
    fn every_kind_is_written_and_read_by_its_name() {
        for kind in Kind::ALL {
            let fields = Map::from_iter([("kind".to_owned(), Value::from(kind.name()))]);
            let fault = read(&fields).unwrap_or_else(|error| panic!("{}: {error}", kind.name()));
            assert_eq!(fault.kind(), *kind);
            assert_eq!(read(&write(&fault)), Ok(fault));
        }
    }

    /// Promise: what a parameter may hold, by its shape, makes a fault, and what it may not is told with its name.
    #[test]
    fn a_wrong_value_is_told_with_its_parameter() {
        for kind in Kind::ALL {
            for parameter in kind.parameters() {
                let wrong = match parameter.shape {
                    Shape::Flag => Value::from("perhaps"),
                    Shape::Whole(_, most) => Value::from(most + 1),
                    Shape::Positive => Value::from(0),
                    Shape::Share => Value::from(1.5),
                    Shape::Word(_) => Value::from("soon"),
                    Shape::WordSecondsOrText(_) => Value::from("two\nlines"),
                    Shape::Duration | Shape::Distribution => Value::from("three seconds"),
                };
                let name = || ("kind".to_owned(), Value::from(kind.name()));
                let fields = Map::from_iter([name(), (parameter.name.to_owned(), wrong)]);
                let told = read(&fields).expect_err(parameter.name).to_string();
                assert!(told.contains(parameter.name) && told.contains(kind.name()), "{told}");
            }
            let fields = Map::from_iter([("kind".to_owned(), kind.name().into()), ("colour".to_owned(), 3.into())]);
            assert!(matches!(read(&fields), Err(InvalidFault::UnknownParameter { .. })));
        }
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Promise: whatever stands there, reading it is a fault that comes back equal, or a typed error.
        #[test]
        fn any_fields_can_be_read(
            kind in prop::sample::select(Kind::ALL.to_vec()),
            fields in prop::collection::btree_map(
                prop::sample::select(vec!["code", "body", "retry_after", "retry_in", "retry_in_ms", "rate_per_s", "burst",
                    "by", "by_ms", "after", "task_exists", "takes_ms", "pieces", "bytes", "algorithm", "window", "per",
                    "errors", "latency_factor", "ramp", "servers", "service", "queue", "x"]),
                prop_oneof![any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from), Just(Value::Null),
                    "(true|json|zero|key|fixed-window|sliding-window|[0-9]{1,3}(ms|s|us)|\\PC{0,9})".prop_map(Value::from), any::<bool>().prop_map(Value::from)],
                0..4,
            )
        ) {
            let mut fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            fields.insert("kind".to_owned(), kind.name().into());
            if let Ok(fault) = read(&fields) {
                prop_assert_eq!(fault.kind(), kind);
                prop_assert_eq!(read(&write(&fault)), Ok(fault));
            }
        }
    }
}
