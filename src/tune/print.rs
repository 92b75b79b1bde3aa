//! The tuner's answer: for people, for programs, for a scenario file, and as the guide's settings table.

use super::observed::{ADVISABLE, Trust};
use super::{Drift, Family, Row, Tuned};
use crate::fit::Fit;
use crate::inspection::{CostWeights, Then};
use crate::time::Micros;
use crate::world::distribution::{Distribution, Makeup, Quantity};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Everything that there is to say.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// The law of processing times.
    pub completion: &'a Distribution,
    /// Share of the tasks that never end; they are left out where there is no deadline.
    pub stuck: f64,
    /// What polls and delay cost.
    pub weights: CostWeights,
    /// When waits give up.
    pub deadline: Option<Micros>,
    /// What was found.
    pub tuned: &'a Tuned,
    /// What becomes of the recommendation when times change.
    pub drift: &'a [Drift],
    /// Tasks a day, where the user said.
    pub tasks_per_day: Option<f64>,
    /// Where the law was fitted: the fit, and how far to trust the answer.
    pub observed: Option<(&'a Fit, &'a Trust)>,
}

/// A duration in microseconds for people: three digits that matter.
fn time(us: f64) -> String {
    let s = us / 1e6;
    match s {
        _ if s < 0.0995 => format!("{:.3} s", s),
        _ if s < 0.995 => format!("{:.2} s", s),
        _ if s < 99.5 => format!("{} s", trimmed(s, if s < 9.95 { 2 } else { 1 })),
        _ => format!("{s:.0} s"),
    }
}

