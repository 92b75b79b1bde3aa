//! Instants of polls, and the exact expectation of what they cost.

use crate::inspection::done_time::{Cumulative, DoneTime};
use crate::inspection::weights::CostWeights;

/// A schedule is followed until so few tasks are unknown.
const RARE: f64 = 1e-11;
/// What sums of probabilities may be off by.
const ROUNDING: f64 = 1e-13;
/// Most polls that are followed one by one; what comes later is summed up as an integral.
const MOST_POLLS: usize = 4_000;
/// Most polls that are listed up to a deadline.
const MOST_LISTED: usize = 200_000;

/// Instants of polls since the start of a wait, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Checks {
    /// Strictly ascending, in microseconds, not empty.
    pub instants: Vec<f64>,
    /// What follows the last of them.
    pub then: AfterLast,
}

/// What follows the last poll of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AfterLast {
    /// The last gap repeats forever; the first wait, where there is only one poll.
    Repeat,
    /// Polls at this gap in microseconds, forever.
    Every(f64),
    /// Nothing: the wait ends with the last poll.
    GiveUp,
    /// The wait ends at this instant, without another poll.
    GiveUpAt(f64),
}

/// What is expected of a wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Polls of a task.
    pub polls: f64,
    /// Delay in microseconds times the probability of knowing.
    pub delay_mass: f64,
    /// Probability that the wait ends with the state known.
    pub known: f64,
    /// Probability that the task ends by the horizon and is not known: it is charged a further poll and the delay to the
    /// horizon.
    pub unknown: f64,
    /// Delay to the horizon in microseconds of those, times their probability.
    pub unknown_delay_mass: f64,
    /// How waits end that give up.
    pub timeouts: Timeouts,
}

/// Probabilities of giving up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Timeouts {
    /// On a task that was done.
    pub missed: f64,
    /// On a task that is done later.
    pub impatient: f64,
    /// On a task that never ends.
    pub never: f64,
}

impl Timeouts {
    /// Probability of giving up at all.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.missed + self.impatient + self.never
    }
}

impl Expected {
    /// Mean delay in microseconds of the tasks that become known; `None` if none does.
    #[must_use]
    pub fn delay(&self) -> Option<f64> {
        (self.known > 0.0).then(|| self.delay_mass / self.known)
    }

    /// Expected cost.
    #[must_use]
    pub fn cost(&self, weights: &CostWeights) -> f64 {
        weights.poll * (self.polls + self.unknown)
            + weights.delay_per_us() * (self.delay_mass + self.unknown_delay_mass)
    }
}

impl Checks {
    /// The `index`-th poll.
    fn at(&self, index: usize) -> Option<f64> {
        if let Some(at) = self.instants.get(index) {
            return Some(*at);
        }
        let last = *self.instants.last()?;
        Some(last + self.gap()? * (index + 1 - self.instants.len()) as f64)
    }

    /// The gap that repeats after the last instant.
    fn gap(&self) -> Option<f64> {
        match self.then {
            AfterLast::GiveUp | AfterLast::GiveUpAt(_) => None,
            AfterLast::Every(gap) => Some(gap),
            AfterLast::Repeat => Some(match self.instants.as_slice() {
                [.., before, last] => last - before,
                [only] => only.max(1.0),
                [] => return None,
            }),
        }
    }

    /// The exact expectation under `done_time`, where each poll tells nothing with probability `loss`, independently. A task
    /// that ends by `horizon` and is not known by then is charged for it; without a horizon it is not. Polls that go on for
    /// ever do so until the horizon.
    #[must_use]
    pub fn expected(&self, done_time: &impl Cumulative, horizon: Option<f64>, loss: f64) -> Expected {
        let gap = self.gap();
        let mut sums = Sums { all: if gap.is_some() { done_time.ends() } else { 1.0 }, ..Sums::default() };
        let end = horizon.filter(|_| gap.is_some()).unwrap_or(f64::INFINITY);
        let mut index = 0;
        while let Some(at) = self.at(index).filter(|at| *at <= end) {
            sums.poll(done_time, at, loss);
            index += 1;
            let open = done_time.ends() - sums.below + sums.undetected;
            let is_over = open <= RARE || at >= done_time.known_until() || index >= self.instants.len() + MOST_POLLS;
            if index >= self.instants.len() && is_over {
                break;
            }
        }
        if let Some(gap) = gap {
            sums.tail(done_time, gap, loss, end);
            if end.is_infinite() {
                return sums.expected();
            }
            let (below, _, waited) = sums.until(done_time, end.max(sums.at));
            let unknown = (sums.undetected + below - sums.below).max(0.0);
            // Tasks that never end are asked for each time.
            sums.polls += (1.0 - done_time.ends()) * self.count_until(end, gap);
            return Expected { unknown, unknown_delay_mass: sums.waited + waited, ..sums.expected() };
        }
        let end = if let AfterLast::GiveUpAt(end) = self.then { end.max(sums.at) } else { sums.at };
        let done = done_time.below(end);
        let timeouts = Timeouts {
            missed: sums.undetected + done - sums.below,
            impatient: done_time.ends() - done,
            never: 1.0 - done_time.ends(),
        };
        let (unknown, unknown_delay_mass) = match horizon {
            None => (0.0, 0.0),
            Some(horizon) => {
                let horizon = horizon.max(sums.at);
                let (below, _, waited) = sums.until(done_time, horizon);
                (sums.undetected + below - sums.below, sums.waited + waited)
            }
        };
        Expected { unknown, unknown_delay_mass, timeouts, ..sums.expected() }
    }

