//! Within which bounds the lab's controls move: what keeps a stranger's state a small run.

use serde::Serialize;

/// A number that a control sets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Control {
    /// Its key in the state.
    pub(super) key: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    /// What is behind its value.
    pub(super) unit: &'static str,
    pub(super) min: f64,
    pub(super) max: f64,
    /// Whether equal steps of the control are equal factors; zero is then one step below `from`.
    pub(super) log: bool,
    /// The least value beside zero, on a scale of factors.
    pub(super) from: f64,
    /// Whether only whole numbers count.
    pub(super) whole: bool,
}

const fn linear(key: &'static str, label: &'static str, unit: &'static str, min: f64, max: f64) -> Control {
    Control { key, label, unit, min, max, log: false, from: min, whole: false }
}

const fn log(key: &'static str, label: &'static str, unit: &'static str, min: f64, max: f64) -> Control {
    Control { key, label, unit, min, max, log: true, from: min, whole: false }
}

/// Off at zero, and from `from` on a scale of factors.
const fn off_or(key: &'static str, label: &'static str, unit: &'static str, from: f64, max: f64) -> Control {
    Control { key, label, unit, min: 0.0, max, log: true, from, whole: false }
}

const fn count(key: &'static str, label: &'static str, min: f64, max: f64) -> Control {
    Control { key, label, unit: "", min, max, log: true, from: min, whole: true }
}

pub(super) const MEDIAN: Control = log("median_s", "Median", "s", 2.0, 900.0);
pub(super) const SPREAD: Control = linear("spread", "Spread (sigma)", "", 0.02, 1.2);
pub(super) const HUMP_SHARE: Control = linear("hump_share", "Second hump, share", "%", 0.0, 0.6);
pub(super) const HUMP: Control = log("hump_s", "Second hump, median", "s", 2.0, 1500.0);
pub(super) const TAIL_SHARE: Control = linear("tail_share", "Tail, share", "%", 0.0, 0.3);
pub(super) const TAIL_SHAPE: Control = linear("tail_shape", "Tail, steepness", "", 0.8, 5.0);
pub(super) const QUEUE: Control = off_or("queue_s", "Time in the queue, mean", "s", 0.1, 60.0);
pub(super) const STUCK: Control = off_or("stuck", "Tasks that never end", "%", 0.0001, 0.3);
pub(super) const FAILING: Control = off_or("failing", "Tasks that fail", "%", 0.001, 0.5);
pub(super) const RTT: Control = off_or("rtt_s", "Round trip, median", "s", 0.005, 3.0);
pub(super) const ARRIVALS: Control = log("arrivals_per_s", "New tasks", "per s", 0.01, 20.0);
pub(super) const RATE_LIMIT: Control = off_or("rate_limit_per_s", "Rate limit", "per s", 0.1, 200.0);
pub(super) const OUTAGE: Control = off_or("outage_s", "Outage, length", "s", 5.0, 600.0);
pub(super) const OUTAGE_FROM: Control = linear("outage_from_s", "Outage, beginning", "s", 0.0, 1800.0);
pub(super) const DELAY_COST: Control = log("delay_cost_per_s", "Price of a second of delay", "polls", 0.001, 10.0);
pub(super) const TASKS: Control = count("tasks", "Tasks per replicate", 50.0, 2_000.0);
pub(super) const REPLICATES: Control = count("replicates", "Replicates", 1.0, 10.0);
pub(super) const SEED: Control =
    Control { key: "seed", label: "Seed", unit: "", min: 0.0, max: 9e15, log: false, from: 0.0, whole: true };

/// Those of the state itself.
pub(super) const CONTROLS: [Control; 18] = [
    MEDIAN,
    SPREAD,
    HUMP_SHARE,
    HUMP,
    TAIL_SHARE,
    TAIL_SHAPE,
    QUEUE,
    STUCK,
    FAILING,
    RTT,
    ARRIVALS,
    RATE_LIMIT,
    OUTAGE,
    OUTAGE_FROM,
    DELAY_COST,
    TASKS,
    REPLICATES,
    SEED,
];

pub(super) const FIRST: Control = off_or("first_s", "First wait", "s", 0.1, 1500.0);
pub(super) const INTERVAL: Control = log("interval_s", "Interval", "s", 0.5, 300.0);
pub(super) const MULTIPLIER: Control = linear("multiplier", "Growth of the interval", "×", 1.0, 3.0);
pub(super) const CAP: Control = log("cap_s", "Longest interval", "s", 0.5, 600.0);
pub(super) const DEADLINE: Control = log("deadline_s", "Gives up after", "s", 10.0, 1799.0);

/// Those of a strategy of one's own.
pub(super) const OF_STRATEGIES: [Control; 5] = [FIRST, INTERVAL, MULTIPLIER, CAP, DEADLINE];

/// The share of requests that a fault strikes.
pub(super) const STRUCK: Control = log("probability", "Share of requests", "%", 0.0005, 0.5);

/// When a wait that neither knows nor gave up counts as a hang, in seconds.
pub(super) const HORIZON_S: u64 = 1_800;
/// Sigma of round trips.
pub(super) const RTT_SIGMA: f64 = 0.4;

pub(super) const MOST_STRATEGIES: usize = 16;
pub(super) const MOST_FAULTS: usize = 8;
/// Longest name of a model or a strategy, in characters.
pub(super) const LONGEST_NAME: usize = 60;

/// Kinds of faults that can be stirred in, and what else stands in their rules.
pub(super) const FAULTS: [(&str, &str, &str); 8] = [
    ("reset", "Connection reset", ""),
    ("status", "HTTP 503, with Retry-After", "code = 503\nretry_after = true\nretry_in = \"2s\"\n"),
    ("null-data", "Answer without data", ""),
    ("truncated-json", "Answer cut off", ""),
    ("stall", "No answer, ever", ""),
    ("stale-read", "Old state told", ""),
    ("transient-404", "404 for a task that is there", ""),
    ("lost", "Webhook lost", ""),
];
