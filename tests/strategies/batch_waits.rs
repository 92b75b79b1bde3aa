//! Batches as a strategy: what one poll for many tasks costs, saves and tells.

use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options, run};
use pollbench::inspection::{CostWeights, DoneTime, ScheduleProblem, Together};
use pollbench::measure::record::TaskRecord;
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::shipped::Shipped;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Records by model, strategy and replicate.
type Records = BTreeMap<(usize, usize, u32), Vec<TaskRecord>>;

fn records(scenario: &Scenario) -> Records {
    let records = Mutex::new(Records::new());
    let keep = |model: usize, strategy: usize, replicate: u32, part: &[TaskRecord]| {
        records.lock().expect("no panic").entry((model, strategy, replicate)).or_default().extend_from_slice(part);
    };
    let options = Options { threads: 1, ..Options::default() };
    run(&Plan::new(scenario), options, &Control::default(), Some(&keep)).expect("not stopped");
    records.into_inner().expect("no panic")
}

fn scenario(text: &str) -> Scenario {
    let text = format!("schema_version = 1\nname = \"test\"\n{text}");
    Scenario::parse(&text, "test.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn polls(records: &[TaskRecord]) -> u64 {
    records.iter().map(|record| u64::from(record.polls)).sum()
}

/// The cost of all records, polls at 1 and seconds of delay at 0.1.
fn cost(records: &[TaskRecord], scenario: &Scenario) -> f64 {
    records.iter().map(|record| record.cost(scenario.horizon, &scenario.cost)).sum()
}

/// Weather that strikes requests, and nothing that lies about one task. No submit is answered after the client stopped listening:
/// one that is sent again makes a second task of its own, while that of a batch has a key.
const WEATHER: &str = "[network]\nrtt = \"lognormal(median=120ms, sigma=0.8)\"\n\
    [submit]\nretries = 2\nretry_delay = \"2s\"\nattempt_timeout = \"60s\"\n\
    [[faults]]\nkind = \"outage\"\nduring = { every = \"90s\", for = \"8s\" }\n\
    [[faults]]\nkind = \"reset\"\nprobability = 0.05\nroute = \"status\"\n\
    [[faults]]\nkind = \"status\"\ncode = 503\nprobability = 0.05\nretry_after = \"http-date\"\nretry_in = \"9s\"\nroute = \"status\"\n\
    [[faults]]\nkind = \"stall\"\nprobability = 0.03\nroute = \"status\"\n\
    [[faults]]\nkind = \"unknown-state\"\nprobability = 0.03\n\
    [[faults]]\nkind = \"stale-read\"\nprobability = 0.1\nage = { since = \"done\", to = \"20s\" }\n";

proptest! {
    #![proptest_config(crate::soak::cases(48))]

    /// Promise: a batch of one is the single wait: every record is the same, in any weather, whatever the schedule, with finite
    /// workers and a shared limit on polls too.
    #[test]
    fn a_batch_of_one_is_the_single_wait(
        seed: u32, schedule in prop::sample::select(vec![
            "kind = \"fixed\", interval = \"7s\"", "kind = \"exponential\", interval = \"2s\", cap = \"30s\"", "kind = \"optimal\"",
        ]),
        workers in prop::option::of(1_u32..9), is_limited: bool, jitter in prop::sample::select(vec!["none", "full"]),
    ) {
        let workers = workers.map(|workers| format!("workers = {workers}\n")).unwrap_or_default();
        let limit = "[[faults]]\nkind = \"rate-limit\"\nroute = \"status\"\nrate_per_s = 2.0\nretry_after = true\n";
        let wait = format!(
            "schedule = {{ {schedule} }}\nlimit = {{ kind = \"wall-clock\", deadline = \"4m\" }}\njitter = \"{jitter}\"\n"
        );
        let scenario = scenario(&format!(
            "seed = {seed}\ntasks = 40\nreplicates = 1\n[models.m]\ncompletion = \"lognormal(median=60s, sigma=0.5)\"\n{workers}\
             failure.probability = 0.1\nstuck_probability = 0.05\n{WEATHER}{}\
             [[strategies]]\nname = \"alone\"\n{wait}[[strategies]]\nname = \"batch\"\n{wait}\
             sharing = {{ kind = \"batch\", size = 1, linger = \"30s\" }}\n",
            if is_limited { limit } else { "" }
        ));
        let records = records(&scenario);
        prop_assert_eq!(&records[&(0, 0, 0)], &records[&(0, 1, 0)]);
    }

    /// Promise: tasks come in batches that are full or have lingered; they are the tasks that they would be alone, and each batch
    /// has one submit; polls are counted once, to tasks that are open, and to each as often as to any other or once more.
    #[test]
    fn a_batch_has_one_submit_and_each_poll_counts_once(seed: u32, size in 2_u32..9, linger_s in 0_u32..9) {
        let scenario = scenario(&format!(
            "seed = {seed}\ntasks = 60\nreplicates = 1\n[network]\nrtt = \"200ms\"\n\
             [models.m]\ncompletion = \"lognormal(median=40s, sigma=0.6)\"\n\
             [[strategies]]\npreset = \"adaptive-hardened\"\n[[strategies]]\npreset = \"batch-hardened\"\n\
             sharing = {{ kind = \"batch\", size = {size}, linger = \"{linger_s}s\" }}\n"
        ));
        let records = records(&scenario);
        let (alone, together) = (&records[&(0, 0, 0)], &records[&(0, 1, 0)]);
        let linger = pollbench::time::Micros::from_secs(linger_s.into());
        let half = pollbench::time::Micros::from_millis(200);
        let mut rest = &together[..];
        while let Some(first) = rest.first() {
            let (batch, others) = rest.split_at(1 + rest[1..].iter().take_while(|record| record.submits == 0).count());
            rest = others;
            let sent = first.wait_start - half;
            prop_assert!(batch.len() <= size as usize && batch.iter().all(|record| record.submitted <= sent));
            prop_assert!(batch.iter().all(|record| record.wait_start == first.wait_start));
            if batch.len() == size as usize {
                prop_assert_eq!(sent, batch[batch.len() - 1].submitted);
            } else {
                prop_assert_eq!(sent, first.submitted + linger);
                prop_assert!(others.first().is_none_or(|next| next.submitted > sent));
            }
            // The last to end was open all the time.
            let most = batch.iter().map(|record| record.polls).max().unwrap_or(0);
            let last = batch.iter().max_by_key(|record| record.settled).expect("not empty");
            prop_assert!(last.polls + 1 >= most);
        }
        for (alone, together) in alone.iter().zip(together) {
            prop_assert_eq!((alone.fate, alone.done - alone.wait_start), (together.fate, together.done - together.wait_start));
        }
        prop_assert!(polls(together) <= polls(alone));
    }
}

/// Promise: with patience to spare no result that can be known is lost, alone or in batches, in any shipped weather that tells the
/// truth in the end.
#[test]
fn nothing_is_lost_that_could_be_known() {
    let patience = "kind = \"wall-clock\", deadline = \"25m\"";
    for weather in
        ["calm", "flaky", "mobile", "deploy-hourly", "outage-5m", "brownout", "stale-replica", "storm", "rate-limited"]
    {
        let text = Shipped::named(weather).expect("it is shipped").text;
        let (world, _) = text.split_once("[[strategies]]").expect("it has strategies");
        let world = world.lines().filter(|line| !line.starts_with("tasks =") && !line.starts_with("replicates ="));
        let (head, tables) = world
            .map(|line| format!("{line}\n"))
            .collect::<String>()
            .split_once("\n[")
            .map_or_else(|| panic!("{weather} has a table"), |(head, tables)| (head.to_owned(), tables.to_owned()));
        let scenario = Scenario::parse(
            &format!(
                "{head}\ntasks = 60\nreplicates = 2\n[{tables}\n[[strategies]]\npreset = \"adaptive-hardened\"\nlimit = {{ {patience} }}\n\
                 [[strategies]]\npreset = \"batch-hardened\"\nlimit = {{ {patience} }}\nsharing = {{ kind = \"batch\", linger = \"10s\" }}\n"
            ),
            "test.toml",
            &Embedded(&[]),
        )
        .unwrap_or_else(|error| panic!("{weather}: {error}"));
        let records = records(&scenario);
        for ((model, strategy, replicate), together) in records.iter().filter(|((_, strategy, _), _)| *strategy == 1) {
            let alone = &records[&(*model, 0, *replicate)];
            // A submit that fails leaves nothing to ask for.
            let lost = |records: &[TaskRecord]| {
                records.iter().filter(|record| record.is_retrievable(scenario.horizon)).count()
            };
            let what = format!("{weather}, model {model}, strategy {strategy}");
            assert_eq!((lost(alone), lost(together)), (0, 0), "{what}");
            assert!(polls(together) < polls(alone), "{weather}: {} of {} polls", polls(together), polls(alone));
        }
    }
}

/// The least expected cost of `open` tasks found unfinished at atom `at`, by trying every subset of atoms as looks: after each
/// look every later atom may be the next.
fn by_trying(atoms: &[(f64, f64)], at: Option<usize>, open: usize, poll: f64, delay_per_s: f64) -> (f64, f64) {
    if open == 0 {
        return (0.0, 0.0);
    }
    let from = at.map_or(0, |at| at + 1);
    let alive: f64 = atoms[from..].iter().map(|(_, share)| share).sum();
    let mut best = (f64::INFINITY, 0.0);
    for to in from..atoms.len() {
        let ended: f64 = atoms[from..=to].iter().map(|(_, share)| share).sum::<f64>() / alive;
        let late: f64 = atoms[from..=to].iter().map(|(end, share)| share / alive * (atoms[to].0 - end)).sum();
        let (mut cost, mut polls) = (poll + open as f64 * delay_per_s * late, 1.0);
        for gone in 0..=open {
            let ways = (0..gone).fold(1.0, |ways, k| ways * (open - k) as f64 / (k + 1) as f64);
            let share = ways * ended.powi(gone as i32) * (1.0 - ended).max(0.0).powi((open - gone) as i32);
            if share > 0.0 && to + 1 < atoms.len() {
                let (more, looks) = by_trying(atoms, Some(to), open - gone, poll, delay_per_s);
                (cost, polls) = (cost + share * more, polls + share * looks);
            }
        }
        if cost < best.0 {
            best = (cost, polls);
        }
    }
    best
}

/// Promise: with n tasks submitted at once the planned looks cost what the best ones for the n order statistics cost, and are as
/// many: against trying every way on a distribution of six instants, and simulated.
#[test]
fn looks_at_open_tasks_are_the_best_for_their_order_statistics() {
    let atoms = [(20.0, 0.3), (26.0, 0.2), (40.0, 0.15), (44.0, 0.15), (90.0, 0.15), (200.0, 0.05)];
    let parts: Vec<String> = atoms.iter().map(|(at, share)| format!("{share}*constant(value={at}s)")).collect();
    let distribution = format!("mixture({})", parts.join(", "));
    let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
    let done = DoneTime::of(distribution.parse().expect("a distribution"));
    let plan = Together::plan(&done, weights, 1_700e6, 8).expect("positive weights");
    for tasks in [1_usize, 2, 3, 5, 8] {
        let (least, looks) = by_trying(&atoms, None, tasks, 1.0, 0.1);
        assert!(
            (plan.least(tasks as u32) / least - 1.0).abs() < 1e-6,
            "{tasks}: {} and {least}",
            plan.least(tasks as u32)
        );
        if tasks == 1 {
            continue;
        }
        let replicates = 800;
        let scenario = scenario(&format!(
            "seed = 5\ntasks = {tasks}\nreplicates = {replicates}\n[arrivals]\nkind = \"burst\"\n[models.m]\ncompletion = \"{distribution}\"\n\
             [[strategies]]\npreset = \"optimal\"\nsharing = {{ kind = \"batch\" }}\n"
        ));
        let records = records(&scenario);
        let all: Vec<TaskRecord> = records.into_values().flatten().collect();
        let per_batch = |sum: f64| sum / f64::from(replicates);
        let (found, counted) = (per_batch(cost(&all, &scenario)), per_batch(polls(&all) as f64));
        // Costs of batches spread by less than half of their mean, and so do their looks: four standard errors and a half.
        assert!((found / least - 1.0).abs() < 4.5 * 0.5 / f64::from(replicates).sqrt(), "{tasks}: {found} and {least}");
        assert!(
            (counted / looks - 1.0).abs() < 4.5 * 0.5 / f64::from(replicates).sqrt(),
            "{tasks}: {counted} and {looks}"
        );
    }
}

/// Promise: for smooth distributions the looks at one task cost at most 0.5 % more than the exact optimum, and together never more a task
/// than alone, less the more there are.
#[test]
fn one_task_of_a_batch_costs_what_it_costs_alone() {
    let weights = CostWeights { poll: 1.0, delay_per_s: 0.1 };
    for distribution in [
        "lognormal(median=100s, sigma=0.4)",
        "weibull(shape=1.3, scale=100s)",
        "mixture(0.6*lognormal(median=30s, sigma=0.2), 0.4*lognormal(median=150s, sigma=0.2))",
        "pareto(scale=20s, shape=1.5)",
    ] {
        let done = DoneTime::of(distribution.parse().expect("a distribution"));
        let end = 1_790e6;
        let least = ScheduleProblem::new(&done, weights).expect("positive").deadline(end).solve().cost(
            &done,
            &weights,
            Some(end),
        );
        let plan = Together::plan(&done, weights, end, 50).expect("positive weights");
        assert!((0.999..1.005).contains(&(plan.least(1) / least)), "{distribution}: {} and {least}", plan.least(1));
        let each: Vec<f64> = [1, 2, 5, 20, 50].iter().map(|tasks| plan.least(*tasks) / f64::from(*tasks)).collect();
        assert!(each.windows(2).all(|pair| pair[1] < pair[0]), "{distribution}: {each:?}");
    }
}
