//! What a learner knows, and when.

use super::support::{distribution, sample};
use pollbench::fit::Observation;
use pollbench::inspection::CostWeights;
use pollbench::strategy::composition::{Schedule, Strategy};
use pollbench::strategy::learned::{FEWEST, Learner, Learning, Learnt, MILESTONES};
use pollbench::time::Micros;
use proptest::prelude::*;
use std::num::NonZeroU32;
use std::sync::Arc;

fn learner() -> Learner {
    Learner::new(&Learning::default().strategy(), "sora-2")
}

fn times(count: u64, run: u32) -> Vec<f64> {
    sample(&distribution("lognormal(median=100s, sigma=0.4)"), count, run)
}

/// Tells the tasks one after another, 1 000 s apart, planning after each.
fn one_by_one(learner: &mut Learner, times: &[f64]) {
    let start = learner.observations();
    for (task, at) in (start..).zip(times) {
        let known = Micros::from_secs(1_000 * (task + 1));
        learner.tell(known, task, Observation::Exact(*at));
        learner.plan(known);
    }
}

fn schedule(strategy: &Strategy) -> &Schedule {
    &strategy.pace("sora-2").schedule
}

#[test]
fn the_guide_is_followed_until_five_tasks_are_known() {
    let mut learner = learner();
    let guide = Learning::default().strategy();
    let times = times(FEWEST, 1);
    one_by_one(&mut learner, &times[..4]);
    assert_eq!(schedule(learner.plan(Micros::NEVER)), schedule(&guide));
    one_by_one(&mut learner, &times[4..]);
    assert!(matches!(schedule(learner.plan(Micros::NEVER)), Schedule::Table(_)));
    assert_eq!(learner.plan(Micros::NEVER).pace("sora-2").limit, guide.pace("sora-2").limit);
}

/// Half as many again make a new plan; from 200 on, when the window moves, half a window does.
#[test]
fn plans_are_made_again_as_observations_grow_by_half() {
    let mut learner = learner();
    let mut changes = Vec::new();
    let mut before = Arc::clone(learner.plan(Micros::ZERO));
    // Evenly spread, so that no few of them look like others.
    let steady = distribution("lognormal(median=100s, sigma=0.15)");
    let times = (0..420).map(|task| steady.quantile((f64::from(task) * 0.618_033_988_749_895 + 0.5).fract()));
    for (task, at) in (0..).zip(times) {
        let known = Micros::from_secs(1_000 * (task + 1));
        learner.tell(known, task, Observation::Exact(at));
        let now = Arc::clone(learner.plan(known));
        if !Arc::ptr_eq(&before, &now) {
            changes.push(learner.observations());
            before = now;
        }
    }
    assert_eq!(changes, [5, 8, 12, 18, 27, 41, 62, 93, 140, 210, 310, 410]);
    let reached: Vec<u64> = learner.milestones().iter().map(|(after, _)| *after).collect();
    assert_eq!(reached, MILESTONES[..4]);
}

proptest! {
    #![proptest_config(crate::soak::cases(32))]

    /// What becomes known later changes no plan, whenever it is told; and of what is known by then the order in which it is
    /// told changes none.
    #[test]
    fn a_plan_rests_on_what_was_known_by_then(
        told in prop::collection::vec((0_u64..1_000, 1.0..500.0), 5..40), now in 100_u64..900, seed in any::<u64>(),
    ) {
        let entries: Vec<(Micros, u64, Observation)> = (0..)
            .zip(&told)
            .map(|(task, (known, s))| (Micros::from_secs(*known), task, Observation::Exact(s * 1e6)))
            .collect();
        let now = Micros::from_secs(now);
        let plan = |entries: &[(Micros, u64, Observation)]| {
            let mut learner = learner();
            for (known, task, observation) in entries {
                learner.tell(*known, *task, *observation);
            }
            (Strategy::clone(learner.plan(now)), learner.observations())
        };
        let by_then: Vec<_> = entries.iter().copied().filter(|(known, _, _)| *known <= now).collect();
        let mut shuffled = entries.clone();
        let count = shuffled.len();
        for k in 0..count {
            shuffled.swap(k, (seed.wrapping_mul(k as u64 + 1) % count as u64) as usize);
        }
        let expected = plan(&by_then);
        prop_assert_eq!(&plan(&entries), &expected);
        prop_assert_eq!(&plan(&shuffled), &expected);
    }
}

/// A task that is told twice counts once.
#[test]
fn a_task_counts_once() {
    let mut learner = learner();
    for second in 1..4 {
        learner.tell(Micros::from_secs(second), 7, Observation::Exact(5e6));
        learner.plan(Micros::from_secs(second));
    }
    assert_eq!(learner.observations(), 1);
}

