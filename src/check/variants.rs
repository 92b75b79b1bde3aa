//! What a kind of fault can be told.

use crate::world::fault::{Fault, Kind, Shape, json};
use serde_json::{Map, Value};

/// Statuses that are drawn where a fault has one.
const STATUSES: [u64; 11] = [503, 500, 502, 504, 429, 404, 408, 425, 401, 403, 400];
/// Durations that are drawn where a fault has one.
const DURATIONS: [&str; 3] = ["1s", "5s", "20s"];
/// Codes of redirects, which are other numbers.
const REDIRECTS: [u64; 2] = [302, 307];
/// Seconds that are drawn where a fault takes a word or seconds.
const SECONDS: u64 = 7;

/// A kind with all that can be told to it, one or two parameters at a time; its plain form first. What the owner of faults
/// gives it later is drawn too.
pub(super) fn variants(kind: Kind) -> Vec<Fault> {
    let choices: Vec<(&str, Vec<Value>)> = kind
        .parameters()
        .iter()
        .map(|parameter| (parameter.name, choices(parameter.shape)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let mut forms = vec![Vec::new()];
    for (at, (name, values)) in choices.iter().enumerate() {
        forms.extend(values.iter().map(|value| vec![(*name, value)]));
        for (other, others) in &choices[..at] {
            forms.extend(values.iter().flat_map(|value| others.iter().map(move |o| vec![(*other, o), (*name, value)])));
        }
    }
    let mut faults: Vec<Fault> = Vec::new();
    for form in forms {
        let mut fields = Map::from_iter([("kind".to_owned(), Value::from(kind.name()))]);
        fields.extend(form.into_iter().map(|(name, value)| (name.to_owned(), value.clone())));
        // Not everything goes together.
        if let Some(fault) = json::read(&fields).ok().filter(|fault| !faults.contains(fault)) {
            faults.push(fault);
        }
    }
    faults
}

fn choices(shape: Shape) -> Vec<Value> {
    match shape {
        // Flags are about submits, distributions and rates about more than one request.
        Shape::Flag | Shape::Positive | Shape::Share | Shape::Distribution => Vec::new(),
        Shape::Whole(least, most) => {
            let statuses = STATUSES.into_iter().chain(REDIRECTS).filter(|status| (least..=most).contains(status));
            statuses.map(Value::from).collect()
        }
        Shape::Word(words) => words.iter().map(|word| Value::from(*word)).collect(),
        Shape::WordSecondsOrText(words) => {
            words.iter().map(|word| Value::from(*word)).chain([Value::from(SECONDS)]).collect()
        }
        Shape::Duration => DURATIONS.map(Value::from).into(),
    }
}