    /// Polls up to `end`, where the gap repeats after the last instant.
    fn count_until(&self, end: f64, gap: f64) -> f64 {
        let listed = self.instants.partition_point(|at| *at <= end);
        let last = self.instants.last().copied().unwrap_or(0.0);
        listed as f64 + ((end - last) / gap).floor().max(0.0)
    }

    /// Expected cost in a world without loss: see [`expected`](Self::expected).
    #[must_use]
    pub fn cost(&self, done_time: &impl Cumulative, weights: &CostWeights, horizon: Option<f64>) -> f64 {
        self.expected(done_time, horizon, 0.0).cost(weights)
    }

    /// Probability that a task ends and is not known `late` microseconds after its end, without loss. Tasks on which
    /// the wait gave up count.
    #[must_use]
    pub fn late_share(&self, done_time: &impl Cumulative, late: f64) -> f64 {
        self.later(done_time, &self.followed(done_time), late)
    }

    /// Polls until few tasks are left, each with F there.
    fn followed(&self, done_time: &impl Cumulative) -> Vec<(f64, f64)> {
        let mut followed = Vec::with_capacity(self.instants.len());
        while let Some(at) = self.at(followed.len()) {
            let below = done_time.below(at);
            followed.push((at, below));
            let is_over =
                done_time.ends() - below <= RARE || at >= done_time.known_until() || followed.len() > MOST_POLLS;
            if followed.len() >= self.instants.len() && is_over {
                break;
            }
        }
        followed
    }

    /// [`late_share`](Self::late_share) by the polls that are followed.
    fn later(&self, done_time: &impl Cumulative, followed: &[(f64, f64)], late: f64) -> f64 {
        let (mut share, mut before) = (0.0, (0.0, 0.0));
        for poll in followed {
            // In a gap no longer than that nobody is late.
            if poll.0 - late > before.0 {
                share += (done_time.below(poll.0 - late) - before.1).max(0.0);
            }
            before = *poll;
        }
        if self.gap().is_none() { share + done_time.ends() - before.1 } else { share }
    }

    /// The delay in microseconds that a task stays within with probability `p`, over all tasks, those that never end or
    /// become known counting as infinitely late; `None` where the quantile falls on them. Without loss.
    #[must_use]
    pub fn delay_quantile(&self, done_time: &DoneTime, p: f64) -> Option<f64> {
        let stuck = 1.0 - done_time.ends();
        let followed = self.followed(done_time);
        let beyond = |delay: f64| self.later(done_time, &followed, delay) + stuck - (1.0 - p);
        let gaps = self.instants.windows(2).map(|pair| pair[1] - pair[0]);
        let first = self.instants.first()? - done_time.quantile(0.0).min(*self.instants.first()?);
        let longest = gaps.chain(self.gap()).fold(first, f64::max);
        let (mut short, mut enough) = ((0.0, beyond(0.0)), (longest, beyond(longest)));
        if enough.1 > 0.0 {
            return None;
        }
        if short.1 <= 0.0 {
            return Some(0.0);
        }
        // False position: the share falls nearly in a straight line, and distributions are dear to ask. The value at a side that
        // stays is halved (Dowell & Jarratt, BIT 11 (1971) 168–174), so that jumps are closed in upon too.
        let mut moved_before = None;
        while enough.0 - short.0 > 1e-9 * longest {
            let middle = (enough.0 * short.1 - short.0 * enough.1) / (short.1 - enough.1);
            let here = (middle, beyond(middle));
            let is_enough = here.1 <= 0.0;
            let (moved, other) = if is_enough { (&mut enough, &mut short) } else { (&mut short, &mut enough) };
            *moved = here;
            if here.1.abs() <= ROUNDING && is_enough {
                break;
            }
            if moved_before.replace(is_enough) == Some(is_enough) {
                other.1 *= 0.5;
            }
        }
        Some(enough.0)
    }

    /// The longest delay that can occur, in microseconds.
    #[must_use]
    pub fn longest_delay(&self, done_time: &DoneTime) -> f64 {
        let soonest = done_time.quantile(0.0);
        let latest = done_time.quantile(1.0);
        let (mut longest, mut before) = (0.0_f64, soonest);
        for &at in &self.instants {
            if at > soonest && before < latest {
                longest = longest.max(at - before);
            }
            before = before.max(at);
        }
        if before < latest { longest.max(self.gap().unwrap_or(0.0)) } else { longest }
    }

