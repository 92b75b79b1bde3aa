//! Standard normal numbers, each from one random word: a quantile function in a table.
//!
//! A word is a sign and a tail probability. The distance from zero with that tail is a cubic polynomial in each of sixteen
//! cells of every power of two, so the cells become narrow where the tail becomes thin, and no tail needs another way.
//! Nothing but a look-up, additions and multiplications in a fixed order: the same bits one by one, several at a time, and
//! on every platform.

use super::special::normal_quantile;
use std::sync::LazyLock;

/// Bits of the mantissa that choose among the cells of a power of two.
const FINE: u32 = 4;
/// Bits of the mantissa that do not.
const REST: u32 = f64::MANTISSA_DIGITS - 1 - FINE;
/// Rows of the table. Exponents and fine bits of all tails that occur, from 2⁻⁵³ to 1, have different remainders.
const ROWS: usize = 1 << 10;
/// A word's bits that make no tail.
const UNUSED: u32 = 12;

/// Bits of a word that its number does not need: as random as the others, and independent of it.
pub(crate) const SPARE: u32 = UNUSED - 1;

/// Those bits of a word.
#[inline(always)]
pub(crate) const fn spare(word: u64) -> u64 {
    (word >> 1) & ((1 << SPARE) - 1)
}

/// No number is farther from zero: the distance of the thinnest tail, 2⁻⁵³.
#[cfg(any(feature = "engine", test))]
pub(super) const FARTHEST: f64 = 8.3;

static NORMAL: LazyLock<Normal> = LazyLock::new(Normal::new);

/// The quantile function of the standard normal distribution, ready for look-ups: within 5·10⁻⁸ of the exact one.
#[derive(Debug)]
pub(super) struct Normal {
    /// Coefficients of each cell's polynomial in the tail probability, lowest power first.
    cells: Box<[[f64; 4]; ROWS]>,
}

impl Normal {
    /// The one table of the process.
    #[inline(always)]
    pub(super) fn table() -> &'static Self {
        &NORMAL
    }

    fn new() -> Self {
        let mut cells = Box::new([[0.0; 4]; ROWS]);
        let (least, one) = (tail(0).to_bits() >> REST, 1_f64.to_bits() >> REST);
        for cell in least..one {
            let (from, to) = (f64::from_bits(cell << REST), f64::from_bits((cell + 1) << REST));
            cells[cell as usize % ROWS] = cubic(from, to, |tail| -normal_quantile(0.5 * tail));
        }
        Self { cells }
    }

    /// The standard normal number of a random word.
    #[inline(always)]
    pub(super) fn of(&self, word: u64) -> f64 {
        let tail = tail(word);
        let [c0, c1, c2, c3] = self.cells[(tail.to_bits() >> REST) as usize % ROWS];
        let distance = (c0 + c1 * tail) + (tail * tail) * (c2 + c3 * tail);
        // The last bit is the sign.
        f64::from_bits(distance.to_bits() ^ (word << 63))
    }
}

/// The probability of both tails together, uniform between 0 and 1 and neither of them: the odd multiples of 2⁻⁵³.
#[inline(always)]
fn tail(word: u64) -> f64 {
    // Between 1 and 2, and half a step less than 1 below.
    f64::from_bits((word >> UNUSED) | 1_f64.to_bits()) - (1.0 - f64::EPSILON / 2.0)
}

/// The cubic polynomial that meets `function` between `from` and `to` where a cubic does so best (Chebyshev's nodes).
fn cubic(from: f64, to: f64, function: impl Fn(f64) -> f64) -> [f64; 4] {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let [outer, inner] = [0.923_879_532_511_286_7, 0.382_683_432_365_089_8];
    let spread = outer * outer - inner * inner;
    let at = |node: f64| (function(middle + node * half), function(middle - node * half));
    // Even and odd part at the nodes, by their squares.
    let even = |(above, below): (f64, f64)| 0.5 * (above + below);
    let odd = |(above, below): (f64, f64), node: f64| 0.5 * (above - below) / node;
    let (far, near) = (at(outer), at(inner));
    let square = (even(far) - even(near)) / spread;
    let cube = (odd(far, outer) - odd(near, inner)) / spread;
    let [k0, k1] = [even(near) - square * inner * inner, odd(near, inner) - cube * inner * inner];
    // From the distance to the middle, in halves, to the point itself.
    let (k1, k2, k3) = (k1 / half, square / (half * half), cube / (half * half * half));
    [
        k0 - middle * (k1 - middle * (k2 - middle * k3)),
        k1 - middle * (2.0 * k2 - 3.0 * middle * k3),
        k2 - 3.0 * middle * k3,
        k3,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::distribution::special::normal_tails;
    use crate::world::draws::Draws;
    use proptest::prelude::*;

    fn exact(word: u64) -> f64 {
        normal_quantile(0.5 * tail(word)) * if word & 1 == 1 { 1.0 } else { -1.0 }
    }

    proptest! {
        #![proptest_config(crate::soak::cases(2_000))]

        /// The accuracy that is promised, in every power of two of the tail alike.
        #[test]
        fn a_number_is_where_the_quantile_function_is(word: u64, zeros in 0_u32..64) {
            let word = word.checked_shr(zeros).unwrap_or(0) | (word & 1);
            let (found, exact) = (Normal::table().of(word), exact(word));
            prop_assert!((found - exact).abs() < 5e-8, "{found} for {exact}");
        }
    }

    #[test]
    fn no_cell_leaves_its_neighbours() {
        for cell in 0..1_u64 << (FINE + 8) {
            let start = cell << (u64::BITS - FINE - 8);
            for word in [start.wrapping_sub(1 << UNUSED), start, start + (1 << UNUSED)] {
                assert!((Normal::table().of(word) - exact(word)).abs() < 5e-8, "{word:x}");
            }
        }
    }

    #[test]
    fn the_outermost_numbers_are_whole() {
        let far = Normal::table().of(0);
        assert!((FARTHEST - 0.1..FARTHEST).contains(&far), "{far}");
        assert_eq!(Normal::table().of(1), -far);
        assert!(Normal::table().of(u64::MAX).abs() < 1e-7);
    }

    /// Kolmogorov's distance of 10⁶ numbers: 2.7 over the root fails a correct generator once in two million runs.
    #[test]
    fn numbers_are_normal() {
        let mut draws = Draws::seeded(5);
        let mut numbers: Vec<f64> = (0..1_000_000).map(|_| Normal::table().of(draws.bits())).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let n = numbers.len() as f64;
        let distance = numbers.iter().zip(0_u32..).map(|(&number, at)| {
            let below = normal_tails(number).below;
            (below - f64::from(at) / n).max(f64::from(at + 1) / n - below)
        });
        let farthest = distance.fold(0.0, f64::max);
        assert!(farthest * n.sqrt() < 2.7, "{farthest}");
    }
}
