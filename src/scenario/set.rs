//! Changing single values of a scenario from outside: `faults.0.rate_per_s=5`.

use super::grammar;
use crate::suggest::closest;
use std::fmt;
use std::str::FromStr;
use toml_edit::{DocumentMut, Item, Key, Table, TableLike, Value};

/// A value, and where in a scenario file it goes.
#[derive(Debug, Clone)]
pub struct Assignment {
    path: Vec<Key>,
    value: Value,
    written: String,
}

/// Why a setting cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// It is not of the form `PATH=VALUE`.
    #[error(
        "`{0}` is not a setting: write PATH=VALUE, such as models.sora-2.stuck_probability=0.01 or faults.0.rate_per_s=5"
    )]
    Form(String),
    /// An entry of a list that is not there.
    #[error("`{setting}`: there is no `{at}`: {list} has {count}, counted from 0")]
    NoEntry {
        /// The setting.
        setting: String,
        /// The path up to the entry.
        at: String,
        /// The path of the list.
        list: String,
        /// How many entries it has.
        count: String,
    },
    /// A part of a model that is not there.
    #[error("`{setting}`: there is no model `{name}`; did you mean `{near}`?")]
    NoModel {
        /// The setting.
        setting: String,
        /// The model.
        name: String,
        /// The model that was probably meant.
        near: String,
    },
    /// A value inside something that has no parts.
    #[error(
        "`{setting}`: `{at}` is {found}, which has no `{inside}`; write it as a table in the file, or set it whole"
    )]
    NoTable {
        /// The setting.
        setting: String,
        /// The path up to it.
        at: String,
        /// What is there.
        found: &'static str,
        /// What was looked for in it.
        inside: String,
    },
}

impl Assignment {
    /// The value `value` at `path`.
    ///
    /// # Errors
    ///
    /// Where the path is none.
    pub fn new(path: &str, value: Value) -> Result<Self, SettingError> {
        let written = format!("{path}={value}");
        let keys = Key::parse(path).map_err(|_| SettingError::Form(written.clone()))?;
        Ok(Self { path: keys, value, written })
    }

    /// The value `value` at these keys; `written` is how it is told.
    #[must_use]
    pub fn told(keys: &[&str], value: impl Into<Value>, written: String) -> Self {
        Self { path: keys.iter().map(|key| Key::new(*key)).collect(), value: value.into(), written }
    }

    /// The path, as it was written.
    #[must_use]
    pub fn path(&self) -> String {
        joined(&self.path)
    }

    fn apply(&self, document: &mut DocumentMut) -> Result<(), SettingError> {
        let Some((last, way)) = self.path.split_last() else { return Err(SettingError::Form(self.written.clone())) };
        self.check_model(document)?;
        let mut item: &mut Item = document.as_item_mut();
        for (depth, key) in way.iter().enumerate() {
            item = self.step(item, depth, key)?;
        }
        let depth = way.len();
        match kind(item) {
            Holder::Table => {
                if let Some(table) = item.as_table_like_mut() {
                    set(table, last, self.value.clone());
                }
                Ok(())
            }
            Holder::List(_) | Holder::Other(_) => {
                *self.step(item, depth, last)? = Item::Value(self.value.clone());
                Ok(())
            }
        }
    }

    /// Refuses what lies inside a model that is not there, and has nearly the name of one that is.
    fn check_model(&self, document: &DocumentMut) -> Result<(), SettingError> {
        let [models, name, inside @ ..] = &self.path[..] else { return Ok(()) };
        // With its times a model is a new one.
        if inside.first().is_none_or(|first| first == "completion") {
            return Ok(());
        }
        let known = document.get("models").filter(|_| models == "models").and_then(Item::as_table_like);
        let Some(known) = known.filter(|known| !known.contains_key(name)) else { return Ok(()) };
        let near = closest(name, known.iter().map(|(name, _)| name)).map(str::to_owned);
        near.map_or(Ok(()), |near| {
            Err(SettingError::NoModel { setting: self.written.clone(), name: name.get().to_owned(), near })
        })
    }

    /// What `key` names in `item`; a table that is not there yet is made.
    fn step<'i>(&self, item: &'i mut Item, depth: usize, key: &Key) -> Result<&'i mut Item, SettingError> {
        let at = || joined(&self.path[..depth]);
        match kind(item) {
            Holder::Table => {
                let table = item.as_table_like_mut();
                let table = table.ok_or_else(|| SettingError::Form(self.written.clone()))?;
                if let Some(inside) = self.path.get(depth + 1)
                    && !table.contains_key(key)
                    && depth == 0
                    && grammar::is_list(key)
                {
                    return Err(SettingError::NoEntry {
                        setting: self.written.clone(),
                        at: joined(&[key.clone(), inside.clone()]),
                        list: key.get().to_owned(),
                        count: "no entries".to_owned(),
                    });
                }
                Ok(table.entry_format(key).or_insert_with(|| {
                    let mut made = Table::new();
                    made.set_implicit(true);
                    Item::Table(made)
                }))
            }
            Holder::List(count) => {
                let number = key.get().parse::<usize>().ok().filter(|number| *number < count);
                let no_entry = || SettingError::NoEntry {
                    setting: self.written.clone(),
                    at: joined(&self.path[..=depth]),
                    list: at(),
                    count: if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") },
                };
                number.and_then(|number| item.get_mut(number)).ok_or_else(no_entry)
            }
            Holder::Other(found) => Err(SettingError::NoTable {
                setting: self.written.clone(),
                at: at(),
                found,
                inside: key.get().to_owned(),
            }),
        }
    }
}