fn trimmed(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn ms(us: f64) -> f64 {
    (us / 1e3 * 1e3).round() / 1e3
}

/// The settings in words.
fn words(row: &Row) -> String {
    let at = |name| row.parameter(name).unwrap_or(0.0);
    match row.family {
        Family::Fixed => format!("every {}", time(at("interval"))),
        Family::Adaptive => format!("wait {}, then every {}", time(at("initial")), time(at("interval"))),
        Family::AdaptiveGeometric => format!(
            "wait {}, then {}, each gap {} × the last",
            time(at("initial")),
            time(at("interval")),
            trimmed(at("multiplier"), 3)
        ),
        Family::ExponentialDelayed | Family::Exponential => {
            let start = if row.family == Family::Exponential { "at once, then after " } else { "after " };
            let (interval, cap) = (at("interval"), at("cap"));
            format!(
                "{start}{}, each gap {} × the last up to {}",
                time(interval),
                trimmed(at("multiplier"), 3),
                time(cap)
            )
        }
        Family::Optimal => {
            let shown: Vec<String> = row.checks.instants.iter().take(6).map(|at| time(*at)).collect();
            let more = if row.checks.instants.len() > shown.len() { ", …" } else { "" };
            format!("at {}{more}", shown.join(", "))
        }
    }
}

/// For people.
#[must_use]
pub fn text(answer: &Answer<'_>) -> String {
    let Answer { model, tuned, weights, .. } = answer;
    let best = tuned.recommended();
    let mut out = String::new();
    let _ = writeln!(out, "{model}: {}", words(best));
    let guide = tuned.documented.iter().find(|(name, _)| *name == "adaptive").map(|(_, row)| row);
    let p95 = best.delay_p95.map_or_else(|| "unknown".to_owned(), time);
    let mean = best.delay_mean.map_or_else(|| "unknown".to_owned(), time);
    let _ =
        writeln!(out, "  {:.2} requests a task, delay {mean} on the average, {p95} at the 95th percentile", best.polls);
    if let Some(guide) = guide {
        let saved = 100.0 * (1.0 - best.cost / guide.cost);
        let delay = guide.delay_mean.map_or_else(|| "unknown".to_owned(), time);
        let _ = writeln!(
            out,
            "  the guide's settings: {:.2} requests, delay {delay}; cost {:.3} against {:.3}: {saved:.0} % saved",
            guide.polls, guide.cost, best.cost
        );
    }
    let _ = writeln!(
        out,
        "  {:.1} % above the least cost that any schedule can have, {:.3}",
        100.0 * tuned.excess(),
        tuned.optimal().cost
    );
    if let Some(tasks) = answer.tasks_per_day {
        let rate = tasks / 86_400.0 * best.polls;
        let _ = writeln!(
            out,
            "  at {tasks:.0} tasks a day {rate:.3} polls/s on the average, {} in the busiest second of a day",
            busiest(rate)
        );
    }
    if !tuned.is_feasible {
        let _ =
            writeln!(out, "  warning: no schedule keeps these bounds; the optimum below is the one that comes nearest");
    }
    out.push('\n');
    let _ = writeln!(
        out,
        "  {:<20} {:>8} {:>8} {:>10} {:>10} {:>9}  settings",
        "family", "cost", "polls", "delay mean", "delay p95", "timeouts"
    );
    for (place, row) in tuned.families.iter().enumerate() {
        let mark = if place == tuned.choice { "*" } else { " " };
        line(&mut out, mark, row.family.name(), row, &words(row));
    }
    for (name, row) in &tuned.documented {
        line(&mut out, " ", &format!("{name} (guide)"), row, "");
    }
    let _ = writeln!(
        out,
        "\ncost = {} x polls + {} x seconds of delay; * the simplest family within 1 % of the best",
        weights.poll, weights.delay_per_s
    );
    match answer.deadline {
        Some(deadline) => {
            let _ = writeln!(out, "waits end at {deadline}, with a last poll there");
        }
        None => {
            out.push_str("waits go on for ever; the guide's limits are left out. Say --deadline to compare with them\n")
        }
    }
    if answer.stuck > 0.0 && answer.deadline.is_none() {
        let _ = writeln!(
            out,
            "{} % of the tasks never end and are left out: give waits a deadline",
            trimmed(100.0 * answer.stuck, 3)
        );
    }
    for drift in answer.drift {
        let _ = writeln!(
            out,
            "if tasks take {} as long, these settings cost {:.3}, {:.1} % above the best for those times",
            format_args!("{:.0} %", 100.0 * drift.factor),
            drift.cost,
            100.0 * drift.excess
        );
    }
    if let Some((fit, trust)) = &answer.observed {
        observed(&mut out, fit, trust);
    }
    out
}

fn line(out: &mut String, mark: &str, name: &str, row: &Row, settings: &str) {
    let or_dash = |us: Option<f64>| us.map_or_else(|| "-".to_owned(), time);
    let line = format!(
        "{mark} {name:<20} {:>8.3} {:>8.2} {:>10} {:>10} {:>8.2}%  {settings}",
        row.cost,
        row.polls,
        or_dash(row.delay_mean),
        or_dash(row.delay_p95),
        100.0 * row.timeout
    );
    out.push_str(line.trim_end());
    out.push('\n');
}

fn observed(out: &mut String, fit: &Fit, trust: &Trust) {
    let _ = writeln!(
        out,
        "\nfitted to {} observations; largest distance to them {:.3} (Kolmogorov–Smirnov)",
        trust.count, fit.distance
    );
    for candidate in &fit.candidates {
        let _ = writeln!(
            out,
            "  {:<15} weight {:>5.1} %  log-likelihood {:.2}  {}",
            candidate.name,
            100.0 * candidate.weight,
            candidate.log_likelihood,
            candidate.law
        );
    }
    for (name, [low, high]) in &trust.parameters {
        let shown = |value: f64| if *name == "multiplier" { trimmed(value, 3) } else { time(value) };
        let _ = writeln!(out, "  {name}: 90 % of resamples between {} and {}", shown(*low), shown(*high));
    }
    if let Some([low, high]) = trust.cost {
        let _ = writeln!(out, "  cost of settings tuned on resamples: 90 % between {low:.3} and {high:.3}");
    }
    if let Some(held) = trust.held_out {
        let _ = writeln!(
            out,
            "  tuned without every third observation: cost {:.3} expected, {:.3} on those {}",
            held.predicted, held.found, held.count
        );
    }
    if trust.count < ADVISABLE {
        let _ = writeln!(out, "  warning: {} observations are few; {ADVISABLE} or more are advisable", trust.count);
    }
}

/// The count that a Poisson stream of this rate does not exceed in all but one of the seconds of a day. Polls of many
/// independent tasks are such a stream from second to second, if no task polls twice in one.
fn busiest(rate: f64) -> u64 {
    let (mut count, mut probability) = (0_u64, (-rate).exp());
    if rate > 500.0 {
        // Far out the normal law will do: 4.2 standard deviations leave one in 86,400.
        return (rate + 4.2 * rate.sqrt()).ceil() as u64;
    }
    let mut upto = probability;
    while upto < 1.0 - 1.0 / 86_400.0 {
        count += 1;
        probability *= rate / count as f64;
        upto += probability;
    }
    count
}

/// For programs: the contract of `tune --format json`.
#[must_use]
pub fn json(answer: &Answer<'_>) -> String {
    let tuned = answer.tuned;
    let max = answer.deadline.map(Micros::as_millis);
    let mut out = json!({
        "model": answer.model,
        "completion": law(answer.completion),
        "objective": {"poll_cost": answer.weights.poll, "delay_cost_per_s": answer.weights.delay_per_s},
        "deadline_ms": max,
        "stuck_share": answer.stuck,
        "is_feasible": tuned.is_feasible,
        "families": tuned.families.iter().map(|row| family(row, max)).collect::<Vec<_>>(),
        "documented": tuned.documented.iter().map(|(name, row)| {
            let mut figures = figures(row);
            figures.shift_insert(0, "strategy".to_owned(), json!(name));
            Value::Object(figures)
        }).collect::<Vec<_>>(),
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
            let unit = if *name == "multiplier" { 1.0 } else { 1e3 };
            (key(name), json!([low / unit, high / unit]))
        };
        out["observed"] = json!({
            "n": trust.count,
            "few": trust.count < ADVISABLE,
            "ks_distance": fit.distance,
            "candidates": fit.candidates.iter().map(|candidate| json!({
                "name": candidate.name,
                "completion": law(&candidate.law),
                "log_likelihood": candidate.log_likelihood,
                "bic": candidate.bic,
                "weight": candidate.weight,
            })).collect::<Vec<_>>(),
            "params_ci90": trust.parameters.iter().map(interval).collect::<Map<_, _>>(),
            "cost_ci90": trust.cost,
            "held_out": trust.held_out.map(|held| json!({"n": held.count, "predicted": held.predicted, "found": held.found})),
        });
    }
    format!("{out:#}\n")
}

fn key(name: &str) -> String {
    if name == "multiplier" { name.to_owned() } else { format!("{name}_ms") }
}

fn family(row: &Row, max: Option<f64>) -> Value {
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

fn parameters(row: &Row, max: Option<f64>) -> Value {
    let unit = |name: &str| if name == "multiplier" { 1.0 } else { 1e3 };
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

fn figures(row: &Row) -> Map<String, Value> {
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

/// A law as a scenario file writes it.
fn law(distribution: &Distribution) -> Value {
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
                let mut part = law(part);
                part["weight"] = json!(weight);
                part
            };
            out.insert("parts".to_owned(), parts.iter().map(part).collect());
        }
        Makeup::Values(values) => {
            out.insert("values".to_owned(), values.iter().map(Micros::to_string).collect());
        }
    }
    out.extend(bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), json!(bound?.to_string())))));
    Value::Object(out)
}

