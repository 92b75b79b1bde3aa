//! `check.html`: one file without a network or a script, for screens light and dark.

use super::picture::picture;
use super::{escape, word};
use crate::check::history::short;
use crate::check::phase::Phase;
use crate::check::property::Property;
use crate::check::report::{Finding, TrialReport};
use crate::check::text::finding as finding_text;
use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--ground:#fff;--good:#1a7f37;--bad:#cf222e;--open:#9a6700}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--ground:#0d1117;--good:#3fb950;--bad:#f85149;--open:#d29922}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left}td.n{text-align:right}
.scroll{overflow-x:auto}pre{overflow-x:auto;padding:1rem;border:1px solid var(--line)}.held{color:var(--good)}.violated,.never{color:var(--bad)}.unknown,.flaky{color:var(--open)}
svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg{max-width:100%;height:auto}";

/// The page.
#[must_use]
pub fn html(report: &TrialReport, verdict: &str, replay: &str) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>pollbench check</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n<h1>A poller on trial</h1>\n\
         <p><strong>{}</strong></p>\n<p>{} cases, seed {}, {} clock; largest gap {}, attempt timeout {}, the machine was at most {} late.</p>\n",
        escape(verdict),
        report.cases,
        report.seed,
        report.clock,
        short(report.timing.largest_gap),
        report.timing.attempt_timeout,
        short(report.lateness),
    );
    page += &properties(report);
    if !report.findings.is_empty() {
        page += "<h2>Counter-examples</h2>\n";
    }
    for found in &report.findings {
        page += &finding(found, replay);
    }
    page += &coverage(report);
    page += "</main>\n</body>\n</html>\n";
    page
}

fn properties(report: &TrialReport) -> String {
    let mut out = String::from(
        "<h2>Properties</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>property</th><th>verdict</th><th>held</th>\
         <th>violated</th><th>unknown</th><th>what it says</th></tr></thead>\n<tbody>\n",
    );
    for &property in Property::ALL {
        let (tally, word) = (report.tally(property), word(report, property));
        let class = word.split(' ').next().unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"{class}\">{word}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            property.id(),
            tally.held,
            tally.violated,
            tally.unknown,
            escape(property.about())
        );
    }
    out + "</tbody>\n</table></div>\n"
}

fn finding(finding: &Finding, replay: &str) -> String {
    format!(
        "<section>\n<h3><code>{}</code></h3>\n<p>{}</p>\n{}<pre>{}</pre>\n</section>\n",
        finding.defect.id(),
        escape(&finding.what()),
        picture(&finding.counter_example.case, &finding.counter_example.history),
        escape(&finding_text(finding, Some(replay)))
    )
}

fn coverage(report: &TrialReport) -> String {
    let (coverage, mut out) = (&report.coverage, String::new());
    let mishaps = coverage.mishaps();
    let is_possible = |phase: Phase| mishaps.iter().any(|mishap| coverage.is_possible(*mishap, phase));
    let phases: Vec<Phase> = Phase::ALL.into_iter().filter(|phase| is_possible(*phase)).collect();
    out += "<h2>What was reached</h2>\n<p>How often each fault of a request, of the weather or of a delivery met each phase of a wait; \
            – is where it cannot be.</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>fault</th>";
    for phase in &phases {
        let _ = write!(out, "<th>{}</th>", phase.name());
    }
    out += "</tr></thead>\n<tbody>\n";
    for mishap in &mishaps {
        let _ = write!(out, "<tr><th scope=\"row\"><code>{}</code></th>", mishap.name());
        for phase in &phases {
            let _ = match coverage.count(*mishap, *phase) {
                0 if !coverage.is_possible(*mishap, *phase) => write!(out, "<td class=\"n\">–</td>"),
                0 => write!(out, "<td class=\"n never\">never</td>"),
                count => write!(out, "<td class=\"n\">{count}</td>"),
            };
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table></div>\n"
}
