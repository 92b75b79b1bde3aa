//! The JSON Schema and the checker say the same of every file, as far as a schema can: both are made of the grammar.

use super::SCENARIO;
use super::json_schema::json_schema;
use crate::scenario::check::check;
use crate::scenario::shipped::SHIPPED;
use proptest::prelude::*;
use proptest::sample::Index;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};
use toml::de::DeTable;

static SCHEMA: LazyLock<Value> = LazyLock::new(json_schema);
/// Patterns are few, and slow to compile.
static PATTERNS: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());

/// Whether a schema accepts a value. Whole numbers with a point are none: TOML knows the difference.
fn accepts(schema: &Value, value: &Value) -> bool {
    let all = |list: &Value| list.as_array().expect("a list").iter().filter(|part| accepts(part, value)).count();
    let size = |list: &Value| list.as_array().map_or(0, Vec::len);
    let keys = |object: &Value, key: &Value| object.get(key.as_str().expect("a key")).is_some();
    let has_all = |wanted: &Value| wanted.as_array().expect("keys").iter().all(|key| keys(value, key));
    let at_least =
        |limit: &Value, number: Option<usize>| number.is_none_or(|n| n as u64 >= limit.as_u64().expect("a limit"));
    let bound = |limit: &Value, holds: fn(f64, f64) -> bool| {
        value.as_f64().is_none_or(|number| holds(number, limit.as_f64().expect("a limit")))
    };
    let object = schema.as_object().expect("a schema");
    object.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" | "default" | "examples" => true,
        "$ref" => {
            let pointer = rule.as_str().and_then(|path| path.strip_prefix('#')).expect("a reference in here");
            accepts(SCHEMA.pointer(pointer).expect("a definition"), value)
        }
        "type" => match rule.as_str().expect("a type") {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            other => panic!("the type `{other}`"),
        },
        "const" => value == rule,
        "enum" => rule.as_array().expect("values").contains(value),
        "required" => !value.is_object() || has_all(rule),
        "dependentRequired" => {
            rule.as_object().expect("keys").iter().all(|(key, needed)| value.get(key).is_none() || has_all(needed))
        }
        "properties" => rule
            .as_object()
            .expect("schemas")
            .iter()
            .all(|(key, schema)| value.get(key).is_none_or(|value| accepts(schema, value))),
        "additionalProperties" => value.as_object().is_none_or(|entries| {
            let known = |key: &str| object.get("properties").is_some_and(|known| known.get(key).is_some());
            let mut others = entries.iter().filter(|(key, _)| !known(key));
            if *rule == json!(false) { others.next().is_none() } else { others.all(|(_, value)| accepts(rule, value)) }
        }),
        "propertyNames" => value.as_object().is_none_or(|entries| entries.keys().all(|key| accepts(rule, &json!(key)))),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| accepts(rule, item))),
        "minItems" => at_least(rule, value.as_array().map(Vec::len)),
        "minProperties" => at_least(rule, value.as_object().map(Map::len)),
        "maxLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().expect("a length"))
        }
        "minLength" => at_least(rule, value.as_str().map(|text| text.chars().count())),
        "pattern" => value.as_str().is_none_or(|text| {
            let mut patterns = PATTERNS.lock().expect("no other test has failed");
            let pattern = rule.as_str().expect("a pattern").to_owned();
            let compiled = patterns.entry(pattern).or_insert_with_key(|text| Regex::new(text).expect("a pattern"));
            compiled.is_match(text)
        }),
        "minimum" => bound(rule, |x, limit| x >= limit),
        "maximum" => bound(rule, |x, limit| x <= limit),
        "exclusiveMinimum" => bound(rule, |x, limit| x > limit),
        "exclusiveMaximum" => bound(rule, |x, limit| x < limit),
        "allOf" => all(rule) == size(rule),
        "anyOf" => all(rule) > 0,
        "oneOf" => all(rule) == 1,
        "not" => !accepts(rule, value),
        other => panic!("the keyword `{other}`"),
    })
}

/// A value as TOML writes it in a line.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{} = {}", json!(key), toml(value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        // Words and numbers are the same in both.
        plain => plain.to_string(),
    }
}

/// Everything that the checker says of a document.
fn complaints(document: &Value) -> Vec<String> {
    let entries = document.as_object().expect("a document").iter();
    let text: String = entries.map(|(key, value)| format!("{} = {}\n", json!(key), toml(value))).collect();
    let table = DeTable::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut problems = Vec::new();
    check(&SCENARIO, &table, &mut problems);
    problems.into_iter().map(|problem| problem.message).collect()
}

/// Scenarios to begin with: those that are shipped, and one with every section.
static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let everything = include_str!("../../../tests/world/fuzz/corpus/scenario/everything.toml");
    let texts = SHIPPED.iter().map(|shipped| shipped.text).chain([everything]);
    texts.map(|text| ::toml::from_str(text).expect("TOML")).collect()
});

