//! Every kind of fault by itself: what a client sees is the same in the simulator, on a paused clock and over sockets.

use crate::{assert_equal, lived_side_by_side, scenario, simulated};
use pollbench::engine::live::LiveTarget;
use pollbench::measure::record::{Outcome, TaskRecord};
use pollbench::scenario::Scenario;
use pollbench::world::fault::{Kind, Route, Striking};
use pollbench::world::truth::Fate;
use std::sync::Mutex;

/// Scenario seconds in a second. What is compared has seconds to spare, and no instants.
const SCALE: f64 = 12.0;
/// Kinds over sockets at a time, each with the worlds of all its strategies: they mostly sleep.
const AT_A_TIME: usize = 16;

/// One task that is done after 16 s, asked for at 5, 10, 20 and 30 s, under one fault that strikes whatever it can.
fn world(kind: Kind, route: Route) -> Scenario {
    let name = kind.name();
    let active = match kind.striking() {
        Striking::Share | Striking::Slowdown => "probability = 1",
        // Polls at 10 s and 20 s, and the webhook at 16 s; or the submit.
        Striking::Window | Striking::Brownout if route == Route::Submit => "during = { for = \"3s\" }",
        Striking::Window | Striking::Brownout => "during = { from = \"7s\", for = \"18s\" }",
        Striking::Bursts => "gilbert_elliott = { bad_share = 0.999, bad_mean = \"1h\" }",
        Striking::Limit => "",
    };
    let more = match kind {
        Kind::RateLimit => "rate_per_s = 0.0001\nburst = 1\nretry_after = true",
        Kind::LoadLatency => "servers = 1\nservice = \"13s\"\nqueue = 0",
        Kind::SlowBody => "takes = \"2s\"",
        Kind::LatencySpike => "by = \"2s\"",
        Kind::Brownout => "errors = 1.0",
        Kind::BeforeSubmitReply => "by = \"15s\"",
        _ => "",
    };
    // Sockets can only refuse whoever comes: a rule for one route would reset there.
    let refuses = matches!(kind, Kind::Refuse | Kind::Outage);
    let route = if refuses {
        "route = [\"status\", \"submit\"]".to_owned()
    } else if kind.routes().len() > 1 {
        format!("route = \"{}\"", route.name())
    } else {
        String::new()
    };
    let failure = if kind == Kind::FailMessageNetwork {
        "failure = { probability = 1.0, message = \"no\", after = \"16s\" }\n"
    } else {
        ""
    };
    let asked = "schedule = { kind = \"table\", instants = [\"5s\", \"10s\", \"20s\", \"30s\"] }\n";
    scenario(&format!(
        "seed = 1\ntasks = 1\nreplicates = 1\nhorizon = \"46s\"\n[arrivals]\nkind = \"burst\"\n[submit]\nattempt_timeout = \"20s\"\n\
         [models.m]\ncompletion = \"16s\"\n{failure}[[faults]]\nkind = \"{name}\"\n{active}\n{more}\n{route}\n\
         [[strategies]]\nname = \"documented\"\n{asked}limit = {{ kind = \"attempts\", attempts = 4 }}\nrecovery = {{ kind = \"propagate\" }}\n\
         [[strategies]]\nname = \"retrying\"\n{asked}limit = {{ kind = \"attempts\", attempts = 4 }}\nrecovery = {{ kind = \"network-retry\", retries = 2, step = \"1s\" }}\n\
         [[strategies]]\nname = \"tolerant\"\n{asked}limit = {{ kind = \"wall-clock\", deadline = \"36s\" }}\n\
         recovery = {{ kind = \"tolerant\", attempt_timeout = \"4s\" }}\n\
         [[strategies]]\nname = \"told\"\n{asked}limit = {{ kind = \"none\" }}\nrecovery = {{ kind = \"tolerant\", attempt_timeout = \"4s\" }}\nchannel = \"both\"\n"
    ))
}

/// What a client saw of a task, and what became of it: no instants. Only a clock that jumps waits for deliveries that come
/// after the end of the wait.
type Seen = (String, Outcome, Option<Fate>, [u32; 3], bool);

fn seen(records: &crate::Records, world: &Scenario) -> Vec<Seen> {
    let of = |(key, records): (&(usize, usize, u32), &Vec<TaskRecord>)| {
        let name = world.strategies[key.1].name.clone();
        let class = move |record: &TaskRecord| {
            let counts = [record.polls, record.wasted, record.failed];
            (name.clone(), record.outcome, record.fate, counts, record.without_result)
        };
        records.iter().map(class).collect::<Vec<_>>()
    };
    records.iter().flat_map(of).collect()
}

/// Each kind on each route that it has.
fn all() -> Vec<(Kind, Route)> {
    Kind::ALL.iter().flat_map(|kind| kind.routes().iter().map(|route| (*kind, *route))).collect()
}

/// Promise: for each kind on each of its routes the simulator and the real code on a paused clock agree record by record.
#[test]
fn sim_and_virtual_agree_on_every_kind() {
    for (kind, route) in all() {
        assert_equal(&world(kind, route), &format!("{} on {}", kind.name(), route.name()));
    }
}

/// How a kind on a route looks different over sockets, if it does.
fn difference(kind: Kind, route: Route, scale: f64) -> Option<Vec<String>> {
    let world = world(kind, route);
    let expected = seen(&simulated(&world).0, &world);
    let target = LiveTarget::Wire { scale };
    let actual = seen(&lived_side_by_side(&world, &target, world.strategies.len()).0, &world);
    let differ = expected.iter().zip(&actual).filter(|(expected, actual)| expected != actual);
    let differ: Vec<String> = differ.map(|(a, b)| format!("sim {a:?}, wire {b:?}")).collect();
    (!differ.is_empty() || expected.len() != actual.len()).then_some(differ)
}

/// Those of these kinds on routes that differ at this scale, and how.
fn differing(these: Vec<(Kind, Route)>, scale: f64) -> Vec<(Kind, Route, Vec<String>)> {
    let (queue, found) = (Mutex::new(these), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some((kind, route)) = queue.lock().expect("no panic").pop() else { return };
            if let Some(differ) = difference(kind, route, scale) {
                found.lock().expect("no panic").push((kind, route, differ));
            }
        }
    };
    std::thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().expect("no panic")
}

/// Promise: and over real sockets the client sees the same, poll by poll.
#[test]
fn sim_and_wire_agree_on_every_kind() {
    let found = differing(all(), SCALE);
    // What a busy machine did goes away with more time to spare; what is wrong stays.
    let again = found.into_iter().map(|(kind, route, _)| (kind, route)).collect();
    let again = differing(again, SCALE / 4.0).into_iter();
    let again = again.map(|(kind, route, differ)| (kind.name(), route.name(), differ));
    assert_eq!(again.collect::<Vec<_>>(), []);
}

/// Promise: each kind can be noticed where it strikes: what some client sees differs from a world without it, or takes it
/// longer. A kind that nobody notices is none.
#[test]
fn every_kind_is_noticed_by_some_client() {
    for (kind, route) in all() {
        // A client that watches its idle connections takes no notice of one that is closed.
        // One submit finds no limit reached, and who is told at once is told again after the horizon.
        if matches!((kind, route), (Kind::IdleClose | Kind::ReceiverSlow, _) | (Kind::RateLimit, Route::Submit)) {
            continue;
        }
        let struck = world(kind, route);
        let calm = Scenario { faults: Default::default(), ..struck.clone() };
        assert_ne!(simulated(&struck).0, simulated(&calm).0, "{} on {}", kind.name(), route.name());
    }
}
