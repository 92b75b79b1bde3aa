//! Independent pieces of work on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

/// What `make` makes of each number below `count`, in their order, on as many threads as there are cores. Whoever is done takes
/// the next: pieces may be of any size.
pub(crate) fn each<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    if threads < 2 {
        return (0..count).map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < count);
    let work = || std::iter::from_fn(take).map(|number| (number, make(number))).collect::<Vec<(usize, T)>>();
    let mut made = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let parts = workers.into_iter().map(ScopedJoinHandle::join);
        parts.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
    });
    made.sort_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn everything_is_made_once_and_in_order() {
        for count in [0, 1, 2, 3, 7, 100] {
            assert_eq!(each(count, |number| number * number), (0..count).map(|n| n * n).collect::<Vec<_>>());
        }
    }
}