/// What an item holds.
enum Holder {
    Table,
    /// So many entries.
    List(usize),
    /// Nothing that has a path; what it is.
    Other(&'static str),
}

fn kind(item: &Item) -> Holder {
    match item {
        Item::Table(_) | Item::Value(Value::InlineTable(_)) => Holder::Table,
        Item::ArrayOfTables(tables) => Holder::List(tables.len()),
        Item::Value(Value::Array(values)) => Holder::List(values.len()),
        Item::Value(Value::String(_)) => Holder::Other("text"),
        Item::Value(Value::Integer(_) | Value::Float(_)) => Holder::Other("a number"),
        Item::Value(Value::Boolean(_)) => Holder::Other("true or false"),
        Item::Value(Value::Datetime(_)) => Holder::Other("a date"),
        Item::None => Holder::Other("nothing"),
    }
}

/// Puts a value into a table, in the place of one that is there.
fn set(table: &mut dyn TableLike, key: &Key, value: Value) {
    table.insert(key.get(), Item::Value(value));
}

/// A path as it is written.
fn joined(path: &[Key]) -> String {
    path.iter().map(|key| key.display_repr().into_owned()).collect::<Vec<_>>().join(".")
}

impl FromStr for Assignment {
    type Err = SettingError;

    /// `PATH=VALUE`: the value as in a scenario file; what is none there is text, so that nobody has to quote `30s`.
    fn from_str(text: &str) -> Result<Self, SettingError> {
        let form = || SettingError::Form(text.to_owned());
        let (path, value) = text.split_once('=').ok_or_else(form)?;
        let path = path.trim();
        let keys = Key::parse(path).map_err(|_| form())?;
        let value = value.trim();
        let value = value.parse::<Value>().unwrap_or_else(|_| Value::from(value));
        Ok(Self { path: keys, value, written: text.to_owned() })
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// The text of a scenario with other values. What it says is judged as ever: values that do not fit are refused when it is
/// read. A text that is no TOML stays as it is, for the same reason.
///
/// ```
/// use pollbench::scenario::set::changed;
/// let text = "[models.m]\ncompletion = { kind = \"exponential\", mean = \"9s\" }\n";
/// let other = changed(text, &["models.m.completion.mean=30s".parse()?, "network.up_share=0.3".parse()?])?;
/// assert!(other.contains(r#"mean = "30s""#) && other.contains("[network]\nup_share = 0.3"));
/// # Ok::<(), pollbench::scenario::set::SettingError>(())
/// ```
///
/// # Errors
///
/// Where a path leads into a list or a value that does not hold it.
pub fn changed(text: &str, settings: &[Assignment]) -> Result<String, SettingError> {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return Ok(text.to_owned()) };
    if settings.is_empty() {
        return Ok(text.to_owned());
    }
    for setting in settings {
        setting.apply(&mut document)?;
    }
    Ok(document.to_string())
}

/// The models that the text of a scenario names, in its order; none where it is no TOML.
#[must_use]
pub fn model_names(text: &str) -> Vec<String> {
    let Ok(document) = text.parse::<DocumentMut>() else { return Vec::new() };
    let models = document.get("models").and_then(Item::as_table_like);
    models.map(|models| models.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# A comment stays.
name = \"a\"
[models.\"m.1\"]
completion = \"9s\"
[[faults]]
kind = \"reset\"
probability = 0.1
[[strategies]]
schedule = { kind = \"table\", instants = [\"1s\", \"2s\"] }
";

    fn set(settings: &[&str]) -> Result<String, SettingError> {
        let settings: Vec<Assignment> = settings.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        changed(TEXT, &settings)
    }

    #[test]
    fn values_are_set_wherever_they_are() {
        let other = set(&[
            "faults.0.probability=0.5",
            "models.\"m.1\".completion=lognormal(median=9s, sigma=0.5)",
            "strategies.0.schedule.instants.1=5s",
            "network.rtt=80ms",
            "tasks=7",
        ]);
        let other = other.expect("all of them can be set");
        for line in [
            "# A comment stays.",
            "probability = 0.5",
            "completion = \"lognormal(median=9s, sigma=0.5)\"",
            "instants = [\"1s\",\"5s\"]",
            "rtt = \"80ms\"",
            "tasks = 7",
        ] {
            assert!(other.replace("\", \"", "\",\"").contains(line), "{line} is missing in\n{other}");
        }
        assert!(!other.contains("0.1") && !other.contains("\"9s\""), "{other}");
    }

    #[test]
    fn a_path_that_leads_nowhere_says_where_it_ends() {
        for (setting, told) in [
            ("faults.1.probability=0", "there is no `faults.1`: faults has 1 entry, counted from 0"),
            ("gates.0.max=3", "there is no `gates.0`: gates has no entries, counted from 0"),
            ("models.m1.stuck_probability=0.1", "there is no model `m1`; did you mean `m.1`?"),
            ("faults.x=0", "there is no `faults.x`: faults has 1 entry"),
            ("name.first=b", "`name` is text, which has no `first`"),
            ("strategies.0.schedule.instants.2=9s", "there is no `strategies.0.schedule.instants.2`"),
            ("tasks", "`tasks` is not a setting: write PATH=VALUE"),
            ("=3", "is not a setting"),
            ("a..b=3", "is not a setting"),
        ] {
            let error = set(&[setting]).expect_err(setting).to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
