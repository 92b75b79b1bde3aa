//! However a run is cut, and in whatever order its parts come home, they add up to the same figures; nothing else does.

use pollbench::engine::compare::{Compared, compare, summarise};
use pollbench::engine::partial::{Foreign, Header, InvalidPartial, Merging, PartialRun, write};
use pollbench::engine::plan::Plan;
use pollbench::engine::shard::{Shard, pieces};
use pollbench::engine::sim::{Control, Options, run};
use pollbench::scenario::Scenario;
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::recipe::{Loaded, Recipe};
use pollbench::scenario::shipped::SHIPPED;
use proptest::prelude::*;
use std::io::{Read as _, Write as _};
use std::sync::LazyLock;

fn options(threads: usize, shard: Shard) -> Options {
    Options { threads, sample: true, shard, ..Options::default() }
}

fn loaded(name: &str) -> Loaded {
    Loaded::named(name, &[]).expect("a shipped scenario")
}

/// A recipe that goes with scenarios which have none of their own.
fn recipe(seed: u64) -> Recipe {
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    Recipe::cook(&loaded("flaky"), None, overrides).expect("a shipped scenario").0
}

/// The partial file of one shard.
fn file(plan: &Plan<'_>, recipe: &Recipe, shard: Shard, threads: usize) -> Vec<u8> {
    let findings = run(plan, options(threads, shard), &Control::default(), None).expect("nobody stops it");
    let mut bytes = Vec::new();
    write(&mut bytes, &Header::new(plan, shard, "pollbench compare", recipe), &findings).expect("memory takes it");
    bytes
}

fn read(bytes: &[u8]) -> PartialRun {
    PartialRun::read(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// What all shards found, in the order of `order`.
fn merged(plan: &Plan<'_>, of: u32, order: impl Fn(&mut Vec<u32>)) -> Compared {
    let recipe = recipe(1);
    let mut numbers: Vec<u32> = (1..=of).collect();
    order(&mut numbers);
    let mut merging: Option<Merging> = None;
    for number in numbers {
        let shard = Shard::new(number, of).expect("a shard");
        let part = read(&file(plan, &recipe, shard, 1 + number as usize % 2));
        let merging = merging.get_or_insert_with(|| Merging::new(&part.header, plan));
        assert_eq!(merging.add(part), Ok(true));
    }
    let merging = merging.expect("at least one part");
    assert_eq!(merging.missing(), []);
    summarise(plan, "sim", &merging.into_findings())
}

proptest! {
    #![proptest_config(crate::soak::cases(48))]

    /// Coupled or not, few replicates or many shards: same figures, same curves, same sampled tasks.
    #[test]
    fn parts_of_any_scenario_add_up(text in crate::scenarios::scenarios(6), of in 1_u32..9, turn in any::<usize>()) {
        let scenario = crate::scenarios::read(&text);
        let plan = Plan::new(&scenario);
        let whole = compare(&plan, options(2, Shard::WHOLE), &Control::default(), None).expect("nobody stops it");
        let parts = merged(&plan, of, |numbers| {
            numbers.reverse();
            let at = turn % numbers.len();
            numbers.rotate_left(at);
        });
        prop_assert!(parts == whole, "{} shards of\n{}", of, text);
    }

    /// Every piece of the work is in one shard, and no shard has two pieces more than another.
    #[test]
    fn shards_share_the_work(replicates in 1_u32..200, of in 1_u32..100) {
        let scenario = small("flaky", 1, replicates);
        let plan = Plan::new(&scenario);
        let ranges: Vec<_> = (1..=of).map(|number| Shard::new(number, of).expect("a shard").pieces(&plan)).collect();
        prop_assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, pieces(&plan)));
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        let sizes = || ranges.iter().map(|range| range.end - range.start);
        prop_assert!(sizes().max() <= sizes().min().map(|least| least + 1));
    }

    /// A flipped bit, wherever it is, is seen or changes nothing (gzip has bits that nobody reads, and deflate pads its last byte); a
    /// missing end is always seen.
    #[test]
    fn damage_is_seen(at in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<prop::sample::Index>()) {
        static PLAN: LazyLock<Scenario> = LazyLock::new(|| small("flaky", 5, 2));
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| file(&Plan::new(&PLAN), &recipe(1), Shard::WHOLE, 1));
        let whole = &*WHOLE;
        let at = at.index(whole.len());
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        if let Ok(part) = PartialRun::read(&flipped[..]) {
            let sound = read(whole);
            prop_assert_eq!(&part.header, &sound.header);
            let mut merging = Merging::new(&sound.header, &Plan::new(&PLAN));
            prop_assert_eq!(merging.add(sound), Ok(true));
            prop_assert_eq!(merging.add(part), Ok(false), "bit {} of byte {}: other findings", bit, at);
        }
        prop_assert!(PartialRun::read(&whole[..cut.index(whole.len())]).is_err());
    }
}

