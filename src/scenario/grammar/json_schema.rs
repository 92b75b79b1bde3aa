//! The grammar as a JSON Schema (draft 2020-12), for editors.

use super::{Family, Field, LONGEST_FOLDER, Need, Range, Rule, SCENARIO, Section, Shape, Wording, Words};
use serde_json::{Map, Value, json};
use toml::de::DeValue;

/// The JSON Schema of scenario files.
pub(crate) fn json_schema() -> Value {
    let mut definitions = Definitions(Map::new());
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pollbench scenario",
    });
    merge(&mut schema, definitions.section(&SCENARIO, None));
    schema["$defs"] = Value::Object(definitions.0);
    schema
}

/// Families, each defined once, since distributions of durations hold each other.
struct Definitions(Map<String, Value>);

impl Definitions {
    /// An object with the keys of `section`, and its `kind` where it has one.
    fn section(&mut self, section: &'static Section, kind: Option<bool>) -> Value {
        let mut properties = Map::new();
        let mut required: Vec<&str> = Vec::new();
        if let Some(compulsory) = kind {
            properties.insert("kind".to_owned(), json!({ "const": section.name }));
            required.extend(compulsory.then_some("kind"));
        }
        for field in section.fields {
            properties.insert(field.name.to_owned(), self.field(field));
            if matches!(field.need, Need::Required) {
                required.push(field.name);
            }
        }
        let mut schema = json!({
            "type": "object",
            "description": sentence(section.about),
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        let rules: Vec<Value> = section.rules.iter().map(|rule| self::rule(*rule)).collect();
        if !rules.is_empty() {
            schema["allOf"] = Value::Array(rules);
        }
        schema
    }

    fn field(&mut self, field: &'static Field) -> Value {
        let mut schema = self.shape(&field.shape);
        schema["description"] = sentence(field.about).into();
        if let Need::Default(literal) = field.need {
            schema["default"] = default(literal);
        }
        schema
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        match shape {
            Shape::Duration => duration(),
            Shape::PositiveDuration => {
                let mut positive = duration();
                positive["allOf"] = json!([{ "pattern": "[1-9]" }]);
                positive
            }
            Shape::Number(range) => number(*range),
            Shape::Count(least, u64::MAX) => json!({ "type": "integer", "minimum": least }),
            Shape::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Shape::Exactly(number) => json!({ "const": number }),
            Shape::Text(wording) => text(*wording),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Word(words) => json!({ "enum": choices(words) }),
            Shape::WordCountOrText(words, most, _) => json!({ "anyOf": [
                { "enum": choices(words) },
                { "type": "integer", "minimum": 0, "maximum": most },
                { "type": "string", "pattern": "^[!-~]([ -~]{0,61}[!-~])?$" },
            ] }),
            Shape::Words(words) => {
                json!({ "anyOf": [{ "enum": words.allowed }, { "type": "array", "minItems": 1, "items": { "enum": words.allowed } }] })
            }
            Shape::Many(element, 0) => json!({ "type": "array", "items": self.shape(element) }),
            Shape::Many(element, least) => {
                json!({ "type": "array", "minItems": least, "items": self.shape(element) })
            }
            Shape::Table(section) => self.section(section, None),
            Shape::Named(section, least) => json!({
                "type": "object",
                "minProperties": least,
                "propertyNames": text(Wording::Label),
                "additionalProperties": self.section(section, None),
            }),
            Shape::Kinds(family) => self.family(family),
        }
    }

    /// A reference to the definition of `family`.
    fn family(&mut self, family: &'static Family) -> Value {
        if !self.0.contains_key(family.name) {
            // The name is taken first: what the kinds hold may lead back here.
            self.0.insert(family.name.to_owned(), Value::Null);
            let mut kinds: Vec<Value> = (family.kinds)()
                .iter()
                .map(|kind| self.section(kind, Some(family.default != Some(kind.name))))
                .collect();
            kinds.extend(family.shorthand.map(|shorthand| json!({ "type": "string", "description": shorthand })));
            self.0.insert(family.name.to_owned(), json!({ "oneOf": kinds }));
        }
        json!({ "$ref": format!("#/$defs/{}", family.name) })
    }
}

fn rule(rule: Rule) -> Value {
    let each = |keys: &[&str]| -> Vec<Value> { keys.iter().map(|key| json!({ "required": [key] })).collect() };
    match rule {
        Rule::ExactlyOne(keys) => json!({ "oneOf": each(keys) }),
        Rule::AtMostOne(keys) => {
            let pairs = keys
                .iter()
                .enumerate()
                .flat_map(|(at, one)| keys[at + 1..].iter().map(move |other| json!({ "required": [one, other] })));
            json!({ "not": { "anyOf": pairs.collect::<Vec<_>>() } })
        }
        Rule::With(key, needed) => json!({ "dependentRequired": { key: needed } }),
        Rule::Without(key, needed) => json!({ "anyOf": [{ "required": [key] }, { "required": needed }] }),
    }
}

fn number(range: Range) -> Value {
    match range {
        Range::Finite => json!({ "type": "number" }),
        Range::NonNegative => json!({ "type": "number", "minimum": 0 }),
        Range::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Range::FromOne => json!({ "type": "number", "minimum": 1 }),
        Range::Probability => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Range::Share => json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }),
        Range::Between(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
    }
}

/// Numbers with units, one after the other.
fn duration() -> Value {
    let number = r"(_*[0-9][0-9_]*(\.[0-9_]*)?|_*\._*[0-9][0-9_]*)";
    json!({
        "type": "string",
        "pattern": format!(r"^\s*({number}\s*(us|ms|s|m|h|d)\s*)+$"),
        "examples": ["3s", "250ms", "1m30s"],
    })
}

fn text(wording: Wording) -> Value {
    match wording {
        Wording::Free => json!({ "type": "string" }),
        // Something that is no space, no commas, no control characters.
        Wording::Label => json!({
            "type": "string",
            "pattern": r"^[^,\u0000-\u001f\u007f-\u009f]*$",
            "allOf": [{ "pattern": r"\S" }],
        }),
        Wording::Folder => json!({
            "type": "string",
            "maxLength": LONGEST_FOLDER,
            "pattern": r"^[^.,/\\:\u0000-\u001f\u007f-\u009f][^,/\\:\u0000-\u001f\u007f-\u009f]*$",
            "allOf": [{ "pattern": r"\S" }],
        }),
    }
}

/// The words, and the flags that may stand for the words `true` and `false`.
fn choices(words: &Words) -> Vec<Value> {
    let flags = words.allowed.iter().filter_map(|word| word.parse::<bool>().ok()).map(Value::from);
    words.allowed.iter().map(|word| json!(word)).chain(flags).collect()
}

/// A default, which the grammar writes in TOML, in JSON.
fn default(literal: &str) -> Value {
    json(DeValue::parse(literal).expect("defaults are TOML, as the tests below show").get_ref())
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(integer) => integer.as_str().parse::<u64>().map_or(Value::Null, Value::from),
        DeValue::Float(float) => float.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(values) => values.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect()
        }
    }
}

/// A description as a sentence, which those of other floors are not.
fn sentence(about: &str) -> String {
    let mut letters = about.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Adds the keys of `more` to the object `schema`.
fn merge(schema: &mut Value, more: Value) {
    if let (Value::Object(schema), Value::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_is_defined() {
        let schema = json_schema();
        let text = schema.to_string();
        for (_, reference) in
            text.match_indices("\"$ref\":\"#/$defs/").map(|(at, marker)| text.split_at(at + marker.len()))
        {
            let name = reference.split('"').next().unwrap_or_default();
            assert!(schema["$defs"][name]["oneOf"].is_array(), "{name}");
        }
        assert_eq!(schema["properties"]["horizon"]["default"], "30m");
        assert_eq!(schema["$defs"]["arrivals"]["oneOf"][0]["properties"]["rate_per_s"]["default"], 2.0);
    }
}
