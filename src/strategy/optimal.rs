//! The `optimal` strategy: for each model the schedule of least expected cost for its law, as a table of instants.
//!
//! It needs to be told the law, so it is no preset of [`presets`](super::presets): whoever knows the models makes it.

use crate::inspection::{Checks, CostWeights, DoneLaw, Problem, UnsolvableProblem};
use crate::strategy::composition::{Limit, Pace, Recovery, Schedule, Strategy, Tolerance};
use crate::strategy::guide::adaptive_until;
use crate::time::{Micros, Span};
use std::collections::BTreeMap;

/// Its name.
pub const NAME: &str = "optimal";

/// What it does.
pub const ABOUT: &str = "the instants of least expected cost for the law of each model, a last poll before the horizon; errors are polled over";

/// The pace of least expected cost for `law`, with its last poll at `deadline`.
///
/// # Errors
///
/// The weights are not both positive.
pub fn pace(law: &DoneLaw, weights: CostWeights, deadline: Micros) -> Result<Pace, UnsolvableProblem> {
    let problem = Problem::new(law, weights)?.deadline(deadline.get().max(1) as f64);
    Ok(Pace { schedule: table(&problem.solve()), limit: Limit::WallClock(Span::nearest(deadline)) })
}

/// The strategy that asks each of these models at its best instants, and any other one as the guide would; errors are
/// polled over.
///
/// # Errors
///
/// The weights are not both positive.
pub fn strategy<'a>(
    laws: impl IntoIterator<Item = (&'a str, &'a DoneLaw)>,
    weights: CostWeights,
    deadline: Micros,
) -> Result<Strategy, UnsolvableProblem> {
    let paces = laws.into_iter().map(|(model, law)| Ok((model.to_owned(), pace(law, weights, deadline)?)));
    let per_model = paces.collect::<Result<BTreeMap<_, _>, _>>()?;
    Ok(Strategy {
        name: NAME.to_owned(),
        about: ABOUT.to_owned(),
        per_model,
        recovery: Recovery::Tolerant(Tolerance::default()),
        ..adaptive_until(Span::nearest(deadline))
    })
}

/// When a wait under a horizon of `horizon` should ask for the last time, so that the answer to that poll comes in time:
/// one attempt before it, or a twentieth where that is less.
#[must_use]
pub fn last_poll(horizon: Micros) -> Micros {
    let margin = Tolerance::default().attempt_timeout().min(Micros::new(horizon.get() / 20));
    horizon - margin
}

/// A schedule of whole microseconds. A task is done at a whole microsecond too, so an instant is rounded up to see what
/// it was meant to see.
#[must_use]
pub fn table(checks: &Checks) -> Schedule {
    let mut instants: Vec<Micros> = Vec::with_capacity(checks.instants.len());
    for at in &checks.instants {
        // What lies a hair above a whole number is that number.
        let at = Micros::from_f64((at - 1e-3).ceil());
        if instants.last().is_none_or(|last| at > *last) {
            instants.push(at);
        }
    }
    // Where everything is done at the start there is nothing to ask for before the deadline.
    Schedule::table(instants).unwrap_or_else(|_| Schedule::at_once_and_every(Span::nearest(Micros::LONGEST)))
}
