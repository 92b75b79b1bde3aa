//! How often faults strike, what is left when they do not, and what they make clients believe.

use super::support::{records, run, scenario};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{self, Control, Options};
use pollbench::measure::record::TaskRecord;
use pollbench::scenario::Scenario;
use pollbench::time::Micros;
use pollbench::world::fault::{Kind, Striking};

/// How often each rule struck, and how many polls there were.
fn struck(scenario: &Scenario) -> (Vec<u64>, u64) {
    let findings = sim::run(&Plan::new(scenario), Options::default(), &Control::default(), None).expect("not stopped");
    let polls = findings.cells.iter().map(|cell| cell.totals.polls.sum as u64).sum();
    (findings.fired, polls)
}

/// Holds counts against shares of all polls: more than five standard deviations off fails a correct simulator once in 1.7
/// million rules.
fn assert_rates(scenario: &Scenario, shares: &[f64]) {
    let (fired, polls) = struck(scenario);
    assert_eq!(fired.len(), shares.len());
    for (rule, (fired, share)) in fired.iter().zip(shares).enumerate() {
        let expected = polls as f64 * share;
        let deviation = (expected * (1.0 - share)).sqrt();
        let name = scenario.faults[rule].kind().name();
        assert!((*fired as f64 - expected).abs() <= 5.0 * deviation, "{name}: {fired} of {polls}, expected {expected}");
    }
}

/// A poll every two seconds for a hundred, whatever happens, for each of 2,000 tasks.
fn asked(faults: &str) -> Scenario {
    scenario(&format!(
        "tasks = 2000\nreplicates = 1\n[arrivals]\nkind = \"constant\"\nrate_per_s = 10.0\n[models.m]\ncompletion = \"1h\"\n\
         [[strategies]]\nname = \"s\"\nschedule = {{ kind = \"fixed\", interval = \"2s\" }}\n\
         limit = {{ kind = \"wall-clock\", deadline = \"100s\" }}\nrecovery = {{ kind = \"tolerant\", attempt_timeout = \"1s\" }}\n{faults}"
    ))
}

fn share(kind: &str, probability: f64, more: &str) -> String {
    format!("[[faults]]\nkind = \"{kind}\"\nprobability = {probability}\n{more}\n")
}

/// Promise: each of several rules strikes as often as it says, together and one by one.
#[test]
fn rules_strike_as_often_as_they_say() {
    let kinds = [
        ("reset", 0.03, ""),
        ("stall", 0.01, ""),
        ("close-mid-body", 0.05, ""),
        ("slow-body", 0.04, "takes = \"500ms\""),
        ("status", 0.2, ""),
        ("redirect", 0.02, ""),
        ("state-regression", 0.1, ""),
        ("idle-close", 0.3, ""),
    ];
    let together: String = kinds.iter().map(|(kind, share_of, more)| share(kind, *share_of, more)).collect();
    assert_rates(&asked(&together), &kinds.map(|(_, share, _)| share));
    // What slows a request down is no other rule's share, and counts where nothing else strikes.
    let slow = share("latency-spike", 0.25, "by = \"100ms\"") + &share("latency-spike", 0.5, "by = \"200ms\"");
    let both = asked(&(slow + &share("reset", 0.2, "")));
    assert_rates(&both, &[0.25 * 0.8, 0.5 * 0.75 * 0.8, 0.2]);
    // All of the run lies in the window.
    let window = "route = \"status\"\nduring = { for = \"10h\" }";
    assert_rates(&asked(&format!("[[faults]]\nkind = \"brownout\"\nerrors = 0.3\n{window}")), &[0.3]);
    let ramp = "[[faults]]\nkind = \"brownout\"\nerrors = 1.0\nramp = \"150s\"\nroute = \"status\"\nduring = { for = \"300s\" }";
    let (fired, polls) = struck(&asked(ramp));
    // The mean of the ramp over the polls, which are evenly spread between 0 s and 300 s but for their ends.
    let share = fired[0] as f64 / polls as f64;
    assert!((0.5..0.8).contains(&share), "{share}");
}

