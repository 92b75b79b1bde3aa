//! A campaign's report for people: a line for each property, then each counter-example as a timeline.

use super::case::{Case, End};
use super::codec::write_case;
use super::history::{AnswerKind, History, StatusRequest, WebhookDelivery, short};
use super::property::{Property, PropertyKind};
use super::report::{Defect, Finding, TrialReport};
use crate::server::PushContent;
use crate::time::Micros;
use crate::world::fault::When;
use std::fmt::{self, Write as _};

/// Lines of a timeline at most.
const MOST_LINES: usize = 8;

/// The whole report; `replay` begins a command that tries a case again.
#[must_use]
pub fn report(report: &TrialReport, replay: Option<&str>) -> String {
    let mut out = String::new();
    let gap = short(report.timing.largest_gap);
    let _ = writeln!(out, "{} cases, seed {}, {} clock; largest gap {gap}", report.cases, report.seed, report.clock);
    out.push('\n');
    for &property in Property::ALL {
        let _ = writeln!(out, "  {}", line(report, property));
    }
    for finding in report.findings.iter().filter(|finding| !matches!(finding.defect, Defect::Property(_))) {
        let flaky = if finding.is_flaky { "flaky: " } else { "" };
        let _ = writeln!(out, "  {:<22} {flaky}{}", finding.defect.id(), finding.what());
    }
    for finding in &report.findings {
        out.push('\n');
        out += &self::finding(finding, replay);
    }
    if let Some(unreached) = unreached(report) {
        let _ = writeln!(out, "\n{unreached}");
    }
    out
}

/// Pairs of fault and phase that are named at most.
const MOST_UNREACHED: usize = 6;

/// What was never reached of fault × phase, in a sentence.
pub(super) fn unreached(report: &TrialReport) -> Option<String> {
    let missing: Vec<String> =
        report.coverage.missing().map(|(mishap, phase)| format!("{} ({})", mishap.name(), phase.name())).collect();
    if missing.is_empty() {
        return None;
    }
    let (shown, more) = missing.split_at(missing.len().min(MOST_UNREACHED));
    let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
    let all = report.coverage.possible().count();
    Some(format!("never reached, {} of {all} faults by phase: {}{more}", missing.len(), shown.join(", ")))
}

impl fmt::Display for TrialReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&report(self, None))
    }
}

/// One property in a line.
fn line(report: &TrialReport, property: Property) -> String {
    let (tally, finding) = (report.tally(property), report.finding(property));
    let mut said = Vec::new();
    match finding {
        Some(finding) if finding.is_flaky => said.push("flaky: found once, and not every time again".to_owned()),
        Some(_) => said.push(format!("VIOLATED in {} of {}", tally.violated, tally.violated + tally.held)),
        None if tally.held > 0 => said.push(format!("held {}", tally.held)),
        None => said.push(format!("not judged: {}", unjudged(property))),
    }
    if tally.unknown > 0 {
        let late = || format!("the machine was up to {} late", short(report.lateness));
        said.push(format!("unknown {}: {}", tally.unknown, report.doubt.clone().unwrap_or_else(late)));
    }
    format!("{:<22} {}", property.id(), said.join(", "))
}

/// Why nothing could be said of a property.
pub(super) fn unjudged(property: Property) -> &'static str {
    match property {
        Property::NoBlindResubmit => "the program does not submit",
        Property::Isolation => "the program waits for one task at a time",
        Property::HandedOverOnce => "only with --stream can an end be told twice, or it was left out",
        Property::NoFalseSuccess
        | Property::NoFalseFailure
        | Property::RightResult
        | Property::StopsAfterTerminal
        | Property::OneInFlight
        | Property::RetryAfterKept
        | Property::NoBusyLoop
        | Property::SurvivesGarbage
        | Property::UnknownStateIsOpen
        | Property::FindsTheResult
        | Property::EndsByDeadline
        | Property::LastLook
        | Property::NoHang => match property.sort() {
            PropertyKind::Always => "no case came to it, or it was left out",
            PropertyKind::Bound => "no case came to it, the machine was too late, or it was left out",
        },
    }
}

/// A finding: what, a timeline, what does not matter, how to see it again.
#[must_use]
pub fn finding(finding: &Finding, replay: Option<&str>) -> String {
    let mut out = String::new();
    let flaky = if finding.is_flaky { " (flaky)" } else { "" };
    let _ = writeln!(out, "{}{flaky}: {}", finding.defect.id(), finding.what());
    if let Defect::Property(property) = finding.defect {
        let _ = writeln!(out, "  must hold: {}; else {}", property.about(), property.why());
    }
    let (case, history) = (&finding.counter_example.case, &finding.counter_example.history);
    for line in timeline(case, history) {
        let _ = writeln!(out, "  {line}");
    }
    if let Some(text) = irrelevant(&finding.original, case) {
        let _ = writeln!(out, "  does not matter: {text}");
    }
    if !matches!(finding.defect, Defect::Property(_)) && !history.log.is_empty() {
        let _ = writeln!(out, "  its log ends:");
        for line in history.log.lines().rev().take(MOST_LINES).collect::<Vec<_>>().into_iter().rev() {
            let _ = writeln!(out, "    {line}");
        }
    }
    if let Some(replay) = replay {
        let _ = writeln!(out, "  replay: {}", replay.replace("{case}", &write_case(case)));
    }
    out
}

