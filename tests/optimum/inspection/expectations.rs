//! Exact expectations against sums made by hand, series, and random draws.

use super::support::{at, close, done_time, weights};
use pollbench::api::reply::Failure;
use pollbench::inspection::{AfterLast, Checks, DoneTime, Expected};
use pollbench::time::Micros;
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Keys, Stream};
use pollbench::world::model::{FailureMode, Fates, Model, Probability};

/// What rounding and the cut-off of rare tails may do.
const EXACT: f64 = 1e-9;

fn uniform() -> Distribution {
    "uniform(low=0s, high=100s)".parse().expect("a distribution")
}

/// Nine tasks in ten end, uniformly within 100 s.
fn sticky() -> DoneTime {
    let fates = Fates::new(None, Probability::new(0.1).expect("a probability")).expect("a share");
    DoneTime::of_model(&Model { fates, ..Model::plain("m", uniform()) })
}

/// A first wait a, then gaps h: e^(−λa) of the tasks need a geometric number more.
#[test]
fn a_first_wait_shifts_the_geometric_distribution() {
    for (mean, a, h) in [(20.0_f64, 15.0_f64, 4.0_f64), (100.0, 20.0, 20.0), (100.0, 150.0, 150.0)] {
        let done_time = done_time(&format!("exponential(mean={mean}s)"));
        let expected = at(&[a], AfterLast::Every(h * 1e6)).expected(&done_time, None, 0.0);
        let more = (-a / mean).exp() / (1.0 - (-h / mean).exp());
        close(expected.polls, 1.0 + more, EXACT);
        close(expected.delay_mass, 1e6 * (a + h * more - mean), EXACT);
        close(expected.known, 1.0, EXACT);
    }
}

/// All tasks are done at the first poll; lost polls in a row are geometric, and each costs another and a gap more.
#[test]
fn a_lost_poll_costs_another_and_a_gap_more() {
    for loss in [0.1, 0.5] {
        let expected = at(&[10.0], AfterLast::Every(3e6)).expected(&done_time("uniform(low=0s, high=10s)"), None, loss);
        close(expected.polls, 1.0 / (1.0 - loss), EXACT);
        close(expected.delay_mass, 1e6 * (5.0 + 3.0 * loss / (1.0 - loss)), EXACT);
    }
}

/// Polls so many that most are summed as an integral: the same closed form, to the accuracy of that sum.
#[test]
fn ten_thousand_polls_are_summed_to_a_millionth() {
    let polls = 1.0 / (1.0 - (-1e-4_f64).exp());
    let expected = at(&[0.01], AfterLast::Repeat).expected(&done_time("exponential(mean=100s)"), None, 0.0);
    close(expected.polls, polls, 1e-6);
    close(expected.delay_mass, 1e6 * (0.01 * polls - 100.0), 1e-4);
}

/// Polls at 30 and 50 s, given up at 60 s, horizon 80 s; nine in ten end, uniformly within 100 s.
#[test]
fn giving_up_is_told_apart_and_charged_to_the_horizon() {
    let expected = at(&[30.0, 50.0], AfterLast::GiveUpAt(60e6)).expected(&sticky(), Some(80e6), 0.0);
    assert_sums(&expected, [1.73, 5.85, 0.45], [0.09, 0.36, 0.1], [0.27, 4.05]);
    // Half of the polls tell nothing. Of 0.27 done by 30 s a half is seen then and a quarter at 50 s, when it has waited
    // 35 s; a quarter never, 65 s before the horizon. Of 0.18 done in 30–50 s a half is seen, a half never, and so on.
    let expected = at(&[30.0, 50.0], AfterLast::GiveUpAt(60e6)).expected(&sticky(), Some(80e6), 0.5);
    assert_sums(&expected, [1.865, 5.2875, 0.2925], [0.2475, 0.36, 0.1], [0.4275, 12.0375]);
    close(expected.cost(&weights(2.0, 0.5)), 2.0 * (1.865 + 0.4275) + 0.5 * (5.2875 + 12.0375), EXACT);
    // Giving up with the last poll misses nobody but those whose polls were lost; the charge is the same.
    let at_once = at(&[30.0, 50.0], AfterLast::GiveUp).expected(&sticky(), Some(80e6), 0.0);
    assert_sums(&at_once, [1.73, 5.85, 0.45], [0.0, 0.45, 0.1], [0.27, 4.05]);
    // Without a horizon nobody is charged.
    let uncharged = at(&[30.0, 50.0], AfterLast::GiveUp).expected(&sticky(), None, 0.0);
    assert_eq!((uncharged.unknown, uncharged.unknown_delay_mass), (0.0, 0.0));
}

