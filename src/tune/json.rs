//! The tuner's answer for programs: the contract of `tune --format json`.

use super::hybrid::{Hybrid, Webhook};
use super::observed::ADVISABLE;
use super::print::{TuneAnswer, busiest, ms};
use super::{Family, TuneRow, reading, weather};
use crate::time::Micros;
use crate::world::distribution::{Distribution, Makeup, Quantity};
use serde_json::{Map, Value, json};

/// For programs: the contract of `tune --format json`.
#[must_use]
pub fn json(answer: &TuneAnswer<'_>) -> String {
    let tuned = answer.tuned;
    let max = answer.deadline.map(Micros::as_millis);
    let mut out = json!({
        "model": answer.model,
        "completion": distribution_json(answer.completion),
        "objective": {"poll_cost": answer.weights.poll, "delay_cost_per_s": answer.weights.delay_per_s},
        "deadline_ms": max,
        "horizon_ms": ms(answer.goal.horizon.max(answer.goal.deadline.unwrap_or(0.0))),
        "cut_off_share": answer.goal.cut_off(),
        "beyond_horizon_share": answer.goal.beyond_horizon(),
        "stuck_share": answer.stuck,
        "is_feasible": tuned.is_feasible,
        "families": tuned.families.iter().map(|row| family(row, max)).collect::<Vec<_>>(),
        "rules": tuned.rules.iter().map(|(name, row)| named("rule", name, row)).collect::<Vec<_>>(),
        "documented": tuned.documented.iter().map(|(name, row)| named("strategy", name, row)).collect::<Vec<_>>(),
        "recommended": {
            "family": tuned.recommended().family.name(),
            "params": parameters(tuned.recommended(), max),
            "excess_over_optimal": tuned.excess(),
        },
        "drift": answer.drift.iter().map(|drift| {
            json!({"factor": drift.factor, "cost": drift.cost, "excess_over_optimal": drift.excess})
        }).collect::<Vec<_>>(),
    });
    if let Some(tasks) = answer.tasks_per_day {
        let rate = tasks / 86_400.0 * tuned.recommended().polls;
        out["volume"] = json!({"tasks_per_day": tasks, "polls_per_s": rate, "busiest_second_of_a_day": busiest(rate)});
    }
    if let Some((fit, trust)) = &answer.observed {
        let interval = |(name, [low, high]): &(&str, [f64; 2])| {
            let unit = unit(name);
            (key(name), json!([low / unit, high / unit]))
        };
        out["observed"] = json!({
            "n": trust.count,
            "few": trust.count < ADVISABLE,
            "ks_distance": fit.distance,
            "ks_limit": fit.limit,
            "is_close": fit.is_close(),
            "share_of_data": fit.share,
            "beyond_share": fit.beyond,
            "longest_ms": fit.last.as_millis(),
            "unseen_below_ms": fit.unseen_below.map(Micros::as_millis),
            "rounded_to_ms": fit.rounded_to.map(Micros::as_millis),
            "frequent": fit.frequent.iter().map(|(at, share)| json!({"at_ms": at.as_millis(), "share": share})).collect::<Vec<_>>(),
            "candidates": fit.candidates.iter().map(|candidate| json!({
                "name": candidate.name,
                "completion": distribution_json(&candidate.distribution),
                "log_likelihood": candidate.log_likelihood,
                "bic": candidate.bic,
                "weight": candidate.weight,
            })).collect::<Vec<_>>(),
            "params_ci90": trust.parameters.iter().map(interval).collect::<Map<_, _>>(),
            "cost_ci90": trust.cost,
            "held_out": trust.held_out.map(|held| json!({"n": held.count, "predicted": held.predicted, "found": held.found})),
        });
    }
    if answer.webhook != Webhook::None {
        let Hybrid { first, interval, polls, cost } = Hybrid::of(answer.goal, tuned);
        let (first, interval) = (ms(first), ms(interval));
        out["webhook"] =
            json!({"fallback": {"initial_ms": first, "interval_ms": interval}, "polls": polls, "cost": cost});
    }
    if !answer.weather.is_empty() {
        out["weather"] = answer.weather.iter().map(weather::json).collect();
    }
    if let Some(account) = answer.account {
        out["read"] = reading::json(account);
    }
    format!("{out:#}\n")
}

/// Whether a parameter is a number as it is, rather than a duration.
fn is_number(name: &str) -> bool {
    matches!(name, "multiplier" | "p")
}

fn unit(name: &str) -> f64 {
    if is_number(name) { 1.0 } else { 1e3 }
}

fn key(name: &str) -> String {
    if is_number(name) { name.to_owned() } else { format!("{name}_ms") }
}

fn named(key: &str, name: &str, row: &TuneRow) -> Value {
    let mut figures = figures(row);
    figures.shift_insert(0, key.to_owned(), json!(name));
    Value::Object(figures)
}

fn family(row: &TuneRow, max: Option<f64>) -> Value {
    let mut figures = figures(row);
    figures.shift_insert(0, "family".to_owned(), json!(row.family.name()));
    if row.family == Family::Optimal {
        let instants: Vec<f64> = row.checks.instants.iter().map(|us| ms(*us)).collect();
        figures.shift_insert(1, "check_times_ms".to_owned(), json!(instants));
    } else {
        figures.shift_insert(1, "params".to_owned(), parameters(row, max));
    }
    Value::Object(figures)
}

fn parameters(row: &TuneRow, max: Option<f64>) -> Value {
    let mut parameters: Map<String, Value> = row
        .parameters
        .iter()
        .map(|(name, value)| (key(name), json!((value / unit(name) * 1e6).round() / 1e6)))
        .collect();
    if row.family == Family::Adaptive {
        parameters.insert("max_ms".to_owned(), json!(max));
    }
    Value::Object(parameters)
}

fn figures(row: &TuneRow) -> Map<String, Value> {
    let figures = json!({
        "cost": row.cost,
        "polls": row.polls,
        "delay_ms": {"mean": row.delay_mean.map(|us| us / 1e3), "p95": row.delay_p95.map(|us| us / 1e3)},
        "timeout_probability": row.timeout,
    });
    match figures {
        Value::Object(figures) => figures,
        _ => Map::new(),
    }
}

/// A distribution as a scenario file writes it.
pub(crate) fn distribution_json(distribution: &Distribution) -> Value {
    let (kind, makeup, bounds) = distribution.makeup();
    let mut out = Map::from_iter([("kind".to_owned(), json!(kind))]);
    match makeup {
        Makeup::Parameters(parameters) => {
            out.extend(parameters.into_iter().map(|(parameter, value)| {
                let value = match parameter.quantity {
                    Quantity::Duration => json!(Micros::from_f64(value).to_string()),
                    Quantity::Number => json!(value),
                };
                (parameter.name.to_owned(), value)
            }));
        }
        Makeup::Parts(parts) => {
            let part = |(weight, part): &(f64, Distribution)| {
                let mut part = distribution_json(part);
                part["weight"] = json!(weight);
                part
            };
            out.insert("parts".to_owned(), parts.iter().map(part).collect());
        }
        Makeup::Values(values) => {
            out.insert("values".to_owned(), values.iter().map(Micros::to_string).collect());
        }
    }
    out.extend(distribution.scale().map(|factor| ("scale".to_owned(), json!(factor))));
    out.extend(bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), json!(bound?.to_string())))));
    Value::Object(out)
}
