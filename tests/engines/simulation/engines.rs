//! One world, several ways through it: closed form, poll by poll, event queue; any number of threads.

use super::support::{records, run, scenario};
use crate::scenarios::{read, scenarios};
use pollbench::engine::sim::Options;
use pollbench::scenario::shipped::SHIPPED;
use proptest::prelude::*;

fn one_thread() -> Options {
    Options { threads: 1, ..Options::default() }
}

/// Faults that are asked for at each request, whatever its draw.
const ROUGH: &str = "\
    [[faults]]\nkind = \"outage\"\nduring = { every = \"90s\", for = \"8s\" }\n\
    [[faults]]\nkind = \"burst-loss\"\nprobability = 0.7\ngilbert_elliott = { bad_share = 0.05, bad_mean = \"5s\" }\n";

/// A world with every fault that an independent wait can meet, but for those in `ROUGH`, which may be the `rest`.
fn stormy(seed: u64, [reset, stall, stale, up]: [f64; 4], rtt_ms: u32, jitter: &str, rest: &str) -> String {
    format!(
        "seed = {seed}\ntasks = 60\nreplicates = 2\n[network]\nrtt = \"lognormal(median={rtt_ms}ms, sigma=0.8)\"\nup_share = {up}\n\
         [models.sora-2]\ncompletion = \"lognormal(median=100s, sigma=0.5)\"\npending = \"exponential(mean=2s)\"\n\
         stuck_probability = 0.02\nfailure.probability = 0.1\nfailure.message = \"network of friends\"\nfailure.after = \"uniform(low=1s, high=50s)\"\n\
         [[faults]]\nkind = \"reset\"\nprobability = {reset}\n[[faults]]\nkind = \"stall\"\nprobability = {stall}\n\
         [[faults]]\nkind = \"stale-read\"\nprobability = {stale}\n\
         [[faults]]\nkind = \"status\"\nprobability = 0.05\nretry_after = true\nretry_in = \"9s\"\n\
         [[faults]]\nkind = \"null-data\"\nprobability = 0.01\ngilbert_elliott = {{ bad_share = 0.3, bad_mean = \"20s\" }}\n\
         {rest}\
         [[faults]]\nkind = \"lost\"\nprobability = 0.2\n[[faults]]\nkind = \"delayed\"\nprobability = 0.2\nby = \"15s\"\n\
         [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"adaptive\"\n[[strategies]]\npreset = \"exponential\"\n\
         [[strategies]]\npreset = \"resilient\"\n[[strategies]]\npreset = \"webhook\"\n[[strategies]]\npreset = \"basic-hardened\"\n\
         [[strategies]]\npreset = \"exponential-hardened\"\njitter = \"{jitter}\"\n[[strategies]]\npreset = \"webhook-hybrid\"\n\
         [[strategies]]\npreset = \"concurrent\"\n[[strategies]]\npreset = \"concurrent-hardened\"\n"
    )
}

