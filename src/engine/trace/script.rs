//! The scripted server of a trace: what becomes of a task's n-th request.

use crate::api::reply::{Failure, Loss, Payload, Reply, TaskState};
use crate::engine::trace::Request;
use crate::engine::trace::case::{Case, CaseReply, FateName, PooledTask};
use crate::time::Micros;
use crate::world::truth::{Fate, Truth};
use serde::Deserialize;

/// Kinds of scripted replies: those of traces, and the faults of scenario files under their names there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The ordinary reply.
    #[default]
    Ok,
    /// The connection is reset.
    #[serde(alias = "connection-reset", alias = "reset-mid-body", alias = "burst-loss")]
    Reset,
    /// The client's call fails with a message.
    Error,
    /// HTTP 200 without data.
    #[serde(alias = "missing-data")]
    NullData,
    /// No answer ever.
    #[serde(alias = "stall-mid-body")]
    Stall,
    /// The connection is refused.
    #[serde(alias = "refuse")]
    Outage,
    /// The connection is closed before an answer.
    #[serde(alias = "close-mid-body")]
    Close,
    /// An HTTP error with `data: null`.
    Status,
    /// HTTP 429 with `data: null`.
    RateLimit,
    /// HTTP 404 for a task that exists.
    #[serde(rename = "transient-404")]
    Transient404,
    /// HTTP 200 that says `processing` whatever is true.
    StaleRead,
    /// HTTP 200 with a state that the API does not know.
    UnknownState,
    /// HTTP 200 with a body that is not JSON.
    TruncatedJson,
    /// A webhook delivery that never comes.
    Lost,
    /// A webhook delivery that comes late.
    Delayed,
    /// A webhook delivery that comes twice.
    Duplicated,
}

/// One task's side of the server.
#[derive(Debug)]
pub(super) struct Script<'c> {
    case: &'c Case,
    pub(super) task: PooledTask,
    pub(super) truth: Truth,
    pub(super) failure: Failure,
}

/// A request that was sent, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Played<'s> {
    pub(super) sampled: Micros,
    /// [`Micros::NEVER`] for no answer.
    pub(super) replied: Micros,
    pub(super) reply: Reply<'s>,
}

impl<'c> Script<'c> {
    pub(super) fn new(case: &'c Case, task: PooledTask) -> Self {
        let done = task.completion_ms.map_or(Micros::NEVER, |at| at.0);
        let fate = match (task.completion_ms, task.result) {
            (None, _) => Fate::Stuck,
            (_, FateName::Success) => Fate::Success,
            (_, FateName::Failed) => Fate::Failed,
        };
        let failure = Failure { code: task.fail_code.clone(), message: task.fail_message.clone() };
        Self { case, task, truth: Truth { fate, started: Micros::ZERO, done }, failure }
    }

    /// The travel of a request: (way up, round trip).
    fn travel(&self, reply: Option<&CaseReply>) -> (Micros, Micros) {
        // Rounded down: a task's end is a whole microsecond, so half of one more cannot reach it.
        let half = |rtt: Micros| Micros::new(rtt.get() / 2);
        let ordinary = self.task.rtt_ms.unwrap_or(self.case.rtt_ms).0;
        let up = match (self.task.rtt_ms, self.task.up_ms) {
            (_, Some(up)) => Some(up),
            (None, None) => self.case.up_ms,
            (Some(_), None) => None,
        };
        let (up, rtt) = match reply.and_then(|reply| reply.rtt_ms) {
            Some(rtt) => (half(rtt.0), rtt.0),
            None => (up.map_or_else(|| half(ordinary), |up| up.0), ordinary),
        };
        let up = reply.and_then(|reply| reply.up_ms).map_or(up, |up| up.0);
        (up, rtt.max(up))
    }

    /// Plays the task's request number `number`, sent at `now`.
    pub(super) fn play(&self, now: Micros, number: usize) -> Played<'_> {
        let scripted = self.task.replies.get(&number);
        let (up, rtt) = self.travel(scripted);
        let (sampled, replied) = (now + up, now + rtt);
        let truth = Reply::state(self.truth.state_at(sampled, &self.failure));
        let Some(scripted) = scripted else { return Played { sampled, replied, reply: truth } };
        let answer = |status, payload| Reply::Answer {
            status,
            payload,
            retry_after: scripted.retry_after.map(Micros::from_secs),
        };
        let reply = match scripted.kind {
            Fault::Ok | Fault::Lost | Fault::Delayed | Fault::Duplicated => truth,
            Fault::Reset => Reply::Lost(Loss::Reset),
            Fault::Error => Reply::Lost(Loss::Other(&scripted.message)),
            Fault::Stall => return Played { sampled, replied: Micros::NEVER, reply: Reply::Lost(Loss::TimedOut) },
            Fault::Outage => Reply::Lost(Loss::Refused),
            Fault::Close => Reply::Lost(Loss::Other("connection closed")),
            Fault::NullData => answer(200, Payload::NoData),
            Fault::Status => answer(scripted.code.unwrap_or(503), Payload::NoData),
            Fault::RateLimit => answer(429, Payload::NoData),
            Fault::Transient404 => answer(404, Payload::NoData),
            Fault::StaleRead => Reply::state(TaskState::Processing),
            Fault::UnknownState => answer(200, Payload::NoState),
            Fault::TruncatedJson => answer(200, Payload::NotJson),
        };
        Played { sampled, replied, reply }
    }

    /// When the task's webhook is there.
    pub(super) fn webhook(&self) -> Micros {
        let (up, rtt) = self.travel(self.case.webhook.as_ref());
        let on_time = self.truth.done + (rtt - up);
        match &self.case.webhook {
            Some(reply) if reply.kind == Fault::Lost => Micros::NEVER,
            Some(reply) if reply.kind == Fault::Delayed => on_time + reply.by_ms.0,
            _ => on_time,
        }
    }
}

/// The line of a trace for one request, heard at `heard` if it was.
pub(super) fn line(task: &str, sent: Micros, played: &Played<'_>, heard: Option<Micros>, timed_out: bool) -> Request {
    let saw = match (&played.reply, heard) {
        _ if timed_out => "error",
        (_, None) => "nothing",
        (Reply::Answer { payload: Payload::State(state), .. }, _) => match state {
            TaskState::Pending => "pending",
            TaskState::Processing => "processing",
            TaskState::Success => "success",
            TaskState::Failed(_) => "failed",
        },
        (Reply::Answer { payload: Payload::NoState, .. }, _) => "nothing",
        _ => "error",
    };
    Request {
        index: 0,
        task: task.to_owned(),
        sent_ms: sent.as_millis(),
        sampled_ms: played.sampled.as_millis(),
        reply_ms: heard.filter(|_| !timed_out).map(Micros::as_millis),
        saw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_an_odd_round_trip_does_not_reach_the_next_microsecond() {
        let case = r#"{"strategy": "basic", "rtt_ms": 0.003, "task": {"completion_ms": 0.002}}"#;
        let case = Case::from_json(case).expect("a case");
        let task = case.all_tasks().expect("its task").remove(0);
        let script = Script::new(&case, task);
        let played = script.play(Micros::ZERO, 0);
        assert_eq!((played.replied, played.reply), (Micros::new(3), Reply::state(TaskState::Processing)));
        assert_eq!(script.play(Micros::new(1), 1).reply, Reply::state(TaskState::Success));
    }
}
