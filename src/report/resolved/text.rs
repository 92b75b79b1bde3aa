//! A resolved scenario for people.

use super::figures;
use crate::figures::{count, duration, percent};
use crate::scenario::rules;
use crate::scenario::{Bound, Scenario};
use crate::strategy::composition::{Channel, Jitter, Limit, Pace, Recovery, Schedule, Sharing, Strategy};
use crate::time::Micros;
use crate::world::arrivals::Arrivals;
use crate::world::distribution::Distribution;
use serde_json::Value;
use std::fmt::Write as _;

/// Instants of a table that are told.
const MOST_INSTANTS: usize = 6;
/// Significant digits of a distribution's numbers.
const DIGITS: usize = 4;

/// For people: settings, distributions with their quantiles, faults, strategies, gates.
#[must_use]
pub fn text(scenario: &Scenario) -> String {
    let mut out = scenario.name.clone();
    if !scenario.description.is_empty() {
        let _ = write!(out, ": {}", scenario.description);
    }
    let _ = writeln!(
        out,
        "\n  seed {}, {} tasks per model and replicate, {} replicates, horizon {}",
        scenario.seed,
        count(scenario.tasks),
        scenario.replicates,
        scenario.horizon
    );
    let _ = writeln!(out, "  arrivals for each model: {}", arrivals(&scenario.arrivals));
    let submit = &scenario.submit;
    let _ = writeln!(out, "  submits: {} retries, given up after {}", submit.retries, submit.attempt_timeout);
    let _ = writeln!(
        out,
        "  cost = {} x polls + {} x seconds of delay; the others are compared with {}",
        scenario.cost.poll, scenario.cost.delay_per_s, scenario.strategies[scenario.baseline].name
    );
    distributions(&mut out, scenario);
    faults(&mut out, scenario);
    out.push_str("\nstrategies\n");
    scenario.strategies.iter().for_each(|one| strategy(&mut out, one, scenario));
    gates(&mut out, scenario);
    out
}

fn arrivals(arrivals: &Arrivals) -> String {
    match arrivals {
        Arrivals::Poisson(rate) => format!("a Poisson stream of {} a second", per_s(rate.gap_us())),
        Arrivals::Constant(rate) => format!("one every {}", duration(rate.gap_us() / 1e3)),
        Arrivals::Burst => "all at once".to_owned(),
        Arrivals::Trace(recorded) => {
            let last = duration(recorded.length().as_millis());
            format!("{} recorded instants over {last}, repeated", count(recorded.count() as u64))
        }
    }
}

/// A rate from its mean gap.
fn per_s(gap_us: f64) -> String {
    crate::figures::number(1e6 / gap_us)
}

/// Every distribution of the scenario with its mean and quantiles.
fn distributions(out: &mut String, scenario: &Scenario) {
    let mut rows: Vec<(String, &Distribution)> = Vec::new();
    // What is the same for several models is said once.
    let mut notes: Vec<(String, Vec<&str>)> = Vec::new();
    let mut note = |name, text: String| match notes.iter_mut().find(|(known, _)| *known == text) {
        Some((_, names)) => names.push(name),
        None => notes.push((text, vec![name])),
    };
    for model in scenario.models.iter().chain(&scenario.other) {
        let name = if model.name == "*" { "any other" } else { &model.name };
        rows.push((format!("{name} completion"), &model.completion));
        rows.extend(model.pending.as_ref().map(|distribution| (format!("{name} pending"), distribution)));
        if let Some(failure) = model.fates.failure() {
            rows.push((format!("{name} failure"), &failure.after));
            let share = percent(failure.probability.get());
            note(name, format!("{share} of the tasks fail with {}", failure.failure.code));
        }
        if model.fates.stuck() > 0.0 {
            note(name, format!("{} of the tasks never end", percent(model.fates.stuck())));
        }
        if let Some(workers) = model.workers {
            note(name, format!("{workers} tasks are processed at a time"));
        }
    }
    rows.push(("network rtt".to_owned(), &scenario.network.rtt));
    match &scenario.network.webhook_latency {
        Some(distribution) => rows.push(("webhook latency".to_owned(), distribution)),
        None => note("webhooks", "their latency is that of the way back of a round trip".to_owned()),
    }
    note("network", format!("{} of a round trip is the way to the server", percent(scenario.network.up_share.get())));
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let _ = write!(out, "\n{:<width$}", "times");
    for (name, _) in figures(rows[0].1) {
        let _ = write!(out, "  {:>9}", name.replace('_', "."));
    }
    out.push_str("  distribution\n");
    for (name, distribution) in rows {
        let _ = write!(out, "{name:<width$}");
        for (_, ms) in figures(distribution) {
            let _ = write!(out, "  {:>9}", duration(ms));
        }
        let _ = writeln!(out, "  {distribution:.DIGITS$}");
    }
    notes.iter().for_each(|(text, names)| out.push_str(&format!("  {}: {text}\n", names.join(", "))));
}

