//! Shrinking: from a case that a program fails in to a simpler one that it fails in the same way.
//!
//! Simpler is, in this order: fewer tasks, fewer faults, plainer faults, no travel time, fewer requests, rounder numbers.

use super::case::{Case, End, Parts, Task};
use crate::time::Micros;
use crate::world::fault::{Fault, FaultRule, Kind, When, Window, json};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What may be changed of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkLimits {
    /// The deadline too: the program does as it is told.
    pub deadline: bool,
    /// No deadline is made shorter than this.
    pub shortest: Micros,
}

/// Simpler cases than `case`, the boldest steps first; each is really simpler, so that taking steps comes to an end.
#[must_use]
pub fn simpler(case: &Case, limits: ShrinkLimits) -> Vec<Case> {
    let mut steps: Vec<Case> = Vec::new();
    let mut step = |change: &dyn Fn(&mut Parts)| {
        let changed = case.changed(change);
        steps.extend(changed.filter(|changed| changed != case));
    };
    tasks(case, &mut step);
    faults(case, &mut step);
    if case.rtt() > Micros::ZERO {
        step(&|parts| parts.rtt = Micros::ZERO);
    }
    times(case, limits, &mut step);
    let weight = weight(case);
    let mut seen = Vec::new();
    steps.retain(|simpler| {
        let is_new = self::weight(simpler) < weight && !seen.contains(simpler);
        seen.push(simpler.clone());
        is_new
    });
    steps
}

type Step<'a> = dyn FnMut(&dyn Fn(&mut Parts)) + 'a;

fn tasks(case: &Case, step: &mut Step<'_>) {
    let count = case.tasks().len();
    if count > 2 {
        step(&|parts| parts.tasks.truncate(1));
    }
    if count > 1 {
        for left_out in (0..count).rev() {
            step(&move |parts| drop(parts.tasks.remove(left_out)));
        }
    }
}

fn faults(case: &Case, step: &mut Step<'_>) {
    for rule in (0..case.weather().len()).rev() {
        step(&move |parts| drop(parts.weather.remove(rule)));
    }
    for (number, task) in case.tasks().iter().enumerate() {
        for push in (0..task.pushes.len()).rev() {
            step(&move |parts| {
                let _ = parts.tasks[number].pushes.remove(push);
            });
        }
    }
    if let Some(fault) = case.submit() {
        step(&|parts| parts.submit = None);
        if let Some(plain) = plain(fault.kind()).filter(|plain| plain != fault) {
            step(&|parts| parts.submit = Some(plain.clone()));
        }
    }
    if case.faults() > 1 {
        step(&|parts| parts.tasks.iter_mut().for_each(|task| task.replies.clear()));
    }
    for (number, task) in case.tasks().iter().enumerate() {
        let requests: Vec<u32> = task.replies.keys().copied().collect();
        // Halves first: most of a script does not matter.
        if requests.len() > 3 {
            for half in requests.chunks(requests.len().div_ceil(2)) {
                step(&|parts| parts.tasks[number].replies.retain(|request, _| !half.contains(request)));
            }
        }
        for request in requests.iter().rev() {
            step(&|parts| drop(parts.tasks[number].replies.remove(request)));
        }
        for (request, fault) in &task.replies {
            if let Some(plain) = plain(fault.kind()).filter(|plain| plain != fault) {
                step(&|parts| drop(parts.tasks[number].replies.insert(*request, plain.clone())));
            }
        }
        for (request, fault) in &task.replies {
            // What strikes the end of a task does so wherever that is.
            if *request > 0 {
                step(&|parts| {
                    let task = &mut parts.tasks[number];
                    task.replies = BTreeMap::from([(0, fault.clone())]);
                    move_end(task, Micros::ZERO);
                });
            }
            for earlier in [0, request / 2, request.saturating_sub(1)] {
                if earlier < *request && !task.replies.contains_key(&earlier) {
                    step(&|parts| {
                        parts.tasks[number].replies.remove(request);
                        parts.tasks[number].replies.insert(earlier, fault.clone());
                    });
                }
            }
        }
    }
}

/// The plain form of a kind.
fn plain(kind: Kind) -> Option<Fault> {
    json::read(&Map::from_iter([("kind".to_owned(), Value::from(kind.name()))])).ok()
}

