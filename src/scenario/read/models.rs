//! Models.

use super::{Reader, probability};
use crate::api::reply::Failure;
use crate::scenario::checked::{Named, Table};
use crate::world::distribution::Distribution;
use crate::world::model::{FailureMode, Fates, Model, Product};
use std::num::{NonZeroU8, NonZeroU32};

/// The name of the model that stands for any other.
const ANY: &str = "*";

impl Reader<'_> {
    /// The models in file order, and what stands for any other name.
    pub(super) fn models(&mut self, file: &Table) -> Option<(Vec<Model>, Option<Model>)> {
        let tables: &[Named] = file.get("models")?;
        let models: Vec<_> = tables.iter().map(|named| self.model(named.name(), &named.table)).collect();
        let models: Option<Vec<Model>> = models.into_iter().collect();
        let (mut others, models): (Vec<_>, Vec<_>) = models?.into_iter().partition(|model| model.name == ANY);
        if models.is_empty() {
            let help = "write one as [models.NAME]: \"*\" stands for other names on the mock server only";
            return self.problem_with(file.span("models"), "a scenario needs at least one named model", help);
        }
        Some((models, others.pop()))
    }

    fn model(&mut self, name: &str, table: &Table) -> Option<Model> {
        let completion = self.distribution(table, "completion");
        let pending = self.optional_distribution(table, "pending");
        let failure = match table.optional::<&Table>("failure")? {
            Some(failure) => self.failure(failure, completion.as_ref()).map(Some),
            None => Some(None),
        };
        let (completion, pending, failure) = (completion?, pending?, failure?);
        let stuck = probability(table, "stuck_probability")?;
        let ending = failure.as_ref().map_or(0.0, |failure| failure.probability.get()) + stuck.get();
        let Some(fates) = Fates::new(failure, stuck) else {
            let message = format!("`failure.probability` and `stuck_probability` add up to {ending}, which is above 1");
            return self.problem(table.span("stuck_probability"), message);
        };
        let workers = table.optional::<u64>("workers")?;
        let workers = workers.and_then(|workers| u32::try_from(workers).ok()).and_then(NonZeroU32::new);
        let product = table.optional::<&str>("result")?;
        let product = product.and_then(|word| Product::ALL.into_iter().find(|product| product.name() == word));
        let files = table.optional::<u64>("results")?;
        let files = files.and_then(|files| u8::try_from(files).ok()).and_then(NonZeroU8::new);
        Some(Model { name: name.to_owned(), completion, pending, fates, workers, product, files })
    }

    /// How tasks fail: by `completion` where no distribution of their own is written.
    fn failure(&mut self, table: &Table, completion: Option<&Distribution>) -> Option<FailureMode> {
        let after = self.optional_distribution(table, "after")?;
        let failure =
            Failure { code: table.get::<&str>("code")?.to_owned(), message: table.get::<&str>("message")?.to_owned() };
        Some(FailureMode {
            probability: probability(table, "probability")?,
            failure,
            after: after.or_else(|| completion.cloned())?,
        })
    }
}
