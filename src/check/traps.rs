//! The classic traps: worlds that a bad poller falls into at once. They come first, so that it fails in seconds.

use super::case::{Case, End, Task};
use crate::time::Micros;
use crate::world::fault::json;
use serde_json::{Value, json};

/// The traps for a deadline, whose instants are known to `grain`, of a program that asks at `calm` where nothing happens.
pub(super) fn traps(deadline: Micros, grain: Micros, tasks: usize, calm: &[Micros]) -> Vec<Case> {
    let part = |tenths: u64| Micros::new(deadline.get() / 10_000 * tenths * 1_000);
    let (soon, midway) = (part(1), part(5));
    // Between the last look of a schedule and the deadline, where there is room.
    let regular = calm.iter().rev().find(|at| **at + grain * 2 < deadline).copied().unwrap_or_else(|| part(9));
    let late = Micros::new((regular.get() + deadline.get()) / 2).max(part(9)).min(deadline - grain.min(deadline));
    let slow = Micros::from_secs(3).min(Micros::new(deadline.get() / 40));
    let success = |at| Task::calm(End::Success(at));
    // The look after the task's end, as far as that is known.
    let after = |at: Micros| calm.iter().position(|sent| *sent >= at).unwrap_or(1) as u32;
    let fault = |fields: Value| fields.as_object().and_then(|fields| json::read(fields).ok());
    let struck = |task: Task, requests: &[u32], fields: Value| match fault(fields) {
        Some(fault) => requests.iter().fold(task, |task, request| task.struck(*request, fault.clone())),
        None => task,
    };
    let first = |fields: Value| struck(success(midway), &[0], fields);
    let last = after(late);
    let alone = vec![
        (success(midway), Micros::ZERO),
        (Task::calm(End::Failed(midway)), Micros::ZERO),
        (success(late), Micros::ZERO),
        (Task::calm(End::Never), Micros::ZERO),
        (Task::calm(End::Never), slow),
        (first(json!({"kind": "stall"})), Micros::ZERO),
        (first(json!({"kind": "reset"})), Micros::ZERO),
        (first(json!({"kind": "status", "code": 503, "body": "html"})), Micros::ZERO),
        (first(json!({"kind": "transient-404"})), Micros::ZERO),
        (first(json!({"kind": "truncated-json"})), Micros::ZERO),
        (first(json!({"kind": "null-data"})), Micros::ZERO),
        (first(json!({"kind": "unknown-state"})), Micros::ZERO),
        (first(json!({"kind": "status", "code": 429, "retry_after": 7})), Micros::ZERO),
        (first(json!({"kind": "status", "code": 429, "retry_after": "http-date", "retry_in": "20s"})), Micros::ZERO),
        (first(json!({"kind": "status", "code": 429, "retry_after": "zero"})), Micros::ZERO),
        (struck(success(soon), &[after(soon)], json!({"kind": "reset"})), Micros::ZERO),
        (struck(success(soon), &[after(soon)], json!({"kind": "stall"})), Micros::ZERO),
        (struck(success(soon), &[after(soon), after(soon) + 1], json!({"kind": "close"})), Micros::ZERO),
        (struck(Task::calm(End::Failed(soon)), &[after(soon)], json!({"kind": "truncated-json"})), Micros::ZERO),
        (first(json!({"kind": "task-mixup"})), Micros::ZERO),
        (struck(success(soon), &[after(soon)], json!({"kind": "empty-result"})), Micros::ZERO),
        (struck(success(midway), &[0, 1, 2, 3], json!({"kind": "status", "code": 500})), Micros::ZERO),
        (struck(success(midway), &[0, 1, 2, 3, 4, 5], json!({"kind": "reset"})), Micros::ZERO),
        (struck(success(late), &[last], json!({"kind": "status", "code": 502, "body": "html"})), Micros::ZERO),
        (struck(Task::calm(End::Never), &[last], json!({"kind": "unknown-state"})), Micros::ZERO),
    ];
    let together = [
        vec![success(midway), success(soon)],
        vec![Task::calm(End::Failed(soon)), success(midway)],
        vec![struck(success(midway), &[0, 1], json!({"kind": "reset"})), success(midway)],
        vec![struck(success(midway), &[0], json!({"kind": "stall"})), success(soon)],
        vec![Task::calm(End::Never), success(midway), Task::calm(End::Failed(soon))],
    ];
    let alone = alone.into_iter().map(|(task, rtt)| (vec![task], rtt));
    let together = together.into_iter().filter(|tasks_of| tasks_of.len() <= tasks).map(|tasks| (tasks, Micros::ZERO));
    let traps = alone.chain(together).filter_map(|(tasks, rtt)| Case::new(deadline, tasks).ok()?.with_rtt(rtt).ok());
    traps.collect()
}

/// A fault that a trap is made of can be read; what cannot would leave the trap out silently.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trap_holds_its_fault() {
        let traps = traps(Micros::from_secs(120), Micros::from_millis(2), 3, &[Micros::ZERO, Micros::from_secs(60)]);
        let calm = traps.iter().filter(|case| case.faults() == 0).count();
        assert_eq!((traps.len(), calm), (30, 8));
    }
}
