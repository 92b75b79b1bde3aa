//! Pollers on trial: what is correct upholds every property, and every planted mistake is caught by a named one.

mod command;
mod hooks;
#[path = "../support/interpreter.rs"]
mod interpreter;
mod mutants;
#[path = "../support/on_trial.rs"]
mod on_trial;
mod presets;
mod small;
#[path = "../support/soak.rs"]
mod soak;
mod written_pollers;

/// How many cases a kit has and from which seed, where it has so many by default: a soak has more, and others.
fn soaked(number: u32) -> (u64, u64) {
    use proptest::test_runner::RngSeed;
    let config = soak::cases(number);
    match config.rng_seed {
        RngSeed::Fixed(seed) => (config.cases.into(), seed),
        RngSeed::Random => unreachable!("a soak has a seed"),
    }
}

/// Clocks to judge by, to be tried one after another until one can say: virtual time is certain, for programs that live in it.
/// For others, and where there is none, the slower a scale, the less a late machine matters.
#[cfg(unix)]
fn clocks(lives_in_virtual_time: bool) -> &'static [&'static [&'static str]] {
    const CLOCKS: [&[&str]; 5] = [
        &["virtual"],
        &["scaled"],
        &["scaled", "--time-scale", "20"],
        &["scaled", "--time-scale", "10"],
        &["scaled", "--time-scale", "5"],
    ];
    if cfg!(warp) && lives_in_virtual_time { &CLOCKS[..1] } else { &CLOCKS[1..] }
}
