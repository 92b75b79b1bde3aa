//! Cases as a strategy of proptest, which shrinks them as `check` does: to scripts that people can read.
//!
//! ```
//! use pollbench::check::{Timing, Properties, StrategyPoller, Worlds, judge, play};
//! use pollbench::strategy::presets::preset;
//! use pollbench::time::Micros;
//! use proptest::prelude::*;
//!
//! let strategy = preset("basic-hardened").expect("a shipped preset");
//! let poller = StrategyPoller::new(&strategy, "nano-banana");
//! let deadline = poller.deadline().expect("it has a limit");
//! let timing = Timing { largest_gap: Micros::from_secs(4), ..Timing::exact(Micros::from_secs(10)) };
//! proptest!(ProptestConfig::with_cases(100), |(case in Worlds::new(deadline))| {
//!     let seen = play(&mut poller.clone(), &case);
//!     prop_assert_eq!(judge(&case, &seen, &timing, Properties::ALL).violated, []);
//! });
//! ```

use super::case::Case;
use super::draw::Cases;
use super::shrink::{ShrinkLimits, simpler};
use crate::time::Micros;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rand::Rng as _;
use std::collections::VecDeque;

/// Worlds with one deadline.
#[derive(Debug, Clone)]
pub struct Worlds {
    cases: Cases,
    limits: ShrinkLimits,
}

/// A drawn case and the simpler ones that are still to be tried.
#[derive(Debug, Clone)]
pub struct WorldTree {
    /// The simplest one so far.
    kept: Case,
    /// The one that is being tried.
    tried: Option<Case>,
    /// To be tried, once they are known.
    next: Option<VecDeque<Case>>,
    limits: ShrinkLimits,
}

impl Worlds {
    /// Worlds of one task with this deadline, which is kept while they shrink.
    #[must_use]
    pub fn new(deadline: Micros) -> Self {
        Self::of(Cases::new(0, deadline))
    }

    /// Worlds from these cases, whatever their seed: proptest has its own.
    #[must_use]
    pub fn of(cases: Cases) -> Self {
        Self { cases, limits: ShrinkLimits { deadline: false, shortest: Micros::LONGEST } }
    }
}

impl Strategy for Worlds {
    type Tree = WorldTree;
    type Value = Case;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let kept = self.cases.drawn(runner.rng().next_u64());
        Ok(WorldTree { kept, tried: None, next: None, limits: self.limits })
    }
}

impl ValueTree for WorldTree {
    type Value = Case;

    fn current(&self) -> Case {
        self.tried.as_ref().unwrap_or(&self.kept).clone()
    }

    fn simplify(&mut self) -> bool {
        // Whoever asks for a simpler one has seen this one fail.
        if let Some(failed) = self.tried.take() {
            (self.kept, self.next) = (failed, None);
        }
        self.step()
    }

    fn complicate(&mut self) -> bool {
        self.tried = None;
        self.step()
    }
}

impl WorldTree {
    fn step(&mut self) -> bool {
        let next = self.next.get_or_insert_with(|| simpler(&self.kept, self.limits).into());
        self.tried = next.pop_front();
        self.tried.is_some()
    }
}