proptest! {
    #![proptest_config(crate::soak::cases(24))]

    /// The event queue and the fast path give the same record for every task of every strategy.
    #[test]
    fn the_event_queue_and_the_fast_path_agree(
        seed in any::<u64>(), reset in 0.0..0.1, stall in 0.0..0.02, stale in 0.0..0.2, rtt_ms in 1_u32..4_000,
        up in prop::sample::select(vec![0.0, 0.3, 0.5, 1.0]), rest in prop::sample::select(vec!["", ROUGH]),
        jitter in prop::sample::select(vec!["none", "full", "equal", "decorrelated"]),
    ) {
        let world = scenario(&stormy(seed, [reset, stall, stale, up], rtt_ms, jitter, rest));
        let fast = records(&world, one_thread());
        let queue = records(&world, Options { force_queue: true, ..one_thread() });
        prop_assert_eq!(fast, queue);
    }

    /// Whatever a scenario holds: polls one by one, the event queue and ranges on several threads change no record, and no
    /// figure that is not made of records either: strikes, requests per second, samples.
    #[test]
    fn any_scenario_is_the_same_every_way(text in scenarios(8)) {
        let world = read(&text);
        let whole = records(&world, one_thread());
        let alone = run(&world, Options { sample: true, ..one_thread() });
        let ways = [
            ("polls", Options { force_polls: true, ..one_thread() }),
            ("queue", Options { force_queue: true, ..one_thread() }),
        ];
        for (way, options) in ways {
            prop_assert_eq!(&whole, &records(&world, options), "{}", way);
            prop_assert!(alone == run(&world, Options { sample: true, ..options }), "figures: {}", way);
        }
        prop_assert!(alone == run(&world, Options { sample: true, threads: 3, ..Options::default() }), "threads");
    }

    /// In a calm world with a constant round trip, the closed form, the polls and the queue agree.
    #[test]
    fn the_closed_form_agrees_with_the_polls(
        seed in any::<u64>(), rtt_ms in 0_u32..5_000, up in 0.0..1.0, median_s in 1_u32..400,
    ) {
        let mut world = format!(
            "seed = {seed}\ntasks = 40\nreplicates = 1\n[network]\nrtt = \"{rtt_ms}ms\"\nup_share = {up}\n\
             [models.flux-2]\ncompletion = \"lognormal(median={median_s}s, sigma=1)\"\nstuck_probability = 0.05\n\
             failure.probability = 0.2\nfailure.message = \"lost in the network\"\n"
        );
        for preset in ["basic", "adaptive", "exponential", "resilient", "basic-hardened", "adaptive-hardened", "exponential-hardened"] {
            world += &format!("[[strategies]]\npreset = \"{preset}\"\n");
        }
        let world = scenario(&world);
        let closed = records(&world, one_thread());
        prop_assert_eq!(&closed, &records(&world, Options { force_polls: true, ..one_thread() }));
        prop_assert_eq!(&closed, &records(&world, Options { force_queue: true, ..one_thread() }));
    }
}

/// Shipped scenarios, made small: figures, curves and digest do not depend on the number of threads.
#[test]
fn threads_do_not_change_a_byte() {
    for shipped in SHIPPED {
        let mut world = shipped.scenario().expect("shipped scenarios are valid");
        (world.tasks, world.replicates) = (40, 3);
        let alone = run(&world, Options { sample: true, ..one_thread() });
        for threads in [2, 5] {
            let together = run(&world, Options { sample: true, threads, ..Options::default() });
            assert_eq!(alone, together, "{} on {threads} threads", shipped.name);
        }
    }
}

/// A replicate that is cut into ranges is the same as a whole one, figures, curves and sampled tasks, on any number of
/// threads and however many tasks are submitted at one instant.
#[test]
fn ranges_of_a_replicate_add_up() {
    for arrivals in [
        "kind = \"poisson\"\nrate_per_s = 20.0",
        "kind = \"constant\"\nrate_per_s = 20.0",
        "kind = \"burst\"",
        "kind = \"trace\"\nat = [\"1s\", \"1s\", \"1s\", \"2s\"]",
    ] {
        let world = scenario(&format!(
            "tasks = 70000\nreplicates = 1\n[arrivals]\n{arrivals}\n[models.m]\ncompletion = \"exponential(mean=9s)\"\n\
             [[strategies]]\npreset = \"exponential\"\n[[strategies]]\npreset = \"basic\""
        ));
        let whole = run(&world, Options { force_queue: true, sample: true, ..one_thread() });
        assert!(whole.series.cells.iter().all(|cell| cell.sample.len() > 1), "{arrivals}");
        for threads in 1..=3 {
            let cut = run(&world, Options { threads, sample: true, ..Options::default() });
            assert!(cut == whole, "{arrivals}, {threads} threads");
        }
    }
}

/// Leaving out models or strategies changes nothing for the others.
#[test]
fn a_cell_does_not_depend_on_its_neighbours() {
    let world = scenario(&stormy(3, [0.02, 0.01, 0.1, 0.5], 90, "full", ROUGH));
    let alone = pollbench::scenario::narrow::Overrides {
        strategies: Some(vec!["exponential-hardened".to_owned()]),
        ..Default::default()
    };
    let narrowed = world.clone().narrowed(&alone).expect("a known strategy");
    assert_eq!(records(&world, one_thread())[&(0, 6, 1)], records(&narrowed, one_thread())[&(0, 0, 1)]);
}
