//! Where the page begins: a scenario as far as the controls can show it, and all that there is to choose from.

use super::limits::{
    ARRIVALS, CONTROLS, Control, DELAY_COST, FAILING, FAULTS, HORIZON_S, HUMP, MEDIAN, MOST_FAULTS, MOST_STRATEGIES,
    OF_STRATEGIES, OUTAGE, OUTAGE_FROM, QUEUE, RATE_LIMIT, REPLICATES, RTT, SEED, SPREAD, STRUCK, STUCK, TAIL_SHAPE,
    TASKS,
};
use super::looks::theme;
use super::state::{Chosen, InvalidLabState, LabState, Stirred, Written};
use super::unlike::unlike;
use crate::scenario::Scenario;
use crate::scenario::rules::to_json;
use crate::strategy::presets::PRESETS;
use crate::tune::poller::{LANGUAGES, Language};
use crate::world::arrivals::Arrivals;
use crate::world::distribution::{Distribution, Makeup};
use crate::world::fault::{FaultRule, Kind, When, Window};
use crate::world::model::Model;
use serde::Serialize;
use std::collections::BTreeSet;

/// What the page needs before it asks for anything.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabStart {
    /// By model of the scenario, where to begin; the first is where the page does.
    models: Vec<LabState>,
    /// What of the scenario the controls cannot show, in sentences.
    left_out: Vec<String>,
    controls: &'static [Control],
    of_strategies: &'static [Control],
    struck: Control,
    presets: &'static [&'static str],
    faults: Vec<(&'static str, &'static str)>,
    languages: Vec<&'static str>,
    /// Colours of the charts: name, on light, on dark pages.
    theme: Vec<(&'static str, String, String)>,
    most_strategies: usize,
    most_faults: usize,
    horizon_s: u64,
}

/// Where the page begins with this scenario.
///
/// # Errors
///
/// Where not even its names fit into the lab.
pub fn start(scenario: &Scenario) -> Result<LabStart, InvalidLabState> {
    let models = scenario.models.iter().map(|model| LabState::new(beginning(scenario, model)));
    let models = models.collect::<Result<Vec<LabState>, _>>()?;
    let mut left_out = Vec::new();
    for (model, state) in scenario.models.iter().zip(&models) {
        match state.unplanned() {
            Ok(lab) => left_out.extend(unlike(scenario, model, state, &lab)),
            Err(error) => {
                left_out.push(format!("What the controls show of {} does not go together: {error}", model.name));
            }
        }
    }
    // Models have most of it in common.
    let mut said = BTreeSet::new();
    left_out.retain(|words| said.insert(words.clone()));
    Ok(LabStart {
        models,
        left_out,
        controls: &CONTROLS,
        of_strategies: &OF_STRATEGIES,
        struck: STRUCK,
        presets: PRESETS,
        faults: FAULTS.map(|(kind, label, _)| (kind, label)).to_vec(),
        languages: LANGUAGES.map(Language::name).to_vec(),
        theme: theme(),
        most_strategies: MOST_STRATEGIES,
        most_faults: MOST_FAULTS,
        horizon_s: HORIZON_S,
    })
}

/// The state nearest to the scenario with one of its models.
fn beginning(scenario: &Scenario, model: &Model) -> Written {
    let (median_s, spread) = shape(&model.completion).unwrap_or_else(|| near(&model.completion));
    let strategies = strategies(scenario);
    let Seen { stirred, rate_limit_per_s, outage } = faults(scenario, model);
    let arrivals = match &scenario.arrivals {
        Arrivals::Poisson(rate) | Arrivals::Constant(rate) => rate.in_a_second(),
        Arrivals::Burst | Arrivals::Trace(_) => 0.5,
    };
    let median_s = clamped(median_s, MEDIAN);
    Written {
        model: model.name.chars().take(super::limits::LONGEST_NAME).collect(),
        median_s,
        spread: clamped(spread, SPREAD),
        hump_share: 0.0,
        hump_s: clamped(2.0 * median_s, HUMP),
        tail_share: 0.0,
        tail_shape: clamped(1.5, TAIL_SHAPE),
        queue_s: clamped(model.pending.as_ref().map_or(0.0, |distribution| rounded(distribution.mean() / 1e6)), QUEUE),
        stuck: clamped(model.fates.stuck(), STUCK),
        failing: clamped(model.fates.failing(), FAILING),
        rtt_s: clamped(rounded(scenario.network.rtt.quantile(0.5) / 1e6), RTT),
        arrivals_per_s: clamped(arrivals, ARRIVALS),
        rate_limit_per_s,
        outage_s: outage.map_or(0.0, |window| clamped(window.length().as_secs(), OUTAGE)),
        outage_from_s: clamped(outage.map_or(300.0, |window| window.from().as_secs()), OUTAGE_FROM),
        delay_cost_per_s: clamped(scenario.cost.delay_per_s / scenario.cost.poll.max(1e-9), DELAY_COST),
        tasks: 500.0_f64.min(clamped(scenario.tasks as f64, TASKS)),
        replicates: 4.0_f64.min(clamped(f64::from(scenario.replicates), REPLICATES)),
        seed: if scenario.seed as f64 <= SEED.max { scenario.seed as f64 } else { 42.0 },
        faults: stirred,
        strategies,
    }
}

