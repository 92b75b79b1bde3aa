//! Waits that learn from each other: the strategy `learned` with the real client.

use crate::client::{Client, Finished, LearnedState, WaitError};
use crate::fit::Observation;
use crate::strategy::composition::Strategy;
use crate::strategy::learned::{self, Learner};
use crate::time::Micros;
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
    if status.flaw.is_some() {
        return None;
    }
    Some(learned::stated(status.create_time_ms?, status.complete_time_ms?))
}

/// Waits for tasks by what earlier tasks of the same model have shown.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use pollbench::client::{Client, LearnedState, LearnedWaits};
/// use pollbench::strategy::learned::Learning;
///
/// let client = Client::new("https://api.apixo.ai", "my-key")?;
/// let known = match std::fs::read("learnt.json") {
///     Ok(text) => LearnedState::read(&text)?,
///     Err(_) => LearnedState::default(),
/// };
/// let waits = LearnedWaits::resumed(&client, Learning::default().strategy(), known);
/// let finished = waits.wait("sora-2", "task_abc123xyz789").await?;
/// // For the next run of this program:
/// std::fs::write("learnt.json", waits.learnt().to_json())?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct LearnedWaits {
    client: Client,
    strategy: Strategy,
    learners: Mutex<BTreeMap<String, Entry>>,
}

/// What is learnt of one model.
#[derive(Debug)]
struct Entry {
    learner: Learner,
    /// While somebody plans on a copy: what is told in the meantime.
    told_meanwhile: Option<Vec<(Micros, u64, Observation)>>,
}

impl Entry {
    fn new(learner: Learner) -> Self {
        Self { learner, told_meanwhile: None }
    }

    fn tell(&mut self, known: Micros, task: u64, observation: Observation) {
        match &mut self.told_meanwhile {
            Some(told) => told.push((known, task, observation)),
            None => self.learner.tell(known, task, observation),
        }
    }
}

impl LearnedWaits {
    /// Knows nothing yet. A strategy that does not learn is followed as it is.
    #[must_use]
    pub fn new(client: &Client, strategy: Strategy) -> Self {
        Self::resumed(client, strategy, LearnedState::default())
    }

    /// Knows what earlier waits [learnt](Self::learnt). The first wait for a model makes its plan.
    #[must_use]
    pub fn resumed(client: &Client, strategy: Strategy, learnt: LearnedState) -> Self {
        let learners = learnt.into_models().into_iter().map(|(model, learnt)| {
            let learner = Learner::resumed(&strategy, &model, &learnt);
            (model, Entry::new(learner))
        });
        let learners = Mutex::new(learners.collect());
        Self { client: client.clone(), strategy, learners }
    }

    /// What is to be kept for another run of the program.
    #[must_use]
    pub fn learnt(&self) -> LearnedState {
        let learners = self.learners.lock().unwrap_or_else(PoisonError::into_inner);
        LearnedState::new(learners.iter().map(|(model, entry)| (model.clone(), entry.learner.learnt())).collect())
    }

    /// Waits for a task, and learns from it. A task that is waited for twice counts once. Plans are made beside the
    /// runtime's threads; a wait that starts while one is made for its model follows the plan before.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    pub async fn wait(&self, model: &str, id: &str) -> Result<Finished, WaitError> {
        let strategy = self.plan(model).await;
        let result = self.client.task(model, id).wait(strategy).await;
        if let Some(observation) = taught(&result) {
            let now = self.client.clock().now();
            self.with_entry(model, |entry| entry.tell(now, number(id), observation));
        }
        result
    }

    /// How a wait that starts now is to be waited.
    async fn plan(&self, model: &str) -> Arc<Strategy> {
        let now = self.client.clock().now();
        let (in_force, copy) = self.with_entry(model, |entry| {
            let is_due = entry.told_meanwhile.is_none() && entry.learner.is_to_plan(now);
            let copy = is_due.then(|| entry.learner.clone());
            if is_due {
                entry.told_meanwhile = Some(Vec::new());
            }
            (Arc::clone(entry.learner.in_force()), copy)
        });
        let Some(mut learner) = copy else { return in_force };
        // If this wait is dropped before the plan is there, the copy is lost and the learner goes on as it was.
        let mut planning = Planning { waits: self, model };
        let planned = tokio::task::spawn_blocking(move || {
            learner.plan(now);
            learner
        });
        match planned.await {
            Ok(learner) => planning.done(learner),
            Err(_) => in_force,
        }
    }

    fn with_entry<T>(&self, model: &str, act: impl FnOnce(&mut Entry) -> T) -> T {
        let mut learners = self.learners.lock().unwrap_or_else(PoisonError::into_inner);
        act(learners.entry(model.to_owned()).or_insert_with(|| Entry::new(Learner::new(&self.strategy, model))))
    }
}

/// Somebody plans for a model; ends when it goes out of scope.
struct Planning<'a> {
    waits: &'a LearnedWaits,
    model: &'a str,
}

impl Planning<'_> {
    /// Puts the learner that has planned in place.
    fn done(&mut self, learner: Learner) -> Arc<Strategy> {
        let strategy = Arc::clone(learner.in_force());
        self.waits.with_entry(self.model, |entry| entry.learner = learner);
        strategy
    }
}

impl Drop for Planning<'_> {
    fn drop(&mut self) {
        self.waits.with_entry(self.model, |entry| {
            for (known, task, observation) in entry.told_meanwhile.take().unwrap_or_default() {
                entry.learner.tell(known, task, observation);
            }
        });
    }
}

/// A task's number by its id, the same in every run of a program.
fn number(id: &str) -> u64 {
    // FNV-1a.
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