/// Promise: ages cut time as they say: of a task's polls, those before, between and after.
#[test]
fn ages_strike_between_their_ends() {
    let young = share("stale-read", 1.0, "age = { to = \"20s\" }");
    let rest = share("status", 1.0, "age = { from = \"20s\", to = \"50s\" }")
        + &share("reset", 1.0, "age = { from = \"50s\" }");
    let (fired, polls) = struck(&asked(&(young + &rest)));
    // At 0, 2 … 98 s, and at the deadline.
    assert_eq!((fired, polls), (vec![2_000 * 10, 2_000 * 15, 2_000 * 26], 2_000 * 51));
}

/// One rule of each kind that never has anything to strike.
fn idle() -> String {
    let rule = |kind: &Kind| {
        let never = "during = { from = \"3000d\", for = \"1h\" }";
        let active = match kind.striking() {
            Striking::Share | Striking::Slowdown => "probability = 0.0".to_owned(),
            Striking::Window | Striking::Brownout => never.to_owned(),
            Striking::Bursts => {
                "probability = 0.0\ngilbert_elliott = { bad_share = 0.5, bad_mean = \"1h\" }".to_owned()
            }
            Striking::Limit if *kind == Kind::RateLimit => format!("rate_per_s = 1.0\n{never}"),
            Striking::Limit => never.to_owned(),
        };
        format!("[[faults]]\nkind = \"{}\"\n{active}\n", kind.name())
    };
    Kind::ALL.iter().map(rule).collect()
}

/// Promise: a world whose faults never strike is the world without them, task by task.
#[test]
fn faults_that_never_strike_change_nothing() {
    let world = |faults: &str| {
        scenario(&format!(
            "tasks = 300\nreplicates = 2\n[network]\nrtt = \"lognormal(median=80ms, sigma=0.4)\"\n\
             [models.sora-2]\ncompletion = \"lognormal(median=100s, sigma=0.5)\"\nfailure.probability = 0.1\nstuck_probability = 0.02\n\
             [models.flux-2]\ncompletion = \"lognormal(median=20s, sigma=0.3)\"\n\
             [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"webhook\"\n\
             [[strategies]]\npreset = \"exponential-hardened\"\njitter = \"full\"\n[[strategies]]\npreset = \"webhook-hybrid\"\n\
             [[strategies]]\npreset = \"concurrent\"\n[[strategies]]\npreset = \"concurrent-hardened\"\n{faults}"
        ))
    };
    let (calm, idle) = (world(""), world(&idle()));
    assert_eq!(records(&calm, Options::default()), records(&idle, Options::default()));
    let (fired, _) = struck(&idle);
    assert!(fired.iter().all(|fired| *fired == 0), "{fired:?}");
}

/// Promise: who looks neither at the id nor at the result believes what is not so, and that is counted; who looks does not.
#[test]
fn what_is_believed_wrongly_is_counted_and_lost() {
    let believe = |faults: &str| {
        let world = scenario(&format!(
            "tasks = 100\nreplicates = 1\n[models.m]\ncompletion = \"20s\"\n[[strategies]]\npreset = \"basic\"\n\
             [[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"basic-hardened\"\n{faults}"
        ));
        let compared = run(&world, Options::default());
        let cells = compared.results.cells.iter();
        cells.map(|cell| (cell.outcomes.success, cell.false_success, cell.lost)).collect::<Vec<_>>()
    };
    // Until the task is done only: a success that is none yet. Afterwards: another's result. Both are lost.
    let early = believe(&share("task-mixup", 1.0, "age = { to = \"10s\" }"));
    assert_eq!(early, [(100, 100, 100), (100, 100, 100), (100, 0, 0)]);
    let late = believe(&share("task-mixup", 1.0, "age = { since = \"done\", to = \"10s\" }"));
    assert_eq!(late, [(100, 0, 100), (100, 0, 100), (100, 0, 0)]);
    // The guide's resilient code parses the result, and dies of it.
    let bad = believe(&share("bad-result-json", 1.0, "age = { since = \"done\", to = \"10s\" }"));
    assert_eq!(bad, [(100, 0, 100), (0, 0, 100), (100, 0, 0)]);
    let empty = believe(&share("empty-result", 1.0, "age = { since = \"done\", to = \"10s\" }"));
    assert_eq!(empty, [(100, 0, 100), (100, 0, 100), (100, 0, 0)]);
}

