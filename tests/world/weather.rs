//! Hardened strategies in the shipped weather, and what weather does to figures.

use pollbench::engine::compare::summarise;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Findings, Options, run};
use pollbench::measure::record::{Outcome, TaskRecord};
use pollbench::measure::results::Cell;
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::shipped::load;
use pollbench::world::draws::{Keys, Stream};
use pollbench::world::fault::Kind;
use pollbench::world::truth::{Fate, Truth};
use pollbench::world::weather::Weather;
use proptest::prelude::*;
use std::sync::Mutex;

/// The shipped presets of weather.
const PRESETS: [&str; 12] = [
    "calm",
    "flaky",
    "mobile",
    "rate-limited",
    "deploy-hourly",
    "outage-5m",
    "provider-incident",
    "brownout",
    "webhook-lossy",
    "stale-replica",
    "liar",
    "storm",
];

const HARDENED: [&str; 7] = [
    "basic-hardened",
    "adaptive-hardened",
    "exponential-hardened",
    "concurrent-hardened",
    "webhook-hybrid",
    "optimal",
    "learned",
];

/// Records with model, strategy and replicate.
type Records = Vec<(usize, usize, u32, TaskRecord)>;

fn simulate(scenario: &Scenario) -> (Records, Findings) {
    let records = Mutex::new(Records::new());
    let keep = |model: usize, strategy: usize, replicate: u32, part: &[TaskRecord]| {
        let part = part.iter().map(|record| (model, strategy, replicate, *record));
        records.lock().expect("no panic").extend(part);
    };
    let options = Options { threads: 1, ..Options::default() };
    let findings = run(&Plan::new(scenario), options, &Control::default(), Some(&keep)).expect("not stopped");
    (records.into_inner().expect("no panic"), findings)
}

/// The documented models in the weather of `preset`.
fn world(preset: &str, strategies: &[&str], tasks: u64, seed: u64) -> Scenario {
    let weather = load(preset).expect("it is shipped");
    let scenario = load("documented").expect("it is shipped").in_weather(&weather).expect("it fits");
    let size = Overrides {
        strategies: Some(strategies.iter().map(|name| (*name).to_owned()).collect()),
        tasks: Some(tasks),
        replicates: Some(1),
        seed: Some(seed),
        ..Overrides::default()
    };
    scenario.narrowed(&size).expect("presets")
}

/// Whether a rule strikes the last poll of a wait, sent at its deadline; token buckets aside.
fn last_look_is_struck(
    plan: &Plan<'_>,
    model: usize,
    replicate: u32,
    record: &TaskRecord,
    at: pollbench::time::Micros,
) -> bool {
    let (scenario, link) = (plan.scenario, &plan.models[model].status);
    let keys = Keys::new(scenario.seed, replicate, &plan.models[model].model.name);
    let mut weather = Weather::new(&scenario.faults, scenario.seed, replicate);
    let (mut travel, mut fault_draws) =
        (keys.draws(Stream::StatusNetwork, record.task), keys.draws(Stream::StatusFault, record.task));
    for _ in 1..record.polls {
        link.depart(record.wait_start, &mut travel, &mut fault_draws, &mut weather);
    }
    let departure = link.depart(at, &mut travel, &mut fault_draws, &mut weather);
    let truth = Truth { fate: Fate::Success, created: record.submitted, started: record.submitted, done: record.done };
    link.striking(&departure, Some(&truth), &mut weather).or(departure.slowed).is_some()
}

proptest! {
    #![proptest_config(crate::soak::cases(1))]

    /// Promise: in every preset, a hardened strategy loses a task that was done by its deadline only where a fault strikes
    /// the look at the deadline itself. So a world that is calm for that one exchange, which takes at most one attempt
    /// timeout, loses nothing. It never reports an end that is not true, and never asks before the instant that a sane
    /// `Retry-After` named.
    #[test]
    fn hardened_strategies_lose_nothing_to_weather_that_ends_before_the_deadline(seed in any::<u64>()) {
        for preset in PRESETS {
            let scenario = world(preset, &HARDENED, 30, seed);
            let plan = Plan::new(&scenario);
            for (model, strategy, replicate, record) in simulate(&scenario).0 {
                let names = (&scenario.strategies[strategy].name, &scenario.models[model].name);
                let what = || format!("{preset}, seed {seed}: {} on {}, {record:?}", names.0, names.1);
                let is_true = |fate| record.fate == Some(fate) && record.knows();
                let is_right = match record.outcome {
                    Outcome::Success => is_true(Fate::Success),
                    Outcome::Failed => is_true(Fate::Failed),
                    Outcome::TimeoutMissed | Outcome::TimeoutImpatient | Outcome::TimeoutTrue => true,
                    Outcome::Hang | Outcome::Rejected => true,
                    Outcome::Error | Outcome::Abandoned => false,
                };
                prop_assert!(is_right, "{}", what());
                prop_assert_eq!(record.violations, 0, "{}", what());
                let limit = plan.strategies[strategy].policies[model].nominal_limit().unwrap_or(scenario.horizon);
                let deadline = record.wait_start + limit;
                let is_lost = record.is_lost() && record.outcome != Outcome::Rejected;
                // Who is told to come back later by a bucket that all share is not in a calm world.
                if is_lost && record.done <= deadline && record.throttled == 0 {
                    prop_assert!(last_look_is_struck(&plan, model, replicate, &record, deadline), "{}", what());
                }
            }
        }
    }
}

