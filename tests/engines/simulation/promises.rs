//! What holds in every world.

use super::support::{records, run, scenario};
use pollbench::api::reply::{Failure, Loss, Payload, Reply, TaskState};
use pollbench::engine::sim::Options;
use pollbench::measure::record::Outcome;
use pollbench::scenario::Scenario;
use pollbench::strategy::composition::{Limit, Recovery, Strategy as Waiter};
use pollbench::strategy::planned::PlannedRule;
use pollbench::strategy::presets::{PRESETS, preset};
use pollbench::strategy::wait::{Ending, Policy, Step, Worth};
use pollbench::time::Micros;
use pollbench::world::draws::{Keys, Stream};
use proptest::prelude::*;

/// What a scripted server does with one poll.
#[derive(Debug, Clone)]
enum Act {
    State(u8),
    Status(u16, Option<u64>),
    NoData,
    Reset,
    Stall,
}

fn act() -> impl Strategy<Value = (Act, u64)> {
    let kind = prop_oneof![
        6 => Just(Act::State(1)),
        1 => (2_u8..4).prop_map(Act::State),
        2 => (prop::sample::select(vec![404_u16, 429, 500, 503]), prop::option::of(0_u64..200)).prop_map(|(s, r)| Act::Status(s, r)),
        1 => Just(Act::NoData),
        2 => Just(Act::Reset),
        1 => Just(Act::Stall),
    ];
    (kind, 0_u64..30_000_000)
}

fn jitter() -> impl Strategy<Value = pollbench::strategy::composition::Jitter> {
    use pollbench::strategy::composition::Jitter::{Decorrelated, Equal, Full, None};
    prop::sample::select(vec![None, Full, Equal, Decorrelated])
}

/// Any preset that polls by itself, under any jitter.
fn waiter() -> impl Strategy<Value = (Waiter, bool)> {
    let names: Vec<&'static str> = PRESETS
        .iter()
        .copied()
        .filter(|name| PlannedRule::named(name).is_none() && !matches!(*name, "webhook" | "concurrent"))
        .collect();
    (prop::sample::select(names), jitter()).prop_map(|(name, jitter)| {
        let strategy = Waiter { jitter, ..preset(name).expect("a preset") };
        let hardened = matches!(strategy.recovery, Recovery::Tolerant(_));
        (strategy, hardened)
    })
}

proptest! {
    #![proptest_config(crate::soak::cases(120))]

    /// One poll at a time, none after the end, gaps under the cap; a hardened wait ends by its deadline and one attempt,
    /// and never gives up but after a poll that told nothing or said unfinished.
    #[test]
    fn a_wait_keeps_its_promises(
        (strategy, hardened) in waiter(), seed in any::<u64>(), model in prop::sample::select(vec!["sora-2", "nano-banana", "?"]),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let policy = Policy::new(&strategy, model);
        let failure = Failure { code: "BAD".to_owned(), message: "no".to_owned() };
        let mut draws = Keys::new(seed, 0, "jitter").draws(Stream::Jitter, 0);
        let start = Micros::from_secs(5);
        let (mut wait, mut step) = policy.begin(start, &mut draws);
        let (mut now, mut last_worth, mut polls) = (start, None, 0_u32);
        let end = loop {
            match step {
                Step::Listen => prop_assert!(false, "a polling wait polls"),
                Step::End { at, ending } => break (at, ending),
                Step::Poll { at, timeout } => {
                    prop_assert!(at >= now, "a poll is never sent before the last one is over");
                    polls += 1;
                    let (act, rtt) = &acts[polls as usize % acts.len()];
                    let reply = match act {
                        Act::State(1) => Reply::state(TaskState::Processing),
                        Act::State(2) => Reply::state(TaskState::Success),
                        Act::State(_) => Reply::state(TaskState::Failed(&failure)),
                        Act::Status(status, retry) => Reply::Answer { status: *status, payload: Payload::NoData, retry_after: retry.map(Micros::from_secs) },
                        Act::NoData => Reply::Answer { status: 200, payload: Payload::NoData, retry_after: None },
                        Act::Reset => Reply::Lost(Loss::Reset),
                        Act::Stall => Reply::Lost(Loss::TimedOut),
                    };
                    // Without a timeout a stalled request is never heard of again: the documented hang.
                    if matches!(act, Act::Stall) && timeout.is_never() {
                        return Ok(());
                    }
                    let travel = if matches!(act, Act::Stall) { Micros::NEVER } else { Micros::new(*rtt) };
                    let reply = if travel > timeout { Reply::Lost(Loss::TimedOut) } else { reply };
                    now = at + travel.min(timeout);
                    let (worth, next) = wait.reply(now, &reply, &mut draws);
                    if let Reply::Answer { payload: Payload::State(TaskState::Success | TaskState::Failed(_)), status: 200, .. } = reply {
                        prop_assert!(matches!(next, Step::End { .. }), "a terminal answer ends the wait");
                        prop_assert_eq!(worth, Worth::Useful);
                    }
                    last_worth = Some(worth);
                    step = next;
                    prop_assert!(polls < 20_000, "every wait ends");
                }
            }
        };
        prop_assert!(end.0 >= now);
        if hardened {
            let (Limit::WallClock(deadline), Recovery::Tolerant(tolerance)) = (strategy.pace(model).limit, strategy.recovery) else {
                return Err(TestCaseError::fail("hardened waits go by the clock"));
            };
            prop_assert!(end.0 <= start + deadline.get() + tolerance.attempt_timeout());
            if end.1 == Ending::GaveUp {
                prop_assert!(end.0 >= start + deadline.get(), "patience is not cut short");
                prop_assert!(matches!(last_worth, Some(Worth::Wasted | Worth::Failed)));
            }
        }
    }
}