fn times(case: &Case, limits: ShrinkLimits, step: &mut Step<'_>) {
    if limits.deadline {
        let deadline = case.deadline();
        for part in [16, 8, 4, 2] {
            let shorter = Micros::new((deadline.get() / part).div_ceil(1_000_000) * 1_000_000);
            if limits.shortest <= shorter && shorter < deadline {
                step(&|parts| shorten(parts, shorter));
            }
        }
        for seconds in [5, 1] {
            let shorter = deadline - Micros::from_secs(seconds);
            if limits.shortest <= shorter && shorter < deadline {
                step(&|parts| shorten(parts, shorter));
            }
        }
    }
    for (number, window) in windows(case) {
        let (from, length) = (window.from(), window.length());
        for shorter in [1, length.get() / 4, length.get() / 2, length.get().saturating_sub(1_000_000)] {
            step(&move |parts| reopen(&mut parts.weather[number], from, rounded_up(Micros::new(shorter))));
        }
        for earlier in [0, from.get() / 2, from.get().saturating_sub(1_000_000)] {
            step(&move |parts| reopen(&mut parts.weather[number], rounded(Micros::new(earlier)), length));
        }
        // At the start it may end where it did.
        step(&move |parts| reopen(&mut parts.weather[number], Micros::ZERO, from + length));
        for unit in [60_000_000, 10_000_000, 1_000_000] {
            let down = |at: Micros| Micros::new(at.get() / unit * unit);
            step(&move |parts| reopen(&mut parts.weather[number], down(from), length));
            step(&move |parts| reopen(&mut parts.weather[number], from, down(length)));
        }
    }
    for (number, task) in case.tasks().iter().enumerate() {
        for (at, push) in task.pushes.iter().enumerate() {
            for earlier in [0, push.at.get() / 2, push.at.get().saturating_sub(1_000_000)] {
                step(&move |parts| parts.tasks[number].pushes[at].at = rounded(Micros::new(earlier)));
            }
        }
        if let End::Failed(at) = task.end {
            step(&move |parts| parts.tasks[number].end = End::Success(at));
        }
        let Some(at) = task.end.at().finite() else { continue };
        for earlier in [0, at.get() / 4, at.get() / 2] {
            step(&move |parts| move_end(&mut parts.tasks[number], rounded(Micros::new(earlier))));
        }
        // Down to what people would write.
        for unit in [60_000_000, 10_000_000, 1_000_000, 100_000] {
            step(&move |parts| move_end(&mut parts.tasks[number], Micros::new(at.get() / unit * unit)));
        }
        step(&move |parts| move_end(&mut parts.tasks[number], at - Micros::from_secs(1)));
    }
}

/// The windows of the weather, with the numbers of their rules.
fn windows(case: &Case) -> impl Iterator<Item = (usize, Window)> {
    case.weather().iter().enumerate().filter_map(|(number, rule)| match rule.when() {
        When::During(window) if window.every().is_none() => Some((number, *window)),
        When::During(_) | When::Always | When::Bursts(_) => None,
    })
}

/// Opens the window of a rule at another instant, for another time; where there is no such window it stays as it was.
fn reopen(rule: &mut FaultRule, from: Micros, length: Micros) {
    let window = Window::new(from, length, None).ok();
    if let Some(again) = window.and_then(|window| rule.clone().at(When::During(window)).ok()) {
        *rule = again;
    }
}

/// Moves the ends with the deadline, at the same distance from it where they were near.
fn shorten(parts: &mut Parts, shorter: Micros) {
    let longer = parts.deadline;
    for task in &mut parts.tasks {
        if let Some(at) = task.end.at().finite() {
            let from_deadline = longer - at.min(longer);
            let moved = if from_deadline < at { shorter - from_deadline.min(shorter) } else { at.min(shorter) };
            move_end(task, moved);
        }
        task.pushes.iter_mut().for_each(|push| push.at = push.at.min(shorter));
    }
    for rule in &mut parts.weather {
        if let When::During(window) = *rule.when() {
            let (from, length) = (window.from(), window.length());
            let from_deadline = longer - from.min(longer);
            let moved = if from_deadline < from { shorter - from_deadline.min(shorter) } else { from.min(shorter) };
            reopen(rule, moved, length.min(shorter));
        }
    }
    parts.deadline = shorter;
}

/// What is delivered at the end still is.
fn move_end(task: &mut Task, to: Micros) {
    let from = task.end.at();
    for push in task.pushes.iter_mut().filter(|push| push.at >= from) {
        push.at = to + (push.at - from);
    }
    task.end = task.end.moved(to);
}

fn rounded(at: Micros) -> Micros {
    Micros::new(at.get() / 1_000_000 * 1_000_000)
}

fn rounded_up(span: Micros) -> Micros {
    Micros::new(span.get().div_ceil(1_000_000) * 1_000_000)
}

