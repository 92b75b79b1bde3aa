//! What holds for every strategy that can be composed, whatever its server does.

use pollbench::api::reply::{Failure, Loss, Payload, Reply, TaskState};
use pollbench::strategy::composition::{Jitter, Limit, Recovery, Schedule, Strategy as Composition, Tolerance};
use pollbench::strategy::presets::preset;
use pollbench::strategy::wait::{Ending, Policy, Step};
use pollbench::time::{Micros, Span};
use pollbench::world::draws::{Keys, Stream};
use proptest::prelude::*;
use std::num::NonZeroU32;

/// Lengths in microseconds, seldom above a thousand: limits are often met to the microsecond.
fn length() -> impl Strategy<Value = Micros> {
    prop_oneof![6 => 0_u64..40, 2 => 0_u64..400, 1 => 0_u64..3_000].prop_map(Micros::new)
}

fn span() -> impl Strategy<Value = Span> {
    length().prop_map(Span::nearest)
}

fn some() -> impl Strategy<Value = NonZeroU32> {
    (1_u32..30).prop_map(|n| NonZeroU32::new(n).expect("above zero"))
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let fixed = (length(), span()).prop_map(|(first, interval)| Schedule::fixed(first, interval.get()));
    let growing = (length(), span(), 1.0_f64..3.0, length()).prop_map(|(first, interval, multiplier, more)| {
        Schedule::exponential(first, interval.get(), multiplier, interval.get() + more)
    });
    let table = (prop::collection::btree_set(length(), 1..8), span()).prop_map(|(mut instants, last)| {
        instants.insert(last.get());
        Schedule::table(instants.into_iter().collect())
    });
    prop_oneof![fixed, growing, table].prop_map(|schedule| schedule.expect("a schedule that can be followed"))
}

fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        1 => Just(Limit::None),
        2 => some().prop_map(Limit::Attempts),
        2 => span().prop_map(Limit::SumOfSleeps),
        4 => span().prop_map(Limit::WallClock),
    ]
}

fn recovery() -> impl Strategy<Value = Recovery> {
    let tolerance =
        (prop::option::of(some()), span(), length(), length()).prop_map(|(failures, timeout, floor, more)| {
            let tolerance =
                Tolerance::default().with_consecutive_failures(failures).with_attempt_timeout(timeout.get());
            tolerance.and_then(|tolerance| tolerance.with_retry_after(floor, floor + more)).expect("a tolerance")
        });
    let retry = (0_u32..5, span()).prop_map(|(retries, step)| Recovery::NetworkRetry { retries, step });
    prop_oneof![1 => Just(Recovery::Propagate), 2 => retry, 4 => tolerance.prop_map(Recovery::Tolerant)]
}

fn jitter() -> impl Strategy<Value = Jitter> {
    prop::sample::select(vec![Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated])
}

fn composition() -> impl Strategy<Value = Composition> {
    (schedule(), limit(), recovery(), jitter()).prop_map(|(schedule, limit, recovery, jitter)| {
        let mut strategy = preset("basic").expect("a shipped preset");
        (strategy.pace.schedule, strategy.pace.limit) = (schedule, limit);
        (strategy.recovery, strategy.jitter) = (recovery, jitter);
        strategy
    })
}

/// What a server says to one poll, but for the end of the task.
#[derive(Debug, Clone)]
enum Said {
    Unfinished,
    Status(u16),
    Reset,
    NetworkFailure,
}

/// The answer, what its `Retry-After` asks for, and how long it takes.
type Act = (Said, Option<Micros>, Micros);

fn act() -> impl Strategy<Value = Act> {
    let said = prop_oneof![
        4 => Just(Said::Unfinished),
        3 => Just(Said::Reset),
        2 => prop::sample::select(vec![404_u16, 429, 500, 503]).prop_map(Said::Status),
        1 => Just(Said::NetworkFailure),
    ];
    (said, prop::option::of(length()), prop_oneof![2 => Just(Micros::ZERO), 3 => length()])
}

/// One poll as it went: when it was sent, when its answer was there or the client stopped listening, and what came next.
struct Poll {
    sent: Micros,
    timeout: Micros,
    heard: Micros,
    asked: Option<Micros>,
    /// What the machine says that binds.
    not_before: Option<Micros>,
    next: Step,
}

const START: Micros = Micros::from_secs(5);

