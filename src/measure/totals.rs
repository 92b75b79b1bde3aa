//! Sums over task records. All are integers, so they do not depend on the order or the grouping of the records: any
//! number of threads gives the same bytes, and memory does not grow with the number of tasks.

use crate::measure::histogram::Durations;
pub use crate::measure::moments::{CostMoments, Differences, Moments};
use crate::measure::outcome::{ByOutcome, Outcome};
use crate::measure::rate::RateTotals;
use crate::measure::record::{Known, TaskRecord};
use crate::measure::recovery::Recoveries;
use crate::measure::struck::StruckTotals;
use crate::time::Micros;
use crate::world::draws::mix;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums over the records of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Records.
    pub tasks: u64,
    /// By outcome.
    pub outcomes: ByOutcome<u64>,
    /// Tasks that succeeded and were never had.
    pub lost: u64,
    /// Tasks that were taken for successes and are none, or not yet.
    pub false_success: u64,
    /// Tasks that were taken for failures and are none, or not yet.
    pub false_failure: u64,
    /// Lost tasks whose client took a wrong answer for the end.
    pub misled: u64,
    /// Tasks that ended by the horizon, well or badly, and were never known.
    pub missed: u64,
    /// Polls that revealed a terminal state.
    pub useful: u64,
    /// Polls that said unfinished.
    pub wasted: u64,
    /// Polls that told nothing.
    pub failed: u64,
    /// Polls of a task.
    pub polls: Moments,
    /// Submits, polls and deliveries of a task.
    pub requests: Moments,
    /// Detection delay of known tasks in microseconds.
    pub delay: Moments,
    /// Latency of known tasks in microseconds.
    pub latency: Moments,
    /// Charged polls and delay.
    pub cost: CostMoments,
    /// Time past the nominal limit, in microseconds.
    pub overshoot: u128,
    /// The longest.
    pub longest_overshoot: u64,
    /// Requests too early for a `Retry-After`.
    pub violations: u64,
    /// Tasks created again.
    pub duplicate_tasks: u64,
    /// Deliveries received again.
    pub duplicate_deliveries: u64,
    /// Lost tasks that can still be had by their ids at the horizon.
    pub retrievable: u64,
    /// Polls that were answered HTTP 429.
    pub throttled: u64,
    /// Over the tasks that a fault struck.
    pub struck: StruckTotals,
    /// Sum of the hashes of all records.
    pub digest: u64,
}

impl Totals {
    /// Takes in records, of which `known` are those whose clients know, figure by figure: short loops whose sums stay in
    /// registers.
    fn add(&mut self, records: &[TaskRecord], known: &[Known], rules: &CellRules) {
        self.tasks += records.len() as u64;
        self.count(records);
        self.requests.merge(&Moments::of(records.iter().map(TaskRecord::requests)));
        self.latency.merge(&Moments::of(known.iter().map(|known| known.latency)));
        // What known tasks took is what they are charged.
        let cost = CostMoments::of(known.iter().map(|known| (known.polls, known.delay)));
        self.polls.merge(&cost.polls);
        self.delay.merge(&cost.delay);
        self.cost.merge(&cost);
        if known.len() < records.len() {
            self.unknown(records, rules.horizon);
        }
        self.useful = self.polls.sum as u64 - self.wasted - self.failed;
        if let Some(limit) = rules.limit {
            for record in records {
                // A hang goes on to the horizon at least.
                let end = record.settled.min(record.wait_start + rules.horizon);
                let over = (end - (record.wait_start + limit)).get();
                self.overshoot += u128::from(over);
                self.longest_overshoot = self.longest_overshoot.max(over);
            }
        }
        self.digest = records.iter().fold(self.digest, |sum, record| sum.wrapping_add(hash(record, rules.key)));
    }

    /// Plain counts, in one loop.
    fn count(&mut self, records: &[TaskRecord]) {
        let [mut wasted, mut failed, mut violations, mut tasks, mut deliveries, mut throttled] = [0_u64; 6];
        for record in records {
            self.outcomes[record.outcome] += 1;
            wasted += u64::from(record.wasted);
            failed += u64::from(record.failed);
            violations += u64::from(record.violations);
            throttled += u64::from(record.throttled);
            tasks += u64::from(record.duplicates);
            deliveries += u64::from(record.deliveries.saturating_sub(1));
        }
        self.wasted += wasted;
        self.failed += failed;
        self.violations += violations;
        self.throttled += throttled;
        self.duplicate_tasks += tasks;
        self.duplicate_deliveries += deliveries;
    }

