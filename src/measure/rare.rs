//! Rare events: what a plan says of a cell before it is run, where a run may be too short to show it.

use crate::inspection::CostWeights;
use crate::measure::interval::{Z95, at_most_missed};

/// So many of an event are expected in a run that shows how they spread. Of fewer, a run that has few by chance shows little
/// spread as well, and its interval lies too low.
const SHOWN: f64 = 50.0;
/// So many tasks that an overload struck are more than one chance meeting.
const SEEN: f64 = 10.0;
/// So many bad spells of random weather a run must expect.
const SPELLS: f64 = 15.0;
/// Of so many struck tasks, what a rule that comes and goes does to one in fifty is seen a few times.
const STRUCK: u64 = 200;
/// So many times as many a run must expect. Where it expects about as many, those few that have them by chance had worse
/// weather than others, and their intervals would tell of that.
const EXPECTED: f64 = 1.2;
/// So many lock-step pools, of which one failure ends all of one.
const POOLS: u64 = 500;
/// So many observations make a mean whose distribution is near enough to normal; half of the tasks where those are fewer.
const ENOUGH: u64 = 100;

/// Whether `known` of so many tasks are enough for the mean of what is known of them.
pub(super) fn are_enough(known: u64, tasks: u64) -> bool {
    known >= ENOUGH.min(tasks / 2)
}

/// What is rare in a cell, and weighs much: a run that met none of it would look too sure.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RareEvents {
    /// Share of tasks that never end.
    pub endless: f64,
    /// Polls of each of them, in a calm world.
    pub polls: u64,
    /// Share of tasks that end after the wait has looked for the last time, and by the horizon.
    pub late: f64,
    /// From there to the horizon, in microseconds: what each of these is charged.
    pub late_delay_us: u64,
    /// A fault may strike the cell.
    pub may_be_struck: bool,
    /// The longest time between two looks at a task, in microseconds: a fault can make it wait through that.
    pub longest_gap_us: u64,
    /// How late a task is charged, in microseconds, whose wait an overload of a limit ends; 0 where none ends a wait.
    pub overload_delay_us: u64,
    /// Tasks of a lock-step pool; 1 where each waits for itself.
    pub pool: u64,
    /// Tasks that one spell of bad weather, or one overload of a limit, strikes together; 1 where there is none.
    pub at_once: u64,
    /// Bad spells of the rarest random weather that strikes the cell, on average in one replicate.
    pub spells: Option<f64>,
    /// Share of tasks that rules which come and go are expected to strike; `None` where there is no such rule.
    pub struck: Option<f64>,
}

impl RareEvents {
    /// What of it differs between two strategies on the same tasks. Whether enough has been met is asked of each by itself.
    #[must_use]
    pub fn unlike(&self, other: &Self) -> Self {
        Self {
            polls: self.polls.abs_diff(other.polls),
            late: (self.late - other.late).abs(),
            late_delay_us: self.late_delay_us.max(other.late_delay_us),
            may_be_struck: self.may_be_struck || other.may_be_struck,
            longest_gap_us: self.longest_gap_us.max(other.longest_gap_us),
            at_once: self.at_once.max(other.at_once),
            ..*self
        }
    }

    /// Whether so many replicates, with so many tasks and struck ones, have met enough of what is rare to show how it spreads.
    #[must_use]
    pub fn have_been_met(&self, replicates: u64, tasks: u64, struck: u64) -> bool {
        let spells = self.spells.is_none_or(|spells| spells * replicates as f64 >= SPELLS);
        let pools = self.pool <= 1 || !self.may_be_struck || tasks >= POOLS * self.pool;
        let is_expected = |share: f64| share * tasks as f64 >= EXPECTED * STRUCK as f64;
        spells && pools && self.struck.is_none_or(|share| is_expected(share) && struck >= STRUCK)
    }

    /// Share of `n` tasks that a wait can be expected to miss in a calm world: hardly any run has more.
    pub(super) fn missed(&self, n: u64) -> f64 {
        let share = self.endless + self.late;
        share + 2.0 * (share * (1.0 - share) / n.max(1) as f64).sqrt()
    }

    /// The variance that tasks which a wait gives up on give to a mean of `n` tasks, where each endless one counts
    /// `endless` more than others, and each late one `late`.
    fn variance(&self, n: u64, endless: f64, late: f64) -> f64 {
        let n = n.max(1) as f64;
        let part = |share: f64, more: f64| {
            // So many show their spread themselves; unless faults end most of those waits before.
            let is_shown = share * n >= SHOWN && !self.may_be_struck;
            if is_shown { 0.0 } else { share * (1.0 - share) * more * more / n }
        };
        part(self.endless, endless) + part(self.late, late)
    }

    /// The standard error that these give to a mean number of polls, others having sent `usual` each.
    pub(super) fn of_polls(&self, n: u64, usual: f64) -> f64 {
        self.variance(n, self.polls as f64 - usual, 0.0).sqrt()
    }

    /// The same for a mean cost.
    pub(super) fn of_cost(&self, n: u64, usual: f64, weights: &CostWeights) -> f64 {
        let more = weights.poll * (self.polls as f64 - usual);
        let error = self.variance(n, more, weights.delay_per_us() * self.late_delay_us as f64).sqrt();
        error.max(weights.delay_per_us() * self.farthest(n) / Z95)
    }

    /// The same where an overload of a limit would end waits, and hardly any was met.
    pub(super) fn of_overload(&self, n: u64, struck: u64, weights: &CostWeights) -> f64 {
        let charged = weights.delay_per_us() * self.overload_delay_us as f64;
        if struck as f64 >= SEEN { 0.0 } else { charged * self.unseen(n) / Z95 }
    }

    /// The same for a mean delay or latency in microseconds.
    pub(super) fn of_delay(&self, n: u64) -> f64 {
        self.farthest(n) / Z95
    }

    /// How far tasks that wait through the longest gap, and that none of `n` did, can move a mean delay in microseconds.
    fn farthest(&self, n: u64) -> f64 {
        self.unseen(n) * self.longest_gap_us as f64
    }

    /// How large a share of `n` tasks may have been struck by something that struck none.
    pub(super) fn unseen(&self, n: u64) -> f64 {
        if self.may_be_struck { at_most_missed(n / self.at_once.max(1)) } else { 0.0 }
    }
}
