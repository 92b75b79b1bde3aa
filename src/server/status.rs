//! `GET /api/v1/statusTask/{model}?taskId=…`.

use crate::api::reply::{Failure, TaskState};
use crate::net::clock::Clock;
use crate::server::connection::Breakage;
use crate::server::created::Task;
use crate::server::refusal;
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, error, success};
use crate::server::results;
use crate::server::route::query;
use crate::server::run::{Line, Run};
use crate::world::exchange::Departure;
use crate::world::fault::{Fault, Told};
use crate::world::model::Model;
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) async fn status(run: &Arc<Run>, request: &Request, model: &str) -> Reply {
    let Some(id) = query(request.query(), "taskId").filter(|id| !id.is_empty()) else {
        return Reply::Http(bad_request("Missing required parameter: taskId"));
    };
    let now = run.clock().now();
    let found = {
        let mut state = run.state();
        let slot = state.slot(&id).filter(|slot| {
            let model_of_task = state.tasks[*slot].model as usize;
            state.models[model_of_task].model.name == model
        });
        slot.map(|slot| {
            let (number, departure) = state.depart_status(slot, now);
            let refused = departure.refused.and_then(|rule| state.faults().get(rule).map(|rule| rule.kind().name()));
            (slot, departure, state.scripted(slot, number), refused)
        })
    };
    let Some((slot, departure, scripted, refused)) = found else {
        return Reply::Http(error(404, "Task not found"));
    };
    let fault = refused.or_else(|| scripted.as_ref().map(|fault| fault.kind().name()));
    run.amend(request.line, |entry| (entry.task, entry.fault) = (Some(id.clone()), fault));
    if departure.refused.is_some() {
        run.clock().sleep_until(departure.back).await;
        return Reply::Break(Breakage::Refused);
    }
    let base = results::base(run.settings(), request);
    let arriving = arrive(Arc::clone(run), request.line, slot, id, departure, scripted, base);
    let arrived = if departure.arrival > now {
        // What is on its way arrives, and takes its token, whether or not its sender still listens.
        let Some(place) = run.transit() else {
            return Reply::Http(error(503, "Too many requests are on their way"));
        };
        tokio::spawn(async move {
            let arrived = arriving.await;
            drop(place);
            arrived
        })
        .await
        .ok()
        .flatten()
    } else {
        arriving.await
    };
    let Some(reply) = arrived else { return Reply::Http(error(404, "Task not found")) };
    if !matches!(reply, Reply::Stall) {
        run.clock().sleep_until(departure.back).await;
    }
    reply
}

/// The request reaches the server, which decides while the state is at hand. What a stub has scripted goes before rules.
async fn arrive(
    run: Arc<Run>,
    line: Line,
    slot: usize,
    id: String,
    departure: Departure,
    scripted: Option<Fault>,
    base: String,
) -> Option<Reply> {
    let clock = run.clock();
    clock.sleep_until(departure.arrival).await;
    let pace = clock.pace();
    let scripted = scripted.map(|fault| (fault.kind().name(), fault.on_request(departure.arrival, None, pace)));
    let mut state = run.state();
    let arrived = state.arrive_status(slot, &departure, pace, |task, model, truth, struck| {
        let told = data(clock, &id, task, model, truth, &base);
        let Some((fault, effect)) = scripted.or(struck) else { return (Reply::Http(success(&told)), None) };
        let in_state = |word: &str| open(clock, &id, task, word) + "}";
        (refusal::struck(&effect, Told { data: &told, in_state: &in_state }), Some(fault))
    });
    drop(state);
    let (reply, fault) = arrived?;
    if fault.is_some() {
        run.amend(line, |entry| entry.fault = fault);
    }
    Some(reply)
}

/// The content of a status answer, as JSON; result URLs start with `base`.
fn data(clock: &Clock, id: &str, task: &Task, model: &Model, state: TaskState<'_>, base: &str) -> String {
    let completed = || clock.unix_ms(task.truth.done);
    let word = match state {
        TaskState::Pending => "pending",
        TaskState::Processing => "processing",
        TaskState::Success => "success",
        TaskState::Failed(_) => "failed",
    };
    let mut data = open(clock, id, task, word);
    match state {
        TaskState::Success => {
            let result = results::json(base, id, task.asked, model);
            let _ = write!(data, r#","resultJson":{result}"#);
            let cost = completed().saturating_sub(clock.unix_ms(task.created));
            let _ = write!(data, r#","costTime":{cost},"completeTime":{}"#, completed());
        }
        TaskState::Failed(Failure { code, message }) => {
            let _ = write!(data, r#","failCode":{},"failMsg":{}"#, quoted(code), quoted(message));
            let _ = write!(data, r#","completeTime":{}"#, completed());
        }
        TaskState::Pending | TaskState::Processing => {}
    }
    data.push('}');
    data
}

/// What the content has in every state, and no end yet.
fn open(clock: &Clock, id: &str, task: &Task, word: &str) -> String {
    format!(r#"{{"taskId":"{id}","state":"{word}","createTime":{}"#, clock.unix_ms(task.created))
}

/// The envelope of a finished task, for its webhook.
pub(super) fn finished(run: &Run, slot: usize, id: &str, base: &str) -> Option<String> {
    let state = run.state();
    let task = state.tasks.get(slot)?;
    let told = task.truth.state_at(task.truth.done, state.failure(slot));
    let model = &state.models[task.model as usize].model;
    let data = data(run.clock(), id, task, model, told, base);
    Some(format!(r#"{{"code":200,"message":"success","data":{data}}}"#))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
