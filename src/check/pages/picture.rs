//! A counter-example as a picture: for each task its truth over time, the requests with their answers, and what the
//! program said.

use super::escape;
use crate::check::case::{Case, End};
use crate::check::history::{AnswerKind, History};
use crate::check::text::{answer_text, delivery_text};
use crate::time::Micros;
use crate::world::fault::When;
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 90.0;
const ROW: f64 = 84.0;
/// Requests of a task that are drawn.
const MOST: usize = 400;

/// The picture as SVG.
pub(super) fn picture(case: &Case, history: &History) -> String {
    let instants = history.tasks.iter().flat_map(|task| {
        let requests = task.requests.iter().map(|request| request.ended.unwrap_or(request.sent));
        requests.chain(task.answers.iter().map(|answer| answer.at))
    });
    let end = instants.chain([case.deadline()]).max().unwrap_or_else(|| case.deadline()).max(Micros::from_millis(1));
    let x = |at: Micros| LEFT + (WIDTH - LEFT - 20.0) * (at.min(end).get() as f64 / end.get() as f64);
    let height = ROW * history.tasks.len() as f64 + 40.0;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"requests, answers and truth over time\">\n"
    );
    for rule in case.weather().iter() {
        if let When::During(window) = rule.when() {
            let (from, to) = (x(window.from()), x(window.from() + window.length()));
            let _ = writeln!(
                out,
                "<g><title>{}</title><rect x=\"{from:.1}\" y=\"0\" width=\"{:.1}\" height=\"{}\" fill=\"var(--open)\" opacity=\"0.15\"/></g>",
                rule.kind().name(),
                to - from,
                height - 28.0
            );
        }
    }
    for (number, (task, of_task)) in case.tasks().iter().zip(&history.tasks).enumerate() {
        let top = ROW * number as f64 + 10.0;
        let (line, truth) = (top + 34.0, top + 52.0);
        let done = x(task.end.at());
        let colour = match task.end {
            End::Success(_) => "var(--good)",
            End::Failed(_) => "var(--bad)",
            End::Never => "var(--line)",
        };
        let _ = writeln!(
            out,
            "<text x=\"0\" y=\"{}\">requests</text><text x=\"0\" y=\"{}\">task {number}</text>\n\
             <rect x=\"{LEFT}\" y=\"{truth}\" width=\"{:.1}\" height=\"12\" fill=\"var(--line)\"/>\n\
             <rect x=\"{done:.1}\" y=\"{truth}\" width=\"{:.1}\" height=\"12\" fill=\"{colour}\"/>",
            line + 4.0,
            truth + 11.0,
            done - LEFT,
            (x(end) - done).max(0.0),
        );
        if let Some(by) = case.held_back() {
            let (from, to) = (x(case.up()), x(case.rtt() + by));
            let _ = writeln!(
                out,
                "<g><title>the submit, answered {by} later</title><line x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{line}\" y2=\"{line}\" \
                 stroke=\"var(--open)\" stroke-width=\"3\" stroke-dasharray=\"2 3\"/></g>"
            );
        }
        for (number, request) in of_task.requests.iter().enumerate().take(MOST) {
            let (from, to) = (x(request.sent), x(request.ended.unwrap_or(end)));
            let colour = match request.answer {
                AnswerKind::Success => "var(--good)",
                AnswerKind::Failed => "var(--bad)",
                AnswerKind::Unfinished => "var(--soft)",
                AnswerKind::UnknownState
                | AnswerKind::Nothing
                | AnswerKind::Permanent
                | AnswerKind::Silence
                | AnswerKind::Unheard => "var(--open)",
            };
            let title = escape(&format!("request {number} at {}: {}", request.sent, answer_text(request)));
            let _ = writeln!(
                out,
                "<g><title>{title}</title><line x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{line}\" y2=\"{line}\" stroke=\"{colour}\" stroke-width=\"3\"/>\
                 <circle cx=\"{from:.1}\" cy=\"{line}\" r=\"5\" fill=\"{colour}\"/></g>"
            );
        }
        for delivery in of_task.deliveries.iter().take(MOST) {
            let at = x(delivery.at);
            let title = escape(&format!("{} at {}", delivery_text(delivery), delivery.at));
            let _ = writeln!(
                out,
                "<g><title>{title}</title><path d=\"M{at:.1} {truth} l-5 -9 h10 z\" fill=\"var(--open)\"/></g>"
            );
        }
        for said in &of_task.answers {
            let at = x(said.at);
            let anchor = if at > WIDTH - 120.0 { "end" } else { "start" };
            let _ = writeln!(
                out,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top}\" y2=\"{}\" stroke=\"var(--ink)\" stroke-width=\"2\"/>\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"{anchor}\">says {}</text>",
                truth + 12.0,
                top + 12.0,
                said.outcome.name()
            );
        }
    }
    let (deadline, bottom) = (x(case.deadline()), height - 28.0);
    let _ = writeln!(
        out,
        "<line x1=\"{deadline:.1}\" x2=\"{deadline:.1}\" y1=\"0\" y2=\"{bottom}\" stroke=\"var(--bad)\" stroke-dasharray=\"4 4\"/>\n\
         <text x=\"{deadline:.1}\" y=\"{}\" text-anchor=\"end\">deadline {}</text>\n<text x=\"{LEFT}\" y=\"{}\">0</text>\n</svg>",
        height - 12.0,
        case.deadline(),
        height - 12.0
    );
    out
}
