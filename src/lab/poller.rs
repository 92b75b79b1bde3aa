//! A strategy of the lab as a program that waits as it does.

use super::state::{InvalidLabState, LabState, Written};
use crate::strategy::calm::checks;
use crate::strategy::wait::Policy;
use crate::tune::poller::{LANGUAGES, Language, Looks};
use serde::Deserialize;

/// What the page asks for: a strategy of a state, and a language.
#[derive(Debug, Clone, PartialEq)]
pub struct PollerWish {
    state: LabState,
    strategy: String,
    language: Language,
}

/// A wish as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    state: Written,
    strategy: String,
    language: String,
}

/// Why there is no poller.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoPoller {
    /// The wish is none, or its state is not.
    #[error("{0}")]
    State(#[from] InvalidLabState),
    /// Nothing is written in this language.
    #[error("there is no poller in `{0}`")]
    Language(String),
    /// No such strategy in the state.
    #[error("there is no strategy `{0}`")]
    Strategy(String),
    /// It does not look at instants of its own.
    #[error(
        "`{0}` waits for webhooks or depends on other tasks: only strategies that poll by a clock of their own can be copied"
    )]
    NotAlone(String),
}

impl PollerWish {
    /// The wish in this JSON text: `{"state": …, "strategy": NAME, "language": NAME}`.
    ///
    /// # Errors
    ///
    /// Where it is none, or beyond the lab's bounds.
    pub fn parse(json: &str) -> Result<Self, NoPoller> {
        let asked: Asked = serde_json::from_str(json).map_err(|error| InvalidLabState::Form(error.to_string()))?;
        let Asked { state, strategy, language } = asked;
        let found = LANGUAGES.into_iter().find(|known| known.name() == language);
        Ok(Self { state: LabState::new(state)?, strategy, language: found.ok_or(NoPoller::Language(language))? })
    }
}

/// A whole program that looks when the strategy does, in a calm world.
///
/// # Errors
///
/// Where the strategy is not there, or does not only poll.
pub fn poller(wish: &PollerWish) -> Result<String, NoPoller> {
    let scenario = wish.state.scenario()?;
    let strategy = scenario.strategies.iter().find(|known| known.name == wish.strategy);
    let strategy = strategy.ok_or_else(|| NoPoller::Strategy(wish.strategy.clone()))?;
    let model = &scenario.models[0].name;
    let looks = checks(strategy, model, scenario.horizon);
    let looks = looks.ok_or_else(|| NoPoller::NotAlone(strategy.name.clone()))?;
    let limit = Policy::new(strategy, model).nominal_limit().unwrap_or(scenario.horizon).min(scenario.horizon);
    let about = vec![
        format!("{model}: the looks of `{}` in a calm world", strategy.name),
        "tried in the lab; errors are polled over, and a last look is made at the deadline".to_owned(),
    ];
    let looks = Looks::at(Some(model), &looks, limit.get() as f64, about);
    Ok(wish.language.poller(&[looks], "pollbench lab", false))
}
