//! Cases of `trace` in JSON.

use super::mutated::{corpus, near};
use crate::soak;
use pollbench::engine::trace::{TraceCase, trace};
use proptest::prelude::*;

fn texts() -> Vec<String> {
    corpus("case")
}

fn is_well_told(text: &str) -> Result<(), TestCaseError> {
    let told = match TraceCase::from_json(text) {
        Ok(case) => match trace(&case) {
            Ok(trace) => {
                let ascend = trace.requests.is_sorted_by(|a, b| a.sent_ms <= b.sent_ms);
                prop_assert!(ascend, "requests are not in order");
                return Ok(());
            }
            Err(error) => error.to_string(),
        },
        Err(error) => {
            let told = error.to_string();
            prop_assert!(told.contains("line "), "{}", told);
            told
        }
    };
    prop_assert!(!told.is_empty() && told.chars().count() < 500 + text.len(), "{}", told);
    Ok(())
}

#[test]
fn the_corpus_is_well_told() {
    for text in texts() {
        is_well_told(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

proptest! {
    #![proptest_config(soak::cases(500))]

    #[test]
    fn a_case_is_traced_or_refused(text in near(texts())) {
        is_well_told(&text)?;
    }
}
