//! Gates: a promise on times is not kept by tasks that nobody heard of again.
use pollbench::engine::compare::compare;
use pollbench::engine::gates::judge;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::measure::figures::{FigureKind, Unknown, figures};
use pollbench::measure::results::{Cell, GateVerdict};
use pollbench::scenario::files::Embedded;
use pollbench::scenario::{Bound, Gate, Scenario};
use proptest::prelude::*;

/// A bound on every time of a cell whose tasks are lost, or never end, with these shares.
fn judged(
    lost: f64,
    stuck: f64,
    seed: u64,
    bound: Bound,
) -> (Cell, Vec<(&'static str, Unknown, FigureKind, GateVerdict)>) {
    let text = format!(
        "schema_version = 1\nname = \"t\"\ntasks = 40\nreplicates = 1\nseed = {seed}\n[models.m]\n\
         completion = \"lognormal(median=10s, sigma=0.3)\"\nstuck_probability = {stuck}\n\
         [[faults]]\nkind = \"reset\"\nprobability = {lost}\n[[strategies]]\npreset = \"basic\"\n"
    );
    let scenario = Scenario::parse(&text, "t.toml", &Embedded(&[])).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan::new(&scenario);
    let compared = compare(&plan, Options { threads: 1, ..Options::default() }, &Control::default(), None);
    let results = compared.expect("nobody stops it").results;
    // Over all tasks: those that a fault struck, and outages, need not be.
    let times = figures().filter(|figure| ["latency_ms", "detection_delay_ms"].contains(&figure.metric));
    let times: Vec<_> = times.filter(|figure| figure.unknown != Unknown::Counted).collect();
    let gate = |metric: &str, stat: &str| Gate {
        metric: metric.to_owned(),
        stat: Some(stat.to_owned()),
        strategy: None,
        model: None,
        bound,
    };
    let gates: Vec<Gate> = times.iter().map(|figure| gate(figure.metric, figure.stat)).collect();
    let verdicts = judge(&gates, &results).into_iter().zip(&times).map(|(result, figure)| {
        assert_eq!((result.metric.as_str(), result.stat.as_str()), (figure.metric, figure.stat));
        (figure.stat, figure.unknown, figure.sort, result.verdict)
    });
    (results.cells[0].clone(), verdicts.collect())
}

proptest! {
    #![proptest_config(crate::soak::cases(60))]

    /// Ten years are time enough for every task that was known: who fails is who was not.
    #[test]
    fn a_time_that_unknown_tasks_make_infinite_or_undefined_fails_its_maximum(
        lost in prop_oneof![Just(0.0), 0.0..0.2, Just(1.0)], stuck in prop_oneof![Just(0.0), 0.0..0.5, Just(1.0)], seed in 0_u64..1_000
    ) {
        let (cell, verdicts) = judged(lost, stuck, seed, Bound::Max(3.2e11));
        let o = &cell.outcomes;
        let known = o.success + o.failed;
        let unknown = cell.tasks - known;
        for (stat, kind, sort, verdict) in verdicts {
            let is_kept = match (kind, stat) {
                // The longest of tasks that end: those that never do are not waited for.
                (Unknown::Infinite, "max") => cell.lost == 0 && known > 0,
                (Unknown::Infinite, quantile) => {
                    let level: f64 = quantile[1..].parse::<f64>().expect("a quantile") / 100.0;
                    known as f64 >= (level * cell.tasks as f64).ceil()
                }
                (Unknown::LeftOut, _) => known > 0,
                (Unknown::Counted, _) => unreachable!("not a time"),
            };
            // What too few tasks know of has no interval, and is undecided.
            let expected = match verdict {
                GateVerdict::Undecided => is_kept && sort == FigureKind::Estimated,
                GateVerdict::Pass => is_kept,
                GateVerdict::Fail => !is_kept,
            };
            prop_assert!(expected, "{} is {:?} with {} of {} unknown", stat, verdict, unknown, cell.tasks);
        }
    }
}

/// The longest delay is null as soon as one task that ended was never known, and so is the longest latency.
#[test]
fn one_lost_task_has_no_longest_delay() {
    let (calm, _) = judged(0.0, 0.2, 1, Bound::Max(1.0));
    assert!(calm.outcomes.timeout_true > 0 && calm.lost == 0);
    assert!(calm.detection_delay_ms.max.is_some() && calm.latency_ms.max.is_some());
    let (lossy, _) = judged(0.1, 0.2, 1, Bound::Max(1.0));
    assert!(lossy.lost > 0 && lossy.outcomes.success > 0);
    assert_eq!((lossy.detection_delay_ms.max, lossy.latency_ms.max), (None, None));
}