/// Polls that go on for ever are followed until the horizon: as the same polls one by one that give up there, tasks that never
/// end included, whether they are counted or summed up. Half of a heavy tail's mean lies beyond it.
#[test]
fn for_ever_is_until_the_horizon() {
    let heavy = done_time("pareto(scale=10s, shape=1.05)");
    for (done_time, horizon, gap, accuracy) in [
        (&sticky(), 80.5, 7.0, EXACT),
        (&sticky(), 300.0, 7.0, EXACT),
        (&heavy, 500.5, 0.7, EXACT),
        (&heavy, 90_000.3, 3.0, 2e-6),
    ] {
        for loss in [0.0, if accuracy == EXACT && gap < 7.0 { 0.2 } else { 0.0 }] {
            let endless = at(&[gap], AfterLast::Repeat);
            let listed: Vec<f64> = (1..).map(|n| f64::from(n) * gap).take_while(|at| *at <= horizon).collect();
            let found = endless.expected(done_time, Some(horizon * 1e6), loss);
            let wanted = at(&listed, AfterLast::GiveUpAt(horizon * 1e6)).expected(done_time, Some(horizon * 1e6), loss);
            for (found, wanted) in [
                (found.polls, wanted.polls),
                (found.delay_mass, wanted.delay_mass),
                (found.known, wanted.known),
                (found.unknown + 1.0, wanted.unknown + 1.0),
                (found.unknown_delay_mass + 1e6, wanted.unknown_delay_mass + 1e6),
            ] {
                close(found, wanted, accuracy);
            }
            assert_eq!(found.timeouts.total(), 0.0);
        }
    }
    let endless = at(&[3.0], AfterLast::Repeat).expected(&heavy, None, 0.0);
    assert!(endless.polls > 1.3 * at(&[3.0], AfterLast::Repeat).expected(&heavy, Some(90_000e6), 0.0).polls);
}

#[track_caller]
fn assert_sums(expected: &Expected, sums: [f64; 3], timeouts: [f64; 3], charged: [f64; 2]) {
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() <= 1e-9, "{found}, expected {wanted}");
    near(expected.polls, sums[0]);
    near(expected.delay_mass / 1e6, sums[1]);
    near(expected.known, sums[2]);
    near(expected.timeouts.missed, timeouts[0]);
    near(expected.timeouts.impatient, timeouts[1]);
    near(expected.timeouts.never, timeouts[2]);
    near(expected.unknown, charged[0]);
    near(expected.unknown_delay_mass / 1e6, charged[1]);
    near(expected.known + expected.timeouts.total(), 1.0);
}

/// 200 000 waits drawn one by one, each poll lost with probability 0.3: polls, delay and shares within 4.5 standard
/// errors of the expectation, which a right program misses once in 150 000 for each figure.
#[test]
fn drawn_waits_agree_where_polls_are_lost() {
    let work: Distribution = "lognormal(median=40s, sigma=0.7)".parse().expect("a distribution");
    let done_time = DoneTime::of(work.clone());
    for then in [AfterLast::GiveUp, AfterLast::Repeat] {
        let checks = at(&[10.0, 30.0, 35.0, 60.0, 100.0], then);
        let (mut polls, mut delay, mut known) = (Sample::default(), Sample::default(), Sample::default());
        for task in 0..200_000 {
            let done = work.sample(&mut Keys::new(7, 0, "waits").draws(Stream::Truth, task)).get() as f64;
            let mut losses = Keys::new(7, 0, "waits").draws(Stream::Jitter, task);
            let (count, seen) = waited(&checks, done, || losses.uniform() < 0.3);
            polls.add(count);
            delay.add(seen.map_or(0.0, |at| at - done));
            known.add(f64::from(u8::from(seen.is_some())));
        }
        let expected = checks.expected(&done_time, None, 0.3);
        polls.assert_near(expected.polls);
        delay.assert_near(expected.delay_mass);
        known.assert_near(expected.known);
    }
}

