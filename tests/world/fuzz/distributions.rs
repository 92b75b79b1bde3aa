//! Distributions as expressions.

use super::mutated::{corpus, near};
use crate::soak;
use pollbench::world::distribution::Distribution;
use proptest::prelude::*;

fn texts() -> Vec<String> {
    corpus("distribution").iter().flat_map(|file| file.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn is_well_told(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Distribution>() {
        Ok(distribution) => {
            let printed = distribution.to_string();
            prop_assert_eq!(printed.parse::<Distribution>(), Ok(distribution.clone()), "{}", printed);
            let quantiles = [0.0, 0.1, 0.5, 0.9, 1.0].map(|p| distribution.quantile(p));
            prop_assert!(quantiles[0] >= 0.0 && quantiles.is_sorted(), "{}: {:?}", printed, quantiles);
            // A shift may have rounded away what a steep distribution needs beyond it: a few roundings further suffice.
            let median = quantiles[2] * (1.0 + 4.0 * f64::EPSILON);
            prop_assert!(
                distribution.mean() >= 0.0 && distribution.cdf(median) >= 0.5 - 1e-9,
                "{}: {}",
                printed,
                distribution.mean()
            );
        }
        Err(error) => {
            let told = error.to_string();
            prop_assert!(told.chars().count() < 300 + text.len(), "{}", told);
            // What is wrong is named, or its place is.
            prop_assert!(error.parameter().is_some() || error.offset().is_some(), "{}", told);
            prop_assert!(error.offset().is_none_or(|at| text.is_char_boundary(at)), "{} in {:?}", told, text);
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
    #![proptest_config(soak::cases(2_000))]

    #[test]
    fn an_expression_is_read_or_refused_with_its_place(text in near(texts())) {
        is_well_told(&text)?;
    }
}