/// Promise: weather without faults changes nothing.
#[test]
fn a_calm_day_is_the_documented_world() {
    let calm = world("calm", &["basic", "concurrent", "webhook-hybrid"], 50, 7);
    let size = Overrides {
        strategies: Some(["basic", "concurrent", "webhook-hybrid"].map(str::to_owned).to_vec()),
        tasks: Some(50),
        replicates: Some(1),
        seed: Some(7),
        ..Overrides::default()
    };
    let documented = load("documented").expect("it is shipped").narrowed(&size).expect("presets");
    assert_eq!(simulate(&calm).0, simulate(&documented).0);
}

/// Promise: a preset keeps tasks and strategies, and a fault for models that are not there is refused with their names.
#[test]
fn weather_keeps_what_is_waited_for() {
    let text = |rest: &str| {
        format!(
            "schema_version = 1\nname = \"mine\"\n[models.m]\ncompletion = \"10s\"\n[[strategies]]\npreset = \"basic\"\n{rest}"
        )
    };
    let read =
        |text: &str| Scenario::parse(text, "mine.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
    let mine = read(&text("[network]\nrtt = \"30ms\"\n[[faults]]\nkind = \"reset\"\nprobability = 0.5"));
    let mobile = mine.clone().in_weather(&load("mobile").expect("shipped")).expect("it fits");
    assert_eq!((&mobile.models, &mobile.strategies, mobile.horizon), (&mine.models, &mine.strategies, mine.horizon));
    let kinds: Vec<_> = mobile.faults.iter().map(|rule| rule.kind().name()).collect();
    assert_eq!(kinds, ["reset", "burst-loss", "stall"]);
    assert_eq!(mobile.network.rtt, load("mobile").expect("shipped").network.rtt);

    let still = mine.clone().in_weather(&read(&text(""))).expect("it fits");
    assert_eq!(still.network, mine.network, "a weather without a network leaves it");

    let other = text("").replace("models.m", "models.other");
    let other = other + "[[faults]]\nkind = \"reset\"\nprobability = 0.1\nmodels = [\"other\"]";
    let refused = mine.clone().in_weather(&read(&other)).expect_err("there is no such model").to_string();
    assert!(refused.contains("for models that `mine` has not: other; its models are m"), "{refused}");
    let heavy = text("[[faults]]\nkind = \"close\"\nprobability = 0.6");
    let refused = mine.in_weather(&read(&heavy)).expect_err("more than every request").to_string();
    assert!(refused.contains("1.1"), "{refused}");
}

/// The cells of a world without round trips, with tasks that take ten seconds, under strategies that ask every five.
fn cells(rest: &str) -> Vec<Cell> {
    let text = format!(
        "schema_version = 1\nname = \"small\"\ntasks = 1\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n{rest}\n\
         [[strategies]]\nname = \"patient\"\nschedule = {{ kind = \"fixed\", first = \"5s\", interval = \"5s\" }}\n\
         limit = {{ kind = \"wall-clock\", deadline = \"60s\" }}\n\
         [[strategies]]\nname = \"brittle\"\nschedule = {{ kind = \"fixed\", first = \"5s\", interval = \"5s\" }}\n\
         limit = {{ kind = \"wall-clock\", deadline = \"60s\" }}\nrecovery = {{ kind = \"propagate\" }}\n"
    );
    let scenario = Scenario::parse(&text, "small.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
    let (_, findings) = simulate(&scenario);
    summarise(&Plan::new(&scenario), "sim", &findings).results.cells
}

/// A task that is done at 10 s, and an outage from 8 to 28 s. The patient client is refused at 10, 15, 20 and 25 s and
/// knows at 30; the brittle one ends at 10, and the task could still be had.
#[test]
fn an_outage_in_figures() {
    let cells = cells(
        "[models.m]\ncompletion = \"10s\"\n[[faults]]\nkind = \"outage\"\nduring = { from = \"8s\", for = \"20s\" }",
    );
    let [patient, brittle] = &cells[..] else { panic!("two strategies") };
    let recovery = patient.recovery_ms.expect("an outage");
    assert_eq!((recovery.outages, recovery.never), (1, 0));
    assert_eq!((recovery.mean, recovery.max), (Some(2_000.0), Some(2_000.0)));
    assert_eq!((patient.lost, patient.retrievable, patient.peak_after_outage_per_s), (0, 0, Some(1)));
    let struck = patient.struck.expect("a world with faults");
    assert_eq!((struck.tasks, struck.lost, struck.detection_delay_ms.mean), (1, 0, Some(20_000.0)));
    // Six polls, and twenty seconds at a tenth each.
    assert_eq!(struck.cost.map(|cost| cost.mean), Some(8.0));

    assert_eq!((brittle.lost, brittle.retrievable), (1, 1));
    let recovery = brittle.recovery_ms.expect("an outage");
    assert_eq!((recovery.outages, recovery.never, recovery.mean, recovery.max), (1, 1, None, None));
    assert_eq!(brittle.struck.map(|struck| (struck.tasks, struck.lost)), Some((1, 1)));
}

/// A bucket that holds one token and gets no other: the first poll is answered, all others are 429.
#[test]
fn refusals_in_figures() {
    let cells = cells(
        "[models.m]\ncompletion = \"10s\"\n[[faults]]\nkind = \"rate-limit\"\nrate_per_s = 0.001\nburst = 1\n\
         retry_after = false",
    );
    let patient = &cells[0];
    assert_eq!(patient.polls.total, 12);
    assert_eq!(patient.share_429, Some(11.0 / 12.0));
    assert_eq!(patient.struck.map(|struck| struck.lost), Some(1));
    assert_eq!(patient.recovery_ms, None);
}

/// Three tasks at once and one worker: it works all the time, and 10 + 20 seconds of waiting make a queue of one.
#[test]
fn workers_in_figures() {
    let cells = cells("[models.m]\ncompletion = \"10s\"\nworkers = 1").into_iter();
    let text = "[models.m]\ncompletion = \"10s\"\nworkers = 1";
    assert!(cells.clone().all(|cell| cell.worker_utilisation == Some(1.0) && cell.queue_length_mean == Some(0.0)));
    let scenario = format!(
        "schema_version = 1\nname = \"small\"\ntasks = 3\nreplicates = 2\n[arrivals]\nkind = \"burst\"\n{text}\n[[strategies]]\npreset = \"basic\"\n"
    );
    let scenario = Scenario::parse(&scenario, "small.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
    let results = summarise(&Plan::new(&scenario), "sim", &simulate(&scenario).1).results;
    assert_eq!((results.cells[0].worker_utilisation, results.cells[0].queue_length_mean), (Some(1.0), Some(1.0)));
    assert!(results.cells[0].struck.is_none() && results.faults.is_empty());
}

/// Promise: no rule of a preset is only written down: each strikes in a run of ordinary size, and together they are all kinds
/// of faults but the one that is no weather, a result that has expired.
#[test]
fn every_rule_of_every_preset_strikes() {
    let mut seen = std::collections::BTreeSet::new();
    for name in PRESETS {
        let strategies = ["basic", "adaptive-hardened", "webhook-hybrid"].map(str::to_owned).into();
        // An incident is long, and of a storm each replicate meets a small part.
        let (tasks, replicates) = match name {
            "provider-incident" => (1_200, 2),
            "storm" => (150, 40),
            _ => (150, 12),
        };
        let size = Overrides {
            strategies: Some(strategies),
            tasks: Some(tasks),
            replicates: Some(replicates),
            ..Overrides::default()
        };
        let scenario = load(name).expect("a preset").narrowed(&size).expect("presets");
        let (_, findings) = simulate(&scenario);
        for (number, (rule, fired)) in scenario.faults.iter().zip(&findings.fired).enumerate() {
            assert!(*fired > 0, "{name}: rule {} ({}) never struck", number + 1, rule.kind().name());
            seen.insert(rule.kind());
        }
    }
    let missing: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| !seen.contains(kind)).collect();
    assert_eq!(missing, [Kind::Expired]);
}