    fn unknown(&mut self, records: &[TaskRecord], horizon: Micros) {
        for record in records.iter().filter(|record| !record.knows()) {
            self.lost += u64::from(record.is_lost());
            self.retrievable += u64::from(record.is_retrievable(horizon));
            self.misled += u64::from(record.is_lost() && record.outcome.is_known());
            self.false_success += u64::from(record.is_false_success());
            self.false_failure += u64::from(record.is_false_failure());
            self.polls.add(i64::from(record.polls));
            self.missed += u64::from(record.done <= record.wait_start + horizon);
            let (polls, delay) = record.charge(horizon);
            self.cost.add(polls, delay);
        }
    }

    /// Adds sums over other records.
    pub fn merge(&mut self, other: &Self) {
        self.tasks += other.tasks;
        for outcome in Outcome::ALL {
            self.outcomes[outcome] += other.outcomes[outcome];
        }
        self.lost += other.lost;
        self.retrievable += other.retrievable;
        self.throttled += other.throttled;
        self.struck.merge(&other.struck);
        self.misled += other.misled;
        self.false_success += other.false_success;
        self.false_failure += other.false_failure;
        self.missed += other.missed;
        self.useful += other.useful;
        self.wasted += other.wasted;
        self.failed += other.failed;
        self.polls.merge(&other.polls);
        self.requests.merge(&other.requests);
        self.delay.merge(&other.delay);
        self.latency.merge(&other.latency);
        self.cost.merge(&other.cost);
        self.overshoot += other.overshoot;
        self.longest_overshoot = self.longest_overshoot.max(other.longest_overshoot);
        self.violations += other.violations;
        self.duplicate_tasks += other.duplicate_tasks;
        self.duplicate_deliveries += other.duplicate_deliveries;
        self.digest = self.digest.wrapping_add(other.digest);
    }
}

/// Hash of a record: folded 64×64→128-bit products of its fields under fixed keys, then mixed.
#[inline]
fn hash(record: &TaskRecord, key: u64) -> u64 {
    #[inline]
    fn fold(a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    }
    let fate = record.fate.map_or(3, |fate| fate as u64);
    let ends = u64::from(record.polls) << 32 | u64::from(record.deliveries) << 8 | (record.outcome as u64) << 4 | fate;
    let polls = u64::from(record.wasted) << 32 | u64::from(record.failed);
    let others = u64::from(record.submits) << 40 | u64::from(record.duplicates) << 20 | u64::from(record.violations);
    let others = others | u64::from(record.without_result) << 63;
    let others = others ^ u64::from(record.struck) << 62 ^ u64::from(record.throttled).rotate_left(50);
    let who = fold(record.task ^ key, record.submitted.get() ^ 0x2d35_8dcc_aa6c_78a5);
    let life = fold(record.wait_start.get() ^ 0x8bb8_4b93_962e_acc9, record.done.get() ^ 0x4b33_a62e_d433_d4a3);
    let end = fold(record.settled.get() ^ 0x4d5a_2da5_1de1_aa47, ends ^ 0xa076_1d64_78bd_642f);
    let counts = fold(polls ^ 0xe703_7ed1_a0b4_28db, others ^ 0x8ebc_6af0_9c88_c6e3);
    mix(who ^ life.rotate_left(21) ^ end.rotate_left(42) ^ counts.rotate_left(11))
}

/// What a cell must know to add a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRules {
    /// The scenario's horizon.
    pub horizon: Micros,
    /// The strategy's nominal limit for the model.
    pub limit: Option<Micros>,
    /// The scenario has faults.
    pub has_faults: bool,
    /// Key of the digest: names model, strategy and replicate.
    pub key: u64,
}

/// One replicate of a cell whose tasks interact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Replicate {
    /// Its sums.
    pub totals: Totals,
    /// 95th percentile of its detection delay in microseconds; `None` where it is unknown.
    pub delay_p95: Option<u64>,
}

/// Everything that is kept of one cell.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CellData {
    /// Sums over all replicates.
    pub totals: Totals,
    /// Detection delays.
    pub delay: Durations,
    /// Latencies.
    pub latency: Durations,
    /// Polls of a task.
    pub polls: Durations,
    /// Detection delays of the tasks that a fault struck.
    pub struck_delay: Durations,
    /// Requests per second.
    pub rates: RateTotals,
    /// What outages left behind.
    pub recoveries: Recoveries,
    /// By replicate, where tasks interact.
    pub replicates: BTreeMap<u32, Replicate>,
}

