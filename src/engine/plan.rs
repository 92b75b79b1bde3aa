//! A scenario made ready to run: every look-up done once.

use crate::api::reply::Failure;
use crate::engine::yardstick::Yardstick;
use crate::scenario::Scenario;
use crate::strategy::composition::{Sharing, Strategy};
use crate::strategy::wait::Policy;
use crate::world::draws::mix;
use crate::world::exchange::Link;
use crate::world::fault::Route;
use crate::world::model::Model;
use crate::world::outage::{Outage, outages};
use crate::world::webhook::WebhookLink;
use std::sync::{Arc, LazyLock, OnceLock};

/// What a task that fails without a distribution of failure would say; never seen.
static NO_FAILURE: LazyLock<Failure> = LazyLock::new(|| Failure { code: String::new(), message: String::new() });

/// One model with its links.
#[derive(Debug)]
pub struct ModelPlan<'s> {
    /// The model.
    pub model: &'s Model,
    /// What its failed tasks say.
    pub failure: &'s Failure,
    /// Status requests.
    pub status: Link,
    /// Submits.
    pub submit: Link,
    /// Webhook deliveries.
    pub webhook: WebhookLink,
    /// Windows of its faults.
    pub outages: Vec<Outage>,
    yardstick: OnceLock<Option<Arc<Yardstick>>>,
}

/// One strategy with its policies.
#[derive(Debug)]
pub struct StrategyPlan<'s> {
    /// The strategy.
    pub strategy: &'s Strategy,
    /// Its policy for each model.
    pub policies: Vec<Policy<'s>>,
    /// Its tasks must be simulated together, in the order of time.
    pub is_coupled: bool,
    /// Its tasks are not independent observations: intervals come from replicates.
    pub interacts: bool,
}

impl StrategyPlan<'_> {
    /// Whether its tasks are submitted in batches, and not one by one as those of others are.
    #[must_use]
    pub fn is_in_batches(&self) -> bool {
        matches!(self.strategy.sharing, Sharing::Batch(_))
    }
}

/// A scenario made ready to run.
#[derive(Debug)]
pub struct Plan<'s> {
    /// The scenario.
    pub scenario: &'s Scenario,
    /// Its models.
    pub models: Vec<ModelPlan<'s>>,
    /// Its strategies.
    pub strategies: Vec<StrategyPlan<'s>>,
    /// Models that are simulated together because they share a token bucket; every model is in one group.
    pub groups: Vec<Vec<usize>>,
    /// Submits must be simulated together: finite workers, or a token bucket before them.
    pub intake_coupled: bool,
}

impl<'s> Plan<'s> {
    /// Makes `scenario` ready.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        let models: Vec<_> = scenario.models.iter().map(|model| ModelPlan::new(scenario, model)).collect();
        let limited = models.iter().any(|model| model.status.faults.is_limited());
        let intake_coupled =
            models.iter().any(|model| model.model.workers.is_some() || model.submit.faults.is_limited());
        // Bursts strike all tasks of a replicate that are there, and how many a fixed window catches differs from one
        // replicate to the next as well.
        let weather = scenario.faults.iter().any(|rule| rule.when().comes_and_goes());
        let strategies = scenario
            .strategies
            .iter()
            .map(|strategy| {
                let is_coupled = limited || strategy.sharing != Sharing::Alone;
                StrategyPlan {
                    strategy,
                    policies: models.iter().map(|model| Policy::new(strategy, &model.model.name)).collect(),
                    is_coupled,
                    interacts: is_coupled || intake_coupled || weather,
                }
            })
            .collect();
        Self { scenario, groups: groups(scenario), models, strategies, intake_coupled }
    }

    /// Number of the cell of a model and a strategy.
    #[must_use]
    pub fn cell(&self, model: usize, strategy: usize) -> usize {
        model * self.strategies.len() + strategy
    }

    /// What no polling strategy can do better than on a model, found when it is first asked for; `None` where there is
    /// no such figure.
    #[must_use]
    pub fn yardstick(&self, model: usize) -> Option<&Yardstick> {
        let plan = &self.models[model];
        let found = || Yardstick::new(plan.model, &self.scenario.cost, self.scenario.horizon);
        plan.yardstick.get_or_init(found).as_deref()
    }

    /// Key of the digest for one cell and replicate.
    #[must_use]
    pub fn digest_key(&self, model: usize, strategy: usize, replicate: u32) -> u64 {
        let (model, strategy) = (&self.models[model].model.name, &self.strategies[strategy].strategy.name);
        let bytes = model.bytes().chain([0]).chain(strategy.bytes());
        bytes.fold(mix(u64::from(replicate) + 1), |key, byte| mix(key ^ u64::from(byte)))
    }
}

impl<'s> ModelPlan<'s> {
    fn new(scenario: &'s Scenario, model: &'s Model) -> Self {
        let link = |route| Link::new(&scenario.network, &scenario.faults, route, &model.name);
        Self {
            model,
            failure: model.fates.failure().map_or(&*NO_FAILURE, |failure| &failure.failure),
            status: link(Route::Status),
            submit: link(Route::Submit),
            webhook: WebhookLink::new(&scenario.network, &scenario.faults, &model.name),
            outages: outages(&scenario.faults, &model.name),
            yardstick: OnceLock::new(),
        }
    }
}

/// Models that share a limit, directly or through others, together; the rest on their own.
fn groups(scenario: &Scenario) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = (0..scenario.models.len()).map(|model| vec![model]).collect();
    for rule in scenario.faults.iter().filter(|rule| rule.fault().limit().is_some()) {
        let covers = |model: &usize| rule.covers_model(&scenario.models[*model].name);
        let (joined, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.iter().any(covers));
        let mut joined: Vec<usize> = joined.into_iter().flatten().collect();
        joined.sort_unstable();
        groups = rest;
        groups.extend((!joined.is_empty()).then_some(joined));
    }
    groups.sort_unstable();
    groups
}
