//! What came back for one request, owned; and how a strategy sees it.

use crate::api::envelope::State;
use crate::api::envelope::{Data, Envelope, Status};
use crate::api::reply::{Flaw, Loss, Payload, Reply, TaskState};
use crate::net::clock::Clock;
use crate::time::Micros;
use crate::world::fault::RetryAfter;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use std::error::Error;
use std::io;

/// What came back for one request.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// An HTTP answer.
    Http {
        /// HTTP status; the envelope's code where that differs from an HTTP 200.
        status: u16,
        retry_after: Option<Micros>,
        body: Body,
    },
    /// None.
    Lost(Lost),
}

/// What a body holds.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Status(Status),
    Other(Envelope),
    NotJson,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    Refused,
    Reset,
    TimedOut,
    Other(String),
}

impl Answer {
    /// Reads an HTTP answer.
    pub(super) fn read(status: u16, retry_after: Option<Micros>, body: &[u8]) -> Self {
        match Status::plain(body) {
            Some((code, told)) => Self::made((status, code), retry_after, Body::Status(told)),
            None => Self::enveloped(status, retry_after, body, Envelope::status),
        }
    }

    /// The same where it tells of no single task.
    pub(super) fn read_whole(status: u16, retry_after: Option<Micros>, body: &[u8]) -> Self {
        Self::enveloped(status, retry_after, body, |_| None)
    }

    fn enveloped(
        status: u16,
        retry_after: Option<Micros>,
        body: &[u8],
        told: impl Fn(&Envelope) -> Option<Status>,
    ) -> Self {
        let envelope = Envelope::read(body);
        let code = envelope.as_ref().and_then(|envelope| envelope.code);
        let body = match envelope {
            None => Body::NotJson,
            Some(envelope) => match told(&envelope) {
                Some(status) => Body::Status(status),
                None => Body::Other(envelope),
            },
        };
        Self::made((status, code), retry_after, body)
    }

    fn made((status, code): (u16, Option<u64>), retry_after: Option<Micros>, body: Body) -> Self {
        // Some servers say in the body what they should have said in the status.
        let said = code.and_then(|code| u16::try_from(code).ok());
        let status = said.filter(|_| status == 200).unwrap_or(status);
        Self::Http { status, retry_after, body }
    }

    /// The answer to a question about this task: what tells of another one is flawed.
    pub(super) fn about(mut self, task: &str) -> Self {
        if let Self::Http { body: Body::Status(status), .. } = &mut self
            && status.task_id.as_deref().is_some_and(|told| told != task)
        {
            status.flaw = Some(Flaw::OtherTask);
        }
        self
    }

    /// Makes sense of an error of the connection.
    pub(super) fn lost(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        let mut text = error.to_string();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                match error.kind() {
                    io::ErrorKind::ConnectionRefused => return Self::Lost(Lost::Refused),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                        return Self::Lost(Lost::Reset);
                    }
                    _ => {}
                }
            }
            text = error.to_string();
            cause = error.source();
        }
        Self::Lost(Lost::Other(text))
    }

    /// The reply as strategies see it.
    pub(super) fn reply(&self) -> Reply<'_> {
        match self {
            Self::Http { status, retry_after, body } => {
                let payload = match body {
                    Body::Status(status) => {
                        let state = match (status.state, &status.failure) {
                            (State::Pending, _) => TaskState::Pending,
                            (State::Success, _) => TaskState::Success,
                            (State::Failed, Some(failure)) => TaskState::Failed(failure),
                            (State::Processing | State::Failed, _) => TaskState::Processing,
                        };
                        status.flaw.map_or(Payload::State(state), |flaw| Payload::Flawed(flaw, state))
                    }
                    Body::Other(Envelope { data: Data::Absent, .. }) => Payload::NoData,
                    Body::Other(_) => Payload::NoState,
                    Body::NotJson => Payload::NotJson,
                };
                Reply::Answer { status: *status, payload, retry_after: *retry_after }
            }
            Self::Lost(Lost::Refused) => Reply::Lost(Loss::Refused),
            Self::Lost(Lost::Reset) => Reply::Lost(Loss::Reset),
            Self::Lost(Lost::TimedOut) => Reply::Lost(Loss::TimedOut),
            Self::Lost(Lost::Other(message)) => Reply::Lost(Loss::Other(message)),
        }
    }

    /// The task's status, if the answer has it.
    pub(super) fn status(&self) -> Option<&Status> {
        match self {
            Self::Http { body: Body::Status(status), .. } => Some(status),
            Self::Http { body: Body::Other(_) | Body::NotJson, .. } | Self::Lost(_) => None,
        }
    }

    /// The HTTP status, if there was an answer.
    pub(super) fn http_status(&self) -> Option<u16> {
        match self {
            Self::Http { status, .. } => Some(*status),
            Self::Lost(_) => None,
        }
    }

    /// What an error made of it says; `None` where nothing is wrong.
    pub(super) fn complaint(&self) -> Option<String> {
        let complaint = self.reply().error_message()?;
        match self {
            Self::Http { body: Body::Other(envelope), .. } if !envelope.complaint().is_empty() => {
                Some(format!("{complaint} ({})", envelope.complaint()))
            }
            Self::Http { .. } | Self::Lost(_) => Some(complaint),
        }
    }
}