/// Written as JSON and read again, at a count at which a plan was made: the same plan, and the same from then on.
#[test]
fn what_was_learnt_survives_a_restart() {
    let strategy = Learning::default().strategy();
    for count in [5, 12, 41, 310] {
        let mut learner = learner();
        let mut times = times(count, 4);
        // Some gave up.
        for (task, at) in (0..count).zip(&mut times) {
            let known = Micros::from_secs(1_000 * (task + 1));
            let gave_up = task % 7 == 3;
            learner.tell(known, task, if gave_up { Observation::Beyond(*at) } else { Observation::Exact(*at) });
            learner.plan(known);
        }
        let text = serde_json::to_string(&learner.learnt()).expect("plain data");
        let learnt: Learnt = serde_json::from_str(&text).expect("what was written");
        assert_eq!(learnt, learner.learnt());
        let mut again = Learner::resumed(&strategy, "sora-2", &learnt);
        assert_eq!(again.observations(), count);
        assert_eq!(again.plan(Micros::ZERO), learner.plan(Micros::NEVER));
        let more = self::times(500, 5);
        one_by_one(&mut learner, &more);
        one_by_one(&mut again, &more);
        assert_eq!(again.plan(Micros::NEVER), learner.plan(Micros::NEVER));
    }
}

/// What is known and not yet taken in is kept too.
#[test]
fn news_survive_a_restart() {
    let mut learner = learner();
    for (task, at) in (0..).zip(times(12, 6)) {
        learner.tell(Micros::from_secs(task), task, Observation::Exact(at));
    }
    assert_eq!(learner.observations(), 0);
    let mut again = Learner::resumed(&Learning::default().strategy(), "sora-2", &learner.learnt());
    assert_eq!(again.observations(), 12);
    assert_eq!(again.plan(Micros::ZERO), learner.plan(Micros::NEVER));
}

/// A file from elsewhere: values that are none are left out, and a window that is shorter takes the last.
#[test]
fn a_spoiled_memory_is_read_as_far_as_it_makes_sense() {
    let seen = vec![(f64::NAN, false), (-3.0, false), (f64::INFINITY, true), (8e6, false), (9e6, true)];
    let learner = Learner::resumed(&Learning::default().strategy(), "m", &Learnt { total: 0, seen });
    assert_eq!(learner.learnt(), Learnt { total: 2, seen: vec![(8e6, false), (9e6, true)] });
    let window = NonZeroU32::MIN.saturating_add(1);
    let short = Learning { window, ..Learning::default() }.strategy();
    let seen = (1..=9).map(|s| (f64::from(s) * 1e6, false)).collect();
    let learner = Learner::resumed(&short, "m", &Learnt { total: 9, seen });
    assert_eq!(learner.learnt(), Learnt { total: 9, seen: vec![(8e6, false), (9e6, false)] });
}

/// No count or duration that a file states makes a learner stop counting, or panic.
#[test]
fn a_crafted_memory_overflows_nothing() {
    for total in [u64::MAX, u64::MAX / 2, 1 << 60] {
        let seen = vec![(1e300, false), (f64::MAX, true), (3e14, false), (1.0, false), (2.0, true), (5e6, false)];
        let mut learner = Learner::resumed(&Learning::default().strategy(), "m", &Learnt { total, seen });
        one_by_one_from(&mut learner, 0, &times(450, 8));
        assert!(learner.observations() >= 450 && learner.learnt().total >= 450);
    }
}

fn one_by_one_from(learner: &mut Learner, first: u64, times: &[f64]) {
    for (task, at) in (first..).zip(times) {
        let known = Micros::from_secs(1_000 * (task + 1));
        learner.tell(known, task, Observation::Exact(*at));
        learner.plan(known);
    }
}

/// Tasks that take two hours, of which one in twenty fails at once: the learner sees failures, and waits that gave up.
#[test]
fn failures_beside_waits_that_all_gave_up_are_no_plan() {
    for run in 0..12 {
        let mut learner = learner();
        let quick = sample(&distribution("uniform(low=2s, high=20s)"), 200, 700 + run);
        for (task, at) in (0..).zip(&quick) {
            let known = Micros::from_secs(2_000 * (task + 1));
            let is_failure = (task * 7 + u64::from(run)) % 20 == 0;
            learner.tell(known, task, if is_failure { Observation::Exact(*at) } else { Observation::Beyond(1_800e6) });
            learner.plan(known);
        }
        assert_eq!(learner.observations(), 200);
    }
}

/// Dearer polls, fewer of them.
#[test]
fn plans_follow_the_weights() {
    let polls = |poll: f64| {
        let weights = CostWeights { poll, delay_per_s: 0.1 };
        let mut learner = Learner::new(&Learning { weights, ..Learning::default() }.strategy(), "sora-2");
        one_by_one(&mut learner, &times(41, 7));
        match schedule(learner.plan(Micros::NEVER)) {
            Schedule::Table(table) => table.instants().len(),
            other => panic!("no table: {other:?}"),
        }
    };
    assert!(polls(0.1) > polls(1.0) && polls(1.0) > polls(10.0), "{} {} {}", polls(0.1), polls(1.0), polls(10.0));
}
