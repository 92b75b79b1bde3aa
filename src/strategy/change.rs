//! Since when a service takes as long as it does: how many of the last observations are alike.
//!
//! The last observations are held against those before by the two-sample statistic of Kolmogorov and Smirnov (Smirnov, Ann.
//! Math. Statist. 19 (1948) 279–281), at splits that grow by half, as adaptive windows do (Bifet & Gavaldà, SIAM International
//! Conference on Data Mining 2007, 443–448). So the data choose how fast the past is forgotten: a great jump takes it away
//! after a dozen tasks, a slow creep after as many as make it plain, and without a change nothing is lost.

use crate::fit::Observation;

/// Fewest observations on either side of a split.
const FEWEST: usize = 8;
/// The scaled distance that two samples of one distribution exceed at one split once in a million times: √(ln(2·10⁶)/2).
const CHANGED: f64 = 2.693_5;

/// How many of the last `seen` are alike: all of them, unless the last differ from those before by more than chance would have
/// it, at whichever split they differ most.
pub(super) fn alike<'a>(seen: impl ExactSizeIterator<Item = &'a Observation>) -> usize {
    let count = seen.len();
    // By size, with the place in time; what outlasts its observation is the longest of all.
    let mut sizes: Vec<(f64, usize)> = seen.map(size).zip(0..).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found = (CHANGED, count);
    let mut last = FEWEST;
    while last + FEWEST <= count {
        let scaled = distance(&sizes, count - last) * ((last * (count - last)) as f64 / count as f64).sqrt();
        if scaled > found.0 {
            found = (scaled, last);
        }
        last += last.div_ceil(2);
    }
    found.1
}

fn size(seen: &Observation) -> f64 {
    match *seen {
        Observation::Exact(at) | Observation::Entered { at, is_over: true, .. } => at,
        Observation::Within(low, high) => low.midpoint(high),
        Observation::Beyond(_) | Observation::Entered { is_over: false, .. } => f64::INFINITY,
    }
}

/// Largest distance between the distribution functions of those before the place `from` and those behind it; `sizes` are in
/// order of size.
fn distance(sizes: &[(f64, usize)], from: usize) -> f64 {
    let (before, behind) = (from as f64, (sizes.len() - from) as f64);
    let (mut first, mut second, mut largest) = (0.0, 0.0, 0.0_f64);
    for equal in sizes.chunk_by(|a, b| a.0 == b.0) {
        let early = equal.iter().filter(|(_, place)| *place < from).count();
        first += early as f64;
        second += (equal.len() - early) as f64;
        largest = largest.max((first / before - second / behind).abs());
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(sizes: &[f64]) -> Vec<Observation> {
        sizes.iter().map(|at| Observation::Exact(*at)).collect()
    }

    #[test]
    fn a_jump_is_found_where_it_is_and_ties_are_none() {
        let jump: Vec<f64> = (0..120).map(|at| f64::from(at % 10) + if at < 102 { 0.0 } else { 100.0 }).collect();
        assert_eq!(alike(exact(&jump).iter()), 18);
        assert_eq!(alike(exact(&[7.0; 300]).iter()), 300);
        assert_eq!(alike(exact(&jump[..15]).iter()), 15);
        // Waits that all gave up tell nothing of one another.
        assert_eq!(alike([Observation::Beyond(1e6); 60].iter()), 60);
        // Where tasks suddenly outlast every wait, that is a change.
        let gone: Vec<Observation> = (0..80)
            .map(|at| if at < 53 { Observation::Exact(f64::from(at % 10)) } else { Observation::Beyond(5.0) })
            .collect();
        assert_eq!(alike(gone.iter()), 27);
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Any scale says the same, and what is found is a part of what there is.
        #[test]
        fn scales_say_the_same(sizes in prop::collection::vec(1.0_f64..100.0, 0..120), factor in 0.1_f64..1e4) {
            let found = alike(exact(&sizes).iter());
            prop_assert!(found == sizes.len() || (FEWEST..sizes.len()).contains(&found));
            let scaled: Vec<f64> = sizes.iter().map(|at| at * factor).collect();
            prop_assert_eq!(alike(exact(&scaled).iter()), found);
        }
    }
}
