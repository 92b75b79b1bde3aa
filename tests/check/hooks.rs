//! The small poller where it is called back: a receiver with a secret in its address, and the wait that listens and asks.

use super::small::{Mistake, one, results, submit};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use pollbench::check::{Call, PollerOutcome, RECEIVER, TaskAnswer};
use pollbench::net::stream::ByteStream;
use serde_json::Value;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};

/// Where deliveries are taken. A program of real life has a secret that nobody can guess.
const PATH: &str = "/hooks/c0ffee";
/// How long the program lives on after its answer, as services do.
const AFTERLIFE: Duration = Duration::from_secs(5);

/// What a delivery told.
struct Delivered {
    task: Option<String>,
    outcome: PollerOutcome,
    urls: Vec<String>,
}

/// Waits for one task, which it submits itself where nobody has, by whichever comes first.
pub(crate) async fn told_or_asked(call: &Call, mistake: Option<Mistake>) -> Option<TaskAnswer> {
    let mut news = open(call, mistake);
    let Some(id) = &known(call, &mut news, mistake).await else {
        return Some(TaskAnswer { task: 0, outcome: PollerOutcome::Error, urls: Vec::new() });
    };
    let is_ours = |delivered: &Delivered| {
        mistake == Some(Mistake::OthersDelivery) || delivered.task.as_ref().is_none_or(|task| task == id)
    };
    let answered = |outcome, urls| TaskAnswer { task: 0, outcome, urls };
    let told = async {
        loop {
            match news.recv().await {
                Some(delivered) if is_ours(&delivered) => return answered(delivered.outcome, delivered.urls),
                Some(_) => {}
                None => pending().await,
            }
        }
    };
    let asked = async {
        if mistake == Some(Mistake::NoFallback) {
            sleep(call.deadline).await;
            return answered(PollerOutcome::Timeout, Vec::new());
        }
        one(call, 0, id, mistake).await
    };
    let end = tokio::select! {
        biased;
        end = told => end,
        end = asked => end,
    };
    call.tell(end);
    let more = async {
        while let Some(Delivered { outcome, urls, .. }) = news.recv().await {
            if mistake == Some(Mistake::DeliveryBookedTwice) {
                call.tell(answered(outcome, urls));
            }
        }
    };
    let _ = timeout(AFTERLIFE, more).await;
    None
}

/// The id of the task. What is delivered before it is known waits.
async fn known(call: &Call, news: &mut UnboundedReceiver<Delivered>, mistake: Option<Mistake>) -> Option<String> {
    if let Some(id) = call.tasks.first() {
        return Some(id.clone());
    }
    let url = format!("{RECEIVER}{PATH}");
    let submitted = submit(call, mistake, Some(&url));
    if mistake != Some(Mistake::EarlyDeliveryBookedTwice) {
        return submitted.await;
    }
    tokio::pin!(submitted);
    loop {
        tokio::select! {
            biased;
            id = &mut submitted => return id,
            Some(Delivered { outcome, urls, .. }) = news.recv() => call.tell(TaskAnswer { task: 0, outcome, urls }),
        }
    }
}

/// Takes deliveries from now on.
fn open(call: &Call, mistake: Option<Mistake>) -> UnboundedReceiver<Delivered> {
    let (sender, receiver) = unbounded_channel();
    let Some(mut listener) = call.listen() else { return receiver };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, sender.clone(), mistake));
        }
    });
    call.call_back(&format!("{RECEIVER}{PATH}")).expect("the mock sends there");
    receiver
}

async fn serve(stream: ByteStream, sender: UnboundedSender<Delivered>, mistake: Option<Mistake>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let status = take(request, &sender, mistake).await;
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = status.try_into().expect("a status");
            Ok::<_, Infallible>(response)
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Takes a delivery: the status of its answer.
async fn take(request: Request<Incoming>, sender: &UnboundedSender<Delivered>, mistake: Option<Mistake>) -> u16 {
    let is = |other| mistake == Some(other);
    if request.uri().path() != PATH && !is(Mistake::ForgeryBelieved) {
        return 404;
    }
    let Ok(body) = request.into_body().collect().await else { return 400 };
    let Ok(body) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
        if is(Mistake::GarbledDeliveryEnds) {
            let _ = sender.send(Delivered { task: None, outcome: PollerOutcome::Error, urls: Vec::new() });
        }
        return 400;
    };
    let data = &body["data"];
    let outcome = match data["state"].as_str() {
        Some("success") => PollerOutcome::Success,
        Some("failed") => PollerOutcome::Failed,
        Some(_) if is(Mistake::DeliveryIsSuccess) => PollerOutcome::Success,
        // That is not the end.
        Some(_) | None => return 200,
    };
    let task = data["taskId"].as_str().map(str::to_owned);
    let _ = sender.send(Delivered { task, outcome, urls: results(data) });
    200
}
