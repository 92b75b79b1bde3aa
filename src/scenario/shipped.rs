//! The shipped scenarios.

use super::Scenario;
use super::error::ScenarioError;
use super::files::{Embedded, Files, Folder};
use crate::suggest::closest;
use std::fs;
use std::path::Path;

/// A scenario that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// Its name, as written on the command line.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
    /// The data files that it names, with their texts.
    pub files: &'static [(&'static str, &'static str)],
}

macro_rules! shipped {
    ($name:literal $(, $file:literal)*) => {
        Shipped {
            name: $name,
            text: include_str!(concat!("../../scenarios/", $name, ".toml")),
            files: &[$(($file, include_str!(concat!("../../scenarios/", $file)))),*],
        }
    };
}

/// All of them; the first is the one where none is named.
pub const SHIPPED: &[Shipped] = &[
    shipped!("documented"),
    shipped!("calm"),
    shipped!("flaky"),
    shipped!("mobile"),
    shipped!("rate-limited"),
    shipped!("deploy-hourly"),
    shipped!("outage-5m"),
    shipped!("provider-incident"),
    shipped!("brownout"),
    shipped!("webhook-lossy"),
    shipped!("stale-replica"),
    shipped!("liar"),
    shipped!("storm"),
    shipped!("burst-submit"),
    shipped!("measured", "measured.csv"),
    shipped!("learning"),
    shipped!("batches"),
];

impl Shipped {
    /// The shipped scenario `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Never in a released version: tests read them all.
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        self.source().scenario()
    }

    fn source(&self) -> Source {
        let origin = format!("{}.toml", self.name);
        Source { text: self.text.to_owned(), origin, files: Box::new(Embedded(self.files)) }
    }
}

/// The scenario that a user names: a path where there is such a file or it looks like one, else a shipped scenario.
///
/// ```
/// use pollbench::scenario::shipped::load;
/// assert_eq!(load("documented").unwrap().name, "documented");
/// let error = load("documentd").unwrap_err();
/// assert!(error.to_string().contains("did you mean `documented`?"));
/// ```
///
/// # Errors
///
/// Where there is no such scenario, or it is not valid.
pub fn load(name_or_path: &str) -> Result<Scenario, ScenarioError> {
    Source::named(name_or_path)?.scenario()
}

/// The text of the scenario that a user names, which need not be valid.
///
/// # Errors
///
/// Where there is no such scenario.
pub fn written(name_or_path: &str) -> Result<String, ScenarioError> {
    Source::named(name_or_path).map(|source| source.text)
}

/// The text of a scenario, where it is from, and where the files are that it names.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) origin: String,
    pub(super) files: Box<dyn Files>,
}

impl Source {
    /// Of the scenario that a user names.
    pub(super) fn named(name_or_path: &str) -> Result<Self, ScenarioError> {
        let path = Path::new(name_or_path);
        let looks_like_path = name_or_path.ends_with(".toml") || name_or_path.contains(['/', '\\']);
        if looks_like_path || path.is_file() {
            return Self::file(path);
        }
        let unknown = || {
            let names = || SHIPPED.iter().map(|shipped| shipped.name);
            let suggestion = closest(name_or_path, names());
            ScenarioError::UnknownShipped { name: name_or_path.to_owned(), suggestion, shipped: names().collect() }
        };
        Ok(Shipped::named(name_or_path).ok_or_else(unknown)?.source())
    }

    /// Of a file, whose own files are in its folder.
    pub(super) fn file(path: &Path) -> Result<Self, ScenarioError> {
        let bytes = fs::read(path).map_err(|source| ScenarioError::Read { path: path.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|error| ScenarioError::NotUtf8 {
            path: path.to_owned(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        let folder = Folder(path.parent().map(Path::to_owned).unwrap_or_default());
        Ok(Self { text, origin: path.display().to_string(), files: Box::new(folder) })
    }

    /// Reads it.
    pub(super) fn scenario(&self) -> Result<Scenario, ScenarioError> {
        Scenario::parse(&self.text, &self.origin, self.files.as_ref()).map_err(ScenarioError::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_is_valid_and_named_as_its_file() {
        for shipped in SHIPPED {
            match shipped.scenario() {
                Ok(scenario) => assert_eq!(scenario.name, shipped.name),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
