//! `GET /api/v1/statusTask/{model}?taskId=…`.

use crate::api::reply::{Failure, Payload, Reply as Told, TaskState};
use crate::net::clock::Clock;
use crate::server::created::Task;
use crate::server::instance::Server;
use crate::server::refusal::{reason, refusal};
use crate::server::request::{Request, Served};
use crate::server::respond::{Reply, bad_request, error, json, retry_after, success};
use crate::server::results;
use crate::server::route::query;
use crate::server::stub::StubReply;
use crate::time::Micros;
use crate::world::exchange::Departure;
use crate::world::fault::Effect;
use crate::world::model::Model;
use axum::body::Body as HttpBody;
use axum::http::Response;
use std::fmt::Write as _;
use std::io;

/// What a request gets, decided while the state is at hand.
enum Decision {
    /// A state of the task, as JSON.
    State(String),
    /// A fault; the second string says `processing`.
    Fault { rule: usize, effect: Box<Effect>, retry_after: Option<Micros>, unfinished: String },
}

pub(super) async fn status(server: &Server, request: &Request, model: &str) -> Served {
    let Some(id) = query(request.query(), "taskId").filter(|id| !id.is_empty()) else {
        return Served::plain(Reply::Http(bad_request("Missing required parameter: taskId")));
    };
    let now = server.clock().now();
    let found = {
        let mut state = server.state();
        let slot = state.slot(&id).filter(|slot| {
            let model_of_task = state.tasks[*slot].model as usize;
            state.models[model_of_task].model.name == model
        });
        slot.map(|slot| {
            let (number, departure) = state.depart_status(slot, now);
            (slot, departure, state.scripted(slot, number))
        })
    };
    let Some((slot, departure, scripted)) = found else {
        return Served::plain(Reply::Http(error(404, "Task not found")));
    };
    let task = Some(id.clone());
    if let Some(rule) = departure.refused {
        return Served { task, ..Served::struck(server, rule, Reply::Break(io::ErrorKind::ConnectionRefused)) };
    }
    let base = results::base(server.settings(), request);
    let arriving = arrive(server.clone(), slot, id, departure, base);
    let arrived = if departure.arrival > now {
        // What is on its way arrives, and takes its token, whether or not its sender still listens.
        tokio::spawn(arriving).await.ok().flatten()
    } else {
        arriving.await
    };
    let Some((replied, decision)) = arrived else {
        return Served::plain(Reply::Http(error(404, "Task not found")));
    };
    if let Some(scripted) = scripted.filter(|scripted| *scripted != StubReply::Ok) {
        server.clock().sleep_until(departure.back).await;
        let reply = script(server, slot, &scripted, task.as_deref().unwrap_or_default());
        return Served { reply, task, fault: Some(scripted.name()) };
    }
    server.clock().sleep_until(replied).await;
    match decision {
        Decision::State(data) => Served { reply: Reply::Http(success(&data)), task, fault: None },
        Decision::Fault { rule, effect, retry_after, unfinished } => {
            let reply = match &*effect {
                Effect::Reset => Reply::Break(io::ErrorKind::ConnectionReset),
                Effect::Stall => Reply::Stall,
                Effect::NullData => Reply::Http(null_data()),
                Effect::StaleRead => Reply::Http(success(&unfinished)),
                effect => Reply::Http(refusal(server.clock(), effect, retry_after, replied)),
            };
            Served { task, ..Served::struck(server, rule, reply) }
        }
    }
}

async fn arrive(
    server: Server,
    slot: usize,
    id: String,
    departure: Departure,
    base: String,
) -> Option<(Micros, Decision)> {
    let clock = server.clock();
    clock.sleep_until(departure.arrival).await;
    server.state().arrive_status(slot, &departure, |task, model, exchange, rules| {
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
                Decision::Fault { rule, effect: Box::new(rules[rule].effect.clone()), retry_after, unfinished }
            }
        };
        (exchange.replied, decision)
    })
}

fn script(server: &Server, slot: usize, scripted: &StubReply, id: &str) -> Reply {
    match scripted {
        StubReply::Ok | StubReply::StaleRead => {
            let state = server.state();
            let Some(task) = state.tasks.get(slot) else { return Reply::Http(error(404, "Task not found")) };
            let model = &state.models[task.model as usize].model;
            Reply::Http(success(&data(server.clock(), id, task, model, TaskState::Processing, "")))
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
pub(super) fn finished(server: &Server, slot: usize, id: &str, base: &str) -> Option<String> {
    let state = server.state();
    let task = state.tasks.get(slot)?;
    let told = task.truth.state_at(task.truth.done, state.failure(slot));
    let model = &state.models[task.model as usize].model;
    let data = data(server.clock(), id, task, model, told, base);
    Some(format!(r#"{{"code":200,"message":"success","data":{data}}}"#))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