/// Keys that the schema knows anywhere, and values that it names.
static VOCABULARY: LazyLock<(Vec<String>, Vec<Value>)> = LazyLock::new(|| {
    let (mut keys, mut values) =
        (vec!["colour".to_owned(), String::new(), " ".to_owned(), "a,b".to_owned()], Vec::new());
    gather(&SCHEMA, &mut keys, &mut values);
    values.extend(DOCUMENTS.iter().cloned().flat_map(|document| match document {
        Value::Object(entries) => entries.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
        _ => Vec::new(),
    }));
    let strings = [
        "",
        " ",
        "x",
        "a,b",
        ".x",
        "a/b",
        "a:b",
        "é",
        "tab\tbed",
        "3s",
        "0s",
        "0.0s",
        "1m30s",
        " 1 m 30 s ",
        "1.s",
        ".5s",
        "1_000ms",
        "_1s",
        "1..2s",
        "3",
        "s",
        "-3s",
        "3S",
        "1m s",
        "lognormal(median=2m, sigma=0.5)",
    ];
    values.extend(strings.map(Value::from));
    values.extend([
        json!(0),
        json!(1),
        json!(2),
        json!(-1),
        json!(0.5),
        json!(1.5),
        json!(2.0),
        json!(-0.5),
        json!(100_001),
    ]);
    values.extend([
        json!(4_294_967_296_u64),
        json!(1e300),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!(["m"]),
    ]);
    (keys, values)
});

fn gather(schema: &Value, keys: &mut Vec<String>, values: &mut Vec<Value>) {
    match schema {
        Value::Object(entries) => {
            for (key, inner) in entries {
                match (key.as_str(), inner) {
                    ("properties", Value::Object(properties)) => keys.extend(properties.keys().cloned()),
                    ("enum", Value::Array(words)) => values.extend(words.iter().cloned()),
                    ("const", value) => values.push(value.clone()),
                    _ => {}
                }
                gather(inner, keys, values);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, keys, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One change somewhere in a document.
#[derive(Debug, Clone)]
enum Change {
    Remove,
    Put(Index),
    Add(Index, Index),
    Rename(Index),
    Repeat,
}

fn change() -> impl Strategy<Value = (Index, Change)> {
    let index = any::<Index>;
    let change = prop_oneof![
        Just(Change::Remove),
        index().prop_map(Change::Put),
        (index(), index()).prop_map(|(key, value)| Change::Add(key, value)),
        index().prop_map(Change::Rename),
        Just(Change::Repeat),
    ];
    (index(), change)
}

/// Paths to every value below the root.
fn paths(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut below = |key: String, inner: &Value| {
        path.push(key);
        found.push(path.clone());
        paths(inner, path, found);
        path.pop();
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, inner)| below(key.clone(), inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, inner)| below(at.to_string(), inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn changed(mut document: Value, (place, change): &(Index, Change)) -> Value {
    let mut found = Vec::new();
    paths(&document, &mut Vec::new(), &mut found);
    if found.is_empty() {
        return document;
    }
    let path = &found[place.index(found.len())];
    let (last, parents) = path.split_last().expect("below the root");
    let parent = parents.iter().fold(&mut document, |value, key| match value {
        Value::Array(items) => &mut items[key.parse::<usize>().expect("a place")],
        other => &mut other[key.as_str()],
    });
    let (keys, values) = &*VOCABULARY;
    let pick = |index: &Index| values[index.index(values.len())].clone();
    match (parent, change) {
        (Value::Object(entries), Change::Remove) => drop(entries.remove(last)),
        (Value::Object(entries), Change::Put(value)) => drop(entries.insert(last.clone(), pick(value))),
        (Value::Object(entries), Change::Add(key, value)) => {
            drop(entries.insert(keys[key.index(keys.len())].clone(), pick(value)));
        }
        (Value::Object(entries), Change::Rename(key)) => {
            let value = entries.remove(last).expect("it is there");
            entries.insert(keys[key.index(keys.len())].clone(), value);
        }
        (Value::Array(items), Change::Remove) => drop(items.remove(last.parse().expect("a place"))),
        (Value::Array(items), Change::Put(value)) => items[last.parse::<usize>().expect("a place")] = pick(value),
        (Value::Array(items), Change::Add(_, value)) => items.push(pick(value)),
        (Value::Array(items), Change::Rename(_) | Change::Repeat) => {
            items.push(items[last.parse::<usize>().expect("a place")].clone());
        }
        (_, _) => {}
    }
    document
}

#[test]
fn both_accept_what_is_shipped() {
    for document in DOCUMENTS.iter() {
        assert_eq!((complaints(document), accepts(&SCHEMA, document)), (Vec::new(), true), "{document}");
    }
}

proptest! {
    #![proptest_config(crate::soak::cases(1_000))]

    #[test]
    fn both_judge_alike(document in any::<Index>(), changes in prop::collection::vec(change(), 1..4)) {
        let document = changes.iter().fold(DOCUMENTS[document.index(DOCUMENTS.len())].clone(), changed);
        let complaints = complaints(&document);
        prop_assert_eq!(complaints.is_empty(), accepts(&SCHEMA, &document), "{:?}\n{}", complaints, document);
    }
}
