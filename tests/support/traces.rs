//! Playing a case written in a test.

use pollbench::engine::trace::{Trace, TraceCase, trace};
use serde_json::Value;

/// The trace of a case, through the JSON that a user writes.
pub(crate) fn traced(case: &Value) -> Trace {
    let text = case.to_string();
    TraceCase::from_json(&text).and_then(|case| trace(&case)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The instants of all requests.
pub(crate) fn sent(trace: &Trace) -> Vec<f64> {
    trace.requests.iter().map(|request| request.sent_ms).collect()
}