fn faults(out: &mut String, scenario: &Scenario) {
    if scenario.faults.is_empty() {
        out.push_str("\nno faults\n");
        return;
    }
    out.push_str("\nfaults\n");
    let rules = rules::to_json(&scenario.faults);
    for (number, rule) in rules.as_array().into_iter().flatten().enumerate() {
        let fields = rule.as_object().into_iter().flatten().filter(|(key, _)| *key != "kind");
        let fields: Vec<String> = fields.map(|(key, value)| format!("{key} = {}", plain(value))).collect();
        let _ = writeln!(out, "  {}. {}: {}", number + 1, plain(&rule["kind"]), fields.join(", "));
    }
}

/// A JSON value without marks that people do not need.
fn plain(value: &Value) -> String {
    match value {
        // Durations are exact there, in microseconds.
        Value::String(text) => match text.parse::<Micros>() {
            Ok(time) => duration(time.as_millis()),
            Err(_) => text.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect();
            format!("({})", fields.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn strategy(out: &mut String, strategy: &Strategy, scenario: &Scenario) {
    let _ = writeln!(out, "  {}", strategy.name);
    let channel = match strategy.channel {
        Channel::Poll => "polls",
        Channel::Webhook => "waits for a webhook",
        Channel::Both => "waits for a webhook, and polls as a fallback",
    };
    let jitter = match strategy.jitter {
        Jitter::None => "no jitter",
        Jitter::Full => "full jitter",
        Jitter::Equal => "equal jitter",
        Jitter::Decorrelated => "decorrelated jitter",
    };
    let _ = writeln!(out, "      {channel}; {}; {jitter}{}", recovery(&strategy.recovery), sharing(&strategy.sharing));
    if strategy.channel == Channel::Webhook {
        return;
    }
    // What is the same for all of the models is said once.
    let paces: Vec<(&str, &Pace)> =
        scenario.models.iter().map(|model| (model.name.as_str(), strategy.pace(&model.name))).collect();
    match paces.iter().all(|(_, own)| *own == paces[0].1) {
        true => out.push_str(&format!("      {}\n", pace(paces[0].1))),
        false => paces.iter().for_each(|(model, own)| out.push_str(&format!("      {model}: {}\n", pace(own)))),
    }
}

fn recovery(recovery: &Recovery) -> String {
    match recovery {
        Recovery::Propagate => "an error ends the wait".to_owned(),
        Recovery::NetworkRetry { retries, step } => {
            format!("network errors are retried up to {retries} times, after 1, 2, 3 ... x {}", step.get())
        }
        Recovery::Tolerant(tolerance) => {
            let budget = tolerance.consecutive_failures();
            let budget = budget.map_or_else(String::new, |failures| format!(" up to {failures} in a row"));
            format!("transient errors are polled over{budget}; {} an attempt", tolerance.attempt_timeout())
        }
    }
}

fn sharing(sharing: &Sharing) -> String {
    match sharing {
        Sharing::Alone => String::new(),
        Sharing::LockStep { pool } => format!("; lock-step rounds over {pool} tasks"),
        Sharing::Limiter(limiter) => format!(
            "; for all tasks at most {} requests at once and {} a second",
            limiter.max_in_flight(),
            limiter.bucket().rate_per_s()
        ),
        Sharing::Batch(batching) => {
            format!("; batches of up to {}, submitted {} after the first task", batching.size(), batching.linger())
        }
        Sharing::Learned(learning) => format!("; learns from the last {} tasks of a model", learning.window),
    }
}

/// A pace in words.
#[must_use]
pub fn pace(pace: &Pace) -> String {
    let schedule = match &pace.schedule {
        Schedule::Fixed(fixed) => format!("first after {}, then every {}", fixed.first(), fixed.interval()),
        Schedule::Exponential(growing) => {
            let (first, interval, cap) = (growing.first(), growing.interval(), growing.cap());
            format!("first after {first}, then {interval} × {} up to {cap}", growing.multiplier())
        }
        Schedule::Table(table) => {
            let shown = table.instants().iter().take(MOST_INSTANTS).map(|at| duration(at.as_millis()));
            let shown: Vec<String> = shown.collect();
            let rest = table.instants().len() - shown.len();
            let rest = if rest > 0 { format!(" and at {rest} further instants") } else { String::new() };
            format!("at {}{rest}", shown.join(", "))
        }
    };
    let limit = match pace.limit {
        Limit::None => "no limit".to_owned(),
        Limit::Attempts(attempts) => format!("{attempts} attempts"),
        Limit::SumOfSleeps(limit) => format!("until sleeps add up to {limit}"),
        Limit::WallClock(limit) => format!("until {limit} by the clock"),
    };
    format!("{schedule}; {limit}")
}

fn gates(out: &mut String, scenario: &Scenario) {
    if scenario.gates.is_empty() {
        return;
    }
    out.push_str("\ngates\n");
    for gate in &scenario.gates {
        let stat = gate.stat.as_ref().map_or_else(String::new, |stat| format!(" {stat}"));
        let bound = match gate.bound {
            Bound::Min(least) => format!("at least {least}"),
            Bound::Max(most) => format!("at most {most}"),
        };
        let of = [("strategy", &gate.strategy), ("model", &gate.model)];
        let of = of.into_iter().filter_map(|(what, name)| Some(format!(", {what} {}", name.as_ref()?)));
        let _ = writeln!(out, "  {}{stat} {bound}{}", gate.metric, of.collect::<String>());
    }
}
