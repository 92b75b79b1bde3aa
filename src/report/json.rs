//! `results.json`, and whatever else is printed as JSON.

use crate::measure::results::Results;
use serde::Serialize;

/// The results as indented JSON with a newline at its end.
#[must_use]
pub fn to_string(results: &Results) -> String {
    pretty(results)
}

/// Plain data as JSON on one line.
pub(super) fn line<T: Serialize + ?Sized>(data: &T) -> String {
    // Keys are strings and non-finite floats become null, so there is nothing to refuse.
    serde_json::to_string(data).expect("reports are plain data")
}

/// Plain data as indented JSON with a newline at its end.
pub(super) fn pretty(data: &impl Serialize) -> String {
    // Keys are strings and non-finite floats become null, so there is nothing to refuse.
    let mut text = serde_json::to_string_pretty(data).expect("reports are plain data");
    text.push('\n');
    text
}
