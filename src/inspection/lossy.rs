//! The best schedule where polls get lost: the loss-free optimum, improved along the gradient.
//!
//! A poll that tells nothing, unnoticed, with probability q leaves a task that is done undetected for another gap. What
//! is best after a poll then depends on all polls before it, not on the last one, so there is no dynamic program in the
//! last instant. The expected cost is smooth in the gaps, and its gradient costs no more than the cost itself.

use crate::inspection::checks::{AfterLast, Checks};
use crate::inspection::done_time::DoneTime;
use crate::inspection::problem::ScheduleProblem;
use crate::inspection::weights::CostWeights;
use std::collections::VecDeque;

/// Pairs that the quasi-Newton method remembers (Nocedal & Wright, *Numerical Optimization*, 2nd ed., § 7.2).
const MEMORY: usize = 12;
/// A gap as short as nothing, in microseconds.
const SOON: f64 = 1e3;
/// Most steps.
const STEPS: usize = 400;

/// The schedule of least expected cost where polls tell nothing with probability `loss` in [0, 1): see [`improve`].
#[must_use]
pub fn solve(problem: &ScheduleProblem<'_>, loss: f64) -> Checks {
    improve(problem, problem.solve(), loss)
}

/// Improves `calm`, the solution of `problem`, for polls that tell nothing with probability `loss` in [0, 1). With a
/// deadline the number of polls is tried up to four more. Bounds of the problem other than its shortest gap are not
/// kept.
#[must_use]
pub fn improve(problem: &ScheduleProblem<'_>, calm: Checks, loss: f64) -> Checks {
    if loss <= 0.0 {
        return calm;
    }
    let descent = Descent {
        done_time: problem.done_time(),
        weights: problem.weights(),
        loss,
        min_gap: problem.min_gap(),
        deadline: problem.ends_at(),
    };
    // What the descent starts from stands for election too: where F jumps, it is on the jumps and has no slope to follow.
    let mut tried = vec![calm.clone()];
    if let Some(deadline) = descent.deadline {
        let count = calm.instants.len();
        for polls in count..count + 5 {
            // Instants moved together, so that there is room for more.
            let scale = count as f64 / polls as f64;
            let mut instants: Vec<f64> = calm.instants.iter().map(|at| at * scale).collect();
            let (last, room) = (instants[count - 1], (polls - count) as f64);
            instants.extend((0..polls - count).map(|more| last + (deadline - last) * (more as f64 + 1.0) / room));
            tried.push(Checks { instants: descent.improve(&instants), then: AfterLast::GiveUp });
        }
    } else {
        let start = extended(&calm, problem);
        tried.push(Checks { instants: descent.improve(&start), then: AfterLast::Repeat });
        tried.push(Checks { instants: start, then: AfterLast::Repeat });
    }
    let cost = |checks: &Checks| checks.expected(descent.done_time, descent.deadline, loss).cost(&descent.weights);
    let costs = tried.into_iter().map(|checks| (cost(&checks), checks));
    costs.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(calm, |(_, checks)| checks)
}

/// Some more polls: with loss the end matters longer. Where all tasks are done, one asks again as soon as one may.
fn extended(calm: &Checks, problem: &ScheduleProblem<'_>) -> Vec<f64> {
    let mut instants = calm.instants.clone();
    let last = instants[instants.len() - 1];
    let is_over = problem.done_time().quantile(1.0).is_finite();
    let (gap, more) = match instants.as_slice() {
        _ if is_over => (problem.min_gap().max(SOON), 12),
        [.., before, last] => (last - before, 4),
        _ => (last.max(1.0), 4),
    };
    instants.extend((1..=more).map(|step| last + f64::from(step) * gap));
    instants
}

struct Descent<'a> {
    done_time: &'a DoneTime,
    weights: CostWeights,
    loss: f64,
    min_gap: f64,
    deadline: Option<f64>,
}

