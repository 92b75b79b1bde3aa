//! Small worlds whose every record is known in advance.

use super::support::{only, records, run, scenario};
use pollbench::engine::sim::Options;
use pollbench::engine::trace::{TraceCase, trace};
use pollbench::measure::record::Outcome;
use pollbench::time::Micros;

/// One task a second, each worked on for two seconds by one worker: the i-th waits i seconds for it.
#[test]
fn one_worker_serves_in_the_order_of_arrival() {
    for (workers, backlog_s) in [(1, 1), (2, 0)] {
        let scenario = scenario(&format!(
            "tasks = 50\nreplicates = 1\n[arrivals]\nkind = \"constant\"\nrate_per_s = 1.0\n\
             [models.m]\ncompletion = \"2s\"\nworkers = {workers}\n[[strategies]]\npreset = \"webhook\""
        ));
        for record in &records(&scenario, Options::default())[&(0, 0, 0)] {
            let arrival = Micros::from_secs(record.task + 1);
            assert_eq!(record.submitted, arrival);
            assert_eq!(record.done, arrival + Micros::from_secs(2 + backlog_s * record.task), "task {}", record.task);
        }
    }
}

/// A bucket of ten tokens and a hundred polls at once: ten are let through, and the guide's code dies of the rest.
#[test]
fn a_token_bucket_lets_through_what_it_holds() {
    let scenario = scenario(
        "tasks = 100\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n[models.m]\ncompletion = \"0s\"\n\
         [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"basic-hardened\"\n\
         [[faults]]\nkind = \"rate-limit\"\nrate_per_s = 1.0\nburst = 10\nretry_after = true",
    );
    let compared = run(&scenario, Options::default());
    let [basic, hardened] = &compared.results.cells[..] else { panic!("two cells") };
    assert_eq!((basic.outcomes.error, basic.outcomes.success), (90, 10));
    assert_eq!(hardened.outcomes.error, 0);
    assert_eq!(hardened.outcomes.success + hardened.outcomes.timeout_missed, 100);
    assert_eq!(basic.peak_requests_per_s, 200, "a hundred submits and a hundred polls");
}

/// Two models share the bucket: who comes second finds it empty.
#[test]
fn a_bucket_is_shared_by_all_models_that_its_rule_covers() {
    let lost = |models: &str| {
        let scenario = scenario(&format!(
            "tasks = 1\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n[models.a]\ncompletion = \"1s\"\n\
             [models.b]\ncompletion = \"1s\"\n[[strategies]]\npreset = \"basic\"\n\
             [[faults]]\nkind = \"rate-limit\"\nrate_per_s = 0.001\nburst = 2\n{models}"
        ));
        let compared = run(&scenario, Options::default());
        compared.results.cells.iter().map(|cell| cell.outcomes.error).sum::<u64>()
    };
    // Each task needs two polls; two tokens are there.
    assert_eq!(lost(""), 2);
    assert_eq!(lost("models = [\"a\"]"), 0);
}

/// Polls at 0, 3 … s; the server refuses connections from 10 s to 20 s.
#[test]
fn an_outage_kills_what_polls_into_it_and_is_survived_by_the_hardened() {
    let scenario = scenario(
        "tasks = 1\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n[models.m]\ncompletion = \"15s\"\n\
         [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"basic-hardened\"\n\
         [[faults]]\nkind = \"outage\"\nroute = \"status\"\nduring = { from = \"10s\", for = \"10s\" }",
    );
    let records = records(&scenario, Options::default());
    let end = |strategy| (records[&(0, strategy, 0)][0].outcome, records[&(0, strategy, 0)][0].settled);
    assert_eq!(end(0), (Outcome::Error, Micros::from_secs(12)));
    assert_eq!(
        end(1),
        (Outcome::Error, Micros::from_secs(12)),
        "a refused connection does not carry the code it knows"
    );
    assert_eq!(end(2), (Outcome::Success, Micros::from_secs(21)));
}

