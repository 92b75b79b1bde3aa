//! Measures how often the 95 % intervals of every shipped scenario cover the truth, and how often words are wrong.
//!
//! ```sh
//! cargo run --release --example coverage                       # everything: some twenty minutes on one core
//! cargo run --release --example coverage -- flaky --runs 200   # one scenario, roughly
//! cargo run --release --example coverage -- --size 10x60 --cells
//! ```
//!
//! A figure falls short where its coverage is below 93 % by more than chance explains: Holm's step-down at 5 % over all
//! figures of all cells that were measured. A continuous one is too wide where it is above 97 % by as much.

#[path = "../tests/support/coverage.rs"]
mod coverage;

use coverage::{Covered, Found, Size, measure};
use pollbench::scenario::shipped::{SHIPPED, load};
use std::collections::BTreeMap;

/// Sizes of a run, and replicates of the population that runs are drawn from.
const SIZES: [(Size, u32); 3] = [
    (Size { replicates: 10, tasks: 60 }, 4_000),
    (Size { replicates: 20, tasks: 200 }, 2_000),
    (Size { replicates: 40, tasks: 500 }, 1_000),
];

/// What was asked for.
struct Asked {
    names: Vec<String>,
    runs: u32,
    sizes: Vec<(Size, u32)>,
    cells: bool,
}

fn asked() -> Asked {
    let mut asked = Asked { names: Vec::new(), runs: 1_000, sizes: SIZES.to_vec(), cells: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runs" => asked.runs = arguments.next().and_then(|n| n.parse().ok()).expect("--runs N"),
            "--size" => {
                let size = arguments.next().expect("--size 10x60");
                asked.sizes.retain(|(Size { replicates, tasks }, _)| size == format!("{replicates}x{tasks}"));
            }
            "--cells" => asked.cells = true,
            _ => asked.names.push(argument),
        }
    }
    if asked.names.is_empty() {
        asked.names = SHIPPED.iter().map(|shipped| shipped.name.to_owned()).collect();
    }
    asked
}

fn main() {
    let asked = asked();
    let mut all: Vec<(String, Covered)> = Vec::new();
    for name in &asked.names {
        let scenario = load(name).unwrap_or_else(|_| panic!("no scenario {name}"));
        for (size, population) in &asked.sizes {
            let found = measure(&scenario, *size, *population, asked.runs);
            print(name, *size, &found, asked.cells);
            let place = format!("{name}, {} × {}", size.replicates, size.tasks);
            all.extend(found.covered.into_iter().map(|covered| (place.clone(), covered)));
        }
    }
    // Where few runs have an interval, those few say little of the figure.
    all.retain(|(_, covered)| covered.intervals >= 30);
    println!("\n{} figures with intervals in all", all.len());
    report("below 93 %", &all, |covered| Some((0.93 - covered.share()) / error(covered, 0.93)));
    report("continuous and above 97 %", &all, |covered| {
        covered.is_continuous.then(|| (covered.share() - 0.97) / error(covered, 0.97))
    });
}

/// Monte-Carlo error of a coverage.
fn error(covered: &Covered, share: f64) -> f64 {
    (share * (1.0 - share) / f64::from(covered.intervals)).sqrt()
}

/// Lists what is outside by more than chance, from how many errors each is outside.
fn report(what: &str, all: &[(String, Covered)], outside: impl Fn(&Covered) -> Option<f64>) {
    let mut tests: Vec<(f64, &(String, Covered))> =
        all.iter().filter_map(|found| Some((outside(&found.1)?, found))).collect();
    tests.sort_by(|a, b| b.0.total_cmp(&a.0));
    let p = |errors: f64| 0.5 * libm::erfc(errors / std::f64::consts::SQRT_2);
    let family = tests.len();
    let failing = tests.iter().enumerate().take_while(|(rank, (errors, _))| p(*errors) < 0.05 / (family - rank) as f64);
    let failing: Vec<_> = failing.collect();
    println!("{what}: {} of {family}", failing.len());
    for (_, (_, (place, covered))) in failing {
        println!(
            "  {:>5.1} % of {:>4}, {place}: {} of {}",
            100.0 * covered.share(),
            covered.intervals,
            covered.figure,
            covered.cell
        );
    }
}

fn print(name: &str, size: Size, found: &Found, with_cells: bool) {
    println!("\n{name}, {} × {} tasks", size.replicates, size.tasks);
    let mut by_figure: BTreeMap<&str, Vec<&Covered>> = BTreeMap::new();
    for covered in found.covered.iter().filter(|covered| covered.runs > 0) {
        by_figure.entry(&covered.figure).or_default().push(covered);
    }
    println!(
        "  {:<34}{:>6}{:>8}{:>8}{:>8}{:>8}{:>8}  least in",
        "coverage in %", "cells", "least", "median", "most", "none", "flat"
    );
    for (figure, mut cells) in by_figure {
        let mean = |of: fn(&Covered) -> u32| {
            let shares = cells.iter().map(|covered| f64::from(of(covered)) / f64::from(covered.runs));
            100.0 * shares.sum::<f64>() / cells.len() as f64
        };
        let (none, flat) = (mean(|covered| covered.runs - covered.intervals), mean(|covered| covered.flat));
        cells.retain(|covered| covered.intervals >= 30);
        cells.sort_by(|a, b| a.share().total_cmp(&b.share()));
        let (Some(least), Some(most)) = (cells.first(), cells.last()) else { continue };
        let share = |covered: &Covered| format!("{:.1}", 100.0 * covered.share());
        println!(
            "  {figure:<34}{:>6}{:>8}{:>8}{:>8}{none:>8.1}{flat:>8.1}  {} ({} below)",
            cells.len(),
            share(least),
            share(cells[cells.len() / 2]),
            share(most),
            least.cell,
            least.below,
        );
        if with_cells {
            for covered in cells {
                println!("      {:<40}{:>8}{:>8}", covered.cell, share(covered), covered.intervals);
            }
        }
    }
    let share = |k: u32, n: u32| 100.0 * f64::from(k) / f64::from(n.max(1));
    for (metric, wrong) in &found.wrong_diffs {
        let n = found.diffs;
        println!("  a wrong word between equal runs, {metric}: {:.1} % of {n} tables", share(*wrong, n));
    }
    let (wrong, n) = (found.wrong_comparisons, found.comparisons);
    println!("  a wrong word against the baseline: {:.1} % of {n} models", share(wrong, n));
}
