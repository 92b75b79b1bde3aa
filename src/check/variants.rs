//! What a kind of fault can be told, as far as all correct clients make the same of it.

use crate::api::reply::{Payload, TaskState};
use crate::time::Micros;
use crate::world::fault::{Effect, Fault, Kind, Passage, Shape, Timescale, json};
use serde_json::{Map, Value};

/// Statuses that are drawn where a fault has one.
const STATUSES: [u64; 11] = [503, 500, 502, 504, 429, 404, 408, 425, 401, 403, 400];
/// Durations that are drawn where a fault has one.
const DURATIONS: [&str; 3] = ["1s", "5s", "20s"];
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
        if let Some(fault) = json::read(&fields).ok().filter(|fault| is_clear(fault) && !faults.contains(fault)) {
            faults.push(fault);
        }
    }
    faults
}

/// Whether every correct client makes the same of it, and the journal tells what. Some follow a redirect and some do not, some
/// read 20 MB and some stop, some compare ids; and of an answer that comes piece by piece the journal knows the start only.
fn is_clear(fault: &Fault) -> bool {
    match fault.on_request(Micros::ZERO, None, Timescale::SCENARIO) {
        Effect::Refused | Effect::Cut(_) | Effect::Late(_) | Effect::Truth | Effect::Passage(Passage::Half(_)) => true,
        Effect::Passage(Passage::Slow { .. } | Passage::Last | Passage::Understated | Passage::Padded(_)) => false,
        Effect::Answer(answer) => {
            let is_flawed = match answer.body.payload(TaskState::Success) {
                Payload::Flawed(..) => true,
                Payload::State(_) | Payload::NoData | Payload::NoState | Payload::NotJson => false,
            };
            !is_flawed && !(300..400).contains(&answer.status)
        }
    }
}

fn choices(shape: Shape) -> Vec<Value> {
    match shape {
        // Flags are about submits, laws and rates about more than one request.
        Shape::Flag | Shape::Positive | Shape::Share | Shape::Law => Vec::new(),
        Shape::Whole(least, most) => {
            let statuses = STATUSES.into_iter().filter(|status| (least..=most).contains(status));
            statuses.map(Value::from).collect()
        }
        Shape::Word(words) => words.iter().map(|word| Value::from(*word)).collect(),
        Shape::WordSecondsOrText(words) => {
            words.iter().map(|word| Value::from(*word)).chain([Value::from(SECONDS)]).collect()
        }
        Shape::Duration => DURATIONS.map(Value::from).into(),
    }
}
