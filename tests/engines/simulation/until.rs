//! Replicates are added until an interval is narrow: how many, whatever the threads, and what such a run knows.

use super::support::{run, scenario};
use pollbench::engine::sim::{Control, Options};
use pollbench::engine::until::Until;
use pollbench::measure::outcome::Outcome;
use pollbench::measure::results::{Cell, Interval, Results};
use pollbench::measure::stopping::Ended;
use pollbench::scenario::Scenario;

fn until(scenario: &Scenario, precision: &str, budget: Option<u32>, threads: usize) -> (Scenario, Results) {
    let until = Until::new(scenario, precision.parse().expect("a precision"), budget).expect("a budget");
    let options = Options { threads, ..Options::default() };
    let found = until.compare(scenario, options, &Control::default(), None);
    found.map(|(scenario, compared)| (scenario, compared.results)).expect("nobody stops it")
}

/// Exponential completions under a fixed interval: polls are geometric. `failing` of the tasks fail.
fn alone(failing: f64) -> Scenario {
    scenario(&format!(
        "tasks = 40\nreplicates = 2\n[models.m]\ncompletion = \"exponential(mean=10s)\"\n\
         failure = {{ probability = {failing}, code = \"X\", message = \"x\" }}\n[[strategies]]\nname = \"s\"\n\
         schedule = {{ kind = \"fixed\", first = \"5s\", interval = \"5s\" }}\nlimit = {{ kind = \"none\" }}"
    ))
}

/// Lock-step pools make tasks of a replicate alike.
const TOGETHER: &str = "tasks = 40\n[network]\nrtt = \"lognormal(median=300ms, sigma=1)\"\n[models.m]\n\
    completion = \"lognormal(median=20s, sigma=0.4)\"\n[[strategies]]\npreset = \"concurrent\"";

/// Wherever it stops, a run is the run of so many replicates, and threads do not move where that is.
#[test]
fn it_is_the_run_of_as_many_replicates_as_it_took() {
    for (asked, precision) in [(alone(0.3), "polls_per_task=2%"), (scenario(TOGETHER), "detection_delay_ms=4%")] {
        let (grown, mut results) = until(&asked, precision, None, 1);
        assert_eq!(until(&asked, precision, None, 2), (grown.clone(), results.clone()), "{precision}");
        let told = results.run.until.take().expect("it was asked for");
        assert_eq!(told.ended, Ended::Narrow, "{told}");
        assert!(told.looks.len() > 1, "{told}");
        assert_eq!((told.looks[0], told.looks.last().copied()), (20.max(asked.replicates), Some(grown.replicates)));
        assert!(told.widest.within.is_some_and(|share| share <= told.within), "{told:?}");
        assert_eq!(results, run(&grown, Options { threads: 2, ..Options::default() }).results);
    }
}

#[test]
fn a_budget_ends_it_and_says_for_whom() {
    let asked = alone(0.3);
    let (grown, results) = until(&asked, "cost=0.1%", Some(25), 2);
    let told = results.run.until.expect("it was asked for");
    assert_eq!((told.ended, &told.looks[..], grown.replicates), (Ended::Budget, &[20, 25][..], 25));
    assert!(told.widest.within.is_some_and(|share| share > 0.001), "{told:?}");
    // What never happens is never known well, relative to itself.
    let (_, results) = until(&asked, "abandoned=50%", Some(30), 2);
    assert_eq!(results.run.until.expect("it was asked for").widest.within, None);
    let small = Until::new(&asked, "1%".parse().expect("a precision"), Some(19)).map(|_| ()).expect_err("too small");
    assert_eq!(small.to_string(), "a budget of 19 replicates ends before the first look: allow at least 20");
    let large = Scenario { tasks: 1_000_000_000, ..asked };
    assert!(Until::new(&large, "1%".parse().expect("a precision"), Some(21)).is_err());
}

/// Runs of each experiment; a soak takes more.
const RUNS: u32 = 300;

/// Of runs that stopped by themselves, after several looks, the share `expected` knows the truth, less three standard errors: a
/// right program fails once in 700 times. Seeds are fixed.
#[track_caller]
fn assert_known(
    body: &Scenario,
    precision: &str,
    truth: f64,
    expected: f64,
    interval: impl Fn(&Cell) -> Option<Interval>,
) {
    let runs = u64::from(crate::soak::cases(RUNS).cases);
    let least = expected - 3.0 * (expected * (1.0 - expected) / runs as f64).sqrt();
    let (mut known, mut looks) = (0, 0);
    for seed in 0..runs {
        let (_, results) = until(&Scenario { seed, ..body.clone() }, precision, None, 1);
        let told = results.run.until.expect("it was asked for");
        assert_eq!(told.ended, Ended::Narrow, "{told}");
        looks += told.looks.len();
        let [low, high] = interval(&results.cells[0]).expect("a narrow one");
        known += u64::from(low <= truth && truth <= high);
    }
    let (share, looks) = (known as f64 / runs as f64, looks as f64 / runs as f64);
    println!("{precision}: {share:.3} of {runs} runs know the truth, after {looks:.1} looks");
    assert!(looks > 2.5, "{precision}: {looks} looks");
    assert!(share >= least, "{precision}: {share}");
}

#[test]
fn where_tasks_are_independent_it_keeps_its_coverage() {
    let polls = 1.0 / (1.0 - (-0.5_f64).exp());
    assert_known(&alone(0.0), "polls_per_task=4%", polls, 0.95, |cell| cell.polls_per_task.ci95);
    let failing = Scenario { tasks: 20, ..alone(0.3) };
    assert_known(&failing, "failed=12%", 0.3, 0.95, |cell| cell.shares_ci95.outcomes[Outcome::Failed]);
}

/// The truth is that of a long run. Pools make the delay's sums skewed (3 or so), and the interval of a fixed number of such
/// replicates knows it in 93 % of cases itself; one that stops by itself in 90 % (2 000 runs).
#[test]
#[ignore = "slow: the truth is that of a long run, and the runs are many"]
fn where_tasks_interact_it_keeps_its_coverage() {
    let long = Scenario { replicates: 4_000, seed: 77_777, ..scenario(TOGETHER) };
    let truth = run(&long, Options { threads: 1, ..Options::default() }).results.cells[0].detection_delay_ms.mean;
    assert_known(&scenario(TOGETHER), "detection_delay_ms=6%", truth.expect("known tasks"), 0.9, |cell| {
        cell.detection_delay_ms.ci95
    });
}
