//! `report.html`: one file that needs no network and no script, for screens light and dark and for paper.

mod answer;
mod figures;
mod heat;

use super::charts::Chart;
use super::escape::{html as escape, slugs};
use super::findings::{self, ModelFinding};
use super::grid::Grid;
use super::page::{end_with, fold, folded, head, parts};
use super::{Report, advice, gates, glossary, method, overview, repairs};
use crate::figures as f;
use crate::measure::outcome::Outcome;
use parts::{sentence, table};

/// The page, with `charts` where they belong.
#[must_use]
pub fn render(report: &Report<'_>, charts: &[Chart]) -> String {
    let findings = findings::findings(report);
    let advice = advice::advice(report);
    let models = report.models();
    let anchors = slugs(&models);
    let mut page = head(&format!("{} – pollbench", report.results.run.scenario));
    page += &header(report);
    page += &navigation(report, &models, &anchors);
    page += "<main id=\"main\">\n";
    page += &answer::answer(report, &findings, &advice, &anchors);
    if let Some((words, gates)) = gates::gates(report) {
        let rows = if gates.rows.is_empty() { all_hold(report) } else { table(&gates) };
        page += &folded("gates", "Gates", &escape(&words), &rows, !gates.rows.is_empty());
    }
    for (model, anchor) in models.iter().zip(&anchors) {
        let finding = findings.iter().find(|finding| finding.model == *model);
        page += &of_model(report, model, anchor, finding, charts);
    }
    page += &repairs_section(report);
    page += &savings_section(report);
    page += &method_section();
    page += &facts_section(report);
    page += "</main>\n";
    page + &end_with(&figures::figures(report, &advice))
}

fn all_hold(report: &Report<'_>) -> String {
    match report.results.gates.len() {
        1 => "<p>The gate holds.</p>\n".to_owned(),
        gates => format!("<p>All {} gates hold.</p>\n", f::count(gates as u64)),
    }
}

fn header(report: &Report<'_>) -> String {
    let run = &report.results.run;
    let facts = format!(
        "{} × {} × {} tasks, engine {}, seed {}",
        f::plural(report.models().len(), "model"),
        f::plural(report.strategies().len(), "strategy"),
        f::count(run.tasks.saturating_mul(u64::from(run.replicates))),
        run.engine,
        run.seed
    );
    let mut out = format!("<header>\n<h1>{}</h1>\n", escape(&run.scenario));
    let about = &report.scenario.description;
    let gap = if about.is_empty() || about.ends_with(['.', '!', '?']) { " " } else { ". " };
    out += &format!("<p class=\"meta\">{}{gap}{}</p>\n</header>\n", escape(about), escape(&facts));
    out
}

fn navigation(report: &Report<'_>, models: &[&str], anchors: &[String]) -> String {
    let mut links: Vec<(String, String)> = vec![("answer".to_owned(), "Answer".to_owned())];
    if !report.results.gates.is_empty() {
        links.push(("gates".to_owned(), "Gates".to_owned()));
    }
    links.extend(models.iter().zip(anchors).map(|(model, slug)| (format!("model-{slug}"), escape(model))));
    if !repairs::repairs(report).is_empty() {
        links.push(("repairs".to_owned(), "Repairs".to_owned()));
    }
    if !repairs::savings(report).is_empty() {
        links.push(("batches".to_owned(), "Batches".to_owned()));
    }
    links.extend([("method", "Method"), ("run", "Run")].map(|(id, title)| (id.to_owned(), title.to_owned())));
    let items: String = links.iter().map(|(id, title)| format!("<li><a href=\"#{id}\">{title}</a></li>")).collect();
    format!("<nav aria-label=\"Contents\"><ul tabindex=\"0\">{items}</ul></nav>\n")
}

