//! The tuner's answer for people.

use super::hybrid::{Hybrid, Webhook};
use super::observed::{ADVISABLE, Reliability};
use super::weather::{WeatherOutcome, Weathered};
use super::{Drift, Family, Goal, TuneRow, Tuned};
use crate::figures::{count, duration, trimmed};
use crate::fit::Fit;
use crate::inspection::{AfterLast, Bounds, CostWeights};
use crate::observations::Account;
use crate::time::Micros;
use crate::world::distribution::Distribution;
use std::fmt::Write as _;

/// Everything that there is to say.
#[derive(Debug, Clone)]
pub struct TuneAnswer<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// The distribution of processing times.
    pub completion: &'a Distribution,
    /// Share of the tasks that never end; they are left out where there is no deadline.
    pub stuck: f64,
    /// What polls and delay cost.
    pub weights: CostWeights,
    /// When waits give up.
    pub deadline: Option<Micros>,
    /// What was tuned for.
    pub goal: &'a Goal<'a>,
    /// What was found.
    pub tuned: &'a Tuned,
    /// What becomes of the recommendation when times change.
    pub drift: &'a [Drift],
    /// What to say of webhooks.
    pub webhook: Webhook,
    /// Tasks a day, where the user said.
    pub tasks_per_day: Option<f64>,
    /// Where the distribution was fitted: the fit, and how far to trust the answer.
    pub observed: Option<(&'a Fit, &'a Reliability)>,
    /// What was read of the log that it was fitted to.
    pub account: Option<&'a Account>,
    /// What other weather than a calm day does to the recommendation.
    pub weather: &'a [Weathered],
}

/// A duration in microseconds for people.
pub(super) fn time(us: f64) -> String {
    duration(us / 1e3)
}

/// A share in per cent: three digits that matter.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let digits = match percent.abs() {
        small if small < 0.095 => 3,
        small if small < 0.95 => 2,
        small if small < 99.5 => 1,
        _ => 0,
    };
    match trimmed(percent, digits).as_str() {
        "-0" => "0 %".to_owned(),
        text => format!("{text} %"),
    }
}

/// A cost beside another: what is saved, or how much more it is.
fn beside(cost: f64, other: f64) -> String {
    match cost / other {
        ratio if ratio <= 1.0 => format!("{} saved", percent(1.0 - ratio)),
        ratio if ratio < 2.0 => format!("{} more than the guide's", percent(ratio - 1.0)),
        ratio if ratio < 1e6 => {
            format!("{} times as much as the guide's", trimmed(ratio, if ratio < 9.95 { 1 } else { 0 }))
        }
        _ => "more than a million times as much as the guide's".to_owned(),
    }
}

/// A cost: three decimals where they matter.
fn cost(cost: f64) -> String {
    match cost.abs() {
        small if small < 100.0 => format!("{cost:.3}"),
        middle if middle < 1e6 => format!("{cost:.0}"),
        _ => format!("{cost:.2e}"),
    }
}

/// What a deadline cuts off, where that is more than one task in a hundred of those that would have finished.
fn cut_off(goal: &Goal<'_>) -> Option<String> {
    let (share, deadline) = (goal.cut_off(), goal.deadline?);
    let enough = goal.done_time.quantile(0.99);
    (share > 0.01).then(|| {
        format!(
            "the deadline of {} cuts off {} of the tasks that would have finished; {} would cut off 1 %",
            time(deadline),
            percent(share),
            time((enough / 1e6).ceil() * 1e6)
        )
    })
}

pub(super) fn ms(us: f64) -> f64 {
    (us / 1e3 * 1e3).round() / 1e3
}

/// The settings in words.
#[must_use]
pub fn words(row: &TuneRow) -> String {
    let at = |name| row.parameter(name).unwrap_or(0.0);
    if let ([only], AfterLast::GiveUp) = (row.checks.instants.as_slice(), row.checks.then) {
        return format!("once, at {}", time(*only));
    }
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
        Family::Quantile => format!("whenever {} of the unfinished tasks are done: {}", percent(at("p")), listed(row)),
        Family::Optimal => listed(row),
    }
}

/// What it costs to be told, with polls in case one is not.
fn told(answer: &TuneAnswer<'_>) -> String {
    let hybrid = Hybrid::of(answer.goal, answer.tuned);
    let indent = if answer.webhook == Webhook::First { "" } else { "  " };
    format!(
        "{indent}with webhooks: {} a task as a fallback, from {} on every {}; no delay except the delivery's; cost {} against {}\n",
        match trimmed(hybrid.polls, 2).as_str() {
            "1" => "1 poll".to_owned(),
            polls => format!("{polls} polls"),
        },
        time(hybrid.first),
        time(hybrid.interval),
        cost(hybrid.cost),
        cost(answer.tuned.recommended().cost)
    )
}

