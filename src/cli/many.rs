//! Several things at a time, in order of their numbers.

use crate::cli::console::Failure;
use crate::engine::sim::Control;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What `work` gives for each of so many things, `at_a_time` of them; the first failure stops the others, which would be
/// for nothing.
pub(super) fn each<T: Send>(
    count: usize,
    at_a_time: usize,
    control: &Control,
    work: impl Fn(usize) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let next = AtomicUsize::new(0);
    let found: Vec<Mutex<Option<Result<T, Failure>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let busy = || {
        while !control.stop.load(Ordering::Relaxed)
            && let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(place) = found.get(number)
        {
            let done = work(number);
            if done.is_err() {
                control.stop.store(true, Ordering::Relaxed);
            }
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        }
    };
    if at_a_time <= 1 {
        busy();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..at_a_time.min(count) {
                scope.spawn(busy);
            }
        });
    }
    let mut all = Vec::with_capacity(count);
    let mut failed = None;
    for place in found {
        match place.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(done)) => all.push(done),
            // That something was stopped is no reason: another failure stopped it.
            Some(Err(Failure::Stopped)) | None => failed = failed.or(Some(Failure::Stopped)),
            Some(Err(failure)) => return Err(failure),
        }
    }
    failed.map_or(Ok(all), Err)
}
