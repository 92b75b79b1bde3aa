//! The first screen: what to use with webhooks and without, settings to paste, and every strategy on every model.

use super::heat;
use crate::figures as f;
use crate::report::advice::{self, Advice};
use crate::report::answers::{self, Group};
use crate::report::escape::html as escape;
use crate::report::findings::ModelFinding;
use crate::report::grid::{Column, Grid, Row};
use crate::report::page::fold;
use crate::report::page::parts::{sentence, table};
use crate::report::{Report, overview};

pub(super) fn answer(
    report: &Report<'_>,
    findings: &[ModelFinding<'_>],
    advice: &[Advice<'_>],
    anchors: &[String],
) -> String {
    let mut body = String::from("<section id=\"answer\">\n<div class=\"columns\">\n<div>\n");
    if let Some(groups) = answers::called(report, findings) {
        body += &card("called", "If you can receive webhooks", &called(report, findings, &groups));
        body += &card("asking", "If you can only poll", &asking(report, findings, advice));
    } else {
        body += &card("asking", "The answer", &asking(report, findings, advice));
    }
    body += "</div>\n<div>\n";
    body += &heat::map(report, anchors);
    body += &losers(report);
    body += "</div>\n</div>\n";
    body += &fold("The choice for each model in figures", &table(&overview::answers(report, findings)));
    body + "</section>\n"
}

fn card(id: &str, title: &str, body: &str) -> String {
    format!("<div class=\"card\" id=\"{id}\">\n<h2>{title}</h2>\n{body}</div>\n")
}

/// The choice of each group with what it costs; where there are several, in few words.
fn chosen(report: &Report<'_>, groups: &[Group<'_>]) -> String {
    if groups.len() > 1 {
        return groups.iter().map(|group| format!("<p class=\"verdict\">{}</p>\n", sentence(&group.brief()))).collect();
    }
    groups
        .iter()
        .map(|group| {
            let saving = group.saving(report).map(|saving| format!(" That is {}.", escape(&saving)));
            format!("<p class=\"verdict\">{}{}</p>\n", sentence(&group.verdict()), saving.unwrap_or_default())
        })
        .collect()
}

fn cautions(items: &[String]) -> String {
    let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
    if items.is_empty() { items } else { format!("<ul class=\"cautions\">\n{items}</ul>\n") }
}

fn called<'a>(report: &Report<'_>, findings: &'a [ModelFinding<'a>], groups: &[Group<'_>]) -> String {
    let mut body = chosen(report, groups);
    body += &answers::undecided_called(findings)
        .map(|words| format!("<p class=\"note\">{}</p>\n", sentence(&words)))
        .unwrap_or_default();
    let mut items = vec!["The upkeep of an address that the API can call is not in the cost.".to_owned()];
    if findings.iter().any(|finding| finding.spared) {
        items.push(
            "The faults of this scenario strike submits and polls only: its webhooks never fail, yours may.".to_owned(),
        );
    }
    items.extend(groups.iter().flat_map(Group::cautions));
    body + &cautions(&items)
}

fn asking<'a>(report: &Report<'_>, findings: &'a [ModelFinding<'a>], advice: &[Advice<'_>]) -> String {
    let compared = answers::asking(findings);
    if advice.is_empty() {
        let mut body = chosen(report, &compared);
        body += &answers::undecided_asking(findings)
            .map(|words| format!("<p class=\"note\">{}</p>\n", sentence(&words)))
            .unwrap_or_default();
        if compared.is_empty() {
            body += match findings.is_empty() {
                true => "<p>None of the strategies that were compared only polls and has a defined cost.</p>\n",
                false => "<p>No strategy that only polls loses as few tasks as the best.</p>\n",
            };
        }
        return body + &cautions(&compared.iter().flat_map(Group::cautions).collect::<Vec<_>>());
    }
    let mut body = format!(
        "<p class=\"verdict\">Wait, then poll in <strong>equal steps</strong>{}.</p>\n<div id=\"settings\">\n{}</div>\n",
        saved(advice),
        table(&settings(advice))
    );
    body += &format!(
        "<pre tabindex=\"0\" aria-label=\"Settings to paste\"><code id=\"paste\">{}</code></pre>\n",
        escape(&advice::js(advice, advice::OWN))
    );
    body += "<p class=\"note\">For the guide’s loop, in milliseconds; better in a hardened loop, which survives errors. Costs are \
             expected ones, without faults and round trips.</p>\n";
    let named: Vec<String> = compared.iter().map(|group| sentence(&group.named())).collect();
    if !named.is_empty() {
        body += &format!("<p class=\"note\">Of the strategies compared, the least cost: {}.</p>\n", named.join("; "));
    }
    body
}

/// Who loses tasks, whatever it costs.
fn losers(report: &Report<'_>) -> String {
    let losers = answers::losers(report);
    if losers.is_empty() {
        return String::new();
    }
    let named = |(strategy, lost, tasks): &(&str, u64, u64)| {
        format!("{} ({})", escape(strategy), escape(&f::rough_share(*lost, *tasks)))
    };
    let named: Vec<String> = losers.iter().map(named).collect();
    format!("<p class=\"note\">Tasks lost, on the model where each strategy loses most: {}.</p>\n", named.join(", "))
}

/// What the settings save of the guide's.
fn saved(advice: &[Advice<'_>]) -> String {
    let shares: Vec<f64> = advice.iter().filter_map(Advice::saved).collect();
    if shares.len() < advice.len() {
        return String::new();
    }
    let (least, most) =
        shares.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), share| (share.min(least), share.max(most)));
    let (least, most) = (format!("{:.0}", 100.0 * least), format!("{:.0}", 100.0 * most));
    let range = if least == most { least } else { format!("{least} to {most}") };
    format!(": {range} % less than the guide’s adaptive settings cost")
}

fn settings(advice: &[Advice<'_>]) -> Grid {
    let columns = vec![
        Column::figures("first wait"),
        Column::figures("then every"),
        Column::figures("limit"),
        Column::figures("polls"),
        Column::figures("delay"),
        Column::figures("cost"),
        Column::figures("guide’s"),
    ];
    let mut grid =
        Grid::new("Settings for each model, with what a task costs under them and under the guide’s", "model", columns);
    grid.rows = advice
        .iter()
        .map(|advice| {
            let quick = advice.own();
            let time = |at: crate::time::Micros| f::duration(at.get() as f64 / 1e3);
            Row {
                head: advice.model.to_owned(),
                entries: vec![
                    time(quick.settings.initial).into(),
                    time(quick.settings.interval).into(),
                    quick.settings.max.map_or_else(|| f::UNDEFINED.to_owned(), time).into(),
                    f::number(quick.row.polls).into(),
                    f::or_undefined(quick.row.delay_mean.map(|us| us / 1e3), f::duration).into(),
                    f::number(quick.row.cost).into(),
                    f::or_undefined(quick.guide.as_ref().map(|row| row.cost), f::number).into(),
                ],
                ..Row::default()
            }
        })
        .collect();
    grid
}