/// The first polls of a row.
fn listed(row: &TuneRow) -> String {
    let shown: Vec<String> = row.checks.instants.iter().take(6).map(|at| time(*at)).collect();
    let more = if row.checks.instants.len() > shown.len() { ", …" } else { "" };
    format!("at {}{more}", shown.join(", "))
}

/// For people.
#[must_use]
pub fn text(answer: &TuneAnswer<'_>) -> String {
    let TuneAnswer { model, tuned, weights, .. } = answer;
    let best = tuned.recommended();
    let mut out = String::new();
    if answer.webhook == Webhook::First {
        out.push_str(&told(answer));
    }
    let cut = cut_off(answer.goal).map(|cut| format!("; but {cut}")).unwrap_or_default();
    let _ = writeln!(out, "{model}: {}{cut}", words(best));
    let guide = tuned.documented.iter().find(|(name, _)| *name == "adaptive").map(|(_, row)| row);
    let p95 = best.delay_p95.map_or_else(|| "unknown".to_owned(), time);
    let mean = best.delay_mean.map_or_else(|| "unknown".to_owned(), time);
    let _ = writeln!(out, "  {:.2} requests a task, mean delay {mean}, 95th percentile {p95}", best.polls);
    if let Some(guide) = guide.filter(|_| tuned.is_feasible) {
        let delay = guide.delay_mean.map_or_else(|| "unknown".to_owned(), time);
        let _ = writeln!(
            out,
            "  the guide's settings: {:.2} requests, delay {delay}, {} given up; cost {} against {}: {}",
            guide.polls,
            percent(guide.timeout),
            cost(guide.cost),
            cost(best.cost),
            beside(best.cost, guide.cost)
        );
    }
    let _ = writeln!(
        out,
        "  {} above the least cost that any schedule {}can have {}, {}",
        percent(tuned.excess()),
        match (cut.is_empty(), answer.goal.bounds == Bounds::default()) {
            (true, true) => "",
            (false, true) => "with this deadline ",
            (true, false) => "within these bounds ",
            (false, false) => "with this deadline and within these bounds ",
        },
        match &answer.observed {
            None => "for these times",
            Some((fit, _)) if fit.is_close() => "for times like those observed",
            Some(_) => "for the fitted times, which are not close to those observed",
        },
        cost(tuned.optimal().cost)
    );
    if answer.webhook == Webhook::Beside {
        out.push_str(&told(answer));
    }
    if let Some(tasks) = answer.tasks_per_day {
        let rate = tasks / 86_400.0 * best.polls;
        let _ = writeln!(
            out,
            "  at {tasks:.0} tasks a day: {rate:.3} polls/s on average, {} in the busiest second",
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
    for (name, row) in &tuned.rules {
        line(&mut out, " ", &format!("{name} (rule)"), row, &words(row));
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
            let _ = writeln!(
                out,
                "waits end at {deadline}, with a last poll there; a task that they give up on and that ends by {} is charged \
                 one more poll and the delay until then",
                time(answer.goal.horizon.max(deadline.get() as f64))
            );
        }
        None => {
            let _ = writeln!(
                out,
                "waits have no limit (they end at the horizon, {}), and neither have the guide's here; use --deadline to set one",
                time(answer.goal.horizon)
            );
            let later = answer.goal.beyond_horizon();
            if later > 1e-5 {
                let _ = writeln!(
                    out,
                    "{} of the tasks take longer than that: they are polled until then, and charged no delay",
                    percent(later)
                );
            }
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
            "if tasks take {} as long, these settings cost {}, {} above the best for those times",
            percent(drift.factor),
            cost(drift.cost),
            percent(drift.excess)
        );
    }
    answer.weather.iter().for_each(|weathered| out.push_str(&weather(weathered)));
    if let Some((fit, trust)) = &answer.observed {
        observed(&mut out, fit, trust);
    }
    out
}

fn line(out: &mut String, mark: &str, name: &str, row: &TuneRow, settings: &str) {
    let or_dash = |us: Option<f64>| us.map_or_else(|| "-".to_owned(), time);
    let line = format!(
        "{mark} {name:<20} {:>8} {:>8.2} {:>10} {:>10} {:>8.2}%  {settings}",
        cost(row.cost),
        row.polls,
        or_dash(row.delay_mean),
        or_dash(row.delay_p95),
        100.0 * row.timeout
    );
    out.push_str(line.trim_end());
    out.push('\n');
}

fn observed(out: &mut String, fit: &Fit, trust: &Reliability) {
    let _ = writeln!(
        out,
        "\nfitted to {} observations; largest distance to them {:.3} (Kolmogorov–Smirnov; chance exceeds {:.3} once in 20)",
        trust.count, fit.distance, fit.limit
    );
    if !fit.is_close() {
        let _ = writeln!(out, "  warning: the fit is not close to the observations; its figures are rough");
    }
    if fit.beyond > 0.01 {
        let _ = writeln!(
            out,
            "  {} of the tasks take longer than {}, the longest that any was observed for: what follows is extrapolated",
            percent(fit.beyond),
            time(fit.last.get() as f64)
        );
    }
    if let Some(age) = fit.unseen_below {
        let _ = writeln!(
            out,
            "  no task could be seen that took less than {age}: what is shorter is known from the fitted distributions only"
        );
    }
    if let Some(step) = fit.rounded_to {
        let _ = writeln!(out, "  the times are in steps of {step}, and taken as rounded to the nearest");
    }
    for (value, share) in &fit.frequent {
        let _ = writeln!(
            out,
            "  {} took exactly {value}: schedules ask at that instant, as if that were exact",
            percent(*share)
        );
    }
    let _ = writeln!(out, "  {} of the fit follows the observations themselves, the rest:", percent(fit.share));
    for candidate in &fit.candidates {
        let _ = writeln!(
            out,
            "  {:<15} weight {:>5.1} %  log-likelihood {:.2}  {:.3}",
            candidate.name,
            100.0 * candidate.weight,
            candidate.log_likelihood,
            candidate.distribution
        );
    }
    for (name, [low, high]) in &trust.parameters {
        let shown = |value: f64| if matches!(*name, "multiplier" | "p") { trimmed(value, 3) } else { time(value) };
        let _ = writeln!(out, "  {name}: 90 % of resamples between {} and {}", shown(*low), shown(*high));
    }
    if let Some([low, high]) = trust.cost {
        let _ = writeln!(out, "  cost of settings tuned on resamples: 90 % between {} and {}", cost(low), cost(high));
    }
    if let Some(held) = trust.held_out {
        let _ = writeln!(
            out,
            "  tuned without every third observation: cost {} expected, {} on the {} left out",
            cost(held.predicted),
            cost(held.found),
            held.count
        );
    }
    if trust.count < ADVISABLE {
        let _ = writeln!(out, "  warning: {} observations are few; {ADVISABLE} or more are advisable", trust.count);
    }
}

/// What other weather does.
fn weather(weathered: &Weathered) -> String {
    let Weathered { weather, tasks, per_s, rows } = weathered;
    let rate = per_s.map_or_else(String::new, |rate| format!(", {} a second", trimmed(rate, 3)));
    let label = |row: &WeatherOutcome| if row.is_calm { "these settings without faults" } else { row.who.words() };
    let head = format!("in {weather} ({} tasks{rate})", count(*tasks));
    let longest = rows.iter().map(|row| 2 + label(row).chars().count()).max().unwrap_or(0).max(head.chars().count());
    let mut out = format!(
        "\n{head:<longest$} {:>16} {:>10} {:>10} {:>7} {:>7}\n",
        "lost", "delay mean", "delay p95", "polls", "429s"
    );
    let within = longest - 2;
    for row in rows {
        let lost = match row.lost {
            0 => "0".to_owned(),
            lost => format!("{} ({})", count(lost), percent(lost as f64 / (*tasks).max(1) as f64)),
        };
        let or_dash = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| time(ms * 1e3));
        let _ = writeln!(
            out,
            "  {:<within$} {lost:>16} {:>10} {:>10} {:>7.2} {:>7}",
            label(row),
            or_dash(row.delay_mean_ms),
            or_dash(row.delay_p95_ms),
            row.polls,
            percent(row.share_429)
        );
    }
    out
}

