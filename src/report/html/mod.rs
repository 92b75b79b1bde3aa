//! `report.html`: one file that needs no network and no script, for screens light and dark and for paper.

pub(super) mod parts;

use super::charts::{Chart, THEME};
use super::escape::{html as escape, slugs};
use super::findings::{self, Finding};
use super::{Report, gates, glossary, method, overview, repairs};
use crate::figures as f;
use crate::measure::outcome::Outcome;
use parts::{sentence, table};

/// The page, with `charts` where they belong.
#[must_use]
pub fn render(report: &Report<'_>, charts: &[Chart]) -> String {
    let findings = findings::findings(report);
    let mut page = head(&format!("{} – pollbench", report.results.run.scenario));
    page += &header(report);
    page += &navigation(report);
    page += "<main id=\"main\">\n";
    page += &answer(report, &findings);
    if let Some((words, gates)) = gates::gates(report) {
        let rows = if gates.rows.is_empty() { String::new() } else { table(&gates) };
        page += &section("gates", "Gates", &format!("<p>{words}</p>\n{rows}"));
    }
    let models = report.models();
    for (model, anchor) in models.iter().zip(slugs(&models)) {
        let finding = findings.iter().find(|finding| finding.model == *model);
        page += &model_section(report, model, &anchor, finding, charts);
    }
    page += &repairs_section(report);
    page += &method_section();
    page += &facts_section(report);
    page += "</main>\n</body>\n</html>\n";
    page
}

/// A page with this title, up to the start of its body.
pub(super) fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the answer</a>\n",
        escape(title),
        include_str!("style.css"),
        theme(),
    )
}

/// The chart's colours for light and for dark pages; paper is light.
fn theme() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    let mut rules = String::new();
    for (name, painted, on_light, on_dark) in THEME {
        let hex = format!("#{:02X}{:02X}{:02X}", painted.0, painted.1, painted.2);
        light += &format!("--c-{name}:{on_light};");
        dark += &format!("--c-{name}:{on_dark};");
        rules +=
            &format!("svg [fill=\"{hex}\"]{{fill:var(--c-{name})}}svg [stroke=\"{hex}\"]{{stroke:var(--c-{name})}}\n");
    }
    format!(":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{rules}")
}

pub(super) fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n")
}

fn header(report: &Report<'_>) -> String {
    let run = &report.results.run;
    let mut out = format!("<header>\n<p class=\"kicker\">pollbench report</p>\n<h1>{}</h1>\n", escape(&run.scenario));
    if !report.scenario.description.is_empty() {
        out += &format!("<p class=\"lead\">{}</p>\n", escape(&report.scenario.description));
    }
    let facts = format!(
        "{} × {} × {} tasks, engine {}, seed {}",
        f::plural(report.models().len(), "model"),
        report.strategies().len().to_string()
            + if report.strategies().len() == 1 { " strategy" } else { " strategies" },
        f::count(run.tasks.saturating_mul(u64::from(run.replicates))),
        run.engine,
        run.seed
    );
    out += &format!("<p class=\"meta\">{}</p>\n</header>\n", escape(&facts));
    out
}

fn navigation(report: &Report<'_>) -> String {
    let models = report.models();
    let mut links: Vec<(String, String)> = vec![("answer".to_owned(), "Answer".to_owned())];
    if !report.results.gates.is_empty() {
        links.push(("gates".to_owned(), "Gates".to_owned()));
    }
    links.extend(models.iter().zip(slugs(&models)).map(|(model, slug)| (format!("model-{slug}"), escape(model))));
    if !repairs::repairs(report).is_empty() {
        links.push(("repairs".to_owned(), "Repairs".to_owned()));
    }
    links.extend([("method", "Method"), ("run", "Run")].map(|(id, title)| (id.to_owned(), title.to_owned())));
    let items: String = links.iter().map(|(id, title)| format!("<li><a href=\"#{id}\">{title}</a></li>")).collect();
    format!("<nav aria-label=\"Contents\"><ul>{items}</ul></nav>\n")
}

fn answer(report: &Report<'_>, findings: &[Finding<'_>]) -> String {
    let mut body = String::from("<ul class=\"answers\">\n");
    for summary in findings::summary(findings) {
        body += &format!("<li>{}</li>\n", sentence(&summary));
    }
    body += "</ul>\n<p>Least cost among the strategies that do not lose significantly more tasks than the best one. \
             <a href=\"#method\">How that is decided</a>.</p>\n";
    body += &table(&overview::answers(report, findings));
    body += "<h3>When not to</h3>\n<dl class=\"cautions\">\n";
    let (plain, cautioned): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.cautions().is_empty());
    for finding in cautioned {
        body += &format!("<dt>{}: {}</dt>\n", escape(finding.model), escape(&finding.choice.strategy));
        for caution in finding.cautions() {
            body += &format!("<dd>{}</dd>\n", sentence(&caution));
        }
    }
    if !plain.is_empty() {
        let models: Vec<String> = plain.iter().map(|finding| escape(finding.model)).collect();
        body += &format!(
            "<dt>{}</dt>\n<dd>Nothing in these figures speaks against the choice: no task lost, no hang, no error, and \
             nothing costs less.</dd>\n",
            models.join(", ")
        );
    }
    body += "</dl>\n";
    section("answer", "The answer", &body)
}

fn model_section(
    report: &Report<'_>,
    model: &str,
    anchor: &str,
    finding: Option<&Finding<'_>>,
    charts: &[Chart],
) -> String {
    let mut body = String::new();
    if let Some(finding) = finding {
        let words: Vec<String> = finding.answer().iter().map(sentence).collect();
        body += &format!("<p class=\"verdict\">{}</p>\n", words.join(" "));
        let cautions: String =
            finding.cautions().iter().map(|caution| format!("<li>{}</li>\n", sentence(caution))).collect();
        if !cautions.is_empty() {
            body += &format!("<ul class=\"cautions\">\n{cautions}</ul>\n");
        }
    }
    body += &table(&overview::of_model(report, model));
    body += "<p class=\"note\">± is half of the 95 % interval. ★ least cost among those that do not lose significantly more \
             tasks than the best. – undefined, or the quantile falls on tasks that were never known. Delay counts from a task’s end, latency from its \
             submit; p95 is over all tasks.</p>\n";
    for chart in charts.iter().filter(|chart| chart.model == model) {
        body += &parts::figure(chart);
    }
    section(&format!("model-{anchor}"), &escape(model), &body)
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
    for (words, grid) in &repairs {
        body +=
            &format!("<h3>{}</h3>\n<p>{}</p>\n", escape(grid.caption.split(':').next().unwrap_or("")), escape(words));
        body += &table(grid);
    }
    section("repairs", "As documented and hardened", &body)
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
    section("method", "Method", &body)
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
        "<dl class=\"glossary\">\n{facts}</dl>\n<p>The same numbers again:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
        escape(report.command)
    );
    if !about.is_empty() {
        body += &format!("<h3>The strategies</h3>\n<dl class=\"glossary\">\n{about}</dl>\n");
    }
    section("run", "The run", &body)
}
