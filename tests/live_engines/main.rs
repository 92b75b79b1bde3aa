//! The real client against the real mock server, held against the simulator.

mod batches;
mod faults;
#[path = "../support/scenarios.rs"]
mod scenarios;
#[path = "../support/soak.rs"]
mod soak;
mod wire;

use pollbench::engine::live::{self, Live, LiveTarget};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{self, Control, Findings};
use pollbench::measure::record::{Outcome, TaskRecord};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::shipped::{SHIPPED, Shipped};
use pollbench::strategy::composition::Sharing;
use pollbench::time::Micros;
use pollbench::world::fault::{FaultRule, Kind, Route};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Records by model, strategy and replicate.
type Records = BTreeMap<(usize, usize, u32), Vec<TaskRecord>>;

fn simulated(scenario: &Scenario) -> (Records, Findings) {
    let records = Mutex::new(Records::new());
    let keep = |model: usize, strategy: usize, replicate: u32, part: &[TaskRecord]| {
        records.lock().expect("no panic").entry((model, strategy, replicate)).or_default().extend_from_slice(part);
    };
    let options = sim::Options { threads: 1, sample: true, ..sim::Options::default() };
    let findings = sim::run(&Plan::new(scenario), options, &Control::default(), Some(&keep)).expect("not stopped");
    (records.into_inner().expect("no panic"), findings)
}

fn lived(scenario: &Scenario, target: &LiveTarget) -> (Records, Live) {
    lived_side_by_side(scenario, target, 2)
}

/// The same with so many worlds at a time.
fn lived_side_by_side(scenario: &Scenario, target: &LiveTarget, worlds: usize) -> (Records, Live) {
    let records = Mutex::new(Records::new());
    let keep = |model: usize, strategy: usize, replicate: u32, part: &[TaskRecord]| {
        records.lock().expect("no panic").entry((model, strategy, replicate)).or_default().extend_from_slice(part);
    };
    let options = live::LiveOptions { worlds, sample: true };
    let found = live::run(&Plan::new(scenario), target, options, &Control::default(), Some(&keep));
    let found = found.expect("it runs").expect("not stopped");
    (records.into_inner().expect("no panic"), found)
}

/// Everything that is kept of every task is equal, and so is what is watched beside.
fn assert_equal(scenario: &Scenario, what: &str) {
    let (expected, sim) = simulated(scenario);
    let (actual, Live { findings: found, .. }) = lived(scenario, &LiveTarget::Virtual);
    for (key, records) in &expected {
        let (model, strategy) = (&scenario.models[key.0].name, &scenario.strategies[key.1].name);
        let others = &actual[key];
        assert_eq!(records.len(), others.len());
        for (record, other) in records.iter().zip(others) {
            assert_eq!(record, other, "{what}: {strategy} on {model}, replicate {}", key.2);
        }
    }
    assert_eq!(expected.len(), actual.len());
    // The simulator submits once for all strategies, so only whether a rule struck can be compared.
    // It does not play the webhook of a task that nobody waits for, nor polls of a round that are on their way when the
    // last member of its pool has left.
    let is_alone = |record: &TaskRecord| record.outcome == Outcome::Rejected || record.duplicates > 0;
    let alone = expected.values().flatten().any(is_alone);
    let pooled = is_pooled(scenario);
    let plays = |rule: &FaultRule| {
        let is_for = |route| rule.routes().contains(&route);
        !(alone && is_for(Route::Webhook) || pooled && is_for(Route::Status))
    };
    let struck = |fired: &[u64]| {
        let played = fired.iter().zip(scenario.faults.iter()).filter(|(_, rule)| plays(rule));
        played.map(|(fired, _)| *fired > 0).collect::<Vec<_>>()
    };
    assert_eq!(struck(&sim.fired), struck(&found.fired), "{what}: rules that struck");
    for (cell, other) in sim.cells.iter().zip(&found.cells) {
        assert_eq!(cell.totals.digest, other.totals.digest, "{what}");
        assert_eq!(cell.rates, other.rates, "{what}: requests per second");
    }
    assert!(sim.samples == found.samples, "{what}: sampled polls");
    assert_eq!(sim.loads, found.loads, "{what}: what finite workers did");
}

fn is_pooled(scenario: &Scenario) -> bool {
    scenario.strategies.iter().any(|strategy| matches!(strategy.sharing, Sharing::LockStep { .. }))
}

fn small(shipped: &Shipped, seed: u64) -> Scenario {
    let size = Overrides { tasks: Some(25), replicates: Some(2), seed: Some(seed), ..Overrides::default() };
    shipped.scenario().expect("shipped scenarios are valid").narrowed(&size).expect("valid overrides")
}

