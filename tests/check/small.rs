//! A small poller of our own, correct as it stands, into which mistakes can be planted one at a time.

use super::hooks;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use pollbench::check::{Call, PollerOutcome, TaskAnswer};
use serde_json::Value;
use std::future::pending;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};

const INTERVAL: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(10);
/// Instant zero of the mock's paused clock.
const NOON: u64 = 1_767_225_600;

macro_rules! mistakes {
    ($($(#[doc = $about:literal])* $mistake:ident,)*) => {
        /// A mistake that people make.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Mistake { $($(#[doc = $about])* $mistake,)* }

        impl Mistake {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$mistake,)*];

            /// Whether it needs a receiver.
            pub(crate) const fn is_about_webhooks(self) -> bool {
                matches!(
                    self,
                    Self::DeliveryBookedTwice
                        | Self::ForgeryBelieved
                        | Self::NoFallback
                        | Self::DeliveryIsSuccess
                        | Self::OthersDelivery
                        | Self::GarbledDeliveryEnds
                        | Self::EarlyDeliveryBookedTwice
                )
            }

            /// What it does.
            pub(crate) const fn about(self) -> &'static str {
                match self { $(Self::$mistake => concat!($($about),*),)* }
            }
        }
    };
}

mistakes! {
    /// Its deadline counts sleeps only
    DeadlineIgnoresRequestTime,
    /// It takes 404 for the end, while a replica does not know the new task yet
    NotFoundIsFinal,
    /// It ignores `Retry-After`
    RetryAfterIgnored,
    /// It reads `Retry-After` as milliseconds
    RetryAfterInMillis,
    /// It takes a `Retry-After` that is a date for none
    RetryAfterDateMisread,
    /// It swallows what is not JSON, and the callback that would ask again never comes
    MalformedSwallowed,
    /// It polls on after success
    PollsOnAfterSuccess,
    /// It mixes up the results of several tasks
    IdsMixedUp,
    /// It hands a result over as it comes, and once more at the end
    DedupeMissing,
    /// It takes an unknown state for success
    UnknownIsSuccess,
    /// It takes an unknown state for failure
    UnknownIsFailure,
    /// It sends a submit again whose answer was lost
    SubmitRetried,
    /// Its first wait is as long as it is, deadline or not
    FirstPollLate,
    /// It does not look once more after the last sleep
    LastLookMissing,
    /// It waits for ever for a socket that stays silent
    NoAttemptTimeout,
    /// Its backoff overflows to zero
    BackoffOverflows,
    /// Its backoff never resets
    BackoffNeverResets,
    /// It takes every 200 for success, whatever is inside
    AnyTwoHundredIsSuccess,
    /// It hands over the files of a failed task
    FailedHasResult,
    /// Its rounds of several tasks end with the first error of one
    LockStepStops,
    /// It takes any HTTP error for the end
    HttpErrorEnds,
    /// It lets a reset connection end the wait
    ResetEnds,
    /// It gives up after three failures in a row
    ThreeFailuresEnd,
    /// It asks again every three seconds, whether or not the last request was answered
    AsksWithoutWaiting,
    /// It takes a success without any result for the end
    EmptyIsSuccess,
    /// It does not look whether an answer is about its own task
    IdNotCompared,
    /// It hands a result over for each webhook that tells of it
    DeliveryBookedTwice,
    /// It believes whatever comes to its port, at any address
    ForgeryBelieved,
    /// It waits for its webhook and never asks
    NoFallback,
    /// It takes every webhook for a success, whatever is inside
    DeliveryIsSuccess,
    /// It takes a webhook about another task for its own
    OthersDelivery,
    /// It ends the wait with an error when a webhook is no JSON
    GarbledDeliveryEnds,
    /// It hands a result over that it is told of before its submit is answered, and once more when it asks
    EarlyDeliveryBookedTwice,
}

/// What a poller makes of an answer.
enum Read {
    Success(Vec<String>),
    Failed,
    Open,
    /// It told nothing.
    Nothing {
        status: Option<u16>,
        is_json: bool,
    },
    Permanent,
}