/// Median in seconds and sigma of a plain lognormal distribution.
fn shape(distribution: &Distribution) -> Option<(f64, f64)> {
    let (kind, Makeup::Parameters(parameters), bounds) = distribution.makeup() else { return None };
    let is_plain =
        bounds.iter().all(|(_, bound)| bound.is_none()) && distribution.scale().is_none_or(|scale| scale == 1.0);
    match parameters.as_slice() {
        [(_, median), (_, sigma)] if kind == "lognormal" && is_plain => Some((median / 1e6, *sigma)),
        _ => None,
    }
}

/// The same of the lognormal distribution that has two quantiles in common with any other.
fn near(distribution: &Distribution) -> (f64, f64) {
    let (median, above) = (distribution.quantile(0.5).max(1.0), distribution.quantile(0.841_344_7).max(1.0));
    (rounded(median / 1e6), rounded(libm::log(above / median)))
}

fn strategies(scenario: &Scenario) -> Vec<Chosen> {
    let names = scenario.strategies.iter().map(|strategy| strategy.name.as_str());
    let mut chosen: Vec<&str> = names.filter(|name| PRESETS.contains(name)).take(MOST_STRATEGIES).collect();
    if chosen.is_empty() {
        chosen = vec!["basic", "adaptive", "optimal"];
    }
    chosen.into_iter().map(|name| Chosen::Preset(name.to_owned())).collect()
}

/// What the controls can show of a scenario's faults.
#[derive(Default)]
struct Seen {
    /// Those that strike by chance.
    stirred: Vec<Stirred>,
    /// Of the first limit on status requests.
    rate_limit_per_s: f64,
    /// The first that comes once.
    outage: Option<Window>,
}

fn faults(scenario: &Scenario, model: &Model) -> Seen {
    let mut seen = Seen::default();
    let covering = scenario.faults.iter().filter(|rule| rule.covers_model(&model.name));
    for rule in covering {
        if seen.rate_limit_per_s == 0.0
            && let Some(rate) = limit(rule)
        {
            seen.rate_limit_per_s = clamped(rate, RATE_LIMIT);
            continue;
        }
        if seen.outage.is_none()
            && let Some(window) = outage(rule)
        {
            seen.outage = Some(window);
            continue;
        }
        seen.stirred.extend(by_chance(rule).filter(|_| seen.stirred.len() < MOST_FAULTS));
    }
    seen
}

/// When nothing can be reached, once.
fn outage(rule: &FaultRule) -> Option<Window> {
    match rule.when() {
        When::During(window) if rule.kind() == Kind::Outage && window.every().is_none() => Some(*window),
        When::Always | When::During(_) | When::Bursts(_) => None,
    }
}

/// Requests per second that a rule lets through.
fn limit(rule: &FaultRule) -> Option<f64> {
    if rule.kind() != Kind::RateLimit {
        return None;
    }
    to_json(std::slice::from_ref(rule)).get(0)?.get("rate_per_s")?.as_f64()
}

fn by_chance(rule: &FaultRule) -> Option<Stirred> {
    let (kind, ..) = FAULTS.iter().find(|(kind, ..)| *kind == rule.kind().name())?;
    let probability = clamped(rule.probability().get(), STRUCK);
    (!rule.when().comes_and_goes()).then(|| Stirred { kind: (*kind).to_owned(), probability })
}

/// A value within the bounds of its control; off where it is below what the control can show.
fn clamped(value: f64, control: Control) -> f64 {
    let Control { min, max, from, .. } = control;
    if value < from && min < from && value < 0.5 * from { min } else { value.clamp(from, max) }
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
