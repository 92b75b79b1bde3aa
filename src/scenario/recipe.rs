//! Everything that a scenario is made of, so that another machine can make it again.

use super::Scenario;
use super::error::ScenarioError;
use super::files::Files;
use super::narrow::{OverrideError, Overrides};
use super::set::{Assignment, SettingError, changed};
use super::shipped::Source;
use super::weather::WeatherError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The text of a scenario, that of its weather, and what else is changed of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    own: Written,
    weather: Option<Written>,
    overrides: Overrides,
}

/// A scenario that was read, with all that was read for it.
#[derive(Debug, Clone)]
pub struct Loaded {
    written: Written,
    /// The scenario.
    pub scenario: Scenario,
}

impl Loaded {
    /// The scenario that a user names, with other values of her own in its file.
    ///
    /// # Errors
    ///
    /// Where there is no such scenario, a value cannot be set, or it is not valid.
    pub fn named(name_or_path: &str, settings: &[Assignment]) -> Result<Self, InvalidRecipe> {
        let Source { text, origin, files } = Source::named(name_or_path)?;
        let text = changed(&text, settings)?;
        let set: String = settings.iter().map(|setting| format!(" with {setting}")).collect();
        let origin = origin + &set;
        let recording = Recording { files: files.as_ref(), copies: Copies::default() };
        let scenario = Scenario::parse(&text, &origin, &recording).map_err(ScenarioError::Invalid)?;
        let copies = std::mem::take(&mut *locked(&recording.copies));
        let files = copies.into_iter().map(|(name, copy)| (name, copy.finish())).collect();
        Ok(Self { written: Written { origin, text, files }, scenario })
    }

    /// The text that was read, with the values that were set in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.written.text
    }
}

/// A scenario as it is written, with the files that it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Where the text is from, for messages.
    origin: String,
    text: String,
    /// Files by the names that the scenario gives them.
    files: BTreeMap<String, Content>,
}

/// Why a recipe makes no scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRecipe {
    /// The scenario, or its weather, is not valid.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A value cannot be set.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The weather does not fit.
    #[error(transparent)]
    Weather(#[from] WeatherError),
    /// It cannot be changed so.
    #[error(transparent)]
    Override(#[from] OverrideError),
}

impl Recipe {
    /// A scenario that was loaded, in the weather of another, and narrowed; and what it is made of.
    ///
    /// # Errors
    ///
    /// Where it cannot be changed so.
    pub fn cook(
        own: &Loaded,
        weather: Option<&Loaded>,
        overrides: Overrides,
    ) -> Result<(Self, Scenario), InvalidRecipe> {
        let written = |loaded: &Loaded| loaded.written.clone();
        let recipe = Self { own: written(own), weather: weather.map(written), overrides };
        let scenario = recipe.finish(own.scenario.clone(), weather.map(|weather| &weather.scenario))?;
        Ok((recipe, scenario))
    }

    /// Makes the scenario again, from nothing but itself.
    ///
    /// # Errors
    ///
    /// Where the recipe is not one that [`Recipe::cook`] made.
    pub fn scenario(&self) -> Result<Scenario, InvalidRecipe> {
        let weather = self.weather.as_ref().map(Written::scenario).transpose()?;
        self.finish(self.own.scenario()?, weather.as_ref())
    }

    /// Whether another machine can make the scenario of it.
    ///
    /// # Errors
    ///
    /// Where the files that it names are longer than it carries.
    pub fn portable(&self) -> Result<(), TooLong> {
        let written = std::iter::once(&self.own).chain(&self.weather);
        let files: Vec<(&String, u64)> =
            written.flat_map(|written| &written.files).map(|(name, content)| (name, content.length())).collect();
        let bytes = files.iter().map(|(_, length)| length).sum();
        match files.iter().max_by_key(|(_, length)| length) {
            Some((name, _)) if bytes > MOST => Err(TooLong { name: (*name).clone(), bytes }),
            Some(_) | None => Ok(()),
        }
    }

    fn finish(&self, own: Scenario, weather: Option<&Scenario>) -> Result<Scenario, InvalidRecipe> {
        let scenario = match weather {
            None => own,
            Some(weather) => own.in_weather(weather)?,
        };
        Ok(scenario.narrowed(&self.overrides)?)
    }
}

impl Written {
    fn scenario(&self) -> Result<Scenario, ScenarioError> {
        Scenario::parse(&self.text, &self.origin, self).map_err(ScenarioError::Invalid)
    }
}

/// Most bytes of all files that a recipe carries to another machine, and of each that it keeps.
const MOST: u64 = 32 << 20;

/// The files of a scenario are too long to go where its parts go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "what the scenario reads has {} MB, most of it in `{name}`, and a partial file carries up to {} MB: keep fewer rows of \
     it, or run it on one machine",
    bytes.div_ceil(1 << 20),
    MOST >> 20
)]
pub struct TooLong {
    /// The longest file.
    pub name: String,
    /// Bytes of all files.
    pub bytes: u64,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Bytes(Vec<u8>),
    /// More than is kept; the hash tells whether it is the same.
    Long {
        length: u64,
        hash: u64,
    },
}

impl Content {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Long { length, .. } => *length,
        }
    }

    /// The bytes, where they are kept.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Long { .. } => None,
        }
    }
}

impl Files for Written {
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let bytes = self.files.get(name).and_then(Content::bytes).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes)))
    }
}

/// What was read of each file.
type Copies = Arc<Mutex<BTreeMap<String, Copied>>>;

fn locked(copies: &Copies) -> MutexGuard<'_, BTreeMap<String, Copied>> {
    copies.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was read of a file: its bytes while they are few, and its hash.
#[derive(Default)]
struct Copied {
    bytes: Vec<u8>,
    length: u64,
    hasher: DefaultHasher,
}

impl Copied {
    fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.hasher.write(bytes);
        if self.length <= MOST {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.bytes = Vec::new();
        }
    }

    fn finish(self) -> Content {
        if self.length > MOST {
            return Content::Long { length: self.length, hash: self.hasher.finish() };
        }
        String::from_utf8(self.bytes).map_or_else(|error| Content::Bytes(error.into_bytes()), Content::Text)
    }
}

/// Keeps a copy of what is read.
struct Recording<'f> {
    files: &'f dyn Files,
    copies: Copies,
}

impl Files for Recording<'_> {
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let file = self.files.open(name)?;
        locked(&self.copies).insert(name.to_owned(), Copied::default());
        Ok(Box::new(Copying { file, name: name.to_owned(), copies: Arc::clone(&self.copies) }))
    }
}

struct Copying {
    file: Box<dyn Read + Send>,
    name: String,
    copies: Copies,
}

impl Read for Copying {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        let mut copies = locked(&self.copies);
        if let Some(copy) = copies.get_mut(&self.name) {
            copy.add(&into[..count]);
        }
        Ok(count)
    }
}
