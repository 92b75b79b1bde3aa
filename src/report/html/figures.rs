//! The figures that the page's script draws from: enough to say what everything costs at another price of a second.

use crate::report::Report;
use crate::report::advice::{self, Advice, PRICES};
use crate::report::findings::{self, is_called, is_tolerant};
use serde_json::{Value, json};

/// In seven digits, more than anything on the page shows: the last ones of a float differ where it was worked out in another
/// order.
fn short(number: f64) -> f64 {
    format!("{number:.6e}").parse().unwrap_or(number)
}

/// Durations are milliseconds, but for the delay that a task is charged: seconds, as it is priced.
pub(super) fn figures(report: &Report<'_>, advice: &[Advice<'_>]) -> Value {
    let models = report.models();
    let cells: Vec<Value> = models.iter().flat_map(|model| cells(report, model)).collect();
    let settings: Vec<Value> = advice.iter().map(settings).collect();
    let pastes: Vec<String> = (0..PRICES.len()).map(|price| advice::js(advice, price)).collect();
    json!({
        "poll_cost": report.scenario.cost.poll,
        "delay_cost_per_s": report.scenario.cost.delay_per_s,
        "prices": PRICES,
        "own": advice::OWN,
        "cells": cells,
        "settings": settings,
        "pastes": if advice.iter().all(|advice| advice.at.len() == PRICES.len()) { pastes } else { Vec::new() },
    })
}

/// What a task is charged under each strategy; without curves there is nothing to draw from.
fn cells(report: &Report<'_>, model: &str) -> Vec<Value> {
    let out = findings::sides(report.cells(model)).map(|(out, _)| out).unwrap_or_default();
    let of = |(cell, series): (&crate::measure::results::Cell, &crate::measure::series::CellSeries)| {
        let (polls, delay_s) = series.charged?;
        Some(json!({
            "model": model,
            "strategy": cell.strategy,
            "polls": short(polls),
            "delay_s": short(delay_s),
            "lost": cell.lost,
            "tasks": cell.tasks,
            "called": is_called(report, cell),
            "tolerant": is_tolerant(report, cell),
            "out": out.iter().any(|other| other.strategy == cell.strategy),
        }))
    };
    report.curves(model).into_iter().filter_map(of).collect()
}

fn settings(advice: &Advice<'_>) -> Value {
    let at: Vec<Value> = advice
        .at
        .iter()
        .map(|quick| {
            json!({
                "initial": quick.settings.initial.as_millis(),
                "interval": quick.settings.interval.as_millis(),
                "max": quick.settings.max.map(crate::time::Micros::as_millis),
                "polls": short(quick.row.polls),
                "delay": quick.row.delay_mean.map(|us| short(us / 1e3)),
                "cost": short(quick.row.cost),
                "guide": quick.guide.as_ref().map(|row| short(row.cost)),
            })
        })
        .collect();
    json!({ "model": advice.model, "at": at })
}