/// The delay that a `Retry-After` asks for from `heard` on, which is asked for only where there is one: seconds or an
/// HTTP-date (RFC 9110 §10.2.3).
pub(super) fn delay(headers: &HeaderMap, clock: &Clock, heard: impl FnOnce() -> Micros) -> Option<Micros> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    RetryAfter::read(text)?.delay(heard(), clock.pace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::reading::{Reading, documented, tolerant};
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    fn asked(value: &[u8], clock: &Clock, heard: Micros) -> Option<Micros> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, http::HeaderValue::from_bytes(value).ok()?);
        match Answer::read(429, delay(&headers, clock, || heard), b"") {
            Answer::Http { retry_after, .. } => retry_after,
            Answer::Lost(_) => None,
        }
    }

    /// What looks like a number, a date, or an envelope, but for a few bytes.
    fn nearly() -> impl Strategy<Value = Vec<u8>> {
        let seeds = prop::sample::select(vec![
            "120",
            "-1",
            "1.5",
            "18446744073709551616",
            "Fri, 31 Dec 1999 23:59:59 GMT",
            "Fri, 31-Dec-99 23:59:59 GMT",
            "Fri Dec 31 23:59:59 9999",
            r#"{"code":200,"data":{"taskId":"t","state":"success","resultJson":"{\"resultUrls\":[]}"}}"#,
            r#"{"code":429,"message":"slow down","data":null}"#,
            r#"{"code":70000,"data":{"state":"failed"}}"#,
        ]);
        let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
        (seeds, changes).prop_map(|(seed, changes)| {
            let mut bytes = seed.as_bytes().to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        })
    }

    proptest! {
        #![proptest_config(crate::soak::cases(1_000))]

        #[test]
        fn seconds_are_seconds_and_dates_are_dates(seconds: u64, ahead in 0_u64..100_000, heard in 0_u64..1 << 40, blank in "[ \t]?") {
            let (clock, heard) = (Clock::wall(), Micros::new(heard));
            let expected = Micros::from_secs(seconds).min(Micros::LONGEST);
            prop_assert_eq!(asked(format!("{seconds}{blank}").as_bytes(), &clock, heard), Some(expected));
            // A date has whole seconds.
            let then = UNIX_EPOCH + std::time::Duration::from_millis(clock.unix_ms(heard + Micros::from_secs(ahead)));
            let date = httpdate::fmt_http_date(then);
            let delay = asked(date.as_bytes(), &clock, heard).expect("a date");
            let (ahead, grain) = (Micros::from_secs(ahead), Micros::from_millis(1));
            prop_assert!(delay <= ahead + grain && delay + Micros::from_secs(1) + grain >= ahead, "{delay}");
        }

        /// What is neither asks for nothing.
        #[test]
        fn other_words_ask_for_nothing(text in "[+-]?[0-9]*[.,eEx][0-9]*|[a-zA-Z ]*|-[0-9]+|[0-9]+ [0-9]+|[٠-٩]+") {
            prop_assert_eq!(asked(text.as_bytes(), &Clock::wall(), Micros::ZERO), None);
        }

        /// Promise: whatever comes back is read, and told nothing unless it is a 200 with a state.
        #[test]
        fn any_answer_can_be_read(
            status: u16, value in prop_oneof![nearly(), prop::collection::vec(any::<u8>(), 0..40)],
            body in prop_oneof![nearly(), prop::collection::vec(any::<u8>(), 0..200)],
        ) {
            let clock = Clock::wall();
            prop_assert!(asked(&value, &clock, Micros::ZERO).is_none_or(|delay| !delay.is_never()));
            let answer = Answer::read(status, None, &body);
            let reply = answer.reply();
            let is_sound = answer.status().is_some_and(|status| status.flaw.is_none());
            let tells = status == 200 && answer.http_status() == Some(200) && is_sound;
            prop_assert_eq!(matches!(tolerant(&reply), Reading::Nothing(_)), !tells);
            prop_assert!(answer.complaint().is_none() || !tells);
            let is_json = serde_json::from_slice::<serde_json::Map<_, _>>(&body).is_ok();
            prop_assert!(is_json || matches!(documented(&reply), Reading::Nothing(_)));
        }
    }
}
