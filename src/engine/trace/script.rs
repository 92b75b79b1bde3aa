//! The scripted server of a trace: what becomes of a task's n-th request.

use crate::api::reply::{Failure, Loss, Payload, Reply, TaskState};
use crate::engine::trace::Request;
use crate::engine::trace::case::{CaseReply, FateName, PooledTask, Scripted, TraceCase};
use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::fault::{DeliveryEffect, Timescale};
use crate::world::truth::{Fate, Truth};
use crate::world::webhook::PAUSES;

/// One task's side of the server.
#[derive(Debug)]
pub(super) struct Script<'c> {
    case: &'c TraceCase,
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
    pub(super) fn new(case: &'c TraceCase, task: PooledTask) -> Self {
        let done = task.completion_ms.map_or(Micros::NEVER, |at| at.0);
        let fate = match (task.completion_ms, task.result) {
            (None, _) => Fate::Stuck,
            (_, FateName::Success) => Fate::Success,
            (_, FateName::Failed) => Fate::Failed,
        };
        let failure = Failure { code: task.fail_code.clone(), message: task.fail_message.clone() };
        Self { case, task, truth: Truth { fate, created: Micros::ZERO, started: Micros::ZERO, done }, failure }
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
        let truth = self.truth.state_at(sampled, &self.failure);
        match scripted.map(|reply| &reply.scripted) {
            None | Some(Scripted::Ok) => Played { sampled, replied, reply: Reply::state(truth) },
            Some(Scripted::Error(message)) => Played { sampled, replied, reply: Reply::Lost(Loss::Other(message)) },
            Some(Scripted::Fault(fault)) => {
                let effect = fault.on_request(sampled, None, Timescale::SCENARIO);
                let reply = effect.reply(truth, replied, Timescale::SCENARIO);
                Played { sampled, replied: effect.heard(replied), reply }
            }
        }
    }

    /// When the client is told by the task's webhook.
    pub(super) fn webhook(&self) -> Micros {
        let (up, rtt) = self.travel(self.case.webhook.as_ref());
        let on_time = self.truth.done + (rtt - up);
        let effect = match self.case.webhook.as_ref().map(|reply| &reply.scripted) {
            Some(Scripted::Fault(fault)) => fault.on_delivery(),
            Some(Scripted::Ok | Scripted::Error(_)) | None => None,
        };
        match effect {
            Some(DeliveryEffect::Lost | DeliveryEffect::WrongTask) => Micros::NEVER,
            Some(DeliveryEffect::Later(by)) => {
                on_time + by.sample(&mut Keys::new(0, 0, "trace").draws(Stream::FaultDetail, 0))
            }
            // Nothing strikes the second attempt.
            Some(DeliveryEffect::Malformed | DeliveryEffect::Refused | DeliveryEffect::Failed) => on_time + PAUSES[0],
            Some(DeliveryEffect::Again(_) | DeliveryEffect::Slow) | None => on_time,
        }
    }
}

/// The line of a trace for one request, heard at `heard` if it was.
pub(super) fn line(task: &str, sent: Micros, played: &Played<'_>, heard: Option<Micros>, timed_out: bool) -> Request {
    let saw = match (&played.reply, heard) {
        _ if timed_out => "error",
        (_, None) => "nothing",
        (Reply::Answer { payload, .. }, Some(_)) => match payload {
            Payload::State(TaskState::Pending) | Payload::Flawed(_, TaskState::Pending) => "pending",
            Payload::State(TaskState::Processing) | Payload::Flawed(_, TaskState::Processing) => "processing",
            Payload::State(TaskState::Success) | Payload::Flawed(_, TaskState::Success) => "success",
            Payload::State(TaskState::Failed(_)) | Payload::Flawed(_, TaskState::Failed(_)) => "failed",
            Payload::NoState => "nothing",
            Payload::NoData | Payload::NotJson => "error",
        },
        (Reply::Lost(_), Some(_)) => "error",
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
        let case = TraceCase::from_json(case).expect("a case");
        let task = case.all_tasks().expect("its task").remove(0);
        let script = Script::new(&case, task);
        let played = script.play(Micros::ZERO, 0);
        assert_eq!((played.replied, played.reply), (Micros::new(3), Reply::state(TaskState::Processing)));
        assert_eq!(script.play(Micros::new(1), 1).reply, Reply::state(TaskState::Success));
    }
}