/// What happened, in at most eight lines: the world first, then requests with their answers, then what the program said.
#[must_use]
pub fn timeline(case: &Case, history: &History) -> Vec<String> {
    let mut rows: Vec<(Micros, String)> = Vec::new();
    let many = case.tasks().len() > 1;
    for (number, (task, of_task)) in case.tasks().iter().zip(&history.tasks).enumerate() {
        let of = if many { format!("task {number}: ") } else { String::new() };
        match task.end {
            End::Success(at) => rows.push((at, format!("{of}the task succeeds"))),
            End::Failed(at) => rows.push((at, format!("{of}the task fails"))),
            End::Never => {}
        }
        for (number, request) in of_task.requests.iter().enumerate() {
            rows.push((request.sent, format!("{of}request {number}: {}", answer_text(request))));
        }
        rows.extend(
            of_task.deliveries.iter().map(|delivery| (delivery.at, format!("{of}{}", delivery_text(delivery)))),
        );
        for answer in &of_task.answers {
            let urls = answer.urls.as_ref().filter(|urls| !urls.is_empty());
            let urls = urls.map(|urls| format!(" with {}", urls.join(", "))).unwrap_or_default();
            rows.push((answer.at, format!("{of}the program says {}{urls}", answer.outcome.name())));
        }
    }
    for rule in case.weather().iter() {
        let kind = rule.kind().name();
        match rule.when() {
            When::During(window) => {
                rows.push((window.from(), format!("{kind} begins")));
                rows.push((window.from() + window.length(), format!("{kind} ends")));
            }
            When::Always | When::Bursts(_) => rows.push((Micros::ZERO, format!("{kind} all the time"))),
        }
    }
    // A submit is before all else, and an answer follows the request of its instant.
    rows.sort_by_key(|(at, _)| *at);
    let mut lines: Vec<String> = Vec::new();
    let submits = history.submits;
    if let Some(fault) = case.submit() {
        let held_back = case.held_back().map(|by| format!(" (answered {by} later)")).unwrap_or_default();
        lines.push(format!("{:>10}  {submits} × submit: {}{held_back}", "", fault.kind().name()));
    }
    lines.extend(rows.iter().map(|(at, what)| format!("{:>10}  {what}", short(*at).to_string())));
    let deadline = format!("{:>10}  deadline{}", case.deadline().to_string(), travel(case));
    let before = lines.len() - rows.iter().filter(|(at, _)| *at > case.deadline()).count();
    lines.insert(before, deadline);
    // The middle of a long wait says little.
    if lines.len() > MOST_LINES {
        let (head, tail) = (MOST_LINES / 2, MOST_LINES - MOST_LINES / 2 - 1);
        let hidden = lines.len() - head - tail;
        let rest = lines.split_off(lines.len() - tail);
        lines.truncate(head);
        lines.push(format!("{:>10}  … {hidden} more lines", ""));
        lines.extend(rest);
    }
    lines
}

fn travel(case: &Case) -> String {
    if case.rtt() == Micros::ZERO { String::new() } else { format!(" (every request takes {})", case.rtt()) }
}

/// What a request was answered.
pub(super) fn answer_text(request: &StatusRequest) -> String {
    let told = answer_words(request.answer);
    let kind = request.struck.map(|kind| format!(" ({})", kind.name())).unwrap_or_default();
    let asks = request.retry_after.map(|delay| format!(", Retry-After {delay}")).unwrap_or_default();
    format!("{told}{kind}{asks}")
}

const fn answer_words(told: AnswerKind) -> &'static str {
    match told {
        AnswerKind::Unfinished => "processing",
        AnswerKind::Success => "success",
        AnswerKind::Failed => "failed",
        AnswerKind::UnknownState => "a state that the API does not know",
        AnswerKind::Nothing => "nothing about the task",
        AnswerKind::Permanent => "an error that blames the request",
        AnswerKind::Silence => "no answer, ever",
        AnswerKind::Unheard => "left before its answer",
    }
}

/// What was delivered, and what the receiver made of it.
pub(super) fn delivery_text(delivery: &WebhookDelivery) -> String {
    let said = match delivery.content {
        PushContent::Truth => answer_words(delivery.answer),
        PushContent::OtherTask => "another task's success",
        PushContent::Garbage => "half a JSON",
        PushContent::Forgery => "success, from somebody who guesses the address",
    };
    match delivery.status {
        Some(status) => format!("webhook: {said} (answered {status})"),
        None => format!("webhook: {said} (nobody took it)"),
    }
}

/// What was left out of a case on the way to its simplest form.
pub(super) fn irrelevant(original: &Case, shrunk: &Case) -> Option<String> {
    let mut said = Vec::new();
    let fewer = |before: usize, after: usize, one: &str, many: &str| match before.saturating_sub(after) {
        0 => None,
        1 => Some(format!("1 {one}")),
        left_out => Some(format!("{left_out} {many}")),
    };
    said.extend(fewer(original.tasks().len(), shrunk.tasks().len(), "further task", "further tasks"));
    said.extend(fewer(original.faults(), shrunk.faults(), "further fault", "further faults"));
    said.extend(fewer(original.weather().len(), shrunk.weather().len(), "kind of weather", "kinds of weather"));
    let pushes = |case: &Case| case.tasks().iter().map(|task| task.pushes.len()).sum();
    said.extend(fewer(pushes(original), pushes(shrunk), "delivery", "deliveries"));
    if original.rtt() > shrunk.rtt() {
        said.push(format!("the round trip of {}", original.rtt()));
    }
    if original.deadline() > shrunk.deadline() {
        said.push(format!("the deadline of {}", original.deadline()));
    }
    let ends = original.tasks().iter().zip(shrunk.tasks()).any(|(before, after)| before.end != after.end);
    if ends && original.tasks().len() == shrunk.tasks().len() {
        said.push(format!(
            "when exactly the task ends ({})",
            original.tasks()[0].end.at().finite().map_or_else(|| "never".to_owned(), |at| at.to_string())
        ));
    }
    (!said.is_empty()).then(|| said.join("; "))
}
