//! The JSON envelope of every answer, as tolerant clients read it.
//!
//! What has the wrong type counts as absent: published samples and observed answers differ in which fields they have.

use crate::api::reply::{Failure, Flaw};
#[cfg(feature = "client")]
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Map, Value};
#[cfg(feature = "client")]
use std::marker::PhantomData;

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Queued.
    Pending,
    /// Being worked on.
    Processing,
    /// Done, with a result.
    Success,
    /// Done, without one.
    Failed,
}

impl State {
    const ALL: [Self; 4] = [Self::Pending, Self::Processing, Self::Success, Self::Failed];

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    /// Whether it is final.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

/// What an answer says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The task's id, where the answer has it.
    pub task_id: Option<String>,
    /// Its state.
    pub state: State,
    /// When it was created, in Unix milliseconds.
    pub create_time_ms: Option<u64>,
    /// When it ended, in Unix milliseconds.
    pub complete_time_ms: Option<u64>,
    /// Processing time in milliseconds.
    pub cost_time_ms: Option<u64>,
    /// Where its results can be had.
    pub urls: Vec<String>,
    /// Code and message of a failed task, empty where the answer has none.
    pub failure: Option<Failure>,
    /// Why that cannot be what was asked for, where it cannot.
    pub flaw: Option<Flaw>,
}

/// An envelope that tells of a task and has nothing but documented fields, of their types and without escapes: what nearly
/// every answer is.
#[cfg(feature = "client")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    code: Option<u64>,
    #[serde(rename = "message")]
    _message: Option<&'a str>,
    #[serde(borrow)]
    data: Object<PlainStatus<'a>>,
}

/// A JSON object: a list of the fields in their order, which serde takes for one, is none.
#[cfg(feature = "client")]
struct Object<T>(T);

#[cfg(feature = "client")]
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

#[cfg(feature = "client")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PlainStatus<'a> {
    task_id: Option<&'a str>,
    state: &'a str,
    create_time: Option<u64>,
    complete_time: Option<u64>,
    cost_time: Option<u64>,
    result_json: Option<&'a str>,
    fail_code: Option<&'a str>,
    fail_msg: Option<&'a str>,
}

/// What `data` of an envelope holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Null, or nothing.
    Absent,
    /// Something.
    Present(Value),
}

/// An answer's body.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The numeric code, which repeats the HTTP status.
    pub code: Option<u64>,
    /// The message.
    pub message: Option<String>,
    /// The content.
    pub data: Data,
}

impl Status {
    /// The code and the status in a body that is [plain](Plain): the same as by way of an [`Envelope`], several times as fast.
    #[cfg(feature = "client")]
    pub(crate) fn plain(body: &[u8]) -> Option<(Option<u64>, Self)> {
        let Object(Plain { code, data: Object(data), .. }) = serde_json::from_slice(body).ok()?;
        let state = State::named(data.state)?;
        let text = |field: Option<&str>| field.unwrap_or_default().to_owned();
        let result = data.result_json.map_or(Ok(Vec::new()), urls);
        let status = Self {
            task_id: data.task_id.map(str::to_owned),
            state,
            create_time_ms: data.create_time,
            complete_time_ms: data.complete_time,
            cost_time_ms: data.cost_time,
            flaw: flaw(state, &result),
            urls: result.unwrap_or_default(),
            failure: (state == State::Failed)
                .then(|| Failure { code: text(data.fail_code), message: text(data.fail_msg) }),
        };
        Some((code, status))
    }

    /// Whether it is known to be about another task than the one that was asked for.
    #[must_use]
    pub fn is_of_another(&self) -> bool {
        self.flaw == Some(Flaw::OtherTask)
    }
}

impl Envelope {
    /// Reads a body; `None` where it is no JSON object.
    ///
    /// ```
    /// use pollbench::api::envelope::{Envelope, State};
    /// let body = br#"{"code":200,"message":"success","data":{"taskId":"t","state":"success",
    ///     "resultJson":"{\"resultUrls\":[\"https://x/1.png\"]}","costTime":12500}}"#;
    /// let status = Envelope::read(body).and_then(|envelope| envelope.status()).unwrap();
    /// assert_eq!((status.state, status.cost_time_ms), (State::Success, Some(12_500)));
    /// assert_eq!(status.urls, ["https://x/1.png"]);
    /// ```
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let Value::Object(mut fields) = serde_json::from_slice(body).ok()? else { return None };
        let data = match fields.remove("data") {
            None | Some(Value::Null) => Data::Absent,
            Some(value) => Data::Present(value),
        };
        Some(Self { code: fields.get("code").and_then(Value::as_u64), message: text(&fields, "message"), data })
    }

    /// The task that it tells of; `None` where it has no known state.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let Data::Present(Value::Object(fields)) = &self.data else { return None };
        let state = State::named(fields.get("state")?.as_str()?)?;
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        let failure = (state == State::Failed).then(|| Failure {
            code: text(fields, "failCode").unwrap_or_default(),
            message: text(fields, "failMsg").unwrap_or_default(),
        });
        let result = text(fields, "resultJson").map_or(Ok(Vec::new()), |json| urls(&json));
        Some(Status {
            task_id: text(fields, "taskId"),
            state,
            create_time_ms: number("createTime"),
            complete_time_ms: number("completeTime"),
            cost_time_ms: number("costTime"),
            flaw: flaw(state, &result),
            urls: result.unwrap_or_default(),
            failure,
        })
    }

    /// The id of a task that was accepted.
    #[must_use]
    pub fn task_id(&self) -> Option<String> {
        let Data::Present(Value::Object(fields)) = &self.data else { return None };
        text(fields, "taskId").filter(|id| !id.is_empty())
    }

    /// What an error says: its message, and the detail in `data` if there is one.
    #[must_use]
    pub fn complaint(&self) -> String {
        let message = self.message.clone().unwrap_or_default();
        if let Data::Present(Value::Object(fields)) = &self.data
            && let Some(detail) = text(fields, "error")
        {
            return format!("{message}: {detail}");
        }
        message
    }
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// What is wrong with a task's result; only one that succeeded has any.
fn flaw(state: State, result: &Result<Vec<String>, Flaw>) -> Option<Flaw> {
    result.as_ref().err().copied().filter(|_| state == State::Success)
}

