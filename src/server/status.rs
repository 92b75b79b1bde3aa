//! `GET /api/v1/statusTask/{model}?taskId=…`.

use crate::api::reply::{Failure, TaskState};
use crate::net::clock::Clock;
use crate::server::connection::Breakage;
use crate::server::created::Task;
use crate::server::credential;
use crate::server::refusal;
use crate::server::request::Request;
use crate::server::respond::{self, Reply, bad_request, error, redirected, success};
use crate::server::results;
use crate::server::route::query;
use crate::server::run::{Line, Run};
use crate::server::state::Met;
use crate::time::Micros;
use crate::world::exchange::Departure;
use crate::world::fault::{Effect, Fault, Lie, TrueAnswer};
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
    let key = credential::key(&request.headers);
    let arriving = arrive(Arc::clone(run), request.line, slot, id, departure, scripted, base, key);
    let Some(arrived) = run.carried(departure.arrival > now, arriving).await else {
        return Reply::Http(error(503, "Too many requests in flight"));
    };
    let Some((reply, back)) = arrived else { return Reply::Http(error(404, "Task not found")) };
    if !matches!(reply, Reply::Stall) {
        run.clock().sleep_until(back).await;
    }
    redirected(reply, &request.uri)
}

/// The request reaches the server, which decides while the state is at hand: the reply, and when it leaves. What a stub has
/// scripted goes before rules.
#[expect(clippy::too_many_arguments, reason = "all that is known of the request")]
async fn arrive(
    run: Arc<Run>,
    line: Line,
    slot: usize,
    id: String,
    departure: Departure,
    scripted: Option<Fault>,
    base: String,
    key: u64,
) -> Option<(Reply, Micros)> {
    let clock = run.clock();
    clock.sleep_until(departure.arrival).await;
    let pace = clock.pace();
    let scripted = scripted.map(|fault| (fault.kind().name(), fault.on_request(departure.arrival, None, pace)));
    let mut state = run.state();
    let neighbour = state.id(slot ^ 1);
    let arrived = state.arrive_status(slot, &departure, pace, key, |task, model, truth, met| {
        let results = match truth {
            TaskState::Success => results::json(&base, &id, task.asked, model),
            TaskState::Pending | TaskState::Processing | TaskState::Failed(_) => String::new(),
        };
        let told = data(clock, &id, task, truth, &results);
        let Met { struck, back, by } = met;
        let Some((fault, effect)) = scripted.or(struck) else { return (Reply::Http(success(&told)), back, by) };
        let lie = |lie: Lie<'_>| match (lie, truth) {
            (Lie::State(word), _) => open(clock, &id, task, word) + "}",
            (Lie::Result(results), TaskState::Success) => data(clock, &id, task, truth, results),
            (Lie::Failure(failure), TaskState::Failed(_)) => {
                data(clock, &id, task, TaskState::Failed(failure), &results)
            }
            (Lie::OtherTask, _) => {
                let results = results::json(&base, &neighbour, task.asked, model);
                data(clock, &neighbour, task, TaskState::Success, &results)
            }
            (Lie::Result(_) | Lie::Failure(_), _) => told.clone(),
        };
        let back = if let Effect::Late(by) = effect { back + by } else { back };
        (refusal::struck(&effect, TrueAnswer { data: &told, lie: &lie }), back, Some(fault))
    });
    drop(state);
    let (reply, back, fault) = arrived?;
    if fault.is_some() {
        run.amend(line, |entry| entry.fault = fault);
    }
    Some((reply, back))
}

/// The content of a status answer, as JSON; `results` is the JSON in its `resultJson`. A task that is not done is said to be
/// as soon as it was created.
pub(super) fn data(clock: &Clock, id: &str, task: &Task, state: TaskState<'_>, results: &str) -> String {
    let completed = || clock.unix_ms(task.truth.done.finite().unwrap_or(task.truth.created));
    let word = match state {
        TaskState::Pending => "pending",
        TaskState::Processing => "processing",
        TaskState::Success => "success",
        TaskState::Failed(_) => "failed",
    };
    let mut data = open(clock, id, task, word);
    match state {
        TaskState::Success => {
            let _ = write!(data, r#","resultJson":{}"#, quoted(results));
            let cost = completed().saturating_sub(clock.unix_ms(task.truth.created));
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
pub(super) fn open(clock: &Clock, id: &str, task: &Task, word: &str) -> String {
    format!(r#"{{"taskId":"{id}","state":"{word}","createTime":{}"#, clock.unix_ms(task.truth.created))
}

/// The envelope of a finished task, for its webhook; `item` are fields that its content begins with.
pub(super) fn finished(run: &Run, slot: usize, id: &str, base: &str, item: &str) -> Option<String> {
    envelope(run, slot, id, (base, item), |task, failure| task.truth.state_at(task.truth.done, failure))
}

/// The envelope of a task as it is at `now`.
pub(super) fn at(run: &Run, slot: usize, id: &str, base: &str, now: Micros) -> Option<String> {
    envelope(run, slot, id, (base, ""), |task, failure| task.truth.state_at(now, failure))
}

/// The envelope of a task's success, whatever is true.
pub(super) fn claimed(run: &Run, slot: usize, id: &str, base: &str) -> Option<String> {
    envelope(run, slot, id, (base, ""), |_, _| TaskState::Success)
}

fn envelope(
    run: &Run,
    slot: usize,
    id: &str,
    (base, item): (&str, &str),
    told: impl for<'s> FnOnce(&Task, &'s Failure) -> TaskState<'s>,
) -> Option<String> {
    let state = run.state();
    let task = state.tasks.get(slot)?;
    let told = told(task, state.failure(slot));
    let model = &state.models[task.model as usize].model;
    let results = results::json(base, id, task.asked, model);
    let data = data(run.clock(), id, task, told, &results);
    Some(respond::told(&format!("{{{item}{}", &data[1..])))
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