/// A world in which every duration is a multiple of a millisecond, all of them `k` times as long.
fn scaled(k: u64, seed: u64, stall: f64, reset: f64) -> Scenario {
    let s = |ms: u64| format!("{}ms", ms * k);
    scenario(&format!(
        "seed = {seed}\ntasks = 40\nreplicates = 1\nhorizon = \"{}\"\n[arrivals]\nkind = \"constant\"\nrate_per_s = {}\n\
         [network]\nrtt = \"empirical({}, {}, {})\"\n[models.m]\ncompletion = \"empirical({}, {}, {})\"\nstuck_probability = 0.1\n\
         [[faults]]\nkind = \"stall\"\nprobability = {stall}\n[[faults]]\nkind = \"reset\"\nprobability = {reset}\n\
         [[strategies]]\nname = \"s\"\nschedule = {{ kind = \"exponential\", first = \"{}\", interval = \"{}\", multiplier = 2.0, cap = \"{}\" }}\n\
         limit = {{ kind = \"wall-clock\", deadline = \"{}\" }}\n\
         recovery = {{ kind = \"tolerant\", attempt_timeout = \"{}\", retry_after_floor = \"{}\", retry_after_ceiling = \"{}\" }}\n",
        s(1_800_000),
        1.0 / k as f64,
        s(40),
        s(180),
        s(1_000),
        s(9_000),
        s(31_000),
        s(64_000),
        s(2_000),
        s(1_000),
        s(16_000),
        s(90_000),
        s(4_000),
        s(1_000),
        s(60_000),
    ))
}