/// Waits for all tasks of the call, each on its own.
pub(crate) async fn wait(call: Call, mistake: Option<Mistake>, is_called_back: bool) -> Vec<TaskAnswer> {
    if is_called_back && call.count == 1 {
        let end = hooks::told_or_asked(&call, mistake).await;
        return end.into_iter().collect();
    }
    let mut ids = call.tasks.clone();
    if ids.is_empty() {
        for task in 0..call.count {
            match submit(&call, mistake, None).await {
                Some(id) => ids.push(id),
                None => return vec![TaskAnswer { task, outcome: PollerOutcome::Error, urls: Vec::new() }],
            }
        }
    }
    if mistake == Some(Mistake::LockStepStops) {
        return lock_step(&call, &ids).await;
    }
    if mistake != Some(Mistake::IdsMixedUp) {
        let waits = ids.iter().enumerate().map(async |(task, id)| call.tell(one(&call, task, id, mistake).await));
        futures_util::future::join_all(waits).await;
        return Vec::new();
    }
    let waits = ids.iter().enumerate().map(|(task, id)| one(&call, task, id, mistake));
    let mut answers = futures_util::future::join_all(waits).await;
    if answers.len() > 1 {
        let last = answers.len() - 1;
        let first = std::mem::take(&mut answers[0].urls);
        answers[0].urls = std::mem::replace(&mut answers[last].urls, first);
    }
    answers
}

