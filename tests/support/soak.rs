//! How often a property is tried, and from which seed.
//!
//! `cargo test` takes a fixed seed, so that a commit passes or fails every time. A soak multiplies the cases of every
//! property and takes a fresh seed, which is printed with a failure:
//!
//! ```sh
//! POLLBENCH_SOAK=100 cargo test
//! POLLBENCH_SOAK=100 POLLBENCH_SOAK_SEED=7 cargo test    # the same cases again
//! ```
//!
//! Cases that once failed stand in a file beside the test (`*.proptest-regressions`) and are tried first, always.

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};

/// The seed without a soak. Any number would do; this one never changes by itself.
const SEED: u64 = 42;

/// The configuration of a property that is tried with `cases` cases by default.
///
/// # Panics
///
/// Where `POLLBENCH_SOAK` or `POLLBENCH_SOAK_SEED` is set and is not a whole number.
pub(crate) fn cases(cases: u32) -> Config {
    let soak: Option<u32> = number("POLLBENCH_SOAK");
    let seed = match soak {
        None => SEED,
        Some(_) => number("POLLBENCH_SOAK_SEED").unwrap_or_else(fresh),
    };
    if soak.is_some() {
        eprintln!("soak with POLLBENCH_SOAK_SEED={seed}");
    }
    Config {
        cases: cases.saturating_mul(soak.unwrap_or(1)),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        ..Config::default()
    }
}

/// The number in an environment variable, if it is set.
fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not `{text}`")))
}

/// A seed that nobody chose.
fn fresh() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one("a fresh seed")
}