/// Promise: on a paused clock the real code does what the simulator says, task by task, in every shipped scenario.
fn agree_on(scenarios: &[Shipped]) {
    for shipped in scenarios {
        for seed in 42..42 + u64::from(soak::cases(1).cases) {
            assert_equal(&small(shipped, seed), &format!("{} with seed {seed}", shipped.name));
        }
    }
}

/// In halves, which run side by side.
#[test]
fn sim_and_virtual_agree_on_every_shipped_scenario() {
    agree_on(&SHIPPED[..SHIPPED.len() / 2]);
}

#[test]
fn sim_and_virtual_agree_on_every_other_shipped_scenario() {
    agree_on(&SHIPPED[SHIPPED.len() / 2..]);
}

/// The same for strategies that know a distribution, and that learn it from each other's tasks.
#[test]
fn sim_and_virtual_agree_on_optimal_and_learned() {
    for name in ["documented", "flaky", "rate-limited"] {
        let shipped = Shipped::named(name).expect("it is shipped");
        let strategies = Some(vec!["optimal".to_owned(), "learned".to_owned()]);
        let only = Overrides { strategies, ..Overrides::default() };
        let scenario = small(shipped, 7).narrowed(&only).expect("presets");
        assert_equal(&scenario, &format!("{name}, optimal and learned"));
    }
}

fn scenario(text: &str) -> Scenario {
    let text = format!("schema_version = 1\nname = \"test\"\n{text}");
    Scenario::parse(&text, "test.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"))
}

/// One rule of every kind but `refuse`, which is an outage of one route.
const ALL_FAULTS: &str = r#"
[[faults]]
kind = "outage"
during = { every = "90s", for = "8s" }
[[faults]]
kind = "burst-loss"
probability = 0.7
gilbert_elliott = { bad_share = 0.05, bad_mean = "5s" }
[[faults]]
kind = "brownout"
during = { from = "40s", every = "200s", for = "30s" }
latency_factor = 4.0
errors = 0.3
ramp = "10s"
[[faults]]
kind = "latency-spike"
probability = 0.05
by = "lognormal(median=2s, sigma=0.5)"
route = ["status", "submit"]
[[faults]]
kind = "reset"
probability = 0.03
route = ["status", "submit"]
task_exists = true
[[faults]]
kind = "reset-mid-body"
probability = 0.02
route = ["status", "submit"]
[[faults]]
kind = "close"
probability = 0.02
route = ["status", "submit"]
[[faults]]
kind = "close-mid-body"
probability = 0.02
route = ["status", "submit"]
task_exists = true
[[faults]]
kind = "stall"
probability = 0.01
route = ["status", "submit"]
[[faults]]
kind = "stall-mid-body"
probability = 0.01
[[faults]]
kind = "slow-body"
probability = 0.02
takes = "3s"
route = ["status", "submit"]
[[faults]]
kind = "idle-close"
probability = 0.05
route = ["status", "submit"]
[[faults]]
kind = "status"
code = 503
probability = 0.05
retry_after = "http-date"
retry_in = "9s"
[[faults]]
kind = "status"
code = 500
probability = 0.02
body = "html"
retry_after = "2.5"
[[faults]]
kind = "transient-404"
probability = 0.2
retry_after = "too-short"
retry_in = "1500ms"
age = { to = "4s" }
[[faults]]
kind = "expired"
probability = 0.2
age = { since = "done", from = "10m" }
[[faults]]
kind = "redirect"
probability = 0.01
[[faults]]
kind = "wrong-content-length"
probability = 0.02
route = ["status", "submit"]
[[faults]]
kind = "code-in-200"
probability = 0.01
code = 429
[[faults]]
kind = "null-data"
probability = 0.01
gilbert_elliott = { bad_share = 0.3, bad_mean = "20s" }
[[faults]]
kind = "missing-data"
probability = 0.02
route = ["status", "submit"]
task_exists = true
[[faults]]
kind = "unknown-state"
probability = 0.02
[[faults]]
kind = "bad-result-json"
probability = 0.02
[[faults]]
kind = "empty-result"
probability = 0.02
[[faults]]
kind = "fail-message-network"
probability = 0.05
[[faults]]
kind = "state-regression"
probability = 0.02
[[faults]]
kind = "stale-read"
probability = 0.1
age = { since = "done", to = "20s" }
[[faults]]
kind = "task-mixup"
probability = 0.005
[[faults]]
kind = "truncated-json"
probability = 0.02
route = ["status", "submit"]
[[faults]]
kind = "huge-body"
probability = 0.005
[[faults]]
kind = "before-submit-reply"
probability = 0.1
by = "3s"
[[faults]]
kind = "lost"
probability = 0.1
[[faults]]
kind = "delayed"
probability = 0.1
by = "15s"
[[faults]]
kind = "duplicated"
probability = 0.1
after = "4s"
[[faults]]
kind = "reordered"
probability = 0.1
[[faults]]
kind = "malformed"
probability = 0.1
[[faults]]
kind = "wrong-task"
probability = 0.05
[[faults]]
kind = "receiver-refuses"
probability = 0.1
[[faults]]
kind = "receiver-500"
probability = 0.1
[[faults]]
kind = "receiver-slow"
probability = 0.1
[[faults]]
kind = "receiver-down"
during = { every = "60s", for = "5s" }
"#;