/// Drives one wait; the acts come round again until it ends, or so many polls are sent.
fn driven(strategy: &Composition, seed: u64, acts: &[Act], most: usize) -> (Step, Vec<Poll>) {
    let policy = Policy::new(strategy, "m");
    let mut draws = Keys::new(seed, 0, "m").draws(Stream::Jitter, 0);
    let (mut wait, first) = policy.begin(START, &mut draws);
    let failure = Failure { code: "X".to_owned(), message: "network".to_owned() };
    let (mut step, mut polls) = (first, Vec::new());
    while let Step::Poll { at: sent, timeout } = step
        && polls.len() < most
    {
        let (said, asked, travel) = &acts[polls.len() % acts.len()];
        let reply = match said {
            Said::Unfinished => {
                Reply::Answer { status: 200, payload: Payload::State(TaskState::Processing), retry_after: *asked }
            }
            Said::Status(status) => Reply::Answer { status: *status, payload: Payload::NoState, retry_after: *asked },
            Said::Reset => Reply::Lost(Loss::Reset),
            Said::NetworkFailure => Reply::state(TaskState::Failed(&failure)),
        };
        let reply = if *travel > timeout { Reply::Lost(Loss::TimedOut) } else { reply };
        let heard = sent + (*travel).min(timeout);
        let asked = if let Reply::Answer { retry_after, .. } = reply { retry_after } else { None };
        let not_before = asked.and_then(|asked| wait.not_before(heard, asked));
        assert_eq!(
            not_before,
            asked.and_then(|asked| policy.not_before(START, heard, asked)),
            "one rule, asked in two places"
        );
        step = wait.reply(heard, &reply, &mut draws).1;
        polls.push(Poll { sent, timeout, heard, asked, not_before, next: step });
    }
    (first, polls)
}

fn deadline(limit: Limit) -> Option<Micros> {
    if let Limit::WallClock(limit) = limit { Some(START + limit.get()) } else { None }
}

proptest! {
    #![proptest_config(crate::soak::cases(2_000))]

    /// One request at a time; none at the instant of another; no end before the last answer.
    #[test]
    fn time_goes_on(strategy in composition(), seed: u64, acts in prop::collection::vec(act(), 1..20)) {
        let (_, polls) = driven(&strategy, seed, &acts, 300);
        for poll in &polls {
            match poll.next {
                Step::Poll { at, .. } => prop_assert!(at >= poll.heard && at > poll.sent),
                Step::End { at, .. } => prop_assert!(at >= poll.heard),
                Step::Listen => prop_assert!(false, "a polling wait never only listens"),
            }
        }
    }

    /// A wait with a limit ends, and no later than the limit allows.
    #[test]
    fn a_limit_ends_the_wait(strategy in composition(), seed: u64, acts in prop::collection::vec(act(), 1..20)) {
        if strategy.pace.limit == Limit::None {
            return Ok(());
        }
        // Gaps are a microsecond at least, and a round has six polls at most.
        let (first, polls) = driven(&strategy, seed, &acts, 40_000);
        let last = polls.last().map_or(first, |poll| poll.next);
        prop_assert!(matches!(last, Step::End { .. }), "{last:?}");
        let retries = if let Recovery::NetworkRetry { retries, .. } = strategy.recovery { retries.max(1) } else { 1 };
        if let Limit::Attempts(attempts) = strategy.pace.limit {
            prop_assert!(polls.len() as u32 <= attempts.get() * retries);
        }
    }

    /// No request after a wall-clock deadline. The last look is at the deadline, unless an answer was not there by then;
    /// only an error ends a wait before it.
    #[test]
    fn the_last_look_is_at_the_deadline(strategy in composition(), seed: u64, acts in prop::collection::vec(act(), 1..20)) {
        let Some(deadline) = deadline(strategy.pace.limit) else { return Ok(()) };
        let (first, polls) = driven(&strategy, seed, &acts, 40_000);
        prop_assert!(matches!(first, Step::Poll { at, .. } if at <= deadline), "{first:?}");
        for poll in &polls {
            prop_assert!(poll.sent <= deadline);
            if let Recovery::Tolerant(tolerance) = strategy.recovery {
                let remains = if poll.sent == deadline { Micros::NEVER } else { deadline - poll.sent };
                prop_assert_eq!(poll.timeout, tolerance.attempt_timeout().min(remains));
            }
        }
        let last = polls.last().expect("the wait polls");
        match last.next {
            Step::End { ending: Ending::GaveUp, at } => {
                prop_assert_eq!(at, last.heard);
                prop_assert!(last.sent == deadline || last.heard > deadline);
                prop_assert!(last.sent == deadline || !matches!(strategy.recovery, Recovery::Tolerant(_)));
            }
            Step::End { ending: Ending::Error | Ending::Failed, .. } => {}
            step => prop_assert!(false, "{step:?}"),
        }
    }

    /// A `Retry-After` binds by what it asks for and by nothing else: a tolerant client, with another status or none that
    /// is wrong, never asks before it, and what counts as a violation is what it never does.
    #[test]
    fn a_tolerant_client_keeps_every_retry_after_that_binds(
        strategy in composition(), seed: u64, acts in prop::collection::vec(act(), 1..20),
    ) {
        let (_, polls) = driven(&strategy, seed, &acts, 300);
        let default = Tolerance::default();
        for poll in &polls {
            let tolerance = if let Recovery::Tolerant(tolerance) = strategy.recovery { tolerance } else { default };
            let instant = poll.asked.filter(|asked| tolerance.binds(*asked)).map(|asked| poll.heard + asked);
            let instant = instant.map(|instant| instant.min(deadline(strategy.pace.limit).unwrap_or(Micros::NEVER)));
            prop_assert_eq!(poll.not_before, instant);
            if let (Recovery::Tolerant(_), Some(asked), Step::Poll { at, .. }) = (strategy.recovery, poll.asked, poll.next) {
                let stays = (poll.heard + tolerance.pause(asked)).min(deadline(strategy.pace.limit).unwrap_or(Micros::NEVER));
                prop_assert!(at >= stays && instant.is_none_or(|instant| at >= instant));
            }
        }
    }

    /// Polls are sent while the sleeps, a `Retry-After` included, add up to less than the limit.
    #[test]
    fn sleeps_add_up_to_their_limit(strategy in composition(), seed: u64, acts in prop::collection::vec(act(), 1..20)) {
        let Limit::SumOfSleeps(limit) = strategy.pace.limit else { return Ok(()) };
        if matches!(strategy.recovery, Recovery::NetworkRetry { .. }) {
            return Ok(());
        }
        let (first, polls) = driven(&strategy, seed, &acts, 40_000);
        let mut slept = match first {
            Step::Poll { at, .. } | Step::End { at, .. } => at - START,
            Step::Listen => Micros::NEVER,
        };
        for poll in &polls {
            prop_assert!(slept < limit.get());
            match poll.next {
                Step::Poll { at, .. } => slept += at - poll.heard,
                Step::End { at, ending: Ending::GaveUp } => prop_assert!(slept + (at - poll.heard) >= limit.get()),
                Step::End { .. } | Step::Listen => {}
            }
        }
    }
}