impl Descent<'_> {
    /// A local minimum near `instants`: limited-memory BFGS in the logarithms of the gaps.
    fn improve(&self, instants: &[f64]) -> Vec<f64> {
        let mut at: Vec<f64> = Vec::with_capacity(instants.len());
        let mut before = 0.0;
        for (index, x) in instants.iter().enumerate() {
            at.push(libm::log((x - before - self.least(index)).max(1.0)));
            before = *x;
        }
        let (mut cost, mut slope) = self.value(&at);
        let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
        for _ in 0..STEPS {
            let direction = downhill(&slope, &memory);
            let descent = dot(&slope, &direction);
            let mut step = 1.0;
            // Backtracking with the condition of Armijo.
            let moved = loop {
                let tried: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + step * d.clamp(-1.0, 1.0)).collect();
                let (value, gradient) = self.value(&tried);
                if value <= cost + 1e-4 * step * descent || step < 1e-10 {
                    break (value < cost).then_some((tried, value, gradient));
                }
                step *= 0.5;
            };
            let Some((next, value, gradient)) = moved else { break };
            let change = (difference(&next, &at), difference(&gradient, &slope));
            if dot(&change.0, &change.1) > 0.0 {
                memory.push_back(change);
                if memory.len() > MEMORY {
                    memory.pop_front();
                }
            }
            let gain = cost - value;
            (at, cost, slope) = (next, value, gradient);
            if gain <= 1e-13 * cost {
                break;
            }
        }
        self.instants(&at)
    }

    fn least(&self, index: usize) -> f64 {
        if index == 0 { 0.0 } else { self.min_gap }
    }

    fn gaps(&self, at: &[f64]) -> Vec<f64> {
        let mut gaps: Vec<f64> =
            at.iter().enumerate().map(|(index, log)| self.least(index) + libm::exp(log.min(50.0))).collect();
        if let Some(deadline) = self.deadline {
            let total: f64 = gaps.iter().sum();
            for gap in &mut gaps {
                *gap *= deadline / total;
            }
        }
        gaps
    }

    fn instants(&self, at: &[f64]) -> Vec<f64> {
        let mut sum = 0.0;
        self.gaps(at)
            .into_iter()
            .map(|gap| {
                sum += gap;
                sum
            })
            .collect()
    }

    /// The expected cost and its gradient in the logarithms of the gaps, by one sweep forwards and one backwards.
    fn value(&self, logs: &[f64]) -> (f64, Vec<f64>) {
        let (poll, delay, loss) = (self.weights.poll, self.weights.delay_per_us(), self.loss);
        let gaps = self.gaps(logs);
        let count = gaps.len();
        let alive = if self.deadline.is_some() { 1.0 } else { self.done_time.ends() };
        // By poll, with what was before the first: F, and the probability of being done and undetected.
        let (mut below, mut undetected, mut density) = (vec![0.0], vec![0.0], vec![0.0]);
        let (mut x, mut area, mut cost) = (0.0, 0.0, 0.0);
        for (k, gap) in gaps.iter().enumerate() {
            x += gap;
            let (f, h) = self.done_time.below_and_area(x);
            cost += poll * (alive - below[k] + undetected[k]);
            cost += delay * ((h - area - below[k] * gap).max(0.0) + undetected[k] * gap);
            undetected.push(loss * (undetected[k] + f - below[k]));
            below.push(f);
            density.push(self.done_time.density(x).unwrap_or_else(|| {
                let near = 1e-3 * gap;
                (self.done_time.below(x + near) - self.done_time.below(x - near)) / (2.0 * near)
            }));
            area = h;
        }
        let last = gaps[count - 1];
        // What one undetected task costs after the last poll.
        let mut price = if self.deadline.is_some() { poll } else { (poll + delay * last) / (1.0 - loss) };
        cost += price * undetected[count];
        let mut slope = vec![0.0; count];
        let mut next_price = 0.0;
        for k in (1..=count).rev() {
            let next_gap = if k < count {
                gaps[k]
            } else if self.deadline.is_some() {
                0.0
            } else {
                last
            };
            let next_poll = if k < count || self.deadline.is_none() { poll } else { 0.0 };
            let by_density = -next_poll - delay * next_gap + loss * (price - next_price);
            slope[k - 1] = density[k] * by_density
                + delay * (below[k] - below[k - 1] + undetected[k - 1] - if k < count { undetected[k] } else { 0.0 });
            (next_price, price) = (price, poll + delay * gaps[k - 1] + loss * price);
        }
        // From instants to gaps: a longer gap moves all later instants.
        let mut later = 0.0;
        for k in (0..count).rev() {
            if k + 1 < count || self.deadline.is_none() {
                later += slope[k];
            }
            slope[k] = later;
        }
        if self.deadline.is_none() {
            slope[count - 1] += delay * undetected[count] / (1.0 - loss);
        }
        let mean: f64 = match self.deadline {
            Some(deadline) => slope.iter().zip(&gaps).map(|(slope, gap)| slope * gap).sum::<f64>() / deadline,
            None => 0.0,
        };
        for (k, slope) in slope.iter_mut().enumerate() {
            *slope = (*slope - mean) * (gaps[k] - self.least(k)).max(0.0);
        }
        (cost, slope)
    }
}

/// The direction of the two-loop recursion.
fn downhill(slope: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change) in memory.iter().rev() {
        let share = dot(step, &direction) / dot(step, change);
        add(&mut direction, -share, change);
        shares.push(share);
    }
    let scale = match memory.back() {
        Some((step, change)) => dot(step, change) / dot(change, change),
        None => 0.1 / dot(slope, slope).sqrt().max(f64::MIN_POSITIVE),
    };
    for component in &mut direction {
        *component *= scale;
    }
    for ((step, change), share) in memory.iter().zip(shares.iter().rev()) {
        let correction = share - dot(change, &direction) / dot(step, change);
        add(&mut direction, correction, step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, vector: &[f64]) {
    for (to, component) in to.iter_mut().zip(vector) {
        *to += factor * component;
    }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
