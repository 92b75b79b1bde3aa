//! The recursion of Barlow, Hunter & Proschan (1963), theorem 5: for a distribution with a log-concave density and no deadline,
//! each gap follows from the one before, and the first instant alone is to be found.
//!
//! It is the cross-check of [`ScheduleProblem::solve`](crate::inspection::ScheduleProblem::solve), which needs no such density.

use crate::inspection::checks::{AfterLast, Checks};
use crate::inspection::done_time::DoneTime;
use crate::inspection::weights::CostWeights;

/// Most instants of a schedule.
const MOST: usize = 10_000;
/// Halvings of the range in which the first instant lies: as many as a float has digits.
const HALVINGS: usize = 60;

/// Relative difference at which instants from either side of the first instant still count as the same.
const AGREED: f64 = 1e-7;

/// How a recursion from a first instant ends.
enum Course {
    /// A gap grew: the first instant is too late.
    Grows,
    /// A gap became negative: the first instant is too early.
    Falls,
    /// Few tasks are left.
    Holds,
}

/// The optimal schedule, to survival 10⁻⁶ or as far as floats carry the recursion, and then at its last gap; `None` for a distribution without a density, or one for which
/// the recursion finds no first instant.
#[must_use]
pub fn optimal(done_time: &DoneTime, weights: &CostWeights) -> Option<Checks> {
    done_time.density(done_time.quantile(0.5))?;
    let ratio = weights.poll / weights.delay_per_us();
    let (mut early, mut late) = (done_time.quantile(0.0), done_time.end(1e-9));
    for _ in 0..HALVINGS {
        let middle = early.midpoint(late);
        match follow(done_time, ratio, middle).1 {
            Course::Grows => late = middle,
            Course::Falls => early = middle,
            Course::Holds => (early, late) = (middle, middle),
        }
    }
    // Rounding grows from gap to gap: what the two sides of the first instant agree on is right.
    let (early, late) = (follow(done_time, ratio, early).0, follow(done_time, ratio, late).0);
    let agreed = early.iter().zip(&late).take_while(|(early, late)| (*early - *late).abs() <= AGREED * **late).count();
    let mut instants = early;
    instants.truncate(agreed);
    let shown = instants.iter().position(|at| done_time.ends() - done_time.below(*at) <= 1e-6);
    instants.truncate(shown.map_or(agreed, |at| at + 1));
    (!instants.is_empty()).then_some(Checks { instants, then: AfterLast::Repeat })
}

/// The instants from a first one on: x(k+1) − x(k) = (F(x(k)) − F(x(k−1)))/f(x(k)) − poll/delay.
fn follow(done_time: &DoneTime, ratio: f64, first: f64) -> (Vec<f64>, Course) {
    let mut instants = vec![first];
    let (mut before, mut at, mut gap) = (0.0, first, first);
    while instants.len() < MOST {
        let density = done_time.density(at).unwrap_or(0.0);
        let next = (done_time.below(at) - done_time.below(before)) / density - ratio;
        if next > gap * (1.0 + 1e-12) || density <= 0.0 {
            return (instants, Course::Grows);
        }
        if next <= 0.0 {
            return (instants, Course::Falls);
        }
        if done_time.ends() - done_time.below(at) <= 1e-9 {
            return (instants, Course::Holds);
        }
        (before, at, gap) = (at, at + next, next);
        instants.push(at);
    }
    (instants, Course::Holds)
}
