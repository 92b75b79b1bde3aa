//! `POST /api/v1/generateTask/{model}/batches` and `GET /api/v1/generateTask/{model}/batches/{batchId}` (`apixo-api.md` §11).
//!
//! Envelopes, the words of a batch's state and what a key in use is told are this mock's choice. A batch travels, and is
//! struck by faults, as one request: as its first task would be.

use crate::server::batch_order::BatchOrder;
use crate::server::batches::{KeyInUse, Taken};
use crate::server::connection::Breakage;
use crate::server::request::Request;
use crate::server::respond::{Reply, bad_request, error, redirected, success};
use crate::server::run::{Line, Run};
use crate::server::state::{Met, State, Submitting};
use crate::server::status::{data, open, quoted};
use crate::server::submit::{fits, note, number, number_of, product};
use crate::server::webhook::{self, Delivery};
use crate::server::{credential, refusal, results};
use crate::time::Micros;
use crate::world::exchange::{Departure, SubmitOutcome};
use crate::world::fault::{Effect, Lie, TrueAnswer};
use std::sync::Arc;

/// Header of the key that stands for a batch.
const KEY_HEADER: &str = "idempotency-key";

/// Too many requests are under way, or the mock was reset meanwhile.
fn overtaken() -> Reply {
    Reply::Http(error(503, "Too many requests in flight"))
}

pub(super) async fn submit(run: &Arc<Run>, request: Request, model: &str) -> Reply {
    let settings = run.settings();
    let Some(product) = run.state().model_for(model).map(|known| product(known, model)) else {
        return Reply::Http(error(404, "Model not found"));
    };
    let key = request.headers.get(KEY_HEADER).and_then(|value| value.to_str().ok());
    let order = match BatchOrder::read(key, &request.body, (model, product), settings) {
        Ok(order) => order,
        Err(detail) => return Reply::Http(bad_request(&detail)),
    };
    let keyed = match number(&request.headers) {
        Ok(keyed) => keyed,
        Err(detail) => return Reply::Http(bad_request(&detail)),
    };
    let account = credential::key(&request.headers);
    let now = run.clock().now();
    let departed = {
        let mut state = run.state();
        // A repeat makes no task.
        let count = if state.has_batch(account, &order.key) { 0 } else { order.items.len() };
        if count > 0 && state.batch_count() >= settings.most_tasks {
            return Reply::Http(error(503, "The mock holds as many batches as it may; reset it"));
        }
        let number = fits(settings, &state, count).and_then(|()| number_of(&mut state, model));
        number.map(|number| (number, state.depart_submit(number, keyed, now)))
    };
    let (number, submitting) = match departed {
        Ok(departed) => departed,
        Err((status, message)) => return Reply::Http(error(status, message)),
    };
    if let Some(rule) = submitting.departure.refused {
        note(run, request.line, None, Some(rule));
        run.clock().sleep_until(submitting.departure.back).await;
        return Reply::Break(Breakage::Refused);
    }
    let (base, here) = (results::base(settings, &request), request.uri.clone());
    let is_on_its_way = submitting.departure.arrival > now;
    let first = keyed.is_some().then_some(submitting.index);
    let arriving = arrive(Arc::clone(run), request.line, number, submitting, (order, first), (account, base));
    drop(request);
    let Some((submission, told)) = run.carried(is_on_its_way, arriving).await else { return overtaken() };
    let reply = match (&submission.struck, told) {
        (Some((_, effect)), told) => {
            let data = told.and_then(Result::ok).unwrap_or_else(|| "null".to_owned());
            refusal::struck(effect, TrueAnswer { data: &data, lie: &|_| data.clone() })
        }
        (None, Some(Ok(data))) => Reply::Http(success(&data)),
        (None, Some(Err(KeyInUse::OfBatch))) => {
            Reply::Http(error(409, "This Idempotency-Key was used with another body"))
        }
        (None, Some(Err(KeyInUse::OfItem(name)))) => {
            Reply::Http(error(409, &format!("The idempotency_key of item {name} was used with another input")))
        }
        (None, None) => Reply::Http(error(500, "Internal error")),
    };
    if !matches!(reply, Reply::Stall) {
        run.clock()
            .sleep_until(if matches!(reply, Reply::Passed(..)) { submission.back } else { submission.heard })
            .await;
    }
    redirected(reply, &here)
}

