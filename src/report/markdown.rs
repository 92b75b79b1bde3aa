//! `report.md`: short enough for a comment under a pull request.

use super::escape::markdown as escape;
use super::findings::{self, ModelFinding, Piece, Sentence};
use super::grid::Grid;
use super::{Report, gates, glossary, method, overview, repairs};

/// Longest text in bytes; GitHub takes 65,536 characters in a comment.
const LIMIT: usize = 60_000;

/// The report as Markdown. Where everything would be too long for a comment, the last models
/// have only their row in the table of answers.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let findings = findings::findings(report);
    let common = common(&findings);
    let head = head(report, &findings, &common);
    let tail = tail(report);
    let mut body = format!("## Model by model\n\n{LEGEND}\n\n");
    let mut left_out = 0;
    for model in report.models() {
        let finding = findings.iter().find(|finding| finding.model == model);
        let words = finding.map(|finding| paragraph(finding, &common)).unwrap_or_default();
        let section = words + &details(model, &table(&overview::of_model(report, model)));
        if head.len() + body.len() + section.len() + tail.len() + 200 < LIMIT {
            body += &section;
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        body += &format!("{} more: see report.html.\n\n", crate::figures::plural(left_out, "model"));
    }
    head + &body + &tail
}

/// What the marks of a table mean.
const LEGEND: &str =
    "★ least cost among those that do not lose significantly more tasks than the best. ± is half of the 95 % interval.";

/// Cautions that are the same for all of several models.
fn common(findings: &[ModelFinding<'_>]) -> Vec<Sentence> {
    let [first, others @ ..] = findings else { return Vec::new() };
    let mut cautions = if others.is_empty() { Vec::new() } else { first.cautions() };
    cautions.retain(|caution| others.iter().all(|other| other.cautions().contains(caution)));
    cautions
}

fn head(report: &Report<'_>, findings: &[ModelFinding<'_>], common: &[Sentence]) -> String {
    let mut out = format!("# {}\n\n", escape(&report.results.run.scenario));
    if !report.scenario.description.is_empty() {
        out += &format!("{}\n\n", escape(&report.scenario.description));
    }
    out += "## The answer\n\n";
    for sentence in findings::summary(findings) {
        out += &format!("- {}\n", words(&sentence));
    }
    out.push('\n');
    out += &table(&overview::answers(report, findings));
    for caution in common {
        out += &format!("{}\n\n", words(caution));
    }
    if let Some((words, gates)) = gates::gates(report) {
        out += &format!("## Gates\n\n{words}\n\n");
        if !gates.rows.is_empty() {
            out += &table(&gates);
        }
    }
    out
}

/// The answer for a model and its own cautions.
fn paragraph(finding: &ModelFinding<'_>, common: &[Sentence]) -> String {
    let answer: Vec<String> = finding.answer().iter().map(words).collect();
    let own = finding.cautions().into_iter().filter(|caution| !common.contains(caution));
    let cautions: String = own.map(|caution| format!("- {}\n", words(&caution))).collect();
    let gap = if cautions.is_empty() { "" } else { "\n" };
    format!("**{}.** {}\n\n{cautions}{gap}", escape(finding.model), answer.join(" "))
}

fn tail(report: &Report<'_>) -> String {
    let mut out = String::new();
    let repairs = repairs::repairs(report);
    if !repairs.is_empty() {
        out += "## As documented and hardened\n\n";
        for (sentence, grid) in &repairs {
            out += &details(&grid.caption, &format!("{sentence}\n\n{}", table(grid)));
        }
    }
    let savings = repairs::savings(report);
    if !savings.is_empty() {
        out += "## One by one and in batches\n\n";
        for (sentence, grid) in &savings {
            out += &details(&grid.caption, &format!("{sentence}\n\n{}", table(grid)));
        }
    }
    out += "## How it was measured\n\n";
    for (name, value) in method::facts(report) {
        out += &format!("- {name}: {}\n", escape(&value));
    }
    out += &format!("\n```sh\n{}\n```\n\n", report.command.replace("```", "'''"));
    let rules: String = method::RULES.iter().map(|rule| format!("- {}\n", escape(rule))).collect();
    let terms: String = glossary::TERMS.iter().map(|(term, is)| format!("- **{term}**: {}\n", escape(is))).collect();
    out += &details("What the numbers mean", &format!("{rules}\n{terms}\n"));
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

pub(super) fn details(title: &str, body: &str) -> String {
    format!("<details><summary>{}</summary>\n\n{body}</details>\n\n", super::escape::html(title))
}

/// A sentence with names in bold.
fn words(sentence: &Sentence) -> String {
    sentence
        .iter()
        .map(|span| match span {
            Piece::Text(words) => escape(words),
            Piece::Name(words) | Piece::Choice(words) | Piece::Warning(words) => format!("**{}**", escape(words)),
        })
        .collect()
}

pub(super) fn table(grid: &Grid) -> String {
    let mut out = format!("| {} ", grid.corner);
    for column in &grid.columns {
        out += &format!("| {} ", column.title);
    }
    out += "|\n|:--";
    for column in &grid.columns {
        out += if column.words { "|:--" } else { "|--:" };
    }
    out += "|\n";
    for row in &grid.rows {
        let mut marks = String::new();
        if row.baseline {
            marks += " (baseline)";
        }
        if row.best {
            marks += " ★";
        }
        out += &format!("| {}{marks} ", escape(&row.head));
        for entry in &row.entries {
            let spread = entry.spread.as_ref().map(|s| format!(" {}", escape(s))).unwrap_or_default();
            out += &format!("| {}{spread} ", escape(&entry.text));
        }
        out += "|\n";
    }
    out.push('\n');
    out
}
