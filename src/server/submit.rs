//! `POST /api/v1/generateTask/{model}`.

use crate::server::connection::Breakage;
use crate::server::files::Asked;
use crate::server::order::Order;
use crate::server::refusal;
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, error, redirected, success};
use crate::server::run::{Line, Run};
use crate::server::settings::Settings;
use crate::server::state::{NoModel, State, Submitting};
use crate::server::webhook::Delivery;
use crate::server::{credential, results, webhook};
use crate::world::exchange::SubmitOutcome;
use crate::world::fault::TrueAnswer;
use crate::world::model::{Model, Product};
use axum::http::HeaderMap;
use std::sync::Arc;

/// Header by which a harness names the keyed task that a submit is for.
const TASK_HEADER: &str = "pollbench-task";

/// Task numbers are below this: there are never as many tasks, and counting on from one never ends.
const MOST_NUMBER: u64 = 1 << 48;

pub(super) async fn submit(run: &Arc<Run>, request: Request, model: &str) -> Reply {
    let settings = run.settings();
    let refuse = |status, message| Reply::Http(error(status, message));
    let Some(product) = run.state().model_for(model).map(|known| product(known, model)) else {
        return refuse(404, "Model not found");
    };
    let order = match Order::read(&request.body, product, settings) {
        Ok(order) => order,
        Err(detail) => return Reply::Http(bad_request(&detail)),
    };
    let keyed = match number(&request.headers) {
        Ok(keyed) => keyed,
        Err(detail) => return Reply::Http(bad_request(&detail)),
    };
    let now = run.clock().now();
    let (number, submitting) = {
        let mut state = run.state();
        match fits(settings, &state, 1).and_then(|()| number_of(&mut state, model)) {
            Ok(number) => (number, state.depart_submit(number, keyed, now)),
            Err((status, message)) => return refuse(status, message),
        }
    };
    if let Some(rule) = submitting.departure.refused {
        note(run, request.line, None, Some(rule));
        run.clock().sleep_until(submitting.departure.back).await;
        return Reply::Break(Breakage::Refused);
    }
    let callback = order.callback.map(|url| (url, results::base(settings, &request)));
    let (key, here) = (credential::key(&request.headers), request.uri.clone());
    let arriving = arrive(Arc::clone(run), request.line, number, submitting, (order.asked, callback), key);
    // It may wait for long: its body is not kept.
    drop(request);
    let Some((submission, task)) = run.carried(submitting.departure.arrival > now, arriving).await else {
        return refuse(503, "Too many requests in flight");
    };
    let data = format!(r#"{{"taskId":"{}"}}"#, task.as_deref().unwrap_or_default());
    let reply = match &submission.struck {
        None => Reply::Http(success(&data)),
        // Nothing that lies of a task's state strikes a submit.
        Some((_, effect)) => refusal::struck(effect, TrueAnswer { data: &data, lie: &|_| data.clone() }),
    };
    match reply {
        Reply::Stall => {}
        // The rest of its way takes it later.
        Reply::Passed(..) => run.clock().sleep_until(submission.back).await,
        Reply::Http(_) | Reply::Break(_) => run.clock().sleep_until(submission.heard).await,
    }
    redirected(reply, &here)
}

/// Whether so many tasks more may be made: an HTTP status and why not.
pub(super) fn fits(settings: &Settings, state: &State, count: usize) -> Result<(), (u16, &'static str)> {
    let known = state.tasks.len();
    if known + count > settings.most_tasks.max(known) {
        return Err((503, "The mock holds as many tasks as it may; reset it"));
    }
    if settings.balance_usd - settings.price_usd * (known as f64) < settings.price_usd * count as f64 {
        return Err((402, "Insufficient credits"));
    }
    Ok(())
}

/// The number of the model of this name, or an HTTP status and why there is none.
pub(super) fn number_of(state: &mut State, model: &str) -> Result<usize, (u16, &'static str)> {
    state.any_model(model).map_err(|none| match none {
        NoModel::Unknown => (404, "Model not found"),
        NoModel::TooMany => (503, "The mock knows as many models as it may; reset it"),
    })
}

/// What tasks of this name make under `model`, which may be the one for any name.
pub(super) fn product(model: &Model, name: &str) -> Product {
    model.product.unwrap_or_else(|| Product::of(name))
}

/// The number of the keyed task that a submit is for, if it names one.
pub(super) fn number(headers: &HeaderMap) -> Result<Option<u64>, String> {
    let Some(value) = headers.get(TASK_HEADER) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number < MOST_NUMBER);
    number.map(Some).ok_or_else(|| format!("{TASK_HEADER} must be a whole number below {MOST_NUMBER}"))
}

/// The submit reaches the server. A callback is its URL and the start of result URLs.
async fn arrive(
    run: Arc<Run>,
    line: Line,
    model: usize,
    submitting: Submitting,
    (asked, callback): (Asked, Option<(String, String)>),
    key: u64,
) -> (SubmitOutcome, Option<String>) {
    run.clock().sleep_until(submitting.departure.arrival).await;
    let (submission, slot, id) = {
        let mut state = run.state();
        let (submission, slot) = state.arrive_submit(model, &submitting, asked, run.clock().pace(), key);
        let id = slot.map(|slot| state.id(slot));
        (submission, slot, id)
    };
    note(&run, line, id.as_deref(), submission.fault());
    if let (Some(slot), Some(id), Some((url, base))) = (slot, &id, callback) {
        webhook::schedule(&run, Delivery { slot, id: id.clone(), url, base, item: None });
    }
    (submission, id)
}

/// Writes into the journal which task a submit made, and what struck it.
pub(super) fn note(run: &Run, line: Line, task: Option<&str>, rule: Option<usize>) {
    let fault = rule.and_then(|rule| run.state().faults().get(rule).map(|rule| rule.kind().name()));
    run.amend(line, |entry| (entry.task, entry.fault) = (task.map(str::to_owned), fault));
}
