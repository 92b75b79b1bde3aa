//! Words for differences, adjusted for how many are looked at together.

use crate::measure::interval::Estimate;
use crate::measure::results::Verdict;
use std::collections::BTreeMap;

/// Share of the baseline within which two strategies count as the same.
const SAME_WITHIN: f64 = 0.01;
/// Family-wise error rate.
const LEVEL: f64 = 0.05;

/// A difference that wants a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Strategy minus baseline.
    pub estimate: Estimate,
    /// Mean of the baseline over the same pairs.
    pub baseline: f64,
    /// Whether it is a time (faster, slower) or a count (fewer, more).
    pub is_time: bool,
}

impl Difference {
    fn word(&self, is_same: bool) -> Verdict {
        match (is_same, self.is_time, self.estimate.mean < 0.0) {
            (true, ..) => Verdict::Same,
            (_, false, true) => Verdict::Fewer,
            (_, false, false) => Verdict::More,
            (_, true, true) => Verdict::Faster,
            (_, true, false) => Verdict::Slower,
        }
    }
}

/// The words for a table of differences: `same` where the interval lies within ± 1 % of the baseline, a direction where
/// it excludes zero, else undecided. Holm's step-down (Holm 1979, Scand. J. Statist. 6:65) keeps the chance of any wrong
/// word in the table at 5 %.
#[must_use]
pub fn words(table: &[Option<Difference>]) -> Vec<Verdict> {
    let mut verdicts = vec![Verdict::Undecided; table.len()];
    let mut tests: Vec<(f64, f64, usize)> = table
        .iter()
        .enumerate()
        .filter_map(|(at, difference)| {
            let difference = difference.as_ref()?;
            let differs = difference.estimate.p_zero()?;
            let same = difference.estimate.p_beyond(SAME_WITHIN * difference.baseline.abs())?;
            Some((same, differs, at))
        })
        .collect();
    tests.sort_by(|a, b| a.0.min(a.1).total_cmp(&b.0.min(b.1)).then(a.2.cmp(&b.2)));
    for (rank, (same, differs, at)) in tests.iter().enumerate() {
        let level = LEVEL / (tests.len() - rank) as f64;
        if same.min(*differs) >= level {
            break;
        }
        verdicts[*at] = table[*at].map_or(Verdict::Undecided, |difference| difference.word(*same < level));
    }
    verdicts
}

/// The same for several tables at once, each row with the name of its table.
#[must_use]
pub fn words_by_family(rows: &[(&str, Option<Difference>)]) -> Vec<Verdict> {
    let mut verdicts = vec![Verdict::Undecided; rows.len()];
    let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (family, _)) in rows.iter().enumerate() {
        families.entry(family).or_default().push(at);
    }
    for family in families.values() {
        let table: Vec<_> = family.iter().map(|&at| rows[at].1).collect();
        for (&at, verdict) in family.iter().zip(words(&table)) {
            verdicts[at] = verdict;
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(mean: f64, variance: f64) -> Option<Difference> {
        Some(Difference { estimate: Estimate::of_tasks(100, mean, Some(variance)), baseline: 100.0, is_time: false })
    }

    #[test]
    fn the_words_follow_the_interval() {
        // Standard errors of 0.1: intervals of about ± 0.2.
        let table = [difference(-5.0, 1.0), difference(5.0, 1.0), difference(0.1, 1.0), difference(1.0, 1.0), None];
        use Verdict::{Fewer, More, Same, Undecided};
        assert_eq!(words(&table), [Fewer, More, Same, More, Undecided]);
        assert_eq!(words(&[difference(1.0, 100.0)]), [Undecided]);
    }

    /// Four in ten thousand may differ, by as much as the baseline; four in a hundred are more than one percent.
    #[test]
    fn pairs_that_are_all_equal_are_the_same_where_they_are_many() {
        let equal = |n| {
            Some(Difference { estimate: Estimate::of_pairs(n, 0, 0.0, Some(0.0), 5.0), baseline: 5.0, is_time: false })
        };
        assert_eq!(words(&[equal(10_000)]), [Verdict::Same]);
        assert_eq!(words(&[equal(100)]), [Verdict::Undecided]);
    }

    #[test]
    fn each_family_is_adjusted_by_itself() {
        let weak = difference(2.26, 100.0);
        assert_eq!(words_by_family(&[("a", weak), ("b", weak)]), [Verdict::More; 2]);
        assert_eq!(words_by_family(&[("a", weak), ("a", weak)]), [Verdict::Undecided; 2]);
    }

    #[test]
    fn more_tests_ask_for_stronger_evidence() {
        // p = 0.026 alone decides; among twenty it does not.
        let weak = difference(2.26, 100.0);
        assert_eq!(words(&[weak]), [Verdict::More]);
        assert_eq!(words(&[weak; 20]), [Verdict::Undecided; 20]);
    }
}
