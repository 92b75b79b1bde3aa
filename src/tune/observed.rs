//! Tuning from observed times: a distribution fitted to them, and how far the answer can be trusted.

use super::family::{Family, Landmarks, Parameters};
use super::search::{self, Effort};
use super::{Goal, TuneRow, Tuned};
use crate::fit::{Fit, Observation, Resampler};
use crate::inspection::{Checks, CostWeights, DoneTime, Sketch};
use crate::parallel::each;
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::draws::{Draws, Keys, Stream};

/// Fewer observations than this are warned of.
pub const ADVISABLE: usize = 20;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 40;
/// Larger samples are weighed anew as a whole, not drawn again; where that cannot be, they are drawn at this size, and their
/// intervals are too wide rather than too narrow.
const MOST_DRAWN: usize = 2_000;
/// Key of the resamples: tuning has a seed of its own.
const SEED: u64 = 0x7475_6e65;
/// Observations that settings are tuned on and held against, at most.
const MOST_HELD_OUT: usize = 50_000;
/// Observations on which settings are held, at least.
const FEWEST_HELD_OUT: usize = 10;

/// How far an answer from observed times can be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// Observations.
    pub count: usize,
    /// 90 % intervals of the recommended parameters, by the bootstrap: of up to 2,000 observations by drawing them again, of
    /// more by random weights, see [`Resampler`].
    pub parameters: Vec<(&'static str, [f64; 2])>,
    /// 90 % interval of the cost of settings tuned on a resample, under the distribution of the whole sample.
    pub cost: Option<[f64; 2]>,
    /// Settings tuned on two thirds of the observations: the cost that was predicted, and the one on the other third.
    pub held_out: Option<HeldOut>,
}

/// Settings held against observations that they were not tuned on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Observations that they were held against.
    pub count: usize,
    /// Cost that was expected of them.
    pub predicted: f64,
    /// Cost on the observations.
    pub found: f64,
}

/// Holds what is recommended against the observations that `fit`, the goal's distribution, was fitted to. `tuned` is what was tuned for
/// this goal; what was tuned for another one gives wrong intervals, and debug builds panic.
#[must_use]
pub fn reliability(observations: &[Observation], fit: &Fit, goal: &Goal<'_>, tuned: &Tuned) -> Reliability {
    debug_assert!(
        tuned.sketch.is_of(goal.done_time, goal.deadline),
        "tuned for another distribution, or for another deadline"
    );
    let row = tuned.recommended();
    let resampler = if observations.len() > MOST_DRAWN { Resampler::of(fit) } else { None };
    let one = |resample: usize| {
        let mut draws = Keys::new(SEED, 0, "bootstrap").draws(Stream::Truth, resample as u64);
        let (parameters, checks) = match &resampler {
            Some(resampler) => tuned_again(resampler.distribution(&mut draws), goal, row)?,
            None => {
                let (parameters, checks, _) =
                    tuned_for(Fit::of(&drawn(observations, &mut draws)).ok()?.blend, goal, row.family)?;
                (parameters, checks)
            }
        };
        let cost = goal.expected(&checks, &tuned.sketch).cost(&goal.weights);
        Some((parameters.iter().map(|(_, value)| *value).collect::<Vec<f64>>(), cost))
    };
    let found: Vec<(Vec<f64>, f64)> = each(RESAMPLES, one).into_iter().flatten().collect();
    let interval = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let rank = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        [rank(0.05), rank(0.95)]
    };
    let enough = found.len() >= RESAMPLES / 2;
    let names = row.parameters.iter().map(|(name, _)| *name).enumerate();
    Reliability {
        count: observations.len(),
        parameters: names
            .filter(|_| enough)
            .map(|(at, name)| (name, interval(found.iter().map(|(parameters, _)| parameters[at]).collect())))
            .collect(),
        cost: enough.then(|| interval(found.iter().map(|(_, cost)| *cost).collect())),
        held_out: held_out(observations, goal, row.family),
    }
}

/// Observations drawn from these with replacement.
fn drawn(observations: &[Observation], draws: &mut Draws) -> Vec<Observation> {
    let count = observations.len();
    let place = |draws: &mut Draws| ((draws.uniform() * count as f64) as usize).min(count - 1);
    (0..count.min(MOST_DRAWN)).map(|_| observations[place(draws)]).collect()
}

/// The best of a family for a distribution, and its expected cost under it.
fn tuned_for(distribution: Distribution, goal: &Goal<'_>, family: Family) -> Option<(Parameters, Checks, f64)> {
    let done_time = DoneTime::of(distribution);
    let goal = Goal { done_time: &done_time, ..goal.clone() };
    let sketch = Sketch::roughly(&done_time, goal.deadline);
    let optimum = goal.optimum_roughly(&sketch)?;
    if family == Family::Optimal {
        let cost = goal.expected(&optimum, &done_time).cost(&goal.weights);
        return Some((Vec::new(), optimum, cost));
    }
    let (parameters, checks) =
        search::best(&goal, &sketch, &Landmarks::of(&done_time), family, &optimum, Effort::LIGHT)?;
    let cost = goal.expected(&checks, &sketch).cost(&goal.weights);
    Some((parameters, checks, cost))
}

/// The best of a row's family for a distribution that is nearly the one which the row is the best for: a large sample moves it by so
/// little that what is best stays near, and is looked for there only.
fn tuned_again(distribution: Distribution, goal: &Goal<'_>, row: &TuneRow) -> Option<(Parameters, Checks)> {
    let done_time = DoneTime::of(distribution);
    let goal = Goal { done_time: &done_time, ..goal.clone() };
    let sketch = Sketch::roughly(&done_time, goal.deadline);
    if row.family == Family::Optimal {
        return Some((Vec::new(), goal.optimum_for_drawing(&sketch)?));
    }
    let known: Vec<f64> = row.parameters.iter().map(|(_, value)| *value).collect();
    search::near(&goal, &sketch, row.family, &known)
}

/// Every third observation is kept apart, in the order of the file.
fn held_out(observations: &[Observation], goal: &Goal<'_>, family: Family) -> Option<HeldOut> {
    let apart = |at: usize| at % 3 == 2;
    let exact = |observation: &Observation| match *observation {
        Observation::Exact(at) => Some(Micros::from_f64(at)),
        Observation::Within(..) | Observation::Beyond(_) | Observation::Entered { .. } => None,
    };
    let (mut rest, mut held) = (Vec::new(), Vec::new());
    // Of very many every so-manieth will do.
    let stride = observations.len().div_ceil(MOST_HELD_OUT).max(1);
    for (at, observation) in observations.iter().step_by(stride).enumerate() {
        if apart(at) {
            held.extend(exact(observation));
        } else {
            rest.push(*observation);
        }
    }
    if held.len() < FEWEST_HELD_OUT {
        return None;
    }
    let (_, checks, predicted) = tuned_for(Fit::of(&rest).ok()?.blend, goal, family)?;
    let count = held.len();
    let done_time = DoneTime::of(Distribution::empirical(held).ok()?);
    let weights: CostWeights = goal.weights;
    let found = goal.expected(&checks, &done_time).cost(&weights);
    Some(HeldOut { count, predicted, found })
}