proptest! {
    #![proptest_config(crate::soak::cases(32))]

    /// Time has no unit: scaling every duration scales delays and keeps counts.
    #[test]
    fn scaling_time_scales_delays_and_keeps_counts(seed in any::<u64>(), k in 2_u64..50, stall in 0.0..0.1, reset in 0.0..0.1) {
        let (one, many) = (records(&scaled(1, seed, stall, reset), Options::default()), records(&scaled(k, seed, stall, reset), Options::default()));
        for (a, b) in one[&(0, 0, 0)].iter().zip(&many[&(0, 0, 0)]) {
            prop_assert_eq!((a.outcome, a.polls, a.wasted, a.failed), (b.outcome, b.polls, b.wasted, b.failed));
            prop_assert_eq!(a.delay().map(|delay| delay * k), b.delay());
            prop_assert_eq!((a.settled - a.wait_start) * k, b.settled - b.wait_start);
        }
    }

    /// In a calm world without travel, polling more often in between never makes a task known later.
    #[test]
    fn dividing_the_interval_never_raises_a_delay(seed in any::<u64>(), parts in 2_u64..6, interval_ms in 100_u64..20_000) {
        let world = |interval_us: u64| scenario(&format!(
            "seed = {seed}\ntasks = 60\nreplicates = 1\n[models.m]\ncompletion = \"lognormal(median=60s, sigma=1)\"\n[[strategies]]\nname = \"s\"\n\
             schedule = {{ kind = \"fixed\", interval = \"{interval_us}us\" }}\nlimit = {{ kind = \"none\" }}"));
        let rare = records(&world(interval_ms * 1_000 * parts), Options::default());
        let often = records(&world(interval_ms * 1_000), Options::default());
        for (rare, often) in rare[&(0, 0, 0)].iter().zip(&often[&(0, 0, 0)]) {
            prop_assert!(often.delay() <= rare.delay() || rare.delay().is_none(), "{often:?} {rare:?}");
        }
    }

    /// What becomes of other tasks changes nothing for a hardened wait, documented pools aside.
    #[test]
    fn a_hardened_wait_is_its_own(seed in any::<u64>(), others in 1_u64..80) {
        let world = |tasks: u64| scenario(&format!(
            "seed = {seed}\ntasks = {tasks}\nreplicates = 1\n[network]\nrtt = \"lognormal(median=100ms, sigma=1)\"\n\
             [models.suno]\ncompletion = \"lognormal(median=60s, sigma=1)\"\nfailure.probability = 0.3\nstuck_probability = 0.1\n\
             [[faults]]\nkind = \"reset\"\nprobability = 0.2\n[[faults]]\nkind = \"stall\"\nprobability = 0.05\n\
             [[strategies]]\npreset = \"basic-hardened\"\n[[strategies]]\npreset = \"adaptive-hardened\"\n\
             [[strategies]]\npreset = \"exponential-hardened\"\n[[strategies]]\npreset = \"webhook-hybrid\""));
        let (few, many) = (records(&world(20), Options::default()), records(&world(20 + others), Options::default()));
        for (cell, records) in &few {
            prop_assert_eq!(&records[..], &many[cell][..20]);
        }
    }

    /// Every task ends in one way, polls add up, and nobody knows what has not happened.
    #[test]
    fn outcomes_and_polls_add_up(seed in any::<u64>(), stall in 0.0..0.05, rate in 1.0..50.0) {
        let mut body = format!(
            "seed = {seed}\ntasks = 20\nreplicates = 2\n[network]\nrtt = \"lognormal(median=200ms, sigma=1)\"\n[submit]\nretries = 1\n\
             [models.m]\ncompletion = \"lognormal(median=40s, sigma=1)\"\nfailure.probability = 0.1\nstuck_probability = 0.05\nworkers = 12\n\
             [[faults]]\nkind = \"stall\"\nprobability = {stall}\n[[faults]]\nkind = \"rate-limit\"\nrate_per_s = {rate}\nretry_after = true\n\
             [[faults]]\nkind = \"status\"\nroute = \"submit\"\nprobability = 0.2\ntask_exists = true\n");
        for preset in PRESETS {
            body += &format!("[[strategies]]\npreset = \"{preset}\"\n");
        }
        let world = scenario(&body);
        for record in records(&world, Options::default()).values().flatten() {
            prop_assert!(record.wasted + record.failed <= record.polls);
            prop_assert!(record.wait_start >= record.submitted);
            if record.outcome.is_known() {
                prop_assert!(record.settled >= record.done && record.useful() <= 1);
            } else {
                prop_assert_eq!(record.useful(), 0);
            }
            prop_assert_eq!(record.settled.is_never(), record.outcome == Outcome::Hang);
        }
        for cell in &run(&world, Options::default()).results.cells {
            let o = cell.outcomes;
            let sum = o.success + o.failed + o.timeout_missed + o.timeout_impatient + o.timeout_true + o.error + o.abandoned + o.hang + o.rejected;
            prop_assert_eq!((sum, cell.tasks), (40, 40));
            prop_assert_eq!(cell.polls.total, cell.polls.useful + cell.polls.wasted + cell.polls.failed);
        }
    }
}