    /// The same schedule with all polls listed until few tasks are left; after them the last gap repeats.
    #[must_use]
    pub fn listed(&self, done_time: &impl Cumulative) -> Self {
        let Some(gap) = self.gap() else { return self.clone() };
        let mut instants = self.instants.clone();
        let mut last = instants.last().copied().unwrap_or(0.0);
        while (done_time.ends() - done_time.below(last) > 1e-6 || instants.len() < 2) && instants.len() < MOST_POLLS {
            last += gap;
            instants.push(last);
        }
        Self { instants, then: AfterLast::Every(gap) }
    }

    /// The same schedule up to `deadline`, with the last poll there.
    #[must_use]
    pub fn until(&self, deadline: f64) -> Self {
        let mut instants: Vec<f64> = self.instants.iter().copied().take_while(|at| *at < deadline).collect();
        if let (Some(gap), true) = (self.gap(), instants.len() == self.instants.len()) {
            let mut at = instants.last().copied().unwrap_or(0.0) + gap;
            while at < deadline && instants.len() < MOST_LISTED {
                instants.push(at);
                at += gap;
            }
        }
        instants.push(deadline);
        Self { instants, then: AfterLast::GiveUp }
    }

    /// The same schedule with every instant times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let then = match self.then {
            AfterLast::Every(gap) => AfterLast::Every(gap * factor),
            AfterLast::GiveUpAt(end) => AfterLast::GiveUpAt(end * factor),
            then => then,
        };
        Self { instants: self.instants.iter().map(|at| at * factor).collect(), then }
    }
}

/// Running sums over polls.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Probability of the tasks that polls are counted for.
    all: f64,
    polls: f64,
    delay_mass: f64,
    known: f64,
    /// The last poll.
    at: f64,
    /// F there.
    below: f64,
    /// ∫ F up to there.
    area: f64,
    /// Probability of being done by then, and every poll since lost.
    undetected: f64,
    /// How long those have been done, times that.
    waited: f64,
}

impl Sums {
    /// F and its integral at `to`, and how long tasks that were not detected by the last poll have been done by then.
    fn until(&self, done_time: &impl Cumulative, to: f64) -> (f64, f64, f64) {
        let gap = to - self.at;
        let (below, area) = done_time.below_and_area(to);
        let fresh = area - self.area - self.below * gap;
        (below, area, fresh.max(0.0) + self.undetected * gap)
    }

    fn poll(&mut self, done_time: &impl Cumulative, at: f64, loss: f64) {
        self.polls += self.all - self.below + self.undetected;
        let (below, area, waited) = self.until(done_time, at);
        let (open, waited) = (self.undetected + below - self.below, self.waited + waited);
        self.delay_mass += (1.0 - loss) * waited;
        self.known += (1.0 - loss) * open;
        (self.undetected, self.waited) = (loss * open, loss * waited);
        (self.at, self.below, self.area) = (at, below, area);
    }

    /// Polls at equal gaps from here on up to `end`, which may be never: by the Euler–Maclaurin formula, for tails that are
    /// smooth on the scale of the gap.
    fn tail(&mut self, done_time: &impl Cumulative, gap: f64, loss: f64, end: f64) {
        let open = (done_time.ends() - self.below).max(0.0);
        let further = ((end - self.at) / gap).floor();
        if open + self.undetected <= RARE || further < 1.0 {
            return;
        }
        // The last poll, F and its integral there, and ∫ of the survival function from here.
        let last = self.at + gap * further;
        let (below, area, beyond) = if last.is_finite() {
            let (below, area) = done_time.below_and_area(last);
            (below, area, (done_time.ends() * (last - self.at) - (area - self.area)).max(0.0))
        } else {
            (done_time.ends(), self.area, (done_time.mean() - done_time.ends() * self.at + self.area).max(0.0))
        };
        let left = (below - self.below).max(0.0);
        // The sum of the survival function over the polls from here.
        let sum = beyond / gap + 0.5 * left;
        let again = loss / (1.0 - loss);
        self.polls += sum + left * again + self.undetected / (1.0 - loss);
        self.delay_mass += (sum + left * again + self.undetected / (1.0 - loss)) * gap - beyond + self.waited;
        self.known += left + self.undetected;
        (self.at, self.below, self.area, self.undetected, self.waited) = (last, below, area, 0.0, 0.0);
    }

    fn expected(self) -> Expected {
        Expected {
            polls: self.polls,
            delay_mass: self.delay_mass,
            known: self.known,
            unknown: 0.0,
            unknown_delay_mass: 0.0,
            timeouts: Timeouts::default(),
        }
    }
}