/// A strategy for a scenario file.
#[must_use]
pub fn toml(answer: &Answer<'_>) -> String {
    let row = answer.tuned.recommended();
    let at = |name: &str| Micros::from_f64(row.parameter(name).unwrap_or(0.0)).to_string();
    let schedule = match row.family {
        Family::Fixed => format!("{{ kind = \"fixed\", first = \"{0}\", interval = \"{0}\" }}", at("interval")),
        Family::Adaptive => {
            format!(
                "{{ kind = \"initial+fixed\", initial = \"{}\", interval = \"{}\" }}",
                at("initial"),
                at("interval")
            )
        }
        Family::ExponentialDelayed | Family::Exponential => {
            let first = if row.family == Family::Exponential { "0s".to_owned() } else { at("interval") };
            // After a first wait of one interval the next gap is the next of the series.
            let growth = row.parameter("multiplier").unwrap_or(1.0);
            let cap = row.parameter("cap").unwrap_or(0.0);
            let next = if row.family == Family::Exponential { 1.0 } else { growth };
            let interval = Micros::from_f64((row.parameter("interval").unwrap_or(0.0) * next).min(cap));
            format!(
                "{{ kind = \"exponential\", first = \"{first}\", interval = \"{interval}\", multiplier = {growth}, cap = \"{}\" }}",
                at("cap")
            )
        }
        Family::AdaptiveGeometric | Family::Optimal => {
            let instants: Vec<String> =
                table(row).into_iter().map(|at| format!("\"{}\"", Micros::from_f64((at - 1e-3).ceil()))).collect();
            format!("{{ kind = \"table\", instants = [{}] }}", instants.join(", "))
        }
    };
    let limit = match answer.deadline {
        Some(deadline) => format!("{{ kind = \"wall-clock\", deadline = \"{deadline}\" }}"),
        None => "{ kind = \"none\" }".to_owned(),
    };
    format!(
        "# {}: {}\n[[strategies]]\nname = \"tuned\"\nschedule = {schedule}\nlimit = {limit}\n",
        answer.model,
        words(row)
    )
}