/// Promise: a receiver that fails is told again after 30 s, 2 min and 10 min, and one that answers too late twice.
#[test]
fn receivers_that_fail_are_told_again() {
    let told = |faults: &str| -> TaskRecord {
        let world = scenario(&format!(
            "tasks = 1\nreplicates = 1\n[arrivals]\nkind = \"burst\"\n[models.m]\ncompletion = \"20s\"\n\
             [[strategies]]\npreset = \"webhook\"\n{faults}"
        ));
        records(&world, Options::default())[&(0, 0, 0)][0]
    };
    let delay = |faults: &str| told(faults).delay().map(Micros::as_secs);
    let down = |seconds: u32| format!("[[faults]]\nkind = \"receiver-down\"\nduring = {{ for = \"{seconds}s\" }}\n");
    assert_eq!(delay(&down(20)), Some(0.0));
    assert_eq!(delay(&down(21)), Some(30.0));
    assert_eq!(delay(&down(51)), Some(30.0 + 120.0));
    assert_eq!(delay(&down(171)), Some(30.0 + 120.0 + 600.0));
    assert_eq!(delay(&down(771)), None, "it was given up");
    for kind in ["receiver-refuses", "receiver-500", "malformed", "lost", "wrong-task"] {
        assert_eq!(delay(&share(kind, 1.0, "")), None, "{kind}");
    }
    let slow = told(&share("receiver-slow", 1.0, ""));
    assert_eq!((slow.delay().map(Micros::as_secs), slow.deliveries), (Some(0.0), 4));
}

/// Promise: for limits by the clock and faults that take no time, no task is found because a fault was added.
#[test]
fn a_fault_that_takes_no_time_saves_no_task() {
    let lost = |faults: &str| {
        let world = scenario(&format!(
            "tasks = 400\nreplicates = 1\n[network]\nrtt = \"100ms\"\n[models.m]\ncompletion = \"lognormal(median=60s, sigma=0.6)\"\n\
             [[strategies]]\nname = \"a\"\nschedule = {{ kind = \"fixed\", interval = \"7s\" }}\n\
             limit = {{ kind = \"wall-clock\", deadline = \"90s\" }}\nrecovery = {{ kind = \"tolerant\", attempt_timeout = \"5s\" }}\n\
             [[strategies]]\nname = \"b\"\nschedule = {{ kind = \"fixed\", first = \"30s\", interval = \"11s\" }}\n\
             limit = {{ kind = \"wall-clock\", deadline = \"90s\" }}\nrecovery = {{ kind = \"propagate\" }}\n{faults}"
        ));
        run(&world, Options::default()).results.cells.iter().map(|cell| cell.lost).collect::<Vec<_>>()
    };
    let calm = lost("");
    let takes_time = |kind: Kind| matches!(kind, Kind::SlowBody | Kind::BeforeSubmitReply);
    for kind in Kind::ALL.iter().filter(|kind| kind.striking() == Striking::Share && !takes_time(**kind)) {
        let struck = lost(&share(kind.name(), 0.3, ""));
        assert!(calm.iter().zip(&struck).all(|(calm, struck)| struck >= calm), "{}: {calm:?} {struck:?}", kind.name());
    }
}
