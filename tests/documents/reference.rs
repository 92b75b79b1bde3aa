//! `docs/scenario-reference.md` is what the schema says: `UPDATE_DOCS=1 cargo test --test documents reference` writes it again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const INTRODUCTION: &str = "\
# Scenario reference

Every key of a scenario file. This page is written from the schema that `pollbench schema` prints, by
`UPDATE_DOCS=1 cargo test --test documents reference`; [Scenarios](scenarios.md) explains how the keys go together.

*Duration* is a text such as `\"250ms\"`, `\"3s\"` or `\"1m30s\"`. *Distribution* is a duration, an expression such as
`\"lognormal(median=120s, sigma=0.5)\"`, or a table as below. Keys marked *required* must be there.
";

/// What a definition is called on the page, and in which order definitions come.
const FAMILIES: &[(&str, &str)] = &[
    ("arrivals", "Arrivals"),
    ("distribution", "Distributions"),
    ("schedule", "Schedules"),
    ("limit", "Limits"),
    ("recovery", "Recovery"),
    ("sharing", "Sharing"),
    ("fault", "Faults"),
];

/// Keys that each kind of fault has alike, told once.
const OF_RULES: &[&str] = &["probability", "route", "models", "during", "gilbert_elliott", "age"];

/// Keys that each distribution has alike.
const OF_DISTRIBUTIONS: &[&str] = &["min", "max", "shift", "scale"];

fn schema() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_pollbench")).arg("schema").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn page(schema: &Value) -> String {
    let mut page = INTRODUCTION.to_owned();
    page += "\n## The file\n";
    table(&mut page, schema, &Map::new());
    tables_below(&mut page, schema, "", 3);
    for (family, title) in FAMILIES {
        let kinds: Vec<&Value> = schema["$defs"][family]["oneOf"].as_array().unwrap().iter().collect();
        let _ = write!(page, "\n## {title}\n");
        let common = match *family {
            "fault" => OF_RULES,
            "distribution" => OF_DISTRIBUTIONS,
            _ => &[],
        };
        let common = common_keys(&mut page, &kinds, common);
        for kind in kinds.iter().filter(|kind| kind["type"] == "object") {
            let _ =
                write!(page, "\n### `{}`\n\n{}\n", kind["properties"]["kind"]["const"].as_str().unwrap(), text(kind));
            if let Some(routes) = kind["properties"].get("route").filter(|_| *family == "fault") {
                let _ = write!(page, "\n{}\n", text(routes));
            }
            table(&mut page, kind, &common);
        }
    }
    page
}

/// Writes the keys of `common` as the first kind that has each tells them, and gives them back.
fn common_keys(page: &mut String, kinds: &[&Value], common: &[&str]) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in common {
        let found = kinds.iter().find_map(|kind| kind["properties"].get(key));
        properties.insert((*key).to_owned(), found.unwrap_or_else(|| panic!("no kind has `{key}`")).clone());
    }
    if !properties.is_empty() {
        page.push_str("\nWhere a kind takes them, these mean the same in each; a kind that requires one says so:\n");
        let section = Value::Object(Map::from_iter([("properties".to_owned(), Value::Object(properties.clone()))]));
        table(page, &section, &Map::new());
        tables_below(page, &section, "", 4);
    }
    properties
}

