//! `POST /api/v1/generateTask/{model}`.

use crate::server::connection::Breakage;
use crate::server::refusal;
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, error, success};
use crate::server::run::{Line, Run};
use crate::server::state::Submitting;
use crate::server::webhook::Delivery;
use crate::server::{results, webhook};
use crate::world::exchange::Submission;
use crate::world::fault::Told;
use serde_json::Value;
use std::sync::Arc;

/// Header by which a harness names the keyed task that a submit is for.
const TASK_HEADER: &str = "pollbench-task";

/// A body that is right.
struct Order {
    callback: Option<String>,
}

pub(super) async fn submit(run: &Arc<Run>, request: Request, model: &str) -> Reply {
    let order = match read(run, &request.body) {
        Ok(order) => order,
        Err(detail) => return Reply::Http(bad_request(&detail)),
    };
    let settings = run.settings();
    let keyed = request.headers.get(TASK_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    let now = run.clock().now();
    let refuse = |status, message| Reply::Http(error(status, message));
    let (number, submitting) = {
        let mut state = run.state();
        let Some(number) = state.model(model) else { return refuse(404, "Model not found") };
        if state.tasks.len() >= settings.most_tasks {
            return refuse(503, "The mock holds as many tasks as it may; reset it");
        }
        if settings.balance_usd - settings.price_usd * (state.tasks.len() as f64) < settings.price_usd {
            return refuse(402, "Insufficient credits");
        }
        (number, state.depart_submit(number, keyed, now))
    };
    if let Some(rule) = submitting.departure.refused {
        note(run, request.line, None, Some(rule));
        run.clock().sleep_until(submitting.departure.back).await;
        return Reply::Break(Breakage::Refused);
    }
    let callback = order.callback.map(|url| (url, results::base(settings, &request)));
    let arriving = arrive(Arc::clone(run), request.line, number, submitting, callback);
    // It may wait for long: its body is not kept.
    drop(request);
    let arrived = if submitting.departure.arrival > now {
        // What is on its way arrives, whether or not its sender still listens.
        let Some(place) = run.transit() else { return refuse(503, "Too many requests are on their way") };
        tokio::spawn(async move {
            let arrived = arriving.await;
            drop(place);
            arrived
        })
        .await
    } else {
        Ok(arriving.await)
    };
    let Ok((submission, task)) = arrived else { return refuse(500, "Internal error") };
    if submission.heard.is_never() {
        return Reply::Stall;
    }
    run.clock().sleep_until(submission.heard).await;
    let data = format!(r#"{{"taskId":"{}"}}"#, task.as_deref().unwrap_or_default());
    match &submission.struck {
        None => Reply::Http(success(&data)),
        Some((_, effect)) => refusal::struck(effect, Told { data: &data, in_state: &|_| data.clone() }),
    }
}

/// The submit reaches the server. A callback is its URL and the start of result URLs.
async fn arrive(
    run: Arc<Run>,
    line: Line,
    model: usize,
    submitting: Submitting,
    callback: Option<(String, String)>,
) -> (Submission, Option<String>) {
    run.clock().sleep_until(submitting.departure.arrival).await;
    let (submission, slot, id) = {
        let mut state = run.state();
        let (submission, slot) = state.arrive_submit(model, &submitting, run.clock().pace());
        let id = slot.map(|slot| state.id(slot));
        (submission, slot, id)
    };
    note(&run, line, id.as_deref(), submission.fault());
    if let (Some(slot), Some(id), Some((url, base))) = (slot, &id, callback) {
        webhook::schedule(&run, Delivery { slot, id: id.clone(), url, base });
    }
    (submission, id)
}

/// Writes into the journal which task a submit made, and what struck it.
fn note(run: &Run, line: Line, task: Option<&str>, rule: Option<usize>) {
    let fault = rule.and_then(|rule| run.state().faults().get(rule).map(|rule| rule.kind().name()));
    run.amend(line, |entry| (entry.task, entry.fault) = (task.map(str::to_owned), fault));
}

/// Reads a body; what is wrong is for `data.error`.
fn read(run: &Run, body: &[u8]) -> Result<Order, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("The body is not JSON: {error}"))?;
    let Value::Object(fields) = body else { return Err("The body must be a JSON object".to_owned()) };
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("Wrong type of field: {name}")),
    };
    let wants_callback = match text("request_type")? {
        None | Some("async") => false,
        Some("callback") => true,
        Some(_) => return Err("request_type must be async or callback".to_owned()),
    };
    match fields.get("input") {
        Some(Value::Object(input)) => match input.get("prompt") {
            Some(Value::String(prompt)) if !prompt.is_empty() => {}
            None | Some(Value::Null | Value::String(_)) => {
                return Err("Missing required field: input.prompt".to_owned());
            }
            Some(_) => return Err("Wrong type of field: input.prompt".to_owned()),
        },
        None | Some(Value::Null) => return Err("Missing required field: input".to_owned()),
        Some(_) => return Err("Wrong type of field: input".to_owned()),
    }
    let callback = match (wants_callback, text("callback_url")?) {
        (false, _) => None,
        (true, None) => return Err("Missing required field: callback_url".to_owned()),
        (true, Some(url)) => {
            webhook::check(run.settings(), url)?;
            Some(url.to_owned())
        }
    };
    Ok(Order { callback })
}
