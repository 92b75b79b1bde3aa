//! A campaign's report for machines, for pull requests, and for browsers.

mod html;
mod picture;

pub use html::html;

use super::codec::write_case;
use super::property::Property;
use super::report::{Defect, Finding, TrialReport};
use super::text::{finding as finding_text, timeline, unjudged, unreached};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The verdict on a property in a word.
fn word(report: &TrialReport, property: Property) -> &'static str {
    let tally = report.tally(property);
    match report.finding(property) {
        Some(finding) if finding.is_flaky => "flaky",
        Some(_) => "violated",
        None if tally.unknown > 0 => "unknown",
        None if tally.held > 0 => "held",
        None => "not judged",
    }
}

/// The whole report as JSON.
#[must_use]
pub fn json(report: &TrialReport, verdict: &str, replay: &str) -> Value {
    let properties: Vec<Value> = Property::ALL
        .iter()
        .map(|&property| {
            let tally = report.tally(property);
            json!({
                "id": property.id(),
                "verdict": word(report, property),
                "held": tally.held,
                "violated": tally.violated,
                "unknown": tally.unknown,
            })
        })
        .collect();
    let finding = |finding: &Finding| {
        let case: Value = serde_json::from_str(&write_case(&finding.counter_example.case)).unwrap_or(Value::Null);
        json!({
            "id": finding.defect.id(),
            "flaky": finding.is_flaky,
            "what": finding.what(),
            "number": finding.number,
            "trials": finding.trials,
            "case": case,
            "timeline": timeline(&finding.counter_example.case, &finding.counter_example.history),
            "log": finding.counter_example.history.log,
            "replay": replay.replace("{case}", &write_case(&finding.counter_example.case)),
        })
    };
    let reached = report.coverage.possible().map(|(mishap, phase)| {
        json!({"fault": mishap.name(), "phase": phase.name(), "count": report.coverage.count(mishap, phase)})
    });
    json!({
        "version": 1,
        "seed": report.seed,
        "cases": report.cases,
        "clock": report.clock,
        "doubt": report.doubt,
        "verdict": verdict,
        "largest_gap_ms": report.timing.largest_gap.as_millis(),
        "attempt_timeout_ms": report.timing.attempt_timeout.as_millis(),
        "lateness_ms": report.lateness.as_millis(),
        "properties": properties,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "coverage": reached.collect::<Vec<_>>(),
    })
}

/// A comment for a pull request.
#[must_use]
pub fn markdown(report: &TrialReport, verdict: &str, replay: &str) -> String {
    let mut out = format!(
        "### pollbench check: {verdict}\n\n{} cases, seed {}, {} clock\n\n",
        report.cases, report.seed, report.clock
    );
    out += "| property | verdict | held | violated | unknown |\n|:--|:--|--:|--:|--:|\n";
    for &property in Property::ALL {
        let tally = report.tally(property);
        let (id, word) = (property.id(), word(report, property));
        let _ = writeln!(out, "| `{id}` | {word} | {} | {} | {} |", tally.held, tally.violated, tally.unknown);
    }
    for finding in &report.findings {
        let _ = writeln!(out, "\n```text\n{}```", finding_text(finding, Some(replay)).replace("```", "'''"));
    }
    if let Some(unreached) = unreached(report) {
        let _ = writeln!(out, "\n{unreached}");
    }
    out
}

/// A file as continuous integration reads it: a test for each property.
#[must_use]
pub fn junit(report: &TrialReport) -> String {
    let mut cases = String::new();
    let (mut failures, mut skipped) = (0, 0);
    for &property in Property::ALL {
        let id = property.id();
        let _ = match (report.finding(property), report.tally(property).held) {
            (Some(finding), _) => {
                failures += 1;
                writeln!(
                    cases,
                    "  <testcase classname=\"pollbench.check\" name=\"{id}\"><failure message=\"{}\">{}</failure></testcase>",
                    escape(&finding.what()),
                    escape(&finding_text(finding, None))
                )
            }
            (None, 0) => {
                skipped += 1;
                writeln!(
                    cases,
                    "  <testcase classname=\"pollbench.check\" name=\"{id}\"><skipped message=\"{}\"/></testcase>",
                    escape(unjudged(property))
                )
            }
            (None, _) => writeln!(cases, "  <testcase classname=\"pollbench.check\" name=\"{id}\"/>"),
        };
    }
    let others = report.findings.iter().filter(|finding| !matches!(finding.defect, Defect::Property(_)));
    let mut more = 0;
    for finding in others {
        more += 1;
        let _ = writeln!(
            cases,
            "  <testcase classname=\"pollbench.check\" name=\"{}\"><failure message=\"{}\"/></testcase>",
            finding.defect.id(),
            escape(&finding.what())
        );
    }
    let tests = Property::ALL.len() + more;
    let failures = failures + more;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"pollbench check\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">\n{cases}</testsuite>\n"
    )
}

/// Text inside of HTML and XML; control characters, which XML does not know, are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => out.push(letter),
        }
    }
    out
}
