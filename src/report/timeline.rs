//! One wait, request by request: for people, for programs, and as a picture.

use super::charts;
use super::escape::html as escape;
use super::json::pretty;
use super::page::{end, head, parts, section};
use crate::engine::trace::{Trace, TraceCase};
use crate::figures::{duration, exact_seconds as seconds, plural};

/// The trace as JSON.
#[must_use]
pub fn json(trace: &Trace) -> String {
    pretty(trace)
}

/// The trace as a picture.
#[must_use]
pub fn svg(case: &TraceCase, trace: &Trace) -> String {
    charts::timeline(&title(case), &title(case), &case.done_ms(), trace)
}

/// The trace as a page: the picture, then request by request.
#[must_use]
pub fn html(case: &TraceCase, trace: &Trace) -> String {
    let title = title(case);
    let about = format!("{}; the wait ends as {}.", plural(trace.requests.len(), "request"), trace.outcome);
    let mut page = head(&format!("{title} – pollbench"));
    page += &format!(
        "<header>\n<h1>{}</h1>\n<p class=\"meta\">{about}</p>\n</header>\n<main id=\"main\">\n",
        escape(&title)
    );
    let picture = charts::timeline(&title, "", &case.done_ms(), trace);
    page += &section("answer", "The wait", &parts::picture("", &title, &picture, "", ""));
    let told = format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&told(trace)));
    page += &section("requests", "Request by request", &told);
    page + "</main>\n" + &end()
}

/// The trace as a table. Times are exact, in seconds.
#[must_use]
pub fn text(case: &TraceCase, trace: &Trace) -> String {
    format!("{}\n{}", title(case), told(trace))
}

/// What was asked and told, request by request, and how it ended.
fn told(trace: &Trace) -> String {
    let or_dash = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), seconds);
    let mut rows = vec![["request", "task", "sent", "read", "reply", "saw"].map(str::to_owned)];
    rows.extend(trace.requests.iter().map(|request| {
        [
            request.index.to_string(),
            request.task.clone(),
            seconds(request.sent_ms),
            seconds(request.sampled_ms),
            or_dash(request.reply_ms),
            request.saw.to_owned(),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| match column {
                1 | 5 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        out += &format!("{}\n", cells.join("  ").trim_end());
    }
    for start in trace.starts.iter().flatten() {
        let end = start.settled_ms.map_or_else(|| "never ended".to_owned(), |at| format!("until {}", seconds(at)));
        out += &format!("loop from {} {end}: {}\n", seconds(start.started_ms), start.outcome);
    }
    for task in trace.tasks.iter().flatten() {
        let at = task.settled_ms.map_or_else(String::new, |at| format!(" at {}", seconds(at)));
        out += &format!("task {}: {}{at}\n", task.id, task.outcome);
    }
    out +=
        &format!("{}{}", trace.outcome, trace.settled_ms.map_or_else(String::new, |at| format!(" at {}", seconds(at))));
    if let Some(delay) = trace.detection_delay_ms {
        out += &format!(", {} after the task's end", duration(delay));
    }
    out += &format!(", {}", plural(trace.requests.len(), "request"));
    if let Some(error) = &trace.error {
        out += &format!("; error: {error}");
    }
    out.push('\n');
    out
}

fn title(case: &TraceCase) -> String {
    let model = if case.model.is_empty() { "any model" } else { &case.model };
    format!("{} on {model}, round trip {}", case.strategy, case.rtt_ms.0)
}