/// Seconds of the polls of a wait whose server answers everything alike and at once, and of its end.
fn seconds(strategy: &Composition, said: Said, asked: Option<u64>) -> (Vec<u64>, u64) {
    let (_, polls) = driven(strategy, 1, &[(said, asked.map(Micros::from_secs), Micros::ZERO)], 100);
    let Some(Step::End { at, .. }) = polls.last().map(|poll| poll.next) else { panic!("it ends") };
    let seconds = |at: Micros| (at - START).get() / 1_000_000;
    (polls.iter().map(|poll| seconds(poll.sent)).collect(), seconds(at))
}

fn composed(limit: Option<Limit>, recovery: Recovery) -> Composition {
    let mut strategy = preset("basic").expect("a shipped preset");
    strategy.pace.schedule = Schedule::fixed(Micros::from_secs(7), Micros::from_secs(20)).expect("a schedule");
    (strategy.pace.limit, strategy.recovery) = (limit.expect("a limit"), recovery);
    strategy
}

#[test]
fn a_network_retry_is_clipped_to_the_deadline_and_not_counted_as_a_sleep() {
    let retry = Recovery::NetworkRetry { retries: 3, step: Span::nearest(Micros::from_secs(10)) };
    // Polls at 7, 17 and 37 s; the next one would be at 87 s.
    let clipped = composed(Limit::wall_clock(Micros::from_secs(30)), retry);
    assert_eq!(seconds(&clipped, Said::Reset, None), (vec![7, 17, 30], 30));
    let clipped = composed(Limit::wall_clock(Micros::from_secs(80)), retry);
    assert_eq!(seconds(&clipped, Said::Reset, None), (vec![7, 17, 37, 80], 80));
    // As in the guide: 7 + 20 + 20 s of sleeps, and 60 s more in each round.
    let long = composed(Limit::sum_of_sleeps(Micros::from_secs(40)), retry);
    assert_eq!(seconds(&long, Said::Reset, None), (vec![7, 17, 37, 87, 97, 117], 167));
}

#[test]
fn what_a_retry_after_adds_is_slept() {
    let tolerant = composed(Limit::sum_of_sleeps(Micros::from_secs(120)), Recovery::Tolerant(Tolerance::default()));
    assert_eq!(seconds(&tolerant, Said::Unfinished, Some(50)), (vec![7, 57, 107], 157));
    assert_eq!(seconds(&tolerant, Said::Status(429), Some(50)), (vec![7, 57, 107], 157));
    assert_eq!(seconds(&tolerant, Said::Status(429), Some(5)).0, vec![7, 27, 47, 67, 87, 107]);
}
