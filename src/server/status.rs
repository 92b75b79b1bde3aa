//! `GET /api/v1/statusTask/{model}?taskId=…`.

use crate::api::reply::{Failure, Payload, Reply as Told, TaskState};
use crate::net::clock::Clock;
use crate::server::created::Task;
use crate::server::refusal::{reason, refusal};
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, error, json, retry_after, success};
use crate::server::results;
use crate::server::route::query;
use crate::server::run::{Line, Run};
use crate::server::stub::StubReply;
use crate::time::Micros;
use crate::world::exchange::Departure;
use crate::world::fault::{Effect, FaultRule};
use crate::world::model::Model;
use axum::body::Body as HttpBody;
use axum::http::Response;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

/// What a request gets, decided while the state is at hand.
enum Decision {
    /// A state of the task, as JSON.
    State(String),
    /// A fault; the second string says `processing`.
    Fault { kind: &'static str, effect: Box<Effect>, retry_after: Option<Micros>, unfinished: String },
}

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
            let refused = departure.refused.and_then(|rule| state.faults().get(rule).map(|rule| rule.kind));
            (slot, departure, state.scripted(slot, number), refused)
        })
    };
    let Some((slot, departure, scripted, refused)) = found else {
        return Reply::Http(error(404, "Task not found"));
    };
    let scripted = scripted.filter(|scripted| *scripted != StubReply::Ok);
    let fault = refused.or_else(|| scripted.as_ref().map(StubReply::name));
    run.amend(request.line, |entry| (entry.task, entry.fault) = (Some(id.clone()), fault));
    if departure.refused.is_some() {
        return Reply::Break(io::ErrorKind::ConnectionRefused);
    }
    let base = results::base(run.settings(), request);
    let arriving = arrive(Arc::clone(run), slot, id.clone(), departure, base);
    let arrived = if departure.arrival > now {
        // What is on its way arrives, and takes its token, whether or not its sender still listens.
        let Some(place) = run.transit() else {
            return Reply::Http(error(503, "Too many requests are on their way"));
        };
        let line = request.line;
        let run = Arc::clone(run);
        let is_scripted = scripted.is_some();
        tokio::spawn(async move {
            let arrived = arriving.await;
            note(&run, line, arrived.as_ref().filter(|_| !is_scripted));
            drop(place);
            arrived
        })
        .await
        .ok()
        .flatten()
    } else {
        let arrived = arriving.await;
        note(run, request.line, arrived.as_ref().filter(|_| scripted.is_none()));
        arrived
    };
    let Some((replied, decision)) = arrived else { return Reply::Http(error(404, "Task not found")) };
    if let Some(scripted) = scripted {
        run.clock().sleep_until(departure.back).await;
        return script(run, slot, &scripted, &id);
    }
    if replied.is_never() {
        return Reply::Stall;
    }
    run.clock().sleep_until(replied).await;
    match decision {
        Decision::State(data) => Reply::Http(success(&data)),
        Decision::Fault { effect, retry_after, unfinished, .. } => match &*effect {
            Effect::Reset => Reply::Break(io::ErrorKind::ConnectionReset),
            Effect::Stall => Reply::Stall,
            Effect::NullData => Reply::Http(null_data()),
            Effect::StaleRead => Reply::Http(success(&unfinished)),
            effect => Reply::Http(refusal(run.clock(), effect, retry_after, replied)),
        },
    }
}

/// Writes into the journal what struck a request.
fn note(run: &Run, line: Line, arrived: Option<&(Micros, Decision)>) {
    if let Some((_, Decision::Fault { kind, .. })) = arrived {
        run.amend(line, |entry| entry.fault = Some(kind));
    }
}

async fn arrive(
    run: Arc<Run>,
    slot: usize,
    id: String,
    departure: Departure,
    base: String,
) -> Option<(Micros, Decision)> {
    let clock = run.clock();
    clock.sleep_until(departure.arrival).await;
    run.state().arrive_status(slot, &departure, |task, model, exchange, rules| {
        let decision = match (exchange.fault, &exchange.reply) {
            (None, Told::Answer { payload: Payload::State(state), .. }) => {
                Decision::State(data(clock, &id, task, model, *state, &base))
            }
            (None, _) => Decision::State(data(clock, &id, task, model, TaskState::Processing, &base)),
            (Some(rule), told) => {
                let retry_after = match told {
                    Told::Answer { retry_after, .. } => *retry_after,
                    Told::Lost(_) => None,
                };
                let unfinished = data(clock, &id, task, model, TaskState::Processing, &base);
                let FaultRule { kind, effect, .. } = &rules[rule];
                Decision::Fault { kind, effect: Box::new(effect.clone()), retry_after, unfinished }
            }
        };
        (exchange.replied, decision)
    })
}

fn script(run: &Run, slot: usize, scripted: &StubReply, id: &str) -> Reply {
    match scripted {
        StubReply::Ok | StubReply::StaleRead => {
            let state = run.state();
            let Some(task) = state.tasks.get(slot) else { return Reply::Http(error(404, "Task not found")) };
            let model = &state.models[task.model as usize].model;
            Reply::Http(success(&data(run.clock(), id, task, model, TaskState::Processing, "")))
        }
        StubReply::Reset => Reply::Break(io::ErrorKind::ConnectionReset),
        StubReply::Stall => Reply::Stall,
        StubReply::NullData => Reply::Http(null_data()),
        StubReply::Status { code, retry_after: delay } => {
            let response = error(*code, reason(*code));
            Reply::Http(match delay {
                Some(delay) => retry_after(response, &delay.to_string()),
                None => response,
            })
        }
    }
}

fn null_data() -> Response<HttpBody> {
    json(200, r#"{"code":200,"message":"success","data":null}"#.to_owned())
}

/// The content of a status answer, as JSON; result URLs start with `base`.
fn data(clock: &Clock, id: &str, task: &Task, model: &Model, state: TaskState<'_>, base: &str) -> String {
    let created = clock.unix_ms(task.created);
    let completed = || clock.unix_ms(task.truth.done);
    let word = match state {
        TaskState::Pending => "pending",
        TaskState::Processing => "processing",
        TaskState::Success => "success",
        TaskState::Failed(_) => "failed",
    };
    let mut data = format!(r#"{{"taskId":"{id}","state":"{word}","createTime":{created}"#);
    match state {
        TaskState::Success => {
            let result = results::json(base, id, &model.name);
            let _ = write!(data, r#","resultJson":{result}"#);
            let cost = completed().saturating_sub(created);
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
