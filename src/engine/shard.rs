//! Parts of a run: which of its work is done here, where several machines share it.
//!
//! The work is a row of pieces, and a shard takes some that follow each other. Where tasks interact a piece is a whole
//! replicate, elsewhere a group of models in one; all strategies of a piece stay together, since they are compared task
//! by task. Pieces never depend on each other, and all sums are integers: however a run is cut, the parts add up to the
//! same bytes.

use crate::engine::plan::Plan;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;
use std::str::FromStr;

/// Most parts of a run.
const MOST: u32 = 1_000_000;

/// One of several parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct Shard {
    /// From 1.
    number: NonZeroU32,
    of: NonZeroU32,
}

/// Why there is no such shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidShard {
    /// The text is not of the form `I/N`.
    #[error("`{text}` is not a shard: write I/N, such as 3/8 for the third of eight, or auto")]
    Form {
        /// What was written.
        text: String,
    },
    /// The number is not among them.
    #[error("there is no shard {number} of {of}: shards are counted from 1 to {of}, and there are at most {MOST}")]
    Number {
        /// The shard that was asked for.
        number: u32,
        /// How many there are.
        of: u32,
    },
    /// Nothing in the environment says which shard this is.
    #[error(
        "no job system says which shard this is: auto reads SLURM_ARRAY_TASK_ID (with _MIN and _COUNT), \
         JOB_COMPLETION_INDEX of Kubernetes (write auto/N for its completions) or AWS_BATCH_JOB_ARRAY_INDEX (with \
         AWS_BATCH_JOB_ARRAY_SIZE); else write I/N"
    )]
    Unknown,
    /// A variable of the environment is no number that fits.
    #[error("{name} is `{value}`, which is not the number of a shard")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
    },
}

impl Shard {
    /// The whole run.
    pub const WHOLE: Self = Self { number: NonZeroU32::MIN, of: NonZeroU32::MIN };

    /// Shard `number`, from 1, of `of`.
    ///
    /// ```
    /// use pollbench::engine::shard::Shard;
    /// assert_eq!(Shard::new(3, 8).unwrap(), "3/8".parse().unwrap());
    /// assert!(Shard::new(0, 8).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Where there is no such shard.
    pub fn new(number: u32, of: u32) -> Result<Self, InvalidShard> {
        let invalid = InvalidShard::Number { number, of };
        match (NonZeroU32::new(number), NonZeroU32::new(of)) {
            (Some(number), Some(of)) if number <= of && of.get() <= MOST => Ok(Self { number, of }),
            _ => Err(invalid),
        }
    }

    /// The shard that a job system has this process run, from the variables that it sets: an array of Slurm or AWS Batch,
    /// or an indexed job of Kubernetes, which does not say how many there are: that is `of`, where it is known.
    ///
    /// # Errors
    ///
    /// Where no variable is set, or one is no number that fits.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>, of: Option<u32>) -> Result<Self, InvalidShard> {
        let number = |name: &'static str| -> Result<Option<u32>, InvalidShard> {
            let Some(value) = variable(name) else { return Ok(None) };
            value.trim().parse().map(Some).map_err(|_| InvalidShard::Variable { name, value })
        };
        if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let count = of.map_or_else(|| number("SLURM_ARRAY_TASK_COUNT"), |of| Ok(Some(of)))?;
            let count = count.ok_or(InvalidShard::Unknown)?;
            return Self::new(task.saturating_sub(first).saturating_add(1), count);
        }
        for (index, size) in
            [("AWS_BATCH_JOB_ARRAY_INDEX", Some("AWS_BATCH_JOB_ARRAY_SIZE")), ("JOB_COMPLETION_INDEX", None)]
        {
            if let Some(index) = number(index)? {
                let known = match (of, size) {
                    (Some(of), _) => Some(of),
                    (None, Some(size)) => number(size)?,
                    (None, None) => None,
                };
                return Self::new(index.saturating_add(1), known.ok_or(InvalidShard::Unknown)?);
            }
        }
        Err(InvalidShard::Unknown)
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number.get()
    }

    /// How many there are.
    #[must_use]
    pub const fn of(self) -> u32 {
        self.of.get()
    }

    /// Its pieces of the work.
    #[must_use]
    pub fn pieces(self, plan: &Plan<'_>) -> Range<u64> {
        self.part_of(pieces(plan))
    }

    /// Its part of so many things in a row: as many as any other shard has, or one more or less.
    #[must_use]
    pub fn part_of(self, all: u64) -> Range<u64> {
        let end = |number: u32| (u128::from(all) * u128::from(number) / u128::from(self.of.get())) as u64;
        end(self.number.get() - 1)..end(self.number.get())
    }
}

/// Pieces that the work of a plan is made of.
#[must_use]
pub fn pieces(plan: &Plan<'_>) -> u64 {
    u64::from(plan.scenario.replicates) * if is_whole(plan) { 1 } else { plan.groups.len() as u64 }
}

/// The piece that a group of models in a replicate belongs to.
pub(in crate::engine) fn piece(plan: &Plan<'_>, replicate: u32, group: usize) -> u64 {
    if is_whole(plan) { replicate.into() } else { u64::from(replicate) * plan.groups.len() as u64 + group as u64 }
}

/// Whether a replicate is one piece.
fn is_whole(plan: &Plan<'_>) -> bool {
    plan.intake_coupled || plan.strategies.iter().any(|strategy| strategy.is_coupled || strategy.interacts)
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let form = || InvalidShard::Form { text: text.to_owned() };
        let (number, of) = text.split_once('/').ok_or_else(form)?;
        Self::new(number.trim().parse().map_err(|_| form())?, of.trim().parse().map_err(|_| form())?)
    }
}

impl TryFrom<(u32, u32)> for Shard {
    type Error = InvalidShard;

    fn try_from((number, of): (u32, u32)) -> Result<Self, InvalidShard> {
        Self::new(number, of)
    }
}

impl From<Shard> for (u32, u32) {
    fn from(shard: Shard) -> Self {
        (shard.number(), shard.of())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_shard_outside_of_all() {
        for text in ["0/4", "5/4", "1/0", "0/0", "4", "a/b", "1/4/2", "-1/4", "1/99999999999", "1/1000001"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn job_systems_say_which_shard_this_is() {
        let shard = |variables: &[(&str, &str)], of| {
            let variables: Vec<(String, String)> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Shard::from_environment(
                move |name| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
                of,
            )
        };
        let slurm = [("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "8")];
        assert_eq!(shard(&slurm, None), Shard::new(3, 8));
        let batch = [("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "5")];
        assert_eq!(shard(&batch, None), Shard::new(1, 5));
        assert_eq!(shard(&[("JOB_COMPLETION_INDEX", "6")], Some(7)), Shard::new(7, 7));
        assert_eq!(shard(&[("JOB_COMPLETION_INDEX", "6")], None), Err(InvalidShard::Unknown));
        assert_eq!(shard(&[], Some(7)), Err(InvalidShard::Unknown));
        assert!(matches!(shard(&[("JOB_COMPLETION_INDEX", "x")], Some(7)), Err(InvalidShard::Variable { .. })));
        assert!(matches!(shard(&[("JOB_COMPLETION_INDEX", "7")], Some(7)), Err(InvalidShard::Number { .. })));
    }
}
