//! The real client against the real mock server, held against the simulator.

#![cfg(feature = "live")]

#[path = "../support/scenarios.rs"]
mod scenarios;
#[path = "../support/soak.rs"]
mod soak;
mod wire;

use pollbench::engine::live::{self, Ground, Live};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{self, Control, Findings};
use pollbench::measure::record::{Outcome, TaskRecord};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::shipped::{SHIPPED, Shipped};
use pollbench::strategy::composition::Sharing;
use pollbench::world::fault::{FaultRule, Route};
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

fn lived(scenario: &Scenario, ground: &Ground) -> (Records, Live) {
    let records = Mutex::new(Records::new());
    let keep = |model: usize, strategy: usize, replicate: u32, part: &[TaskRecord]| {
        records.lock().expect("no panic").entry((model, strategy, replicate)).or_default().extend_from_slice(part);
    };
    let options = live::Options { worlds: 2, sample: true };
    let found = live::run(&Plan::new(scenario), ground, options, &Control::default(), Some(&keep));
    let found = found.expect("it runs").expect("not stopped");
    (records.into_inner().expect("no panic"), found)
}

/// Everything that is kept of every task is equal, and so is what is watched beside.
fn assert_equal(scenario: &Scenario, what: &str) {
    let (expected, sim) = simulated(scenario);
    let (actual, Live { findings: found, .. }) = lived(scenario, &Ground::Virtual);
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
    let rejected = expected.values().flatten().any(|record| record.outcome == Outcome::Rejected);
    let pooled = scenario.strategies.iter().any(|strategy| matches!(strategy.sharing, Sharing::LockStep { .. }));
    let plays = |rule: &FaultRule| {
        let is_for = |route| rule.routes().contains(&route);
        !(rejected && is_for(Route::Webhook) || pooled && is_for(Route::Status))
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

fn small(shipped: &Shipped, seed: u64) -> Scenario {
    let size = Overrides { tasks: Some(40), replicates: Some(2), seed: Some(seed), ..Overrides::default() };
    shipped.scenario().expect("shipped scenarios are valid").narrowed(&size).expect("valid overrides")
}

/// Promise: on a paused clock the real code does what the simulator says, task by task, in every shipped scenario.
#[test]
fn sim_and_virtual_agree_on_every_shipped_scenario() {
    for shipped in SHIPPED {
        for seed in [1, 42] {
            assert_equal(&small(shipped, seed), &format!("{} with seed {seed}", shipped.name));
        }
    }
}

/// The same for strategies that know a law, and that learn it from each other's tasks.
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

/// Every kind of fault that this version knows, submits that are sent again, and finite workers.
#[test]
fn sim_and_virtual_agree_in_a_storm() {
    for seed in 0..3 {
        let world = scenario(&format!(
            "seed = {seed}\ntasks = 30\nreplicates = 2\n[network]\nrtt = \"lognormal(median=120ms, sigma=0.8)\"\nup_share = 0.3\n\
             [submit]\nretries = 2\nretry_delay = \"2s\"\nattempt_timeout = \"5s\"\n\
             [models.sora-2]\ncompletion = \"lognormal(median=100s, sigma=0.5)\"\npending = \"exponential(mean=2s)\"\n\
             stuck_probability = 0.02\nfailure.probability = 0.1\nfailure.message = \"network of friends\"\nfailure.after = \"uniform(low=1s, high=50s)\"\n\
             [models.flux-2]\ncompletion = \"lognormal(median=20s, sigma=0.3)\"\nworkers = 3\n\
             [[faults]]\nkind = \"reset\"\nprobability = 0.03\nroute = [\"status\", \"submit\"]\ntask_exists = true\n\
             [[faults]]\nkind = \"stall\"\nprobability = 0.01\nroute = [\"status\", \"submit\"]\n\
             [[faults]]\nkind = \"stale-read\"\nprobability = 0.1\n\
             [[faults]]\nkind = \"status\"\ncode = 503\nprobability = 0.05\nretry_after = \"http-date\"\nretry_in = \"9s\"\n\
             [[faults]]\nkind = \"status\"\ncode = 500\nprobability = 0.02\nbody = \"html\"\nretry_after = \"garbage\"\n\
             [[faults]]\nkind = \"close\"\nprobability = 0.02\nroute = [\"status\", \"submit\"]\n\
             [[faults]]\nkind = \"missing-data\"\nprobability = 0.02\nroute = [\"status\", \"submit\"]\ntask_exists = true\n\
             [[faults]]\nkind = \"truncated-json\"\nprobability = 0.02\nroute = [\"status\", \"submit\"]\n\
             [[faults]]\nkind = \"unknown-state\"\nprobability = 0.02\n\
             [[faults]]\nkind = \"transient-404\"\nprobability = 0.02\nretry_after = \"too-short\"\nretry_in = \"1500ms\"\n\
             [[faults]]\nkind = \"null-data\"\nprobability = 0.01\ngilbert_elliott = {{ bad_share = 0.3, bad_mean = \"20s\" }}\n\
             [[faults]]\nkind = \"outage\"\nduring = {{ every = \"90s\", for = \"8s\" }}\n\
             [[faults]]\nkind = \"burst-loss\"\nprobability = 0.7\ngilbert_elliott = {{ bad_share = 0.05, bad_mean = \"5s\" }}\n\
             [[faults]]\nkind = \"lost\"\nprobability = 0.2\n[[faults]]\nkind = \"delayed\"\nprobability = 0.2\nby = \"15s\"\n\
             [[faults]]\nkind = \"duplicated\"\nprobability = 0.2\nafter = \"4s\"\n\
             [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"adaptive\"\n[[strategies]]\npreset = \"exponential\"\n\
             [[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"webhook\"\n[[strategies]]\npreset = \"basic-hardened\"\n\
             [[strategies]]\npreset = \"exponential-hardened\"\njitter = \"full\"\n[[strategies]]\npreset = \"webhook-hybrid\"\n\
             [[strategies]]\npreset = \"concurrent\"\n[[strategies]]\npreset = \"concurrent-hardened\"\n"
        ));
        assert_equal(&world, &format!("storm with seed {seed}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 3_000, ..soak::cases(40) })]

    /// Promise: the same for any scenario that both accept, whatever its strategies are composed of and however its tasks
    /// interact.
    #[test]
    fn sim_and_virtual_agree_on_any_scenario(text in scenarios::scenarios(6)) {
        assert_equal(&scenarios::read(&text), &text);
    }
}
