//! What of a scenario the lab's own is unlike, because the controls have no more.

use super::limits::MOST_STRATEGIES;
use super::state::{Chosen, LabState};
use crate::scenario::Scenario;
use crate::scenario::rules::to_json;
use crate::strategy::composition::Strategy;
use crate::time::Micros;
use crate::world::arrivals::Arrivals;
use crate::world::fault::FaultRule;
use crate::world::model::{Fates, Model};
use crate::world::network::Network;
use serde_json::Value;

/// In sentences, what differs between `scenario` with one of its models and `lab`, which has that model only and is what `state`
/// shows, but for strategies that are planned.
///
/// Tasks, replicates and the seed have controls of their own, and so are seen.
pub(super) fn unlike(scenario: &Scenario, model: &Model, state: &LabState, lab: &Scenario) -> Vec<String> {
    let Scenario {
        name: _,
        description: _,
        seed: _,
        tasks: _,
        replicates: _,
        horizon,
        arrivals,
        network,
        submit,
        models: _,
        other: _,
        faults,
        strategies: _,
        baseline: _,
        cost,
        gates,
    } = scenario;
    let mut said = Vec::new();
    let mut say = |differs: bool, words: &dyn Fn() -> String| {
        if differs {
            said.push(words());
        }
    };
    say(*arrivals != lab.arrivals, &|| match &lab.arrivals {
        Arrivals::Poisson(rate) | Arrivals::Constant(rate) => {
            let gap = Micros::from_f64(rate.gap_us());
            format!("Tasks arrive at random here, one every {gap} on average.")
        }
        Arrivals::Burst | Arrivals::Trace(_) => "Tasks arrive otherwise here.".to_owned(),
    });
    of_network(network, &lab.network, &mut say);
    say(*horizon != lab.horizon, &|| format!("Waits are followed for {} here, not for {horizon}.", lab.horizon));
    say(*submit != lab.submit, &|| match lab.submit.retries {
        0 => "Submits that fail are not sent again here.".to_owned(),
        retries => {
            format!("Submits that fail are sent again here, {retries} times, after {} each.", lab.submit.retry_delay)
        }
    });
    say(*cost != lab.cost, &|| {
        format!("Costs are counted in polls here: a second of delay costs {} of them.", lab.cost.delay_per_s)
    });
    for here in &lab.models {
        of_model(model, here, &mut say);
    }
    of_faults(faults, model, &lab.faults, &mut say);
    of_strategies(scenario, state, lab, &mut say);
    say(!gates.is_empty(), &|| "Gates are left out.".to_owned());
    said
}

fn of_network(network: &Network, here: &Network, say: &mut impl FnMut(bool, &dyn Fn() -> String)) {
    let Network { rtt, up_share, webhook_latency } = network;
    say(*rtt != here.rtt, &|| format!("Round trips here: {}.", here.rtt));
    say(*up_share != here.up_share, &|| "Requests arrive after half of their round trip here.".to_owned());
    say(*webhook_latency != here.webhook_latency, &|| {
        "Webhooks travel as long as an answer of the mock here.".to_owned()
    });
}

fn of_model(model: &Model, here: &Model, say: &mut impl FnMut(bool, &dyn Fn() -> String)) {
    // What a task makes, and how many files of it, changes no figure.
    let Model { name, completion, pending, fates, workers, product: _, files: _ } = model;
    say(*completion != here.completion, &|| format!("The completion times of {name} here: {}.", here.completion));
    say(*pending != here.pending, &|| match &here.pending {
        Some(pending) => format!("The queue of {name} here: {pending}."),
        None => format!("{name} has no queue here."),
    });
    let shares = |fates: &Fates| (fates.failing(), fates.stuck());
    let code = |fates: &Fates| fates.failure().map(|mode| mode.failure.clone());
    let are_same = shares(fates) == shares(&here.fates) && code(fates) == code(&here.fates);
    say(!are_same, &|| {
        let (failing, stuck) = shares(&here.fates);
        let code = code(&here.fates).map_or_else(String::new, |failure| format!(" with the code {}", failure.code));
        format!("Of {name}'s tasks {} % fail here{code}, and {} % are stuck.", percent(failing), percent(stuck))
    });
    // In the same words for all models, which then are said once.
    let after = |fates: &Fates| fates.failure().map(|mode| mode.after.clone());
    say(are_same && after(fates) != after(&here.fates), &|| {
        "Tasks that fail do so after 5 to 50 % of their model's median here.".to_owned()
    });
    say(*workers != here.workers, &|| format!("The finite workers of {name} are left out."));
}

fn of_faults(faults: &[FaultRule], model: &Model, here: &[FaultRule], say: &mut impl FnMut(bool, &dyn Fn() -> String)) {
    let mut left: Vec<Value> = here.iter().map(settings).collect();
    let covering = || faults.iter().enumerate().filter(|(_, rule)| rule.covers_model(&model.name));
    // Those that are there as they are, so that what remains can be told from what is missing.
    let same: Vec<bool> = covering()
        .map(|(_, rule)| {
            let at = left.iter().position(|seen| *seen == settings(rule));
            at.is_some_and(|at| {
                left.remove(at);
                true
            })
        })
        .collect();
    for ((number, rule), _) in covering().zip(same).filter(|(_, is_same)| !is_same) {
        let kind = rule.kind().name();
        let at = left.iter().position(|seen| seen["kind"] == kind);
        let seen = at.map(|at| left.remove(at));
        let which = format!("Fault {} ({kind})", number + 1);
        say(true, &|| match &seen {
            Some(seen) => format!("{which} here: {}.", short(seen)),
            None => format!("{which} is left out."),
        });
    }
}

fn of_strategies(
    scenario: &Scenario,
    state: &LabState,
    lab: &Scenario,
    say: &mut impl FnMut(bool, &dyn Fn() -> String),
) {
    let is_shown = |name: &str| state.0.strategies.contains(&Chosen::Preset(name.to_owned()));
    let names = |chosen: &dyn Fn(&Strategy) -> bool| {
        let chosen = scenario.strategies.iter().filter(|strategy| chosen(strategy));
        chosen.map(|strategy| strategy.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let missing = names(&|strategy| !is_shown(&strategy.name));
    say(!missing.is_empty(), &|| {
        format!(
            "Strategies are left out that are no presets by their names, or more than {MOST_STRATEGIES}: {missing}."
        )
    });
    // A plan follows from the distribution and the price, of which there is word already.
    let other = names(&|strategy| lab.strategies.iter().any(|here| here.name == strategy.name && here != strategy));
    say(!other.is_empty(), &|| format!("Strategies with the presets' settings here, not the scenario's: {other}."));
}

/// What a rule says, but for the models that it is for.
fn settings(rule: &FaultRule) -> Value {
    let mut rules = to_json(std::slice::from_ref(rule));
    let mut settings = rules.get_mut(0).map(Value::take).unwrap_or_default();
    if let Some(table) = settings.as_object_mut() {
        table.remove("models");
    }
    settings
}

/// The settings of a rule in a line.
fn short(settings: &Value) -> String {
    let each = settings.as_object().into_iter().flatten().filter(|(key, _)| *key != "kind");
    each.map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
}

fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 1e2
}
