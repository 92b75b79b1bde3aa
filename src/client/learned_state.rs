//! What [`LearnedWaits`](super::LearnedWaits) keeps between two runs of a program, and the bounds within which it is read.

use crate::strategy::learned::Learnt;
use crate::time::Micros;
use std::collections::BTreeMap;

/// The version that is written.
const VERSION: u64 = 1;
/// Bytes that are read.
const MOST_BYTES: usize = 16 << 20;
/// Observations of one model that are written and read. A plan for so many takes seconds at worst.
const MOST_SEEN: usize = 10_000;
/// Observations ever, of one model.
const MOST_EVER: u64 = 1 << 48;

/// What was learnt of each model. It is [read](Self::read) from the JSON that [`to_json`](Self::to_json) writes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LearnedState {
    models: BTreeMap<String, Learnt>,
}

/// Why a state cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidState {
    /// It is too long.
    #[error(
        "a learned state of {0} bytes is longer than {MOST_BYTES}, which none that was written here is; start with an \
         empty one"
    )]
    TooLong(usize),
    /// It is not JSON, has no version, or is not what its version says.
    #[error("this is not a learned state ({0}); start with an empty one")]
    Unreadable(String),
    /// Another version of the library wrote it.
    #[error(
        "this learned state has version {0} and this library reads version {VERSION}; use the library that wrote it, or \
         start with an empty one"
    )]
    OtherVersion(u64),
    /// It holds more observations than are ever written.
    #[error("{count} observations of `{model}` are more than {MOST_SEEN}; keep the last {MOST_SEEN}")]
    TooMany {
        /// The model.
        model: String,
        /// Observations that are listed.
        count: usize,
    },
    /// A number of observations that cannot be.
    #[error("`total` of `{model}` is {total}: it must be at least the observations listed and at most {MOST_EVER}")]
    Total {
        /// The model.
        model: String,
        /// What is stated.
        total: u64,
    },
    /// A time that no task takes.
    #[error("a task of `{model}` that took {us} µs: times are from 0 to {} µs; leave it out", Micros::LONGEST.get())]
    Time {
        /// The model.
        model: String,
        /// What is stated, in microseconds.
        us: f64,
    },
}

/// What every version has.
#[derive(serde::Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u64,
    models: BTreeMap<String, Learnt>,
}

impl LearnedState {
    pub(super) fn new(models: BTreeMap<String, Learnt>) -> Self {
        let models = models.into_iter().map(|(model, mut learnt)| {
            learnt.seen.drain(..learnt.seen.len().saturating_sub(MOST_SEEN));
            (model, learnt)
        });
        Self { models: models.collect() }
    }

    pub(super) fn into_models(self) -> BTreeMap<String, Learnt> {
        self.models
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] where it is something else, of another version, or beyond the bounds of what is written.
    pub fn read(text: &[u8]) -> Result<Self, InvalidState> {
        if text.len() > MOST_BYTES {
            return Err(InvalidState::TooLong(text.len()));
        }
        let unreadable = |error: serde_json::Error| InvalidState::Unreadable(error.to_string());
        let Versioned { version } = serde_json::from_slice(text).map_err(unreadable)?;
        if version != VERSION {
            return Err(InvalidState::OtherVersion(version));
        }
        let File { models, .. } = serde_json::from_slice(text).map_err(unreadable)?;
        for (name, Learnt { total, seen }) in &models {
            let model = || name.clone();
            if seen.len() > MOST_SEEN {
                return Err(InvalidState::TooMany { model: model(), count: seen.len() });
            }
            if !(seen.len() as u64..=MOST_EVER).contains(total) {
                return Err(InvalidState::Total { model: model(), total: *total });
            }
            let possible = 0.0..=Micros::LONGEST.get() as f64;
            if let Some((us, _)) = seen.iter().find(|(us, _)| !possible.contains(us)) {
                return Err(InvalidState::Time { model: model(), us: *us });
            }
        }
        Ok(Self { models })
    }

    /// As JSON, with its version.
    #[must_use]
    pub fn to_json(&self) -> String {
        let models: serde_json::Map<String, serde_json::Value> = self
            .models
            .iter()
            .map(|(model, learnt)| (model.clone(), serde_json::json!({ "total": learnt.total, "seen": learnt.seen })))
            .collect();
        serde_json::json!({ "version": VERSION, "models": models }).to_string()
    }

    /// Observations of a model ever.
    #[must_use]
    pub fn observations(&self, model: &str) -> u64 {
        self.models.get(model).map_or(0, |learnt| learnt.total)
    }
}