/// Polls until one after the end is not lost; five instants, or then every 40 s.
fn waited(checks: &Checks, done: f64, mut is_lost: impl FnMut() -> bool) -> (f64, Option<f64>) {
    let (mut count, mut now) = (0, 0.0);
    loop {
        match checks.instants.get(count) {
            Some(next) => now = *next,
            None if checks.then == AfterLast::Repeat => now += 40e6,
            None => return (count as f64, None),
        }
        count += 1;
        if !is_lost() && now >= done {
            return (count as f64, Some(now));
        }
    }
}

#[derive(Debug, Default)]
struct Sample {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sample {
    fn add(&mut self, x: f64) {
        (self.n, self.sum, self.squares) = (self.n + 1.0, self.sum + x, self.squares + x * x);
    }

    #[track_caller]
    fn assert_near(&self, truth: f64) {
        let mean = self.sum / self.n;
        let error = ((self.squares / self.n - mean * mean).max(0.0) / self.n).sqrt();
        assert!((mean - truth).abs() <= 4.5 * error + 1e-9, "{mean} ± {error}, in truth {truth}");
    }
}

/// Polls at 20 and 100 s: of d seconds the first gap holds min(d, 20), the second min(d, 80).
#[test]
fn delay_quantiles_invert_the_late_share() {
    let done_time = done_time("uniform(low=0s, high=100s)");
    // Later than 15 s: ends in 0–15, 30–35 and 60–85 s.
    close(at(&[30.0, 50.0, 60.0, 100.0], AfterLast::Repeat).late_share(&done_time, 15e6), 0.15 + 0.05 + 0.25, EXACT);
    let quantile = |seconds: &[f64], then, p: f64| at(seconds, then).delay_quantile(&done_time, p).map(|us| us / 1e6);
    close(quantile(&[50.0, 100.0], AfterLast::Repeat, 0.95).expect("known"), 47.5, 1e-6);
    close(quantile(&[20.0, 100.0], AfterLast::Repeat, 0.5).expect("known"), 30.0, 1e-6);
    close(quantile(&[20.0, 100.0], AfterLast::Repeat, 0.3).expect("known"), 15.0, 1e-6);
    close(quantile(&[50.0], AfterLast::GiveUp, 0.4).expect("known"), 40.0, 1e-6);
    assert_eq!(quantile(&[50.0], AfterLast::GiveUp, 0.6), None, "a half becomes known");
    let stuck = |p| at(&[50.0, 100.0], AfterLast::Repeat).delay_quantile(&sticky(), p);
    close(stuck(0.5).expect("known"), 0.5 / 0.9 * 50e6, 1e-6);
    assert_eq!(stuck(0.95), None, "one in ten never ends");
    assert_eq!(at(&[20.0, 100.0], AfterLast::Repeat).longest_delay(&done_time), 80e6);
}

fn queued(pending: Distribution, work: &str) -> DoneTime {
    let model = Model { pending: Some(pending), ..Model::plain("m", work.parse().expect("a distribution")) };
    DoneTime::of_model(&model)
}

/// A constant after an exponential queue is that queue, moved.
#[test]
fn a_constant_after_a_queue_moves_it() {
    let done_time = queued("exponential(mean=10s)".parse().expect("a distribution"), "20s");
    for x in [0.0_f64, 19.0, 20.0, 21.0, 30.0, 75.0] {
        let t = (x - 20.0).max(0.0);
        let below = 1.0 - (-t / 10.0).exp();
        assert!((done_time.below(x * 1e6) - below).abs() < 1e-12, "{x}");
        assert!((done_time.area(x * 1e6) / 1e6 - (t - 10.0 * below)).abs() < 1e-9, "{x}");
    }
    close(done_time.mean(), 30e6, EXACT);
    close(done_time.quantile(0.5), (20.0 + 10.0 * 2.0_f64.ln()) * 1e6, EXACT);
}

/// Seven tasks in ten work for 10 s, two fail after 1 s, one never ends; all wait in an exponential queue first.
#[test]
fn queue_failures_and_stuck_tasks_are_folded_in() {
    let failure = Failure { code: String::new(), message: String::new() };
    let probability = |p| Probability::new(p).expect("a probability");
    let failing = FailureMode { probability: probability(0.2), failure, after: "1s".parse().expect("a distribution") };
    let done_time = DoneTime::of_model(&Model {
        pending: Some("exponential(mean=4s)".parse().expect("a distribution")),
        fates: Fates::new(Some(failing), probability(0.1)).expect("at most all"),
        ..Model::plain("m", "10s".parse().expect("a distribution"))
    });
    close(done_time.ends(), 0.9, EXACT);
    close(done_time.mean(), 1e6 * (0.7 * 14.0 + 0.2 * 5.0), EXACT);
    for x in [0.5, 2.0, 10.5, 25.0] {
        let waited = |from: f64| if x > from { 1.0 - (-(x - from) / 4.0_f64).exp() } else { 0.0 };
        close(done_time.below(x * 1e6), 0.7 * waited(10.0) + 0.2 * waited(1.0), EXACT);
    }
}

/// A queue of 5 s for one in four and 12 s for the others.
#[test]
fn a_queue_of_two_values_is_a_mixture() {
    let value = |s| Distribution::constant(Micros::from_secs(s));
    let queue = Distribution::mixture(vec![(0.25, value(5)), (0.75, value(12))]).expect("a distribution");
    let done_time = queued(queue.clone(), "exponential(mean=8s)");
    let part = |x: f64, delay: f64| 1.0 - (-(x - delay).max(0.0) / 8.0).exp();
    for x in [4.0, 5.5, 11.0, 13.0, 40.0] {
        assert!((done_time.below(x * 1e6) - 0.25 * part(x, 5.0) - 0.75 * part(x, 12.0)).abs() < 1e-12, "{x}");
    }
    close(done_time.mean(), (0.25 * 5.0 + 0.75 * 12.0 + 8.0) * 1e6, EXACT);
    // Values after values: single values again, on which polls can be put.
    let done_time = queued(queue, "mixture(0.5*constant(value=1s), 0.5*constant(value=2s))");
    assert_eq!(done_time.corners(), [6e6, 7e6, 13e6, 14e6]);
    assert_eq!([6.0, 6.5, 7.0, 13.0, 14.0].map(|x| done_time.below(x * 1e6)), [0.125, 0.125, 0.25, 0.625, 1.0]);
}

/// A smooth distribution after an exponential queue, against a fine midpoint rule over the queue's quantiles: promised to 10⁻⁷, where
/// the distribution starts as smoothly as it goes on.
#[test]
fn smooth_work_after_a_queue_is_folded() {
    for work in ["lognormal(median=24s, sigma=0.25)", "gamma(shape=6, scale=5s)"] {
        let (done_time, work) =
            (queued("exponential(mean=2s)".parse().expect("a distribution"), work), done_time(work));
        let steps = 20_000;
        for x in [8.0, 15.0, 25.0, 40.0, 70.0] {
            let piece = |k: u32| {
                let (from, to) = (30.0 * f64::from(k) / f64::from(steps), 30.0 * f64::from(k + 1) / f64::from(steps));
                ((-from).exp() - (-to).exp()) * work.below((x - from - to) * 1e6)
            };
            let below: f64 = (0..steps).map(piece).sum();
            assert!(
                (done_time.below(x * 1e6) - below).abs() < 1e-6,
                "{x}: {}, expected {below}",
                done_time.below(x * 1e6)
            );
        }
    }
}

/// Two exponential distributions of means a and b, one after the other: 1 − (a·e^(−x/a) − b·e^(−x/b))/(a − b). Work that may end
/// as soon as it starts bends the integrand, and costs accuracy near its start.
#[test]
fn two_exponential_distributions_in_a_row_are_hypoexponential() {
    for (a, b) in [(10.0_f64, 3.0_f64), (2.0, 50.0)] {
        let done_time = queued(
            format!("exponential(mean={a}s)").parse().expect("a distribution"),
            &format!("exponential(mean={b}s)"),
        );
        for share in [0.05, 0.3, 1.0, 2.0, 5.0] {
            let x = share * (a + b);
            let below = 1.0 - (a * (-x / a).exp() - b * (-x / b).exp()) / (a - b);
            assert!(
                (done_time.below(x * 1e6) - below).abs() < 3e-4,
                "{x}: {}, expected {below}",
                done_time.below(x * 1e6)
            );
        }
        close(done_time.mean(), (a + b) * 1e6, 1e-6);
    }
}