/// One line for a table of several models.
pub(super) fn weather_line(weathered: &Weathered) -> String {
    let share = |row: &WeatherOutcome| percent(row.lost as f64 / weathered.tasks.max(1) as f64);
    let rows: Vec<String> = weathered
        .rows
        .iter()
        .map(|row| {
            let who = if row.is_calm { "calm" } else { row.who.name() };
            let delay = row.delay_mean_ms.map_or_else(|| "-".to_owned(), |ms| time(ms * 1e3));
            let limited = match row.share_429 {
                0.0 => String::new(),
                share => format!(", {} 429s", percent(share)),
            };
            format!("{who} {} lost, delay {delay}{limited}", share(row))
        })
        .collect();
    format!("  in {}: {}", weathered.weather, rows.join("; "))
}

/// The count that a Poisson stream of this rate does not exceed in all but one of the seconds of a day. Polls of many
/// independent tasks are such a stream from second to second, if no task polls twice in one.
pub(super) fn busiest(rate: f64) -> u64 {
    let (mut count, mut probability) = (0_u64, (-rate).exp());
    if rate > 500.0 {
        // Far out the normal distribution will do: 4.2 standard deviations leave one in 86,400.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_of_a_day_is_a_quantile_of_poissons_distribution() {
        // P(X > 0) ≤ 1/86,400 for rates up to that; for rate 1, P(X ≤ 8) = 0.9999989 and P(X ≤ 7) = 0.99998975.
        assert_eq!(busiest(1e-6), 0);
        assert_eq!(busiest(1.0), 7);
        assert_eq!(busiest(10_000.0), 10_420);
    }
}