/// Promise: that a connection is refused is known after a round trip, of a poll and of a submit, here and in a trace; it
/// is judged when it is sent, and takes its draws.
#[test]
fn a_refused_connection_costs_a_round_trip() {
    let scenario = scenario(
        "tasks = 2\nreplicates = 1\n[arrivals]\nkind = \"constant\"\nrate_per_s = 0.05\n[models.m]\ncompletion = \"15s\"\n\
         [network]\nrtt = \"400ms\"\n[[strategies]]\npreset = \"basic\"\n\
         [[faults]]\nkind = \"outage\"\nduring = { from = \"26s\", for = \"20s\" }",
    );
    let records = &records(&scenario, Options::default())[&(0, 0, 0)];
    // Submitted at 20 s, polled from 20.4 s on every 3 s and a round trip: at 27.2 s into the outage.
    let first = &records[0];
    assert_eq!((first.outcome, first.settled, first.polls), (Outcome::Error, Micros::from_millis(27_600), 3));
    let second = &records[1];
    assert_eq!((second.outcome, second.wait_start), (Outcome::Rejected, Micros::from_millis(40_400)));
    let case = r#"{"strategy": "basic", "rtt_ms": 400, "task": {"completion_ms": 15000}, "replies": {"2": {"kind": "outage"}}}"#;
    let trace = trace(&TraceCase::from_json(case).expect("a case")).expect("a trace");
    assert_eq!((trace.outcome, trace.settled_ms), ("error", Some(7_200.0)));
}

/// A stalled request hangs whoever has no timeout.
#[test]
fn a_stall_hangs_the_documented_and_costs_the_hardened_one_attempt() {
    let scenario = scenario(
        "tasks = 1\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n[models.m]\ncompletion = \"4s\"\n\
         [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"basic-hardened\"\n\
         [[faults]]\nkind = \"stall\"\nprobability = 1.0\nduring = { from = \"0s\", for = \"2s\" }",
    );
    let records = records(&scenario, Options::default());
    assert_eq!((records[&(0, 0, 0)][0].outcome, records[&(0, 0, 0)][0].polls), (Outcome::Hang, 1));
    let hardened = &records[&(0, 1, 0)][0];
    // The first attempt ends after 10 s, the next poll is due 3 s later.
    assert_eq!((hardened.outcome, hardened.settled, hardened.polls), (Outcome::Success, Micros::from_secs(13), 2));
}

/// One reset among twenty: the culprit ends with an error, the others are abandoned, the next pool never knows.
#[test]
fn one_error_ends_a_pool_and_no_other() {
    let scenario = scenario(
        "tasks = 60\nreplicates = 1\n[arrivals]\nkind = \"constant\"\nrate_per_s = 10.0\n[models.m]\ncompletion = \"10s\"\n\
         [[strategies]]\npreset = \"concurrent\"\n\
         [[faults]]\nkind = \"reset\"\nprobability = 1.0\nduring = { from = \"3050ms\", for = \"100ms\" }",
    );
    let records = records(&scenario, Options::default());
    let outcomes: Vec<Outcome> = records[&(0, 0, 0)].iter().map(|record| record.outcome).collect();
    let count = |pool: usize, outcome| outcomes[pool * 20..][..20].iter().filter(|found| **found == outcome).count();
    // The first pool polls all of its tasks at 3.1 s: the first reply ends the loop, 19 are left.
    assert_eq!((count(0, Outcome::Error), count(0, Outcome::Abandoned)), (1, 19));
    assert_eq!(count(1, Outcome::Success), 20);
    assert_eq!(count(2, Outcome::Success), 20);
}

/// A client's own limit of one request a second: ten tasks that would poll at once take turns.
#[test]
fn a_shared_limiter_spreads_the_polls() {
    let scenario = scenario(
        "tasks = 10\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n[models.m]\ncompletion = \"1ms\"\n[[strategies]]\nname = \"s\"\n\
         schedule = { kind = \"fixed\", first = \"1s\", interval = \"3s\" }\nlimit = { kind = \"wall-clock\", deadline = \"5m\" }\n\
         limiter = { max_in_flight = 5, rate_per_s = 1.0, burst = 1 }",
    );
    let settled: Vec<Micros> =
        records(&scenario, Options::default())[&(0, 0, 0)].iter().map(|record| record.settled).collect();
    assert_eq!(settled, (1..=10).map(Micros::from_secs).collect::<Vec<_>>());
}

