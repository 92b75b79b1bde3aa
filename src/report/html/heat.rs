//! Every strategy on every model: shaded by lost tasks first, then by cost.

use crate::figures as f;
use crate::report::Report;
use crate::report::escape::html as escape;
use crate::report::heat::{self, Heat};
use crate::report::matrix::{Panel, Shade, Square};

/// The map, with what its shades mean and, where scripts run, the price of a second.
pub(super) fn map(report: &Report<'_>, anchors: &[String]) -> String {
    let part = Panel { label: "", scenario: report.scenario, results: report.results };
    let (models, strategies) = (report.models(), report.strategies());
    let head = |(model, anchor): (&&str, &String)| format!("<a href=\"#model-{anchor}\">{}</a>", escape(model));
    let columns = models.iter().zip(anchors).map(head).collect();
    let row = |strategy: &&str| {
        let squares = models.iter().map(|model| part.on_model(strategy, model).as_ref().map(square)).collect();
        ((*strategy).to_owned(), squares)
    };
    let rows = strategies.iter().map(row).collect();
    let caption = "Cost of a task; in bold the share of tasks lost".to_owned();
    let map = Heat { caption, corner: "strategy".to_owned(), is_live: true, columns, rows }.html();
    let shades: String =
        Shade::ALL.map(|shade| format!("<li class=\"{}\">{}</li>", shade.class(), words(shade))).concat();
    format!("{map}<ul class=\"key\">{shades}</ul>\n{}<div id=\"controls\"></div>\n", part.note_on_kinds())
}

fn square(square: &Square) -> heat::Square {
    let (class, cost) = (square.shade.class(), f::short(square.cost));
    if square.lost == 0 {
        return heat::Square { attributes: format!("class=\"{class}\""), content: cost };
    }
    let why = square.mistake.map(|mistake| format!(": {}", mistake.name)).unwrap_or_default();
    let title = escape(&format!("{} tasks lost{why}", f::part(square.lost, square.tasks)));
    heat::Square {
        attributes: format!("class=\"{class}\" title=\"{title}\""),
        content: format!("{cost} <b>{}</b>", f::rough_share(square.lost, square.tasks)),
    }
}

/// What a shade means, in a few words.
const fn words(shade: Shade) -> &'static str {
    match shade {
        Shade::Cheap => "loses none, at most 25 % above the cheapest",
        Shade::Fair => "up to twice the cost",
        Shade::Dear => "dearer",
        Shade::Loses => "loses under 1 %",
        Shade::LosesMany => "1 to 10 %",
        Shade::LosesMost => "10 % or more",
    }
}
