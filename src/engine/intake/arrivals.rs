//! When tasks are submitted: intended submits, drawn by the keys of their tasks.

use crate::engine::plan::Plan;
use crate::time::Micros;
use crate::world::arrivals::Arrivals;
use crate::world::draws::{Keys, Stream};
use rand_distr::{Distribution as _, Exp1};

/// Intended submits of one model, in order.
#[derive(Debug, Clone)]
pub(crate) struct ArrivalClock<'s> {
    arrivals: &'s Arrivals,
    keys: &'s Keys,
    next: u64,
    last: Micros,
    /// Mean gap in microseconds, where gaps are random.
    mean: f64,
    /// The next submits, where they are known already.
    pub(super) ahead: &'s [Micros],
}

impl<'s> ArrivalClock<'s> {
    /// Starts before task `next`, at time zero where gaps are random.
    #[must_use]
    pub(crate) fn new(arrivals: &'s Arrivals, keys: &'s Keys, next: u64) -> Self {
        let mean = match arrivals {
            Arrivals::Poisson(rate) => rate.gap_us(),
            Arrivals::Constant(_) | Arrivals::Burst | Arrivals::Trace(_) => 0.0,
        };
        Self { arrivals, keys, next, last: Micros::ZERO, mean, ahead: &[] }
    }

    /// Whether every submit is known by its number.
    #[must_use]
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self.arrivals, Arrivals::Poisson(_))
    }

    /// The next submit.
    #[inline(always)]
    pub(crate) fn tick(&mut self) -> Micros {
        if let [submit, ahead @ ..] = self.ahead {
            self.ahead = ahead;
            return *submit;
        }
        let task = self.next;
        self.next += 1;
        self.last = match self.arrivals {
            Arrivals::Poisson(_) => {
                let gap: f64 = Exp1.sample(&mut self.keys.draws(Stream::Arrival, task));
                self.last + Micros::from_f64(gap * self.mean)
            }
            Arrivals::Constant(rate) => Micros::from_f64((task + 1) as f64 * rate.gap_us()),
            Arrivals::Burst => Micros::ZERO,
            Arrivals::Trace(recorded) => recorded.instant(task),
        };
        self.last
    }
}

/// The keys of every model of a plan in one replicate.
#[must_use]
pub(crate) fn keys(plan: &Plan<'_>, replicate: u32) -> Vec<Keys> {
    plan.models.iter().map(|model| Keys::new(plan.scenario.seed, replicate, &model.model.name)).collect()
}