/// The submit reaches the server: what becomes of it, and where it is processed the batch as JSON.
async fn arrive(
    run: Arc<Run>,
    line: Line,
    model: usize,
    submitting: Submitting,
    (order, keyed): (BatchOrder, Option<u64>),
    (account, base): (u64, String),
) -> (SubmitOutcome, Option<Result<String, KeyInUse>>) {
    run.clock().sleep_until(submitting.departure.arrival).await;
    let (submission, told, id, made) = {
        let mut state = run.state();
        let (submission, taken) = state.arrive_batch(model, &submitting, (&order, keyed), run.clock().pace(), account);
        let (told, id, made) = match taken {
            None => (None, None, Vec::new()),
            Some(Err(in_use)) => (Some(Err(in_use)), None, Vec::new()),
            Some(Ok(Taken { number, made })) => {
                let told = batch(&run, &state, number, &base, submitting.departure.arrival, None);
                let id = state.batch_id(number);
                let made: Vec<(String, usize, String)> =
                    made.into_iter().map(|(name, slot)| (name, slot, state.id(slot))).collect();
                (told.map(Ok), Some(id), made)
            }
        };
        (submission, told, id, made)
    };
    note(&run, line, id.as_deref(), submission.fault());
    if let (Some(url), Some(batch)) = (&order.webhook, &id) {
        for (name, slot, id) in made {
            let item = Some(label(batch, &name));
            webhook::schedule(&run, Delivery { slot, id, url: url.clone(), base: base.clone(), item });
        }
    }
    (submission, told)
}

pub(super) async fn status(run: &Arc<Run>, request: &Request, model: &str, id: &str) -> Reply {
    let now = run.clock().now();
    let found = {
        let mut state = run.state();
        let number = state
            .batch_number(id)
            .filter(|number| state.batch(*number).is_some_and(|batch| state.models[batch.model].model.name == model));
        number.and_then(|number| Some((number, state.depart_batch_status(number, now)?)))
    };
    let Some((number, departure)) = found else { return Reply::Http(error(404, "Batch not found")) };
    note(run, request.line, Some(id), departure.refused);
    if departure.refused.is_some() {
        run.clock().sleep_until(departure.back).await;
        return Reply::Break(Breakage::Refused);
    }
    let base = results::base(run.settings(), request);
    let account = credential::key(&request.headers);
    let looking = look(Arc::clone(run), request.line, number, departure, base, account);
    match run.carried(departure.arrival > now, looking).await {
        None => overtaken(),
        Some(None) => Reply::Http(error(404, "Batch not found")),
        Some(Some((reply, back))) => {
            if !matches!(reply, Reply::Stall) {
                run.clock().sleep_until(back).await;
            }
            redirected(reply, &request.uri)
        }
    }
}

/// The status request reaches the server: the reply, and when it leaves. A lie about one task's state is told of all items;
/// other lies about a task strike no batch.
async fn look(
    run: Arc<Run>,
    line: Line,
    number: usize,
    departure: Departure,
    base: String,
    account: u64,
) -> Option<(Reply, Micros)> {
    run.clock().sleep_until(departure.arrival).await;
    let mut state = run.state();
    let Met { struck, back, by } = state.arrive_batch_status(number, &departure, run.clock().pace(), account)?;
    let at = departure.arrival;
    let told = batch(&run, &state, number, &base, at, None)?;
    let Some((fault, effect)) = struck else {
        drop(state);
        if by.is_some() {
            run.amend(line, |entry| entry.fault = by);
        }
        return Some((Reply::Http(success(&told)), back));
    };
    let lie = |lie: Lie<'_>| match lie {
        Lie::State(word) => batch(&run, &state, number, &base, at, Some(word)).unwrap_or_else(|| told.clone()),
        Lie::Result(_) | Lie::Failure(_) | Lie::OtherTask => told.clone(),
    };
    let reply = refusal::struck(&effect, TrueAnswer { data: &told, lie: &lie });
    drop(state);
    run.amend(line, |entry| entry.fault = Some(fault));
    Some((reply, if let Effect::Late(by) = effect { back + by } else { back }))
}

/// A batch at `at`, as JSON; with `word` as the state of every item where that is a lie. `None` where it is not there.
fn batch(run: &Run, state: &State, number: usize, base: &str, at: Micros, word: Option<&str>) -> Option<String> {
    let clock = run.clock();
    let known = state.batch(number)?;
    let mut is_over = word.is_none();
    let item = |(name, slot): &(String, usize)| {
        let (id, task) = (state.id(*slot), &state.tasks[*slot]);
        is_over &= task.truth.done <= at;
        let told = match word {
            Some(word) => open(clock, &id, task, word) + "}",
            None => {
                let results = results::json(base, &id, task.asked, &state.models[task.model as usize].model);
                data(clock, &id, task, task.truth.state_at(at, state.failure(*slot)), &results)
            }
        };
        format!(r#"{{"client_item_id":{},{}"#, quoted(name), &told[1..])
    };
    let items = known.items.iter().map(item).collect::<Vec<_>>().join(",");
    let word = if is_over { "completed" } else { "processing" };
    Some(format!(r#"{{"batchId":"{}","state":"{word}","items":[{items}]}}"#, state.batch_id(number)))
}

/// What a webhook says of an item beside its task, as the first fields of an object.
fn label(batch: &str, name: &str) -> String {
    format!(r#""batchId":"{batch}","client_item_id":{},"#, quoted(name))
}
