//! Waits on their own timing.

use crate::api::reply::{Loss, Reply};
use crate::engine::trace::case::{CaseError, TraceCase};
use crate::engine::trace::script::{Script, line};
use crate::engine::trace::{ENDLESS, Request, Trace, TracedTask};
use crate::measure::record::detection_delay;
use crate::strategy::composition::{Channel, Recovery, Strategy};
use crate::strategy::wait::{Ending, Policy, Step};
use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::truth::Fate;

/// How one wait ended.
struct Ended {
    outcome: &'static str,
    settled: Option<Micros>,
    error: Option<String>,
}

pub(super) fn play(case: &TraceCase, strategy: &Strategy) -> Result<Trace, CaseError> {
    if case.starts_ms.is_some() {
        return Err(CaseError::Starts(case.strategy.clone()));
    }
    let policy = Policy::new(strategy, &case.model);
    let (mut requests, mut ends) = (Vec::new(), Vec::new());
    for (number, task) in case.all_tasks()?.into_iter().enumerate() {
        let script = Script::new(case, task);
        let ended = wait(&policy, &script, number as u64, &mut requests);
        let known = matches!(ended.outcome, "success" | "failed");
        let delay =
            ended.settled.filter(|_| known).map(|settled| detection_delay(script.truth.done, settled).as_millis());
        ends.push((script.task.id, ended, delay));
    }
    // Stable: requests of one instant stay in the order they were made.
    requests.sort_by(|a: &Request, b: &Request| a.sent_ms.total_cmp(&b.sent_ms));
    for (index, request) in requests.iter_mut().enumerate() {
        request.index = index;
    }
    let tasks = case.tasks.is_some().then(|| {
        let traced = ends.iter().map(|(id, ended, _)| TracedTask {
            id: id.clone(),
            outcome: ended.outcome,
            settled_ms: ended.settled.map(Micros::as_millis),
        });
        traced.collect()
    });
    // Of several waits the one that ends last stands for all.
    let last = ends.into_iter().max_by_key(|(_, ended, _)| ended.settled.unwrap_or(Micros::NEVER));
    let (_, ended, delay) = last.ok_or(CaseError::Tasks)?;
    Ok(Trace {
        requests,
        outcome: ended.outcome,
        settled_ms: ended.settled.map(Micros::as_millis),
        detection_delay_ms: delay,
        error: ended.error,
        tasks,
        starts: None,
    })
}

fn wait(policy: &Policy<'_>, script: &Script<'_>, number: u64, requests: &mut Vec<Request>) -> Ended {
    let start = script.task.added_ms.0;
    let told = if policy.channel() == Channel::Poll { Micros::NEVER } else { script.webhook().max(start) };
    let informed = |script: &Script<'_>| match told.finite() {
        None => Ended { outcome: "hang", settled: None, error: None },
        Some(_) if script.truth.fate == Fate::Failed => Ended { outcome: "failed", settled: Some(told), error: None },
        Some(_) => Ended { outcome: "success", settled: Some(told), error: None },
    };
    let mut jitter = Keys::new(0, 0, "trace").draws(Stream::Jitter, number);
    let (mut wait, mut step) = policy.begin(start, &mut jitter);
    let mut last_error = None;
    let first = requests.len();
    loop {
        match step {
            Step::Listen => return informed(script),
            Step::End { at, .. } | Step::Poll { at, .. } if told <= at => return informed(script),
            Step::End { at, ending } => return ended(policy, script, at, ending, last_error),
            Step::Poll { .. } if requests.len() - first == ENDLESS => {
                return Ended { outcome: "hang", settled: None, error: None };
            }
            Step::Poll { at: sent, timeout } => {
                let played = script.play(sent, requests.len() - first);
                let heard = played.replied.min(sent + timeout);
                let timed_out = played.replied > sent + timeout;
                let is_heard = heard < told && !heard.is_never();
                requests.push(line(&script.task.id, sent, &played, is_heard.then_some(heard), is_heard && timed_out));
                if !is_heard {
                    return informed(script);
                }
                let reply = if timed_out { Reply::Lost(Loss::TimedOut) } else { played.reply };
                last_error = reply.error_message();
                step = wait.reply(heard, &reply, &mut jitter).1;
            }
        }
    }
}

fn ended(policy: &Policy<'_>, script: &Script<'_>, at: Micros, ending: Ending, last: Option<String>) -> Ended {
    let (outcome, error) = match ending {
        Ending::Success => ("success", None),
        // The guide's `resilient` throws what the others return.
        Ending::Failed => (
            "failed",
            match policy.recovery() {
                Recovery::NetworkRetry { .. } => Some(format!("{}: {}", script.failure.code, script.failure.message)),
                Recovery::Propagate | Recovery::Tolerant(_) => None,
            },
        ),
        Ending::GaveUp => ("timeout", Some("Timeout".to_owned())),
        Ending::Error => ("error", last),
    };
    Ended { outcome, settled: Some(at), error }
}
