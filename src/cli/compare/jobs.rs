//! What is to be run: each scenario, in each weather.

use super::Compare;
use crate::cli::console::Failure;
use crate::engine::until::Until;
use crate::scenario::Scenario;
use crate::scenario::recipe::{Loaded, Recipe};

/// One scenario to run.
#[derive(Debug)]
pub(super) struct Job {
    /// What it is called beside the others.
    pub(super) label: String,
    /// As the user wrote it.
    pub(super) file: String,
    /// The weather, as the user wrote it.
    pub(super) weather: Option<String>,
    pub(super) scenario: Scenario,
    /// How far it goes on, where that is not its own number of replicates.
    pub(super) until: Option<Until>,
    /// What the scenario is made of.
    pub(super) recipe: Recipe,
}

impl Job {
    /// Waits that it has, at most.
    pub(super) fn waits(&self) -> u128 {
        let Scenario { tasks, replicates, models, strategies, .. } = &self.scenario;
        let replicates = self.until.as_ref().map_or(*replicates, Until::most);
        u128::from(*tasks) * u128::from(replicates) * (models.len() * strategies.len()) as u128
    }
}

impl Compare {
    /// Every scenario in every weather, or as it is.
    pub(super) fn jobs(&self) -> Result<Vec<Job>, Failure> {
        let overrides = self.overrides();
        let mut weathers = vec![None];
        if !self.weather.is_empty() {
            let fallen = |name: &'_ String| Ok::<_, Failure>(Some((name.clone(), Loaded::named(name, &[])?)));
            weathers = self.weather.iter().map(fallen).collect::<Result<_, _>>()?;
        }
        let mut jobs: Vec<Job> = Vec::new();
        let fitted = self.changes.fitted(self.quiet)?;
        for file in &self.scenarios {
            let own = Loaded::named(file, &self.changes.settings_of(&fitted, file)?)?;
            for weather in &weathers {
                let fallen = weather.as_ref().map(|(_, weather)| weather);
                let (recipe, scenario) = Recipe::cook(&own, fallen, overrides.clone())?;
                let label = match weather {
                    Some((_, weather)) if self.scenarios.len() == 1 => weather.scenario.name.clone(),
                    Some(_) | None => scenario.name.clone(),
                };
                let weather = weather.as_ref().map(|(name, _)| name.clone());
                let until = self.until.of(&scenario)?;
                jobs.push(Job { label, file: file.clone(), weather, scenario, until, recipe });
            }
        }
        for (number, job) in jobs.iter().enumerate() {
            if jobs[..number].iter().any(|other| other.scenario.name == job.scenario.name) {
                let name = &job.scenario.name;
                return Err(Failure::Input(format!(
                    "two of the scenarios are called `{name}`; each needs a name of its own"
                )));
            }
        }
        Ok(jobs)
    }
}