fn small(name: &str, tasks: u64, replicates: u32) -> Scenario {
    let overrides = Overrides { tasks: Some(tasks), replicates: Some(replicates), ..Overrides::default() };
    Recipe::cook(&loaded(name), None, overrides).expect("a shipped scenario").1
}

/// The shipped scenarios in a few shards, and those whose tasks are independent, alike, or learnt from in 64, most of which are
/// empty.
#[test]
fn shipped_scenarios_add_up() {
    for shipped in SHIPPED {
        let scenario = small(shipped.name, 20, 3);
        let plan = Plan::new(&scenario);
        let whole = compare(&plan, options(2, Shard::WHOLE), &Control::default(), None).expect("nobody stops it");
        let is_cut_small = ["documented", "burst-submit", "learning"].contains(&shipped.name);
        for of in if is_cut_small { &[2, 7, 64][..] } else { &[2, 7] }.iter().copied() {
            assert!(merged(&plan, of, |numbers| numbers.reverse()) == whole, "{} in {of}", shipped.name);
        }
    }
}

/// A recipe makes the same scenario elsewhere, with the files that it names.
#[test]
fn a_recipe_makes_its_scenario_again() {
    for shipped in SHIPPED {
        let overrides = Overrides { tasks: Some(7), seed: Some(9), ..Overrides::default() };
        let own = Loaded::named(shipped.name, &["horizon=20m".parse().expect("a setting")]).expect("a scenario");
        let weather = loaded("rate-limited");
        let (recipe, scenario) = Recipe::cook(&own, Some(&weather), overrides).expect("a recipe");
        let text = serde_json::to_string(&recipe).expect("JSON");
        let again: Recipe = serde_json::from_str(&text).expect("a recipe");
        assert_eq!(again.scenario().expect("a scenario"), scenario, "{}", shipped.name);
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let scenario = small("flaky", 5, 4);
    let plan = Plan::new(&scenario);
    let shard = |text: &str| -> Shard { text.parse().expect("a shard") };
    let part = |text: &str| read(&file(&plan, &recipe(1), shard(text), 1));
    let mut merging = Merging::new(&part("1/3").header, &plan);
    assert_eq!(merging.add(part("1/3")), Ok(true));
    assert_eq!(merging.add(part("1/3")), Ok(false), "the same shard, run twice");
    assert_eq!(merging.add(part("3/3")), Ok(true));
    assert_eq!(merging.missing(), [shard("2/3")]);
    assert_eq!(merging.add(part("1/2")), Err(Foreign::Cut { ours: 3, theirs: shard("1/2") }));
    let other = read(&file(&plan, &recipe(2), shard("2/3"), 1));
    assert_eq!(merging.add(other), Err(Foreign::Scenario("flaky".to_owned())));
    let other = Scenario { seed: 7, ..scenario.clone() };
    let other = read(&file(&Plan::new(&other), &recipe(1), shard("2/3"), 1));
    assert!(matches!(merging.add(other), Err(Foreign::Run { what: "seed", .. })));
    let other = Scenario { tasks: 6, ..scenario.clone() };
    let other = read(&file(&Plan::new(&other), &recipe(1), shard("3/3"), 1));
    assert_eq!(merging.add(other), Err(Foreign::Contradiction(shard("3/3"))));
    let other = Scenario { models: scenario.models[..1].to_vec(), ..scenario.clone() };
    let other = read(&file(&Plan::new(&other), &recipe(1), shard("2/3"), 1));
    assert_eq!(merging.add(other), Err(Foreign::Shape));
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let scenario = small("flaky", 5, 2);
    let whole = file(&Plan::new(&scenario), &recipe(1), Shard::WHOLE, 1);
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&whole[..]).read_to_end(&mut text).expect("gzip");
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let at = text.windows(version.len()).position(|window| window == version.as_bytes()).expect("it says its version");
    text.splice(at..at + version.len(), *b"\"version\":\"0.0.1\"");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&text).expect("memory");
    let other = packed.finish().expect("memory");
    let told = PartialRun::read(&other[..]).expect_err("another version");
    assert!(matches!(&told, InvalidPartial::Version { version, .. } if version == "0.0.1"), "{told}");
    for other in [&b""[..], b"model,strategy\n", b"\x1f\x8b\x08\0\0\0\0\0\0\0"] {
        assert!(PartialRun::read(other).is_err());
    }
}
