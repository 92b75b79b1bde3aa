//! Reads a checked file into a [`Scenario`]: what single values cannot tell, from `min <= max` to "this strategy is
//! not in the file".

mod distributions;
mod faults;
mod models;
mod promises;
mod strategies;

use super::check::check;
use super::checked::Table;
use super::error::{InvalidScenario, Problem};
use super::files::Files;
use super::grammar::SCENARIO;
use super::planned::PlanInputs;
use super::{CostWeights, MOST_TASKS, Scenario, SubmitPolicy, total_tasks};
use crate::inspection::Accuracy;
use crate::world::model::Probability;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;
use toml::de::DeTable;

/// Reads the scenario in `text`. `origin` is where it is from, for messages; `files` has the files that it names.
pub(super) fn read(
    text: &str,
    origin: &str,
    files: &dyn Files,
    accuracy: Accuracy,
) -> Result<Scenario, InvalidScenario> {
    let mut reader = Reader { files, accuracy, problems: Vec::new() };
    let scenario = reader.parse(text).filter(|_| reader.problems.is_empty());
    scenario.ok_or_else(|| {
        let mut problems = reader.problems;
        problems.sort_by_key(|problem| problem.span.start);
        InvalidScenario { origin: origin.to_owned(), text: text.to_owned(), problems }
    })
}

/// What is read so far: the problems. A method that returns `None` has told at least one, or found one told.
struct Reader<'f> {
    files: &'f dyn Files,
    /// Of planned strategies.
    accuracy: Accuracy,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn parse(&mut self, text: &str) -> Option<Scenario> {
        let (document, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            let table = check(&SCENARIO, &document, &mut self.problems);
            return self.scenario(&table);
        }
        self.problems.extend(errors.iter().map(|error| {
            let span = error.span().unwrap_or(0..0);
            Problem::new(span, error.message())
        }));
        None
    }

    fn scenario(&mut self, file: &Table) -> Option<Scenario> {
        let arrivals = self.arrivals(file);
        let network = self.network(file);
        let submit = submit(file);
        let (models, other) = self.models(file).unzip();
        let cost = file.get::<&Table>("report").and_then(cost);
        let faults = self.faults(file);
        let inputs = models.as_deref().zip(cost).zip(file.get("horizon"));
        let (batch, accuracy) = (NonZeroU32::MIN, self.accuracy);
        let inputs =
            inputs.map(|((models, weights), horizon)| PlanInputs { models, weights, horizon, batch, accuracy });
        let mut strategies = self.strategies(file, inputs.as_ref());
        let baseline = self.baseline(file, inputs.as_ref(), strategies.as_mut());
        let gates = self.gates(file);
        let scenario = Scenario {
            name: file.get::<&str>("name")?.to_owned(),
            description: file.get::<&str>("description")?.to_owned(),
            seed: file.get("seed")?,
            tasks: file.get("tasks")?,
            replicates: u32::try_from(file.get::<u64>("replicates")?).ok()?,
            horizon: file.get("horizon")?,
            arrivals: arrivals?,
            network: Arc::new(network?),
            submit: submit?,
            models: models?,
            other: other?,
            faults: faults?,
            strategies: strategies?,
            baseline: baseline?,
            cost: cost?,
            gates: gates?,
        };
        let total = total_tasks(&scenario);
        if total > MOST_TASKS {
            let message = format!("{total} tasks in all are more than {MOST_TASKS}");
            let help = "tasks × replicates × models counts";
            self.problems.push(Problem::new(file.span("tasks"), message).help(help));
        }
        Some(scenario)
    }

    /// Tells that something is wrong at `span`.
    fn problem<T>(&mut self, span: Range<usize>, message: impl Into<String>) -> Option<T> {
        self.problems.push(Problem::new(span, message));
        None
    }

    /// Tells that something is wrong at `span`, and what to write instead.
    fn problem_with<T>(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Problem::new(span, message).help(help));
        None
    }
}

fn submit(file: &Table) -> Option<SubmitPolicy> {
    let table: &Table = file.get("submit")?;
    Some(SubmitPolicy {
        retries: count(table, "retries")?,
        retry_delay: table.get("retry_delay")?,
        attempt_timeout: table.get("attempt_timeout")?,
    })
}

fn cost(table: &Table) -> Option<CostWeights> {
    Some(CostWeights { poll: table.get("poll_cost")?, delay_per_s: table.get("delay_cost_per_s")? })
}

/// A whole number that the grammar keeps within 32 bits.
fn count(table: &Table, key: &str) -> Option<u32> {
    table.get::<u64>(key).and_then(|count| u32::try_from(count).ok())
}

/// The same where zero is refused by the grammar.
fn positive(table: &Table, key: &str) -> Option<NonZeroU32> {
    count(table, key).and_then(NonZeroU32::new)
}

/// A probability that the grammar keeps within [0, 1].
fn probability(table: &Table, key: &str) -> Option<Probability> {
    table.get(key).and_then(Probability::new)
}
