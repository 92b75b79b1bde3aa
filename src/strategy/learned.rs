//! The `learned` strategy: the best schedule for the distribution that finished tasks have shown so far.
//!
//! A [`Learner`] is told how long tasks of one model took, from their creation to their end as the service states it, so
//! that what it learns does not depend on how it polled. Below [`FEWEST`] observations it waits as the guide does; from
//! then on by the [optimal schedule](crate::inspection) for a [fitted distribution](crate::fit), with a little of a wide distribution mixed
//! in, since a few tasks cannot rule out a slow one. It plans again as the observations have grown by half, or half of
//! its window is new. The window lets it follow a service that changes slowly; where the last observations are plainly of
//! another distribution than those before, these are forgotten at once, and it plans again. Where that is not plain, but the plan in
//! force has cost far more on the last tasks than a first wait and equal gaps would have, and more than before, all before
//! these is forgotten too.
//!
//! It is pure: what became known, and when, comes in as arguments, and a plan made at an instant rests on what was known
//! by then, taken in the order in which it became known.
//!
//! ```
//! use pollbench::fit::Observation;
//! use pollbench::strategy::learned::{Learner, Learning};
//! use pollbench::time::Micros;
//!
//! let mut learner = Learner::new(&Learning::default().strategy(), "sora-2");
//! for (task, seconds) in [180, 204, 171, 166, 223, 190].into_iter().enumerate() {
//!     let known = Micros::from_secs(300 * task as u64 + seconds);
//!     learner.tell(known, task as u64, Observation::Exact(seconds as f64 * 1e6));
//! }
//! assert_eq!(learner.observations(), 0, "nothing is taken in before a wait starts");
//! let strategy = learner.plan(Micros::from_secs(3_600)).clone();
//! assert_eq!(learner.observations(), 6);
//! assert_ne!(strategy.pace("sora-2"), Learning::default().strategy().pace("sora-2"));
//! ```

use crate::fit::{Fit, Observation};
use crate::inspection::{CostWeights, DoneTime, ScheduleProblem, Sketch};
use crate::strategy::change::alike;
pub use crate::strategy::composition::Learning;
use crate::strategy::composition::{Limit, Recovery, Sharing, Strategy, Tolerance};
use crate::strategy::guide::adaptive_until;
use crate::strategy::hindsight::overpaid;
use crate::strategy::planned::table;
use crate::time::{Micros, Span};
use crate::world::distribution::Distribution;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Its name.
pub const NAME: &str = "learned";
/// Observations before the first plan of its own.
pub const FEWEST: u64 = 5;
/// Numbers of observations after which the plan in force is kept for the learning curve.
pub const MILESTONES: [u64; 5] = [5, 20, 50, 100, 1_000];

/// No learner counts further: whoever says so in a file is not believed.
const MOST: u64 = 1 << 48;
/// A change is looked for so many times while a window is filled.
const LOOKS: u64 = 200;
/// Observations that the wide distribution counts for.
const PRIOR_WEIGHT: f64 = 1.5;
/// Standard deviation of the logarithm of the wide distribution. Of weights from 0.25 to 3 and deviations from 0.6 to 1.3 these
/// are cheapest after twenty observations over one hump, two humps and slow tails together.
const PRIOR_SIGMA: f64 = 0.8;

/// 200 observations fix a plan to about a quarter of a per cent of cost; a poll costs as much as ten seconds of delay.
impl Default for Learning {
    fn default() -> Self {
        let window = NonZeroU32::MIN.saturating_add(199);
        Self { window, weights: CostWeights { poll: 1.0, delay_per_s: 0.1 } }
    }
}

impl Learning {
    /// The strategy that learns so: until it has learnt, the guide's settings; until half an hour by the clock, because
    /// one who gives up early never sees how long tasks take; errors are polled over.
    #[must_use]
    pub fn strategy(self) -> Strategy {
        Strategy {
            name: NAME.to_owned(),
            about: "learns each model's times from finished tasks and polls at the best instants for them; the guide's settings for the first five"
                .to_owned(),
            recovery: Recovery::Tolerant(Tolerance::default()),
            sharing: Sharing::Learned(self),
            ..adaptive_until(Span::secs(1_800))
        }
    }
}

