//! Scenarios: one file that says which tasks, faults and strategies meet. A [`Scenario`] that exists is valid.

#[doc(hidden)]
pub mod axes;
mod check;
mod checked;
pub mod error;
pub mod files;
#[doc(hidden)]
pub mod gates;
mod grammar;
#[doc(hidden)]
pub mod narrow;
mod planned;
mod read;
#[doc(hidden)]
pub mod recipe;
pub mod rules;
#[doc(hidden)]
pub mod set;
pub mod shipped;
#[cfg(feature = "cli")]
mod snippet;
mod warnings;
#[doc(hidden)]
pub mod weather;

pub use crate::inspection::CostWeights;

use crate::inspection::Accuracy;
use crate::strategy::composition::Strategy;
use crate::time::Micros;
use crate::world::arrivals::Arrivals;
use crate::world::fault::FaultRules;
use crate::world::model::Model;
use crate::world::network::Network;
use error::{InvalidScenario, ScenarioError};
use files::Files;
use shipped::Source;
use std::path::Path;
use std::sync::Arc;

/// Most tasks of a scenario: tasks × replicates × models.
pub const MOST_TASKS: u128 = 10_000_000_000;

/// Everything that a run needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name, also of the report's folder.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Random seed.
    pub seed: u64,
    /// Tasks per model and replicate, at least 1.
    pub tasks: u64,
    /// Independent repetitions, at least 1.
    pub replicates: u32,
    /// A wait that neither knew nor gave up this long after it began is a hang.
    pub horizon: Micros,
    /// When tasks are submitted.
    pub arrivals: Arrivals,
    /// Round-trip times.
    pub network: Arc<Network>,
    /// What happens to submits that fail.
    pub submit: SubmitPolicy,
    /// At least one, names unique.
    pub models: Vec<Model>,
    /// What stands for a model of any other name on the mock server, written as `[models."*"]`; no engine runs it.
    pub other: Option<Model>,
    /// In file order, which is part of the randomness.
    pub faults: FaultRules,
    /// At least one, names unique.
    pub strategies: Vec<Strategy>,
    /// Index in `strategies` of the one that others are compared with.
    pub baseline: usize,
    /// What polls and delay cost.
    pub cost: CostWeights,
    /// Bounds that the results must keep.
    pub gates: Vec<Gate>,
}

impl Scenario {
    /// The scenario in the file at `path`. Files that it names are looked for in its folder.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or is no valid scenario; then with everything that is wrong in it.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        Source::file(path)?.scenario()
    }

    /// The scenario in `text`. `origin` is where it is from, for messages; `files` has the files that it names.
    ///
    /// ```
    /// use pollbench::scenario::{Scenario, files::Embedded};
    /// let text = r#"
    ///     schema_version = 1
    ///     name = "mine"
    ///     [models.sora-2]
    ///     completion = "190s"
    ///     [[strategies]]
    ///     preset = "adaptiv"
    /// "#;
    /// let error = Scenario::parse(text, "mine.toml", &Embedded(&[])).unwrap_err();
    /// assert!(error.to_string().starts_with("mine.toml:7:14: `preset` cannot be \"adaptiv\""));
    /// ```
    ///
    /// # Errors
    ///
    /// Where it is no valid scenario, with everything that is wrong in it.
    pub fn parse(text: &str, origin: &str, files: &dyn Files) -> Result<Self, InvalidScenario> {
        read::read(text, origin, files, Accuracy::Exact)
    }

    /// The same, with strategies that are planned from the models planned this closely.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    #[doc(hidden)]
    pub fn parse_within(
        text: &str,
        origin: &str,
        files: &dyn Files,
        accuracy: Accuracy,
    ) -> Result<Self, InvalidScenario> {
        read::read(text, origin, files, accuracy)
    }
}

/// The JSON Schema (draft 2020-12) of scenario files, printed from the tables that files are checked against.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    grammar::json_schema::json_schema()
}

/// The tasks of `scenario` in all.
fn total_tasks(scenario: &Scenario) -> u128 {
    [u64::from(scenario.replicates), scenario.models.len() as u64]
        .into_iter()
        .map(u128::from)
        .fold(u128::from(scenario.tasks), u128::saturating_mul)
}

/// What happens to submits that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubmitPolicy {
    /// Retries of a failed submit.
    pub retries: u32,
    /// Pause before each.
    pub retry_delay: Micros,
    /// Time after which a submit without an answer has failed.
    pub attempt_timeout: Micros,
}

/// A promise on a metric of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Name of the metric.
    pub metric: String,
    /// Its statistic, such as `mean` or `p95`; the metric's only or first one where absent.
    pub stat: Option<String>,
    /// Only cells of this strategy.
    pub strategy: Option<String>,
    /// Only cells of this model.
    pub model: Option<String>,
    /// The bound.
    pub bound: Bound,
}

/// A bound of a [`Gate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The value must not be below.
    Min(f64),
    /// The value must not be above.
    Max(f64),
}