/// Kinds that make tasks wait for each other.
const SHARED_FAULTS: &str = r#"
[[faults]]
kind = "rate-limit"
rate_per_s = 2.0
algorithm = "sliding-window"
window = "20s"
per = "key"
retry_after = true
[[faults]]
kind = "load-latency"
servers = 3
service = "400ms"
queue = 5
route = ["status", "submit"]
"#;

/// Every kind of fault, submits that are sent again, and finite workers.
#[test]
fn sim_and_virtual_agree_in_a_storm() {
    for (seed, shared) in [(0, ""), (1, ""), (2, SHARED_FAULTS)] {
        let world = scenario(&format!(
            "seed = {seed}\ntasks = 30\nreplicates = 2\n[network]\nrtt = \"lognormal(median=120ms, sigma=0.8)\"\nup_share = 0.3\n\
             [submit]\nretries = 2\nretry_delay = \"2s\"\nattempt_timeout = \"5s\"\n\
             [models.sora-2]\ncompletion = \"lognormal(median=100s, sigma=0.5)\"\npending = \"exponential(mean=2s)\"\n\
             stuck_probability = 0.02\nfailure.probability = 0.1\nfailure.message = \"network of friends\"\nfailure.after = \"uniform(low=1s, high=50s)\"\n\
             [models.flux-2]\ncompletion = \"lognormal(median=20s, sigma=0.3)\"\nworkers = 3\n\
             {ALL_FAULTS}{shared}\
             [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"adaptive\"\n[[strategies]]\npreset = \"exponential\"\n\
             [[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"webhook\"\n[[strategies]]\npreset = \"basic-hardened\"\n\
             [[strategies]]\npreset = \"exponential-hardened\"\njitter = \"full\"\n[[strategies]]\npreset = \"webhook-hybrid\"\n\
             [[strategies]]\npreset = \"concurrent\"\n[[strategies]]\npreset = \"concurrent-hardened\"\n\
             [[strategies]]\npreset = \"batch-hardened\"\n[[strategies]]\nname = \"lingering\"\npreset = \"batch-hardened\"\n\
             sharing = {{ kind = \"batch\", size = 7, linger = \"9s\" }}\n"
        ));
        assert_equal(&world, &format!("storm with seed {seed}"));
    }
}

/// Whether the order of what happens at one instant may depend on what no clock shows:
/// - where requests take no time, on the steps in which the runtime carries them;
/// - where two polls of a pool are answered at once and one answer is huge, on its body: the real client has read the other
///   one first, whichever poll was sent first.
fn is_tied(scenario: &Scenario) -> bool {
    let is_huge = |rule: &FaultRule| rule.kind() == Kind::HugeBody && rule.routes().contains(&Route::Status);
    match scenario.network.rtt.is_constant() {
        None => false,
        Some(Micros::ZERO) => is_shared(scenario),
        Some(_) => is_pooled(scenario) && scenario.faults.iter().any(is_huge),
    }
}

/// Whether waits of a client have something in common that lets them wait for each other.
fn is_shared(scenario: &Scenario) -> bool {
    let is_shared = |sharing: &Sharing| matches!(sharing, Sharing::LockStep { .. } | Sharing::Limiter(_));
    scenario.strategies.iter().any(|strategy| is_shared(&strategy.sharing))
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 3_000, ..soak::cases(40) })]

    /// Promise: the same for any scenario that both accept, whatever its strategies are composed of and however its tasks
    /// interact.
    #[test]
    fn sim_and_virtual_agree_on_any_scenario(text in scenarios::scenarios(6)) {
        let scenario = scenarios::read(&text);
        prop_assume!(!is_tied(&scenario));
        assert_equal(&scenario, &text);
    }
}
