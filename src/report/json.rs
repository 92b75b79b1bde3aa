//! `results.json`.

use crate::measure::results::Results;

/// The results as indented JSON with a newline at its end.
///
/// # Panics
///
/// Never: the results hold nothing that JSON cannot.
#[must_use]
pub fn to_string(results: &Results) -> String {
    // Keys are strings and non-finite floats become null, so there is nothing to refuse.
    let mut text = serde_json::to_string_pretty(results).expect("results are plain data");
    text.push('\n');
    text
}