/// What has been learnt of one model, and what is to be done about it.
#[derive(Debug, Clone)]
pub struct Learner {
    learning: Learning,
    model: String,
    /// What is followed: each wait on its own.
    in_force: Arc<Strategy>,
    /// The last observations, oldest first.
    seen: VecDeque<Observation>,
    /// Observations ever.
    total: u64,
    /// Observations ever, and those that were remembered, at the last plan.
    planned_at: u64,
    planned_with: u64,
    /// What is known and not yet taken in, by instant and task.
    news: BTreeMap<(Micros, u64), Observation>,
    /// The tasks of `seen` that were told by number, oldest first, and all of these and of `news`: each counts once.
    taken_in: VecDeque<u64>,
    counted: BTreeSet<u64>,
    milestones: Vec<(u64, Arc<Strategy>)>,
    /// Observations that were forgotten because the service has changed since.
    forgotten: u64,
    /// How often the plan in force was dropped because it cost too much.
    clamped: u64,
    /// Taken up from an earlier run, and not planned since.
    is_resumed: bool,
}

/// What survives of a [`Learner`] between two runs of a program.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(any(feature = "net", feature = "engine"), derive(serde::Serialize, serde::Deserialize))]
pub struct Learnt {
    /// Observations ever.
    pub total: u64,
    /// Durations in microseconds of the remembered tasks that ended, oldest first, and where one gave up, how long it had
    /// waited by then and `true`.
    pub seen: Vec<(f64, bool)>,
}

impl Learner {
    /// Knows nothing yet. A strategy that does not learn is followed as it is.
    #[must_use]
    pub fn new(strategy: &Strategy, model: &str) -> Self {
        let learning = match strategy.sharing {
            Sharing::Learned(learning) => learning,
            Sharing::Alone | Sharing::LockStep { .. } | Sharing::Limiter(_) | Sharing::Batch(_) => Learning::default(),
        };
        let mut alone = Strategy { per_model: BTreeMap::new(), sharing: Sharing::Alone, ..strategy.clone() };
        strategy.pace(model).clone_into(&mut alone.pace);
        Self {
            learning,
            model: model.to_owned(),
            in_force: Arc::new(alone),
            seen: VecDeque::new(),
            total: 0,
            planned_at: 0,
            planned_with: 0,
            news: BTreeMap::new(),
            taken_in: VecDeque::new(),
            counted: BTreeSet::new(),
            milestones: Vec::new(),
            forgotten: 0,
            clamped: 0,
            is_resumed: false,
        }
    }

    /// Takes up what an earlier learner knew. The first [`plan`](Self::plan) plans by it.
    #[must_use]
    pub fn resumed(strategy: &Strategy, model: &str, learnt: &Learnt) -> Self {
        let mut learner = Self::new(strategy, model);
        let usable = |(at, _): &&(f64, bool)| (0.0..=Micros::LONGEST.get() as f64).contains(at);
        let window = learner.learning.window.get() as usize;
        let remembered: Vec<_> = learnt.seen.iter().filter(usable).collect();
        learner.seen = remembered[remembered.len().saturating_sub(window)..]
            .iter()
            .map(|(at, gave_up)| if *gave_up { Observation::Beyond(*at) } else { Observation::Exact(*at) })
            .collect();
        learner.total = learnt.total.clamp(learner.seen.len() as u64, MOST);
        learner.is_resumed = learner.total >= FEWEST;
        learner
    }

    /// What is to be kept for later: what has been taken in, and what is known beside it.
    #[must_use]
    pub fn learnt(&self) -> Learnt {
        let all = self.seen.iter().chain(self.news.values());
        let seen = all
            .map(|observation| match *observation {
                Observation::Exact(at) => (at, false),
                Observation::Within(low, high) => ((low * high).sqrt(), false),
                Observation::Beyond(at) => (at, true),
                Observation::Entered { at, is_over, .. } => (at, !is_over),
            })
            .collect();
        Learnt { total: self.total.saturating_add(self.news.len() as u64), seen }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Observations taken in so far.
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.total
    }

    /// Observations that were forgotten because the service has changed since.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How often the plan in force was dropped, with all but the last observations, because a first wait and equal gaps would have
    /// cost far less on these.
    #[must_use]
    pub fn clamped(&self) -> u64 {
        self.clamped
    }

    /// Plans in force after each of [`MILESTONES`] observations that was reached.
    #[must_use]
    pub fn milestones(&self) -> &[(u64, Arc<Strategy>)] {
        &self.milestones
    }

    /// Something became known of task `task` at `known`. A task counts once, as it was told first, as long as it is
    /// remembered.
    pub fn tell(&mut self, known: Micros, task: u64, observation: Observation) {
        if self.counted.insert(task) {
            self.news.insert((known, task), observation);
        }
    }

    /// Whether [`plan`](Self::plan) may have to plan again, which takes milliseconds: something that was known by `now` is
    /// not yet taken in, or what an earlier run knew was never planned by.
    #[must_use]
    pub fn is_to_plan(&self, now: Micros) -> bool {
        self.is_resumed || self.news.first_key_value().is_some_and(|((known, _), _)| *known <= now)
    }

