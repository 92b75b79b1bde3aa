//! Where a figure leaves its plateau as one value of a scenario changes.
//!
//! The plateau is the end of the axis at which the figure is smaller, and all that lies within a margin of it. Whether points
//! are beyond the margin is tested one after another from the other end on, until one is not for certain: a fixed sequence of
//! tests, which needs no correction for their number (Maurer, Hothorn & Lehmacher 1995, in *Biometrie in der
//! chemisch-pharmazeutischen Industrie* 6:3). From the plateau on, points are tested to be within it, until one is not for
//! certain (equivalence: Schuirmann 1987). Between the last of these and the last of those lies the knee; where means cross
//! the margin is the guess.

use crate::measure::results::Interval;

/// What is known of a figure at one value of the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KneePoint {
    /// The value of the axis.
    pub at: f64,
    /// The figure.
    pub figure: f64,
    /// Its 95 % interval.
    pub ci95: Option<Interval>,
}

/// How far a figure may be from its plateau and still be on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// This share of the plateau.
    Relative(f64),
    /// This much.
    Absolute(f64),
}

/// Where a figure leaves its plateau.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Knee {
    /// Nowhere for certain: no point is beyond the margin.
    None,
    /// Between two values of the axis.
    At {
        /// Where the line through the figures crosses the margin.
        guess: f64,
        /// The last value that is on the plateau for certain, and the first that is not; in the order of the axis.
        between: Interval,
    },
}

/// The knee of figures along an axis, which ascends. `is_logarithmic`: the guess is interpolated in its logarithm.
#[must_use]
pub fn knee(readings: &[KneePoint], margin: Margin, is_logarithmic: bool) -> Knee {
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else { return Knee::None };
    // From the plateau on: the axis may have to be read backwards.
    let along: Vec<&KneePoint> =
        if first.figure <= last.figure { readings.iter().collect() } else { readings.iter().rev().collect() };
    let plateau = along[0];
    let bound = match margin {
        Margin::Relative(share) => plateau.figure * (1.0 + share),
        Margin::Absolute(more) => plateau.figure + more,
    };
    // Half-widths of 95 % intervals add up as squares where errors are independent; common random numbers only narrow them.
    let half = |reading: &KneePoint| reading.ci95.map_or(0.0, |[low, high]| (high - low) / 2.0);
    let reach = |reading: &KneePoint| half(reading).hypot(half(plateau));
    let inside = along[1..].iter().take_while(|reading| reading.figure + reach(reading) <= bound).count();
    let outside = along[1..].iter().rev().take_while(|reading| reading.figure - reach(reading) > bound).count();
    if outside == 0 {
        return Knee::None;
    }
    let (last_inside, first_outside) = (inside, along.len() - outside);
    let end = along[first_outside];
    let crossed = along[..=first_outside].windows(2).rev().find(|pair| pair[0].figure <= bound);
    let guess = crossed.map_or(end.at, |pair| crossing(pair[0], pair[1], bound, is_logarithmic));
    let (from, to) = (along[last_inside].at, end.at);
    Knee::At { guess, between: [from.min(to), from.max(to)] }
}

/// Where the line from one reading to the next meets the bound.
fn crossing(from: &KneePoint, to: &KneePoint, bound: f64, is_logarithmic: bool) -> f64 {
    let share = (bound - from.figure) / (to.figure - from.figure);
    if is_logarithmic && from.at > 0.0 && to.at > 0.0 {
        from.at * (to.at / from.at).powf(share)
    } else {
        from.at + (to.at - from.at) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::draws::{Keys, Stream};
    use proptest::prelude::*;

    fn line(figures: &[(f64, f64)], half: f64) -> Vec<KneePoint> {
        let reading = |&(at, figure): &(f64, f64)| KneePoint { at, figure, ci95: Some([figure - half, figure + half]) };
        figures.iter().map(reading).collect()
    }

    #[test]
    fn a_broken_line_breaks_where_it_does() {
        // 10 up to 4, then ten more for each step: 11 is crossed at 4.1.
        let broken: Vec<(f64, f64)> = (0..8).map(|x| (f64::from(x), 10.0 + 10.0 * f64::from(x - 4).max(0.0))).collect();
        let found = knee(&line(&broken, 0.1), Margin::Relative(0.1), false);
        assert_eq!(found, Knee::At { guess: 4.1, between: [4.0, 5.0] });
        let mirrored: Vec<(f64, f64)> = broken.iter().rev().map(|(x, y)| (7.0 - x, *y)).collect();
        let found = knee(&line(&mirrored, 0.1), Margin::Relative(0.1), false);
        let Knee::At { guess, between } = found else { panic!("{found:?}") };
        assert!((guess - 2.9).abs() < 1e-9 && between == [2.0, 3.0], "{found:?}");
    }

    #[test]
    fn wide_intervals_widen_the_bracket_and_may_leave_none() {
        let broken: Vec<(f64, f64)> = (0..8).map(|x| (f64::from(x), 10.0 + 2.0 * f64::from(x - 4).max(0.0))).collect();
        let found = knee(&line(&broken, 1.5), Margin::Relative(0.1), false);
        assert!(matches!(found, Knee::At { between: [low, high], .. } if low == 0.0 && high == 6.0), "{found:?}");
        assert_eq!(knee(&line(&broken, 9.0), Margin::Relative(0.1), false), Knee::None);
        assert_eq!(knee(&[], Margin::Absolute(1.0), false), Knee::None);
    }

    #[test]
    fn a_logarithmic_axis_is_crossed_in_its_logarithm() {
        let two = line(&[(1.0, 0.0), (100.0, 0.02)], 1e-6);
        let found = knee(&two, Margin::Absolute(0.01), true);
        let Knee::At { guess, .. } = found else { panic!("{found:?}") };
        assert!((guess - 10.0).abs() < 1e-9, "{guess}");
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// A figure that never leaves its plateau is called off it in at most one run of twenty: the chance that noise on a
        /// flat line of any length, with honest 95 % intervals, makes a knee, at a false alarm rate of 10⁻⁶.
        #[test]
        fn noise_alone_seldom_makes_a_knee(seed in any::<u64>(), length in 2_usize..30) {
            const RUNS: u32 = 200;
            let mut draws = Keys::new(seed, 0, "knee").draws(Stream::Truth, 0);
            let normal = |draws: &mut crate::world::draws::Draws| (0..12).map(|_| draws.uniform()).sum::<f64>() - 6.0;
            let mut found = 0;
            for _ in 0..RUNS {
                let flat: Vec<(f64, f64)> = (0..length).map(|x| (x as f64, 100.0 + normal(&mut draws))).collect();
                found += u32::from(knee(&line(&flat, 1.96), Margin::Relative(0.01), false) != Knee::None);
            }
            // Binomial(200, 0.05) exceeds 30 with a chance below 10⁻⁷.
            prop_assert!(found <= 30, "{} of {}", found, RUNS);
        }
    }
}
