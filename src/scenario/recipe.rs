//! Everything that a scenario is made of, so that another machine can make it again.

use super::Scenario;
use super::error::ScenarioError;
use super::files::Files;
use super::narrow::{OverrideError, Overrides};
use super::shipped::Source;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// The text of a scenario, the files that it names, and what a command line changes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Where the text is from, for messages.
    origin: String,
    text: String,
    /// Files by the names that the scenario gives them.
    files: BTreeMap<String, String>,
    overrides: Overrides,
}

/// Why a recipe makes no scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecipe {
    /// The scenario is not valid.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// It cannot be changed so.
    #[error(transparent)]
    Override(#[from] OverrideError),
}

impl Recipe {
    /// The scenario that a user names, with what she changes of it; and what it is made of.
    ///
    /// # Errors
    ///
    /// Where there is no such scenario, it is not valid, or cannot be changed so.
    pub fn load(name_or_path: &str, overrides: Overrides) -> Result<(Self, Scenario), InvalidRecipe> {
        let source = Source::named(name_or_path)?;
        let read = Recording { files: source.files.as_ref(), read: RefCell::default() };
        let scenario = Scenario::parse(&source.text, &source.origin, &read).map_err(ScenarioError::Invalid)?;
        let scenario = scenario.narrowed(&overrides)?;
        let files = read.read.into_inner();
        Ok((Self { origin: source.origin, text: source.text, files, overrides }, scenario))
    }

    /// Makes the scenario again, from nothing but itself.
    ///
    /// # Errors
    ///
    /// Where the recipe is not one that [`Recipe::load`] made.
    pub fn scenario(&self) -> Result<Scenario, InvalidRecipe> {
        let scenario = Scenario::parse(&self.text, &self.origin, self).map_err(ScenarioError::Invalid)?;
        Ok(scenario.narrowed(&self.overrides)?)
    }
}

impl Files for Recipe {
    fn text(&self, name: &str) -> io::Result<String> {
        self.files.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Keeps what is read.
struct Recording<'f> {
    files: &'f dyn Files,
    read: RefCell<BTreeMap<String, String>>,
}

impl Files for Recording<'_> {
    fn text(&self, name: &str) -> io::Result<String> {
        let text = self.files.text(name)?;
        self.read.borrow_mut().insert(name.to_owned(), text.clone());
        Ok(text)
    }
}