/// Webhook faults at probability one.
#[test]
fn webhooks_are_lost_delayed_and_duplicated() {
    let world = |fault: &str, preset: &str| {
        scenario(&format!(
            "tasks = 20\nreplicates = 1\n[models.nano-banana]\ncompletion = \"10s\"\n[[strategies]]\npreset = \"{preset}\"\n\
             [[faults]]\nroute = \"webhook\"\nprobability = 1.0\n{fault}"
        ))
    };
    let cell = |fault, preset| only(&run(&world(fault, preset), Options::default())).clone();
    assert_eq!(cell("kind = \"lost\"", "webhook").outcomes.hang, 20);
    assert_eq!(cell("kind = \"lost\"", "webhook-hybrid").detection_delay_ms.mean, Some(50_000.0), "the poll at 60 s");
    assert_eq!(cell("kind = \"delayed\"\nby = \"7s\"", "webhook").detection_delay_ms.mean, Some(7_000.0));
    let twice = cell("kind = \"duplicated\"\nafter = \"1s\"", "webhook");
    assert_eq!((twice.duplicate_deliveries, twice.requests_per_task.mean), (20, 3.0));
}

/// A submit that fails is rejected, or sent again; where its task exists although it failed, there are two.
#[test]
fn failed_submits_are_rejected_or_repeated() {
    let world = |retries: u32, exists: bool| {
        scenario(&format!(
            "tasks = 4\nreplicates = 1\n[arrivals]\nkind = \"constant\"\nrate_per_s = 0.01\n[submit]\nretries = {retries}\n\
             [models.m]\ncompletion = \"10s\"\n[[strategies]]\npreset = \"basic\"\n\
             [[faults]]\nkind = \"reset\"\nroute = \"submit\"\nprobability = 1.0\ntask_exists = {exists}\n\
             during = {{ from = \"100s\", for = \"500ms\" }}"
        ))
    };
    let cell = |retries, exists| only(&run(&world(retries, exists), Options::default())).clone();
    let rejected = cell(0, false);
    assert_eq!((rejected.outcomes.rejected, rejected.outcomes.success, rejected.lost), (1, 3, 0));
    assert_eq!(cell(0, true).lost, 1, "its task succeeds and nobody has it");
    let repeated = cell(1, true);
    assert_eq!((repeated.outcomes.success, repeated.duplicate_tasks), (4, 1));
    assert_eq!(cell(1, false).duplicate_tasks, 0);
}

/// Giving up is charged one more poll and the delay to the horizon.
#[test]
fn giving_up_does_not_pay() {
    let scenario = scenario(
        "tasks = 1\nreplicates = 1\nhorizon = \"1000s\"\n[models.m]\ncompletion = \"400s\"\n[[strategies]]\npreset = \"basic\"\n\
         [report]\npoll_cost = 2.0\ndelay_cost_per_s = 0.5",
    );
    let compared = run(&scenario, Options::default());
    assert_eq!(only(&compared).outcomes.timeout_impatient, 1);
    assert_eq!(only(&compared).cost.mean, 2.0 * 61.0 + 0.5 * 600.0);
}

/// A wait that hangs goes on at least to the horizon, however early its limit was.
#[test]
fn a_hang_overshoots_its_limit() {
    let scenario = scenario(
        "tasks = 3\nreplicates = 1\nhorizon = \"1000s\"\n[models.m]\ncompletion = \"40s\"\n[[strategies]]\npreset = \"basic\"\n\
         [[faults]]\nkind = \"stall\"\nprobability = 1.0",
    );
    let compared = run(&scenario, Options::default());
    assert_eq!(only(&compared).outcomes.hang, 3);
    assert_eq!(only(&compared).deadline_overshoot_ms.mean, Some(820_000.0));
}

/// Where tasks interact, a share is no better known than its replicates allow, and one replicate says nothing.
#[test]
fn shares_of_interacting_tasks_come_from_replicates() {
    let world = |replicates: u32| {
        let scenario = scenario(&format!(
            "tasks = 100\nreplicates = {replicates}\n[models.m]\ncompletion = \"30s\"\n[[strategies]]\npreset = \"concurrent\"\n\
             [[strategies]]\npreset = \"basic\"\n[[faults]]\nkind = \"reset\"\nprobability = 0.002"
        ));
        run(&scenario, Options::default()).results.cells
    };
    let [pools, alone] = &world(1)[..] else { panic!("two cells") };
    assert_eq!(pools.shares_ci95.lost, None);
    assert!(alone.shares_ci95.lost.is_some());
    let pools = &world(100)[0];
    let [low, high] = pools.shares_ci95.lost.expect("a hundred replicates");
    let [wilson_low, wilson_high] = pollbench::measure::interval::wilson(pools.lost, pools.tasks);
    assert!(high - low > 1.5 * (wilson_high - wilson_low), "pools of twenty are lost together");
}
