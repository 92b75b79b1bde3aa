//! Every strategy on every model: shaded by lost tasks first, then by cost.

use crate::figures as f;
use crate::report::Report;
use crate::report::escape::html as escape;
use crate::report::matrix::{Part, Shade, Square};

/// The map, with what its shades mean and, where scripts run, the price of a second.
pub(super) fn map(report: &Report<'_>, anchors: &[String]) -> String {
    let part = Part { label: "", scenario: report.scenario, results: report.results };
    let (models, strategies) = (report.models(), report.strategies());
    let heads: String = models
        .iter()
        .zip(anchors)
        .map(|(model, anchor)| format!("<th scope=\"col\"><a href=\"#model-{anchor}\">{}</a></th>", escape(model)))
        .collect();
    let rows: String = strategies
        .iter()
        .map(|strategy| {
            let squares = models.iter().map(|model| part.on_model(strategy, model));
            let squares: String = squares.map(|found| found.map_or_else(nothing, |found| square(&found))).collect();
            let name = escape(strategy);
            format!("<tr data-s=\"{name}\"><th scope=\"row\" class=\"words\">{name}</th>{squares}</tr>\n")
        })
        .collect();
    let caption = "Cost of a task; in bold the share of tasks lost";
    let shades: String =
        Shade::ALL.map(|shade| format!("<li class=\"{}\">{}</li>", class(shade), words(shade))).concat();
    format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{caption}\">\n<table class=\"heat\" id=\"heat\">\n\
         <caption><span>{caption}</span></caption>\n\
         <thead><tr><th scope=\"col\" class=\"words\">strategy</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n\
         <ul class=\"key\">{shades}</ul>\n<div id=\"controls\"></div>\n"
    )
}

fn nothing() -> String {
    format!("<td>{}</td>", f::UNDEFINED)
}

fn square(square: &Square) -> String {
    let (class, cost) = (class(square.shade), f::short(square.cost));
    if square.lost == 0 {
        return format!("<td class=\"{class}\">{cost}</td>");
    }
    let why = square.mistake.map(|mistake| format!(": {}", mistake.name)).unwrap_or_default();
    let title = escape(&format!("{} tasks lost{why}", f::part(square.lost, square.tasks)));
    format!("<td class=\"{class}\" title=\"{title}\">{cost} <b>{}</b></td>", f::rough_share(square.lost, square.tasks))
}

const fn class(shade: Shade) -> &'static str {
    match shade {
        Shade::Cheap => "cheap",
        Shade::Fair => "fair",
        Shade::Dear => "dear",
        Shade::Loses => "loses",
        Shade::LosesMany => "loses-many",
        Shade::LosesMost => "loses-most",
    }
}

/// What a shade means, in a few words.
const fn words(shade: Shade) -> &'static str {
    match shade {
        Shade::Cheap => "loses none, cheapest of its kind +25 %",
        Shade::Fair => "up to twice as dear",
        Shade::Dear => "dearer",
        Shade::Loses => "loses under 1 %",
        Shade::LosesMany => "1 to 10 %",
        Shade::LosesMost => "10 % or more",
    }
}
