//! The weather of one scenario over the tasks of another.

use super::Scenario;
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::fault::{FaultRule, FaultRules, Overfull};
use crate::world::network::Network;
use std::sync::Arc;

/// Why a scenario cannot have that weather.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeatherError {
    /// A fault is for models that the scenario has not.
    #[error(
        "the weather `{weather}` has a fault `{kind}` for models that `{scenario}` has not: {}; its models are {}",
        wanted.join(", "), known.join(", ")
    )]
    OtherModels {
        /// The scenario that it was to be added to.
        scenario: String,
        /// The scenario that has it.
        weather: String,
        /// Kind of the fault.
        kind: &'static str,
        /// Models that it is for.
        wanted: Vec<String>,
        /// Models of the scenario.
        known: Vec<String>,
    },
    /// Its faults do not fit beside those that are there.
    #[error("the faults of `{weather}` do not fit beside those of `{scenario}`: {error}")]
    Overfull {
        /// The scenario that it was to be added to.
        scenario: String,
        /// The scenario that has it.
        weather: String,
        /// Why.
        error: Overfull,
    },
}

impl Scenario {
    /// The same tasks, strategies and horizon, with the faults of `weather` after their own, and with its network where it
    /// has one: a round trip, or a latency of webhooks. The new name is both names, joined by `-`.
    ///
    /// ```
    /// use pollbench::scenario::shipped::load;
    /// let mine = load("documented").unwrap().in_weather(&load("flaky").unwrap()).unwrap();
    /// assert_eq!((mine.name.as_str(), mine.models.len()), ("documented-flaky", 6));
    /// assert!(mine.faults.iter().any(|rule| rule.kind().name() == "null-data"));
    /// ```
    ///
    /// # Errors
    ///
    /// See [`WeatherError`].
    pub fn in_weather(mut self, weather: &Self) -> Result<Self, WeatherError> {
        let known = || self.models.iter().map(|model| model.name.as_str());
        let foreign = |rule: &&FaultRule| !known().any(|model| rule.covers_model(model));
        if let Some(rule) = weather.faults.iter().find(foreign) {
            return Err(WeatherError::OtherModels {
                kind: rule.kind().name(),
                wanted: rule.models().unwrap_or_default().to_vec(),
                known: known().map(str::to_owned).collect(),
                scenario: self.name,
                weather: weather.name.clone(),
            });
        }
        let rules = self.faults.iter().chain(weather.faults.iter()).cloned().collect();
        self.faults = FaultRules::new(rules).map_err(|error| WeatherError::Overfull {
            scenario: self.name.clone(),
            weather: weather.name.clone(),
            error,
        })?;
        self.network = combined(&self.network, &weather.network);
        self.description = format!("{} Tasks and strategies are those of `{}`.", weather.description, self.name)
            .trim_start()
            .to_owned();
        self.name = format!("{}-{}", self.name, weather.name);
        Ok(self)
    }
}

/// The network of a weather, as far as it has one: round trips of zero are what a scenario has that says nothing.
fn combined(own: &Arc<Network>, weather: &Arc<Network>) -> Arc<Network> {
    let has_round_trips = weather.rtt != Distribution::constant(Micros::ZERO);
    let base = if has_round_trips { weather } else { own };
    let latency = weather.webhook_latency.as_ref().or(own.webhook_latency.as_ref());
    Arc::new(Network { webhook_latency: latency.cloned(), ..(**base).clone() })
}