    /// What is followed as long as nothing is taken in.
    #[must_use]
    pub fn in_force(&self) -> &Arc<Strategy> {
        &self.in_force
    }

    /// How a wait that starts at `now` is to be waited.
    pub fn plan(&mut self, now: Micros) -> &Arc<Strategy> {
        if std::mem::take(&mut self.is_resumed) {
            self.plan_again();
        }
        while let Some(entry) = self.news.first_entry()
            && entry.key().0 <= now
        {
            let ((_, task), observation) = entry.remove_entry();
            self.take_in(task, observation);
        }
        &self.in_force
    }

    fn take_in(&mut self, task: u64, observation: Observation) {
        let window = self.learning.window.get() as usize;
        if self.seen.len() == window {
            self.seen.pop_front();
        }
        if self.taken_in.len() == window
            && let Some(forgotten) = self.taken_in.pop_front()
        {
            self.counted.remove(&forgotten);
        }
        self.seen.push_back(observation);
        self.taken_in.push_back(task);
        self.total += 1;
        let has_changed = self.forget() || self.clamp();
        let (since, half) = (self.total - self.planned_at, window as u64 / 2);
        if self.total >= FEWEST && (has_changed || 2 * since >= self.planned_with || since >= half.max(1)) {
            self.plan_again();
        }
        if MILESTONES.contains(&self.total) {
            self.milestones.push((self.total, Arc::clone(&self.in_force)));
        }
    }

    /// Forgets what was seen before the service changed, if it has.
    fn forget(&mut self) -> bool {
        // In a long window not after each observation.
        if !self.total.is_multiple_of((self.seen.len() as u64 / LOOKS).max(1)) {
            return false;
        }
        let old = self.seen.len() - alike(self.seen.iter());
        self.seen.drain(..old);
        self.forgotten += old as u64;
        old > 0
    }

    /// Drops the plan in force, and all but the last observations, if it cost far more on these than it had to.
    fn clamp(&mut self) -> bool {
        let schedule = &self.in_force.pace.schedule;
        let Some(kept) = overpaid(schedule, self.learning.weights, self.total, self.seen.iter()) else { return false };
        let old = self.seen.len().saturating_sub(kept);
        self.seen.drain(..old);
        self.clamped += u64::from(old > 0);
        old > 0
    }

    fn plan_again(&mut self) {
        (self.planned_at, self.planned_with) = (self.total, self.seen.len() as u64);
        // In order of size, so that the same observations give the same plan whichever came first.
        let mut sample: Vec<Observation> = self.seen.iter().copied().collect();
        let key = |observation: &Observation| match *observation {
            Observation::Exact(at)
            | Observation::Within(at, _)
            | Observation::Beyond(at)
            | Observation::Entered { at, .. } => at,
        };
        sample.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let Some(distribution) = Fit::of(&sample).ok().and_then(|fit| cautious(&fit.blend, sample.len())) else {
            return;
        };
        let done_time = DoneTime::of(distribution);
        let Ok(problem) = ScheduleProblem::new(&done_time, self.learning.weights) else { return };
        let (problem, end) = match self.in_force.pace.limit {
            Limit::WallClock(deadline) => {
                let deadline = deadline.get().get() as f64;
                (problem.deadline(deadline), Some(deadline))
            }
            Limit::None | Limit::Attempts(_) | Limit::SumOfSleeps(_) => (problem, None),
        };
        let mut next = Strategy::clone(&self.in_force);
        next.pace.schedule = table(&problem.solve_roughly(&Sketch::roughly(&done_time, end)));
        self.in_force = Arc::new(next);
    }
}

/// What a finished task teaches by its `createTime` and `completeTime`, in Unix milliseconds.
#[must_use]
pub fn stated(create_time_ms: u64, complete_time_ms: u64) -> Observation {
    Observation::Exact(complete_time_ms.saturating_sub(create_time_ms) as f64 * 1e3)
}

/// What a task teaches on which a wait gave up: the poll sent so long after its start still found it unfinished.
#[must_use]
pub fn unfinished_after(time: Micros) -> Observation {
    Observation::Beyond(time.get() as f64)
}

/// The distribution with a little of a wide one, less as observations grow.
fn cautious(distribution: &Distribution, count: usize) -> Option<Distribution> {
    let share = PRIOR_WEIGHT / (count as f64 + FEWEST as f64);
    let median = distribution.quantile(0.5).max(1.0);
    let wide =
        Distribution::build("lognormal", |name| Some(if name == "median" { median } else { PRIOR_SIGMA })).ok()?;
    Distribution::mixture(vec![(1.0 - share, distribution.clone()), (share, wide)]).ok()
}
