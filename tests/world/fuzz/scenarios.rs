//! Scenario files.

use super::mutated::{corpus, near};
use crate::soak;
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::shipped::SHIPPED;
use proptest::prelude::*;

const FILES: Embedded = Embedded(&[
    ("measured.csv", "task,cost_time_ms\n1,90800\n2,95900\n"),
    ("odd.csv", "took_s;x\n\"1\n2\",,,\r\n\u{feff}-0,1e999\n"),
    ("empty.csv", ""),
]);

fn texts() -> Vec<String> {
    SHIPPED.iter().map(|shipped| shipped.text.to_owned()).chain(corpus("scenario")).collect()
}

fn is_well_told(text: &str) -> Result<(), TestCaseError> {
    match Scenario::parse(text, "t.toml", &FILES) {
        Ok(scenario) => drop(scenario.warnings()),
        Err(invalid) => {
            prop_assert!(!invalid.problems.is_empty());
            for problem in &invalid.problems {
                prop_assert!(text.get(problem.span.clone()).is_some(), "{:?} of {:?}", problem.span, text);
                prop_assert!(!problem.message.is_empty());
                prop_assert!(problem.message.chars().count() < 400, "{}", problem.message);
            }
            let told = invalid.to_string();
            let line = told.strip_prefix("t.toml:").and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
            prop_assert!(line.is_some_and(|line| (1..=text.lines().count().max(1) + 1).contains(&line)), "{}", told);
            #[cfg(feature = "cli")]
            prop_assert!(invalid.render(true).contains("error"));
        }
    }
    Ok(())
}

#[test]
fn the_corpus_is_well_told() {
    for text in texts() {
        is_well_told(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

proptest! {
    #![proptest_config(soak::cases(300))]

    #[test]
    fn a_scenario_is_read_or_refused_with_a_line(text in near(texts())) {
        is_well_told(&text)?;
    }
}
