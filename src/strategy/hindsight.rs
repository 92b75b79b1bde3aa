//! A learner's clamp: what it follows is held against the rule that needs no learning and would have done best of late, a first
//! wait and equal gaps.
//!
//! A fit may be wrong for as long as nobody can tell by chance alone: times creep, or they jump and the new ones have several
//! humps. Where the plan in force has cost far more on the last few tasks than that rule, in hindsight, and more than it
//! cost before, it is no longer believed, and what was seen before these tasks is forgotten, which costs little: twenty observations make a plan within a few
//! per cent of the best. So a learner is never far above the best rule for long (a clamp as in ski rental with advice, Kim & Fan,
//! arXiv 2603.29233).

use crate::fit::Observation;
use crate::inspection::CostWeights;
use crate::strategy::schedule::Schedule;

/// So many of the last tasks, and how many times what the rule costs on them the plan may. Fewer tell less: the rule is chosen for
/// them afterwards.
const BANDS: [(usize, f64); 4] = [(8, 1.9), (16, 1.5), (32, 1.33), (64, 1.25)];
/// It has changed, too: from what the plan costs on so many tasks before these, by so much.
const EARLIER: usize = 64;
const UNUSUAL: f64 = 1.3;
/// Shares of the times that are tried as first waits, in eighths of the way from the shortest to the longest.
const FIRSTS: usize = 8;
/// Gaps that are tried, as shares of the median: from the first one on, each so many times the one before, up to the last.
const GAPS: (f64, f64, f64) = (0.025, 1.35, 1.3);

/// Of how many of the last `seen` it is plain that `schedule` cost too much; `None` where it did not, or cannot be told.
pub(super) fn overpaid<'a>(
    schedule: &Schedule,
    weights: CostWeights,
    total: u64,
    seen: impl DoubleEndedIterator<Item = &'a Observation>,
) -> Option<usize> {
    let Schedule::Table(table) = schedule else { return None };
    let instants: Vec<f64> = table.instants().iter().map(|at| at.get() as f64).collect();
    let gap = table.gap().get() as f64;
    // Each band is looked at after half of its tasks at the latest.
    let mut due = BANDS.iter().filter(|(count, _)| total.is_multiple_of(*count as u64 / 2));
    let most = due.clone().map(|(count, _)| *count).max()?;
    let seen: Vec<f64> = seen.rev().take(most + EARLIER).map_while(ended).collect();
    let paid = |times: &[f64]| times.iter().map(|at| cost(&instants, gap, *at, weights)).sum::<f64>();
    let found = due.find(|(count, times)| {
        let Some((last, before)) = seen.split_at_checked(*count) else { return false };
        // Where the plan costs what it did before, the rule was only lucky: it was chosen afterwards.
        let earlier = &before[..before.len().min(EARLIER)];
        let usual = paid(earlier) / earlier.len() as f64 * *count as f64;
        paid(last) > times * best_rule(last, weights) && paid(last) > UNUSUAL * usual
    });
    found.map(|(count, _)| *count)
}

/// When a task ended that was seen to.
fn ended(seen: &Observation) -> Option<f64> {
    match *seen {
        Observation::Exact(at) | Observation::Entered { at, is_over: true, .. } => Some(at),
        Observation::Within(low, high) => Some(low.midpoint(high)),
        Observation::Beyond(_) | Observation::Entered { is_over: false, .. } => None,
    }
}

/// The cost of a task that ends at `at` under polls at these instants, and after the last one every `gap`.
fn cost(instants: &[f64], gap: f64, at: f64, weights: CostWeights) -> f64 {
    let before = instants.partition_point(|instant| *instant < at);
    let (polls, known) = match (instants.get(before), instants.last()) {
        (Some(known), _) => (before as f64 + 1.0, *known),
        (None, last) => {
            let last = last.copied().unwrap_or(0.0);
            let more = ((at - last) / gap).ceil();
            (before as f64 + more, last + more * gap)
        }
    };
    weights.poll * polls + weights.delay_per_us() * (known - at)
}

/// What the best first wait and gap would have cost for all tasks that took these times.
fn best_rule(times: &[f64], weights: CostWeights) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (first, median) = (sorted[0], sorted[sorted.len() / 2].max(1.0));
    let firsts = (0..FIRSTS).map(|step| sorted[(sorted.len() - 1) * step / (FIRSTS - 1)]).chain([0.5 * first]);
    let (least, growth, most) = GAPS;
    let mut best = f64::INFINITY;
    for first in firsts {
        let mut gap = least * median;
        while gap < most * median {
            let sum = times.iter().map(|at| cost(&[first], gap, *at, weights)).sum();
            best = best.min(sum);
            gap *= growth;
        }
    }
    best
}
