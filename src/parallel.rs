//! Independent pieces of work on all cores.

/// What `make` makes of each number below `count`, in their order, on as many threads as there are cores.
pub(crate) fn each<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    if threads < 2 {
        return (0..count).map(make).collect();
    }
    let share = count.div_ceil(threads);
    std::thread::scope(|scope| {
        let make = &make;
        let parts: Vec<_> = (0..count)
            .step_by(share)
            .map(|from| scope.spawn(move || (from..count.min(from + share)).map(make).collect::<Vec<T>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
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
