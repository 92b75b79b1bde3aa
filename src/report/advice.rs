//! Settings for who can only poll: a first wait, an interval and a limit for each model, from the tuner.

use super::Report;
use crate::inspection::DoneLaw;
use crate::tune::{Goal, Quick, settings};

/// Prices of a second, as multiples of the scenario's, that settings are there for.
pub(super) const PRICES: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// The scenario's own among them.
pub(super) const OWN: usize = 2;
/// Most models with settings for every price: a page stays quick and small.
const MOST: usize = 12;

/// The settings of one model.
#[derive(Debug, Clone)]
pub(super) struct Advice<'a> {
    pub(super) model: &'a str,
    /// For each price of [`PRICES`], or for the scenario's own alone.
    pub(super) at: Vec<Quick>,
}

impl Advice<'_> {
    /// For the scenario's own price.
    pub(super) fn own(&self) -> &Quick {
        self.at.get(OWN).unwrap_or(&self.at[0])
    }

    /// What it saves of the guide's cost, as a share; nothing where it saves nothing.
    pub(super) fn saved(&self) -> Option<f64> {
        let own = self.own();
        let guide = own.guide.as_ref()?;
        Some(1.0 - own.row.cost / guide.cost).filter(|share| *share > 0.0)
    }
}

/// Of every model whose times are known beforehand: not of those whose tasks wait for workers.
pub(super) fn advice<'a>(report: &Report<'a>) -> Vec<Advice<'a>> {
    let models = report.models();
    let prices: &[f64] = if models.len() <= MOST { &PRICES } else { &PRICES[OWN..=OWN] };
    let of = |models: &[&'a str]| -> Vec<Advice<'a>> {
        models.iter().filter_map(|model| of_model(report, model, prices)).collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if threads == 1 {
        return of(&models);
    }
    // What is found for a model does not depend on what is searched for beside it.
    let share = models.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = models.chunks(share).map(|part| scope.spawn(move || of(part))).collect();
        let joined = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.flatten().collect()
    })
}

fn of_model<'a>(report: &Report<'a>, name: &'a str, prices: &[f64]) -> Option<Advice<'a>> {
    let model = report.scenario.models.iter().find(|model| model.name == name && model.workers.is_none())?;
    let law = DoneLaw::of_model(model);
    let own = report.scenario.cost;
    let mut goal = Goal::new(&law, own).ok()?;
    goal.horizon = report.scenario.horizon.get() as f64;
    let delays_per_s: Vec<f64> = prices.iter().map(|price| own.delay_per_s * price).collect();
    Some(Advice { model: name, at: goal.quick(name, &delays_per_s)? })
}

/// The settings as a table of the guide's shape, ready to paste.
pub(super) fn js(advice: &[Advice<'_>], price: usize) -> String {
    let entries: String = advice
        .iter()
        .map(|advice| {
            let quick = advice.at.get(price).unwrap_or_else(|| advice.own());
            format!("  {}\n", settings::entry(advice.model, quick.settings))
        })
        .collect();
    format!("const configs = {{\n{entries}}};\n")
}
