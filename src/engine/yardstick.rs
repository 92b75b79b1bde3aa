//! What no polling strategy can do better than: the least expected cost of waiting for a model's tasks.

use crate::inspection::{Checks, CostWeights, DoneTime, ScheduleProblem, Sketch};
use crate::memo::Memo;
use crate::strategy::calm::checks;
use crate::strategy::composition::Strategy;
use crate::strategy::planned::last_poll;
use crate::time::Micros;
use crate::world::model::Model;
use std::sync::{Arc, OnceLock};

/// Ratios of the cost of a poll to that of a second of delay at which the floor of the Pareto chart is drawn.
const FLOOR_POINTS: usize = 24;
/// The same where the floor has to keep up with a hand.
const ROUGH_FLOOR_POINTS: usize = 9;
/// The least and the greatest of them, relative to the scenario's own.
const FLOOR_RANGE: (f64, f64) = (1e-3, 1e2);

/// Those of models that were asked for lately: scenarios of a grid have most of theirs in common.
static KNOWN: Memo<(DoneTime, CostWeights, Micros), Option<Arc<Yardstick>>> = Memo::new();

/// The distribution of a model's tasks, and the least expected cost of a wait in a world without faults and round trips.
#[derive(Debug, Clone)]
pub struct Yardstick {
    done_time: DoneTime,
    weights: CostWeights,
    horizon: f64,
    solved: OnceLock<Solved>,
    floor: OnceLock<Vec<(f64, f64)>>,
    rough_floor: OnceLock<Vec<(f64, f64)>>,
}

/// What takes time to find, and is found when it is first asked for.
#[derive(Debug, Clone)]
struct Solved {
    /// The distribution to look up, until the horizon.
    sketch: Sketch,
    least: f64,
}

impl Yardstick {
    /// The yardstick of `model`; `None` where tasks wait for workers, whose distribution is not known, or a weight is zero.
    #[must_use]
    pub fn new(model: &Model, weights: &CostWeights, horizon: Micros) -> Option<Arc<Self>> {
        if model.workers.is_some() {
            return None;
        }
        let question = (DoneTime::of_model(model), *weights, horizon);
        KNOWN.answer(&question, || Self::of(question.0.clone(), weights, horizon).map(Arc::new))
    }

    fn of(done_time: DoneTime, weights: &CostWeights, horizon: Micros) -> Option<Self> {
        let horizon = horizon.get().max(1) as f64;
        ScheduleProblem::new(&done_time, *weights).ok()?;
        let (floor, rough_floor) = (OnceLock::new(), OnceLock::new());
        Some(Self { done_time, weights: *weights, horizon, solved: OnceLock::new(), floor, rough_floor })
    }

    fn solved(&self) -> &Solved {
        self.solved.get_or_init(|| {
            let Self { done_time, weights, horizon, .. } = self;
            let sketch = Sketch::of(done_time, Some(*horizon));
            // A last poll at the horizon tells nothing new of tasks that are not done by then; who does not make it is
            // charged as if, for those that are.
            let last_poll = weights.poll * (1.0 - done_time.below(*horizon));
            let problem = ScheduleProblem::new(done_time, *weights).map(|problem| problem.deadline(*horizon));
            let cost = problem.map_or(f64::INFINITY, |problem| self.cost(&problem.solve_by(&sketch)));
            Solved { sketch, least: cost - last_poll }
        })
    }

    /// Least expected cost of a task.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.solved().least
    }

    /// The distribution of the done-instant.
    #[must_use]
    pub fn distribution(&self) -> &DoneTime {
        &self.done_time
    }

    /// Exact expected cost of waiting at these instants, in the same world.
    #[must_use]
    pub fn cost(&self, checks: &Checks) -> f64 {
        checks.cost(&self.done_time, &self.weights, Some(self.horizon))
    }

    /// Exact expected cost of a strategy over that of the best one that, like it, asks for the last time at the horizon;
    /// minus 1. `None` where it has no exact expectation.
    #[must_use]
    pub fn excess(&self, strategy: &Strategy, model: &str) -> Option<f64> {
        let checks = checks(strategy, model, Micros::from_f64(self.horizon))?;
        let last_poll = self.weights.poll * (1.0 - self.done_time.below(self.horizon));
        Some(self.cost(&checks) / (self.least() + last_poll) - 1.0)
    }

    /// Polls of a task, and seconds of delay, of the best schedules for other ratios of the weights, from few polls to
    /// many: what no polling strategy can be below and left of.
    #[must_use]
    pub fn floor(&self) -> &[(f64, f64)] {
        self.floor.get_or_init(|| {
            let sketch = &self.solved().sketch;
            self.drawn(FLOOR_POINTS, (sketch, self.horizon), |problem| problem.solve_for_drawing(sketch))
        })
    }

    /// Fewer of them, from a coarser look at the distribution: up to the last poll of planned strategies, whose look they share.
    #[must_use]
    pub fn rough_floor(&self) -> &[(f64, f64)] {
        self.rough_floor.get_or_init(|| {
            let end = last_poll(Micros::from_f64(self.horizon)).get() as f64;
            let sketch = Sketch::at_hand(&self.done_time, end);
            self.drawn(ROUGH_FLOOR_POINTS, (&sketch, end), |problem| problem.solve_at_a_glance(&sketch))
        })
    }

    fn drawn(
        &self,
        points: usize,
        (sketch, end): (&Sketch, f64),
        solve: impl Fn(&ScheduleProblem<'_>) -> Checks,
    ) -> Vec<(f64, f64)> {
        let (least, greatest) = FLOOR_RANGE;
        let ratios = (0..points).rev().map(|at| at as f64 / (points - 1) as f64);
        let points = ratios.filter_map(|share| {
            let poll = self.weights.poll * least * (greatest / least).powf(share);
            let weights = CostWeights { poll, ..self.weights };
            let best = solve(&ScheduleProblem::new(&self.done_time, weights).ok()?.deadline(end));
            let expected = best.expected(sketch, Some(end), 0.0);
            Some((expected.polls, expected.delay()? / 1e6))
        });
        points.collect()
    }
}
