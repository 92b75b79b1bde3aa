//! Running a part of a scenario, or more of it: what command lines change.

use super::planned::PlanInputs;
use super::{MOST_TASKS, Scenario, total_tasks};
use crate::inspection::Accuracy;
use crate::inspection::UnsolvableProblem;
use crate::strategy::composition::Strategy;
use crate::strategy::presets::PRESETS;
use crate::suggest::closest;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What to change in a scenario; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overrides {
    /// Only these models, which stay in the scenario's order.
    pub models: Option<Vec<String>>,
    /// Only these strategies, in this order: the scenario's own, or else presets.
    pub strategies: Option<Vec<String>>,
    /// Tasks per model and replicate.
    pub tasks: Option<u64>,
    /// Independent repetitions.
    pub replicates: Option<u32>,
    /// Random seed.
    pub seed: Option<u64>,
}

/// Why a scenario cannot be changed so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OverrideError {
    /// The scenario has no such model.
    #[error("the scenario has no model `{name}`{}\n  models: {}", hint(suggestion.as_deref()), known.join(", "))]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The model that was probably meant.
        suggestion: Option<String>,
        /// The scenario's models.
        known: Vec<String>,
    },
    /// Neither the scenario nor the presets have such a strategy.
    #[error("there is no strategy `{name}`{}\n  strategies: {}", hint(suggestion.as_deref()), known.join(", "))]
    UnknownStrategy {
        /// What was asked for.
        name: String,
        /// The strategy that was probably meant.
        suggestion: Option<String>,
        /// The scenario's strategies, then further presets.
        known: Vec<String>,
    },
    /// The scenario's costs have no optimum.
    #[error("`{name}` cannot be planned: {error}")]
    Unplanned {
        /// What was asked for.
        name: String,
        /// Why.
        error: UnsolvableProblem,
    },
    /// A list names nothing.
    #[error("the list of {what} is empty")]
    Empty {
        /// `models` or `strategies`.
        what: &'static str,
    },
    /// A list names the same thing twice.
    #[error("`{name}` is in the list of {what} twice")]
    Twice {
        /// `models` or `strategies`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A count is zero.
    #[error("{what} must be at least 1")]
    Zero {
        /// `tasks` or `replicates`.
        what: &'static str,
    },
    /// The run would be too large.
    #[error("{total} tasks in all are more than {MOST_TASKS} (tasks × replicates × models)")]
    TooManyTasks {
        /// Tasks in all.
        total: u128,
    },
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}

impl Scenario {
    /// The scenario with `overrides`. Gates on a model or a strategy that is left out go with it; a baseline that is
    /// left out gives way to the first strategy.
    ///
    /// # Errors
    ///
    /// Where a name is not known, a list is empty, or a number is out of range.
    pub fn narrowed(mut self, overrides: &Overrides) -> Result<Self, OverrideError> {
        let baseline = self.strategies[self.baseline].name.clone();
        if let Some(names) = &overrides.models {
            self.keep_models(names)?;
        }
        if let Some(names) = &overrides.strategies {
            distinct("strategies", names)?;
            self.strategies = names.iter().map(|name| self.strategy(name)).collect::<Result<_, _>>()?;
        }
        self.baseline = self.strategies.iter().position(|strategy| strategy.name == baseline).unwrap_or(0);
        let (models, strategies) = (&self.models, &self.strategies);
        self.gates.retain(|gate| {
            gate.model.as_ref().is_none_or(|name| models.iter().any(|model| model.name == *name))
                && gate.strategy.as_ref().is_none_or(|name| strategies.iter().any(|strategy| strategy.name == *name))
        });
        self.tasks = overrides.tasks.unwrap_or(self.tasks);
        self.replicates = overrides.replicates.unwrap_or(self.replicates);
        self.seed = overrides.seed.unwrap_or(self.seed);
        match (self.tasks, self.replicates, total_tasks(&self)) {
            (0, ..) => Err(OverrideError::Zero { what: "tasks" }),
            (_, 0, _) => Err(OverrideError::Zero { what: "replicates" }),
            (.., total) if total > MOST_TASKS => Err(OverrideError::TooManyTasks { total }),
            _ => Ok(self),
        }
    }

    fn keep_models(&mut self, names: &[String]) -> Result<(), OverrideError> {
        distinct("models", names)?;
        let known = || self.models.iter().map(|model| model.name.as_str());
        if let Some(name) = names.iter().find(|name| !known().any(|model| model == **name)) {
            return Err(OverrideError::UnknownModel {
                name: name.clone(),
                suggestion: closest(name, known()).map(str::to_owned),
                known: known().map(str::to_owned).collect(),
            });
        }
        self.models.retain(|model| names.contains(&model.name));
        Ok(())
    }

    /// The scenario's strategy of that name, or else the preset.
    fn strategy(&self, name: &str) -> Result<Strategy, OverrideError> {
        if let Some(own) = self.strategies.iter().find(|strategy| strategy.name == name) {
            return Ok(own.clone());
        }
        let (batch, accuracy) = (NonZeroU32::MIN, Accuracy::Exact);
        let inputs = PlanInputs { models: &self.models, weights: self.cost, horizon: self.horizon, batch, accuracy };
        let preset = inputs.preset(name).map_err(|error| OverrideError::Unplanned { name: name.to_owned(), error })?;
        preset.ok_or_else(|| {
            let own = || self.strategies.iter().map(|strategy| strategy.name.as_str());
            let further = PRESETS.iter().copied().filter(|preset| !own().any(|name| name == *preset));
            let known: Vec<String> = own().chain(further).map(str::to_owned).collect();
            let suggestion = closest(name, known.iter().map(String::as_str)).map(str::to_owned);
            OverrideError::UnknownStrategy { name: name.to_owned(), suggestion, known }
        })
    }
}

/// Refuses lists that are empty or name something twice.
fn distinct(what: &'static str, names: &[String]) -> Result<(), OverrideError> {
    if names.is_empty() {
        return Err(OverrideError::Empty { what });
    }
    match names.iter().enumerate().find(|(index, name)| names[..*index].contains(*name)) {
        Some((_, name)) => Err(OverrideError::Twice { what, name: name.clone() }),
        None => Ok(()),
    }
}