/// The polls of a row one by one; past the last the gap repeats.
fn table(row: &Row) -> Vec<f64> {
    let mut instants = row.checks.instants.clone();
    if let (Then::Every(gap), Some(last)) = (row.checks.then, instants.last().copied()) {
        instants.push(last + gap);
    }
    instants
}

/// An entry of the guide's settings table, whose `max` is compared with the sum of the sleeps.
#[must_use]
pub fn js(answer: &Answer<'_>) -> String {
    let row = answer.tuned.family(Family::Adaptive).unwrap_or_else(|| answer.tuned.recommended());
    let at = |name: &str| ms(row.parameter(name).unwrap_or(0.0));
    let initial = if row.parameter("initial").is_some() { at("initial") } else { at("interval") };
    let max = answer.deadline.map_or_else(|| "Infinity".to_owned(), |deadline| deadline.as_millis().to_string());
    let model = answer.model.replace('\\', "\\\\").replace('\'', "\\'");
    format!(
        "// {} requests a task, {} delay on the average\nconst configs = {{\n  '{model}': {{ initial: {initial}, interval: {}, max: {max} }},\n}};\n",
        trimmed(row.polls, 2),
        row.delay_mean.map_or_else(|| "unknown".to_owned(), time),
        at("interval")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_of_a_day_is_a_quantile_of_poissons_law() {
        // P(X > 0) ≤ 1/86,400 for rates up to that; for rate 1, P(X ≤ 8) = 0.9999989 and P(X ≤ 7) = 0.99998975.
        assert_eq!(busiest(1e-6), 0);
        assert_eq!(busiest(1.0), 7);
        assert_eq!(busiest(10_000.0), 10_420);
    }

    #[test]
    fn times_have_three_digits() {
        for (us, text) in [(46e6, "46 s"), (11.25e6, "11.2 s"), (0.25e6, "0.25 s"), (205.6e6, "206 s"), (3e6, "3 s")] {
            assert_eq!(time(us), text);
        }
    }
}
