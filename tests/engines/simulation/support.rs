//! Running a scenario written in a test, and looking at every record.

use pollbench::engine::compare::{Compared, compare};
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::measure::record::TaskRecord;
use pollbench::measure::results::{Cell, Interval};
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Records by (model, strategy, replicate), in the order of tasks.
pub(crate) type Records = BTreeMap<(usize, usize, u32), Vec<TaskRecord>>;

/// A scenario from the text after its first three lines.
pub(crate) fn scenario(body: &str) -> Scenario {
    let text = format!("schema_version = 1\nname = \"test\"\n{body}");
    Scenario::parse(&text, "test.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Runs it.
pub(crate) fn run(scenario: &Scenario, options: Options) -> Compared {
    compare(&Plan::new(scenario), options, &Control::default(), None).expect("nobody stops it")
}

/// Runs it on one thread and keeps all records.
pub(crate) fn records(scenario: &Scenario, options: Options) -> Records {
    let kept = Mutex::new(Records::new());
    let keep = |model: usize, strategy: usize, replicate: u32, records: &[TaskRecord]| {
        let mut kept = kept.lock().expect("no test panics in here");
        kept.entry((model, strategy, replicate)).or_default().extend_from_slice(records);
    };
    compare(&Plan::new(scenario), Options { threads: 1, ..options }, &Control::default(), Some(&keep))
        .expect("nobody stops it");
    kept.into_inner().expect("no test panics in here")
}

/// The only cell of a run.
pub(crate) fn only(compared: &Compared) -> &Cell {
    let [cell] = &compared.results.cells[..] else { panic!("one cell, not {}", compared.results.cells.len()) };
    cell
}

/// Asserts that `truth` is within 2.3 half-widths of a 95 % interval, that is 4.5 standard errors: a right program fails
/// once in 150 000.
#[track_caller]
pub(crate) fn assert_near(what: &str, [low, high]: Interval, truth: f64) {
    let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
    assert!((middle - truth).abs() <= 2.3 * half, "{what}: {middle} ± {half}, in truth {truth}");
}

/// Asserts that a share seen in `n` independent cases is within 4.5 standard errors of the true one.
#[track_caller]
pub(crate) fn assert_share(what: &str, seen: f64, n: u64, truth: f64) {
    let error = (truth * (1.0 - truth) / n as f64).sqrt().max(0.5 / n as f64);
    assert!((seen - truth).abs() <= 4.5 * error, "{what}: {seen} of {n}, in truth {truth}");
}
