//! Scenarios: one file that says which tasks, faults and strategies meet. A [`Scenario`] that exists is valid.

use crate::measure::cost::CostWeights;
use crate::strategy::composition::Strategy;
use crate::time::Micros;
use crate::world::arrivals::Arrivals;
use crate::world::fault::FaultRule;
use crate::world::model::Model;
use crate::world::network::Network;

/// Everything that a run needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name, also of the report's folder.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Key of all randomness.
    pub seed: u64,
    /// Tasks per model and replicate, at least 1.
    pub tasks: u64,
    /// Independent repetitions, at least 1.
    pub replicates: u32,
    /// A wait that neither knew nor gave up this long after it began is a hang.
    pub horizon: Micros,
    /// When tasks are submitted.
    pub arrivals: Arrivals,
    /// How long exchanges travel.
    pub network: Network,
    /// What happens to submits that fail.
    pub submit: SubmitPolicy,
    /// At least one, names unique.
    pub models: Vec<Model>,
    /// In file order, which is part of the randomness.
    pub faults: Vec<FaultRule>,
    /// At least one, names unique.
    pub strategies: Vec<Strategy>,
    /// Index in `strategies` of the one that others are compared with.
    pub baseline: usize,
    /// What polls and delay cost.
    pub cost: CostWeights,
    /// Promises that the results are held against.
    pub gates: Vec<Gate>,
}

/// What happens to submits that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubmitPolicy {
    /// Times that a failed submit is sent again.
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