/// How far a case is from the simplest: compared part by part.
fn weight(case: &Case) -> (usize, usize, usize, u64, u64, u64, u64, u64) {
    let pushes: usize = case.tasks().iter().map(|task| task.pushes.len()).sum();
    let is_plain = |fault: &Fault| plain(fault.kind()).as_ref() == Some(fault);
    let faults = || case.tasks().iter().flat_map(|task| &task.replies);
    let submit = case.submit().into_iter().filter(|fault| !is_plain(fault)).count();
    let ends: u64 = case.tasks().iter().map(end).sum();
    let instants = || windows(case).flat_map(|(_, window)| [window.from(), window.length()]);
    let weather: u64 = instants().map(Micros::get).sum();
    let digits: u64 = case.tasks().iter().map(|task| task.end.at()).chain(instants()).map(digits).sum();
    let pushed: u64 = case.tasks().iter().flat_map(|task| &task.pushes).map(|push| push.at.get()).sum();
    let failed = case.tasks().iter().filter(|task| matches!(task.end, End::Failed(_))).count();
    (
        case.tasks().len(),
        case.faults() + case.weather().len() + pushes,
        faults().filter(|(_, fault)| !is_plain(fault)).count() + submit,
        case.rtt().get(),
        case.deadline().get(),
        faults().map(|(request, _)| u64::from(*request)).sum(),
        ends + failed as u64 + pushed + weather,
        digits,
    )
}

fn end(task: &Task) -> u64 {
    task.end.at().finite().map_or(0, Micros::get)
}

/// How many digits people would need for an instant.
fn digits(at: Micros) -> u64 {
    let Some(mut us) = at.finite().map(Micros::get) else { return 0 };
    while us > 0 && us.is_multiple_of(10) {
        us /= 10;
    }
    us
}

/// A shrunk case, and how many trials that took.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The case.
    pub case: Case,
    /// Trials that it took.
    pub trials: u32,
}

/// Shrinks `case`, in which a program fails, with at most `trials` trials of `fails`. So many are held `at_a_time`; the
/// first step that still fails is taken, so their number changes nothing but the time that it takes.
pub async fn shrink(
    case: Case,
    limits: ShrinkLimits,
    trials: u32,
    at_a_time: usize,
    fails: impl AsyncFn(&Case) -> bool,
) -> Shrunk {
    let mut shrunk = Shrunk { case, trials: 0 };
    let mut known: Vec<Case> = Vec::new();
    loop {
        let mut steps = simpler(&shrunk.case, limits);
        steps.retain(|step| !known.contains(step));
        steps.truncate((trials - shrunk.trials) as usize);
        let tried = futures_util::stream::iter(&steps).map(async |step: &Case| (step, fails(step).await));
        let mut tried = std::pin::pin!(tried.buffered(at_a_time.max(1)));
        let mut next = None;
        while let Some((step, still_fails)) = tried.next().await {
            shrunk.trials += 1;
            if still_fails {
                next = Some(step.clone());
                break;
            }
            known.push(step.clone());
        }
        match next {
            Some(simpler) => shrunk.case = simpler,
            None => return shrunk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::plans::{weather, weathers};
    use futures_util::FutureExt as _;

    /// Promise: a window shrinks in start and in length to what the failure needs, with the deadline too.
    #[test]
    fn windows_shrink_in_length() {
        let deadline = Micros::from_secs(120);
        let case = Case::new(deadline, vec![Task::calm(End::Never)]).expect("a case");
        let of_window = |case: &Case| windows(case).map(|(_, window)| window).next();
        let mut tried = 0;
        for kind in weathers() {
            let case = case.clone().with_weather(weather(kind, deadline, 0.7).unwrap_or_default()).expect("weather");
            let Some(Window { .. }) = of_window(&case) else { continue };
            tried += 1;
            for limits in [false, true] {
                let limits = ShrinkLimits { deadline: limits, shortest: Micros::from_secs(5) };
                let needed = |case: &Case| {
                    of_window(case).is_some_and(|window| {
                        let second = case.deadline() - Micros::from_secs(40).min(case.deadline());
                        window.contains(second) && window.contains(second + Micros::from_secs(2))
                    })
                };
                let shrunk = shrink(case.clone(), limits, 100, 1, async |case| needed(case));
                let shrunk = shrunk.now_or_never().expect("nothing waits").case;
                let window = of_window(&shrunk).expect("it is needed");
                let end = shrunk.deadline() - Micros::from_secs(40).min(shrunk.deadline()) + Micros::from_secs(3);
                assert!(window.from() + window.length() <= end, "{}: {window:?}", kind.name());
                assert_eq!(window.length().get() % 1_000_000, 0, "{}: {window:?}", kind.name());
            }
        }
        assert!(tried >= 3, "{tried}");
    }
}
