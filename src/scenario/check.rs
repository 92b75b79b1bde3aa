//! Holds a parsed file against the grammar: every key known, every value of its shape, nothing required missing.

use super::checked::{Named, Node, Table, Value};
use super::error::Problem;
use super::grammar::{self, Family, Field, Need, Rule, Section, Shape, Wording, Words};
use crate::suggest;
use crate::time::Micros;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

/// Checks `document` as a table of `section`; what is wrong goes to `problems`.
pub(super) fn check(section: &'static Section, document: &Spanned<DeTable<'_>>, problems: &mut Vec<Problem>) -> Table {
    Checker { problems, place: None }.table(section, document.span(), document.get_ref())
}

struct Checker<'p> {
    problems: &'p mut Vec<Problem>,
    /// Where defaults are, while one is checked: they have no place of their own.
    place: Option<Range<usize>>,
}

impl Checker<'_> {
    fn table(&mut self, section: &'static Section, span: Range<usize>, raw: &DeTable<'_>) -> Table {
        self.unknown(section, None, raw);
        self.fields(section, span, raw)
    }

    /// Tells of keys that `section` does not have, a kind of `family` where there is one.
    fn unknown(&mut self, section: &Section, family: Option<&Family>, raw: &DeTable<'_>) {
        let known = |name: &str| section.fields.iter().any(|field| field.name == name);
        let place = family.map_or_else(String::new, |family| format!(" for {} kind `{}`", family.name, section.name));
        for (key, _) in sorted(raw) {
            let name = key.get_ref().as_ref();
            if !known(name) && (family.is_none() || name != "kind") {
                let allowed = section.fields.iter().map(|field| field.name);
                self.report(key.span(), format!("unknown key `{name}`{place}"), suggest::help(name, allowed));
            }
        }
    }

    /// Checks the keys of `section`; those of `raw` that it does not list are none of its business.
    fn fields(&mut self, section: &'static Section, span: Range<usize>, raw: &DeTable<'_>) -> Table {
        let span = self.place.clone().unwrap_or(span);
        let mut entries = Vec::new();
        for field in section.fields {
            match (raw.get(field.name), field.need) {
                (Some(value), _) => entries.push((field.name, self.value(field.name, &field.shape, value))),
                (None, Need::Optional) => {}
                (None, Need::Required) => {
                    self.missing(&span, field);
                    entries.push((field.name, None));
                }
                (None, Need::Default(literal)) => entries.push((field.name, self.default(&span, field, literal))),
            }
        }
        // All rules are held against the table, so that all problems are told.
        let broken = section.rules.iter().filter(|rule| !self.rule(**rule, &span, raw)).count();
        Table { span, section, entries, coherent: broken == 0 }
    }

    fn default(&mut self, span: &Range<usize>, field: &Field, literal: &str) -> Option<Node> {
        let value = DeValue::parse(literal).expect("defaults are TOML, as printing the schema in tests shows");
        let outer = self.place.replace(span.clone());
        let node = self.value(field.name, &field.shape, &value);
        self.place = outer;
        node
    }

    /// Checks what holds between keys.
    fn rule(&mut self, rule: Rule, span: &Range<usize>, raw: &DeTable<'_>) -> bool {
        let written = |keys: &[&'static str], yes: bool| -> Vec<&'static str> {
            keys.iter().copied().filter(|key| raw.contains_key(*key) == yes).collect()
        };
        let (place, message) = match rule {
            Rule::AtMostOne(keys) | Rule::ExactlyOne(keys) => match &written(keys, true)[..] {
                [first, second, ..] => {
                    let place = raw.get(*second).map_or_else(|| span.clone(), Spanned::span);
                    (place, format!("`{first}` and `{second}` exclude each other"))
                }
                [] if matches!(rule, Rule::ExactlyOne(_)) => {
                    (span.clone(), format!("one of {} is required", quoted(keys, " and ")))
                }
                [] | [_] => return true,
            },
            Rule::With(key, needed) => match (raw.contains_key(key), &written(needed, false)[..]) {
                (false, _) | (true, []) => return true,
                (true, absent) => (span.clone(), format!("`{key}` needs {} beside it", quoted(absent, " and "))),
            },
            Rule::Without(key, needed) => match (raw.contains_key(key), &written(needed, false)[..]) {
                (true, _) | (false, []) => return true,
                (false, absent) => {
                    (span.clone(), format!("without `{key}`, {} must be written", quoted(absent, " and ")))
                }
            },
        };
        self.problems.push(Problem::new(place, message));
        false
    }

    fn value(&mut self, key: &str, shape: &Shape, raw: &Spanned<DeValue<'_>>) -> Option<Node> {
        let span = self.place.clone().unwrap_or_else(|| raw.span());
        let value = match (shape, raw.get_ref()) {
            (Shape::Duration | Shape::PositiveDuration, value) => self.duration(key, shape, &span, value),
            (Shape::Number(range), DeValue::Integer(_) | DeValue::Float(_)) => {
                let number = number(raw.get_ref());
                range.contains(number).then_some(Value::Number(number)).or_else(|| {
                    let percent = *range == grammar::Range::Probability && (1.0..=100.0).contains(&number);
                    let help = percent.then(|| format!("a percentage? {number} % is written {}", number / 100.0));
                    self.mismatch(key, shape, &span, shown(raw.get_ref()), help)
                })
            }
            (Shape::Count(least, most), DeValue::Integer(integer)) => {
                let count = whole(integer).filter(|count| (least..=most).contains(&count));
                let is_huge = whole(integer).is_none() && !integer.as_str().starts_with('-');
                let help = is_huge.then(|| format!("the greatest whole number is {}", i64::MAX));
                count.map(Value::Count).or_else(|| self.mismatch(key, shape, &span, shown(raw.get_ref()), help))
            }
            (Shape::Exactly(number), DeValue::Integer(integer)) if whole(integer) == Some(*number) => {
                Some(Value::Count(*number))
            }
            (Shape::Text(wording), DeValue::String(text)) if wording.admits(text) => {
                Some(Value::Text(text.to_string()))
            }
            (Shape::Flag, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
            (Shape::Word(words), DeValue::String(text)) => self.word(key, words, &span, text).map(Value::Text),
            (Shape::Word(words), DeValue::Boolean(flag)) if words.allowed.contains(&flag.to_string().as_str()) => {
                Some(Value::Text(flag.to_string()))
            }
            (Shape::WordCountOrText(_, most, _), DeValue::Integer(integer)) => {
                let count = whole(integer).filter(|count| count <= most);
                count.map(Value::Count).or_else(|| self.mismatch(key, shape, &span, shown(raw.get_ref()), None))
            }
            (Shape::WordCountOrText(words, ..), DeValue::Boolean(_)) => {
                return self.value(key, &Shape::Word(*words), raw);
            }
            (Shape::WordCountOrText(words, _, admits), DeValue::String(text))
                if words.allowed.contains(&&**text) || admits(text) =>
            {
                Some(Value::Text(text.to_string()))
            }
            (Shape::Words(words), DeValue::String(text)) => self
                .word(key, words, &span, text)
                .map(|word| Value::List(vec![Some(Node { span: span.clone(), value: Value::Text(word) })])),
            (Shape::Words(words), DeValue::Array(array)) if !array.is_empty() => {
                Some(self.array(key, &Shape::Word(*words), array))
            }
            (Shape::Many(element, least), DeValue::Array(array)) if array.len() >= *least => {
                Some(self.array(key, element, array))
            }
            (Shape::Table(section), DeValue::Table(table)) => {
                Some(Value::Table(self.table(section, span.clone(), table)))
            }
            (Shape::Named(section, least), DeValue::Table(tables)) if tables.len() >= *least => {
                self.named(section, tables)
            }
            (Shape::Kinds(family), DeValue::Table(table)) => {
                self.kind(key, family, span.clone(), table).map(Value::Table)
            }
            (Shape::Kinds(Family { shorthand: Some(_), .. }), DeValue::String(text)) => {
                Some(Value::Text(text.to_string()))
            }
            (shape @ Shape::Count(least, most), value @ DeValue::Float(float)) => {
                let written = number(value);
                let is_allowed = written >= *least as f64 && written <= *most as f64;
                let is_whole = written.fract() == 0.0 && written.abs() < 1e15 && is_allowed;
                let help = is_whole.then(|| format!("write {written:.0}: {float} has a point or an exponent"));
                self.mismatch(key, shape, &span, shown(value), help)
            }
            (shape, value) => self.mismatch(key, shape, &span, shown(value), None),
        };
        value.map(|value| Node { span, value })
    }

    fn duration(&mut self, key: &str, shape: &Shape, span: &Range<usize>, raw: &DeValue<'_>) -> Option<Value> {
        match raw {
            DeValue::String(text) => match text.parse::<Micros>() {
                Ok(Micros::ZERO) if matches!(shape, Shape::PositiveDuration) => {
                    self.mismatch(key, shape, span, shown(raw), None)
                }
                Ok(duration) => Some(Value::Duration(duration)),
                Err(error) => {
                    self.problems.push(Problem::new(span.clone(), format!("`{key}`: {error}")));
                    None
                }
            },
            DeValue::Integer(_) | DeValue::Float(_) if number(raw) >= 0.0 => {
                let help = format!("write the unit: \"{0}s\", \"{0}ms\" or \"{0}m\"", shown(raw));
                self.mismatch(key, shape, span, format!("the bare number {}", shown(raw)), Some(help))
            }
            _ => self.mismatch(key, shape, span, shown(raw), None),
        }
    }

    fn word(&mut self, key: &str, words: &Words, span: &Range<usize>, text: &str) -> Option<String> {
        if words.allowed.contains(&text) {
            return Some(text.to_owned());
        }
        let message = format!("`{key}` cannot be \"{text}\"");
        self.report(span.clone(), message, suggest::help(text, words.allowed.iter().copied()));
        None
    }

    fn array(&mut self, key: &str, element: &Shape, array: &DeArray<'_>) -> Value {
        Value::List(array.iter().map(|raw| self.value(key, element, raw)).collect())
    }

    fn named(&mut self, section: &'static Section, tables: &DeTable<'_>) -> Option<Value> {
        let named = sorted(tables).into_iter().filter_map(|(key, raw)| {
            let name = key.get_ref().to_string();
            let label = self.value(
                &format!("{} name", section.name),
                &NAME,
                &Spanned::new(key.span(), DeValue::String(name.as_str().into())),
            );
            let node = self.value(&name, &Shape::Table(section), raw)?;
            let (Some(_), Value::Table(table)) = (label, node.value) else { return None };
            Some(Named { name, table })
        });
        Some(Value::Named(named.collect()))
    }

    fn kind(&mut self, key: &str, family: &Family, span: Range<usize>, raw: &DeTable<'_>) -> Option<Table> {
        let kinds = (family.kinds)();
        let names = || kinds.iter().map(|kind| kind.name);
        let span = self.place.clone().unwrap_or(span);
        let (place, name) = match raw.get("kind") {
            Some(kind) => match kind.get_ref() {
                DeValue::String(name) => (kind.span(), name.as_ref()),
                other => return self.mismatch("kind", &NAME, &kind.span(), shown(other), None),
            },
            None => match family.default {
                Some(default) => (span.clone(), default),
                None => {
                    let help = format!("allowed: {}", quoted(&names().collect::<Vec<_>>(), ", "));
                    self.report(span, format!("`{key}` needs a `kind`"), help);
                    return None;
                }
            },
        };
        let Some(section) = kinds.iter().find(|kind| kind.name == name) else {
            self.report(place, format!("unknown {} kind `{name}`", family.name), suggest::help(name, names()));
            return None;
        };
        self.unknown(section, Some(family), raw);
        Some(self.fields(section, span, raw))
    }

    fn missing(&mut self, span: &Range<usize>, field: &Field) {
        let problem = Problem::new(span.clone(), format!("`{}` is missing", field.name));
        self.problems.push(problem.help(format!("{} ({})", field.about.trim_end_matches('.'), field.shape.describe())));
    }

    /// Reports a value of another shape.
    fn mismatch<T>(
        &mut self,
        key: &str,
        shape: &Shape,
        span: &Range<usize>,
        found: impl std::fmt::Display,
        help: Option<String>,
    ) -> Option<T> {
        // What a name must be is a sentence, after which `not` would read as a part of it.
        let message = if matches!(shape, Shape::Text(Wording::Label | Wording::Folder)) {
            format!("`{key}` cannot be {found}: it must be {}", shape.describe())
        } else {
            format!("`{key}` must be {}, not {found}", shape.describe())
        };
        self.problems.push(Problem { span: span.clone(), message, help });
        None
    }

    fn report(&mut self, span: Range<usize>, message: String, help: String) {
        self.problems.push(Problem::new(span, message).help(help));
    }
}

/// A name that the user chooses.
const NAME: Shape = Shape::Text(Wording::Label);

/// The entries of a table in file order.
fn sorted<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn whole(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// The number that an integer or a float is, NaN for anything else.
fn number(value: &DeValue<'_>) -> f64 {
    match value {
        DeValue::Float(float) => float.as_str().parse().unwrap_or(f64::NAN),
        DeValue::Integer(integer) => match whole(integer) {
            Some(count) => count as f64,
            None => integer.as_str().parse().unwrap_or(f64::NAN),
        },
        _ => f64::NAN,
    }
}

/// A value as it was written, where it is short.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => brief(format!("{text:?}")),
        DeValue::Integer(integer) => brief(integer.to_string()),
        DeValue::Float(float) => brief(float.to_string()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(array) if array.is_empty() => "an empty array".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(table) if table.is_empty() => "an empty table".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A text of at most some 60 characters.
fn brief(text: String) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Keys in backticks.
fn quoted(keys: &[&str], glue: &str) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(glue)
}