impl CellData {
    /// Takes in records of one cell and replicate.
    pub fn add(&mut self, records: &[TaskRecord], rules: &CellRules) {
        let known: Vec<Known> = records.iter().filter_map(TaskRecord::known).collect();
        self.totals.add(records, &known, rules);
        self.polls.extend(records.iter().map(|record| u64::from(record.polls)));
        self.delay.extend(known.iter().map(|known| known.delay));
        self.latency.extend(known.iter().map(|known| known.latency));
        if rules.has_faults {
            for record in records.iter().filter(|record| record.is_struck()) {
                let known = record.known();
                self.totals.struck.add(record, known, rules.horizon);
                self.struck_delay.extend(known.map(|known| known.delay));
            }
        }
    }

    /// Takes in a whole replicate of its own, and keeps its sums apart too.
    pub fn add_replicate(&mut self, number: u32, data: &Self) {
        let delay_p95 = data.delay.quantiles(&[0.95], data.totals.tasks)[0];
        self.merge(data);
        self.replicates.insert(number, Replicate { totals: data.totals, delay_p95 });
    }

    /// Adds what another thread found.
    pub fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        self.delay.merge(&other.delay);
        self.latency.merge(&other.latency);
        self.polls.merge(&other.polls);
        self.struck_delay.merge(&other.struck_delay);
        self.rates.merge(&other.rates);
        self.recoveries.merge(&other.recoveries);
        for (&number, replicate) in &other.replicates {
            self.replicates.entry(number).and_modify(|mine| mine.totals.merge(&replicate.totals)).or_insert(*replicate);
        }
    }
}

/// Sums over pairs of records of the same task: a strategy minus the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PairTotals {
    /// Polls.
    pub polls: Differences,
    /// Requests.
    pub requests: Differences,
    /// Time to knowing, over tasks known under both: detection delay and latency differ by the same.
    pub time: Differences,
    /// Cost.
    pub cost: CostMoments,
    /// Pairs that cost differently.
    pub unequal_costs: u64,
    /// The baseline's sums over the same pairs.
    pub base: PairBase,
}

/// The baseline's sums over the pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PairBase {
    /// Polls.
    pub polls: i128,
    /// Requests.
    pub requests: i128,
    /// Detection delay over tasks known under both.
    pub delay: i128,
    /// Latency over tasks known under both.
    pub latency: i128,
    /// Cost.
    pub cost: CostMoments,
}

impl PairTotals {
    /// Takes in pairs of records of the same tasks in the same order.
    pub fn add(&mut self, strategy: &[TaskRecord], baseline: &[TaskRecord], horizon: Micros) {
        for (mine, base) in strategy.iter().zip(baseline) {
            debug_assert_eq!((mine.model, mine.task), (base.model, base.task), "pairs are of one task");
            self.polls.add(i64::from(mine.polls) - i64::from(base.polls));
            self.requests.add(mine.requests() as i64 - base.requests() as i64);
            self.base.polls += i128::from(base.polls);
            self.base.requests += i128::from(base.requests());
            let (my_known, known) = (mine.known(), base.known());
            if let (Some(mine), Some(base)) = (my_known, known) {
                self.time.add(mine.delay as i64 - base.delay as i64);
                self.base.delay += i128::from(base.delay);
                self.base.latency += i128::from(base.latency);
            }
            let (my_polls, my_delay) = mine.charged(my_known, horizon);
            let (polls, delay) = base.charged(known, horizon);
            self.cost.add(my_polls - polls, my_delay - delay);
            self.unequal_costs += u64::from((my_polls, my_delay) != (polls, delay));
            self.base.cost.add(polls, delay);
        }
    }

    /// Adds sums over other pairs.
    pub fn merge(&mut self, other: &Self) {
        self.polls.merge(&other.polls);
        self.requests.merge(&other.requests);
        self.time.merge(&other.time);
        self.cost.merge(&other.cost);
        self.unequal_costs += other.unequal_costs;
        self.base.polls += other.base.polls;
        self.base.requests += other.base.requests;
        self.base.delay += other.base.delay;
        self.base.latency += other.base.latency;
        self.base.cost.merge(&other.base.cost);
    }
}

/// Everything that is kept of one strategy against the baseline on one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PairData {
    /// Sums over all replicates.
    pub totals: PairTotals,
    /// By replicate, where tasks interact.
    pub replicates: BTreeMap<u32, PairTotals>,
}

impl PairData {
    /// Adds what another thread found.
    pub fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        for (&number, totals) in &other.replicates {
            self.replicates.entry(number).or_default().merge(totals);
        }
    }
}