pub(crate) async fn one(call: &Call, task: usize, id: &str, mistake: Option<Mistake>) -> TaskAnswer {
    let end = |outcome, urls| TaskAnswer { task, outcome, urls };
    let is = |other| mistake == Some(other);
    let deadline = Instant::now() + call.deadline;
    let (mut is_last, mut slept, mut errors, mut gap) = (false, Duration::ZERO, 0_u32, 1_u64);
    if is(Mistake::FirstPollLate) {
        sleep(Duration::from_secs(150)).await;
    }
    loop {
        if is(Mistake::FirstPollLate) && Instant::now() > deadline {
            return end(PollerOutcome::Timeout, Vec::new());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let patience = if is_last { ATTEMPT } else { ATTEMPT.min(left) };
        let (read, asked) = if is(Mistake::NoAttemptTimeout) {
            ask(call, id, mistake).await
        } else if is(Mistake::AsksWithoutWaiting) {
            hedged(call, id, patience).await
        } else {
            timeout(patience, ask(call, id, mistake))
                .await
                .unwrap_or((Read::Nothing { status: None, is_json: false }, None))
        };
        let unknown = |read: &Read| matches!(read, Read::Nothing { status: Some(200), is_json: true });
        match read {
            Read::Success(urls) => {
                if is(Mistake::PollsOnAfterSuccess) {
                    sleep(INTERVAL).await;
                    let _ = ask(call, id, mistake).await;
                }
                if is(Mistake::DedupeMissing) {
                    call.tell(end(PollerOutcome::Success, urls.clone()));
                }
                return end(PollerOutcome::Success, urls);
            }
            Read::Failed if is(Mistake::FailedHasResult) => {
                return end(PollerOutcome::Success, vec![format!("http://mock/output/{id}/0.png")]);
            }
            Read::Failed => return end(PollerOutcome::Failed, Vec::new()),
            Read::Permanent => return end(PollerOutcome::Error, Vec::new()),
            Read::Nothing { status: Some(404), .. } if is(Mistake::NotFoundIsFinal) => {
                return end(PollerOutcome::Error, Vec::new());
            }
            Read::Nothing { status: Some(200), is_json: false } if is(Mistake::MalformedSwallowed) => pending().await,
            Read::Nothing { status: Some(status), .. } if status != 200 && is(Mistake::HttpErrorEnds) => {
                return end(PollerOutcome::Error, Vec::new());
            }
            Read::Nothing { status: None, .. } if is(Mistake::ResetEnds) => {
                return end(PollerOutcome::Error, Vec::new());
            }
            Read::Open if is(Mistake::UnknownIsSuccess) && asked == Some(Duration::MAX) => {
                return end(PollerOutcome::Success, vec![format!("http://mock/output/{id}/0.png")]);
            }
            Read::Open if is(Mistake::UnknownIsFailure) && asked == Some(Duration::MAX) => {
                return end(PollerOutcome::Failed, Vec::new());
            }
            ref read if is(Mistake::AnyTwoHundredIsSuccess) && unknown(read) => {
                return end(PollerOutcome::Success, vec![format!("http://mock/output/{id}/0.png")]);
            }
            Read::Open => {
                if !is(Mistake::BackoffNeverResets) {
                    errors = 0;
                }
            }
            Read::Nothing { .. } => {
                errors += 1;
                if is(Mistake::ThreeFailuresEnd) && errors == 3 {
                    return end(PollerOutcome::Error, Vec::new());
                }
            }
        }
        if is_last {
            return end(PollerOutcome::Timeout, Vec::new());
        }
        let asked = asked.filter(|asked| *asked != Duration::MAX).map(|asked| match mistake {
            Some(Mistake::RetryAfterIgnored) => Duration::ZERO,
            Some(Mistake::RetryAfterInMillis) => asked / 1_000,
            _ => asked,
        });
        let mut pause = INTERVAL.max(asked.unwrap_or_default().min(Duration::from_secs(60)));
        if is(Mistake::BackoffOverflows) {
            pause = Duration::from_secs(gap);
            gap = gap * 2 % 16;
        }
        if is(Mistake::BackoffNeverResets) {
            pause = pause.max(INTERVAL * 2_u32.pow(errors.min(4)));
        }
        if is(Mistake::DeadlineIgnoresRequestTime) {
            sleep(pause).await;
            slept += pause;
            is_last = slept >= call.deadline;
            continue;
        }
        let mut next = Instant::now() + pause;
        if next >= deadline {
            next = deadline;
            is_last = true;
            if is(Mistake::LastLookMissing) {
                sleep_until(deadline).await;
                return end(PollerOutcome::Timeout, Vec::new());
            }
        }
        if !(is(Mistake::BackoffOverflows) && pause.is_zero()) {
            sleep_until(next).await;
        } else {
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Does not wait for an answer for longer than for the next request.
async fn hedged(call: &Call, id: &str, patience: Duration) -> (Read, Option<Duration>) {
    let first = ask(call, id, None);
    tokio::pin!(first);
    let nothing = (Read::Nothing { status: None, is_json: false }, None);
    match timeout(INTERVAL.min(patience), &mut first).await {
        Ok(read) => read,
        Err(_) => timeout(patience, async {
            tokio::select! {
                read = &mut first => read,
                read = ask(call, id, None) => read,
            }
        })
        .await
        .unwrap_or(nothing),
    }
}

/// One request for each open task, and all of their answers, before the next round.
async fn lock_step(call: &Call, ids: &[String]) -> Vec<TaskAnswer> {
    let mut is_open = vec![true; ids.len()];
    let deadline = Instant::now() + call.deadline;
    let mut is_last = false;
    loop {
        let open: Vec<usize> = (0..ids.len()).filter(|task| is_open[*task]).collect();
        let round = open.iter().map(|task| timeout(ATTEMPT, ask(call, &ids[*task], None)));
        let mut is_broken = false;
        for (task, read) in open.iter().zip(futures_util::future::join_all(round).await) {
            let end = match read.map(|(read, _)| read) {
                Ok(Read::Success(urls)) => Some((PollerOutcome::Success, urls)),
                Ok(Read::Failed) => Some((PollerOutcome::Failed, Vec::new())),
                Ok(Read::Open) => None,
                Ok(Read::Nothing { .. } | Read::Permanent) | Err(_) => {
                    is_broken = true;
                    None
                }
            }
            .map(|(outcome, urls)| TaskAnswer { task: *task, outcome, urls });
            if let Some(end) = end {
                call.tell(end);
                is_open[*task] = false;
            }
        }
        let rest = if is_broken { PollerOutcome::Error } else { PollerOutcome::Timeout };
        if is_broken || is_last || !is_open.contains(&true) {
            let left = (0..ids.len()).filter(|task| is_open[*task]);
            return left.map(|task| TaskAnswer { task, outcome: rest, urls: Vec::new() }).collect();
        }
        let next = (Instant::now() + INTERVAL).min(deadline);
        is_last = next == deadline;
        sleep_until(next).await;
    }
}

/// Submits the task, to be told of it at `callback`: its id.
pub(crate) async fn submit(call: &Call, mistake: Option<Mistake>, callback: Option<&str>) -> Option<String> {
    let path = format!("/api/v1/generateTask/{}", call.model);
    let request = match callback {
        Some(url) => format!(r#""request_type":"callback","callback_url":"{url}""#),
        None => r#""request_type":"async""#.to_owned(),
    };
    let body = format!(r#"{{{request},"input":{{"prompt":"a lighthouse"}}}}"#);
    for _ in 0..if mistake == Some(Mistake::SubmitRetried) { 3 } else { 1 } {
        let sent = timeout(ATTEMPT, send(call, "POST", &path, &body)).await;
        let Ok(Some((200, _, body))) = sent else { continue };
        let id = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|body| Some(body["data"]["taskId"].as_str()?.to_owned()));
        if id.is_some() {
            return id;
        }
    }
    None
}

/// What came back, and how long to stay away; the longest there is marks an unknown state.
async fn ask(call: &Call, id: &str, mistake: Option<Mistake>) -> (Read, Option<Duration>) {
    let path = format!("/api/v1/statusTask/{}?taskId={id}", call.model);
    let Some((status, retry_after, body)) = send(call, "GET", &path, "").await else {
        return (Read::Nothing { status: None, is_json: false }, None);
    };
    let asked = retry_after.and_then(|text| delay(&text, mistake != Some(Mistake::RetryAfterDateMisread)));
    let permanent = (400..500).contains(&status) && !matches!(status, 404 | 408 | 425 | 429);
    if status != 200 {
        let is_json = serde_json::from_slice::<Value>(&body).is_ok();
        return (if permanent { Read::Permanent } else { Read::Nothing { status: Some(status), is_json } }, asked);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return (Read::Nothing { status: Some(200), is_json: false }, asked);
    };
    let data = &body["data"];
    let nothing = Read::Nothing { status: Some(200), is_json: true };
    let is_others = data["taskId"].as_str().is_some_and(|told| told != id);
    if is_others && mistake != Some(Mistake::IdNotCompared) {
        return (nothing, asked);
    }
    match data["state"].as_str() {
        Some("success") => match results(data) {
            urls if urls.is_empty() && mistake != Some(Mistake::EmptyIsSuccess) => (nothing, asked),
            urls => (Read::Success(urls), asked),
        },
        Some("failed") => (Read::Failed, asked),
        Some("pending" | "processing") => (Read::Open, asked),
        Some(_) => (Read::Open, Some(Duration::MAX)),
        None => (nothing, asked),
    }
}

/// The URLs of a result; none where they cannot be read.
pub(crate) fn results(data: &Value) -> Vec<String> {
    let urls = data["resultJson"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let urls = urls.and_then(|urls| {
        Some(urls["resultUrls"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    });
    urls.unwrap_or_default()
}

/// Seconds, or a date.
fn delay(text: &str, reads_dates: bool) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok().filter(|_| reads_dates)?;
    let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(date.saturating_sub(NOW.with(|start| start.get().elapsed()) + Duration::from_secs(NOON)))
}

thread_local! {
    /// When the mock of this trial began.
    static NOW: std::cell::Cell<Instant> = std::cell::Cell::new(Instant::now());
}

pub(crate) fn begin() {
    NOW.with(|start| start.set(Instant::now()));
}

async fn send(call: &Call, method: &str, path: &str, body: &str) -> Option<(u16, Option<String>, Bytes)> {
    let stream = call.network.connect("mock", 80).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    // Ends with the request: who no longer waits has left.
    let driver = connection;
    let request = Request::builder().method(method).uri(path).header("host", "mock");
    let request = request.header("authorization", format!("Bearer {}", call.key));
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).ok()?;
    let exchange = async {
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get("retry-after").and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        Some((status, retry_after, body))
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = driver => exchange.await,
    }
}