/// The URLs in a `resultJson`, which is JSON in a string. What holds its results under another name has none.
fn urls(json: &str) -> Result<Vec<String>, Flaw> {
    let fields: Value = serde_json::from_str(json).map_err(|_| Flaw::BadResult)?;
    let Some(Value::Array(urls)) = fields.get("resultUrls") else { return Ok(Vec::new()) };
    if urls.is_empty() {
        return Err(Flaw::NoResult);
    }
    Ok(urls.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(pending|success|failed|[a-z\\\\\"{}\\[\\]:]{0,12})".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let name = prop::sample::select(vec![
                "code",
                "message",
                "data",
                "taskId",
                "state",
                "resultJson",
                "createTime",
                "costTime",
                "failMsg",
                "x",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((name.prop_map(str::to_owned), inner), 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn answers_as_documented_are_plain() {
        for body in [
            r#"{"code":200,"message":"success","data":{"taskId":"t","state":"processing","createTime":1}}"#,
            r#"{"code":200,"message":"success","data":{"taskId":"t","state":"failed","createTime":1,"failCode":"C","failMsg":"m","completeTime":2}}"#,
        ] {
            assert!(Status::plain(body.as_bytes()).is_some(), "{body}");
        }
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Whatever a server sends, reading it is an answer and no panic.
        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Envelope::read(&bytes).map(|envelope| (envelope.status(), envelope.task_id(), envelope.complaint()));
        }

        /// Promise: the short way finds what the long one does, or leaves it to that.
        #[test]
        fn what_is_plain_reads_the_same(
            value in any_json(),
            state in "(pending|processing|success|failed|done)",
            fields in prop::sample::subsequence(vec![
                r#""taskId":"t""#, r#""createTime":1"#, r#""createTime":1.5"#, r#""costTime":18446744073709551616"#,
                r#""costTime":2"#, r#""completeTime":null"#, r#""completeTime":-3"#, r#""failMsg":"no""#, r#""failCode":7"#,
                r#""resultJson":"[]""#, r#""resultJson":"{}""#, r#""resultJson":"{\"resultUrls\":[\"u\"]}""#, r#""x":1e999"#,
            ], 0..6),
            outside in prop::sample::subsequence(vec![
                r#""code":200"#, r#""code":404"#, r#""code":"200""#, r#""message":"ok""#, r#""message":null"#, r#""y":"\ud800""#,
            ], 0..3),
        ) {
            let data = [format!(r#""state":"{state}""#)].into_iter().chain(fields.iter().map(ToString::to_string));
            let data = format!(r#""data":{{{}}}"#, data.collect::<Vec<_>>().join(","));
            let body = format!("{{{}}}", outside.iter().map(ToString::to_string).chain([data]).collect::<Vec<_>>().join(","));
            // Lists of fields in their order are no objects.
            let listed = format!(r#"[200,"ok",{{"state":"{state}"}}]"#);
            let listed_data = format!(r#"{{"code":200,"data":["t","{state}",1,2,3,"[]","",""]}}"#);
            for body in [body, value.to_string(), listed, listed_data] {
                if let Some((code, status)) = Status::plain(body.as_bytes()) {
                    let envelope = Envelope::read(body.as_bytes()).expect("an object");
                    prop_assert_eq!((code, Some(status)), (envelope.code, envelope.status()), "{}", body);
                }
            }
        }

        #[test]
        fn any_json_can_be_read(value in any_json()) {
            let read = Envelope::read(value.to_string().as_bytes());
            prop_assert_eq!(read.is_some(), value.is_object());
            if let Some(status) = read.and_then(|envelope| envelope.status()) {
                prop_assert_eq!(status.failure.is_some(), status.state == State::Failed);
            }
        }
    }
}