/// The keys of a section, but for its kind and what `told` has word for word, unless it is required here.
fn table(page: &mut String, section: &Value, told: &Map<String, Value>) {
    let properties = section["properties"].as_object().unwrap();
    let required: Vec<&str> =
        section["required"].as_array().map(|keys| keys.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let is_new = |key: &String, field: &Value| {
        told.get(key) != Some(field) && (key != "route" || told.is_empty()) || required.contains(&key.as_str())
    };
    let rows: Vec<_> = properties.iter().filter(|(key, field)| *key != "kind" && is_new(key, field)).collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("\n| key | holds | default | meaning |\n|:--|:--|:--|:--|\n");
    for (key, field) in rows {
        let default = if required.contains(&key.as_str()) { "*required*".to_owned() } else { default_of(field) };
        let _ = writeln!(page, "| `{key}` | {} | {default} | {} |", kind_of(field), text(field).replace('|', "\\|"));
    }
}

/// Tables that stand inside of a section, each with its keys.
fn tables_below(page: &mut String, section: &Value, path: &str, level: usize) {
    for (key, field) in section["properties"].as_object().unwrap() {
        let (inner, path) = match (field.get("items"), field["additionalProperties"].as_object()) {
            (Some(items), _) => (items.clone(), format!("{path}{key}[]")),
            (None, Some(named)) => (Value::Object(named.clone()), format!("{path}{key}.NAME")),
            (None, None) => (field.clone(), format!("{path}{key}")),
        };
        if inner.get("properties").is_none() {
            continue;
        }
        let _ = write!(page, "\n{} `{path}`\n\n{}\n", "#".repeat(level), text(&inner));
        table(page, &inner, &Map::new());
        tables_below(page, &inner, &format!("{path}."), level);
    }
}

fn text(field: &Value) -> &str {
    field["description"].as_str().unwrap_or_default()
}

fn default_of(field: &Value) -> String {
    match field.get("default") {
        None => "–".to_owned(),
        Some(Value::Object(fields)) if fields.is_empty() => "–".to_owned(),
        Some(Value::Object(fields)) => {
            format!("`{}`", fields.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Some(value) => format!("`{value}`"),
    }
}

/// What a field holds, in words.
fn kind_of(field: &Value) -> String {
    let words = |values: &Value| {
        let values = values.as_array().unwrap().iter().filter(|value| value.is_string() || value.is_boolean());
        let mut words: Vec<String> = Vec::new();
        for value in values {
            let word = format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            // A flag may stand for the word that it reads like.
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(", ")
    };
    if let Some(target) = field["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/")) {
        return match FAMILIES.iter().find(|(family, _)| *family == target) {
            Some((family, title)) => format!("[{family}](#{})", title.to_lowercase()),
            None if target == "part" => "[distribution](#distributions) with a `weight`".to_owned(),
            None => target.to_owned(),
        };
    }
    if let Some(exactly) = field.get("const") {
        return format!("`{exactly}`");
    }
    if let Some(values) = field.get("enum") {
        return words(values);
    }
    if let Some(choices) = field["anyOf"].as_array() {
        let choices: Vec<_> = choices.iter().map(kind_of).collect();
        return choices.join("; or ");
    }
    let number = |key: &str| field.get(key).map(ToString::to_string);
    match field["type"].as_str() {
        Some("string") if field.get("examples").is_some() => "duration".to_owned(),
        Some("string") => "text".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("array") => format!("list of {}", kind_of(&field["items"])),
        Some("object") => "table".to_owned(),
        Some(kind @ ("integer" | "number")) => {
            let kind = if kind == "integer" { "whole number" } else { "number" };
            match (number("minimum"), number("exclusiveMinimum"), number("maximum"), number("exclusiveMaximum")) {
                (Some(low), _, Some(high), _) => format!("{kind}, {low} to {high}"),
                (Some(low), ..) => format!("{kind}, at least {low}"),
                (_, Some(low), Some(high), _) => format!("{kind}, above {low}, at most {high}"),
                (_, Some(low), _, Some(high)) => format!("{kind}, between {low} and {high}"),
                (_, Some(low), ..) => format!("{kind}, above {low}"),
                _ => kind.to_owned(),
            }
        }
        _ => "any".to_owned(),
    }
}

#[test]
fn the_scenario_reference_is_what_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario-reference.md");
    let wanted = page(&schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = wanted.lines().zip(written.lines()).find(|(wanted, written)| wanted != written);
    assert!(
        written == wanted,
        "{} is out of date, run UPDATE_DOCS=1 cargo test --test documents reference; {differs:?}",
        path.display()
    );
}
