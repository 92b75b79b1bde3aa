//! The requests of one traced wait on a line of time; one line for each task.

use super::axis::Axis;
use super::canvas::{self, Anchor, TEXT};
use super::frame::{Area, NAMES, WIDTH, x_axis};
use crate::engine::trace::{Request, Trace};
use crate::figures::plural;
use crate::palette::{BLUE, GREEN, GREY, INK, VERMILION};

/// Height of a task's row.
const LANE: i32 = 34;

/// Least length of the bar from a request to its reply.
const BAR: i32 = 8;

/// The picture, with a heading inside unless that is empty, as on a page that has its own. `done_ms` holds each task's name and
/// end.
pub(in crate::report) fn timeline(
    title: &str,
    heading: &str,
    done_ms: &[(String, Option<f64>)],
    trace: &Trace,
) -> String {
    let instants = trace.requests.iter().map(|request| request.reply_ms.unwrap_or(request.sent_ms));
    let ends = done_ms.iter().filter_map(|(_, done)| *done).chain(trace.settled_ms);
    let last = instants.chain(ends).fold(1_000.0, f64::max) / 1e3;
    let axis = Axis::clock(0.0, last * 1.02);
    let top = if heading.is_empty() { 14 } else { 34 };
    let bottom = top + 6 + LANE * done_ms.len() as i32;
    let area = Area { left: NAMES, top, right: WIDTH as i32 - 24, bottom };
    let at = |ms: f64| area.x(&axis, ms / 1e3);
    // What a request told is known when its reply comes.
    let ends = |request: &Request| (at(request.sent_ms), at(request.reply_ms.unwrap_or(request.sent_ms)));
    let about = format!("{}; the wait ends as {}", plural(trace.requests.len(), "request"), trace.outcome);
    canvas::draw((WIDTH, bottom as u32 + 78), title, &about, |canvas| {
        canvas.text((8, 16), heading, Anchor::Start);
        x_axis(canvas, area, &axis, "time since the start of the wait");
        for (lane, (name, done)) in done_ms.iter().enumerate() {
            let y = area.top + LANE * lane as i32 + LANE / 2 + 3;
            canvas.name((NAMES - 12, y), name, Anchor::End, (TEXT, NAMES - 16));
            canvas.line((area.left, y), (area.right, y), GREY);
            if let Some(done) = done {
                let x = at(*done);
                canvas.path(&[(x, y - 13), (x, y + 13)], GREEN, 3);
            }
            for request in trace.requests.iter().filter(|request| request.task == *name) {
                let (sent, told) = ends(request);
                let colour = match request.saw {
                    "success" | "failed" => BLUE,
                    "error" | "nothing" => VERMILION,
                    _ => GREY,
                };
                if told - sent >= BAR {
                    canvas.path(&[(sent, y - 4), (sent, y + 4)], colour, 2);
                    canvas.path(&[(sent, y), (told, y)], colour, 3);
                }
                match request.saw {
                    "success" | "failed" => canvas.dot((told, y), 5, colour),
                    "error" | "nothing" => canvas.cross((told, y), colour),
                    _ => canvas.dot((told, y), 3, colour),
                }
            }
            let traced = trace.tasks.iter().flatten().find(|task| task.id == *name);
            let settled = traced.map_or(trace.settled_ms, |task| task.settled_ms);
            if let Some(settled) = settled {
                let x = at(settled);
                canvas.path(&[(x - 4, y - 12), (x, y - 7), (x + 4, y - 12)], INK, 2);
            }
        }
        let y = bottom + 58;
        canvas.path(&[(30, y - 8), (30, y + 8)], GREEN, 3);
        canvas.note((38, y), "task ends", Anchor::Start);
        canvas.dot((130, y), 3, GREY);
        canvas.note((140, y), "unfinished", Anchor::Start);
        canvas.dot((240, y), 5, BLUE);
        canvas.note((250, y), "end seen", Anchor::Start);
        canvas.cross((340, y), VERMILION);
        canvas.note((350, y), "told nothing", Anchor::Start);
        canvas.path(&[(456, y - 3), (460, y + 2), (464, y - 3)], INK, 2);
        canvas.note((472, y), "wait ends", Anchor::Start);
        if trace.requests.iter().map(ends).any(|(sent, told)| told - sent >= BAR) {
            canvas.path(&[(560, y - 4), (560, y + 4)], GREY, 2);
            canvas.path(&[(560, y), (584, y)], GREY, 3);
            canvas.note((592, y), "from poll to reply", Anchor::Start);
        }
    })
}