fn of_model(
    report: &Report<'_>,
    model: &str,
    anchor: &str,
    finding: Option<&ModelFinding<'_>>,
    charts: &[Chart],
) -> String {
    let (mut body, mut lead) = (String::new(), String::new());
    if let Some(finding) = finding {
        let price = |strategy: &str, cost: f64| format!("{} at {} a task", escape(strategy), f::number(cost));
        lead = price(&finding.choice.strategy, finding.choice.cost.mean);
        if let Some(asking) = finding.asking {
            lead += &format!("; polling: {}", price(&asking.strategy, asking.cost.mean));
        }
        let words: Vec<String> = finding.answer().iter().map(sentence).collect();
        body += &format!("<p class=\"verdict\">{}</p>\n", words.join(" "));
        let cautions: String =
            finding.cautions().iter().map(|caution| format!("<li>{}</li>\n", sentence(caution))).collect();
        if !cautions.is_empty() {
            body += &fold("When not to", &format!("<ul class=\"cautions\">\n{cautions}</ul>\n"));
        }
    }
    let mut own = charts.iter().filter(|chart| chart.model == model);
    body += &own.next().map(parts::figure).unwrap_or_default();
    body += &table(&overview::of_model(report, model));
    body += "<p class=\"note\">± is half of the 95 % interval. ★ least cost among those that do not lose significantly more \
             tasks than the best. – undefined, or the quantile falls on tasks that were never known. Delay counts from a task’s \
             end, latency from its submit; means are over known tasks, p95 over all.</p>\n<div class=\"folds\">\n";
    body += &own.map(parts::folded_figure).collect::<String>();
    body += "</div>\n";
    folded(&format!("model-{anchor}"), &escape(model), &lead, &body, report.models().len() == 1)
}

fn repairs_section(report: &Report<'_>) -> String {
    let repairs = repairs::repairs(report);
    if repairs.is_empty() {
        return String::new();
    }
    let mut body = String::from(
        "<p>Each documented strategy runs as the vendor’s guide writes it, and once more with its faults mended: errors are \
         polled over, time limits are kept, one task’s failure touches no other. Intervals and limits are the same, so the \
         difference is the repair.</p>\n",
    );
    body += &in_words(&repairs);
    folded("repairs", "As documented and hardened", "what the repair of each documented strategy bought", &body, false)
}

fn savings_section(report: &Report<'_>) -> String {
    let savings = repairs::savings(report);
    if savings.is_empty() {
        return String::new();
    }
    let mut body = String::from(
        "<p>Tasks of a batch are submitted together, and one poll tells of all of them: it counts once among the requests, and \
         each open task has the same share of it. Latency counts from when a task would have been submitted alone, so it \
         includes the wait for the rest of the batch.</p>\n",
    );
    body += &in_words(&savings);
    folded("batches", "One by one and in batches", "what one poll for many tasks saves", &body, false)
}

/// Tables, each under its name and a sentence.
fn in_words(tables: &[(String, Grid)]) -> String {
    let one = |(words, grid): &(String, Grid)| {
        let name = grid.caption.split(':').next().unwrap_or("");
        format!("<h3>{}</h3>\n<p>{}</p>\n{}", escape(name), escape(words), table(grid))
    };
    tables.iter().map(one).collect()
}

fn method_section() -> String {
    let rules: String = method::RULES.iter().map(|rule| format!("<p>{}</p>\n", escape(rule))).collect();
    let define = |(term, meaning): &(&str, &str)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(term), escape(meaning));
    let terms: String = glossary::TERMS.iter().map(define).collect();
    let ends: String = Outcome::ALL.map(|outcome| define(&(outcome.name(), outcome.meaning()))).concat();
    let body = format!(
        "<div class=\"prose\">{rules}</div>\n<h3>What the numbers mean</h3>\n<dl class=\"glossary\">\n{terms}</dl>\n\
         <h3>How a wait can end</h3>\n<dl class=\"glossary\">\n{ends}</dl>\n"
    );
    folded("method", "Method", "how the choice is made, and what every number means", &body, false)
}

fn facts_section(report: &Report<'_>) -> String {
    let facts: String = method::facts(report)
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value)))
        .collect();
    let about: String = report
        .scenario
        .strategies
        .iter()
        .filter(|strategy| !strategy.about.is_empty())
        .map(|strategy| format!("<dt>{}</dt><dd>{}</dd>\n", escape(&strategy.name), escape(&strategy.about)))
        .collect();
    let mut body = format!(
        "<dl class=\"glossary\">\n{facts}</dl>\n<p>To reproduce these numbers:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
        escape(report.command)
    );
    if !about.is_empty() {
        body += &format!("<h3>The strategies</h3>\n<dl class=\"glossary\">\n{about}</dl>\n");
    }
    folded("run", "The run", "the facts, the command, the strategies", &body, false)
}
