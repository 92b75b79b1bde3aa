//! Settings for who can only poll: a first wait, an interval and a limit for each model, from the tuner.

use super::Report;
use crate::inspection::{CostWeights, DoneTime};
use crate::memo::Memo;
use crate::parallel;
use crate::tune::{Goal, Quick, settings};

/// Prices of a second, as multiples of the scenario's, that settings are there for.
pub(super) const PRICES: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// The scenario's own among them.
pub(super) const OWN: usize = 2;
/// Most models with settings for every price: a page stays quick and small.
const MOST: usize = 12;

/// What to search, for a model of this name: its times, costs, the horizon, prices.
type Question = (String, DoneTime, CostWeights, f64, &'static [f64]);

/// Settings that were searched lately: scenarios of a grid have most of their models in common.
static KNOWN: Memo<Question, Option<Vec<Quick>>> = Memo::new();

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
    let prices: &'static [f64] = if models.len() <= MOST { &PRICES } else { &PRICES[OWN..=OWN] };
    let of_model = |at: usize| of_model(report, models[at], prices);
    parallel::each(models.len(), of_model).into_iter().flatten().collect()
}

fn of_model<'a>(report: &Report<'a>, name: &'a str, prices: &'static [f64]) -> Option<Advice<'a>> {
    let model = report.scenario.models.iter().find(|model| model.name == name && model.workers.is_none())?;
    let (own, horizon) = (report.scenario.cost, report.scenario.horizon.get() as f64);
    let question = (name.to_owned(), DoneTime::of_model(model), own, horizon, prices);
    let found = KNOWN.answer(&question, || {
        let mut goal = Goal::new(&question.1, own).ok()?;
        goal.horizon = horizon;
        let delays_per_s: Vec<f64> = prices.iter().map(|price| own.delay_per_s * price).collect();
        goal.quick(name, &delays_per_s)
    });
    Some(Advice { model: name, at: found? })
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
