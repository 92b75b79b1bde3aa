//! Waits that learn from each other: the strategy `learned` with the real client.

use crate::client::{Client, Finished, WaitError};
use crate::fit::Observation;
use crate::strategy::composition::Strategy;
use crate::strategy::learned::{self, Learner, Learnt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a wait's end teaches of how long tasks take: what the service states of a finished task, or that somebody gave up
/// on it.
#[must_use]
pub fn taught(result: &Result<Finished, WaitError>) -> Option<Observation> {
    let status = match result {
        Ok(finished) => &finished.status,
        Err(WaitError::TaskFailed { status, .. }) => status,
        Err(WaitError::GaveUp { context }) => return context.unfinished_after.map(learned::unfinished_after),
        Err(_) => return None,
    };
    Some(learned::stated(status.create_time_ms?, status.complete_time_ms?))
}

/// Waits for tasks by what earlier tasks of the same model have shown.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use pollbench::client::{Client, LearnedWaits};
/// use pollbench::strategy::learned::Learning;
///
/// let client = Client::new("https://api.apixo.ai", "my-key")?;
/// let known = std::fs::read("learnt.json").ok().and_then(|text| serde_json::from_slice(&text).ok());
/// let waits = LearnedWaits::resumed(&client, Learning::default().strategy(), known.unwrap_or_default());
/// let finished = waits.wait("sora-2", "task_abc123xyz789").await?;
/// // For the next run of this program:
/// std::fs::write("learnt.json", serde_json::to_vec(&waits.learnt())?)?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct LearnedWaits {
    client: Client,
    strategy: Strategy,
    learners: Mutex<BTreeMap<String, (Learner, u64)>>,
}

impl LearnedWaits {
    /// Knows nothing yet. A strategy that does not learn is followed as it is.
    #[must_use]
    pub fn new(client: &Client, strategy: Strategy) -> Self {
        Self::resumed(client, strategy, BTreeMap::new())
    }

    /// Knows what earlier waits [learnt](Self::learnt), by model.
    #[must_use]
    pub fn resumed(client: &Client, strategy: Strategy, learnt: BTreeMap<String, Learnt>) -> Self {
        let learners = learnt.into_iter().map(|(model, learnt)| {
            let learner = Learner::resumed(&strategy, &model, &learnt);
            (model, (learner, 0))
        });
        let learners = Mutex::new(learners.collect());
        Self { client: client.clone(), strategy, learners }
    }

    /// What is to be kept for another run of the program, by model.
    #[must_use]
    pub fn learnt(&self) -> BTreeMap<String, Learnt> {
        let learners = self.learners.lock().unwrap_or_else(PoisonError::into_inner);
        learners.iter().map(|(model, (learner, _))| (model.clone(), learner.learnt())).collect()
    }

    /// Waits for a task, and learns from it.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    pub async fn wait(&self, model: &str, id: &str) -> Result<Finished, WaitError> {
        let (strategy, number) = self.with_learner(model, |learner, started| {
            *started += 1;
            (Arc::clone(learner.plan(self.client.clock().now())), *started)
        });
        let result = self.client.task(model, id).wait(strategy).await;
        if let Some(observation) = taught(&result) {
            let now = self.client.clock().now();
            self.with_learner(model, |learner, _| learner.tell(now, number, observation));
        }
        result
    }

    fn with_learner<T>(&self, model: &str, act: impl FnOnce(&mut Learner, &mut u64) -> T) -> T {
        let mut learners = self.learners.lock().unwrap_or_else(PoisonError::into_inner);
        let (learner, started) =
            learners.entry(model.to_owned()).or_insert_with(|| (Learner::new(&self.strategy, model), 0));
        act(learner, started)
    }
}
