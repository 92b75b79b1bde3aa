//! What the page's controls say: parsed, and within bounds.

use super::limits::{self, Control, FAULTS, LONGEST_NAME, MOST_FAULTS, MOST_STRATEGIES};
use crate::scenario::error::InvalidScenario;
use crate::strategy::presets::PRESETS;
use crate::suggest::closest;
use serde::{Deserialize, Serialize};

/// What the controls of the page say. One that exists is within the lab's bounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LabState(pub(super) Written);

/// A state as it is written; nothing is known of its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) model: String,
    pub(super) median_s: f64,
    pub(super) spread: f64,
    pub(super) hump_share: f64,
    pub(super) hump_s: f64,
    pub(super) tail_share: f64,
    pub(super) tail_shape: f64,
    pub(super) queue_s: f64,
    pub(super) stuck: f64,
    pub(super) failing: f64,
    pub(super) rtt_s: f64,
    pub(super) arrivals_per_s: f64,
    pub(super) rate_limit_per_s: f64,
    pub(super) outage_s: f64,
    pub(super) outage_from_s: f64,
    pub(super) delay_cost_per_s: f64,
    pub(super) tasks: f64,
    pub(super) replicates: f64,
    pub(super) seed: f64,
    pub(super) faults: Vec<Stirred>,
    pub(super) strategies: Vec<Chosen>,
}

/// A fault that was stirred in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stirred {
    pub(super) kind: String,
    pub(super) probability: f64,
}

/// A strategy that was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Chosen {
    /// By its name.
    Preset(String),
    /// With numbers of one's own.
    Own(Own),
}

/// A first wait, then gaps that may grow; errors are polled over, and a last poll is made at the deadline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Own {
    pub(super) name: String,
    pub(super) first_s: f64,
    pub(super) interval_s: f64,
    pub(super) multiplier: f64,
    pub(super) cap_s: f64,
    pub(super) deadline_s: f64,
}

/// Why a text is no state of the lab.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLabState {
    /// It is not a state at all.
    #[error("this is not a state of the lab: {0}")]
    Form(String),
    /// A number out of its bounds.
    #[error("`{key}` is {value}: it must be {what}from {min} to {max}", what = if *whole { "a whole number " } else { "" })]
    Number {
        /// Its key.
        key: &'static str,
        /// What it is.
        value: f64,
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// Whether it must be whole.
        whole: bool,
    },
    /// Too many of something, or none.
    #[error("there are {count} {what}: the lab takes {least} to {most}")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there must be.
        least: usize,
        /// How many there may be.
        most: usize,
    },
    /// A name that is too long, or empty.
    #[error("a name must have 1 to {LONGEST_NAME} characters, not {0}")]
    Name(usize),
    /// A preset or a kind of fault that the lab does not know.
    #[error("there is no {what} `{name}`{}", suggestion.map_or_else(String::new, |near| format!(": did you mean `{near}`?")))]
    Unknown {
        /// What it should be.
        what: &'static str,
        /// What was written.
        name: String,
        /// What was probably meant.
        suggestion: Option<&'static str>,
    },
    /// Tasks that fail and tasks that never end are more than all.
    #[error("`failing` and `stuck` add up to more than 1")]
    Fates,
    /// What it says together is no scenario, such as two strategies of one name.
    #[error("{0}")]
    Scenario(Box<InvalidScenario>),
}

impl LabState {
    /// The state in this JSON text.
    ///
    /// # Errors
    ///
    /// Where it is none, or beyond the lab's bounds.
    pub fn parse(json: &str) -> Result<Self, InvalidLabState> {
        Self::new(serde_json::from_str(json).map_err(|error| InvalidLabState::Form(error.to_string()))?)
    }

    pub(super) fn new(written: Written) -> Result<Self, InvalidLabState> {
        name(&written.model)?;
        for (value, control) in written.numbers().into_iter().zip(&limits::CONTROLS) {
            within(value, control)?;
        }
        if written.failing + written.stuck > 1.0 {
            return Err(InvalidLabState::Fates);
        }
        some("faults", written.faults.len(), 0, MOST_FAULTS)?;
        for Stirred { kind, probability } in &written.faults {
            known("fault", kind, &FAULTS.map(|(name, ..)| name))?;
            within(*probability, &limits::STRUCK)?;
        }
        some("strategies", written.strategies.len(), 1, MOST_STRATEGIES)?;
        for chosen in &written.strategies {
            match chosen {
                Chosen::Preset(preset) => known("preset", preset, PRESETS)?,
                Chosen::Own(own) => {
                    name(&own.name)?;
                    for (value, control) in own.numbers().into_iter().zip(&limits::OF_STRATEGIES) {
                        within(value, control)?;
                    }
                }
            }
        }
        Ok(Self(written))
    }
}

impl LabState {
    /// The same with a share of the tasks: fewer replicates, then fewer tasks of each. Those that are left are the same.
    pub(super) fn fewer(&self, share: f64) -> Self {
        let Written { tasks, replicates, .. } = self.0;
        let fewer = (replicates * share).floor().max(1.0);
        let each = (tasks * (replicates * share / fewer).min(1.0)).floor().max(limits::TASKS.min);
        Self(Written { tasks: each, replicates: fewer, ..self.0.clone() })
    }
}

impl Written {
    /// In the order of [`limits::CONTROLS`].
    fn numbers(&self) -> [f64; 18] {
        [
            self.median_s,
            self.spread,
            self.hump_share,
            self.hump_s,
            self.tail_share,
            self.tail_shape,
            self.queue_s,
            self.stuck,
            self.failing,
            self.rtt_s,
            self.arrivals_per_s,
            self.rate_limit_per_s,
            self.outage_s,
            self.outage_from_s,
            self.delay_cost_per_s,
            self.tasks,
            self.replicates,
            self.seed,
        ]
    }
}

impl Own {
    /// In the order of [`limits::OF_STRATEGIES`].
    fn numbers(&self) -> [f64; 5] {
        [self.first_s, self.interval_s, self.multiplier, self.cap_s, self.deadline_s]
    }
}

fn within(value: f64, control: &Control) -> Result<(), InvalidLabState> {
    let Control { key, min, max, whole, .. } = *control;
    let is_within = (min..=max).contains(&value) && (!whole || value.fract() == 0.0);
    if is_within { Ok(()) } else { Err(InvalidLabState::Number { key, value, min, max, whole }) }
}

fn name(name: &str) -> Result<(), InvalidLabState> {
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) { Ok(()) } else { Err(InvalidLabState::Name(length)) }
}

fn some(what: &'static str, count: usize, least: usize, most: usize) -> Result<(), InvalidLabState> {
    if (least..=most).contains(&count) { Ok(()) } else { Err(InvalidLabState::Count { what, count, least, most }) }
}

fn known(what: &'static str, name: &str, names: &[&'static str]) -> Result<(), InvalidLabState> {
    if names.contains(&name) {
        return Ok(());
    }
    let suggestion = closest(name, names.iter().copied());
    Err(InvalidLabState::Unknown { what, name: name.chars().take(LONGEST_NAME).collect(), suggestion })
}
