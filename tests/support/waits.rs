//! Waits of eleven strategies in a small world of its own: nothing here depends on the crate's.

use pollbench::measure::series::PollMark;

/// Name, first wait, interval, growth, cap, limit in seconds, share of polls that end the wait with an error.
pub(super) type Plan = (&'static str, f64, f64, f64, f64, f64, f64);

pub(super) const PLANS: [Plan; 11] = [
    ("basic", 0.0, 3.0, 1.0, 3.0, 180.0, 0.002),
    ("adaptive", 60.0, 15.0, 1.0, 15.0, 600.0, 0.002),
    ("exponential", 0.0, 2.0, 1.5, 30.0, 600.0, 0.002),
    ("concurrent", 0.0, 5.0, 1.0, 5.0, 600.0, 0.004),
    ("webhook", 1e9, 1e9, 1.0, 1e9, 1e9, 0.0),
    ("resilient", 0.0, 5.0, 1.0, 5.0, 600.0, 0.0005),
    ("basic-hardened", 0.0, 3.0, 1.0, 3.0, 180.0, 0.0),
    ("adaptive-hardened", 60.0, 15.0, 1.0, 15.0, 600.0, 0.0),
    ("exponential-hardened", 0.0, 2.0, 1.5, 30.0, 600.0, 0.0),
    ("concurrent-hardened", 0.0, 5.0, 1.0, 5.0, 600.0, 0.0),
    ("webhook-hybrid", 60.0, 60.0, 1.0, 60.0, 600.0, 0.0),
];

/// A linear congruential generator (Knuth).
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[derive(Clone, Default)]
pub(super) struct Wait {
    pub(super) submitted: f64,
    pub(super) done: Option<f64>,
    pub(super) polls: Vec<(f64, PollMark)>,
    pub(super) settled: Option<f64>,
    pub(super) known: bool,
    pub(super) outcome: usize,
    pub(super) cost: f64,
}

pub(super) const HORIZON: f64 = 1800.0;
pub(super) const TASKS: usize = 400;

/// One wait under a plan.
pub(super) fn wait(plan: &Plan, key: u64, median: f64, sigma: f64) -> Wait {
    let &(name, first, interval, growth, cap, limit, breaking) = plan;
    let mut dice = Dice(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xABCD);
    for _ in 0..4 {
        dice.uniform();
    }
    let submitted = (key & 0xFFFF_FFFF) as f64 % 20.0 * 12.0 + dice.uniform() * 6.0;
    let stuck = dice.uniform() < 0.004;
    let lost_hook = dice.uniform() < 0.02;
    let done = (!stuck).then(|| submitted + median * (sigma * dice.normal()).exp());
    let mut wait = Wait { submitted, done, ..Wait::default() };
    let hook = name.starts_with("webhook") && !lost_hook;
    let (mut at, mut gap) = (first, interval);
    loop {
        let now = submitted + at;
        if let Some(done) = done.filter(|done| hook && done + 0.2 <= now) {
            return known(wait, done + 0.2);
        }
        if at > limit.min(HORIZON) {
            let ended = (limit < HORIZON).then_some(now);
            wait.settled = ended;
            wait.outcome = match (ended, done) {
                (None, _) => 7,
                (Some(_), None) => 4,
                (Some(now), Some(done)) if done <= now => 2,
                _ => 3,
            };
            wait.cost = wait.polls.len() as f64 + done.map_or(0.0, |done| 1.0 + 0.1 * (submitted + HORIZON - done));
            return wait;
        }
        let luck = dice.uniform();
        if luck < breaking {
            wait.polls.push((now, PollMark::Failed));
            wait.settled = Some(now);
            wait.outcome = if name == "concurrent" && luck > 0.002 { 6 } else { 5 };
            wait.cost = wait.polls.len() as f64 + 0.1 * HORIZON;
            return wait;
        }
        if done.is_some_and(|done| done <= now) && luck < 0.97 {
            wait.polls.push((now, PollMark::Useful));
            return known(wait, now);
        }
        wait.polls.push((now, if luck < 0.97 { PollMark::Wasted } else { PollMark::Failed }));
        at += gap;
        gap = (gap * growth).min(cap);
    }
}

fn known(mut wait: Wait, at: f64) -> Wait {
    let delay = at - wait.done.unwrap_or(at);
    wait.cost = wait.polls.len() as f64 + 0.1 * delay;
    (wait.settled, wait.known, wait.outcome) = (Some(at), true, usize::from((at as u64).is_multiple_of(40)));
    wait
}
